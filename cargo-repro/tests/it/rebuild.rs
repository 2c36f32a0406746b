//! `cargo repro rebuild` of a project that means no good, and what it says when all came out the
//! same and when not.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

use crate::fixture;

/// What is done to a published buildinfo.
type Change<'a> = &'a dyn Fn(&mut Value);

/// A repository, and beside it somebody's home folder.
struct Stranger {
    dir: TempDir,
}

impl Stranger {
    /// A project whose configuration and build script look for the caller's secrets and leave files
    /// outside.
    fn new(more: &[(&str, &str)]) -> Self {
        let this = Self {
            dir: tempfile::Builder::new()
                .prefix("rebuild-")
                .tempdir()
                .unwrap(),
        };
        let home = this.home().to_str().unwrap().to_owned();
        let info = this.buildinfo().to_str().unwrap().to_owned();
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
             fs::read(entry.path().join(\"cmdline\")).is_ok_and(|line| String::from_utf8_lossy(&line).contains(\"{info}\"))\n    \
             }});\n    assert_eq!(callers.count(), 0, \"the caller's process was seen\");\n}}\n"
        );
        let wrapper =
            format!("#!/bin/sh\necho x > '{home}/left-by-wrapper' 2>/dev/null\nexec \"$@\"\n");
        let files: [(&str, &str); 6] = [
            (
                "Cargo.toml",
                "[package]\nname = \"demo\"\nversion = \"1.2.3\"\nedition = \"2024\"\n",
            ),
            ("src/main.rs", "fn main() { println!(\"demo 1.2.3\"); }\n"),
            (".gitignore", "target\n"),
            (
                ".cargo/config.toml",
                "[build]\nrustc-wrapper = \"./wrapper.sh\"\n",
            ),
            ("wrapper.sh", &wrapper),
            ("build.rs", &script),
        ];
        for (path, text) in files.iter().chain(more) {
            let path = this.root().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        std::fs::create_dir_all(this.home()).unwrap();
        let succeed = |program: &str, args: &[&str]| {
            let finished = this.run(program, args);
            assert!(
                finished.is_success(),
                "{program}: {}",
                finished.stderr_text()
            );
        };
        succeed("chmod", &["+x", "wrapper.sh"]);
        succeed("cargo", &["generate-lockfile", "--offline"]);
        fixture::git(|args| this.run("git", args), fixture::COMMIT);
        succeed(
            PROGRAM,
            &["build", "--offline", "--artifact-dir", "../published"],
        );
        // The caller's secrets, and nothing left from before.
        for (path, text) in [
            (".ssh/id_ed25519", "canary"),
            (".cargo/credentials.toml", "canary"),
        ] {
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
        let real = std::env::var_os("HOME")
            .map(PathBuf::from)
            .unwrap_or_default();
        let rustup =
            std::env::var_os("RUSTUP_HOME").map_or_else(|| real.join(".rustup"), PathBuf::from);
        // What lies there comes before the system's programs.
        let path = std::env::var_os("PATH").unwrap_or_default();
        let path =
            std::iter::once(self.dir.path().join("programs")).chain(std::env::split_paths(&path));
        let step = Step::new(program)
            .env("PATH", std::env::join_paths(path).unwrap())
            .args(args)
            .current_dir(self.root())
            .env("CARGO_HOME", self.home().join(".cargo"))
            .env("RUSTUP_HOME", rustup)
            .env("HOME", self.home())
            .env("SSH_AUTH_SOCK", self.home().join("agent"))
            .env("A_TOKEN", "canary")
            .env(
                "MINE",
                if program == PROGRAM && args[0] == "rebuild" {
                    "another"
                } else {
                    "published"
                },
            )
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

    /// The published buildinfo with something changed in it.
    fn claim(&self, change: impl FnOnce(&mut Value)) {
        let kept = self.dir.path().join("buildinfo.json");
        if !kept.exists() {
            std::fs::copy(self.buildinfo(), &kept).unwrap();
        }
        let mut info: Value = serde_json::from_slice(&std::fs::read(kept).unwrap()).unwrap();
        change(&mut info);
        std::fs::write(self.buildinfo(), info.to_string()).unwrap();
        std::fs::create_dir_all(self.statement().parent().unwrap()).unwrap();
        std::fs::write(self.statement(), "{}").unwrap();
    }

    fn statement(&self) -> PathBuf {
        self.dir.path().join("facts/demo-1.2.3/rebuild.intoto.json")
    }
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");

fn digest(path: &Path) -> String {
    release_gate::digest::sha256_file(path)
        .unwrap()
        .0
        .to_string()
}

#[test]
fn strangers_reach_nothing_and_only_what_is_identical_is_stated() {
    let stranger = Stranger::new(&[]);
    let (code, report, stderr) = stranger.rebuild(&[]);
    if stderr.contains("in reach") {
        // No namespaces here: that is said, and the key is found.
        assert_eq!(code, Some(101), "{stderr}");
        return;
    }
    assert_eq!(
        (code, &report["status"]),
        (Some(0), &"pass".into()),
        "{report:#} {stderr}"
    );
    for name in ["left-by-script", "left-by-wrapper"] {
        assert!(!stranger.home().join(name).exists(), "{name}");
    }

    let statement: Value =
        serde_json::from_slice(&std::fs::read(stranger.statement()).unwrap()).unwrap();
    let program = stranger.dir.path().join("published/demo-1.2.3/artifacts");
    let target = std::fs::read_dir(&program)
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .file_name()
        .into_string()
        .unwrap();
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(
        statement["predicateType"],
        "urn:release-gate:independent-rebuild:v1"
    );
    let subject = serde_json::json!([
        { "name": format!("artifacts/{target}/demo"), "digest": { "sha256": digest(&program.join(&target).join("demo")) } }
    ]);
    assert_eq!(statement["subject"], subject);
    assert_eq!(statement["predicate"]["verdict"], "identical");
    assert_eq!(
        statement["predicate"]["buildinfo"]["sha256"],
        digest(&stranger.buildinfo())
    );
    assert_eq!(statement["predicate"]["commit"], report["data"]["commit"]);

    // The published file is another one than buildinfo.json says: nothing is stated, and the old
    // statement is gone.
    let published = stranger.dir.path().join("published/demo-1.2.3");
    let file = program.join(&target).join("demo");
    let (bytes, info) = (
        std::fs::read(&file).unwrap(),
        std::fs::read_to_string(stranger.buildinfo()).unwrap(),
    );
    std::fs::write(&file, [&bytes[..], b"x"].concat()).unwrap();
    let (code, report, stderr) = stranger.rebuild(&["--artifacts", published.to_str().unwrap()]);
    assert_eq!(
        (code, &report["data"]["verified"]),
        (Some(100), &false.into()),
        "{report:#} {stderr}"
    );
    assert!(!stranger.statement().exists());

    // buildinfo.json names another digest than the commit gives; and what cannot be judged states
    // nothing either.
    std::fs::write(&file, bytes).unwrap();
    std::fs::write(
        stranger.buildinfo(),
        info.replace(&digest(&file), &"0".repeat(64)),
    )
    .unwrap();
    let (code, report, stderr) = stranger.rebuild(&[]);
    assert_eq!(
        (code, &report["data"]["verified"]),
        (Some(100), &false.into()),
        "{report:#} {stderr}"
    );
    std::fs::create_dir_all(stranger.statement().parent().unwrap()).unwrap();
    std::fs::write(stranger.statement(), "{}").unwrap();
    std::fs::write(
        stranger.root().join("rust-toolchain.toml"),
        "[toolchain]\npath = \"evil\"\n",
    )
    .unwrap();
    let (code, _, stderr) = stranger.rebuild(&[]);
    assert!(
        code == Some(101) && stderr.contains("compiler of the project's own"),
        "{stderr}"
    );
    assert!(!stranger.statement().exists());
}

#[test]
fn nothing_a_buildinfo_claims_is_taken_on_trust() {
    let stranger = Stranger::new(&[
        ("src/bin/other.rs", "fn main() {}\n"),
        (
            "release-gates.toml",
            "[repro]\npass-env = [\"MINE\", \"RUSTFLAGS\"]\n",
        ),
    ]);
    // What cannot be judged is said before anything is built, and an earlier statement is gone.
    let refused: [(&str, Change<'_>); 9] = [
        ("`RUSTFLAGS`", &|info| {
            info["data"]["environment"]["RUSTFLAGS"] = "--cfg backdoor".into()
        }),
        ("`OTHER`", &|info| {
            info["data"]["environment"]["OTHER"] = "x".into()
        }),
        ("no artifact", &|info| {
            info["data"]["artifacts"] = Value::Array(Vec::new())
        }),
        ("twice", &|info| {
            let first = info["data"]["artifacts"][0].clone();
            info["data"]["artifacts"]
                .as_array_mut()
                .unwrap()
                .push(first);
        }),
        ("did not pass", &|info| info["status"] = "fail".into()),
        ("did not pass", &|info| info["status"] = "error".into()),
        ("names the target", &|info| {
            info["subject"]["targets"] = serde_json::json!(["--config=build.rustflags='-g'#.json"])
        }),
        ("names the artifact", &|info| {
            info["data"]["artifacts"][0]["path"] = "../../x".into()
        }),
        ("uncommitted", &|info| info["data"]["dirty"] = true.into()),
    ];
    for (what, change) in refused {
        stranger.claim(change);
        let (code, _, stderr) = stranger.rebuild(&[]);
        assert!(
            code == Some(101) && stderr.contains(what),
            "{what}: {code:?} {stderr}"
        );
        assert!(!stranger.statement().exists(), "{what}");
    }
    let victim = stranger.dir.path().join("victim-1");
    std::fs::create_dir_all(&victim).unwrap();
    std::fs::write(victim.join("rebuild.intoto.json"), "kept").unwrap();
    stranger.claim(|info| {
        info["subject"]["package"] = "../victim".into();
        info["subject"]["version"] = "1".into();
    });
    let (code, _, stderr) = stranger.rebuild(&[]);
    assert!(
        code == Some(101) && stderr.contains("of the package"),
        "{stderr}"
    );
    assert_eq!(
        std::fs::read_dir(&victim).unwrap().count(),
        1,
        "nothing was written or removed there"
    );

    // Claims that are false are found, and nothing is stated.
    let zero = "0".repeat(64);
    stranger.claim(|info| {
        info["subject"]["version"] = "9.9.9".into();
        for name in ["source_sha256", "lock_sha256"] {
            info["data"][name] = zero.as_str().into();
        }
        info["data"]["source_date_epoch"] = 1.into();
        info["data"]["environment"]["LANG"] = "x".into();
        info["data"]["dependencies"] =
            serde_json::json!([{ "name": "a", "version": "1.0.0", "source": "b", "checksum": null }]);
        info["data"]["artifacts"].as_array_mut().unwrap().pop();
    });
    let (code, report, stderr) =
        stranger.rebuild(&["--warn", "inputs-differ", "--warn", "rebuild-differs"]);
    assert_eq!(
        (code, &report["data"]["verified"]),
        (Some(0), &false.into()),
        "{report:#} {stderr}"
    );
    let found = report["findings"].as_array().unwrap();
    let of = |rule: &str| {
        found
            .iter()
            .filter(|finding| finding["rule"] == rule)
            .count()
    };
    assert_eq!(
        (of("inputs-differ"), of("rebuild-differs")),
        (6, 1),
        "{report:#}"
    );
    assert_eq!(report["subject"]["version"], "1.2.3");
    assert!(!stranger.statement().exists());

    // Without namespaces, where that is denied, nothing of the project runs.
    stranger.claim(|_| ());
    let programs = stranger.dir.path().join("programs");
    std::fs::create_dir_all(&programs).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("/bin/false", programs.join("unshare")).unwrap();
    let (code, _, stderr) = stranger.rebuild(&["--deny", "not-guarded"]);
    assert!(
        code == Some(101) && stderr.contains("nothing was run"),
        "{stderr}"
    );
    assert!(!stranger.home().join("left-by-script").exists() && !stranger.statement().exists());
    std::fs::remove_dir_all(programs).unwrap();

    // What the commit hands on has the published value, and is stated with everything else that was
    // found here.
    stranger.claim(|_| ());
    let (code, report, stderr) = stranger.rebuild(&[]);
    if stderr.contains("in reach") {
        return;
    }
    assert_eq!(
        (code, &report["data"]["verified"]),
        (Some(0), &true.into()),
        "{report:#} {stderr}"
    );
    let statement: Value =
        serde_json::from_slice(&std::fs::read(stranger.statement()).unwrap()).unwrap();
    let info: Value =
        serde_json::from_slice(&std::fs::read(stranger.buildinfo()).unwrap()).unwrap();
    assert_eq!(statement["predicate"]["environment"]["MINE"], "published");
    for (stated, said) in [
        ("environment", "environment"),
        ("sourceSha256", "source_sha256"),
        ("lockSha256", "lock_sha256"),
        ("sourceDateEpoch", "source_date_epoch"),
    ] {
        assert_eq!(
            statement["predicate"][stated], info["data"][said],
            "{stated}"
        );
    }
    assert_eq!(statement["subject"].as_array().unwrap().len(), 2);
    stranger.claim(|info| info["status"] = "fail".into());
    let finished = stranger.run(
        PROGRAM,
        &[
            "compare",
            "../buildinfo.json",
            "../published/demo-1.2.3/buildinfo.json",
        ],
    );
    assert_eq!(
        finished.status.code(),
        Some(101),
        "{}",
        finished.stderr_text()
    );
}

/// A program that came with nothing but the name of its tag is built again, and compared.
#[test]
fn a_program_without_a_buildinfo_is_built_from_its_tag() {
    let stranger = Stranger::new(&[]);
    fixture::git(
        |args| stranger.run("git", args),
        &[&["tag", "-m", "v1.2.3", "v1.2.3"]],
    );
    let info: Value =
        serde_json::from_slice(&std::fs::read(stranger.buildinfo()).unwrap()).unwrap();
    let path = info["data"]["artifacts"][0]["path"].as_str().unwrap();
    let published = stranger.buildinfo().parent().unwrap().join(path);
    let downloaded = stranger.dir.path().join("demo");
    std::fs::copy(&published, &downloaded).unwrap();

    let rebuild = |rev: &str| {
        let args = [
            "rebuild",
            "--artifact",
            "../demo",
            "--rev",
            rev,
            "--offline",
            "--message-format",
            "json",
            "--artifact-dir",
            "../facts",
        ];
        let finished = stranger.run(PROGRAM, &args);
        let report: Value = serde_json::from_slice(&finished.stdout).unwrap_or_default();
        (finished.status.code(), report, finished.stderr_text())
    };
    let (code, report, stderr) = rebuild("v1.2.3");
    assert_eq!(code, Some(0), "{report:#} {stderr}");
    assert_eq!(report["data"]["verified"], true);
    assert_eq!(
        report["data"]["artifacts"][0]["sha256"],
        serde_json::json!([digest(&downloaded), digest(&downloaded)])
    );
    assert!(!stranger.home().join("left-by-script").exists());

    // Another text of the same length in the program.
    let bytes = std::fs::read(&published).unwrap();
    let at = bytes
        .windows(10)
        .position(|part| part == b"demo 1.2.3")
        .unwrap();
    let mut other = bytes.clone();
    other[at..at + 10].copy_from_slice(b"evil 1.2.3");
    std::fs::write(&downloaded, other).unwrap();
    let (code, report, _) = rebuild("v1.2.3");
    assert_eq!(code, Some(100), "{report:#}");
    assert_eq!(report["data"]["verified"], false);
    let differs = &report["findings"][0];
    assert_eq!(differs["rule"], "rebuild-differs", "{report:#}");
    assert!(
        differs["help"].as_str().unwrap().contains(".rodata"),
        "{report:#}"
    );

    // Another compiler's commit in it.
    let commit = bytes
        .windows(7)
        .position(|part| part == b"/rustc/")
        .unwrap()
        + 7;
    let mut older = bytes.clone();
    while let Some(at) = older
        .windows(40)
        .position(|part| part == &bytes[commit..commit + 40])
    {
        older[at..at + 40].copy_from_slice(&[b'1'; 40]);
    }
    let version = older.windows(14).position(|part| part == b"rustc version ");
    if let Some(at) = version {
        older[at + 14..at + 19].copy_from_slice(b"1.2.3");
    }
    std::fs::write(&downloaded, older).unwrap();
    let (code, report, _) = rebuild("v1.2.3");
    assert_eq!(code, Some(100), "{report:#}");
    let toolchain = report["data"]["toolchain"][0].as_str().unwrap();
    assert!(toolchain.starts_with("rustc: "), "{toolchain}");

    let (code, _, stderr) = rebuild("v9");
    assert_eq!(code, Some(101));
    assert!(stderr.contains("`v9` is not a revision"), "{stderr}");
}
