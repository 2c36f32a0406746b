//! What each call does.

pub(crate) mod attest;
mod extract;
mod facts;
mod inputs;
pub(crate) mod keygen;
pub(crate) mod keys;
pub(crate) mod pack;
pub(crate) mod sign;
mod trust;
#[cfg(feature = "upload")]
pub(crate) mod upload;
pub(crate) mod verify;
pub(crate) mod verify_source;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::Sha256Digest;
use release_gate::fs::write_atomic;
use release_gate::process::StepRecord;
use release_gate::project::Project;
use release_gate::{Context, Error, Result};
use serde::Deserialize;

use crate::format::minisign::MinisignSignature;
use crate::judge::{Keys, Verdict};
use crate::key::Secret;
use crate::model::comment::TrustedComment;
use crate::model::companion::further;
use crate::rules;

/// `[sign]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub(crate) struct Config {
    /// The public key releases are checked with; relative to the workspace.
    pub(crate) public_key: Option<PathBuf>,
    /// In which further formats `pack` signs the list.
    pub(crate) emit: Vec<Emitter>,
}

/// A further format in which the list is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Emitter {
    /// `SHA256.sig`, for signify.
    Signify,
    /// `checksums.txt.ed25519`, for openssl.
    Raw,
}

/// Where a project commits its public key.
pub(crate) const COMMITTED_KEY: &str = "release-keys/maintainer.ed25519.pub";

/// Where a project commits its keyring.
pub(crate) const COMMITTED_KEYRING: &str = "release-keys/keyring.json";

/// Shows a path on the terminal: names of files that others made may hold what it would obey.
fn shown(path: &Path) -> String {
    let escaped = |c: char| match c {
        // A path of Windows stays what it is.
        '\\' | '\'' | '"' => c.to_string(),
        _ => c.escape_debug().to_string(),
    };
    path.to_string_lossy().chars().map(escaped).collect()
}

/// That further keys still have to sign is no fault of what was just signed: it is said, and judged
/// by `verify`.
pub(crate) fn tell_open(cx: &Context, verdict: &mut Verdict) {
    for open in verdict
        .findings
        .extract_if(.., |finding| finding.rule == rules::RELEASE_THRESHOLD.id)
    {
        cx.terminal.note(open.message);
    }
}

/// The committed public key of a project, if there is one.
pub(crate) fn committed_key(project: &Project, config: &Config) -> Option<PathBuf> {
    let path = project.root.join(
        config
            .public_key
            .as_deref()
            .unwrap_or(Path::new(COMMITTED_KEY)),
    );
    path.is_file().then_some(path)
}

/// What signatures of a release say, but for the file's name.
#[derive(Debug, Clone)]
pub(crate) struct Release {
    pub(crate) project: String,
    pub(crate) version: String,
    pub(crate) commit: String,
    pub(crate) dirty: bool,
    /// Whether another gate refused it.
    pub(crate) refused: bool,
    pub(crate) epoch: i64,
}

impl Release {
    pub(crate) fn comment(&self, file: &str) -> TrustedComment {
        TrustedComment {
            timestamp: self.epoch,
            file: file.to_owned(),
            project: self.project.clone(),
            version: self.version.clone(),
            commit: self.commit.clone(),
            dirty: self.dirty,
            refused: self.refused,
        }
    }

    /// The text of a signature over bytes with this BLAKE2b-512 digest.
    pub(crate) fn signature(&self, key: &Secret, file: &str, prehash: &[u8; 64]) -> Result<String> {
        let comment = self.comment(file);
        let text = comment.to_string();
        text.parse::<TrustedComment>().map_err(|error| {
            Error::usage(format!("`{}` of {} {} cannot be signed", file, self.project, self.version))
                .with_source(error)
                .with_help(
                    "projects have names as crates.io allows them: at most 64 of a-z, A-Z, 0-9, - and _",
                )
        })?;
        let mut signature = key.with(|key| MinisignSignature::sign(key, prehash, &text))?;
        signature.key_id = key.public().id;
        Ok(signature.render(&comment.untrusted()))
    }
}

/// Signs a file and writes `FILE.sig` beside it; `FILE.<key id>.sig` where `keys` say that several
/// have to sign, and another has.
pub(crate) fn sign_file(
    key: &Secret,
    release: &Release,
    path: &Path,
    keys: Option<&Keys>,
) -> Result<PathBuf> {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .ok_or_else(|| Error::usage(format!("the name of `{}` is not UTF-8", path.display())))?;
    if let Err(error) = crate::model::path::check(name) {
        return Err(Error::usage(format!(
            "`{}` cannot be signed under its name",
            path.display()
        ))
        .with_source(error));
    }
    let checked = crate::judge::Checked::open(path, true)?
        .ok_or_else(|| Error::usage(format!("`{}` is not a regular file", path.display())))?;
    let prehash = checked.prehash.unwrap_or([0; 64]);
    let public = key.public();
    let other = match keys.filter(|keys| keys.quorum(&release.version, &BTreeSet::new()).1 > 1) {
        Some(keys) => crate::judge::first_signer(path, &prehash, keys)?
            .filter(|other| other.key != public.key),
        None => None,
    };
    let sig = match other {
        Some(_) => path.with_file_name(further(name, &public.id)),
        None => path.with_file_name(format!("{name}.sig")),
    };
    write_atomic(&sig, release.signature(key, name, &prehash)?.as_bytes())?;
    Ok(sig)
}

/// Appends what ran to the audit log of a release: every program that was started, then this call
/// itself. `wrote` is the digest of what it made. Nothing secret is ever in an argument.
pub(crate) fn log(
    cx: &Context,
    folder: &mut PackageArtifacts,
    started: SystemTime,
    exit_code: u8,
    wrote: Sha256Digest,
) -> Result<()> {
    const LOG: &str = crate::judge::LOG;
    let mut log = folder.resume_log(LOG)?;
    for record in cx.runner.records() {
        log.append(&record)?;
    }
    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    log.append(&StepRecord {
        argv: std::env::args_os()
            .map(|arg| arg.to_string_lossy().into_owned())
            .collect(),
        env: names
            .filter(|name| name.starts_with("RELEASE_GATES_") || name == "SOURCE_DATE_EPOCH")
            .collect(),
        exit_code: Some(i32::from(exit_code)),
        started,
        elapsed: started.elapsed().unwrap_or_default(),
        log_sha256: wrote,
    })?;
    folder.write(LOG, log.as_bytes())
}
