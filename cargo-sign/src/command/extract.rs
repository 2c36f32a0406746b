//! Unpacks archives that were verified: exactly the bytes that were, whole or not at all, and never
//! through a link.
//!
//! Somebody else may still write to the file that was judged. So each archive is copied to a file
//! that nobody else can open, hashed on the way, and unpacked from there into a folder of its own;
//! names are given out once every archive is there.

use std::collections::{BTreeSet, HashSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use release_gate::digest::{Sha256Digest, sha256_file, sha256_reader};
use release_gate::fs::TEMPORARY;
use release_gate::{Context, Error, Result};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;

use crate::archive::{Limits, Member, is_archive, stem, walk_named};
use crate::judge::verdict::Verdict;
use crate::read::file::Hashed;
use crate::report::verify::plain_path;

/// An archive's name, and the handle it was verified by.
pub(super) type Archive = (String, Hashed);

/// The archives of a folder that held, opened again.
///
/// # Errors
/// One cannot be read, or is not a regular file any more.
pub(super) fn verified_in(dir: &Path, verdict: &Verdict) -> Result<Vec<Archive>> {
    verdict
        .verified
        .iter()
        .filter(|verified| is_archive(&verified.file))
        .map(|verified| {
            let path = dir.join(&verified.file);
            let opened = match verified.digest.sha256() {
                Some(sha256) => Hashed::reopen(&path, sha256, verified.size)?,
                None => None,
            };
            match opened {
                Some(hashed) => Ok((verified.file.clone(), hashed)),
                None => Err(changed(&verified.file)),
            }
        })
        .collect()
}

fn changed(name: &str) -> Error {
    let name = name.escape_debug();
    Error::judge(format!(
        "`{name}` changed while it was verified; nothing was extracted"
    ))
    .with_help("copy it to a folder that nobody else can write to, and verify it there")
}

/// Unpacks archives into a folder, after everything held and nothing stands in the way.
///
/// # Errors
/// There is none, it is not what was verified, something lies where it would be written, or
/// something cannot be read or written.
pub(super) fn unpack(cx: &Context, into: &Path, archives: &mut [Archive]) -> Result<()> {
    if archives.is_empty() {
        return Err(Error::usage("there is no archive to extract").with_help("leave out --extract"));
    }
    if cx.args().dry_run {
        for (name, checked) in archives {
            each(name, &mut checked.file, into, &mut |_, _| Ok(()))?;
            cx.terminal
                .status("Would extract", name.escape_debug().to_string());
        }
        return Ok(());
    }

    let fresh = !into.exists();
    let done = stage(into, archives).and_then(|staged| staged.publish(into));
    if done.is_err() && fresh {
        // Empty, if it was made at all.
        let _ = std::fs::remove_dir(into);
    }

    done?;
    for (name, _) in archives {
        cx.terminal
            .status("Extracted", name.escape_debug().to_string());
    }

    Ok(())
}

/// What was unpacked and has no name yet.
struct Staged {
    dir: TempDir,
    files: BTreeSet<String>,
    /// Says that this call is alive; gone with the process, however it ends.
    _lock: Option<File>,
}

/// Takes away what calls left behind that were killed: folders of theirs that nobody holds any more.
fn remove_leftovers(into: &Path) {
    let entries = std::fs::read_dir(into).into_iter().flatten().flatten();
    for entry in entries {
        let is_ours = entry
            .file_name()
            .to_str()
            .is_some_and(|name| name.starts_with(TEMPORARY));
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if !is_ours || !is_folder {
            continue;
        }
        let path = entry.path();
        let is_dead = File::open(&path).is_ok_and(|folder| folder.try_lock().is_ok());
        if is_dead {
            let _ = std::fs::remove_dir_all(&path);
        }
    }
}

/// Unpacks every archive into a folder of its own inside `into`, which is gone with it.
fn stage(into: &Path, archives: &mut [Archive]) -> Result<Staged> {
    let wrong =
        |error| Error::judge(format!("cannot write to `{}`", plain_path(into))).with_source(error);
    std::fs::create_dir_all(into).map_err(wrong)?;
    remove_leftovers(into);
    let dir = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempdir_in(into)
        .map_err(wrong)?;

    let lock = File::open(dir.path()).ok();
    if let Some(lock) = &lock {
        let _ = lock.lock();
    }
    let mut files = BTreeSet::new();
    for (name, checked) in archives {
        release_gate::interrupt::check()?;
        let (mut copy, sha256) =
            private(checked, dir.path()).map_err(|error| unreadable(name, &error))?;
        if sha256 != checked.sha256 {
            return Err(changed(name));
        }
        each(name, &mut copy, into, &mut |member, reader| {
            let path = dir.path().join(&member.path);
            if files.contains(&member.path) {
                return check_same_content(&path, reader);
            }
            std::fs::create_dir_all(path.parent().unwrap_or(dir.path()))?;
            let mut file = File::create(path)?;
            std::io::copy(reader, &mut file)?;
            #[cfg(unix)]
            if member.executable {
                file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            }
            files.insert(member.path.clone());
            file.sync_all()
        })?;
    }

    Ok(Staged {
        dir,
        files,
        _lock: lock,
    })
}

/// Two archives of one folder hold the same file under one name, or nothing is unpacked.
fn check_same_content(path: &Path, reader: &mut dyn std::io::Read) -> std::io::Result<()> {
    let (first, _) = sha256_file(path)?;
    let (second, _) = sha256_reader(reader)?;
    if first == second {
        Ok(())
    } else {
        Err(std::io::Error::other(
            "another archive holds another file under the same name",
        ))
    }
}

impl Staged {
    /// Gives everything its name.
    fn publish(self, into: &Path) -> Result<()> {
        for name in &self.files {
            let to = into.join(name);
            std::fs::create_dir_all(to.parent().unwrap_or(into))
                .and_then(|()| std::fs::rename(self.dir.path().join(name), &to))
                .map_err(|error| {
                    Error::judge(format!("cannot write `{}`", plain_path(&to))).with_source(error)
                })?;
        }
        Ok(())
    }
}

fn unreadable(name: &str, error: &dyn std::fmt::Display) -> Error {
    Error::judge(format!("cannot extract `{}`: {error}", name.escape_debug()))
}

/// Walks an archive whose members all have to lie in its folder, with nothing in the way of any.
fn each(
    name: &str,
    file: &mut File,
    into: &Path,
    visit: &mut dyn FnMut(&Member, &mut dyn std::io::Read) -> std::io::Result<()>,
) -> Result<()> {
    let folder = format!("{}/", stem(name).unwrap_or(name));
    let (mut looked_at, mut refused) = (HashSet::new(), None);
    let walked = walk_named(file, name, Limits::default(), &mut |member, reader| {
        if let Err(error) = release_gate::interrupt::check() {
            refused = Some(error);
            return Err(refused_member());
        }
        if !member.path.starts_with(&folder) {
            let text = format!("`{}` lies outside its folder", member.path.escape_debug());
            refused = Some(unextracted(name, &text).with_help("do not unpack it"));
            return Err(refused_member());
        }
        if let Some((path, what)) = in_the_way(into, &member.path, &mut looked_at) {
            let help = "remove it, or extract into an empty folder";
            let text = format!("`{}` is {what}", plain_path(&path));
            refused = Some(unextracted(name, &text).with_help(help));
            return Err(refused_member());
        }
        visit(member, reader)
    });
    match (refused, walked) {
        (Some(error), _) => Err(error),
        (None, Err(error)) => Err(unreadable(name, &error)),
        (None, Ok(())) => Ok(()),
    }
}

fn refused_member() -> std::io::Error {
    std::io::Error::other("it was refused")
}

/// A copy that nobody else can open, and its digest.
fn private(checked: &mut Hashed, dir: &Path) -> std::io::Result<(File, Sha256Digest)> {
    let mut copy = tempfile::tempfile_in(dir)?;
    checked.file.seek(SeekFrom::Start(0))?;
    let (mut sha, mut buffer) = (Sha256::new(), vec![0; 256 << 10]);
    loop {
        let read = match checked.file.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        sha.update(&buffer[..read]);
        copy.write_all(&buffer[..read])?;
    }
    Ok((copy, Sha256Digest::from_bytes(sha.finalize().into())))
}

/// What below `into` keeps a member from being written: a link, a file where a folder is to be, a
/// folder where the file is to be. Each folder is looked at once.
fn in_the_way(
    into: &Path,
    member: &str,
    looked_at: &mut HashSet<PathBuf>,
) -> Option<(PathBuf, &'static str)> {
    let mut path = into.to_owned();
    let mut parts = member.split('/').peekable();
    while let Some(part) = parts.next() {
        path.push(part);
        if !looked_at.insert(path.clone()) {
            continue;
        }
        let Ok(found) = std::fs::symlink_metadata(&path) else {
            continue;
        };
        let what = match found.file_type() {
            kind if kind.is_symlink() => "a link",
            kind if parts.peek().is_some() && !kind.is_dir() => "no folder",
            kind if parts.peek().is_none() && kind.is_dir() => "a folder",
            _ => continue,
        };
        return Some((path, what));
    }
    None
}

fn unextracted(archive: &str, why: &str) -> Error {
    let archive = archive.escape_debug();
    Error::judge(format!("cannot extract `{archive}`: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::archive::pack::{Input, tar_gz};

    fn archive(dir: &Path, stem: &str, files: &[(&str, &[u8])]) -> Archive {
        let input = |(path, bytes): &(&str, &[u8])| Input {
            path: (*path).to_owned(),
            bytes: bytes.to_vec(),
            executable: false,
        };
        let (name, mut bytes) = (format!("{stem}.tar.gz"), Vec::new());
        tar_gz(
            &mut bytes,
            stem,
            1,
            &files.iter().map(input).collect::<Vec<_>>(),
        )
        .unwrap();
        std::fs::write(dir.join(&name), bytes).unwrap();
        let checked = Hashed::open(&dir.join(&name)).unwrap().unwrap();
        (name, checked)
    }

    fn extract(into: &Path, archives: &mut [Archive]) -> Result<()> {
        stage(into, archives)?.publish(into)
    }

    fn count(dir: &Path) -> usize {
        std::fs::read_dir(dir).unwrap().count()
    }

    /// Somebody writes to the very file that was judged, through a handle of their own.
    #[test]
    fn bytes_that_were_not_verified_are_not_written() {
        let dir = tempfile::tempdir().unwrap();
        let into = dir.path().join("into");
        let mut judged = [archive(dir.path(), "demo-1.0.0", &[("demo", b"good")])];
        let name = dir.path().join(&judged[0].0);
        let good = std::fs::read(&name).unwrap();
        archive(dir.path(), "demo-1.0.0", &[("demo", b"evil")]);
        let error = extract(&into, &mut judged).unwrap_err();
        assert!(
            error.to_string().contains("changed while it was verified"),
            "{error}"
        );
        assert_eq!(count(&into), 0);
        std::fs::write(&name, good).unwrap();
        extract(&into, &mut judged).unwrap();
        assert_eq!(
            std::fs::read(into.join("demo-1.0.0/demo")).unwrap(),
            b"good"
        );
        assert_eq!(count(&into), 1, "nothing else is left");
    }

    #[test]
    fn what_cannot_be_written_whole_is_not_written_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let into = dir.path().join("into");
        let mut both = [
            archive(dir.path(), "a-1.0.0", &[("x", b"1"), ("y", b"2")]),
            archive(dir.path(), "b-1.0.0", &[("x/y", b"1")]),
        ];
        std::fs::create_dir_all(into.join("b-1.0.0")).unwrap();
        std::fs::write(into.join("b-1.0.0/x"), "in the way").unwrap();
        assert!(extract(&into, &mut both).is_err());
        assert_eq!(count(&into), 1, "nothing of the first either");
        std::fs::remove_file(into.join("b-1.0.0/x")).unwrap();
        std::fs::create_dir_all(into.join("a-1.0.0/y")).unwrap();
        assert!(extract(&into, &mut both).is_err());
        assert_eq!(count(&into.join("a-1.0.0")), 1);
        std::fs::remove_dir_all(into.join("a-1.0.0")).unwrap();
        extract(&into, &mut both).unwrap();
        assert_eq!(std::fs::read(into.join("b-1.0.0/x/y")).unwrap(), b"1");
    }

    /// Into a home folder, say.
    #[test]
    fn nothing_is_written_outside_the_archives_folder() {
        let dir = tempfile::tempdir().unwrap();
        let into = dir.path().join("into");
        let (_, checked) = archive(dir.path(), "demo-1.0.0", &[("demo", b"good")]);
        let mut renamed = [("other-1.0.0.tar.gz".to_owned(), checked)];
        assert!(extract(&into, &mut renamed).is_err());
        assert_eq!(count(&into), 0);
    }
}
