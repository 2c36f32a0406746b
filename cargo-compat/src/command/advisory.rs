//! A baseline that is only a description: what can be said without programs, as advice.

use cargo_metadata::Package;
use release_gate::facts::report::compat::{CompatData, CompatHarness};
use release_gate::report::Baseline;
use release_gate::{Bump, Coverage, Finding, Level, Report, Result};
use rustdoc_types::Crate;
use semver::Version;

use super::call::{Call, Variant};
use super::dependents::named_dependents;
use super::judged_package::JudgedPackage;
use crate::judge::descriptions::described_changes;
use crate::model::change::Change;
use crate::model::package::FeatureSet;
use crate::report::REPORT;
use crate::report::data::change_data;
use crate::report::findings::required_bump;
use crate::report::human::{Heading, human_table};
use crate::rules;
use crate::tool::TOOL;

/// Judges a package beside a description of the old one.
pub(super) fn judge_description(
    call: &Call<'_>,
    package: &Package,
    baseline: &Baseline,
    api: &Crate,
) -> Result<JudgedPackage> {
    let Call { cx, project, .. } = *call;
    let spinner = cx.terminal.spinner("Comparing");
    let features = FeatureSet::asked_or_default(cx.args());
    let variant = Variant {
        target: cx.args().target.first().map(String::as_str),
        features: &features,
    };
    let new = call.build_new(package, variant, &|text| spinner.message(text))?;
    drop(spinner);

    let changes = described_changes(api, &new.api);
    let version = &new.package.version;
    let data = advisory_data(&changes, baseline, version, &features);
    let mut findings = vec![Finding::new(
        &rules::ADVISORY,
        format!(
            "`{}` describes an API without its sources: nothing below is proved",
            baseline.name
        ),
    )];
    findings.extend(
        changes
            .iter()
            .filter(|change| change.bump == Bump::Major)
            .map(advice),
    );
    let heading = Heading {
        name: &package.name,
        version,
        baseline: &baseline.name,
    };
    let mut coverage = Coverage::of(api.index.len());
    coverage.not_judged(
        &rules::NOT_JUDGED_USE,
        "uses of the old API",
        1,
        "the old sources are not there, so no program was compiled against them",
    );

    if !named_dependents(call)?.0.is_empty() {
        coverage.not_judged(
            &rules::NOT_JUDGED_DEPENDENT,
            "dependents",
            1,
            "the old sources are not there, so nothing was compiled against them",
        );
    }

    let report = Report::new(REPORT, &TOOL, project.subject(package))
        .baseline(baseline.clone())
        .coverage(coverage)
        .findings(findings)
        .data(&data)
        .human(human_table(&heading, &changes, &data));
    Ok(JudgedPackage {
        report,
        files: Vec::new(),
        required: Some(data.required_bump),
    })
}

fn advisory_data(
    changes: &[Change],
    baseline: &Baseline,
    new: &Version,
    features: &FeatureSet,
) -> CompatData {
    let required = required_bump(changes);
    let old = baseline
        .version
        .as_deref()
        .and_then(|text| text.parse::<Version>().ok());
    CompatData {
        required_bump: required,
        declared_bump: old.as_ref().and_then(|old| Bump::declared(old, new)),
        baseline_version: baseline.version.clone(),
        next_version: old.as_ref().map(|old| required.next(old).to_string()),
        changes: changes.iter().map(change_data).collect(),
        harness: CompatHarness {
            feature_sets: vec![features.label()],
            ..CompatHarness::default()
        },
    }
}

/// A break that nothing proves.
fn advice(change: &Change) -> Finding {
    let finding = Finding::new(change.rule, change.message.clone())
        .level(Level::Warn)
        .evidence("proved", false);
    if change.before.is_empty() {
        return finding;
    }
    finding.help(format!("was: {}\nis:  {}", change.before, change.after))
}
