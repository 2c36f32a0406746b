//! A whole release: its list, its archives, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::{Error, Finding, Result, Rule};

use super::archive::check_archive_structure;
use super::file::not_regular;
use super::provenance::check_evidence_beside;
use super::signers::{read_emitted, read_further};
use crate::archive::{Limits, is_archive};
use crate::format::checksums::{self, List};
use crate::format::minisign::Prehash;
use crate::judge::archive::{Members, check_contents, check_forms, check_other_forms};
use crate::judge::emitted::{SignedList, check_emitted};
use crate::judge::keys::Keys;
use crate::judge::listing::{Extent, check_unlisted};
use crate::judge::naming::check_version;
use crate::judge::signature::{check_further, check_quorum, check_same, check_signature};
use crate::judge::verdict::{Signed, Verdict, Verified, shown};
use crate::model::comment::TrustedComment;
use crate::model::companion::LIST;
use crate::read::file::{Hashed, read_bounded, signature_of};
use crate::read::folder::files_below;
use crate::read::members::Contents;
use crate::rules;

/// Checks a folder by the `checksums.txt` in it.
///
/// # Errors
/// It cannot be read.
pub fn check_directory(dir: &Path, keys: &Keys, extent: Extent<'_>) -> Result<Verdict> {
    check_list(&dir.join(LIST), keys, extent)
}

/// Checks a list and every file it names.
///
/// # Errors
/// Something that is there cannot be read.
pub fn check_list(path: &Path, keys: &Keys, extent: Extent<'_>) -> Result<Verdict> {
    let mut verdict = Verdict::with(keys.findings.clone());
    let dir = path.parent().unwrap_or(Path::new("."));
    if path.symlink_metadata().is_err() {
        let text = format!("there is no `{}`", path.display());
        let finding = Finding::new(&rules::LIST_MISSING, text);
        verdict.refuse(finding.help("get it from where the release was published"));
        return Ok(verdict);
    }

    let bytes = read_bounded(path, checksums::MAX_LEN)?.unwrap_or_default();
    let (signed, signers) = check_list_signatures(&mut verdict, path, &bytes, keys)?;
    let list = match checksums::parse(&bytes) {
        Ok(list) => list,
        Err(error) => {
            let finding = Finding::new(error.rule(), format!("checksums.txt: {error}"));
            verdict.refuse(finding.help("the list is written by `cargo sign pack`"));
            return Ok(verdict);
        }
    };
    // What nobody signed is refused; what it names is nobody's word, and may be made to take long.
    let Some(signed) = signed else {
        return Ok(verdict);
    };

    let of = SignedList {
        bytes: &bytes,
        list: &list,
        signed: &signed,
    };
    let emitted = read_emitted(dir, &bytes, &list)?;
    verdict.findings.extend(check_emitted(&emitted, of, keys));
    verdict
        .findings
        .extend(check_quorum(LIST, &signed.1, &signers, keys));
    let files = check_each(dir, &list, keys, &signed.1, extent);
    let mut contents = BTreeMap::new();
    for file in files {
        let file = file?;
        contents.extend(file.members);
        verdict.absorb(file.verdict);
    }
    verdict.findings.extend(check_forms(&contents));
    verdict.findings.extend(check_other_forms(&list));
    if is_nothing_here(&verdict, &list, extent) {
        let text = "none of the files that the list names is here";
        let finding = Finding::new(&rules::FILE_MISSING, text);
        verdict.refuse(finding.help("call it in the folder of the download"));
    }
    verdict.verified.insert(
        0,
        Verified {
            file: LIST.to_owned(),
            digest: sha256_bytes(&bytes).into(),
            size: bytes.len() as u64,
            signed: Some(signed),
        },
    );
    if extent.is_folder() {
        let evidence = check_evidence_beside(&mut verdict, dir, keys)?;
        let found = files_below(dir)?;
        let unlisted = check_unlisted(&found, &list, &evidence);
        verdict.findings.extend(unlisted);
    }
    Ok(verdict)
}

