//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use release_gate::SharedArgs;

use crate::command::args::BuildArgs;

/// Is the build reproducible, and if not: which crate, build unit and cause
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo repro check                               build twice under different conditions and compare
  cargo repro build --target x86_64-unknown-linux-gnu
                                                  one sealed release build with buildinfo.json
  cargo repro rebuild --buildinfo buildinfo.json  build again what was published, and compare
  cargo repro rebuild --artifact demo --rev v1.0.0
                                                  a program that came without a buildinfo.json
  cargo repro diff old/demo new/demo              how two files differ, by section and symbol
  cargo repro diff old/demo new/demo --html demo.html
                                                  the same as a page with a map of the file
  cargo repro compare a/buildinfo.json b/buildinfo.json
                                                  two machines' builds
  cargo repro fix --dry-run                       the fixes for what the last check found
  cargo repro crate serde@1.0.0                   a published crate against the commit it names
  cargo repro crates --repos ../clones            all of Cargo.lock against clones
  cargo repro init                                propose checks that run before each release build")]
pub struct Cli {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) build: BuildArgs,
    #[command(subcommand)]
    pub(crate) call: Option<Call>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Call {
    /// Build twice under deliberately different conditions, compare, and explain (the default)
    Check,
    /// One sealed release build: artifacts, smoke test, buildinfo.json, checksums.txt
    Build,
    /// Build again what a published buildinfo.json describes, and compare with its digests
    Rebuild {
        /// The published buildinfo.json
        #[arg(long, value_name = "FILE", required_unless_present = "artifact")]
        buildinfo: Option<PathBuf>,
        /// Folder with the published artifacts, which are compared with buildinfo.json first
        #[arg(long, value_name = "DIR", requires = "buildinfo")]
        artifacts: Option<PathBuf>,
        /// A published program without a buildinfo.json
        #[arg(
            long,
            value_name = "FILE",
            conflicts_with = "buildinfo",
            requires = "rev"
        )]
        artifact: Option<PathBuf>,
        /// The revision that the program was built from, which has to be checked out
        #[arg(long, value_name = "REV", requires = "artifact")]
        rev: Option<String>,
    },
    /// Explain how two files or folders differ
    Diff {
        /// The first file or folder
        #[arg(value_name = "A")]
        a: PathBuf,
        /// The second one
        #[arg(value_name = "B")]
        b: PathBuf,
        /// Also write a page with a map of the two files
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Compare the buildinfo.json of two machines
    Compare {
        /// That of the first machine
        #[arg(value_name = "A")]
        a: PathBuf,
        /// That of the second machine
        #[arg(value_name = "B")]
        b: PathBuf,
    },
    /// Write the configuration that fixes what the last check found, after asking
    Fix {
        /// Write without asking
        #[arg(short, long)]
        yes: bool,
        /// Also pin the toolchain the check was made with, in rust-toolchain.toml
        #[arg(long)]
        toolchain: bool,
    },
    /// Compare a published .crate with the commit it names
    Crate {
        /// NAME@VERSION, or a .crate file [default: the selected package]
        #[arg(value_name = "CRATE")]
        spec: Option<String>,
    },
    /// Compare every published crate that Cargo.lock names with its repository
    Crates {
        /// Folder with clones of their repositories
        #[arg(long, value_name = "DIR")]
        repos: PathBuf,
    },
    /// Propose checks (lints, tests) for a project that has none, after asking
    Init {
        /// Write without asking
        #[arg(short, long)]
        yes: bool,
    },
}
