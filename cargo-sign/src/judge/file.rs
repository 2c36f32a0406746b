//! One file and its signature.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use blake2::{Blake2b512, Digest as _};
use release_gate::digest::Sha256Digest;
use release_gate::{Error, Finding, Result};
use sha2::Sha256;

use super::{Held, Keys, Verdict, companion, shown};
use crate::format::minisign::{MAX_LEN, MinisignSignature};
use crate::format::public_key::PublicKey;
use crate::model::comment::TrustedComment;
use crate::rules;

/// Bytes read at once; memory does not grow with the file.
const BUFFER: usize = 256 * 1024;

/// A file that was opened and hashed; the handle is the one that is used from here on.
#[derive(Debug)]
pub struct Checked {
    /// The open file, at its beginning.
    pub file: File,
    /// Its SHA-256.
    pub sha256: Sha256Digest,
    /// Its BLAKE2b-512, minisign's prehash; only where it was asked for.
    pub prehash: Option<[u8; 64]>,
    /// Its size in bytes.
    pub size: u64,
}

impl Checked {
    /// Opens a regular file and hashes it in one pass.
    ///
    /// # Errors
    /// It cannot be read. `Ok(None)`: it is no regular file (links are not followed).
    pub fn open(path: &Path, prehash: bool) -> Result<Option<Self>> {
        let wrong = |error| unreadable(path, error);
        let Some(mut file) = open_regular(path).map_err(wrong)? else {
            return Ok(None);
        };
        let (mut sha, mut blake) = (Sha256::new(), prehash.then(Blake2b512::new));
        let mut buffer = vec![0; BUFFER];
        let mut size = 0;
        loop {
            release_gate::interrupt::check()?;
            let read = file.read(&mut buffer).map_err(wrong)?;
            if read == 0 {
                break;
            }
            sha.update(&buffer[..read]);
            if let Some(blake) = &mut blake {
                blake.update(&buffer[..read]);
            }
            size += read as u64;
        }
        file.seek(SeekFrom::Start(0)).map_err(wrong)?;
        let sha256 = Sha256Digest::from_bytes(sha.finalize().into());
        Ok(Some(Self {
            file,
            sha256,
            prehash: blake.map(|blake| blake.finalize().into()),
            size,
        }))
    }

    /// Opens a file again that held. Its digest is what it was then: whoever uses what is in it now
    /// has to hash it again.
    ///
    /// # Errors
    /// It cannot be read. `Ok(None)`: it is no regular file any more.
    pub(crate) fn reopen(path: &Path, held: &Held) -> Result<Option<Self>> {
        let file = open_regular(path).map_err(|error| unreadable(path, error))?;
        Ok(file.map(|file| Self {
            file,
            sha256: held.sha256,
            prehash: None,
            size: held.size,
        }))
    }
}

/// Checks the signature beside a file that was hashed. `name` is the file's own name, which the
/// signature has to bind.
///
/// # Errors
/// The signature file is there and cannot be read.
pub(super) fn check_signature(
    verdict: &mut Verdict,
    signature: Option<&[u8]>,
    prehash: &[u8; 64],
    name: &str,
    keys: &Keys,
) -> Option<(ed25519_dalek::VerifyingKey, TrustedComment)> {
    let refuse = |verdict: &mut Verdict, rule, text: String, help: &str| {
        verdict.refuse(
            Finding::new(rule, text)
                .evidence("file", name.to_owned())
                .help(help),
        );
        None
    };
    let Some(bytes) = signature else {
        return refuse(
            verdict,
            &rules::SIGNATURE_MISSING,
            format!("`{}` is not signed", shown(name)),
            "get the `.sig` from where the release was published",
        );
    };
    let parsed = match MinisignSignature::parse(bytes) {
        Ok(parsed) => parsed,
        Err(error) => {
            return refuse(
                verdict,
                error.rule(),
                format!("`{}`: {error}", shown(name)),
                "get the signature again from where the release was published",
            );
        }
    };
    let Some(key) = keys.by_id(&parsed.key_id) else {
        let text = format!(
            "`{}` was signed by the key {}, which is none of those given",
            shown(name),
            crate::format::minisign::hex(&parsed.key_id)
        );
        return refuse(
            verdict,
            &rules::KEY_MISMATCH,
            text,
            "check which key the project publishes; where it has a new one, `--keyring` names the keyring that says so",
        );
    };
    if let Err(error) = parsed.verify(&key.key, &key.id, prehash) {
        return refuse(
            verdict,
            error.rule(),
            format!("`{}`: {error}", shown(name)),
            "do not use the file; get it again",
        );
    }
    let Ok(comment) = parsed.trusted_comment.parse::<TrustedComment>() else {
        return refuse(
            verdict,
            &rules::COMMENT_MALFORMED,
            format!(
                "the signature of `{}` does not bind file, project, version and commit",
                shown(name)
            ),
            "sign it with `cargo sign sign`",
        );
    };
    // Nothing signs the first line, yet people read it: it says what the trusted comment says, or
    // the file was edited.
    if parsed.untrusted_comment != comment.untrusted() {
        return refuse(
            verdict,
            &rules::SIGNATURE_MALFORMED,
            format!(
                "the untrusted comment of the signature of `{}` was changed",
                shown(name)
            ),
            "get the signature again from where the release was published",
        );
    }
    if comment.file != name {
        let text = format!(
            "the signature of `{}` was made for `{}`",
            shown(name),
            shown(&comment.file)
        );
        return refuse(
            verdict,
            &rules::FILE_MISMATCH,
            text,
            "one file is being served as another; do not use it",
        );
    }
    if let Some((rule, why)) = keys.refuses(&key.key, &comment.project, &comment.version) {
        return refuse(
            verdict,
            rule,
            format!("`{}`: {why}", shown(name)),
            "do not use it; get a release signed by a key in use",
        );
    }
    if comment.dirty {
        verdict.refuse(
            Finding::new(
                &rules::DIRTY_SOURCE,
                format!("`{}` was made from uncommitted changes", shown(name)),
            )
            .evidence("file", name.to_owned())
            .help("commit, then build and sign again"),
        );
    }
    if comment.refused {
        verdict.refuse(
            Finding::new(
                &rules::DESPITE_REFUSALS,
                format!(
                    "`{}` was packed although another gate refused the release",
                    shown(name)
                ),
            )
            .evidence("file", name.to_owned())
            .help("ask the project what was refused, and why it was released all the same"),
        );
    }
    Some((key.key, comment))
}

