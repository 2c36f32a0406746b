//! The flags of this gate alone.

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::builder::TypedValueParser as _;
use release_gate::Bump;

use crate::model::dependent::Dependent;

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
    /// Also compile these users of the crate against both sides: published packages (`bat`,
    /// `bat@0.25`), which cargo fetches, or folders (`../bat`)
    #[arg(long, value_name = "DEPENDENTS", value_delimiter = ',')]
    pub(crate) dependents: Vec<Dependent>,
    /// Compare every set of features, also where nothing that differs is behind a feature
    #[arg(long)]
    pub(crate) every_set: bool,
    /// Features to leave out of every set that is compared
    #[arg(long, value_name = "FEATURES", value_delimiter = ',')]
    pub(crate) exclude_features: Vec<String>,
    /// Judge one of several parts of the selected packages, to share them between machines
    #[arg(long, value_name = "I/N", value_parser = parse_partition)]
    pub(crate) partition: Option<Partition>,
    /// Compile one program against both sides and show what the compiler says
    #[arg(long, value_name = "FILE", conflicts_with_all = ["harness", "assume", "dependents"])]
    pub(crate) witness: Option<PathBuf>,
}

/// A part of the selected packages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Partition {
    /// Which one, from 1.
    pub(crate) part: usize,
    /// Of how many.
    pub(crate) parts: usize,
}

impl Partition {
    /// Whether the package at a place belongs to it.
    pub(crate) fn holds(self, index: usize) -> bool {
        index % self.parts == self.part - 1
    }
}

fn parse_partition(text: &str) -> Result<Partition, String> {
    let wrong = || format!("`{text}` is not of the form I/N, as in 1/3");
    let (part, parts) = text.split_once('/').ok_or_else(wrong)?;
    let part: usize = part.parse().map_err(|_| wrong())?;
    let parts: usize = parts.parse().map_err(|_| wrong())?;
    if part == 0 || part > parts {
        return Err(wrong());
    }
    Ok(Partition { part, parts })
}

fn bump_parser() -> impl clap::builder::TypedValueParser<Value = Bump> {
    PossibleValuesParser::new(["patch", "minor", "major"]).map(|word| match word.as_str() {
        "major" => Bump::Major,
        "minor" => Bump::Minor,
        _ => Bump::Patch,
    })
}
