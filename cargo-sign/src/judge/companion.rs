//! What else vouches for a list or a file: further signers, and the list's signatures in other
//! formats. Whatever is there has to hold.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use ed25519_dalek::VerifyingKey;
use release_gate::{Error, Finding, Result};

use super::file::{Checked, check_signature, small};
use super::{Keys, Verdict, archive, shown};
use crate::format::minisign::{MAX_LEN, MinisignSignature, hex};
use crate::format::public_key::PublicKey;
use crate::format::{checksums, raw, signify, sshsig};
use crate::model::comment::TrustedComment;
use crate::model::companion::{Companion, RAW, SIGNIFY, SSHSIG};
use crate::rules;

/// Who signed a file, and what the signature says.
pub(super) type Signed = (VerifyingKey, TrustedComment);

/// Checks the list's signatures for ssh-keygen, signify and openssl, where they are there: by the
/// key of `checksums.txt.sig`.
///
/// # Errors
/// A file is there and cannot be read.
pub(super) fn check_emitted(
    verdict: &mut Verdict,
    dir: &Path,
    (key, comment): &Signed,
    keys: &Keys,
    bytes: &[u8],
    list: &checksums::List,
) -> Result<()> {
    const HELP: &str = "get it again from where the release was published";
    let public = PublicKey::new(*key);
    let mut refuse = |rule, name: &str, error: &dyn std::fmt::Display| {
        verdict.refuse(Finding::new(rule, format!("{name}: {error}")).help(HELP));
    };
    if let Some(armoured) = small(&dir.join(SSHSIG), 8192)?
        && let Err(error) = sshsig::verify(
            &armoured,
            &public,
            &sshsig::namespace(&comment.project),
            bytes,
        )
    {
        refuse(&rules::SSHSIG_INVALID, SSHSIG, &error);
    }
    if let Some(signature) = small(&dir.join(RAW), raw::LEN)?
        && let Err(error) = raw::verify(&signature, key, bytes)
    {
        refuse(&rules::RAW_SIGNATURE_INVALID, RAW, &error);
    }
    // A file of the release may have that name too, and so may the signature of one.
    if list.contains_key(SIGNIFY)
        || SIGNIFY
            .strip_suffix(".sig")
            .is_some_and(|file| list.contains_key(file))
    {
        return Ok(());
    }
    if let Some(text) = small(&dir.join(SIGNIFY), signify::max_len(bytes.len()))? {
        // By whichever id the key is published.
        let same = keys.keys.iter().filter(|known| known.key == *key);
        let checked = same.map(|key| signify::verify(&text, key, list, &comment.untrusted()));
        if let Some(Err(error)) = checked.reduce(Result::or) {
            refuse(&rules::SIGNIFY_INVALID, SIGNIFY, &error);
        }
    }
    Ok(())
}

/// Checks the signatures of a file by further keys: each has to hold and to say the same as the
/// first. Returns the keys that signed.
///
/// # Errors
/// The folder, or a file that is there, cannot be read.
pub(super) fn check_further(
    verdict: &mut Verdict,
    path: &Path,
    prehash: &[u8; 64],
    name: &str,
    keys: &Keys,
    first: Option<&Signed>,
) -> Result<BTreeSet<[u8; 32]>> {
    let mut signers: BTreeSet<_> = first.iter().map(|(key, _)| key.to_bytes()).collect();
    for (id, beside) in further_of(path)? {
        let bytes = small(&beside, MAX_LEN)?;
        let refusals = verdict.findings.len();
        let signed = check_signature(verdict, bytes.as_deref(), prehash, name, keys);
        let about = |finding: Finding| finding.evidence("signature", format!("{name}.{id}.sig"));
        let new: Vec<_> = verdict.findings.drain(refusals..).map(about).collect();
        verdict.findings.extend(new);
        let Some((key, comment)) = signed else {
            continue;
        };
        let made_by = bytes
            .and_then(|bytes| MinisignSignature::parse(&bytes).ok())
            .map(|read| hex(&read.key_id));
        if made_by.as_ref() != Some(&id) {
            let text = format!(
                "`{}.{id}.sig` is named after another key than the one that made it",
                shown(name)
            );
            verdict
                .refuse(Finding::new(&rules::KEY_MISMATCH, text).help("get it under its own name"));
            continue;
        }
        if let Some((_, first)) = first {
            archive::check_same(verdict, first, &comment, name);
        }
        signers.insert(key.to_bytes());
    }
    Ok(signers)
}

/// Whether as many different keys signed as the keyring asks for.
pub(super) fn check_quorum(
    verdict: &mut Verdict,
    name: &str,
    comment: &TrustedComment,
    signers: &BTreeSet<[u8; 32]>,
    keys: &Keys,
) {
    let (have, need) = keys.quorum(&comment.version, signers);
    if have < need as usize {
        let text = format!(
            "`{}` is signed by {have} of the {need} different keys it needs",
            shown(name)
        );
        verdict.refuse(Finding::new(&rules::RELEASE_THRESHOLD, text).evidence("file", name.to_owned()).help(
            format!(
                "get `{0}.<key id>.sig` too, or have it made with `cargo sign sign {0}` by another key",
                shown(name)
            ),
        ));
    }
}

/// The signatures of a file by further keys that do not hold, or that nobody known made.
///
/// # Errors
/// Something that is there cannot be read.
pub(crate) fn stale_further(path: &Path, keys: Option<&Keys>) -> Result<Vec<PathBuf>> {
    let further = further_of(path)?;
    let prehash = if further.is_empty() {
        None
    } else {
        Checked::open(path, true)?
    };
    let prehash = prehash
        .and_then(|checked| checked.prehash)
        .unwrap_or([0; 64]);
    let mut stale = Vec::new();
    for (_, beside) in further {
        let parsed =
            small(&beside, MAX_LEN)?.and_then(|bytes| MinisignSignature::parse(&bytes).ok());
        let by = parsed.and_then(|parsed| Some((keys?.by_id(&parsed.key_id)?, parsed)));
        if by.is_none_or(|(key, parsed)| parsed.verify(&key.key, &key.id, &prehash).is_err()) {
            stale.push(beside);
        }
    }
    Ok(stale)
}

/// Signatures of a file by further keys: the id in the name, and the path.
fn further_of(path: &Path) -> Result<Vec<(String, PathBuf)>> {
    let dir = path
        .parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Vec::new());
    };
    let wrong = |error| {
        Error::judge(format!("cannot read the folder `{}`", dir.display())).with_source(error)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let name = entry.file_name();
        if let Some(Companion::Further(of, id)) = name.to_str().and_then(Companion::of)
            && of == file
        {
            found.push((id.to_owned(), entry.path()));
        }
    }
    found.sort();
    Ok(found)
}