/// Whether everything that is listed was passed over: then nothing was verified.
fn is_nothing_here(verdict: &Verdict, list: &List, extent: Extent<'_>) -> bool {
    let left_out = usize::try_from(verdict.coverage.not_judged_count());
    matches!(extent, Extent::Downloaded { .. }) && left_out == Ok(list.len())
}

/// Checks the minisign signatures of the list; returns the first, and all keys that signed.
fn check_list_signatures(
    verdict: &mut Verdict,
    path: &Path,
    bytes: &[u8],
    keys: &Keys,
) -> Result<(Option<Signed>, BTreeSet<[u8; 32]>)> {
    let prehash = Prehash::of(bytes);
    let signature = signature_of(path)?;
    let signed = verdict.take(check_signature(signature.as_deref(), &prehash, LIST, keys));
    let further = read_further(path)?;
    let signers = verdict.take(check_further(
        &further,
        &prehash,
        LIST,
        keys,
        signed.as_ref(),
    ));
    Ok((signed, signers.unwrap_or_default()))
}

/// Checks every file of the list, as many at a time as there are processors; in the list's order.
fn check_each(
    dir: &Path,
    list: &List,
    keys: &Keys,
    outer: &TrustedComment,
    extent: Extent<'_>,
) -> Vec<Result<ListedFile>> {
    let entries: Vec<_> = list
        .iter()
        .filter(|(name, _)| extent.covers(name))
        .collect();
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    let work = || {
        while let Some((number, (name, digest))) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            entries.get(number).map(|entry| (number, *entry))
        } {
            // A file that is listed itself is data, whatever it is called.
            let listed = Listed {
                name,
                digest: *digest,
                signature_is_data: list.contains_key(&format!("{name}.sig")),
                extent,
            };
            let judged = check_listed(&listed, dir, keys, outer);
            done.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(number, judged);
        }
    };

    let threads = std::thread::available_parallelism()
        .map_or(1, usize::from)
        .min(entries.len());
    std::thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(work);
        }
        work();
    });
    done.into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
        .collect()
}

/// One line of the list.
struct Listed<'a> {
    name: &'a str,
    digest: Sha256Digest,
    /// What is called like its signature is a listed file.
    signature_is_data: bool,
    extent: Extent<'a>,
}

/// What was found out about one file of the list.
struct ListedFile {
    verdict: Verdict,
    /// The members of an archive that held, by its name.
    members: Option<(String, Members)>,
}

impl From<Verdict> for ListedFile {
    fn from(verdict: Verdict) -> Self {
        Self {
            verdict,
            members: None,
        }
    }
}

