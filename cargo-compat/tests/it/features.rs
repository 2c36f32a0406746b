//! Sets of features: which are compared, which are only built, which are left out.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use release_gate::process::{Runner, Step};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::sides;

/// Two sides of a library with features, each file by its name below `src`.
struct Sides {
    dir: TempDir,
    features: &'static str,
}

impl Sides {
    fn new(features: &'static str) -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
            features,
        }
    }

    fn write(&self, side: &str, files: &[(&str, &str)]) {
        let version = if side == "old" { "1.0.0" } else { "1.0.1" };
        let manifest = format!(
            "[package]\nname = \"k\"\nversion = \"{version}\"\nedition = \"2024\"\n[features]\n{}\n[workspace]\n",
            self.features
        );
        let folder = self.dir.path().join(side);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
        for (name, text) in files {
            std::fs::write(folder.join("src").join(name), text).unwrap();
        }
    }

    fn run(&self, more: &[&str]) -> Value {
        sides::report(self.dir.path(), more)
    }
}

/// Which sets were only built.
fn only_built(report: &Value) -> Vec<String> {
    report["data"]["harness"]["feature_sets"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|set| {
            let (name, how) = set.as_str().unwrap().split_once(": ")?;
            assert!(how.starts_with("built only"), "{how}");
            Some(name.to_owned())
        })
        .collect()
}

/// The verdict and what is said of changes, which no way to choose sets may change.
fn verdict(report: &Value) -> (String, Vec<(String, String)>) {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let changes = report["data"]["changes"]
        .as_array()
        .unwrap_or_else(|| panic!("{report:#}"))
        .iter()
        .map(|change| (text(&change["rule"]), text(&change["item"])))
        .collect();
    (text(&report["data"]["required_bump"]), changes)
}

const LIB: &str = "#![cfg_attr(not(feature = \"std\"), no_std)]\nmod plain;\npub use plain::f;\n#[cfg(feature = \"std\")] pub fn g() -> String { String::new() }\n";

#[test]
fn what_touches_no_feature_is_compared_once() {
    let sides = Sides::new("default = [\"std\"]\nstd = []\nextra = []");
    sides.write(
        "old",
        &[("lib.rs", LIB), ("plain.rs", "pub fn f() -> u8 { 1 }")],
    );
    sides.write(
        "new",
        &[
            ("lib.rs", LIB),
            (
                "plain.rs",
                "pub fn f() -> u8 { one() }\nfn one() -> u8 { 1 }",
            ),
        ],
    );
    let (once, every) = (sides.run(&[]), sides.run(&["--every-set"]));
    assert_eq!(
        only_built(&once),
        ["default features", "no features"],
        "{once:#}"
    );
    assert_eq!(only_built(&every), [""; 0]);
    assert_eq!(verdict(&once), verdict(&every));
    assert_eq!(verdict(&once), ("patch".to_owned(), Vec::new()));
    assert_eq!(once["status"], "pass");
}

#[test]
fn a_set_that_no_longer_builds_is_still_said() {
    let sides = Sides::new("default = [\"std\"]\nstd = []\nextra = []");
    sides.write(
        "old",
        &[("lib.rs", LIB), ("plain.rs", "pub fn f() -> u8 { 1 }")],
    );
    sides.write(
        "new",
        &[
            ("lib.rs", LIB),
            ("plain.rs", "pub fn f() -> u8 { std::process::id() as u8 }"),
        ],
    );
    let report = sides.run(&[]);
    assert_eq!(only_built(&report), ["default features"]);
    let broken = report["findings"]
        .as_array()
        .unwrap()
        .iter()
        .any(|finding| finding["rule"] == "feature-set-broken");
    assert!(broken, "{report:#}");
}

/// With all features the type is no longer `Send` on either side.
const OUTER: &str = "mod inner;\npub struct Outer { pub(crate) one: inner::Inner, #[cfg(feature = \"rc\")] two: std::rc::Rc<u8> }\n";

type Files = [(&'static str, &'static str); 2];

