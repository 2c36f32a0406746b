//! `--dependents`: what users wrote is compiled against both sides.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::sides;

/// `thing` before and after: `f` takes two numbers now, `g` is deprecated.
const OLD: &str = "pub fn f(a: u8) -> u8 { a }\npub fn g() {}\n";
const NEW: &str = "pub fn f(a: u8, b: u8) -> u8 { a + b }\n#[deprecated] pub fn g() {}\n";

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        for (folder, version, lib) in [("old", "1.0.0", OLD), ("new", "1.1.0", NEW)] {
            let manifest = format!(
                "[package]\nname = \"thing\"\nversion = \"{version}\"\nedition = \"2024\"\n[workspace]\n"
            );
            place.write(&format!("{folder}/Cargo.toml"), &manifest);
            place.write(&format!("{folder}/src/lib.rs"), lib);
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A dependent: what stands in its manifest after the edition, and its library.
    fn user(&self, folder: &str, manifest: &str, lib: &str) {
        let name = Path::new(folder).file_name().unwrap().to_str().unwrap();
        let head =
            format!("[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
        self.write(
            &format!("{folder}/Cargo.toml"),
            &format!("{head}{manifest}"),
        );
        self.write(&format!("{folder}/src/lib.rs"), lib);
    }

    fn run(&self, more: &[&str]) -> (i32, Value, String) {
        let ran = sides::run(self.0.path(), more);
        let stderr = ran.stderr_text();
        assert!(!stderr.contains("panicked"), "{stderr}");
        (
            ran.status.code().unwrap_or(-1),
            serde_json::from_slice(&ran.stdout).unwrap_or(Value::Null),
            stderr,
        )
    }

    /// What is said of each dependent: `None` where it compiles, else the message.
    fn said(&self, more: &[&str]) -> (Vec<(String, bool)>, Value) {
        let (_, json, stderr) = self.run(more);
        let list = json["data"]["harness"]["dependents"]
            .as_array()
            .unwrap_or_else(|| panic!("{json:#}\n{stderr}"))
            .iter()
            .map(|one| {
                let name = one["name"].as_str().unwrap().to_owned();
                (name, one["compiles"] == json!(true))
            })
            .collect();
        (list, json)
    }
}

/// What is said of the dependents that show nothing.
fn left_out(json: &Value) -> Vec<(String, String)> {
    json["coverage"]["not_judged"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|entry| entry["what"].as_str().unwrap().starts_with("dependent "))
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            (text("what"), text("why"))
        })
        .collect()
}

fn of(name: &str, compiles: bool) -> (String, bool) {
    (name.to_owned(), compiles)
}

#[test]
fn what_compiled_before_and_does_not_now_is_found() {
    let place = Place::new();
    place.user(
        "users/broken",
        "[dependencies]\nthing = { path = \"../../new\" }\n[workspace]\n",
        "pub fn u() -> u8 {\n    thing::f(1)\n}\n",
    );
    // As published crates name it; a warning of its own rules is no break.
    place.user(
        "users/fine",
        "[dependencies]\nthing = \"1.0\"\n[workspace]\n",
        "#![deny(warnings)]\npub fn u() { thing::g() }\n",
    );
    place.user(
        "users/never",
        "[dependencies]\nthing = \"1\"\n[workspace]\n",
        "pub fn u() { thing::h() }\n",
    );
    place.user(
        "users/other",
        "[dependencies]\nthing = \"0.3\"\n[workspace]\n",
        "pub fn u() { thing::f(1); }\n",
    );
    let named = "../users/broken,../users/fine,../users/never,../users/other";
    let (list, json) = place.said(&["--dependents", named]);
    assert_eq!(list, [of("broken", false), of("fine", true)], "{json:#}");

    let found: Vec<&Value> = json["findings"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|finding| finding["rule"] == "dependent-broken")
        .collect();
    let [found] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(found["level"], "deny");
    assert_eq!(
        found["message"],
        "`broken` 0.1.0 compiles with thing 1.0.0 and not with the new side: src/lib.rs:2: error[E0061]: this function takes 2 arguments but 1 argument was supplied"
    );

    let left = left_out(&json);
    assert_eq!(left.len(), 2, "{left:?}");
    assert_eq!(left[0].0, "dependent never 0.1.0");
    assert!(left[0].1.contains("error[E0425]"), "{left:?}");
    assert_eq!(
        left[1],
        (
            "dependent other 0.1.0".to_owned(),
            "it asks for `thing` ^0.3, which takes neither 1.0.0 nor 1.1.0".to_owned()
        )
    );

    // Their folders are as they were.
    for name in ["broken", "fine", "never", "other"] {
        for made in ["target", "Cargo.lock"] {
            assert!(!place.path(&format!("users/{name}/{made}")).exists());
        }
    }
}

