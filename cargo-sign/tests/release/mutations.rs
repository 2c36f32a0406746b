//! Every published file of a release, changed in every way: each change is refused, and for the
//! right reason.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cargo_sign::inspect::check_directory;
use cargo_sign::inspect::check_summary;
use cargo_sign::inspect::{Evidence, check_provenance};
use cargo_sign::judge::keys::Keys;
use cargo_sign::judge::listing::Extent;
use cargo_sign::judge::provenance::Expected;
use release_gate::public_key::hex;

use crate::fixture::*;
use crate::signers::{OTHER, with_quorum};

const SOURCE: &str = "https://example.org/demo";

/// How a file was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum How {
    Bytes,
    Removed,
}

/// The reason a change has to be refused for, told from the bytes alone. `None`: the file may be
/// missing.
fn reason(name: &str, how: How, before: &[u8], after: &[u8]) -> Option<&'static [&'static str]> {
    let removed = how == How::Removed;
    Some(match name {
        "checksums.txt" if removed => &["list-missing"],
        "checksums.txt" => &["signature-invalid"],
        "checksums.txt.sshsig" | "checksums.txt.ed25519" | "SHA256.sig" if removed => return None,
        "checksums.txt.sshsig" => &["sshsig-invalid"],
        "checksums.txt.ed25519" => &["raw-signature-invalid"],
        "SHA256.sig" => &["signify-invalid"],
        "keyring.json" if !removed => {
            &["keyring-malformed", "keyring-invalid", "keyring-untrusted"]
        }
        "provenance.intoto.jsonl" | "vsa.intoto.jsonl" if removed => &["could not be judged"],
        "provenance.intoto.jsonl" | "vsa.intoto.jsonl" => envelope(before, after),
        _ if name == format!("checksums.txt.{}.sig", hex(&public(OTHER).id)) && removed => {
            &["release-threshold"]
        }
        _ if name.ends_with(".sig") && removed => &["signature-missing"],
        _ if name.ends_with(".sig") => signature(before, after),
        _ if removed => &["file-missing"],
        _ => &["digest-mismatch"],
    })
}

/// The parts of a minisign signature: algorithm and id, signature, comments, and the second
/// signature.
type Parts = (Vec<u8>, Vec<u8>, String, String, Vec<u8>);

fn parts(bytes: &[u8]) -> Option<Parts> {
    let text = std::str::from_utf8(bytes).ok()?;
    if text.chars().any(|c| c.is_control() && !"\n\t".contains(c)) {
        return None;
    }
    let [first, body, third, global, ""] = text.split('\n').collect::<Vec<_>>()[..] else {
        return None;
    };
    let decode = |text: &str, length| {
        STANDARD
            .decode(text)
            .ok()
            .filter(|bytes| bytes.len() == length && STANDARD.encode(bytes) == text)
    };

    let body = decode(body, 74)?;
    let (head, signature) = body.split_at(10);
    let comment = |line: &str, name: &str| line.strip_prefix(name).map(ToOwned::to_owned);

    Some((
        head.to_vec(),
        signature.to_vec(),
        comment(first, "untrusted comment: ")?,
        comment(third, "trusted comment: ")?,
        decode(global, 64)?,
    ))
}

fn signature(before: &[u8], after: &[u8]) -> &'static [&'static str] {
    let before = parts(before).unwrap();
    let Some(after) = parts(after) else {
        return &["signature-malformed"];
    };
    match () {
        () if after.0.starts_with(b"Ed") => &["signature-legacy"],
        () if !after.0.starts_with(b"ED") => &["signature-malformed"],
        // The other signer's, which is for another file, or counts as what it is: the same key
        // again.
        () if after.0 != before.0
            && [SEED, OTHER]
                .iter()
                .any(|seed| after.0[2..] == public(*seed).id) =>
        {
            &["key-mismatch", "signature-invalid", "release-threshold"]
        }
        () if after.0 != before.0 => &["key-mismatch"],
        () if after.1 != before.1 => &["signature-invalid"],
        () if (&after.3, &after.4) != (&before.3, &before.4) => &["trusted-comment-invalid"],
        () => &["signature-malformed"],
    }
}

fn envelope(before: &[u8], after: &[u8]) -> &'static [&'static str] {
    let read = |bytes: &[u8]| -> Option<[String; 4]> {
        let value: serde_json::Value = serde_json::from_slice(bytes).ok()?;
        let text = |value: &serde_json::Value| value.as_str().map(ToOwned::to_owned);
        let read = [
            text(&value["payload"])?,
            text(&value["payloadType"])?,
            text(&value["signatures"][0]["keyid"])?,
            text(&value["signatures"][0]["sig"])?,
        ];
        // Keys sorted, no space anywhere, nothing else: what is written back is what was read.
        let canonical = format!(
            "{{\"payload\":\"{}\",\"payloadType\":\"{}\",\"signatures\":[{{\"keyid\":\"{}\",\"sig\":\"{}\"}}]}}\n",
            read[0], read[1], read[2], read[3]
        );
        let base64 = [&read[0], &read[3]].into_iter().all(|text| {
            STANDARD
                .decode(text)
                .is_ok_and(|bytes| STANDARD.encode(bytes) == *text)
        });
        (canonical.as_bytes() == bytes && base64 && STANDARD.decode(&read[3]).unwrap().len() == 64)
            .then_some(read)
    };

    let before = read(before).unwrap();
    match read(after) {
        None => &["provenance-malformed"],
        Some(after) if after[1] != before[1] => &["provenance-malformed"],
        Some(after) if after[2] != before[2] => &["key-mismatch"],
        // Another statement that the same key signed: of another kind.
        Some(after) if after[0] != before[0] && after[3] != before[3] => &["provenance-malformed"],
        Some(_) => &["provenance-invalid"],
    }
}

