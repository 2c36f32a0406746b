//! Whether a file is called like another project's, or like another version's.

use release_gate::Finding;

use super::verdict::shown;
use crate::model::comment::TrustedComment;
use crate::rules;

/// A name and the version behind it: `demo-1.0.0-x.deb` is `demo` at 1.0.0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedVersion<'a> {
    /// What stands before the version.
    pub(crate) project: &'a str,
    /// Major, minor and patch.
    version: [u64; 3],
}

/// Every way to read a file's name as that of a project at a version.
pub(crate) fn named_versions(name: &str) -> Vec<NamedVersion<'_>> {
    let file = name.rsplit('/').next().unwrap_or(name);
    file.match_indices(['-', '_'])
        .filter_map(|(at, _)| {
            let rest = &file[at + 1..];
            let version = leading_version(rest.strip_prefix('v').unwrap_or(rest))?;
            Some(NamedVersion {
                project: &file[..at],
                version,
            })
        })
        .collect()
}

/// `1.2.3` at the beginning of a text, with nothing behind it that would make it another number.
fn leading_version(text: &str) -> Option<[u64; 3]> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let numbers: Vec<&str> = text[..end].trim_end_matches('.').split('.').collect();
    let [major, minor, patch] = numbers[..] else {
        return None;
    };
    Some([
        major.parse().ok()?,
        minor.parse().ok()?,
        patch.parse().ok()?,
    ])
}

/// The refusal of a file that is called like another version of the project it was signed for.
pub(crate) fn check_version(name: &str, comment: &TrustedComment) -> Option<Finding> {
    let signed = leading_version(&comment.version)?;
    let other = named_versions(name)
        .into_iter()
        .any(|named| named.project == comment.project && named.version != signed);
    other.then(|| {
        let text = format!(
            "`{}` is called like another version than {} {}, which it is signed as",
            shown(name),
            shown(&comment.project),
            shown(&comment.version)
        );
        Finding::new(&rules::VERSION_MISMATCH, text)
            .evidence("file", name.to_owned())
            .help("do not use it; get it from where that version was published")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_project_and_version() {
        let read = |name: &str| {
            named_versions(name)
                .into_iter()
                .map(|named| format!("{} {:?}", named.project, named.version))
                .collect::<Vec<_>>()
        };
        assert_eq!(read("demo-9.9.9.deb"), ["demo [9, 9, 9]"]);
        assert_eq!(read("sub/demo_1.0.0_amd64.deb"), ["demo [1, 0, 0]"]);
        assert_eq!(read("demo-v2.0.0-installer.sh"), ["demo [2, 0, 0]"]);
        assert_eq!(
            read("my-2-tool-1.0.0-x86_64.tar.gz"),
            ["my-2-tool [1, 0, 0]"]
        );
        assert_eq!(read("notes.md"), [""; 0]);
        assert_eq!(read("demo-1.2.3.4.zip"), [""; 0]);
    }
}
