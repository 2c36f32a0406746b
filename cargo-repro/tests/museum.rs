//! A museum of causes: one tiny package each, all built by a single `check`, beside harmless twins that have to stay green.
//!
//! Every exhibit says which package, unit and variation the report has to name. Nothing here needs the network.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be made fails its test")]

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use release_gate::process::{Runner, Step};
use serde_json::Value;
use tempfile::TempDir;

/// A package whose build depends on something it should not, and what the report has to say.
struct Exhibit {
    name: &'static str,
    unit: &'static str,
    variation: &'static str,
    shape: Shape,
}

/// Where the code of an exhibit runs.
enum Shape {
    /// An expression of a build script that makes the string the library embeds.
    Script(&'static str),
    /// The library itself.
    Lib(&'static str),
    /// An expression of a proc macro that makes a string; package `<name>-macro` holds it and is to blame.
    Macro(&'static str),
}

use Shape::{Lib, Macro, Script};

const fn exhibit(name: &'static str, unit: &'static str, variation: &'static str, shape: Shape) -> Exhibit {
    Exhibit { name, unit, variation, shape }
}

const HASH_ORDER: &str = "(0..20).collect::<std::collections::HashSet<u32>>().into_iter().map(|n| format!(\"{n} \")).collect::<String>()";
const SORTED: &str = "(0..20).collect::<std::collections::BTreeSet<u32>>().into_iter().map(|n| format!(\"{n} \")).collect::<String>()";
const NOW: &str =
    "format!(\"{:?}\", std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap())";
const FOLDER: &str = "std::fs::read_dir(\"data\").unwrap().map(|e| format!(\"{} \", e.unwrap().file_name().display())).collect::<String>()";
const RANDOM: &str =
    "{ use std::hash::BuildHasher; std::collections::hash_map::RandomState::new().hash_one(1).to_string() }";

const CAUSES: &[Exhibit] = &[
    exhibit("script-time", "build-script", "time", Script(NOW)),
    exhibit("script-date-command", "build-script", "time", Script("run(\"date\", \"+%s\")")),
    exhibit("script-hash-order", "build-script", "entropy", Script(HASH_ORDER)),
    exhibit("script-random", "build-script", "entropy", Script(RANDOM)),
    exhibit("script-read-dir", "build-script", "file-order", Script(FOLDER)),
    exhibit("script-user", "build-script", "environment", Script("std::env::var(\"USER\").unwrap()")),
    exhibit("script-lang", "build-script", "environment", Script("std::env::var(\"LANG\").unwrap()")),
    exhibit("script-zone", "build-script", "environment", Script("std::env::var(\"TZ\").unwrap()")),
    exhibit("script-host", "build-script", "host", Script("run(\"uname\", \"-n\")")),
    exhibit("script-host-variable", "build-script", "host", Script("std::env::var(\"HOSTNAME\").unwrap()")),
    exhibit("script-jobs", "build-script", "jobs", Script("std::env::var(\"NUM_JOBS\").unwrap()")),
    exhibit(
        "script-file-time",
        "build-script",
        "file-time",
        Script("format!(\"{:?}\", std::fs::metadata(\"data/b\").unwrap().modified().unwrap())"),
    ),
    exhibit(
        "script-folder-length",
        "build-script",
        "path",
        Script("std::env::current_dir().unwrap().display().to_string().len().to_string()"),
    ),
    exhibit("script-process", "build-script", "none", Script("std::process::id().to_string()")),
    exhibit("lib-manifest-dir", "lib", "path", Lib("pub const SAID: &str = env!(\"CARGO_MANIFEST_DIR\");")),
    exhibit("lib-user", "lib", "environment", Lib("pub const SAID: Option<&str> = option_env!(\"USER\");")),
    exhibit("lib-host", "lib", "host", Lib("pub const SAID: Option<&str> = option_env!(\"HOSTNAME\");")),
    exhibit("macro-time", "proc-macro", "time", Macro(NOW)),
    exhibit("macro-hash-order", "proc-macro", "entropy", Macro(HASH_ORDER)),
    exhibit("macro-random", "proc-macro", "entropy", Macro(RANDOM)),
];

/// The same ideas done right; the report has to pass.
const HARMLESS: &[(&str, Shape)] = &[
    ("good-sorted-set", Script(SORTED)),
    ("good-epoch", Script("std::env::var(\"SOURCE_DATE_EPOCH\").unwrap()")),
    (
        "good-read-dir",
        Script(
            "{ let mut names: Vec<String> = std::fs::read_dir(\"data\").unwrap()\
             .map(|e| e.unwrap().file_name().display().to_string()).collect(); names.sort(); names.concat() }",
        ),
    ),
    ("good-clock-unused", Script("{ let _ = std::time::SystemTime::now(); \"fixed\".to_string() }")),
    ("good-user-unused", Script("std::env::var(\"USER\").map(|_| \"fixed\".to_string()).unwrap()")),
    (
        "good-include",
        Lib("pub const SAID: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/data/a\"));"),
    ),
    ("good-file", Lib("pub const SAID: &str = file!();")),
    ("good-panic", Lib("pub fn first(of: &[u8]) -> u8 { assert!(!of.is_empty(), \"nothing\"); of[0] }")),
    ("good-macro", Macro(SORTED)),
];

const RUN: &str = "#[allow(dead_code)]\nfn run(program: &str, arg: &str) -> String {\n    \
    let out = std::process::Command::new(program).arg(arg).output().unwrap();\n    \
    String::from_utf8(out.stdout).unwrap().trim().to_string()\n}\n";

fn write(dir: &Path, path: &str, text: &str) {
    let path = dir.join(path);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn package(root: &Path, name: &str, shape: &Shape) {
    let manifest = |name: &str, rest: &str| {
        format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2024\"\n{rest}")
    };
    let dir = root.join(name);
    for file in ["data/a", "data/b", "data/c"] {
        write(&dir, file, file);
    }
    let depends = match shape {
        Macro(_) => format!("[dependencies]\n{name}-macro.path = \"../{name}-macro\"\n"),
        _ => String::new(),
    };
    write(&dir, "Cargo.toml", &manifest(name, &depends));
    match shape {
        Script(said) => {
            write(&dir, "src/lib.rs", "pub const SAID: &str = env!(\"SAID\");\n");
            let main = format!(
                "fn main() {{\n    let said: String = {said};\n    println!(\"cargo::rustc-env=SAID={{said}}\");\n}}\n"
            );
            write(&dir, "build.rs", &format!("{RUN}{main}"));
        }
        Lib(text) => write(&dir, "src/lib.rs", text),
        Macro(said) => {
            let path = format!("{}_macro", name.replace('-', "_"));
            write(&dir, "src/lib.rs", &format!("pub const SAID: &str = {path}::said!();\n"));
            let dir = root.join(format!("{name}-macro"));
            let macro_manifest = manifest(&format!("{name}-macro"), "[lib]\nproc-macro = true\n");
            write(&dir, "Cargo.toml", &macro_manifest);
            let body = format!(
                "#[proc_macro]\npub fn said(_: proc_macro::TokenStream) -> proc_macro::TokenStream {{\n    \
                 let said: String = {said};\n    format!(\"{{said:?}}\").parse().unwrap()\n}}\n"
            );
            write(&dir, "src/lib.rs", &body);
        }
    }
}

/// The museum after its one check.
struct Checked {
    dir: TempDir,
    code: Option<i32>,
    stderr: String,
}

impl Checked {
    fn report(&self, package: &str) -> Value {
        let path = self.dir.path().join(format!("facts/{package}-1.0.0/repro.json"));
        let bytes =
            std::fs::read(&path).unwrap_or_else(|error| panic!("{package}: {error}\n{}", self.stderr));
        serde_json::from_slice(&bytes).unwrap()
    }
}

fn museum() -> &'static Checked {
    static CHECKED: OnceLock<Checked> = OnceLock::new();
    CHECKED.get_or_init(|| {
        let dir = tempfile::Builder::new().prefix("museum-").tempdir().unwrap();
        let root = dir.path().join("museum");
        for exhibit in CAUSES {
            package(&root.join("crates"), exhibit.name, &exhibit.shape);
        }
        for (name, shape) in HARMLESS {
            package(&root.join("crates"), name, shape);
        }
        write(&root, "Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"crates/*\"]\n");
        let real = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        let or_default = |name: &str, folder: &str| {
            std::env::var_os(name).map_or_else(|| real.join(folder), PathBuf::from)
        };
        let run = |program: &str, args: &[&str]| {
            let step = Step::new(program)
                .args(args)
                .current_dir(&root)
                .env("CARGO_HOME", or_default("CARGO_HOME", ".cargo"))
                .env("RUSTUP_HOME", or_default("RUSTUP_HOME", ".rustup"))
                .env("HOME", dir.path())
                .env("GIT_CONFIG_GLOBAL", "/dev/null")
                .env("GIT_CONFIG_NOSYSTEM", "1")
                .env_remove("CARGO_TARGET_DIR");
            Runner::new().run(step).unwrap()
        };
        let identity =
            ["-c", "user.name=museum", "-c", "user.email=museum@example.org", "-c", "commit.gpgsign=false"];
        let calls = [
            ("cargo", vec!["generate-lockfile", "--offline"]),
            ("git", vec!["init", "-q"]),
            ("git", vec!["add", "-A"]),
            ("git", [&identity[..], &["commit", "-q", "-m", "exhibits"]].concat()),
        ];
        for (program, args) in calls {
            let finished = run(program, &args);
            assert!(finished.is_success(), "{}", finished.stderr_text());
        }
        let facts = dir.path().join("facts");
        let program = env!("CARGO_BIN_EXE_cargo-repro");
        let args = ["check", "--workspace", "--offline", "--artifact-dir", facts.to_str().unwrap()];
        let finished = run(program, &args);
        Checked { code: finished.status.code(), stderr: finished.stderr_text(), dir }
    })
}

/// Whether this machine can vary everything; where it cannot, the report has to say so.
fn everything_varied(report: &Value) -> bool {
    ["clock", "file order", "host name"].iter().all(|what| report["data"]["not_varied"].get(what).is_none())
}

#[test]
fn every_cause_is_found_with_its_package_unit_and_variation() {
    let museum = museum();
    assert_eq!(museum.code, Some(100), "{}", museum.stderr);
    let mut wrong = Vec::new();
    for exhibit in CAUSES {
        let report = museum.report(exhibit.name);
        let package = match exhibit.shape {
            Macro(_) => format!("{}-macro 1.0.0", exhibit.name),
            Script(_) | Lib(_) => format!("{} 1.0.0", exhibit.name),
        };
        let causes = report["data"]["causes"].as_array().unwrap();
        let needs_interposer =
            matches!(exhibit.variation, "time" | "entropy" | "file-order" | "host" | "none");
        let named = causes.len() == 1
            && causes[0]["package"] == package.as_str()
            && causes[0]["unit"] == exhibit.unit
            && causes[0]["variation"] == exhibit.variation;
        let excused = needs_interposer && !everything_varied(&report);
        if !excused && (report["status"] != "fail" || !named) {
            wrong.push(format!("{}: {} {:#}", exhibit.name, report["status"], report["data"]["causes"]));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), CAUSES.len(), wrong.join("\n"));
}

#[test]
fn harmless_twins_stay_green() {
    let museum = museum();
    for (name, _) in HARMLESS {
        let report = museum.report(name);
        assert_eq!(report["status"], "pass", "{name}: {report:#}");
        assert_eq!(report["data"]["units"]["differing"], 0, "{name}");
        assert_eq!(report["data"]["artifacts"].as_array().unwrap().len(), 1, "{name}");
    }
}
