//! `cargo sign pack`: archives of what was built, a list of everything, and signatures.

mod archives;
mod package_file;
mod publish;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use clap::Args;
use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::sha256_bytes;
use release_gate::project::{Package, Project};
use release_gate::public_key::PublicKey;
use release_gate::text::counted;
use release_gate::{
    Context, Error, Finding, Level, Outcome, Report, Result, Status, Subject, exit,
};
use release_gate_facts::files::KEYRING;
use release_gate_facts::report::pack::{ListedFile, PackData, PackedArchive};
use release_gate_facts::{Coverage, ReportData as _};

use self::archives::{Forms, Packer, Source};
use self::package_file::{is_library_release, publish_package};
use self::publish::{Signer, check_included, include, withdraw, write_list};
use super::audit_log::log;
use super::key_args::KeyArgs;
use super::signing::{refuse_tracked_key, tell_open};
use super::trust;
use crate::format::checksums::{self, List};
use crate::format::{keyring, sshsig};
use crate::inspect::check_directory;
use crate::inspect::gates::{refusals, uncovered};
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::key::Secret;
use crate::keyless;
use crate::model::companion::{LIST, TOKEN, bundle_of, published};
use crate::model::config::{COMMITTED_KEY, COMMITTED_KEYRING, Config, Emitter};
use crate::model::release::Release;
use crate::read::added::added;
use crate::read::builds::{Build, builds};
use crate::read::file::read_bounded;
use crate::read::keys::read_public_key;
use crate::rules;
use crate::ssh_keygen;
use crate::tool::TOOL;

/// The latest time a tar header has room for: 11 octal digits.
const MAX_EPOCH: i64 = 0o77_777_777_777;

#[derive(Debug, Args)]
pub(crate) struct PackArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Folder with buildinfo.json, sbom.cdx.json and the artifacts; several, where machines shared
    /// the targets among them [default: the package's artifact folder]
    #[arg(long, value_name = "DIR")]
    pub(crate) artifacts: Vec<PathBuf>,
    /// Also publish this file: an installer, a package, completions; it is listed with the archives
    #[arg(long, value_name = "FILE")]
    pub(crate) include: Vec<PathBuf>,
    /// Also put the files of this folder into every archive: completions, man pages
    #[arg(long, value_name = "DIR")]
    pub(crate) add: Vec<PathBuf>,
    /// Also publish the package as registries serve it: NAME-VERSION.crate, packed twice by cargo
    /// [default: only where the build made nothing but a library for Rust]
    #[arg(long = "crate")]
    pub(crate) package_file: bool,
    /// Pack although another gate refused this release, or its documents were edited
    #[arg(long)]
    pub(crate) despite_refusals: bool,
    /// Also write a zip for targets that are not Windows (which always get one)
    #[arg(long)]
    pub(crate) zip: bool,
    /// Also write a .tar.zst, smaller than the .tar.gz
    #[cfg(feature = "zstd")]
    #[arg(long)]
    pub(crate) zst: bool,
    /// Also have the list signed by this key of a security token (`sk-ssh-ed25519`), or of an SSH
    /// agent, through ssh-keygen: checksums.txt.token.sshsig
    #[arg(long, value_name = "FILE")]
    pub(crate) token: Option<PathBuf>,
    /// Also have the list signed by the platform's identity, through Sigstore:
    /// checksums.txt.sigstore.json. This speaks to a network, and needs a
    /// program with the feature `keyless`
    #[arg(long)]
    pub(crate) keyless: bool,
    /// The instance of Sigstore: its signing_config.json [default: the public one]
    #[arg(long, value_name = "FILE", requires = "keyless")]
    pub(crate) signing_config: Option<PathBuf>,
    /// More signatures of the list: `signify` for SHA256.sig, `raw` for checksums.txt.ed25519
    /// [default: `emit` of the configuration]
    #[arg(long, value_name = "FORMAT", value_delimiter = ',')]
    pub(crate) emit: Vec<Emitter>,
}

impl PackArgs {
    fn forms(&self) -> Forms {
        Forms {
            zip: self.zip,
            #[cfg(feature = "zstd")]
            zst: self.zst,
        }
    }
}

