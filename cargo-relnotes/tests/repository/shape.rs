//! Reports of another shape: a refactoring of another gate must not turn a refused release into notes
//! in which nothing was found.

use cargo_relnotes::read::facts::gather;
use release_gate::artifacts::{ArtifactDir, PackageArtifacts};
use release_gate_facts::report::buildinfo::BuildInfo;
use release_gate_facts::report::compat::CompatData;
use release_gate_facts::report::repro::ReproData;
use release_gate_facts::report::vulns::VulnsData;
use release_gate_facts::sample::{field_pointers, rename_field, report_sample};
use release_gate_facts::{Fact, ReportData, Subject};
use schemars::JsonSchema;
use serde_json::Value;

use crate::fixture::{Repo, rules};

/// Whether the reader of one report relies on what is in the folder.
type IsUsable = fn(&PackageArtifacts, &Subject) -> bool;

fn assert_strict<Data: ReportData + JsonSchema>(is_usable: IsUsable) {
    let dir = tempfile::tempdir().unwrap();
    let folder = ArtifactDir::new(dir.path(), &cargo_relnotes::TOOL).for_package("demo", "1.0.0");
    std::fs::create_dir_all(folder.dir()).unwrap();
    let sample = report_sample::<Data>();
    let subject: Subject = serde_json::from_value(sample["subject"].clone()).unwrap();
    let write = |report: &Value| {
        std::fs::write(folder.path(Data::FILE), report.to_string()).unwrap();
    };
    write(&sample);
    assert!(is_usable(&folder, &subject), "{}", Data::FILE);
    for field in field_pointers(&sample) {
        write(&rename_field(&sample, &field));
        assert!(
            !is_usable(&folder, &subject),
            "{}: `{field}` is not required",
            Data::FILE
        );
    }
}

#[test]
fn no_reader_accepts_a_report_with_a_field_renamed() {
    assert_strict::<CompatData>(|folder, subject| {
        matches!(gather(folder, subject, None).compat, Fact::Usable(_))
    });
    assert_strict::<VulnsData>(|folder, subject| {
        matches!(gather(folder, subject, None).vulns, Fact::Usable(_))
    });
    assert_strict::<ReproData>(|folder, subject| {
        matches!(gather(folder, subject, None).repro, Fact::Usable(_))
    });
    assert_strict::<BuildInfo>(|folder, subject| {
        matches!(gather(folder, subject, None).buildinfo, Fact::Usable(_))
    });
}

#[test]
fn a_report_of_another_shape_is_not_judged() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    repo.facts(None);
    repo.report(&[], 0);
    let file = repo.artifact("compat.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("required_bump", "required_step")).unwrap();
    let report = repo.report(&[], 101);
    assert!(rules(&report).contains(&"facts-error"), "{report:#}");
    assert!(
        repo.notes()
            .contains("Draft; not judged yet: compat.json (missing field"),
        "{}",
        repo.notes()
    );
}

#[test]
fn what_counts_for_nothing_is_still_said() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    repo.facts(None);
    let sample = report_sample::<VulnsData>();
    let mut hit = sample["data"]["advisories"][0].clone();
    hit["id"] = "RUSTSEC-2026-0190".into();
    hit["kind"] = "unsound".into();
    hit["ignored"] = Value::Null;
    let subject = serde_json::from_str::<Value>(
        &std::fs::read_to_string(repo.artifact("vulns.json")).unwrap(),
    )
    .unwrap()["subject"]
        .clone();
    repo.fact::<VulnsData>(&subject, serde_json::json!({ "advisories": [hit] }));
    repo.report(&[], 0);
    let notes = repo.notes();
    assert!(
        notes.contains("no known vulnerability applies")
            && notes.contains("RUSTSEC-2026-0190: unsound"),
        "{notes}"
    );
}
