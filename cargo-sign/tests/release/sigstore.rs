//! Sigstore bundles, made by an instance of our own.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cargo_sign::inspect::{Evidence, check_provenance};
use cargo_sign::judge::keys::Keys;
use cargo_sign::judge::provenance::Expected;
use cargo_sign::judge::verdict::Verdict;
use cargo_sign::judge::verdict::Verified;
use cargo_sign::model::provenance::BuildLevel;
use release_gate::digest::sha256_bytes;
use serde_json::{Value, json};

use crate::fixture::*;
use crate::instance::*;

/// A folder with a trusted root and a bundle, and the file that is judged.
struct Case {
    dir: tempfile::TempDir,
    instance: Instance,
    held: Verified,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instance::new();
        std::fs::write(dir.path().join("root.json"), instance.root()).unwrap();
        let held = Verified {
            file: "demo.tar.gz".to_owned(),
            sha256: sha256_bytes(b"demo"),
            size: 4,
            signed: None,
        };
        Self {
            dir,
            instance,
            held,
        }
    }

    fn expected(&self) -> Expected {
        let trusted_root = Some(self.dir.path().join("root.json"));
        Expected {
            source_uri: "github.com/o/demo".to_owned(),
            trusted_root,
            ..Expected::default()
        }
    }

    fn statement(&self) -> Value {
        statement(&[("demo.tar.gz".to_owned(), b"demo".to_vec())])
    }

    fn verdict(&self, bundle: &str, expected: &Expected) -> Verdict {
        let path = self.dir.path().join("bundle.json");
        std::fs::write(&path, bundle).unwrap();
        let mut verdict = Verdict {
            verified: vec![self.held.clone()],
            ..Verdict::default()
        };
        check_provenance(
            &mut verdict,
            &Evidence::beside(&path),
            expected,
            &Keys::new(Vec::new(), true),
        )
        .unwrap();
        assert_eq!(
            verdict.holds(),
            !verdict.builds.is_empty(),
            "{:?}",
            verdict.findings
        );
        verdict
    }

    fn rules(&self, bundle: &str, expected: &Expected) -> Vec<String> {
        let mut rules: Vec<_> = self
            .verdict(bundle, expected)
            .findings
            .into_iter()
            .map(|finding| finding.rule)
            .collect();
        rules.dedup();
        rules
    }

    /// What a bundle with these claims and this statement ends with.
    fn said(&self, claims: &Claims, statement: &Value) -> Vec<String> {
        self.rules(&self.instance.bundle(claims, statement), &self.expected())
    }
}

/// The value at a path of keys and numbers, to be changed.
fn at<'a>(value: &'a mut Value, pointer: &str) -> &'a mut Value {
    value
        .pointer_mut(pointer)
        .unwrap_or_else(|| panic!("nothing at {pointer}"))
}

#[test]
fn a_bundle_of_the_source_itself_is_level_2() {
    let case = Case::new();
    let bundle = case.instance.bundle(&Claims::new(), &case.statement());
    let verdict = case.verdict(&bundle, &case.expected());
    let built = &verdict.builds[0];
    assert_eq!(
        (
            u8::from(built.level),
            &*built.builder,
            &*built.source,
            &*built.commit
        ),
        (2, SIGNER, SOURCE, COMMIT)
    );
    assert_eq!(built.reference.as_deref(), Some("refs/tags/v1.0.0"));
    assert!(
        verdict.remarks[0].contains("SLSA Build L2"),
        "{:?}",
        verdict.remarks
    );
    // Naming the builder raises nothing.
    let named = Expected {
        builder_id: Some(SIGNER.to_owned()),
        ..case.expected()
    };
    assert_eq!(
        case.verdict(&bundle, &named).builds[0].level,
        BuildLevel::L2
    );
    // Two lines: another file's bundle does no harm, and one with an SBOM neither.
    let other = case.instance.bundle(
        &Claims::new(),
        &statement(&[("other".to_owned(), b"other".to_vec())]),
    );
    let mut sbom = case.statement();
    *at(&mut sbom, "/predicateType") = json!("https://cyclonedx.org/bom");
    let sbom = case.instance.bundle(&Claims::new(), &sbom);
    assert_eq!(
        case.rules(&format!("{other}\n{sbom}\n{bundle}\n"), &case.expected()),
        [""; 0]
    );
    assert_eq!(
        case.rules(&format!("{other}\n{sbom}\n"), &case.expected()),
        ["provenance-subject"]
    );
    assert_eq!(case.rules(&sbom, &case.expected()), ["bundle-malformed"]);
    // The instances this program was built with know nothing of ours.
    let expected = Expected {
        trusted_root: None,
        ..case.expected()
    };
    let rules = case.rules(&bundle, &expected);
    assert!(
        rules == ["bundle-certificate"] || rules == ["bundle-log"],
        "{rules:?}"
    );
}

