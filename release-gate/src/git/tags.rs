//! Tags, and which version of which package a tag's name stands for.

use semver::Version;

use super::{CommitId, Git, GitError};

/// A tag that leads to a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    /// The name below `refs/tags/`.
    pub name: String,
    /// The commit it leads to.
    pub commit: CommitId,
    /// Whether it is an object of its own, with a message and perhaps a signature.
    pub annotated: bool,
    /// Tagger time of an annotated tag, else committer time; seconds since 1970.
    pub time: i64,
}

/// The version a tag's name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionTag {
    /// The version.
    pub version: Version,
    /// Whether the name also names the package (`serde-v1.0.0`), which counts more than `v1.0.0`
    /// in a workspace.
    pub names_package: bool,
}

impl Git {
    /// All tags that lead to commits, sorted by name.
    ///
    /// # Errors
    /// git could not be run, or gave an answer that cannot be read.
    pub fn tags(&self) -> Result<Vec<Tag>, GitError> {
        const FORMAT: &str = "%(refname:strip=2)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)%00%(creatordate:unix)";
        let bytes = self.plumbing([
            "for-each-ref",
            "--sort=refname",
            &format!("--format={FORMAT}"),
            "refs/tags",
        ])?;

        let mut tags = Vec::new();
        for line in String::from_utf8_lossy(&bytes).lines() {
            let fields: Vec<&str> = line.split('\0').collect();
            let [name, kind, object, peeled_kind, peeled, time] = fields[..] else {
                return Err(super::repository::answer(
                    "for-each-ref refs/tags",
                    line.as_bytes(),
                ));
            };
            let (annotated, commit) = match (kind, peeled_kind) {
                ("commit", _) => (false, object),
                ("tag", "commit") => (true, peeled),
                // A tag of a tree or blob (or, before git 2.45, of a tag) is not a release.
                _ => continue,
            };
            let commit = commit.parse().map_err(|_| {
                super::repository::answer("for-each-ref refs/tags", line.as_bytes())
            })?;
            tags.push(Tag {
                name: name.to_owned(),
                commit,
                annotated,
                time: time.parse().unwrap_or(0),
            });
        }

        Ok(tags)
    }
}

/// Reads a tag's name as a version of `package`.
///
/// `1.2.3`, `v1.2.3`, and with the package's name before it, joined by `-`, `_`, `@` or `/`:
/// `serde-v1.2.3`, `serde@1.2.3`. `None` for names of other packages and for what is not a version.
pub fn parse_version_tag(tag: &str, package: &str) -> Option<VersionTag> {
    if let Some(version) = parse_bare_version(tag) {
        return Some(VersionTag {
            version,
            names_package: false,
        });
    }
    let rest = tag.strip_prefix(package)?;
    let version = parse_bare_version(rest.strip_prefix(['-', '_', '@', '/'])?)?;
    Some(VersionTag {
        version,
        names_package: true,
    })
}

/// `1.2.3` or `v1.2.3`.
fn parse_bare_version(text: &str) -> Option<Version> {
    Version::parse(text.strip_prefix('v').unwrap_or(text)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_tags() {
        let parsed = |tag: &str| {
            parse_version_tag(tag, "serde").map(|tag| (tag.version.to_string(), tag.names_package))
        };
        assert_eq!(parsed("v1.2.3"), Some(("1.2.3".into(), false)));
        assert_eq!(parsed("1.2.3-rc.1"), Some(("1.2.3-rc.1".into(), false)));
        for tag in [
            "serde-v1.2.3",
            "serde-1.2.3",
            "serde@1.2.3",
            "serde/v1.2.3",
            "serde_1.2.3",
        ] {
            assert_eq!(parsed(tag), Some(("1.2.3".into(), true)), "{tag}");
        }

        for tag in [
            "serde_json-v1.2.3",
            "latest",
            "v1",
            "release-1.2.3",
            "serde1.2.3",
        ] {
            assert_eq!(parsed(tag), None, "{tag}");
        }
    }
}
