//! A whole release: its list, its archives, and nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use release_gate::artifacts::{MANIFEST, Manifest};
use release_gate::fs::TEMPORARY;
use release_gate::{Error, Finding, Result};

use super::file::{Checked, check_signature, signature_of, small};
use super::{Held, Keys, Verdict, archive, check_file, companion, shown};
use crate::format::checksums;
use crate::model::comment::TrustedComment;
use crate::model::companion::{Companion, LIST};
use crate::rules;

/// Reports and folders that the suite itself keeps beside a release while it is made; they are
/// named, never silently passed over.
const WORKING: &[&str] = &[
    MANIFEST,
    "artifacts",
    "buildlog.jsonl",
    "compat.json",
    "pack.json",
    "relnotes.json",
    "repro.json",
    "sbom.json",
    "uploaded.json",
    "verify.json",
    "vulns.json",
];

/// How much beside a list belongs to the release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// Only what is listed; other files in the folder are not looked at (`cargo sign verify
    /// checksums.txt`).
    Listed,
    /// The whole folder: what is not listed is refused.
    Folder,
    /// The suite's own artifact folder: what its manifest names was written by the gates and is
    /// only remarked on.
    Artifacts,
}

/// Whether a name is that of an archive this tool judges.
pub(crate) fn is_archive(name: &str) -> bool {
    crate::archive::stem(name).is_some()
}

/// Checks one archive: its signature, its structure, and what is inside.
///
/// # Errors
/// It cannot be read.
pub fn check_archive(path: &Path, keys: &Keys) -> Result<(Verdict, Option<Checked>)> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let (mut verdict, mut checked) = check_file(path, keys)?;
    if let Some(checked) = &mut checked {
        let outer = verdict
            .held
            .first()
            .and_then(|held| held.signed.as_ref())
            .map(|(_, comment)| comment.clone());
        archive::check(&mut verdict, &mut checked.file, &name, keys, outer.as_ref())?;
    }
    if !verdict.holds() {
        verdict.held.clear();
    }
    Ok((verdict, checked))
}

/// Checks a folder by the `checksums.txt` in it.
///
/// # Errors
/// It cannot be read.
pub fn check_directory(dir: &Path, keys: &Keys, extent: Extent) -> Result<Verdict> {
    check_list(&dir.join("checksums.txt"), keys, extent)
}

/// Checks a list and every file it names.
///
/// # Errors
/// Something that is there cannot be read.
pub fn check_list(path: &Path, keys: &Keys, extent: Extent) -> Result<Verdict> {
    let mut verdict = Verdict {
        findings: keys.findings.clone(),
        ..Verdict::default()
    };
    let dir = path.parent().unwrap_or(Path::new("."));
    if path.symlink_metadata().is_err() {
        verdict.refuse(
            Finding::new(
                &rules::LIST_MISSING,
                format!("there is no `{}`", path.display()),
            )
            .help("get it from where the release was published"),
        );
        return Ok(verdict);
    }
    let bytes = small(path, checksums::MAX_LEN)?.unwrap_or_default();
    let prehash = <blake2::Blake2b512 as blake2::Digest>::digest(&bytes).into();
    let signed = check_signature(
        &mut verdict,
        signature_of(path)?.as_deref(),
        &prehash,
        LIST,
        keys,
    );
    let signers =
        companion::check_further(&mut verdict, path, &prehash, LIST, keys, signed.as_ref())?;
    let list = match checksums::parse(&bytes) {
        Ok(list) => list,
        Err(error) => {
            verdict.refuse(
                Finding::new(error.rule(), format!("checksums.txt: {error}"))
                    .help("the list is written by `cargo sign pack`"),
            );
            return Ok(verdict);
        }
    };
    // What nobody signed is refused; what it names is nobody's word, and may be made to take long.
    let Some(signed) = signed else {
        return Ok(verdict);
    };
    companion::check_emitted(&mut verdict, dir, &signed, keys, &bytes, &list)?;
    companion::check_quorum(&mut verdict, LIST, &signed.1, &signers, keys);
    for one in each_listed(dir, &list, keys, &signed.1) {
        let one = one?;
        verdict.findings.extend(one.findings);
        verdict.held.extend(one.held);
    }
    if extent != Extent::Listed {
        unlisted(&mut verdict, dir, &list, extent)?;
    }
    let sha256 = release_gate::digest::sha256_bytes(&bytes);
    let size = bytes.len() as u64;
    verdict.held.insert(
        0,
        Held {
            file: LIST.to_owned(),
            sha256,
            size,
            signed: Some(signed),
        },
    );
    Ok(verdict)
}

