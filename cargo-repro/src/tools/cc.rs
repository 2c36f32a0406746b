//! A C compiler's stand-in: the compiler of the same name further down PATH, with the place's
//! folders mapped away.
//!
//! Flags through CFLAGS would end up in the strings that C projects make of their flags; a stand-in
//! leaves no trace.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use super::spec::{SandboxSpec, become_program};

/// Whether a program's name is that of a C or C++ compiler which knows `-ffile-prefix-map`: `cc`,
/// `aarch64-linux-gnu-gcc-12`.
pub(crate) fn is_compiler(name: &str) -> bool {
    let stem = match name.rsplit_once('-') {
        Some((stem, version)) if version.bytes().all(|b| b.is_ascii_digit() || b == b'.') => stem,
        _ => name,
    };
    let (triple, last) = stem
        .rsplit_once('-')
        .map_or(("", stem), |(triple, last)| (triple, last));
    matches!(last, "cc" | "gcc" | "g++" | "c++" | "clang" | "clang++")
        && (triple.is_empty() || triple.contains('-'))
}

pub(super) fn run(spec: &SandboxSpec, tools: &Path, name: &str, args: Vec<OsString>) -> ExitCode {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let program = std::env::split_paths(&path)
        .filter(|dir| dir != tools)
        .map(|dir| dir.join(name))
        .find(|candidate| candidate.is_file());
    let Some(program) = program else {
        return ExitCode::from(127);
    };
    become_program(&program, arguments(spec, args))
}

/// The compiler's arguments, remaps first so that the project's own win.
fn arguments(spec: &SandboxSpec, args: Vec<OsString>) -> Vec<OsString> {
    // Questions (`-v`, `-dumpmachine`, `--version`) are passed on as they are.
    let compiles = args
        .iter()
        .any(|arg| arg == "-c" || arg == "-S" || arg == "-o" || arg == "-E");
    let maps = spec.remap.iter().filter(|_| compiles).map(|(from, to)| {
        let mut arg = OsString::from("-ffile-prefix-map=");
        arg.push(from);
        arg.push("=");
        arg.push(to);
        arg
    });
    maps.chain(args).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_are_known_by_name() {
        for name in [
            "cc",
            "gcc",
            "g++-12",
            "clang",
            "x86_64-linux-gnu-gcc",
            "aarch64-linux-gnu-g++-12",
        ] {
            assert!(is_compiler(name), "{name}");
        }
        for name in [
            "rustc",
            "ld",
            "gcc-ar",
            "gcc-ar-12",
            "ccache",
            "c89-gcc",
            "acc",
            "cargo",
        ] {
            assert!(!is_compiler(name), "{name}");
        }
    }

    #[test]
    fn questions_are_passed_on_untouched() {
        let spec = SandboxSpec {
            remap: vec![("/a".into(), "/src".into())],
            ..SandboxSpec::default()
        };
        assert_eq!(
            arguments(&spec, vec!["-dumpmachine".into()]),
            ["-dumpmachine"]
        );
        assert_eq!(
            arguments(&spec, vec!["-c".into(), "x.c".into()]),
            ["-ffile-prefix-map=/a=/src", "-c", "x.c"]
        );
    }
}
