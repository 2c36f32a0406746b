//! `cargo sign upload`: puts a verified release to presigned URLs that come from the environment.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::Sha256Digest;
use release_gate::json::to_canonical_vec;
use release_gate::project::Package;
use release_gate::{Context, Error, Outcome, Report, Result, Status};
use release_gate_facts::ReportData as _;
use release_gate_facts::files::UPLOADED;
use release_gate_facts::report::upload::{UploadData, UploadedFile};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::release::judge_release;
use super::trust;
use crate::inspect::{Evidence, check_provenance, check_summary};
use crate::judge::keys::Keys;
use crate::judge::provenance::{Expected, LOG};
use crate::judge::verdict::Verdict;
use crate::model::companion::{Companion, LIST, PROVENANCE, SIGNIFY, SUMMARY, evidence, published};
use crate::model::config::Config;
use crate::model::presigned::Presigned;
use crate::read::file::Hashed;
use crate::read::folder::unreadable_folder;
use crate::tool::TOOL;
use crate::transfer::{self, Put, TransferError};

#[derive(Debug, Args)]
pub(crate) struct UploadArgs {
    /// The public key the release is verified with first [default: release-keys/ of the project]
    #[arg(long = "key", value_name = "PUB")]
    pub(crate) verify_with: Vec<PathBuf>,
    /// Where the source lives, to check the provenance [default: `repository` of Cargo.toml]
    #[arg(long, value_name = "URI")]
    pub(crate) source_uri: Option<String>,
    /// Certificates (PEM) that are trusted instead of the usual authorities
    #[arg(
        long,
        value_name = "FILE",
        env = "CARGO_HTTP_CAINFO",
        hide_env_values = true
    )]
    pub(crate) cacert: Option<PathBuf>,
    /// How often to try again after a failure that may pass
    #[arg(long, value_name = "N", default_value_t = 5)]
    pub(crate) retry: u32,
    /// Seconds before the first of them; twice as many before each further one
    #[arg(long, value_name = "SECONDS", default_value_t = 1)]
    pub(crate) retry_delay: u64,
    /// Also upload what was uploaded before
    #[arg(long)]
    pub(crate) again: bool,
    /// Names of files of the release [default: all of them]
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<String>,
}

/// Variables that hold the URLs begin like this; the file's name follows.
const PREFIX: &str = "RELEASE_GATES_UPLOAD_URL_";
/// What was uploaded, so that it is not uploaded twice.
const JOURNAL: &str = UPLOADED;
const SCHEMA: &str = "release-gate/uploaded/v1";
/// Longest wait between two tries.
const LONGEST: Duration = Duration::from_secs(60);

/// One file to upload.
struct Item {
    name: String,
    variable: String,
    /// Where it lies.
    path: PathBuf,
    hashed: Hashed,
}

/// What was uploaded where.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Journal {
    schema: String,
    files: BTreeMap<String, Uploaded>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Uploaded {
    place: String,
    sha256: Sha256Digest,
}

pub(crate) fn run(cx: &mut Context, args: &UploadArgs) -> Result<Outcome> {
    if cx.args().is_offline() && !cx.args().dry_run {
        return Err(
            Error::usage("an upload needs the network, and --offline forbids it")
                .with_help("leave the flag away, or see with --dry-run what would be sent"),
        );
    }
    cx.project()?;
    let root = cx.artifacts()?;
    let config: Config = cx.config()?;
    let package = cx.project()?.single()?.clone();
    let keys = trust::of_project_or_named(cx.project()?, &config, &args.verify_with)?;
    let folder = root.for_package(&package.name, &package.version.to_string());
    let subject = cx.project()?.subject(&package);
    let mut verdict = judge_release(cx, &subject, &folder.release_dir(), &keys)?;
    judge_evidence(&folder, args, &package, &keys, &mut verdict)?;
    let judged = Report::new(UploadData::NAME, &TOOL, subject)
        .coverage(verdict.judged())
        .findings(verdict.findings.iter().cloned())
        .print_only();
    if !verdict.holds() || cx.settled_status(&judged, true)? != Status::Pass {
        cx.terminal
            .warn("nothing was uploaded: verification failed");
        return Ok(judged.into());
    }

    let verified = verdict
        .verified
        .iter()
        .map(|verified| (verified.file.clone(), verified.digest.sha256()))
        .collect();
    let items = items(&folder.release_dir(), verified, &args.files)?;
    if cx.args().dry_run {
        return dry_run(cx, &items);
    }
    let data = upload(cx, args, folder, items)?;
    let sent = data.files.iter().filter(|done| done.sent).count();
    let summary = format!(
        "{sent} files uploaded, {} were there already",
        data.files.len() - sent
    );
    Ok(judged.data(&data).summary(summary).into())
}

