//! SSH signatures by keys other than Ed25519: RSA, ECDSA and keys of security tokens, made by
//! `ssh-keygen -Y sign` and judged by `ssh-keygen -Y verify`. The only place that starts `ssh-keygen`.
//!
//! To judge, the program gets one key, one signature and the signed bytes, in a temporary folder; no
//! configuration, agent or revocation list of the user's is looked at. To sign, it gets the user's
//! agent and terminal: a token may ask for a touch or a PIN.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use release_gate::digest::sha256_bytes;
use release_gate::process::{Runner, Step};
use release_gate::public_key::ListedKey;
use release_gate::{Error, Result};

/// Whom a key belongs to, as far as `ssh-keygen` is told.
const PRINCIPAL: &str = "signer";

/// SSH keys that this program does not judge itself.
#[derive(Debug)]
pub(crate) struct OtherKeys {
    /// Algorithm and base64, as `ssh-keygen` reads them.
    keys: Vec<(String, String)>,
    runner: Runner,
}

impl OtherKeys {
    /// The keys of other algorithms among these.
    pub(crate) fn new(keys: &[ListedKey], runner: &Runner) -> Self {
        let keys = keys.iter().filter_map(|key| match key {
            ListedKey::OtherSsh { algorithm, blob } => Some((algorithm.clone(), blob.clone())),
            ListedKey::Ed25519(_) => None,
        });
        Self {
            keys: keys.collect(),
            runner: runner.clone(),
        }
    }

    /// The fingerprint of the key that made a signature over a payload in a namespace; `None` where
    /// none of them did.
    ///
    /// # Errors
    /// There is no `ssh-keygen`, or no place for a temporary folder.
    pub(crate) fn verify(
        &self,
        namespace: &str,
        payload: &[u8],
        signature: &[u8],
    ) -> Result<Option<String>> {
        if self.keys.is_empty() || !signature.starts_with(b"-----BEGIN SSH SIGNATURE-----") {
            return Ok(None);
        }
        let dir = tempfile::TempDir::with_prefix("signers-").map_err(unwritable)?;
        let signers = dir.path().join("allowed_signers");
        let file = dir.path().join("signature");
        std::fs::write(&file, signature).map_err(unwritable)?;
        for (algorithm, blob) in &self.keys {
            let line = format!("{PRINCIPAL} namespaces=\"{namespace}\" {algorithm} {blob}\n");
            std::fs::write(&signers, line).map_err(unwritable)?;
            let step = Step::new("ssh-keygen")
                .env("HOME", dir.path())
                .current_dir(dir.path())
                .args(["-Y", "verify", "-I", PRINCIPAL, "-n", namespace, "-f"])
                .arg(&signers)
                .arg("-s")
                .arg(&file)
                .stdin(payload);
            if self.runner.run(step).map_err(Error::from)?.is_success() {
                return Ok(Some(fingerprint(blob)));
            }
        }

        Ok(None)
    }
}

/// Signs a message by a key in a namespace: that of a security token, or one that an agent holds.
/// Armoured, as the program writes it.
///
/// # Errors
/// There is no `ssh-keygen`, or it did not sign.
pub(crate) fn sign(
    runner: &Runner,
    key: &Path,
    namespace: &str,
    message: &[u8],
) -> Result<Vec<u8>> {
    let dir = tempfile::TempDir::with_prefix("token-").map_err(unwritable)?;
    let file = dir.path().join("message");
    std::fs::write(&file, message).map_err(unwritable)?;
    let key = std::path::absolute(key).map_err(unwritable)?;
    let step = Step::new("ssh-keygen")
        .inherit([
            "HOME",
            "SSH_AUTH_SOCK",
            "SSH_SK_PROVIDER",
            "SSH_ASKPASS",
            "SSH_ASKPASS_REQUIRE",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "TERM",
        ])
        .current_dir(dir.path())
        .args(["-Y", "sign", "-n", namespace, "-f"])
        .arg(&key)
        .arg(&file)
        .interactive();

    let finished = runner.run(step).map_err(Error::from)?;
    let signature = dir.path().join("message.sig");
    if !finished.is_success() || !signature.is_file() {
        let said = finished.stderr_text();
        let name = key.display();
        return Err(Error::judge(format!("`{name}` did not sign: {}", said.trim())).with_help(
            "is the token plugged in, or the key in the agent? `ssh-keygen -Y sign -n x -f KEY FILE` says the same",
        ));
    }
    std::fs::read(&signature).map_err(unwritable)
}

/// What `ssh-keygen -lf` shows of a key.
fn fingerprint(blob: &str) -> String {
    let bytes = STANDARD.decode(blob).unwrap_or_default();
    let digest = sha256_bytes(&bytes);
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest.as_bytes()))
}

fn unwritable(error: std::io::Error) -> Error {
    Error::judge("there is no place for temporary folders").with_source(error)
}
