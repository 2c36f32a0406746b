//! What is remembered about projects whose releases were verified: the keys that were trusted, the
//! newest keyring, the highest release.
//!
//! One file a project in the user's state folder (`RELEASE_GATES_STATE_DIR`, else the system's). It
//! is only ever raised: nothing that was verified makes it forget, and none makes it trust another
//! key than the one it began with. A damaged file is an error and never an empty memory, and so is
//! one that somebody else could have written.

use std::ffi::OsString;
use std::fs::{DirBuilder, File};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use release_gate::fs::AtomicFile;
use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result};
use semver::Version;
use serde::{Deserialize, Serialize};

use crate::format::keyring::Keyring;
use crate::model::comment::is_project;
use crate::model::keyring::Member;
use release_gate::public_key::PublicKey;

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

    /// Whether what is known by this anchor is known by one of these keys too: it is one of them,
    /// or its keyring has one, in use or not: that a key was revoked is known by that very key.
    pub fn applies(&self, pins: &[PublicKey]) -> bool {
        pins.iter()
            .any(|pin| self.public().is_some_and(|key| key.key == pin.key))
            || self.keyring.as_ref().is_some_and(|ring| lists(ring, pins))
    }

    /// Whether the key, or the keyring it led to, vouches for one of these: it is known by it, or
    /// the keyring that is believed now continues what is known here and lists it.
    pub fn vouches(&self, pins: &[PublicKey], ring: Option<&Keyring>) -> bool {
        self.applies(pins) || ring.is_some_and(|ring| self.leads_to(ring) && lists(ring, pins))
    }

    /// Whether a keyring continues the one that is known, or was signed by the key where none is.
    fn leads_to(&self, ring: &Keyring) -> bool {
        let pin: Vec<_> = self.public().into_iter().collect();
        ring.trusted(self.keyring.as_ref(), &pin).is_ok()
    }
}

/// Whether a keyring has one of these keys, in use or not.
fn lists(ring: &Keyring, pins: &[PublicKey]) -> bool {
    let mut members = ring.newest().keys.iter().filter_map(Member::public);
    members.any(|member| pins.iter().any(|pin| member.key == pin.key))
}

impl Memory {
    /// The user's memory; `None` where the system names no place for it. A place that depends on
    /// the current folder is none.
    ///
    /// # Errors
    /// [`ENV`] names a place that does.
    pub fn of_user() -> Result<Option<Self>> {
        Self::among(&|name| std::env::var_os(name))
    }

    fn among(var: &dyn Fn(&str) -> Option<OsString>) -> Result<Option<Self>> {
        let var = |name: &str| {
            var(name)
                .filter(|value| !value.is_empty())
                .map(PathBuf::from)
        };

        if let Some(dir) = var(ENV) {
            return if dir.is_absolute() {
                Ok(Some(Self { dir }))
            } else {
                Err(Error::usage(format!("{ENV} is `{}`, which is not an absolute path", dir.display()))
                    .with_help("name the folder from the root: what lies in the current folder may be part of the download"))
            };
        }

        let absolute = |name: &str| var(name).filter(|dir| dir.is_absolute());
        let dir = absolute("XDG_STATE_HOME")
            .map(below_state)
            .or_else(|| {
                absolute("LOCALAPPDATA")
                    .filter(|_| cfg!(windows))
                    .map(below_state)
            })
            .or_else(|| {
                absolute("HOME").map(|home| below_state(home.join(".local").join("state")))
            });

        Ok(dir.map(|dir| Self { dir }))
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
        let Some(path) = self.path(project) else {
            return Ok(Vec::new());
        };
        let wrong = || {
            Error::judge(format!(
                "what is remembered about `{project}` cannot be relied on: `{}`",
                path.display()
            ))
            .with_help(format!(
                "find out what changed it; `cargo sign keys forget {project}` removes it"
            ))
        };

        let mut file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(wrong().with_source(error)),
        };

