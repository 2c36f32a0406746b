//! Where the keys come from that something is judged with, and what is remembered afterwards.

use std::path::{Path, PathBuf};

use release_gate::project::Project;
use release_gate::public_key::PublicKey;
use release_gate::{Context, Error, Finding, Result};
use release_gate_facts::files::KEYRING;
use semver::Version;

use crate::format::keyring::{Keyring, MAX_LEN};
use crate::judge::keys::Keys;
use crate::judge::naming::named_projects;
use crate::judge::verdict::Verdict;
use crate::memory::{Anchor, Memory};
use crate::model::config::{COMMITTED_KEY, COMMITTED_KEYRING, Config};
use crate::read::claims::{claimed_projects, signed_for};
use crate::read::file::{read_bounded, signature_of};
use crate::read::keys::{MAX_PUBLIC, read_keyring, read_public_keys};
use crate::report::verify::{plain, plain_path};
use crate::rules;

/// The keys of the project itself: the committed public key, and what the committed keyring says.
/// `None` where neither is there.
pub(super) fn of_project(project: &Project, config: &Config) -> Result<Option<Keys>> {
    of_root(&project.root, config)
}

/// The keys that are committed in this folder.
fn of_root(root: &Path, config: &Config) -> Result<Option<Keys>> {
    let ring = read_bounded(&root.join(COMMITTED_KEYRING), MAX_LEN)?;
    let Some(path) = committed_key_in(root, config) else {
        let Some(bytes) = ring else { return Ok(None) };
        let ring = Keyring::parse(&bytes)
            .and_then(|ring| ring.complete().map(|()| ring))
            .map_err(|error| {
                Error::judge(format!("`{COMMITTED_KEYRING}` cannot be relied on"))
                    .with_source(error)
            })?;
        return Ok(Some(
            Keys::new(Vec::new(), true).with_keyring(None, Some(&ring)),
        ));
    };
    Ok(Some(
        Keys::new(read_public_keys(&[path])?, true).with_committed_keyring(ring.as_deref()),
    ))
}

/// The keys that are named, and what the committed keyring makes of them; else those of the
/// project, or an error that says what to do.
pub(super) fn of_project_or_named(
    project: &Project,
    config: &Config,
    named: &[PathBuf],
) -> Result<Keys> {
    of_root_or_named(&project.root, config, named)
}

/// The same for the folder that the keys are committed in.
pub(super) fn of_root_or_named(root: &Path, config: &Config, named: &[PathBuf]) -> Result<Keys> {
    if !named.is_empty() {
        let ring = read_bounded(&root.join(COMMITTED_KEYRING), MAX_LEN)?;
        return Ok(
            Keys::new(read_public_keys(named)?, true).with_committed_keyring(ring.as_deref())
        );
    }
    of_root(root, config)?.ok_or_else(|| {
        Error::judge("there is no public key to verify with").with_help(format!(
            "name one you trust with --key, or commit it as {COMMITTED_KEY}"
        ))
    })
}

/// The committed public key of a project, if there is one.
pub(super) fn committed_key(project: &Project, config: &Config) -> Option<PathBuf> {
    committed_key_in(&project.root, config)
}

fn committed_key_in(root: &Path, config: &Config) -> Option<PathBuf> {
    let name = config
        .public_key
        .as_deref()
        .unwrap_or(Path::new(COMMITTED_KEY));
    let path = root.join(name);
    path.is_file().then_some(path)
}

/// What the command line says about keys.
#[derive(Debug, Clone, Copy)]
pub(super) struct NamedKeys<'a> {
    /// `--key`: files, or fingerprints.
    pub(super) keys: &'a [PathBuf],
    /// `--keyring`.
    pub(super) keyring: Option<&'a Path>,
}

/// A download: what is signed of it, and the folder it lies in.
#[derive(Debug, Clone)]
pub(super) struct Download<'a> {
    signed: PathBuf,
    folder: &'a Path,
    /// The folder is the download, with keys and keyring in it.
    whole: bool,
}

impl<'a> Download<'a> {
    /// A list or a folder: what lies beside it came with it.
    pub(super) fn whole(signed: PathBuf, folder: &'a Path) -> Self {
        Self {
            signed,
            folder,
            whole: true,
        }
    }

    /// A single file: what lies beside it was put there by people.
    pub(super) fn part(signed: PathBuf, folder: &'a Path) -> Self {
        Self {
            signed,
            folder,
            whole: false,
        }
    }
}

/// What one download is judged with.
#[derive(Debug)]
pub(super) struct Trust {
    pub(super) keys: Keys,
    /// The keys the user trusted before any keyring was looked at.
    pins: Vec<PublicKey>,
    /// What is remembered about the project the download says it is of.
    known: Vec<Anchor>,
    /// The keys are those that are remembered.
    remembered: bool,
}

impl Trust {
    /// For what no key vouches for; nothing is remembered of it.
    pub(super) fn none() -> Self {
        Self {
            keys: Keys::new(Vec::new(), true),
            pins: Vec::new(),
            known: Vec::new(),
            remembered: false,
        }
    }

