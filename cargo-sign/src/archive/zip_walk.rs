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
const LOCATOR_LEN: u64 = 20;
/// Largest central directory that is gone through; it is read entry by entry.
const MAX_DIRECTORY: u64 = 64 << 20;
/// General purpose flags that may be set: UTF-8 names (bit 11) and compression hints (1, 2).
const FLAGS: u16 = UTF8 | 0b110;
/// Names are UTF-8.
const UTF8: u16 = 1 << 11;
/// DOS attributes that may be set.
const FOLDER: u32 = 0x10;
const ARCHIVE: u32 = 0x20;
const READ_ONLY: u32 = 0x01;
/// Methods of compression.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Version 2.0 knows folders and deflation.
const NEEDED: u16 = 20;

pub(super) fn walk(
    file: &mut (impl Read + Seek),
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    let end = EndRecord::read(file)?;
    let directory_end = end.offset + end.size;
    let mut at = end.offset;
    let mut position = 0;
    let mut seen = Seen::new(limits);
    for _ in 0..end.entries {
        let (entry, next) = Central::read(file, at, directory_end)?;
        if entry.offset != position {
            return Err(ArchiveError::Header(
                "members overlap, or there is a gap between them",
            ));
        }
        position = member(file, &entry, &mut seen, visit)?;
        at = next;
    }

    if at != directory_end {
        return Err(ArchiveError::Header(
            "the directory has more entries than it says",
        ));
    }
    if position != end.offset {
        return Err(ArchiveError::Header("there is a gap before the directory"));
    }
    Ok(())
}

/// Where the directory lies, as the last 22 bytes say.
struct EndRecord {
    entries: u16,
    offset: u64,
    size: u64,
}

impl EndRecord {
    fn read(file: &mut (impl Read + Seek)) -> Result<Self, ArchiveError> {
        const MISSING: ArchiveError = ArchiveError::Truncated("there is no end record");
        let wrong = ArchiveError::Header;
        let length = file.seek(SeekFrom::End(0))?;
        let start = length.checked_sub(END_LEN).ok_or(MISSING)?;
        let end = bytes_at(file, start, 22)?;
        if &end[..4] != b"PK\x05\x06" {
            // A comment or anything else behind the record: where the directory is would be a
            // matter of search.
            return Err(if find_end(file, length)? {
                ArchiveError::Trailing
            } else {
                MISSING
            });
        }

        let record = Self {
            entries: u16_at(&end, 10),
            size: u64::from(u32_at(&end, 12)),
            offset: u64::from(u32_at(&end, 16)),
        };
        let is_split =
            u16_at(&end, 4) != 0 || u16_at(&end, 6) != 0 || u16_at(&end, 8) != record.entries;
        let has_comment = u16_at(&end, 20) != 0;
        if is_split || has_comment {
            return Err(wrong(
                "the end record is of a split archive or has a comment",
            ));
        }
        if record.is_zip64() || has_locator(file, start)? {
            return Err(wrong("it is a Zip64 archive"));
        }
        if record.offset + record.size != start {
            return Err(wrong(
                "the directory does not lie right before the end record",
            ));
        }
        if record.size > MAX_DIRECTORY {
            return Err(ArchiveError::TooLarge(format!(
                "{MAX_DIRECTORY} bytes of directory"
            )));
        }
        if record.entries == 0 {
            return Err(ArchiveError::Truncated("there is no member"));
        }
        Ok(record)
    }

    /// A field that is full stands for a number in a Zip64 record.
    fn is_zip64(&self) -> bool {
        let full = u64::from(u32::MAX);
        self.entries == u16::MAX || self.offset == full || self.size == full
    }
}

/// Whether a Zip64 locator lies right before the end record: Python and libarchive follow it,
/// whatever it is a part of.
fn has_locator(file: &mut (impl Read + Seek), end: u64) -> Result<bool, ArchiveError> {
    match end.checked_sub(LOCATOR_LEN) {
        Some(at) => Ok(bytes_at(file, at, 4)? == b"PK\x06\x07"),
        None => Ok(false),
    }
}

