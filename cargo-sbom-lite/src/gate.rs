//! What each call of the command line does.

use release_gate::cli::Gate;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};

use crate::TOOL;
use crate::cli::{Call, Cli};
use crate::command::{audit, diff, generate, licenses, pins};
use crate::model::vulnerability::VulnerabilityData;

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
            ("sbom", schema::<generate::SbomData>("sbom")),
            ("vulns", schema::<VulnerabilityData>("vulns")),
            ("watch", schema::<audit::watch::WatchData>("watch")),
            ("licenses", schema::<licenses::LicenseData>("licenses")),
            ("pins", schema::<pins::PinData>("pins")),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            None => generate::run(cx, &self.generate),
            // Flags may stand before or after the subcommand.
            Some(Call::Generate(args)) => generate::run(cx, &args.or(self.generate)),
            Some(Call::Audit(args)) => audit::run(cx, &args),
            Some(Call::Licenses { notices }) => licenses::run(cx, notices.as_deref()),
            Some(Call::Pins) => pins::run(cx),
            Some(Call::Diff { old, new }) => diff::run(cx, &old, &new),
        }
    }
}
