//! What can be said of a program for macOS without starting it. Pure.
//!
//! A Mac with Apple silicon kills a program whose signature is missing or does not fit its bytes, and
//! every linker therefore writes an ad-hoc one: hashes of the program's pages, by nobody's key. Its
//! shape is that of `cs_blobs.h` in Apple's XNU sources.

use object::macho;
use object::read::macho::{LoadCommandVariant, MachHeader};
use release_gate::digest::sha256_bytes;

/// What the structure of a program says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Described {
    /// In words.
    pub(crate) words: String,
    /// Why no Mac starts it.
    pub(crate) refused: Option<String>,
}

/// How a program is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Signature {
    None,
    /// Every page has the hash that the signature names.
    Fits {
        /// By nobody's key.
        ad_hoc: bool,
    },
    /// A page was changed after it was signed, or the signature is cut off.
    DoesNotFit,
    /// It hashes in a way that is not read here.
    Unread,
}

/// What its structure says; `None` for what is no program for macOS.
pub(crate) fn describe(bytes: &[u8]) -> Option<Described> {
    let header = macho::MachHeader64::<object::Endianness>::parse(bytes, 0).ok()?;
    let endian = header.endian().ok()?;
    let is_arm = header.cputype(endian) == macho::CPU_TYPE_ARM64;
    let arch = match header.cputype(endian) {
        macho::CPU_TYPE_ARM64 => "arm64",
        macho::CPU_TYPE_X86_64 => "x86-64",
        _ => "another processor",
    };

    let mut signature = Signature::None;
    let mut system = None;
    let mut commands = header.load_commands(endian, bytes, 0).ok()?;
    while let Some(command) = commands.next().ok()? {
        match command.variant() {
            Ok(LoadCommandVariant::LinkeditData(data))
                if command.cmd() == macho::LC_CODE_SIGNATURE =>
            {
                signature =
                    signature_at(bytes, data.dataoff.get(endian), data.datasize.get(endian));
            }
            Ok(LoadCommandVariant::BuildVersion(version, _)) => {
                system = Some(version.minos.get(endian).0);
            }
            Ok(LoadCommandVariant::VersionMin(version)) => {
                system = Some(version.version.get(endian).0);
            }
            _ => {}
        }
    }

    let words = format!(
        "Mach-O for {arch}, {}, {}",
        signature_words(signature),
        system_words(system)
    );
    Some(Described {
        words,
        refused: refusal(signature, is_arm).map(str::to_owned),
    })
}

fn signature_words(signature: Signature) -> &'static str {
    match signature {
        Signature::None => "without a signature",
        Signature::Fits { ad_hoc: true } => "with an ad-hoc signature that fits",
        Signature::Fits { ad_hoc: false } => "with a signature whose hashes fit",
        Signature::DoesNotFit => "with a signature that does not fit",
        Signature::Unread => "with a signature of a kind that is not read here",
    }
}

fn system_words(version: Option<u32>) -> String {
    match version {
        Some(version) => format!(
            "for macOS {}.{} and later",
            version >> 16,
            (version >> 8) & 0xff
        ),
        None => "naming no version of macOS".to_owned(),
    }
}

/// Why no Mac starts a program that is signed like this.
fn refusal(signature: Signature, is_arm: bool) -> Option<&'static str> {
    match signature {
        Signature::DoesNotFit => Some("it was changed after it was signed, and macOS kills it"),
        Signature::None if is_arm => {
            Some("it is not signed, and a Mac with Apple silicon kills it")
        }
        _ => None,
    }
}

/// Reads the signature that lies at an offset, and compares the hashes of the pages before it.
fn signature_at(bytes: &[u8], offset: u32, size: u32) -> Signature {
    let start = usize::try_from(offset).unwrap_or(usize::MAX);
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let end = start.saturating_add(size);
    match bytes.get(start..end).and_then(code_directory) {
        Some(directory) => check_pages(bytes, directory).unwrap_or(Signature::DoesNotFit),
        None => Signature::DoesNotFit,
    }
}

/// A big-endian number at an offset.
fn number(bytes: &[u8], offset: usize) -> Option<usize> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    usize::try_from(u32::from_be_bytes(bytes.try_into().ok()?)).ok()
}

/// The code directory of a signature: `CSMAGIC_EMBEDDED_SIGNATURE`, then a list of blobs, of which the
/// one of type 0 is it.
fn code_directory(signature: &[u8]) -> Option<&[u8]> {
    const EMBEDDED_SIGNATURE: usize = 0xfade_0cc0;
    const CODE_DIRECTORY: usize = 0xfade_0c02;

    if number(signature, 0)? != EMBEDDED_SIGNATURE {
        return None;
    }
    let count = number(signature, 8)?;
    // A signature has a handful of blobs.
    for index in 0..count.min(64) {
        let entry = 12 + 8 * index;
        if number(signature, entry)? == 0 {
            let directory = signature.get(number(signature, entry + 4)?..)?;
            let is_one = number(directory, 0)? == CODE_DIRECTORY;
            return is_one.then_some(directory);
        }
    }
    None
}

