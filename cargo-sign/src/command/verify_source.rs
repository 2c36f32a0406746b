//! `cargo sign verify-source`: the tag of a release and every commit since the one before it,
//! signed by a key that is trusted.
//!
//! Nothing of the source is run and cargo is not asked: git alone reads the tag, the commits and the
//! manifests in them, with every program that the clone's own configuration names switched off. SSH
//! signatures are judged by our own strict verification (by `ssh-keygen` for keys other than
//! Ed25519), GPG signatures by gpg with keys that are named and no others; the time a commit claims
//! for itself is never believed.

mod ignored;
mod packages;
mod place;
mod trusted;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;
use release_gate::digest::sha256_bytes;
use release_gate::git::{CommitId, Git, parse_version_tag};
use release_gate::text::counted;
use release_gate::{Context, Error, Finding, Level, Outcome, Report, Result, Subject};
use release_gate_facts::Coverage;
use release_gate_facts::report::verify_source::{SignedRelease, VerifySourceData};
use semver::Version;

use self::ignored::obeyed_and_ignored;
use self::packages::{SourcePackage, packages, select};
use self::place::Place;
use self::trusted::{Trusted, only, signed_by};
use super::signing::is_tracked;
use super::trust;
use crate::gpg::{self, Keyring};
use crate::model::config::{COMMITTED_KEY, COMMITTED_KEYRING, Config};
use crate::read::keys::read_listed_keys;
use crate::rules;
use crate::ssh_keygen::OtherKeys;
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
    /// of the previous release need none]
    #[arg(long, value_name = "REV")]
    pub(crate) signed_since: Option<String>,
    /// The tag [default: that of the package's version: `v1.2.3`, or `<package>-v1.2.3`]
    #[arg(value_name = "TAG")]
    pub(crate) tag: Option<String>,
}

/// The repository that is judged.
struct Source {
    git: Git,
    head: CommitId,
    dirty: bool,
}

pub(crate) fn run(cx: &mut Context, args: &VerifySourceArgs) -> Result<Outcome> {
    let folder = called_in(cx)?;
    let source = open_source(cx, &folder)?;
    let trusted = trusted(cx, args, &source.git, &folder)?;

    // Packages that are released together share a tag: it is judged for each of them, by the keys
    // each may be signed with.
    let all = packages(&source.git, &source.head)?;
    let workspace = &cx.args().workspace;
    let everything = workspace.workspace || workspace.all;
    let inside = below(source.git.root(), &folder);
    let selected = select(&all, &workspace.package, everything, &inside)?;
    let selected: Vec<SourcePackage> = selected
        .into_iter()
        .filter(|package| !workspace.exclude.contains(&package.name))
        .collect();

    let place = Place::of_call(cx, source.git.root(), &folder);
    let judged: Result<Vec<Report>> = selected
        .iter()
        .map(|package| judge(&source, package, &trusted, args))
        .collect();
    match judged {
        Ok(reports) => {
            let reports = reports.into_iter().map(|report| place.keep(cx, report));
            Ok(Outcome::Reports(reports.collect::<Result<Vec<_>>>()?))
        }
        Err(error) => {
            for package in &selected {
                place.replace(cx, subject(&source, package)?, &error)?;
            }
            Err(error)
        }
    }
}

