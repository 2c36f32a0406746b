//! Where packages come from, without what belongs to one machine or person.

use std::path::Path;

use cargo_metadata::{Metadata, Package};
use release_gate::facts::report::vulns::Origin;

use super::registry::{is_crates_io, is_mirror};
use super::url::{public_or_anonymous_url, redact_text};

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
    /// The same without what must not leave the house: for sources that somebody's document states.
    #[must_use]
    pub fn public(&self) -> Self {
        match self {
            Self::CratesIo => Self::CratesIo,
            Self::Registry(url) => Self::Registry(public_or_anonymous_url(url)),
            Self::Git { url, commit } => Self::Git {
                url: public_or_anonymous_url(url),
                commit: commit.clone(),
            },
            Self::Path(path) => Self::Path(redact_text(path)),
        }
    }

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
/// machine gets in. `mirrors` are registries that serve what crates.io does.
pub fn source_of(metadata: &Metadata, package: &Package, mirrors: &[String]) -> Source {
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
    source_of_lock(Some(source), mirrors)
}

/// The registry that a source of Cargo.lock names, `registry+…` or `sparse+…`.
fn registry_source(source: &str, mirrors: &[String]) -> Source {
    if is_crates_io(source) || is_mirror(source, mirrors) {
        return Source::CratesIo;
    }
    let url = source
        .trim_start_matches("registry+")
        .trim_start_matches("sparse+");
    Source::Registry(public_or_anonymous_url(url))
}

/// The source that Cargo.lock names; without one the package is a folder of the workspace, of which
/// the lock file does not say which.
pub fn source_of_lock(source: Option<&str>, mirrors: &[String]) -> Source {
    let Some(source) = source else {
        return Source::Path(String::new());
    };
    match source.strip_prefix("git+") {
        Some(rest) => {
            let (url, commit) = rest.split_once('#').unwrap_or((rest, ""));
            Source::Git {
                url: public_or_anonymous_url(url),
                commit: commit.to_owned(),
            }
        }
        None => registry_source(source, mirrors),
    }
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