#[test]
fn what_is_asked_for_is_compared() {
    let case = Case::new();
    let bundle = case.instance.bundle(&Claims::new(), &case.statement());
    let text = |text: &str| Some(text.to_owned());
    let fine = || case.expected();
    for expected in [
        Expected {
            source_uri: SOURCE.to_owned(),
            ..fine()
        },
        Expected {
            source_uri: format!("git+{SOURCE}.git"),
            ..fine()
        },
        Expected {
            source_tag: text("v1.0.0"),
            ..fine()
        },
        Expected {
            builder_id: text(SIGNER.split('@').next().unwrap()),
            ..fine()
        },
        Expected {
            builder_id: SIGNER.replace("refs/tags/", "").into(),
            ..fine()
        },
    ] {
        assert_eq!(case.rules(&bundle, &expected), [""; 0], "{expected:?}");
    }
    for source in [
        "github.com/o/demo2",
        "github.com/o/dem",
        "https://example.org/o/demo",
        "http://github.com/o/demo",
        "",
    ] {
        let rules = case.rules(
            &bundle,
            &Expected {
                source_uri: source.to_owned(),
                ..fine()
            },
        );
        assert!(
            rules.contains(&"provenance-source".to_owned()),
            "{source}: {rules:?}"
        );
    }
    for expected in [
        Expected {
            source_tag: text("v1.0"),
            ..fine()
        },
        Expected {
            source_tag: text("v1.0.1"),
            ..fine()
        },
        Expected {
            source_branch: text("main"),
            ..fine()
        },
    ] {
        assert_eq!(
            case.rules(&bundle, &expected),
            ["provenance-source"],
            "{expected:?}"
        );
    }
    for builder in [
        SIGNER.replace("v1.0.0", "v1.0.1"),
        SIGNER.replace("release.yml", "other.yml"),
        String::new(),
    ] {
        let expected = Expected {
            builder_id: Some(builder),
            ..fine()
        };
        assert_eq!(
            case.rules(&bundle, &expected),
            ["provenance-builder"],
            "{expected:?}"
        );
    }
    let renamed = Case {
        held: Verified {
            file: "evil.tar.gz".to_owned(),
            ..case.held.clone()
        },
        ..case
    };
    assert_eq!(
        renamed.rules(&bundle, &renamed.expected()),
        ["provenance-name"]
    );
    let changed = Case {
        held: Verified {
            sha256: sha256_bytes(b"evil"),
            ..renamed.held.clone()
        },
        ..renamed
    };
    assert_eq!(
        changed.rules(&bundle, &changed.expected()),
        ["provenance-subject"]
    );
}

