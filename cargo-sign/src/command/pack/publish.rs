//! The list over everything that is published, and its signatures.

use std::path::PathBuf;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::sha256_bytes;
use release_gate::{Error, Result};

use crate::archive::is_archive;
use crate::command::signing::sign_file;
use crate::format::checksums::{self, List};
use crate::format::{raw, signify, sshsig};
use crate::inspect::signers::stale_further;
use crate::judge::keys::Keys;
use crate::key::Secret;
use crate::model::companion::{Companion, LIST, RAW, SIGNIFY, SSHSIG};
use crate::model::config::Emitter;
use crate::model::release::Release;
use crate::read::folder::unreadable_folder;
use crate::report::pack::Packed;

/// The keyring as it is published, so that users learn of new and revoked keys with the release.
pub(super) const KEYRING: &str = "keyring.json";

/// Documents that are published beside the archives, where they are there.
const DOCUMENTS: [&str; 7] = [
    KEYRING,
    "sbom.cdx.json",
    "sbom.spdx.json",
    "RELEASE_NOTES.md",
    "MIGRATION.md",
    "INSTALL.md",
    "SECURITY.md",
];

/// Who signs, and in what formats.
#[derive(Debug)]
pub(super) struct Signer {
    pub(super) key: Secret,
    pub(super) emit: Vec<Emitter>,
    /// The keys that are committed in the project.
    pub(super) committed: Option<Keys>,
}

/// Lists and signs everything that is published; returns the list. `infos`: names under which
/// buildinfos are published.
///
/// # Errors
/// Something cannot be read, signed or written.
pub(super) fn write_list(
    folder: &mut PackageArtifacts,
    signer: &Signer,
    release: &Release,
    archives: &[Packed],
    infos: &[&str],
) -> Result<List> {
    let mut list: List = archives
        .iter()
        .map(|archive| (archive.name.clone(), archive.sha256))
        .collect();
    for name in DOCUMENTS.into_iter().chain(infos.iter().copied()) {
        if let Some(bytes) = folder.read(name)? {
            list.insert(name.to_owned(), sha256_bytes(&bytes));
        }
    }
    let text = checksums::render(&list);
    folder.write(LIST, text.as_bytes())?;

    let paths: Vec<PathBuf> = archives
        .iter()
        .map(|archive| folder.path(&archive.name))
        .chain([folder.path(LIST)])
        .collect();
    remove_stale(folder, release, &paths, signer.committed.as_ref())?;
    for path in paths {
        let signature = sign_file(&signer.key, release, &path, None)?;
        folder.record(&signature.file_name().unwrap_or_default().to_string_lossy())?;
    }
    emit(folder, signer, release, &list, text.as_bytes())?;
    Ok(list)
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
    folder.write(SSHSIG, armoured.as_bytes())?;

    if signer.emit.contains(&Emitter::Raw) {
        folder.write(RAW, &key.with(|key| raw::sign(key, text))?)?;
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
        folder.write(SIGNIFY, text.as_bytes())?;
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
    let mut stale = vec![folder.path(SIGNIFY), folder.path(RAW)];
    for path in signed {
        stale.extend(stale_further(path, keys)?);
    }

    let ours = format!("{}-{}-", release.project, release.version);
    let dir = folder.dir();
    let entries = std::fs::read_dir(dir).map_err(|error| unreadable_folder(dir, error))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            continue;
        };
        let of = match Companion::of(name) {
            Some(Companion::First(of) | Companion::Further(of, _)) => of,
            _ => name,
        };
        if of.starts_with(&ours) && is_archive(of) && !signed.contains(&folder.path(of)) {
            stale.push(path);
        }
    }

    for path in stale {
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(
                    Error::judge(format!("cannot remove the old `{}`", path.display()))
                        .with_source(error),
                );
            }
            _ => {}
        }
    }
    Ok(())
}
