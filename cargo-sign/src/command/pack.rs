//! `cargo sign pack`: archives of what was built, a list of everything, and signatures.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::fs::AtomicFile;
use release_gate::{Context, Error, Finding, Level, Outcome, Report, Result, Status, exit};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::inputs::builds;
use super::{Config, Emitter, Release, sign_file, trust};
use crate::archive::pack::{Input, tar_gz, zip};
use crate::cli::PackArgs;
use crate::format::checksums::{self, List};
use crate::format::{keyring, raw, signify, sshsig};
use crate::judge::{Extent, Keys, check_directory, is_archive};
use crate::key::Secret;
use crate::model::companion::{Companion, LIST, RAW, SIGNIFY, SSHSIG};
use crate::{TOOL, key, rules};

/// The latest time a tar header has room for: 11 octal digits.
const MAX_EPOCH: i64 = 0o77_777_777_777;

/// The keyring as it is published, so that users learn of new and revoked keys with the release.
const KEYRING: &str = "keyring.json";

/// Documents that are published beside the archives, where they are there.
const DOCUMENTS: [&str; 7] = [
    KEYRING,
    "sbom.cdx.json",
    "sbom.spdx.json",
    "RELEASE_NOTES.md",
    "MIGRATION.md",
    "INSTALL.md",
    "SECURITY.md",
];

/// `pack.json`'s data.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Fingerprint of the key, as `ssh-keygen -lf` shows it.
    pub key: String,
    /// Archives that were written.
    pub archives: Vec<Packed>,
}

/// One archive.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Packed {
    /// File name.
    pub name: String,
    /// Target triple.
    pub target: String,
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}

pub(crate) fn run(cx: &mut Context, args: &PackArgs) -> Result<Outcome> {
    let started = SystemTime::now();
    cx.project()?;
    let config: Config = cx.config()?;
    let root = cx.artifacts()?;
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();
    if !args.artifacts.is_empty() && packages.len() > 1 {
        cx.project()?.single()?;
    }
    let emit = if args.emit.is_empty() {
        &config.emit
    } else {
        &args.emit
    };
    let signing = key::load(args.key.key.as_deref(), args.key.passphrase.source())?;
    let silence_is_refused = cx.level(&rules::GATE_SILENT)? == Level::Deny;
    let mut reports = Vec::new();
    for package in packages {
        let project = cx.project()?;
        let subject = project.subject(&package);
        let committed = trust::of_project(project, &config)?;
        let signing = signing
            .clone()
            .published_among(committed.iter().flat_map(|keys| &keys.keys));
        let keyring = crate::judge::small(
            &project.root.join(super::COMMITTED_KEYRING),
            keyring::MAX_LEN,
        )?;
        let version = package.version.to_string();
        let mut folder = root.for_package(&package.name, &version);
        let builds = builds(&args.artifacts, folder.dir(), &subject)?;
        if builds.iter().all(|build| build.by_target.is_empty()) {
            reports.push(
                Report::new("pack", &TOOL, subject)
                    .status(Status::Skipped)
                    .summary("the build has no artifact to pack"),
            );
            continue;
        }
        let (mut refusals, mut silent) = super::facts::refusals(&folder, &subject)?;
        refusals.extend(super::facts::uncovered(&folder, &builds)?);
        if silence_is_refused {
            refusals.extend(silent.take());
        }
        if !refusals.is_empty() && !args.despite_refusals {
            // No level makes a release of it: whoever means to asks for that.
            let report = Report::new("pack", &TOOL, subject)
                .status(Status::Error)
                .findings(refusals);
            reports.push(report.summary("nothing was packed"));
            continue;
        }
        let epoch = project.epoch()?.unwrap_or(0);
        if !(0..=MAX_EPOCH).contains(&epoch) {
            return Err(Error::usage(format!(
                "the release's time, {epoch}, does not fit an archive"
            ))
            .with_help(format!(
                "set SOURCE_DATE_EPOCH to seconds since 1970, at most {MAX_EPOCH}"
            )));
        }
        let release = Release {
            project: package.name.to_string(),
            version: version.clone(),
            commit: subject
                .commit
                .as_ref()
                .map_or_else(|| "none".to_owned(), ToString::to_string),
            dirty: subject.dirty,
            refused: !refusals.is_empty(),
            epoch,
        };
        let manifest_dir = package
            .manifest_path
            .parent()
            .map(|dir| dir.as_std_path().to_owned())
            .unwrap_or_default();
        // What lies beside the source and was never committed is nobody's to publish.
        let committed_files = project
            .git
            .as_ref()
            .zip(subject.commit.as_ref())
            .filter(|_| !subject.dirty);
        let mut left_out = BTreeSet::new();
        let mut archives = Vec::new();
        let mut infos = BTreeMap::new();
        let targets = builds
            .iter()
            .flat_map(|build| build.by_target.iter().map(move |(t, l)| (build, t, l)));
        for (build, target, list) in targets {
            let stem = format!("{}-{version}-{target}", package.name);
            let (mut files, not_committed) =
                build.common_files(&manifest_dir, &project.root, committed_files)?;
            left_out.extend(not_committed);
            for artifact in list {
                files.push(build.read(artifact)?);
            }
            infos.insert(build.published_as(), build.bytes.clone());
            let files = with_list(&signing, &release, &stem, files)?;
            let windows = target.contains("windows");
            if !windows {
                archives.push(write(
                    &mut folder,
                    &format!("{stem}.tar.gz"),
                    target,
                    |out| tar_gz(out, &stem, release.epoch, &files),
                )?);
            }
            #[cfg(feature = "zstd")]
            if args.zst {
                archives.push(write(
                    &mut folder,
                    &format!("{stem}.tar.zst"),
                    target,
                    |out| crate::archive::pack::tar_zst(out, &stem, release.epoch, &files),
                )?);
            }
            if windows || args.zip {
                archives.push(write_zip(
                    &mut folder,
                    &format!("{stem}.zip"),
                    target,
                    &stem,
                    release.epoch,
                    &files,
                )?);
            }
        }
        for name in left_out {
            cx.terminal.note(format!(
                "`{name}` is not packed: it is not part of the commit, or a link that leads out of it"
            ));
        }
        if let Some(bytes) = keyring {
            folder.write(KEYRING, &bytes)?;
        }
        for (name, bytes) in &infos {
            if folder.read(name)?.as_ref() != Some(bytes) {
                folder.write(name, bytes)?;
            }
        }
        let list = write_list(
            &mut folder,
            &signing,
            &release,
            &archives,
            infos.keys(),
            emit,
            committed.as_ref(),
        )?;
        let mut findings = self_check(cx, folder.dir(), &signing, committed)?;
        findings.extend(silent);
        let exit_code = if findings.iter().any(|finding| finding.level == Level::Deny) {
            exit::FAIL
        } else {
            exit::PASS
        };
        super::log(
            cx,
            &mut folder,
            started,
            exit_code,
            sha256_bytes(checksums::render(&list).as_bytes()),
        )?;
        folder.finish()?;
        let human: String = list
            .iter()
            .map(|(name, digest)| format!("  {}  {name}\n", &digest.to_string()[..16]))
            .collect();
        let data = Data {
            key: signing.public().fingerprint(),
            archives,
        };
        let summary = format!("{} archives, signed by {}", data.archives.len(), data.key);
        reports.push(
            Report::new("pack", &TOOL, subject)
                .findings(findings)
                .data(&data)
                .human(human)
                .summary(summary),
        );
    }
    Ok(Outcome::Reports(reports))
}

