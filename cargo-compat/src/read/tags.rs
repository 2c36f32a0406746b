//! Release tags of a repository.

use cargo_metadata::Package;
use release_gate::Result;
use release_gate::git::{CommitId, parse_version_tag};
use release_gate::project::Project;
use semver::Version;

/// The highest version tag that is not above the package's version and not the commit that is
/// judged; in a workspace a tag that names the package counts before one that does not.
pub(super) fn newest_tag(
    project: &Project,
    package: &Package,
) -> Result<Option<(String, CommitId)>> {
    let Some(git) = &project.git else {
        return Ok(None);
    };
    // A file that nobody committed makes the tree dirty and changes nothing about what was tagged.
    let as_committed = !project.dirty || !git.has_tracked_changes()?;
    let mut best: Option<(bool, Version, String, CommitId)> = None;
    for tag in git.tags()? {
        let Some(parsed) = parse_version_tag(&tag.name, &package.name) else {
            continue;
        };
        // A pre-release is a baseline only for versions of its own.
        let pre = !parsed.version.pre.is_empty() && package.version.pre.is_empty();
        let here = as_committed && project.commit.as_ref() == Some(&tag.commit);
        if pre || here || parsed.version > package.version {
            continue;
        }
        let key = (parsed.names_package, parsed.version.clone());
        if best
            .as_ref()
            .is_none_or(|(names, version, ..)| key > (*names, version.clone()))
        {
            best = Some((parsed.names_package, parsed.version, tag.name, tag.commit));
        }
    }
    Ok(best.map(|(_, _, name, commit)| (name, commit)))
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
