//! `cargo sign keys`: lists the project's keys, and writes new versions of its keyring.

mod args;

use std::fs::File;
use std::path::Path;

use release_gate::fs::write_atomic;
use release_gate::project::Project;
use release_gate::public_key::{PublicKey, hex};
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use release_gate_facts::Coverage;
use release_gate_facts::report::keys::KeysData;
use semver::Version;

pub(crate) use self::args::KeysArgs;
use self::args::KeysCall;
use super::key_args::KeyArgs;
use super::signing::refuse_tracked_key;
use super::trust::committed_key;
use crate::format::keyring::{Keyring, KeyringError, MAX_LEN};
use crate::memory::Memory;
use crate::model::config::{COMMITTED_KEY, COMMITTED_KEYRING, Config};
use crate::model::keyring::{Content, Member, Quorum, Revoked};
use crate::read::file::{folder_of, read_bounded};
use crate::read::keys::{read_public_key, read_public_keys};
use crate::report::keys::{self, human, listed};
use crate::tool::TOOL;

pub(crate) fn run(cx: &mut Context, args: KeysArgs) -> Result<Outcome> {
    match args.call {
        None => list(cx),
        Some(KeysCall::Forget { project }) => forget(cx, &project),
        Some(KeysCall::Init { key, name }) => init(cx, &key, &name),
        Some(KeysCall::Add { key, name, public }) => {
            let new = read_public_key(&public)?;
            change(cx, &key, |next| add(next, &name, &new))
        }
        Some(KeysCall::Rotate {
            key,
            old,
            name,
            last_version,
            public,
        }) => {
            let new = read_public_key(&public)?;
            let ended = change(cx, &key, |next| {
                add(next, &name, &new)?;
                each(next, &old, |member| {
                    member.retired_after = Some(last_version.clone())
                })
            })?;
            replace_committed_key(cx, &old, &new)?;
            Ok(ended)
        }
        Some(KeysCall::Retire {
            key,
            last_version,
            which,
        }) => change(cx, &key, |next| {
            each(next, &which, |member| {
                member.retired_after = Some(last_version.clone())
            })
        }),
        Some(KeysCall::Revoke {
            key,
            last_good_version,
            reason,
            which,
        }) => change(cx, &key, |next| {
            let revoked = Revoked {
                last_good_version,
                reason,
            };
            each(next, &which, |member| {
                member.revoked = Some(revoked.clone())
            })
        }),
        Some(KeysCall::Threshold {
            key,
            releases_from,
            keyring_only,
            threshold,
        }) => {
            let releases = if keyring_only {
                None
            } else {
                Some(quorum(cx, releases_from, threshold)?)
            };
            change(cx, &key, |next| {
                next.threshold = threshold;
                next.releases = releases.or(next.releases.take());
                Ok(())
            })
        }
        Some(KeysCall::Sign { key }) => sign(cx, &key),
    }
}

fn quorum(cx: &mut Context, from: Option<Version>, threshold: u32) -> Result<Quorum> {
    let from = match from {
        Some(from) => from,
        None => cx.project()?.single()?.version.clone(),
    };
    Ok(Quorum { from, threshold })
}

fn forget(cx: &Context, project: &str) -> Result<Outcome> {
    let memory = Memory::of_user()?.ok_or_else(|| {
        Error::judge("the system names no state folder")
            .with_help(format!("set {}", crate::memory::ENV))
    })?;
    if cx.args().dry_run {
        cx.terminal.status("Would forget", project);
    } else if memory.forget(project)? {
        cx.terminal.status("Forgot", project);
    } else {
        cx.terminal
            .status("Unknown", format!("nothing is remembered about {project}"));
    }
    Ok(Outcome::Done)
}

