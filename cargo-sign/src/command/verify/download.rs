//! One argument of `cargo sign verify`: an archive, a list, a folder or another signed file.

use std::path::{Path, PathBuf};

use release_gate::{Context, Error, Result};

use super::args::VerifyArgs;
use crate::archive::is_archive;
use crate::command::extract::{Archive, verified_in};
use crate::command::trust::{self, Download, Trust};
use crate::format::bundle::is_bundle;
use crate::format::checksums;
use crate::inspect::{
    Evidence, check_archive, check_archive_structure, check_directory, check_file,
    check_hashed_file, check_identity, check_list, check_listed_unsigned, check_provenance,
    check_token, check_unsigned,
};
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::judge::provenance::Expected;
use crate::judge::verdict::Verdict;
use crate::memory::Memory;
use crate::model::companion::{LIST, PROVENANCE, TOKEN};
use crate::read::file::{file_name, folder_of, read_bounded, signature_of};
use crate::read::provenance::read_provenance;
use crate::rules;

/// What was found out about one argument.
pub(super) struct Judged {
    /// What was judged: the argument, or the release in it.
    path: PathBuf,
    pub(super) trust: Trust,
    pub(super) verdict: Verdict,
    /// The project's own artifact folder.
    pub(super) own: bool,
    /// An archive that was named itself, by the handle it was judged by.
    archive: Option<Archive>,
}

impl Judged {
    /// The folder that the list lies in.
    pub(super) fn folder(&self) -> PathBuf {
        if self.path.is_dir() {
            self.path.clone()
        } else {
            folder_of(&self.path).to_owned()
        }
    }

    /// The archives that held, opened.
    pub(super) fn archives(&mut self) -> Result<Vec<Archive>> {
        if let Some(archive) = self.archive.take() {
            return Ok(vec![archive]);
        }
        if self.path.is_dir() {
            return verified_in(&self.path, &self.verdict);
        }
        if self.path.ends_with(LIST) || is_archive(&file_name(&self.path)) {
            return verified_in(folder_of(&self.path), &self.verdict);
        }
        Ok(Vec::new())
    }
}

/// How an argument is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Nothing but a Sigstore bundle vouches for it.
    Unsigned,
    /// A folder with a list.
    Folder,
    /// A list.
    List,
    /// A file without a signature of its own, beside a signed list that names it.
    Listed,
    /// An archive with its own signature.
    Archive,
    /// Any other file with its own signature.
    File,
}

/// Judges one argument. `own`: it is the release folder of the project that was named.
pub(super) fn judge_one(
    cx: &mut Context,
    args: &VerifyArgs,
    memory: Option<&Memory>,
    path: &Path,
    own: bool,
) -> Result<Judged> {
    let kind = kind_of(cx, args, memory, path)?;
    let trust = if kind == Kind::Unsigned {
        Trust::none()
    } else {
        Trust::find(cx, &args.named_keys(), memory, &download(kind, path))?
    };

    let (mut verdict, mut archive) = check(args, kind, path, &trust.keys)?;
    trust.compare(&mut verdict, args.allow_rollback || own);
    if let Some(memory) = memory {
        trust.check_names(memory, &mut verdict, kind == Kind::File)?;
    }
    judge_provenance(args, kind, path, &mut verdict, &trust.keys)?;
    judge_identity(args, kind, path, &mut verdict)?;
    if !args.token.is_empty() {
        let folder = if kind == Kind::Folder {
            path
        } else {
            folder_of(path)
        };
        check_token(&mut verdict, folder, &args.token, &cx.runner)?;
        if kind == Kind::Folder {
            forget_as_stray(&mut verdict, path, &folder.join(TOKEN));
        }
    }
    // Nothing is looked into before somebody vouches for it.
    if kind == Kind::Unsigned && verdict.holds() {
        if file_name(path) == LIST {
            check_listed_unsigned(&mut verdict, path)?;
        }
        if let Some((name, hashed)) = archive.as_mut().filter(|_| args.extract.is_some()) {
            check_archive_structure(&mut verdict, hashed, name)?;
        }
    }
    Ok(Judged {
        path: path.to_owned(),
        trust,
        verdict,
        own,
        archive,
    })
}

/// What is judged, for finding the keys it is judged with.
fn download(kind: Kind, path: &Path) -> Download<'_> {
    match kind {
        Kind::Folder => Download::whole(path.join(LIST), path),
        Kind::List => Download::whole(path.to_owned(), folder_of(path)),
        Kind::Listed => Download::part(path.with_file_name(LIST), folder_of(path)),
        Kind::Unsigned | Kind::Archive | Kind::File => {
            Download::part(path.to_owned(), folder_of(path))
        }
    }
}

/// Judges bytes, structure, signatures and meaning.
fn check(
    args: &VerifyArgs,
    kind: Kind,
    path: &Path,
    keys: &Keys,
) -> Result<(Verdict, Option<Archive>)> {
    let name = file_name(path);
    let named = |hashed: Option<_>| hashed.map(|hashed| (name.clone(), hashed));
    Ok(match kind {
        Kind::Unsigned => {
            let (verdict, hashed) = check_unsigned(path)?;
            (verdict, named(hashed).filter(|(name, _)| is_archive(name)))
        }
        Kind::Folder if args.ignore_missing => {
            let extent = Extent::Downloaded { folder: true };
            (check_directory(path, keys, extent)?, None)
        }
        Kind::Folder => (check_directory(path, keys, Extent::Folder)?, None),
        Kind::List if args.ignore_missing => {
            let extent = Extent::Downloaded { folder: false };
            (check_list(path, keys, extent)?, None)
        }
        Kind::List => (check_list(path, keys, Extent::Listed)?, None),
        Kind::Listed => {
            let list = path.with_file_name(LIST);
            (check_list(&list, keys, Extent::One(&name))?, None)
        }
        Kind::Archive => {
            let (verdict, hashed) = check_archive(path, keys)?;
            (verdict, named(hashed))
        }
        Kind::File if args.source_uri.is_some() || args.identity.is_some() => {
            (check_hashed_file(path, keys)?.0, None)
        }
        Kind::File => (check_file(path, keys)?, None),
    })
}