    /// Finds the keys for a download: those named, else those remembered, else those of the project
    /// that `--manifest-path` names, else (not trusted) those beside it. A project that lies
    /// around it is never asked: it may be part of the download.
    pub(super) fn find(
        cx: &mut Context,
        named: &NamedKeys<'_>,
        memory: Option<&Memory>,
        download: &Download<'_>,
    ) -> Result<Self> {
        let known = known(memory, download)?;
        let mut ring = named.keyring.map(read_keyring).transpose()?;
        let beside = download.folder;
        if ring.is_none() && download.whole {
            ring = read_bounded(&beside.join(KEYRING), MAX_LEN)?;
        }
        let remembered = named.keys.is_empty() && !known.is_empty();
        let keys = if !named.keys.is_empty() {
            read_named_keys(cx, named.keys, beside, download.whole)?
        } else if !known.is_empty() {
            Keys::new(known.iter().filter_map(Anchor::public).collect(), true)
        } else if let Some(keys) = of_named_project(cx)? {
            let pins = keys.keys.clone();
            return Ok(Self {
                keys: with_named_keyring(keys, named)?,
                pins,
                known,
                remembered,
            });
        } else {
            let beside = public_keys_in(cx, beside)?;
            if beside.is_empty() {
                return Err(Error::judge("there is no public key to verify with")
                    .with_help("name one you trust with --key"));
            }
            Keys::new(beside, false)
        };

        let pins = keys.keys.clone();
        if !keys.pinned {
            return Ok(Self {
                keys,
                pins,
                known,
                remembered,
            });
        }

        let mine = || known.iter().filter(|anchor| anchor.applies(&pins));
        let seen = mine()
            .filter_map(|anchor| anchor.keyring.as_ref())
            .max_by_key(|ring| ring.newest().version);
        let highest = mine()
            .filter(|anchor| anchor.keyring.is_some())
            .filter_map(|anchor| anchor.release.as_ref())
            .max();

        let keys = if named.keyring.is_some() {
            keys.with_keyring(ring.as_deref(), seen)
        } else {
            keys.with_found_keyring(ring.as_deref(), seen)
        };

        let keys = keys.after(highest.filter(|_| asks_for_several(seen)));

        Ok(Self {
            keys,
            pins,
            known,
            remembered,
        })
    }

    /// A remembered key vouches for its own project's files: one that is called like another
    /// project's is refused where that project is known by another key, or where nothing but the
    /// one signature says whose it is (`alone`).
    pub(super) fn check_names(
        &self,
        memory: &Memory,
        verdict: &mut Verdict,
        alone: bool,
    ) -> Result<()> {
        if !self.remembered {
            return Ok(());
        }
        let Some(project) = verdict
            .comments()
            .next()
            .map(|comment| comment.project.clone())
        else {
            return Ok(());
        };

        let mut findings = Vec::new();
        for verified in &verdict.verified {
            for named in named_projects(&verified.file) {
                if named == project {
                    continue;
                }
                let known = memory.recall(named)?;
                let known_by_another = !known.is_empty()
                    && !known.iter().any(|anchor| anchor.applies(&self.keys.keys));
                if alone || known_by_another {
                    findings.push(called_like_another(&verified.file, named, &project));
                }
            }
        }

        verdict.findings.extend(findings);

        Ok(())
    }

    /// Compares what held with what is remembered.
    pub(super) fn compare(&self, verdict: &mut Verdict, allow_rollback: bool) {
        if !self.keys.pinned {
            return;
        }
        let mine = || {
            self.known
                .iter()
                .filter(|anchor| anchor.applies(&self.keys.keys))
        };

        let highest = mine().filter_map(|anchor| anchor.release.as_ref()).max();
        let mut findings = Vec::new();
        for (project, version) in releases(verdict) {
            if let Some(highest) =
                highest.filter(|highest| version.cmp_precedence(highest).is_lt() && !allow_rollback)
            {
                let text = format!(
                    "{project} {version} is older than {highest}, which was verified before"
                );
                let help = format!(
                    "get {highest} or newer; if you mean to go back, say so with --allow-rollback"
                );
                findings.push(Finding::new(&rules::ROLLBACK, text).help(help));
            }
            let vouches = |anchor: &Anchor| anchor.vouches(&self.pins, self.keys.keyring());
            if !self.known.is_empty() && !self.known.iter().any(vouches) {
                let before: Vec<_> = self
                    .known
                    .iter()
                    .filter_map(Anchor::public)
                    .map(|key| key.fingerprint())
                    .collect();
                let text = format!(
                    "{project} was verified with another key before: {}",
                    before.join(", ")
                );
                let help = format!(
                    "check with the project that it has a new key; the old one stays the one that is trusted until `cargo sign keys forget {project}`"
                );
                findings.push(Finding::new(&rules::KEY_CHANGED, text).help(help));
            }
        }

        verdict.findings.extend(findings);
    }