/// Everything a user can check, as a list of reasons.
fn judge(dir: &Path, pin: &Keys) -> Vec<String> {
    let ring = std::fs::read(dir.join("keyring.json")).ok();
    let keys = pin.clone().with_keyring(ring.as_deref(), None);
    let mut verdict = check_directory(dir, &keys, Extent::Folder).unwrap();
    let expected = Expected {
        source_uri: SOURCE.to_owned(),
        ..Expected::default()
    };
    let judged = check_provenance(
        &mut verdict,
        &Evidence::beside(&dir.join("provenance.intoto.jsonl")),
        &expected,
        &keys,
    )
    .and_then(|()| check_summary(&mut verdict, &dir.join("vsa.intoto.jsonl"), &keys));
    let denied = verdict
        .findings
        .iter()
        .filter(|finding| finding.level == release_gate::Level::Deny);
    let mut reasons: Vec<_> = denied.map(|finding| finding.rule.clone()).collect();
    reasons.extend(judged.err().map(|_| "could not be judged".to_owned()));
    reasons
}

/// Bits flipped, ends cut, bytes added, halves and neighbours swapped, files removed, exchanged and
/// added.
#[test]
fn every_mutation_of_a_release_is_refused_for_the_right_reason() {
    let release = with_quorum("2.0.0", "1.0.0", 2);
    assert!(
        release
            .sign(&["pack", "--zip", "--zst", "--emit", "signify,raw"])
            .is_success()
    );

    let list = release
        .released()
        .join("checksums.txt")
        .display()
        .to_string();

    assert!(release.sign_with(&["sign", &list], OTHER, &[]).is_success());
    assert!(
        release
            .sign(&["attest", "--vsa", "--source-uri", SOURCE])
            .is_success()
    );

    let (dir, files) = (tempfile::tempdir().unwrap(), release.published());
    let dir = dir.path();
    lay_out(dir, &files);
    assert!(files.len() >= 16, "{} files", files.len());
    let pin = Keys::new(
        cargo_sign::read::keys::read_public_keys(&[release.key("m.pub")]).unwrap(),
        true,
    );

    assert_eq!(judge(dir, &pin), [""; 0]);
    let (mut counted, mut reasons) = (0, std::collections::BTreeMap::<String, usize>::new());
    for (name, bytes) in &files {
        let path = dir.join(name);
        let mut put = |changed: &[u8], what: String| {
            if changed == bytes {
                return;
            }
            std::fs::write(&path, changed).unwrap();
            let found = judge(dir, &pin);
            let expected = reason(name, How::Bytes, bytes, changed).unwrap();
            let right = expected
                .iter()
                .find(|rule| found.iter().any(|found| found == *rule));
            let right =
                right.unwrap_or_else(|| panic!("{name}: {what}: {found:?}, not {expected:?}"));
            counted += 1;
            *reasons.entry((*right).to_owned()).or_default() += 1;
        };
        for position in (0..bytes.len()).step_by((bytes.len() / 75).max(1)) {
            let mut changed = bytes.clone();
            changed[position] ^= 1 << (position % 8);
            put(&changed, format!("bit {} of byte {position}", position % 8));
        }
        for length in (0..bytes.len())
            .step_by((bytes.len() / 15).max(1))
            .chain([bytes.len() - 1])
        {
            put(&bytes[..length], format!("cut to {length} bytes"));
            put(
                &[&bytes[length..], &bytes[..length]].concat(),
                format!("halves exchanged at {length}"),
            );
        }
        for position in (0..bytes.len() - 1).step_by((bytes.len() / 15).max(1)) {
            let mut changed = bytes.clone();
            changed.swap(position, position + 1);
            put(
                &changed,
                format!("bytes {position} and {} exchanged", position + 1),
            );
        }
        for tail in [&b"\n"[..], b"\0", b" ", b"PK\x05\x06", bytes] {
            put(
                &[bytes, tail].concat(),
                format!("{} bytes appended", tail.len()),
            );
        }
        for (other, content) in &files {
            put(content, format!("replaced by {other}"));
        }
        std::fs::remove_file(&path).unwrap();
        let found = judge(dir, &pin);
        match reason(name, How::Removed, bytes, b"") {
            None => assert_eq!(found, [""; 0], "{name} removed"),
            Some(expected) => {
                assert!(
                    found.iter().any(|found| expected.contains(&&**found)),
                    "{name} removed: {found:?}"
                );
                counted += 1;
            }
        }
        std::fs::write(&path, bytes).unwrap();
    }

    for extra in [
        "evil",
        "artifacts/evil",
        "manifest.json",
        "evil.sig",
        "repro.json",
        "keyring.json.sshsig",
    ] {
        let path = dir.join(extra);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "evil").unwrap();
        assert_eq!(judge(dir, &pin), ["file-unlisted"], "`{extra}` added");
        std::fs::remove_file(&path).unwrap();
        counted += 1;
    }

    assert_eq!(judge(dir, &pin), [""; 0], "the release is whole again");
    assert!(counted >= 2000, "{counted} mutations");
    assert!(reasons.len() >= 12, "{reasons:?}");
    say(&format!("{counted} mutations refused: {reasons:?}"));
}
