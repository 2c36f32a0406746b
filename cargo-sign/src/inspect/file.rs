//! One file and its signatures.

use std::path::Path;

use release_gate::{Finding, Result};

use super::signers::read_further;
use crate::archive::is_archive;
use crate::format::minisign::Prehash;
use crate::judge::keys::Keys;
use crate::judge::naming::check_version;
use crate::judge::signature::{check_further, check_quorum, check_signature};
use crate::judge::verdict::{FileDigest, Verdict, Verified, shown};
use crate::read::file::{Hashed, Prehashed, file_name, signature_of};
use crate::rules;

/// Hashes a file that has no signature of its own, so that provenance can vouch for it; that
/// nothing else does is remarked on.
///
/// # Errors
/// It cannot be read.
pub fn check_unsigned(path: &Path) -> Result<(Verdict, Option<Hashed>)> {
    let name = file_name(path);
    let Some(hashed) = Hashed::open(path)? else {
        let finding = not_regular(&name).evidence("file", name);
        return Ok((Verdict::with(vec![finding]), None));
    };

    let text = format!("`{}` is signed by no key of the project", shown(&name));
    let finding = Finding::new(&rules::PROVENANCE_UNSIGNED, text).evidence("file", name.clone());
    let mut verdict = Verdict::with(vec![finding]);
    verdict.verified.push(Verified {
        file: name,
        digest: hashed.sha256.into(),
        size: hashed.size,
        signed: None,
    });
    Ok((verdict, Some(hashed)))
}

/// Checks any single file against the signature beside it, and computes nothing else of it.
///
/// # Errors
/// It cannot be read.
pub fn check_file(path: &Path, keys: &Keys) -> Result<Verdict> {
    let mut verdict = Verdict::with(keys.findings.clone());
    match Prehashed::open(path)? {
        Some(Prehashed { prehash, size }) => {
            let file = OpenedFile {
                path,
                prehash,
                digest: FileDigest::Prehash(prehash),
                size,
            };
            check_signatures(&mut verdict, &file, keys)?;
        }
        None => verdict.refuse(not_regular(&file_name(path))),
    }
    Ok(verdict)
}

/// Checks a file against the signature beside it, and hashes it for what else is asked: an archive
/// is unpacked, and provenance names files by their SHA-256.
///
/// # Errors
/// It cannot be read.
pub fn check_hashed_file(path: &Path, keys: &Keys) -> Result<(Verdict, Option<Hashed>)> {
    let mut verdict = Verdict::with(keys.findings.clone());
    let Some((hashed, prehash)) = Hashed::open_with_prehash(path)? else {
        verdict.refuse(not_regular(&file_name(path)));
        return Ok((verdict, None));
    };

    let file = OpenedFile {
        path,
        prehash,
        digest: hashed.sha256.into(),
        size: hashed.size,
    };
    check_signatures(&mut verdict, &file, keys)?;
    Ok((verdict, Some(hashed)))
}

/// A file that was read once.
struct OpenedFile<'a> {
    path: &'a Path,
    prehash: Prehash,
    /// What the verdict names it by.
    digest: FileDigest,
    size: u64,
}

/// Checks the signatures beside a file.
fn check_signatures(verdict: &mut Verdict, file: &OpenedFile<'_>, keys: &Keys) -> Result<()> {
    let OpenedFile { path, prehash, .. } = file;
    let name = file_name(path);
    let signature = signature_of(path)?;
    let signed = verdict.take(check_signature(signature.as_deref(), prehash, &name, keys));
    let further = read_further(path)?;
    let judged = check_further(&further, prehash, &name, keys, signed.as_ref());
    let signers = verdict.take(judged).unwrap_or_default();

    if let Some((_, comment)) = &signed {
        if !is_archive(&name) {
            verdict.findings.extend(check_version(&name, comment));
        }
        verdict
            .findings
            .extend(check_quorum(&name, comment, &signers, keys));
        verdict.verified.push(Verified {
            file: name,
            digest: file.digest,
            size: file.size,
            signed,
        });
    }
    Ok(())
}

/// The refusal of what is not a file, or a link to one.
pub(super) fn not_regular(name: &str) -> Finding {
    let text = format!("`{}` is not a regular file", shown(name));
    Finding::new(&rules::FILE_NOT_REGULAR, text)
}
