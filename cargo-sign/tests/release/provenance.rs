//! Provenance, the log it pins, and the summary of its verification.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cargo_sign::inspect::check_directory;
use cargo_sign::inspect::check_summary;
use cargo_sign::inspect::{Evidence, check_provenance};
use cargo_sign::judge::keys::Keys;
use cargo_sign::judge::listing::Extent;
use cargo_sign::judge::verdict::Verdict;
use release_gate::digest::sha256_bytes;
use release_gate::process::Step;

use crate::fixture::*;

/// What a build without the feature cannot judge ends with an error that names it, and never with a
/// pass.
#[cfg(not(feature = "sigstore"))]
#[test]
fn a_bundle_needs_the_feature() {
    let release = Release::new();
    let bundle = release.key("bundle.json");
    let line = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{}}"#;
    std::fs::write(&bundle, line).unwrap();
    let (bundle, archive) = (
        bundle.display().to_string(),
        release.released().join(release.archive()),
    );
    let public = release.key("m.pub").display().to_string();
    let args = [
        "verify",
        "--key",
        &public,
        "--provenance",
        &bundle,
        "--source-uri",
        "https://github.com/o/demo",
    ];
    let ran = release.sign(&[&args[..], &[&archive.display().to_string()]].concat());
    assert_eq!(ran.status.code(), Some(101));
    assert!(
        ran.stderr_text().contains("`sigstore`"),
        "{}",
        ran.stderr_text()
    );
}

