//! Projects small enough to read at a glance; none has a dependency, so that nothing is fetched.

use std::path::{Path, PathBuf};

/// One commit of a project's history.
#[derive(Debug, Clone, Copy)]
pub struct Step<'a> {
    /// The commit message.
    pub message: &'a str,
    /// The tag put on it.
    pub tag: Option<&'a str>,
    /// Path and content of the files that change.
    pub files: &'a [(&'a str, &'a str)],
}

/// Writes files below a folder.
#[expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]
pub fn write_all(dir: &Path, files: &[(&str, &str)]) {
    for (path, text) in files {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// A library and a program in one package, version 0.1.0, then a compatible feature as 0.1.1.
pub const DEMO: &[Step<'static>] = &[
    Step {
        message: "feat: first release",
        tag: Some("v0.1.0"),
        files: &[
            (".gitignore", "/target\n"),
            ("README.md", "# demo\n"),
            ("LICENSE", "MIT\n"),
            (
                "Cargo.toml",
                "[package]\nname = \"demo\"\nversion = \"0.1.0\"\nedition = \"2024\"\nlicense = \"MIT\"\n\
                 description = \"A demonstration\"\n",
            ),
            (
                "src/lib.rs",
                "//! Demo.\n/// Adds.\npub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n",
            ),
            (
                "src/main.rs",
                "fn main() {\n    if std::env::args().any(|arg| arg == \"--version\") {\n        println!(\"demo\");\n    \
                 } else {\n        println!(\"{}\", demo::add(1, 2));\n    }\n}\n",
            ),
        ],
    },
    Step {
        message: "feat: subtract",
        tag: Some("v0.1.1"),
        files: &[
            (
                "Cargo.toml",
                "[package]\nname = \"demo\"\nversion = \"0.1.1\"\nedition = \"2024\"\nlicense = \"MIT\"\n\
                 description = \"A demonstration\"\n",
            ),
            (
                "src/lib.rs",
                "//! Demo.\n/// Adds.\npub fn add(a: u32, b: u32) -> u32 {\n    a + b\n}\n/// Subtracts.\n\
                 pub fn sub(a: u32, b: u32) -> u32 {\n    a - b\n}\n",
            ),
        ],
    },
];

/// A commit that breaks [`DEMO`]'s API under a patch version, without saying so.
pub const BREAKING: Step<'static> = Step {
    message: "fix: tidy up",
    tag: Some("v0.1.2"),
    files: &[
        (
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"0.1.2\"\nedition = \"2024\"\nlicense = \"MIT\"\n\
             description = \"A demonstration\"\n",
        ),
        (
            "src/lib.rs",
            "//! Demo.\n/// Adds.\npub fn add(a: u64, b: u64) -> u64 {\n    a + b\n}\n",
        ),
        (
            "src/main.rs",
            "fn main() {\n    println!(\"{}\", demo::add(1, 2));\n}\n",
        ),
    ],
};

/// An advisory database with one advisory, about a package nobody uses here.
pub fn advisory_db(below: &Path) -> PathBuf {
    let dir = below.join("advisory-db");
    let advisory = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\npackage = \"not-used-here\"\ndate = \"2020-01-01\"\n\n\
                    [versions]\npatched = [\">= 1.0.0\"]\n```\n\n# A flaw\n\nIt was there.\n";
    write_all(
        &dir,
        &[("crates/not-used-here/RUSTSEC-2020-0001.md", advisory)],
    );
    dir
}

/// Writes scripts that may be run, below a folder.
#[cfg(unix)]
#[expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]
pub fn write_programs(dir: &Path, programs: &[(&str, &str)]) {
    write_all(dir, programs);
    for (name, _) in programs {
        let may_run = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(dir.join(name), may_run).unwrap();
    }
}