/// Checks every file of the list, as many at a time as there are processors; in the list's order.
fn each_listed(
    dir: &Path,
    list: &checksums::List,
    keys: &Keys,
    outer: &TrustedComment,
) -> Vec<Result<Verdict>> {
    let entries: Vec<_> = list.iter().collect();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let work = || {
        while let Some((number, (name, digest))) = {
            let number = next.fetch_add(1, Ordering::Relaxed);
            entries.get(number).map(|entry| (number, *entry))
        } {
            let mut one = Verdict::default();
            // A file that is listed itself is data, whatever it is called.
            let data = list.contains_key(&format!("{name}.sig"));
            let judged = listed(&mut one, dir, name, *digest, keys, outer, data).map(|()| one);
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

/// Checks one file of the list, an archive also from the inside. `data`: what is called like its
/// signature is a listed file.
fn listed(
    verdict: &mut Verdict,
    dir: &Path,
    name: &str,
    digest: release_gate::digest::Sha256Digest,
    keys: &Keys,
    outer: &TrustedComment,
    data: bool,
) -> Result<()> {
    let path = dir.join(name);
    let about = |rule, text: String| Finding::new(rule, text).evidence("file", name.to_owned());
    if std::fs::symlink_metadata(&path).is_err() {
        verdict.refuse(
            about(
                &rules::FILE_MISSING,
                format!("`{}` is listed and missing", shown(name)),
            )
            .help("get the whole release"),
        );
        return Ok(());
    }
    let archive_name = is_archive(name);
    let signature = if data { None } else { signature_of(&path)? };
    let Some(mut checked) = Checked::open(&path, archive_name || signature.is_some())? else {
        verdict.refuse(about(
            &rules::FILE_NOT_REGULAR,
            format!("`{}` is not a regular file", shown(name)),
        ));
        return Ok(());
    };
    if checked.sha256 != digest {
        verdict.refuse(
            about(
                &rules::DIGEST_MISMATCH,
                format!("`{}` is not the one that was listed", shown(name)),
            )
            .help("do not use it; get it again"),
        );
        return Ok(());
    }
    // Archives have to be signed themselves; other files may be, and then that has to hold too.
    let mut signed = None;
    if let Some(prehash) = checked.prehash {
        let own = name.rsplit('/').next().unwrap_or(name);
        signed = check_signature(verdict, signature.as_deref(), &prehash, own, keys);
        companion::check_further(verdict, &path, &prehash, own, keys, signed.as_ref())?;
        if let Some((_, inner)) = &signed {
            archive::check_same(verdict, outer, inner, name);
        }
    }
    if archive_name {
        archive::check(verdict, &mut checked.file, name, keys, Some(outer))?;
    }
    verdict.held.push(Held {
        file: name.to_owned(),
        sha256: checked.sha256,
        size: checked.size,
        signed,
    });
    Ok(())
}

/// Names everything in the folder that is not listed.
fn unlisted(
    verdict: &mut Verdict,
    dir: &Path,
    list: &checksums::List,
    extent: Extent,
) -> Result<()> {
    let mut found = BTreeSet::new();
    entries(dir, Path::new(""), &mut found)?;
    let manifest = if extent == Extent::Artifacts {
        manifest(dir)?
    } else {
        BTreeSet::new()
    };
    let mut beside = Vec::new();
    for path in &found {
        let name = path.to_string_lossy();
        // Elsewhere a name may hold a backslash, and is then no path.
        let name = if cfg!(windows) {
            name.replace('\\', "/")
        } else {
            name.into_owned()
        };
        let vouches = match Companion::of(&name) {
            Some(Companion::First(of)) => of == LIST || list.contains_key(of),
            // Only beside a first signature, which has to have been judged as one and not as a
            // listed file.
            Some(Companion::Further(of, _)) => {
                let first = format!("{of}.sig");
                let judged = of == LIST || list.contains_key(of) && !list.contains_key(&first);
                judged && found.contains(Path::new(&first))
            }
            Some(Companion::Emitted) => true,
            None => false,
        };
        if list.contains_key(&name) || vouches || name == LIST {
            continue;
        }
        let top = name.split('/').next().unwrap_or(&name);
        // In a download nothing rides along, whatever it is called.
        if extent == Extent::Artifacts && top.starts_with(TEMPORARY) {
            continue; // being written, or left by a call that was killed; nobody reads it
        }
        let ours =
            extent == Extent::Artifacts && (WORKING.contains(&top) || manifest.contains(&name));
        if ours || is_evidence(&name) {
            beside.push(name);
        } else {
            let finding = Finding::new(
                &rules::FILE_UNLISTED,
                format!("`{}` is not listed", shown(&name)),
            );
            verdict.refuse(
                finding
                    .help("remove it; it is not part of the release")
                    .evidence("file", name),
            );
        }
    }
    if !beside.is_empty() {
        let names: Vec<String> = beside
            .iter()
            .map(|name| format!("`{}`", shown(name)))
            .collect();
        let text = format!("not part of what was signed: {}", names.join(", "));
        verdict.refuse(Finding::new(&rules::NOT_COVERED, text).evidence("files", beside));
    }
    Ok(())
}

/// Provenance covers the archives, so it lies beside them and carries a signature of its own.
fn is_evidence(name: &str) -> bool {
    name.ends_with(".intoto.jsonl") || name.ends_with(".sigstore.json")
}

fn manifest(dir: &Path) -> Result<BTreeSet<String>> {
    let bytes = small(&dir.join(MANIFEST), 4 << 20)?.unwrap_or_default();
    let manifest: Option<Manifest> = serde_json::from_slice(&bytes).ok();
    Ok(manifest
        .into_iter()
        .flat_map(|manifest| manifest.files)
        .map(|file| file.path)
        .collect())
}

/// All files below a folder; links are not followed.
fn entries(dir: &Path, relative: &Path, found: &mut BTreeSet<PathBuf>) -> Result<()> {
    let wrong = |error| {
        Error::judge(format!("cannot read the folder `{}`", dir.display())).with_source(error)
    };
    for entry in std::fs::read_dir(dir).map_err(wrong)? {
        let entry = entry.map_err(wrong)?;
        let path = relative.join(entry.file_name());
        if entry.file_type().map_err(wrong)?.is_dir() {
            entries(&entry.path(), &path, found)?;
        } else {
            found.insert(path);
        }
    }
    Ok(())
}
