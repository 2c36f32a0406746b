//! Sigstore bundles of others, which are not part of this repository: each folder is named by an
//! environment variable.

#![cfg(feature = "sigstore")]
#![expect(
    clippy::unwrap_used,
    reason = "a corpus that cannot be read fails its test"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use cargo_sign::inspect::{Evidence, check_provenance};
use cargo_sign::judge::keys::Keys;
use cargo_sign::judge::provenance::Expected;
use cargo_sign::judge::verdict::Verdict;
use cargo_sign::judge::verdict::Verified;
use cargo_sign::sigstore::Provider;
use release_gate::digest::sha256_file;
use release_gate::process::{Runner, Step};
use sigstore_verify::crypto::{
    self, CryptoProvider, HashContext, SigningScheme, install_default_provider,
};
use sigstore_verify::trust_root::{SigstoreInstance, TrustedRoot};
use sigstore_verify::types::{Bundle, DerPublicKey, HashAlgorithm};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, Verifier};

fn folder(variable: &str) -> PathBuf {
    PathBuf::from(
        std::env::var_os(variable).unwrap_or_else(|| panic!("{variable} names no folder")),
    )
}

fn say(text: &str) {
    let mut out = std::io::stderr();
    writeln!(out, "{text}").unwrap();
}

/// Our cryptography, and openssl for signatures over a file, whose digest alone the library passes
/// on: provenance has none of those.
#[derive(Debug)]
struct WithMessages;

impl CryptoProvider for WithMessages {
    fn hash(&self, algorithm: HashAlgorithm) -> crypto::Result<Box<dyn HashContext>> {
        Provider.hash(algorithm)
    }

