//! No reader accepts a report with a field renamed.
//!
//! A refactoring that renames a field of a report must not turn a refused release into a report in
//! which nothing was found. Each report's schema gives a sample in which every field has a value;
//! each field of it is renamed in turn, at every depth, and the report must then be unusable.

#![cfg(feature = "schema")]

use std::collections::BTreeMap;

use release_gate_facts::sample::{field_pointers, rename_field, report_sample, sample_of};
use release_gate_facts::schema::manifest_schema;
use release_gate_facts::{
    Envelope, Fact, Manifest, ReportData, Sha256Digest, for_each_report, report_data,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A small report with each sort of field.
#[derive(Serialize, Deserialize, JsonSchema)]
struct DemoData {
    passed: u64,
    #[serde(deserialize_with = "release_gate_facts::nullable")]
    note: Option<String>,
    parts: Vec<Part>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct Part {
    kind: Kind,
    files: BTreeMap<String, File>,
}

#[derive(Serialize, Deserialize, JsonSchema)]
struct File {
    sha256: Sha256Digest,
}

#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    StaticLibrary,
}

report_data!(DemoData = "demo");

fn read<Data: ReportData>(report: &Value) -> Fact<Envelope<Data>> {
    Fact::<Envelope<Data>>::read(Some(report.to_string().as_bytes()))
}

/// Renames each field of a report's sample in turn; returns how many there were.
fn assert_every_field_is_required<Data: ReportData + JsonSchema>() -> usize {
    let sample = report_sample::<Data>();
    assert_usable::<Data>(&sample);

    let pointers = field_pointers(&sample);
    for pointer in &pointers {
        let fact = read::<Data>(&rename_field(&sample, pointer));
        let refused = matches!(fact, Fact::OtherShape(_));
        assert!(refused, "{}: `{pointer}` is not required", Data::FILE);
    }
    pointers.len()
}

fn assert_usable<Data: ReportData>(sample: &Value) {
    match read::<Data>(sample) {
        Fact::Usable(_) => {}
        other => panic!("{}: {:?} of {sample:#}", Data::FILE, other.gap()),
    }
}

#[test]
fn each_field_of_a_small_report_is_required() {
    let fields = assert_every_field_is_required::<DemoData>();
    assert!(
        fields > 20,
        "the envelope alone has more fields than {fields}"
    );
}

macro_rules! assert_reports {
    ([$($data:path,)*]) => {
        #[test]
        fn each_field_of_each_report_is_required() {
            $(assert_every_field_is_required::<$data>();)*
        }
    };
}
for_each_report!(assert_reports);

#[test]
fn each_field_of_the_manifest_is_required() {
    let mut sample = sample_of(manifest_schema().as_value());
    sample["schema"] = "release-gate/manifest/v1".into();
    assert!(Manifest::read(sample.to_string().as_bytes()).is_ok());

    for pointer in field_pointers(&sample) {
        let renamed = rename_field(&sample, &pointer);
        let read = Manifest::read(renamed.to_string().as_bytes());
        assert!(read.is_err(), "manifest.json: `{pointer}` is not required");
    }
}

#[test]
fn more_fields_are_accepted_and_twice_the_same_is_not() {
    let mut sample = report_sample::<DemoData>();
    sample["data"]["new"] = 1.into();
    assert_usable::<DemoData>(&sample);

    let text = sample.to_string();
    let twice = text.replacen("\"passed\":", "\"passed\":7,\"passed\":", 1);
    let fact = Fact::<Envelope<DemoData>>::read(Some(twice.as_bytes()));
    assert!(matches!(fact, Fact::OtherShape(_)));
}

#[test]
fn a_gate_without_a_verdict_is_never_an_empty_report() {
    let mut sample = report_sample::<DemoData>();
    sample["data"] = json!({});

    for status in ["error", "unsupported"] {
        sample["status"] = status.into();
        assert!(matches!(read::<DemoData>(&sample), Fact::Error(_)));
    }
    for status in ["pass", "fail"] {
        sample["status"] = status.into();
        assert!(matches!(read::<DemoData>(&sample), Fact::OtherShape(_)));
    }
    sample["status"] = "skipped".into();
    assert!(matches!(read::<DemoData>(&sample), Fact::NotApplicable(_)));
}
