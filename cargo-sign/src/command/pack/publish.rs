//! The list over everything that is published, and its signatures.

use std::path::{Path, PathBuf};

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::fs::AtomicFile;
use release_gate::{Error, Result};
use release_gate_facts::files::{
    INSTALL, KEYRING, MIGRATION, RELEASE_NOTES, SBOM_CYCLONEDX_JSON, SBOM_SPDX_JSON, SECURITY,
};
use release_gate_facts::report::pack::PackedArchive;

use crate::archive::is_archive;
use crate::command::signing::sign_file;
use crate::format::checksums::{self, List};
use crate::format::{raw, signify, sshsig};
use crate::inspect::signers::stale_further;
use crate::judge::keys::Keys;
use crate::judge::naming::check_version;
use crate::key::Secret;
use crate::model::companion::{Companion, LIST, RAW, SIGNIFY, SSHSIG, TOKEN, evidence, published};
use crate::model::config::Emitter;
use crate::model::path::{check, folded};
use crate::model::release::Release;
use crate::read::file::{Hashed, file_name};
use crate::read::folder::unreadable_folder;

/// Documents that are published beside the archives, where they are there.
const DOCUMENTS: [&str; 7] = [
    KEYRING,
    SBOM_CYCLONEDX_JSON,
    SBOM_SPDX_JSON,
    RELEASE_NOTES,
    MIGRATION,
    INSTALL,
    SECURITY,
];

/// Who signs, and in what formats.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: Secret,
    pub(super) emit: Vec<Emitter>,
    /// The keys that are committed in the project.
    pub(super) committed: Option<Keys>,
}

/// Lists and signs everything that is published; returns the list. `others`: further names that
/// are published already, such as the buildinfos.
///
/// # Errors
/// Something cannot be read, signed or written.
pub(super) fn write_list(
    folder: &mut PackageArtifacts,
    signer: &Signer,
    release: &Release,
    archives: &[PackedArchive],
    others: &[&str],
) -> Result<List> {
    let mut list: List = archives
        .iter()
        .map(|archive| (archive.name.clone(), archive.sha256))
        .collect();
    for name in DOCUMENTS {
        if let Some(bytes) = publish_document(folder, name)? {
            list.insert(name.to_owned(), sha256_bytes(&bytes));
        }
    }
    for name in others {
        let (sha256, _) = sha256_file(&folder.path(&published(name)))
            .map_err(|error| Error::judge(format!("cannot read `{name}`")).with_source(error))?;
        list.insert((*name).to_owned(), sha256);
    }
    let text = checksums::render(&list);
    remove_outdated_evidence(folder, text.as_bytes())?;
    let package_file = format!("{}-{}.crate", release.project, release.version);
    if !list.contains_key(&package_file) {
        remove(&folder.path(&published(&package_file)))?;
    }
    folder.write(&published(LIST), text.as_bytes())?;

    let paths: Vec<PathBuf> = archives
        .iter()
        .map(|archive| archive.name.as_str())
        .chain([LIST])
        .map(|name| folder.path(&published(name)))
        .collect();
    remove_stale(folder, release, &paths, signer.committed.as_ref())?;
    for path in paths {
        let signature = sign_file(&signer.key, release, &path)?;
        folder.record(&published(&file_name(&signature)))?;
    }
    emit(folder, signer, release, &list, text.as_bytes())?;
    Ok(list)
}

/// Refuses files that cannot be published beside the release under their names, before anything is
/// written.
///
/// # Errors
/// A name cannot be listed, or is taken, perhaps in another case.
pub(super) fn check_included(files: &[PathBuf], release: &Release) -> Result<()> {
    let package_file = format!("{}-{}.crate", release.project, release.version);
    let mut taken: Vec<String> = evidence().into();
    taken.extend(DOCUMENTS.iter().map(ToString::to_string));
    taken.extend([LIST.to_owned(), KEYRING.to_owned(), package_file]);
    for path in files {
        let name = file_name(path);
        check(&name).map_err(|error| {
            Error::usage(format!("`{}` cannot be listed", path.display())).with_source(error)
        })?;
        let is_taken = taken.iter().any(|other| folded(other) == folded(&name))
            || Companion::of(&name).is_some()
            || folded(&name).starts_with("buildinfo");
        if is_taken || is_archive(&name) {
            return Err(Error::usage(format!(
                "`{name}` cannot be included: a file of the release is called like that"
            ))
            .with_help("archives are made by `pack`; give other files a name of their own"));
        }
        if let Some(other) = check_version(&name, &release.comment(&name)) {
            return Err(Error::usage(other.message).with_help("give it the name of this version"));
        }
        if !path.symlink_metadata().is_ok_and(|found| found.is_file()) {
            return Err(not_regular(path));
        }
        taken.push(name);
    }
    Ok(())
}

