//! What is inside an archive: one folder, its list, its signature, its buildinfo and SBOM.
//!
//! Of an archive that nobody signed no more than a little is inflated, whatever it says it holds.

use std::collections::BTreeMap;
use std::io::Seek;

use blake2::{Blake2b512, Digest as _};
use release_gate::digest::{Sha256Digest, sha256_reader};
use release_gate::report::Envelope;
use release_gate::{Error, Finding, Result};

use super::file::check_signature;
use super::meaning::{self, Sbom};
use super::{Keys, Verdict, shown};
use crate::archive::{ArchiveError, Limits, stem, walk};
use crate::format::checksums;
use crate::model::comment::TrustedComment;
use crate::rules;

/// Members that are kept in memory while walking, and how large they may be.
const KEPT: [&str; 3] = ["checksums.txt", "SIGNATURE", "buildinfo.json"];
const KEPT_LIMIT: u64 = 4 << 20;

/// How much of an archive is looked at that no signature vouches for: enough to say what else is
/// wrong with it, or whose it claims to be.
pub(super) const UNSIGNED: Limits = Limits {
    bytes: 64 << 20,
    members: 1_000,
};

/// Walks an archive named `name` (`demo-1.0.0-x86_64.tar.gz`) and judges what is in it. `outer` is
/// what the archive's own signature says, or that of the list that names it; without either it is
/// refused already.
///
/// # Errors
/// The file cannot be read.
pub(super) fn check(
    verdict: &mut Verdict,
    file: &mut (impl std::io::Read + Seek),
    name: &str,
    keys: &Keys,
    outer: Option<&TrustedComment>,
) -> Result<()> {
    let folder = stem(name).unwrap_or(name);
    let mut digests: BTreeMap<String, Sha256Digest> = BTreeMap::new();
    let mut kept: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let (mut stray, mut sbom) = (None, None);
    let limits = if outer.is_some() {
        Limits::default()
    } else {
        UNSIGNED
    };
    let walked = walk(file, limits, &mut |member, reader| {
        let Some(path) = member
            .path
            .strip_prefix(folder)
            .and_then(|rest| rest.strip_prefix('/'))
        else {
            stray.get_or_insert_with(|| member.path.clone());
            return Ok(());
        };
        if KEPT.contains(&path) && member.size <= KEPT_LIMIT {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            digests.insert(path.to_owned(), release_gate::digest::sha256_bytes(&bytes));
            kept.insert(path.to_owned(), bytes);
        } else if path == "SBOM.json" {
            let (read, digest) = Sbom::read(reader)?;
            sbom = Some(read);
            digests.insert(path.to_owned(), digest);
        } else {
            digests.insert(path.to_owned(), sha256_reader(reader)?.0);
        }
        Ok(())
    });
    let about = |rule, text: String| Finding::new(rule, text).evidence("file", name.to_owned());
    if outer.is_none() && matches!(walked, Err(ArchiveError::TooLarge(_))) {
        return Ok(());
    }
    if refused(verdict, walked, stray, name)? {
        return Ok(());
    }
    let Some(list) = kept.get("checksums.txt") else {
        verdict.refuse(about(
            &rules::LIST_MISSING,
            format!("`{}` holds no checksums.txt", shown(name)),
        ));
        return Ok(());
    };
    let inner = check_signature(
        verdict,
        kept.get("SIGNATURE").map(Vec::as_slice),
        &Blake2b512::digest(list).into(),
        &format!("{folder}/checksums.txt"),
        keys,
    );
    match checksums::parse(list) {
        Ok(list) => check_set(verdict, &list, &digests, name),
        Err(error) => verdict.refuse(about(
            error.rule(),
            format!("checksums.txt in `{}`: {error}", shown(name)),
        )),
    }
    for (member, rule) in [
        ("buildinfo.json", &rules::BUILDINFO_MISSING),
        ("SBOM.json", &rules::SBOM_MISSING),
    ] {
        if !digests.contains_key(member) {
            verdict.refuse(about(rule, format!("`{}` holds no {member}", shown(name))));
        }
    }
    let Some((_, inner)) = inner else {
        return Ok(());
    };
    if let Some(outer) = outer {
        check_same(verdict, outer, &inner, name);
    }
    let inside = meaning::Inside {
        name,
        folder,
        comment: &inner,
        digests: &digests,
    };
    inside.check_name(verdict);
    if digests.contains_key("buildinfo.json") {
        let read = kept
            .get("buildinfo.json")
            .map(|bytes| Envelope::read(bytes, "buildinfo"));
        match read {
            Some(Ok(envelope)) => inside.check_buildinfo(verdict, &envelope),
            Some(Err(error)) => verdict.refuse(about(
                &rules::BUILDINFO_MALFORMED,
                format!("buildinfo.json in `{}`: {error}", shown(name)),
            )),
            None => verdict.refuse(about(
                &rules::BUILDINFO_MALFORMED,
                format!(
                    "buildinfo.json in `{}` is larger than {KEPT_LIMIT} bytes",
                    shown(name)
                ),
            )),
        }
    }
    if let Some(sbom) = sbom {
        inside.check_sbom(verdict, &sbom);
    }
    Ok(())
}

