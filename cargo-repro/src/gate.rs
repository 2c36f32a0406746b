//! The gate, as the driver of `release-gate` runs it.

use std::time::Duration;

use release_gate::cli::{Gate, PROJECT_FLAGS, joined_flags};
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::facts::report::compare::CompareData;
use release_gate::facts::report::diff::Difference;
use release_gate::facts::report::published_crate::CrateData;
use release_gate::facts::report::published_crates::CratesData;
use release_gate::facts::report::rebuild::RebuildData;
use release_gate::facts::report::repro::ReproData;
use release_gate::report::report_schema;
use release_gate::{Context, Error, Outcome, Result, SharedArgs, Tool, interrupt};

use crate::cli::{Call, Cli};
use crate::command::{
    build, check, compare, diff, fix, init, published_crate, published_crates, rebuild,
    rebuild_artifact,
};
use crate::tool::TOOL;

/// What is left to a call after Ctrl-C, and then to removing its folders: comparing large files would
/// take longer.
const INTERRUPTED: Duration = Duration::from_millis(800);

/// Flags of calls that build.
const BUILD_FLAGS: &[&str] = &["allow_dirty", "keep", "profile", "jobs", "cross"];

/// What means nothing where files are compared and there is no project.
const FILES_ONLY: &[&str] = &joined_flags::<17>(PROJECT_FLAGS, BUILD_FLAGS);

/// What means nothing where a package is packed and not built.
const CRATE_ONLY: &[&str] = &joined_flags::<9>(
    BUILD_FLAGS,
    &["features", "all_features", "no_default_features", "target"],
);

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
            Some(Call::Crate { .. }) => Some(published_crate::REPORT),
            Some(Call::Crates { .. }) => Some(published_crates::REPORT),
            Some(Call::Fix { .. } | Call::Init { .. }) => None,
        }
    }

    fn needs_dependencies(&self) -> bool {
        match &self.call {
            None | Some(Call::Check | Call::Build | Call::Rebuild { .. }) => true,
            Some(
                Call::Init { .. }
                | Call::Diff { .. }
                | Call::Compare { .. }
                | Call::Fix { .. }
                | Call::Crate { .. }
                | Call::Crates { .. },
            ) => false,
        }
    }

    fn unused_flags(subcommand: &str) -> &'static [&'static str] {
        match subcommand {
            "rebuild" => &["allow_dirty"],
            "diff" | "compare" => FILES_ONLY,
            "fix" => BUILD_FLAGS,
            "init" => CRATE_ONLY,
            "crate" | "crates" => CRATE_ONLY,
            _ => &[],
        }
    }

    fn configuration() -> schemars::Schema {
        release_gate::config::schema_of::<crate::model::config::Config>()
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![
            (check::REPORT, report_schema::<ReproData>()),
            (build::REPORT, report_schema::<BuildInfo>()),
            (rebuild::REPORT, report_schema::<RebuildData>()),
            (diff::REPORT, report_schema::<Difference>()),
            (compare::REPORT, report_schema::<CompareData>()),
            (published_crate::REPORT, report_schema::<CrateData>()),
            (published_crates::REPORT, report_schema::<CratesData>()),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        interrupt::end_within(INTERRUPTED);
        match self.call {
            None | Some(Call::Check) => check::run(cx, &self.build),
            Some(Call::Build) => build::run(cx, &self.build),
            Some(Call::Rebuild {
                buildinfo,
                artifacts,
                artifact,
                rev,
            }) => match (buildinfo, artifact, rev) {
                (Some(buildinfo), ..) => {
                    rebuild::run(cx, &self.build, &buildinfo, artifacts.as_deref())
                }
                (None, Some(artifact), Some(rev)) => {
                    rebuild_artifact::run(cx, &self.build, &artifact, &rev)
                }
                _ => Err(Error::usage("there is nothing to compare with")
                    .with_help("name --buildinfo FILE, or --artifact FILE and --rev REV")),
            },
            Some(Call::Diff { a, b, html }) => diff::run(cx, &a, &b, html.as_deref()),
            Some(Call::Compare { a, b }) => compare::run(cx, &a, &b),
            Some(Call::Fix { yes, toolchain }) => fix::run(cx, yes, toolchain),
            Some(Call::Init { yes }) => init::run(cx, yes),
            Some(Call::Crate { spec }) => published_crate::run(cx, spec.as_deref()),
            Some(Call::Crates { repos }) => published_crates::run(cx, &repos),
        }
    }
}