    fn verify_raw(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> crypto::Result<()> {
        Provider.verify_raw(scheme, key, data, signature)
    }

    fn verify_prehashed(
        &self,
        scheme: SigningScheme,
        key: &[u8],
        digest: &[u8],
        signature: &[u8],
    ) -> crypto::Result<()> {
        assert_eq!(
            scheme,
            SigningScheme::EcdsaP256Sha256,
            "the corpus has others now"
        );

        let dir = tempfile::tempdir().unwrap();

        // SubjectPublicKeyInfo of a point of P-256 (RFC 5480).
        let spki = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
        for (name, bytes) in [
            ("key", &[&spki[..], key].concat()[..]),
            ("digest", digest),
            ("sig", signature),
        ] {
            std::fs::write(dir.path().join(name), bytes).unwrap();
        }

        let args = [
            "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", "key", "-in", "digest",
            "-sigfile", "sig",
        ];

        let ran = Runner::new()
            .run(Step::new("openssl").current_dir(dir.path()).args(args))
            .unwrap();

        if ran.is_success() {
            Ok(())
        } else {
            Err(crypto::Error::Verification("openssl refuses it".to_owned()))
        }
    }
}

/// github.com/sigstore/sigstore-conformance, `test/assets/bundle-verify`: the library with our
/// cryptography, bundle by bundle.
#[test]
#[ignore = "needs SIGSTORE_CONFORMANCE, a folder that is not part of this repository"]
fn conformance() {
    const BEACON: &str = "https://github.com/sigstore-conformance/extremely-dangerous-public-oidc-beacon/.github/workflows/extremely-dangerous-oidc-beacon.yml@refs/heads/main";
    let all = folder("SIGSTORE_CONFORMANCE");
    assert!(install_default_provider(&WithMessages).is_ok());
    let (mut passed, mut refused, mut wrong) = (0, 0, Vec::new());
    for entry in std::fs::read_dir(&all)
        .unwrap()
        .flatten()
        .filter(|entry| entry.path().is_dir())
    {
        let dir = entry.path();
        let name = entry.file_name().into_string().unwrap();
        let text = |file: &str| std::fs::read_to_string(dir.join(file)).ok();
        let artifact = [dir.join("artifact"), all.join("a.txt")]
            .into_iter()
            .find(|path| path.is_file())
            .unwrap();
        let artifact = std::fs::read(artifact).unwrap();
        let verify = || -> Result<(), Box<dyn std::error::Error>> {
            let root = match text("trusted_root.json") {
                Some(json) => TrustedRoot::from_json(&json)?,
                None => TrustedRoot::from_embedded(SigstoreInstance::PublicGood)?,
            };
            let bundle = Bundle::from_json(&text("bundle.sigstore.json").unwrap())?;
            let verifier = Verifier::new(&root)?;
            if let Some(pem) = text("key.pub") {
                let policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_pem(&pem)?);
                verifier.verify(artifact.as_slice(), &bundle, &policy)?;
                return Ok(());
            }
            let identity = text("identity").unwrap_or_else(|| BEACON.to_owned());
            let issuer = text("issuer")
                .unwrap_or_else(|| "https://token.actions.githubusercontent.com".to_owned());
            let policy = VerificationPolicy::new(identity.trim(), issuer.trim());
            verifier.verify(artifact.as_slice(), &bundle, &policy)?;
            Ok(())
        };
        let expected = !name.ends_with("fail");
        match verify() {
            Ok(()) if expected => passed += 1,
            Err(_) if !expected => refused += 1,
            Ok(()) => wrong.push(format!("{name}: accepted")),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    say(&format!(
        "{passed} bundles accepted and {refused} refused, as they should be"
    ));
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert!(passed > 0 && refused > 0, "no bundles in {}", all.display());
}

/// A bundle of slsa-verifier's test data and the file beside it that it is about.
struct Pair {
    name: String,
    bundle: PathBuf,
    held: Verified,
    builder: Option<String>,
}

/// Every bundle under a folder with the file beside it whose name it continues; else any it is
/// about.
fn pairs(dir: &Path, found: &mut Vec<Pair>) {
    let mut paths: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    paths.sort();
    for path in &paths {
        if path.is_dir() {
            pairs(path, found);
            continue;
        }
        let bytes = std::fs::read(path).unwrap();
        if !cargo_sign::format::bundle::is_bundle(&bytes) {
            continue;
        }
        let json: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        let Some(payload) = json["dsseEnvelope"]["payload"].as_str() else {
            continue;
        };
        let payload = base64::engine::general_purpose::STANDARD
            .decode(payload)
            .unwrap();
        let statement: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        let subjects: BTreeMap<_, _> = statement["subject"]
            .as_array()
            .unwrap()
            .iter()
            .map(|subject| {
                (
                    subject["digest"]["sha256"].as_str().unwrap_or_default(),
                    subject["name"].as_str().unwrap(),
                )
            })
            .collect();
        let own = path.to_str().unwrap();
        let mut beside: Vec<_> = paths
            .iter()
            .filter(|other| other.is_file() && *other != path)
            .collect();
        beside.sort_by_key(|other| !own.starts_with(other.to_str().unwrap()));
        let about = beside.iter().find_map(|other| {
            let (sha256, size) = sha256_file(other).unwrap();
            let name = subjects.get(sha256.to_string().as_str())?;
            Some(Verified {
                file: (*name).to_owned(),
                digest: sha256.into(),
                size,
                signed: None,
            })
        });
        let Some(held) = about else { continue };
        // What the corpus's own table passes for those whose builder is not in slsa-verifier's.
        let builder = statement["predicate"]["runDetails"]["builder"]["id"]
            .as_str()
            .map(str::to_owned);
        let builder = builder.filter(|id| !id.contains("slsa-github-generator"));
        found.push(Pair {
            name: own.to_owned(),
            bundle: path.clone(),
            held,
            builder,
        });
    }
}

fn judge(pair: &Pair, expected: Expected) -> Vec<String> {
    let mut verdict = Verdict {
        verified: vec![pair.held.clone()],
        ..Verdict::default()
    };

    check_provenance(
        &mut verdict,
        &Evidence::beside(&pair.bundle),
        &expected,
        &Keys::new(Vec::new(), true),
    )
    .unwrap();

    assert_eq!(
        verdict.holds(),
        verdict.builds.len() == 1,
        "{}: {:?}",
        pair.name,
        verdict.findings
    );

    let mut rules: Vec<_> = verdict
        .findings
        .iter()
        .map(|finding| finding.rule.clone())
        .collect();

    rules.dedup();

    rules
}

/// github.com/slsa-framework/slsa-verifier, `cli/slsa-verifier/testdata`: each pair, and what its
/// regression table changes about each.
#[test]
#[ignore = "needs SLSA_VERIFIER_TESTDATA, a folder that is not part of this repository"]
fn slsa_verifier() {
    let all = folder("SLSA_VERIFIER_TESTDATA");
    let mut found = Vec::new();
    pairs(&all, &mut found);
    assert!(
        found.len() > 80,
        "{} bundles in {}",
        found.len(),
        all.display()
    );
    let (mut accepted, mut refusals, mut wrong) = (0, 0, Vec::new());
    for pair in &found {
        let bcr = pair.name.contains("/bcr/");
        let source = if bcr {
            "github.com/aspect-build/rules_lint"
        } else {
            "github.com/slsa-framework/example-package"
        };
        let fine = || Expected {
            source_uri: source.to_owned(),
            builder_id: pair
                .builder
                .as_ref()
                .map(|id| id.split('@').next().unwrap().to_owned()),
            ..Expected::default()
        };
        let mut expect = |what: &str, expected: Expected, rules: &[&str]| {
            let judged = judge(pair, expected);
            if judged != rules {
                wrong.push(format!("{}: {what}: {judged:?}", pair.name));
            }
            refusals += usize::from(!rules.is_empty());
        };
        // Signed by the delegator's main branch; slsa-verifier takes that for its own tests only
        // (SLSA_VERIFIER_TESTING).
        if pair.name.contains("gha_delegator/v1.9.0") {
            expect("a builder at no release", fine(), &["provenance-builder"]);
            continue;
        }
        if pair.name.contains("wrong-signer") {
            let all = [
                "bundle-claims",
                "provenance-source",
                "provenance-builder",
                "bundle-claims",
            ];
            let publisher =
                "https://github.com/bazel-contrib/publish-to-bcr/.github/workflows/publish.yaml";
            expect(
                "another signer",
                Expected {
                    builder_id: Some(publisher.to_owned()),
                    ..fine()
                },
                &all,
            );
            continue;
        }
        accepted += 1;
        expect("as it is", fine(), &[]);
        expect(
            "full source",
            Expected {
                source_uri: format!("git+https://{source}.git"),
                ..fine()
            },
            &[],
        );
        for source in [
            format!("{source}A"),
            format!("A{source}"),
            source.replace("/", "/A"),
            source[..source.len() - 1].to_owned(),
            "github.com/laurentsimon/slsa-verifier-test-gen".to_owned(),
        ] {
            expect(
                &source,
                Expected {
                    source_uri: source.clone(),
                    ..fine()
                },
                &["provenance-source"],
            );
        }
        let not_trusted = "https://github.com/slsa-framework/slsa-github-generator/.github/workflows/not-trusted.yml";
        expect(
            "builder",
            Expected {
                builder_id: Some(not_trusted.to_owned()),
                ..fine()
            },
            &["provenance-builder"],
        );
        if pair.builder.is_some() {
            expect(
                "no builder",
                Expected {
                    builder_id: None,
                    ..fine()
                },
                &["provenance-builder"],
            );
        }
        // The tag is in the file's name; `workflow_dispatch` was started on the branch.
        let name = pair.bundle.file_name().unwrap().to_str().unwrap();
        let tag = name.rsplit_once("-v").filter(|_| !bcr).map(|(_, rest)| {
            let end = rest
                .find(".intoto")
                .or_else(|| rest.find(".build"))
                .unwrap();
            format!("v{}", &rest[..end])
        });
        let tagged = |tag: &str| Expected {
            source_tag: Some(tag.to_owned()),
            ..fine()
        };
        let branch = |name: &str| Expected {
            source_branch: Some(name.to_owned()),
            ..fine()
        };
        if let Some(tag) = &tag {
            expect("its tag", tagged(tag), &[]);
            expect(
                "branch instead of tag",
                branch("main"),
                &["provenance-source"],
            );
        } else if !bcr {
            expect("its branch", branch("main"), &[]);
        }
        for other in [
            "v1.2.3",
            "v13.0.29",
            "v13.0",
            "v13",
            "v14.",
            "refs/tags/v14",
            "",
        ] {
            expect(other, tagged(other), &["provenance-source"]);
        }
        for other in ["master", "mai", "refs/heads/main", ""] {
            expect(other, branch(other), &["provenance-source"]);
        }
        let renamed = Pair {
            held: Verified {
                file: "evil".to_owned(),
                ..pair.held.clone()
            },
            name: String::new(),
            bundle: pair.bundle.clone(),
            builder: None,
        };
        let digest = release_gate::digest::sha256_bytes(b"evil");
        let other = Pair {
            held: Verified {
                digest: digest.into(),
                ..pair.held.clone()
            },
            builder: None,
            name: String::new(),
            bundle: pair.bundle.clone(),
        };
        let (renamed_rules, other_rules) = (judge(&renamed, fine()), judge(&other, fine()));
        if renamed_rules != ["provenance-name"] || other_rules != ["provenance-subject"] {
            wrong.push(format!("{}: {renamed_rules:?} {other_rules:?}", pair.name));
        }
    }
    say(&format!(
        "{} pairs, {accepted} accepted; {refusals} refused, by what was expected of them",
        found.len()
    ));
    assert!(wrong.is_empty(), "{} {wrong:#?}", wrong.len());
}
