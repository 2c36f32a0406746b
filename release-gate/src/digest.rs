//! SHA-256 (FIPS 180-4) of bytes, streams and files; several files in parallel.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

pub use release_gate_facts::digest::{ParseDigestError, Sha256Digest};
use sha2::{Digest, Sha256};

/// Read buffer: large enough to keep the hash unit busy, small enough to keep memory flat.
const BUFFER: usize = 256 * 1024;

/// The digest of bytes in memory.
pub fn sha256_bytes(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest::from_bytes(Sha256::digest(bytes).into())
}

/// The digest of several pieces one after the other, without joining them in memory.
pub fn sha256_parts(parts: &[&[u8]]) -> Sha256Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Sha256Digest::from_bytes(hasher.finalize().into())
}

/// The digest of what comes piece by piece.
#[derive(Debug, Clone, Default)]
pub struct RunningDigest(Sha256);

impl RunningDigest {
    /// Of nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces so far.
    pub fn digest(&self) -> Sha256Digest {
        Sha256Digest::from_bytes(self.0.clone().finalize().into())
    }
}

/// The digest and length in bytes of a stream, read to its end in constant memory.
///
/// # Errors
/// Whatever reading returns.
pub fn sha256_reader(mut reader: impl Read) -> io::Result<(Sha256Digest, u64)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER];
    let mut length = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok((Sha256Digest::from_bytes(hasher.finalize().into()), length)),
            Ok(read) => {
                hasher.update(&buffer[..read]);
                length += read as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// The digest and length in bytes of a file.
///
/// # Errors
/// Whatever opening or reading returns.
pub fn sha256_file(path: &Path) -> io::Result<(Sha256Digest, u64)> {
    sha256_reader(File::open(path)?)
}

/// Where a worker leaves the result for one file.
type Slot = Mutex<Option<io::Result<(Sha256Digest, u64)>>>;

/// The digests and lengths of several files, hashed in parallel, in the order they were given.
///
/// # Errors
/// The first file (in the given order) that cannot be read, with its path.
pub fn sha256_files(paths: &[PathBuf]) -> Result<Vec<(Sha256Digest, u64)>, (PathBuf, io::Error)> {
    let workers = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(paths.len());
    let next = AtomicUsize::new(0);
    let results: Vec<Slot> = paths.iter().map(|_| Mutex::new(None)).collect();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(path) = paths.get(index) else { return };
                    *results[index]
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner) = Some(sha256_file(path));
                }
            });
        }
    });

    results
        .into_iter()
        .zip(paths)
        .map(|(slot, path)| {
            slot.into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .unwrap_or_else(|| Err(io::Error::other("not hashed")))
                .map_err(|error| (path.clone(), error))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    // FIPS 180-4 example, and the empty message.
    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn published_vectors() {
        assert_eq!(sha256_bytes(b"abc").to_string(), ABC);
        assert_eq!(
            sha256_reader(&b""[..]).unwrap(),
            (EMPTY.parse().unwrap(), 0)
        );
    }

    #[test]
    fn text_form_is_exact() {
        assert_eq!(ABC.parse::<Sha256Digest>().unwrap().to_string(), ABC);
        for bad in [
            "",
            "ba78",
            &ABC.to_uppercase(),
            &format!("{ABC}0"),
            &ABC.replace('b', "g"),
        ] {
            assert!(bad.parse::<Sha256Digest>().is_err(), "{bad}");
        }
    }

    #[test]
    fn many_files_keep_their_order_and_a_missing_one_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let paths: Vec<_> = (0..20)
            .map(|n| {
                let path = dir.path().join(n.to_string());
                std::fs::write(&path, vec![b'x'; n * 1000]).unwrap();
                path
            })
            .collect();
        let digests = sha256_files(&paths).unwrap();
        for (n, (digest, length)) in digests.iter().enumerate() {
            assert_eq!(*length, n as u64 * 1000);
            assert_eq!(*digest, sha256_bytes(&vec![b'x'; n * 1000]));
        }
        let missing = dir.path().join("missing");
        let (path, _) = sha256_files(&[paths[0].clone(), missing.clone()]).unwrap_err();
        assert_eq!(path, missing);
        assert!(sha256_files(&[]).unwrap().is_empty());
    }
}
