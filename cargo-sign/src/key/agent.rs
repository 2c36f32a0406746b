//! A key that an SSH agent holds: it signs and never shows the key. What it says is checked before
//! it is used.

use std::cell::RefCell;

use ed25519_dalek::{Signature, VerifyingKey};
use release_gate::{Error, Result};

use crate::format::Signs;
use crate::format::agent::{self, AgentError, MAX_LEN};
use release_gate::public_key::PublicKey;

/// Names a key by its fingerprint: `--key ssh-agent:SHA256:…`.
pub(super) const PREFIX: &str = "ssh-agent:";
/// Where the agent listens.
const SOCKET: &str = "SSH_AUTH_SOCK";

/// A key of the agent that listens at `SSH_AUTH_SOCK`.
#[derive(Debug, Clone)]
pub(super) struct AgentKey {
    pub(super) key: VerifyingKey,
}

impl AgentKey {
    /// Finds a key by its fingerprint, as `ssh-add -l` shows it.
    pub(super) fn find(fingerprint: &str) -> Result<Self> {
        let reply = ask(&agent::ask_identities())?;
        let (keys, others) = agent::identities(&reply).map_err(wrong)?;
        let key = keys
            .into_iter()
            .find(|key| PublicKey::new(*key).fingerprint() == fingerprint);
        let key = key.ok_or_else(|| {
            let help = if others {
                "`ssh-add -l` lists what it holds; only ED25519 keys can be used, and none that lies on a security token (ED25519-SK)"
            } else {
                "`ssh-add -l` lists what it holds, `ssh-add FILE` adds a key"
            };
            Error::usage(format!("the SSH agent holds no Ed25519 key `{fingerprint}`")).with_help(help)
        })?;
        Ok(Self { key })
    }

    fn sign(&self, message: &[u8]) -> Result<Signature> {
        let request = agent::ask_signature(&self.key, message).ok_or_else(|| {
            Error::judge("this is too long for an SSH agent to sign; use a key file")
        })?;
        let signature = agent::signature(&ask(&request)?).map_err(wrong)?;
        self.key.verify_strict(message, &signature).map_err(|_| {
            Error::judge("what the SSH agent signed does not verify with the key it was asked for")
        })?;
        Ok(signature)
    }
}

fn wrong(error: AgentError) -> Error {
    Error::judge("the SSH agent cannot be used").with_source(error)
}

/// What signs while something is being made; an agent that refused is remembered, and nothing that
/// was made is given out.
pub(super) struct Session<'a> {
    key: &'a AgentKey,
    failed: RefCell<Option<Error>>,
}

impl<'a> Session<'a> {
    pub(super) fn new(key: &'a AgentKey) -> Self {
        Self {
            key,
            failed: RefCell::new(None),
        }
    }

    /// Why not everything was signed.
    pub(super) fn end(self) -> Result<()> {
        self.failed.into_inner().map_or(Ok(()), Err)
    }
}

impl Signs for Session<'_> {
    fn verifying_key(&self) -> VerifyingKey {
        self.key.key
    }

    fn signature(&self, message: &[u8]) -> Signature {
        let nothing = Signature::from_bytes(&[0; 64]);
        if self.failed.borrow().is_some() {
            return nothing;
        }
        self.key.sign(message).unwrap_or_else(|error| {
            *self.failed.borrow_mut() = Some(error);
            nothing
        })
    }
}

/// Sends a request and reads the reply, without its length.
#[cfg(unix)]
fn ask(request: &[u8]) -> Result<Vec<u8>> {
    let socket = std::env::var_os(SOCKET)
        .filter(|path| !path.is_empty())
        .ok_or_else(|| {
            Error::usage(format!("no SSH agent is running: {SOCKET} is not set")).with_help(
                "start one with `eval $(ssh-agent)`, and add the key with `ssh-add FILE`",
            )
        })?;
    exchange(&socket, request)
        .map_err(|error| Error::judge("the SSH agent does not answer").with_source(error))
}

/// Sends one request and reads the reply: its length in four bytes, then the reply itself
/// (draft-miller-ssh-agent, section 3).
#[cfg(unix)]
fn exchange(socket: &std::ffi::OsStr, request: &[u8]) -> std::io::Result<Vec<u8>> {
    use std::io::{Read as _, Write as _};
    use std::time::Duration;

    // Somebody may have to confirm the use of the key.
    const PATIENCE: Duration = Duration::from_secs(120);
    let mut stream = std::os::unix::net::UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(request)?;

    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length == 0 || length > MAX_LEN {
        return Err(std::io::Error::other("its reply has an impossible length"));
    }

    let mut reply = Vec::new();
    stream.take(length as u64).read_to_end(&mut reply)?;
    if reply.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(reply)
}

/// Agents are spoken to over Unix sockets only.
#[cfg(not(unix))]
fn ask(_: &[u8]) -> Result<Vec<u8>> {
    let _ = (SOCKET, MAX_LEN);
    Err(Error::usage("SSH agents are not supported on this system")
        .with_help("use a key file, or RELEASE_GATES_SIGNING_KEY"))
}
