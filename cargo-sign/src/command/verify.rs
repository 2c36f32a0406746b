//! `cargo sign verify`.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use release_gate::digest::Sha256Digest;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::trust::{self, Trust};
use super::{Config, extract, shown};
use crate::cli::VerifyArgs;
use crate::format::bundle::is_bundle;
use crate::format::public_key::PublicKey;
use crate::judge::{
    Expected, Extent, Keys, Verdict, check_archive, check_directory, check_file, check_list,
    check_listed_unsigned, check_provenance, check_structure, check_unsigned, is_archive,
    read_provenance, signature_of,
};
use crate::memory::Memory;
use crate::model::companion::LIST;
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
        cx.terminal.status("Verifying", shown(path));
        if !path.exists() {
            return Err(Error::judge(format!("there is no `{}`", shown(path))));
        }
        let one = judge_one(cx, args, memory.as_ref(), path)?;
        verdict.findings.extend(one.verdict.findings.clone());
        verdict.remarks.extend(one.verdict.remarks.clone());
        verdict.held.extend(one.verdict.held.clone());
        verdict.built.extend(one.verdict.built.clone());
        all.push(one);
    }
    said_once(&mut verdict.findings);
    let pinned = all.iter().all(|one| one.trust.keys.pinned);
    if let Some(into) = &args.extract
        && may_extract(cx, &verdict, pinned)
    {
        let mut archives = Vec::new();
        for (one, path) in all.iter_mut().zip(&args.files) {
            match (one.archive.take(), path.is_dir()) {
                (Some(archive), _) => archives.push(archive),
                (None, true) => archives.extend(extract::held_in(path, &one.verdict)?),
                (None, false) if path.ends_with(LIST) => {
                    archives.extend(extract::held_in(
                        path.parent().unwrap_or(Path::new("")),
                        &one.verdict,
                    )?);
                }
                (None, false) => {}
            }
        }
        extract::unpack(cx, into, &mut archives)?;
    }
    if let Some(memory) = memory.filter(|_| verdict.holds() && pinned && !cx.args().dry_run) {
        for one in all.iter().filter(|one| !one.own) {
            // A folder that cannot be written to does not make the release any worse.
            if let Err(error) = one.trust.remember(&memory, &one.verdict) {
                cx.terminal
                    .warn(format!("nothing is remembered: {}", error.chain()));
            }
        }
    }
    let empty = all.iter().any(|one| one.verdict.held.is_empty());
    let report = report(verdict, pinned, None).print_only();
    Ok(if empty {
        report.unless_failed(Status::Error)
    } else {
        report
    }
    .into())
}

/// How many findings by one rule are reported one by one.
const BY_ONE_RULE: usize = 200;

/// Leaves each finding once. What there is too much of to be read is counted: whoever made a
/// download decides how much is wrong with it.
fn said_once(findings: &mut Vec<Finding>) {
    let (mut said, mut left_out) = (HashSet::new(), BTreeMap::<String, (usize, Finding)>::new());
    let mut by_rule = BTreeMap::<String, usize>::new();
    findings.retain(|finding| {
        // Levels are set later, so that nothing which decides is left out.
        let named = serde_json::to_string(&(&finding.path, &finding.help, &finding.evidence))
            .unwrap_or_default();
        if !said.insert((finding.rule.clone(), finding.message.clone(), named)) {
            return false;
        }
        let count = by_rule.entry(finding.rule.clone()).or_default();
        *count += 1;
        if *count > BY_ONE_RULE {
            let more = left_out.entry(finding.rule.clone());
            more.and_modify(|(count, _)| *count += 1)
                .or_insert_with(|| (1, finding.clone()));
        }
        *count <= BY_ONE_RULE
    });
    findings.extend(left_out.into_values().map(|(count, finding)| Finding {
        message: format!("and {count} more of the kind `{}`", finding.rule),
        evidence: BTreeMap::new(),
        ..finding
    }));
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
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let unsigned = is_unsigned(cx, args, memory, path)?;
    let trust = if unsigned {
        Trust::none()
    } else {
        Trust::find(cx, args, memory, path)?
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
            check_structure(&mut verdict, &mut checked.file, name)?;
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
    let own = || folder.map(|folder| folder.join(super::attest::FILE));
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
            let skipped = Report::new("verify", &TOOL, subject).status(Status::Skipped);
            reports.push(skipped.summary("the build had no artifact to pack"));
            continue;
        }
        let mut verdict = judge_release(cx, &subject, folder.dir(), &keys)?;
        provenance(args, Some(folder.dir()), &mut verdict, &keys)?;
        if let Some(into) = &args.extract
            && may_extract(cx, &verdict, keys.pinned)
        {
            extract::unpack(cx, into, &mut extract::held_in(folder.dir(), &verdict)?)?;
        }
        reports.push(report(verdict, keys.pinned, Some(subject)));
    }
    Ok(Outcome::Reports(reports))
}

