//! Whether a file is called like another project's, or like another version's.

use release_gate::Finding;
use semver::Version;

use super::verdict::shown;
use crate::model::comment::TrustedComment;
use crate::rules;

/// Every project that a file's name may be that of: what stands before something like `1.2.3`.
pub(crate) fn named_projects(name: &str) -> Vec<&str> {
    let file = name.rsplit('/').next().unwrap_or(name);
    let separators = file.match_indices(['-', '_', ' ']);
    separators
        .filter(|(at, _)| begins_with_version(&file[at + 1..]))
        .map(|(at, _)| &file[..at])
        .collect()
}

/// Whether a text begins with three numbers, and nothing behind them makes them another number.
fn begins_with_version(text: &str) -> bool {
    let text = text.strip_prefix('v').unwrap_or(text);
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let numbers: Vec<&str> = text[..end].trim_end_matches('.').split('.').collect();
    numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u64>().is_ok())
}

/// The refusal of a file that is called like another version of the project it was signed for.
pub(crate) fn check_version(name: &str, comment: &TrustedComment) -> Option<Finding> {
    let signed: Version = comment.version.parse().ok()?;
    let is_other = |part: &str| {
        let behind = version_behind(part, &comment.project);
        behind.is_some_and(|text| names_another(text, &signed))
    };
    name.split('/').any(is_other).then(|| {
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

/// What stands behind the project's name and looks like a version, whichever way the name is
/// spelt: `Demo_9.9.9.deb`, `demo 9.9.9.msi` and `demo9.9.9.exe` are all called like demo's.
fn version_behind<'a>(part: &'a str, project: &str) -> Option<&'a str> {
    let (head, rest) = part.split_at_checked(project.len())?;
    if respelt(head) != respelt(project) {
        return None;
    }
    let rest = rest.trim_start_matches(['-', '_', '.', ' ']);
    let rest = rest.strip_prefix(['v', 'V']).unwrap_or(rest);
    rest.starts_with(|c: char| c.is_ascii_digit())
        .then_some(rest)
}

/// A name of a project, however it is spelt.
fn respelt(text: &str) -> String {
    text.to_ascii_lowercase().replace('_', "-")
}

/// Whether a text begins with a version that is not `signed`. One number alone is none.
fn names_another(text: &str, signed: &Version) -> bool {
    let end = text.find(|c| !is_of_a_number(c)).unwrap_or(text.len());
    let (digits, behind) = text.split_at(end);
    let mut numbers: Vec<&str> = digits.split('.').collect();
    // `.7z` is an ending, and `.` before another one stands for nothing.
    if behind.starts_with(|c: char| c.is_ascii_alphabetic()) || digits.ends_with('.') {
        numbers.pop();
    }
    if numbers.len() < 2 {
        return false;
    }

    let expected = [signed.major, signed.minor, signed.patch, 0];
    let is_same = |(at, number): (usize, &&str)| {
        let expected = expected.get(at).copied().unwrap_or(0);
        number.parse() == Ok(expected)
    };
    if !numbers.iter().enumerate().all(is_same) {
        return true;
    }
    names_another_candidate(behind, signed)
}

fn is_of_a_number(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

/// Whether what follows the numbers names a candidate that is not the one that was signed:
/// `-rc.1`, `~beta2`.
fn names_another_candidate(behind: &str, signed: &Version) -> bool {
    const WORDS: [&str; 6] = ["alpha", "beta", "rc", "pre", "nightly", "canary"];
    let text = behind
        .trim_start_matches(['-', '~', '_', '.', '+'])
        .to_ascii_lowercase();
    let is_candidate = WORDS.iter().any(|word| {
        text.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_alphabetic()))
    });
    let signed = squeezed(signed.pre.as_str());
    is_candidate && (signed.is_empty() || !squeezed(&text).starts_with(&signed))
}

/// Letters and digits alone.
fn squeezed(text: &str) -> String {
    let kept = text.chars().filter(char::is_ascii_alphanumeric);
    kept.collect::<String>().to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_projects() {
        assert_eq!(named_projects("demo-9.9.9.deb"), ["demo"]);
        assert_eq!(named_projects("sub/demo_1.0.0_amd64.deb"), ["demo"]);
        assert_eq!(named_projects("demo-v2.0.0-installer.sh"), ["demo"]);
        let archive = "my-2-tool-1.0.0-x86_64.tar.gz";
        assert_eq!(named_projects(archive), ["my-2-tool"]);
        assert_eq!(named_projects("notes.md"), [""; 0]);
        assert_eq!(named_projects("demo-1.2.3.4.zip"), [""; 0]);
    }

    fn is_refused(name: &str, version: &str) -> bool {
        let comment = TrustedComment {
            timestamp: 1,
            file: name.to_owned(),
            project: "de-mo".to_owned(),
            version: version.to_owned(),
            commit: "none".to_owned(),
            dirty: false,
            refused: false,
        };
        check_version(name, &comment).is_some()
    }

    #[test]
    fn no_file_is_called_like_another_version() {
        for name in [
            "de-mo-9.9.9.deb",
            "De_Mo-9.9.9.deb",
            "de-mo_9.9.9_amd64.deb",
            "de-mo 9.9.9.msi",
            "de-mo.9.9.9.exe",
            "de-mo9.9.9.exe",
            "de-mo-v1.2.4-x86_64.sh",
            "de-mo-1.3.deb",
            "de-mo-1.2.3.1.deb",
            "de-mo-1.2.3-rc.1.deb",
            "de-mo_1.2.3~beta2_amd64.deb",
            "de-mo-9.9.9/file",
            "sub/de-mo-9.9.9",
        ] {
            assert!(is_refused(name, "1.2.3"), "{name}");
        }
        assert!(is_refused("de-mo-1.2.3-rc.2.deb", "1.2.3-rc.1"));
    }

    #[test]
    fn its_own_version_and_other_numbers_are_no_other_version() {
        for name in [
            "de-mo-1.2.3.deb",
            "de-mo_1.2.3-1_amd64.deb",
            "de-mo-1.2.3.0.msi",
            "de-mo-1.2.3.7z",
            "de-mo-1.2-guide.pdf",
            "de-mo-1.2.3+build.zip",
            "de-mo-1.2.3-preview-of-the-next.md",
            "de-mo-x86_64.AppImage",
            "de-mo-64.exe",
            "de-mo.1",
            "de-mo",
            "de-mo-other-9.9.9.deb",
            "other-9.9.9.deb",
            "notes-9.9.9.md",
        ] {
            assert!(!is_refused(name, "1.2.3"), "{name}");
        }
        assert!(!is_refused("de-mo_1.2.3~rc1_amd64.deb", "1.2.3-rc.1"));
    }
}