/// Both sides' files, and the rule of a break that all features do not show.
const ALONE: [(Files, Files, &str); 5] = [
    (
        [("lib.rs", OUTER), ("inner.rs", "pub struct Inner(pub u8);")],
        [
            ("lib.rs", OUTER),
            ("inner.rs", "pub struct Inner(pub std::rc::Rc<u8>);"),
        ],
        "impl-removed",
    ),
    // A macro of another file asks for the feature.
    (
        [
            (
                "lib.rs",
                "macro_rules! without { ($($t:item)*) => { $(#[cfg(not(feature = \"rc\"))] $t)* } }\nmod inner; pub use inner::*;",
            ),
            ("inner.rs", "without! { pub fn f() {} }"),
        ],
        [
            (
                "lib.rs",
                "macro_rules! without { ($($t:item)*) => { $(#[cfg(not(feature = \"rc\"))] $t)* } }\nmod inner; pub use inner::*;",
            ),
            ("inner.rs", "without! { pub fn g() {} }"),
        ],
        "item-removed",
    ),
    // With all features the file that differs is not compiled.
    (
        [
            (
                "lib.rs",
                "macro_rules! pick { ($($t:item)*) => { $($t)* } }\n#[cfg(any(\n    feature = \"rc\",\n    all(\n        unix,\n        windows\n    )\n))]\npick! {\n    mod a;\n    pub use a::*;\n}\n#[cfg(not(feature = \"rc\"))]\npick! {\n    mod b;\n    mod c;\n    pub use c::f;\n    pub use b::b;\n    mod d;\n    mod inner; pub use inner::g;\n}\n",
            ),
            ("inner.rs", "pub fn g() {}"),
        ],
        [
            (
                "lib.rs",
                "macro_rules! pick { ($($t:item)*) => { $($t)* } }\n#[cfg(any(\n    feature = \"rc\",\n    all(\n        unix,\n        windows\n    )\n))]\npick! {\n    mod a;\n    pub use a::*;\n}\n#[cfg(not(feature = \"rc\"))]\npick! {\n    mod b;\n    mod c;\n    pub use c::f;\n    pub use b::b;\n    mod d;\n    mod inner; pub use inner::g;\n}\n",
            ),
            ("inner.rs", "pub fn g(_: u8) {}"),
        ],
        "signature-changed",
    ),
    // What is private with all features is offered without.
    (
        [
            (
                "lib.rs",
                "mod inner;\n#[cfg(not(feature = \"rc\"))] pub use inner::g;\n",
            ),
            ("inner.rs", "pub fn g() {}"),
        ],
        [
            (
                "lib.rs",
                "mod inner;\n#[cfg(not(feature = \"rc\"))] pub use inner::g;\n",
            ),
            ("inner.rs", "pub fn g(_: u8) {}"),
        ],
        "signature-changed",
    ),
    // An opaque type holds what a feature decides about.
    (
        [
            (
                "lib.rs",
                "mod inner; pub use inner::f; mod part { #[cfg(feature = \"rc\")] pub type P = std::rc::Rc<u8>; #[cfg(not(feature = \"rc\"))] pub type P = u8; pub fn p() -> P { Default::default() } }",
            ),
            ("inner.rs", "pub fn f() -> impl Sized { crate::part::p() }"),
        ],
        [
            (
                "lib.rs",
                "mod inner; pub use inner::f; mod part { #[cfg(feature = \"rc\")] pub type P = std::rc::Rc<u8>; #[cfg(not(feature = \"rc\"))] pub type P = u8; pub fn p() -> P { Default::default() } }",
            ),
            (
                "inner.rs",
                "pub fn f() -> impl Sized { (crate::part::p(), std::rc::Rc::new(1u8)) }",
            ),
        ],
        "signature-changed",
    ),
];

