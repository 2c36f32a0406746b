//! Signatures in git's tag and commit objects: what is signed, and by what.

const SSH: &[u8] = b"-----BEGIN SSH SIGNATURE-----\n";
const PGP: &[u8] = b"-----BEGIN PGP SIGNATURE-----\n";
const PGP_END: &[u8] = b"-----END PGP SIGNATURE-----";
/// Headers that hold a signature over the object in one of the two hash functions; git leaves both
/// out of what is signed.
const SHA1_HEADER: &[u8] = b"gpgsig ";
const SHA256_HEADER: &[u8] = b"gpgsig-sha256 ";

/// What was signed, and the armoured signature.
pub type Signed = (Vec<u8>, Vec<u8>);

/// The hash function that a repository names its objects by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectFormat {
    /// 40 digits.
    Sha1,
    /// 64 digits.
    Sha256,
}

impl ObjectFormat {
    /// The format of an object with this id.
    pub fn of(id: &str) -> Self {
        if id.len() == 64 {
            Self::Sha256
        } else {
            Self::Sha1
        }
    }

    fn header(self) -> &'static [u8] {
        match self {
            Self::Sha1 => SHA1_HEADER,
            Self::Sha256 => SHA256_HEADER,
        }
    }
}

/// Splits a tag object: the signature is its end, from the last line that begins one, as git has
/// it; what stands before may quote another. `None` where it has none.
pub fn tag(object: &[u8]) -> Option<Signed> {
    let at = (0..object.len())
        .rev()
        .find(|at| signature_begins(object, *at))?;
    // A tag of a repository in transition also carries a signature for the other hash function.
    let (payload, _) = split_headers(&object[..at], SHA1_HEADER)?;
    Some((payload, object[at..].to_vec()))
}

/// Whether a line that begins a signature stands here.
fn signature_begins(object: &[u8], at: usize) -> bool {
    let starts_line = at == 0 || object[at - 1] == b'\n';
    let rest = &object[at..];
    starts_line && (rest.starts_with(SSH) || rest.starts_with(PGP))
}

/// Splits a commit object: the signature is the one header for this hash function, continued by
/// lines that begin with a space.
pub fn commit(object: &[u8], format: ObjectFormat) -> Option<Signed> {
    let (payload, signature) = split_headers(object, format.header())?;
    signature.map(|signature| (payload, signature))
}

/// Takes the headers that hold signatures out of an object, and returns the value of `wanted`.
/// `None`: a header is there twice, and a second signature would be judged by nobody.
fn split_headers(object: &[u8], wanted: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut payload = Vec::new();
    let mut found: [Option<Vec<u8>>; 2] = [None, None];
    let mut inside = None;
    let mut body = false;
    for line in object.split_inclusive(|byte| *byte == b'\n') {
        body |= line == b"\n";
        let headers = [SHA1_HEADER, SHA256_HEADER];
        let begun = headers
            .iter()
            .position(|header| !body && line.starts_with(header));
        if let Some(which) = begun {
            if found[which].is_some() {
                return None;
            }
            found[which] = Some(line[headers[which].len()..].to_vec());
            inside = Some(which);
            continue;
        }
        match (inside, line.strip_prefix(b" ")) {
            (Some(which), Some(more)) if !body => {
                if let Some(signature) = &mut found[which] {
                    signature.extend_from_slice(more);
                }
            }
            _ => {
                inside = None;
                payload.extend_from_slice(line);
            }
        }
    }

    let [sha1, sha256] = found;
    let signature = if wanted == SHA1_HEADER { sha1 } else { sha256 };

    Some((payload, signature))
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
        let (payload, signature) = commit(signed, ObjectFormat::Sha1).unwrap();
        assert_eq!(payload, b"tree x\nauthor y\n\ngpgsig text\n more\n");
        assert_eq!(signature, b"A\nB\n");
        assert_eq!(commit(b"tree x\n\ngpgsig A\n", ObjectFormat::Sha1), None);
        assert_eq!(commit(b"gpgsig A\ngpgsig B\n\n", ObjectFormat::Sha1), None);
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
            let _ = (tag(&bytes), commit(&bytes, ObjectFormat::Sha1), header(&bytes, "tag"), is_gpg(&bytes));
        }
    }
}
