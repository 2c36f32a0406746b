//! One release of a whole workspace through `templates/gate.sh`, then the same with one fault at a time:
//! each stops at the gate whose fault it is, with its rule and exit code, and nothing is uploaded.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use release_gates_tests::fixtures::{self, Step};
use release_gates_tests::registry::Registry;
use release_gates_tests::whole::{self, Whole, manifest};
use release_gates_tests::{Ran, TestEnv, path_with_programs, repository};

/// The cheap gates first; what they need of each other allows it.
const QUICK: &str = "source sbom audit licenses pins compat notes repro sign upload";
/// Packages with a release of their own.
const PACKAGES: [&str; 3] = ["shapes", "shapes-cli", "shapes-derive"];

/// A CI: where it runs, and the server a release would be uploaded to.
struct Ci {
    env: TestEnv,
    whole: Whole,
    server: SocketAddr,
    knocks: Arc<AtomicUsize>,
    db: PathBuf,
}

impl Ci {
    fn new(last: &[Step<'_>]) -> Self {
        let env = TestEnv::new();
        let whole = Whole::new(&env, last);
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let (address, knocks) = (server.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let counter = Arc::clone(&knocks);
        // Anyone who connects is counted and hung up on.
        std::thread::spawn(move || {
            for connection in server.incoming() {
                counter.fetch_add(usize::from(connection.is_ok()), Ordering::SeqCst);
            }
        });
        let db = fixtures::advisory_db(env.path());
        Self {
            env,
            whole,
            server: address,
            knocks,
            db,
        }
    }

    /// A step as after `cargo install`, with the five programs and what the machine required, and a
    /// presigned URL for everything that is published of the program.
    fn step(&self, command: &str) -> release_gate::process::Step {
        let mut step = self
            .env
            .step(command)
            .current_dir(&self.whole.dir)
            .env("PATH", path_with_programs());

        for name in [
            "CHECKSUMS_TXT",
            "INSTALL_MD",
            "SECURITY_MD",
            "CHECKSUMS_TXT_SIG",
            "CHECKSUMS_TXT_SSHSIG",
            "BUILDINFO_JSON",
            "PROVENANCE_INTOTO_JSONL",
            "RELEASE_NOTES_MD",
            "SBOM_CDX_JSON",
            "SBOM_SPDX_JSON",
            "SHAPES_CLI_1_1_0_X86_64_UNKNOWN_LINUX_GNU_TAR_GZ",
            "SHAPES_CLI_1_1_0_X86_64_UNKNOWN_LINUX_GNU_TAR_GZ_SIG",
        ] {
            let url = format!("https://{}/{name}?secret=1", self.server);
            step = step.env(format!("RELEASE_GATES_UPLOAD_URL_{name}"), url);
        }

        step
    }

    /// `templates/gate.sh` with these gates, for every package; a release is uploaded one package at a
    /// time.
    fn gate(&self, gates: &str) -> Ran {
        let packages = if gates == "upload" { "shapes-cli" } else { "" };
        self.gate_of(packages, gates)
    }

    /// The same for some packages.
    fn gate_of(&self, packages: &str, gates: &str) -> Ran {
        let gates = if self.whole.signed {
            gates
        } else {
            gates.strip_prefix("source ").unwrap_or(gates)
        };
        let step = self
            .step("sh")
            .arg(repository().join("templates/gate.sh"))
            .env("OFFLINE", "1")
            .env("GATES", gates)
            .env("PACKAGES", packages)
            .env("KEY", self.whole.key.as_os_str())
            .env("SOURCE_URI", "https://git.example.org/shapes")
            .env("ADVISORY_DB", self.db.as_os_str());
        self.env.run_step(step)
    }

    /// Whether anybody has knocked at the server.
    fn was_contacted(&self) -> bool {
        self.knocks.load(Ordering::SeqCst) > 0
    }

    fn archive(&self) -> PathBuf {
        let entries = std::fs::read_dir(self.whole.released("shapes-cli")).unwrap();
        let mut paths = entries.map(|entry| entry.unwrap().path());
        paths
            .find(|path| path.to_string_lossy().ends_with(".tar.gz"))
            .unwrap()
    }
}

fn is_signed(dir: &Path) -> bool {
    let folders = std::fs::read_dir(dir.join("target/release-gates"))
        .into_iter()
        .flatten()
        .flatten();
    folders
        .into_iter()
        .any(|folder| folder.path().join("release/checksums.txt.sig").exists())
}

/// The last gate that was started.
fn stopped_at(ran: &Ran) -> &str {
    let mut started = ran
        .stderr
        .lines()
        .filter_map(|line| line.strip_prefix("+ cargo "));
    started
        .next_back()
        .and_then(|line| line.split(" --").next())
        .unwrap_or_default()
}

#[track_caller]
fn assert_stops(ci: &Ci, gates: &str, at: &str, code: i32, rule: &str) {
    let ran = ci.gate(gates);
    assert_eq!((stopped_at(&ran), ran.code), (at, code), "{ran:#?}");
    let said = format!("[{rule}]");
    assert!(
        ran.stdout.contains(&said) || ran.stderr.contains(&said),
        "no {said}: {ran:#?}"
    );
    assert!(!ci.was_contacted(), "something was uploaded: {ran:#?}");
}

/// Everything that is said of a package and published lies where it should.
#[track_caller]
fn assert_released(ci: &Ci, package: &str) {
    let folder = ci.whole.artifacts(package);
    for file in [
        "repro.json",
        "buildinfo.json",
        "sbom.cdx.json",
        "vulns.json",
        "RELEASE_NOTES.md",
    ] {
        assert!(folder.join(file).is_file(), "{package} has no {file}");
    }
    assert!(
        folder.join("release/provenance.intoto.jsonl").is_file(),
        "{package} has no provenance"
    );
    let list = std::fs::read_to_string(folder.join("release/checksums.txt")).unwrap();
    for file in ["INSTALL.md", "SECURITY.md"] {
        assert!(list.contains(&format!("  {file}\n")), "{package}: {list}");
    }
}

/// Writes other bytes into a file, and returns the good ones.
fn upset(path: &Path, change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let good = std::fs::read(path).unwrap();
    let mut bad = good.clone();
    change(&mut bad);
    assert_ne!(good, bad);
    std::fs::write(path, bad).unwrap();
    good
}

/// Each file of the program's release, changed after it was signed, stops the upload.
#[track_caller]
fn assert_changes_are_refused(ci: &Ci) {
    // An archive that was edited.
    let archive = ci.archive();
    let good = upset(&archive, |bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
    });
    assert_stops(ci, "upload", "sign upload", 100, "digest-mismatch");
    std::fs::write(&archive, good).unwrap();

    // A buildinfo that was swapped for that of another package: the one that is published, then the
    // one it is made from.
    let other = std::fs::read(ci.whole.artifacts("shapes").join("buildinfo.json")).unwrap();
    let published = ci.whole.released("shapes-cli").join("buildinfo.json");
    let good = upset(&published, |bytes| bytes.clone_from(&other));
    assert_stops(ci, "upload", "sign upload", 100, "digest-mismatch");
    std::fs::write(&published, good).unwrap();

    let info = ci.whole.artifacts("shapes-cli").join("buildinfo.json");
    let good = upset(&info, |bytes| bytes.clone_from(&other));
    // It cannot be signed anew either: what it names is not what lies there.
    let ran = ci.gate("sign upload");
    assert_eq!((stopped_at(&ran), ran.code), ("sign pack", 101), "{ran:#?}");
    assert!(!ci.was_contacted());
    std::fs::write(&info, good).unwrap();
}

#[test]
fn a_whole_workspace_is_released_and_what_is_done_to_it_afterwards_is_refused() {
    let ci = Ci::new(&[]);
    let ran = ci.gate("source repro sbom audit licenses pins compat notes sign docs sign");
    assert_eq!(ran.code, 0, "{ran:#?}");
    for package in PACKAGES {
        assert_released(&ci, package);
    }
    // The list of the program's own documents names the C library's package and the proc macro's as
    // what built it.
    let sbom =
        std::fs::read_to_string(ci.whole.artifacts("shapes-cli").join("sbom.cdx.json")).unwrap();
    for name in ["\"itoa\"", "\"shapes\"", "\"shapes-derive\"", "\"cc\""] {
        assert!(sbom.contains(name), "the SBOM lacks {name}");
    }
    assert_changes_are_refused(&ci);

    // Now that all is as it was, an upload begins: the server would have seen the ones before. It
    // speaks no TLS, so it ends there.
    let upload = ci
        .step("cargo")
        .args(["sign", "upload", "-p", "shapes-cli", "--retry", "0"]);
    let ran = ci.env.run_step(upload);
    assert!(ran.code == 101 && ci.was_contacted(), "{ran:#?}");
    ci.knocks.store(0, Ordering::SeqCst);

    // Facts of an earlier commit: what was built, listed and judged is not what would be released.
    ci.whole.commit(
        &ci.env,
        5,
        &Step {
            message: "docs: say more",
            tag: None,
            files: &[("README.md", "# shapes!\n")],
        },
    );
    assert_stops(&ci, "notes sign upload", "relnotes", 101, "facts-stale");
    let ran = ci.gate("sign upload");
    assert_eq!((stopped_at(&ran), ran.code), ("sign pack", 101), "{ran:#?}");
    assert!(ran.stderr.contains("cargo repro build"), "{ran:#?}");
    assert!(!ci.was_contacted());
}

#[test]
fn a_clock_in_a_build_script_stops_at_the_reproducible_build() {
    let script = "fn main() {\n    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);\n    \
        println!(\"cargo::rustc-env=BUILT={}\", now.unwrap().as_nanos());\n}\n";
    let main = "fn main() {\n    println!(\"{} {}\", env!(\"BUILT\"), shapes::area(2, 3));\n}\n";
    let ci = Ci::new(&[Step {
        message: "feat: say when it was built",
        tag: Some("v1.1.0"),
        files: &[
            ("shapes-cli/build.rs", script),
            ("shapes-cli/src/main.rs", main),
        ],
    }]);
    assert_stops(
        &ci,
        "source repro sbom sign upload",
        "repro check",
        100,
        "time-embedded",
    );
    assert!(!is_signed(&ci.whole.dir));
}

#[test]
fn a_flaw_in_a_dependency_stops_at_the_audit() {
    let mut ci = Ci::new(&[]);
    ci.db = whole::advisory_db(ci.env.path(), "itoa");
    assert_stops(&ci, QUICK, "sbom-lite audit", 100, "vulnerability");
    assert!(!is_signed(&ci.whole.dir));
}

#[test]
fn a_tag_that_nobody_signed_stops_before_anything_is_built() {
    let ci = Ci::new(&[]);
    if !ci.whole.signed {
        return;
    }
    ci.env.git(&ci.whole.dir, 3, &["tag", "-d", "v1.1.0"]);
    ci.env
        .git(&ci.whole.dir, 3, &["tag", "-a", "-m", "v1.1.0", "v1.1.0"]);
    assert_stops(&ci, QUICK, "sign verify-source", 100, "tag-unsigned");
    // Nor does the tag of the previous release pass for it.
    ci.env.git(
        &ci.whole.dir,
        3,
        &["update-ref", "refs/tags/v1.1.0", "refs/tags/v1.0.0"],
    );
    assert_stops(&ci, QUICK, "sign verify-source", 100, "tag-renamed");
}

#[test]
fn a_break_under_a_minor_version_stops_at_the_api() {
    let lib = whole::LIB_1_1.replace(
        "pub fn area(a: u32, b: u32)",
        "pub fn area(a: u32, b: u32, _c: u32)",
    );
    let lib = lib.replace("area(a, a)", "area(a, a, a)");
    let main = "fn main() {\n    println!(\"{}\", shapes::area(2, 3, 4));\n}\n";
    let ci = Ci::new(&[Step {
        message: "feat: areas of boxes",
        tag: Some("v1.1.0"),
        files: &[
            ("shapes/src/lib.rs", &lib),
            ("shapes-cli/src/main.rs", main),
        ],
    }]);
    assert_stops(&ci, QUICK, "compat", 100, "bump-too-small");
    assert!(!is_signed(&ci.whole.dir));
}

#[test]
fn a_break_that_no_commit_owns_up_to_stops_at_the_notes() {
    // The version is right this time: only the words are missing.
    let two = manifest("2.0.0");
    let lib = whole::LIB_1_1.replace("pub fn square", "pub fn squared");
    let cli = whole::PROGRAM.replace("version = \"1\"", "version = \"2\"");
    let ci = Ci::new(&[Step {
        message: "feat: better names",
        tag: Some("v2.0.0"),
        files: &[
            ("Cargo.toml", &two),
            ("shapes/src/lib.rs", &lib),
            ("shapes-cli/Cargo.toml", &cli),
        ],
    }]);

    // 1.1.0 was released before it.
    ci.env.git(
        &ci.whole.dir,
        1,
        &["tag", "-a", "-m", "v1.1.0", "v1.1.0", "HEAD~1"],
    );

    assert_stops(
        &ci,
        "repro sbom audit licenses pins compat notes sign upload",
        "relnotes",
        100,
        "breaking-unmarked",
    );

    assert!(!is_signed(&ci.whole.dir));
}

/// The path of a library: from its signed tag to an auditor who knows its name, its version and its key.
#[test]
fn a_library_reaches_an_auditor_who_starts_with_its_name_and_version() {
    let ci = Ci::new(&[]);
    let ran = ci.gate_of(
        "shapes",
        "source repro sbom audit compat notes pack attest verify",
    );
    assert_eq!(ran.code, 0, "{ran:#?}");

    // The platform publishes what was signed, and the auditor has a copy of the release.
    let package = std::fs::read(ci.whole.released("shapes").join("shapes-1.1.0.crate")).unwrap();
    let registry = Registry::serving("shapes", "1.1.0", package.clone());
    let auditor = tempfile::tempdir().unwrap();
    let copied = ci
        .env
        .step("cp")
        .arg("-r")
        .arg(ci.whole.released("shapes"))
        .arg(auditor.path().join("release"));
    assert_eq!(ci.env.run_step(copied).code, 0);
    let audit = |asked: &str| {
        let home = registry.cargo_home();
        let step = ci
            .env
            .step("sh")
            .current_dir(auditor.path())
            .arg(repository().join("templates/gate.sh"))
            .env("PATH", path_with_programs())
            .env("CARGO_HOME", home.path().as_os_str())
            .env("CARGO_NET_OFFLINE", "false")
            .env("GATES", "crate")
            .env("CRATE", asked)
            .env("RELEASE", auditor.path().join("release").as_os_str())
            .env("SOURCE_URI", "https://git.example.org/shapes")
            .env(
                "PUBLIC_KEY",
                ci.whole.key.with_extension("key.pub").as_os_str(),
            );
        ci.env.run_step(step)
    };

    let ran = audit("shapes@1.1.0");
    assert_eq!(ran.code, 0, "{ran:#?}");
    assert!(ran.stdout.contains("shapes-1.1.0.crate"), "{ran:#?}");
    let ran = audit("shapes@1.0.0");
    assert_eq!(ran.code, 100, "{ran:#?}");

    registry.serve([&package[..], b"more"].concat());
    let ran = audit("shapes@1.1.0");
    assert_eq!(ran.code, 100, "{ran:#?}");
    assert!(ran.stdout.contains("digest-mismatch"), "{ran:#?}");
}
