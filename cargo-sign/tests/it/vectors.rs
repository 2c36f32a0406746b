//! Ed25519 by vectors we did not write (Wycheproof), and by signatures that lenient verifiers
//! accept.

#![expect(
    clippy::unwrap_used,
    reason = "a vector that cannot be read fails its test"
)]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use cargo_sign::format::dsse;
use cargo_sign::format::minisign::{MinisignSignature, Prehash};
use curve25519_dalek::EdwardsPoint;
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use ed25519_dalek::{Signature, SigningKey, Verifier as _, VerifyingKey};
use release_gate::public_key::PublicKey;
use release_gate::public_key::key_id;
use sha2::{Digest as _, Sha512};

/// The order of the group, little-endian (RFC 8032, 5.1).
const ORDER: [u8; 32] = [
    0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14,
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
];

/// A key as it is read from a file, and the strict verification that every format here ends in.
fn accepts(key: &[u8], message: &[u8], signature: &[u8]) -> bool {
    let key = PublicKey::parse(&STANDARD.encode(key));
    let signature = Signature::from_slice(signature);
    key.ok()
        .zip(signature.ok())
        .is_some_and(|(key, signature)| key.key.verify_strict(message, &signature).is_ok())
}

#[test]
fn wycheproof_has_its_way() {
    let set = wycheproof::eddsa::TestSet::load(wycheproof::eddsa::TestName::Ed25519).unwrap();
    let (mut valid, mut invalid) = (0, 0);
    for group in &set.test_groups {
        for test in &group.tests {
            let expected = !test.result.must_fail();
            assert_eq!(
                accepts(&group.key.pk, &test.msg, &test.sig),
                expected,
                "{}: {}",
                test.tc_id,
                test.comment
            );
            if expected { valid += 1 } else { invalid += 1 }
        }
    }
    assert_eq!(valid + invalid, set.number_of_tests);
    assert!(
        valid >= 80 && invalid >= 60,
        "{valid} valid, {invalid} invalid"
    );
}

/// The 14 encodings of points of small order, six of them not canonical (y ≥ p, or a sign for x =
/// 0).
fn small_order() -> Vec<[u8; 32]> {
    let mut all: Vec<[u8; 32]> = EIGHT_TORSION
        .iter()
        .map(|point| point.compress().to_bytes())
        .collect();
    let mut p = [0xff; 32];
    (p[0], p[31]) = (0xed, 0x7f);
    let mut p_plus_one = p;
    p_plus_one[0] = 0xee;
    let (mut one, mut minus_one) = ([0; 32], p);
    one[0] = 1;
    minus_one[0] = 0xec;
    for mut odd in [p, p_plus_one] {
        all.push(odd);
        odd[31] |= 0x80;
        all.push(odd);
    }
    for mut odd in [one, minus_one] {
        odd[31] |= 0x80;
        all.push(odd);
    }
    all
}