#[test]
fn what_a_set_alone_shows_is_found() {
    for (old, new, rule) in ALONE {
        let sides = Sides::new("rc = []");
        let beside = [
            ("a.rs", ""),
            ("b.rs", "pub fn b() {}"),
            ("c.rs", "pub fn f() {}"),
            ("d.rs", ""),
        ];
        for (side, files) in [("old", old), ("new", new)] {
            sides.write(side, &beside);
            sides.write(side, &files);
        }
        let (once, every) = (sides.run(&[]), sides.run(&["--every-set"]));
        assert_eq!(verdict(&once), verdict(&every));
        let (bump, changes) = verdict(&once);
        assert_eq!(bump, "major", "{once:#}");
        assert!(
            changes.iter().any(|(found, _)| found == rule),
            "{changes:?}"
        );
    }
}

#[test]
fn what_a_feature_takes_away_is_said_once() {
    let sides = Sides::new("wide = []");
    let old = "pub fn f(a: u8) {}\npub enum E { A, #[cfg(feature = \"wide\")] B }\n";
    sides.write("old", &[("lib.rs", old)]);
    let said = |new: &str| -> (String, Vec<(String, String, String)>) {
        sides.write("new", &[("lib.rs", new)]);
        let report = sides.run(&[]);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let found = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["rule"] == "feature-not-additive")
            .map(|finding| {
                let item = text(&finding["evidence"]["item"]);
                (text(&finding["level"]), item, text(&finding["message"]))
            })
            .collect();
        (verdict(&report).0, found)
    };

    // What was so before is no news.
    assert_eq!(said(old), ("patch".to_owned(), Vec::new()));

    let (bump, found) = said(&format!(
        "{old}#[cfg(not(feature = \"wide\"))] pub fn g(a: u8) {{}}\n#[cfg(feature = \"wide\")] pub fn g(a: u16) {{}}\n"
    ));
    assert_eq!(bump, "minor");
    let [(level, item, message)] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!((level.as_str(), item.as_str()), ("warn", "g"));
    assert!(
        message.contains("default features") && message.contains("all features"),
        "{message}"
    );
}

#[test]
fn the_configuration_names_sets_and_other_features_for_the_baseline() {
    let sides = Sides::new("tls = []\nextra = []");
    let old =
        "#[cfg(feature = \"tls\")] pub fn t() {}\n#[cfg(feature = \"extra\")] pub fn e() {}\n";
    let new = "#[cfg(feature = \"tls\")] pub fn t() {}\n";
    sides.write("old", &[("lib.rs", old)]);
    sides.write("new", &[("lib.rs", new)]);
    let configure = |text: &str| {
        std::fs::write(sides.dir.path().join("new/release-gates.toml"), text).unwrap();
    };
    assert_eq!(verdict(&sides.run(&[])).0, "major");
    configure("[[compat.sets]]\nfeatures = [\"tls\"]\ndefault-features = false\n");
    let report = sides.run(&[]);
    assert_eq!(
        report["data"]["harness"]["feature_sets"],
        json!(["features tls"]),
        "{report:#}"
    );
    assert_eq!(verdict(&report).0, "patch");
    configure("[[compat.sets]]\nfeatures = [\"tls\"]\nbaseline-features = [\"extra\"]\n");
    let (bump, changes) = verdict(&sides.run(&[]));
    assert_eq!(bump, "major");
    let removed = ("item-removed".to_owned(), "e".to_owned());
    assert!(changes.contains(&removed), "{changes:?}");

    // Sets are for the package that they name; what nobody has is refused.
    configure("[[compat.sets]]\npackage = \"other\"\nfeatures = [\"tls\"]\n");
    assert_eq!(verdict(&sides.run(&[])).0, "major");
    configure("[[compat.sets]]\nfeatures = [\"tsl\"]\n");
    let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
        .current_dir(sides.dir.path().join("new"))
        .args(["--offline", "--against", "../old"]);
    let refused = Runner::new().run(step).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr_text());
}

