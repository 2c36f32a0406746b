//! Messages of the SSH agent protocol (draft-miller-ssh-agent): asking for keys and signatures, and
//! reading what comes back, which is trusted no further than its length. Whether a signature holds
//! is for the caller to check.

use ed25519_dalek::{Signature, VerifyingKey};

use release_gate::public_key::PublicKey;

/// Longest reply read, in bytes; OpenSSH's own limit.
pub const MAX_LEN: usize = 256 * 1024;

const FAILURE: u8 = 5;
const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES: u8 = 12;
const SIGN: u8 = 13;
const SIGNED: u8 = 14;
const ED25519: &[u8] = b"ssh-ed25519";

/// Why a reply cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AgentError {
    /// It says no.
    #[error("the agent refuses (is it locked, or was the use of the key denied?)")]
    Refused,
    /// Not the reply that was asked for.
    #[error("the agent's reply is of another kind than was asked for")]
    Kind,
    /// Cut off, or with something behind its end.
    #[error("the agent's reply is malformed")]
    Malformed,
    /// A signature by another algorithm.
    #[error("the agent signed with another algorithm than Ed25519")]
    Algorithm,
}

/// Asks for the keys it holds.
pub fn ask_identities() -> Vec<u8> {
    message(REQUEST_IDENTITIES, &[])
}

/// Asks for a signature over `data` by a key. `None` where the message would be longer than an
/// agent reads.
pub fn ask_signature(key: &VerifyingKey, data: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    for part in [&PublicKey::new(*key).ssh_blob()[..], data] {
        body.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
        body.extend_from_slice(part);
    }
    // No flags: they only choose among RSA's hashes.
    body.extend_from_slice(&[0; 4]);
    (body.len() < MAX_LEN).then(|| message(SIGN, &body))
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + 1).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), &[kind][..], body].concat()
}

/// The Ed25519 keys of a reply (without its length), and whether it held others.
///
/// # Errors
/// It is not a list of keys.
pub fn identities(reply: &[u8]) -> Result<(Vec<VerifyingKey>, bool), AgentError> {
    let mut rest = body(reply, IDENTITIES)?;
    let number = number(&mut rest)?;
    let (mut keys, mut others) = (Vec::new(), false);
    for _ in 0..number {
        let (blob, _comment) = (string(&mut rest)?, string(&mut rest)?);
        match ed25519(blob) {
            Some(key) => keys.push(key),
            None => others = true,
        }
    }
    if rest.is_empty() {
        Ok((keys, others))
    } else {
        Err(AgentError::Malformed)
    }
}

/// The signature of a reply (without its length).
///
/// # Errors
/// It is none by Ed25519.
pub fn signature(reply: &[u8]) -> Result<Signature, AgentError> {
    let mut rest = body(reply, SIGNED)?;
    let mut blob = string(&mut rest)?;
    if !rest.is_empty() {
        return Err(AgentError::Malformed);
    }
    let (kind, bytes) = (string(&mut blob)?, string(&mut blob)?);
    // Keys on a token (`sk-ssh-ed25519@openssh.com`) sign more than what was asked for.
    if kind != ED25519 {
        return Err(AgentError::Algorithm);
    }
    if blob.is_empty() {
        Signature::from_slice(bytes).map_err(|_| AgentError::Malformed)
    } else {
        Err(AgentError::Malformed)
    }
}

fn ed25519(mut blob: &[u8]) -> Option<VerifyingKey> {
    if string(&mut blob).ok()? != ED25519 {
        return None;
    }
    let key: &[u8; 32] = string(&mut blob).ok()?.try_into().ok()?;
    let key = VerifyingKey::from_bytes(key).ok()?;
    (blob.is_empty() && !key.is_weak()).then_some(key)
}

fn body(reply: &[u8], kind: u8) -> Result<&[u8], AgentError> {
    match reply.split_first() {
        Some((found, rest)) if *found == kind => Ok(rest),
        Some((&FAILURE, _)) => Err(AgentError::Refused),
        Some(_) => Err(AgentError::Kind),
        None => Err(AgentError::Malformed),
    }
}

