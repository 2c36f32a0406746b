//! Changes as machines and people read them. Decides nothing.

pub(crate) mod compared;
pub(crate) mod data;
pub(crate) mod findings;
pub(crate) mod human;
pub(crate) mod witness_files;

use release_gate::facts::report::compat::{CompatData, CompatHarness};
use release_gate::report::Subject;
use release_gate::{Bump, Coverage, Finding, Report};
use semver::Version;

use crate::model::change::Change;
use crate::model::gap::LeftOut;
use crate::rules;
use crate::tool::TOOL;
pub(crate) use compared::Compared;
use data::change_data;
use human::{Heading, human_table};
use witness_files::WitnessFile;

/// Name of the report.
pub(crate) const REPORT: &str = "compat";

/// What the comparison found.
#[derive(Default)]
pub(crate) struct Judged {
    pub(crate) changes: Vec<Change>,
    pub(crate) harness: CompatHarness,
    /// Findings that are no changes.
    pub(crate) findings: Vec<Finding>,
    /// How many uses and exported symbols were judged.
    pub(crate) uses: usize,
    /// The target that was compiled for.
    pub(crate) host: Option<String>,
    /// What was not judged, each said once.
    left_out: Vec<LeftOut>,
}

impl Judged {
    /// Notes that something was not judged.
    pub(crate) fn leave_out(&mut self, left_out: LeftOut) {
        let known = self
            .left_out
            .iter()
            .any(|known| known.rule.id == left_out.rule.id && known.what == left_out.what);
        if !known {
            self.left_out.push(left_out);
        }
    }

    fn coverage(&self) -> Coverage {
        let mut coverage = Coverage::of(self.uses);
        for LeftOut { rule, what, why } in &self.left_out {
            coverage.not_judged(rule, what, 1, why);
        }
        coverage.not_judged.sort();
        coverage
    }
}

/// The report on a package, and the files that go with it.
pub(crate) fn compose_report(
    subject: Subject,
    compared: &Compared<'_>,
    mut judged: Judged,
) -> (Report, Vec<WitnessFile>) {
    judged.changes.sort_by(|a, b| {
        b.bump
            .cmp(&a.bump)
            .then_with(|| a.item.cmp(&b.item))
            .then_with(|| a.rule.id.cmp(b.rule.id))
    });
    let files = witness_files::name_witnesses(&mut judged.changes, compared);
    judged.harness.gaps.sort();
    judged.harness.gaps.dedup();

    let coverage = judged.coverage();
    let changes = &judged.changes;
    let required = findings::required_bump(changes);
    let next = required.next(compared.old);
    let mut all = findings::change_findings(changes, compared);
    all.extend(judged.findings);
    all.extend(gaps_finding(&judged.harness));
    let data = CompatData {
        required_bump: required,
        declared_bump: Some(compared.declared),
        baseline_version: Some(compared.old.to_string()),
        next_version: Some(next.to_string()),
        changes: changes.iter().map(change_data).collect(),
        harness: judged.harness,
    };
    let heading = Heading {
        name: compared.name,
        version: compared.new,
        baseline: &compared.baseline.name,
    };
    let report = Report::new(REPORT, &TOOL, subject)
        .baseline(compared.baseline.clone())
        .coverage(coverage)
        .findings(all)
        .data(&data)
        .human(human_table(&heading, changes, &data))
        .summary(summary_line(compared, required, &next, changes.is_empty()));
    (report, files)
}

/// What the versions have to say.
fn summary_line(
    compared: &Compared<'_>,
    required: Bump,
    next: &Version,
    unchanged: bool,
) -> String {
    let Compared { old, new, .. } = compared;
    if unchanged {
        return format!("no API changes since {old}");
    }
    if compared.is_undecided() {
        return format!(
            "the next version after {old} is at least {next} ({})",
            required.as_str()
        );
    }
    let word = if compared.assumed {
        "assumes"
    } else {
        "declares"
    };
    format!(
        "needs {next} ({}), {word} {new} ({})",
        required.as_str(),
        compared.declared.as_str()
    )
}

/// A few uses that cannot be written are no reason to doubt; many are.
fn gaps_finding(harness: &CompatHarness) -> Option<Finding> {
    let gaps = harness.gaps.len() as u64;
    let uses = harness.assertions;
    if gaps * 10 <= uses {
        return None;
    }
    let word = if gaps == 1 { "use" } else { "uses" };
    let message =
        format!("{gaps} {word} of the old API could not be compiled, beside {uses} that were");
    Some(
        Finding::new(&rules::GAPS, message).help(
            "they are listed in compat.json; what concerns them was judged by structure alone",
        ),
    )
}
