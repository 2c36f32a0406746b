//! GPG signatures of git's tags and commits, by keys that are named: the only place that starts
//! `gpg`.
//!
//! The program works in a temporary home that holds these keys and nothing else. No keyring,
//! trust, configuration or agent of the user's is ever looked at, no key is fetched, and what
//! counts is only the strictly read status and the fingerprint of the primary key.

use std::cell::OnceCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::process::{Finished, Runner, Step};
use release_gate::{Error, Result};
use tempfile::TempDir;

use crate::format::gpg_status::{self, GpgError};

/// Largest key file read, in bytes.
const MAX_LEN: usize = 4 << 20;

/// Keys that are trusted: their files, and which of them. gpg is started when the first signature
/// is to be judged, and not before.
#[derive(Debug)]
pub(crate) struct Keyring {
    files: Vec<PathBuf>,
    /// Those named by fingerprint; where none is, every primary key of the files.
    named: BTreeSet<String>,
    runner: Runner,
    home: OnceCell<Home>,
}

#[derive(Debug)]
struct Home {
    dir: TempDir,
    trusted: BTreeSet<String>,
}

/// A name that is a fingerprint, as gpg prints it: upper case, without blanks and `0x`.
fn fingerprint(name: &str) -> Option<String> {
    let text: String = name.split_whitespace().collect();
    let text = text.trim_start_matches("0x").to_ascii_uppercase();
    gpg_status::is_fingerprint(&text).then_some(text)
}

impl Keyring {
    /// Keys by what was named on the command line: files, or fingerprints of keys in `committed`;
    /// without either, all of those.
    pub(crate) fn new(names: &[String], committed: Vec<PathBuf>, runner: &Runner) -> Self {
        let named: BTreeSet<String> = names.iter().filter_map(|name| fingerprint(name)).collect();
        let mut files: Vec<PathBuf> = names
            .iter()
            .filter(|name| fingerprint(name).is_none())
            .map(PathBuf::from)
            .collect();
        if files.is_empty() {
            files = committed;
        }
        Self {
            files,
            named,
            runner: runner.clone(),
            home: OnceCell::new(),
        }
    }

    /// Whether no key was named.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty() && self.named.is_empty()
    }

    /// Judges an armoured signature over a payload.
    ///
    /// # Errors
    /// There is no gpg, or the keys cannot be used. `Ok(Err(_))`: the signature does not count.
    pub(crate) fn verify(
        &self,
        payload: &[u8],
        armoured: &[u8],
    ) -> Result<std::result::Result<String, GpgError>> {
        let home = match self.home.get() {
            Some(home) => home,
            None => {
                let home = self.open()?;
                self.home.get_or_init(|| home)
            }
        };
        let path = home.dir.path().join("signature.asc");
        std::fs::write(&path, armoured).map_err(|error| {
            Error::judge("cannot write to a temporary folder").with_source(error)
        })?;
        let ran = self.gpg(home.dir.path(), |step| {
            step.arg("--verify").arg(&path).arg("-").stdin(payload)
        })?;
        let judged = gpg_status::read(&ran.stdout);
        Ok(match judged {
            Ok(_) if !ran.is_success() => Err(GpgError::Other),
            Ok(primary) if !home.trusted.contains(&primary) => Err(GpgError::Unknown(primary)),
            other => other,
        })
    }

    fn gpg(&self, home: &Path, with: impl FnOnce(Step) -> Step) -> Result<Finished> {
        let step = Step::new("gpg")
            .env("HOME", home)
            .env("GNUPGHOME", home)
            .arg("--homedir")
            .arg(home)
            .args([
                "--no-options",
                "--batch",
                "--no-tty",
                "--no-autostart",
                "--no-auto-key-retrieve",
                "--no-auto-key-import",
                "--no-auto-key-locate",
                "--disable-dirmngr",
                "--trust-model",
                "always",
                "--status-fd",
                "1",
            ]);
        self.runner.run(with(step)).map_err(Error::from)
    }

    /// Makes the home, with the keys of the files.
    fn open(&self) -> Result<Home> {
        let dir = TempDir::with_prefix("keys-").map_err(|error| {
            Error::judge("there is no place for temporary folders").with_source(error)
        })?;
        for file in &self.files {
            let name = file.display();
            let bytes = crate::read::file::read_named(file, MAX_LEN)?
                .filter(|bytes| bytes.len() <= MAX_LEN)
                .ok_or_else(|| Error::judge(format!("there is no GPG key in `{name}`")))?;
            let ran = self.gpg(dir.path(), |step| step.arg("--import").stdin(bytes))?;
            let status = String::from_utf8_lossy(&ran.stdout);
            if !ran.is_success()
                || !status
                    .lines()
                    .any(|line| line.starts_with("[GNUPG:] IMPORT_OK "))
            {
                return Err(
                    Error::judge(format!("`{name}` holds no GPG key that can be used"))
                        .with_help("export it with `gpg --armor --export KEY`"),
                );
            }
        }

        let listed = self.gpg(dir.path(), |step| {
            step.args(["--with-colons", "--list-keys"])
        })?;
        let all: BTreeSet<String> = gpg_status::primaries(&listed.stdout).into_iter().collect();
        if let Some(missing) = self
            .named
            .iter()
            .find(|fingerprint| !all.contains(*fingerprint))
        {
            return Err(
                Error::judge(format!("no file holds the GPG key {missing}")).with_help(
                    "commit it as release-keys/NAME.asc, or name its file with --gpg-key, too",
                ),
            );
        }

        let trusted = if self.named.is_empty() {
            all
        } else {
            self.named.clone()
        };

        if trusted.is_empty() {
            return Err(Error::judge("no GPG key is trusted").with_help("name one with --gpg-key"));
        }

        Ok(Home { dir, trusted })
    }
}

/// The keys a project commits: `release-keys/*.asc`.
pub(crate) fn committed(root: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(root.join("release-keys"))
        .into_iter()
        .flatten()
        .flatten();
    let mut paths: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "asc"))
        .collect();
    paths.sort();
    paths
}
