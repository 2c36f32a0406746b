//! Everything is signed by the right key, and still it is not what it is said to be: each such
//! release has its own reason to be refused.

use std::collections::BTreeMap;

use cargo_sign::archive::pack::{Input, tar_gz};
use cargo_sign::format::checksums::{List, render};
use cargo_sign::format::minisign::MinisignSignature;
use cargo_sign::inspect::check_archive;
use cargo_sign::inspect::check_directory;
use cargo_sign::judge::keys::Keys;
use cargo_sign::judge::listing::Extent;
use cargo_sign::judge::verdict::Verdict;
use ed25519_dalek::SigningKey;
use release_gate::digest::sha256_bytes;

use crate::fixture::*;

/// What a signature says beside the file's name.
#[derive(Clone, Copy)]
struct Says {
    project: &'static str,
    version: &'static str,
    commit: &'static str,
}

const TRUTH: Says = Says {
    project: "demo",
    version: "1.0.0",
    commit: "1111111111111111111111111111111111111111",
};
const OTHER_COMMIT: &str = "2222222222222222222222222222222222222222";

impl Says {
    fn signature(self, file: &str, bytes: &[u8]) -> Vec<u8> {
        let Self {
            project,
            version,
            commit,
        } = self;
        let comment = format!(
            "timestamp:1\tfile:{file}\thashed\tproject:{project}\tversion:{version}\tcommit:{commit}"
        );
        let prehash = cargo_sign::format::minisign::Prehash::of(bytes);
        let signature = MinisignSignature::sign(&SigningKey::from_bytes(&SEED), &prehash, &comment);
        signature
            .render(&format!("signature of {project} {version}"))
            .into_bytes()
    }

    fn buildinfo(self) -> Vec<u8> {
        let Self {
            project,
            version,
            commit,
        } = self;
        let value = serde_json::json!({"schema": "release-gate/buildinfo/v1", "tool": {"name": "x", "version": "1.0.0"},
            "subject": {"package": project, "version": version, "commit": commit, "dirty": false, "lock_sha256": null,
                "targets": [], "features": []},
            "baseline": null, "status": "pass", "findings": [], "data": {"profile": "release", "artifacts": []}});
        value.to_string().into_bytes()
    }
}

type Files = BTreeMap<String, Vec<u8>>;

/// An archive and its own signature; `inside` may change what is packed before it is signed or
/// after.
fn archive(
    stem: &str,
    says: Says,
    before: impl FnOnce(&mut Files),
    after: impl FnOnce(&mut Files),
) -> Files {
    let mut files = Files::from([
        ("buildinfo.json".to_owned(), TRUTH.buildinfo()),
        ("SBOM.json".to_owned(), b"{}".to_vec()),
        ("demo".to_owned(), noise(500)),
    ]);

    before(&mut files);
    let list: List = files
        .iter()
        .map(|(name, bytes)| (name.clone(), sha256_bytes(bytes)))
        .collect();

    let text = render(&list).into_bytes();
    files.insert(
        "SIGNATURE".to_owned(),
        TRUTH.signature(&format!("{stem}/checksums.txt"), &text),
    );

    files.insert("checksums.txt".to_owned(), text);
    after(&mut files);
    let input = |(path, bytes): (String, Vec<u8>)| Input {
        path,
        bytes,
        executable: false,
    };

    let (name, mut bytes) = (format!("{stem}.tar.gz"), Vec::new());
    tar_gz(
        &mut bytes,
        stem,
        1,
        &files.into_iter().map(input).collect::<Vec<_>>(),
    )
    .unwrap();

    Files::from([
        (format!("{name}.sig"), says.signature(&name, &bytes)),
        (name, bytes),
    ])
}

fn keys() -> Keys {
    Keys::new(vec![public(SEED)], true)
}

fn rules(verdict: Verdict) -> Vec<String> {
    let mut rules: Vec<_> = verdict
        .findings
        .into_iter()
        .map(|finding| finding.rule)
        .collect();
    rules.dedup();
    rules
}

const STEM: &str = "demo-1.0.0-x86_64-unknown-linux-gnu";

/// One archive, alone.
fn alone(name: &str, files: Files) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path(), &files.into_iter().collect::<Vec<_>>());
    let (verdict, _) = check_archive(&dir.path().join(name), &keys()).unwrap();
    assert!(
        verdict.holds() || verdict.verified.is_empty(),
        "what is refused did not hold"
    );
    rules(verdict)
}

fn nothing(_: &mut Files) {}