/// What all packages of a call have in common.
struct Call<'a> {
    args: &'a PackArgs,
    config: Config,
    key: Secret,
    /// Whether a gate that was not run keeps a release from being packed.
    silence_is_refused: bool,
    started: SystemTime,
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
    refuse_tracked_key(cx.project()?, args.key.key.as_deref())?;
    if args.keyless {
        keyless::check_possible(cx)?;
    }
    if let Some(token) = args.token.as_deref().filter(|token| !token.is_file()) {
        let text = format!("there is no key `{}`", token.display());
        return Err(Error::usage(text).with_help("name the file of a token's key, or its `.pub`"));
    }
    let call = Call {
        args,
        config,
        key: args.key.load()?,
        silence_is_refused: cx.level(&rules::GATE_SILENT)? == Level::Deny,
        started,
    };

    cx.project()?;
    let mut reports = Vec::new();
    for package in packages {
        let folder = root.for_package(&package.name, &package.version.to_string());
        reports.push(pack_package(cx, &call, &package, folder)?);
    }
    Ok(Outcome::Reports(reports))
}

fn pack_package(
    cx: &mut Context,
    call: &Call<'_>,
    package: &Package,
    mut folder: PackageArtifacts,
) -> Result<Report> {
    let project = cx.project()?;
    let subject = project.subject(package);
    let committed = trust::of_project(project, &call.config)?;
    let committed_key = trust::committed_key(project, &call.config)
        .map(|path| read_public_key(&path))
        .transpose()?;
    let keyring = read_bounded(&project.root.join(COMMITTED_KEYRING), keyring::MAX_LEN)?;
    let mut builds = builds(&call.args.artifacts, folder.dir(), &subject)?;
    let with_package_file = call.args.package_file || is_library_release(package, &builds);
    if with_package_file {
        builds.iter_mut().for_each(Build::leave_out_libraries);
    }
    let has_archives = builds.iter().any(|build| !build.by_target.is_empty());
    if !has_archives && !with_package_file {
        return Ok(Report::new(PackData::NAME, &TOOL, subject)
            .status(Status::Skipped)
            .summary("the build has no artifact to pack"));
    }

    let (refused, silent) = check_gates(call, &folder, &subject, &builds)?;
    if !refused.is_empty() && !call.args.despite_refusals {
        // No level makes a release of it: anyone who means to asks for that.
        return Ok(Report::new(PackData::NAME, &TOOL, subject)
            .status(Status::Error)
            .findings(refused)
            .summary("nothing was packed"));
    }
    let release = release_of(project, package, &subject, !refused.is_empty())?;
    check_included(&call.args.include, &release)?;
    let signer = signer(call, committed);
    let problems = check_signer(&signer, &release);
    if !problems.is_empty() {
        return Ok(Report::new(PackData::NAME, &TOOL, subject)
            .findings(problems)
            .unless_failed(Status::Error)
            .summary("nothing was packed"));
    }

    // What lies beside the source and was never committed is nobody's to publish.
    let packer = Packer {
        key: &signer.key,
        release: &release,
        source: Source::of(project, package, &subject),
        added: added(&call.args.add)?,
        forms: call.args.forms(),
    };
    let written = packer.pack(&mut folder, &builds)?;
    for name in &written.left_out {
        cx.terminal.note(format!(
            "`{name}` is not packed: it is not part of the commit, or a link that leads out of it"
        ));
    }
    write_infos(&mut folder, keyring.as_deref(), &written.infos)?;
    let infos: Vec<&str> = written.infos.keys().map(String::as_str).collect();
    let mut included = include(&mut folder, &call.args.include)?;
    if with_package_file {
        included.push(publish_package(cx, package, &subject, &mut folder)?);
    }
    let others: Vec<&str> = infos
        .into_iter()
        .chain(included.iter().map(String::as_str))
        .collect();
    let list = write_list(&mut folder, &signer, &release, &written.archives, &others)?;

    sign_by_others(cx, call.args, &mut folder, &release, &list)?;

    let mut findings = self_check(cx, &folder.release_dir(), &signer)?;
    findings.extend(silent);
    findings.extend(check_committed_key(
        &signer,
        committed_key.as_ref(),
        &release,
    ));
    conclude(cx, call, folder, &findings, &list)?;
    let data = PackData {
        key: signer.key.public().fingerprint(),
        files: other_files(&list, &written.archives),
        archives: written.archives,
    };
    let summary = summary_of(&data);
    Ok(Report::new(PackData::NAME, &TOOL, subject)
        .findings(findings)
        .data(&data)
        .coverage(Coverage::of(list.len()))
        .human(listed(&list))
        .summary(summary))
}