/// Everything the certificate and the provenance say, each changed alone: each is refused for its
/// own reason.
#[test]
fn certificate_and_provenance_have_to_agree() {
    let case = Case::new();
    let fine = Claims::new;
    assert_eq!(case.said(&fine(), &case.statement()), [""; 0]);
    let person = Claims {
        signer: "https://accounts.example.org/o/demo@refs/heads/main".to_owned(),
        ..fine().with(9, None)
    };
    let other = "https://github.com/o/demo/.github/workflows/other.yml@refs/tags/v1.0.0";
    let elsewhere = "https://github.com/evil/demo/.github/workflows/release.yml@refs/tags/v1.0.0";
    let zeros = Some("0000000000000000000000000000000000000000");
    let claims: Vec<(Claims, &[&str])> = vec![
        (
            fine().with(8, Some("https://accounts.google.com")),
            &["bundle-issuer"],
        ),
        (fine().with(8, None), &["bundle-issuer"]),
        (person, &["bundle-signer"]),
        (
            fine().signed_by("https://github.com/o/demo/.github/workflows/release.yml"),
            &["bundle-signer"],
        ),
        (
            fine().signed_by("https://github.com/o/demo@refs/tags/v1.0.0"),
            &["bundle-signer"],
        ),
        (
            fine()
                .signed_by("https://github.com/o/demo/.github/workflows/a@v1.yml@refs/heads/main"),
            &["bundle-signer"],
        ),
        (fine().with(9, Some(other)), &["bundle-claims"]),
        (fine().signed_by(other), &["bundle-claims"]),
        (
            fine().signed_by(elsewhere),
            &["provenance-builder", "bundle-claims"],
        ),
        (fine().with(11, Some("self-hosted")), &["bundle-runner"]),
        (fine().with(11, None), &["bundle-runner"]),
        (
            fine().with(12, Some("https://github.com/evil/demo")),
            &["bundle-claims", "provenance-source"],
        ),
        (
            fine().with(12, None),
            &["bundle-claims", "provenance-source"],
        ),
        (fine().with(13, zeros), &["bundle-claims"]),
        (fine().with(13, None).with(19, None), &["bundle-claims"]),
        (
            fine().with(14, Some("refs/tags/v1.0.1")),
            &["bundle-claims"],
        ),
        (fine().with(14, None), &["bundle-claims"]),
        (fine().with(18, Some(other)), &["bundle-claims"]),
        (fine().with(19, zeros), &["bundle-claims"]),
        (fine().with(2, Some("pull_request")), &["bundle-claims"]),
        (fine().with(3, zeros), &["bundle-claims"]),
        (fine().with(5, Some("evil/demo")), &["bundle-claims"]),
        (fine().with(6, Some("refs/heads/main")), &["bundle-claims"]),
    ];
    for (claims, rules) in claims {
        assert_eq!(
            case.said(&claims, &case.statement()),
            rules,
            "{} {:?}",
            claims.signer,
            claims.extensions
        );
    }
    const BUILD: &str = "/predicate/buildDefinition";
    let workflow = format!("{BUILD}/externalParameters/workflow");
    let source = format!("{BUILD}/resolvedDependencies/0");
    let evil = "https://github.com/evil/demo";
    let statements: Vec<(String, Value, &[&str])> = vec![
        (
            "/_type".into(),
            json!("https://in-toto.io/Statement/v2"),
            &["bundle-malformed"],
        ),
        (
            "/predicateType".into(),
            json!("https://slsa.dev/provenance/v2"),
            &["bundle-malformed"],
        ),
        (
            "/predicate/runDetails".into(),
            json!({}),
            &["bundle-malformed"],
        ),
        ("/subject".into(), json!([]), &["bundle-malformed"]),
        (
            "/subject/0/digest".into(),
            json!({"sha512": "00"}),
            &["bundle-malformed"],
        ),
        (
            format!("{BUILD}/buildType"),
            json!("https://example.org/other"),
            &["bundle-build-type"],
        ),
        (
            "/predicate/runDetails/builder/id".into(),
            json!(elsewhere),
            &["bundle-claims"],
        ),
        (
            "/predicate/runDetails/builder/id".into(),
            json!("https://github.com/actions/runner"),
            &["provenance-builder"],
        ),
        (
            format!("{workflow}/repository"),
            json!(evil),
            &["bundle-claims"],
        ),
        (
            format!("{workflow}/ref"),
            json!("refs/heads/main"),
            &["bundle-claims"],
        ),
        (
            format!("{workflow}/path"),
            json!(".github/workflows/other.yml"),
            &["bundle-claims"],
        ),
        (workflow.clone(), json!({}), &["bundle-claims"]),
        (
            format!("{source}/uri"),
            json!(format!("git+{evil}@refs/tags/v1.0.0")),
            &["bundle-claims"],
        ),
        (
            format!("{source}/uri"),
            json!(format!("git+{SOURCE}")),
            &["bundle-claims"],
        ),
        (
            format!("{source}/digest/gitCommit"),
            json!(zeros),
            &["bundle-claims"],
        ),
        (format!("{source}/digest"), json!({}), &["bundle-claims"]),
        (
            format!("{BUILD}/resolvedDependencies"),
            json!([]),
            &["bundle-claims"],
        ),
    ];
    for (pointer, value, rules) in statements {
        let mut changed = case.statement();
        *at(&mut changed, &pointer) = value;
        assert_eq!(case.said(&fine(), &changed), rules, "{pointer}");
    }
}

