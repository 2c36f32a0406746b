//! What is left for others to read, and that nothing is where a call refuses.

use release_gate::process::Step;
use release_gate_facts::report::attest::AttestData;
use release_gate_facts::report::verify_source::VerifySourceData;
use release_gate_facts::{Envelope, Fact, ReportData as _, Status};

use super::fixture::*;

/// A project whose commit and tag an SSH key signs; `None` without `ssh-keygen`.
fn signed_source() -> Option<Release> {
    if !release_gates_tests::required("ssh-keygen") {
        return None;
    }
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let keygen = ["-q", "-t", "ed25519", "-N", "", "-f", "keys/ssh"];
    release.must(Step::new("ssh-keygen").args(keygen));
    git(
        &release,
        &["commit", "-q", "-S", "--amend", "-m", "feat: x"],
    );
    git(&release, &["tag", "-s", "-m", "demo 1.0.0", "v1.0.0"]);
    std::fs::remove_dir_all(release.dir.path().join("target")).unwrap();
    Some(release)
}

fn git(release: &Release, args: &[&str]) {
    let key = release.key("ssh").display().to_string();
    let signing = format!("user.signingkey={key}");
    let settings = [
        "-c",
        "user.name=t",
        "-c",
        "user.email=t@example.org",
        "-c",
        "gpg.format=ssh",
        "-c",
        &signing,
    ];
    release.must(Step::new("git").args(settings).args(args));
}

fn verify_source(release: &Release, more: &[&str]) -> Option<i32> {
    let key = release.key("ssh.pub").display().to_string();
    let args = [&["verify-source", "--key", &key][..], more].concat();
    release.sign(&args).status.code()
}

fn source_report(release: &Release) -> Fact<Envelope<VerifySourceData>> {
    let bytes = std::fs::read(release.folder().join(VerifySourceData::FILE)).ok();
    Fact::read(bytes.as_deref())
}

#[test]
fn signed_source_leaves_a_report() {
    let Some(release) = signed_source() else {
        return;
    };
    assert_eq!(verify_source(&release, &[]), Some(0));
    let report = source_report(&release).into_usable().unwrap();
    assert_eq!(report.status, Status::Pass);
    assert_eq!(report.data.tag, "v1.0.0");
    assert_eq!((report.data.commits, report.data.signed_commits), (1, 1));
    assert!(
        report
            .data
            .signer
            .is_some_and(|key| key.starts_with("SHA256:"))
    );

    // A later refusal replaces it.
    git(&release, &["tag", "-f", "-a", "-m", "unsigned", "v1.0.0"]);
    assert_eq!(verify_source(&release, &[]), Some(100));
    let report = source_report(&release).into_usable().unwrap();
    assert_eq!((report.status, report.data.signer), (Status::Fail, None));

    // So does a call that came to no verdict.
    git(&release, &["tag", "-d", "v1.0.0"]);
    assert_eq!(verify_source(&release, &[]), Some(101));
    assert!(matches!(source_report(&release), Fact::Error(_)));
}

#[test]
fn source_that_is_refused_has_nothing_written_for_it() {
    let Some(release) = signed_source() else {
        return;
    };
    assert_eq!(
        verify_source(&release, &["--deny", "source-key-unpinned"]),
        Some(0)
    );
    std::fs::remove_dir_all(release.dir.path().join("target")).unwrap();
    git(&release, &["tag", "-f", "-a", "-m", "unsigned", "v1.0.0"]);
    assert_eq!(verify_source(&release, &[]), Some(100));
    assert!(!release.dir.path().join("target").exists());

    let named = release.dir.path().join("keys/elsewhere");
    let place = named.display().to_string();
    let code = verify_source(&release, &["--artifact-dir", &place]);
    assert_eq!(code, Some(100));
    assert!(
        named
            .join("demo-1.0.0")
            .join(VerifySourceData::FILE)
            .exists()
    );
}

#[test]
fn a_build_of_another_tool_is_attested_with_a_warning_or_not_at_all() {
    let release = Release::new();
    let attest = |more: &[&str]| {
        let source = "https://example.org/demo";
        let args = ["attest", "--source-uri", source, "--message-format", "json"];
        release.sign(&[&args[..], more].concat())
    };
    let provenance = release.released().join("provenance.intoto.jsonl");
    let not_judged = vec!["not-judged-build".to_owned()];

    let denied = attest(&["--deny", "not-judged-build"]);
    assert_eq!(verdict(&denied), (100, not_judged.clone()));
    assert!(
        !provenance.exists(),
        "levels are known before anything is written"
    );

    let attested = attest(&[]);
    assert_eq!(verdict(&attested), (0, not_judged));
    let report = Fact::<Envelope<AttestData>>::read(Some(&attested.stdout));
    let report = report.into_usable().unwrap();
    assert_eq!(report.data.documents, ["provenance.intoto.jsonl"]);
    assert_eq!(report.coverage.not_judged_count(), 1);
    assert!(report.coverage.judged >= 5 && provenance.exists());
}

#[cfg(feature = "upload")]
#[test]
fn levels_are_known_before_anything_is_uploaded() {
    let release = Release::new();
    let bundle = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{},"dsseEnvelope":{}}"#;
    let path = release.released().join("provenance.sigstore.json");
    std::fs::write(&path, bundle).unwrap();
    let key = release.key("m.pub").display().to_string();
    let upload = |more: &[&str]| {
        let args = [&["upload", "--dry-run", "--key", &key][..], more].concat();
        release.sign(&args).status.code()
    };
    assert_eq!(upload(&[]), Some(0));
    assert_eq!(upload(&["--deny", "not-judged-evidence"]), Some(100));
    std::fs::write(&path, "no bundle").unwrap();
    assert_eq!(upload(&[]), Some(100));
}

/// What git ignores or does not look into is not part of what was signed, and cargo obeys it.
#[test]
fn what_git_does_not_look_into_is_no_signed_source() {
    let Some(release) = signed_source() else {
        return;
    };
    let root = release.dir.path();
    let ignored = root.join(".git/info/exclude");
    std::fs::write(ignored, ".cargo\nsrc/bin\ntarget\n").unwrap();
    let output = root.join("target/debug/build/demo/out");
    std::fs::create_dir_all(&output).unwrap();
    std::fs::write(output.join("generated.rs"), "").unwrap();
    assert_eq!(verify_source(&release, &[]), Some(0), "cargo's own output");

    let elsewhere = release.key("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    std::fs::write(elsewhere.join("config.toml"), "[build]\n").unwrap();
    std::os::unix::fs::symlink(&elsewhere, root.join(".cargo")).unwrap();
    assert_eq!(verify_source(&release, &[]), Some(100), "a link");
    std::fs::remove_file(root.join(".cargo")).unwrap();

    let programs = root.join("src/bin");
    std::fs::create_dir(&programs).unwrap();
    std::fs::write(programs.join("extra.rs"), "fn main() {}\n").unwrap();
    assert_eq!(verify_source(&release, &[]), Some(100), "a program");
    let init = Step::new("git").args(["init", "-q", "src/bin"]);
    release.must(init);
    assert_eq!(
        verify_source(&release, &[]),
        Some(100),
        "a repository inside"
    );
}
