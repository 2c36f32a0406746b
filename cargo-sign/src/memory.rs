//! What is remembered about projects whose releases were verified: the keys that were trusted, the newest keyring, the highest release.
//!
//! One file a project in the user's state folder (`RELEASE_GATES_STATE_DIR`, else the system's). It is only ever raised: nothing that
//! was verified makes it forget. A damaged file is an error and never an empty memory.

use std::fs::File;
use std::path::{Path, PathBuf};

use release_gate::fs::write_atomic;
use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::format::keyring::Keyring;
use crate::format::public_key::PublicKey;
use crate::model::keyring::Member;

/// Environment variable that names another folder.
pub const ENV: &str = "RELEASE_GATES_STATE_DIR";
const SCHEMA: &str = "release-gate/trust/v1";

/// The folder.
#[derive(Debug, Clone)]
pub struct Memory {
    dir: PathBuf,
}

/// What is known about a project by one key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Anchor {
    /// The key the user trusted: the second line of its minisign form.
    pub key: String,
    /// The newest keyring that key led to.
    pub keyring: Option<Keyring>,
    /// The highest release that held; pre-releases do not count.
    pub release: Option<Version>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Project {
    anchors: Vec<Anchor>,
    project: String,
    schema: String,
}

impl Anchor {
    /// The key.
    pub fn public(&self) -> Option<PublicKey> {
        PublicKey::parse(&self.key).ok()
    }

    /// Whether what is known by this anchor is known by one of these keys too: it is one of them, or its keyring has one, in use or
    /// not: that a key was revoked is known by that very key.
    pub fn applies(&self, pins: &[PublicKey]) -> bool {
        pins.iter().any(|pin| {
            let listed = |ring: &Keyring| {
                let mut members = ring.newest().keys.iter().filter_map(Member::public);
                members.any(|member| member.key == pin.key)
            };
            self.public().is_some_and(|key| key.key == pin.key) || self.keyring.as_ref().is_some_and(listed)
        })
    }
}

impl Memory {
    /// The user's memory; `None` where the system names no place for it.
    pub fn of_user() -> Option<Self> {
        let var = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
        let below = |dir: PathBuf| dir.join("release-gates").join("trust");
        let dir = var(ENV)
            .or_else(|| var("XDG_STATE_HOME").filter(|dir| dir.is_absolute()).map(below))
            .or_else(|| var("LOCALAPPDATA").filter(|_| cfg!(windows)).map(below))
            .or_else(|| var("HOME").map(|home| below(home.join(".local").join("state"))))?;
        Some(Self { dir })
    }

