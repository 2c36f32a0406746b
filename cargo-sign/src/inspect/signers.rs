//! The signatures beside a file, read for their judges.

use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::public_key::PublicKey;

use crate::format::minisign::{MAX_LEN, MinisignSignature, Prehash};
use crate::format::{checksums, raw, signify};
use crate::judge::emitted::Emitted;
use crate::judge::keys::Keys;
use crate::judge::signature::Further;
use crate::model::companion::{RAW, SIGNIFY, SSHSIG};
use crate::read::file::{Prehashed, read_bounded};
use crate::read::folder::further_signatures;

/// Longest armoured SSH signature that is read.
pub(super) const MAX_SSHSIG: usize = 8192;

/// Reads the signatures of a file by further keys.
pub(super) fn read_further(path: &Path) -> Result<Vec<Further>> {
    further_signatures(path)?
        .into_iter()
        .map(|(id, beside)| {
            let bytes = read_bounded(&beside, MAX_LEN)?;
            Ok(Further { id, bytes })
        })
        .collect()
}

/// Reads the list's signatures in other formats.
pub(super) fn read_emitted(dir: &Path, bytes: &[u8], list: &checksums::List) -> Result<Emitted> {
    // A file of the release may have that name too, and so may the signature of one.
    let listed = list.contains_key(SIGNIFY)
        || SIGNIFY
            .strip_suffix(".sig")
            .is_some_and(|file| list.contains_key(file));
    let signify = if listed {
        None
    } else {
        read_bounded(&dir.join(SIGNIFY), signify::max_len(bytes.len()))?
    };

    Ok(Emitted {
        sshsig: read_bounded(&dir.join(SSHSIG), MAX_SSHSIG)?,
        raw: read_bounded(&dir.join(RAW), raw::LEN)?,
        signify,
    })
}

/// The known key that made a signature which holds.
fn signer<'a>(bytes: &[u8], prehash: &Prehash, keys: &'a Keys) -> Option<&'a PublicKey> {
    let parsed = MinisignSignature::parse(bytes).ok()?;
    let key = keys.by_id(&parsed.key_id)?;
    parsed
        .verify(&key.key, &key.id, prehash)
        .is_ok()
        .then_some(key)
}

/// The signatures of a file by further keys that do not hold, or that nobody known made.
///
/// # Errors
/// Something that is there cannot be read.
pub(crate) fn stale_further(path: &Path, keys: Option<&Keys>) -> Result<Vec<PathBuf>> {
    let further = further_signatures(path)?;
    if further.is_empty() {
        return Ok(Vec::new());
    }
    let file = Prehashed::open(path)?;

    let mut stale = Vec::new();
    for (_, beside) in further {
        let bytes = read_bounded(&beside, MAX_LEN)?;
        let holds = match (bytes, &file, keys) {
            (Some(bytes), Some(file), Some(keys)) => signer(&bytes, &file.prehash, keys).is_some(),
            _ => false,
        };
        if !holds {
            stale.push(beside);
        }
    }
    Ok(stale)
}