fn list(cx: &mut Context) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let project = cx.project()?;
    let subject = project.workspace_subject();
    let mut data = KeysData::default();
    let mut findings = Vec::new();
    let committed = match committed_key(project, &config) {
        Some(path) => read_public_keys(&[path])?,
        None => Vec::new(),
    };
    if let Some(bytes) = read_bounded(&project.root.join(COMMITTED_KEYRING), MAX_LEN)? {
        let parsed = Keyring::parse(&bytes);
        let wrong = |error: KeyringError| {
            Finding::new(error.rule(), error.to_string()).at(COMMITTED_KEYRING, None)
        };
        match &parsed {
            Ok(ring) => {
                let content = ring.newest();
                data.version = Some(content.version);
                data.threshold = Some(content.threshold);
                data.releases = content.releases.as_ref().map(keys::quorum);
                data.signatures = u64::try_from(ring.signed_by()).ok();
                data.keys.extend(content.keys.iter().map(listed));
                let judged = if committed.is_empty() {
                    ring.complete()
                } else {
                    ring.trusted(None, &committed)
                };
                findings.extend(judged.err().map(|error| {
                    let help = match error {
                        KeyringError::Threshold { .. } => {
                            "others sign it with `cargo sign keys sign`"
                        }
                        _ => "sign it with the committed key: `cargo sign keys sign`",
                    };
                    wrong(error).help(help)
                }));
            }
            Err(error) => {
                findings.push(wrong(error.clone()).help("restore it from the last commit"))
            }
        }
    }
    for key in committed {
        if !data
            .keys
            .iter()
            .any(|listed| listed.fingerprint == key.fingerprint())
        {
            data.keys.push(listed(&Member::new(COMMITTED_KEY, &key)));
        }
    }
    let summary = match (data.version, data.keys.len()) {
        (None, 0) => {
            return Err(Error::judge("the project has no keys yet").with_help(format!(
                "make one with `cargo sign keygen` and commit its public half as {COMMITTED_KEY}"
            )));
        }
        (None, count) => format!("{count} keys, no keyring"),
        (Some(version), count) => {
            let releases = data.releases.iter().map(|quorum| {
                format!(
                    ", {} of them to release {} and later",
                    quorum.threshold, quorum.from
                )
            });
            format!(
                "{count} keys, keyring version {version}, {} of them to change it{}",
                data.threshold.unwrap_or_default(),
                releases.collect::<String>()
            )
        }
    };
    Ok(Report::with_data(&TOOL, subject, &data)
        .findings(findings)
        .coverage(Coverage::of(data.keys.len()))
        .human(human(&data))
        .summary(summary)
        .print_only()
        .into())
}

fn init(cx: &mut Context, args: &KeyArgs, name: &str) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let project = cx.project()?;
    let _lock = lock(&project.root)?;
    refuse_tracked_key(project, args.key.as_deref())?;
    if project.root.join(COMMITTED_KEYRING).exists() {
        return Err(
            Error::usage(format!("`{COMMITTED_KEYRING}` is there already"))
                .with_help("change it with `cargo sign keys add`, `rotate`, `retire` or `revoke`"),
        );
    }

    let content = Content {
        keys: Vec::new(),
        previous: None,
        projects: projects(project),
        releases: None,
        threshold: 1,
        version: 1,
    };

    let committed = committed_key(project, &config)
        .map(|path| read_public_keys(&[path]))
        .transpose()?;
    let signing = args.load()?.published_among(committed.iter().flatten());
    let content = Content {
        keys: vec![Member::new(name, &signing.public())],
        ..content
    };

    write(
        cx,
        signing
            .with(|key| Keyring::begin(content, key))?
            .map_err(refused)?,
    )
}

fn change(
    cx: &mut Context,
    args: &KeyArgs,
    make: impl FnOnce(&mut Content) -> Result<()>,
) -> Result<Outcome> {
    let project = cx.project()?;
    let _lock = lock(&project.root)?;
    refuse_tracked_key(project, args.key.as_deref())?;
    let ring = read(&project.root)?;
    let projects = projects(project);
    let signing = args.load()?;
    let mut made = Ok(());
    let change = |next: &mut Content| {
        next.projects.extend(projects);
        made = make(next);
    };
    let next = signing.with(|key| ring.extend(change, key))?;
    made?;
    write(cx, next.map_err(refused)?)
}

fn sign(cx: &mut Context, args: &KeyArgs) -> Result<Outcome> {
    let project = cx.project()?;
    let _lock = lock(&project.root)?;
    refuse_tracked_key(project, args.key.as_deref())?;
    let ring = read(&project.root)?;
    let signing = args.load()?;
    write(cx, signing.with(|key| ring.sign(key))?.map_err(refused)?)
}

fn projects(project: &Project) -> std::collections::BTreeSet<String> {
    project
        .metadata
        .workspace_packages()
        .iter()
        .map(|package| package.name.to_string())
        .collect()
}

fn refused(error: KeyringError) -> Error {
    let help = match error {
        KeyringError::Threshold { .. } => {
            "the newest version still needs signatures: `cargo sign keys sign`"
        }
        _ => "a keyring is changed by a key that is in it and in use, and always leaves one in use",
    };
    Error::usage("the keyring cannot be changed like that")
        .with_source(error)
        .with_help(help)
}

/// Keeps other calls from changing the keyring between reading and writing it, until the lock is
/// dropped. `None` where folders cannot be locked (Windows).
fn lock(root: &Path) -> Result<Option<File>> {
    let path = root.join(COMMITTED_KEYRING);
    let folder = folder_of(&path);
    std::fs::create_dir_all(folder).map_err(|error| {
        Error::judge(format!("cannot write to `{}`", folder.display())).with_source(error)
    })?;
    let Ok(folder) = File::open(folder) else {
        return Ok(None);
    };
    folder
        .lock()
        .map_err(|error| Error::judge("the keyring cannot be locked").with_source(error))?;
    Ok(Some(folder))
}