/// Checks one file of the list, an archive also from the inside.
fn check_listed(
    listed: &Listed<'_>,
    dir: &Path,
    keys: &Keys,
    outer: &TrustedComment,
) -> Result<ListedFile> {
    let name = listed.name;
    let path = dir.join(name);
    let mut verdict = Verdict::default();
    verdict.findings.extend(check_version(name, outer));
    if std::fs::symlink_metadata(&path).is_err() {
        if matches!(listed.extent, Extent::Downloaded { .. }) {
            let why = "it is listed, and was not downloaded";
            let what = format!("`{}`", shown(name));
            verdict
                .coverage
                .not_judged(&rules::NOT_JUDGED_MISSING, what, 1, why);
        } else {
            verdict.refuse(missing(name));
        }
        return Ok(verdict.into());
    }
    if lies_behind_a_link(dir, name) {
        verdict.refuse(not_regular(name).evidence("file", name.to_owned()));
        return Ok(verdict.into());
    }

    let signature = if listed.signature_is_data {
        None
    } else {
        signature_of(&path)?
    };
    // Archives have to be signed themselves; other files may be, and then that has to hold too.
    let is_signed = signature.is_some() || is_archive(name) && listed.extent.needs_signatures();
    let opened = if is_signed {
        Hashed::open_with_prehash(&path)?.map(|(hashed, prehash)| (hashed, Some(prehash)))
    } else {
        Hashed::open(&path)?.map(|hashed| (hashed, None))
    };
    let Some((mut hashed, prehash)) = opened else {
        verdict.refuse(not_regular(name).evidence("file", name.to_owned()));
        return Ok(verdict.into());
    };
    if hashed.sha256 != listed.digest {
        verdict.refuse(other_file(name).help("do not use it; get it again"));
        return Ok(verdict.into());
    }

    let mut signed = None;
    if let Some(prehash) = prehash {
        let own = name.rsplit('/').next().unwrap_or(name);
        signed = verdict.take(check_signature(signature.as_deref(), &prehash, own, keys));
        let further = read_further(&path)?;
        verdict.take(check_further(
            &further,
            &prehash,
            own,
            keys,
            signed.as_ref(),
        ));
        if let Some((_, inner)) = &signed {
            verdict.findings.extend(check_same(outer, inner, name));
        }
    }
    let mut members = None;
    if is_archive(name) {
        let contents = Contents::read(&mut hashed.file, name, Limits::default());
        let findings = check_contents(&contents, name, keys, Some(outer))?;
        verdict.findings.extend(findings);
        members = Some((name.to_owned(), contents.digests));
    }
    verdict.verified.push(Verified {
        file: name.to_owned(),
        digest: hashed.sha256.into(),
        size: hashed.size,
        signed,
    });
    Ok(ListedFile { verdict, members })
}

/// Whether a folder on the way to a listed file is a link: what it leads to is not in the release.
fn lies_behind_a_link(dir: &Path, name: &str) -> bool {
    let mut folder = dir.to_owned();
    let Some((above, _)) = name.rsplit_once('/') else {
        return false;
    };
    above.split('/').any(|part| {
        folder.push(part);
        folder
            .symlink_metadata()
            .is_ok_and(|found| found.is_symlink())
    })
}

/// Checks every file that a list without a signature names, once something vouches for the list:
/// what vouches for it vouches for them through it.
///
/// # Errors
/// Something that is there cannot be read, or the list is not the one that was judged any more.
pub(crate) fn check_listed_unsigned(verdict: &mut Verdict, path: &Path) -> Result<()> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let bytes = read_bounded(path, checksums::MAX_LEN)?.unwrap_or_default();
    let digest = sha256_bytes(&bytes);
    if !verdict
        .verified
        .iter()
        .any(|verified| verified.file == LIST && verified.digest == digest.into())
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
            let finding = Finding::new(error.rule(), format!("checksums.txt: {error}"));
            verdict.refuse(finding);
            return Ok(());
        }
    };

    for (name, digest) in list {
        let path = dir.join(&name);
        if std::fs::symlink_metadata(&path).is_err() {
            verdict.refuse(missing(&name));
            continue;
        }
        let Some(mut hashed) = Hashed::open(&path)? else {
            verdict.refuse(not_regular(&name).evidence("file", name));
            continue;
        };
        if hashed.sha256 != digest {
            verdict.refuse(other_file(&name).help("do not use it; get it again"));
            continue;
        }
        if is_archive(&name) {
            check_archive_structure(verdict, &mut hashed, &name)?;
        }
        verdict.verified.push(Verified {
            file: name,
            digest: hashed.sha256.into(),
            size: hashed.size,
            signed: None,
        });
    }
    Ok(())
}

fn missing(name: &str) -> Finding {
    about(name, &rules::FILE_MISSING, "is listed and missing").help("get the whole release")
}

fn other_file(name: &str) -> Finding {
    let what = "is not the one that was listed";
    about(name, &rules::DIGEST_MISMATCH, what)
}

fn about(name: &str, rule: &Rule, what: &str) -> Finding {
    Finding::new(rule, format!("`{}` {what}", shown(name))).evidence("file", name.to_owned())
}