/// Judges the provenance and the summary of the release, where they are there.
fn judge_evidence(
    folder: &PackageArtifacts,
    args: &UploadArgs,
    package: &Package,
    keys: &Keys,
    verdict: &mut Verdict,
) -> Result<()> {
    let own = Evidence {
        path: folder.path(&published(PROVENANCE)),
        log: folder.path(LOG),
    };

    if own.path.exists() {
        let source_uri = args
            .source_uri
            .clone()
            .or_else(|| package.repository.clone())
            .ok_or_else(|| {
                Error::usage(
                    "where the source lives is not known, so that the provenance cannot be checked",
                )
                .with_help("name it with --source-uri, or set `repository` in Cargo.toml")
            })?;
        let expected = Expected {
            source_uri,
            ..Expected::default()
        };
        check_provenance(verdict, &own, &expected, keys)?;
    }

    let summary = folder.path(&published(SUMMARY));
    if summary.exists() {
        check_summary(verdict, &summary, keys)?;
    }

    Ok(())
}

/// Sends every item that was not sent before, and notes each as soon as it is there.
fn upload(
    cx: &Context,
    args: &UploadArgs,
    mut folder: PackageArtifacts,
    items: Vec<Item>,
) -> Result<UploadData> {
    let mut urls = Vec::new();
    for item in &items {
        urls.push(url(item)?.ok_or_else(|| missing(&items))?);
    }
    let client = connect(args)?;
    let mut journal = read_journal(&folder)?;
    let mut data = UploadData::default();
    for (mut item, url) in items.into_iter().zip(urls) {
        let now = Uploaded {
            place: url.place(),
            sha256: item.hashed.sha256,
        };
        let sent = args.again || journal.files.get(&item.name) != Some(&now);
        if sent {
            send(cx, args, &client, &mut item, &url)?;
            journal.files.insert(item.name.clone(), now);
            let bytes = to_canonical_vec(&journal).map_err(|error| {
                Error::judge(format!("cannot write `{JOURNAL}`")).with_source(error)
            })?;
            folder.write(JOURNAL, &bytes)?;
        } else {
            let text = format!("{} is at {} already", item.name, url.place());
            cx.terminal.status("Fresh", text);
        }
        data.files.push(UploadedFile {
            name: item.name,
            place: url.place(),
            sha256: item.hashed.sha256,
            size: item.hashed.size,
            sent,
        });
    }

    folder.finish()?;

    Ok(data)
}

fn connect(args: &UploadArgs) -> Result<ureq::Agent> {
    let authorities = match &args.cacert {
        None => None,
        Some(path) => Some(std::fs::read(path).map_err(|error| {
            Error::usage(format!("cannot read `{}`", path.display())).with_source(error)
        })?),
    };
    transfer::client(authorities.as_deref())
        .map_err(|error| Error::usage("no connection can be made").with_source(error))
}

/// Everything that is published, the list last: nobody sees a list whose files are not there yet.
fn items(
    dir: &Path,
    mut names: Vec<(String, Option<Sha256Digest>)>,
    only: &[String],
) -> Result<Vec<Item>> {
    let vouching = companions(dir, &names)?;
    names.extend(vouching.into_iter().map(|name| (name, None)));
    let evidence = evidence()
        .into_iter()
        .filter(|name| dir.join(name).exists());
    names.extend(evidence.map(|name| (name, None)));
    names.sort_by_key(|(name, _)| {
        (
            name.starts_with(LIST) || name == SIGNIFY,
            name == LIST,
            name.clone(),
        )
    });

    if let Some(unknown) = only
        .iter()
        .find(|wanted| !names.iter().any(|(name, _)| name == *wanted))
    {
        let all: Vec<_> = names.iter().map(|(name, _)| name.as_str()).collect();
        return Err(
            Error::usage(format!("`{unknown}` is not a file of the release"))
                .with_help(format!("its files are {}", all.join(", "))),
        );
    }

    names.retain(|(name, _)| only.is_empty() || only.contains(name));
    let mut items: Vec<Item> = Vec::new();
    for (name, digest) in names {
        let hashed = Hashed::open(&dir.join(&name))?
            .filter(|hashed| digest.is_none_or(|digest| digest == hashed.sha256))
            .ok_or_else(|| Error::judge(format!("`{name}` changed after it was verified")))?;
        let variable = variable_of(&name);
        if let Some(other) = items.iter().find(|item| item.variable == variable) {
            return Err(Error::usage(format!(
                "`{name}` and `{}` would share the variable {variable}",
                other.name
            ))
            .with_help("upload them one after the other, by naming files"));
        }
        items.push(Item {
            path: dir.join(&name),
            name,
            variable,
            hashed,
        });
    }

    Ok(items)
}

/// What vouches for files of the release: it was verified with them.
fn companions(dir: &Path, names: &[(String, Option<Sha256Digest>)]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(|error| unreadable_folder(dir, error))? {
        let entry = entry.map_err(|error| unreadable_folder(dir, error))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let vouches = match Companion::of(&name) {
            Some(Companion::Emitted) => true,
            Some(Companion::First(of) | Companion::Further(of, _)) => is_listed(names, of),
            None => false,
        };
        if vouches && !is_listed(names, &name) {
            found.push(name);
        }
    }
    Ok(found)
}

