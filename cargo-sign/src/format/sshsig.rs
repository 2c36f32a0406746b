//! SSHSIG, the signature format of `ssh-keygen -Y` (OpenSSH's PROTOCOL.sshsig), for Ed25519 and
//! SHA-512.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;
use sha2::{Digest as _, Sha512};

use super::Signs;
use release_gate::public_key::PublicKey;

const BEGIN: &str = "-----BEGIN SSH SIGNATURE-----";
const END: &str = "-----END SSH SIGNATURE-----";
const MAGIC: &[u8] = b"SSHSIG";
const HASH: &[u8] = b"sha512";
/// Characters of base64 in a line, as ssh-keygen writes them.
const WIDTH: usize = 70;
/// Longest armoured signature read.
const MAX_LEN: usize = 4096;

/// The namespace of release signatures of a project: a signature for another purpose is not one of
/// these.
pub fn namespace(project: &str) -> String {
    format!("release@{project}")
}

/// Signs a message; armoured, with a newline at the end. Deterministic.
pub fn sign(key: &(impl Signs + ?Sized), namespace: &str, message: &[u8]) -> String {
    let signature = key.signature(&to_be_signed(namespace, message)).to_bytes();
    let mut blob = MAGIC.to_vec();
    blob.extend_from_slice(&1u32.to_be_bytes());
    string(&mut blob, &PublicKey::new(key.verifying_key()).ssh_blob());
    string(&mut blob, namespace.as_bytes());
    string(&mut blob, b"");
    string(&mut blob, HASH);
    let mut inner = Vec::new();
    string(&mut inner, b"ssh-ed25519");
    string(&mut inner, &signature);
    string(&mut blob, &inner);
    armour(&blob)
}

/// The lines `ssh-keygen -Y sign` writes.
pub(super) fn armour(blob: &[u8]) -> String {
    let text = STANDARD.encode(blob);
    let lines: Vec<&str> = text
        .as_bytes()
        .chunks(WIDTH)
        .filter_map(|line| std::str::from_utf8(line).ok())
        .collect();
    format!("{BEGIN}\n{}\n{END}\n", lines.join("\n"))
}

/// The signature does not hold, for the reason named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SshsigError(&'static str);

/// Checks an armoured signature over a message by a key, in a namespace.
///
/// # Errors
/// It is malformed, for another namespace or key, or does not fit the message.
pub fn verify(
    armoured: &[u8],
    key: &PublicKey,
    namespace: &str,
    message: &[u8],
) -> Result<(), SshsigError> {
    let fail = |why| Err(SshsigError(why));
    if armoured.len() > MAX_LEN {
        return fail("the signature is too long");
    }
    let text =
        std::str::from_utf8(armoured).map_err(|_| SshsigError("the signature is not UTF-8"))?;
    let body = text
        .strip_prefix(BEGIN)
        .and_then(|text| text.strip_suffix('\n')?.strip_suffix(END))
        .ok_or(SshsigError(
            "the signature has not the lines `BEGIN` and `END SSH SIGNATURE`",
        ))?;

    let joined: String = body.split('\n').collect();
    let blob = STANDARD
        .decode(joined)
        .map_err(|_| SshsigError("the signature is not base64"))?;
    if armour(&blob) != text {
        return fail("the signature is not spelled as `ssh-keygen -Y sign` spells it");
    }
    let mut rest = blob
        .strip_prefix(MAGIC)
        .ok_or(SshsigError("the signature does not begin with SSHSIG"))?;
    rest = rest
        .strip_prefix(&1u32.to_be_bytes()[..])
        .ok_or(SshsigError("the signature has another version than 1"))?;
    let (public, found, reserved, hash, inner) = (
        take(&mut rest)?,
        take(&mut rest)?,
        take(&mut rest)?,
        take(&mut rest)?,
        take(&mut rest)?,
    );

    if !rest.is_empty() || !reserved.is_empty() {
        return fail("the signature has data where there should be none");
    }
    if found != namespace.as_bytes() {
        return fail("the signature is for another namespace");
    }
    if hash != HASH {
        return fail("the signature uses another hash than SHA-512");
    }
    if public != key.ssh_blob() {
        return fail("the signature is by another key");
    }
    let mut inner = inner;
    let (kind, signature) = (take(&mut inner)?, take(&mut inner)?);
    if kind != b"ssh-ed25519" || !inner.is_empty() {
        return fail("the signature is of another kind than Ed25519");
    }
    let signature = Signature::from_slice(signature)
        .map_err(|_| SshsigError("the signature has not 64 bytes"))?;

    key.key
        .verify_strict(&to_be_signed(namespace, message), &signature)
        .map_err(|_| SshsigError("the signature does not fit the message"))
}

pub(super) fn to_be_signed(namespace: &str, message: &[u8]) -> Vec<u8> {
    let mut out = MAGIC.to_vec();
    string(&mut out, namespace.as_bytes());
    string(&mut out, b"");
    string(&mut out, HASH);
    string(&mut out, &Sha512::digest(message));
    out
}

fn string(out: &mut Vec<u8>, bytes: &[u8]) {
    // Lengths here are those of short names and digests.
    out.extend_from_slice(&u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn take<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], SshsigError> {
    const SHORT: SshsigError = SshsigError("the signature is cut off");
    let (length, after) = rest.split_first_chunk::<4>().ok_or(SHORT)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).map_err(|_| SHORT)?;
    let (bytes, after) = after.split_at_checked(length).ok_or(SHORT)?;
    *rest = after;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    #[test]
    fn what_is_signed_verifies_and_nothing_else_does() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = PublicKey::new(key.verifying_key());
        let armoured = sign(&key, "release@demo", b"list");
        verify(armoured.as_bytes(), &public, "release@demo", b"list").unwrap();
        assert!(verify(armoured.as_bytes(), &public, "release@other", b"list").is_err());
        assert!(verify(armoured.as_bytes(), &public, "release@demo", b"lisu").is_err());
        let other = PublicKey::new(SigningKey::from_bytes(&[8; 32]).verifying_key());
        assert!(verify(armoured.as_bytes(), &other, "release@demo", b"list").is_err());
        for position in BEGIN.len()..armoured.len() - END.len() - 1 {
            let mut bytes = armoured.clone().into_bytes();
            bytes[position] = if bytes[position] == b'A' { b'B' } else { b'A' };
            assert!(
                verify(&bytes, &public, "release@demo", b"list").is_err(),
                "byte {position}"
            );
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let public = PublicKey::new(SigningKey::from_bytes(&[9; 32]).verifying_key());
            let armoured = format!("{BEGIN}\n{}\n{END}\n", STANDARD.encode(&bytes));
            proptest::prop_assert!(verify(armoured.as_bytes(), &public, "n", b"m").is_err());
            proptest::prop_assert!(verify(&bytes, &public, "n", b"m").is_err());
        }
    }
}
