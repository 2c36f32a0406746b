//! What each call of the command line does.

use release_gate::cli::{Gate, PROJECT_FLAGS, joined_flags};
use release_gate::facts::ReportData as _;
use release_gate::facts::report::licenses::LicensesData;
use release_gate::facts::report::pins::PinsData;
use release_gate::facts::report::sbom::SbomData;
use release_gate::facts::report::sbom_diff::SbomDiffData;
use release_gate::facts::report::vulns::VulnsData;
use release_gate::facts::report::watch::WatchData;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::cli::{Call, Cli};
use crate::command::{audit, diff, generate, init, licenses, pins};

/// What means nothing where documents are compared and there is no project.
const DOCUMENTS_ONLY: &[&str] = &joined_flags::<14>(PROJECT_FLAGS, &["artifact_dir", "dry_run"]);

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        Some(match self.call {
            None | Some(Call::Generate(_)) => SbomData::NAME,
            Some(Call::Audit(_)) => VulnsData::NAME,
            Some(Call::Licenses { .. }) => LicensesData::NAME,
            Some(Call::Pins { .. }) => PinsData::NAME,
            Some(Call::Diff { .. }) => SbomDiffData::NAME,
            Some(Call::Init) => return None,
        })
    }

    fn judges_workspace(&self) -> bool {
        let is_about_all = matches!(
            self.call,
            Some(Call::Audit(_) | Call::Licenses { .. } | Call::Pins { .. })
        );
        let asked = &self.shared.workspace;
        is_about_all && asked.package.is_empty() && asked.exclude.is_empty()
    }

    fn unused_flags(subcommand: &str) -> &'static [&'static str] {
        match subcommand {
            "diff" => DOCUMENTS_ONLY,
            "pins" => &["target", "dry_run"],
            _ => &[],
        }
    }

    fn configuration() -> schemars::Schema {
        release_gate::config::schema_of::<crate::model::config::Config>()
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        use release_gate::report::report_schema;
        vec![
            (SbomData::NAME, report_schema::<SbomData>()),
            (SbomDiffData::NAME, report_schema::<SbomDiffData>()),
            (VulnsData::NAME, report_schema::<VulnsData>()),
            (WatchData::NAME, report_schema::<WatchData>()),
            (LicensesData::NAME, report_schema::<LicensesData>()),
            (PinsData::NAME, report_schema::<PinsData>()),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            None => generate::run(cx, &self.generate),
            // Flags may stand before or after the subcommand.
            Some(Call::Generate(args)) => generate::run(cx, &args.or(self.generate)),
            Some(Call::Audit(args)) => audit::run(cx, &args),
            Some(Call::Licenses { notices }) => licenses::run(cx, notices.as_deref()),
            Some(Call::Pins { fetch }) => pins::run(cx, fetch),
            Some(Call::Init) => init::run(cx),
            Some(Call::Diff { old, new }) => diff::run(cx, &old, &new),
        }
    }
}
