//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use release_gate::SharedArgs;

use crate::command::{audit, generate};

/// What is really inside a release: CycloneDX, SPDX, vulnerabilities, licences, pins
#[derive(Debug, Parser)]
#[command(after_help = "Examples:
  cargo sbom-lite                                  write sbom.cdx.json and sbom.spdx.json
  cargo sbom-lite generate --format spdx-json -o - print one document
  cargo sbom-lite audit --db ~/advisory-db         known vulnerabilities of what is built
  cargo sbom-lite audit --binary target/app        what a built program embeds
  cargo sbom-lite audit --watch-tags 5             of our last five releases, as known today
  cargo sbom-lite licenses                         licences against the policy
  cargo sbom-lite pins                             every dependency pinned by a hash
  cargo sbom-lite diff old.json new.json           any difference, component by component
  cargo sbom-lite init                             write a licence policy to start with")]
pub struct Cli {
    #[command(flatten)]
    pub(crate) shared: SharedArgs,
    #[command(flatten)]
    pub(crate) generate: generate::Args,
    #[command(subcommand)]
    pub(crate) call: Option<Call>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Call {
    /// Write the SBOM (this is what happens without a subcommand)
    Generate(generate::Args),
    /// Fail on known vulnerabilities of what is built
    Audit(audit::Args),
    /// Fail on licences the policy does not allow
    Licenses {
        /// Write a third-party notices file there: every shipped package and its licence texts
        #[arg(long, value_name = "FILE")]
        notices: Option<PathBuf>,
    },
    /// Fail on dependencies that are not pinned by a hash
    Pins {
        /// Let cargo fetch the archives that Cargo.lock names, to compare all sources with them
        #[arg(long)]
        fetch: bool,
    },
    /// Write a policy from what is there: the licences in use, and what deny.toml and
    /// .cargo/audit.toml say
    Init,
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