fn not_regular(path: &Path) -> Error {
    Error::usage(format!("`{}` is not a regular file", path.display()))
}

/// Copies files that were named, and whose names were checked, to what is published; returns the
/// names.
///
/// # Errors
/// One cannot be read or written.
pub(super) fn include(folder: &mut PackageArtifacts, files: &[PathBuf]) -> Result<Vec<String>> {
    let mut names: Vec<String> = Vec::new();
    for path in files {
        let name = file_name(path);
        let mut file = Hashed::open(path)?.ok_or_else(|| not_regular(path))?.file;
        let to = folder.path(&published(&name));
        let mut copy = AtomicFile::create(&to)?;
        std::io::copy(&mut file, &mut copy).map_err(|error| {
            Error::judge(format!("cannot write `{}`", to.display())).with_source(error)
        })?;
        copy.commit()?;
        folder.record(&published(&name))?;
        names.push(name);
    }

    Ok(names)
}

/// Signs the list in other formats.
fn emit(
    folder: &mut PackageArtifacts,
    signer: &Signer,
    release: &Release,
    list: &List,
    text: &[u8],
) -> Result<()> {
    let key = &signer.key;
    let namespace = sshsig::namespace(&release.project);
    let armoured = key.with(|key| sshsig::sign(key, &namespace, text))?;
    folder.write(&published(SSHSIG), armoured.as_bytes())?;

    if signer.emit.contains(&Emitter::Raw) {
        folder.write(&published(RAW), &key.with(|key| raw::sign(key, text))?)?;
    }
    if signer.emit.contains(&Emitter::Signify) {
        let id = key.public().id;
        let comment = release.comment(LIST).untrusted();
        let signed = key.with(|key| signify::sign(key, &id, list, &comment))?;
        let text = signed.map_err(|error| {
            Error::usage(format!("`{SIGNIFY}` cannot be written"))
                .with_source(error)
                .with_help("leave `signify` out")
        })?;
        folder.write(&published(SIGNIFY), text.as_bytes())?;
    }
    Ok(())
}

/// Takes away what an earlier call left and what does not hold any more: formats that are not asked
/// for now, archives that are not part of the release any more and would still verify one by one,
/// and signatures by further keys of what has changed since.
fn remove_stale(
    folder: &PackageArtifacts,
    release: &Release,
    signed: &[PathBuf],
    keys: Option<&Keys>,
) -> Result<()> {
    let dir = folder.release_dir();
    let mut stale = vec![dir.join(SIGNIFY), dir.join(RAW), dir.join(TOKEN)];
    for path in signed {
        stale.extend(stale_further(path, keys)?);
    }

    let ours = format!("{}-{}-", release.project, release.version);
    let entries = std::fs::read_dir(&dir).map_err(|error| unreadable_folder(&dir, error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let of = match Companion::of(name) {
            Some(Companion::First(of) | Companion::Further(of, _)) => of,
            _ => name,
        };
        if of.starts_with(&ours) && is_archive(of) && !signed.contains(&dir.join(of)) {
            stale.push(path);
        }
    }

    stale.iter().try_for_each(|path| remove(path))
}

/// Takes the list and its signatures away: what is left verifies nowhere.
pub(super) fn withdraw(folder: &PackageArtifacts) -> Result<()> {
    [LIST, "checksums.txt.sig", SSHSIG, SIGNIFY, RAW]
        .into_iter()
        .map(str::to_owned)
        .chain(evidence())
        .try_for_each(|name| remove(&folder.path(&published(&name))))
}

/// Copies a document that a gate left in the artifact folder to what is published. One that lies
/// only there was put there to be published.
fn publish_document(folder: &mut PackageArtifacts, name: &str) -> Result<Option<Vec<u8>>> {
    let public = folder.read(&published(name))?;
    let Some(bytes) = folder.read(name)? else {
        return Ok(public);
    };
    if public.as_ref() != Some(&bytes) {
        folder.write(&published(name), &bytes)?;
    }
    Ok(Some(bytes))
}

/// Takes away provenance of another list: it is about other files.
fn remove_outdated_evidence(folder: &PackageArtifacts, list: &[u8]) -> Result<()> {
    if folder.read(&published(LIST))?.as_deref() == Some(list) {
        return Ok(());
    }
    evidence()
        .into_iter()
        .try_for_each(|name| remove(&folder.path(&published(&name))))
}

fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::judge(format!(
            "cannot remove the old `{}`",
            path.display()
        ))
        .with_source(error)),
        _ => Ok(()),
    }
}
