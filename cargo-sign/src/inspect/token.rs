//! The list's signature by a key of somebody's security token, which `ssh-keygen` judges.

use std::path::{Path, PathBuf};

use release_gate::digest::sha256_bytes;
use release_gate::process::Runner;
use release_gate::public_key::{ListedKey, PublicKey};
use release_gate::{Error, Finding, Result};

use super::signers::MAX_SSHSIG;
use crate::format::{checksums, sshsig};
use crate::judge::verdict::Verdict;
use crate::model::companion::{LIST, TOKEN};
use crate::read::file::read_bounded;
use crate::read::keys::read_listed_keys;
use crate::rules;
use crate::ssh_keygen::OtherKeys;

/// Judges that signature beside the list in `folder` by the keys of these files: one of them has to
/// have made it.
///
/// # Errors
/// Something that is there cannot be read, or there is no `ssh-keygen`.
pub(crate) fn check_token(
    verdict: &mut Verdict,
    folder: &Path,
    tokens: &[PathBuf],
    runner: &Runner,
) -> Result<()> {
    let judged = verdict
        .verified
        .iter()
        .find(|verified| verified.file == LIST);
    let Some((list, (_, comment))) = judged.and_then(|list| Some((list, list.signed.as_ref()?)))
    else {
        let text = "no signed list was judged, and a token signs nothing else";
        verdict.refuse(refusal(text));
        return Ok(());
    };
    let bytes = read_bounded(&folder.join(LIST), checksums::MAX_LEN)?.unwrap_or_default();
    if list.digest != sha256_bytes(&bytes).into() {
        return Err(Error::judge(format!(
            "`{LIST}` changed while it was verified"
        )));
    }
    let Some(signature) = read_bounded(&folder.join(TOKEN), MAX_SSHSIG)? else {
        verdict.refuse(refusal(&format!("there is no `{TOKEN}`")));
        return Ok(());
    };

    let mut keys = Vec::new();
    for path in tokens {
        keys.extend(read_listed_keys(path)?);
    }
    let namespace = sshsig::namespace(&comment.project);
    match find_signer(&keys, &namespace, &bytes, &signature, runner)? {
        Some(fingerprint) => verdict
            .remarks
            .push(format!("OK  token  key {fingerprint}")),
        None => {
            let text =
                format!("`{TOKEN}` is by none of the keys that were named, or does not hold");
            verdict.refuse(refusal(&text));
        }
    }
    Ok(())
}

/// The fingerprint of the key that made a signature.
fn find_signer(
    keys: &[ListedKey],
    namespace: &str,
    message: &[u8],
    signature: &[u8],
    runner: &Runner,
) -> Result<Option<String>> {
    for key in keys {
        if let ListedKey::Ed25519(key) = key
            && sshsig::verify(signature, key, namespace, message).is_ok()
        {
            return Ok(Some(PublicKey::fingerprint(key)));
        }
    }
    OtherKeys::new(keys, runner).verify(namespace, message, signature)
}

fn refusal(text: &str) -> Finding {
    Finding::new(&rules::TOKEN_SIGNATURE, text)
        .help("get the whole release again; ask its maintainers which token signs")
}
