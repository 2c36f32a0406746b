//! SSH signatures in git's tag and commit objects: what is signed, and by what.

const BEGIN: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
const HEADER: &[u8] = b"gpgsig ";

/// What was signed, and the armoured signature.
pub type Signed = (Vec<u8>, Vec<u8>);

/// Splits a tag object: the signature is its end. `None` where it has no SSH signature.
pub fn tag(object: &[u8]) -> Option<Signed> {
    let at = (0..object.len())
        .find(|at| object[*at..].starts_with(BEGIN) && (*at == 0 || object[*at - 1] == b'\n'))?;
    Some((object[..at].to_vec(), object[at..].to_vec()))
}

/// Splits a commit object: the signature is its one `gpgsig` header, continued by lines that begin with a space.
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

/// The value of a header of a tag object (`object`, `type`, `tag`).
pub fn header<'a>(object: &'a [u8], name: &str) -> Option<&'a str> {
    let end = object.windows(2).position(|pair| pair == b"\n\n")?;
    let text = std::str::from_utf8(&object[..end]).ok()?;
    let mut values = text.lines().filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
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
        assert_eq!(header(b"object x\ntag v1\n\ntag v2\n", "tag"), Some("v1"));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let _ = (tag(&bytes), commit(&bytes), header(&bytes, "tag"));
        }
    }
}