#[test]
fn workspaces_optional_uses_and_what_stands_between_are_judged() {
    let place = Place::new();
    place.write(
        "ws/Cargo.toml",
        "[workspace]\nresolver = \"3\"\nmembers = [\"one\", \"two\", \"apart\"]\n[workspace.package]\nedition = \"2024\"\n[workspace.dependencies]\nthing = { path = \"../new\" }\n",
    );
    let member = |name: &str, rest: &str, lib: &str| {
        let head = "version = \"0.1.0\"\nedition.workspace = true\n";
        place.write(
            &format!("ws/{name}/Cargo.toml"),
            &format!("[package]\nname = \"{name}\"\n{head}{rest}"),
        );
        place.write(&format!("ws/{name}/src/lib.rs"), lib);
    };
    member(
        "one",
        "[dependencies]\nthing.workspace = true\n[dev-dependencies]\nnobody = \"9\"\n",
        "pub fn u() -> u8 { thing::f(1) }\n",
    );
    member(
        "two",
        "[dependencies]\nthing = { workspace = true, optional = true }\n[features]\nwith = [\"dep:thing\"]\n",
        "#[cfg(feature = \"with\")] pub fn u() -> u8 { thing::f(1) }\n",
    );
    member("apart", "", "pub fn u() {}\n");
    place.user(
        "through",
        "[dependencies]\none = { path = \"../ws/one\" }\n[workspace]\n",
        "pub fn u() -> u8 { one::u() }\n",
    );

    let (list, json) = place.said(&["--dependents", "../ws", "--dependents", "../through"]);
    let expected = [of("one", false), of("two", false), of("through", false)];
    assert_eq!(list, expected, "{json:#}");

    // Compared with itself it breaks nobody, and levels hold as for every rule.
    place.write("new/src/lib.rs", OLD);
    place.write(
        "new/release-gates.toml",
        "[compat]\ndependents = [\"../ws\", \"../ws/apart\"]\n",
    );
    let (list, json) = place.said(&[]);
    assert_eq!(list, [of("one", true), of("two", true)], "{json:#}");
    assert_eq!(
        left_out(&json),
        [(
            "dependent apart 0.1.0".to_owned(),
            "`thing` is no part of it: only its own tests use it, or nothing does".to_owned()
        )]
    );
}

#[test]
fn a_dependent_in_the_same_workspace_gets_either_side() {
    let place = Place(tempfile::tempdir().unwrap());
    for (folder, version, lib) in [("old", "1.0.0", OLD), ("new", "1.1.0", NEW)] {
        place.write(
            &format!("{folder}/Cargo.toml"),
            &format!("[package]\nname = \"thing\"\nversion = \"{version}\"\nedition = \"2024\"\n[workspace]\nmembers = [\"user\"]\n"),
        );
        place.write(&format!("{folder}/src/lib.rs"), lib);
        place.user(
            &format!("{folder}/user"),
            "[dependencies]\nthing = { path = \"..\" }\n",
            // It follows each change, but somebody may not have.
            if folder == "old" {
                "pub fn u() -> u8 { thing::f(1) }\n"
            } else {
                "pub fn u() { thing::g() }\n"
            },
        );
    }
    let (list, json) = place.said(&["--dependents", "./user,../old/user", "-p", "thing"]);
    assert_eq!(list, [of("user", true), of("user", false)], "{json:#}");
}

#[test]
fn what_cannot_be_had_is_no_pass() {
    let place = Place::new();
    place.write("new/src/lib.rs", OLD);
    let (code, ..) = place.run(&["--dependents", "a b"]);
    assert_eq!(code, 2);
    for missing in ["../nowhere", "no-such-package-of-anybody@1"] {
        let (code, json, stderr) = place.run(&["--dependents", missing]);
        assert_eq!(code, 101, "{json:#}");
        let name = missing.trim_start_matches("../").split('@').next().unwrap();
        assert!(stderr.contains(name), "{stderr}");
    }
    place.write("new/release-gates.toml", "[compat]\ndependents = [\"?\"]\n");
    let (code, _, stderr) = place.run(&[]);
    assert_eq!(code, 2, "{stderr}");
    assert!(stderr.contains("`?` is neither a package"), "{stderr}");
}