    /// Remembers what held, once everything did.
    pub(super) fn remember(&self, memory: &Memory, verdict: &Verdict) -> Result<()> {
        for (project, version) in releases(verdict) {
            memory.remember(&project, &self.pins, self.keys.keyring(), &version)?;
        }
        Ok(())
    }
}

fn called_like_another(file: &str, named: &str, signed: &str) -> Finding {
    let text = format!(
        "`{}` is called like a file of {}, and is signed for {}, whose key is remembered",
        plain(file),
        plain(named),
        plain(signed)
    );
    let help = "a remembered key verifies its own project's files only; name a key with --key if you trust it for this one";
    Finding::new(&rules::PROJECT_MISMATCH, text).help(help)
}

/// Projects and versions that signatures vouch for, each once.
fn releases(verdict: &Verdict) -> Vec<(String, Version)> {
    let mut all: Vec<_> = verdict
        .comments()
        .filter_map(|comment| Some((comment.project.clone(), comment.version.parse().ok()?)))
        .collect();
    all.sort();
    all.dedup();
    all
}

/// Whether a keyring says how many have to sign releases.
fn asks_for_several(ring: Option<&Keyring>) -> bool {
    ring.is_some_and(|ring| ring.quorums().next().is_some())
}

/// The keys of the project that `--manifest-path` names. Without the flag no project is looked for:
/// that takes cargo, which obeys what it finds in the current folder and above.
pub(super) fn of_named_project(cx: &mut Context) -> Result<Option<Keys>> {
    if cx.args().manifest_path().is_none() {
        return Ok(None);
    }
    cx.project()?;
    let config: Config = cx.config()?;
    of_project(cx.project()?, &config)
}

/// Keys named on the command line: files, or fingerprints of keys that lie beside the download.
/// `whole`: the folder is the download.
fn read_named_keys(cx: &Context, names: &[PathBuf], beside: &Path, whole: bool) -> Result<Keys> {
    let mut keys = Vec::new();
    let mut pinned = true;
    for name in names {
        if let Some(fingerprint) = name.to_str().filter(|name| name.starts_with("SHA256:")) {
            let found = public_keys_in(cx, beside)?
                .into_iter()
                .find(|key| key.fingerprint() == fingerprint);
            keys.push(found.ok_or_else(|| {
                Error::judge(format!(
                    "no key with the fingerprint {fingerprint} lies beside the download"
                ))
                .with_help("get the `.pub` file from where the project publishes it")
            })?);
            continue;
        }
        // A key inside the folder that is judged came with it, however it was named. Beside a
        // single file lies what people put there.
        pinned &= !(whole && lies_in(name, beside));
        keys.extend(read_public_keys(std::slice::from_ref(name))?);
    }
    Ok(Keys::new(keys, pinned))
}

/// Whether a file lies in a folder, links resolved.
fn lies_in(path: &Path, dir: &Path) -> bool {
    match (path.canonicalize(), dir.canonicalize()) {
        (Ok(path), Ok(dir)) => path.starts_with(dir),
        _ => false,
    }
}

/// The public keys in a folder. What is called like one and is none that can be used (an RSA key)
/// is named and passed over.
fn public_keys_in(cx: &Context, dir: &Path) -> Result<Vec<PublicKey>> {
    let entries = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path());

    let mut paths: Vec<_> = entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "pub"))
        .collect();

    // A pipe would never end.
    paths.retain(|path| std::fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file()));
    paths.sort();
    let mut keys = Vec::new();
    for path in paths {
        let bytes = read_bounded(&path, MAX_PUBLIC).ok().flatten();
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        match text.and_then(|text| PublicKey::parse(&text).ok()) {
            Some(key) => keys.push(key),
            None => cx.terminal.warn(format!(
                "`{}` is not a public key that can be used",
                plain_path(&path)
            )),
        }
    }

    Ok(keys)
}

/// Adds the keyring of `--keyring`, where one is named.
pub(super) fn with_named_keyring(keys: Keys, named: &NamedKeys<'_>) -> Result<Keys> {
    let Some(path) = named.keyring else {
        return Ok(keys);
    };
    let seen = keys.keyring().cloned();
    Ok(keys.with_keyring(Some(&read_keyring(path)?), seen.as_ref()))
}

/// What is known about the project a download says it is of; nothing is believed of it, it only
/// says what to look up.
pub(super) fn known(memory: Option<&Memory>, download: &Download<'_>) -> Result<Vec<Anchor>> {
    let Some(memory) = memory else {
        return Ok(Vec::new());
    };
    let signed = &download.signed;
    if let Some(project) = signature_of(signed)?.as_deref().and_then(signed_for) {
        return memory.recall(&project);
    }
    // Anyone who takes the signature away does not make it a project that nobody knows.
    if !signed.is_file() {
        return Ok(Vec::new());
    }
    for project in claimed_projects(signed)? {
        let known = memory.recall(&project)?;
        if !known.is_empty() {
            return Ok(known);
        }
    }
    Ok(Vec::new())
}
