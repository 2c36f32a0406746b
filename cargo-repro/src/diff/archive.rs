//! Members of archives: ar (rlib included), tar, gzip, zstd, xz, zip. Nothing is written to disk; sizes
//! are limited.

use std::io::Read as _;

/// What is unpacked is not larger than this.
const LARGEST: u64 = 1 << 30;
/// Archives with more members are compared as bytes.
const MOST: usize = 200_000;

/// One member.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    pub(crate) name: String,
    /// Its header's fields that are not its name or content: mode, owner, time.
    pub(crate) header: String,
    pub(crate) bytes: Vec<u8>,
}

/// Whether a member is computed from others: the symbol table of an ar archive.
pub(crate) fn is_derived(name: &str) -> bool {
    matches!(
        name,
        "/" | "/SYM64/" | "//" | "__.SYMDEF" | "__.SYMDEF SORTED"
    )
}

/// Reads an archive; `None` for what is none, or cannot be read.
pub(crate) fn members(bytes: &[u8]) -> Option<(&'static str, Vec<Member>)> {
    if bytes.starts_with(b"!<arch>\n") {
        return Some(("ar", ar(bytes)?));
    }
    if bytes.starts_with(b"\x1f\x8b") {
        let mut unpacked = Vec::new();
        let decoder = flate2::read::MultiGzDecoder::new(bytes);
        decoder.take(LARGEST).read_to_end(&mut unpacked).ok()?;
        // MTIME and OS of the header (RFC 1952, section 2.3.1).
        let time = u32::from_le_bytes(bytes.get(4..8)?.try_into().ok()?);
        let header = format!("gzip time {time} system {}", bytes.get(9)?);
        return Some(("gzip", vec![content(header, unpacked)]));
    }
    if bytes.starts_with(b"\x28\xb5\x2f\xfd") {
        let mut unpacked = Vec::new();
        let decoder = ruzstd::decoding::StreamingDecoder::new(bytes).ok()?;
        decoder.take(LARGEST).read_to_end(&mut unpacked).ok()?;
        return Some(("zstd", vec![content(String::new(), unpacked)]));
    }
    if bytes.starts_with(b"\xfd7zXZ\0") {
        return Some(("xz", vec![content(String::new(), xz(bytes)?)]));
    }
    if bytes.starts_with(b"PK\x03\x04") {
        return Some(("zip", zip(bytes)?));
    }
    if bytes.get(257..262) == Some(b"ustar") {
        return Some(("tar", tar(bytes)?));
    }
    None
}

/// What a compressor packed: one thing without a name.
fn content(header: String, bytes: Vec<u8>) -> Member {
    Member {
        name: "content".to_owned(),
        header,
        bytes,
    }
}

/// What xz packed, as far as it is not larger than is looked at.
fn xz(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut limited = Limited(Vec::new());
    lzma_rs::xz_decompress(&mut std::io::Cursor::new(bytes), &mut limited).ok()?;
    Some(limited.0)
}

/// Takes bytes up to the limit and refuses more.
struct Limited(Vec<u8>);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if (self.0.len() + bytes.len()) as u64 > LARGEST {
            return Err(std::io::Error::other("too large"));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn shown_number(field: Option<u64>) -> String {
    field.map_or("none".to_owned(), |number| number.to_string())
}

fn ar(bytes: &[u8]) -> Option<Vec<Member>> {
    let archive = object::read::archive::ArchiveFile::parse(bytes).ok()?;
    let mut found = Vec::new();
    for member in archive.members() {
        let member = member.ok()?;
        let header = format!(
            "time {} owner {}/{} mode {:o}",
            shown_number(member.date()),
            shown_number(member.uid()),
            shown_number(member.gid()),
            member.mode().unwrap_or(0)
        );
        found.push(Member {
            name: String::from_utf8_lossy(member.name()).into_owned(),
            header,
            bytes: member.data(bytes).ok()?.to_vec(),
        });
        if found.len() > MOST {
            return None;
        }
    }

    Some(found)
}

fn tar(bytes: &[u8]) -> Option<Vec<Member>> {
    let mut archive = tar::Archive::new(bytes);
    let mut found = Vec::new();
    for entry in archive.entries().ok()? {
        let entry = entry.ok()?;
        let header = entry.header();
        let text = format!(
            "mode {:o} owner {}/{} time {} {}",
            header.mode().ok()?,
            header.uid().unwrap_or(0),
            header.gid().unwrap_or(0),
            header.mtime().unwrap_or(0),
            kind_of(header.entry_type())
        );
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let mut content = Vec::new();
        entry.take(LARGEST).read_to_end(&mut content).ok()?;
        found.push(Member {
            name,
            header: text,
            bytes: content,
        });
        if found.len() > MOST {
            return None;
        }
    }

    Some(found)
}

/// Whether something lies behind the end of a tar archive, where nobody looks.
pub(crate) fn has_bytes_behind(bytes: &[u8]) -> bool {
    let mut archive = tar::Archive::new(bytes);
    let mut end = 0;
    for entry in archive.entries().into_iter().flatten().flatten() {
        let size = entry.header().entry_size().unwrap_or(0);
        end = entry.raw_file_position() + size.next_multiple_of(512);
    }
    let end = usize::try_from(end).unwrap_or(usize::MAX);
    bytes
        .get(end..)
        .is_some_and(|rest| rest.iter().any(|byte| *byte != 0))
}

/// A member's kind in words; regular files end so, and nothing else does.
fn kind_of(kind: tar::EntryType) -> &'static str {
    match kind {
        tar::EntryType::Regular => "regular file",
        tar::EntryType::Directory => "folder",
        tar::EntryType::Symlink => "link",
        tar::EntryType::Link => "hard link",
        tar::EntryType::Char | tar::EntryType::Block => "device",
        tar::EntryType::Fifo => "pipe",
        _ => "something else",
    }
}

fn zip(bytes: &[u8]) -> Option<Vec<Member>> {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(bytes)).ok()?;
    if archive.len() > MOST {
        return None;
    }
    let mut found = Vec::new();
    for index in 0..archive.len() {
        let entry = archive.by_index(index).ok()?;
        let time = entry
            .last_modified()
            .map_or("none".to_owned(), |time| time.to_string());
        let header = format!(
            "mode {:o} time {time} method {}",
            entry.unix_mode().unwrap_or(0),
            entry.compression()
        );
        let name = entry.name().ok()?.into_owned();
        let mut content = Vec::new();
        entry.take(LARGEST).read_to_end(&mut content).ok()?;
        found.push(Member {
            name,
            header,
            bytes: content,
        });
    }

    Some(found)
}
