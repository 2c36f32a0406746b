//! What a published buildinfo claims, held against what is known here: nothing of it is taken on
//! trust. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use release_gate::report::{Status, Subject};
use release_gate::{Error, Finding, Result};

use crate::read::buildinfo::Published;
use crate::rules;
use crate::sealed::inputs::RECORDED;
use crate::sealed::variables::governs;
use release_gate::facts::report::buildinfo::BuildInfo;

/// Whether a path leads down only.
fn leads_down(path: &str) -> bool {
    Path::new(path)
        .components()
        .all(|part| matches!(part, Component::Normal(_)))
}

/// Whether a text can be a target's name; what begins with a dash would be a flag of cargo's.
fn can_be_target(text: &str) -> bool {
    !text.starts_with('-')
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
}

/// Whether it is one that can be relied on to say what was built.
///
/// # Errors
/// Its build did not pass, or it names files or targets twice or by what is no name.
pub(crate) fn check_soundness(published: &Published) -> Result<()> {
    let (shown, envelope, info) = (&published.shown, &published.envelope, published.info());
    if envelope.status != Status::Pass {
        return refuse(shown, "is of a build that did not pass".to_owned());
    }
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for artifact in &info.artifacts {
        let name = &artifact.name;
        let is_name = !name.is_empty() && !name.contains(['/', '\\']) && leads_down(name);
        if !is_name || !leads_down(&artifact.path) {
            return refuse(
                shown,
                format!("names the artifact `{name}` at `{}`", artifact.path),
            );
        }
        if !names.insert((&artifact.target, name)) || !paths.insert(&artifact.path) {
            return refuse(
                shown,
                format!("names the artifact `{name}` for {} twice", artifact.target),
            );
        }
    }

    match envelope
        .subject
        .targets
        .iter()
        .find(|target| !can_be_target(target))
    {
        Some(target) => refuse(shown, format!("names the target `{target}`")),
        None => Ok(()),
    }
}

fn refuse<T>(shown: &str, why: String) -> Result<T> {
    Err(Error::judge(format!("`{shown}` {why}"))
        .with_help("take the file that `cargo repro build` wrote"))
}

/// The variables a rebuild has to set: what the commit itself hands on, and nothing that decides
/// how sealed builds are made.
///
/// # Errors
/// It names another one.
pub(crate) fn environment(
    published: &BTreeMap<String, String>,
    pass_env: &[String],
) -> Result<Vec<(String, std::ffi::OsString)>> {
    let mut given = Vec::new();
    for (name, value) in published
        .iter()
        .filter(|(name, _)| !RECORDED.contains(&name.as_str()))
    {
        let why = if governs(name) {
            "which decides how a sealed build is made"
        } else if !pass_env.contains(name) {
            "which `[repro] pass-env` of its commit does not hand on"
        } else if value.contains('\0') {
            "which has no value a variable can have"
        } else {
            given.push((name.clone(), value.into()));
            continue;
        };
        return Err(Error::judge(format!(
            "the inputs differ: it was built with the variable `{name}`, {why}"
        ))
        .with_help(
            "what a build depends on belongs in the commit: put it into `.cargo/config.toml`",
        ));
    }

    Ok(given)
}

/// Something a buildinfo says, as it says it and as it is here.
struct Claim {
    what: String,
    published: String,
    here: String,
}

impl Claim {
    fn new(what: impl Into<String>, published: impl ToString, here: impl ToString) -> Self {
        Self {
            what: what.into(),
            published: published.to_string(),
            here: here.to_string(),
        }
    }

    fn of_option<T: ToString>(what: &str, published: Option<T>, here: Option<T>) -> Self {
        Self::new(what, text_or_none(published), text_or_none(here))
    }
}

fn text_or_none(value: Option<impl ToString>) -> String {
    value.map_or("none".to_owned(), |value| value.to_string())
}

