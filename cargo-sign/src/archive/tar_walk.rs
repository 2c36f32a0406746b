//! A strict walk of compressed tar: one gzip member or one Zstandard frame (RFC 8878), POSIX ustar
//! or GNU headers (IEEE Std 1003.1, `pax`), regular files and folders only.
//!
//! Extended headers (PAX, GNU long names, sparse files) are refused: tools disagree about them, and
//! our own archives need none.

use std::io::{BufRead as _, BufReader, Read, Seek, SeekFrom};

use flate2::bufread::GzDecoder;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::member::{ArchiveError, Limits, Member, Seen, Visitor, check_mode, read_up_to};

const BLOCK: usize = 512;

/// Largest Zstandard window, and so about the memory that inflating takes: what level 19 asks for.
const WINDOW: u64 = 8 << 20;

pub(super) fn walk_gz(
    file: &mut (impl Read + Seek),
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    file.seek(SeekFrom::Start(0))?;
    let mut decoder = GzDecoder::new(BufReader::with_capacity(128 * 1024, file));
    entries(&mut decoder, limits, visit)?;
    check_gzip_header(&decoder)?;
    // The decoder checks CRC and length when it reaches the end of its one member.
    let mut rest = decoder.into_inner();
    if rest.fill_buf()?.is_empty() {
        Ok(())
    } else {
        Err(ArchiveError::Trailing)
    }
}

/// Name, comment and extra fields of a gzip header (RFC 1952) decide nothing; they have to be what
/// they say all the same.
fn check_gzip_header<R: Read>(decoder: &GzDecoder<BufReader<R>>) -> Result<(), ArchiveError> {
    let Some(header) = decoder.header() else {
        return Err(ArchiveError::Truncated("the gzip header is cut off"));
    };
    if !header
        .filename()
        .unwrap_or_default()
        .iter()
        .all(is_of_a_file_name)
    {
        return Err(ArchiveError::Header("the gzip header names no plain file"));
    }
    if !header.comment().unwrap_or_default().iter().all(is_text) {
        return Err(ArchiveError::Header(
            "the comment of the gzip header is not plain text",
        ));
    }
    check_subfields(header.extra().unwrap_or_default())
}

fn is_of_a_file_name(byte: &u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'/' | b'\\')
}

fn is_text(byte: &u8) -> bool {
    byte.is_ascii_graphic() || *byte == b' '
}

/// Subfields of two bytes of id and two of length.
fn check_subfields(mut fields: &[u8]) -> Result<(), ArchiveError> {
    while !fields.is_empty() {
        let next = fields.split_first_chunk::<4>().and_then(|(head, rest)| {
            let length = u16::from_le_bytes([head[2], head[3]]);
            rest.get(usize::from(length)..)
        });
        fields = next.ok_or(ArchiveError::Header(
            "an extra field of the gzip header is cut off",
        ))?;
    }
    Ok(())
}

pub(super) fn walk_zst(
    file: &mut (impl Read + Seek),
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    file.seek(SeekFrom::Start(0))?;
    let source = Source {
        inner: BufReader::with_capacity(128 * 1024, file),
        failed: None,
    };
    let decoder = StreamingDecoder::new_with_max_window_size(source, WINDOW).map_err(|_| {
        ArchiveError::Header("the compressed data is damaged, or asks for too much memory")
    })?;
    let mut decoder = Frame(decoder);
    entries(&mut decoder, limits, visit)?;
    let (mut source, frame) = decoder.0.into_parts();
    if frame
        .get_checksum_from_data()
        .is_some_and(|sum| frame.get_calculated_checksum() != Some(sum))
    {
        return Err(ArchiveError::Header("the compressed data is damaged"));
    }
    if source.inner.fill_buf()?.is_empty() {
        Ok(())
    } else {
        Err(ArchiveError::Trailing)
    }
}

/// Tells a file that cannot be read from one that was damaged: the decoder's errors do not.
struct Source<R> {
    inner: R,
    failed: Option<std::io::ErrorKind>,
}

impl<R: Read> Read for Source<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.inner
            .read(buffer)
            .inspect_err(|error| self.failed = Some(error.kind()))
    }
}

/// One frame, with errors that say which of the two it was.
struct Frame<R: Read>(StreamingDecoder<Source<R>, FrameDecoder>);

impl<R: Read> Read for Frame<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0
            .read(buffer)
            .map_err(|error| match self.0.get_ref().failed {
                Some(_) => error,
                None => std::io::ErrorKind::InvalidData.into(),
            })
    }
}

