//! What lies in a folder beside a file, and in all of it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::fs::walk;
use release_gate::{Error, Result};

use super::file::folder_of;
use crate::model::companion::Companion;

/// The error for a folder that is there and cannot be read.
pub(crate) fn unreadable_folder(dir: &Path, error: std::io::Error) -> Error {
    Error::judge(format!("cannot read the folder `{}`", dir.display())).with_source(error)
}

/// Signatures of a file by further keys: the id in the name, and the path.
///
/// # Errors
/// The folder cannot be read.
pub(crate) fn further_signatures(path: &Path) -> Result<Vec<(String, PathBuf)>> {
    let dir = folder_of(path);
    let Some(file) = path.file_name().and_then(|name| name.to_str()) else {
        return Ok(Vec::new());
    };

    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| unreadable_folder(dir, error))? {
        let entry = entry.map_err(|error| unreadable_folder(dir, error))?;
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

/// All files below a folder, with `/` between the parts of their names; links are not followed.
///
/// # Errors
/// A folder cannot be read.
pub(crate) fn files_below(dir: &Path) -> Result<BTreeSet<String>> {
    let files = walk(dir).map_err(|error| unreadable_folder(dir, error))?;
    let names = files.into_iter().map(|file| {
        let name = file.relative.to_string_lossy();
        // Elsewhere a name may hold a backslash, and is then no path.
        if cfg!(windows) {
            name.replace('\\', "/")
        } else {
            name.into_owned()
        }
    });
    Ok(names.collect())
}
