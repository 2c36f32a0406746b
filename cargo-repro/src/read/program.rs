//! What a program that somebody else built says of the toolchain it was made with. Pure.

use object::{Object as _, ObjectSection as _};

/// What is written in a program of its making.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Making {
    /// `1.95.0`, from `.comment`.
    pub(crate) rustc: Option<String>,
    /// The compiler's commit, from the paths of the standard library in panic messages.
    pub(crate) rustc_commit: Option<String>,
    /// Architecture and system, as the first words of target triples have them: `x86_64`, `linux`.
    pub(crate) target: Option<(String, String)>,
}

/// What a program's bytes say.
pub(crate) fn making_of(bytes: &[u8]) -> Making {
    let Ok(file) = object::File::parse(bytes) else {
        return Making::default();
    };
    Making {
        rustc: comments(&file)
            .iter()
            .find_map(|line| line.strip_prefix("rustc version "))
            .and_then(|rest| rest.split(' ').next())
            .map(str::to_owned),
        rustc_commit: library_commit(bytes),
        target: target_of(&file),
    }
}

/// The lines of `.comment`, where compilers and linkers sign.
fn comments(file: &object::File<'_>) -> Vec<String> {
    let section = file.section_by_name(".comment");
    let data = section
        .and_then(|section| section.uncompressed_data().ok())
        .unwrap_or_default();
    data.split(|byte| *byte == 0)
        .map(|line| String::from_utf8_lossy(line).into_owned())
        .collect()
}

/// The commit in the first `/rustc/<commit>/library/…`. Other texts of a program may begin like it.
fn library_commit(bytes: &[u8]) -> Option<String> {
    memchr::memmem::find_iter(bytes, b"/rustc/").find_map(|at| {
        let digits = bytes.get(at + b"/rustc/".len()..)?.get(..40)?;
        let is_commit = digits.iter().all(u8::is_ascii_hexdigit);
        is_commit.then(|| String::from_utf8_lossy(digits).into_owned())
    })
}

fn target_of(file: &object::File<'_>) -> Option<(String, String)> {
    let arch = match file.architecture() {
        object::Architecture::X86_64 => "x86_64",
        object::Architecture::Aarch64 => "aarch64",
        object::Architecture::I386 => "i686",
        object::Architecture::Arm => "arm",
        object::Architecture::Riscv64 => "riscv64",
        _ => return None,
    };
    let system = match file.format() {
        object::BinaryFormat::Elf => "linux",
        object::BinaryFormat::Pe => "windows",
        object::BinaryFormat::MachO => "darwin",
        _ => return None,
    };
    Some((arch.to_owned(), system.to_owned()))
}

/// What a compiler's words about its version have behind a beginning.
fn version_part<'a>(version: &'a [String], start: &str) -> Option<&'a str> {
    version.iter().find_map(|line| line.strip_prefix(start))
}

impl Making {
    /// In what it is another compiler's than the one of this version and commit.
    pub(crate) fn other_compiler(&self, version: &[String]) -> Option<String> {
        let release = version_part(version, "release: ");
        if let (Some(there), Some(here)) = (self.rustc.as_deref(), release)
            && there != here
        {
            return Some(format!(
                "rustc: {there} made the artifact, and {here} is here"
            ));
        }

        let commit = version_part(version, "commit-hash: ");
        if let (Some(there), Some(here)) = (self.rustc_commit.as_deref(), commit)
            && there != here
        {
            return Some(format!(
                "rustc: commit {} made the artifact, and {} is here",
                &there[..12],
                here.get(..12).unwrap_or(here)
            ));
        }
        None
    }

    /// Whether a target triple can be what it was built for.
    pub(crate) fn fits(&self, target: &str) -> bool {
        self.target.as_ref().is_none_or(|(arch, system)| {
            target.starts_with(arch.as_str()) && target.contains(system.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_says_which_compiler_made_it() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let making = making_of(&own);
        assert!(making.rustc.is_some() || making.rustc_commit.is_some());
        assert!(making.target.is_some());
        assert_eq!(making_of(b"no program"), Making::default());
    }

    #[test]
    fn other_texts_that_begin_like_a_path_of_the_library_are_passed_over() {
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let bytes = format!("/rustc/src/lib.rs /rustc/{commit}/library/std /rustc/");
        assert_eq!(library_commit(bytes.as_bytes()).as_deref(), Some(commit));
        assert_eq!(library_commit(b"/rustc/0123"), None);
    }

    #[test]
    fn another_compiler_is_told() {
        let making = Making {
            rustc: Some("1.94.0".to_owned()),
            ..Making::default()
        };
        let version = ["release: 1.95.0".to_owned()];
        assert!(making.other_compiler(&version).unwrap().contains("1.94.0"));
        assert_eq!(Making::default().other_compiler(&version), None);
        assert!(making.fits("x86_64-unknown-linux-gnu"));
    }
}
