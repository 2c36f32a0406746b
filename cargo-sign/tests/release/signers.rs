//! More than one signature: the list in other formats, and releases that several keys have to sign.

use std::path::Path;

use cargo_sign::format::keyring::Keyring;
use cargo_sign::format::minisign::MinisignSignature;
use cargo_sign::model::keyring::{Content, Member, Quorum};
use ed25519_dalek::SigningKey;
use release_gate::public_key::hex;

use crate::fixture::*;

pub(crate) const OTHER: [u8; 32] = [0x5b; 32];
const THIRD: [u8; 32] = [0x5c; 32];

fn verify(release: &Release, dir: &Path) -> (i32, Vec<String>) {
    let (dir, key) = (
        dir.display().to_string(),
        release.key("m.pub").display().to_string(),
    );
    let args = [
        "verify",
        "--message-format",
        "json",
        "--key",
        &key,
        "--allow-rollback",
    ];
    let mut judged = verdict(&release.sign(&[&args[..], &[&dir]].concat()));
    judged.1.dedup();
    judged
}

fn refused(rule: &str) -> (i32, Vec<String>) {
    (100, vec![rule.to_owned()])
}

#[test]
fn more_formats_are_written_on_demand_and_judged_where_they_are() {
    const EXTRA: [&str; 2] = ["SHA256.sig", "checksums.txt.ed25519"];
    let emit: (&str, &[u8]) = (
        "release-gates.toml",
        b"[sign]\nemit = [\"signify\", \"raw\"]\n",
    );
    let release = Release::unpacked("1.0.0", SEED, &[emit]);
    let packed = release.sign(&["pack"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let files = release.published();
    assert!(release.sign(&["pack"]).is_success());
    assert_eq!(release.published(), files, "the same bytes again");
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path(), &files);
    assert_eq!(verify(&release, dir.path()), (0, vec![]));

    let other = Release::of("1.0.1", SEED);
    assert!(other.sign(&["pack", "--emit", "signify,raw"]).is_success());
    for (name, rule) in EXTRA
        .into_iter()
        .zip(["signify-invalid", "raw-signature-invalid"])
    {
        let (path, whole) = (
            dir.path().join(name),
            std::fs::read(dir.path().join(name)).unwrap(),
        );
        let replayed = std::fs::read(other.released().join(name)).unwrap();
        for changed in [
            &whole[..whole.len() - 1],
            &[&whole[..], b"\n"].concat(),
            b"",
            &replayed,
        ] {
            std::fs::write(&path, changed).unwrap();
            assert_eq!(verify(&release, dir.path()), refused(rule), "{name}");
            assert_eq!(
                verify(&release, &dir.path().join("checksums.txt")),
                refused(rule),
                "{name}"
            );
        }
        // Nobody has to publish it.
        std::fs::remove_file(&path).unwrap();
        assert_eq!(verify(&release, dir.path()), (0, vec![]));
        std::fs::write(&path, whole).unwrap();
    }
    // What only looks like a signature of the release rides along with it.
    for name in [
        "demo.sig",
        "README.md.sig",
        "sbom.cdx.json.sshsig",
        "sbom.cdx.json.0123456789ABCDEF.sig",
    ] {
        std::fs::write(dir.path().join(name), "evil").unwrap();
        assert_eq!(
            verify(&release, dir.path()),
            refused("file-unlisted"),
            "{name}"
        );
        std::fs::remove_file(dir.path().join(name)).unwrap();
    }
    let document = dir.path().join("sbom.cdx.json.sig");
    std::fs::write(&document, "evil").unwrap();
    assert_eq!(
        verify(&release, dir.path()),
        refused("signature-malformed"),
        "what is there has to hold"
    );
    let theirs = release
        .released()
        .join("sbom.cdx.json")
        .display()
        .to_string();
    assert!(release.sign(&["sign", &theirs]).is_success());
    std::fs::copy(format!("{theirs}.sig"), &document).unwrap();
    assert_eq!(verify(&release, dir.path()), (0, vec![]));

    // What is not asked for any more does not stay behind.
    assert!(other.sign(&["pack"]).is_success());
    for name in EXTRA {
        assert!(
            release.released().join(name).exists() && !other.released().join(name).exists(),
            "{name}"
        );
    }
    assert_eq!(
        release.sign(&["pack", "--emit", "gpg"]).status.code(),
        Some(2)
    );
}

/// A release of these files, laid out and listed; `sign` adds the signatures of what is named.
fn listed(release: &Release, files: &[(&str, &str)], sign: &[&str]) -> std::path::PathBuf {
    let dir = release.dir.path().join("target/listed");
    let _ = std::fs::remove_dir_all(&dir);
    let mut list = String::new();
    for (name, content) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
        list += &format!(
            "{}  {name}\n",
            release_gate::digest::sha256_bytes(content.as_bytes())
        );
    }
    std::fs::write(dir.join("checksums.txt"), list).unwrap();
    for name in [sign, &["checksums.txt"]].concat() {
        let signed = release.sign(&["sign", &dir.join(name).display().to_string()]);
        assert!(signed.is_success(), "{}", signed.stderr_text());
    }
    dir
}