/// The folder of the manifest that was named, else the current one.
fn called_in(cx: &Context) -> Result<PathBuf> {
    let folder = match cx.args().manifest_path().map(Path::parent) {
        Some(Some(parent)) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    folder.canonicalize().map_err(|error| {
        Error::usage(format!("there is no folder `{}`", folder.display())).with_source(error)
    })
}

/// A folder, relative to the repository it lies in.
fn below(root: &Path, folder: &Path) -> PathBuf {
    let root = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    folder
        .strip_prefix(root)
        .map(Path::to_owned)
        .unwrap_or_default()
}

fn open_source(cx: &Context, folder: &Path) -> Result<Source> {
    let git = Git::discover(folder, &cx.runner)?.ok_or_else(|| {
        Error::judge("there is no git repository here")
            .with_help("call it in a clone, or name its manifest with --manifest-path")
    })?;
    // What is signed is the commits: nothing that lies beside them may say which ones there are.
    let git = git.without_shortcuts();
    if git.is_shallow()? {
        return Err(Error::judge("the history is cut off").with_help("run `git fetch --unshallow`"));
    }
    let head = git
        .head()?
        .ok_or_else(|| Error::judge("the repository has no commit yet"))?;
    let dirty = git.is_dirty()?;
    Ok(Source { git, head, dirty })
}

/// The keys that count: those that are named, else those that the checkout commits.
fn trusted(cx: &mut Context, args: &VerifySourceArgs, git: &Git, folder: &Path) -> Result<Trusted> {
    // Who names a key trusts no other.
    let named = !args.key.is_empty() || !args.gpg_key.is_empty();
    let mut unpinned = !named;
    let files = args.key.iter().map(AsRef::as_ref);
    for path in files.chain(args.gpg_key.iter().map(Path::new)) {
        unpinned |= is_tracked(git, path)?;
    }

    let root = keys_root(git, folder);
    let committed = if named && args.gpg_key.is_empty() {
        Vec::new()
    } else {
        gpg::committed(&root)
    };
    let gpg = Keyring::new(&args.gpg_key, committed, &cx.runner);
    let mut other = Vec::new();
    for path in &args.key {
        other.extend(read_listed_keys(path)?);
    }
    let other = OtherKeys::new(&other, &cx.runner);
    let keys = if named && args.key.is_empty() || !args.key.is_empty() && only_others(args)? {
        only(Vec::new())
    } else {
        let config: Config = cx.config()?;
        let own = trust::of_root_or_named(&root, &config, &args.key);
        match own {
            Err(_) if !gpg.is_empty() => only(Vec::new()),
            own => own?,
        }
    };
    Ok(Trusted {
        keys,
        gpg,
        other,
        unpinned,
    })
}

/// Whether the named files hold no Ed25519 key, only others.
fn only_others(args: &VerifySourceArgs) -> Result<bool> {
    for path in &args.key {
        let has_ed25519 = read_listed_keys(path)?
            .iter()
            .any(|key| matches!(key, release_gate::public_key::ListedKey::Ed25519(_)));
        if has_ed25519 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The nearest folder, from the manifest's up to the repository's, that has committed keys.
fn keys_root(git: &Git, folder: &Path) -> PathBuf {
    let root = git
        .root()
        .canonicalize()
        .unwrap_or_else(|_| git.root().to_owned());
    let has_keys =
        |dir: &&Path| dir.join(COMMITTED_KEY).is_file() || dir.join(COMMITTED_KEYRING).is_file();
    folder
        .ancestors()
        .take_while(|dir| dir.starts_with(&root))
        .find(has_keys)
        .map_or(root.clone(), Path::to_owned)
}

/// The tag of the package's version: its own (`demo-v1.2.3`) before one that packages share
/// (`v1.2.3`).
fn own_tag(git: &Git, package: &SourcePackage) -> Result<String> {
    let tags = git.tags()?.into_iter().map(|tag| tag.name);
    let of_this_version = tags.filter(|name| {
        parse_version_tag(name, &package.name).is_some_and(|tag| tag.version == package.version)
    });
    let found = of_this_version.max_by_key(String::len);
    Ok(found.unwrap_or_else(|| format!("v{}", package.version)))
}

/// Where the commits of a release begin.
#[derive(Default)]
struct Since {
    /// The newest release before it that a trusted key signed.
    release: Option<(Version, CommitId)>,
    /// Tags of earlier versions that no trusted key signed: anybody who can push can make one, so
    /// it ends nothing.
    ignored: Vec<String>,
}

/// Looks for the previous release.
fn release_before(
    git: &Git,
    trusted: &Trusted,
    package: &SourcePackage,
    (version, commit): (&Version, &CommitId),
) -> Result<Since> {
    let mut earlier: Vec<_> = git
        .tags()?
        .into_iter()
        .filter_map(|tag| Some((parse_version_tag(&tag.name, &package.name)?.version, tag)))
        .filter(|(found, tag)| found < version && tag.commit != *commit)
        .collect();
    earlier.sort_by(|(a, _), (b, _)| b.cmp(a));

    let mut since = Since::default();
    for (version, tag) in earlier {
        if !git.is_ancestor(&tag.commit, commit)? {
            continue;
        }
        let of = (package.name.as_str(), &version);
        let (_, wrong) = trusted.tag(git, &tag.name, &tag.commit, of)?;
        if wrong.is_empty() {
            since.release = Some((version, tag.commit));
            return Ok(since);
        }
        since.ignored.push(tag.name);
    }
    Ok(since)
}

/// What the commits of a release were found to be.
struct Commits {
    count: usize,
    signers: BTreeSet<String>,
    /// Each with the reason, as the end of a sentence.
    unsigned: Vec<(String, String)>,
}

fn judge(
    source: &Source,
    package: &SourcePackage,
    trusted: &Trusted,
    args: &VerifySourceArgs,
) -> Result<Report> {
    let git = &source.git;
    let name = match &args.tag {
        Some(tag) => tag.clone(),
        None => own_tag(git, package)?,
    };
    let name = name.strip_prefix("refs/tags/").unwrap_or(&name);
    let commit = git.resolve(&format!("refs/tags/{name}"))?;
    let mut findings = trusted.keys.findings.clone();
    let of = (package.name.as_str(), &package.version);
    let (signer, wrong) = trusted.tag(git, name, &commit, of)?;
    findings.extend(wrong);
    findings.extend(check_version(git, name, &commit, package)?);
    findings.extend(check_checkout(source, name, &commit)?);

    let version = parse_version_tag(name, &package.name).map(|tag| tag.version);
    let since = match &version {
        Some(version) => release_before(git, trusted, package, (version, &commit))?,
        None => Since::default(),
    };
    findings.extend(ignored_tags(&since.ignored));
    let before = since.release.as_ref();
    let began = args
        .signed_since
        .as_deref()
        .map(|rev| began_to_sign(git, rev, &commit))
        .transpose()?;
    let except = before.map(|(_, commit)| commit).into_iter().chain(&began);
    let commits = judge_commits(git, trusted, package, &commit, except)?;
    findings.extend(unsigned_commits(&commits.unsigned));
    findings.extend(unpinned(trusted, signer.as_ref(), &commits));

    let signed = commits.count - commits.unsigned.len();
    let signers: Vec<_> = commits.signers.iter().cloned().collect();
    let all = counted(commits.count as u64, "commit", "commits");
    // The keys are those of the commits that the number counts.
    let which = match signed {
        0 => all,
        signed => format!("{signed} of {all}"),
    };
    let human = format!(
        "  {name}  {}\n  {which} {}\n",
        signed_by(signer.as_slice()),
        signed_by(&signers)
    );
    let data = VerifySourceData {
        tag: name.to_owned(),
        commit: commit.clone(),
        signer: signer.clone(),
        commits: commits.count as u64,
        signed_commits: signed as u64,
        signers,
        since: before.map(|(version, commit)| SignedRelease {
            version: version.to_string(),
            commit: commit.clone(),
        }),
    };
    let since = before.map_or_else(
        || "the beginning".to_owned(),
        |(version, _)| version.to_string(),
    );
    let began = began
        .map(|commit| format!(" and {}", commit.short()))
        .unwrap_or_default();
    let summary = format!(
        "{name}, {} since {since}{began}",
        counted(commits.count as u64, "commit", "commits")
    );
    Ok(Report::with_data(&TOOL, subject(source, package)?, &data)
        .findings(findings)
        .coverage(Coverage::of(commits.count + 1))
        .human(human)
        .summary(summary))
}

/// What is judged, as the commit that is checked out says.
fn subject(source: &Source, package: &SourcePackage) -> Result<Subject> {
    let lock = source.git.show(&source.head, "Cargo.lock")?;
    Ok(Subject {
        package: Some(package.name.clone()),
        version: Some(package.version.to_string()),
        commit: Some(source.head.clone()),
        dirty: source.dirty,
        lock_sha256: lock.map(|bytes| sha256_bytes(&bytes)),
        ..Subject::default()
    })
}

/// Whether the tag is of the version that the manifest in it says.
fn check_version(
    git: &Git,
    name: &str,
    commit: &CommitId,
    package: &SourcePackage,
) -> Result<Option<Finding>> {
    let tagged = packages(git, commit)?
        .into_iter()
        .find(|tagged| tagged.name == package.name && tagged.folder == package.folder);
    let version = parse_version_tag(name, &package.name).map(|tag| tag.version);
    let said = tagged.as_ref().unwrap_or(package);
    let agrees = version.as_ref() == Some(&said.version) && said.version == package.version;
    if tagged.is_some() && agrees {
        return Ok(None);
    }
    let text = format!("the tag `{name}` is not of version {}", said.version);
    let help = "check out the tag that is to be judged";
    Ok(Some(
        Finding::new(&rules::VERSION_MISMATCH, text).help(help),
    ))
}

/// Whether what lies in the work tree is what the tag names: a signature covers nothing else.
fn check_checkout(source: &Source, name: &str, commit: &CommitId) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    if source.head != *commit {
        let text = format!(
            "the tag `{name}` names {}, which is not what is checked out",
            commit.short()
        );
        let help = "check out the tag that is to be judged";
        findings.push(Finding::new(&rules::COMMIT_MISMATCH, text).help(help));
    }

    if source.dirty {
        let text = "the checkout holds changes that are in no commit: no signature covers them";
        let help = "build from a clean checkout of the tag; `git status`";
        findings.push(not_signed(text, help));
    }

    let unwatched = source.git.unwatched()?;
    if let [first, ..] = &*unwatched {
        let text = format!(
            "the index keeps changes of {} from being seen, among them `{}`",
            counted(unwatched.len() as u64, "file", "files"),
            first.display()
        );
        let help = "build from a clean clone of the tag; `git ls-files -v` shows them in lower case or with `S`";
        findings.push(not_signed(&text, help));
    }

    let ignored = obeyed_and_ignored(&source.git)?;
    if !ignored.is_empty() {
        let text = format!(
            "ignored files decide what cargo or rustup start, and no signature covers them: {}",
            ignored.join(", ")
        );
        findings.push(not_signed(&text, "build from a clean clone of the tag"));
    }

    Ok(findings)
}

/// Here the checkout itself is the question, so that what no signature covers weighs more than in a
/// release, which says of itself that it was made so.
fn not_signed(text: &str, help: &str) -> Finding {
    Finding::new(&rules::DIRTY_SOURCE, text)
        .level(Level::Deny)
        .help(help)
}

/// A remark on tags that were looked past.
fn ignored_tags(ignored: &[String]) -> Option<Finding> {
    const SHOWN: usize = 5;
    if ignored.is_empty() {
        return None;
    }
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
    let help = "commits are judged as if they were not there; make release tags with `git tag -s`";
    Some(
        Finding::new(&rules::TAG_IGNORED, text)
            .evidence("tags", ignored.to_vec())
            .help(help),
    )
}

/// Judges every commit of a release.
fn judge_commits<'a>(
    git: &Git,
    trusted: &Trusted,
    package: &SourcePackage,
    commit: &CommitId,
    except: impl Iterator<Item = &'a CommitId>,
) -> Result<Commits> {
    let mut list = vec!["rev-list".to_owned(), commit.to_string()];
    list.extend(except.map(|commit| format!("^{commit}")));
    let listed = git.plumbing(list)?;
    let listed = String::from_utf8_lossy(&listed);
    let mut commits = Commits {
        count: 0,
        signers: BTreeSet::new(),
        unsigned: Vec::new(),
    };
    for id in listed.lines() {
        commits.count += 1;
        match trusted.commit(git, id, &package.name, &package.version)? {
            Ok(signer) => {
                commits.signers.insert(signer);
            }
            Err(why) => commits.unsigned.push((id.to_owned(), why)),
        }
    }
    Ok(commits)
}

/// The remark that the keys came from the checkout.
fn unpinned(trusted: &Trusted, signer: Option<&String>, commits: &Commits) -> Option<Finding> {
    if !trusted.unpinned {
        return None;
    }
    let all: BTreeSet<String> = signer
        .into_iter()
        .chain(&commits.signers)
        .cloned()
        .collect();
    let all: Vec<String> = all.into_iter().collect();
    let text = format!(
        "UNPINNED: the keys came from the checkout that they verify; {}",
        signed_by(&all)
    );
    let help = "compare the fingerprints with those the project publishes elsewhere, or name a key file of your own with --key";
    Some(
        Finding::new(&rules::SOURCE_KEY_UNPINNED, text)
            .evidence("keys", all)
            .help(help),
    )
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

/// A finding for each of the newest commits no trusted key signed, and one for all the others.
fn unsigned_commits(unsigned: &[(String, String)]) -> Vec<Finding> {
    const SHOWN: usize = 10;
    const HELP: &str = "sign commits: `git commit -S`; `--signed-since REV` where the project began to sign at REV; `--warn \
                        commit-unsigned` downgrades this to a warning";
    let (shown, rest) = unsigned.split_at(unsigned.len().min(SHOWN));
    let mut findings = Vec::new();
    for (id, why) in shown {
        let id = id.get(..12).unwrap_or(id);
        let text = format!("the commit {id} is not signed by a trusted key{why}");
        findings.push(Finding::new(&rules::COMMIT_UNSIGNED, text).help(HELP));
    }
    if !rest.is_empty() {
        let text = format!(
            "{} older commits are not signed by a trusted key either",
            rest.len()
        );
        let ids: Vec<_> = rest.iter().map(|(id, _)| id.as_str()).collect();
        findings.push(
            Finding::new(&rules::COMMIT_UNSIGNED, text)
                .evidence("commits", ids)
                .help(HELP),
        );
    }
    findings
}
