//! Files are written whole or not at all: temporary file in the same folder, flushed to disk,
//! renamed.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate_facts::files::RELEASE_FOLDER;
use tempfile::{NamedTempFile, TempDir};

/// Why a file was not written; the file that was there before is untouched.
#[derive(Debug, thiserror::Error)]
#[error("cannot write `{path}`")]
pub struct WriteError {
    /// The file that was to be written.
    pub path: PathBuf,
    /// Why.
    #[source]
    pub source: io::Error,
}

impl From<WriteError> for crate::Error {
    fn from(error: WriteError) -> Self {
        let help = match error.source.kind() {
            io::ErrorKind::StorageFull => {
                "free some space there, or choose another folder with --artifact-dir"
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "make the folder writable, or choose another one with --artifact-dir"
            }
            _ => "check that the folder exists and is writable",
        };
        Self::judge(error.to_string())
            .with_source(error.source)
            .with_help(help)
    }
}

/// How the names of files begin that are being written. One that stays belongs to a call that was
/// killed; nobody reads it.
pub const TEMPORARY: &str = ".release-gates-";

/// A file that appears under its name only when [`commit`](Self::commit) is called.
#[derive(Debug)]
pub struct AtomicFile {
    file: NamedTempFile,
    path: PathBuf,
}

impl AtomicFile {
    /// Starts a file; missing folders are made.
    ///
    /// # Errors
    /// The folder cannot be made or written to.
    pub fn create(path: impl Into<PathBuf>) -> Result<Self, WriteError> {
        let path = path.into();
        let folder = match path.parent() {
            Some(folder) if !folder.as_os_str().is_empty() => folder,
            _ => Path::new("."),
        };
        let file = std::fs::create_dir_all(folder).and_then(|()| {
            let mut builder = tempfile::Builder::new();
            builder.prefix(TEMPORARY);
            #[cfg(unix)]
            builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666)); // less the umask, as for any new file
            builder.tempfile_in(scratch_folder(folder))
        });
        match file {
            Ok(file) => {
                // Says that this call is alive; see `remove_unfinished`.
                let _ = file.as_file().try_lock();
                Ok(Self { file, path })
            }
            Err(source) => Err(WriteError { path, source }),
        }
    }

    /// The open temporary file, for permissions and the like.
    pub fn file(&self) -> &std::fs::File {
        self.file.as_file()
    }

    /// Makes the file appear under its name, replacing what was there.
    ///
    /// # Errors
    /// Flushing or renaming failed; what was there before is still there.
    pub fn commit(self) -> Result<(), WriteError> {
        let Self { mut file, path } = self;
        let result = file.flush().and_then(|()| file.as_file().sync_all());
        match result.and_then(|()| file.persist(&path).map_err(|error| error.error)) {
            Ok(_) => Ok(()),
            Err(source) => Err(WriteError { path, source }),
        }
    }
}

/// How old an unfinished file has to be at least before it counts as left behind: between making
/// and locking it, a live one looks like a dead one.
const UNFINISHED_FOR: Duration = Duration::from_secs(10);

/// Removes the unfinished files that killed calls left right in a folder. Those of calls that are
/// alive stay; so does what cannot be removed.
pub fn remove_unfinished(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_unfinished = name
            .to_str()
            .is_some_and(|name| name.starts_with(TEMPORARY));
        if is_unfinished && is_left_behind(&entry) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

fn is_left_behind(entry: &std::fs::DirEntry) -> bool {
    let metadata = entry.metadata().ok().filter(std::fs::Metadata::is_file);
    let age = metadata
        .and_then(|metadata| metadata.modified().ok())
        .and_then(|changed| changed.elapsed().ok());
    if age.is_none_or(|age| age < UNFINISHED_FOR) {
        return false;
    }
    let file = std::fs::File::open(entry.path());
    file.is_ok_and(|file| file.try_lock().is_ok())
}

/// Where the temporary file of one in `folder` lies: in the folder itself, and beside what is
/// published. A call that is killed must leave nothing in `release/`.
fn scratch_folder(folder: &Path) -> &Path {
    folder
        .ancestors()
        .find(|ancestor| ancestor.ends_with(RELEASE_FOLDER))
        .and_then(Path::parent)
        .filter(|parent| parent.is_dir())
        .unwrap_or(folder)
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Writes a whole file or nothing.
///
/// # Errors
/// As [`AtomicFile`].
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(bytes).map_err(|source| WriteError {
        path: path.to_owned(),
        source,
    })?;
    file.commit()
}

/// Copies a file, whole or not at all, with its permissions.
///
/// # Errors
/// Reading the source or writing the destination failed.
pub fn copy_atomic(from: &Path, to: &Path) -> Result<(), WriteError> {
    let wrong = |source| WriteError {
        path: to.to_owned(),
        source,
    };
    let mut source = std::fs::File::open(from).map_err(wrong)?;
    let mut file = AtomicFile::create(to)?;
    io::copy(&mut source, &mut file).map_err(wrong)?;
    let permissions = source.metadata().map_err(wrong)?.permissions();
    file.file().set_permissions(permissions).map_err(wrong)?;
    file.commit()
}

/// A file or link below a folder; see [`walk`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedFile {
    /// Where it is.
    pub path: PathBuf,
    /// Its path relative to the folder.
    pub relative: PathBuf,
    /// Whether it is a regular file; `false` for links, pipes, devices and sockets.
    pub is_regular: bool,
}