/// Has the list signed by a security token and by the platform's identity, where that was asked for.
fn sign_by_others(
    cx: &Context,
    args: &PackArgs,
    folder: &mut PackageArtifacts,
    release: &Release,
    list: &List,
) -> Result<()> {
    let signed = add_signatures(cx, args, folder, release, &checksums::render(list));
    if signed.is_err() {
        // What was asked for is not there: nothing that looks like the release stays.
        withdraw(folder)?;
    }
    signed
}

fn add_signatures(
    cx: &Context,
    args: &PackArgs,
    folder: &mut PackageArtifacts,
    release: &Release,
    text: &str,
) -> Result<()> {
    if let Some(token) = &args.token {
        let namespace = sshsig::namespace(&release.project);
        let signature = ssh_keygen::sign(&cx.runner, token, &namespace, text.as_bytes())?;
        folder.write(&published(TOKEN), &signature)?;
    }
    if args.keyless {
        cx.terminal.status("Signing", "by the platform's identity");
        let digest = sha256_bytes(text.as_bytes());
        let bundle = keyless::sign_file(digest, args.signing_config.as_deref())?;
        folder.write(&published(&bundle_of(LIST)), &bundle)?;
    }
    Ok(())
}

/// What was packed, in a line.
fn summary_of(data: &PackData) -> String {
    let archives = counted(data.archives.len(), "archive", "archives");
    format!("{archives}, signed by {}", data.key)
}

/// Writes the keyring and the documents that describe the release beside its archives.
fn write_infos(
    folder: &mut PackageArtifacts,
    keyring: Option<&[u8]>,
    infos: &BTreeMap<String, Vec<u8>>,
) -> Result<()> {
    if let Some(bytes) = keyring {
        folder.write(&published(KEYRING), bytes)?;
    }
    for (name, bytes) in infos {
        let name = published(name);
        if folder.read(&name)?.as_ref() != Some(bytes) {
            folder.write(&name, bytes)?;
        }
    }
    Ok(())
}

/// What the other gates say against the release, and a remark on those that were not run.
fn check_gates(
    call: &Call<'_>,
    folder: &PackageArtifacts,
    subject: &Subject,
    builds: &[Build],
) -> Result<(Vec<Finding>, Option<Finding>)> {
    let (mut refused, mut silent) = refusals(folder, subject)?;
    refused.extend(uncovered(folder, builds)?);
    if call.silence_is_refused {
        refused.extend(silent.take());
    }
    Ok((refused, silent))
}

/// The key under the id it is published by, and in what formats it signs.
fn signer(call: &Call<'_>, committed: Option<Keys>) -> Signer {
    let key = call
        .key
        .clone()
        .published_among(committed.iter().flat_map(|keys| &keys.keys));
    let emit: Vec<Emitter> = if call.args.emit.is_empty() {
        call.config.emit.clone()
    } else {
        call.args.emit.clone()
    };
    Signer {
        key,
        emit,
        committed,
    }
}

