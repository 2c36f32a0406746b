//! `cargo sign verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use release_gate::report::Envelope;
use release_gate::{Context, Error, Outcome, Report, Result, Status};

use super::extract;
use super::release::judge_release;
use super::trust::{self, NamedKeys, Trust};
use crate::archive::is_archive;
use crate::format::bundle::is_bundle;
use crate::inspect::{
    check_archive, check_archive_structure, check_directory, check_file, check_list,
    check_listed_unsigned, check_provenance, check_unsigned,
};
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::judge::provenance::Expected;
use crate::judge::verdict::Verdict;
use crate::memory::Memory;
use crate::model::companion::{LIST, PROVENANCE};
use crate::model::config::Config;
use crate::read::file::{file_name, signature_of};
use crate::read::folder::unreadable_folder;
use crate::read::provenance::read_provenance;
use crate::report::verify::{plain_path, report, say_once};
use crate::tool::TOOL;

#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// A public key you trust, or the fingerprint (SHA256:…) of one beside the download [default:
    /// without FILE, release-keys/ of the project; else the key the project was verified with
    /// before, else release-keys/ of the project --manifest-path names]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// The project's keyring [default: the keyring.json in the folder that is judged]
    #[arg(long, value_name = "FILE")]
    pub(crate) keyring: Option<PathBuf>,
    /// Accept a release that is older than one verified before
    #[arg(long)]
    pub(crate) allow_rollback: bool,
    /// After everything held, unpack the archives there
    #[arg(long, value_name = "DIR")]
    pub(crate) extract: Option<PathBuf>,
    /// Also check this SLSA provenance: what `cargo sign attest` wrote, or a Sigstore bundle
    /// (GitHub's attestations) [default with --source-uri: provenance.intoto.jsonl of the
    /// release]
    #[arg(long, value_name = "FILE", requires = "source_uri")]
    pub(crate) provenance: Option<PathBuf>,
    /// Where the source has to live, as you know it
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// The tag it has to be built from
    #[arg(long, value_name = "TAG", requires = "provenance")]
    pub(crate) source_tag: Option<String>,
    /// The branch it has to be built from
    #[arg(
        long,
        value_name = "BRANCH",
        requires = "provenance",
        conflicts_with = "source_tag"
    )]
    pub(crate) source_branch: Option<String>,
    /// The builder it has to name [default: the maintainer's own; of a Sigstore bundle, a workflow
    /// of the source itself or of slsa-github-generator]
    #[arg(long, value_name = "ID", requires = "provenance")]
    pub(crate) builder_id: Option<String>,
    /// The instances of Sigstore whose bundles are believed: trusted_root.json [default:
    /// Sigstore's public one and GitHub's]
    #[arg(long, value_name = "FILE", requires = "provenance")]
    pub(crate) trusted_root: Option<PathBuf>,
    /// Archives, folders, lists or other signed files [default: the package's artifact folder]
    #[arg(value_name = "FILE|DIR")]
    pub(crate) files: Vec<PathBuf>,
}

impl VerifyArgs {
    fn named_keys(&self) -> NamedKeys<'_> {
        NamedKeys {
            keys: &self.key,
            keyring: self.keyring.as_deref(),
        }
    }
}

pub(crate) fn run(cx: &mut Context, args: &VerifyArgs) -> Result<Outcome> {
    if args.files.is_empty() {
        return verify_project(cx, args);
    }
    let memory = Memory::of_user()?;
    if memory.is_none() {
        cx.terminal.warn(format!(
            "nothing is remembered: set {} to a folder",
            crate::memory::ENV
        ));
    }

    let mut verdict = Verdict::default();
    let mut all = Vec::new();
    for path in &args.files {
        cx.terminal.status("Verifying", plain_path(path));
        if !path.exists() {
            return Err(Error::judge(format!("there is no `{}`", plain_path(path))));
        }
        let one = judge_one(cx, args, memory.as_ref(), path)?;
        verdict.absorb(one.verdict.clone());
        all.push(one);
    }
    say_once(&mut verdict.findings);

    let pinned = all.iter().all(|one| one.trust.keys.pinned);
    if let Some(into) = &args.extract
        && may_extract(cx, &verdict, pinned)
    {
        let mut archives = Vec::new();
        for (one, path) in all.iter_mut().zip(&args.files) {
            archives.extend(archives_of(one, path)?);
        }
        extract::unpack(cx, into, &mut archives)?;
    }
    if verdict.holds() && pinned && !cx.args().dry_run {
        remember(cx, memory.as_ref(), &all);
    }

    let empty = all.iter().any(|one| one.verdict.verified.is_empty());
    let report = report(verdict, pinned, None).print_only();
    Ok(if empty {
        report.unless_failed(Status::Error)
    } else {
        report
    }
    .into())
}