fn number(rest: &mut &[u8]) -> Result<u32, AgentError> {
    let (number, after) = rest.split_first_chunk::<4>().ok_or(AgentError::Malformed)?;
    *rest = after;
    Ok(u32::from_be_bytes(*number))
}

fn string<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8], AgentError> {
    let length = usize::try_from(number(rest)?).map_err(|_| AgentError::Malformed)?;
    let (bytes, after) = rest.split_at_checked(length).ok_or(AgentError::Malformed)?;
    *rest = after;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> VerifyingKey {
        ed25519_dalek::SigningKey::from_bytes(&[5; 32]).verifying_key()
    }

    fn text(bytes: &[u8]) -> Vec<u8> {
        [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat()
    }

    #[test]
    fn keys_are_listed() {
        let own = text(&PublicKey::new(key()).ssh_blob());
        let other = text(&[text(b"ssh-rsa"), text(b"e"), text(b"n")].concat());
        let token = text(
            &[
                text(b"sk-ssh-ed25519@openssh.com"),
                text(&[7; 32]),
                text(b"ssh:"),
            ]
            .concat(),
        );

        let reply = [
            &[12, 0, 0, 0, 3][..],
            &other,
            &text(b"c"),
            &own,
            &text(b"\xff"),
            &token,
            &text(b""),
        ]
        .concat();

        assert_eq!(identities(&reply), Ok((vec![key()], true)));
        for end in 0..reply.len() {
            assert!(identities(&reply[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(
            identities(&[&reply[..], b"x"].concat()),
            Err(AgentError::Malformed)
        );

        assert_eq!(identities(&[12, 0, 0, 0, 0]), Ok((vec![], false)));
        assert_eq!(
            identities(&[12, 255, 255, 255, 255]),
            Err(AgentError::Malformed)
        );

        assert_eq!(identities(&[5]), Err(AgentError::Refused));
        assert_eq!(identities(&[14]), Err(AgentError::Kind));
    }

    #[test]
    fn a_signature_is_one_of_ed25519_and_nothing_more() {
        let reply = |kind: &[u8], bytes: &[u8], more: &[u8]| {
            [
                &[14],
                &text(&[text(kind), text(bytes), more.to_vec()].concat())[..],
            ]
            .concat()
        };

        let fine = reply(ED25519, &[1; 64], b"");
        assert_eq!(signature(&fine).unwrap().to_bytes(), [1; 64]);
        for end in 0..fine.len() {
            assert!(signature(&fine[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(
            signature(&reply(
                b"sk-ssh-ed25519@openssh.com",
                &[1; 64],
                &[1, 0, 0, 0, 1]
            )),
            Err(AgentError::Algorithm)
        );

        assert_eq!(
            signature(&reply(ED25519, &[1; 63], b"")),
            Err(AgentError::Malformed)
        );

        assert_eq!(
            signature(&reply(ED25519, &[1; 64], b"x")),
            Err(AgentError::Malformed)
        );

        assert_eq!(signature(&[5]), Err(AgentError::Refused));
    }

    #[test]
    fn requests_have_their_length_in_front() {
        assert_eq!(ask_identities(), [0, 0, 0, 1, 11]);
        let request = ask_signature(&key(), b"data").unwrap();
        assert_eq!(request[..5], [0, 0, 0, 1 + 4 + 51 + 4 + 4 + 4, 13]);
        assert_eq!(request.len(), 4 + 68);
        assert!(ask_signature(&key(), &vec![0; MAX_LEN]).is_none());
    }

    proptest::proptest! {
        #[test]
        fn any_reply_is_read_or_refused(kind in 4..15u8, bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            let reply = [&[kind], &bytes[..]].concat();
            let _ = (identities(&reply), signature(&reply));
        }
    }
}
