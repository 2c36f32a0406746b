//! `cargo sign verify-source`: the tag of a release and every commit since the one before it,
//! signed by a key that is trusted.
//!
//! SSH signatures are judged by our own strict verification, GPG signatures by gpg with keys that
//! are named and no others; the time a commit claims for itself is never believed.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use release_gate::git::{CommitId, Git, parse_version_tag};
use release_gate::project::{Package, Project};
use release_gate::public_key::PublicKey;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use semver::Version;

use super::signing::is_tracked;
use super::trust;
use crate::format::git_object::{self, Signed};
use crate::format::sshsig;
use crate::gpg::{self, Keyring};
use crate::judge::keys::Keys;
use crate::model::config::Config;
use crate::rules;
use crate::tool::TOOL;

#[derive(Debug, Args)]
pub(crate) struct VerifySourceArgs {
    /// A public key you trust [default: those of release-keys/, unless a GPG key is named]
    #[arg(long, value_name = "PUB")]
    pub(crate) key: Vec<PathBuf>,
    /// A GPG key you trust: the file it was exported to, or the fingerprint of one in
    /// release-keys/ [default: release-keys/*.asc]
    #[arg(long, value_name = "FILE|FINGERPRINT")]
    pub(crate) gpg_key: Vec<String>,
    /// Commits up to this one need no signature: where the project began to sign [default: those
    /// of the release before need none]
    #[arg(long, value_name = "REV")]
    pub(crate) signed_since: Option<String>,
    /// The tag [default: that of the package's version: `v1.2.3`, or `<package>-v1.2.3`]
    #[arg(value_name = "TAG")]
    pub(crate) tag: Option<String>,
}

pub(crate) fn run(cx: &mut Context, args: &VerifySourceArgs) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let runner = cx.runner.clone();
    let project = cx.project()?;
    // What is signed is the commits: nothing that lies beside them may say which ones there are.
    let git = &project.repository()?.without_shortcuts();
    if git.is_shallow()? {
        return Err(Error::judge("the history is cut off").with_help("run `git fetch --unshallow`"));
    }
    // Who names a key trusts no other.
    let named = !args.key.is_empty() || !args.gpg_key.is_empty();
    let mut unpinned = !named;
    for path in args
        .key
        .iter()
        .map(AsRef::as_ref)
        .chain(args.gpg_key.iter().map(Path::new))
    {
        unpinned |= is_tracked(git, path)?;
    }
    let committed = !named || !args.gpg_key.is_empty();
    let committed = if committed {
        gpg::committed(&project.root)
    } else {
        Vec::new()
    };
    let gpg = Keyring::new(&args.gpg_key, committed, &runner);
    let keys = if !args.key.is_empty() || gpg.is_empty() {
        trust::of_project_or_named(project, &config, &args.key)?
    } else {
        let own = if named {
            None
        } else {
            trust::of_project(project, &config)?
        };
        own.unwrap_or_else(|| Keys::new(Vec::new(), true))
    };
    let keys = Trusted {
        keys,
        gpg,
        unpinned,
    };
    // Packages that are released together share a tag: it is judged for each of them, by the keys
    // each may be signed with.
    let reports = project
        .selected()
        .map(|package| judge(project, git, package, &keys, args));
    Ok(Outcome::Reports(reports.collect::<Result<Vec<_>>>()?))
}

/// The tag of the package's version: its own (`demo-v1.2.3`) before one that packages share
/// (`v1.2.3`).
fn own_tag(git: &Git, package: &Package) -> Result<String> {
    let tags = git.tags()?.into_iter().map(|tag| tag.name);
    let of_this = |name: &String| {
        parse_version_tag(name, &package.name).is_some_and(|tag| tag.version == package.version)
    };
    let found = tags.filter(of_this).max_by_key(String::len);
    Ok(found.unwrap_or_else(|| format!("v{}", package.version)))
}

/// The keys that may sign source.
struct Trusted {
    keys: Keys,
    gpg: Keyring,
    /// Keys came with what they are to vouch for.
    unpinned: bool,
}

impl Trusted {
    /// The fingerprint of the key whose signature counts; else why it does not, as the end of a
    /// sentence.
    fn signer(
        &self,
        signed: Option<Signed>,
        project: &str,
        version: &Version,
    ) -> Result<std::result::Result<String, String>> {
        let Some((payload, signature)) = signed else {
            return Ok(Err(String::new()));
        };
        if git_object::is_gpg(&signature) {
            if self.gpg.is_empty() {
                return Ok(Err(
                    ": it has a GPG signature, and no GPG key is trusted".to_owned()
                ));
            }
            return Ok(self
                .gpg
                .verify(&payload, &signature)?
                .map_err(|error| format!(": {error}")));
        }
        // Whether a key may vouch is judged by the release, never by the time a commit gives
        // itself.
        let vouches = self.keys.keys.iter().find(|key| {
            self.keys
                .refuses(&key.key, project, &version.to_string())
                .is_none()
                && sshsig::verify(&signature, key, "git", &payload).is_ok()
        });
        Ok(vouches.map(PublicKey::fingerprint).ok_or_else(String::new))
    }