/// Provenance is about these files, from this source, by this key; and the log that goes with it
/// cannot be edited.
#[test]
fn provenance_is_judged() {
    let release = Release::new();
    const SOURCE: &str = "https://example.org/demo";
    let log = release.folder().join("buildlog.jsonl");
    // `pack` noted what it started, and itself.
    let whole = std::fs::read_to_string(&log).unwrap();
    let entries = release_gate::audit::verify(whole.as_bytes()).unwrap();
    let last = entries.last().unwrap();
    assert!(
        last.argv
            .ends_with(&["pack".to_owned(), "--zip".to_owned(), "--zst".to_owned()]),
        "{last:?}"
    );
    assert_eq!(
        last.log_sha256,
        sha256_bytes(&std::fs::read(release.released().join("checksums.txt")).unwrap())
    );
    assert!(
        entries.len() > 2 && entries.iter().any(|entry| entry.argv[0] == "git"),
        "{entries:?}"
    );
    let attest = |tag: &str| release.sign(&["attest", "--source-uri", SOURCE, "--source-tag", tag]);
    assert!(!attest("v1.0.0").is_success(), "there is no such tag");
    release.must(Step::new("git").args(["tag", "v1.0.0"]));
    let attested = attest("v1.0.0");
    assert!(attested.is_success(), "{}", attested.stderr_text());
    let path = release.released().join("provenance.intoto.jsonl");
    let line = std::fs::read(&path).unwrap();
    assert!(attest("v1.0.0").is_success());
    assert_eq!(
        std::fs::read(&path).unwrap(),
        line,
        "attesting is deterministic"
    );

    let archive = release
        .released()
        .join(release.archive())
        .display()
        .to_string();
    let (public, file) = (
        release.key("m.pub").display().to_string(),
        path.display().to_string(),
    );
    let verify = |source: &str, more: &[&str]| {
        let args = [
            "verify",
            "--key",
            &public,
            "--provenance",
            &file,
            "--source-uri",
            source,
        ];
        let ran = release.sign(
            &[
                &args[..],
                more,
                &[archive.as_str(), "--message-format", "json"],
            ]
            .concat(),
        );
        let report: serde_json::Value = serde_json::from_slice(&ran.stdout).unwrap();
        let rules = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["rule"].as_str().unwrap().to_owned());
        (ran.status.code().unwrap(), rules.collect::<Vec<_>>())
    };
    let refused = |rule: &str| (100, vec![rule.to_owned()]);
    assert_eq!(verify(SOURCE, &["--source-tag", "v1.0.0"]), (0, vec![]));
    assert_eq!(verify("git+https://example.org/demo.git", &[]), (0, vec![]));
    assert_eq!(
        verify("https://example.org/other", &[]),
        refused("provenance-source")
    );
    assert_eq!(
        verify(SOURCE, &["--source-tag", "v2.0.0"]),
        refused("provenance-source")
    );
    assert_eq!(
        verify(SOURCE, &["--builder-id", "https://github.com/actions"]),
        refused("provenance-builder")
    );

    // The log: every line edited, removed, moved; cut between lines and within one.
    let lines: Vec<&str> = whole.split_inclusive('\n').collect();
    let mut changed: Vec<String> = Vec::new();
    for number in 0..lines.len() {
        let with = |line: &[String]| {
            [
                &lines[..number].concat(),
                &line.concat(),
                &lines[number + 1..].concat(),
            ]
            .map(String::as_str)
            .concat()
        };
        changed.push(with(&[lines[number].replacen(
            "\"exit_code\":",
            "\"exit_code\":1",
            1,
        )]));
        changed.push(with(&[lines[number].replacen(
            "\"argv\":[",
            "\"argv\":[\"evil\",",
            1,
        )]));
        changed.push(with(&[]));
        changed.push(with(&[lines[number].to_owned(), lines[number].to_owned()]));
        changed.push(lines[..number].concat() + &lines[number][..20]);
        changed.push([&lines[number..], &lines[..number]].concat().concat());
    }
    changed.retain(|text| *text != whole);
    assert!(changed.len() > 15);
    for text in changed {
        std::fs::write(&log, &text).unwrap();
        assert_eq!(verify(SOURCE, &[]), refused("audit-log"), "{text}");
    }
    // One that was attested and is not there is missed.
    std::fs::remove_file(&log).unwrap();
    assert_eq!(verify(SOURCE, &[]), (0, vec!["not-covered".to_owned()]));
    // A step that followed is named; one that only claims to is refused.
    std::fs::write(&log, &whole).unwrap();
    std::fs::write(release.key("note"), "more").unwrap();
    assert!(release.sign(&["sign", "sign", "keys/note"]).is_success());
    let longer = std::fs::read_to_string(&log).unwrap();
    assert!(longer.starts_with(&whole) && longer.len() > whole.len());
    assert_eq!(verify(SOURCE, &[]), (0, vec!["not-covered".to_owned()]));
    std::fs::write(&log, whole.clone() + lines[lines.len() - 1]).unwrap();
    assert_eq!(verify(SOURCE, &[]), refused("audit-log"));
    assert_eq!(
        release.sign(&["sign", "sign", "keys/note"]).status.code(),
        Some(101),
        "nothing is added to a broken log"
    );
    std::fs::write(&log, &whole).unwrap();

    // The envelope, byte by byte, with the files as they are.
    let keys = Keys::new(
        cargo_sign::read::keys::read_public_keys(&[release.key("m.pub")]).unwrap(),
        true,
    );
    let expected = cargo_sign::judge::provenance::Expected {
        source_uri: SOURCE.to_owned(),
        ..Default::default()
    };
    let held = check_directory(&release.released(), &keys, Extent::Listed).unwrap();
    let judge = |held: &Verdict| {
        let mut verdict = held.clone();
        check_provenance(&mut verdict, &Evidence::beside(&path), &expected, &keys).unwrap();
        verdict.holds()
    };
    assert!(judge(&held));
    for position in (0..line.len()).step_by(7) {
        let mut changed = line.clone();
        changed[position] ^= 1 << (position % 8);
        std::fs::write(&path, &changed).unwrap();
        assert!(!judge(&held), "byte {position}");
        std::fs::write(&path, &line[..position]).unwrap();
        assert!(!judge(&held), "cut to {position} bytes");
    }
    std::fs::write(&path, &line).unwrap();
    let mut other = held.clone();
    other.verified[1].file = "other.tar.gz".to_owned();
    assert!(!judge(&other), "a file it does not name");
}