/// Refuses an archive for its structure, or for what lies outside its folder.
fn refused(
    verdict: &mut Verdict,
    walked: std::result::Result<(), ArchiveError>,
    stray: Option<String>,
    name: &str,
) -> Result<bool> {
    let about = |rule, text: String| Finding::new(rule, text).evidence("file", name.to_owned());
    if let Err(error) = walked {
        let Some(rule) = error.rule() else {
            return Err(Error::judge(format!("cannot read `{}`", shown(name))).with_source(error));
        };
        verdict.refuse(
            about(rule, format!("`{}`: {error}", shown(name)))
                .help("do not unpack it; get it again from where it was published"),
        );
        return Ok(true);
    }
    let Some(path) = stray else { return Ok(false) };
    let folder = stem(name).unwrap_or(name);
    verdict.refuse(about(
        &rules::ARCHIVE_ROOT,
        format!(
            "`{}` holds `{}` outside the folder `{}`",
            shown(name),
            shown(&path),
            shown(folder)
        ),
    ));
    Ok(true)
}

/// Walks an archive for its structure alone: what nobody signed with a key of the project has to
/// lie in one folder too.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn check_structure(
    verdict: &mut Verdict,
    file: &mut (impl std::io::Read + Seek),
    name: &str,
) -> Result<()> {
    let (folder, mut stray) = (format!("{}/", stem(name).unwrap_or(name)), None);
    let walked = walk(file, Limits::default(), &mut |member, _| {
        if !member.path.starts_with(&folder) {
            stray.get_or_insert_with(|| member.path.clone());
        }
        Ok(())
    });
    refused(verdict, walked, stray, name).map(drop)
}

/// Members and list have to be the same set, with the same digests.
fn check_set(
    verdict: &mut Verdict,
    list: &checksums::List,
    digests: &BTreeMap<String, Sha256Digest>,
    name: &str,
) {
    let about = |rule, text: String| Finding::new(rule, text).evidence("file", name.to_owned());
    for (path, digest) in list {
        match digests.get(path) {
            None => verdict.refuse(about(
                &rules::SET_MISMATCH,
                format!(
                    "`{}` lists `{}` and does not hold it",
                    shown(name),
                    shown(path)
                ),
            )),
            Some(found) if found != digest => {
                verdict.refuse(about(
                    &rules::DIGEST_MISMATCH,
                    format!(
                        "`{}` in `{}` is not the one that was listed",
                        shown(path),
                        shown(name)
                    ),
                ));
            }
            Some(_) => {}
        }
    }
    for path in digests.keys().filter(|path| {
        !list.contains_key(*path) && !["checksums.txt", "SIGNATURE"].contains(&path.as_str())
    }) {
        verdict.refuse(about(
            &rules::SET_MISMATCH,
            format!(
                "`{}` holds `{}` and does not list it",
                shown(name),
                shown(path)
            ),
        ));
    }
}

/// Two signatures of one release have to say the same.
pub(super) fn check_same(
    verdict: &mut Verdict,
    outer: &TrustedComment,
    inner: &TrustedComment,
    name: &str,
) {
    for (rule, what, a, b) in [
        (
            &rules::PROJECT_MISMATCH,
            "project",
            &outer.project,
            &inner.project,
        ),
        (
            &rules::VERSION_MISMATCH,
            "version",
            &outer.version,
            &inner.version,
        ),
        (
            &rules::COMMIT_MISMATCH,
            "commit",
            &outer.commit,
            &inner.commit,
        ),
    ] {
        if a != b {
            let text = format!(
                "the signatures of `{}` name two {what}s: {} and {}",
                shown(name),
                shown(a),
                shown(b)
            );
            verdict.refuse(
                Finding::new(rule, text)
                    .evidence("file", name.to_owned())
                    .help("parts of two releases were put together; do not use it"),
            );
        }
    }
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
            let mut verdict = Verdict::default();
            check_structure(&mut verdict, &mut Cursor::new(&bytes), name).unwrap();
            verdict
                .findings
                .into_iter()
                .map(|finding| finding.rule)
                .collect::<Vec<_>>()
        };
        assert_eq!(judged("demo-1.0.0.tar.gz"), [""; 0]);
        assert_eq!(judged("demo-1.0.tar.gz"), ["archive-root"]);
        assert_eq!(judged("other.tar.gz"), ["archive-root"]);
    }
}
