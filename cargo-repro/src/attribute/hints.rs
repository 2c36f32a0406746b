//! Where in a package's source a variation most likely comes in: the first line that names a known
//! way to ask for it.
//!
//! It only points; the cause was found by repeating the call.

use release_gate::facts::report::repro::Variation;

use std::path::{Path, PathBuf};

/// Words that ask for what varies.
const WORDS: &[(Variation, &[&str])] = &[
    (
        Variation::Path,
        &[
            "CARGO_MANIFEST_DIR",
            "env!(\"OUT_DIR\")",
            "current_dir()",
            "canonicalize(",
            "temp_dir()",
            "file!()",
            "__FILE__",
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
            "__DATE__",
            "__TIME__",
            "Instant::now",
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
    (Variation::Host, &["hostname", "HOSTNAME", "uname"]),
    (
        Variation::Jobs,
        &["NUM_JOBS", "available_parallelism", "num_cpus"],
    ),
    (
        Variation::Umask,
        &["permissions()", "mode()", "tar", "umask"],
    ),
    (
        Variation::UserId,
        &[
            "whoami", "\"id\"", ".uid()", ".gid()", "getuid", "geteuid", "getpw", "username",
            "\"tar\"", "\"stat\"", "\"ls\"",
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

fn words(variation: Variation) -> &'static [&'static str] {
    WORDS
        .iter()
        .find(|(of, _)| *of == variation)
        .map_or(&[], |(_, words)| words)
}

/// `path:line` of the first match; a build script is looked at first where one is to blame.
pub(super) fn find(
    package: &Path,
    variation: Variation,
    variable: Option<&str>,
    script: bool,
) -> Option<String> {
    // The variable's own name says more than any word.
    let quoted = variable.map(|name| format!("\"{name}\""));
    let named = quoted
        .as_deref()
        .and_then(|name| first_line_with(package, &[name], script));
    named.or_else(|| first_line_with(package, words(variation), script))
}

/// The first line of a package that holds one of the words.
fn first_line_with(package: &Path, words: &[&str], script: bool) -> Option<String> {
    let mut files = Vec::new();
    collect_sources(package, 0, &mut files);
    files.sort_by_key(|path| {
        let is_script = path.file_name().is_some_and(|name| name == "build.rs");
        (is_script != script, path.components().count(), path.clone())
    });
    files.iter().take(400).find_map(|path| {
        let text = std::fs::read_to_string(path).ok()?;
        // Imports and comments name things without asking.
        let asks = |line: &str| {
            let line = line.trim_start();
            !line.starts_with("use ")
                && !line.starts_with("//")
                && words.iter().any(|word| line.contains(word))
        };
        let line = text.lines().position(asks)?;
        let relative = path
            .strip_prefix(package)
            .ok()?
            .to_string_lossy()
            .replace('\\', "/");
        Some(format!("{relative}:{}", line + 1))
    })
}

/// Sources of Rust and C below a folder, as deep as packages are.
fn collect_sources(dir: &Path, depth: usize, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            if depth < 6
                && !name.starts_with('.')
                && !matches!(name.as_str(), "target" | "tests" | "benches" | "examples")
            {
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

    #[test]
    fn the_build_script_comes_first_where_it_is_to_blame() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("src")).unwrap();
        std::fs::write(
            dir.path().join("build.rs"),
            "use std::time::SystemTime;\nfn main() { SystemTime::now(); }\n",
        )
        .unwrap();
        std::fs::write(
            dir.path().join("src/lib.rs"),
            "fn f() { SystemTime::now(); }\n",
        )
        .unwrap();
        assert_eq!(
            find(dir.path(), Variation::Time, None, true).unwrap(),
            "build.rs:2"
        );
        assert_eq!(
            find(dir.path(), Variation::Time, None, false).unwrap(),
            "src/lib.rs:1"
        );
        assert!(find(dir.path(), Variation::Entropy, None, true).is_none());
    }
}
