//! Files that somebody signed without a key of their own: by whom, and on whose word.

use cargo_sign::rules;
use serde_json::json;

use super::fixture::*;
use super::instance::*;

const WORD: &str = "https://token.actions.githubusercontent.com";

/// A folder with files, and an instance whose trusted root lies beside it.
struct Case {
    dir: tempfile::TempDir,
    instance: Instance,
    release: Release,
}

impl Case {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let instance = Instance::new();
        std::fs::write(dir.path().join("root.json"), instance.root()).unwrap();
        std::fs::create_dir(dir.path().join("download")).unwrap();
        std::fs::write(dir.path().join("download/demo.bin"), b"demo").unwrap();
        Self {
            dir,
            instance,
            release: Release::unpacked("1.0.0", SEED, &[]),
        }
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// The statement about `demo.bin`.
    fn bundle(&self, claims: &Claims) -> String {
        let files = [("demo.bin".to_owned(), b"demo".to_vec())];
        self.instance.bundle(claims, &statement(&files))
    }

    /// What a call ends with, beside the remark that no key of the project signed.
    fn verify(&self, bundle: &str, identity: &str, issuer: &str) -> (i32, Vec<String>) {
        let file = self.path("download/demo.bin");
        std::fs::write(format!("{file}.sigstore.json"), bundle).unwrap();
        self.call(&["--identity", identity, "--issuer", issuer, &file])
    }

    fn call(&self, args: &[&str]) -> (i32, Vec<String>) {
        let root = self.path("root.json");
        let first = [
            "verify",
            "--message-format",
            "json",
            "--trusted-root",
            &root,
        ];
        let ran = self.release.sign(&[&first[..], args].concat());
        let (code, mut found) = verdict(&ran);
        found.retain(|rule| rule != rules::PROVENANCE_UNSIGNED.id);
        (code, found)
    }
}

fn refused(rule: &str) -> (i32, Vec<String>) {
    (100, vec![rule.to_owned()])
}

#[test]
fn a_file_by_a_workflow_or_a_person_is_judged_by_both_names() {
    let case = Case::new();
    let workflow = case.bundle(&Claims::new());
    assert_eq!(case.verify(&workflow, SIGNER, WORD), (0, vec![]));
    let other = SIGNER.replace("v1.0.0", "v1.0.1");
    assert_eq!(
        case.verify(&workflow, &other, WORD),
        refused("identity-mismatch")
    );
    assert_eq!(
        case.verify(&workflow, SIGNER, "https://gitlab.com"),
        refused("identity-mismatch")
    );
    assert_eq!(
        case.verify(&workflow, &SIGNER[..SIGNER.len() - 1], WORD),
        refused("identity-mismatch")
    );

    let accounts = "https://accounts.example.org";
    let person = case.bundle(&Claims::of_person("a@example.org", accounts));
    assert_eq!(case.verify(&person, "a@example.org", accounts), (0, vec![]));
    assert_eq!(
        case.verify(&person, "b@example.org", accounts),
        refused("identity-mismatch")
    );
    // Provenance has to be by a workflow, and no person is one.
    let bundle = case.path("download/demo.bin.sigstore.json");
    let file = case.path("download/demo.bin");
    let asked = ["--provenance", &bundle, "--source-uri", SOURCE, &file];
    assert_eq!(case.call(&asked), refused("bundle-signer"));
}

#[test]
fn a_bundle_over_bytes_vouches_for_no_name() {
    let case = Case::new();
    let bundle = case.instance.file_bundle(&Claims::new(), b"demo");
    assert_eq!(
        case.verify(&bundle, SIGNER, WORD),
        (0, vec!["bytes-only".to_owned()])
    );
    let other = case.instance.file_bundle(&Claims::new(), b"other");
    assert_eq!(
        case.verify(&other, SIGNER, WORD),
        refused("provenance-subject")
    );

    // The digest that a bundle names is what its signature has to be over.
    let lying = other.replace(&digest_of(b"other"), &digest_of(b"demo"));
    assert_ne!(lying, other);
    let (code, found) = case.verify(&lying, SIGNER, WORD);
    assert_eq!(code, 100, "{found:?}");
}

fn digest_of(bytes: &[u8]) -> String {
    use base64::Engine as _;
    let digest = release_gate::digest::sha256_bytes(bytes);
    base64::engine::general_purpose::STANDARD.encode(digest.as_bytes())
}