    /// Memory in a folder.
    pub fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into() }
    }

    /// What is known about a project.
    ///
    /// # Errors
    /// It is there and cannot be relied on.
    pub fn recall(&self, project: &str) -> Result<Vec<Anchor>> {
        let Some(path) = self.path(project) else { return Ok(Vec::new()) };
        let wrong = || {
            Error::judge(format!(
                "what is remembered about `{project}` cannot be relied on: `{}`",
                path.display()
            ))
            .with_help(format!("find out what changed it; `cargo sign keys forget {project}` removes it"))
        };
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(wrong().with_source(error)),
        };
        let known: Project = serde_json::from_slice(&bytes).map_err(|error| wrong().with_source(error))?;
        let whole = known.schema == SCHEMA
            && known.project == project
            && known.anchors.iter().all(|anchor| {
                anchor.public().is_some() && anchor.keyring.as_ref().is_none_or(|ring| ring.check().is_ok())
            });
        if whole { Ok(known.anchors) } else { Err(wrong()) }
    }

    /// Remembers that a version held by these keys; what is known is only ever raised.
    ///
    /// # Errors
    /// What is there cannot be relied on, or the folder cannot be written to.
    pub fn remember(
        &self,
        project: &str,
        pins: &[PublicKey],
        keyring: Option<&Keyring>,
        version: &Version,
    ) -> Result<()> {
        let Some(path) = self.path(project) else { return Ok(()) };
        let _lock = self.lock()?;
        let before = self.recall(project)?;
        let mut anchors = before.clone();
        for pin in pins {
            if !anchors.iter().any(|anchor| anchor.applies(std::slice::from_ref(pin))) {
                anchors.push(Anchor { key: pin.base64(), keyring: None, release: None });
            }
        }
        for anchor in anchors.iter_mut().filter(|anchor| anchor.applies(pins)) {
            if let Some(ring) = keyring
                && anchor.keyring.as_ref().is_none_or(|seen| ring.trusted(Some(seen), &[]).is_ok())
            {
                anchor.keyring = Some(ring.clone());
            }
            if version.pre.is_empty() && anchor.release.as_ref().is_none_or(|seen| version > seen) {
                anchor.release = Some(version.clone());
            }
        }
        if anchors == before {
            return Ok(());
        }
        let known = Project { anchors, project: project.to_owned(), schema: SCHEMA.to_owned() };
        let bytes = to_canonical_vec(&known)
            .map_err(|error| Error::judge("the memory cannot be written").with_source(error))?;
        Ok(write_atomic(&path, &bytes)?)
    }

    /// Forgets a project; whether there was anything to forget.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn forget(&self, project: &str) -> Result<bool> {
        let Some(path) = self.path(project) else { return Ok(false) };
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(Error::judge(format!("cannot remove `{}`", path.display())).with_source(error)),
        }
    }

    /// Names come from signatures that are not checked yet: only those cargo itself allows become file names.
    fn path(&self, project: &str) -> Option<PathBuf> {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        let named = (1..=64).contains(&project.len()) && project.chars().all(plain);
        named.then(|| self.dir.join(format!("{project}.json")))
    }

    /// Two verifications at a time do not undo each other's.
    fn lock(&self) -> Result<File> {
        let path = self.dir.join(".lock");
        let open = |path: &Path| {
            std::fs::create_dir_all(&self.dir)?;
            let file = File::options().create(true).truncate(false).write(true).open(path)?;
            file.lock()?;
            Ok(file)
        };
        open(&path).map_err(|error: std::io::Error| {
            Error::judge(format!("cannot write to the state folder `{}`", self.dir.display()))
                .with_source(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use ed25519_dalek::SigningKey;

    use super::*;
    use crate::model::keyring::{Content, Revoked};

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn what_is_known_is_only_raised() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path().join("new"));
        let signing: Vec<_> = (1..4).map(|seed| SigningKey::from_bytes(&[seed; 32])).collect();
        let key: Vec<_> = signing.iter().map(|key| PublicKey::new(key.verifying_key())).collect();
        assert_eq!(memory.recall("demo").unwrap(), []);
        memory.remember("demo", &key[..1], None, &version("1.2.0")).unwrap();
        memory.remember("demo", &key[..1], None, &version("1.1.0")).unwrap();
        memory.remember("demo", &key[..1], None, &version("2.0.0-rc.1")).unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert_eq!((anchors.len(), &anchors[0].release), (1, &Some(version("1.2.0"))));

        // The keyring of the first key leads to the second, which is then no stranger.
        let first = Content {
            keys: vec![Member::new("a", &key[0]), Member::new("b", &key[1])],
            previous: None,
            projects: ["demo".to_owned()].into(),
            releases: None,
            threshold: 1,
            version: 1,
        };
        let ring = Keyring::begin(first, &signing[0]).unwrap();
        let newer = ring.extend(|_| {}, &signing[1]).unwrap();
        memory.remember("demo", &key[..1], Some(&newer), &version("1.3.0")).unwrap();
        memory.remember("demo", &key[1..2], Some(&ring), &version("1.4.0")).unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert_eq!((anchors.len(), &anchors[0].release), (1, &Some(version("1.4.0"))));
        assert_eq!(anchors[0].keyring.as_ref(), Some(&newer), "an older keyring changes nothing");
        // Whoever names a revoked key is told of it by what is known through another one.
        let revoke = |content: &mut Content| {
            content.keys[1].revoked = Some(Revoked { last_good_version: None, reason: "stolen".to_owned() });
        };
        let revoked = newer.extend(revoke, &signing[0]).unwrap();
        memory.remember("demo", &key[..1], Some(&revoked), &version("1.5.0")).unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert!(anchors.len() == 1 && anchors[0].applies(&key[1..2]) && !anchors[0].applies(&key[2..]));
        memory.remember("demo", &key[2..], None, &version("0.1.0")).unwrap();
        assert_eq!(memory.recall("demo").unwrap().len(), 2);
        assert_eq!(memory.recall("other").unwrap(), []);
    }

    #[test]
    fn a_damaged_memory_is_an_error_and_odd_names_are_no_files() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        let key = PublicKey::new(SigningKey::from_bytes(&[1; 32]).verifying_key());
        memory.remember("demo", std::slice::from_ref(&key), None, &version("1.0.0")).unwrap();
        let path = dir.path().join("demo.json");
        let whole = std::fs::read(&path).unwrap();
        std::fs::rename(&path, dir.path().join("other.json")).unwrap();
        assert!(memory.recall("other").is_err(), "it is about another project");
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(memory.recall("demo").is_err());
        assert!(memory.remember("demo", std::slice::from_ref(&key), None, &version("1.0.0")).is_err());
        assert!(memory.forget("demo").unwrap() && !memory.forget("demo").unwrap());
        for odd in ["", "../demo", "a/b", "a\\b", "a.b", "..", "a b"] {
            memory.remember(odd, std::slice::from_ref(&key), None, &version("1.0.0")).unwrap();
            assert_eq!(memory.recall(odd).unwrap(), [], "{odd}");
        }
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}
