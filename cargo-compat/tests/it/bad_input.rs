//! Sides that do not build, baselines that are none, descriptions that are not what they seem: each
//! ends with 101 and says why.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::PathBuf;

use release_gate::process::{Runner, Step};
use serde_json::{Value, json};
use tempfile::TempDir;

struct Place(TempDir);

struct Ran {
    code: i32,
    json: Value,
    stderr: String,
}

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A package in a folder: its manifest after `[package]`, and its files.
    fn package(&self, folder: &str, manifest: &str, files: &[(&str, &str)]) {
        let dir = self.path(folder);
        std::fs::create_dir_all(dir.join("src")).unwrap();
        std::fs::write(
            dir.join("Cargo.toml"),
            format!("[package]\nedition = \"2024\"\n{manifest}\n[workspace]\n"),
        )
        .unwrap();
        for (name, text) in files {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn library(&self, folder: &str, version: &str, lib: &str) {
        self.package(
            folder,
            &format!("name = \"thing\"\nversion = \"{version}\""),
            &[("src/lib.rs", lib)],
        );
    }

    fn run(&self, against: &str, new: &str) -> Ran {
        let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
            .inherit_network_env()
            .env("CARGO_TARGET_DIR", self.path("target").as_os_str())
            .env("GIT_CEILING_DIRECTORIES", self.0.path().as_os_str())
            .args(["--offline", "--message-format", "json", "--against"])
            .arg(self.path(against))
            .arg("--manifest-path")
            .arg(self.path(new).join("Cargo.toml"));
        let ran = Runner::new().run(step).unwrap();
        let stderr = ran.stderr_text();
        assert!(!stderr.contains("panicked"), "{stderr}");
        Ran {
            code: ran.status.code().unwrap_or(-1),
            json: serde_json::from_slice(&ran.stdout).unwrap_or(Value::Null),
            stderr,
        }
    }

    fn refused(&self, against: &str, new: &str, words: &[&str]) {
        let ran = self.run(against, new);
        let said = format!("{}{}", ran.json, ran.stderr);
        assert_eq!(ran.code, 101, "{said}");
        for word in words {
            assert!(said.contains(word), "`{word}` is not in {said}");
        }
    }
}

#[test]
fn a_side_that_does_not_build_is_not_judged() {
    let place = Place::new();
    place.library("good", "1.0.0", "pub fn f() {}");
    place.library("bad", "1.0.1", "pub fn f() { nonsense }");
    place.refused("good", "bad", &["new side", "nonsense"]);
    place.library("bad-before", "1.0.0", "pub fn f() { nonsense }");
    place.refused("bad-before", "good", &["old side", "nonsense"]);
    // A build script that wants the network finds none that answers.
    let script = "fn main() { if std::net::TcpStream::connect(\"127.0.0.1:1\").is_err() { eprintln!(\"no network\"); std::process::exit(1) } }";
    place.package(
        "networked",
        "name = \"thing\"\nversion = \"1.0.1\"",
        &[("src/lib.rs", "pub fn f() {}"), ("build.rs", script)],
    );
    place.refused("good", "networked", &["new side", "no network"]);
}

#[test]
fn another_package_or_version_is_no_baseline() {
    let place = Place::new();
    place.library("one", "1.0.0", "pub fn f() {}");
    place.library("two", "2.0.0", "pub fn f() {}");
    place.refused("two", "one", &["newer"]);
    place.package(
        "other",
        "name = \"other\"\nversion = \"1.0.0\"",
        &[("src/lib.rs", "pub fn f() {}")],
    );
    place.refused("other", "one", &["thing"]);
    place.package(
        "renamed",
        "name = \"thing\"\nversion = \"1.0.1\"\n[lib]\nname = \"something\"",
        &[("src/lib.rs", "pub fn f() {}")],
    );
    let ran = place.run("one", "renamed");
    assert_eq!(
        (ran.code, &ran.json["data"]["required_bump"]),
        (100, &json!("major")),
        "{}",
        ran.stderr
    );
    place.package(
        "program",
        "name = \"thing\"\nversion = \"1.0.1\"",
        &[("src/main.rs", "fn main() {}")],
    );
    // Everything that the library offered is gone.
    let ran = place.run("one", "program");
    assert_eq!(
        (ran.code, &ran.json["data"]["required_bump"]),
        (100, &json!("major")),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_description_has_to_be_one_of_this_crate() {
    let place = Place::new();
    place.library("new", "1.0.0", "pub fn f() {}");
    let write = |text: &[u8]| std::fs::write(place.path("api.json"), text).unwrap();
    for text in [
        "",
        "{}",
        "{\"format_version\": 12}",
        "{\"format_version\": 999}",
        "{\"format_version\": 57, \"root\": 0",
    ] {
        write(text.as_bytes());
        place.refused("api.json", "new", &["api.json"]);
    }
    write("[".repeat(200_000).as_bytes());
    place.refused("api.json", "new", &["api.json"]);
    // A real one of another crate, and a real one cut short.
    let described = describe(&place, "other");
    write(&described);
    place.refused("api.json", "new", &["other"]);
    write(&described[..described.len() / 2]);
    place.refused("api.json", "new", &["api.json"]);
    write(&describe(&place, "thing"));
    let ran = place.run("api.json", "new");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(
        ran.json.to_string().contains("nothing below is proved"),
        "{}",
        ran.json
    );
}

fn describe(place: &Place, name: &str) -> Vec<u8> {
    let folder = format!("described-{name}");
    place.package(
        &folder,
        &format!("name = \"{name}\"\nversion = \"1.0.0\""),
        &[("src/lib.rs", "pub fn f() {}")],
    );
    let step = Step::new("rustdoc")
        .env("RUSTC_BOOTSTRAP", "1")
        .args([
            "-Zunstable-options",
            "--output-format",
            "json",
            "--edition",
            "2024",
            "--crate-name",
            name,
            "-o",
        ])
        .arg(place.path(&folder))
        .arg(place.path(&folder).join("src/lib.rs"));
    Runner::new().run(step).unwrap().success().unwrap();
    std::fs::read(place.path(&folder).join(format!("{name}.json"))).unwrap()
}

#[test]
fn names_nobody_can_write_and_deep_types_are_no_obstacle() {
    let place = Place::new();
    let deep = format!(
        "pub type Deep = {}u8{};",
        "Option<".repeat(60),
        ">".repeat(60)
    );
    let lib = |more: &str| {
        format!(
            "#![recursion_limit = \"256\"]\n{deep}\nmod hidden {{ pub struct Token; }}\npub fn token() -> hidden::Token {{ hidden::Token }}\npub fn closure() -> impl Fn(u8) -> u8 {{ |x| x }}\nmacro_rules! make {{ ($($n:ident)*) => {{ $(pub fn $n() {{}})* }} }}\nmake!(a b c);\n{more}\n"
        )
    };
    place.library("old", "1.0.0", &lib("pub fn last() {}"));
    place.library("same", "1.0.1", &lib("pub fn last() {}"));
    place.library("less", "1.0.1", &lib(""));
    let ran = place.run("old", "same");
    assert_eq!(
        (ran.code, &ran.json["data"]["required_bump"]),
        (0, &json!("patch")),
        "{}",
        ran.stderr
    );
    assert_eq!(
        place.run("old", "less").json["data"]["required_bump"],
        "major"
    );
}

#[test]
fn folders_beside_a_baseline_come_along() {
    let place = Place::new();
    place.package(
        "side/helper",
        "name = \"helper\"\nversion = \"1.0.0\"",
        &[("src/lib.rs", "pub struct H;")],
    );
    for (folder, version) in [("side/old", "1.0.0"), ("side/new", "1.0.1")] {
        place.package(
            folder,
            &format!("name = \"thing\"\nversion = \"{version}\"\n[dependencies]\nhelper = {{ path = \"../helper\" }}"),
            &[("src/lib.rs", "pub fn f() -> helper::H { helper::H }")],
        );
    }
    let ran = place.run("side/old", "side/new");
    assert_eq!(
        (ran.code, &ran.json["data"]["required_bump"]),
        (0, &json!("patch")),
        "{}",
        ran.stderr
    );
}

fn run_git(dir: &std::path::Path, args: &[&str]) {
    let step = Step::new("git").current_dir(dir).args(args);
    let step = ["AUTHOR", "COMMITTER"].iter().fold(step, |step, role| {
        step.env(format!("GIT_{role}_NAME"), "A")
            .env(format!("GIT_{role}_EMAIL"), "a@example.org")
    });
    let step = step
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1");
    Runner::new().run(step).unwrap().success().unwrap();
}

#[test]
fn a_clone_without_the_last_release_is_no_first_release() {
    let place = Place::new();
    place.library("whole", "1.0.0", "pub fn f() {}");
    std::fs::write(
        place.path("whole/Cargo.lock"),
        "version = 4\n\n[[package]]\nname = \"thing\"\nversion = \"1.0.0\"\n",
    )
    .unwrap();
    let git = |args: &[&str]| run_git(place.0.path(), args);
    let judge = |folder: &str, more: &[&str]| {
        let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
            .inherit_network_env()
            .env("CARGO_TARGET_DIR", place.path("target").as_os_str())
            .args(["--offline", "--message-format", "json", "--manifest-path"])
            .arg(place.path(folder).join("Cargo.toml"))
            .args(more);
        let ran = Runner::new().run(step).unwrap();
        let json: Value = serde_json::from_slice(&ran.stdout).unwrap();
        (
            ran.status.code().unwrap(),
            json["status"].clone(),
            json["findings"][0].clone(),
        )
    };
    git(&["init", "--quiet", "whole"]);
    git(&["-C", "whole", "add", "."]);
    git(&["-C", "whole", "commit", "--quiet", "-m", "one"]);
    // A first release, with all of its history.
    let (code, status, finding) = judge("whole", &[]);
    assert_eq!(
        (code, &status, &finding["level"]),
        (0, &json!("skipped"), &json!("note")),
        "{finding}"
    );
    git(&["-C", "whole", "tag", "v1.0.0"]);
    // A break, in clones that do not have the tag.
    place.library("whole", "1.0.1", "pub fn g() {}");
    git(&["-C", "whole", "commit", "--quiet", "-a", "-m", "two"]);
    let url = format!("file://{}", place.path("whole").display());
    git(&[
        "clone",
        "--quiet",
        "--depth",
        "1",
        "--no-tags",
        &url,
        "shallow",
    ]);
    let (code, status, finding) = judge("shallow", &[]);
    assert_eq!((code, &status), (101, &json!("error")), "{finding}");
    assert!(
        finding["help"]
            .as_str()
            .unwrap()
            .contains("git fetch --unshallow --tags"),
        "{finding}"
    );
    // Anyone who names a baseline is not stopped.
    let (code, _, finding) = judge(
        "shallow",
        &["--against", place.path("shallow").to_str().unwrap()],
    );
    assert_eq!(code, 0, "{finding}");
    // Nothing in a whole clone without tags tells it from a first release; that it was told to
    // leave them out is said.
    git(&["clone", "--quiet", "--no-tags", &url, "untagged"]);
    let (code, status, finding) = judge("untagged", &[]);
    assert_eq!(
        (code, &status, &finding["level"]),
        (0, &json!("skipped"), &json!("warn")),
        "{finding}"
    );
    assert!(
        finding["message"]
            .as_str()
            .unwrap()
            .contains("leaves out the tags of `origin`"),
        "{finding}"
    );
}

/// A registry that does not answer has not said that nothing was published.
#[test]
fn a_registry_out_of_reach_is_not_taken_for_a_first_release() {
    let place = Place::new();
    let manifest =
        "name = \"thing\"\nversion = \"1.0.0\"\nrepository = \"https://git.example.org/thing\"";
    place.package("thing", manifest, &[("src/lib.rs", "pub fn f() {}")]);
    let judge = |more: &[&str]| {
        let step = Step::new(env!("CARGO_BIN_EXE_cargo-compat"))
            .env("CARGO_HOME", place.path("cargo-home").as_os_str())
            .env("CARGO_HTTP_PROXY", "http://127.0.0.1:9")
            .env("CARGO_NET_RETRY", "0")
            .env("CARGO_TARGET_DIR", place.path("target").as_os_str())
            .env("GIT_CEILING_DIRECTORIES", place.0.path().as_os_str())
            .current_dir(place.path("thing"))
            .args(more);
        let rustup = std::env::var_os("RUSTUP_HOME").or_else(|| {
            Some(
                PathBuf::from(std::env::var_os("HOME")?)
                    .join(".rustup")
                    .into_os_string(),
            )
        });
        let step = rustup
            .into_iter()
            .fold(step, |step, folder| step.env("RUSTUP_HOME", folder));
        let ran = Runner::new().run(step).unwrap();
        (ran.status.code().unwrap(), ran.stderr_text())
    };

    let (code, said) = judge(&[]);
    assert!(code == 101 && said.contains("--against"), "{said}");
    assert_eq!(judge(&["--offline"]).0, 0);
}
