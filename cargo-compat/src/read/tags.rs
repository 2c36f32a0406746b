//! Release tags of a repository.

use cargo_metadata::Package;
use release_gate::Result;
use release_gate::git::{CommitId, parse_version_tag};
use release_gate::project::Project;
use semver::Version;

/// How well a tag's name fits a package, least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// It has other words before the version (`release-1.2.3`, `k-lib-v1.2.3`), or two numbers only.
    Loose,
    /// `v1.2.3`.
    Bare,
    /// `name-v1.2.3`: in a workspace it counts before one that names no package.
    Named,
}

/// The highest version tag that is not above the package's version and not the commit that is
/// judged. Tags of a usual form count before others.
pub(super) fn newest_tag(
    project: &Project,
    package: &Package,
) -> Result<Option<(String, CommitId)>> {
    let Some(git) = &project.git else {
        return Ok(None);
    };
    let others: Vec<&str> = project
        .metadata
        .workspace_packages()
        .into_iter()
        .map(|other| other.name.as_str())
        .filter(|other| *other != package.name.as_str())
        .collect();

    // A file that nobody committed makes the tree dirty and changes nothing about what was tagged.
    let as_committed = !project.dirty || !git.has_tracked_changes()?;
    let mut best: Option<((Fit, Version), String, CommitId)> = None;
    for tag in git.tags()? {
        let Some((fit, version)) = read_tag(&tag.name, &package.name, &others) else {
            continue;
        };
        // A pre-release is a baseline only for versions of its own.
        let pre = !version.pre.is_empty() && package.version.pre.is_empty();
        let here = as_committed && project.commit.as_ref() == Some(&tag.commit);
        if pre || here || version > package.version {
            continue;
        }
        let key = (fit, version);
        if best.as_ref().is_none_or(|(known, ..)| key > *known) {
            best = Some((key, tag.name, tag.commit));
        }
    }

    Ok(best.map(|(_, name, commit)| (name, commit)))
}

/// The version a tag's name stands for. `None` for tags of other packages and for what is no
/// version.
fn read_tag(tag: &str, package: &str, others: &[&str]) -> Option<(Fit, Version)> {
    if let Some(parsed) = parse_version_tag(tag, package) {
        let fit = if parsed.names_package {
            Fit::Named
        } else {
            Fit::Bare
        };
        return Some((fit, parsed.version));
    }

    let digit = tag.char_indices().find_map(|(at, c)| {
        let begins = at == 0
            || tag[..at].ends_with(['-', '_', '/', '@', '.'])
            || tag[..at].to_ascii_lowercase().ends_with('v');
        (c.is_ascii_digit() && begins).then(|| read_version(&tag[at..]).map(|found| (at, found)))?
    });

    let (at, version) = digit?;
    let words = tag[..at]
        .trim_end_matches(['v', 'V'])
        .trim_end_matches(['-', '_', '/', '@', '.']);
    let of_other = others.iter().any(|other| words.eq_ignore_ascii_case(other));

    (!of_other).then_some((
        if words.eq_ignore_ascii_case(package) {
            Fit::Named
        } else {
            Fit::Loose
        },
        version,
    ))
}

/// `1.2.3`, or `1.2` for `1.2.0`.
fn read_version(text: &str) -> Option<Version> {
    let numbers = text.split(['-', '+']).next().unwrap_or_default();
    match numbers.matches('.').count() {
        2 => Version::parse(text).ok(),
        1 => Version::parse(&text.replacen(numbers, &format!("{numbers}.0"), 1)).ok(),
        _ => None,
    }
}

/// The first remote whose tags git was told not to fetch (`git clone --no-tags`).
pub(super) fn remote_without_tags(project: &Project) -> Result<Option<String>> {
    let Some(git) = &project.git else {
        return Ok(None);
    };
    let asked = git.run(git.step().args([
        "config",
        "--local",
        "-z",
        "--get-regexp",
        r"^remote\..*\.tagopt$",
    ]))?;
    // It ends with 1 where nothing matches.
    let text = if asked.is_success() {
        String::from_utf8_lossy(&asked.stdout)
    } else {
        "".into()
    };
    Ok(text.split('\0').find_map(|entry| {
        let (key, value) = entry.split_once('\n')?;
        let remote = key.strip_prefix("remote.")?.strip_suffix(".tagopt")?;
        (value == "--no-tags").then(|| remote.to_owned())
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_every_usual_form_are_read() {
        for (tag, expected) in [
            ("v1.2.3", Some((Fit::Bare, "1.2.3"))),
            ("1.2.3", Some((Fit::Bare, "1.2.3"))),
            ("k-v1.2.3", Some((Fit::Named, "1.2.3"))),
            ("k/v1.2", Some((Fit::Named, "1.2.0"))),
            ("v1.2", Some((Fit::Loose, "1.2.0"))),
            ("V1.2.3", Some((Fit::Loose, "1.2.3"))),
            ("release-1.2.3", Some((Fit::Loose, "1.2.3"))),
            ("release/1.2.3", Some((Fit::Loose, "1.2.3"))),
            ("version-1.2.3", Some((Fit::Loose, "1.2.3"))),
            ("k-lib-v1.2.3-rc.1", Some((Fit::Loose, "1.2.3-rc.1"))),
            ("other-v1.2.3", None),
            ("v1", None),
            ("nightly", None),
            ("2026-11-30", None),
        ] {
            let read = read_tag(tag, "k", &["other"]);
            let expected = expected.map(|(fit, text)| (fit, text.parse().unwrap()));
            assert_eq!(read, expected, "{tag}");
        }
    }
}
