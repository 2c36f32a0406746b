//! Signing one file of a release.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Result};

use crate::format::minisign::{MinisignSignature, Prehash};
use crate::inspect::signers::first_signer;
use crate::judge::keys::Keys;
use crate::judge::verdict::Verdict;
use crate::key::Secret;
use crate::model::comment::TrustedComment;
use crate::model::companion::further;
use crate::model::release::Release;
use crate::read::file::Prehashed;
use crate::rules;

/// The text of a signature of `file` over bytes with this digest.
///
/// # Errors
/// The release cannot be named in a signature, or the key did not sign.
pub(super) fn signature(
    key: &Secret,
    release: &Release,
    file: &str,
    prehash: &Prehash,
) -> Result<String> {
    let comment = release.comment(file);
    let text = comment.to_string();
    text.parse::<TrustedComment>().map_err(|error| {
        Error::usage(format!(
            "`{file}` of {} {} cannot be signed",
            release.project, release.version
        ))
        .with_source(error)
        .with_help(
            "projects have names as crates.io allows them: at most 64 of a-z, A-Z, 0-9, - and _",
        )
    })?;
    let mut signature = key.with(|key| MinisignSignature::sign(key, prehash, &text))?;
    signature.key_id = key.public().id;
    Ok(signature.render(&comment.untrusted()))
}

/// Signs a file and writes `FILE.sig` beside it; `FILE.<key id>.sig` where `keys` say that several
/// have to sign, and another has.
///
/// # Errors
/// It cannot be read, signed or written.
pub(super) fn sign_file(
    key: &Secret,
    release: &Release,
    path: &Path,
    keys: Option<&Keys>,
) -> Result<PathBuf> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::usage(format!("the name of `{}` is not UTF-8", path.display())))?;
    if let Err(error) = crate::model::path::check(name) {
        return Err(Error::usage(format!(
            "`{}` cannot be signed under its name",
            path.display()
        ))
        .with_source(error));
    }
    let Prehashed { prehash, .. } = Prehashed::open(path)?
        .ok_or_else(|| Error::usage(format!("`{}` is not a regular file", path.display())))?;

    let public = key.public();
    let other = match keys.filter(|keys| keys.quorum(&release.version, &BTreeSet::new()).1 > 1) {
        Some(keys) => first_signer(path, &prehash, keys)?.filter(|other| other.key != public.key),
        None => None,
    };
    let file = match other {
        Some(_) => path.with_file_name(further(name, &public.id)),
        None => path.with_file_name(format!("{name}.sig")),
    };
    write_atomic(&file, signature(key, release, name, &prehash)?.as_bytes())?;
    Ok(file)
}

/// That further keys still have to sign is no fault of what was just signed: it is said, and judged
/// by `verify`.
pub(super) fn tell_open(cx: &Context, verdict: &mut Verdict) {
    let open = verdict
        .findings
        .extract_if(.., |finding| finding.rule == rules::RELEASE_THRESHOLD.id);
    for finding in open {
        cx.terminal.note(finding.message);
    }
}
