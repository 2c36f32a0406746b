//! Finds the commit this build is made from, for `--version`.
//!
//! In order: `RELEASE_GATES_COMMIT` (sealed builds have no repository), `.cargo_vcs_info.json` of a
//! published package, git.

#![expect(
    clippy::disallowed_methods,
    reason = "a build script cannot use the library it builds"
)]
#![allow(
    clippy::print_stdout,
    clippy::allow_attributes,
    reason = "standard output is how a build script speaks to cargo"
)]

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-env-changed=RELEASE_GATES_COMMIT");
    println!("cargo::rerun-if-changed=build.rs");
    let dir = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default();
    let dir = Path::new(&dir);
    if let Some(commit) = given()
        .or_else(|| published(dir))
        .or_else(|| repository(dir))
    {
        println!("cargo::rustc-env=RELEASE_GATES_BUILD_COMMIT={commit}");
    }
}

fn given() -> Option<String> {
    valid(&std::env::var("RELEASE_GATES_COMMIT").ok()?)
}

fn published(dir: &Path) -> Option<String> {
    let text = std::fs::read_to_string(dir.join(".cargo_vcs_info.json")).ok()?;
    valid(text.split("\"sha1\":").nth(1)?.split('"').nth(1)?)
}

fn repository(dir: &Path) -> Option<String> {
    let git = |args: &[&str]| {
        let output = Command::new("git")
            .arg("-C")
            .arg(dir)
            .args(args)
            .output()
            .ok()
            .filter(|output| output.status.success())?;
        String::from_utf8(output.stdout)
            .ok()
            .map(|text| text.trim().to_owned())
    };

    for name in ["HEAD", "packed-refs"] {
        if let Some(path) = git(&["rev-parse", "--path-format=absolute", "--git-path", name]) {
            println!("cargo::rerun-if-changed={path}");
        }
    }

    if let Some(path) = git(&["symbolic-ref", "--quiet", "HEAD"])
        .and_then(|branch| git(&["rev-parse", "--path-format=absolute", "--git-path", &branch]))
    {
        println!("cargo::rerun-if-changed={path}");
    }

    valid(&git(&["rev-parse", "--verify", "HEAD"])?)
}

fn valid(text: &str) -> Option<String> {
    let hex = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    hex.then(|| text.to_owned())
}
