//! The commands of the user guide, as they are written there.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use release_gate::process::{Runner, Step};

use super::fixture::*;

/// The commands of a page, one list a block.
fn blocks(page: &str) -> Vec<Vec<String>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .join("docs/sign")
        .join(page);
    let text = std::fs::read_to_string(path).unwrap();
    let found: Vec<Vec<String>> = text
        .split("```console\n")
        .skip(1)
        .map(|block| {
            let lines = block.split("```").next().unwrap().lines();
            lines
                .filter_map(|line| line.strip_prefix("$ "))
                .map(str::to_owned)
                .collect()
        })
        .collect();
    assert!(!found.is_empty(), "{page} has no commands");
    found
}

/// A folder with a project in it, whose folder `..` belongs to the test.
struct Place {
    outer: tempfile::TempDir,
    release: Release,
}

impl Place {
    fn new() -> Self {
        let outer = tempfile::tempdir().unwrap();
        let dir = tempfile::tempdir_in(outer.path()).unwrap();
        Self {
            release: Release::unpacked_in(dir, "1.0.0", SEED, &[]),
            outer,
        }
    }

    fn run(&self, folder: &Path, command: &str) {
        let program = PathBuf::from(env!("CARGO_BIN_EXE_cargo-sign"));
        let path = release_gates_tests::path_after([program.parent().unwrap().to_owned()]);
        let mut step = Step::new("sh")
            .args(["-c", command])
            .current_dir(folder)
            .env("PATH", path)
            .env("CARGO_NET_OFFLINE", "true")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("RELEASE_GATES_STATE_DIR", self.outer.path().join("state"));
        for name in ["GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME"] {
            step = step.env(name, "Ada");
        }
        for name in ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"] {
            step = step.env(name, "ada@example.org");
        }
        let ran = Runner::new().run(step).unwrap();
        assert!(ran.is_success(), "{command}: {}", ran.stderr_text());
    }

    /// Runs a page's commands in the project; before each block the project is built.
    fn follow(&self, page: &str) {
        for block in blocks(page) {
            self.release.build();
            for command in block {
                self.run(self.release.dir.path(), &command);
            }
        }
    }

    fn in_project(&self, command: &str) {
        self.run(self.release.dir.path(), command);
    }

    /// A key of this name beside the project.
    fn keygen(&self, name: &str, more: &str) {
        self.in_project(&format!(
            "cargo sign keygen --no-passphrase --out ../{name}.key {more}"
        ));
    }

    /// A committed key of alice's, and her keyring.
    fn with_keyring(&self) {
        self.keygen("alice", "--init");
        self.in_project("cargo sign keys init --key ../alice.key --name alice");
        self.in_project("git add . && git commit -qm 'chore: keys'");
    }
}

#[test]
fn a_first_release_is_signed() {
    let place = Place::new();
    place.follow("release.md");
    assert!(place.release.released().join("checksums.txt.sig").exists());
}

#[test]
fn a_library_is_released() {
    let place = Place::new();
    place.keygen("release", "--init");
    place.in_project("git add . && git commit -qm 'chore: key'");
    place.follow("library.md");
    assert!(place.release.released().join("demo-1.0.0.crate").exists());
}

#[test]
fn keys_are_made_and_kept() {
    Place::new().follow("keys.md");
}

#[test]
fn two_people_are_asked_for() {
    let place = Place::new();
    place.with_keyring();
    place.keygen("bob", "");
    place.follow("two-people.md");
}

#[test]
fn a_key_is_replaced() {
    let mut place = Place::new();
    place.with_keyring();
    place.follow("rotate.md");
    place.release.raise("1.1.0");
    place.in_project("git commit -qam 'chore: version'");
    place.release.build();
    place.in_project("cargo sign pack --key ../carol.key && cargo sign verify");
    place.in_project("! cargo sign pack --key ../alice.key");
}

#[test]
fn a_download_is_verified() {
    let place = Place::new();
    assert!(place.release.sign(&["pack"]).is_success());
    let outer = place.outer.path();
    std::fs::create_dir(outer.join("download")).unwrap();
    std::fs::create_dir(outer.join("trusted")).unwrap();
    lay_out(&outer.join("download"), &place.release.published());
    std::fs::copy(place.release.key("m.pub"), outer.join("trusted/demo.pub")).unwrap();
    for command in blocks("verify.md").concat() {
        place.run(outer, &command);
    }
    assert!(outer.join("app").read_dir().unwrap().next().is_some());
}

#[test]
fn a_download_is_verified_with_other_tools() {
    let tools = ["ssh-keygen", "sha256sum", "minisign", "openssl", "base64"];
    if !tools.into_iter().all(release_gates_tests::required) {
        return;
    }
    let place = Place::new();
    let seed = base64::engine::general_purpose::STANDARD.encode(SEED);
    std::fs::write(place.outer.path().join("seed"), seed).unwrap();
    place.in_project("chmod 600 ../seed");
    place.keygen("release", "--import ../seed --import-no-passphrase");
    place.release.build();
    place.in_project("cargo sign pack --key ../release.key");
    let download = place.outer.path().join("download");
    std::fs::create_dir(&download).unwrap();
    lay_out(&download, &place.release.published());
    for command in blocks("other-tools.md").concat() {
        place.run(&download, &command);
    }
}