#[test]
fn what_says_something_else_of_a_file_vouches_for_nothing() {
    let case = Case::new();
    let files = [("demo.bin".to_owned(), b"demo".to_vec())];
    for kind in [
        "https://slsa.dev/verification_summary/v1",
        "https://cyclonedx.org/bom",
        "",
    ] {
        let mut said = statement(&files);
        said["predicateType"] = json!(kind);
        let bundle = case.instance.bundle(&Claims::new(), &said);
        assert_eq!(
            case.verify(&bundle, SIGNER, WORD),
            refused("bundle-malformed")
        );
    }
    let mut said = statement(&files);
    said["subject"][0]["name"] = json!("other.bin");
    let bundle = case.instance.bundle(&Claims::new(), &said);
    assert_eq!(
        case.verify(&bundle, SIGNER, WORD),
        refused("provenance-name")
    );
    said["subject"] = json!([]);
    let bundle = case.instance.bundle(&Claims::new(), &said);
    assert_eq!(
        case.verify(&bundle, SIGNER, WORD),
        refused("bundle-malformed")
    );

    // Of several bundles those by the identity count, and each has to hold.
    let other = case.bundle(&Claims::of_person("a@example.org", WORD));
    let both = format!("{other}\n{}\n", case.bundle(&Claims::new()));
    assert_eq!(case.verify(&both, SIGNER, WORD), (0, vec![]));
    let foreign = Instance::new().bundle(&Claims::new(), &statement(&files));
    let both = format!("{foreign}\n{}\n", case.bundle(&Claims::new()));
    assert_eq!(case.verify(&both, SIGNER, WORD).0, 100);
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    let case = Case::new();
    let file = case.path("download/demo.bin");
    assert_eq!(case.call(&["--identity", SIGNER, &file]).0, 2);
    assert_eq!(case.call(&["--issuer", WORD, &file]).0, 2);
    assert_eq!(
        case.call(&[&file]).0,
        2,
        "a root, and nothing that is judged by it"
    );
    let key = case.release.key("m.pub").display().to_string();
    let bytes = [
        "--bytes-only",
        "--key",
        &key,
        "--identity",
        SIGNER,
        "--issuer",
        WORD,
        &file,
    ];
    assert_eq!(case.call(&bytes).0, 2);
    // There is no bundle.
    assert_eq!(
        case.call(&["--identity", SIGNER, "--issuer", WORD, &file])
            .0,
        101
    );
}

#[test]
fn beside_a_key_both_have_to_hold() {
    let case = Case::new();
    let packed = case.release.sign(&["pack"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let folder = case.path("download");
    std::fs::remove_file(case.path("download/demo.bin")).unwrap();
    lay_out(folder.as_ref(), &case.release.published());
    let key = case.release.key("m.pub").display().to_string();
    let asked = [
        "--key",
        &key,
        "--identity",
        SIGNER,
        "--issuer",
        WORD,
        &folder,
    ];

    // Over the list, through which it vouches for what is listed.
    let list = std::fs::read(case.path("download/checksums.txt")).unwrap();
    let beside = case.path("download/checksums.txt.sigstore.json");
    let bundle = case.instance.file_bundle(&Claims::new(), &list);
    std::fs::write(&beside, &bundle).unwrap();
    let seen = |(code, mut rules): (i32, Vec<String>)| {
        rules.retain(|rule| rule != "not-covered");
        (code, rules)
    };
    assert_eq!(seen(case.call(&asked)), (0, vec![]));
    let list_alone = case.path("download/checksums.txt");
    let of_list = [&asked[..6], &[list_alone.as_str()]].concat();
    assert_eq!(seen(case.call(&of_list)), (0, vec![]));

    // Nobody asked: it is said that it was not judged.
    let unasked =
        case.release
            .sign(&["verify", "--message-format", "json", "--key", &key, &folder]);
    let (code, rules) = verdict(&unasked);
    assert!(
        code == 0 && rules.contains(&"not-judged-evidence".to_owned()),
        "{rules:?}"
    );

    // A statement that names one file of the release does not vouch for the rest.
    let archive = case.release.archive();
    let bytes = std::fs::read(case.path(&format!("download/{archive}"))).unwrap();
    let one = case
        .instance
        .bundle(&Claims::new(), &statement(&[(archive, bytes)]));
    std::fs::write(&beside, one).unwrap();
    let (code, rules) = case.call(&asked);
    assert!(
        code == 100 && rules.contains(&"provenance-subject".to_owned()),
        "{rules:?}"
    );

    // The identity holds, and the key does not.
    std::fs::write(&beside, &bundle).unwrap();
    std::fs::remove_file(case.path("download/checksums.txt.sig")).unwrap();
    assert_eq!(case.call(&asked).0, 100);
}
