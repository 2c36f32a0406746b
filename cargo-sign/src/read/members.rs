//! What is inside an archive, gathered in one walk. Nothing is written, and nothing is believed.
//!
//! Of an archive that nobody signed no more than a little is inflated, whatever it says it holds.

use std::collections::BTreeMap;
use std::io::{self, BufReader, Read, Seek};

use release_gate::digest::{Sha256Digest, sha256_bytes, sha256_reader};
use release_gate_facts::files::{BUILDINFO, CHECKSUMS, INNER_SBOM, INNER_SIGNATURE};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::archive::{ArchiveError, Limits, stem, walk_named};

/// Members that are kept in memory while walking, and how large they may be.
const KEPT: [&str; 3] = [CHECKSUMS, INNER_SIGNATURE, BUILDINFO];
/// Largest member that is kept, in bytes.
pub(crate) const KEPT_LIMIT: u64 = 4 << 20;

/// How much of an archive is looked at that no signature vouches for: enough to say what else is
/// wrong with it, or whose it claims to be.
pub(crate) const UNSIGNED: Limits = Limits {
    bytes: 64 << 20,
    members: 1_000,
};

/// What an archive holds.
#[derive(Debug)]
pub(crate) struct Contents {
    /// The folder that everything has to lie in.
    pub(crate) folder: String,
    /// How the walk ended.
    pub(crate) walked: Result<(), ArchiveError>,
    /// The first member outside the folder.
    pub(crate) stray: Option<String>,
    /// The members, by their names in the folder.
    pub(crate) digests: BTreeMap<String, Sha256Digest>,
    /// The members that say something about the others.
    pub(crate) kept: BTreeMap<String, Vec<u8>>,
    /// What the SBOM is of.
    pub(crate) sbom: Option<Sbom>,
}

impl Contents {
    /// Walks an archive named `name` (`demo-1.0.0-x86_64.tar.gz`).
    pub(crate) fn read(file: &mut (impl Read + Seek), name: &str, limits: Limits) -> Self {
        let mut contents = Self::empty(name);
        let folder = contents.folder.clone();
        let walked = walk_named(file, name, limits, &mut |member, reader| {
            let inside = member
                .path
                .strip_prefix(&folder)
                .and_then(|rest| rest.strip_prefix('/'));
            match inside {
                Some(path) => contents.keep(path, member.size, reader),
                None => {
                    contents.stray.get_or_insert_with(|| member.path.clone());
                    Ok(())
                }
            }
        });
        contents.walked = walked;
        contents
    }

    /// Walks an archive for its structure alone.
    pub(crate) fn read_structure(file: &mut (impl Read + Seek), name: &str) -> Self {
        let mut contents = Self::empty(name);
        let folder = format!("{}/", contents.folder);
        let mut stray = None;
        contents.walked = walk_named(file, name, Limits::default(), &mut |member, _| {
            if !member.path.starts_with(&folder) {
                stray.get_or_insert_with(|| member.path.clone());
            }
            Ok(())
        });
        contents.stray = stray;
        contents
    }

    fn empty(name: &str) -> Self {
        Self {
            folder: stem(name).unwrap_or(name).to_owned(),
            walked: Ok(()),
            stray: None,
            digests: BTreeMap::new(),
            kept: BTreeMap::new(),
            sbom: None,
        }
    }

    /// Hashes one member, and keeps it where it says something about the others.
    fn keep(&mut self, path: &str, size: u64, reader: &mut dyn Read) -> io::Result<()> {
        let digest = if KEPT.contains(&path) && size <= KEPT_LIMIT {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            let digest = sha256_bytes(&bytes);
            self.kept.insert(path.to_owned(), bytes);
            digest
        } else if path == INNER_SBOM {
            let (sbom, digest) = Sbom::read(reader)?;
            self.sbom = Some(sbom);
            digest
        } else {
            sha256_reader(reader)?.0
        };
        self.digests.insert(path.to_owned(), digest);
        Ok(())
    }
}

/// What an SBOM is of.
#[derive(Debug)]
pub(crate) enum Sbom {
    /// It is no CycloneDX document.
    Malformed(String),
    /// The component it is about.
    Of(Component),
}

/// The component an SBOM is about, as far as it says so.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Component {
    pub(crate) name: Option<String>,
    pub(crate) version: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    metadata: Option<Metadata>,
}

#[derive(Deserialize)]
struct Metadata {
    component: Option<Component>,
}

impl Sbom {
    /// Reads and hashes one, of which nothing but its subject is kept: its size does not matter.
    fn read(reader: &mut dyn Read) -> io::Result<(Self, Sha256Digest)> {
        let mut hashing = Hashing {
            inner: reader,
            sha: Sha256::new(),
        };
        let read = serde_json::from_reader::<_, Document>(BufReader::new(&mut hashing));
        io::copy(&mut hashing, &mut io::sink())?;

        let sbom = match read {
            Ok(document) => Self::Of(
                document
                    .metadata
                    .and_then(|metadata| metadata.component)
                    .unwrap_or_default(),
            ),
            Err(error) if error.is_io() => return Err(error.into()),
            Err(error) => Self::Malformed(error.to_string()),
        };
        let digest = Sha256Digest::from_bytes(hashing.sha.finalize().into());
        Ok((sbom, digest))
    }
}

/// Hashes what is read through it.
struct Hashing<'a> {
    inner: &'a mut dyn Read,
    sha: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sha.update(&buffer[..read]);
        Ok(read)
    }
}
