//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use release_gate::cli::Gate;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::command::{build, check, compare, diff, fix, package, rebuild};

/// Is the build reproducible, and if not: which crate, build unit and cause
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo repro                                     build twice under different conditions and compare
  cargo repro build --target x86_64-unknown-linux-gnu
                                                  one sealed release build with buildinfo.json
  cargo repro rebuild --buildinfo buildinfo.json  build again what was published, and compare
  cargo repro diff old/demo new/demo              how two files differ, by section and symbol
  cargo repro diff old/demo new/demo --html demo.html
                                                  the same as a page with a map of the file
  cargo repro compare a/buildinfo.json b/buildinfo.json
                                                  two machines' builds
  cargo repro fix --dry-run                       what would mend what the last check found
  cargo repro crate serde@1.0.0                   a published crate against the commit it names")]
pub struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    place: PlaceArgs,
    #[command(subcommand)]
    call: Option<Call>,
}

/// Options of everything that builds.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PlaceArgs {
    /// Build the work tree although it has uncommitted changes; the report says so
    #[arg(long, global = true)]
    pub(crate) allow_dirty: bool,
    /// Keep the throw-away places, and say where they are
    #[arg(long, global = true)]
    pub(crate) keep: bool,
    /// Cargo profile [default: release]
    #[arg(long, value_name = "NAME", global = true)]
    pub(crate) profile: Option<String>,
    /// Number of parallel jobs of build A [default: number of processors]
    #[arg(short, long, value_name = "N", global = true)]
    pub(crate) jobs: Option<usize>,
    /// Targets of what is rebuilt, where the command line names none.
    #[arg(skip)]
    pub(crate) targets: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Call {
    /// Build twice under deliberately different conditions, compare, and explain (the default)
    Check,
    /// One sealed release build: artifacts, smoke test, buildinfo.json, checksums.txt,
    /// buildlog.jsonl
    Build,
    /// Build again what a published buildinfo.json describes, and compare with its digests
    Rebuild {
        /// The published buildinfo.json
        #[arg(long, value_name = "FILE")]
        buildinfo: PathBuf,
        /// Folder with the published artifacts, which are compared with buildinfo.json first
        #[arg(long, value_name = "DIR")]
        artifacts: Option<PathBuf>,
    },
    /// Explain how two files or folders differ
    Diff {
        /// The one
        #[arg(value_name = "A")]
        a: PathBuf,
        /// The other
        #[arg(value_name = "B")]
        b: PathBuf,
        /// Also write a page with a map of the two files
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
    },
    /// Join the buildinfo.json of two machines
    Compare {
        /// The one machine's
        #[arg(value_name = "A")]
        a: PathBuf,
        /// The other machine's
        #[arg(value_name = "B")]
        b: PathBuf,
    },
    /// Write the configuration that mends what the last check found, after asking
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
}

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        match &self.call {
            None | Some(Call::Check) => Some(check::REPORT),
            Some(Call::Build) => Some(build::REPORT),
            Some(Call::Rebuild { .. }) => Some(rebuild::REPORT),
            Some(Call::Diff { .. }) => Some(diff::REPORT),
            Some(Call::Compare { .. }) => Some(compare::REPORT),
            Some(Call::Crate { .. }) => Some(package::REPORT),
            Some(Call::Fix { .. }) => None,
        }
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        use release_gate::report::schema;
        vec![
            (
                check::REPORT,
                schema::<crate::model::cause::ReproData>(check::REPORT),
            ),
            (build::REPORT, schema::<build::BuildInfo>(build::REPORT)),
            (rebuild::REPORT, schema::<rebuild::Rebuilt>(rebuild::REPORT)),
            (
                diff::REPORT,
                schema::<crate::diff::Difference>(diff::REPORT),
            ),
            (compare::REPORT, schema::<rebuild::Rebuilt>(compare::REPORT)),
            (
                package::REPORT,
                schema::<package::CrateData>(package::REPORT),
            ),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            None | Some(Call::Check) => check::run(cx, &self.place),
            Some(Call::Build) => build::run(cx, &self.place),
            Some(Call::Rebuild {
                buildinfo,
                artifacts,
            }) => rebuild::run(cx, &self.place, &buildinfo, artifacts.as_deref()),
            Some(Call::Diff { a, b, html }) => diff::run(cx, &a, &b, html.as_deref()),
            Some(Call::Compare { a, b }) => compare::run(cx, &a, &b),
            Some(Call::Fix { yes, toolchain }) => fix::run(cx, yes, toolchain),
            Some(Call::Crate { spec }) => package::run(cx, spec.as_deref()),
        }
    }
}
