//! Where in a package's source a variation most likely comes in: the first line that names a known
//! way to ask for it.
//!
//! It only points; the cause was found by repeating the call.

use release_gate::facts::report::repro::Variation;

use std::path::{Path, PathBuf};

use crate::sealed::sandbox::Sandbox;

/// Words that ask for what varies.
const WORDS: &[(Variation, &[&str])] = &[
    (
        Variation::Path,
        &[
            "CARGO_MANIFEST_DIR",
            "CARGO_MANIFEST_PATH",
            "env!(\"OUT_DIR\")",
            "current_dir()",
            "canonicalize(",
            "temp_dir()",
            "file!()",
            "local_file()",
            "source_file()",
            "__FILE__",
            "current_exe()",
            "rpath",
            "\"pwd\"",
        ],
    ),
    (
        Variation::Time,
        &[
            "SystemTime::now",
            "Utc::now",
            "Local::now",
            "OffsetDateTime::now",
            "UtcDateTime::now",
            "Zoned::now",
            "\"date\"",
            "date +",
            "%ar",
            "%cr",
            "--relative-date",
            "__DATE__",
            "__TIME__",
            "Instant::now",
            "uptime",
            "/proc/stat",
            "srand",
        ],
    ),
    (
        Variation::FileTime,
        &[
            ".modified()",
            ".created()",
            "mtime",
            "__TIMESTAMP__",
            "stat -c",
            "\"tar\"",
            "\"zip\"",
            "\"gzip\"",
            "gzip ",
        ],
    ),
    (
        Variation::Entropy,
        &[
            "HashMap",
            "HashSet",
            "RandomState",
            "getrandom",
            "rand::",
            "Uuid::new_v4",
            "/dev/urandom",
            "/dev/random",
            "random/uuid",
            "random/boot_id",
            "mktemp",
            "uuidgen",
            "shuf",
            "$RANDOM",
            "build-id=uuid",
        ],
    ),
    (
        Variation::FileOrder,
        &[
            "read_dir(",
            "glob(",
            "WalkDir",
            "walkdir",
            "ls -U",
            "\"-U\"",
            "\"find\"",
            "\"ls\"",
            "\"zip\"",
        ],
    ),
    (
        Variation::Environment,
        &[
            "option_env!",
            "\"HOME\"",
            "\"USER\"",
            "\"LOGNAME\"",
            "\"LANG\"",
            "\"LC_ALL\"",
            "\"TZ\"",
            "\"SHELL\"",
            "env::vars",
            "Local::now",
            "localtime",
            "__TIME__",
            "__DATE__",
            "__TIMESTAMP__",
        ],
    ),
    (
        Variation::Host,
        &["hostname", "HOSTNAME", "uname", "nodename", "machine-id"],
    ),
    (
        Variation::Kernel,
        &["uname", "osrelease", "/proc/version", "kernel/version"],
    ),
    (
        Variation::Processor,
        &["cpuinfo", "meminfo", "lscpu", "sysinfo"],
    ),
    (
        Variation::Jobs,
        &["NUM_JOBS", "available_parallelism", "num_cpus"],
    ),
    (
        Variation::Umask,
        &[
            "permissions()",
            "mode()",
            "\"tar\"",
            "umask",
            "\"zip\"",
            "tar -",
        ],
    ),
    (
        Variation::UserId,
        &[
            "whoami", "\"id\"", ".uid()", ".gid()", "getuid", "geteuid", "getpw", "username",
            "\"tar\"", "\"stat\"", "\"ls\"", "\"zip\"",
        ],
    ),
    (
        Variation::GitHistory,
        &[
            "\"describe\"",
            "\"rev-list\"",
            "\"tag\"",
            "--short",
            "\"log\"",
            "\"git\"",
            "git2::",
            "gix::",
        ],
    ),
    (
        Variation::None,
        &[
            "as_ptr",
            "addr_of",
            "{:p}",
            "*const",
            "*mut",
            "&raw",
            "thread::spawn",
            "thread::scope",
            "rayon",
            "process::id",
            "Instant::now",
        ],
    ),
];

/// `path:line` of the first line of the project's configuration that asks for it.
pub(super) fn find_in_configuration(sandbox: &Sandbox, variation: Variation) -> Option<String> {
    words(variation)
        .iter()
        .find_map(|word| sandbox.cargo_config.line_with(word, &sandbox.source))
}

fn words(variation: Variation) -> &'static [&'static str] {
    WORDS
        .iter()
        .find(|(of, _)| *of == variation)
        .map_or(&[], |(_, words)| words)
}

