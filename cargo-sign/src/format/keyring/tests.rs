use ed25519_dalek::SigningKey;

use super::*;
use crate::model::keyring::{Member, Revoked, Standing};

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> PublicKey {
    PublicKey::new(key(seed).verifying_key())
}

fn content(threshold: u32, seeds: &[u8]) -> Content {
    Content {
        keys: seeds
            .iter()
            .map(|seed| Member::new(format!("holder {seed}"), &public(*seed)))
            .collect(),
        previous: None,
        projects: ["demo".to_owned()].into(),
        releases: None,
        threshold,
        version: 1,
    }
}

fn nothing(_: &mut Content) {}

fn bytes(keyring: &Keyring) -> Vec<u8> {
    keyring.render().unwrap()
}

#[test]
fn a_chain_reads_back_and_is_trusted_from_any_key_that_signed() {
    let first = Keyring::begin(content(1, &[1, 2]), &key(1)).unwrap();
    let second = first
        .extend(
            |next| next.keys.push(Member::new("third", &public(3))),
            &key(2),
        )
        .unwrap();

    let third = second.extend(nothing, &key(3)).unwrap();
    assert_eq!(Keyring::parse(&bytes(&third)).unwrap(), third);
    for seed in [1, 2, 3] {
        third.trusted(None, &[public(seed)]).unwrap();
    }
    assert_eq!(
        third.trusted(None, &[public(4)]),
        Err(KeyringError::Untrusted)
    );

    // Being listed is not signing: a stranger can list anybody's key.
    assert_eq!(
        first.trusted(None, &[public(2)]),
        Err(KeyringError::Untrusted)
    );

    // What was seen decides, and not the keys.
    third.trusted(Some(&second), &[]).unwrap();
    assert_eq!(
        second.trusted(Some(&third), &[public(1)]),
        Err(KeyringError::Rollback { found: 2, seen: 3 })
    );

    let other = first.extend(nothing, &key(1)).unwrap();
    assert_eq!(
        other.trusted(Some(&second), &[public(1)]),
        Err(KeyringError::Fork { seen: 2 })
    );

    let longer = other
        .extend(nothing, &key(1))
        .unwrap()
        .extend(nothing, &key(1))
        .unwrap();

    assert_eq!(
        longer.trusted(Some(&third), &[public(1)]),
        Err(KeyringError::Fork { seen: 3 })
    );
}

/// RUSTSEC-2020-0024: `tough` counted one key twice towards the threshold.
#[test]
fn a_key_counts_once_under_two_names_or_ids_and_however_often_it_signs() {
    let need = |have| KeyringError::Threshold {
        version: 2,
        have,
        need: 2,
    };

    let mut twice = content(2, &[1, 2]);
    twice.keys.push(Member::new("again", &public(1)));
    let mut other_id = public(1);
    other_id.id = [7; 8];
    twice.keys.push(Member::new("other id", &other_id));
    let first = Keyring::begin(twice, &key(1)).unwrap();
    assert_eq!(
        first.complete(),
        Err(KeyringError::Threshold {
            version: 1,
            have: 1,
            need: 2
        })
    );

    assert_eq!(
        first.extend(nothing, &key(1)).unwrap_err().rule().id,
        "keyring-threshold"
    );

    let first = first.sign(&key(1)).unwrap();
    assert_eq!(first.signed_by(), 1);
    let first = first.sign(&key(2)).unwrap();
    first.complete().unwrap();
    let mut second = first.extend(nothing, &key(1)).unwrap();
    assert_eq!(second.complete(), Err(need(1)));
    let again = second.versions[1].signatures[0].clone();
    second.versions[1].signatures.push(again);
    second.check().unwrap();
    assert_eq!(second.complete(), Err(need(1)));
    assert_eq!(second.trusted(None, &[public(1)]), Err(need(1)));
    second.sign(&key(2)).unwrap().complete().unwrap();

    // Two names for one key are too few keys for a threshold of two.
    let mut one = content(2, &[1]);
    one.keys.push(Member::new("again", &public(1)));
    assert!(matches!(
        Keyring::begin(one, &key(1)),
        Err(KeyringError::Chain { version: 1, .. })
    ));
}

