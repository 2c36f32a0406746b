//! Signing one file of a release.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::fs::write_atomic;
use release_gate::git::Git;
use release_gate::project::Project;
use release_gate::public_key::{PublicKey, key_id};
use release_gate::{Context, Error, Finding, Level, Result};

use crate::format::minisign::{MinisignSignature, Prehash};
use crate::inspect::check_list;
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::judge::naming::check_version;
use crate::judge::signature::{check_same, check_signature};
use crate::judge::verdict::Verdict;
use crate::key::Secret;
use crate::model::comment::TrustedComment;
use crate::model::companion::{LIST, further};
use crate::model::release::Release;
use crate::read::file::{Prehashed, signature_of};
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

/// Signs a file of a release that is being packed and writes `FILE.sig` beside it.
///
/// # Errors
/// It cannot be read, signed or written.
pub(super) fn sign_file(key: &Secret, release: &Release, path: &Path) -> Result<PathBuf> {
    let name = signable_name(path)?;
    let Prehashed { prehash, .. } = open_to_sign(path)?;
    let file = path.with_file_name(format!("{name}.sig"));
    write_atomic(&file, signature(key, release, name, &prehash)?.as_bytes())?;
    Ok(file)
}

/// A signature that was made and is not written yet.
#[derive(Debug)]
pub(super) struct Signature {
    /// Where it goes.
    pub(super) path: PathBuf,
    text: String,
}

impl Signature {
    /// Writes it.
    ///
    /// # Errors
    /// It cannot be written.
    pub(super) fn write(&self) -> Result<()> {
        Ok(write_atomic(&self.path, self.text.as_bytes())?)
    }
}

/// Makes the signature of a file, for `FILE.sig`, or for `FILE.<key id>.sig` where another key
/// signed it first and the keyring asks for several. Nothing is written, and no signature by another
/// key is ever replaced. What is wrong is returned as findings.
///
/// # Errors
/// Something that is there cannot be read, or the file cannot be signed under its name.
pub(super) fn make_signature(
    key: &Secret,
    release: &Release,
    path: &Path,
    keys: &Keys,
) -> Result<std::result::Result<Signature, Vec<Finding>>> {
    let name = signable_name(path)?;
    let Prehashed { prehash, .. } = open_to_sign(path)?;
    let public = key.public();
    let first = signature_of(path)?;
    // A signature of a list, or by a key of the project, is evidence of what that key signed.
    let by_another = first.as_deref().is_some_and(|bytes| {
        !is_by(bytes, &public, &prehash) && (name == LIST || is_by_one_of(bytes, keys))
    });
    let mut file = path.with_file_name(format!("{name}.sig"));
    if by_another {
        let problems = check_first(first.as_deref(), release, path, &prehash, keys)?;
        if !problems.is_empty() {
            return Ok(Err(problems));
        }
        file = path.with_file_name(further(name, &public.id));
    }

    let text = signature(key, release, name, &prehash)?;
    // Judged as a user would, with the committed keys: a key derived from the secret could not
    // notice that the wrong one was used.
    let judged = check_signature(Some(text.as_bytes()), &prehash, name, keys);
    let Some((_, comment)) = judged.found else {
        return Ok(Err(judged.findings));
    };
    if let Some(problem) = check_version(name, &comment) {
        return Ok(Err(vec![problem]));
    }
    Ok(Ok(Signature { path: file, text }))
}

/// What keeps a further key from signing beside the first: its signature has to hold and to say the
/// same, and of a list everything it names has to be there as it was listed.
fn check_first(
    first: Option<&[u8]>,
    release: &Release,
    path: &Path,
    prehash: &Prehash,
    keys: &Keys,
) -> Result<Vec<Finding>> {
    let name = signable_name(path)?;
    let judged = check_signature(first, prehash, name, keys);
    let Some((_, comment)) = judged.found else {
        return Ok(judged.findings);
    };
    let own = release.comment(name);
    let mut problems = check_same(&comment, &own, name);
    problems.extend(check_same_state(&comment, &own, name));
    if keys.quorum(&release.version, &BTreeSet::new()).1 < 2 {
        let text = format!("`{name}` is signed by another key already");
        let help = "several keys sign where the keyring asks for them: `cargo sign keys threshold`; else move the signature away first";
        problems.push(Finding::new(&rules::KEY_MISMATCH, text).help(help));
    }
    if name == LIST {
        let listed = check_list(path, keys, Extent::Listed)?;
        let refused = listed.findings.into_iter().filter(|finding| {
            finding.level == Level::Deny && finding.rule != rules::RELEASE_THRESHOLD.id
        });
        problems.extend(refused);
    }
    Ok(problems)
}

/// Two people who sign one release have to say the same of how it was made, too.
fn check_same_state(first: &TrustedComment, own: &TrustedComment, name: &str) -> Option<Finding> {
    if (first.dirty, first.refused) == (own.dirty, own.refused) {
        return None;
    }
    let text = format!(
        "the first signature of `{name}` and this one would differ in whether it was made from uncommitted changes, or despite another gate"
    );
    let help = "sign in a clean checkout of the commit that was released";
    Some(Finding::new(&rules::COMMIT_MISMATCH, text).help(help))
}

/// Whether this key made a signature, under whichever id.
fn is_by(bytes: &[u8], key: &PublicKey, prehash: &Prehash) -> bool {
    let Ok(parsed) = MinisignSignature::parse(bytes) else {
        return false;
    };
    parsed.key_id == key.id
        || parsed.key_id == key_id(&key.key)
        || parsed.verify(&key.key, &parsed.key_id, prehash).is_ok()
}

/// Whether a signature says that a key of the project made it.
fn is_by_one_of(bytes: &[u8], keys: &Keys) -> bool {
    MinisignSignature::parse(bytes).is_ok_and(|parsed| keys.by_id(&parsed.key_id).is_some())
}

fn signable_name(path: &Path) -> Result<&str> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::usage(format!("the name of `{}` is not UTF-8", path.display())))?;
    crate::model::path::check(name).map_err(|error| {
        Error::usage(format!(
            "`{}` cannot be signed under its name",
            path.display()
        ))
        .with_source(error)
    })?;
    Ok(name)
}

fn open_to_sign(path: &Path) -> Result<Prehashed> {
    Prehashed::open(path)?
        .ok_or_else(|| Error::usage(format!("`{}` is not a regular file", path.display())))
}

/// Refuses a signing key that the repository tracks: anyone who has the source has the key.
///
/// # Errors
/// git failed, or the key is tracked.
pub(super) fn refuse_tracked_key(project: &Project, key: Option<&Path>) -> Result<()> {
    let (Some(git), Some(key)) = (&project.git, key) else {
        return Ok(());
    };
    if !is_tracked(git, key)? {
        return Ok(());
    }
    Err(Error::judge(format!(
        "the signing key `{}` is part of the repository: anyone who has the source has the key",
        key.display()
    ))
    .with_help("make a new key outside of the work tree (`cargo sign keygen`), rotate to it, and revoke this one with `cargo sign keys revoke`")
    .with_help("taking it out of the history is not enough: it was there"))
}

/// Whether a file is part of a repository's checkout.
///
/// # Errors
/// git failed.
pub(super) fn is_tracked(git: &Git, path: &Path) -> Result<bool> {
    let (Ok(path), Ok(root)) = (path.canonicalize(), git.root().canonicalize()) else {
        return Ok(false);
    };
    let Ok(inside) = path.strip_prefix(&root) else {
        return Ok(false);
    };
    let step = git.step().args(["ls-files", "-z", "--"]).arg(inside);
    Ok(!git.run(step)?.success()?.stdout.is_empty())
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