fn entries(
    tar: &mut impl Read,
    limits: Limits,
    visit: &mut Visitor<'_>,
) -> Result<(), ArchiveError> {
    let mut seen = Seen::new(limits);
    let mut any = false;
    loop {
        let header = block(tar)?.ok_or(ArchiveError::Truncated("there is no end mark"))?;
        if header.iter().all(|byte| *byte == 0) {
            return if any {
                end(tar)
            } else {
                Err(ArchiveError::Truncated("there is no member"))
            };
        }
        any = true;
        let entry = Entry::parse(&header)?;
        seen.admit(&entry.name, entry.size, !entry.folder)?;
        if entry.folder {
            continue;
        }
        let member = Member {
            path: entry.name,
            size: entry.size,
            executable: entry.mode & 0o111 != 0,
        };
        let mut body = Read::take(&mut *tar, member.size);
        visit(&member, &mut body).map_err(inflate)?;
        let skipped = std::io::copy(&mut body, &mut std::io::sink()).map_err(inflate)?;
        let _ = skipped;
        if body.limit() != 0 {
            return Err(ArchiveError::Truncated("a member is cut off"));
        }
        padding(tar, member.size)?;
    }
}

/// The rest of the last block has to be zeros: nothing hides there.
fn padding(tar: &mut impl Read, size: u64) -> Result<(), ArchiveError> {
    let over = usize::try_from(size % BLOCK as u64).unwrap_or(0);
    if over == 0 {
        return Ok(());
    }
    let mut buffer = [0; BLOCK];
    let wanted = BLOCK - over;
    if read_up_to(tar, &mut buffer[..wanted]).map_err(inflate)? < wanted {
        return Err(ArchiveError::Truncated("a member's last block is cut off"));
    }
    if buffer[..wanted].iter().any(|byte| *byte != 0) {
        return Err(ArchiveError::Header(
            "the padding behind a member is not empty",
        ));
    }
    Ok(())
}

/// A second block of zeros, then zeros up to the record's end (20 blocks), then nothing.
fn end(tar: &mut impl Read) -> Result<(), ArchiveError> {
    let mut blocks = 0;
    while let Some(block) = block(tar)? {
        if block.iter().any(|byte| *byte != 0) {
            return Err(ArchiveError::Trailing);
        }
        blocks += 1;
        if blocks > 128 {
            return Err(ArchiveError::Trailing);
        }
    }
    if blocks == 0 {
        Err(ArchiveError::Truncated("the end mark is cut off"))
    } else {
        Ok(())
    }
}

fn block(tar: &mut impl Read) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
    let mut buffer = [0; BLOCK];
    match read_up_to(tar, &mut buffer).map_err(inflate)? {
        0 => Ok(None),
        BLOCK => Ok(Some(buffer)),
        _ => Err(ArchiveError::Truncated("a header is cut off")),
    }
}

/// What inflating says about a damaged stream, in the archive's own terms.
fn inflate(error: std::io::Error) -> ArchiveError {
    match error.kind() {
        std::io::ErrorKind::UnexpectedEof => {
            ArchiveError::Truncated("the compressed data is cut off")
        }
        std::io::ErrorKind::InvalidInput | std::io::ErrorKind::InvalidData => {
            ArchiveError::Header("the compressed data is damaged")
        }
        _ => ArchiveError::Io(error),
    }
}

struct Entry {
    name: String,
    size: u64,
    mode: u64,
    folder: bool,
}

/// The fields of a ustar header (IEEE Std 1003.1, `pax`), by where they lie. Every byte of a header
/// is looked at: what one tool ignores, another stops at.
mod field {
    use std::ops::Range;

    pub(super) const NAME: Range<usize> = 0..100;
    pub(super) const MODE: Range<usize> = 100..108;
    pub(super) const UID: Range<usize> = 108..116;
    pub(super) const GID: Range<usize> = 116..124;
    pub(super) const SIZE: Range<usize> = 124..136;
    pub(super) const MTIME: Range<usize> = 136..148;
    pub(super) const CHECKSUM: Range<usize> = 148..156;
    pub(super) const KIND: usize = 156;
    pub(super) const LINK: Range<usize> = 157..257;
    pub(super) const MAGIC: Range<usize> = 257..265;
    pub(super) const OWNER: Range<usize> = 265..297;
    pub(super) const GROUP: Range<usize> = 297..329;
    pub(super) const DEVICE_MAJOR: Range<usize> = 329..337;
    pub(super) const DEVICE_MINOR: Range<usize> = 337..345;
    pub(super) const PREFIX: Range<usize> = 345..500;
    pub(super) const PADDING: Range<usize> = 500..512;
}