    /// Who signed a tag, and what is wrong with it: it has to be an annotated tag of the commit
    /// itself, signed under its own name.
    fn tag(
        &self,
        git: &Git,
        name: &str,
        commit: &CommitId,
        project: &str,
        version: &Version,
    ) -> Result<(Option<String>, Vec<Finding>)> {
        let reference = format!("refs/tags/{name}");
        let kind = git.plumbing(["cat-file", "-t", &reference])?;
        if kind.trim_ascii() != b"tag" {
            let text = format!("the tag `{name}` is lightweight: nothing signs it");
            return Ok((
                None,
                vec![Finding::new(&rules::TAG_UNSIGNED, text).help("make it with `git tag -s`")],
            ));
        }
        let mut findings = Vec::new();
        let object = git.plumbing(["cat-file", "tag", &reference])?;
        let signer = self.signer(git_object::tag(&object), project, version)?;
        if let Err(why) = &signer {
            let text = format!("the tag `{name}` is not signed by a trusted key{why}");
            findings.push(
                Finding::new(&rules::TAG_UNSIGNED, text)
                    .help("sign it: `git tag -s`, with gpg.format=ssh or a GPG key that is named"),
            );
        }
        if git_object::header(&object, "tag") != Some(name) {
            let text = format!("the tag `{name}` was made under another name");
            findings.push(Finding::new(&rules::TAG_RENAMED, text).help(
                "an old tag is being shown as another version; fetch the tags again from a source you trust",
            ));
        }
        if git_object::header(&object, "object") != Some(commit.as_str()) {
            let text = format!("the tag `{name}` is of another tag");
            findings.push(Finding::new(&rules::TAG_UNSIGNED, text).help("tag the commit itself"));
        }
        Ok((signer.ok(), findings))
    }
}

/// Where the commits of a release begin.
struct Since {
    /// The newest release before it that a trusted key signed.
    release: Option<(Version, CommitId)>,
    /// Tags of earlier versions that no trusted key signed: anybody who can push can make one, so
    /// it ends nothing.
    ignored: Vec<String>,
}

/// Looks for the release before.
fn release_before(
    git: &Git,
    trusted: &Trusted,
    package: &Package,
    (version, commit): (&Version, &CommitId),
) -> Result<Since> {
    let mut earlier: Vec<_> = git
        .tags()?
        .into_iter()
        .filter_map(|tag| Some((parse_version_tag(&tag.name, &package.name)?.version, tag)))
        .filter(|(found, tag)| found < version && tag.commit != *commit)
        .collect();
    earlier.sort_by(|(a, _), (b, _)| b.cmp(a));
    let mut ignored = Vec::new();
    for (version, tag) in earlier {
        if !git.is_ancestor(&tag.commit, commit)? {
            continue;
        }
        let (_, wrong) = trusted.tag(git, &tag.name, &tag.commit, &package.name, &version)?;
        if wrong.is_empty() {
            return Ok(Since {
                release: Some((version, tag.commit)),
                ignored,
            });
        }
        ignored.push(tag.name);
    }
    Ok(Since {
        release: None,
        ignored,
    })
}

