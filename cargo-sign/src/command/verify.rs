//! `cargo sign verify`.

use std::io::Write as _;
use std::path::Path;

use release_gate::digest::Sha256Digest;
use release_gate::fs::AtomicFile;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Config;
use super::trust::{self, Trust};
use crate::archive::{Limits, walk};
use crate::cli::VerifyArgs;
use crate::format::bundle::is_bundle;
use crate::format::public_key::PublicKey;
use crate::judge::{
    Checked, Expected, Extent, Keys, Verdict, check_archive, check_directory, check_file, check_list,
    check_provenance, check_structure, check_unsigned, is_archive, read_provenance, signature_of,
};
use crate::memory::Memory;
use crate::model::provenance::Build;
use crate::{TOOL, rules};

/// `verify.json`'s data.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Data {
    /// Files that held.
    pub files: Vec<File>,
    /// Fingerprints of the keys that vouch for them.
    pub keys: Vec<String>,
    /// Builds that vouch for them, where provenance was judged.
    #[serde(default)]
    pub provenance: Vec<Build>,
}

/// A file that held.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub(crate) struct File {
    /// Its name.
    pub name: String,
    /// SHA-256.
    pub sha256: Sha256Digest,
    /// Size in bytes.
    pub size: u64,
}

pub(crate) fn run(cx: &mut Context, args: &VerifyArgs) -> Result<Outcome> {
    if args.files.is_empty() {
        return project(cx, args);
    }
    let memory = Memory::of_user();
    if memory.is_none() {
        cx.terminal.warn(format!("nothing is remembered: set {} to a folder", crate::memory::ENV));
    }
    let mut verdict = Verdict::default();
    let mut archives = Vec::new();
    let mut trusts = Vec::new();
    for path in &args.files {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        cx.terminal.status("Verifying", path.display().to_string());
        if !path.exists() {
            return Err(Error::judge(format!("there is no `{}`", path.display())));
        }
        let unsigned = is_unsigned(cx, args, path)?;
        let trust = if unsigned { Trust::none() } else { Trust::find(cx, args, memory.as_ref(), path)? };
        let own = path.is_dir() && is_own(cx, path);
        let mut one = if unsigned {
            let (mut one, checked) = check_unsigned(path)?;
            if let Some(mut checked) = checked.filter(|_| args.extract.is_some() && is_archive(&name)) {
                // Whoever signed it, nothing is unpacked that was not looked through first.
                check_structure(&mut one, &mut checked.file, &name)?;
                archives.push((name, checked));
            }
            one
        } else if path.is_dir() {
            check_directory(path, &trust.keys, if own { Extent::Artifacts } else { Extent::Folder })?
        } else if name == "checksums.txt" {
            check_list(path, &trust.keys, Extent::Listed)?
        } else if is_archive(&name) {
            let (one, checked) = check_archive(path, &trust.keys)?;
            archives.extend(checked.map(|checked| (name, checked)));
            one
        } else {
            check_file(path, &trust.keys)?.0
        };
        trust.compare(&mut one, args.allow_rollback || own);
        if let (Some(path), Some(source_uri)) = (&args.provenance, &args.source_uri) {
            check_provenance(&mut one, path, &expected(args, source_uri), &trust.keys)?;
        }
        verdict.findings.extend(one.findings.clone());
        verdict.remarks.extend(one.remarks.clone());
        verdict.held.extend(one.held.clone());
        verdict.built.extend(one.built.clone());
        trusts.push((trust, one, own));
    }
    let mut said = Vec::new();
    verdict.findings.retain(|finding| {
        !said.contains(finding) && {
            said.push(finding.clone());
            true
        }
    });
    let pinned = trusts.iter().all(|(trust, ..)| trust.keys.pinned);
    if verdict.holds() && pinned && args.extract.is_some() {
        for path in args.files.iter().filter(|path| path.is_dir()) {
            archives.extend(archives_of(path)?);
        }
    }
    extract(cx, args, &verdict, pinned, &mut archives)?;
    if let Some(memory) = memory.filter(|_| verdict.holds() && pinned && !cx.args().dry_run) {
        for (trust, one, _) in trusts.iter().filter(|(.., own)| !own) {
            // A folder that cannot be written to does not make the release any worse.
            if let Err(error) = trust.remember(&memory, one) {
                cx.terminal.warn(format!("nothing is remembered: {}", error.chain()));
            }
        }
    }
    Ok(report(verdict, pinned, None).print_only().into())
}

