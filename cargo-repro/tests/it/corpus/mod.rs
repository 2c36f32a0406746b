//! A corpus of causes: one tiny package each, all built by a single `check`, beside harmless twins
//! that have to stay green.
//!
//! Every case says which package, unit and variation the report has to name. Nothing here needs
//! the network.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use release_gate::process::{Finished, Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

mod cases;
use crate::fixture;

use cases::{CAUSES, Case, HARMLESS, PAIRS, Shape};

const RUN: &str = "#[allow(dead_code)]\nfn run(program: &str, arg: &str) -> String {\n    \
    let out = std::process::Command::new(program).arg(arg).output().unwrap();\n    \
    String::from_utf8(out.stdout).unwrap().trim().to_string()\n}\n";

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

const GENERATE: &str = "#[allow(dead_code)]\nfn generate(text: &str) {\n    \
    std::fs::write(format!(\"{}/generated.rs\", std::env::var(\"OUT_DIR\").unwrap()), text).unwrap();\n}\n";

fn manifest(name: &str, rest: &str) -> String {
    format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}")
}

/// A proc macro `said!` whose expression makes a string.
fn proc_macro(root: &Path, name: &str, said: &str) {
    let dir = root.join(name);
    write(
        &dir,
        "Cargo.toml",
        &manifest(name, "[lib]\nproc-macro = true\n"),
    );
    let body = format!(
        "#[proc_macro]\npub fn said(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
         let said: String = {said};\n    format!(\"{{said:?}}\").parse().unwrap()\n}}\n"
    );
    write(&dir, "src/lib.rs", &body);
}

fn package(root: &Path, case: &Case) {
    let name = case.name;
    let dir = root.join(name);
    for file in ["a", "b", "c", "d"] {
        write(&dir, &format!("data/{file}"), file);
    }
    write(&dir, "data/date.sh", "date -u -d @$SOURCE_DATE_EPOCH +%s\n");
    let crate_name = name.replace('-', "_");
    let depends = |on: &[&str]| {
        let lines = on
            .iter()
            .map(|on| format!("{on} = {{ path = \"../{on}\" }}\n"));
        format!("[dependencies]\n{}", lines.collect::<String>())
    };
    let mut rest = String::new();
    let script = |main: &str| write(&dir, "build.rs", &format!("{RUN}{GENERATE}{main}"));
    match &case.shape {
        Shape::Script(said) => {
            write(
                &dir,
                "src/lib.rs",
                "pub const SAID: &str = env!(\"SAID\");\n",
            );
            script(&format!(
                "fn main() {{\n    let said: String = {said};\n    println!(\"cargo::rustc-env=SAID={{said}}\");\n}}\n"
            ));
        }
        Shape::Build(main, lib) => {
            write(&dir, "src/lib.rs", lib);
            script(main);
        }
        Shape::Bin(main, program) => {
            write(&dir, "src/main.rs", program);
            script(main);
        }
        Shape::C(source, how) => {
            write(&dir, "part.c", source);
            write(
                &dir,
                "src/lib.rs",
                "unsafe extern \"C\" { fn said() -> *const core::ffi::c_char; }\npub fn one() -> bool { unsafe { !said().is_null() } }\n",
            );
            script(&format!(
                "fn main() {{\n    let out = std::env::var(\"OUT_DIR\").unwrap();\n    let object = format!(\"{{out}}/part.o\");\n    \
                 let source = std::env::current_dir().unwrap().join(\"part.c\");\n    \
                 assert!(std::process::Command::new(\"cc\").{how}.arg(\"-c\").arg(source).args([\"-o\", &object]).status().unwrap().success());\n    \
                 assert!(std::process::Command::new(\"ar\").args([\"crsD\", &format!(\"{{out}}/libc_part.a\"), &object]).status().unwrap().success());\n    \
                 println!(\"cargo::rustc-link-search=native={{out}}\");\n    println!(\"cargo::rustc-link-lib=static=c_part\");\n}}\n"
            ));
        }
        Shape::Lib(text) => write(&dir, "src/lib.rs", text),
        Shape::Macro(said) => {
            rest = depends(&[&format!("{name}-macro")]);
            write(
                &dir,
                "src/lib.rs",
                &format!("pub const SAID: &str = {crate_name}_macro::said!();\n"),
            );
            proc_macro(root, &format!("{name}-macro"), said);
        }
        Shape::MacroAndLib(said, text) => {
            rest = depends(&[&format!("{name}-macro")]);
            write(
                &dir,
                "src/lib.rs",
                &text.replace("MACRO", &format!("{crate_name}_macro::said!()")),
            );
            proc_macro(root, &format!("{name}-macro"), said);
        }
        Shape::TwoMacros(one, other) => {
            rest = depends(&[&format!("{name}-macro"), &format!("{name}-other-macro")]);
            let text = format!(
                "pub const SAID: &str = {crate_name}_macro::said!();\npub const OTHER: &str = {crate_name}_other_macro::said!();\n"
            );
            write(&dir, "src/lib.rs", &text);
            proc_macro(root, &format!("{name}-macro"), one);
            proc_macro(root, &format!("{name}-other-macro"), other);
        }
        Shape::Outside | Shape::OutsideProgram => {
            rest = format!(
                "[dependencies]\n{name}-dependency = {{ path = \"../../../elsewhere/{name}-dependency\" }}\n"
            );
            match case.shape {
                Shape::Outside => write(
                    &dir,
                    "src/lib.rs",
                    &format!("pub fn one() -> u8 {{ {crate_name}_dependency::one() }}\n"),
                ),
                _ => write(
                    &dir,
                    "src/main.rs",
                    &format!("fn main() {{ assert_eq!({crate_name}_dependency::one(), 1) }}\n"),
                ),
            }
            let other = root.join(format!("../../elsewhere/{name}-dependency"));
            write(
                &other,
                "Cargo.toml",
                &manifest(&format!("{name}-dependency"), ""),
            );
            write(
                &other,
                "src/lib.rs",
                "#[inline(never)]\npub fn one() -> u8 { 1 }\n",
            );
        }
    }
    write(&dir, "Cargo.toml", &manifest(name, &rest));
}

/// The corpus after its one check.
struct Checked {
    dir: TempDir,
    code: Option<i32>,
    stderr: String,
}

impl Checked {
    fn report(&self, package: &str) -> Value {
        let path = self
            .dir
            .path()
            .join(format!("facts/{package}-1.0.0/repro.json"));
        let bytes = std::fs::read(&path)
            .unwrap_or_else(|error| panic!("{package}: {error}\n{}", self.stderr));
        serde_json::from_slice(&bytes).unwrap()
    }
}

/// A program in the corpus's workspace, hermetic but for the toolchain and the registry's
/// downloads.
fn run(dir: &Path, program: &str, args: &[&str]) -> Finished {
    let real = std::env::var_os("HOME")
        .map(PathBuf::from)
        .unwrap_or_default();
    let or_default = |name: &str, folder: &str| {
        std::env::var_os(name).map_or_else(|| real.join(folder), PathBuf::from)
    };
    let step = Step::new(program)
        .args(args)
        .current_dir(dir.join("repository/corpus"))
        .env("CARGO_HOME", or_default("CARGO_HOME", ".cargo"))
        .env("RUSTUP_HOME", or_default("RUSTUP_HOME", ".rustup"))
        .env("HOME", dir)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env_remove("CARGO_TARGET_DIR");
    Runner::new().run(step).unwrap()
}

/// In the corpus's repository.
fn git(dir: &Path, calls: &[&[&str]]) {
    fixture::git(
        |args| run(dir, "git", &[&["-C", ".."], args].concat()),
        calls,
    );
}

fn corpus() -> &'static Checked {
    static CHECKED: OnceLock<Checked> = OnceLock::new();
    CHECKED.get_or_init(|| {
        let dir = tempfile::Builder::new()
            .prefix("corpus-")
            .tempdir()
            .unwrap();
        // The workspace is a folder of the repository, so that packages can lie outside the one and
        // inside the other.
        let root = dir.path().join("repository/corpus");
        for case in CAUSES.iter().chain(PAIRS).chain(HARMLESS) {
            package(&root.join("crates"), case);
        }
        write(
            &root,
            "Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n",
        );
        let finished = run(dir.path(), "cargo", &["generate-lockfile", "--offline"]);
        assert!(finished.is_success(), "{}", finished.stderr_text());
        // The build of a release as people have it, which knows a shallow history only.
        let workflow =
            "on: push\njobs:\n  release:\n    steps:\n      - uses: actions/checkout@v4\n";
        write(&root.join(".."), ".github/workflows/release.yml", workflow);
        git(
            dir.path(),
            &[
                &["init", "-q"],
                &["commit", "-q", "--allow-empty", "-m", "an empty house"],
            ],
        );
        git(dir.path(), fixture::COMMIT);
        git(dir.path(), &[&["tag", "-m", "opened", "v1"]]);
        check(dir, &[])
    })
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_cargo-repro");

/// Checks all packages but those that are left out.
fn check(dir: TempDir, left_out: &[&str]) -> Checked {
    let facts = dir.path().join("facts");
    let mut args = vec![
        "check",
        "--workspace",
        "--offline",
        "--artifact-dir",
        facts.to_str().unwrap(),
    ];
    args.extend(left_out.iter().flat_map(|name| ["--exclude", name]));
    let finished = run(dir.path(), PROGRAM, &args);
    Checked {
        code: finished.status.code(),
        stderr: finished.stderr_text(),
        dir,
    }
}

/// Whether this machine can vary what an case depends on; where it cannot, the report has to say
/// so.
fn all_varied(report: &Value, case: &Case) -> bool {
    let is = |what: &str| report["data"]["not_varied"].get(what).is_none();
    case.causes.iter().all(|(.., variation)| match *variation {
        "time" | "entropy" | "file-order" | "host" | "jobs" | "kernel" | "processor" | "none" => {
            is("clock") && is("file order") && is("host name")
        }
        "user-id" => is("user id"),
        _ => true,
    })
}

/// What is wrong with a report, as text; empty if nothing is.
fn wrong(corpus: &Checked, case: &Case, confirmed: &mut usize) -> String {
    let report = corpus.report(case.name);
    if !all_varied(&report, case) {
        *confirmed += case.causes.len();
        return String::new();
    }

    let causes = report["data"]["causes"].as_array().unwrap();
    let mut named: Vec<(String, String, String)> = causes
        .iter()
        .map(|cause| {
            let word = |key: &str| cause[key].as_str().unwrap_or_default().to_owned();
            (word("package"), word("unit"), word("variation"))
        })
        .collect();

    let mut expected: Vec<(String, String, String)> = case
        .causes
        .iter()
        .map(|(package, unit, variation)| {
            (
                format!("{}{package} 1.0.0", case.name),
                (*unit).to_owned(),
                (*variation).to_owned(),
            )
        })
        .collect();

    named.sort();
    expected.sort();
    *confirmed += causes
        .iter()
        .filter(|cause| cause["fix"]["confirmed"] == true)
        .count();

    let placed = causes
        .iter()
        .all(|cause| !(cause["source"].is_null() && cause["section"].is_null()));
    if report["status"] == "fail" && named == expected && placed {
        return String::new();
    }

    format!(
        "{}: {} {:#}\n",
        case.name, report["status"], report["data"]["causes"]
    )
}

fn all_named(cases: &[Case]) {
    let corpus = corpus();
    assert_eq!(corpus.code, Some(100), "{}", corpus.stderr);
    let mut confirmed = 0;
    let wrong: Vec<String> = cases
        .iter()
        .map(|case| wrong(corpus, case, &mut confirmed))
        .filter(|text| !text.is_empty())
        .collect();

    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        cases.len(),
        wrong.join("\n")
    );

    let causes: usize = cases.iter().map(|case| case.causes.len()).sum();
    let unconfirmed: Vec<&str> = cases
        .iter()
        .filter(|case| {
            let report = corpus.report(case.name);
            let causes = report["data"]["causes"].as_array().unwrap().clone();
            causes.iter().any(|cause| cause["fix"]["confirmed"] != true)
        })
        .map(|case| case.name)
        .collect();

    assert!(
        confirmed * 100 >= causes * 95,
        "only {confirmed} of {causes} fixes were tried with success: {unconfirmed:?}"
    );
}

