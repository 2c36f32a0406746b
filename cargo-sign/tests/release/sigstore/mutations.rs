//! Every part of a bundle, changed.

use super::*;

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