#[test]
fn nothing_rides_along_under_a_name_like_that_of_a_listed_file() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let dir = listed(&release, &[("app", "app"), ("app.sig", "data")], &[]);
    assert_eq!(verify(&release, &dir), (0, vec![]));
    // Listed data is no signature, so nothing may follow it as a further one.
    std::fs::write(dir.join("app.0123456789ABCDEF.sig"), "evil").unwrap();
    assert_eq!(verify(&release, &dir), refused("file-unlisted"));
    let dir = listed(&release, &[("bin/app", "app")], &[]);
    assert_eq!(verify(&release, &dir), (0, vec![]));
    // On Windows that is the same file.
    if cfg!(unix) {
        std::fs::write(dir.join("bin\\app"), "evil").unwrap();
        assert_eq!(verify(&release, &dir), refused("file-unlisted"));
    }
    // A listed file may be called SHA256, and then its signature is not a list of signify's.
    let dir = listed(&release, &[("SHA256", "data")], &["SHA256"]);
    assert!(dir.join("SHA256.sig").is_file());
    assert_eq!(verify(&release, &dir), (0, vec![]));
    std::fs::write(dir.join("SHA256.sig"), "evil").unwrap();
    assert_eq!(verify(&release, &dir), refused("signature-malformed"));
}

/// Anyone who reads a pipe waits for ever, and anyone who follows a link reads another file.
#[cfg(unix)]
#[test]
fn only_regular_files_are_read() {
    let release = Release::of("1.0.0", SEED);
    let archive = release.archive();
    for name in [
        "checksums.txt",
        "checksums.txt.sig",
        "checksums.txt.sshsig",
        &format!("{archive}.sig"),
        "keyring.json",
    ] {
        let dir = release.dir.path().join("target/odd");
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir(&dir).unwrap();
        lay_out(&dir, &release.published());
        let path = dir.join(name);
        let whole = release.dir.path().join("target").join("whole");
        let _ = std::fs::rename(&path, &whole);
        for kind in ["pipe", "link", "lost link"] {
            let _ = std::fs::remove_file(&path);
            match kind {
                "pipe" => drop(release.must(release_gate::process::Step::new("mkfifo").arg(&path))),
                "link" => std::os::unix::fs::symlink(&whole, &path).unwrap(),
                _ => std::os::unix::fs::symlink("nowhere", &path).unwrap(),
            }
            let (text, key) = (
                dir.display().to_string(),
                release.key("m.pub").display().to_string(),
            );
            let ran = release.sign(&["verify", "--key", &key, &text]);
            assert!(
                [Some(100), Some(101)].contains(&ran.status.code()),
                "{name} {kind}: {}",
                ran.stderr_text()
            );
            let said = ran.stderr_text();
            assert!(said.contains(name), "{name} {kind}: {said}");
        }
    }

    // Nor is a key that is none waited for.
    let dir = release.dir.path().join("target/keys");
    std::fs::create_dir(&dir).unwrap();
    lay_out(&dir, &release.published());
    release.must(release_gate::process::Step::new("mkfifo").arg(dir.join("key.pub")));
    let ran = release.sign(&["verify", &dir.display().to_string()]);
    assert_eq!(ran.status.code(), Some(101), "{}", ran.stderr_text());
    assert!(
        ran.stderr_text().contains("no public key"),
        "{}",
        ran.stderr_text()
    );
}

