//! The gate: which call does what.

use release_gate::cli::Gate;
use release_gate::report::report_schema;
use release_gate::{Context, Outcome, Result, SharedArgs, Tool};
use release_gate_facts::ReportData as _;
use release_gate_facts::report::attest::AttestData;
use release_gate_facts::report::keys::KeysData;
use release_gate_facts::report::pack::PackData;
use release_gate_facts::report::upload::UploadData;
use release_gate_facts::report::verify::VerifyData;
use release_gate_facts::report::verify_source::VerifySourceData;

use crate::cli::{Call, Cli};
#[cfg(feature = "upload")]
use crate::command::upload;
use crate::command::{attest, keygen, keys, pack, sign, verify, verify_source};
use crate::tool::TOOL;

impl Gate for Cli {
    const TOOL: Tool = TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn report_name(&self) -> Option<&'static str> {
        match &self.call {
            Call::Keygen(_)
            | Call::Keys(_)
            | Call::Sign(_)
            | Call::Attest(_)
            | Call::VerifySource(_) => None,
            #[cfg(feature = "upload")]
            Call::Upload(_) => None,
            Call::Pack(_) => Some(PackData::NAME),
            Call::Verify(args) => args.files.is_empty().then_some(VerifyData::NAME),
        }
    }

    /// What a download, or the source that is judged, says about levels is no policy of anyone who
    /// judges it.
    fn heeds_found_levels(&self) -> bool {
        match &self.call {
            Call::Verify(args) => args.files.is_empty(),
            Call::VerifySource(_) => false,
            _ => true,
        }
    }

    /// Signatures name the package, its version and its commit: none of that needs dependencies.
    fn needs_dependencies(&self) -> bool {
        false
    }

    /// Nothing is built here: what was built is in buildinfo.json.
    fn unused_flags(subcommand: &str) -> &'static [&'static str] {
        match subcommand {
            "keygen" => &[
                "package",
                "workspace",
                "all",
                "exclude",
                "features",
                "all_features",
                "no_default_features",
                "target",
            ],
            _ => &["features", "all_features", "no_default_features", "target"],
        }
    }

    fn configuration() -> schemars::Schema {
        release_gate::config::schema_of::<crate::model::config::Config>()
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![
            (AttestData::NAME, report_schema::<AttestData>()),
            (KeysData::NAME, report_schema::<KeysData>()),
            (PackData::NAME, report_schema::<PackData>()),
            (UploadData::NAME, report_schema::<UploadData>()),
            (VerifyData::NAME, report_schema::<VerifyData>()),
            (VerifySourceData::NAME, report_schema::<VerifySourceData>()),
        ]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        match self.call {
            Call::Keygen(args) => keygen::run(cx, &args),
            Call::Keys(args) => keys::run(cx, args),
            #[cfg(feature = "upload")]
            Call::Upload(args) => upload::run(cx, &args),
            Call::Pack(args) => pack::run(cx, &args),
            Call::Sign(args) => sign::run(cx, &args),
            Call::VerifySource(args) => verify_source::run(cx, &args),
            Call::Attest(args) => attest::run(cx, &args),
            Call::Verify(args) => verify::run(cx, &args),
        }
    }
}
