//! `templates/install.sh` installs what was signed with the key that stands in it, and nothing else.

#![cfg(all(target_os = "linux", target_arch = "x86_64"))]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gate::public_key::PublicKey;
use release_gates_tests::{Ran, TestEnv, fixtures, repository, required};

const ARCHIVE: &str = "demo-0.1.1-x86_64-unknown-linux-gnu.tar.gz";

/// A packed release of the demonstration, and its installer.
struct Release {
    env: TestEnv,
    published: PathBuf,
    script: PathBuf,
}

impl Release {
    fn new() -> Self {
        let env = TestEnv::new();
        let dir = env.project("demo", fixtures::DEMO);
        let key = env.path().join("release.key").display().to_string();
        for (tool, call) in [
            (
                "cargo-sign",
                &["keygen", "--no-passphrase", "--out", &key][..],
            ),
            ("cargo-repro", &["build", "--offline"]),
            ("cargo-sbom-lite", &["generate", "--offline"]),
            ("cargo-sign", &["pack", "--offline", "--key", &key]),
        ] {
            let ran = env.run(&dir, tool, call);
            assert_eq!(ran.code, 0, "{tool} {call:?}: {ran:#?}");
        }
        let public = std::fs::read_to_string(format!("{key}.pub")).unwrap();
        let script = env.path().join("install.sh");
        std::fs::write(&script, installer(&public)).unwrap();
        let published = dir.join("target/release-gates/demo-0.1.1/release");
        Self {
            env,
            published,
            script,
        }
    }

    /// A copy of the release that a test may spoil.
    fn copy(&self, name: &str) -> PathBuf {
        let copy = self.env.path().join(name);
        std::fs::create_dir(&copy).unwrap();
        for file in std::fs::read_dir(&self.published).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), copy.join(file.file_name())).unwrap();
        }
        copy
    }

    /// Installs from a folder; returns what the script said and where the program would be.
    fn install(&self, from: &Path, args: &[&str]) -> (Ran, PathBuf) {
        let to = tempfile::tempdir_in(self.env.path()).unwrap().keep();
        let step = self
            .env
            .step("sh")
            .arg(&self.script)
            .arg("--from")
            .arg(from)
            .arg("--to")
            .arg(&to)
            .args(args);
        (self.env.run_step(step), to.join("demo"))
    }

    fn refuses(&self, from: &Path, with: &str, why: &str) {
        let (ran, program) = self.install(from, &["--with", with]);
        assert_eq!(ran.code, 1, "{with}: {ran:#?}");
        assert!(ran.stderr.contains(why), "{with}: {ran:#?}");
        assert!(!program.exists(), "{with} installed what it refused");
        let left = std::fs::read_dir(program.parent().unwrap()).unwrap();
        assert_eq!(left.count(), 0, "{with} left something behind");
    }
}

/// The template with the demonstration's values in it.
fn installer(public: &str) -> String {
    let key = PublicKey::parse(public).unwrap();
    let signers = key.allowed_signers("maintainer");
    let pem = key.pem().unwrap();
    let template = std::fs::read_to_string(repository().join("templates/install.sh")).unwrap();
    template
        .replace("@NAME@", "demo")
        .replace("@VERSION@", "0.1.1")
        .replace("@URL@", "https://example.org/demo/releases/download/v0.1.1")
        .replace(
            "@SSH_KEY@",
            signers.trim().strip_prefix("maintainer ").unwrap(),
        )
        .replace("@MINISIGN_KEY@", &key.base64())
        .replace("@PEM_KEY@", pem.lines().nth(1).unwrap())
}

#[test]
fn the_installer_runs_what_was_signed_and_nothing_else() {
    let tools: Vec<&str> = ["ssh-keygen", "minisign", "openssl"]
        .into_iter()
        .filter(|tool| required(tool))
        .collect();
    let release = Release::new();

    let whole = release.copy("whole");
    for tool in &tools {
        let (ran, program) = release.install(&whole, &["--with", tool]);
        assert_eq!(ran.code, 0, "{tool}: {ran:#?}");
        let said = release.env.run_step(release.env.step(&program));
        assert_eq!(said.stdout, "3\n", "{tool}");
    }
    let (ran, program) = release.install(&whole, &[]);
    assert_eq!((ran.code, program.is_file()), (0, true), "{ran:#?}");

    let changed = release.copy("changed-archive");
    flip_a_bit(&changed.join(ARCHIVE));
    let listed = release.copy("changed-list");
    let list = listed.join("checksums.txt");
    let text = std::fs::read_to_string(&list).unwrap();
    std::fs::write(&list, text.replace('0', "1")).unwrap();
    let missing = release.copy("missing-signature");
    for signature in ["checksums.txt.sig", "checksums.txt.sshsig"] {
        std::fs::remove_file(missing.join(signature)).unwrap();
    }
    let other = Release::new();
    for tool in &tools {
        release.refuses(&changed, tool, "is not the file that was signed");
        release.refuses(&listed, tool, "does not accept the signature");
        release.refuses(&missing, tool, "there is no checksums.txt.s");
        release.refuses(&other.published, tool, "does not accept the signature");
    }
}

#[test]
fn what_the_installer_does_not_understand_is_usage() {
    let env = TestEnv::new();
    let script = repository().join("templates/install.sh");
    for args in [
        &["--elsewhere"][..],
        &["--to"],
        &["--with", "cat", "--from", "/nowhere"],
        &["--from", "http://example.org/demo"],
    ] {
        let ran = env.run_step(env.step("sh").arg(&script).args(args));
        assert_eq!(ran.code, 2, "{args:?}: {ran:#?}");
    }
    let help = env.run_step(env.step("sh").arg(&script).arg("--help"));
    assert_eq!(help.code, 0);
    assert!(help.stdout.starts_with("Installs ") && help.stdout.contains("--with TOOL"));
    assert!(!help.stdout.contains("set -eu"), "{}", help.stdout);
}

fn flip_a_bit(path: &Path) {
    let mut bytes = std::fs::read(path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(path, bytes).unwrap();
}
