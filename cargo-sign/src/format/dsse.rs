//! DSSE envelopes (<https://github.com/secure-systems-lab/dsse>): one line of JSON around a payload, signed by one Ed25519 key.
//!
//! The key id is the fingerprint `ssh-keygen -lf` shows. Only the spelling written here is read:
//! one line, sorted keys, one signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use release_gate::json::{CanonicalError, to_canonical_line};
use serde::{Deserialize, Serialize};

use super::Signs;
use release_gate::public_key::PublicKey;

/// What in-toto statements are signed as.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";
/// Largest envelope read, in bytes.
pub const MAX_LEN: usize = 16 << 20;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Envelope {
    payload: String,
    payload_type: String,
    signatures: [Signed; 1],
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signed {
    keyid: String,
    sig: String,
}

/// Why an envelope is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DsseError {
    /// Not the canonical form.
    #[error("it is not a DSSE envelope in canonical form: {0}")]
    Malformed(&'static str),
    /// Made by a key that was not given.
    #[error("it was signed by the key {}, which is none of those given", .0.escape_debug())]
    Key(String),
    /// Does not fit the payload.
    #[error("its signature does not hold")]
    Signature,
}

/// What is signed: the pre-authentication encoding, which binds the type to the payload.
pub(super) fn pae(kind: &str, payload: &[u8]) -> Vec<u8> {
    let mut bytes = format!("DSSEv1 {} {kind} {} ", kind.len(), payload.len()).into_bytes();
    bytes.extend_from_slice(payload);
    bytes
}

/// Signs an in-toto statement; one line. Deterministic.
///
/// # Errors
/// Only a defect of the encoder.
pub fn sign(key: &(impl Signs + ?Sized), payload: &[u8]) -> Result<Vec<u8>, CanonicalError> {
    let signature = key.signature(&pae(IN_TOTO, payload)).to_bytes();
    to_canonical_line(&Envelope {
        payload: STANDARD.encode(payload),
        payload_type: IN_TOTO.to_owned(),
        signatures: [Signed {
            keyid: PublicKey::new(key.verifying_key()).fingerprint(),
            sig: STANDARD.encode(signature),
        }],
    })
}

/// Checks an envelope and returns its payload and who signed it. Nothing of the payload is looked
/// at before its signature held.
///
/// # Errors
/// It is malformed, of another type or key, or its signature does not hold.
pub fn open<'a>(
    bytes: &[u8],
    keys: &'a [PublicKey],
) -> Result<(Vec<u8>, &'a PublicKey), DsseError> {
    let malformed = DsseError::Malformed;
    if bytes.len() > MAX_LEN {
        return Err(malformed("it is too long"));
    }
    let envelope: Envelope = serde_json::from_slice(bytes)
        .map_err(|_| malformed("it has not exactly the known fields"))?;
    if !to_canonical_line(&envelope).is_ok_and(|line| line == bytes) {
        return Err(malformed("it is not one line with sorted keys"));
    }
    if envelope.payload_type != IN_TOTO {
        return Err(malformed("its payload is not an in-toto statement"));
    }
    let payload = decode(&envelope.payload).ok_or(malformed("its payload is not base64"))?;
    let [Signed { keyid, sig }] = envelope.signatures;
    let signature: [u8; 64] = decode(&sig)
        .and_then(|bytes| bytes.try_into().ok())
        .ok_or(malformed("its signature is not base64 of 64 bytes"))?;
    let key = keys
        .iter()
        .find(|key| key.fingerprint() == keyid)
        .ok_or(DsseError::Key(keyid))?;

    key.key
        .verify_strict(&pae(IN_TOTO, &payload), &Signature::from_bytes(&signature))
        .map_err(|_| DsseError::Signature)?;

    Ok((payload, key))
}

/// Canonical base64.
fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD
        .decode(text)
        .ok()
        .filter(|bytes| STANDARD.encode(bytes) == *text)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    /// The example of the DSSE specification's protocol document.
    #[test]
    fn the_encoding_is_the_specifications() {
        assert_eq!(
            pae("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn every_changed_bit_is_refused() {
        let key = SigningKey::from_bytes(&[3; 32]);
        let keys = [PublicKey::new(key.verifying_key())];
        let line = sign(&key, b"{\"a\":1}").unwrap();
        assert_eq!(
            open(&line, &keys).unwrap(),
            (b"{\"a\":1}".to_vec(), &keys[0])
        );
        for position in 0..line.len() {
            for bit in 0..8 {
                let mut changed = line.clone();
                changed[position] ^= 1 << bit;
                assert!(
                    open(&changed, &keys).is_err(),
                    "bit {bit} of byte {position}"
                );
            }
        }
        assert!(matches!(open(&line, &[]), Err(DsseError::Key(_))));
        assert!(open(&[&line[..], &line].concat(), &keys).is_err());
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            proptest::prop_assert!(open(&bytes, &[]).is_err());
        }
    }
}
