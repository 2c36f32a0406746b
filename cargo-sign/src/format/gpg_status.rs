//! What `gpg --status-fd` says about one signature (GnuPG's doc/DETAILS), read strictly: one good
//! signature and not a word of another.

/// Hashes a signature may not rest on: MD5, SHA-1, RIPEMD-160 (RFC 9580, 9.5).
const WEAK: [&str; 3] = ["1", "2", "3"];

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GpgError {
    /// It does not fit.
    #[error("its GPG signature does not fit")]
    Bad,
    /// The key is none of those trusted.
    #[error("its GPG signature is by the key {}, which is none of those trusted", .0.escape_debug())]
    Unknown(String),
    /// The key has expired.
    #[error("the GPG key that signed it has expired")]
    KeyExpired,
    /// The signature has expired.
    #[error("its GPG signature has expired")]
    Expired,
    /// The key was revoked.
    #[error("the GPG key that signed it was revoked")]
    KeyRevoked,
    /// It rests on a broken hash.
    #[error("its GPG signature rests on a broken hash (MD5, SHA-1 or RIPEMD-160)")]
    Weak,
    /// Anything else; nothing is guessed.
    #[error("its GPG signature is not one plain good signature")]
    Other,
}

/// Reads the status of one verification; returns the fingerprint of the primary key that vouches.
///
/// # Errors
/// Anything but exactly one good and valid signature.
pub fn read(status: &[u8]) -> Result<String, GpgError> {
    let text = std::str::from_utf8(status).map_err(|_| GpgError::Other)?;
    let (mut new, mut good, mut valid) = (0, Vec::new(), Vec::new());
    for line in text
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] "))
    {
        let mut words = line.split(' ');
        let (keyword, rest) = (words.next().unwrap_or_default(), words.collect::<Vec<_>>());
        match keyword {
            "NEWSIG" => new += 1,
            "GOODSIG" => good.push(rest),
            "VALIDSIG" => valid.push(rest),
            "BADSIG" => return Err(GpgError::Bad),
            "EXPSIG" => return Err(GpgError::Expired),
            "EXPKEYSIG" => return Err(GpgError::KeyExpired),
            "REVKEYSIG" => return Err(GpgError::KeyRevoked),
            // The key's id comes first, and code 9 says that the key is missing.
            "ERRSIG" if rest.get(5) == Some(&"9") => {
                let id = rest.get(6).filter(|id| **id != "-").or(rest.first());
                return Err(GpgError::Unknown(id.unwrap_or(&"unknown").to_string()));
            }
            "ERRSIG" | "NODATA" | "FAILURE" | "ERROR" | "UNEXPECTED" | "BADARMOR" => {
                return Err(GpgError::Other);
            }
            _ => {}
        }
    }

    let ([good], [valid], 1) = (&good[..], &valid[..], new) else {
        return Err(GpgError::Other);
    };

    // fingerprint, date, two times, version, reserved, key algorithm, hash, class, primary
    // fingerprint
    let [fingerprint, _, _, _, _, _, _, hash, class, primary] = valid[..] else {
        return Err(GpgError::Other);
    };

    if !is_fingerprint(fingerprint) || !is_fingerprint(primary) || class != "00" {
        return Err(GpgError::Other);
    }

    // Both lines have to be about one key: GOODSIG names the end of its fingerprint, or all of it.
    if !good
        .first()
        .is_some_and(|id| id.len() >= 16 && fingerprint.ends_with(id))
    {
        return Err(GpgError::Other);
    }

    if WEAK.contains(&hash) {
        Err(GpgError::Weak)
    } else {
        Ok(primary.to_owned())
    }
}

/// Whether a text is a fingerprint as gpg prints it: 40 or 64 upper-case hexadecimal digits.
pub fn is_fingerprint(text: &str) -> bool {
    [40, 64].contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

/// The fingerprints of the primary keys in `gpg --with-colons --list-keys`.
pub fn primaries(listing: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(listing);
    let mut found = Vec::new();
    let mut primary = false;
    for line in text.lines() {
        let fields: Vec<&str> = line.split(':').collect();
        match fields[0] {
            "pub" => primary = true,
            "fpr" if primary => {
                found.extend(
                    fields
                        .get(9)
                        .filter(|text| is_fingerprint(text))
                        .map(|text| (*text).to_owned()),
                );
                primary = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "1111111111111111111111111111111111111111";
    const B: &str = "2222222222222222222222222222222222222222";

    fn fine() -> String {
        format!(
            "[GNUPG:] NEWSIG t@example.org\n[GNUPG:] KEY_CONSIDERED {B} 0\n[GNUPG:] SIG_ID x 2024-01-01 1\n\
             [GNUPG:] GOODSIG 1111111111111111 T <t@example.org>\n\
             [GNUPG:] VALIDSIG {A} 2024-01-01 1704067200 0 4 0 22 10 00 {B}\n[GNUPG:] TRUST_ULTIMATE 0 pgp\n"
        )
    }

    #[test]
    fn one_good_signature_names_its_primary_key() {
        assert_eq!(read(fine().as_bytes()), Ok(B.to_owned()));
    }

    #[test]
    fn anything_else_does_not_count() {
        let swap = |from: &str, to: &str| {
            let text = fine().replace(from, to);
            assert_ne!(text, fine(), "{from}");
            read(text.as_bytes()).unwrap_err()
        };

        assert_eq!(swap("GOODSIG", "EXPKEYSIG"), GpgError::KeyExpired);
        assert_eq!(swap("GOODSIG", "REVKEYSIG"), GpgError::KeyRevoked);
        assert_eq!(swap("GOODSIG", "EXPSIG"), GpgError::Expired);
        assert_eq!(swap("GOODSIG", "BADSIG"), GpgError::Bad);
        assert_eq!(swap("22 10 00", "22 2 00"), GpgError::Weak);
        assert_eq!(swap("22 10 00", "22 10 01"), GpgError::Other, "text mode");
        for (from, to) in [
            ("[GNUPG:] GOODSIG", "GOODSIG"),
            ("GOODSIG 1111", "GOODSIG 3333"),
            ("GOODSIG 1111111111111111", "GOODSIG 1111"),
            ("NEWSIG", "NEWSIG\n[GNUPG:] NEWSIG"),
            (
                "[GNUPG:] TRUST",
                "[GNUPG:] GOODSIG 1111111111111111 x\n[GNUPG:] TRUST",
            ),
            ("[GNUPG:] TRUST", "[GNUPG:] NODATA 3\n[GNUPG:] TRUST"),
            ("VALIDSIG", "INVALIDSIG"),
            (B, "2222"),
        ] {
            assert_eq!(swap(from, to), GpgError::Other, "{from}");
        }

        assert_eq!(read(b""), Err(GpgError::Other));
        let missing =
            format!("[GNUPG:] NEWSIG\n[GNUPG:] ERRSIG 1111111111111111 22 10 00 1 9 {A}\n");
        assert_eq!(
            read(missing.as_bytes()),
            Err(GpgError::Unknown(A.to_owned()))
        );
    }

    #[test]
    fn only_primary_keys_are_listed() {
        let listing = format!(
            "tru::1\npub:-:255:22:1:1:::\nfpr:::::::::{A}:\nuid:-::::\nsub:-:255\nfpr:::::::::{B}:\n"
        );
        assert_eq!(primaries(listing.as_bytes()), [A]);
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(\\[GNUPG:\\] [A-Z]{3,9}( [0-9A-F]{1,40}){0,10}\n){0,6}.{0,80}") {
            let _ = (read(text.as_bytes()), primaries(text.as_bytes()));
        }
    }
}