#[test]
fn one_archive_is_not_another() {
    let own = format!("{STEM}.tar.gz");
    assert_eq!(alone(&own, archive(STEM, TRUTH, nothing, nothing)), [""; 0]);
    // A is served as B: another target, another version.
    for other in [
        "demo-1.0.0-aarch64-unknown-linux-gnu",
        "demo-1.1.0-x86_64-unknown-linux-gnu",
    ] {
        let files = archive(STEM, TRUTH, nothing, nothing).into_iter();
        let files = files
            .map(|(name, bytes)| (name.replace(STEM, other), bytes))
            .collect();
        assert_eq!(
            alone(&format!("{other}.tar.gz"), files),
            ["file-mismatch", "archive-root"]
        );
        // Signed again by somebody who did not look inside.
        let bytes = archive(STEM, TRUTH, nothing, nothing).remove(&own).unwrap();
        let name = format!("{other}.tar.gz");
        let files = Files::from([
            (format!("{name}.sig"), TRUTH.signature(&name, &bytes)),
            (name.clone(), bytes),
        ]);
        assert_eq!(alone(&name, files), ["archive-root"]);
    }
    // A name that says another version than every signature.
    let other = "demo-2.0.0-x86_64-unknown-linux-gnu";
    assert_eq!(
        alone(
            &format!("{other}.tar.gz"),
            archive(other, TRUTH, nothing, nothing)
        ),
        ["version-mismatch"]
    );
    // Halves of two releases.
    for (says, rule) in [
        (
            Says {
                project: "other",
                ..TRUTH
            },
            "project-mismatch",
        ),
        (
            Says {
                version: "1.0.1",
                ..TRUTH
            },
            "version-mismatch",
        ),
        (
            Says {
                commit: OTHER_COMMIT,
                ..TRUTH
            },
            "commit-mismatch",
        ),
    ] {
        assert_eq!(alone(&own, archive(STEM, says, nothing, nothing)), [rule]);
        let buildinfo =
            |files: &mut Files| drop(files.insert("buildinfo.json".to_owned(), says.buildinfo()));
        assert_eq!(
            alone(&own, archive(STEM, TRUTH, buildinfo, nothing)),
            [rule]
        );
    }
}