#[test]
fn only_keys_in_use_before_have_a_say() {
    let first = Keyring::begin(content(1, &[1, 2]), &key(1)).unwrap();
    let refused = |result: Result<Keyring, KeyringError>, version| {
        assert!(
            matches!(result, Err(KeyringError::Chain { version: v, .. }) if v == version),
            "{result:?}"
        );
    };

    // A key cannot bring itself in.
    refused(
        first.extend(
            |next| next.keys.push(Member::new("evil", &public(9))),
            &key(9),
        ),
        2,
    );

    refused(first.extend(nothing, &key(9)), 2);
    let revoke = |next: &mut Content| {
        next.keys[0].revoked = Some(Revoked {
            last_good_version: None,
            reason: "lost".to_owned(),
        });
    };

    let second = first.extend(revoke, &key(2)).unwrap();
    second.complete().unwrap();
    refused(second.extend(nothing, &key(1)), 3);

    // Nothing may leave nobody who can sign.
    let lock_out = |next: &mut Content| next.keys[1].retired_after = "1.0.0".parse().ok();
    refused(second.extend(lock_out, &key(2)), 3);
}

#[test]
fn what_was_said_is_not_taken_back() {
    let first = Keyring::begin(content(1, &[1, 2]), &key(1)).unwrap();
    let revoked = |last: &str| {
        Some(Revoked {
            last_good_version: last.parse().ok(),
            reason: "stolen".to_owned(),
        })
    };

    let second = first
        .extend(|next| next.keys[0].revoked = revoked("1.2.0"), &key(2))
        .unwrap();
    let refused = |change: fn(&mut Content)| {
        assert!(matches!(
            second.extend(change, &key(2)),
            Err(KeyringError::Chain { version: 3, .. })
        ));
    };

    refused(|next| next.keys[0].revoked = None);
    refused(|next| {
        next.keys[0].revoked = Some(Revoked {
            last_good_version: "2.0.0".parse().ok(),
            reason: String::new(),
        });
    });

    refused(|next| drop(next.keys.remove(0)));
    refused(|next| next.keys[1].key = public(5).base64());
    refused(|next| next.projects.clear());
    refused(|next| next.version += 1);
    refused(|next| next.previous = None);
    refused(|next| next.threshold = 0);
    refused(|next| next.keys[1].name = "a\u{1b}[2J".to_owned());
    second
        .extend(|next| next.keys[0].revoked = revoked("none"), &key(2))
        .unwrap();
}

#[test]
fn a_key_may_vouch_for_what_it_signed_in_its_time() {
    let mut content = content(1, &[1, 2, 3]);
    content.keys[0].retired_after = "1.9.0".parse().ok();
    content.keys[1].revoked = Some(Revoked {
        last_good_version: "1.2.0".parse().ok(),
        reason: "stolen".to_owned(),
    });

    let standing = |seed, version: &str| {
        let standing = content.standing(&public(seed).key, &version.parse().unwrap());
        standing.map(|standing| match standing {
            Standing::Good => "good",
            Standing::Retired { .. } => "retired",
            Standing::Revoked(_) => "revoked",
        })
    };

    // 1.10 is newer than 1.9, a pre-release older than its release, build metadata neither.
    for (seed, version, expected) in [
        (1, "1.9.0", "good"),
        (1, "1.9.0+build", "good"),
        (1, "1.9.0-rc.1", "good"),
        (1, "1.10.0", "retired"),
        (2, "1.2.0", "good"),
        (2, "1.2.1", "revoked"),
        (3, "9.0.0", "good"),
    ] {
        assert_eq!(standing(seed, version), Some(expected), "{seed} {version}");
    }

    assert_eq!(standing(4, "1.0.0"), None);

    // A second entry for a revoked key does not clear it.
    content.keys.push(Member::new("again", &public(2)));
    let standing = content.standing(&public(2).key, &"2.0.0".parse().unwrap());
    assert!(matches!(standing, Some(Standing::Revoked(_))));
    assert!(!content.active().contains(public(2).key.as_bytes()));
}

#[test]
fn every_changed_bit_is_refused() {
    let first = Keyring::begin(content(1, &[1, 2]), &key(1)).unwrap();
    let second = first
        .extend(
            |next| next.keys.push(Member::new("third", &public(3))),
            &key(2),
        )
        .unwrap();
    let whole = bytes(&second);
    let held = |bytes: &[u8]| {
        Keyring::parse(bytes)
            .and_then(|keyring| keyring.trusted(None, &[public(1)]).map(|()| keyring))
    };
    assert_eq!(held(&whole).unwrap(), second);
    for position in 0..whole.len() {
        for bit in 0..8 {
            let mut changed = whole.clone();
            changed[position] ^= 1 << bit;
            assert!(held(&changed).is_err(), "bit {bit} of byte {position}");
        }
        assert!(held(&whole[..position]).is_err(), "cut to {position} bytes");
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        proptest::prop_assert!(Keyring::parse(&bytes).is_err());
    }
}