/// The archives of one argument, opened.
fn archives_of(one: &mut Judged, path: &Path) -> Result<Vec<extract::Archive>> {
    if let Some(archive) = one.archive.take() {
        return Ok(vec![archive]);
    }
    if path.is_dir() {
        return extract::verified_in(path, &one.verdict);
    }
    if path.ends_with(LIST) {
        return extract::verified_in(path.parent().unwrap_or(Path::new("")), &one.verdict);
    }
    Ok(Vec::new())
}

/// Remembers what held. A folder that cannot be written to does not make the release any worse.
fn remember(cx: &Context, memory: Option<&Memory>, all: &[Judged]) {
    let Some(memory) = memory else { return };
    for one in all.iter().filter(|one| !one.own) {
        if let Err(error) = one.trust.remember(memory, &one.verdict) {
            cx.terminal
                .warn(format!("nothing is remembered: {}", error.chain()));
        }
    }
}

/// What was found out about one argument.
struct Judged {
    trust: Trust,
    verdict: Verdict,
    /// The project's own artifact folder.
    own: bool,
    /// An archive that was named itself, by the handle it was judged by.
    archive: Option<extract::Archive>,
}

fn judge_one(
    cx: &mut Context,
    args: &VerifyArgs,
    memory: Option<&Memory>,
    path: &Path,
) -> Result<Judged> {
    let name = file_name(path);
    let unsigned = is_unsigned(cx, args, memory, path)?;
    let trust = if unsigned {
        Trust::none()
    } else {
        Trust::find(cx, &args.named_keys(), memory, path)?
    };
    let own = path.is_dir() && is_own(cx, path);
    let mut archive = None;
    let mut verdict = if unsigned {
        let (verdict, checked) = check_unsigned(path)?;
        archive = checked
            .filter(|_| is_archive(&name))
            .map(|checked| (name.clone(), checked));
        verdict
    } else if path.is_dir() {
        check_directory(
            path,
            &trust.keys,
            if own {
                Extent::Artifacts
            } else {
                Extent::Folder
            },
        )?
    } else if name == LIST {
        check_list(path, &trust.keys, Extent::Listed)?
    } else if is_archive(&name) {
        let (verdict, checked) = check_archive(path, &trust.keys)?;
        archive = checked.map(|checked| (name.clone(), checked));
        verdict
    } else {
        check_file(path, &trust.keys)?.0
    };
    trust.compare(&mut verdict, args.allow_rollback || own);
    let folder = if path.is_dir() {
        Some(path)
    } else {
        path.parent().filter(|_| path.ends_with(LIST))
    };
    provenance(args, folder, &mut verdict, &trust.keys)?;
    // Nothing is looked into before somebody vouches for it.
    if unsigned && verdict.holds() {
        if name == LIST {
            check_listed_unsigned(&mut verdict, path)?;
        }
        if let Some((name, checked)) = archive.as_mut().filter(|_| args.extract.is_some()) {
            check_archive_structure(&mut verdict, checked, name)?;
        }
    }
    Ok(Judged {
        trust,
        verdict,
        own,
        archive,
    })
}

/// Whether nothing but a Sigstore bundle vouches for a file: it has no signature of its own, and no
/// key to have one by was named, is remembered, or is committed in the project that was named.
fn is_unsigned(
    cx: &mut Context,
    args: &VerifyArgs,
    memory: Option<&Memory>,
    path: &Path,
) -> Result<bool> {
    let Some(provenance) = &args.provenance else {
        return Ok(false);
    };
    Ok(args.key.is_empty()
        && !path.is_dir()
        && signature_of(path)?.is_none()
        && is_bundle(&read_provenance(provenance)?)
        && trust::known(memory, path)?.is_empty()
        && trust::of_named_project(cx)?.is_none())
}

