//! The interposer: a small library in front of libc, compiled when it is needed.
//!
//! Only where `LD_PRELOAD` works and a C compiler is there; otherwise the report says what was not
//! varied.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};

const SOURCE: &str = include_str!("interposer.c");

/// Compiles it into a folder; where the system's linker makes nothing, with the linker in
/// `own_linker`, which comes with the Rust toolchain.
///
/// # Errors
/// Why it cannot be had here, for the report.
pub(crate) fn compile(
    runner: &Runner,
    folder: &Path,
    own_linker: &Path,
) -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_env = "gnu")) {
        return Err("the interposer needs Linux with glibc".to_owned());
    }
    let (source, library) = (folder.join("interposer.c"), folder.join("interposer.so"));
    std::fs::write(&source, SOURCE)
        .map_err(|error| format!("the interposer cannot be written: {error}"))?;

    let mut own = OsString::from("-B");
    own.push(own_linker);
    for linker in [vec![], vec!["-fuse-ld=lld".into(), own]] {
        let step = Step::new("cc")
            .args(["-shared", "-fPIC", "-O2", "-o"])
            .arg(&library)
            .arg(&source)
            .args(linker)
            .arg("-ldl");
        match runner.run(step) {
            Ok(finished) if finished.is_success() && library.is_file() => return Ok(library),
            Ok(_) => {}
            Err(_) => {
                return Err("there is no C compiler `cc` to compile the interposer".to_owned());
            }
        }
    }
    Err("the C compiler `cc` could not compile the interposer".to_owned())
}

/// The library's name in a place; what it is told stands beside it, since a build that prints its
/// environment must not see that.
pub(crate) const LIBRARY: &str = "interposer.so";
const SETTINGS: &str = "interposer.conf";

/// Tells the library in a folder what programs are to see.
///
/// # Errors
/// The disk cannot be written to.
pub(crate) fn tell(folder: &Path, settings: &[(&str, String)]) -> std::io::Result<()> {
    let lines: String = settings
        .iter()
        .map(|(name, value)| format!("{name}={value}\0"))
        .collect();
    std::fs::write(folder.join(SETTINGS), lines)
}

/// One line of its log.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    /// `clock`, `random`, `folder`, `host`, `processors`, `process` or `threads`; `macro` where a
    /// compiler loaded it.
    pub(crate) what: String,
    /// Path of the library or program that asked.
    pub(crate) by: String,
    /// Package being built.
    pub(crate) package: String,
    /// Crate being compiled; empty for build scripts.
    pub(crate) crate_name: String,
    /// Program's name.
    pub(crate) program: String,
}

impl Asked {
    /// Whether the compiler or linker asked for its own tables, which have no say in its output.
    pub(crate) fn is_toolchain(&self) -> bool {
        let library = Path::new(&self.by)
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        library.starts_with("librustc_driver") || library.starts_with("libLLVM")
    }
}

/// A line of its log; `None` of one that was torn.
fn read_line(line: &str) -> Option<Asked> {
    let mut parts = line.split('\t').map(str::to_owned);
    Some(Asked {
        what: parts.next()?,
        by: parts.next()?,
        package: parts.next()?,
        crate_name: parts.next()?,
        program: parts.next()?,
    })
}

/// Reads its log; lines that were torn are left out.
pub(crate) fn read_log(text: &str) -> Vec<Asked> {
    let mut asked: Vec<Asked> = text.lines().filter_map(read_line).collect();
    asked.sort();
    asked.dedup();
    asked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compiler_that_a_script_asks_is_not_the_script() {
        let text = "random\t/tc/lib/librustc_driver-6108.so\tlibc\t\trustc\nrandom\t/t/build/libc-1/build-script-build\tlibc\t\tbuild-script-bu\ntorn\n";
        let asked = read_log(text);
        let own: Vec<bool> = asked.iter().map(|line| !line.is_toolchain()).collect();
        assert_eq!(own, [true, false]);
    }
}
