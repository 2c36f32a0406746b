//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use release_gate::cli::Gate;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::command::{audit, diff, generate, policy};
use crate::judge::audit::Threshold;

/// What is really inside a release: CycloneDX, SPDX, vulnerabilities, licences, pins
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo sbom-lite                                  write sbom.cdx.json and sbom.spdx.json
  cargo sbom-lite generate --format spdx-json -o - print one document
  cargo sbom-lite audit --db ~/advisory-db         known vulnerabilities of what is built
  cargo sbom-lite audit --binary target/release/app  of a program, whoever built it
  cargo sbom-lite audit --watch-tags 5             of our last five releases, as known today
  cargo sbom-lite licenses                         licences against the policy
  cargo sbom-lite pins                             every dependency pinned by a hash
  cargo sbom-lite diff old.json new.json           any difference, component by component")]
pub struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    generate: GenerateArgs,
    #[command(subcommand)]
    call: Option<Call>,
}

#[derive(Debug, Subcommand)]
enum Call {
    /// Write the SBOM (this is what happens without a subcommand)
    Generate(GenerateArgs),
    /// Fail on known vulnerabilities of what is built
    Audit(AuditArgs),
    /// Fail on licences the policy does not allow
    Licenses {
        /// Write a third-party notices file there: every shipped package and its licence texts
        #[arg(long, value_name = "FILE")]
        notices: Option<PathBuf>,
    },
    /// Fail on dependencies that are not pinned by a hash
    Pins,
    /// Fail on any difference between two SBOMs
    Diff {
        /// The document to compare with
        #[arg(value_name = "A")]
        old: PathBuf,
        /// The document that is judged
        #[arg(value_name = "B")]
        new: PathBuf,
    },
}

/// Formats of an SBOM.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// CycloneDX, JSON.
    CyclonedxJson,
    /// CycloneDX, XML.
    CyclonedxXml,
    /// SPDX, JSON.
    SpdxJson,
    /// SPDX, tag-value.
    SpdxTagValue,
}

/// Flags of `generate`.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct GenerateArgs {
    /// Only this format [default: cyclonedx-json and spdx-json, into the artifact folder]
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Version of the format's specification [default: CycloneDX 1.5, SPDX 2.3]
    #[arg(long, value_name = "V")]
    pub spec_version: Option<String>,
    /// Write there instead of into the artifact folder (`-`: standard output)
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Flags of `audit`.
#[derive(Debug, Clone, Args)]
pub(crate) struct AuditArgs {
    /// A checkout of RustSec's advisory-db [default: $RELEASE_GATES_ADVISORY_DB, else cargo's
    /// advisory-db folder]
    #[arg(long, value_name = "DIR")]
    pub db: Option<PathBuf>,
    /// Audit the packages of this SBOM instead of the project
    #[arg(long, value_name = "FILE", conflicts_with_all = ["binary", "watch_tags", "reachability"])]
    pub sbom: Option<PathBuf>,
    /// Audit the packages of this program: the list `cargo auditable` embeds, else what panic
    /// messages name
    #[arg(long, value_name = "FILE", conflicts_with_all = ["watch_tags", "reachability"])]
    pub binary: Option<PathBuf>,
    /// Audit this Cargo.lock, without the project around it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["sbom", "binary", "watch_tags", "reachability"])]
    pub lockfile: Option<PathBuf>,
    /// Build with debug information and say whether the functions that advisories name are in the
    /// program
    #[arg(long, conflicts_with = "watch_tags")]
    pub reachability: bool,
    /// Write a VEX document there: CycloneDX for `*.cdx.json`, else OpenVEX
    #[arg(long, value_name = "FILE", conflicts_with = "watch_tags")]
    pub vex: Option<PathBuf>,
    /// Write the vulnerabilities there, in the shape of osv-scanner's JSON
    #[arg(long, value_name = "FILE", conflicts_with = "watch_tags")]
    pub osv: Option<PathBuf>,
    /// Fetch the advisory database first, by git, to where cargo-audit keeps it (or to --db)
    #[arg(long)]
    pub fetch: bool,
    /// Audit the lock files of the last N release tags instead
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub watch_tags: Option<u32>,
    /// From which severity on a vulnerability fails; one without a score always does
    #[arg(long, value_enum, value_name = "SEVERITY")]
    pub fail_on: Option<Threshold>,
    /// Fail when the database is older than this many days
    #[arg(long, value_name = "DAYS")]
    pub max_db_age: Option<u32>,
}

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        Some(match self.call {
            None | Some(Call::Generate(_)) => "sbom",
            Some(Call::Audit(_)) => "vulns",
            Some(Call::Licenses { .. }) => "licenses",
            Some(Call::Pins) => "pins",
            Some(Call::Diff { .. }) => return None,
        })
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        use release_gate::report::schema;
        vec![
            ("sbom", schema::<generate::Data>("sbom")),
            ("vulns", schema::<crate::judge::audit::Data>("vulns")),
            ("watch", schema::<crate::command::watch::WatchData>("watch")),
            ("licenses", schema::<policy::LicenseData>("licenses")),
            ("pins", schema::<policy::PinData>("pins")),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            None => generate::run(cx, &self.generate),
            Some(Call::Generate(args)) => {
                // Flags may stand before or after the subcommand.
                let args = GenerateArgs {
                    format: args.format.or(self.generate.format),
                    spec_version: args.spec_version.or(self.generate.spec_version),
                    output: args.output.or(self.generate.output),
                };
                generate::run(cx, &args)
            }
            Some(Call::Audit(args)) => audit::run(cx, &args),
            Some(Call::Licenses { notices }) => policy::licenses(cx, notices.as_deref()),
            Some(Call::Pins) => policy::pins(cx),
            Some(Call::Diff { old, new }) => diff::run(cx, &old, &new),
        }
    }
}