/// A project that committed a keyring of these keys, its release packed by the first.
pub(crate) fn with_quorum(version: &str, from: &str, threshold: u32) -> Release {
    let keys = [("first", SEED), ("second", OTHER), ("third", THIRD)];
    let content = Content {
        keys: keys
            .into_iter()
            .map(|(name, seed)| Member::new(name, &public(seed)))
            .collect(),
        previous: None,
        projects: ["demo".to_owned()].into(),
        releases: Some(Quorum {
            from: from.parse().unwrap(),
            threshold,
        }),
        threshold: 1,
        version: 1,
    };

    let ring = Keyring::begin(content, &SigningKey::from_bytes(&SEED)).unwrap();
    let (ring, anchor) = (ring.render().unwrap(), public(SEED).minisign("first"));
    let committed: [(&str, &[u8]); 2] = [
        ("release-keys/keyring.json", &ring),
        ("release-keys/maintainer.ed25519.pub", anchor.as_bytes()),
    ];

    let release = Release::unpacked(version, SEED, &committed);
    let packed = release.sign(&["pack"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());

    release
}

#[test]
fn a_release_needs_as_many_different_keys_as_the_keyring_asks_for() {
    let release = with_quorum("2.0.0", "1.5.0", 2);
    let list = release.released().join("checksums.txt");
    let (list_text, archive) = (
        list.display().to_string(),
        release.released().join(release.archive()),
    );
    let further = |seed| {
        release
            .released()
            .join(format!("checksums.txt.{}.sig", hex(&public(seed).id)))
    };
    let download = |name: &str| {
        let dir = release.dir.path().join("target").join(name);
        std::fs::create_dir_all(&dir).unwrap();
        lay_out(&dir, &release.published());
        dir
    };
    assert_eq!(
        verify(&release, &download("one")),
        refused("release-threshold")
    );
    assert_eq!(
        verify(&release, &download("one").join("checksums.txt")),
        refused("release-threshold")
    );
    // The project's own folder, with a key that is named: its keyring counts all the same.
    let named = release.key("m.pub").display().to_string();
    let own = || {
        let found =
            verdict(&release.sign(&["verify", "--message-format", "json", "--key", &named]));
        std::fs::remove_file(release.folder().join("verify.json")).unwrap();
        found
    };
    assert!(
        own().0 == 100 && own().1.contains(&"release-threshold".to_owned()),
        "{:?}",
        own()
    );
    // What is not complete is neither attested nor uploaded.
    let attest = [
        "attest",
        "--source-uri",
        "https://example.org/demo",
        "--message-format",
        "json",
    ];
    assert_eq!(
        verdict(&release.sign(&attest)),
        refused("release-threshold")
    );

    // The same key again: `FILE.sig` is made again, and still counts once.
    assert!(release.sign(&["sign", &list_text]).is_success());
    assert!(!further(SEED).exists());
    let first = std::fs::read(release.released().join("checksums.txt.sig")).unwrap();
    std::fs::write(further(SEED), &first).unwrap();
    assert_eq!(
        verify(&release, &download("doubled")),
        refused("release-threshold"),
        "one key, twice"
    );
    // The same signature as if by another.
    std::fs::rename(further(SEED), further(OTHER)).unwrap();
    assert_eq!(
        verify(&release, &download("posing")),
        (100, vec!["key-mismatch".into(), "release-threshold".into()])
    );
    std::fs::remove_file(further(OTHER)).unwrap();

    let signed = release.sign_with(&["sign", &list_text], OTHER, &[]);
    assert!(signed.is_success(), "{}", signed.stderr_text());
    assert!(further(OTHER).is_file());
    assert_eq!(
        std::fs::read(release.released().join("checksums.txt.sig")).unwrap(),
        first,
        "the first stays"
    );
    assert_eq!(own(), (0, vec![]));
    let complete = download("complete");
    assert_eq!(verify(&release, &complete), (0, vec![]));
    assert_eq!(
        verify(&release, &complete.join("checksums.txt")),
        (0, vec![])
    );
    // Anyone who has seen the keyring asks for both, also of a later release that comes without one.
    let stripped = tempfile::tempdir().unwrap();
    lay_out(stripped.path(), &Release::of("2.1.0", SEED).published());
    assert_eq!(
        verify(&release, stripped.path()),
        refused("release-threshold")
    );
    assert!(release.sign(&attest).is_success());
    std::fs::remove_file(release.released().join("provenance.intoto.jsonl")).unwrap();

    // An archive alone is signed by one, until the other signs it too.
    let ring = complete.join("keyring.json").display().to_string();
    let alone = |archive: &Path| {
        let (archive, key) = (
            archive.display().to_string(),
            release.key("m.pub").display().to_string(),
        );
        let args = [
            "verify",
            "--message-format",
            "json",
            "--allow-rollback",
            "--keyring",
            &ring,
            "--key",
            &key,
            &archive,
        ];
        verdict(&release.sign(&args))
    };
    assert_eq!(alone(&archive), refused("release-threshold"));
    assert!(
        release
            .sign_with(&["sign", &archive.display().to_string()], OTHER, &[])
            .is_success()
    );
    assert_eq!(alone(&archive), (0, vec![]));
    assert_eq!(verify(&release, &download("all")), (0, vec![]));

    // Packed again, the same bytes: what was signed stays. Other bytes: it goes.
    assert!(release.sign(&["pack"]).is_success());
    assert!(further(OTHER).is_file());
    assert!(release.sign(&["pack", "--zip"]).is_success());
    assert!(!further(OTHER).exists());
    assert_eq!(
        verify(&release, &download("again")),
        refused("release-threshold")
    );
}

#[test]
fn further_signatures_have_to_hold_and_to_say_the_same() {
    let release = with_quorum("2.0.0", "2.0.0", 2);
    let list = std::fs::read(release.released().join("checksums.txt")).unwrap();
    let prehash = cargo_sign::format::minisign::Prehash::of(&list);
    let first = std::fs::read_to_string(release.released().join("checksums.txt.sig")).unwrap();
    let comment = MinisignSignature::parse(first.as_bytes())
        .unwrap()
        .trusted_comment;
    let by = |seed: [u8; 32], comment: &str| {
        MinisignSignature::sign(&SigningKey::from_bytes(&seed), &prehash, comment)
            .render("signature of demo 2.0.0")
    };
    let judge = |name: &str, text: &str| {
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), &release.published());
        std::fs::write(dir.path().join(name), text).unwrap();
        verify(&release, dir.path())
    };
    let named = |seed| format!("checksums.txt.{}.sig", hex(&public(seed).id));
    let good = by(OTHER, &comment);
    assert_eq!(judge(&named(OTHER), &good), (0, vec![]));
    let both = |rule: &str| (100, vec![rule.to_owned(), "release-threshold".to_owned()]);
    let stranger = [0x77; 32];
    assert_eq!(
        judge(&named(stranger), &by(stranger, &comment)),
        both("key-mismatch")
    );
    assert_eq!(judge(&named(OTHER), &first), both("key-mismatch"));
    assert_eq!(
        judge(&named(OTHER), &good[..good.len() - 1]),
        both("signature-malformed")
    );
    let other_file = comment.replace("file:checksums.txt", "file:other");
    assert_eq!(
        judge(&named(OTHER), &by(OTHER, &other_file)),
        both("file-mismatch")
    );
    // Another commit's list cannot be the same bytes, unless somebody signed without looking.
    let commit = comment.split("commit:").nth(1).unwrap();
    let elsewhere = comment.replace(commit, &"0".repeat(40));
    assert_eq!(
        judge(&named(OTHER), &by(OTHER, &elsewhere)),
        refused("commit-mismatch")
    );
    let mut damaged = good.clone().into_bytes();
    let at = good.find('\n').unwrap() + 40;
    damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
    assert_eq!(
        judge(&named(OTHER), &String::from_utf8(damaged).unwrap()),
        both("signature-invalid")
    );
}