impl Entry {
    fn parse(header: &[u8; BLOCK]) -> Result<Self, ArchiveError> {
        let wrong = ArchiveError::Header;
        if octal(&header[field::CHECKSUM])? != checksum(header) {
            return Err(wrong("a header's checksum is wrong"));
        }
        let mut name = full_name(header)?;
        let kind = header[field::KIND];
        let folder = kind == b'5';
        if !matches!(kind, b'0' | 0 | b'5') {
            return Err(ArchiveError::EntryType(name.escape_debug().to_string()));
        }
        if !is_empty(&header[field::LINK]) {
            return Err(wrong("a file names a link target"));
        }
        check_origin(header)?;

        let size = octal(&header[field::SIZE])?;
        if folder {
            if size != 0 {
                return Err(wrong("a folder has a size"));
            }
            name = name.strip_suffix('/').unwrap_or(&name).to_owned();
        }
        let mode = octal(&header[field::MODE])?;
        check_mode(&name, mode)?;
        if mode > 0o777 {
            return Err(wrong("a mode says more than who may do what"));
        }
        Ok(Self {
            name,
            size,
            mode,
            folder,
        })
    }
}

/// The sum of a header's bytes, with spaces in place of the sum itself.
fn checksum(header: &[u8; BLOCK]) -> u64 {
    let counted = |(at, byte): (usize, &u8)| {
        let byte = if field::CHECKSUM.contains(&at) {
            b' '
        } else {
            *byte
        };
        u64::from(byte)
    };
    header.iter().enumerate().map(counted).sum()
}

/// The name of a POSIX header, whose prefix is a part of it, or of a GNU header, which has none.
fn full_name(header: &[u8; BLOCK]) -> Result<String, ArchiveError> {
    let wrong = ArchiveError::Header;
    let name = text(&header[field::NAME])?;
    match &header[field::MAGIC] {
        b"ustar\x0000" => {
            let prefix = text(&header[field::PREFIX])?;
            Ok(if prefix.is_empty() {
                name
            } else {
                format!("{prefix}/{name}")
            })
        }
        // Times and offsets to GNU tar, which writes them for incremental and sparse archives alone;
        // a part of the name to others.
        b"ustar  \0" if is_empty(&header[field::PREFIX]) => Ok(name),
        b"ustar  \0" => Err(wrong(
            "a GNU header has what others read as a part of its name",
        )),
        _ => Err(wrong("a header is neither POSIX nor GNU")),
    }
}

/// Owner, time and device: nobody needs them, but some tools stop at what is not a number there.
fn check_origin(header: &[u8; BLOCK]) -> Result<(), ArchiveError> {
    for number in [field::UID, field::GID, field::MTIME] {
        let number = &header[number];
        if !is_empty(number) {
            octal(number)?;
        }
    }

    for device in [field::DEVICE_MAJOR, field::DEVICE_MINOR] {
        let device = &header[device];
        if !is_empty(device) && octal(device)? != 0 {
            return Err(ArchiveError::Header("a file names a device"));
        }
    }

    for name in [field::OWNER, field::GROUP] {
        let name = text(&header[name])?;
        if name.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(ArchiveError::Header("an owner's name is not plain text"));
        }
    }

    if is_empty(&header[field::PADDING]) {
        Ok(())
    } else {
        Err(ArchiveError::Header("the padding of a header is not empty"))
    }
}

fn is_empty(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}

/// A field of octal digits, ended by NUL or space; base-256 numbers are refused.
fn octal(field: &[u8]) -> Result<u64, ArchiveError> {
    let wrong = ArchiveError::Header("a number of a header is not octal");
    let end = field
        .iter()
        .position(|byte| *byte == 0 || *byte == b' ')
        .unwrap_or(field.len());
    let digits = &field[..end];
    if digits.is_empty() || field[end..].iter().any(|byte| *byte != 0 && *byte != b' ') {
        return Err(wrong);
    }
    digits
        .iter()
        .try_fold(0u64, |value, digit| match digit {
            b'0'..=b'7' => value
                .checked_mul(8)
                .map(|value| value + u64::from(digit - b'0')),
            _ => None,
        })
        .ok_or(wrong)
}

/// A field of text, ended by NUL; nothing may stand behind the NUL.
fn text(field: &[u8]) -> Result<String, ArchiveError> {
    let end = field
        .iter()
        .position(|byte| *byte == 0)
        .unwrap_or(field.len());
    if field[end..].iter().any(|byte| *byte != 0) {
        return Err(ArchiveError::Header("a name has data behind its end"));
    }
    String::from_utf8(field[..end].to_vec())
        .map_err(|_| ArchiveError::Header("a name is not UTF-8"))
}