/// What keeps a key from signing the release: users judge it by the committed keys.
fn check_signer(signer: &Signer, release: &Release) -> Vec<Finding> {
    let Some(committed) = &signer.committed else {
        return Vec::new();
    };
    let own = signer.key.public();
    let mut problems: Vec<Finding> = committed
        .findings
        .iter()
        .filter(|finding| finding.level == Level::Deny)
        .cloned()
        .collect();

    if !committed.keys.iter().any(|key| key.key == own.key) {
        let text = format!(
            "the key {} is none of those that the project commits",
            own.fingerprint()
        );
        problems.push(Finding::new(&rules::SELF_CHECK, text).help(format!(
            "sign with the key whose public half is committed as {COMMITTED_KEY}, or add this one to the keyring"
        )));
    }

    if let Some((rule, why)) = committed.refuses(&own.key, &release.project, &release.version) {
        let help = "sign with a key in use; `cargo sign keys` lists them";
        problems.push(Finding::new(rule, why).help(help));
    }

    problems
}

/// The committed key stands in SECURITY.md and INSTALL.md: one that may not sign this release sends
/// everybody who follows them to a refusal.
fn check_committed_key(
    signer: &Signer,
    committed_key: Option<&PublicKey>,
    release: &Release,
) -> Option<Finding> {
    let committed = signer.committed.as_ref()?;
    let key = committed_key?;
    let (_, why) = committed.refuses(&key.key, &release.project, &release.version)?;
    let text = format!("{COMMITTED_KEY} verifies no new release: {why}");
    let help = format!(
        "replace {COMMITTED_KEY} by the public half of a key in use, commit it, and make SECURITY.md and INSTALL.md again"
    );
    Some(Finding::new(&rules::COMMITTED_KEY_RETIRED, text).help(help))
}

/// What the signatures say of the release.
fn release_of(
    project: &Project,
    package: &Package,
    subject: &Subject,
    refused: bool,
) -> Result<Release> {
    let epoch = project.epoch()?.unwrap_or(0);
    if !(0..=MAX_EPOCH).contains(&epoch) {
        return Err(Error::usage(format!(
            "the release's time, {epoch}, does not fit an archive"
        ))
        .with_help(format!(
            "set SOURCE_DATE_EPOCH to seconds since 1970, at most {MAX_EPOCH}"
        )));
    }
    let commit = subject
        .commit
        .as_ref()
        .map_or_else(|| "none".to_owned(), ToString::to_string);
    Ok(Release {
        project: package.name.to_string(),
        version: package.version.to_string(),
        commit,
        dirty: subject.dirty,
        refused,
        epoch,
    })
}

/// What was just made is verified as a user would, with the committed public key where there is
/// one: a key derived from the secret could not notice that the wrong one was used.
fn self_check(cx: &Context, dir: &Path, signer: &Signer) -> Result<Vec<Finding>> {
    let keys = signer
        .committed
        .clone()
        .unwrap_or_else(|| Keys::new(vec![signer.key.public()], true));
    let mut verdict = check_directory(dir, &keys, Extent::Listed)?;
    tell_open(cx, &mut verdict);
    if verdict.holds() {
        return Ok(verdict.findings);
    }
    let help = format!("sign with the key whose public half is committed as {COMMITTED_KEY}");
    let mut findings =
        vec![Finding::new(&rules::SELF_CHECK, "the release does not verify").help(help)];
    findings.extend(verdict.findings);
    Ok(findings)
}

/// Writes the audit log and the manifest.
fn conclude(
    cx: &Context,
    call: &Call<'_>,
    mut folder: PackageArtifacts,
    findings: &[Finding],
    list: &List,
) -> Result<()> {
    let denied = findings.iter().any(|finding| finding.level == Level::Deny);
    let exit_code = if denied { exit::FAIL } else { exit::PASS };
    let wrote = sha256_bytes(checksums::render(list).as_bytes());
    log(cx, &mut folder, call.started, exit_code, wrote)?;
    folder.finish()
}

/// Everything that is listed and is not an archive of a build.
fn other_files(list: &List, archives: &[PackedArchive]) -> Vec<ListedFile> {
    list.iter()
        .filter(|(name, _)| archives.iter().all(|archive| archive.name != **name))
        .map(|(name, sha256)| ListedFile {
            name: name.clone(),
            sha256: *sha256,
        })
        .collect()
}

/// What was listed, for people.
fn listed(list: &List) -> String {
    list.iter()
        .map(|(name, digest)| format!("  {}  {name}\n", &digest.to_string()[..16]))
        .collect()
}