/// `path:line` of the first match in a package's own sources, its build script's last.
pub(super) fn find(package: &Path, variation: Variation, variable: Option<&str>) -> Option<String> {
    let mut files = Vec::new();
    collect_sources(package, 0, &mut files);
    files.sort_by_key(|path| {
        let is_script = path.file_name().is_some_and(|name| name == "build.rs");
        (is_script, path.components().count(), path.clone())
    });
    find_in(package, &files, variation, variable)
}

/// `path:line` of the first match in these files of a package.
pub(super) fn find_in(
    package: &Path,
    files: &[PathBuf],
    variation: Variation,
    variable: Option<&str>,
) -> Option<String> {
    // The variable's own name says more than any word.
    variable
        .and_then(|name| find_name(package, files, name))
        .or_else(|| first_line_with(package, files, words(variation)))
}

/// `path:line` of the first line that holds a name as a string.
pub(super) fn find_name(package: &Path, files: &[PathBuf], name: &str) -> Option<String> {
    first_line_with(package, files, &[&format!("\"{name}\"")])
}

/// `path:line` of the first line that makes an output of this name: the end of a string.
pub(super) fn find_output(package: &Path, files: &[PathBuf], name: &str) -> Option<String> {
    let words = [format!("\"{name}\""), format!("/{name}\"")];
    first_line_with(package, files, &words.each_ref().map(String::as_str))
}

/// Sources of C below a package's folder.
pub(super) fn sources_of_c(package: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    collect_sources(package, 0, &mut files);
    files.retain(|path| path.extension().is_some_and(|ending| ending != "rs"));
    files.sort();
    files
}

/// The first line of the files that holds one of the words.
fn first_line_with(package: &Path, files: &[PathBuf], words: &[&str]) -> Option<String> {
    files.iter().take(400).find_map(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        let line = text.lines().position(|line| asks(line, words))?;
        let relative = path
            .strip_prefix(package)
            .ok()?
            .to_string_lossy()
            .replace('\\', "/");
        Some(format!("{relative}:{}", line + 1))
    })
}

/// Whether a line asks for something in one of the words: imports and comments name things without
/// asking, and including a file of OUT_DIR embeds its content and not its name.
fn asks(line: &str, words: &[&str]) -> bool {
    let line = line.trim_start();
    let names_only = line.starts_with("use ") || line.starts_with("//");
    let includes = ["include!(", "include_str!(", "include_bytes!("]
        .iter()
        .any(|word| line.contains(word));
    !names_only
        && words
            .iter()
            .any(|word| line.contains(word) && !(includes && word.contains("OUT_DIR")))
}

/// Sources of Rust and C of a package, as deep as packages are; a folder with a manifest of its own
/// is another package.
fn collect_sources(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            let is_source = !name.starts_with('.')
                && !matches!(name.as_str(), "target" | "tests" | "benches" | "examples")
                && !path.join("Cargo.toml").is_file();
            if depth < 6 && is_source {
                collect_sources(&path, depth + 1, files);
            }
        } else if [".rs", ".c", ".h", ".cc", ".cpp"]
            .iter()
            .any(|ending| name.ends_with(ending))
        {
            files.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    #[test]
    fn the_build_script_comes_last_where_it_is_not_to_blame() {
        let dir = tempfile::tempdir().unwrap();
        let script = "use std::time::SystemTime;\nfn main() { SystemTime::now(); }\n";
        write(dir.path(), "build.rs", script);
        write(dir.path(), "src/lib.rs", "fn f() { SystemTime::now(); }\n");
        let files = [dir.path().join("build.rs")];
        assert_eq!(
            find_in(dir.path(), &files, Variation::Time, None).unwrap(),
            "build.rs:2"
        );
        assert_eq!(
            find(dir.path(), Variation::Time, None).unwrap(),
            "src/lib.rs:1"
        );
        assert!(find(dir.path(), Variation::Entropy, None).is_none());
    }

    #[test]
    fn what_is_included_is_not_named_and_other_packages_are_not_searched() {
        let dir = tempfile::tempdir().unwrap();
        let include = "include_bytes!(concat!(env!(\"OUT_DIR\"), \"/v\"));\n";
        write(dir.path(), "src/main.rs", include);
        write(dir.path(), "pm/Cargo.toml", "");
        write(dir.path(), "pm/src/lib.rs", "let x = env!(\"OUT_DIR\");\n");
        assert_eq!(find(dir.path(), Variation::Path, None), None);
        let pm = dir.path().join("pm");
        assert_eq!(find(&pm, Variation::Path, None).unwrap(), "src/lib.rs:1");
    }
}
