//! What an unverified file says it is of. Nothing is believed of it: it only says what to look up.

use std::path::Path;

use release_gate::Result;

use super::file::{file_name, open_regular, read_bounded, unreadable};
use super::members::UNSIGNED;
use crate::archive::{stem, walk};
use crate::format::checksums;
use crate::format::minisign::{MAX_LEN, MinisignSignature};
use crate::model::comment::TrustedComment;
use crate::model::companion::LIST;

/// The projects a file may be of, by what is inside it or by its name: only good for looking up
/// what is known of them.
///
/// # Errors
/// It is there and cannot be read.
pub(crate) fn claimed_projects(path: &Path) -> Result<Vec<String>> {
    let name = file_name(path);
    let mut claimed = Vec::new();
    if let Some(folder) = stem(&name)
        && let Some(mut file) = open_regular(path).map_err(|error| unreadable(path, error))?
    {
        let signature = format!("{folder}/SIGNATURE");
        // An archive that cannot be walked is refused by anyone who judges it. `pack` puts the
        // signature before what is large.
        let _ = walk(&mut file, UNSIGNED, &mut |member, reader| {
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
        let bytes = read_bounded(path, checksums::MAX_LEN)?.unwrap_or_default();
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
    let mut found = Vec::new();
    for (at, _) in name.rmatch_indices('-') {
        if name[at + 1..].starts_with(|c: char| c.is_ascii_digit()) {
            found.push(name[..at].to_owned());
        }
    }
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