/// Judges the release in a project's artifact folder: it has to be of the package, version and
/// commit that are checked out.
pub(super) fn judge_release(
    cx: &Context,
    subject: &Subject,
    dir: &Path,
    keys: &Keys,
) -> Result<Verdict> {
    let text = |name: &Option<String>| name.clone().unwrap_or_default();
    let (package, version) = (text(&subject.package), text(&subject.version));
    cx.terminal
        .status("Verifying", format!("{package} {version}"));
    let mut verdict = check_directory(dir, keys, Extent::Artifacts)?;
    let commit = subject
        .commit
        .as_ref()
        .map_or_else(|| "none".to_owned(), ToString::to_string);
    for held in &verdict.held {
        let Some((_, comment)) = &held.signed else {
            continue;
        };
        for (rule, a, b) in [
            (&rules::PROJECT_MISMATCH, &comment.project, &package),
            (&rules::VERSION_MISMATCH, &comment.version, &version),
            (&rules::COMMIT_MISMATCH, &comment.commit, &commit),
        ] {
            if a != b {
                let text = format!(
                    "`{}` is signed for {a}, and the project is at {b}",
                    held.file
                );
                verdict.findings.push(
                    Finding::new(rule, text)
                        .help("run `cargo repro build` and `cargo sign pack` again"),
                );
            }
        }
    }
    Ok(verdict)
}

/// Whether `pack` said that there was nothing to pack.
fn nothing_packed(dir: &Path) -> Result<bool> {
    let Ok(bytes) = std::fs::read(dir.join("pack.json")) else {
        return Ok(false);
    };
    let envelope = release_gate::report::Envelope::read(&bytes, "pack")
        .map_err(|error| Error::judge("`pack.json` cannot be relied on").with_source(error))?;
    if envelope.status != Status::Skipped {
        return Ok(false);
    }
    // What lies there all the same is judged, whatever that report says.
    let packed = |name: &str| is_archive(name) || name.starts_with(LIST);
    let entries = std::fs::read_dir(dir).map_err(|error| {
        Error::judge(format!("cannot read the folder `{}`", shown(dir))).with_source(error)
    })?;
    Ok(!entries
        .flatten()
        .any(|entry| packed(&entry.file_name().to_string_lossy())))
}

/// Shows what others wrote: nothing in it is obeyed by a terminal, or looks like a line of ours.
fn plain(text: &str) -> String {
    shown(Path::new(text))
}

fn report(verdict: Verdict, pinned: bool, subject: Option<Subject>) -> Report {
    let holds = verdict.holds();
    let mut data = Data {
        provenance: verdict.built,
        ..Data::default()
    };
    let mut human = String::new();
    let mut findings = verdict.findings;
    let mut subject = subject;
    for held in &verdict.held {
        data.files.push(File {
            name: held.file.clone(),
            sha256: held.sha256,
            size: held.size,
        });
        if let Some((key, comment)) = &held.signed {
            let fingerprint = PublicKey::new(*key).fingerprint();
            if holds && pinned {
                let [file, project, version, commit] = [
                    &held.file,
                    &comment.project,
                    &comment.version,
                    &comment.commit,
                ]
                .map(|text| plain(text));
                human.push_str(&format!(
                    "OK  {file}  {project} {version}  commit {commit}  key {fingerprint}\n"
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
            human.push_str(&format!("OK  {}\n", plain(&held.file)));
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
                "compare the fingerprint {} with one you trust, then name that with --key, or the key in a folder of its own",
                data.keys.join(", ")
            ),
        ));
    }
    let summary = format!("{} files", data.files.len());
    // Whatever is allowed: where nothing was verified, nothing passes.
    let unless_failed = if data.files.is_empty() {
        Status::Error
    } else {
        Status::Pass
    };
    Report::new("verify", &TOOL, subject.unwrap_or_default())
        .unless_failed(unless_failed)
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_said_once_and_too_many_are_counted() {
        let missing =
            |number: usize| Finding::new(&rules::FILE_MISSING, format!("`{number}` is missing"));
        let mut findings: Vec<_> = (0..20_000).chain(0..20_000).map(missing).collect();
        findings.push(Finding::new(
            &rules::DIGEST_MISMATCH,
            "`a` is not the one that was listed",
        ));
        let before = std::time::Instant::now();
        said_once(&mut findings);
        assert!(
            before.elapsed() < std::time::Duration::from_secs(5),
            "{:?}",
            before.elapsed()
        );
        assert_eq!(findings.len(), BY_ONE_RULE + 2);
        assert_eq!(findings[BY_ONE_RULE].rule, "digest-mismatch");
        assert_eq!(
            findings[BY_ONE_RULE + 1].message,
            "and 19800 more of the kind `file-missing`"
        );
        assert_eq!(findings[BY_ONE_RULE + 1].level, release_gate::Level::Deny);
    }
}
