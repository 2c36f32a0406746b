//! Unpacks archives that were verified; never one that was not, and never through a link.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use release_gate::fs::AtomicFile;
use release_gate::{Context, Error, Result};

use super::shown;
use crate::archive::{Limits, walk};
use crate::judge::{Checked, Verdict, is_archive};

/// An archive's name, and the handle it was verified by.
pub(super) type Archive = (String, Checked);

/// The archives of a folder that held, opened again.
///
/// # Errors
/// One cannot be read, or is not what was verified any more.
pub(super) fn held_in(dir: &Path, verdict: &Verdict) -> Result<Vec<Archive>> {
    let archives = verdict.held.iter().filter(|held| is_archive(&held.file));
    archives
        .map(|held| match Checked::open(&dir.join(&held.file), false)? {
            // Somebody may have written to it since: only what was verified is unpacked.
            Some(checked) if checked.sha256 == held.sha256 => Ok((held.file.clone(), checked)),
            _ => Err(Error::judge(format!(
                "`{}` changed while it was verified; nothing was extracted",
                held.file.escape_debug()
            ))),
        })
        .collect()
}

/// Unpacks archives into a folder, after everything held and nothing stands in the way.
///
/// # Errors
/// There is none, a link lies where they would be written, or something cannot be read or written.
pub(super) fn unpack(cx: &Context, into: &Path, archives: &mut [Archive]) -> Result<()> {
    if archives.is_empty() {
        return Err(Error::usage("there is no archive to extract").with_help("leave out --extract"));
    }
    let wrong = |name: &str, error: &dyn std::fmt::Display| {
        Error::judge(format!("cannot extract `{}`: {error}", name.escape_debug()))
    };
    let mut looked_at = BTreeSet::new();
    for (name, checked) in &mut *archives {
        let mut link = None;
        walk(&mut checked.file, Limits::default(), &mut |member, _| {
            link = link.take().or_else(|| link_on_the_way(into, &member.path, &mut looked_at));
            Ok(())
        })
        .map_err(|error| wrong(name, &error))?;
        if let Some(link) = link {
            let text = format!("cannot extract `{}`: `{}` is a link", name.escape_debug(), shown(&link));
            return Err(Error::judge(text).with_help("remove it, or extract into an empty folder"));
        }
    }
    for (name, checked) in archives {
        if cx.args().dry_run {
            cx.terminal.status("Would extract", name.escape_debug().to_string());
            continue;
        }
        walk(&mut checked.file, Limits::default(), &mut |member, reader| {
            let mut file = AtomicFile::create(into.join(&member.path))
                .map_err(|error| std::io::Error::other(error.to_string()))?;
            std::io::copy(reader, &mut file)?;
            file.flush()?;
            #[cfg(unix)]
            if member.executable {
                file.file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            }
            file.commit().map_err(|error| std::io::Error::other(error.to_string()))
        })
        .map_err(|error| wrong(name, &error))?;
        cx.terminal.status("Extracted", name.escape_debug().to_string());
    }
    Ok(())
}

/// The first link below `into` on the way to a member; each folder is looked at once.
fn link_on_the_way(into: &Path, member: &str, looked_at: &mut BTreeSet<PathBuf>) -> Option<PathBuf> {
    let mut path = into.to_owned();
    for part in member.split('/') {
        path.push(part);
        if looked_at.insert(path.clone())
            && std::fs::symlink_metadata(&path).is_ok_and(|found| found.file_type().is_symlink())
        {
            return Some(path);
        }
    }
    None
}
