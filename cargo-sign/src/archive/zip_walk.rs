//! A strict walk of zip (PKWARE APPNOTE 6.3): one central directory, right behind the last member
//! and right before the end; members in its order, without gaps; local and central headers the
//! same; stored or deflated, not encrypted, no Zip64, no data descriptors.
//!
//! Readers that trust one directory and readers that trust the other then see the same files.

use std::io::{self, Read, Seek, SeekFrom};

use flate2::Crc;
use flate2::read::DeflateDecoder;

use super::member::{ArchiveError, Limits, Member, Seen, Visitor, check_mode, read_up_to};

const END_LEN: u64 = 22;
/// Largest central directory that is gone through; it is read entry by entry.
const MAX_DIRECTORY: u64 = 64 << 20;
/// General purpose flags that may be set: UTF-8 names (bit 11) and compression hints (1, 2).
const FLAGS: u16 = UTF8 | 0b110;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// DOS attributes: a folder, and what Windows makes links with.
const FOLDER: u32 = 0x10;
const REPARSE: u32 = 0x400;

pub(super) fn walk(
    file: &mut (impl Read + Seek),
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    let wrong = ArchiveError::Header;
    let length = file.seek(SeekFrom::End(0))?;
    if length < END_LEN {
        return Err(ArchiveError::Truncated("there is no end record"));
    }
    let end = bytes_at(file, length - END_LEN, 22)?;
    if &end[..4] != b"PK\x05\x06" {
        // A comment or anything else behind the record: where the directory is would be a matter of
        // search.
        return Err(if find_end(file, length)? {
            ArchiveError::Trailing
        } else {
            ArchiveError::Truncated("there is no end record")
        });
    }
    let (disk, start_disk, here, total) = (
        u16_at(&end, 4),
        u16_at(&end, 6),
        u16_at(&end, 8),
        u16_at(&end, 10),
    );
    let (size, offset, comment) = (
        u64::from(u32_at(&end, 12)),
        u64::from(u32_at(&end, 16)),
        u16_at(&end, 20),
    );
    if disk != 0 || start_disk != 0 || here != total || comment != 0 {
        return Err(wrong(
            "the end record is of a split archive or has a comment",
        ));
    }
    if total == u16::MAX || offset == u64::from(u32::MAX) || size == u64::from(u32::MAX) {
        return Err(wrong("it is a Zip64 archive"));
    }
    if offset + size + END_LEN != length {
        return Err(wrong(
            "the directory does not lie right before the end record",
        ));
    }
    if size > MAX_DIRECTORY {
        return Err(ArchiveError::TooLarge(format!(
            "{MAX_DIRECTORY} bytes of directory"
        )));
    }
    let directory_end = offset + size;
    let mut at = offset;
    let mut position = 0;
    let mut seen = Seen::new(limits);
    if total == 0 {
        return Err(ArchiveError::Truncated("there is no member"));
    }
    for _ in 0..total {
        let (entry, next) = Central::read(file, at, directory_end)?;
        if entry.offset != position {
            return Err(wrong("members overlap, or there is a gap between them"));
        }
        position = member(file, &entry, &mut seen, visit)?;
        at = next;
    }
    if at != directory_end {
        return Err(wrong("the directory has more entries than it says"));
    }
    if position != offset {
        Err(wrong("there is a gap before the directory"))
    } else {
        Ok(())
    }
}

/// Checks the local header, visits the member, and returns where the next one begins.
fn member(
    file: &mut (impl Read + Seek),
    entry: &Central,
    seen: &mut Seen,
    visit: &mut Visitor<'_>,
) -> Result<u64, ArchiveError> {
    let wrong = ArchiveError::Header;
    let local = bytes_at(file, entry.offset, 30)?;
    if &local[..4] != b"PK\x03\x04" {
        return Err(wrong("a member has no local header"));
    }
    let name_len = usize::from(u16_at(&local, 26));
    let extra_len = usize::from(u16_at(&local, 28));
    let same = u16_at(&local, 6) == entry.flags
        && u16_at(&local, 8) == entry.method
        && u32_at(&local, 14) == entry.crc
        && u64::from(u32_at(&local, 18)) == entry.compressed
        && u64::from(u32_at(&local, 22)) == entry.size;
    if !same || bytes_at(file, entry.offset + 30, name_len)? != entry.name.as_bytes() {
        return Err(wrong("the two headers of a member differ"));
    }
    extra_fields(&bytes_at(
        file,
        entry.offset + 30 + name_len as u64,
        extra_len,
    )?)?;
    let folder = entry.name.ends_with('/');
    let name = entry.name.strip_suffix('/').unwrap_or(&entry.name);
    // Whatever system it says it was made on: some tools believe the mode all the same.
    let kind = entry.mode & 0o170_000;
    let plain = kind == 0 || kind == 0o100_000 && !folder || kind == 0o040_000 && folder;
    if !plain || entry.attributes & REPARSE != 0 || entry.attributes & FOLDER != 0 && !folder {
        return Err(ArchiveError::EntryType(name.escape_debug().to_string()));
    }
    check_mode(name, entry.mode.into())?;
    if folder && (entry.size != 0 || entry.compressed != 0) {
        return Err(wrong("a folder has a size"));
    }
    seen.admit(name, entry.size, !folder)?;
    let start = entry.offset + 30 + (name_len + extra_len) as u64;
    if !folder {
        file.seek(SeekFrom::Start(start))?;
        let member = Member {
            path: name.to_owned(),
            size: entry.size,
            executable: entry.mode & 0o111 != 0,
        };
        let raw = Read::take(&mut *file, entry.compressed);
        match entry.method {
            0 if entry.size != entry.compressed => {
                return Err(wrong("a stored member has two sizes"));
            }
            0 => checked(raw, &member, entry.crc, visit)?,
            _ => {
                let mut decoder = DeflateDecoder::new(raw);
                checked(&mut decoder, &member, entry.crc, visit)?;
                if decoder.total_in() != entry.compressed {
                    return Err(wrong("a member's compressed size is wrong"));
                }
            }
        }
    }
    Ok(start + entry.compressed)
}