/// Adds `checksums.txt` over all files, and `SIGNATURE` over that.
fn with_list(
    key: &Secret,
    release: &Release,
    stem: &str,
    mut files: Vec<Input>,
) -> Result<Vec<Input>> {
    let mut list = List::new();
    for file in &files {
        if list
            .insert(file.path.clone(), sha256_bytes(&file.bytes))
            .is_some()
        {
            return Err(Error::judge(format!(
                "two files of `{stem}` would be named `{}`",
                file.path
            )));
        }
    }
    let text = checksums::render(&list);
    let prehash = <blake2::Blake2b512 as blake2::Digest>::digest(&text).into();
    let signature = release.signature(key, &format!("{stem}/checksums.txt"), &prehash)?;
    files.push(Input {
        path: "checksums.txt".to_owned(),
        bytes: text.into_bytes(),
        executable: false,
    });
    files.push(Input {
        path: "SIGNATURE".to_owned(),
        bytes: signature.into_bytes(),
        executable: false,
    });
    Ok(files)
}

fn write(
    folder: &mut PackageArtifacts,
    name: &str,
    target: &str,
    make: impl FnOnce(&mut AtomicFile) -> std::io::Result<()>,
) -> Result<Packed> {
    let path = folder.path(name);
    let mut file = AtomicFile::create(&path)?;
    make(&mut file).map_err(|error| {
        Error::judge(format!("cannot write `{}`", path.display())).with_source(error)
    })?;
    file.commit()?;
    packed(folder, name, target)
}

/// The zip writer goes back to fill in sizes, so it writes to memory first.
fn write_zip(
    folder: &mut PackageArtifacts,
    name: &str,
    target: &str,
    stem: &str,
    epoch: i64,
    files: &[Input],
) -> Result<Packed> {
    write(folder, name, target, |out| {
        let mut buffer = std::io::Cursor::new(Vec::new());
        zip(&mut buffer, stem, epoch, files)?;
        out.write_all(&buffer.into_inner())
    })
}