/// Reads a small file beside another; `None` where there is none. Links are not followed, and
/// nothing but a regular file is read: a pipe would never end.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn small(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    let file = match open_regular(path) {
        Ok(Some(file)) => file,
        Ok(None) => {
            return Err(
                Error::judge(format!("`{}` is not a regular file", path.display())).with_help(
                    "links and pipes are not followed; put the file itself there, or remove it",
                ),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    read_small(file, path, limit).map(Some)
}

/// Reads a small file that the user named, be it a link or a pipe; `None` where there is none.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn small_named(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(file) => read_small(file, path, limit).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn read_small(file: File, path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a longer file is seen as too long and not as cut off.
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    Ok(bytes)
}

pub(super) fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
}

/// Opens a regular file; `None` where something else is there. What is checked is what is opened,
/// also where it is exchanged in between.
pub(super) fn open_regular(path: &Path) -> std::io::Result<Option<File>> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    #[cfg(unix)]
    let file = {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        File::from(rustix::fs::open(path, flags, Mode::empty())?)
    };
    #[cfg(not(unix))]
    let file = File::open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// The signature beside a file.
pub(crate) fn signature_of(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    small(Path::new(&name), MAX_LEN)
}

/// Who made the `.sig` beside a file, where it holds.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn first_signer(
    path: &Path,
    prehash: &[u8; 64],
    keys: &Keys,
) -> Result<Option<PublicKey>> {
    let parsed = signature_of(path)?.and_then(|bytes| MinisignSignature::parse(&bytes).ok());
    let by = parsed.and_then(|parsed| Some((keys.by_id(&parsed.key_id)?, parsed)));
    Ok(by
        .filter(|(key, parsed)| parsed.verify(&key.key, &key.id, prehash).is_ok())
        .map(|(key, _)| key.clone()))
}

/// Hashes a file that has no signature of its own, so that provenance can vouch for it; that
/// nothing else does is remarked on.
///
/// # Errors
/// It cannot be read.
pub fn check_unsigned(path: &Path) -> Result<(Verdict, Option<Checked>)> {
    let mut verdict = Verdict::default();
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let checked = Checked::open(path, false)?;
    let finding = match &checked {
        Some(checked) => {
            verdict.held.push(Held {
                file: name.clone(),
                sha256: checked.sha256,
                size: checked.size,
                signed: None,
            });
            Finding::new(
                &rules::PROVENANCE_UNSIGNED,
                format!("`{}` is signed by no key of the project", shown(&name)),
            )
        }
        None => Finding::new(
            &rules::FILE_NOT_REGULAR,
            format!("`{}` is not a regular file", shown(&name)),
        ),
    };
    verdict.refuse(finding.evidence("file", name));
    Ok((verdict, checked))
}

/// Checks any single file against the signature beside it.
///
/// # Errors
/// It cannot be read.
pub fn check_file(path: &Path, keys: &Keys) -> Result<(Verdict, Option<Checked>)> {
    let mut verdict = Verdict {
        findings: keys.findings.clone(),
        ..Verdict::default()
    };
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let Some(checked) = Checked::open(path, true)? else {
        verdict.refuse(Finding::new(
            &rules::FILE_NOT_REGULAR,
            format!("`{}` is not a regular file", shown(&name)),
        ));
        return Ok((verdict, None));
    };
    let signature = signature_of(path)?;
    let prehash = checked.prehash.unwrap_or([0; 64]);
    let signed = check_signature(&mut verdict, signature.as_deref(), &prehash, &name, keys);
    let signers =
        companion::check_further(&mut verdict, path, &prehash, &name, keys, signed.as_ref())?;
    if let Some((_, comment)) = &signed {
        companion::check_quorum(&mut verdict, &name, comment, &signers, keys);
    }
    if signed.is_some() {
        verdict.held.push(Held {
            file: name,
            sha256: checked.sha256,
            size: checked.size,
            signed,
        });
    }
    Ok((verdict, Some(checked)))
}