/// Checks the local header, visits the member, and returns where the next one begins.
fn member(
    file: &mut (impl Read + Seek),
    entry: &Central,
    seen: &mut Seen,
    visit: &mut Visitor<'_>,
) -> Result<u64, ArchiveError> {
    let start = check_local_header(file, entry)?;
    let folder = entry.name.ends_with('/');
    let name = entry.name.strip_suffix('/').unwrap_or(&entry.name);
    check_kind(entry, name, folder)?;
    seen.admit(name, entry.size, !folder)?;

    if !folder {
        file.seek(SeekFrom::Start(start))?;
        let member = Member {
            path: name.to_owned(),
            size: entry.size,
            executable: entry.mode & 0o111 != 0,
        };
        let raw = Read::take(&mut *file, entry.compressed);
        visit_member(raw, entry, &member, visit)?;
    }
    Ok(start + entry.compressed)
}

/// Compares the local header with the directory's entry; returns where the data begins.
fn check_local_header(file: &mut (impl Read + Seek), entry: &Central) -> Result<u64, ArchiveError> {
    const FIXED: u64 = 30;
    let wrong = ArchiveError::Header;
    let local = bytes_at(file, entry.offset, 30)?;
    if &local[..4] != b"PK\x03\x04" {
        return Err(wrong("a member has no local header"));
    }
    let name_len = usize::from(u16_at(&local, 26));
    let same = u16_at(&local, 4) == entry.needed
        && u16_at(&local, 6) == entry.flags
        && u16_at(&local, 8) == entry.method
        && u32_at(&local, 10) == entry.time
        && u32_at(&local, 14) == entry.crc
        && u64::from(u32_at(&local, 18)) == entry.compressed
        && u64::from(u32_at(&local, 22)) == entry.size;
    if !same || bytes_at(file, entry.offset + FIXED, name_len)? != entry.name.as_bytes() {
        return Err(wrong("the two headers of a member differ"));
    }
    let extra_len = usize::from(u16_at(&local, 28));
    let extra_at = entry.offset + FIXED + name_len as u64;
    check_extra_fields(&bytes_at(file, extra_at, extra_len)?)?;
    Ok(extra_at + extra_len as u64)
}

/// A file or a folder, by its mode and by its attributes, whatever system it says it was made on:
/// some tools believe the mode all the same.
fn check_kind(entry: &Central, name: &str, folder: bool) -> Result<(), ArchiveError> {
    let mode_is_plain = match entry.mode & 0o170_000 {
        0 => true,
        0o100_000 => !folder,
        0o040_000 => folder,
        _ => false,
    };
    let is_marked_folder = entry.attributes & FOLDER != 0;
    let other_attributes = entry.attributes & !(FOLDER | ARCHIVE | READ_ONLY);
    if !mode_is_plain || other_attributes != 0 || is_marked_folder && !folder {
        return Err(ArchiveError::EntryType(name.escape_debug().to_string()));
    }
    check_mode(name, entry.mode.into())?;
    if folder && (entry.size != 0 || entry.compressed != 0) {
        return Err(ArchiveError::Header("a folder has a size"));
    }
    Ok(())
}