/// Whether nothing but a Sigstore bundle vouches for a file: it has no signature of its own, and no key to have one by was
/// named or committed.
fn is_unsigned(cx: &mut Context, args: &VerifyArgs, path: &Path) -> Result<bool> {
    let Some(provenance) = &args.provenance else { return Ok(false) };
    Ok(args.key.is_empty()
        && !path.is_dir()
        && signature_of(path)?.is_none()
        && is_bundle(&read_provenance(provenance)?)
        && trust::of_enclosing_project(cx)?.is_none())
}

/// Whether a folder is that of the project's own artifacts, where the gates' reports lie beside the release.
fn is_own(cx: &mut Context, path: &Path) -> bool {
    // Only the gates leave a manifest; to look for a project takes cargo, which a download is none of.
    if !path.join(release_gate::artifacts::MANIFEST).is_file() {
        return false;
    }
    let Ok(root) = cx.artifacts() else { return false };
    let parent = |path: &Path| path.canonicalize().ok()?.parent().map(Path::to_owned);
    root.root().canonicalize().is_ok_and(|root| parent(path) == Some(root))
}

fn expected(args: &VerifyArgs, source_uri: &str) -> Expected {
    Expected {
        source_uri: source_uri.to_owned(),
        source_tag: args.source_tag.clone(),
        source_branch: args.source_branch.clone(),
        trusted_root: args.trusted_root.clone(),
        builder_id: args.builder_id.clone(),
    }
}

/// Without arguments: the release in the project's artifact folder.
fn project(cx: &mut Context, args: &VerifyArgs) -> Result<Outcome> {
    cx.project()?;
    let root = cx.artifacts()?;
    let config: Config = cx.config()?;
    let keys = trust::of_project_or_named(cx.project()?, &config, &args.key)?;
    let keys = trust::with_named_keyring(keys, args)?;
    let packages: Vec<_> = cx.project()?.selected().cloned().collect();
    let mut reports = Vec::new();
    for package in packages {
        let subject = cx.project()?.subject(&package);
        let folder = root.for_package(&package.name, &package.version.to_string());
        if nothing_packed(folder.dir())? {
            let skipped = Report::new("verify", &TOOL, subject).status(release_gate::Status::Skipped);
            reports.push(skipped.summary("the build had no artifact to pack"));
            continue;
        }
        let mut verdict = judge_release(cx, &subject, folder.dir(), &keys)?;
        if let (Some(path), Some(source_uri)) = (&args.provenance, &args.source_uri) {
            check_provenance(&mut verdict, path, &expected(args, source_uri), &keys)?;
        }
        let mut archives = if args.extract.is_some() { archives_of(folder.dir())? } else { Vec::new() };
        extract(cx, args, &verdict, keys.pinned, &mut archives)?;
        reports.push(report(verdict, keys.pinned, Some(subject)));
    }
    Ok(Outcome::Reports(reports))
}

/// Judges the release in a project's artifact folder: it has to be of the package, version and commit that are checked out.
pub(super) fn judge_release(cx: &Context, subject: &Subject, dir: &Path, keys: &Keys) -> Result<Verdict> {
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    let (package, version) = (text(&subject.package), text(&subject.version));
    cx.terminal.status("Verifying", format!("{package} {version}"));
    let mut verdict = check_directory(dir, keys, Extent::Artifacts)?;
    let commit = subject.commit.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    for held in &verdict.held {
        let Some((_, comment)) = &held.signed else { continue };
        for (rule, a, b) in [
            (&rules::PROJECT_MISMATCH, &comment.project, &package),
            (&rules::VERSION_MISMATCH, &comment.version, &version),
            (&rules::COMMIT_MISMATCH, &comment.commit, &commit),
        ] {
            if a != b {
                let text = format!("`{}` is signed for {a}, and the project is at {b}", held.file);
                verdict.findings.push(
                    Finding::new(rule, text).help("run `cargo repro build` and `cargo sign pack` again"),
                );
            }
        }
    }
    Ok(verdict)
}

