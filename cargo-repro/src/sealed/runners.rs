//! What starts a program of another target on this machine.

use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};

use super::toolchain::which;

/// How a program can be started here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// By itself.
    Natively,
    /// By these words before it.
    Through(Vec<String>),
    /// Not at all, and what would change that.
    Not(String),
}

/// A target triple's parts.
fn parts(target: &str) -> (&str, &str) {
    let mut words = target.split('-');
    let arch = words.next().unwrap_or_default();
    let system = if target.contains("-windows") {
        "windows"
    } else if target.contains("-apple-darwin") {
        "macos"
    } else if target.contains("-linux") {
        "linux"
    } else {
        "other"
    };
    (arch, system)
}

/// How a program of a target is started on a host.
pub(crate) fn start_of(target: &str, host: &str) -> Start {
    let (arch, system) = parts(target);
    let (host_arch, host_system) = parts(host);
    if target == host || system == host_system && arch == host_arch && system == "linux" {
        return Start::Natively;
    }

    match system {
        "linux" if host_system == "linux" => by_qemu(target, arch),
        "windows" if host_system == "linux" && arch == host_arch => by_wine(),
        "windows" => Start::Not("start it on Windows".to_owned()),
        "macos" => Start::Not("start it on a Mac: nothing else runs programs for macOS".to_owned()),
        _ => Start::Not(format!(
            "name what runs it: `[repro.target.{target}] runner = [\"…\"]`"
        )),
    }
}

fn by_qemu(target: &str, arch: &str) -> Start {
    let name = match arch {
        "i586" | "i686" => "qemu-i386",
        "powerpc64le" => "qemu-ppc64le",
        "riscv64gc" => "qemu-riscv64",
        "armv7" | "thumbv7neon" => "qemu-arm",
        other => &format!("qemu-{other}"),
    };
    let found = [name.to_owned(), format!("{name}-static")]
        .into_iter()
        .find(|name| which(Path::new(name)).is_some());
    let Some(qemu) = found else {
        return Start::Not(format!(
            "install {name}: `apt-get install qemu-user` (or name a runner in `[repro.target.{target}]`)"
        ));
    };

    let mut words = vec![qemu];
    let libraries = format!("/usr/{arch}-linux-gnu");
    if target.ends_with("-gnu") && Path::new(&libraries).is_dir() {
        words.extend(["-L".to_owned(), libraries]);
    }
    Start::Through(words)
}

fn by_wine() -> Start {
    let places = ["wine64", "/usr/lib/wine/wine64", "wine"];
    match places.iter().find(|name| which(Path::new(name)).is_some()) {
        Some(wine) => Start::Through(vec![(*wine).to_owned()]),
        None => Start::Not("install wine: `apt-get install wine64`".to_owned()),
    }
}

/// What programs of Rust ask Windows for random numbers, and wine before 9 does not have.
const RANDOM_NUMBERS: &str = include_str!("random.c");

/// Makes a folder of libraries that wine may lack, where there is a compiler for them. A wine that
/// has them takes its own.
pub(crate) fn make_wine_libraries(runner: &Runner, folder: &Path) {
    let library = folder.join("bcryptprimitives.dll");
    let source = folder.join("random.c");
    if library.is_file()
        || std::fs::create_dir_all(folder).is_err()
        || std::fs::write(&source, RANDOM_NUMBERS).is_err()
    {
        return;
    }
    // Without it, programs say themselves that they do not start.
    let _ = runner.run(
        Step::new("x86_64-w64-mingw32-gcc")
            .arg("-shared")
            .arg("-o")
            .arg(&library)
            .arg(&source)
            .arg("-ladvapi32"),
    );
}

/// Whether words start programs through wine, which wants an environment of its own.
pub(crate) fn is_wine(words: &[String]) -> bool {
    words
        .first()
        .and_then(|word| PathBuf::from(word).file_name().map(ToOwned::to_owned))
        .is_some_and(|name| name.to_string_lossy().starts_with("wine"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_this_machine_can_start_is_started() {
        let host = "x86_64-unknown-linux-gnu";
        assert_eq!(start_of(host, host), Start::Natively);
        assert_eq!(start_of("x86_64-unknown-linux-musl", host), Start::Natively);
        for (target, word) in [
            ("aarch64-unknown-linux-gnu", "qemu-aarch64"),
            ("x86_64-pc-windows-gnu", "wine"),
            ("aarch64-apple-darwin", "Mac"),
            ("aarch64-pc-windows-gnullvm", "Windows"),
            ("wasm32-unknown-unknown", "runner"),
        ] {
            let text = match start_of(target, host) {
                Start::Through(words) => words.join(" "),
                Start::Not(help) => help,
                Start::Natively => panic!("{target}"),
            };
            assert!(text.contains(word), "{target}: {text}");
        }
    }
}
