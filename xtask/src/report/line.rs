//! What the page says of each gate: its outcome, its findings, and what it left out.

use std::time::Duration;

use release_gate::report::not_judged_finding;
use release_gate::{Coverage, Error, Finding};

use super::folder::{Folder, Reading};
use super::known::KnownReport;
use crate::outcome::Outcome;

/// What heads the column where a gate spoke of all packages at once.
pub(crate) const ALL_PACKAGES: &str = "all packages";

/// One gate's word about one package.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    /// The gate.
    pub(crate) name: String,
    /// Name and version of the package, or [`ALL_PACKAGES`].
    pub(crate) package: String,
    pub(crate) outcome: Outcome,
    /// How long it took, where that is known.
    pub(crate) elapsed: Option<Duration>,
    pub(crate) findings: Vec<Finding>,
    pub(crate) coverage: Coverage,
}

impl Line {
    /// A gate of which nothing is known but its outcome.
    pub(crate) fn bare(name: &str, package: &str, outcome: Outcome) -> Self {
        Self {
            name: name.to_owned(),
            package: package.to_owned(),
            outcome,
            elapsed: None,
            findings: Vec::new(),
            coverage: Coverage::default(),
        }
    }
}

/// A line for each of these reports.
pub(crate) fn lines(folder: &Folder, reports: &[KnownReport]) -> Vec<Line> {
    reports.iter().map(|report| line(folder, report)).collect()
}

fn line(folder: &Folder, report: &KnownReport) -> Line {
    let bare = |outcome| Line::bare(report.name, &folder.title, outcome);
    match folder.reading(report.name) {
        Reading::Missing => bare(Outcome::NotRun),
        Reading::Refused(reason) => {
            let error = Error::judge(format!("{}/{}: {reason}", folder.title, report.file));
            Line {
                findings: vec![not_judged_finding(&error.with_help("run that gate again"))],
                ..bare(Outcome::NotJudged)
            }
        }
        Reading::Said(said) => Line {
            findings: said.findings.clone(),
            coverage: said.coverage.clone(),
            ..bare(Outcome::of(said.status))
        },
    }
}