/// What `slsa-verifier verify-vsa` looks at, and what nobody may change.
#[test]
fn a_verification_summary_says_what_was_verified_and_no_more() {
    let release = Release::new();
    let attest = || {
        release.sign(&[
            "attest",
            "--vsa",
            "--source-uri",
            "https://example.org/demo",
        ])
    };
    let attested = attest();
    assert!(attested.is_success(), "{}", attested.stderr_text());
    let path = release.released().join("vsa.intoto.jsonl");
    let line = std::fs::read(&path).unwrap();
    assert!(attest().is_success());
    assert_eq!(std::fs::read(&path).unwrap(), line, "it is deterministic");

    let envelope: serde_json::Value = serde_json::from_slice(&line).unwrap();
    let payload = STANDARD
        .decode(envelope["payload"].as_str().unwrap())
        .unwrap();
    let statement: serde_json::Value = serde_json::from_slice(&payload).unwrap();
    assert_eq!(envelope["payloadType"], "application/vnd.in-toto+json");
    assert_eq!(
        envelope["signatures"][0]["keyid"],
        public(SEED).fingerprint()
    );
    assert_eq!(statement["_type"], "https://in-toto.io/Statement/v1");
    assert_eq!(
        statement["predicateType"],
        "https://slsa.dev/verification_summary/v1"
    );
    let said = &statement["predicate"];
    assert_eq!(said["resourceUri"], "pkg:cargo/demo@1.0.0");
    assert_eq!(said["timeVerified"], "2023-11-14T22:13:20Z");
    assert_eq!(said["verificationResult"], "PASSED");
    assert_eq!(
        said["verifiedLevels"],
        serde_json::json!(["SLSA_BUILD_LEVEL_1"])
    );
    let provenance = std::fs::read(release.released().join("provenance.intoto.jsonl")).unwrap();
    assert_eq!(
        said["inputAttestations"][0]["digest"]["sha256"],
        sha256_bytes(&provenance).to_string()
    );
    let archive = sha256_bytes(&std::fs::read(release.released().join(release.archive())).unwrap())
        .to_string();
    let subjects = statement["subject"].as_array().unwrap();
    assert!(
        subjects
            .iter()
            .any(|subject| subject["digest"]["sha256"] == archive)
    );

    // The signature is plain Ed25519 over DSSE's encoding: openssl agrees, and not to anything
    // else.
    let dir = tempfile::tempdir().unwrap();
    let pae = [
        format!("DSSEv1 28 application/vnd.in-toto+json {} ", payload.len()).as_bytes(),
        &payload,
    ]
    .concat();
    let sig = STANDARD
        .decode(envelope["signatures"][0]["sig"].as_str().unwrap())
        .unwrap();
    lay_out(
        dir.path(),
        &[
            ("pae".to_owned(), pae.clone()),
            ("sig".to_owned(), sig),
            ("not".to_owned(), [&pae[..], b" "].concat()),
        ],
    );
    let pem = release.key("m.pem").display().to_string();
    let openssl = |what: &str| {
        let args = [
            "pkeyutl", "-verify", "-pubin", "-inkey", &pem, "-rawin", "-in", what, "-sigfile",
            "sig",
        ];
        stock(dir.path(), "openssl", &args, Vec::new())
    };
    assert_ne!(openssl("pae"), Some(false));
    assert_ne!(openssl("not"), Some(true));

    let keys = Keys::new(
        cargo_sign::read::keys::read_public_keys(&[release.key("m.pub")]).unwrap(),
        true,
    );
    let held = check_directory(&release.released(), &keys, Extent::Listed).unwrap();
    let judge = |held: &Verdict, keys: &Keys| {
        let mut verdict = held.clone();
        check_summary(&mut verdict, &path, keys).unwrap();
        verdict
            .findings
            .iter()
            .map(|finding| finding.rule.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(judge(&held, &keys), [""; 0]);
    assert_eq!(
        judge(&held, &Keys::new(vec![public([1; 32])], true)),
        ["key-mismatch"]
    );
    for position in (0..line.len()).step_by(5) {
        let mut changed = line.clone();
        changed[position] ^= 1 << (position % 8);
        std::fs::write(&path, &changed).unwrap();
        assert_ne!(judge(&held, &keys), [""; 0], "byte {position}");
    }
    // Signed by the right key, and saying something else.
    let signing = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let text = String::from_utf8(payload).unwrap();
    for (from, to, rule) in [
        (
            "SLSA_BUILD_LEVEL_1",
            "SLSA_BUILD_LEVEL_3",
            "provenance-malformed",
        ),
        ("PASSED", "FAILED", "provenance-malformed"),
        ("demo@1.0.0", "demo@1.0.1", "version-mismatch"),
        (&archive, &"0".repeat(64), "provenance-subject"),
        (
            "provenance.intoto.jsonl",
            "../provenance.intoto.jsonl",
            "provenance-subject",
        ),
        ("\"slsaVersion\"", "\"version\"", "provenance-malformed"),
    ] {
        let changed = text.replace(from, to);
        assert_ne!(changed, text, "{from}");
        std::fs::write(
            &path,
            cargo_sign::format::dsse::sign(&signing, changed.as_bytes()).unwrap(),
        )
        .unwrap();
        assert_eq!(judge(&held, &keys), [rule], "{from}");
    }
    std::fs::write(&path, &line).unwrap();
    std::fs::write(release.released().join("provenance.intoto.jsonl"), "{}\n").unwrap();
    assert_eq!(judge(&held, &keys), ["provenance-subject"]);
}
