//! A packed crate: its files, and the commit it says it was packed from.

use std::io::Read as _;
use std::path::{Component, Path};

use release_gate::{Error, Result};
use serde::Deserialize;

use crate::diff::archive::{self, Member};

/// Larger packages are not read.
const LARGEST: u64 = 1 << 30;

/// Written by cargo into every package made in a clean repository.
pub(crate) const VCS_INFO: &str = ".cargo_vcs_info.json";

/// What cargo wrote down of where a package was packed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The commit, a full id or not.
    pub(crate) commit: String,
    /// Whether there were uncommitted changes.
    pub(crate) dirty: bool,
    /// The package's folder in the repository.
    pub(crate) folder: String,
}

#[derive(Deserialize)]
struct VcsInfo {
    git: GitInfo,
    #[serde(default)]
    path_in_vcs: String,
}

#[derive(Deserialize)]
struct GitInfo {
    sha1: String,
    #[serde(default)]
    dirty: bool,
}

/// What the package says of where it was packed; `None` if it says nothing.
pub(crate) fn origin(members: &[Member]) -> Option<Origin> {
    let member = members.iter().find(|member| member.name == VCS_INFO)?;
    let info: VcsInfo = serde_json::from_slice(&member.bytes).ok()?;
    Some(Origin {
        commit: info.git.sha1,
        dirty: info.git.dirty,
        folder: info.path_in_vcs,
    })
}

impl Origin {
    /// The version in a file's name, `demo-1.2.3`: what follows the first dash before a digit.
    pub(crate) fn version_of<'n>(&self, name: &'n str) -> Option<&'n str> {
        name.char_indices()
            .filter(|(_, c)| *c == '-')
            .map(|(at, _)| &name[at + 1..])
            .find(|rest| {
                rest.starts_with(|c: char| c.is_ascii_digit())
                    && semver::Version::parse(rest).is_ok()
            })
    }

    /// Whether it names a whole commit id: a branch or `HEAD` is always there and says nothing.
    pub(crate) fn names_commit(&self) -> bool {
        matches!(self.commit.len(), 40 | 64)
            && self.commit.bytes().all(|byte| byte.is_ascii_hexdigit())
    }

    /// The package's folder, relative to the repository.
    ///
    /// # Errors
    /// It lies in no repository.
    pub(crate) fn folder(&self) -> Result<&Path> {
        let folder = Path::new(&self.folder);
        let inside = folder
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
        if inside {
            return Ok(folder);
        }
        Err(Error::judge(format!(
            "`{VCS_INFO}` names the folder `{}`, which lies in no repository",
            self.folder
        )))
    }
}

fn no_crate_file(name: &str) -> Error {
    Error::judge(format!("`{name}` is not a .crate file"))
}

/// The files of a `.crate`, without the folder they all lie in.
///
/// # Errors
/// It is no such archive, or holds something outside that folder.
pub(crate) fn unpack(bytes: &[u8], name: &str) -> Result<Vec<Member>> {
    // Cargo reads one stream and stops at the end of its archive; what lies behind is hidden.
    let mut decoder = flate2::bufread::GzDecoder::new(bytes);
    let mut content = Vec::new();
    let length = decoder.by_ref().take(LARGEST).read_to_end(&mut content);
    if length.is_err() || content.len() as u64 == LARGEST {
        return Err(no_crate_file(name));
    }
    let (_, mut members) = archive::members(&content)
        .filter(|(format, _)| *format == "tar")
        .ok_or_else(|| no_crate_file(name))?;
    let is_hidden = !decoder.into_inner().is_empty() || archive::has_bytes_behind(&content);
    // Everything lies in one folder, `name-version/`; cargo refuses anything else, and what lies
    // elsewhere is no file of it.
    let folder = members
        .first()
        .and_then(|member| member.name.split('/').next())
        .map(|name| format!("{name}/"));
    let folder = folder.ok_or_else(|| no_crate_file(name))?;
    if is_hidden {
        members.push(Member {
            name: format!("{folder}bytes behind the archive"),
            header: "no file".to_owned(),
            bytes: Vec::new(),
        });
    }
    members
        .into_iter()
        .map(|member| match member.name.strip_prefix(&folder) {
            Some(rest) => Ok(Member {
                name: rest.to_owned(),
                ..member
            }),
            None => Err(Error::judge(format!(
                "`{name}` holds `{}`, outside its folder `{folder}`",
                member.name
            ))),
        })
        .collect()
}
