//! What features turn on: lists that became shorter, and features that do not build together.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use serde_json::Value;

use super::sides;

/// A side: its features and its library.
struct Side(&'static str, &'static str);

fn write_side(folder: &Path, version: &str, Side(features, lib): &Side) {
    std::fs::create_dir_all(folder.join("src")).unwrap();
    let manifest = format!(
        "[package]\nname = \"k\"\nversion = \"{version}\"\nedition = \"2024\"\n[features]\n{features}\n[workspace]\n"
    );
    std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    std::fs::write(folder.join("src/lib.rs"), lib).unwrap();
}

fn judge(before: &Side, after: &Side) -> Value {
    let dir = tempfile::tempdir().unwrap();
    write_side(&dir.path().join("old"), "1.0.0", before);
    write_side(&dir.path().join("new"), "1.1.0", after);
    sides::report(dir.path(), &["-p", "k"])
}

/// The rule of a feature's change, and what its program shows.
fn change_of<'r>(report: &'r Value, feature: &str) -> Option<(&'r str, &'r Value)> {
    let item = format!("feature {feature}");
    let changes = report["data"]["changes"].as_array().unwrap();
    let change = changes.iter().find(|change| change["item"] == *item)?;
    Some((change["rule"].as_str().unwrap(), &change["witness"]))
}

const WIDE: &str = "pub fn f() {}\n#[cfg(feature = \"wide\")] pub fn wide() {}\n";

#[test]
fn a_shorter_list_has_a_program_that_shows_it() {
    let report = judge(
        &Side("full = [\"wide\"]\nwide = []\nmore = [\"full\"]", WIDE),
        &Side("full = []\nwide = []\nmore = [\"full\"]", WIDE),
    );
    assert_eq!(report["status"], "fail", "{report:#}");
    for feature in ["full", "more"] {
        let (rule, witness) = change_of(&report, feature).unwrap();
        assert_eq!(rule, "feature-narrowed");
        assert_eq!(witness["proved"], true, "{report:#}");
    }
}

#[test]
fn a_feature_off_by_default_has_a_program_that_shows_it() {
    let report = judge(
        &Side("default = [\"wide\"]\nwide = []", WIDE),
        &Side("default = []\nwide = []", WIDE),
    );
    assert_eq!(report["status"], "fail", "{report:#}");
    let (rule, witness) = change_of(&report, "wide").unwrap();
    assert_eq!(rule, "feature-not-default");
    assert_eq!(witness["proved"], true, "{report:#}");
}

#[test]
fn what_gates_nothing_is_missed_by_nobody() {
    // The feature turns on one that does nothing.
    let lib = "pub fn f() {}\npub fn wide() {}\n";
    let report = judge(
        &Side("default = [\"wide\"]\nwide = [\"idle\"]\nidle = []", WIDE),
        &Side("default = []\nwide = [\"idle\"]\nidle = []", lib),
    );
    assert_eq!(report["status"], "pass", "{report:#}");
    assert_eq!(change_of(&report, "wide"), None);

    // What it gates is private.
    let lib = "pub fn f() { inner() }\nfn inner() { if cfg!(feature = \"wide\") { println!() } }\n";
    let report = judge(
        &Side("default = [\"wide\"]\nwide = []", lib),
        &Side("default = []\nwide = []", lib),
    );
    assert_eq!(report["status"], "pass", "{report:#}");
    let (rule, _) = change_of(&report, "wide").unwrap();
    assert_eq!(rule, "possible-break");
}

#[test]
fn as_many_features_as_build_together_are_compared() {
    let features = "a = []\nb = []\nc = []\nd = []";
    let excluding =
        "#[cfg(all(feature = \"b\", feature = \"d\"))] compile_error!(\"one of b, d\");\n";
    // Only with two features at once.
    let both = "#[cfg(all(feature = \"a\", feature = \"c\"))] pub fn both";
    let lib = |body: &str| -> &'static str {
        Box::leak(format!("{excluding}pub fn f() {{}}\n{both}{body}\n").into_boxed_str())
    };
    let report = judge(
        &Side(features, lib("() {}")),
        &Side(features, lib("(_: u8) {}")),
    );
    let sets = report["data"]["harness"]["feature_sets"]
        .as_array()
        .unwrap();
    assert!(
        sets.iter().any(|set| set == "all features but d"),
        "{report:#}"
    );
    let found = report["data"]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .any(|change| change["item"] == "both" && change["bump"] == "major");
    assert!(found, "{report:#}");
}

#[test]
fn what_a_feature_brings_from_another_crate_is_part_of_the_api() {
    let dir = tempfile::tempdir().unwrap();
    let lib = "#[cfg(feature = \"dd\")] pub fn f<T: dd::Show>(x: T) -> T::Out { x.show() }\npub fn g() {}\n";
    for (side, version, shown) in [("old", "1.0.0", "u8"), ("new", "2.0.0", "u16")] {
        let folder = dir.path().join(side);
        let features = Side(
            "[dependencies]\ndd = { path = \"dd\", optional = true }\n",
            lib,
        );
        let own = if side == "old" { "1.0.0" } else { "1.1.0" };
        write_side(&folder, own, &features);
        let other = format!(
            "pub trait Show {{ type Out; fn show(&self) -> Self::Out; }}\nimpl Show for char {{ type Out = {shown}; fn show(&self) -> {shown} {{ 1 }} }}\n"
        );
        std::fs::create_dir_all(folder.join("dd/src")).unwrap();
        std::fs::write(folder.join("dd/src/lib.rs"), other).unwrap();
        std::fs::write(
            folder.join("dd/Cargo.toml"),
            format!("[package]\nname = \"dd\"\nversion = \"{version}\"\nedition = \"2024\"\n"),
        )
        .unwrap();
    }
    let report = sides::report(dir.path(), &["-p", "k"]);
    let has = |rule: &str| {
        let changes = report["data"]["changes"].as_array().unwrap();
        changes.iter().any(|change| change["rule"] == rule)
    };
    assert_eq!(report["status"], "fail", "{report:#}");
    assert!(has("public-dependency-bumped"), "{report:#}");
    assert_eq!(report["data"]["harness"]["gaps"], serde_json::json!([]));
}
