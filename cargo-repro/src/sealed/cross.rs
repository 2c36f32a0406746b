//! Linkers for other systems, found by themselves where the usual tools are installed: GNU's for
//! Linux on ARM, mingw-w64 for Windows, zig for macOS and for Windows on ARM.

use std::path::Path;

use release_gate::{Error, Result};

use super::toolchain::which;

/// The targets of a release for everybody: three systems, two processors.
pub(crate) const ALL: &[&str] = &[
    "x86_64-unknown-linux-gnu",
    "aarch64-unknown-linux-gnu",
    "x86_64-pc-windows-gnu",
    "aarch64-pc-windows-gnullvm",
    "x86_64-apple-darwin",
    "aarch64-apple-darwin",
];

/// Where zig keeps what it compiles itself. The folder's name stands in programs for macOS, so it is
/// the same in every sandbox and on every machine.
pub(crate) const ZIG_CACHE: &str = "/tmp/release-gates-zig";

/// What links a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CrossLinker {
    pub(crate) target: String,
    pub(crate) tool: CrossTool,
}

/// The tool behind a linker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CrossTool {
    /// A compiler in PATH.
    Compiler(&'static str),
    /// zig's compiler for a target of its own name.
    Zig(&'static str),
}

/// Each foreign target, what links it, and the command that installs that.
const TOOLS: &[(&str, CrossTool, &str)] = &[
    (
        "aarch64-unknown-linux-gnu",
        CrossTool::Compiler("aarch64-linux-gnu-gcc"),
        "apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross",
    ),
    (
        "x86_64-pc-windows-gnu",
        CrossTool::Compiler("x86_64-w64-mingw32-gcc"),
        "apt-get install gcc-mingw-w64-x86-64",
    ),
    (
        "aarch64-pc-windows-gnullvm",
        CrossTool::Zig("aarch64-windows-gnu"),
        ZIG,
    ),
    (
        "x86_64-apple-darwin",
        CrossTool::Zig("x86_64-macos.10.13"),
        ZIG,
    ),
    (
        "aarch64-apple-darwin",
        CrossTool::Zig("aarch64-macos.11.0"),
        ZIG,
    ),
];

/// How zig is installed.
const ZIG: &str = "pip install ziglang cargo-zigbuild";

impl CrossTool {
    /// The program that has to be there.
    fn program(self) -> &'static str {
        match self {
            Self::Compiler(name) => name,
            Self::Zig(_) => "cargo-zigbuild",
        }
    }
}

/// What links these targets; those that the host links by itself are left out.
///
/// # Errors
/// A tool is not installed: all that are missing are named, with what installs them.
pub(crate) fn find_linkers(targets: &[String]) -> Result<Vec<CrossLinker>> {
    let mut found = Vec::new();
    let mut missing = Vec::new();
    for target in targets {
        let Some((_, tool, install)) = TOOLS.iter().find(|(name, ..)| name == target) else {
            continue;
        };
        if which(Path::new(tool.program())).is_some() {
            found.push(CrossLinker {
                target: target.clone(),
                tool: *tool,
            });
        } else {
            missing.push(format!("{} for {target} (`{install}`)", tool.program()));
        }
    }

    if missing.is_empty() {
        return Ok(found);
    }
    Err(
        Error::judge(format!("linkers are missing: {}", missing.join(", ")))
            .with_help("install them, or name others: `[repro.target.<triple>] linker = \"…\"`"),
    )
}

impl CrossLinker {
    /// The name of the script that stands for zig's compiler.
    pub(crate) fn script_name(&self) -> String {
        format!("zig-cc-{}", self.target)
    }

    /// The script; `None` where the compiler is a program itself.
    pub(crate) fn script(&self) -> Option<String> {
        match self.tool {
            CrossTool::Compiler(_) => None,
            CrossTool::Zig(target) => Some(format!(
                "#!/bin/sh\nexec cargo-zigbuild zig cc -- -target {target} \"$@\"\n"
            )),
        }
    }

    /// The part of a variable's name that stands for the target: `AARCH64_APPLE_DARWIN`.
    pub(crate) fn variable_part(&self) -> String {
        self.target.to_uppercase().replace(['-', '.'], "_")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_target_but_the_usual_host_has_a_tool() {
        for target in ALL
            .iter()
            .filter(|target| !target.starts_with("x86_64-unknown-linux"))
        {
            assert!(TOOLS.iter().any(|(name, ..)| name == target), "{target}");
        }
        let linker = CrossLinker {
            target: "aarch64-apple-darwin".to_owned(),
            tool: CrossTool::Zig("aarch64-macos"),
        };
        assert_eq!(linker.variable_part(), "AARCH64_APPLE_DARWIN");
        assert!(linker.script().unwrap().contains("-target aarch64-macos"));
    }
}