        own(&self.dir, std::fs::metadata(&self.dir))?;
        own(&path, file.metadata())?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)
            .map_err(|error| wrong().with_source(error))?;
        let known: Project =
            serde_json::from_slice(&bytes).map_err(|error| wrong().with_source(error))?;
        let whole = known.schema == SCHEMA
            && folded(&known.project) == folded(project)
            && known.anchors.iter().all(|anchor| {
                anchor.public().is_some()
                    && anchor
                        .keyring
                        .as_ref()
                        .is_none_or(|ring| ring.check().is_ok())
            });

        if whole {
            Ok(known.anchors)
        } else {
            Err(wrong())
        }
    }

    /// Remembers that a version held by these keys; what is known is only ever raised. Of a project
    /// that is known already, no key is added that those known do not vouch for: naming one
    /// judges a call, and every later one would trust it.
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
        let Some(path) = self.path(project) else {
            return Ok(());
        };
        let _lock = self.lock()?;
        let before = self.recall(project)?;
        let mut anchors = before.clone();
        for pin in pins.iter().filter(|_| before.is_empty()) {
            if !anchors
                .iter()
                .any(|anchor: &Anchor| anchor.applies(std::slice::from_ref(pin)))
            {
                anchors.push(Anchor {
                    key: pin.base64(),
                    keyring: None,
                    release: None,
                });
            }
        }

        for anchor in anchors
            .iter_mut()
            .filter(|anchor| anchor.vouches(pins, keyring))
        {
            if let Some(ring) = keyring.filter(|ring| anchor.leads_to(ring)) {
                anchor.keyring = Some(ring.clone());
            }
            if version.pre.is_empty() && anchor.release.as_ref().is_none_or(|seen| version > seen) {
                anchor.release = Some(version.clone());
            }
        }

        if anchors == before {
            return Ok(());
        }
        let known = Project {
            anchors,
            project: project.to_owned(),
            schema: SCHEMA.to_owned(),
        };

        let bytes = to_canonical_vec(&known)
            .map_err(|error| Error::judge("the memory cannot be written").with_source(error))?;
        let mut file = AtomicFile::create(&path)?;
        let wrong =
            |error| Error::judge(format!("cannot write `{}`", path.display())).with_source(error);
        #[cfg(unix)]
        file.file()
            .set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))
            .map_err(wrong)?;

        file.write_all(&bytes).map_err(wrong)?;

        Ok(file.commit()?)
    }

    /// Forgets a project; whether there was anything to forget.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn forget(&self, project: &str) -> Result<bool> {
        let Some(path) = self.path(project) else {
            return Ok(false);
        };
        match std::fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => {
                Err(Error::judge(format!("cannot remove `{}`", path.display())).with_source(error))
            }
        }
    }

    /// Names come from signatures that are not checked yet: only those crates.io allows become file
    /// names.
    fn path(&self, project: &str) -> Option<PathBuf> {
        is_project(project).then(|| self.dir.join(format!("{}.json", folded(project))))
    }

    /// Two verifications at a time do not undo each other's.
    fn lock(&self) -> Result<File> {
        let path = self.dir.join(".lock");
        let open = |path: &Path| {
            let mut builder = DirBuilder::new();
            // Elsewhere than on Unix a new folder is its owner's alone, as the user's profile is.
            #[cfg(unix)]
            std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
            builder.recursive(true).create(&self.dir)?;
            let file = File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)?;
            file.lock()?;
            Ok(file)
        };

        let lock = open(&path).map_err(|error: std::io::Error| {
            Error::judge(format!(
                "cannot write to the state folder `{}`",
                self.dir.display()
            ))
            .with_source(error)
        })?;

        own(&self.dir, std::fs::metadata(&self.dir)).map(|()| lock)
    }
}

/// Where the memory lies in a folder of state.
fn below_state(dir: PathBuf) -> PathBuf {
    dir.join("release-gates").join("trust")
}

/// crates.io knows no two projects that differ only by case, or by `-` and `_`; what looks like
/// another name is the same project.
fn folded(project: &str) -> String {
    project.to_ascii_lowercase().replace('_', "-")
}

