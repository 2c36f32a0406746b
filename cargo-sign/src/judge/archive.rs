//! What is inside an archive: one folder, its list, its signature, its buildinfo and SBOM.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::digest::Sha256Digest;
use release_gate::{Error, Finding, Result, Rule};
use release_gate_facts::files::{BUILDINFO, CHECKSUMS, INNER_SBOM, INNER_SIGNATURE};

use super::keys::Keys;
use super::meaning::Inside;
use super::signature::{check_same, check_signature};
use super::verdict::shown;
use crate::archive::{ArchiveError, is_archive, stem};
use crate::format::checksums;
use crate::format::minisign::Prehash;
use crate::model::build::{BuildError, BuildRecord};
use crate::model::comment::TrustedComment;
use crate::model::path::folded;
use crate::read::members::{Contents, KEPT_LIMIT};
use crate::rules;

/// The two members that the inner list does not name: the list, and its signature.
const UNLISTED: [&str; 2] = [CHECKSUMS, INNER_SIGNATURE];

/// Judges what is in an archive. `outer` is what the archive's own signature says, or that of the
/// list that names it; without either it is refused already.
///
/// # Errors
/// The file could not be read.
pub(crate) fn check_contents(
    contents: &Contents,
    name: &str,
    keys: &Keys,
    outer: Option<&TrustedComment>,
) -> Result<Vec<Finding>> {
    // Of what nobody signed only a little was read, and that it holds more is no news.
    if outer.is_none() && matches!(contents.walked, Err(ArchiveError::TooLarge(_))) {
        return Ok(Vec::new());
    }
    if let Some(finding) = check_structure(contents, name)? {
        return Ok(vec![finding]);
    }
    let Some(list) = contents.kept.get(CHECKSUMS) else {
        let text = format!("`{}` holds no checksums.txt", shown(name));
        return Ok(vec![about(name, &rules::LIST_MISSING, text)]);
    };

    let inner_name = format!("{}/{CHECKSUMS}", contents.folder);
    let signature = contents.kept.get(INNER_SIGNATURE).map(Vec::as_slice);
    let signed = check_signature(signature, &Prehash::of(list), &inner_name, keys);
    let mut findings = signed.findings;
    match checksums::parse(list) {
        Ok(list) => findings.extend(check_set(&list, &contents.digests, name)),
        Err(error) => {
            let text = format!("checksums.txt in `{}`: {error}", shown(name));
            findings.push(about(name, error.rule(), text));
        }
    }
    findings.extend(check_documents(contents, name));

    if let Some((_, inner)) = &signed.found {
        if let Some(outer) = outer {
            findings.extend(check_same(outer, inner, name));
        }
        findings.extend(check_meaning(contents, name, inner));
    }
    Ok(findings)
}

/// The members of an archive and their digests.
pub(crate) type Members = BTreeMap<String, Sha256Digest>;

/// Archives of one target in several forms have to hold the same files: people take whichever they
/// can unpack, and none of them may get another program.
pub(crate) fn check_forms(archives: &BTreeMap<String, Members>) -> Vec<Finding> {
    let mut first: BTreeMap<&str, (&str, &Members)> = BTreeMap::new();
    let mut findings = Vec::new();
    for (name, members) in archives {
        let folder = stem(name).unwrap_or(name);
        let (other, expected) = *first.entry(folder).or_insert((name.as_str(), members));
        // Two signatures of one list need not be the same bytes.
        let differs = expected
            .iter()
            .chain(members)
            .filter(|(path, _)| *path != INNER_SIGNATURE)
            .find(|(path, _)| expected.get(*path) != members.get(*path));
        if let Some((path, _)) = differs {
            let text = format!(
                "`{}` and `{}` differ in `{}`",
                shown(other),
                shown(name),
                shown(path)
            );
            let help = "they are one release in two forms; do not use either";
            findings.push(about(name, &rules::SET_MISMATCH, text).help(help));
        }
    }
    findings
}

/// Endings of archives that are not judged.
const OTHER_ENDINGS: [&str; 14] = [
    ".tgz",
    ".tzst",
    ".tar",
    ".tar.xz",
    ".txz",
    ".tar.bz2",
    ".tbz",
    ".tbz2",
    ".tar.lz",
    ".tar.lzma",
    ".tar.z",
    ".7z",
    ".rar",
    ".zipx",
];

/// A listed file must not be called like one of the archives in a form that is not judged: nobody
/// could say that it holds the same.
pub(crate) fn check_other_forms(list: &checksums::List) -> Vec<Finding> {
    let stems: BTreeSet<String> = list
        .keys()
        .filter_map(|name| stem(name))
        .map(folded)
        .collect();

    let mut findings = Vec::new();
    for name in list.keys().filter(|name| !is_archive(name)) {
        let lower = name.to_ascii_lowercase();
        if is_archive(&lower) {
            let text = format!(
                "`{}` is an archive whose ending is not in lower case",
                shown(name)
            );
            let help = "archives are judged by their ending: .tar.gz, .tar.zst or .zip";
            findings.push(about(name, &rules::ARCHIVE_FORMAT, text).help(help));
        }
        let other = OTHER_ENDINGS
            .iter()
            .find_map(|ending| lower.strip_suffix(ending));
        if other.is_some_and(|stem| stems.contains(&folded(stem))) {
            let text = format!(
                "`{}` is called like another form of an archive, and its form is not judged",
                shown(name)
            );
            let help = "do not use it; take the .tar.gz, .tar.zst or .zip";
            findings.push(about(name, &rules::SET_MISMATCH, text).help(help));
        }
    }

    findings
}

