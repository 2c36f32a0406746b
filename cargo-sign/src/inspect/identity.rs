//! Sigstore bundles by an identity that was named, read and judged about the files that held.

use std::path::{Path, PathBuf};

#[cfg(not(feature = "sigstore"))]
use release_gate::Error;
use release_gate::Result;

use crate::judge::verdict::Verdict;
use crate::model::companion::{BUNDLE, LIST, bundle_of};
use crate::read::file::file_name;

/// Who has to have signed, and where their bundle is.
#[derive(Debug, Clone)]
#[cfg_attr(
    not(feature = "sigstore"),
    expect(dead_code, reason = "such a build refuses to judge it")
)]
pub(crate) struct Asked<'a> {
    /// The workflow's URI, or the e-mail address.
    pub(crate) identity: &'a str,
    /// Who has to vouch for it.
    pub(crate) issuer: &'a str,
    /// The bundle.
    pub(crate) bundle: PathBuf,
    /// The instances of Sigstore that are believed; else those this program was built with.
    pub(crate) trusted_root: Option<&'a Path>,
}

/// Where the bundle of a download is, where none was named: that of the file; of a folder that of the
/// release, else that of its list.
pub(crate) fn bundle_beside(path: &Path) -> PathBuf {
    if !path.is_dir() {
        return path.with_file_name(bundle_of(&file_name(path)));
    }
    let of_release = path.join(BUNDLE);
    if of_release.symlink_metadata().is_ok() {
        of_release
    } else {
        path.join(bundle_of(LIST))
    }
}

/// Judges the bundle about the files in `folder` that `verdict` says held.
///
/// # Errors
/// A file is there and cannot be read, or there is no bundle.
#[cfg(feature = "sigstore")]
pub(crate) fn check_identity(
    verdict: &mut Verdict,
    asked: &Asked<'_>,
    folder: &Path,
) -> Result<()> {
    use crate::judge::identity::{Sha512s, Wanted, open_bundles};
    use crate::read::provenance::{read_provenance, read_roots};

    let bytes = read_provenance(&asked.bundle)?;
    let roots = read_roots(asked.trusted_root)?;
    let wanted = Wanted {
        identity: asked.identity,
        issuer: asked.issuer,
    };
    let evidence = open_bundles(&bytes, &roots, wanted);

    let mut sha512s = Sha512s::new();
    if evidence.needs_sha512() {
        for file in &verdict.verified {
            let again = crate::read::file::sha512_of(&folder.join(&file.file))?;
            // What changed since it was judged is not the file that held.
            if let Some((sha256, sha512)) = again
                && file.digest.sha256() == Some(sha256)
            {
                sha512s.insert(file.file.clone(), sha512);
            }
        }
    }
    let judged = evidence.judge(verdict, &sha512s, wanted);
    verdict.absorb(judged);
    Ok(())
}

/// Nothing that cannot be judged passes.
#[cfg(not(feature = "sigstore"))]
pub(crate) fn check_identity(_: &mut Verdict, _: &Asked<'_>, _: &Path) -> Result<()> {
    Err(Error::judge(
        "an identity is judged by a Sigstore bundle, which this build of the program cannot judge",
    )
    .with_help(
        "install it with the feature `sigstore`: `cargo install cargo-sign --features sigstore`",
    ))
}