/// Refuses what somebody else could have written: it would decide which key is trusted.
#[cfg(unix)]
fn own(path: &Path, found: std::io::Result<std::fs::Metadata>) -> Result<()> {
    use std::os::unix::fs::MetadataExt as _;
    let (path, wrong) = (path.display(), "what is remembered cannot be relied on");
    let found =
        found.map_err(|error| Error::judge(format!("cannot read `{path}`")).with_source(error))?;
    // Root can write anything anyway.
    if ![0, rustix::process::geteuid().as_raw()].contains(&found.uid()) {
        return Err(Error::judge(format!("{wrong}: `{path}` belongs to another user")).with_help(format!(
            "remove it, or name a folder of your own with {ENV}; then name the project's key with --key again"
        )));
    }
    if found.mode() & 0o022 != 0 {
        return Err(
            Error::judge(format!("{wrong}: others can write to `{path}`")).with_help(format!(
                "see that what lies there is yours, then `chmod go-w {path}`"
            )),
        );
    }
    Ok(())
}

/// What lies in the user's profile is the user's.
#[cfg(not(unix))]
fn own(_: &Path, _: std::io::Result<std::fs::Metadata>) -> Result<()> {
    Ok(())
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
        let signing: Vec<_> = (1..4)
            .map(|seed| SigningKey::from_bytes(&[seed; 32]))
            .collect();
        let key: Vec<_> = signing
            .iter()
            .map(|key| PublicKey::new(key.verifying_key()))
            .collect();
        assert_eq!(memory.recall("demo").unwrap(), []);
        memory
            .remember("demo", &key[..1], None, &version("1.2.0"))
            .unwrap();
        memory
            .remember("demo", &key[..1], None, &version("1.1.0"))
            .unwrap();
        memory
            .remember("demo", &key[..1], None, &version("2.0.0-rc.1"))
            .unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert_eq!(
            (anchors.len(), &anchors[0].release),
            (1, &Some(version("1.2.0")))
        );

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
        memory
            .remember("demo", &key[..1], Some(&newer), &version("1.3.0"))
            .unwrap();
        memory
            .remember("demo", &key[1..2], Some(&ring), &version("1.4.0"))
            .unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert_eq!(
            (anchors.len(), &anchors[0].release),
            (1, &Some(version("1.4.0")))
        );
        assert_eq!(
            anchors[0].keyring.as_ref(),
            Some(&newer),
            "an older keyring changes nothing"
        );
        // Anyone who names a revoked key is told of it by what is known through another one.
        let revoke = |content: &mut Content| {
            content.keys[1].revoked = Some(Revoked {
                last_good_version: None,
                reason: "stolen".to_owned(),
            });
        };
        let revoked = newer.extend(revoke, &signing[0]).unwrap();
        memory
            .remember("demo", &key[..1], Some(&revoked), &version("1.5.0"))
            .unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert!(
            anchors.len() == 1 && anchors[0].applies(&key[1..2]) && !anchors[0].applies(&key[2..])
        );
        // A key that nothing ties to those known judges one call, and is not remembered.
        memory
            .remember("demo", &key[2..], None, &version("9.0.0"))
            .unwrap();
        let forged = Content {
            keys: vec![Member::new("c", &key[2]), Member::new("a", &key[0])],
            previous: None,
            projects: ["demo".to_owned()].into(),
            releases: None,
            threshold: 1,
            version: 1,
        };
        let forged = Keyring::begin(forged, &signing[2]).unwrap();
        assert!(
            !anchors[0].vouches(&key[2..], Some(&forged)),
            "it lists the old key, which never signed it"
        );
        memory
            .remember("demo", &key[2..], Some(&forged), &version("9.0.0"))
            .unwrap();
        assert_eq!(memory.recall("demo").unwrap(), anchors);
        assert_eq!(memory.recall("other").unwrap(), []);
        // One that a keyring by the old one brings in is known by it.
        let added = revoked
            .extend(
                |content| content.keys.push(Member::new("c", &key[2])),
                &signing[0],
            )
            .unwrap();
        memory
            .remember("demo", &key[2..], Some(&added), &version("2.0.0"))
            .unwrap();
        let anchors = memory.recall("demo").unwrap();
        assert!(
            anchors.len() == 1 && anchors[0].applies(&key[2..]),
            "{anchors:?}"
        );
        assert_eq!(anchors[0].release, Some(version("2.0.0")));
    }

    #[test]
    fn names_that_crates_io_takes_for_one_are_one_project() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        let key = PublicKey::new(SigningKey::from_bytes(&[1; 32]).verifying_key());
        memory
            .remember(
                "My_Tool",
                std::slice::from_ref(&key),
                None,
                &version("2.0.0"),
            )
            .unwrap();
        for name in ["My_Tool", "my-tool", "MY-TOOL"] {
            assert_eq!(
                memory.recall(name).unwrap()[0].release,
                Some(version("2.0.0")),
                "{name}"
            );
        }
        assert!(memory.forget("my-Tool").unwrap());
    }

    #[test]
    fn no_place_depends_on_the_current_folder() {
        let among = |vars: &[(&str, &str)]| {
            let vars: Vec<_> = vars
                .iter()
                .map(|(name, value)| (name.to_string(), value.into()))
                .collect();
            Memory::among(&move |name| {
                vars.iter()
                    .find(|(known, _)| known == name)
                    .map(|(_, value): &(String, OsString)| value.clone())
            })
        };

        let root = if cfg!(windows) { "C:\\" } else { "/" };
        let home = format!("{root}home");
        assert!(among(&[("HOME", ".")]).unwrap().is_none());
        assert!(
            among(&[("XDG_STATE_HOME", "state"), ("HOME", "")])
                .unwrap()
                .is_none()
        );

        assert!(among(&[(ENV, "state"), ("HOME", &home)]).is_err());
        let dir = among(&[("XDG_STATE_HOME", "state"), ("HOME", &home)])
            .unwrap()
            .unwrap()
            .dir;

        assert!(dir.starts_with(&home), "{}", dir.display());
        assert_eq!(
            among(&[(ENV, &home), ("HOME", ".")]).unwrap().unwrap().dir,
            Path::new(&home)
        );
    }

    #[cfg(unix)]
    #[test]
    fn what_others_could_have_written_is_not_believed() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let (above, state) = (dir.path().join("state"), dir.path().join("state/trust"));
        let memory = Memory::at(&state);
        let key = PublicKey::new(SigningKey::from_bytes(&[1; 32]).verifying_key());
        let remember =
            || memory.remember("demo", std::slice::from_ref(&key), None, &version("1.0.0"));
        remember().unwrap();
        let file = state.join("demo.json");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(
            [&above, &state, &file].map(|path| mode(path)),
            [0o700, 0o700, 0o600]
        );

        for path in [&state, &file] {
            let before = std::fs::metadata(path).unwrap().permissions();
            for others in [0o020, 0o002] {
                std::fs::set_permissions(
                    path,
                    std::fs::Permissions::from_mode(before.mode() | others),
                )
                .unwrap();
                let error = memory.recall("demo").unwrap_err().chain();
                assert!(
                    error.contains(&format!("others can write to `{}`", path.display())),
                    "{error}"
                );
                assert!(remember().is_err());
            }
            std::fs::set_permissions(path, before).unwrap();
            remember().unwrap();
        }

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            memory.recall("demo").unwrap().len(),
            1,
            "others may read it"
        );
    }

    #[test]
    fn a_damaged_memory_is_an_error_and_odd_names_are_no_files() {
        let dir = tempfile::tempdir().unwrap();
        let memory = Memory::at(dir.path());
        let key = PublicKey::new(SigningKey::from_bytes(&[1; 32]).verifying_key());
        memory
            .remember("demo", std::slice::from_ref(&key), None, &version("1.0.0"))
            .unwrap();
        let path = dir.path().join("demo.json");
        let whole = std::fs::read(&path).unwrap();
        std::fs::rename(&path, dir.path().join("other.json")).unwrap();
        assert!(
            memory.recall("other").is_err(),
            "it is about another project"
        );
        std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert!(memory.recall("demo").is_err());
        assert!(
            memory
                .remember("demo", std::slice::from_ref(&key), None, &version("1.0.0"))
                .is_err()
        );
        assert!(memory.forget("demo").unwrap() && !memory.forget("demo").unwrap());
        for odd in ["", "../demo", "a/b", "a\\b", "a.b", "..", "a b"] {
            memory
                .remember(odd, std::slice::from_ref(&key), None, &version("1.0.0"))
                .unwrap();
            assert_eq!(memory.recall(odd).unwrap(), [], "{odd}");
        }
        let left: Vec<_> = std::fs::read_dir(dir.path())
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(left.len(), 2, "{left:?}");
    }
}
