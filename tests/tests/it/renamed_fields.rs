//! Nobody takes a report for an empty one because a field in it has another name.
//!
//! Every program that reads reports of other gates gets the artifact folder of a release that
//! passed, in which one field of one report is renamed, as a careless change of the writer would.
//! None of them may pass.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::ReportData;
use release_gate::digest::sha256_bytes;
use release_gate::facts::Manifest;
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::facts::report::compat::CompatData;
use release_gate::facts::report::licenses::LicensesData;
use release_gate::facts::report::pack::PackData;
use release_gate::facts::report::pins::PinsData;
use release_gate::facts::report::relnotes::RelnotesData;
use release_gate::facts::report::relnotes_check::RelnotesCheckData;
use release_gate::facts::report::repro::ReproData;
use release_gate::facts::report::sbom::SbomData;
use release_gate::facts::report::vulns::VulnsData;
use release_gate::facts::sample::{field_pointers, rename_field, report_sample};
use release_gates_tests::{Ran, TestEnv, fixtures, program};
use serde_json::Value;

/// Fields of the envelope that are renamed in every report.
const ENVELOPE: [&str; 5] = ["/schema", "/subject", "/status", "/coverage", "/findings"];

/// So many fields of the data are renamed in every report.
const OF_DATA: usize = 8;

/// A project that went through all gates.
struct Release {
    env: TestEnv,
    dir: PathBuf,
    db: String,
    key: String,
}

impl Release {
    fn new() -> Self {
        let env = TestEnv::new();
        let dir = env.project("demo", fixtures::DEMO);
        let db = fixtures::advisory_db(env.path()).display().to_string();
        let key = env.path().join("release.key").display().to_string();
        let release = Self { env, dir, db, key };
        release.passes(
            "cargo-sign",
            &["keygen", "--no-passphrase", "--out", &release.key],
        );

        for (tool, args) in [
            ("cargo-sbom-lite", &["pins"][..]),
            ("cargo-sbom-lite", &["licenses"]),
            ("cargo-sbom-lite", &["audit", "--db", &release.db]),
            ("cargo-repro", &["check"]),
            ("cargo-repro", &["build"]),
            ("cargo-sbom-lite", &["generate"]),
            ("cargo-compat", &[]),
            ("cargo-relnotes", &["--phase", "final", "--db", &release.db]),
            (
                "cargo-relnotes",
                &["check", "--phase", "final", "--db", &release.db],
            ),
            ("cargo-sign", &["pack", "--key", &release.key]),
        ] {
            release.passes(tool, &[args, &["--offline"]].concat());
        }

        release
    }

    #[track_caller]
    fn passes(&self, tool: &str, args: &[&str]) {
        let ran = self.env.run(&self.dir, tool, args);
        assert_eq!(ran.code, 0, "{tool} {args:?}: {ran:#?}");
    }

    /// A copy of the project and its artifact folder, for one reader alone.
    fn copy(&self, name: &str) -> Copy {
        let dir = self.env.path().join(name);
        copy_all(&self.dir, &dir, &|path| {
            path.starts_with("target") && !path.starts_with("target/release-gates")
        });
        let folder = dir.join("target/release-gates/demo-0.1.1");
        let files = std::fs::read_dir(&folder).unwrap();
        let files = files.map(|entry| entry.unwrap().path());
        let files = files
            .filter(|path| path.is_file())
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        Copy { dir, folder, files }
    }
}

/// A project of one reader.
struct Copy {
    dir: PathBuf,
    folder: PathBuf,
    /// Reports and documents as the gates wrote them.
    files: BTreeMap<PathBuf, Vec<u8>>,
}

impl Copy {
    fn restore(&self) {
        for (path, bytes) in &self.files {
            std::fs::write(path, bytes).unwrap();
        }
    }

    /// Puts a report into the folder as if its gate had written it so.
    fn replace(&self, file: &str, report: &Value) {
        let mut bytes = serde_json::to_vec_pretty(report).unwrap();
        bytes.push(b'\n');
        std::fs::write(self.folder.join(file), &bytes).unwrap();

        let path = self.folder.join("manifest.json");
        let mut manifest = Manifest::read(&std::fs::read(&path).unwrap()).unwrap();
        for entry in manifest.files.iter_mut().filter(|entry| entry.path == file) {
            entry.sha256 = sha256_bytes(&bytes);
            entry.size = bytes.len() as u64;
        }
        std::fs::write(&path, serde_json::to_vec(&manifest).unwrap()).unwrap();
    }

    fn report(&self, file: &str) -> Value {
        serde_json::from_slice(&self.files[&self.folder.join(file)]).unwrap()
    }
}

