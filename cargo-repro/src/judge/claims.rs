//! What a published buildinfo claims, held against what is known here: nothing of it is taken on
//! trust. Pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path};

use release_gate::report::{Status, Subject};
use release_gate::{Error, Finding, Result};

use crate::model::published::BuildInfo;
use crate::read::buildinfo::Published;
use crate::rules;
use crate::sealed::inputs::RECORDED;
use crate::sealed::variables::governs;

/// Whether it is one that can be relied on to say what was built.
///
/// # Errors
/// Its build did not pass, or it names files or targets twice or by what is no name.
pub(crate) fn check_soundness(published: &Published) -> Result<()> {
    let Published {
        shown,
        envelope,
        info,
        ..
    } = published;
    if envelope.status != Status::Pass {
        return refuse(shown, "is of a build that did not pass".to_owned());
    }
    let (mut names, mut paths) = (BTreeSet::new(), BTreeSet::new());
    for artifact in &info.artifacts {
        let inside = |path: &str| {
            Path::new(path)
                .components()
                .all(|part| matches!(part, Component::Normal(_)))
        };
        let name = &artifact.name;
        if name.is_empty() || name.contains(['/', '\\']) || !inside(name) || !inside(&artifact.path)
        {
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
    let known = |text: &str| {
        !text.starts_with('-')
            && text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"-_./".contains(&b))
    };
    match envelope
        .subject
        .targets
        .iter()
        .find(|target| !known(target))
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
            "what a build depends on belongs into the commit: put it into `.cargo/config.toml`",
        ));
    }
    Ok(given)
}

/// What it says otherwise than it is.
pub(crate) fn differing(
    published: &Published,
    here: &Subject,
    rebuilt: &BuildInfo,
) -> Vec<Finding> {
    let (subject, info) = (&published.envelope.subject, &published.info);
    let hex = |digest: Option<release_gate::digest::Sha256Digest>| {
        digest.map_or("none".to_owned(), |digest| digest.to_string())
    };
    let name = |name: &Option<String>| name.clone().unwrap_or_else(|| "none".to_owned());
    let commit = |subject: &Subject| {
        subject
            .commit
            .as_ref()
            .map_or("none".to_owned(), ToString::to_string)
    };
    let mut claims = vec![
        (
            "version".to_owned(),
            name(&subject.version),
            name(&here.version),
        ),
        (
            "commit of its subject".to_owned(),
            commit(subject),
            commit(here),
        ),
        (
            "digest of the sources".to_owned(),
            hex(info.source_sha256),
            hex(rebuilt.source_sha256),
        ),
        (
            "digest of Cargo.lock".to_owned(),
            hex(info.lock_sha256),
            hex(rebuilt.lock_sha256),
        ),
        (
            "digest of Cargo.lock of its subject".to_owned(),
            hex(subject.lock_sha256),
            hex(rebuilt.lock_sha256),
        ),
        (
            "SOURCE_DATE_EPOCH".to_owned(),
            info.source_date_epoch.to_string(),
            rebuilt.source_date_epoch.to_string(),
        ),
        (
            "state of the work tree".to_owned(),
            subject.dirty.to_string(),
            here.dirty.to_string(),
        ),
    ];
    let value = |info: &BuildInfo, name: &str| {
        info.environment
            .get(name)
            .map_or("not set".to_owned(), |value| format!("`{value}`"))
    };
    let variables: BTreeSet<&String> = info
        .environment
        .keys()
        .chain(rebuilt.environment.keys())
        .collect();
    claims.extend(variables.into_iter().map(|variable| {
        (
            format!("variable {variable}"),
            value(info, variable),
            value(rebuilt, variable),
        )
    }));
    for artifact in &info.artifacts {
        let same = rebuilt
            .artifacts
            .iter()
            .find(|one| one.target == artifact.target && one.name == artifact.name);
        if let Some(same) = same {
            claims.push((
                format!("path of `{}`", artifact.name),
                artifact.path.clone(),
                same.path.clone(),
            ));
            if same.sha256 == artifact.sha256 {
                claims.push((
                    format!("size of `{}`", artifact.name),
                    artifact.size.to_string(),
                    same.size.to_string(),
                ));
            }
        }
    }
    let mut findings: Vec<Finding> = claims
        .into_iter()
        .filter(|(_, published, here)| published != here)
        .map(|(what, published, here)| {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_commit_hands_on_is_set() {
        let published = |names: &[&str]| -> BTreeMap<String, String> {
            names
                .iter()
                .map(|name| ((*name).to_owned(), "x".to_owned()))
                .collect()
        };
        let handed_on = ["MINE".to_owned(), "RUSTFLAGS".to_owned()];
        let given = environment(&published(&["LANG", "MINE"]), &handed_on).unwrap();
        assert_eq!(given, [("MINE".to_owned(), "x".into())]);
        for name in ["RUSTFLAGS", "OTHER"] {
            let error = environment(&published(&["MINE", name]), &handed_on).unwrap_err();
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }
}
