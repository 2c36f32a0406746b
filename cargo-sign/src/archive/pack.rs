//! Writing archives: the same files, name and time give the same bytes on any machine.
//!
//! Headers are made by hand from a path and a mode rule, never from a file's metadata; members are
//! sorted; the compressors are built along, so that neither the processor nor the system's
//! libraries decide about their output.

use std::io::{self, Write};

use flate2::{Compression, GzBuilder};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

/// A file to pack.
#[derive(Debug, Clone)]
pub struct Input {
    /// Path inside the archive's folder.
    pub path: String,
    /// Content.
    pub bytes: Vec<u8>,
    /// Whether it is a program.
    pub executable: bool,
}

/// Writes a gzipped tar: POSIX ustar headers, owner 0, mode 0644 or 0755, one time for all.
///
/// # Errors
/// Writing failed, or a path does not fit a ustar header (255 bytes).
pub fn tar_gz(out: impl Write, folder: &str, epoch: i64, files: &[Input]) -> io::Result<()> {
    let gzip = GzBuilder::new()
        .mtime(0)
        .operating_system(255)
        .write(out, Compression::best());
    tar(gzip, folder, epoch, files)?.finish()?.flush()
}

/// Writes the same tar compressed by Zstandard, level 19, one thread, with a checksum; the bytes
/// depend on the library's version alone.
///
/// # Errors
/// As [`tar_gz`].
#[cfg(feature = "zstd")]
pub fn tar_zst(out: impl Write, folder: &str, epoch: i64, files: &[Input]) -> io::Result<()> {
    let mut zstd = zstd::Encoder::new(out, 19)?;
    zstd.include_checksum(true)?;
    tar(zstd, folder, epoch, files)?.finish()?.flush()
}

fn tar<W: Write>(out: W, folder: &str, epoch: i64, files: &[Input]) -> io::Result<W> {
    let mut tar = tar::Builder::new(out);
    tar.mode(tar::HeaderMode::Deterministic);
    for file in sorted(files) {
        let mut header = tar::Header::new_ustar();
        header.set_path(format!("{folder}/{}", file.path))?;
        header.set_size(file.bytes.len() as u64);
        header.set_mode(if file.executable { 0o755 } else { 0o644 });
        header.set_mtime(u64::try_from(epoch).unwrap_or(0));
        header.set_uid(0);
        header.set_gid(0);
        header.set_entry_type(tar::EntryType::Regular);
        header.set_cksum();
        tar.append(&header, &file.bytes[..])?;
    }
    tar.into_inner()
}

/// Writes a zip: no extra fields, no data descriptors, one time (UTC, at least 1980) for all.
///
/// # Errors
/// Writing failed.
pub fn zip(
    out: impl Write + io::Seek,
    folder: &str,
    epoch: i64,
    files: &[Input],
) -> io::Result<()> {
    let mut zip = ZipWriter::new(out);
    for file in sorted(files) {
        let options = SimpleFileOptions::default()
            .compression_method(CompressionMethod::Deflated)
            .last_modified_time(dos_time(epoch))
            .unix_permissions(if file.executable { 0o755 } else { 0o644 });
        zip.start_file(format!("{folder}/{}", file.path), options)?;
        zip.write_all(&file.bytes)?;
    }
    zip.finish()?.flush()
}

/// DOS time begins in 1980 and ends in 2107; what lies outside is moved to the nearest end.
fn dos_time(epoch: i64) -> DateTime {
    let epoch = epoch.clamp(315_532_800, 4_354_819_198);
    let (year, month, day) = release_gate::time::civil_date(epoch);
    let of_day = epoch.rem_euclid(86_400);
    DateTime::from_date_and_time(
        u16::try_from(year).unwrap_or(1980),
        month,
        day,
        small(of_day / 3600),
        small(of_day / 60 % 60),
        small(of_day % 60),
    )
    .unwrap_or_default()
}

fn small(value: i64) -> u8 {
    u8::try_from(value).unwrap_or(0)
}

fn sorted(files: &[Input]) -> Vec<&Input> {
    let mut files: Vec<&Input> = files.iter().collect();
    files.sort_by(|a, b| a.path.as_bytes().cmp(b.path.as_bytes()));
    files
}