/// Copies a folder, without what is left out by its path below it.
fn copy_all(from: &Path, to: &Path, is_left_out: &dyn Fn(&Path) -> bool) {
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        std::fs::create_dir_all(to.join(&folder)).unwrap();
        for entry in std::fs::read_dir(from.join(&folder)).unwrap() {
            let below = folder.join(entry.unwrap().file_name());
            let is_dir = from.join(&below).is_dir();
            // `target` itself is gone through for what is in it.
            if is_left_out(&below) && below != Path::new("target") {
                continue;
            }
            if is_dir {
                folders.push(below);
            } else {
                std::fs::copy(from.join(&below), to.join(&below)).unwrap();
            }
        }
    }
}

/// A report, and which of its fields to rename.
struct Fields {
    file: &'static str,
    pointers: Vec<String>,
}

/// Some fields of the envelope, and fields of the data from its first to its last. What the sample
/// has and this release's report has not, such as the parts of an empty list, is left out.
macro_rules! fields_of {
    ($copy:expr, $($data:ty),+ $(,)?) => {
        [$(fields($copy, <$data>::FILE, &report_sample::<$data>())),+]
    };
}

fn fields(copy: &Copy, file: &'static str, sample: &Value) -> Fields {
    let report = copy.report(file);
    let mut pointers: Vec<String> = ENVELOPE.map(str::to_owned).into();
    let data: Vec<String> = field_pointers(sample)
        .into_iter()
        .filter(|pointer| pointer.starts_with("/data/") && report.pointer(pointer).is_some())
        .collect();
    let every = data.len().div_ceil(OF_DATA).max(1);
    pointers.extend(data.into_iter().step_by(every));
    Fields { file, pointers }
}

/// Renames one field after the other and expects that the reader never passes.
#[track_caller]
fn assert_refuses(copy: &Copy, reader: &dyn Fn() -> Ran, reports: &[Fields]) {
    copy.restore();
    let ran = reader();
    assert_eq!(ran.code, 0, "nothing is renamed: {ran:#?}");

    let mut accepted = Vec::new();
    for Fields { file, pointers } in reports {
        for pointer in pointers {
            copy.restore();
            copy.replace(file, &rename_field(&copy.report(file), pointer));
            let ran = reader();
            assert!(
                !ran.stderr.contains("panicked"),
                "{file} {pointer}: {ran:#?}"
            );
            if ![100, 101].contains(&ran.code) {
                accepted.push(format!("{file} {pointer}: {}", ran.code));
            }
        }
    }
    assert!(accepted.is_empty(), "{accepted:#?}");
}

#[test]
fn no_reader_passes_a_report_with_a_renamed_field() {
    let release = Release::new();
    std::thread::scope(|scope| {
        for readers in [
            notes_are_not_written_from_it,
            nothing_is_signed_over_it,
            no_sbom_is_written_from_it,
            the_page_calls_it_not_judged,
        ] {
            let release = &release;
            scope.spawn(move || readers(release));
        }
    });
}

fn notes_are_not_written_from_it(release: &Release) {
    let copy = release.copy("for-relnotes");
    let reader = || {
        let args = ["--phase", "final", "--db", &release.db, "--offline"];
        release.env.run(&copy.dir, "cargo-relnotes", args)
    };
    let reports = fields_of!(&copy, BuildInfo, VulnsData, CompatData, ReproData);
    assert_refuses(&copy, &reader, &reports);
}

fn nothing_is_signed_over_it(release: &Release) {
    let copy = release.copy("for-sign");
    let reader = || {
        let args = ["pack", "--key", &release.key, "--offline"];
        release.env.run(&copy.dir, "cargo-sign", args)
    };
    let reports = fields_of!(
        &copy,
        BuildInfo,
        ReproData,
        VulnsData,
        LicensesData,
        PinsData,
        CompatData,
        RelnotesData,
        RelnotesCheckData
    );
    assert_refuses(&copy, &reader, &reports);
}

fn no_sbom_is_written_from_it(release: &Release) {
    let copy = release.copy("for-sbom-lite");
    let reader = || {
        let args = ["generate", "--offline"];
        release.env.run(&copy.dir, "cargo-sbom-lite", args)
    };
    assert_refuses(&copy, &reader, &fields_of!(&copy, BuildInfo));
}

fn the_page_calls_it_not_judged(release: &Release) {
    let copy = release.copy("for-the-page");
    let page = copy.dir.join("page.html");
    let reader = || {
        let step = release
            .env
            .step(program("xtask"))
            .current_dir(&copy.dir)
            .args(["report", "--output"])
            .arg(&page);
        release.env.run_step(step)
    };

    let reports = fields_of!(
        &copy,
        BuildInfo,
        ReproData,
        SbomData,
        VulnsData,
        LicensesData,
        PinsData,
        CompatData,
        RelnotesData,
        RelnotesCheckData,
        PackData
    );

    assert_refuses(&copy, &reader, &reports);
}
