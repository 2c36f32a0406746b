//! One file and its signatures.

use std::path::Path;

use release_gate::{Finding, Result};

use super::signers::read_further;
use crate::archive::is_archive;
use crate::judge::keys::Keys;
use crate::judge::naming::check_version;
use crate::judge::signature::{check_further, check_quorum, check_signature};
use crate::judge::verdict::{Verdict, Verified, shown};
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
        sha256: hashed.sha256,
        size: hashed.size,
        signed: None,
    });
    Ok((verdict, Some(hashed)))
}

/// Checks any single file against the signature beside it.
///
/// # Errors
/// It cannot be read.
pub fn check_file(path: &Path, keys: &Keys) -> Result<(Verdict, Option<Hashed>)> {
    let mut verdict = Verdict::with(keys.findings.clone());
    let name = file_name(path);
    let Some(Prehashed { hashed, prehash }) = Prehashed::open(path)? else {
        verdict.refuse(not_regular(&name));
        return Ok((verdict, None));
    };

    let signature = signature_of(path)?;
    let signed = verdict.take(check_signature(signature.as_deref(), &prehash, &name, keys));
    let further = read_further(path)?;
    let signers = verdict
        .take(check_further(
            &further,
            &prehash,
            &name,
            keys,
            signed.as_ref(),
        ))
        .unwrap_or_default();

    if let Some((_, comment)) = &signed {
        if !is_archive(&name) {
            verdict.findings.extend(check_version(&name, comment));
        }
        verdict
            .findings
            .extend(check_quorum(&name, comment, &signers, keys));
        verdict.verified.push(Verified {
            file: name,
            sha256: hashed.sha256,
            size: hashed.size,
            signed,
        });
    }
    Ok((verdict, Some(hashed)))
}

/// The refusal of what is not a file, or a link to one.
pub(super) fn not_regular(name: &str) -> Finding {
    let text = format!("`{}` is not a regular file", shown(name));
    Finding::new(&rules::FILE_NOT_REGULAR, text)
}
