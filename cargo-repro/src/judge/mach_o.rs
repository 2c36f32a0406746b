//! What can be said of a program for macOS without starting it. Pure.

use object::macho;
use object::read::macho::{LoadCommandVariant, MachHeader};

/// What its structure says, in words; `None` for what is no program for macOS.
pub(crate) fn describe(bytes: &[u8]) -> Option<String> {
    let header = macho::MachHeader64::<object::Endianness>::parse(bytes, 0).ok()?;
    let endian = header.endian().ok()?;
    let arch = match header.cputype(endian) {
        macho::CPU_TYPE_ARM64 => "arm64",
        macho::CPU_TYPE_X86_64 => "x86-64",
        _ => "another processor",
    };

    let mut signed = false;
    let mut system = None;
    let mut commands = header.load_commands(endian, bytes, 0).ok()?;
    while let Some(command) = commands.next().ok()? {
        signed |= command.cmd() == macho::LC_CODE_SIGNATURE;
        match command.variant() {
            Ok(LoadCommandVariant::BuildVersion(version, _)) => {
                system = Some(version.minos.get(endian).0);
            }
            Ok(LoadCommandVariant::VersionMin(version)) => {
                system = Some(version.version.get(endian).0);
            }
            _ => {}
        }
    }
    let signature = if signed {
        "with a signature"
    } else {
        "without a signature"
    };
    let system = system.map_or_else(
        || "naming no version of macOS".to_owned(),
        |version| {
            format!(
                "for macOS {}.{} and later",
                version >> 16,
                (version >> 8) & 0xff
            )
        },
    );
    Some(format!("Mach-O for {arch}, {signature}, {system}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_mach_o_is_not_described() {
        assert_eq!(describe(b"\x7fELF"), None);
        assert_eq!(describe(b"\xcf\xfa\xed\xfe"), None);
    }
}