/// Whether `pack` said that there was nothing to pack.
fn nothing_packed(dir: &Path) -> Result<bool> {
    let Ok(bytes) = std::fs::read(dir.join("pack.json")) else { return Ok(false) };
    let envelope = release_gate::report::Envelope::read(&bytes, "pack")
        .map_err(|error| Error::judge("`pack.json` cannot be relied on").with_source(error))?;
    Ok(envelope.status == release_gate::Status::Skipped && !dir.join("checksums.txt.sig").exists())
}

fn report(verdict: Verdict, pinned: bool, subject: Option<Subject>) -> Report {
    let holds = verdict.holds();
    let mut data = Data { provenance: verdict.built, ..Data::default() };
    let mut human = String::new();
    let mut findings = verdict.findings;
    let mut subject = subject;
    for held in &verdict.held {
        data.files.push(File { name: held.file.clone(), sha256: held.sha256, size: held.size });
        if let Some((key, comment)) = &held.signed {
            let fingerprint = PublicKey::new(*key).fingerprint();
            if holds && pinned {
                human.push_str(&format!(
                    "OK  {}  {} {}  commit {}  key {fingerprint}\n",
                    held.file, comment.project, comment.version, comment.commit
                ));
            }
            if !data.keys.contains(&fingerprint) {
                data.keys.push(fingerprint);
            }
            subject.get_or_insert_with(|| Subject {
                package: Some(comment.project.clone()),
                version: Some(comment.version.clone()),
                commit: comment.commit.parse().ok(),
                dirty: comment.dirty,
                ..Subject::default()
            });
        } else if holds && pinned {
            human.push_str(&format!("OK  {}\n", held.file));
        }
    }
    if holds && pinned {
        for remark in &verdict.remarks {
            human.push_str(remark);
            human.push('\n');
        }
    }
    if !pinned {
        findings.push(Finding::new(&rules::KEY_UNPINNED, "UNPINNED: the key came with the download").help(
            format!(
                "compare the fingerprint {} with one you trust, then name the key with --key",
                data.keys.join(", ")
            ),
        ));
    }
    let summary = format!("{} files", data.files.len());
    Report::new("verify", &TOOL, subject.unwrap_or_default())
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary)
}

fn archives_of(dir: &Path) -> Result<Vec<(String, Checked)>> {
    let mut archives = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let Ok(name) = entry.file_name().into_string() else { continue };
        if is_archive(&name) {
            archives.extend(Checked::open(&entry.path(), false)?.map(|checked| (name, checked)));
        }
    }
    archives.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(archives)
}

/// Unpacks, after everything held, from the handles that were verified.
fn extract(
    cx: &Context,
    args: &VerifyArgs,
    verdict: &Verdict,
    pinned: bool,
    archives: &mut [(String, Checked)],
) -> Result<()> {
    let Some(dir) = &args.extract else { return Ok(()) };
    if !verdict.holds() || !pinned {
        cx.terminal.warn("nothing was extracted: not everything held");
        return Ok(());
    }
    for (name, checked) in archives {
        // The handle may belong to a file somebody has written to since: only what was verified is unpacked.
        let vouched = verdict.held.iter().any(|held| held.file == *name && held.sha256 == checked.sha256);
        if !vouched {
            return Err(Error::judge(format!(
                "`{name}` changed while it was verified; nothing of it was extracted"
            )));
        }
        if cx.args().dry_run {
            cx.terminal.status("Would extract", name.as_str());
            continue;
        }
        let wrong = |error: &dyn std::fmt::Display| Error::judge(format!("cannot extract `{name}`: {error}"));
        walk(&mut checked.file, Limits::default(), &mut |member, reader| {
            let mut file = AtomicFile::create(dir.join(&member.path))
                .map_err(|error| std::io::Error::other(error.to_string()))?;
            std::io::copy(reader, &mut file)?;
            file.flush()?;
            #[cfg(unix)]
            if member.executable {
                file.file().set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
            }
            file.commit().map_err(|error| std::io::Error::other(error.to_string()))
        })
        .map_err(|error| wrong(&error))?;
        cx.terminal.status("Extracted", name.as_str());
    }
    Ok(())
}
