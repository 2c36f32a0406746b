//! Files that are put into every archive although no build made them: completions, man pages.

use std::io::Read as _;
use std::path::{Path, PathBuf};

use release_gate::{Error, Result};

use super::file::{open_regular, unreadable};
use super::folder::files_below;
use crate::archive::pack::Input;
use crate::model::path;

/// Reads everything below the folders, under its name there. A link is not followed, and refused.
///
/// # Errors
/// A folder is missing or empty, a name means another file on some system, or a file cannot be read.
pub(crate) fn added(folders: &[PathBuf]) -> Result<Vec<Input>> {
    let mut inputs = Vec::new();
    for folder in folders {
        let names = files_below(folder)?;
        if names.is_empty() {
            return Err(
                Error::usage(format!("`{}` holds no file to add", folder.display()))
                    .with_help("write the completions and man pages there before `pack`"),
            );
        }
        for name in names {
            inputs.push(read_added(folder, name)?);
        }
    }
    Ok(inputs)
}

/// Reads one file; its mode decides whether it is a program in the archive.
fn read_added(folder: &Path, name: String) -> Result<Input> {
    path::check(&name).map_err(|error| {
        Error::usage(format!(
            "`{}` cannot be packed",
            folder.join(&name).display()
        ))
        .with_source(error)
    })?;

    let path = folder.join(&name);
    let file = open_regular(&path).map_err(|error| unreadable(&path, error))?;
    let mut file = file.ok_or_else(|| {
        Error::usage(format!("`{}` is not a regular file", path.display()))
            .with_help("put a copy of the file there")
    })?;

    let mut bytes = Vec::new();
    let metadata = file.metadata().and_then(|metadata| {
        file.read_to_end(&mut bytes)?;
        Ok(metadata)
    });
    let metadata = metadata.map_err(|error| unreadable(&path, error))?;
    Ok(Input {
        path: name,
        bytes,
        executable: is_executable(&metadata),
    })
}

#[cfg(unix)]
fn is_executable(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.permissions().mode() & 0o100 != 0
}

/// Elsewhere no file is marked as a program; what is added is a document.
#[cfg(not(unix))]
fn is_executable(_: &std::fs::Metadata) -> bool {
    false
}