/// Raising the number does not make earlier releases worse.
#[test]
fn releases_from_before_are_judged_by_what_was_asked_then() {
    for (version, from, threshold, expected) in [
        ("1.0.0", "1.5.0", 2, (0, vec![])),
        ("1.5.0-rc.1", "1.5.0", 2, refused("release-threshold")),
        ("1.4.9-rc.1", "1.5.0", 2, (0, vec![])),
        ("1.5.0", "1.5.0", 3, refused("release-threshold")),
        ("3.0.0", "1.5.0", 1, (0, vec![])),
    ] {
        let release = with_quorum(version, from, threshold);
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), &release.published());
        assert_eq!(
            verify(&release, dir.path()),
            expected,
            "{version}, {threshold} from {from}"
        );
    }
}

/// A version that nobody released is made up: above what was seen and below what the threshold was
/// set for.
#[test]
fn versions_that_were_left_out_do_not_avoid_the_threshold() {
    let seen = with_quorum("1.0.0", "1.5.0", 2);
    let judge = |release: &Release| {
        let dir = tempfile::tempdir().unwrap();
        lay_out(dir.path(), &release.published());
        verify(&seen, dir.path())
    };
    let made_up = with_quorum("1.4.9", "1.5.0", 2);
    assert_eq!(judge(&seen), (0, vec![]));
    assert_eq!(judge(&made_up), refused("release-threshold"));
    assert_eq!(
        judge(&Release::of("1.4.9", SEED)),
        refused("release-threshold")
    );
    assert_eq!(
        judge(&with_quorum("0.9.0", "1.5.0", 2)),
        (0, vec![]),
        "as old as it says"
    );
    assert_eq!(judge(&seen), (0, vec![]));
}