#[test]
fn every_cause_is_found_with_its_package_unit_variation_place_and_a_fix_that_was_tried() {
    assert!(CAUSES.len() >= 40);
    all_named(CAUSES);
}

#[test]
fn both_causes_of_a_mixed_pair_are_named() {
    assert!(PAIRS.len() >= 10);
    all_named(PAIRS);
}

#[test]
fn harmless_twins_stay_green() {
    let corpus = corpus();
    let mut wrong = String::new();
    for case in HARMLESS {
        let report = corpus.report(case.name);
        let good = report["status"] == "pass"
            && report["data"]["units"]["differing"] == 0
            && report["data"]["causes"].as_array().unwrap().is_empty()
            && report["data"]["artifacts"].as_array().unwrap().len() == 1
            && (report["data"]["takes_epoch"].as_array().unwrap().len()
                == usize::from(case.name.contains("epoch-or-now"))
                || report["data"]["not_varied"].get("clock").is_some());
        if !good {
            wrong.push_str(&format!("{}: {report:#}\n", case.name));
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The step that `fix` wrote makes plain builds of an case the same that are not without it.
fn plain_builds_obey(workflow: &str, dir: &TempDir) {
    let epoch = dir.path().join("github-env");
    let step = workflow
        .lines()
        .find_map(|line| line.trim().strip_prefix("- run: "))
        .unwrap();
    let at = dir.path().join("repository/corpus");
    let finished = Runner::new()
        .run(
            Step::new("bash")
                .args(["-ec", step])
                .current_dir(&at)
                .env("GITHUB_ENV", &epoch),
        )
        .unwrap();
    assert!(finished.is_success(), "{}", finished.stderr_text());
    let line = std::fs::read_to_string(epoch).unwrap();
    let (name, value) = line.trim().split_once('=').unwrap();
    let built = |value: Option<&str>| {
        let target = dir.path().join("plain");
        let given = value.map_or_else(
            || format!("--unset={name}"),
            |value| format!("{name}={value}"),
        );
        let args = [
            "build",
            "--release",
            "--offline",
            "-p",
            "good-epoch-or-now",
            "--target-dir",
        ];
        let words = [&[&*given, "cargo"], &args[..], &[target.to_str().unwrap()]].concat();
        let finished = run(dir.path(), "env", &words);
        assert!(finished.is_success(), "{}", finished.stderr_text());
        let library = std::fs::read(target.join("release/libgood_epoch_or_now.rlib")).unwrap();
        std::fs::remove_dir_all(target).unwrap();
        library
    };
    assert!(built(Some(value)) == built(Some(value)), "{workflow}");
    assert!(built(None) != built(None));
}

/// Cases with causes.
fn broken() -> impl Iterator<Item = &'static Case> {
    CAUSES.iter().chain(PAIRS)
}

/// Whether nothing mends a case for certain: one processor makes an order of threads only likely.
fn is_race(case: &Case) -> bool {
    case.name.ends_with("-race")
}

/// What `fix` writes is committed and everything is checked again: whatever had a tried fix is
/// reproducible now.
#[test]
fn what_fix_writes_mends_every_case_it_is_written_for() {
    let corpus = corpus();
    let dir = tempfile::Builder::new()
        .prefix("mended-")
        .tempdir()
        .unwrap();
    let copied = run(
        corpus.dir.path(),
        "cp",
        &[
            "-a",
            "../../repository",
            "../../facts",
            dir.path().to_str().unwrap(),
        ],
    );
    assert!(copied.is_success(), "{}", copied.stderr_text());
    let facts = dir.path().join("facts");
    let facts = [
        "--workspace",
        "--offline",
        "--artifact-dir",
        facts.to_str().unwrap(),
    ];
    let fix = |more: &[&str]| run(dir.path(), PROGRAM, &[&["fix"], more, &facts].concat());
    let workspace = dir.path().join("repository/corpus");

    let nobody = fix(&[]);
    assert_eq!(
        nobody.status.code(),
        Some(2),
        "nobody can be asked: {}",
        nobody.stderr_text()
    );
    assert!(fix(&["--dry-run"]).is_success() && !workspace.join("release-gates.toml").exists());
    let mut written = fix(&["--yes", "--toolchain"]);
    if written.stderr_text().contains("which toolchain") {
        // Only releases can be named.
        written = fix(&["--yes"]);
    } else {
        assert!(
            workspace.join("rust-toolchain.toml").exists(),
            "{}",
            written.stderr_text()
        );
    }
    assert!(written.is_success(), "{}", written.stderr_text());
    if corpus.report(CAUSES[0].name)["data"]["not_varied"]
        .get("clock")
        .is_some()
    {
        return;
    }
    assert!(
        workspace.join("release-gates.toml").exists()
            && workspace.join(".cargo/config.toml").exists()
    );
    let workflow =
        std::fs::read_to_string(workspace.join("../.github/workflows/release.yml")).unwrap();
    assert!(
        workflow.contains("        with:\n          fetch-depth: 0\n      - run: epoch="),
        "{workflow}"
    );
    let manifest = std::fs::read_to_string(workspace.join("Cargo.toml")).unwrap();
    assert!(
        manifest.ends_with("\n[profile.release]\nstrip = \"symbols\"\n"),
        "{manifest}"
    );
    let cargo_config = std::fs::read_to_string(workspace.join(".cargo/config.toml")).unwrap();
    assert!(
        cargo_config.contains("TZ = { value = \"UTC\"") && !cargo_config.contains("HOME"),
        "{cargo_config}"
    );
    let toolchain = workspace.join("rust-toolchain.toml");
    if let Ok(text) = std::fs::read_to_string(&toolchain) {
        assert!(text.starts_with("[toolchain]\nchannel = \"1."), "{text}");
        // The machine need not have it under that name.
        std::fs::remove_file(toolchain).unwrap();
    }
    git(dir.path(), fixture::COMMIT);
    assert_eq!(
        fix(&["--yes"]).status.code(),
        Some(101),
        "the check is of another commit"
    );

    plain_builds_obey(&workflow, &dir);

    // What is harmless already is varied less now, and was looked at.
    let left_out: Vec<&str> = HARMLESS
        .iter()
        .chain(broken().filter(|case| is_race(case)))
        .map(|case| case.name)
        .collect();
    let mended = check(dir, &left_out);
    let mut wrong = String::new();
    for case in broken().filter(|case| !is_race(case)) {
        let (before, after) = (corpus.report(case.name), mended.report(case.name));
        let all = before["data"]["causes"]
            .as_array()
            .unwrap()
            .iter()
            .all(|cause| {
                cause["fix"]["confirmed"] == true
                    && cause["fix"]["config"]
                        .as_array()
                        .is_some_and(|lines| !lines.is_empty())
            });
        if all && after["status"] != "pass" {
            wrong.push_str(&format!("{}: {:#}\n", case.name, after["data"]["causes"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong}\n{}", mended.stderr);
}
