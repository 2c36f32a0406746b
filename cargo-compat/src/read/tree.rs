//! Folders: digests and copies of all that is below one.

use std::path::Path;

use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_file};

/// What makes a manifest the root of a workspace.
pub(super) const OWN_WORKSPACE: &str = "\n[workspace]\n";

/// Whether a folder is cargo's build output, by its mark; a module may be called `target` too.
pub(super) fn is_output(dir: &Path) -> bool {
    dir.file_name().is_some_and(|name| name == "target")
        && (dir.join("CACHEDIR.TAG").is_file() || dir.join(".rustc_info.json").is_file())
}

/// A digest of all names and contents below a folder; lock files, which cargo may write, and build
/// output are left out.
///
/// # Errors
/// Something cannot be read.
pub fn tree_digest(dir: &Path) -> std::io::Result<Sha256Digest> {
    let mut lines = Vec::new();
    digest_lines(dir, dir, &mut lines, 0)?;
    lines.sort();
    Ok(sha256_bytes(lines.concat().as_bytes()))
}

/// How deep folders may nest; links can go round in circles.
const DEEPEST: usize = 64;

fn digest_lines(
    top: &Path,
    dir: &Path,
    lines: &mut Vec<String>,
    depth: usize,
) -> std::io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let path = entry.path();
        if matches!(entry.file_name().to_str(), Some("Cargo.lock" | ".git")) || is_output(&path) {
            continue;
        }
        let name = path
            .strip_prefix(top)
            .unwrap_or(&path)
            .to_string_lossy()
            .into_owned();
        // A link counts as what it leads to: that is what is copied and compiled. One that leads
        // nowhere counts as its text.
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() && depth < DEEPEST => {
                digest_lines(top, &path, lines, depth + 1)?
            }
            Ok(found) if found.is_file() => {
                lines.push(format!("{name}\0{}\n", sha256_file(&path)?.0))
            }
            _ => lines.push(format!("{name}\0{:?}\n", std::fs::read_link(&path).ok())),
        }
    }

    Ok(())
}

/// Copies a folder without repository and build output.
pub(super) fn copy_dir(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_name() == ".git" || is_output(&entry.path()) {
            continue;
        }
        // Links are followed, as the digest does; one that leads nowhere is left out.
        match std::fs::metadata(entry.path()) {
            Ok(found) if found.is_dir() && to.components().count() < 200 => {
                copy_dir(&entry.path(), &target)?
            }
            Ok(found) if found.is_file() => drop(std::fs::copy(entry.path(), target)?),
            _ => {}
        }
    }
    Ok(())
}

/// Makes a copy of a folder like it. Only files that differ are written, so that cargo takes what
/// it built from the others for fresh. `without` is a folder that is left out; lock files are never
/// removed.
pub(super) fn sync_dir(from: &Path, to: &Path, without: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    let mut names = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_name() == ".git" || is_output(&path) || path == without {
            continue;
        }
        names.insert(entry.file_name());
        let target = to.join(entry.file_name());
        match std::fs::metadata(&path) {
            Ok(found) if found.is_dir() && to.components().count() < 200 => {
                sync_dir(&path, &target, without)?;
            }
            Ok(found) if found.is_file() => sync_file(&path, &target)?,
            _ => {}
        }
    }

    for entry in std::fs::read_dir(to)? {
        let entry = entry?;
        if names.contains(&entry.file_name()) || entry.file_name() == "Cargo.lock" {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }

    Ok(())
}

/// A manifest may have been given a workspace of its own since it was copied.
fn sync_file(from: &Path, to: &Path) -> std::io::Result<()> {
    let content = std::fs::read(from)?;
    let copy = std::fs::read(to).unwrap_or_default();
    let own = copy.strip_suffix(OWN_WORKSPACE.as_bytes());
    if to.is_file() && (copy == content || own == Some(&content)) {
        return Ok(());
    }
    std::fs::write(to, content)
}

/// Every Rust source below a folder, sorted.
pub(super) fn rust_files(dir: &Path) -> Vec<std::path::PathBuf> {
    let mut files: Vec<_> = release_gate::fs::walk(dir)
        .unwrap_or_default()
        .into_iter()
        .map(|file| file.path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    files.sort();
    files
}
