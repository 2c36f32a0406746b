//! Signatures in git's tag and commit objects: what is signed, and by what.

const SSH: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
const PGP: &[u8] = b"-----BEGIN PGP SIGNATURE-----\n";
const PGP_END: &[u8] = b"-----END PGP SIGNATURE-----";
const HEADER: &[u8] = b"gpgsig ";

/// What was signed, and the armoured signature.
pub type Signed = (Vec<u8>, Vec<u8>);

/// Splits a tag object: the signature is its end, from the first line that begins one. `None` where
/// it has none.
pub fn tag(object: &[u8]) -> Option<Signed> {
    let begins = |at: usize| object[at..].starts_with(SSH) || object[at..].starts_with(PGP);
    let at = (0..object.len()).find(|at| begins(*at) && (*at == 0 || object[*at - 1] == b'\n'))?;
    Some((object[..at].to_vec(), object[at..].to_vec()))
}

/// Splits a commit object: the signature is its one `gpgsig` header, continued by lines that begin
/// with a space.
pub fn commit(object: &[u8]) -> Option<Signed> {
    let (mut payload, mut signature, mut inside, mut body) = (Vec::new(), None, false, false);
    for line in object.split_inclusive(|byte| *byte == b'\n') {
        body |= line == b"\n";
        match (line.strip_prefix(HEADER), line.strip_prefix(b" ")) {
            // A second signature would be judged by nobody.
            (Some(_), _) if !body && signature.is_some() => return None,
            (Some(first), _) if !body => {
                signature = Some(first.to_vec());
                inside = true;
            }
            (_, Some(more)) if !body && inside => signature.as_mut()?.extend_from_slice(more),
            _ => {
                inside = false;
                payload.extend_from_slice(line);
            }
        }
    }
    signature.map(|signature| (payload, signature))
}

/// Whether a signature is a GPG one: exactly one block of armour, and nothing around it that
/// another reader could take for more.
pub fn is_gpg(signature: &[u8]) -> bool {
    let trimmed = signature.trim_ascii_end();
    let Some(body) = trimmed
        .strip_prefix(PGP)
        .and_then(|rest| rest.strip_suffix(PGP_END))
    else {
        return false;
    };
    signature.is_ascii() && !body.windows(5).any(|window| window == b"-----")
}

/// The value of a header of a tag object (`object`, `type`, `tag`).
pub fn header<'a>(object: &'a [u8], name: &str) -> Option<&'a str> {
    let end = object.windows(2).position(|pair| pair == b"\n\n")?;
    let text = std::str::from_utf8(&object[..end]).ok()?;
    let mut values = text
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    values.next().filter(|_| values.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payload_and_signature_are_told_apart() {
        let signed = b"tree x\ngpgsig A\n B\nauthor y\n\ngpgsig text\n more\n";
        let (payload, signature) = commit(signed).unwrap();
        assert_eq!(payload, b"tree x\nauthor y\n\ngpgsig text\n more\n");
        assert_eq!(signature, b"A\nB\n");
        assert_eq!(commit(b"tree x\n\ngpgsig A\n"), None);
        assert_eq!(commit(b"gpgsig A\ngpgsig B\n\n"), None);
        let pgp =
            b"tag v1\n\ntext\n-----BEGIN PGP SIGNATURE-----\n\nA\n-----END PGP SIGNATURE-----\n";
        let (payload, signature) = tag(pgp).unwrap();
        assert_eq!(payload, b"tag v1\n\ntext\n");
        assert!(
            is_gpg(&signature)
                && !is_gpg(&payload)
                && !is_gpg(&[&signature[..], b"more\n"].concat())
        );
        assert!(!is_gpg(&[&signature[..], &signature].concat()));
        assert_eq!(header(b"object x\ntag v1\n\ntag v2\n", "tag"), Some("v1"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = (tag(&bytes), commit(&bytes), header(&bytes, "tag"), is_gpg(&bytes));
        }
    }
}