/// Everything is signed, and parts of it are of something else: another build, another target, a
/// build that failed.
#[test]
fn what_is_inside_is_what_the_name_and_the_signature_say() {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    type Change = fn(&mut serde_json::Value);
    let built = |change: Change| {
        let mut info: serde_json::Value = serde_json::from_slice(&TRUTH.buildinfo()).unwrap();
        let other = serde_json::json!({"name": "demo", "target": "wasm32-wasip1", "path": "artifacts/wasm/demo.wasm",
            "sha256": sha256_bytes(b"of another archive"), "size": 18});
        let own = serde_json::json!({"name": "demo", "target": TARGET, "path": "artifacts/demo",
            "sha256": sha256_bytes(&noise(500)), "size": 500});
        info["data"]["artifacts"] = serde_json::json!([own, other]);
        change(&mut info);
        info.to_string().into_bytes()
    };
    let with = |stem: &str, info: Vec<u8>, sbom: &str| {
        let inside = |files: &mut Files| {
            files.insert("buildinfo.json".to_owned(), info);
            files.insert("SBOM.json".to_owned(), sbom.into());
        };
        alone(
            &format!("{stem}.tar.gz"),
            archive(stem, TRUTH, inside, nothing),
        )
    };
    let sbom = r#"{"bomFormat": "CycloneDX", "metadata": {"component": {"name": "demo", "version": "1.0.0"}}}"#;
    assert_eq!(with(STEM, built(|_| ()), sbom), [""; 0]);
    let cases: [(&str, Change, &[&str]); 10] = [
        (
            "another program",
            |info| info["data"]["artifacts"][0]["sha256"] = "0".repeat(64).into(),
            &["digest-mismatch"],
        ),
        (
            "the Rust library beside it, left out",
            |info| {
                let mut library = info["data"]["artifacts"][0].clone();
                library["path"] = "artifacts/libdemo.rlib".into();
                info["data"]["artifacts"]
                    .as_array_mut()
                    .unwrap()
                    .push(library);
            },
            &[],
        ),
        (
            "a program less",
            |info| info["data"]["artifacts"][0]["path"] = "artifacts/more".into(),
            &["set-mismatch"],
        ),
        (
            "no artifacts",
            |info| info["data"]["artifacts"] = "none".into(),
            &["buildinfo-malformed"],
        ),
        (
            "built for another",
            |info| info["data"]["artifacts"][0]["target"] = "aarch64-apple-darwin".into(),
            &["target-mismatch"],
        ),
        (
            "a build that failed",
            |info| info["status"] = "error".into(),
            &["gate-failed"],
        ),
        (
            "changes",
            |info| info["subject"]["dirty"] = true.into(),
            &["commit-mismatch"],
        ),
        (
            "nothing built",
            |info| info["data"]["artifacts"] = serde_json::json!([]),
            &[],
        ),
        (
            "of another program",
            |info| info["data"] = serde_json::json!({}),
            &["buildinfo-malformed"],
        ),
        (
            "too large",
            |info| info["data"]["x"] = "x".repeat(5 << 20).into(),
            &["buildinfo-malformed"],
        ),
    ];
    for (what, change, expected) in cases {
        assert_eq!(with(STEM, built(change), sbom), expected, "{what}");
    }
    for (stem, expected) in [
        (
            "demo-1.0.0-aarch64-unknown-linux-gnu",
            &["target-mismatch"][..],
        ),
        (
            "demo-1.0.0-rc.1-x86_64-unknown-linux-gnu",
            &["version-mismatch"],
        ),
        (
            "demo-1.0.01-x86_64-unknown-linux-gnu",
            &["version-mismatch"],
        ),
        ("demo-1.0.0.1", &["version-mismatch"]),
        ("demo-1.0.0", &[]),
    ] {
        assert_eq!(with(stem, built(|_| ()), sbom), expected, "{stem}");
    }
    for (sbom, expected) in [
        (sbom.replace("demo", "other"), &["project-mismatch"][..]),
        (sbom.replace("1.0.0", "0.9.0"), &["version-mismatch"]),
        (String::new(), &["sbom-malformed"]),
        ("hello".to_owned(), &["sbom-malformed"]),
        ("[]x".to_owned(), &["sbom-malformed"]),
        (r#"{"bomFormat": "CycloneDX"}"#.to_owned(), &[]),
    ] {
        assert_eq!(with(STEM, built(|_| ()), &sbom), expected, "{sbom}");
    }
}

/// Nobody vouches for it, so hardly anything is inflated of it.
#[test]
fn what_nobody_signed_costs_little() {
    let dir = tempfile::tempdir().unwrap();
    let (name, mut bytes) = (format!("{STEM}.tar.gz"), Vec::new());
    let bomb = Input {
        path: "demo".to_owned(),
        bytes: vec![0; 65 << 20],
        executable: false,
    };
    tar_gz(&mut bytes, STEM, 1, &[bomb]).unwrap();
    lay_out(dir.path(), &[(name.clone(), bytes)]);
    let (verdict, _) = check_archive(&dir.path().join(&name), &keys()).unwrap();
    // Not `list-missing` either: that would take going to its end.
    assert_eq!(rules(verdict), ["signature-missing"]);

    let listed: String = (0..20_000)
        .map(|number| format!("{}  {number:05}\n", sha256_bytes(b"")))
        .collect();
    std::fs::write(dir.path().join("checksums.txt"), &listed).unwrap();
    let verdict = check_directory(dir.path(), &keys(), Extent::Folder).unwrap();
    assert_eq!(
        verdict.findings.len(),
        1,
        "what an unsigned list names is not looked for"
    );
    assert_eq!(rules(verdict), ["signature-missing"]);
}

#[test]
fn an_archive_holds_what_its_list_says() {
    type Change = fn(&mut Files);
    let own = format!("{STEM}.tar.gz");
    let cases: [(&str, Change, Change, &[&str]); 10] = [
        (
            "more",
            nothing,
            |files| drop(files.insert("evil".into(), b"evil".to_vec())),
            &["set-mismatch"],
        ),
        (
            "less",
            nothing,
            |files| drop(files.remove("demo")),
            &["set-mismatch"],
        ),
        (
            "another",
            nothing,
            |files| drop(files.insert("demo".into(), b"evil".to_vec())),
            &["digest-mismatch"],
        ),
        (
            "no list",
            nothing,
            |files| drop(files.remove("checksums.txt")),
            &["list-missing"],
        ),
        (
            "no signature",
            nothing,
            |files| drop(files.remove("SIGNATURE")),
            &["signature-missing"],
        ),
        (
            "no buildinfo",
            |files| drop(files.remove("buildinfo.json")),
            nothing,
            &["buildinfo-missing"],
        ),
        (
            "no SBOM",
            |files| drop(files.remove("SBOM.json")),
            nothing,
            &["sbom-missing"],
        ),
        (
            "no buildinfo of ours",
            |files| drop(files.insert("buildinfo.json".into(), b"{}".to_vec())),
            nothing,
            &["buildinfo-malformed"],
        ),
        (
            "signature of the outer kind",
            nothing,
            |files| {
                let signature = TRUTH.signature("checksums.txt", &files["checksums.txt"]);
                files.insert("SIGNATURE".into(), signature);
            },
            &["file-mismatch"],
        ),
        (
            "empty list",
            nothing,
            |files| {
                files.insert("checksums.txt".into(), Vec::new());
                let signature = TRUTH.signature(&format!("{STEM}/checksums.txt"), b"");
                files.insert("SIGNATURE".into(), signature);
            },
            &["list-empty"],
        ),
    ];
    for (what, before, after, expected) in cases {
        assert_eq!(
            alone(&own, archive(STEM, TRUTH, before, after)),
            expected,
            "{what}"
        );
    }
}

#[test]
fn a_list_is_of_one_release_and_names_plain_files() {
    let judge = |says: Says, files: Files, text: Option<Vec<u8>>| {
        let dir = tempfile::tempdir().unwrap();
        let list: List = files
            .iter()
            .filter(|(name, _)| !name.ends_with(".sig"))
            .map(|(name, bytes)| (name.clone(), sha256_bytes(bytes)))
            .collect();
        let text = text.unwrap_or_else(|| render(&list).into_bytes());
        lay_out(dir.path(), &files.into_iter().collect::<Vec<_>>());
        std::fs::write(
            dir.path().join("checksums.txt.sig"),
            says.signature("checksums.txt", &text),
        )
        .unwrap();
        std::fs::write(dir.path().join("checksums.txt"), text).unwrap();
        rules(check_directory(dir.path(), &keys(), Extent::Listed).unwrap())
    };
    let good = || archive(STEM, TRUTH, nothing, nothing);
    assert_eq!(judge(TRUTH, good(), None), [""; 0]);
    // Archives of one release under the list of another, by the same key.
    for (says, rule) in [
        (
            Says {
                project: "other",
                ..TRUTH
            },
            "project-mismatch",
        ),
        (
            Says {
                version: "1.0.1",
                ..TRUTH
            },
            "version-mismatch",
        ),
        (
            Says {
                commit: OTHER_COMMIT,
                ..TRUTH
            },
            "commit-mismatch",
        ),
    ] {
        assert_eq!(judge(says, good(), None), [rule]);
    }
    let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    for (text, rule) in [
        (String::new(), "list-empty"),
        (format!("{digest}  a\n{digest}  a\n"), "list-duplicate"),
        (format!("{digest}  ../a\n"), "list-unsafe-name"),
        (format!("{digest}  /etc/passwd\n"), "list-unsafe-name"),
        (format!("{digest} *a\n"), "list-malformed"),
        (format!("{digest}  b\n{digest}  a\n"), "list-malformed"),
        (format!("{digest}  a\n"), "file-missing"),
    ] {
        assert_eq!(
            judge(TRUTH, Files::new(), Some(text.clone().into_bytes())),
            [rule],
            "{text}"
        );
    }
}

/// Links and folders are not files, whatever is at their other end.
#[cfg(unix)]
#[test]
fn what_is_listed_is_a_regular_file() {
    let dir = tempfile::tempdir().unwrap();
    let (target, text) = (
        dir.path().join("elsewhere"),
        format!("{}  a\n", sha256_bytes(b"hello")),
    );
    std::fs::write(&target, "hello").unwrap();
    std::fs::write(dir.path().join("checksums.txt"), &text).unwrap();
    std::fs::write(
        dir.path().join("checksums.txt.sig"),
        TRUTH.signature("checksums.txt", text.as_bytes()),
    )
    .unwrap();
    let judge = || rules(check_directory(dir.path(), &keys(), Extent::Listed).unwrap());
    let listed = dir.path().join("a");
    std::os::unix::fs::symlink(&target, &listed).unwrap();
    assert_eq!(judge(), ["file-not-regular"]);
    std::fs::remove_file(&listed).unwrap();
    std::fs::create_dir(&listed).unwrap();
    assert_eq!(judge(), ["file-not-regular"]);
    std::fs::remove_dir(&listed).unwrap();
    std::fs::hard_link(&target, &listed).unwrap();
    assert_eq!(judge(), [""; 0]);
}