/// Workflows of others: those that are known, and those that were named.
#[test]
fn the_level_comes_from_who_signed() {
    let case = Case::new();
    let judged = |signer: &str, kind: &str, builder: &str, asked: Option<&str>| {
        let mut statement = case.statement();
        *at(&mut statement, "/predicate/buildDefinition/buildType") = json!(kind);
        *at(&mut statement, "/predicate/runDetails/builder/id") = json!(builder);
        let bundle = case
            .instance
            .bundle(&Claims::new().signed_by(signer), &statement);
        let expected = Expected {
            builder_id: asked.map(str::to_owned),
            ..case.expected()
        };
        let verdict = case.verdict(&bundle, &expected);
        verdict.builds.first().map_or_else(
            || verdict.findings[0].rule.clone(),
            |built| built.level.to_string(),
        )
    };
    const GENERATOR: &str =
        "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/";
    const GENERIC: &str = "https://github.com/slsa-framework/slsa-github-generator/generic@v1";
    const DELEGATED: &str =
        "https://github.com/slsa-framework/slsa-github-generator/delegator-generic@v0";
    const GITHUB: &str = "https://actions.github.io/buildtypes/workflow/v1";
    let generic = |reference: &str| format!("{GENERATOR}generator_generic_slsa3.yml@{reference}");
    let release = generic("refs/tags/v2.1.0");
    assert_eq!(judged(&release, GENERIC, &release, None), "L3");
    assert_eq!(
        judged(&release, GENERIC, &release, Some(&generic("v2.1.0"))),
        "L3"
    );
    assert_eq!(
        judged(&release, GENERIC, &release, Some(&generic("v2.0.0"))),
        "provenance-builder"
    );
    assert_eq!(
        judged(&release, GITHUB, &release, None),
        "bundle-build-type"
    );
    for reference in [
        "refs/heads/main",
        "refs/tags/v2.1",
        "refs/tags/v2.1.0-rc.1",
        "refs/tags/2.1.0",
        COMMIT,
    ] {
        let odd = generic(reference);
        assert_eq!(
            judged(&odd, GENERIC, &odd, None),
            "provenance-builder",
            "{reference}"
        );
    }
    let unknown = format!("{GENERATOR}other.yml@refs/tags/v2.1.0");
    assert_eq!(
        judged(&unknown, GENERIC, &unknown, None),
        "bundle-build-type"
    );
    let delegator = format!("{GENERATOR}delegator_generic_slsa3.yml@refs/tags/v2.1.0");
    let maven = format!("{GENERATOR}builder_maven_slsa3.yml@refs/tags/v2.1.0");
    let theirs = "https://github.com/them/builder/.github/workflows/build.yml@refs/tags/v1.0.0";
    assert_eq!(judged(&delegator, DELEGATED, &maven, None), "L3");
    assert_eq!(
        judged(&delegator, DELEGATED, theirs, None),
        "provenance-builder"
    );
    assert_eq!(judged(&delegator, DELEGATED, theirs, Some(theirs)), "L3");
    assert_eq!(
        judged(
            &delegator,
            DELEGATED,
            &theirs.replace("v1.0.0", "v1"),
            Some(theirs)
        ),
        "provenance-builder"
    );
    // A workflow that was called: only who names it says that it keeps the caller out.
    let name = theirs.split('@').next();
    assert_eq!(judged(theirs, GITHUB, theirs, None), "provenance-builder");
    assert_eq!(judged(theirs, GITHUB, theirs, name), "L3");
    let pinned = format!("{}@{COMMIT}", name.unwrap());
    assert_eq!(judged(&pinned, GITHUB, &pinned, name), "provenance-builder");
    assert_eq!(judged(&pinned, GITHUB, &pinned, Some(&pinned)), "L3");
    // One of the source itself is no better known: any branch may hold another.
    let own = |reference: &str| format!("{SOURCE}/.github/workflows/build.yml@{reference}");
    let (evil, tagged) = (own("refs/heads/evil"), own("refs/tags/v1.0.0"));
    let name = evil.split('@').next();
    assert_eq!(judged(&evil, GITHUB, &evil, name), "L2");
    assert_eq!(judged(&evil, GITHUB, &evil, None), "L2");
    assert_eq!(
        judged(&evil, GITHUB, &evil, Some(&own("refs/heads/main"))),
        "provenance-builder"
    );
    assert_eq!(judged(&evil, GITHUB, &evil, Some(&evil)), "L3");
    assert_eq!(judged(&tagged, GITHUB, &tagged, name), "L3");
    assert_eq!(judged(&tagged, GITHUB, &tagged, None), "L2");
    // Only one repository tags its releases otherwise, and none whose name begins as its does.
    let java = |repository: &str| {
        let id = format!(
            "https://github.com/jreleaser/{repository}/.github/workflows/build.yml@refs/tags/v1.0.0-java"
        );
        judged(&delegator, DELEGATED, &id, Some(&id))
    };
    assert_eq!(java("release-action"), "L3");
    assert_eq!(java("release-action-evil"), "provenance-builder");
}

