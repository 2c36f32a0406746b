//! Bundles as the program is asked about them.

use super::*;

/// By the program: a file with nothing but a bundle, a release that is signed as well, and roots
/// that are none.
#[test]
fn the_program_judges_bundles() {
    let release = Release::new();
    let case = Case::new();
    let file = |name: &str| case.dir.path().join(name).display().to_string();
    let root = file("root.json");
    let bundle = file("demo.sigstore.json");
    let archive = release.archive();
    lay_out(
        case.dir.path(),
        &release
            .published()
            .into_iter()
            .filter(|(name, _)| *name == archive)
            .collect::<Vec<_>>(),
    );

    let files: Vec<_> = release.published();
    let commit = release
        .must(release_gate::process::Step::new("git").args(["rev-parse", "HEAD"]))
        .stdout;
    let commit = String::from_utf8(commit).unwrap().trim().to_owned();
    let mut said = statement(&files);
    *at(
        &mut said,
        "/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit",
    ) = json!(commit);

    let claims = Claims::new()
        .with(13, Some(&commit))
        .with(19, Some(&commit));
    let line = case.instance.bundle(&claims, &said);
    std::fs::write(&bundle, &line).unwrap();
    let verify = |more: &[&str]| {
        let args = [
            "verify",
            "--provenance",
            &bundle,
            "--source-uri",
            SOURCE,
            "--message-format",
            "json",
        ];
        let ran = release.sign(&[&args[..], more].concat());
        let (code, rules) = verdict(&ran);
        (code, rules, ran)
    };

    let alone = file(&archive);
    let (code, rules, ran) = verify(&["--trusted-root", &root, &alone]);
    assert_eq!(
        (code, rules),
        (0, vec!["provenance-unsigned".to_owned()]),
        "{}",
        ran.stderr_text()
    );

    let report: Value = serde_json::from_slice(&ran.stdout).unwrap();
    assert_eq!(report["data"]["provenance"][0]["level"], 2);
    assert!(
        ran.stderr_text().contains(&format!("OK  {archive}")),
        "{}",
        ran.stderr_text()
    );

    assert_eq!(
        verify(&["--trusted-root", &root, "--source-tag", "v1.0.1", &alone]).0,
        100
    );

    // What is unpacked was looked through first, whoever vouches for it.
    let into = case.dir.path().join("into");
    let unpack = ["--trusted-root", &root, "--extract", into.to_str().unwrap()];
    assert_eq!(verify(&[&unpack[..], &[&alone]].concat()).0, 0);
    assert!(
        into.join(archive.trim_end_matches(".tar.gz"))
            .join("checksums.txt")
            .is_file()
    );

    std::fs::remove_dir_all(&into).unwrap();
    let junk = [std::fs::read(&alone).unwrap(), b"junk".to_vec()].concat();
    lay_out(case.dir.path(), &[("junk.tar.gz".to_owned(), junk.clone())]);
    let mut with_junk = said.clone();
    *at(&mut with_junk, "/subject") =
        statement(&[("junk.tar.gz".to_owned(), junk)])["subject"].clone();
    std::fs::write(&bundle, case.instance.bundle(&claims, &with_junk)).unwrap();
    assert_eq!(
        verify(&["--trusted-root", &root, &file("junk.tar.gz")]).0,
        0
    );

    let (code, rules, _) = verify(&[&unpack[..], &[&file("junk.tar.gz")]].concat());
    assert!(
        code == 100 && rules.contains(&"archive-trailing-data".to_owned()) && !into.exists(),
        "{rules:?}"
    );

    std::fs::write(&bundle, &line).unwrap();
    assert_eq!(
        verify(&[&alone]).0,
        100,
        "the instances that are known do not know ours"
    );

    assert_eq!(verify(&["--trusted-root", &bundle, &alone]).0, 101);
    let named = release.key("m.pub").display().to_string();
    assert_eq!(
        verify(&["--trusted-root", &root, "--key", &named, &alone]).1,
        ["signature-missing"]
    );

    // A project that has a key wants its signature.
    let committed = release.dir.path().join("release-keys");
    std::fs::create_dir(&committed).unwrap();
    std::fs::copy(
        release.key("m.pub"),
        committed.join("maintainer.ed25519.pub"),
    )
    .unwrap();

    let project = ["--trusted-root", &root, "--manifest-path", "Cargo.toml"];
    assert_eq!(
        verify(&[&project[..], &[&alone]].concat()).1,
        ["signature-missing"]
    );

    std::fs::remove_dir_all(committed).unwrap();

    // So does one whose key is known, also where the list stands for the archive.
    std::fs::write(
        case.dir.path().join("checksums.txt"),
        format!(
            "{}  {archive}\n",
            release_gate::digest::sha256_bytes(&std::fs::read(&alone).unwrap())
        ),
    )
    .unwrap();

    let list = std::fs::read(file("checksums.txt")).unwrap();
    let mut with_list = said.clone();
    *at(&mut with_list, "/subject") =
        statement(&[("checksums.txt".to_owned(), list)])["subject"].clone();
    std::fs::write(&bundle, case.instance.bundle(&claims, &with_list)).unwrap();
    let listed = || verify(&["--trusted-root", &root, &file("checksums.txt")]);
    let (code, rules, ran) = listed();
    assert_eq!(
        (code, rules),
        (0, vec!["provenance-unsigned".to_owned()]),
        "{}",
        ran.stderr_text()
    );

    assert!(
        ran.stderr_text().contains(&format!("OK  {archive}")),
        "{}",
        ran.stderr_text()
    );

    let whole = std::fs::read(&alone).unwrap();
    std::fs::write(&alone, &whole[1..]).unwrap();
    assert!(listed().0 == 100 && listed().1.contains(&"digest-mismatch".to_owned()));
    std::fs::write(&alone, &whole).unwrap();
    let genuine = release.released().join(&archive).display().to_string();
    assert!(
        release
            .sign(&["verify", "--key", &named, &genuine])
            .is_success()
    );

    assert_eq!(listed().1, ["signature-missing"]);
    std::fs::write(&bundle, &line).unwrap();
    assert_eq!(
        verify(&["--trusted-root", &root, &alone]).1,
        ["signature-missing"]
    );

    assert!(release.sign(&["keys", "forget", "demo"]).is_success());

    // A folder that is signed: both have to hold, and to be of the same commit.
    let folder = release.released().display().to_string();
    let (code, rules, ran) = verify(&[&project[..], &["--key", &named, &folder]].concat());
    assert!(
        code == 0 && rules.iter().all(|rule| rule == "not-covered"),
        "{rules:?} {}",
        ran.stderr_text()
    );

    std::fs::write(
        &bundle,
        case.instance.bundle(&Claims::new(), &statement(&files)),
    )
    .unwrap();

    assert_eq!(
        verify(&[&project[..], &["--key", &named, &folder]].concat())
            .1
            .last()
            .unwrap(),
        "commit-mismatch"
    );

    // What is not covered by it is named.
    let without = files
        .iter()
        .filter(|(name, _)| *name != archive)
        .cloned()
        .collect::<Vec<_>>();

    *at(&mut said, "/subject") = statement(&without)["subject"].clone();
    std::fs::write(&bundle, case.instance.bundle(&claims, &said)).unwrap();
    assert_eq!(
        verify(&[&project[..], &["--key", &named, &folder]].concat())
            .1
            .last()
            .unwrap(),
        "provenance-subject"
    );
}