#[test]
fn excluded_features_are_turned_on_in_no_set_and_said() {
    let sides = Sides::new("testing = []");
    let lib =
        |body: &str| format!("pub fn f() {{}}\n#[cfg(feature = \"testing\")] pub fn {body}\n");
    sides.write("old", &[("lib.rs", &lib("t() {}"))]);
    sides.write("new", &[("lib.rs", &lib("u() {}"))]);
    assert_eq!(verdict(&sides.run(&[])).0, "major");
    let report = sides.run(&["--exclude-features", "testing"]);
    assert_eq!(verdict(&report), ("patch".to_owned(), Vec::new()));
    let left_out = report["coverage"]["not_judged"]
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["what"] == "feature testing");
    assert_eq!(left_out.unwrap()["why"], "it is excluded", "{report:#}");

    // The configuration says the same, and a name that nobody has is refused on the command line.
    let config = sides.dir.path().join("new/release-gates.toml");
    std::fs::write(config, "[compat]\nexclude-features = [\"testing\"]\n").unwrap();
    assert_eq!(verdict(&sides.run(&[])).0, "patch");
    let refused = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
        .current_dir(sides.dir.path().join("new"))
        .args([
            "--offline",
            "--against",
            "../old",
            "--exclude-features",
            "tasting",
        ]);
    let refused = Runner::new().run(refused).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", refused.stderr_text());
}

#[test]
fn crates_that_may_show_are_listed() {
    let dir = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    };
    for side in ["old", "new"] {
        write(
            &format!("{side}/Cargo.toml"),
            "[package]\nname = \"k\"\nversion = \"1.0.0\"\nedition = \"2024\"\n[dependencies]\nshown = { path = \"shown\" }\nkept = { path = \"kept\" }\n[workspace]\n",
        );
        write(
            &format!("{side}/src/lib.rs"),
            "pub fn f() -> shown::S { let _ = kept::S; shown::S }\n",
        );
        for name in ["shown", "kept"] {
            write(
                &format!("{side}/{name}/Cargo.toml"),
                &format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n"),
            );
            write(&format!("{side}/{name}/src/lib.rs"), "pub struct S;\n");
        }
    }
    let not_allowed = |list: &str| -> Vec<String> {
        write(
            "new/release-gates.toml",
            &format!("[compat]\npublic-dependencies = [{list}]\n"),
        );
        let report = sides::report(dir.path(), &["-p", "k"]);
        report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|finding| finding["rule"] == "public-dependency-not-allowed")
            .map(|finding| finding["message"].as_str().unwrap().to_owned())
            .collect()
    };
    assert_eq!(not_allowed("\"shown\""), [""; 0]);
    assert_eq!(
        not_allowed("\"kept\""),
        ["items of `shown` are part of the API"]
    );
}

#[test]
fn parts_of_a_workspace_make_it_whole() {
    let dir = tempfile::tempdir().unwrap();
    for side in ["old", "new"] {
        let folder = dir.path().join(side);
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(
            folder.join("Cargo.toml"),
            "[workspace]\nresolver = \"3\"\nmembers = [\"a\", \"b\", \"c\"]\n",
        )
        .unwrap();
        for name in ["a", "b", "c"] {
            let member = folder.join(name);
            std::fs::create_dir_all(member.join("src")).unwrap();
            let manifest =
                format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n");
            std::fs::write(member.join("Cargo.toml"), manifest).unwrap();
            std::fs::write(member.join("src/lib.rs"), "pub fn f() {}\n").unwrap();
        }
    }
    let mut judged = Vec::new();
    for part in ["1/2", "2/2"] {
        let report = sides::report(dir.path(), &["--workspace", "--partition", part]);
        let several = report["data"]["reports"].as_array().cloned();
        for report in several.unwrap_or_else(|| vec![report.clone()]) {
            assert_eq!(report["status"], "pass", "{report:#}");
            judged.push(report["subject"]["package"].clone());
            let parts = report["coverage"]["not_judged"]
                .as_array()
                .unwrap()
                .iter()
                .any(|entry| entry["what"] == "members of other parts");
            assert!(parts, "{report:#}");
        }
    }
    judged.sort_by_key(ToString::to_string);
    assert_eq!(judged, [json!("a"), json!("b"), json!("c")]);
}