/// Inflates a member for the visitor.
fn visit_member(
    raw: impl Read,
    entry: &Central,
    member: &Member,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    if entry.method == STORED {
        if entry.size != entry.compressed {
            return Err(ArchiveError::Header("a stored member has two sizes"));
        }
        return checked(raw, member, entry.crc, visit);
    }
    let mut decoder = DeflateDecoder::new(raw);
    checked(&mut decoder, member, entry.crc, visit)?;
    if decoder.total_in() != entry.compressed {
        return Err(ArchiveError::Header("a member's compressed size is wrong"));
    }
    Ok(())
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
    /// Version of the format that is needed.
    needed: u16,
    /// DOS attributes.
    attributes: u32,
    flags: u16,
    method: u16,
    /// DOS time and date.
    time: u32,
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
        if (name_len + extra_len + comment_len) as u64 > left {
            return Err(CUT);
        }
        if comment_len != 0 {
            return Err(wrong("a member has a comment"));
        }
        let name = bytes_at(file, at + FIXED, name_len)?;
        let extra_at = at + FIXED + name_len as u64;
        check_extra_fields(&bytes_at(file, extra_at, extra_len)?)?;
        let entry = Self {
            needed: u16_at(fixed, 6),
            attributes: u32_at(fixed, 38) & 0xffff,
            flags: u16_at(fixed, 8),
            method: u16_at(fixed, 10),
            time: u32_at(fixed, 12),
            crc: u32_at(fixed, 16),
            compressed: u64::from(u32_at(fixed, 20)),
            size: u64::from(u32_at(fixed, 24)),
            mode: u32_at(fixed, 38) >> 16,
            offset: u64::from(u32_at(fixed, 42)),
            name: String::from_utf8(name).map_err(|_| wrong("a name is not UTF-8"))?,
        };

        let text_or_binary = u16_at(fixed, 36);
        if u16_at(fixed, 34) != 0 {
            return Err(wrong("a member is on another disk"));
        }
        if text_or_binary > 1 {
            return Err(wrong("a member says of itself what is not known"));
        }
        entry.check()?;

        Ok((entry, extra_at + extra_len as u64))
    }

    /// Whether every reader understands the same.
    fn check(&self) -> Result<(), ArchiveError> {
        let wrong = ArchiveError::Header;
        if self.flags & !FLAGS != 0 {
            return Err(wrong(
                "a member is encrypted, patched or has its sizes behind it",
            ));
        }
        if self.flags & UTF8 == 0 && !self.name.is_ascii() {
            return Err(wrong("a name is in an encoding that it does not say"));
        }
        if self.method != STORED && self.method != DEFLATED {
            return Err(wrong("a member is neither stored nor deflated"));
        }
        if self.needed > NEEDED {
            return Err(wrong("a member needs a newer version of the format"));
        }
        if is_time(self.time) {
            Ok(())
        } else {
            Err(wrong("a member's time is not a time"))
        }
    }
}

/// Extra fields of either header: those that the usual writers add are known to the byte, and no
/// other is passed over. Some would give a member another size or name (0x0001 is Zip64, 0x7075
/// another name for the file).
fn check_extra_fields(mut fields: &[u8]) -> Result<(), ArchiveError> {
    let wrong = ArchiveError::Header;
    while !fields.is_empty() {
        let (head, rest) = fields
            .split_at_checked(4)
            .ok_or(wrong("an extra field is cut off"))?;
        let (body, next) = rest
            .split_at_checked(usize::from(u16_at(head, 2)))
            .ok_or(wrong("an extra field is cut off"))?;
        let is_known = match u16_at(head, 0) {
            // Info-ZIP's times: flags, then up to three of four bytes each.
            0x5455 => {
                matches!(body, [0..=7, times @ ..] if times.len() % 4 == 0 && times.len() <= 12)
            }
            // Info-ZIP's owner: version 1, then two numbers with their lengths.
            0x7875 => is_owner(body),
            // What marks a JAR.
            0xcafe => body.is_empty(),
            _ => false,
        };
        if !is_known {
            return Err(wrong(
                "an extra field is not known, or changes a size or a name",
            ));
        }
        fields = next;
    }

    Ok(())
}

fn is_owner(body: &[u8]) -> bool {
    let Some((&[1, user_len], rest)) = body.split_first_chunk::<2>() else {
        return false;
    };
    let Some((&group_len, group)) = rest
        .get(usize::from(user_len)..)
        .and_then(<[u8]>::split_first)
    else {
        return false;
    };
    group.len() == usize::from(group_len) && user_len <= 8 && group_len <= 8
}

/// Whether a DOS time and date exist, or none is given: seconds in twos, then minutes and hours; day, month, years
/// since 1980.
fn is_time(time: u32) -> bool {
    if time == 0 {
        return true;
    }
    let second = bits_of(time, 0, 5);
    let minute = bits_of(time, 5, 6);
    let hour = bits_of(time, 11, 5);
    let day = bits_of(time, 16, 5);
    let month = bits_of(time, 21, 4);
    second < 30 && minute < 60 && hour < 24 && day >= 1 && (1..=12).contains(&month)
}

/// Some bits of a number.
fn bits_of(number: u32, shift: u32, bits: u32) -> u32 {
    (number >> shift) & ((1 << bits) - 1)
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