fn is_listed(names: &[(String, Option<Sha256Digest>)], wanted: &str) -> bool {
    names.iter().any(|(name, _)| name == wanted)
}

/// `demo-1.0.0.tar.gz` is `…DEMO_1_0_0_TAR_GZ`.
fn variable_of(name: &str) -> String {
    PREFIX
        .chars()
        .chain(name.chars().map(of_variable))
        .collect()
}

/// A character as it stands in the name of a variable.
fn of_variable(c: char) -> char {
    if c.is_ascii_alphanumeric() {
        c.to_ascii_uppercase()
    } else {
        '_'
    }
}

fn url(item: &Item) -> Result<Option<Presigned>> {
    let Some(value) = std::env::var_os(&item.variable).filter(|value| !value.is_empty()) else {
        return Ok(None);
    };
    let wrong = || Error::usage(format!("the URL in {} cannot be used", item.variable));
    let text = value
        .into_string()
        .map(Zeroizing::new)
        .map_err(|_| wrong())?;
    Presigned::parse(text)
        .map(Some)
        .map_err(|error| wrong().with_source(error))
}

fn missing(items: &[Item]) -> Error {
    let unset: Vec<_> = items
        .iter()
        .filter(|item| std::env::var_os(&item.variable).is_none_or(|value| value.is_empty()))
        .map(|item| item.variable.as_str())
        .collect();
    Error::usage(format!(
        "there is no URL for {} of {} files",
        unset.len(),
        items.len()
    ))
    .with_help(format!("set {}", unset.join(", ")))
    .with_help("`--dry-run` shows which file each is for; name files to upload only those")
}

/// What would be done, with the URLs' names in place of the URLs.
fn dry_run(cx: &Context, items: &[Item]) -> Result<Outcome> {
    let mut text = String::new();
    for item in items {
        let size = item.hashed.size;
        match url(item)? {
            Some(url) => text.push_str(&format!("# {size} bytes to {}\n", url.place())),
            None => text.push_str(&format!("# {size} bytes; {} is not set\n", item.variable)),
        }
        text.push_str(&format!(
            "curl --fail --proto '=https' --retry 5 --upload-file '{}' \"${}\"\n",
            from_here(&item.path).replace('\'', "'\\''"),
            item.variable
        ));
    }
    cx.terminal
        .result(&text)
        .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
    Ok(Outcome::Done)
}

/// A path as it works in the current folder.
fn from_here(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let inside = here
        .as_deref()
        .and_then(|here| path.strip_prefix(here).ok());
    inside.unwrap_or(path).to_string_lossy().into_owned()
}

/// Sends one file, with as many tries as are allowed.
fn send(
    cx: &Context,
    args: &UploadArgs,
    client: &ureq::Agent,
    item: &mut Item,
    url: &Presigned,
) -> Result<()> {
    let mut wait = Duration::from_secs(args.retry_delay).min(LONGEST);
    let (size, sha256) = (item.hashed.size, item.hashed.sha256);
    for attempt in 0.. {
        let bar = cx.terminal.progress("Uploading", size);
        bar.message(&item.name);
        let mut what = Put {
            url,
            file: &mut item.hashed.file,
            size,
            sha256,
        };
        let error = match transfer::put(client, &mut what, &mut |sent| bar.set(sent)) {
            Ok(()) => {
                cx.terminal
                    .status("Uploaded", format!("{} to {}", item.name, url.place()));
                return Ok(());
            }
            Err(error) => error,
        };
        drop(bar);
        if matches!(error, TransferError::Interrupted) {
            release_gate::interrupt::check()?;
        }
        if !error.transient() || attempt >= args.retry {
            let help = error.help();
            return Err(
                Error::judge(format!("cannot upload `{}` to {}", item.name, url.place()))
                    .with_source(error)
                    .with_help(help),
            );
        }
        cx.terminal.warn(format!(
            "{}: {error}; trying again in {} s",
            item.name,
            wait.as_secs()
        ));
        sleep(wait)?;
        wait = (wait * 2).min(LONGEST);
    }

    Ok(())
}

fn sleep(wait: Duration) -> Result<()> {
    let step = Duration::from_millis(100);
    let mut left = wait;
    while !left.is_zero() {
        release_gate::interrupt::check()?;
        std::thread::sleep(left.min(step));
        left = left.saturating_sub(step);
    }
    release_gate::interrupt::check()
}

fn read_journal(folder: &PackageArtifacts) -> Result<Journal> {
    let Some(bytes) = folder.read(JOURNAL)? else {
        return Ok(Journal {
            schema: SCHEMA.to_owned(),
            files: BTreeMap::new(),
        });
    };
    let journal: Journal =
        serde_json::from_slice(&bytes).map_err(|error| unreliable_journal().with_source(error))?;
    if journal.schema == SCHEMA {
        Ok(journal)
    } else {
        Err(unreliable_journal())
    }
}

fn unreliable_journal() -> Error {
    Error::judge(format!("`{JOURNAL}` cannot be relied on"))
        .with_help("remove it to upload everything again")
}
