//! What cargo notes about a compiled library: the files and variables that it was made from.

use std::path::Path;

/// The note beside a library. `None`: there is none.
pub(super) fn dep_info_of(library: &Path) -> Option<String> {
    let stem = library.file_stem()?.to_string_lossy().into_owned();
    let name = stem.strip_prefix("lib").unwrap_or(&stem);
    std::fs::read_to_string(library.with_file_name(format!("{name}.d"))).ok()
}

/// Whether a library was made from a file, given below its package's folder.
pub fn is_made_from(library: &Path, file: &Path) -> bool {
    let Some(text) = dep_info_of(library) else {
        return false;
    };
    text.lines()
        .filter_map(|line| line.split_once(": "))
        .flat_map(|(_, files)| files.split_whitespace())
        .any(|made_from| Path::new(made_from).ends_with(file))
}
