//! SSH signatures by keys other than Ed25519, judged by `ssh-keygen -Y verify`: RSA, ECDSA and keys
//! of security tokens. The only place that starts `ssh-keygen`.
//!
//! The program gets one key, one signature and the signed bytes, in a temporary folder; no
//! configuration, agent or revocation list of the user's is looked at.

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

    /// The fingerprint of the key that made a signature over a payload in git's namespace; `None`
    /// where none of them did.
    ///
    /// # Errors
    /// There is no `ssh-keygen`, or no place for a temporary folder.
    pub(crate) fn verify(&self, payload: &[u8], signature: &[u8]) -> Result<Option<String>> {
        if self.keys.is_empty() || !signature.starts_with(b"-----BEGIN SSH SIGNATURE-----") {
            return Ok(None);
        }
        let dir = tempfile::TempDir::with_prefix("signers-").map_err(unwritable)?;
        let signers = dir.path().join("allowed_signers");
        let file = dir.path().join("signature");
        std::fs::write(&file, signature).map_err(unwritable)?;
        for (algorithm, blob) in &self.keys {
            let line = format!("{PRINCIPAL} namespaces=\"git\" {algorithm} {blob}\n");
            std::fs::write(&signers, line).map_err(unwritable)?;
            let step = Step::new("ssh-keygen")
                .env("HOME", dir.path())
                .current_dir(dir.path())
                .args(["-Y", "verify", "-I", PRINCIPAL, "-n", "git", "-f"])
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

/// What `ssh-keygen -lf` shows of a key.
fn fingerprint(blob: &str) -> String {
    let bytes = STANDARD.decode(blob).unwrap_or_default();
    let digest = sha256_bytes(&bytes);
    format!("SHA256:{}", STANDARD_NO_PAD.encode(digest.as_bytes()))
}

fn unwritable(error: std::io::Error) -> Error {
    Error::judge("there is no place for temporary folders").with_source(error)
}