/// Anybody can open a pull request, and have what it would be after a merge built.
#[test]
fn a_pull_request_is_no_source() {
    let case = Case::new();
    let merge = "refs/pull/1/merge";
    let text = case
        .statement()
        .to_string()
        .replace("refs/tags/v1.0.0", merge);
    let statement: Value = serde_json::from_str(&text).unwrap();
    let signer = SIGNER.replace("refs/tags/v1.0.0", merge);
    let claims = Claims::new()
        .signed_by(&signer)
        .with(14, Some(merge))
        .with(18, Some(&signer));
    for claims in [claims.clone(), claims.with(20, Some("pull_request"))] {
        assert_eq!(case.said(&claims, &statement), ["provenance-source"]);
    }
}

/// The bundle itself: every part exchanged with that of another, taken out, or with a bit flipped.
#[test]
fn every_mutation_of_a_bundle_is_refused() {
    let case = Case::new();
    let line = case.instance.bundle(&Claims::new(), &case.statement());
    let fine: Value = serde_json::from_str(&line).unwrap();
    let other = case.instance.bundle(&Claims::new(), &case.statement());
    let other: Value = serde_json::from_str(&other).unwrap();
    let stranger = Instance::new().bundle(&Claims::new(), &case.statement());
    let stranger: Value = serde_json::from_str(&stranger).unwrap();
    let expected = case.expected();
    let judged = |value: &Value| case.rules(&value.to_string(), &expected);
    assert_eq!(judged(&fine), [""; 0]);
    let rules = judged(&stranger);
    assert!(
        rules == ["bundle-certificate"] || rules == ["bundle-log"],
        "{rules:?}"
    );
    const MATERIAL: &str = "/verificationMaterial";
    const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
    let mut counted = 0;
    let parts = [
        ("/mediaType", "", &[][..]),
        (
            MATERIAL,
            "/certificate/rawBytes",
            &[
                "bundle-certificate",
                "bundle-malformed",
                "bundle-log",
                "bundle-signature",
            ],
        ),
        (ENTRY, "/logId/keyId", &["bundle-log"]),
        (
            ENTRY,
            "/inclusionPromise/signedEntryTimestamp",
            &["bundle-log"],
        ),
        (ENTRY, "/inclusionProof/rootHash", &["bundle-log"]),
        (
            ENTRY,
            "/inclusionProof/checkpoint/envelope",
            &["bundle-log"],
        ),
        (ENTRY, "/canonicalizedBody", &["bundle-log"]),
        (
            "/dsseEnvelope",
            "/payload",
            &["bundle-signature", "bundle-log"],
        ),
        ("/dsseEnvelope", "/payloadType", &[]),
        (
            "/dsseEnvelope/signatures/0",
            "/sig",
            &["bundle-signature", "bundle-log"],
        ),
    ];
    for (above, below, allowed) in parts {
        let pointer = format!("{above}{below}");
        let mut check =
            |value: Value, what: &str| {
                let mut changed = fine.clone();
                *at(&mut changed, &pointer) = value;
                if changed != fine {
                    counted += 1;
                    let rules = judged(&changed);
                    assert!(
                        !rules.is_empty()
                            && rules.iter().all(|rule| rule == "bundle-malformed"
                                || allowed.contains(&rule.as_str())),
                        "{pointer} {what}: {rules:?}"
                    );
                }
            };
        check(
            other.pointer(&pointer).unwrap().clone(),
            "of another bundle",
        );
        check(
            stranger.pointer(&pointer).unwrap().clone(),
            "of another instance",
        );
        check(Value::Null, "null");
        check(json!(""), "empty");
        let text = fine.pointer(&pointer).unwrap().as_str().unwrap();
        match STANDARD.decode(text) {
            Ok(bytes) => {
                for position in (0..bytes.len()).step_by((bytes.len() / 25).max(1)) {
                    let mut changed = bytes.clone();
                    changed[position] ^= 1 << (position % 8);
                    check(
                        json!(STANDARD.encode(changed)),
                        &format!("bit of byte {position}"),
                    );
                }
            }
            Err(_) => check(json!(text.replacen('a', "b", 1)), "one letter"),
        }
    }
    // Nothing signs the name that stands before the checkpoint's signature.
    let mut changed = fine.clone();
    let envelope = at(
        &mut changed,
        &format!("{ENTRY}/inclusionProof/checkpoint/envelope"),
    );
    *envelope = json!(
        envelope
            .as_str()
            .unwrap()
            .replace("\u{2014} log.example.org", "\u{2014} log.example.orf")
    );
    assert_eq!(judged(&changed), ["bundle-log"]);
    for pointer in [
        "/verificationMaterial/tlogEntries",
        "/dsseEnvelope/signatures",
    ] {
        let mut changed = fine.clone();
        *at(&mut changed, pointer) = json!([]);
        let rules = judged(&changed);
        assert!(
            rules == ["bundle-log"] || rules == ["bundle-malformed"],
            "{pointer}: {rules:?}"
        );
    }
    // Signed before the certificate was valid, or after, or nobody knows when.
    for (time, rule) in [
        ("1704067199", "bundle-log"),
        ("1704153601", "bundle-log"),
        ("0", "bundle-time"),
    ] {
        let mut changed = fine.clone();
        *at(&mut changed, &format!("{ENTRY}/integratedTime")) = json!(time);
        assert_eq!(judged(&changed), [rule], "{time}");
    }
    let mut changed = fine.clone();
    at(&mut changed, ENTRY)
        .as_object_mut()
        .unwrap()
        .remove("inclusionPromise");
    assert_eq!(judged(&changed), ["bundle-time"]);
    for end in (0..line.len()).step_by(line.len() / 40) {
        assert_eq!(
            case.rules(&line[..end], &expected),
            ["provenance-malformed"],
            "cut at {end}"
        );
    }
    assert!(counted > 150, "{counted}");
    say(&format!("{counted} changed bundles refused"));
}

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
