//! The walk of an archive, whichever kind it is of.

use std::io::{Read, Seek, SeekFrom};

use super::member::{ArchiveError, Limits, Visitor, read_up_to};
use super::{tar_walk, zip_walk};

/// Walks an archive that is called `name`; its content has to be what its name says: people and
/// tools choose by the name how to unpack it.
///
/// # Errors
/// It is refused, or the visitor failed.
pub fn walk_named(
    file: &mut (impl Read + Seek),
    name: &str,
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    let expected: &[u8] = if name.ends_with(".tar.gz") {
        &[0x1f, 0x8b]
    } else if name.ends_with(".tar.zst") {
        &[0x28, 0xb5]
    } else {
        b"PK"
    };
    file.seek(SeekFrom::Start(0))?;
    let mut magic = [0; 2];
    let read = read_up_to(file, &mut magic)?;
    if &magic[..read] != expected {
        return Err(ArchiveError::Format);
    }
    walk(file, limits, visit)
}

/// Walks an archive from its beginning; the kind is told from its first bytes and not from its
/// name.
///
/// # Errors
/// It is refused, or the visitor failed.
pub fn walk(
    file: &mut (impl Read + Seek),
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    file.seek(SeekFrom::Start(0))?;
    let mut magic = [0; 4];
    let read = read_up_to(file, &mut magic)?;
    file.seek(SeekFrom::Start(0))?;
    match &magic[..read] {
        [0x1f, 0x8b, 8, _] => tar_walk::walk_gz(file, limits, visit),
        [0x28, 0xb5, 0x2f, 0xfd] => tar_walk::walk_zst(file, limits, visit),
        b"PK\x03\x04" => zip_walk::walk(file, limits, visit),
        _ => Err(ArchiveError::Format),
    }
}
