//! One archive: its signature, its structure, and what is inside.

use std::path::Path;

use release_gate::Result;

use super::file::check_hashed_file;
use crate::archive::Limits;
use crate::judge::archive::{check_contents, check_structure};
use crate::judge::keys::Keys;
use crate::judge::verdict::Verdict;
use crate::read::file::{Hashed, file_name};
use crate::read::members::{Contents, UNSIGNED};

/// Checks one archive: its signature, its structure, and what is inside.
///
/// # Errors
/// It cannot be read.
pub fn check_archive(path: &Path, keys: &Keys) -> Result<(Verdict, Option<Hashed>)> {
    let name = file_name(path);
    let (mut verdict, mut hashed) = check_hashed_file(path, keys)?;
    if let Some(hashed) = &mut hashed {
        let outer = verdict.comments().next().cloned();
        let limits = if outer.is_some() {
            Limits::default()
        } else {
            UNSIGNED
        };
        let contents = Contents::read(&mut hashed.file, &name, limits);
        let findings = check_contents(&contents, &name, keys, outer.as_ref())?;
        verdict.findings.extend(findings);
    }
    if !verdict.holds() {
        verdict.verified.clear();
    }
    Ok((verdict, hashed))
}

/// Walks an archive for its structure alone: what nobody signed with a key of the project has to
/// lie in one folder too.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn check_archive_structure(
    verdict: &mut Verdict,
    hashed: &mut Hashed,
    name: &str,
) -> Result<()> {
    let contents = Contents::read_structure(&mut hashed.file, name);
    verdict.findings.extend(check_structure(&contents, name)?);
    Ok(())
}
