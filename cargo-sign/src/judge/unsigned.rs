//! What no key vouches for: a list's files, and what an archive says it is of. Nothing is believed
//! of either.

use std::path::Path;

use release_gate::digest::sha256_bytes;
use release_gate::{Error, Finding, Result};

use super::file::{Checked, open_regular, small, unreadable};
use super::{Held, Verdict, archive, shown};
use crate::archive::{stem, walk};
use crate::format::checksums;
use crate::format::minisign::{MAX_LEN, MinisignSignature};
use crate::model::comment::TrustedComment;
use crate::model::companion::LIST;
use crate::rules;

/// Checks every file that a list without a signature names, once something vouches for the list:
/// what vouches for it vouches for them through it.
///
/// # Errors
/// Something that is there cannot be read, or the list is not the one that was judged any more.
pub(crate) fn check_listed_unsigned(verdict: &mut Verdict, path: &Path) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let bytes = small(path, checksums::MAX_LEN)?.unwrap_or_default();
    let digest = sha256_bytes(&bytes);
    if !verdict
        .held
        .iter()
        .any(|held| held.file == LIST && held.sha256 == digest)
    {
        return Err(
            Error::judge(format!("`{LIST}` changed while it was verified")).with_help(
                "copy it to a folder that nobody else can write to, and verify it there",
            ),
        );
    }
    let list = match checksums::parse(&bytes) {
        Ok(list) => list,
        Err(error) => {
            verdict.refuse(Finding::new(
                error.rule(),
                format!("checksums.txt: {error}"),
            ));
            return Ok(());
        }
    };
    for (name, digest) in list {
        let path = dir.join(&name);
        let about = |rule, what: &str| {
            Finding::new(rule, format!("`{}` {what}", shown(&name))).evidence("file", name.clone())
        };
        if std::fs::symlink_metadata(&path).is_err() {
            verdict.refuse(
                about(&rules::FILE_MISSING, "is listed and missing").help("get the whole release"),
            );
            continue;
        }
        let Some(mut checked) = Checked::open(&path, false)? else {
            verdict.refuse(about(&rules::FILE_NOT_REGULAR, "is not a regular file"));
            continue;
        };
        if checked.sha256 != digest {
            let finding = about(&rules::DIGEST_MISMATCH, "is not the one that was listed");
            verdict.refuse(finding.help("do not use it; get it again"));
            continue;
        }
        if super::is_archive(&name) {
            archive::check_structure(verdict, &mut checked.file, &name)?;
        }
        verdict.held.push(Held {
            file: name,
            sha256: checked.sha256,
            size: checked.size,
            signed: None,
        });
    }
    Ok(())
}

/// The projects a file may be of, by what is inside it or by its name: only good for looking up
/// what is known of them.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn claimed_projects(path: &Path) -> Result<Vec<String>> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let mut claimed = Vec::new();
    if let Some(folder) = stem(&name)
        && let Some(mut file) = open_regular(path).map_err(|error| unreadable(path, error))?
    {
        let signature = format!("{folder}/SIGNATURE");
        // An archive that cannot be walked is refused by whoever judges it. `pack` puts the
        // signature before what is large.
        let _ = walk(&mut file, archive::UNSIGNED, &mut |member, reader| {
            if member.path != signature || member.size > MAX_LEN as u64 {
                return Ok(());
            }
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            claimed.extend(signed_for(&bytes));
            Err(std::io::ErrorKind::Other.into()) // nothing further is of interest
        });
    }
    claimed.extend(named_like(&name));
    if name == LIST {
        let bytes = small(path, checksums::MAX_LEN)?.unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let files = text
            .lines()
            .filter_map(|line| line.split_once("  "))
            .map(|(_, file)| file);
        claimed.extend(files.flat_map(|file| named_like(file.rsplit('/').next().unwrap_or(file))));
    }
    Ok(claimed)
}

/// The project a signature says it is for, whoever made it.
pub(crate) fn signed_for(signature: &[u8]) -> Option<String> {
    let parsed = MinisignSignature::parse(signature).ok()?;
    Some(
        parsed
            .trusted_comment
            .parse::<TrustedComment>()
            .ok()?
            .project,
    )
}

/// What comes before a version in a file's name (the longest first), or all of it.
fn named_like(name: &str) -> Vec<String> {
    let before = |(at, _): (usize, &str)| {
        let version = name[at + 1..].starts_with(|c: char| c.is_ascii_digit());
        version.then(|| name[..at].to_owned())
    };
    let mut found: Vec<_> = name.rmatch_indices('-').filter_map(before).collect();
    found.extend(name.split('.').next().map(str::to_owned));
    found
}

#[cfg(test)]
mod tests {
    use super::named_like;

    #[test]
    fn names_of_archives_name_their_project() {
        let name = "my-2-tool-1.0.0-x86_64-unknown-linux-gnu.tar.gz";
        assert_eq!(named_like(name), ["my-2-tool", "my", "my-2-tool-1"]);
        assert_eq!(named_like("demo.exe"), ["demo"]);
        assert_eq!(named_like("демо-1"), ["демо", "демо-1"]);
    }
}
