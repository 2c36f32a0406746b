//! What sealed builds keep out, obey, and write down, seen from outside.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};
use release_gates_tests::{required, skipped};
use serde_json::Value;
use tempfile::TempDir;

use crate::fixture;

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");
const MANIFEST: &str = "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2024\"\n";
const LOCK: &str = "version = 4\n\n[[package]]\nname = \"demo\"\nversion = \"1.0.0\"\n";
/// A program that prints what its build script left.
const SHOWS: &str =
    "fn main() { println!(\"{:?}\", include_bytes!(concat!(env!(\"OUT_DIR\"), \"/v\"))); }\n";

/// A repository, and a folder for temporary files.
struct Project {
    dir: TempDir,
    temporary: PathBuf,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::Builder::new()
            .prefix("sealed-")
            .tempdir()
            .unwrap();
        let temporary = dir.path().join("tmp");
        std::fs::create_dir_all(&temporary).unwrap();
        let this = Self { dir, temporary };
        let usual = [
            (".gitignore", "target\n"),
            ("Cargo.toml", MANIFEST),
            ("Cargo.lock", LOCK),
        ];
        for (path, text) in usual.iter().chain(files) {
            this.write(path, text);
        }
        fixture::git(|args| this.run("git", args), fixture::COMMIT);
        this
    }

    /// Writes a file; one with a line for an interpreter can be run.
    fn write(&self, path: &str, text: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        let path = self.root().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        if text.starts_with("#!") {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("demo")
    }

    fn step(&self, program: &str, args: &[&str]) -> Step {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let rustup = std::env::var_os("RUSTUP_HOME")
            .map_or_else(|| home.unwrap_or_default().join(".rustup"), PathBuf::from);
        Step::new(program)
            .args(args)
            .current_dir(self.root())
            .env("CARGO_HOME", self.dir.path().join("cargo-home"))
            .env("RUSTUP_HOME", rustup)
            .env("HOME", self.dir.path())
            .env("TMPDIR", &self.temporary)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env_remove("CARGO_TARGET_DIR")
    }

    fn run(&self, program: &str, args: &[&str]) -> Finished {
        std::fs::create_dir_all(self.root()).unwrap();
        Runner::new().run(self.step(program, args)).unwrap()
    }

    /// The report of a call, and its exit code.
    fn report(&self, step: Step) -> (Value, Option<i32>) {
        let finished = Runner::new().run(step).unwrap();
        let report = serde_json::from_slice(&finished.stdout)
            .unwrap_or_else(|_| panic!("no report: {}", finished.stderr_text()));
        (report, finished.status.code())
    }

    fn check(&self) -> (Value, Option<i32>) {
        self.report(self.step(PROGRAM, &["check", "--offline", "--message-format", "json"]))
    }

    fn build(&self) -> (Value, Option<i32>) {
        self.report(self.step(PROGRAM, &["build", "--offline", "--message-format", "json"]))
    }

    /// What the built program prints.
    fn prints(&self, report: &Value) -> String {
        let path = report["data"]["artifacts"][0]["path"].as_str().unwrap();
        let program = self
            .root()
            .join("target/release-gates/demo-1.0.0")
            .join(path);
        let finished = self.run(program.to_str().unwrap(), &[]);
        String::from_utf8_lossy(&finished.stdout).into_owned()
    }

    /// What lies in the folder for temporary files.
    fn left(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.temporary).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

/// Build scripts that write `v` into OUT_DIR.
fn leaves(value: &str) -> String {
    format!(
        "fn main() {{ let v = {{ {value} }}; std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/v\", v).unwrap(); }}\n"
    )
}

fn has_namespaces() -> bool {
    let step = Step::new("unshare").args(["--map-root-user", "--mount", "true"]);
    required("unshare") && Runner::new().run(step).is_ok_and(|done| done.is_success())
}

#[test]
fn a_wrapper_that_comes_through_include_is_obeyed() {
    let project = Project::new(&[
        (".cargo/config.toml", "include = [\"more.toml\"]\n"),
        (
            ".cargo/more.toml",
            "[build]\nrustc-wrapper = \"./.cargo/w.sh\"\n",
        ),
        (
            ".cargo/w.sh",
            "#!/bin/sh\nr=$1; shift\nexec \"$r\" --cfg hardened \"$@\"\n",
        ),
        (
            "src/main.rs",
            "#![allow(unexpected_cfgs)]\nfn main() { println!(\"hardened: {}\", cfg!(hardened)); }\n",
        ),
    ]);
    let (report, code) = project.build();
    assert_eq!(code, Some(0), "{report:#}");
    assert_eq!(project.prints(&report), "hardened: true\n");
}

#[test]
fn what_is_included_in_a_way_that_is_not_understood_is_refused() {
    let project = Project::new(&[
        (".cargo/config.toml", "include = { from = \"more.toml\" }\n"),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let (report, code) = project.build();
    assert_eq!(code, Some(101), "{report:#}");
}

#[test]
fn builds_do_not_meet_in_temporary_folders() {
    if !has_namespaces() {
        return;
    }
    let file = "/tmp/release-gates-test-shared";
    let value = format!(
        "if !std::path::Path::new({file:?}).exists() {{ std::fs::write({file:?}, format!(\"{{:?}}\", std::time::SystemTime::now())).unwrap(); }} std::fs::read({file:?}).unwrap()"
    );
    let project = Project::new(&[("build.rs", &leaves(&value)), ("src/main.rs", SHOWS)]);
    let (report, code) = project.check();
    assert_eq!(code, Some(100), "{report:#}");
    let cause = &report["data"]["causes"][0];
    assert_eq!(cause["variation"], "time", "{report:#}");
    assert_eq!(cause["unit"], "build-script");
    assert!(!Path::new(file).exists(), "nothing is left on the machine");
}

#[test]
fn permissions_of_sources_are_varied_with_the_umask() {
    let value = "use std::os::unix::fs::PermissionsExt; format!(\"{:o}\", std::fs::metadata(\"src/main.rs\").unwrap().permissions().mode())";
    let project = Project::new(&[("build.rs", &leaves(value)), ("src/main.rs", SHOWS)]);
    let (report, code) = project.check();
    assert_eq!(code, Some(100), "{report:#}");
    assert_eq!(
        report["data"]["causes"][0]["variation"], "umask",
        "{report:#}"
    );
}

#[test]
fn what_does_not_work_in_the_sandbox_is_not_said_to_be_varied() {
    let day = "(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs() / 86400).to_string()";
    let mut project = Project::new(&[("build.rs", &leaves(day)), ("src/main.rs", SHOWS)]);
    // The dynamic linker takes a space in the library's path for the end of it.
    project.temporary = project.dir.path().join("t p");
    std::fs::create_dir(&project.temporary).unwrap();
    let (report, code) = project.check();
    let varied = report["data"]["varied"].as_array().unwrap();
    let not_judged = report["coverage"]["not_judged"].as_array().unwrap();
    if !varied.contains(&"clock".into()) {
        let clock = not_judged.iter().find(|entry| entry["what"] == "clock");
        assert_eq!(clock.unwrap()["kind"], "variation", "{report:#}");
    } else {
        assert_eq!(code, Some(100), "{report:#}");
    }
}

#[test]
fn the_linker_that_ran_is_written_down() {
    if !required("cc") {
        return;
    }
    let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
    let fakes = project.dir.path().join("fakes");
    std::fs::create_dir(&fakes).unwrap();
    let path = std::env::var("PATH").unwrap();
    project.write("../fakes/ld", "#!/bin/sh\necho 'GNU ld (other) 9.99'\n");
    let step = project
        .step(PROGRAM, &["build", "--offline", "--message-format", "json"])
        .env("PATH", format!("{}:{path}", fakes.display()));
    let (report, code) = project.report(step);
    assert_eq!(code, Some(0), "{report:#}");

    let programs = report["data"]["toolchain"]["programs"].as_array().unwrap();
    let roles: Vec<&str> = programs
        .iter()
        .filter_map(|program| program["role"].as_str())
        .collect();
    assert!(
        roles.contains(&"linker") && roles.contains(&"c-compiler"),
        "{report:#}"
    );
    let text = report["data"]["toolchain"].to_string();
    assert!(
        !text.contains("9.99"),
        "what is only in PATH did not run: {text}"
    );
}

#[test]
fn a_failing_test_is_named_and_nothing_is_built() {
    let project = Project::new(&[
        ("src/main.rs", "fn main() {}\n"),
        (
            "tests/t.rs",
            "#[test]\nfn my_important_test() { assert_eq!(1, 2); }\n",
        ),
        (
            "release-gates.toml",
            "[repro]\nchecks = [\"cargo test --offline\", \"cargo never\"]\n",
        ),
    ]);
    let (report, code) = project.build();
    assert_eq!(code, Some(100), "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    assert_eq!(
        findings.len(),
        1,
        "the first that fails ends it: {report:#}"
    );
    let message = findings[0]["message"].as_str().unwrap();
    assert!(message.contains("`my_important_test`"), "{message}");
    assert_eq!(report["data"]["artifacts"], serde_json::json!([]));
}

/// Whether rustup has a nightly toolchain, whose cargo knows what stable ones do not yet.
fn has_nightly() -> bool {
    let listed = Runner::new().run(Step::new("rustup").args(["toolchain", "list"]));
    let has =
        listed.is_ok_and(|listed| String::from_utf8_lossy(&listed.stdout).contains("nightly"));
    if !has {
        skipped("rustup has no nightly toolchain");
        assert!(std::env::var_os("CI").is_none_or(|value| value != "true"));
    }
    has
}

/// A program and a library, under a profile.
fn with_profile(before: &str, profile: &str) -> Project {
    let manifest = format!(
        "{before}{MANIFEST}[dependencies]\ndep = {{ path = \"dep\" }}\n[workspace]\n[profile.release]\n{profile}"
    );
    let lock = format!(
        "{LOCK}dependencies = [\n \"dep\",\n]\n\n[[package]]\nname = \"dep\"\nversion = \"1.0.0\"\n"
    );
    Project::new(&[
        ("Cargo.toml", &manifest),
        ("Cargo.lock", &lock),
        ("dep/Cargo.toml", &MANIFEST.replace("demo", "dep")),
        (
            "dep/src/lib.rs",
            "#[inline(never)]\npub fn third(of: &[u8]) -> u8 { of[3] }\n",
        ),
        (
            "build.rs",
            "fn main() { println!(\"cargo::rustc-env=TRIM={}\", std::env::var(\"CARGO_TRIM_PATHS\").unwrap_or_default()); }\n",
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"<{}>\", env!(\"TRIM\")); if std::env::args().count() > 1 { println!(\"{}\", dep::third(&[])); } }\n",
        ),
    ])
}

fn has_finding(report: &Value, rule: &str) -> bool {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().any(|finding| finding["rule"] == rule)
}

/// Cargo's own mapping of folders is obeyed, told build scripts, and changes nothing about what
/// comes out equal.
#[test]
fn a_profile_that_trims_paths_is_as_equal_as_one_that_does_not() {
    if !has_nightly() {
        return;
    }
    for (profile, said) in [
        ("trim-paths = \"object\"\ndebug = 1\n", "<object>\n"),
        ("trim-paths = \"all\"\ndebug = 1\n", "<all>\n"),
        ("trim-paths = \"none\"\ndebug = 1\n", "<none>\n"),
    ] {
        let project = with_profile("cargo-features = [\"trim-paths\"]\n", profile);
        let call = |name: &str| {
            let args = [name, "--offline", "--message-format", "json"];
            project.report(
                project
                    .step(PROGRAM, &args)
                    .env("RUSTUP_TOOLCHAIN", "nightly"),
            )
        };
        let (report, code) = call("check");
        assert_eq!(code, Some(0), "{profile}{report:#}");
        assert_eq!(report["data"]["units"]["differing"], 0, "{report:#}");
        // What plain builds embed is said where they do.
        assert_eq!(
            has_finding(&report, "plain-build"),
            said == "<none>\n",
            "{report:#}"
        );

        let (built, _) = call("build");
        assert_eq!(project.prints(&built), said);
    }
}

#[test]
fn trimming_is_proposed_and_written_where_cargo_has_it() {
    let project = with_profile("", "debug = 1\n");
    let (report, code) = project.check();
    assert_eq!(code, Some(0), "{report:#}");
    assert!(has_finding(&report, "plain-build"), "{report:#}");

    let fixed = project.run(PROGRAM, &["fix", "--yes"]);
    assert!(fixed.is_success(), "{}", fixed.stderr_text());
    let wanted = "profile.release.trim-paths = \"object\"";
    assert!(
        fixed.stderr_text().contains(wanted),
        "{}",
        fixed.stderr_text()
    );
}

#[test]
fn settings_of_the_machine_are_named_and_not_used() {
    let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
    let step = project
        .step(PROGRAM, &["build", "--offline", "--message-format", "json"])
        .env("CARGO_PROFILE_RELEASE_LTO", "fat");
    let (report, code) = project.report(step);
    assert_eq!(code, Some(0), "{report:#}");
    let entries = report["coverage"]["not_judged"].as_array().unwrap();
    let named = entries
        .iter()
        .any(|entry| entry["what"] == "CARGO_PROFILE_RELEASE_LTO");
    assert!(named, "{report:#}");
}

#[test]
fn programs_for_this_processor_alone_are_a_finding() {
    let project = Project::new(&[
        (
            ".cargo/config.toml",
            "[build]\nrustflags = [\"-C\", \"target-cpu=native\"]\n",
        ),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    let (report, code) = project.build();
    assert_eq!(code, Some(100), "{report:#}");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "processor-dependent");
    assert_eq!(finding["evidence"]["source"], ".cargo/config.toml:2");
}

#[test]
fn a_killed_run_leaves_no_process_and_the_next_one_removes_its_folder() {
    if !has_namespaces() {
        return;
    }
    let sleeps = "std::process::Command::new(\"setsid\").args([\"sleep\", \"297\"]).spawn().unwrap(); std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/begun\", \"\").unwrap(); std::thread::sleep(std::time::Duration::from_secs(300)); \"\"";
    let project = Project::new(&[("build.rs", &leaves(sleeps)), ("src/main.rs", SHOWS)]);
    let script = "\"$@\" & pid=$!; n=0; while [ -z \"$(find \"$TMPDIR\" -name begun)\" ] && [ $n -lt 600 ]; do sleep 0.1; n=$((n + 1)); done; kill -KILL $pid; wait $pid; sleep 1; ! ps -eo args | grep -q '^sleep 297'";
    let words = ["-c", script, "shell", PROGRAM, "build", "--offline"];
    let finished = project.run("bash", &words);
    assert!(finished.is_success(), "{}", finished.stderr_text());
    assert_eq!(project.left().len(), 1, "the killed run's folder");

    // Whatever the next call finds out, the folder of the killed one is gone.
    project.write("build.rs", "fn main() {}\n");
    project.run(PROGRAM, &["build", "--offline", "--allow-dirty"]);
    assert_eq!(project.left(), Vec::<String>::new());
}

#[test]
fn checks_are_proposed_where_there_are_none() {
    let project = Project::new(&[("src/main.rs", "fn main() {}\n")]);
    let file = project.root().join("release-gates.toml");
    let shown = project.run(PROGRAM, &["init", "--dry-run"]);
    assert!(shown.is_success(), "{}", shown.stderr_text());
    assert!(shown.stderr_text().contains("cargo test --locked"));
    assert!(!file.exists());

    // Nobody can be asked, so nothing is written.
    let asked = project.run(PROGRAM, &["init"]);
    assert_eq!(asked.status.code(), Some(2), "{}", asked.stderr_text());
    assert!(!file.exists());

    let wrote = project.run(PROGRAM, &["init", "--yes"]);
    assert!(wrote.is_success(), "{}", wrote.stderr_text());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(
        text.contains("cargo clippy") && text.contains("cargo test"),
        "{text}"
    );

    let again = project.run(PROGRAM, &["init", "--yes"]);
    assert!(
        again.stderr_text().contains("Nothing"),
        "{}",
        again.stderr_text()
    );
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