/// Whether a folder is that of the project's own artifacts, where the gates' reports lie beside the
/// release. Only a project that was named has one: a download can be laid out like it.
fn is_own(cx: &mut Context, path: &Path) -> bool {
    if cx.args().manifest_path().is_none()
        || !path.join(release_gate::artifacts::MANIFEST).is_file()
    {
        return false;
    }
    let Ok(root) = cx.artifacts() else {
        return false;
    };
    let parent = |path: &Path| path.canonicalize().ok()?.parent().map(Path::to_owned);
    root.root()
        .canonicalize()
        .is_ok_and(|root| parent(path) == Some(root))
}

/// Whether everything held, so that something may be unpacked.
fn may_extract(cx: &Context, verdict: &Verdict, pinned: bool) -> bool {
    let may = verdict.holds() && pinned;
    if !may {
        cx.terminal
            .warn("nothing was extracted: not everything held");
    }
    may
}

/// Judges the provenance that was named, or the one of the release in this folder; without a source
/// to expect, neither.
fn provenance(
    args: &VerifyArgs,
    folder: Option<&Path>,
    verdict: &mut Verdict,
    keys: &Keys,
) -> Result<()> {
    let Some(source_uri) = &args.source_uri else {
        return Ok(());
    };
    let own = || folder.map(|folder| folder.join(PROVENANCE));
    let Some(path) = args.provenance.clone().or_else(own) else {
        return Err(
            Error::usage("--source-uri is judged by the provenance, and none was named")
                .with_help("name it with --provenance"),
        );
    };
    let expected = Expected {
        source_uri: source_uri.clone(),
        source_tag: args.source_tag.clone(),
        source_branch: args.source_branch.clone(),
        trusted_root: args.trusted_root.clone(),
        builder_id: args.builder_id.clone(),
    };
    check_provenance(verdict, &path, &expected, keys)
}

/// Without arguments: the release in the project's artifact folder.
fn verify_project(cx: &mut Context, args: &VerifyArgs) -> Result<Outcome> {
    cx.project()?;
    let root = cx.artifacts()?;
    let config: Config = cx.config()?;
    let keys = trust::of_project_or_named(cx.project()?, &config, &args.key)?;
    let keys = trust::with_named_keyring(keys, &args.named_keys())?;
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();
    let mut reports = Vec::new();
    for package in packages {
        let subject = cx.project()?.subject(&package);
        let folder = root.for_package(&package.name, &package.version.to_string());
        if nothing_packed(folder.dir())? {
            let skipped = Report::new("verify", &TOOL, subject).status(Status::Skipped);
            reports.push(skipped.summary("the build had no artifact to pack"));
            continue;
        }
        let mut verdict = judge_release(cx, &subject, folder.dir(), &keys)?;
        provenance(args, Some(folder.dir()), &mut verdict, &keys)?;
        if let Some(into) = &args.extract
            && may_extract(cx, &verdict, keys.pinned)
        {
            extract::unpack(cx, into, &mut extract::verified_in(folder.dir(), &verdict)?)?;
        }
        reports.push(report(verdict, keys.pinned, Some(subject)));
    }
    Ok(Outcome::Reports(reports))
}

/// Whether `pack` said that there was nothing to pack.
fn nothing_packed(dir: &Path) -> Result<bool> {
    let Ok(bytes) = std::fs::read(dir.join("pack.json")) else {
        return Ok(false);
    };
    let envelope = Envelope::read(&bytes, "pack")
        .map_err(|error| Error::judge("`pack.json` cannot be relied on").with_source(error))?;
    if envelope.status != Status::Skipped {
        return Ok(false);
    }
    // What lies there all the same is judged, whatever that report says.
    let packed = |name: &str| is_archive(name) || name.starts_with(LIST);
    let entries = std::fs::read_dir(dir).map_err(|error| unreadable_folder(dir, error))?;
    Ok(!entries
        .flatten()
        .any(|entry| packed(&entry.file_name().to_string_lossy())))
}