fn kind_of(
    cx: &mut Context,
    args: &VerifyArgs,
    memory: Option<&Memory>,
    path: &Path,
) -> Result<Kind> {
    let name = file_name(path);
    Ok(if is_unsigned(cx, args, memory, path)? {
        Kind::Unsigned
    } else if path.is_dir() {
        Kind::Folder
    } else if name == LIST {
        Kind::List
    } else if signature_of(path)?.is_none() && is_listed_beside(path)? {
        Kind::Listed
    } else if is_archive(&name) {
        Kind::Archive
    } else {
        Kind::File
    })
}

/// Whether a list with a signature lies beside a file and names it. Nothing is believed of it here.
fn is_listed_beside(path: &Path) -> Result<bool> {
    let list = path.with_file_name(LIST);
    if std::fs::symlink_metadata(&list).is_err() || signature_of(&list)?.is_none() {
        return Ok(false);
    }
    let bytes = read_bounded(&list, checksums::MAX_LEN)?.unwrap_or_default();
    Ok(checksums::parse(&bytes).is_ok_and(|list| list.contains_key(&file_name(path))))
}

/// Whether nothing but a Sigstore bundle vouches for a file: it has no signature of its own, and no
/// key to have one by was named, is remembered, or is committed in the project that was named.
fn is_unsigned(
    cx: &mut Context,
    args: &VerifyArgs,
    memory: Option<&Memory>,
    path: &Path,
) -> Result<bool> {
    let named = args.asked_identity(path).map(|asked| asked.bundle);
    let Some(bundle) = args.provenance.clone().or(named) else {
        return Ok(false);
    };
    Ok(args.key.is_empty()
        && !path.is_dir()
        && signature_of(path)?.is_none()
        && is_bundle(&read_provenance(&bundle)?)
        && trust::known(memory, &Download::part(path.to_owned(), folder_of(path)))?.is_empty()
        && trust::of_named_project(cx)?.is_none())
}

/// Judges the provenance that was named, or the one of the release that a folder or list is of.
fn judge_provenance(
    args: &VerifyArgs,
    kind: Kind,
    path: &Path,
    verdict: &mut Verdict,
    keys: &Keys,
) -> Result<()> {
    let folder = match kind {
        Kind::Folder => Some(path),
        Kind::List | Kind::Listed => Some(folder_of(path)),
        Kind::Unsigned | Kind::Archive | Kind::File => None,
    };
    let beside = folder.map(|folder| Evidence::beside(&folder.join(PROVENANCE)));
    let judged = provenance(args, beside, verdict, keys)?;
    if let Some(judged) = judged.filter(|_| kind == Kind::Folder) {
        forget_as_stray(verdict, path, &judged);
    }
    Ok(())
}

/// Judges the bundle by the identity that was named.
fn judge_identity(args: &VerifyArgs, kind: Kind, path: &Path, verdict: &mut Verdict) -> Result<()> {
    let folder = match kind {
        Kind::Folder => path,
        _ => folder_of(path),
    };
    // What lies beside a list is about the release that it lists.
    let about = match kind {
        Kind::List | Kind::Listed => folder,
        _ => path,
    };
    let Some(asked) = args.asked_identity(about) else {
        return Ok(());
    };
    check_identity(verdict, &asked, folder)?;
    if kind == Kind::Folder {
        forget_as_stray(verdict, path, &asked.bundle);
    }
    Ok(())
}

/// Evidence that was judged is no stray in the folder that it lies in, whatever it is called.
fn forget_as_stray(verdict: &mut Verdict, folder: &Path, judged: &Path) {
    let lies_here = match (judged.canonicalize(), folder.canonicalize()) {
        (Ok(judged), Ok(folder)) => judged.parent() == Some(&folder),
        _ => false,
    };
    if !lies_here {
        return;
    }
    let name = file_name(judged);
    verdict.findings.retain(|finding| {
        finding.rule != rules::FILE_UNLISTED.id || finding.evidence["file"] != name.as_str()
    });
    let what = format!("`{name}`");
    verdict
        .coverage
        .not_judged
        .retain(|entry| entry.what != what);
}

/// Judges the provenance that was named, or the release's `own`; without a source to expect,
/// neither. Returns the file that was judged.
///
/// # Errors
/// There is none, or it cannot be read.
pub(super) fn provenance(
    args: &VerifyArgs,
    own: Option<Evidence>,
    verdict: &mut Verdict,
    keys: &Keys,
) -> Result<Option<PathBuf>> {
    let Some(source_uri) = &args.source_uri else {
        return Ok(None);
    };
    let named = args.provenance.as_deref().map(Evidence::beside);
    let Some(evidence) = named.or(own) else {
        return Err(
            Error::usage("--source-uri is judged by the provenance, and none was named")
                .with_help("name it with --provenance"),
        );
    };
    let expected = Expected {
        source_uri: source_uri.clone(),
        source_tag: args.source_tag.clone(),
        source_branch: args.source_branch.clone(),
        trusted_root: args.trusted_root.clone(),
        builder_id: args.builder_id.clone(),
    };
    check_provenance(verdict, &evidence, &expected, keys)?;
    Ok(Some(evidence.path))
}
