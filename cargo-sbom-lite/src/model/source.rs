//! Where packages come from, without what belongs to one machine or person.

use std::path::Path;

use cargo_metadata::{Metadata, Package};

use super::vulnerability::Origin;

/// Where a package comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The default registry.
    CratesIo,
    /// Another registry, by its index URL.
    Registry(String),
    /// A git repository at a commit.
    Git {
        /// Without `git+`, query and fragment.
        url: String,
        /// Full commit id.
        commit: String,
    },
    /// A folder, relative to the workspace; empty for the workspace's root package, `..` parts for
    /// one outside.
    Path(String),
}

impl Source {
    /// The kind of place, without its address.
    pub fn origin(&self) -> Origin {
        match self {
            Self::CratesIo => Origin::CratesIo,
            Self::Registry(_) => Origin::Registry,
            Self::Git { .. } => Origin::Git,
            Self::Path(_) => Origin::Path,
        }
    }
}

/// Where a package comes from. Folders are named relative to the workspace, so that no path of a
/// machine gets in.
pub fn source_of(metadata: &Metadata, package: &Package) -> Source {
    let Some(source) = package.source.as_ref().map(|source| source.repr.as_str()) else {
        let folder = package
            .manifest_path
            .parent()
            .unwrap_or(&package.manifest_path);
        return Source::Path(relative_path(
            metadata.workspace_root.as_std_path(),
            folder.as_std_path(),
        ));
    };
    if let Some(rest) = source.strip_prefix("git+") {
        let (url, commit) = rest.split_once('#').unwrap_or((rest, ""));
        let url = url.split('?').next().unwrap_or(url);
        return Source::Git {
            url: url.to_owned(),
            commit: commit.to_owned(),
        };
    }
    if package
        .source
        .as_ref()
        .is_some_and(cargo_metadata::Source::is_crates_io)
    {
        return Source::CratesIo;
    }
    let url = source
        .strip_prefix("registry+")
        .or_else(|| source.strip_prefix("sparse+"))
        .unwrap_or(source);
    Source::Registry(url.to_owned())
}

/// `to` as seen from `from`, `/` between parts, `..` where it climbs.
pub fn relative_path(from: &Path, to: &Path) -> String {
    let (from, to): (Vec<_>, Vec<_>) = (from.components().collect(), to.components().collect());
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = from[common..].iter().map(|_| "..".to_owned());
    let down = to[common..]
        .iter()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// An address without the user and password that may stand in it, and on one line.
pub fn without_user(url: &str) -> String {
    let url: String = url.split_whitespace().collect();
    let Some((scheme, rest)) = url.split_once("://") else {
        return url;
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url,
    }
}