/// At a rotation the committed key becomes the new one: what is generated from it (SECURITY.md,
/// INSTALL.md) and what signs the next release are then the same key.
fn replace_committed_key(cx: &mut Context, old: &str, new: &PublicKey) -> Result<()> {
    let config: Config = cx.config()?;
    let project = cx.project()?;
    let Some(path) = committed_key(project, &config) else {
        return Ok(());
    };
    let committed = read_public_key(&path)?;
    let ring = read(&project.root)?;
    let is_committed = ring.newest().keys.iter().any(|member| {
        let is_the_key = member.public().is_some_and(|key| key.key == committed.key);
        is_the_key && is_named(member, old)
    });
    if !is_committed {
        return Ok(());
    }
    let comment = format!("minisign public key {}", hex(&new.id));
    if cx.args().dry_run {
        cx.terminal
            .status("Would write", path.display().to_string());
        return Ok(());
    }

    write_atomic(&path, new.minisign(&comment).as_bytes())?;
    cx.terminal.status("Wrote", path.display().to_string());
    let pem = path.with_extension("pem");
    if pem.is_file() {
        let text = new.pem().map_err(|error| {
            Error::judge("the public key cannot be written as PEM").with_source(error)
        })?;
        write_atomic(&pem, text.as_bytes())?;
        cx.terminal.status("Wrote", pem.display().to_string());
    }

    cx.terminal.note(
        "commit what was written, and have the holder of the new key tie it to the keyring with `cargo sign keys sign`",
    );

    Ok(())
}

/// The committed `allowed_signers`, where there is one, names the keys in use and no other: for
/// `ssh-keygen -Y verify`, which knows no versions, an older release takes the file of its own tag.
fn write_signers(cx: &mut Context, ring: &Keyring) -> Result<()> {
    let config: Config = cx.config()?;
    let Some(committed) = committed_key(cx.project()?, &config) else {
        return Ok(());
    };
    let path = committed.with_extension("allowed_signers");
    // Until enough keys signed it, a version counts for nothing.
    if !path.is_file() || ring.complete().is_err() {
        return Ok(());
    }
    let members = ring.newest().keys.iter();
    let in_use =
        members.filter(|member| member.retired_after.is_none() && member.revoked.is_none());
    let lines: String = in_use
        .filter_map(Member::public)
        .map(|key| key.allowed_signers("maintainer"))
        .collect();
    write_atomic(&path, lines.as_bytes())?;
    cx.terminal.status("Wrote", path.display().to_string());
    Ok(())
}

fn read(root: &Path) -> Result<Keyring> {
    let bytes = read_bounded(&root.join(COMMITTED_KEYRING), MAX_LEN)?.ok_or_else(|| {
        Error::usage(format!("there is no `{COMMITTED_KEYRING}`"))
            .with_help("begin it with `cargo sign keys init`")
    })?;
    Keyring::parse(&bytes).map_err(|error| {
        Error::judge(format!("`{COMMITTED_KEYRING}` cannot be relied on")).with_source(error)
    })
}

fn add(next: &mut Content, name: &str, key: &PublicKey) -> Result<()> {
    let there = next.keys.iter().find(|member| {
        member.public().is_some_and(|found| found.key == key.key) || member.name == name
    });
    if let Some(member) = there {
        return Err(Error::usage(format!(
            "the key or its name is in the keyring already, as `{}`",
            member.name
        )));
    }
    next.keys.push(Member::new(name, key));
    Ok(())
}

/// Whether a name or fingerprint means this member.
fn is_named(member: &Member, which: &str) -> bool {
    let key = member.public();
    member.name == which || key.is_some_and(|key| key.fingerprint() == which)
}

/// Changes every entry of a key, by name or fingerprint.
fn each(next: &mut Content, which: &str, mut change: impl FnMut(&mut Member)) -> Result<()> {
    if !next.keys.iter().any(|member| is_named(member, which)) {
        return Err(
            Error::usage(format!("there is no key `{which}` in the keyring"))
                .with_help("`cargo sign keys` lists names and fingerprints"),
        );
    }
    next.keys
        .iter_mut()
        .filter(|member| is_named(member, which))
        .for_each(&mut change);
    Ok(())
}

fn write(cx: &mut Context, ring: Keyring) -> Result<Outcome> {
    let path = cx.project()?.root.join(COMMITTED_KEYRING);
    let bytes = ring
        .render()
        .map_err(|error| Error::judge("the keyring cannot be written").with_source(error))?;
    let what = format!("{COMMITTED_KEYRING}, version {}", ring.newest().version);
    if cx.args().dry_run {
        cx.terminal.status("Would write", what);
        return Ok(Outcome::Done);
    }
    write_atomic(&path, &bytes)?;
    cx.terminal.status("Wrote", what);
    write_signers(cx, &ring)?;
    if ring.complete().is_err() {
        let (have, need) = (ring.signed_by(), ring.needed());
        cx.terminal.note(format!(
            "{have} of {need} signatures: it counts for nothing until others sign it with `cargo sign keys sign`"
        ));
    }
    Ok(Outcome::Done)
}
