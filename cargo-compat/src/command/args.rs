//! The flags of this gate alone.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use release_gate::Bump;

/// What this gate alone understands.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct CompatArgs {
    /// Baseline: a git revision, a published version, `latest`, a folder, or a rustdoc JSON file
    /// [default: the newest release tag below this version, else the newest published version
    /// of the same repository]
    #[arg(long, value_name = "BASELINE")]
    pub(crate) against: Option<String>,
    /// Judge as if the version were raised by this much, whatever the manifest says
    #[arg(long, value_name = "BUMP", value_parser = bump_parser())]
    pub(crate) assume: Option<Bump>,
    /// Also run the baseline's doctests, tests and examples, and the project's own `harness/*.rs`,
    /// against both sides
    #[arg(long)]
    pub(crate) harness: bool,
    /// Compile one program against both sides and show what the compiler says
    #[arg(long, value_name = "FILE")]
    pub(crate) witness: Option<PathBuf>,
}

fn bump_parser() -> impl clap::builder::TypedValueParser<Value = Bump> {
    PossibleValuesParser::new(["patch", "minor", "major"]).map(|word| match word.as_str() {
        "major" => Bump::Major,
        "minor" => Bump::Minor,
        _ => Bump::Patch,
    })
}