/// Compares the hash of each page with the one that the directory names. `None`: it is cut off.
fn check_pages(bytes: &[u8], directory: &[u8]) -> Option<Signature> {
    const AD_HOC: usize = 0x2;
    const SHA_256: u8 = 2;

    let flags = number(directory, 12)?;
    let hashes = number(directory, 16)?;
    let slots = number(directory, 28)?;
    let limit = number(directory, 32)?;
    let [hash_size, hash_type, _, page_bits] = *directory.get(36..40)? else {
        return None;
    };
    if hash_type != SHA_256 || hash_size != 32 || !(9..=16).contains(&page_bits) {
        return Some(Signature::Unread);
    }

    let code = bytes.get(..limit)?;
    let page = 1 << page_bits;
    if slots != code.len().div_ceil(page) {
        return None;
    }
    for (index, page) in code.chunks(page).enumerate() {
        let at = hashes.checked_add(32 * index)?;
        let named = directory.get(at..at.checked_add(32)?)?;
        if sha256_bytes(page).as_bytes() != named {
            return Some(Signature::DoesNotFit);
        }
    }
    Some(Signature::Fits {
        ad_hoc: flags & AD_HOC != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mach_o_is_not_described() {
        assert_eq!(describe(b"\x7fELF"), None);
        assert_eq!(describe(b"\xcf\xfa\xed\xfe"), None);
    }

    fn little_endian(numbers: &[u32]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_le_bytes())
            .collect()
    }

    fn big_endian(numbers: &[u32]) -> Vec<u8> {
        numbers
            .iter()
            .flat_map(|number| number.to_be_bytes())
            .collect()
    }

    /// A program of two pages for a Mac, signed as linkers do.
    fn program(cpu: u32) -> Vec<u8> {
        let limit = 5000_u32;
        let directory_length = 44 + 2 * 32;
        let signature_length = 20 + directory_length;
        // A header with two load commands: LC_BUILD_VERSION for macOS 11.0, LC_CODE_SIGNATURE.
        let mut code = little_endian(&[0xfeed_facf, cpu, 0, 2, 2, 24 + 16, 0, 0]);
        code.extend(little_endian(&[0x32, 24, 1, 11 << 16, 11 << 16, 0]));
        code.extend(little_endian(&[0x1d, 16, limit, signature_length]));
        code.resize(limit as usize, 0x90);

        let mut directory = big_endian(&[
            0xfade_0c02,
            directory_length,
            0x20400,
            0x20002,
            44,
            44,
            0,
            2,
            limit,
        ]);
        directory.extend([32, 2, 0, 12]);
        directory.extend(big_endian(&[0]));
        for page in code.chunks(4096) {
            directory.extend(sha256_bytes(page).as_bytes());
        }
        let mut program = code;
        program.extend(big_endian(&[0xfade_0cc0, signature_length, 1, 0, 20]));
        program.extend(directory);
        program
    }

    const ARM: u32 = 0x0100_000c;
    const INTEL: u32 = 0x0100_0007;

    #[test]
    fn an_ad_hoc_signature_that_fits_is_said() {
        let described = describe(&program(ARM)).unwrap();
        assert_eq!(
            described.words,
            "Mach-O for arm64, with an ad-hoc signature that fits, for macOS 11.0 and later"
        );
        assert_eq!(described.refused, None);
    }

    #[test]
    fn a_changed_byte_on_any_page_is_refused() {
        for place in [200, 4999] {
            let mut changed = program(INTEL);
            changed[place] ^= 1;
            let described = describe(&changed).unwrap();
            assert!(described.words.contains("does not fit"), "{place}");
            assert!(described.refused.is_some(), "{place}");
        }
    }

    #[test]
    fn a_signature_that_is_cut_off_does_not_fit() {
        let whole = program(ARM);
        for length in [5000, 5010, 5030, 5070, whole.len() - 1] {
            let described = describe(&whole[..length]).unwrap();
            assert!(described.refused.is_some(), "{length}");
        }
    }

    #[test]
    fn only_apple_silicon_needs_a_signature() {
        // The command that names the signature becomes one that nobody reads.
        for (cpu, is_refused) in [(ARM, true), (INTEL, false)] {
            let mut unsigned = program(cpu);
            unsigned[56..60].copy_from_slice(&0x2b_u32.to_le_bytes());
            let described = describe(&unsigned).unwrap();
            assert!(described.words.contains("without a signature"));
            assert_eq!(described.refused.is_some(), is_refused);
        }
    }
}