/// Everything below a folder that is not itself a folder, sorted by path. Links are listed and not
/// followed.
///
/// # Errors
/// A folder cannot be read. Nothing is skipped.
pub fn walk(root: &Path) -> io::Result<Vec<WalkedFile>> {
    let mut files = Vec::new();
    walk_into(root, Path::new(""), &mut files)?;
    files.sort_by(|a, b| a.relative.cmp(&b.relative));
    Ok(files)
}

fn walk_into(dir: &Path, relative: &Path, files: &mut Vec<WalkedFile>) -> io::Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let relative = relative.join(entry.file_name());

        if kind.is_dir() {
            walk_into(&entry.path(), &relative, files)?;
        } else {
            files.push(WalkedFile {
                path: entry.path(),
                relative,
                is_regular: kind.is_file(),
            });
        }
    }
    Ok(())
}

/// A temporary folder, removed when dropped (also on errors and Ctrl-C).
///
/// # Errors
/// The system's temporary folder cannot be written to.
pub fn throw_away_dir(purpose: &str) -> crate::Result<TempDir> {
    tempfile::Builder::new()
        .prefix(&format!("release-gates-{purpose}-"))
        .tempdir()
        .map_err(|error| {
            crate::Error::judge(format!(
                "cannot make a temporary folder in `{}`",
                std::env::temp_dir().display()
            ))
            .with_source(error)
            .with_help("set TMPDIR to a folder that is writable and has space")
        })
}

/// Removes a folder, its own files last: one of them may tell others that somebody uses it, and has
/// to be there for as long as anything else is.
///
/// # Errors
/// Something in it cannot be removed.
pub fn remove_files_last(folder: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        }
    }
    std::fs::remove_dir_all(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unfinished_file_never_appears() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("sub/file");
        let mut file = AtomicFile::create(&path).unwrap();
        file.write_all(b"half").unwrap();
        assert!(!path.exists());
        drop(file);
        assert!(!path.exists());
        assert_eq!(
            std::fs::read_dir(path.parent().unwrap()).unwrap().count(),
            0,
            "no temporary file is left"
        );
    }

    #[test]
    fn what_a_killed_call_left_is_removed_and_what_a_live_one_writes_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let old = |path: &Path| {
            let file = std::fs::File::options().append(true).open(path).unwrap();
            let then = std::time::SystemTime::now() - 2 * UNFINISHED_FOR;
            file.set_modified(then).unwrap();
        };
        let (dead, young) = (
            dir.path().join(".release-gates-a"),
            dir.path().join(".release-gates-b"),
        );
        for path in [&dead, &young, &dir.path().join("other")] {
            std::fs::write(path, "half").unwrap();
        }
        old(&dead);
        old(&dir.path().join("other"));
        let live = AtomicFile::create(dir.path().join("file")).unwrap();
        old(live.file.path());

        remove_unfinished(dir.path());
        assert!(!dead.exists() && young.exists() && dir.path().join("other").exists());
        live.commit().unwrap();
        assert!(dir.path().join("file").exists());
    }

    #[test]
    fn a_file_that_is_published_is_begun_outside_of_the_release() {
        let dir = tempfile::tempdir().unwrap();
        let release = dir.path().join("release/sub");
        let file = AtomicFile::create(release.join("file")).unwrap();
        assert!(walk(&dir.path().join("release")).unwrap().is_empty());
        file.commit().unwrap();
        assert_eq!(walk(dir.path()).unwrap().len(), 1);
        assert!(release.join("file").is_file());
    }

    #[test]
    fn an_old_file_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomic(&path, b"old and long").unwrap();
        write_atomic(&path, b"new").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"new");
    }

    /// Windows refuses to replace a file that somebody reads: then the old one stays whole.
    #[test]
    fn a_file_that_is_being_read_is_replaced_or_stays() {
        use std::io::Read as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_atomic(&path, b"old").unwrap();
        let mut reader = std::fs::File::open(&path).unwrap();

        let written = write_atomic(&path, b"new");
        assert_eq!(written.is_err(), cfg!(windows));
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert_eq!(text, "old");
        let expected: &[u8] = if cfg!(windows) { b"old" } else { b"new" };
        assert_eq!(std::fs::read(&path).unwrap(), expected);
        assert_eq!(walk(dir.path()).unwrap().len(), 1, "nothing half-written");
    }

    /// Windows' older calls end at 260 characters.
    #[test]
    fn a_long_path_is_written_walked_and_copied() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("f".repeat(120)).join("g".repeat(120));
        let path = folder.join("h".repeat(120));
        write_atomic(&path, b"x").unwrap();
        copy_atomic(&path, &folder.join("copy")).unwrap();

        let files = walk(dir.path()).unwrap();
        assert_eq!(files.len(), 2);
        assert!(files.iter().any(|file| file.path == path));
        assert_eq!(std::fs::read(folder.join("copy")).unwrap(), b"x");
    }

    /// A name that differs in case names the same file there; the old one is replaced, never kept beside it.
    #[cfg(windows)]
    #[test]
    fn a_name_in_another_case_replaces_the_file() {
        let dir = tempfile::tempdir().unwrap();
        write_atomic(&dir.path().join("Report.json"), b"old").unwrap();
        write_atomic(&dir.path().join("report.json"), b"new").unwrap();
        let files = walk(dir.path()).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(std::fs::read(&files[0].path).unwrap(), b"new");
    }

    #[test]
    fn a_folder_in_the_way_is_an_error_that_names_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("taken");
        std::fs::create_dir_all(path.join("x")).unwrap();
        assert!(
            write_atomic(&path, b"x")
                .unwrap_err()
                .to_string()
                .contains("taken")
        );
    }
}