fn packed(folder: &mut PackageArtifacts, name: &str, target: &str) -> Result<Packed> {
    folder.record(name)?;
    let (sha256, size) = release_gate::digest::sha256_file(&folder.path(name))
        .map_err(|error| Error::judge(format!("cannot read `{name}`")).with_source(error))?;
    Ok(Packed {
        name: name.to_owned(),
        target: target.to_owned(),
        sha256,
        size,
    })
}

/// Lists and signs everything that is published; returns the list.
fn write_list<'a>(
    folder: &mut PackageArtifacts,
    key: &Secret,
    release: &Release,
    archives: &[Packed],
    infos: impl Iterator<Item = &'a String>,
    emit: &[Emitter],
    keys: Option<&Keys>,
) -> Result<List> {
    let mut list: List = archives
        .iter()
        .map(|archive| (archive.name.clone(), archive.sha256))
        .collect();
    for name in DOCUMENTS.into_iter().chain(infos.map(String::as_str)) {
        if let Some(bytes) = folder.read(name)? {
            list.insert(name.to_owned(), sha256_bytes(&bytes));
        }
    }
    let text = checksums::render(&list);
    folder.write(LIST, text.as_bytes())?;
    let paths: Vec<PathBuf> = archives
        .iter()
        .map(|archive| folder.path(&archive.name))
        .chain([folder.path(LIST)])
        .collect();
    remove_stale(folder, release, &paths, keys)?;
    for path in paths {
        let sig = sign_file(key, release, &path, None)?;
        folder.record(&sig.file_name().unwrap_or_default().to_string_lossy())?;
    }
    let namespace = sshsig::namespace(&release.project);
    let armoured = key.with(|key| sshsig::sign(key, &namespace, text.as_bytes()))?;
    folder.write(SSHSIG, armoured.as_bytes())?;
    if emit.contains(&Emitter::Raw) {
        folder.write(RAW, &key.with(|key| raw::sign(key, text.as_bytes()))?)?;
    }
    if emit.contains(&Emitter::Signify) {
        let (id, comment) = (key.public().id, release.comment(LIST).untrusted());
        let text = key
            .with(|key| signify::sign(key, &id, &list, &comment))?
            .map_err(|error| {
                Error::usage(format!("`{SIGNIFY}` cannot be written"))
                    .with_source(error)
                    .with_help("leave `signify` out")
            })?;
        folder.write(SIGNIFY, text.as_bytes())?;
    }
    Ok(list)
}

/// Takes away what an earlier call left and what does not hold any more: formats that are not asked
/// for now, archives that are not part of the release any more and would still verify one by one,
/// and signatures by further keys of what has changed since.
fn remove_stale(
    folder: &PackageArtifacts,
    release: &Release,
    signed: &[PathBuf],
    keys: Option<&Keys>,
) -> Result<()> {
    let mut stale = vec![folder.path(SIGNIFY), folder.path(RAW)];
    for path in signed {
        stale.extend(crate::judge::stale_further(path, keys)?);
    }
    let ours = format!("{}-{}-", release.project, release.version);
    let dir = folder.dir();
    let entries = std::fs::read_dir(dir).map_err(|error| {
        Error::judge(format!("cannot read the folder `{}`", dir.display())).with_source(error)
    })?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let of = match Companion::of(name) {
            Some(Companion::First(of) | Companion::Further(of, _)) => of,
            _ => name,
        };
        if of.starts_with(&ours) && is_archive(of) && !signed.contains(&folder.path(of)) {
            stale.push(path);
        }
    }
    for path in stale {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(
                    Error::judge(format!("cannot remove the old `{}`", path.display()))
                        .with_source(error),
                );
            }
            _ => {}
        }
    }
    Ok(())
}

/// What was just made is verified as a user would, with the committed public key where there is
/// one: a key derived from the secret could not notice that the wrong one was used.
fn self_check(
    cx: &Context,
    dir: &Path,
    key: &Secret,
    committed: Option<Keys>,
) -> Result<Vec<Finding>> {
    let keys = committed.unwrap_or_else(|| Keys::new(vec![key.public()], true));
    let mut verdict = check_directory(dir, &keys, Extent::Listed)?;
    super::tell_open(cx, &mut verdict);
    if verdict.holds() {
        return Ok(verdict.findings);
    }
    let mut findings = vec![
        Finding::new(&rules::SELF_CHECK, "the release does not verify").help(format!(
            "sign with the key whose public half is committed as {}",
            super::COMMITTED_KEY
        )),
    ];
    findings.extend(verdict.findings);
    Ok(findings)
}
