//! What is inside an archive: one folder, its list, its signature, its buildinfo and SBOM.

use std::collections::BTreeMap;
use std::io::Seek;

use blake2::{Blake2b512, Digest as _};
use release_gate::digest::{Sha256Digest, sha256_reader};
use release_gate::report::Envelope;
use release_gate::{Error, Finding, Result};

use super::file::check_signature;
use super::{Keys, Verdict, shown};
use crate::archive::{Limits, stem, walk};
use crate::format::checksums;
use crate::model::comment::TrustedComment;
use crate::rules;

/// Members that are kept in memory while walking, and how large they may be.
const KEPT: [&str; 3] = ["checksums.txt", "SIGNATURE", "buildinfo.json"];
const KEPT_LIMIT: u64 = 4 << 20;

/// Walks an archive named `name` (`demo-1.0.0-x86_64.tar.gz`) and judges what is in it. `outer` is what the archive's own signature says.
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
    let mut stray = None;
    let walked = walk(file, Limits::default(), &mut |member, reader| {
        let Some(path) = member.path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/')) else {
            stray.get_or_insert_with(|| member.path.clone());
            return Ok(());
        };
        if KEPT.contains(&path) && member.size <= KEPT_LIMIT {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            digests.insert(path.to_owned(), release_gate::digest::sha256_bytes(&bytes));
            kept.insert(path.to_owned(), bytes);
        } else {
            digests.insert(path.to_owned(), sha256_reader(reader)?.0);
        }
        Ok(())
    });
    let about = |rule, text: String| Finding::new(rule, text).evidence("file", name.to_owned());
    if let Err(error) = walked {
        let Some(rule) = error.rule() else {
            return Err(Error::judge(format!("cannot read `{}`", shown(name))).with_source(error));
        };
        verdict.refuse(
            about(rule, format!("`{}`: {error}", shown(name)))
                .help("do not unpack it; get it again from where it was published"),
        );
        return Ok(());
    }
    if let Some(path) = stray {
        verdict.refuse(about(
            &rules::ARCHIVE_ROOT,
            format!("`{}` holds `{}` outside the folder `{}`", shown(name), shown(&path), shown(folder)),
        ));
        return Ok(());
    }
    let Some(list) = kept.get("checksums.txt") else {
        verdict.refuse(about(&rules::LIST_MISSING, format!("`{}` holds no checksums.txt", shown(name))));
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
        Err(error) => {
            verdict.refuse(about(error.rule(), format!("checksums.txt in `{}`: {error}", shown(name))))
        }
    }
    for (member, rule) in [("buildinfo.json", &rules::BUILDINFO_MISSING), ("SBOM.json", &rules::SBOM_MISSING)]
    {
        if !digests.contains_key(member) {
            verdict.refuse(about(rule, format!("`{}` holds no {member}", shown(name))));
        }
    }
    let Some((_, inner)) = inner else { return Ok(()) };
    if let Some(outer) = outer {
        check_same(verdict, outer, &inner, name);
    }
    if let Some(bytes) = kept.get("buildinfo.json") {
        match Envelope::read(bytes, "buildinfo") {
            Ok(envelope) => check_buildinfo(verdict, &envelope, &inner, name),
            Err(error) => verdict.refuse(about(
                &rules::BUILDINFO_MALFORMED,
                format!("buildinfo.json in `{}`: {error}", shown(name)),
            )),
        }
    }
    if !folder.starts_with(&format!("{}-{}", inner.project, inner.version)) {
        verdict.refuse(about(
            &rules::VERSION_MISMATCH,
            format!("`{}` is signed as {} {}", shown(name), shown(&inner.project), shown(&inner.version)),
        ));
    }
    Ok(())
}

/// Walks an archive for its structure alone.
///
/// # Errors
/// The file cannot be read.
pub(crate) fn check_structure(
    verdict: &mut Verdict,
    file: &mut (impl std::io::Read + Seek),
    name: &str,
) -> Result<()> {
    let Err(error) = walk(file, Limits::default(), &mut |_, _| Ok(())) else { return Ok(()) };
    let Some(rule) = error.rule() else {
        return Err(Error::judge(format!("cannot read `{}`", shown(name))).with_source(error));
    };
    let text = format!("`{}`: {error}", shown(name));
    verdict.refuse(Finding::new(rule, text).evidence("file", name.to_owned()).help("do not unpack it"));
    Ok(())
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
                format!("`{}` lists `{}` and does not hold it", shown(name), shown(path)),
            )),
            Some(found) if found != digest => {
                verdict.refuse(about(
                    &rules::DIGEST_MISMATCH,
                    format!("`{}` in `{}` is not the one that was listed", shown(path), shown(name)),
                ));
            }
            Some(_) => {}
        }
    }
    for path in digests
        .keys()
        .filter(|path| !list.contains_key(*path) && !["checksums.txt", "SIGNATURE"].contains(&path.as_str()))
    {
        verdict.refuse(about(
            &rules::SET_MISMATCH,
            format!("`{}` holds `{}` and does not list it", shown(name), shown(path)),
        ));
    }
}

/// Two signatures of one release have to say the same.
pub(super) fn check_same(verdict: &mut Verdict, outer: &TrustedComment, inner: &TrustedComment, name: &str) {
    for (rule, what, a, b) in [
        (&rules::PROJECT_MISMATCH, "project", &outer.project, &inner.project),
        (&rules::VERSION_MISMATCH, "version", &outer.version, &inner.version),
        (&rules::COMMIT_MISMATCH, "commit", &outer.commit, &inner.commit),
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

fn check_buildinfo(verdict: &mut Verdict, buildinfo: &Envelope, comment: &TrustedComment, name: &str) {
    let subject = &buildinfo.subject;
    let commit = subject.commit.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string);
    let none = String::new();
    for (rule, what, a, b) in [
        (&rules::PROJECT_MISMATCH, "project", subject.package.as_ref().unwrap_or(&none), &comment.project),
        (&rules::VERSION_MISMATCH, "version", subject.version.as_ref().unwrap_or(&none), &comment.version),
        (&rules::COMMIT_MISMATCH, "commit", &commit, &comment.commit),
    ] {
        if a != b {
            let text = format!(
                "buildinfo.json in `{}` is of {what} {} and the signature of {}",
                shown(name),
                shown(a),
                shown(b)
            );
            verdict.refuse(Finding::new(rule, text).evidence("file", name.to_owned()));
        }
    }
}
