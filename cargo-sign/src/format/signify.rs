//! `SHA256.sig`: the list in BSD's spelling with a signature before it, as `signify -C` reads it
//! (<https://man.openbsd.org/signify>).
//!
//! ```text
//! untrusted comment: <anything>
//! base64("Ed" ‖ key id (8) ‖ signature (64) over everything below)
//! SHA256 (NAME) = <64 digits>
//! ```
//!
//! Nothing here is a second opinion: what is read has to be the spelling that follows from the
//! list, byte for byte.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::Signature;

use super::Signs;
use super::checksums::List;
use release_gate::public_key::KeyId;
use release_gate::public_key::PublicKey;

/// What `SHA256.sig` may measure for a list of so many bytes: BSD's lines are 11 bytes longer than
/// `sha256sum`'s, which have at least 68.
pub fn max_len(list: usize) -> usize {
    list + list / 4 + 2048
}

/// `SHA256.sig` does not hold, for the reason named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignifyError {
    /// A name signify would read only a part of.
    #[error("signify cannot read the name `{0}`: it holds a space or a parenthesis")]
    Name(String),
    /// Not what is written for this list.
    #[error("it is not what is written for this list: {0}")]
    Malformed(&'static str),
    /// Another key made it.
    #[error("another key made it than checksums.txt.sig")]
    Key,
    /// Does not fit.
    #[error("its signature does not hold")]
    Signature,
}

/// The list in BSD's spelling, which begins unlike everything else that is signed (see [`super`]).
///
/// # Errors
/// A name that signify reads otherwise.
pub fn lines(list: &List) -> Result<String, SignifyError> {
    if let Some(name) = list.keys().find(is_odd) {
        return Err(SignifyError::Name(name.clone()));
    }
    Ok(list
        .iter()
        .map(|(name, digest)| format!("SHA256 ({name}) = {digest}\n"))
        .collect())
}

/// Whether signify reads a name otherwise.
fn is_odd(name: &&String) -> bool {
    name.contains([' ', '(', ')'])
}

/// Writes `SHA256.sig`. Deterministic.
///
/// # Errors
/// A name that signify reads otherwise.
pub fn sign(
    key: &(impl Signs + ?Sized),
    id: &KeyId,
    list: &List,
    comment: &str,
) -> Result<String, SignifyError> {
    let lines = lines(list)?;
    let body = [&b"Ed"[..], id, &key.signature(lines.as_bytes()).to_bytes()].concat();
    Ok(format!(
        "untrusted comment: {comment}\n{}\n{lines}",
        STANDARD.encode(body)
    ))
}

/// Checks that the bytes are what `key` writes for this list.
///
/// # Errors
/// They are anything else.
pub fn verify(
    bytes: &[u8],
    key: &PublicKey,
    list: &List,
    comment: &str,
) -> Result<(), SignifyError> {
    let malformed = SignifyError::Malformed;
    let lines = lines(list)?;
    let text = std::str::from_utf8(bytes).map_err(|_| malformed("it is not UTF-8"))?;
    let rest = text
        .strip_prefix(&format!("untrusted comment: {comment}\n"))
        .ok_or(malformed("the first line says something else"))?;
    let (body, found) = rest.split_once('\n').ok_or(malformed("it has no list"))?;
    let body = STANDARD
        .decode(body)
        .ok()
        .filter(|bytes| STANDARD.encode(bytes) == body);

    let body = body.ok_or(malformed("the second line is not base64"))?;
    if found != lines {
        return Err(malformed("it names other files or digests"));
    }
    let signature = body
        .strip_prefix(b"Ed")
        .ok_or(malformed("its algorithm is not `Ed`"))?;
    let signature = signature
        .strip_prefix(&key.id[..])
        .ok_or(SignifyError::Key)?;
    let signature = Signature::from_slice(signature)
        .map_err(|_| malformed("its signature has not 64 bytes"))?;

    key.key
        .verify_strict(lines.as_bytes(), &signature)
        .map_err(|_| SignifyError::Signature)
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;

    /// Made by signify-openbsd 31: `signify -G -n`, `sha256sum --tag a b > list`, `signify -S -e -m
    /// list -x SHA256.sig`.
    const PUBLIC: &str = "untrusted comment: test public key\nRWR0TL5LJZE9EyvQhmJDi79PS7Ipo46E4qPzjKU9+mAI10vQlhSQQMt/\n";
    const THEIRS: &str = "untrusted comment: verify with k.pub\n\
        RWR0TL5LJZE9E9iiv91VJndR75v7JaCX4RkLquqjtg60j7Pwt8mEfxp96koghCI657KgwXa0INaz7mZS2aazLot5r+ZgdRSPJQI=\n\
        SHA256 (a) = 5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\n\
        SHA256 (b) = 73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac\n";

    fn list() -> List {
        let digest = |text: &str| text.parse().unwrap();
        List::from([
            (
                "a".into(),
                digest("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"),
            ),
            (
                "b".into(),
                digest("73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"),
            ),
        ])
    }

    #[test]
    fn what_signify_wrote_is_read() {
        let key = PublicKey::parse(PUBLIC).unwrap();
        verify(THEIRS.as_bytes(), &key, &list(), "verify with k.pub").unwrap();
        assert!(THEIRS.len() <= max_len(super::super::checksums::render(&list()).len()));
    }

    #[test]
    fn every_changed_bit_and_other_spelling_is_refused() {
        let key = SigningKey::from_bytes(&[9; 32]);
        let public = PublicKey::new(key.verifying_key());
        let text = sign(&key, &public.id, &list(), "signature of demo 1.0.0").unwrap();
        assert_eq!(
            text,
            sign(&key, &public.id, &list(), "signature of demo 1.0.0").unwrap(),
            "signing is deterministic"
        );

        let check = |bytes: &[u8]| verify(bytes, &public, &list(), "signature of demo 1.0.0");
        check(text.as_bytes()).unwrap();
        for position in 0..text.len() {
            for bit in 0..8 {
                let mut bytes = text.clone().into_bytes();
                bytes[position] ^= 1 << bit;
                assert!(check(&bytes).is_err(), "bit {bit} of byte {position}");
            }
        }

        for odd in [
            format!("{text}\n"),
            text.trim_end().to_owned(),
            text.replace('\n', "\r\n"),
            String::new(),
        ] {
            assert!(check(odd.as_bytes()).is_err(), "{odd:?}");
        }

        let other = PublicKey::new(SigningKey::from_bytes(&[8; 32]).verifying_key());
        assert_eq!(
            verify(text.as_bytes(), &other, &list(), "signature of demo 1.0.0"),
            Err(SignifyError::Key)
        );

        let fewer = List::from_iter(list().into_iter().take(1));
        assert!(verify(text.as_bytes(), &public, &fewer, "signature of demo 1.0.0").is_err());
        let spaced = List::from([("a b".to_owned(), list()["a"])]);
        assert_eq!(
            sign(&key, &public.id, &spaced, ""),
            Err(SignifyError::Name("a b".to_owned()))
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            let public = PublicKey::new(SigningKey::from_bytes(&[9; 32]).verifying_key());
            proptest::prop_assert!(verify(&bytes, &public, &list(), "c").is_err());
        }
    }
}