/// Why an archive is refused for its structure, or for what lies outside its folder.
///
/// # Errors
/// The file could not be read: then the archive is not to blame.
pub(crate) fn check_structure(contents: &Contents, name: &str) -> Result<Option<Finding>> {
    if let Err(error) = &contents.walked {
        let Some(rule) = error.rule() else {
            let why = match error {
                ArchiveError::Io(source) => format!("{error}: {source}"),
                _ => error.to_string(),
            };
            return Err(Error::judge(format!("cannot read `{}`", shown(name))).with_source(why));
        };
        let finding = about(name, rule, format!("`{}`: {error}", shown(name)));
        let help = "do not unpack it; get it again from where it was published";
        return Ok(Some(finding.help(help)));
    }
    Ok(contents.stray.as_ref().map(|path| {
        let text = format!(
            "`{}` holds `{}` outside the folder `{}`",
            shown(name),
            shown(path),
            shown(&contents.folder)
        );
        about(name, &rules::ARCHIVE_ROOT, text)
    }))
}

/// The documents without which nobody can rebuild, or know what is inside.
fn check_documents<'a>(
    contents: &'a Contents,
    name: &'a str,
) -> impl Iterator<Item = Finding> + use<'a> {
    let needed = [
        (BUILDINFO, &rules::BUILDINFO_MISSING),
        (INNER_SBOM, &rules::SBOM_MISSING),
    ];
    needed
        .into_iter()
        .filter(|(member, _)| !contents.digests.contains_key(*member))
        .map(|(member, rule)| {
            let text = format!("`{}` holds no {member}", shown(name));
            about(name, rule, text)
        })
}

/// Whether buildinfo and SBOM are of what was signed.
fn check_meaning(contents: &Contents, name: &str, inner: &TrustedComment) -> Vec<Finding> {
    let inside = Inside {
        name,
        folder: &contents.folder,
        comment: inner,
        digests: &contents.digests,
    };

    let mut findings = inside.check_name();
    if contents.digests.contains_key(BUILDINFO) {
        let read = contents
            .kept
            .get(BUILDINFO)
            .map(|bytes| BuildRecord::parse(bytes));
        match read {
            Some(Ok(build)) => findings.extend(inside.check_build(&build)),
            Some(Err(BuildError::Unfinished { status, .. })) => {
                findings.push(inside.unfinished(status));
            }
            Some(Err(error)) => {
                let text = format!("buildinfo.json in `{}`: {error}", shown(name));
                findings.push(about(name, &rules::BUILDINFO_MALFORMED, text));
            }
            None => {
                let text = format!(
                    "buildinfo.json in `{}` is larger than {KEPT_LIMIT} bytes",
                    shown(name)
                );
                findings.push(about(name, &rules::BUILDINFO_MALFORMED, text));
            }
        }
    }

    if let Some(sbom) = &contents.sbom {
        findings.extend(inside.check_sbom(sbom));
    }

    findings
}

/// Members and list have to be the same set, with the same digests.
fn check_set(list: &checksums::List, digests: &Members, name: &str) -> Vec<Finding> {
    let archive = shown(name);
    let mut findings = Vec::new();
    for (path, digest) in list {
        match digests.get(path) {
            None => {
                let text = format!("`{archive}` lists `{}` and does not hold it", shown(path));
                findings.push(about(name, &rules::SET_MISMATCH, text));
            }
            Some(found) if found != digest => {
                let text = format!(
                    "`{}` in `{archive}` is not the one that was listed",
                    shown(path)
                );
                findings.push(about(name, &rules::DIGEST_MISMATCH, text));
            }
            Some(_) => {}
        }
    }

    let extra = digests
        .keys()
        .filter(|path| !list.contains_key(*path) && !UNLISTED.contains(&path.as_str()));
    findings.extend(extra.map(|path| {
        let text = format!("`{archive}` holds `{}` and does not list it", shown(path));
        about(name, &rules::SET_MISMATCH, text)
    }));
    findings
}

fn about(name: &str, rule: &Rule, text: String) -> Finding {
    Finding::new(rule, text).evidence("file", name.to_owned())
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;
    use crate::archive::pack::{Input, tar_gz};

    /// Also where a bundle vouches for it alone: unpacked into a home folder it would write what is
    /// obeyed there.
    #[test]
    fn everything_lies_in_the_folder_of_the_archives_name() {
        let mut bytes = Vec::new();
        let file = Input {
            path: ".bashrc".to_owned(),
            bytes: b"evil".to_vec(),
            executable: false,
        };
        tar_gz(&mut bytes, "demo-1.0.0", 1, &[file]).unwrap();
        let judged = |name: &str| {
            let contents = Contents::read_structure(&mut Cursor::new(&bytes), name);
            let finding = check_structure(&contents, name).unwrap();
            finding
                .into_iter()
                .map(|finding| finding.rule)
                .collect::<Vec<_>>()
        };
        assert_eq!(judged("demo-1.0.0.tar.gz"), [""; 0]);
        assert_eq!(judged("demo-1.0.tar.gz"), ["archive-root"]);
        assert_eq!(judged("other.tar.gz"), ["archive-root"]);
    }
}
