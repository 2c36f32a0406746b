//! `cargo sign verify-source`: the tag of a release and every commit since the one before it, signed by a key that is trusted.
//!
//! SSH signatures are judged by our own strict verification, GPG signatures by gpg with keys that are named and no others; the time a commit
//! claims for itself is never believed.

use release_gate::git::{Git, parse_version_tag};
use release_gate::project::{Package, Project};
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Rule};

use super::{Config, trust};
use crate::cli::VerifySourceArgs;
use crate::format::git_object::{self, Signed};
use crate::format::sshsig;
use crate::gpg::{self, Keyring};
use crate::judge::Keys;
use crate::{TOOL, rules};

pub(crate) fn run(cx: &mut Context, args: &VerifySourceArgs) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let runner = cx.runner.clone();
    let project = cx.project()?;
    let git = project.repository()?;
    if git.is_shallow()? {
        return Err(Error::judge("the history is cut off").with_help("run `git fetch --unshallow`"));
    }
    // Who names a key trusts no other.
    let named = !args.key.is_empty() || !args.gpg_key.is_empty();
    let committed = !named || !args.gpg_key.is_empty();
    let committed = if committed { gpg::committed(&project.root) } else { Vec::new() };
    let gpg = Keyring::new(&args.gpg_key, committed, &runner);
    let keys = if !args.key.is_empty() || gpg.is_empty() {
        trust::of_project_or_named(project, &config, &args.key)?
    } else {
        let own = if named { None } else { trust::of_project(project, &config)? };
        own.unwrap_or_else(|| Keys::new(Vec::new(), true))
    };
    let keys = Trusted { keys, gpg };
    // Packages that are released together share a tag: it is judged for each of them, by the keys each may be signed with.
    let reports = project.selected().map(|package| judge(project, git, package, &keys, args));
    Ok(Outcome::Reports(reports.collect::<Result<Vec<_>>>()?))
}

/// The tag of the package's version: its own (`demo-v1.2.3`) before one that packages share (`v1.2.3`).
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
}

impl Trusted {
    /// Why a signature does not count, as the end of a sentence; `None` where it does.
    fn why_not(&self, signed: Option<Signed>, project: &str, version: &str) -> Result<Option<String>> {
        let Some((payload, signature)) = signed else { return Ok(Some(String::new())) };
        if git_object::is_gpg(&signature) {
            if self.gpg.is_empty() {
                return Ok(Some(": it has a GPG signature, and no GPG key is trusted".to_owned()));
            }
            return Ok(self.gpg.verify(&payload, &signature)?.err().map(|error| format!(": {error}")));
        }
        // Whether a key may vouch is judged by the release, never by the time a commit gives itself.
        let vouches = self.keys.keys.iter().any(|key| {
            self.keys.refuses(&key.key, project, version).is_none()
                && sshsig::verify(&signature, key, "git", &payload).is_ok()
        });
        Ok((!vouches).then(String::new))
    }
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
    let reference = format!("refs/tags/{name}");
    let commit = git.resolve(&reference)?;
    let mut findings = trusted.keys.findings.clone();
    let mut refuse =
        |rule: &Rule, text: String, help: &str| findings.push(Finding::new(rule, text).help(help));
    let why_not = |signed| trusted.why_not(signed, &package.name, &package.version.to_string());
    let kind = git.plumbing(["cat-file", "-t", &reference])?;
    if kind.trim_ascii() == b"tag" {
        let object = git.plumbing(["cat-file", "tag", &reference])?;
        if let Some(why) = why_not(git_object::tag(&object))? {
            refuse(
                &rules::TAG_UNSIGNED,
                format!("the tag `{name}` is not signed by a trusted key{why}"),
                "sign it: `git tag -s`, with gpg.format=ssh or a GPG key that is named",
            );
        }
        if git_object::header(&object, "tag") != Some(name) {
            refuse(
                &rules::TAG_RENAMED,
                format!("the tag `{name}` was made under another name"),
                "an old tag is being shown as another version; fetch the tags again from a source you trust",
            );
        }
        if git_object::header(&object, "object") != Some(commit.as_str()) {
            refuse(
                &rules::TAG_UNSIGNED,
                format!("the tag `{name}` is of another tag"),
                "tag the commit itself",
            );
        }
    } else {
        refuse(
            &rules::TAG_UNSIGNED,
            format!("the tag `{name}` is lightweight: nothing signs it"),
            "make it with `git tag -s`",
        );
    }
    let version = parse_version_tag(name, &package.name).map(|tag| tag.version);
    if version.as_ref() != Some(&package.version) {
        refuse(
            &rules::VERSION_MISMATCH,
            format!("the tag `{name}` is not of version {}", package.version),
            "check out the tag that is to be judged",
        );
    }
    if subject.commit.as_ref() != Some(&commit) {
        refuse(
            &rules::COMMIT_MISMATCH,
            format!("the tag `{name}` names {}, which is not what is checked out", commit.short()),
            "check out the tag that is to be judged",
        );
    }
    let mut before = None;
    for tag in git.tags()? {
        let Some(found) = parse_version_tag(&tag.name, &package.name) else { continue };
        let older = version.as_ref().is_some_and(|version| found.version < *version) && tag.commit != commit;
        if older
            && before.as_ref().is_none_or(|(best, _)| *best < found.version)
            && git.is_ancestor(&tag.commit, &commit)?
        {
            before = Some((found.version, tag.commit));
        }
    }
    let mut list = vec!["rev-list".to_owned(), commit.to_string()];
    list.extend(before.as_ref().map(|(_, commit)| format!("^{commit}")));
    let list = git.plumbing(list)?;
    let list = String::from_utf8_lossy(&list);
    for id in list.lines() {
        if let Some(why) = why_not(git_object::commit(&git.plumbing(["cat-file", "commit", id])?))? {
            refuse(
                &rules::COMMIT_UNSIGNED,
                format!("the commit {} is not signed by a trusted key{why}", id.get(..12).unwrap_or(id)),
                "sign commits: `git commit -S`; `--warn commit-unsigned` only remarks on it",
            );
        }
    }
    let since = before.map_or_else(|| "the beginning".to_owned(), |(version, _)| version.to_string());
    let summary = format!("{name}, {} commits since {since}", list.lines().count());
    Ok(Report::new("verify-source", &TOOL, subject).findings(findings).summary(summary).print_only())
}