/// What it says otherwise than it is.
pub(crate) fn differing(
    published: &Published,
    here: &Subject,
    rebuilt: &BuildInfo,
) -> Vec<Finding> {
    let (subject, info) = (&published.envelope.subject, published.info());
    let mut claims = subject_claims(subject, info, here, rebuilt);
    claims.extend(variable_claims(info, rebuilt));
    claims.extend(artifact_claims(info, rebuilt));

    let mut findings: Vec<Finding> = claims
        .into_iter()
        .filter(|claim| claim.published != claim.here)
        .map(|claim| {
            let Claim {
                what,
                published,
                here,
            } = claim;
            Finding::new(
                &rules::INPUTS_DIFFER,
                format!("buildinfo.json says another {what}: {published}, and here it is {here}"),
            )
        })
        .collect();
    if info.dependencies != rebuilt.dependencies {
        findings.push(Finding::new(
            &rules::INPUTS_DIFFER,
            "buildinfo.json lists other dependencies than Cargo.lock of its commit",
        ));
    }
    findings
}

fn subject_claims(
    subject: &Subject,
    info: &BuildInfo,
    here: &Subject,
    rebuilt: &BuildInfo,
) -> Vec<Claim> {
    vec![
        Claim::of_option("version", subject.version.as_ref(), here.version.as_ref()),
        Claim::of_option(
            "commit of its subject",
            subject.commit.as_ref(),
            here.commit.as_ref(),
        ),
        Claim::new(
            "digest of the sources",
            info.source_sha256,
            rebuilt.source_sha256,
        ),
        Claim::new(
            "digest of Cargo.lock",
            info.lock_sha256,
            rebuilt.lock_sha256,
        ),
        Claim::of_option(
            "digest of Cargo.lock of its subject",
            subject.lock_sha256,
            Some(rebuilt.lock_sha256),
        ),
        Claim::new(
            "SOURCE_DATE_EPOCH",
            info.source_date_epoch,
            rebuilt.source_date_epoch,
        ),
        Claim::new("state of the work tree", subject.dirty, here.dirty),
    ]
}

fn variable_claims(info: &BuildInfo, rebuilt: &BuildInfo) -> Vec<Claim> {
    let names: BTreeSet<&String> = info
        .environment
        .keys()
        .chain(rebuilt.environment.keys())
        .collect();
    names
        .into_iter()
        .map(|name| {
            Claim::new(
                format!("variable {name}"),
                shown_variable(info, name),
                shown_variable(rebuilt, name),
            )
        })
        .collect()
}

fn shown_variable(info: &BuildInfo, name: &str) -> String {
    info.environment
        .get(name)
        .map_or("not set".to_owned(), |value| format!("`{value}`"))
}

/// Paths, and sizes where the digest is the same.
fn artifact_claims(info: &BuildInfo, rebuilt: &BuildInfo) -> Vec<Claim> {
    let mut claims = Vec::new();
    for artifact in &info.artifacts {
        let same = rebuilt
            .artifacts
            .iter()
            .find(|one| one.target == artifact.target && one.name == artifact.name);
        let Some(same) = same else {
            continue;
        };
        let name = &artifact.name;
        claims.push(Claim::new(
            format!("path of `{name}`"),
            &artifact.path,
            &same.path,
        ));
        if same.sha256 == artifact.sha256 {
            claims.push(Claim::new(
                format!("size of `{name}`"),
                artifact.size,
                same.size,
            ));
        }
    }

    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Variables as a buildinfo lists them.
    fn published_variables(names: [&str; 2]) -> BTreeMap<String, String> {
        names.map(|name| (name.to_owned(), "x".to_owned())).into()
    }

    #[test]
    fn only_what_the_commit_hands_on_is_set() {
        let handed_on = ["MINE".to_owned(), "RUSTFLAGS".to_owned()];
        let given = environment(&published_variables(["LANG", "MINE"]), &handed_on).unwrap();
        assert_eq!(given, [("MINE".to_owned(), "x".into())]);
        for name in ["RUSTFLAGS", "OTHER"] {
            let error = environment(&published_variables(["MINE", name]), &handed_on).unwrap_err();
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }
}
