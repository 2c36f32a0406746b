//! A folder with a database and projects in it, and what the program says of them.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

/// 2026-01-01.
const TODAY: &str = "1767225600";

/// A folder of its own.
pub(super) struct Place {
    pub(super) dir: TempDir,
}

/// A call that ended.
pub(super) struct Ran {
    pub(super) code: i32,
    /// What it printed, where that is JSON.
    pub(super) json: Value,
    /// All that it printed.
    pub(super) text: String,
}

impl Ran {
    /// The rules of its findings, sorted.
    pub(super) fn rules(&self) -> Vec<&str> {
        let mut rules: Vec<&str> = self
            .findings()
            .iter()
            .map(|finding| finding["rule"].as_str().unwrap())
            .collect();
        rules.sort_unstable();
        rules
    }

    /// The help of the first finding of a rule.
    pub(super) fn help(&self, rule: &str) -> &str {
        let found = self
            .findings()
            .iter()
            .find(|finding| finding["rule"] == rule);
        found.unwrap()["help"].as_str().unwrap()
    }

    fn findings(&self) -> &[Value] {
        self.json["findings"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", self.text))
    }
}

impl Place {
    pub(super) fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// A package, with its library.
    pub(super) fn package(&self, folder: &str, name: &str, version: &str, more: &str) {
        self.write(
            &format!("{folder}/Cargo.toml"),
            &format!(
                "[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2024\"\n{more}"
            ),
        );
        self.write(&format!("{folder}/src/lib.rs"), "");
    }

    pub(super) fn cargo(&self, folder: &str, args: &[&str]) {
        let step = Step::cargo().args(args).current_dir(self.path(folder));
        Runner::new().run(step).unwrap().success().unwrap();
    }

    /// Makes a repository of a folder, with all that is in it.
    pub(super) fn commit(&self, folder: &str) {
        let author = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        for args in [
            &["init", "-q", "."][..],
            &["add", "-A"],
            &[&author[..], &["commit", "-qm", "x"]].concat(),
        ] {
            let step = Step::new("git").args(args).current_dir(self.path(folder));
            Runner::new().run(step).unwrap().success().unwrap();
        }
    }

    /// Calls the program in a folder.
    pub(super) fn run(&self, folder: &str, args: &[&str]) -> Ran {
        self.run_with(folder, args, &[])
    }

    pub(super) fn run_with(&self, folder: &str, args: &[&str], variables: &[(&str, &Path)]) -> Ran {
        let mut step = Step::new(env!("CARGO_BIN_EXE_cargo-sbom-lite"))
            .current_dir(self.path(folder))
            .env("RELEASE_GATES_TODAY", TODAY)
            .env("CARGO_NET_OFFLINE", "true")
            .env("GIT_CEILING_DIRECTORIES", self.dir.path().parent().unwrap())
            .env("CARGO_TARGET_DIR", self.path("target"));
        for (name, value) in variables {
            step = step.env(name, value);
        }
        let step = step.args(args).args(["--message-format", "json"]);
        let ran = Runner::new().run(step).unwrap();
        let stdout = String::from_utf8_lossy(&ran.stdout).into_owned();
        Ran {
            code: ran.status.code().unwrap_or(-1),
            json: serde_json::from_str(&stdout).unwrap_or(Value::Null),
            text: format!("{stdout}\n{}", ran.stderr_text()),
        }
    }
}
