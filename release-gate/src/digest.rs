//! SHA-256 (FIPS 180-4) of bytes, streams and files; several files in parallel.

use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Read buffer: large enough to keep the hash unit busy, small enough to keep memory flat.
const BUFFER: usize = 256 * 1024;

/// A SHA-256 digest; 64 lower-case hexadecimal digits as text.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256Digest([u8; 32]);

impl Sha256Digest {
    /// Wraps 32 raw bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 raw bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Sha256Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not 64 lower-case hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a SHA-256 digest of 64 lower-case hexadecimal digits")]
pub struct ParseDigestError(String);

impl FromStr for Sha256Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let error = || ParseDigestError(text.chars().take(80).collect());
        let digits = text.as_bytes();
        if digits.len() != 64 {
            return Err(error());
        }
        let mut bytes = [0; 32];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_chunks::<2>().0) {
            let (Some(high), Some(low)) = (nibble(pair[0]), nibble(pair[1])) else {
                return Err(error());
            };
            *byte = high << 4 | low;
        }
        Ok(Self(bytes))
    }
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

impl Serialize for Sha256Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Sha256Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Sha256Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Sha256Digest".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$", "description": "SHA-256, 64 lower-case hexadecimal digits." })
    }
}

/// The digest of bytes in memory.
pub fn sha256_bytes(bytes: &[u8]) -> Sha256Digest {
    Sha256Digest(Sha256::digest(bytes).into())
}

/// The digest of several pieces one after the other, without joining them in memory.
pub fn sha256_parts(parts: &[&[u8]]) -> Sha256Digest {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part);
    }
    Sha256Digest(hasher.finalize().into())
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
            Ok(0) => return Ok((Sha256Digest(hasher.finalize().into()), length)),
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
