//! Sigstore bundles, made by an instance of our own.

mod asked;
mod mutations;
mod program;

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
            digest: sha256_bytes(b"demo").into(),
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