/// A bundle that was verified is recorded with its level, and stock `slsa-verifier` (where there is
/// one) takes the record.
#[test]
fn a_verified_bundle_is_recorded() {
    let release = Release::new();
    let case = Case::new();
    let file = |name: &str| case.dir.path().join(name).display().to_string();
    let (root, bundle) = (file("root.json"), file("github.json"));
    let commit = release
        .must(release_gate::process::Step::new("git").args(["rev-parse", "HEAD"]))
        .stdout;
    let commit = String::from_utf8(commit).unwrap().trim().to_owned();
    let called = "https://github.com/them/builder/.github/workflows/build.yml@refs/tags/v1.0.0";
    let make = |signer: &str, files: &[(String, Vec<u8>)]| {
        let mut said = statement(files);
        *at(
            &mut said,
            "/predicate/buildDefinition/resolvedDependencies/0/digest/gitCommit",
        ) = json!(commit);
        *at(&mut said, "/predicate/runDetails/builder/id") = json!(signer);
        let claims = Claims::new()
            .with(13, Some(&commit))
            .with(19, Some(&commit))
            .signed_by(signer);
        std::fs::write(&bundle, case.instance.bundle(&claims, &said)).unwrap();
    };
    let attest = |more: &[&str]| {
        let args = [
            "attest",
            "--vsa",
            "--provenance",
            &bundle,
            "--trusted-root",
            &root,
            "--message-format",
            "json",
        ];
        verdict(&release.sign(&[&args[..], more].concat()))
    };
    let vsa = release.released().join("vsa.intoto.jsonl");
    let copy = release.released().join("provenance.sigstore.json");
    let files = release.published();
    make(SIGNER, &files);
    let refused = |code: i32, rule: &str| (code, vec![rule.to_owned()]);
    assert_eq!(
        attest(&["--source-uri", "https://github.com/o/other"]),
        refused(100, "provenance-source")
    );
    assert!(
        !vsa.exists() && !copy.exists(),
        "what does not hold is not recorded"
    );
    let public = release.key("m.pub").display().to_string();
    let archive = files
        .iter()
        .find(|(name, _)| *name == release.archive())
        .unwrap();
    let digest = format!("sha256:{}", sha256_bytes(&archive.1));
    let summary = |path: &std::path::Path| -> Value {
        let envelope: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        serde_json::from_slice(
            &STANDARD
                .decode(envelope["payload"].as_str().unwrap())
                .unwrap(),
        )
        .unwrap()
    };
    for (signer, more, level) in [
        (SIGNER, &[][..], 2),
        (called, &["--builder-id", called][..], 3),
    ] {
        make(signer, &files);
        assert_eq!(
            attest(&[&["--source-uri", SOURCE], more].concat()),
            (0, vec![])
        );
        let said = summary(&vsa)["predicate"].clone();
        assert_eq!(
            said["verifiedLevels"],
            json!([format!("SLSA_BUILD_LEVEL_{level}")])
        );
        assert_eq!(
            said["inputAttestations"][0]["uri"],
            "provenance.sigstore.json"
        );
        assert_eq!(
            std::fs::read(&copy).unwrap(),
            std::fs::read(&bundle).unwrap()
        );
        // In a download, both lie beside the release.
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), &release.published());
        let (code, rules) = verdict(&release.sign(&[
            "verify",
            "--key",
            &public,
            "--message-format",
            "json",
            &dir.path().display().to_string(),
        ]));
        assert!(
            code == 0 && rules.iter().all(|rule| rule == "not-covered"),
            "{rules:?}"
        );
        let pem = release.key("m.pem").display().to_string();
        let stock_says = |digest: &str, resource: &str, level: u8| {
            let level = format!("SLSA_BUILD_LEVEL_{level}");
            #[rustfmt::skip]
            let args = ["verify-vsa", "--subject-digest", digest, "--attestation-path", "vsa.intoto.jsonl", "--public-key-path", &pem,
                "--verifier-id", "urn:release-gate:cargo-sign:verifier:v1", "--resource-uri", resource, "--verified-level", &level];
            stock(dir.path(), "slsa-verifier", &args, Vec::new())
        };
        assert_ne!(
            stock_says(&digest, "pkg:cargo/demo@1.0.0", level),
            Some(false)
        );
        assert_ne!(
            stock_says(&digest, "pkg:cargo/demo@1.0.0", level + 1),
            Some(true)
        );
        assert_ne!(
            stock_says(&digest, "pkg:cargo/demo@1.0.1", level),
            Some(true)
        );
        assert_ne!(
            stock_says(
                &digest.replace(['0', '1'], "2"),
                "pkg:cargo/demo@1.0.0",
                level
            ),
            Some(true)
        );
    }
    // A summary says what the bundle beside it has, and no more.
    let keys = Keys::new(
        cargo_sign::read::keys::read_public_keys(&[release.key("m.pub")]).unwrap(),
        true,
    );
    let judge = || {
        let mut held = cargo_sign::inspect::check_directory(
            &release.released(),
            &keys,
            cargo_sign::judge::listing::Extent::Listed,
        )
        .unwrap();
        let trusted_root = Some(case.dir.path().join("root.json"));
        let builder_id = Some(called.to_owned());
        let expected = Expected {
            source_uri: SOURCE.to_owned(),
            trusted_root,
            builder_id,
            ..Expected::default()
        };
        check_provenance(&mut held, &Evidence::beside(&copy), &expected, &keys).unwrap();
        cargo_sign::inspect::check_summary(&mut held, &vsa, &keys).unwrap();
        held.findings
            .into_iter()
            .map(|finding| finding.rule)
            .collect::<Vec<_>>()
    };
    assert_eq!(judge(), [""; 0]);
    let key = ed25519_dalek::SigningKey::from_bytes(&SEED);
    for (from, to) in [
        ("LEVEL_3", "LEVEL_2"),
        ("LEVEL_3", "LEVEL_4"),
        ("\"SLSA_BUILD_LEVEL_3\"", ""),
    ] {
        let changed = summary(&vsa).to_string().replace(from, to);
        let fine = std::fs::read(&vsa).unwrap();
        std::fs::write(
            &vsa,
            cargo_sign::format::dsse::sign(&key, changed.as_bytes()).unwrap(),
        )
        .unwrap();
        assert_eq!(judge(), ["provenance-malformed"], "{from} {to}");
        std::fs::write(&vsa, fine).unwrap();
    }
    std::fs::write(&copy, std::fs::read_to_string(&copy).unwrap() + "\n").unwrap();
    assert_eq!(judge(), ["provenance-subject"]);
    // Provenance of our own is recorded without being named.
    std::fs::write(&bundle, "{}").unwrap();
    assert_eq!(attest(&["--source-uri", SOURCE]).0, 2);
    // Then nothing of the bundle stays behind to be uploaded with it.
    assert!(copy.exists());
    assert!(
        release
            .sign(&["attest", "--vsa", "--source-uri", SOURCE])
            .is_success()
    );
    assert!(!copy.exists());
    assert_eq!(
        summary(&vsa)["predicate"]["inputAttestations"][0]["uri"],
        "provenance.intoto.jsonl"
    );
}
