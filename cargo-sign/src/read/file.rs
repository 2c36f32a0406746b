//! Files as they are opened: regular ones only, hashed through the very handle that is used from
//! then on.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use release_gate::digest::Sha256Digest;
use release_gate::{Error, Result};
use sha2::{Digest as _, Sha256};

use crate::format::minisign::{MAX_LEN, Prehash};

/// Bytes read at once; memory does not grow with the file.
const BUFFER: usize = 256 * 1024;

/// A file that was opened and hashed; the handle is the one that is used from here on.
#[derive(Debug)]
pub struct Hashed {
    /// The open file, at its beginning.
    pub file: File,
    /// SHA-256 of all of it.
    pub sha256: Sha256Digest,
    /// Its size in bytes.
    pub size: u64,
}

/// A file that was hashed for a minisign signature.
#[derive(Debug)]
pub struct Prehashed {
    /// What a minisign signature of it signs.
    pub prehash: Prehash,
    /// Its size in bytes.
    pub size: u64,
}

impl Hashed {
    /// Opens a regular file and hashes it in one pass.
    ///
    /// # Errors
    /// It cannot be read. `Ok(None)`: it is not a regular file (links are not followed).
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let mut sha = Sha256::new();
        let read = read_through(path, |bytes| sha.update(bytes))?;

        Ok(read.map(|(file, size)| Self {
            file,
            sha256: Sha256Digest::from_bytes(sha.finalize().into()),
            size,
        }))
    }

    /// Opens a regular file and hashes it both ways in one pass.
    ///
    /// # Errors
    /// It cannot be read. `Ok(None)`: it is not a regular file (links are not followed).
    pub fn open_with_prehash(path: &Path) -> Result<Option<(Self, Prehash)>> {
        let mut sha = Sha256::new();
        let mut blake = blake2b_simd::State::new();
        let read = read_through(path, |bytes| {
            sha.update(bytes);
            blake.update(bytes);
        })?;

        Ok(read.map(|(file, size)| {
            let sha256 = Sha256Digest::from_bytes(sha.finalize().into());
            let prehash = Prehash(*blake.finalize().as_array());
            (Self { file, sha256, size }, prehash)
        }))
    }

    /// Opens a file again whose digest is known. Anyone who uses what is in it now has to hash it
    /// again.
    ///
    /// # Errors
    /// It cannot be read. `Ok(None)`: it is not a regular file any more.
    pub(crate) fn reopen(path: &Path, sha256: Sha256Digest, size: u64) -> Result<Option<Self>> {
        let file = open_regular(path).map_err(|error| unreadable(path, error))?;
        Ok(file.map(|file| Self { file, sha256, size }))
    }
}

/// SHA-256 and SHA-512 of a regular file, the second as hexadecimal digits.
///
/// # Errors
/// It cannot be read. `Ok(None)`: it is not a regular file (links are not followed).
#[cfg(feature = "sigstore")]
pub(crate) fn sha512_of(path: &Path) -> Result<Option<(Sha256Digest, String)>> {
    let mut short = Sha256::new();
    let mut long = sha2::Sha512::new();
    let read = read_through(path, |bytes| {
        short.update(bytes);
        long.update(bytes);
    })?;

    Ok(read.map(|_| {
        let digits = long
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        (Sha256Digest::from_bytes(short.finalize().into()), digits)
    }))
}

impl Prehashed {
    /// Opens a regular file and hashes it in one pass.
    ///
    /// # Errors
    /// It cannot be read. `Ok(None)`: it is not a regular file (links are not followed).
    pub fn open(path: &Path) -> Result<Option<Self>> {
        let mut blake = blake2b_simd::State::new();
        let read = read_through(path, |bytes| {
            blake.update(bytes);
        })?;

        Ok(read.map(|(_, size)| Self {
            prehash: Prehash(*blake.finalize().as_array()),
            size,
        }))
    }
}

/// Reads a regular file once and shows every byte of it to `hash`; returns it at its beginning, and
/// its size.
fn read_through(path: &Path, mut hash: impl FnMut(&[u8])) -> Result<Option<(File, u64)>> {
    let Some(mut file) = open_regular(path).map_err(|error| unreadable(path, error))? else {
        return Ok(None);
    };
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;

    loop {
        release_gate::interrupt::check()?;
        let read = file
            .read(&mut buffer)
            .map_err(|error| unreadable(path, error))?;
        if read == 0 {
            break;
        }
        hash(&buffer[..read]);
        size += read as u64;
    }

    file.seek(SeekFrom::Start(0))
        .map_err(|error| unreadable(path, error))?;
    Ok(Some((file, size)))
}

/// Reads a small file that lies beside another; `None` where there is none. Links are not followed,
/// and nothing but a regular file is read: a pipe would never end.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn read_bounded(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    let file = match open_regular(path) {
        Ok(Some(file)) => file,
        Ok(None) => {
            return Err(
                Error::judge(format!("`{}` is not a regular file", path.display())).with_help(
                    "links and pipes are not followed; put the file itself there, or remove it",
                ),
            );
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(path, error)),
    };
    read_up_to(file, path, limit).map(Some)
}

/// Reads a small file that the user named, be it a link or a pipe; `None` where there is none.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn read_named(path: &Path, limit: usize) -> Result<Option<Vec<u8>>> {
    match File::open(path) {
        Ok(file) => read_up_to(file, path, limit).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(unreadable(path, error)),
    }
}

fn read_up_to(file: File, path: &Path, limit: usize) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed, so that a longer file is seen as too long and not as cut off.
    file.take(limit as u64 + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unreadable(path, error))?;
    Ok(bytes)
}

/// The error for a file that is there and cannot be read.
pub(crate) fn unreadable(path: &Path, error: std::io::Error) -> Error {
    Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
}

/// Opens a regular file; `None` where something else is there. What is checked is what is opened,
/// also where it is exchanged in between.
pub(crate) fn open_regular(path: &Path) -> std::io::Result<Option<File>> {
    if !std::fs::symlink_metadata(path)?.is_file() {
        return Ok(None);
    }
    #[cfg(unix)]
    let file = {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        File::from(rustix::fs::open(path, flags, Mode::empty())?)
    };
    #[cfg(not(unix))]
    let file = File::open(path)?;
    Ok(file.metadata()?.is_file().then_some(file))
}

/// The signature beside a file.
pub(crate) fn signature_of(path: &Path) -> Result<Option<Vec<u8>>> {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    read_bounded(Path::new(&name), MAX_LEN)
}

/// The last part of a path, as a signature binds it.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

/// The folder a file lies in; a bare name lies in the current one.
pub(crate) fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|dir| !dir.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
