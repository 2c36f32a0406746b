//! What a reader gets of a report that is there, missing, about something else, or of no verdict.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use release_gate_facts::report::cyclonedx::CycloneDx;
use release_gate_facts::{
    Envelope, Fact, GapKind, Manifest, ManifestFile, ReportData, Sha256Digest, Subject,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct DemoData {
    passed: u64,
}

impl ReportData for DemoData {
    const NAME: &'static str = "demo";
    const FILE: &'static str = "demo.json";
}

fn report(status: &str, package: Option<&str>) -> Value {
    json!({
        "schema": "release-gate/demo/v1",
        "tool": {"name": "cargo-demo", "version": "1.0.0"},
        "subject": {
            "package": package,
            "version": package.map(|_| "1.0.0"),
            "commit": "a".repeat(40),
            "dirty": false,
            "lock_sha256": null,
            "targets": [],
            "features": [],
        },
        "baseline": null,
        "status": status,
        "coverage": {"judged": 1, "not_judged": []},
        "findings": [{
            "rule": "odd",
            "level": "note",
            "message": "it is odd",
            "path": null,
            "line": null,
            "help": null,
            "evidence": {},
        }],
        "data": {"passed": 7},
    })
}

fn subject(package: &str) -> Subject {
    Subject {
        package: Some(package.to_owned()),
        version: Some("1.0.0".to_owned()),
        commit: Some("a".repeat(40).parse().unwrap()),
        ..Subject::default()
    }
}

fn read(report: &Value, package: &str) -> Fact<Envelope<DemoData>> {
    Fact::read_about(Some(report.to_string().as_bytes()), &subject(package))
}

#[test]
fn a_usable_fact_gives_its_value_and_has_no_gap() {
    let fact = read(&report("pass", Some("demo")), "demo");
    assert_eq!(fact.gap(), None);
    assert_eq!(fact.usable().unwrap().data.passed, 7);
    let passed = fact.map(|envelope| envelope.data.passed);
    assert_eq!(passed.into_usable(), Some(7));
}

#[test]
fn each_gap_is_named() {
    for (fact, kind, why) in [
        (
            Fact::read(None),
            GapKind::Missing,
            "the report is missing; run its gate first",
        ),
        (
            read(&report("pass", Some("other")), "demo"),
            GapKind::Stale,
            "made for other 1.0.0, not demo 1.0.0",
        ),
        (
            read(&report("error", Some("demo")), "demo"),
            GapKind::Error,
            "its gate ended with status `error`: it is odd",
        ),
    ] {
        let gap = fact.gap().unwrap();
        assert_eq!((gap.kind, gap.why), (kind, why));
        assert!(fact.usable().is_none());
        assert_eq!(fact.into_usable(), None);
    }

    let mut renamed = report("pass", Some("demo"));
    renamed["data"] = json!({"passing": 7});
    let fact = read(&renamed, "demo");
    assert_eq!(fact.gap().unwrap().kind, GapKind::OtherShape);
}

#[test]
fn nothing_to_judge_is_no_gap_and_no_value() {
    let fact = read(&report("skipped", Some("demo")), "demo");
    assert_eq!(fact.gap(), None);
    assert!(matches!(&fact, Fact::NotApplicable(why) if why == "nothing to judge: it is odd"));
}

#[test]
fn a_report_without_a_package_is_about_each() {
    assert!(read(&report("pass", None), "demo").usable().is_some());

    let mut halfway = report("pass", None);
    halfway["subject"]["version"] = json!("2.0.0");
    let fact = read(&halfway, "demo");
    assert_eq!(fact.gap().unwrap().kind, GapKind::Stale);
}

#[test]
fn a_manifest_finds_its_files() {
    let file = |path: &str| ManifestFile {
        path: path.to_owned(),
        sha256: Sha256Digest::from_bytes([1; 32]),
        size: 3,
        schema: None,
        tool: "cargo-demo 1.0.0".to_owned(),
    };
    let manifest = Manifest::new(vec![file("b"), file("a")]);
    let bytes = serde_json::to_vec(&manifest).unwrap();
    let manifest = Manifest::read(&bytes).unwrap();
    assert_eq!(manifest.files[0].path, "a");
    assert_eq!(manifest.file("b").unwrap().path, "b");
    assert!(manifest.file("c").is_none());

    let other = String::from_utf8(bytes).unwrap().replace("/v1", "/v2");
    assert!(Manifest::read(other.as_bytes()).is_err());
}

#[test]
fn a_property_is_found_by_its_last_name() {
    let sbom = json!({
        "bomFormat": "CycloneDX",
        "components": [],
        "metadata": {
            "component": {"name": "demo", "version": "1.0.0"},
            "properties": [
                {"name": "release-gates:sbom-lite:lock", "value": "b"},
                {"name": "release-gates:sbom-lite:commit", "value": "a"},
            ],
        },
    });
    let sbom: CycloneDx = serde_json::from_value(sbom).unwrap();
    assert_eq!(sbom.property("commit"), Some("a"));
    assert_eq!(sbom.property("sbom-lite"), None);
}