#[test]
fn the_threshold_is_set_for_releases_unless_it_is_said_otherwise() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    std::fs::write(release.key("other.pub"), public(OTHER).minisign("other")).unwrap();
    let other = release.key("other.pub").display().to_string();
    let keys = |args: &[&str]| {
        let ran = release.sign(&[&["keys"], args].concat());
        assert!(ran.is_success(), "{args:?}: {}", ran.stderr_text());
        String::from_utf8(ran.stdout).unwrap()
    };
    keys(&["init"]);
    keys(&["add", "--name", "other", &other]);
    keys(&["threshold", "1", "--releases-from", "0.5.0"]);
    keys(&["threshold", "2"]);
    let listed: serde_json::Value =
        serde_json::from_str(&keys(&["--message-format", "json"])).unwrap();
    assert_eq!(
        listed["data"]["releases"],
        serde_json::json!({"from": "1.0.0", "threshold": 2})
    );
    let ring = release.dir.path().join("release-keys/keyring.json");
    let ring = Keyring::parse(&std::fs::read(ring).unwrap()).unwrap();
    for (version, needed) in [("0.1.0", 1), ("0.9.0", 1), ("1.0.0", 2), ("7.0.0", 2)] {
        assert_eq!(ring.quorum(&version.parse().unwrap()), needed, "{version}");
    }
    // Two have to sign from here on; the second one does.
    keys(&["threshold", "1", "--keyring-only"]);
    assert!(
        release
            .sign_with(&["keys", "sign"], OTHER, &[])
            .is_success()
    );
    let listed: serde_json::Value =
        serde_json::from_str(&keys(&["--message-format", "json"])).unwrap();
    assert_eq!(
        (
            &listed["data"]["threshold"],
            &listed["data"]["releases"]["threshold"]
        ),
        (&1.into(), &2.into())
    );
    assert_eq!(
        release.sign(&["keys", "threshold", "3"]).status.code(),
        Some(2),
        "there are two keys"
    );
}