fn challenge(r: &[u8], key: &[u8], message: &[u8]) -> Scalar {
    let digest = Sha512::new()
        .chain_update(r)
        .chain_update(key)
        .chain_update(message)
        .finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

#[test]
fn keys_of_small_order_are_no_keys() {
    let encodings = small_order();
    assert_eq!(encodings.len(), 14);
    let mut lenient = 0;
    for key in &encodings {
        assert!(
            PublicKey::parse(&STANDARD.encode(key)).is_err(),
            "{key:02x?}"
        );
        let minisign = STANDARD.encode([&b"Ed"[..], &[0; 8], key].concat());
        assert!(PublicKey::parse(&minisign).is_err(), "{key:02x?}");
        // Under such a key one signature fits many messages: s = 0, R = -kA.
        let Ok(read) = VerifyingKey::from_bytes(key) else {
            continue;
        };
        for (r, number) in encodings
            .iter()
            .zip(0u8..)
            .flat_map(|(r, _)| (0..8).map(move |number| (r, number)))
        {
            let signature = Signature::from_bytes(&[&r[..], &[0; 32]].concat().try_into().unwrap());
            lenient += usize::from(read.verify(&[number], &signature).is_ok());
            assert!(read.verify_strict(&[number], &signature).is_err());
        }
    }

    assert!(
        lenient > 50,
        "lenient verification accepts {lenient} of these, or they would prove nothing"
    );
}

#[test]
fn signatures_have_one_spelling_and_no_part_of_small_order() {
    let signing = SigningKey::from_bytes(&[7; 32]);
    let key = signing.verifying_key();
    let digest = Sha512::digest([7; 32]);
    let mut clamped: [u8; 32] = digest[..32].try_into().unwrap();
    clamped[0] &= 248;
    clamped[31] = clamped[31] & 127 | 64;
    let secret = Scalar::from_bytes_mod_order(clamped);
    assert_eq!(
        (ED25519_BASEPOINT_POINT * secret).compress().to_bytes(),
        key.to_bytes()
    );

    let mut lenient = 0;
    for message in 0..32u8 {
        let prehash = [message; 64];
        // R of small order, with the s that makes the equation hold where R is the neutral element.
        for r in small_order() {
            let s = challenge(&r, key.as_bytes(), &prehash) * secret;
            let bytes: [u8; 64] = [r, s.to_bytes()].concat().try_into().unwrap();
            lenient += usize::from(key.verify(&prehash, &Signature::from_bytes(&bytes)).is_ok());
            assert!(!accepts(key.as_bytes(), &prehash, &bytes));
        }
        let neutral = EdwardsPoint::identity().compress().to_bytes();
        assert!(small_order().contains(&neutral));
        // The same signature with the order added to s, in every format.
        let id = key_id(&key);
        let fine = MinisignSignature::sign(&signing, &Prehash(prehash), "c");
        fine.verify(&key, &id, &Prehash(prehash)).unwrap();
        let text = fine.render("u");
        let lines: Vec<&str> = text.lines().collect();
        for (line, skip) in [(1, 10), (3, 0)] {
            let mut body = STANDARD.decode(lines[line]).unwrap();
            add_order(&mut body[skip + 32..skip + 64]);
            let changed = text.replace(lines[line], &STANDARD.encode(body));
            assert!(
                MinisignSignature::parse(changed.as_bytes())
                    .unwrap()
                    .verify(&key, &id, &Prehash(prehash))
                    .is_err()
            );
        }
        let envelope = String::from_utf8(dsse::sign(&signing, &[message]).unwrap()).unwrap();
        let public = [PublicKey::new(key)];
        assert!(dsse::open(envelope.as_bytes(), &public).is_ok());
        let sig = envelope
            .split("\"sig\":\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        let mut body = STANDARD.decode(sig).unwrap();
        add_order(&mut body[32..]);
        assert!(
            dsse::open(
                envelope.replace(sig, &STANDARD.encode(body)).as_bytes(),
                &public
            )
            .is_err()
        );
    }

    assert!(
        lenient >= 32,
        "lenient verification accepts {lenient} of these, or they would prove nothing"
    );
}

fn add_order(s: &mut [u8]) {
    let mut carry = 0;
    for (digit, more) in s.iter_mut().zip(ORDER) {
        let sum = u16::from(*digit) + u16::from(more) + carry;
        *digit = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
}

/// The C2SP/CCTV vectors and ed25519-speccheck, which no registry has: `ED25519_VECTORS=FILE… cargo
/// test --test it vectors -- --ignored` with `ed25519vectors.json` and `cases.json`, `:` between them.
#[test]
#[ignore = "needs files that are not part of this repository"]
fn vectors_from_elsewhere() {
    let hex = |value: &serde_json::Value| -> Vec<u8> {
        let text = value.as_str().unwrap();
        (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect()
    };

    for path in std::env::split_paths(&std::env::var_os("ED25519_VECTORS").unwrap()) {
        let vectors: Vec<serde_json::Value> =
            serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        let mut accepted = Vec::new();
        for (number, vector) in vectors.iter().enumerate() {
            let (fine, expected) = if let Some(flags) = vector.get("flags") {
                // As libsodium: no part of small order, one spelling, and the equation without the
                // cofactor.
                let odd = [
                    "low_order_A",
                    "low_order_R",
                    "low_order_residue",
                    "non_canonical_A",
                    "non_canonical_R",
                ];
                let flags = flags.as_array().into_iter().flatten();
                let message = vector["msg"].as_str().unwrap().as_bytes();
                let fine = accepts(&hex(&vector["key"]), message, &hex(&vector["sig"]));
                (
                    fine,
                    flags
                        .into_iter()
                        .all(|flag| !odd.contains(&flag.as_str().unwrap())),
                )
            } else {
                let fine = accepts(
                    &hex(&vector["pub_key"]),
                    &hex(&vector["message"]),
                    &hex(&vector["signature"]),
                );
                // Number 3 alone, counted from 0: key and R of mixed order.
                (fine, number == 3)
            };
            assert_eq!(fine, expected, "{}: {vector}", path.display());
            accepted.extend(fine.then_some(number));
        }
        let (name, all) = (path.file_name().unwrap().display(), vectors.len());
        std::io::Write::write_all(
            &mut std::io::stderr(),
            format!("{name}: {all} vectors, {} accepted\n", accepted.len()).as_bytes(),
        )
        .unwrap();
    }
}
