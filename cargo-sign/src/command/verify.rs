//! `cargo sign verify`.

use std::path::{Path, PathBuf};

use clap::Args;
use release_gate::artifacts::PackageArtifacts;
use release_gate::{Context, Error, Outcome, Report, Result, Status};
use release_gate_facts::files::RELEASE_FOLDER;
use release_gate_facts::report::pack::PackData;
use release_gate_facts::{Envelope, Fact, ReportData as _};

use super::extract;
use super::release::judge_release;
use super::trust::{self, NamedKeys, Trust};
use crate::archive::is_archive;
use crate::format::bundle::is_bundle;
use crate::inspect::{
    Evidence, check_archive, check_archive_structure, check_directory, check_file, check_list,
    check_listed_unsigned, check_provenance, check_unsigned,
};
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::judge::provenance::{Expected, LOG};
use crate::judge::verdict::Verdict;
use crate::memory::Memory;
use crate::model::companion::{LIST, PROVENANCE, published};
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
        let own = own_release(cx, path);
        let folder = own.as_deref().unwrap_or(path);
        let one = judge_one(cx, args, memory.as_ref(), folder, own.is_some())?;
        verdict.absorb(one.verdict.clone());
        all.push(one);
    }
    say_once(&mut verdict.findings);

    let pinned = all.iter().all(|one| one.trust.keys.pinned);
    if let Some(into) = &args.extract
        && may_extract(cx, &verdict, pinned)
    {
        let mut archives = Vec::new();
        for one in &mut all {
            archives.extend(archives_of(one)?);
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
fn archives_of(one: &mut Judged) -> Result<Vec<extract::Archive>> {
    let path = &one.path;
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
    /// What was judged: the argument, or the release in it.
    path: PathBuf,
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
    own: bool,
) -> Result<Judged> {
    let name = file_name(path);
    let unsigned = is_unsigned(cx, args, memory, path)?;
    let trust = if unsigned {
        Trust::none()
    } else {
        Trust::find(cx, &args.named_keys(), memory, path)?
    };
    let mut archive = None;
    let mut verdict = if unsigned {
        let (verdict, checked) = check_unsigned(path)?;
        archive = checked
            .filter(|_| is_archive(&name))
            .map(|checked| (name.clone(), checked));
        verdict
    } else if path.is_dir() {
        check_directory(path, &trust.keys, Extent::Folder)?
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
    let beside = folder.map(|folder| Evidence::beside(&folder.join(PROVENANCE)));
    provenance(args, beside, &mut verdict, &trust.keys)?;
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
        path: path.to_owned(),
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

/// The folder of the project's own release, where that or the artifact folder around it was named.
/// Only a project that was named has one: a download can be laid out like it.
fn own_release(cx: &mut Context, path: &Path) -> Option<PathBuf> {
    if cx.args().manifest_path().is_none() || !path.is_dir() {
        return None;
    }
    let root = cx.artifacts().ok()?.root().canonicalize().ok()?;
    let folder = path.canonicalize().ok()?;
    let release = folder.join(RELEASE_FOLDER);
    if folder.parent() == Some(&root) && release.is_dir() {
        return Some(release);
    }
    let above = folder.parent()?.parent()?;
    (folder.file_name() == release.file_name() && above == root).then_some(folder)
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

/// Judges the provenance that was named, or the release's `own`; without a source to expect,
/// neither.
fn provenance(
    args: &VerifyArgs,
    own: Option<Evidence>,
    verdict: &mut Verdict,
    keys: &Keys,
) -> Result<()> {
    let Some(source_uri) = &args.source_uri else {
        return Ok(());
    };
    let named = args.provenance.as_deref().map(Evidence::beside);
    let Some(evidence) = named.or(own) else {
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
    check_provenance(verdict, &evidence, &expected, keys)
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
        if nothing_packed(&folder)? {
            let skipped = Report::new("verify", &TOOL, subject).status(Status::Skipped);
            reports.push(skipped.summary("the build had no artifact to pack"));
            continue;
        }
        let mut verdict = judge_release(cx, &subject, &folder.release_dir(), &keys)?;
        let own = Evidence {
            path: folder.path(&published(PROVENANCE)),
            log: folder.path(LOG),
        };
        provenance(args, Some(own), &mut verdict, &keys)?;
        if let Some(into) = &args.extract
            && may_extract(cx, &verdict, keys.pinned)
        {
            extract::unpack(
                cx,
                into,
                &mut extract::verified_in(&folder.release_dir(), &verdict)?,
            )?;
        }
        reports.push(report(verdict, keys.pinned, Some(subject)));
    }
    Ok(Outcome::Reports(reports))
}

/// Whether `pack` said that there was nothing to pack.
fn nothing_packed(folder: &PackageArtifacts) -> Result<bool> {
    let Some(bytes) = folder.read(PackData::FILE)? else {
        return Ok(false);
    };
    let packed = match Fact::<Envelope<PackData>>::read(Some(&bytes)) {
        Fact::NotApplicable(_) => false,
        Fact::OtherShape(why) => {
            return Err(Error::judge(format!(
                "`{}` cannot be relied on: {why}",
                PackData::FILE
            )));
        }
        _ => true,
    };
    Ok(!packed && !has_release(&folder.release_dir())?)
}

/// Whether something that belongs to a release lies in its folder; that is judged, whatever a
/// report says.
fn has_release(dir: &Path) -> Result<bool> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable_folder(dir, error)),
    };
    let mut names = entries
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.any(|name| is_archive(&name) || name.starts_with(LIST)))
}