fn judge(
    project: &Project,
    git: &Git,
    package: &Package,
    trusted: &Trusted,
    args: &VerifySourceArgs,
) -> Result<Report> {
    let subject = project.subject(package);
    let name = match &args.tag {
        Some(tag) => tag.clone(),
        None => own_tag(git, package)?,
    };
    let name = name.strip_prefix("refs/tags/").unwrap_or(&name);
    let commit = git.resolve(&format!("refs/tags/{name}"))?;
    let mut findings = trusted.keys.findings.clone();
    let (signer, wrong) = trusted.tag(git, name, &commit, &package.name, &package.version)?;
    findings.extend(wrong);
    let version = parse_version_tag(name, &package.name).map(|tag| tag.version);
    if version.as_ref() != Some(&package.version) {
        let text = format!("the tag `{name}` is not of version {}", package.version);
        findings.push(
            Finding::new(&rules::VERSION_MISMATCH, text)
                .help("check out the tag that is to be judged"),
        );
    }
    if subject.commit.as_ref() != Some(&commit) {
        let text = format!(
            "the tag `{name}` names {}, which is not what is checked out",
            commit.short()
        );
        findings.push(
            Finding::new(&rules::COMMIT_MISMATCH, text)
                .help("check out the tag that is to be judged"),
        );
    }
    if subject.dirty {
        let text = "the checkout holds changes that are in no commit: no signature covers them";
        findings.push(
            Finding::new(&rules::DIRTY_SOURCE, text)
                .help("build from a clean checkout of the tag; `git status`"),
        );
    }
    let unwatched = git.unwatched()?;
    if let [first, ..] = &*unwatched {
        let text = format!(
            "the index keeps changes of {} files from being seen, among them `{}`",
            unwatched.len(),
            first.display()
        );
        findings.push(Finding::new(&rules::DIRTY_SOURCE, text).help(
            "build from a clean clone of the tag; `git ls-files -v` shows them in lower case or with `S`",
        ));
    }
    let Since {
        release: before,
        ignored,
    } = match &version {
        Some(version) => release_before(git, trusted, package, (version, &commit))?,
        None => Since {
            release: None,
            ignored: Vec::new(),
        },
    };
    if !ignored.is_empty() {
        const SHOWN: usize = 5;
        let mut names: Vec<_> = ignored
            .iter()
            .take(SHOWN)
            .map(|name| format!("`{name}`"))
            .collect();
        if let Some(more) = ignored.len().checked_sub(SHOWN).filter(|more| *more > 0) {
            names.push(format!("{more} more"));
        }
        let text = format!(
            "no trusted key signed these tags of earlier versions: {}",
            names.join(", ")
        );
        findings.push(
            Finding::new(&rules::TAG_IGNORED, text)
                .evidence("tags", ignored)
                .help("commits are judged as if they were not there; make release tags with `git tag -s`"),
        );
    }
    let mut list = vec!["rev-list".to_owned(), commit.to_string()];
    list.extend(before.as_ref().map(|(_, commit)| format!("^{commit}")));
    let began = args
        .signed_since
        .as_deref()
        .map(|rev| began_to_sign(git, rev, &commit))
        .transpose()?;
    list.extend(began.as_ref().map(|commit| format!("^{commit}")));
    let list = git.plumbing(list)?;
    let list = String::from_utf8_lossy(&list);
    let mut signers = BTreeSet::new();
    let mut unsigned = Vec::new();
    for id in list.lines() {
        let signed = git_object::commit(&git.plumbing(["cat-file", "commit", id])?);
        match trusted.signer(signed, &package.name, &package.version)? {
            Ok(signer) => {
                signers.insert(signer);
            }
            Err(why) => unsigned.push((id, why)),
        }
    }
    findings.extend(unsigned_commits(&unsigned));
    let all: Vec<String> = signer
        .iter()
        .chain(&signers)
        .cloned()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let by = |signers: &[String]| {
        if signers.is_empty() {
            "nobody trusted".to_owned()
        } else {
            signers.join(", ")
        }
    };
    if trusted.unpinned {
        let text = format!(
            "UNPINNED: the keys came from the checkout that they vouch for; signed by {}",
            by(&all)
        );
        findings.push(Finding::new(&rules::SOURCE_KEY_UNPINNED, text).evidence("keys", all).help(
            "compare the fingerprints with those the project publishes elsewhere, or name a key file of your own with --key",
        ));
    }
    let count = list.lines().count();
    let human = format!(
        "  {name}  signed by {}\n  {count} commits  signed by {}\n",
        by(signer.as_slice()),
        by(&signers.into_iter().collect::<Vec<_>>())
    );
    let since = before.map_or_else(
        || "the beginning".to_owned(),
        |(version, _)| version.to_string(),
    );
    let began = began
        .map(|commit| format!(" and {}", commit.short()))
        .unwrap_or_default();
    let summary = format!("{name}, {count} commits since {since}{began}");
    Ok(Report::new("verify-source", &TOOL, subject)
        .findings(findings)
        .human(human)
        .summary(summary)
        .print_only())
}

/// The commit at which the project says it began to sign: one that the tag comes after.
fn began_to_sign(git: &Git, rev: &str, tagged: &CommitId) -> Result<CommitId> {
    let commit = git.resolve(rev)?;
    if git.is_ancestor(&commit, tagged)? {
        return Ok(commit);
    }
    Err(Error::usage(format!(
        "`{rev}` of --signed-since does not come before the tag"
    ))
    .with_help("name a commit of the history that is judged"))
}

/// A finding for each of the newest commits nobody trusted signed, and one for all the others.
fn unsigned_commits(unsigned: &[(&str, String)]) -> Vec<Finding> {
    const SHOWN: usize = 10;
    const HELP: &str = "sign commits: `git commit -S`; `--signed-since REV` where the project began to sign at REV; `--warn \
                        commit-unsigned` only remarks on it";
    let (shown, rest) = unsigned.split_at(unsigned.len().min(SHOWN));
    let single = |(id, why): &(&str, String)| {
        let id = id.get(..12).unwrap_or(id);
        format!("the commit {id} is not signed by a trusted key{why}")
    };
    let mut findings: Vec<_> = shown
        .iter()
        .map(|commit| Finding::new(&rules::COMMIT_UNSIGNED, single(commit)).help(HELP))
        .collect();
    if !rest.is_empty() {
        let text = format!(
            "{} older commits are not signed by a trusted key either",
            rest.len()
        );
        let ids: Vec<_> = rest.iter().map(|(id, _)| *id).collect();
        findings.push(
            Finding::new(&rules::COMMIT_UNSIGNED, text)
                .evidence("commits", ids)
                .help(HELP),
        );
    }
    findings
}
