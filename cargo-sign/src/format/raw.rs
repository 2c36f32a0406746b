//! `checksums.txt.ed25519`: 64 bare bytes, Ed25519 (RFC 8032) over the list itself, as `openssl
//! pkeyutl -verify -rawin` takes them.

use super::Signs;
use ed25519_dalek::{Signature, VerifyingKey};

/// Bytes of a signature.
pub const LEN: usize = 64;

/// The bytes are no signature of this list by this key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// Another length.
    #[error("it must be 64 bytes")]
    Length,
    /// Does not fit.
    #[error("it does not fit the list")]
    Signature,
}

/// Signs a list. Deterministic.
pub fn sign(key: &(impl Signs + ?Sized), list: &[u8]) -> [u8; LEN] {
    key.signature(list).to_bytes()
}

/// Checks a signature strictly.
///
/// # Errors
/// It does not hold.
pub fn verify(signature: &[u8], key: &VerifyingKey, list: &[u8]) -> Result<(), RawError> {
    let signature = Signature::from_slice(signature).map_err(|_| RawError::Length)?;
    key.verify_strict(list, &signature)
        .map_err(|_| RawError::Signature)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    #[test]
    fn every_changed_bit_is_refused() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let signature = sign(&key, b"list");
        verify(&signature, &key.verifying_key(), b"list").unwrap();
        for bit in 0..LEN * 8 {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                verify(&changed, &key.verifying_key(), b"list"),
                Err(RawError::Signature),
                "bit {bit}"
            );
        }

        assert_eq!(
            verify(&signature[..63], &key.verifying_key(), b"list"),
            Err(RawError::Length)
        );

        assert_eq!(
            verify(
                &[&signature[..], b"\n"].concat(),
                &key.verifying_key(),
                b"list"
            ),
            Err(RawError::Length)
        );
    }
}
