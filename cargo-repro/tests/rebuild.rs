//! `cargo repro rebuild` of a project that means no good, and what it says when all came out the same and when not.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

/// A repository, and beside it somebody's home folder.
struct Stranger {
    dir: TempDir,
}

impl Stranger {
    /// A project whose configuration and build script look for the caller's secrets and leave files outside.
    fn new() -> Self {
        let this = Self { dir: tempfile::Builder::new().prefix("rebuild-").tempdir().unwrap() };
        let home = this.home().to_str().unwrap().to_owned();
        let script = format!(
            "use std::fs;\nfn main() {{\n    \
             assert!(fs::read(\"{home}/.ssh/id_ed25519\").is_err(), \"the key was read\");\n    \
             assert!(fs::read(\"{home}/.cargo/credentials.toml\").is_err(), \"the token was read\");\n    \
             assert!(std::env::var_os(\"SSH_AUTH_SOCK\").is_none() && std::env::var_os(\"A_TOKEN\").is_none());\n    \
             let _ = fs::write(\"{home}/left-by-script\", \"x\");\n    \
             if fs::metadata(\"{home}\").is_err() {{\n        \
             for (program, args) in [(\"umount\", &[\"-l\", \"/usr\"][..]), (\"mount\", &[\"-o\", \"remount,bind,rw\", \"/usr\"])] {{\n            \
             let _ = std::process::Command::new(program).args(args).output();\n            \
             assert!(fs::write(\"/usr/left-by-script\", \"x\").is_err(), \"the system was written to\");\n        \
             assert!(fs::OpenOptions::new().write(true).open(\"/proc/sys/kernel/core_pattern\").is_err(), \"the kernel could be set\");\n        \
             }}\n    }}\n    \
             let callers = fs::read_dir(\"/proc\").unwrap().flatten().filter(|entry| {{\n        \
             fs::read(entry.path().join(\"cmdline\")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(\"--buildinfo\"))\n    \
             }});\n    assert_eq!(callers.count(), 0, \"the caller's process was seen\");\n}}\n"
        );
        let wrapper = format!("#!/bin/sh\necho x > '{home}/left-by-wrapper' 2>/dev/null\nexec \"$@\"\n");
        let files: [(&str, &str); 6] = [
            ("Cargo.toml", "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2024\"\n"),
            ("src/main.rs", "fn main() { println!(\"demo 1.2.3\"); }\n"),
            (".gitignore", "target\n"),
            (".cargo/config.toml", "[build]\nrustc-wrapper = \"./wrapper.sh\"\n"),
            ("wrapper.sh", &wrapper),
            ("build.rs", &script),
        ];
        for (path, text) in files {
            let path = this.root().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(this.home()).unwrap();
        let calls: [(&str, &[&str]); 6] = [
            ("chmod", &["+x", "wrapper.sh"]),
            ("cargo", &["generate-lockfile", "--offline"]),
            ("git", &["init", "-q"]),
            ("git", &["add", "-A"]),
            (
                "git",
                &[
                    "-c",
                    "user.name=x",
                    "-c",
                    "user.email=x@example.org",
                    "-c",
                    "commit.gpgsign=false",
                    "commit",
                    "-q",
                    "-m",
                    "x",
                ],
            ),
            (PROGRAM, &["build", "--offline", "--artifact-dir", "../published"]),
        ];
        for (program, args) in calls {
            let finished = this.run(program, args);
            assert!(finished.is_success(), "{program}: {}", finished.stderr_text());
        }
        // The caller's secrets, and nothing left from before.
        for (path, text) in [(".ssh/id_ed25519", "canary"), (".cargo/credentials.toml", "canary")] {
            let path = this.home().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        for name in ["left-by-script", "left-by-wrapper"] {
            let _ = std::fs::remove_file(this.home().join(name));
        }
        this
    }

    fn home(&self) -> PathBuf {
        self.dir.path().join("home")
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("repository")
    }

    fn buildinfo(&self) -> PathBuf {
        self.dir.path().join("published/demo-1.2.3/buildinfo.json")
    }

    fn run(&self, program: &str, args: &[&str]) -> Finished {
        let real = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let rustup = std::env::var_os("RUSTUP_HOME").map_or_else(|| real.join(".rustup"), PathBuf::from);
        let step = Step::new(program)
            .args(args)
            .current_dir(self.root())
            .env("CARGO_HOME", self.home().join(".cargo"))
            .env("RUSTUP_HOME", rustup)
            .env("HOME", self.home())
            .env("SSH_AUTH_SOCK", self.home().join("agent"))
            .env("A_TOKEN", "canary")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("CARGO_TARGET_DIR");
        Runner::new().run(step).unwrap()
    }

    fn rebuild(&self, more: &[&str]) -> (Option<i32>, Value, String) {
        let buildinfo = self.buildinfo();
        let args = [
            "rebuild",
            "--buildinfo",
            buildinfo.to_str().unwrap(),
            "--offline",
            "--message-format",
            "json",
            "--artifact-dir",
            "../facts",
        ];
        let finished = self.run(PROGRAM, &[&args[..], more].concat());
        let report = serde_json::from_slice(&finished.stdout).unwrap_or_default();
        (finished.status.code(), report, finished.stderr_text())
    }

    fn statement(&self) -> PathBuf {
        self.dir.path().join("facts/demo-1.2.3/rebuild.intoto.json")
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");

fn digest(path: &Path) -> String {
    release_gate::digest::sha256_file(path).unwrap().0.to_string()
}

#[test]
fn strangers_reach_nothing_and_only_what_is_identical_is_stated() {
    let stranger = Stranger::new();
    let (code, report, stderr) = stranger.rebuild(&[]);
    if stderr.contains("in reach") {
        // No namespaces here: that is said, and the key is found.
        assert_eq!(code, Some(101), "{stderr}");
        return;
    }
    assert_eq!((code, &report["status"]), (Some(0), &"pass".into()), "{report:#} {stderr}");
    for name in ["left-by-script", "left-by-wrapper"] {
        assert!(!stranger.home().join(name).exists(), "{name}");
    }

    let statement: Value = serde_json::from_slice(&std::fs::read(stranger.statement()).unwrap()).unwrap();
    let program = stranger.dir.path().join("published/demo-1.2.3/artifacts");
    let target =
        std::fs::read_dir(&program).unwrap().next().unwrap().unwrap().file_name().into_string().unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(statement["predicateType"], "urn:release-gate:independent-rebuild:v1");
    let subject = serde_json::json!([
        { "name": format!("artifacts/{target}/demo"), "digest": { "sha256": digest(&program.join(&target).join("demo")) } }
    ]);
    assert_eq!(statement["subject"], subject);
    assert_eq!(statement["predicate"]["verdict"], "identical");
    assert_eq!(statement["predicate"]["buildinfo"]["sha256"], digest(&stranger.buildinfo()));
    assert_eq!(statement["predicate"]["commit"], report["data"]["commit"]);

    // The published file is another one than buildinfo.json says: nothing is stated, and the old statement is gone.
    let published = stranger.dir.path().join("published/demo-1.2.3");
    let file = program.join(&target).join("demo");
    let (bytes, info) =
        (std::fs::read(&file).unwrap(), std::fs::read_to_string(stranger.buildinfo()).unwrap());
    std::fs::write(&file, [&bytes[..], b"x"].concat()).unwrap();
    let (code, report, stderr) = stranger.rebuild(&["--artifacts", published.to_str().unwrap()]);
    assert_eq!((code, &report["data"]["verified"]), (Some(100), &false.into()), "{report:#} {stderr}");
    assert!(!stranger.statement().exists());

    // buildinfo.json names another digest than the commit gives; and what cannot be judged states nothing either.
    std::fs::write(&file, bytes).unwrap();
    std::fs::write(stranger.buildinfo(), info.replace(&digest(&file), &"0".repeat(64))).unwrap();
    let (code, report, stderr) = stranger.rebuild(&[]);
    assert_eq!((code, &report["data"]["verified"]), (Some(100), &false.into()), "{report:#} {stderr}");
    std::fs::create_dir_all(stranger.statement().parent().unwrap()).unwrap();
    std::fs::write(stranger.statement(), "{}").unwrap();
    std::fs::write(stranger.root().join("rust-toolchain.toml"), "[toolchain]\npath = \"evil\"\n").unwrap();
    let (code, _, stderr) = stranger.rebuild(&[]);
    assert!(code == Some(101) && stderr.contains("compiler of the project's own"), "{stderr}");
    assert!(!stranger.statement().exists());
}