/// Hands a member to the visitor and checks its size and CRC.
fn checked(
    reader: impl Read,
    member: &Member,
    crc: u32,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    let mut reader = Summed {
        inner: reader,
        crc: Crc::new(),
        left: member.size,
    };
    visit(member, &mut reader).map_err(inflate)?;
    io::copy(&mut reader, &mut io::sink()).map_err(inflate)?;
    if reader.left != 0 {
        return Err(ArchiveError::Truncated("a member is cut off"));
    }
    // One byte more than announced would be read by others.
    if reader.inner.read(&mut [0]).map_err(inflate)? != 0 {
        return Err(ArchiveError::Header("a member is larger than it says"));
    }
    if reader.crc.sum() != crc {
        Err(ArchiveError::Header("a member's CRC is wrong"))
    } else {
        Ok(())
    }
}

struct Summed<R> {
    inner: R,
    crc: Crc,
    left: u64,
}

impl<R: Read> Read for Summed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = buffer
            .len()
            .min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.inner.read(&mut buffer[..wanted])?;
        self.crc.update(&buffer[..read]);
        self.left -= read as u64;
        Ok(read)
    }
}

fn inflate(error: io::Error) -> ArchiveError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Truncated("the compressed data is cut off"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            ArchiveError::Header("the compressed data is damaged")
        }
        _ => ArchiveError::Io(error),
    }
}

struct Central {
    /// DOS attributes.
    attributes: u32,
    flags: u16,
    method: u16,
    crc: u32,
    compressed: u64,
    size: u64,
    mode: u32,
    offset: u64,
    name: String,
}

impl Central {
    /// Reads the entry at `at`, and tells where the next one begins.
    fn read(file: &mut (impl Read + Seek), at: u64, end: u64) -> Result<(Self, u64), ArchiveError> {
        const FIXED: u64 = 46;
        const CUT: ArchiveError = ArchiveError::Truncated("the directory is cut off");
        let wrong = ArchiveError::Header;
        let left = end.saturating_sub(at).checked_sub(FIXED).ok_or(CUT)?;
        let fixed = &bytes_at(file, at, 46)?[..];
        if &fixed[..4] != b"PK\x01\x02" {
            return Err(wrong("the directory has fewer entries than it says"));
        }
        let [name_len, extra_len, comment_len] =
            [28, 30, 32].map(|at| usize::from(u16_at(fixed, at)));
        let length = (name_len + extra_len + comment_len) as u64;
        if length > left {
            return Err(CUT);
        }
        let named = bytes_at(file, at + FIXED, name_len + extra_len)?;
        let (name, extra) = named.split_at(name_len);
        extra_fields(extra)?;
        let (flags, method) = (u16_at(fixed, 8), u16_at(fixed, 10));
        if flags & !FLAGS != 0 {
            return Err(wrong(
                "a member is encrypted, patched or has its sizes behind it",
            ));
        }
        if flags & UTF8 == 0 && !name.is_ascii() {
            return Err(wrong("a name is in an encoding that it does not say"));
        }
        if method != 0 && method != 8 {
            return Err(wrong("a member is neither stored nor deflated"));
        }
        if u16_at(fixed, 34) != 0 {
            return Err(wrong("a member is on another disk"));
        }
        let entry = Self {
            attributes: u32_at(fixed, 38) & 0xffff,
            flags,
            method,
            crc: u32_at(fixed, 16),
            compressed: u64::from(u32_at(fixed, 20)),
            size: u64::from(u32_at(fixed, 24)),
            mode: u32_at(fixed, 38) >> 16,
            offset: u64::from(u32_at(fixed, 42)),
            name: String::from_utf8(name.to_vec()).map_err(|_| wrong("a name is not UTF-8"))?,
        };
        Ok((entry, at + FIXED + length))
    }
}

/// Fields of either header that give a member another size or name (0x0001 is Zip64, 0x7075 another
/// name for the file).
fn extra_fields(mut fields: &[u8]) -> Result<(), ArchiveError> {
    let wrong = ArchiveError::Header;
    while let Some((head, body)) = fields.split_at_checked(4) {
        if matches!(u16_at(head, 0), 0x0001 | 0x7075) {
            return Err(wrong("an extra field changes a size or a name"));
        }
        fields = body
            .get(usize::from(u16_at(head, 2))..)
            .ok_or(wrong("an extra field is cut off"))?;
    }
    Ok(())
}

/// Whether a whole end record lies somewhere in the last 64 KiB.
fn find_end(file: &mut (impl Read + Seek), length: u64) -> Result<bool, ArchiveError> {
    let window = length.min(u64::from(u16::MAX) + END_LEN);
    let bytes = bytes_at(file, length - window, usize::try_from(window).unwrap_or(0))?;
    let starts = &bytes[..bytes.len() - 18];
    Ok(starts.windows(4).any(|four| four == b"PK\x05\x06"))
}

fn bytes_at(
    file: &mut (impl Read + Seek),
    offset: u64,
    length: usize,
) -> Result<Vec<u8>, ArchiveError> {
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = vec![0; length];
    let read = read_up_to(file, &mut bytes)?;
    if read < length {
        Err(ArchiveError::Truncated("a header is cut off"))
    } else {
        Ok(bytes)
    }
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes([bytes[at], bytes[at + 1]])
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}
