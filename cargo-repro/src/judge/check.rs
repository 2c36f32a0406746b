//! What a check says of one package: findings and data from the comparison and the causes.

use std::collections::BTreeSet;

use release_gate::facts::report::repro::{Cause, ComparedArtifact, ReproData, UnitCount};
use release_gate::{Coverage, Finding};

use super::artifacts::{differing_findings, lay_over};
use super::causes::{Revealed, Revelation, finding_of};
use super::variations::Variations;
use crate::model::build::{Artifact, Build};
use crate::model::reach::{concerns, reachable};
use crate::model::roots::Comparison;
use crate::rules;

/// What a check found out about all packages.
#[derive(Debug)]
pub(crate) struct Checked<'a> {
    pub(crate) a: &'a Build,
    pub(crate) b: &'a Build,
    pub(crate) comparison: &'a Comparison,
    /// Packages whose calls were not repeated as often as they should.
    pub(crate) unfinished: &'a [String],
    /// Packages that take the time from SOURCE_DATE_EPOCH.
    pub(crate) epoch_users: &'a [String],
    /// Packages that give another output where there is no repository.
    pub(crate) repository_users: &'a [String],
    /// The compiler's release.
    pub(crate) toolchain: Option<String>,
    pub(crate) variations: Variations,
}

/// What is said of one package.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) findings: Vec<Finding>,
    pub(crate) data: ReproData,
    pub(crate) coverage: Coverage,
}

impl Checked<'_> {
    /// Causes among the units that a package is made of.
    pub(crate) fn concerning(&self, causes: &[Revealed], package: &str) -> Vec<Revealed> {
        let units = reachable(self.a, self.comparison, package);
        causes
            .iter()
            .filter(|revealed| concerns(self.a, self.comparison, &revealed.root, &units))
            .cloned()
            .collect()
    }

    /// Whether artifacts differ for a cause that sealed builds alone could mask: a setting of the
    /// profile is worth more than a pin, since plain builds obey it.
    pub(crate) fn needs_mask(&self, causes: &[Revealed], package: &str) -> bool {
        let artifacts = self.artifacts(package);
        artifacts.iter().any(|artifact| !artifact.identical)
            && causes.iter().any(Revealed::is_masked_only)
    }

    /// The package's artifacts in both builds.
    fn artifacts(&self, package: &str) -> Vec<ComparedArtifact> {
        lay_over(&of_package(self.a, package), &of_package(self.b, package))
    }
}

fn of_package(build: &Build, package: &str) -> Vec<Artifact> {
    build
        .artifacts
        .iter()
        .filter(|artifact| artifact.package == package)
        .cloned()
        .collect()
}

/// Judges one package; `own` are the causes that concern it.
pub(crate) fn judge_package(checked: &Checked<'_>, own: &[Revealed], package: &str) -> Judged {
    let artifacts = checked.artifacts(package);
    let units = reachable(checked.a, checked.comparison, package);
    let equal = artifacts.iter().all(|artifact| artifact.identical);

    let mut findings = Vec::new();
    findings.extend(unfinished_finding(checked.unfinished));
    findings.extend(own.iter().map(|revealed| {
        let latent = match revealed.revelation {
            Revelation::BuildsDiffer => equal,
            Revelation::AnotherSeed | Revelation::Recorded => false,
            Revelation::ExpandedSource => true,
        };
        finding_of(&revealed.cause, latent)
    }));
    findings.extend(differing_findings(&artifacts));
    findings.extend(checked.comparison.unpaired.iter().map(|key| {
        Finding::new(
            &rules::UNITS_DIFFER,
            format!("only one build compiled `{key}`"),
        )
    }));

    let takes_epoch = among_units(checked, &units, checked.epoch_users);
    let asks_git = among_units(checked, &units, checked.repository_users);
    findings.extend(asks_git.iter().map(|name| {
        Finding::new(
            &rules::NEEDS_REPOSITORY,
            format!("`{name}` gives another output where there is no git repository"),
        )
        .help(
            "read the commit from a file that source packages hold, such as `.cargo_vcs_info.json`",
        )
    }));
    findings.extend(takes_epoch.iter().map(|name| epoch_finding(name)));
    if artifacts.is_empty() {
        findings.push(Finding::new(
            &rules::NO_ARTIFACTS,
            format!(
                "`{package}` builds nothing that could be released with these features and targets"
            ),
        ));
    }

    let causes: Vec<Cause> = own.iter().map(|revealed| revealed.cause.clone()).collect();
    let data = ReproData {
        units: UnitCount {
            compared: count(units.len()),
            differing: count(units.intersection(&checked.comparison.differing).count()),
        },
        causes,
        toolchain: checked.toolchain.clone(),
        takes_epoch,
        varied: checked.variations.varied().to_vec(),
        not_varied: checked.variations.not_varied(),
        artifacts,
    };
    Judged {
        coverage: coverage(checked, &data),
        findings,
        data,
    }
}

/// What was looked at: the artifacts; and what was not varied, or not repeated often enough.
fn coverage(checked: &Checked<'_>, data: &ReproData) -> Coverage {
    let mut coverage = Coverage::of(data.artifacts.len());
    checked.variations.add_to(&mut coverage);
    for package in checked.unfinished {
        coverage.not_judged(
            &rules::NOT_JUDGED_REPETITION,
            format!("chance in `{package}`"),
            1,
            "its macros or build script were not repeated as often as it takes",
        );
    }
    coverage
}

/// Those of the packages that are among a package's units.
fn among_units(checked: &Checked<'_>, units: &BTreeSet<usize>, packages: &[String]) -> Vec<String> {
    let names: BTreeSet<String> = units
        .iter()
        .map(|&pair| {
            let (i, _) = checked.comparison.units[pair];
            let call = &checked.a.units[i].call;
            format!("{} {}", call.package, call.version)
        })
        .collect();

    packages
        .iter()
        .filter(|name| names.contains(*name))
        .cloned()
        .collect()
}

fn unfinished_finding(unfinished: &[String]) -> Option<Finding> {
    if unfinished.is_empty() {
        return None;
    }
    let text = format!(
        "{}: macros or build scripts were not repeated as often as it takes to find what hides by luck",
        unfinished.join(", ")
    );
    Some(Finding::new(&rules::SEARCH_SHORT, text).help(
        "two equal builds may agree by luck there: what dependencies run, and what takes long,\nis repeated for a sixteenth of the build's time",
    ))
}

fn epoch_finding(name: &str) -> Finding {
    Finding::new(
        &rules::NEEDS_EPOCH,
        format!(
            "`{name}` takes the time from SOURCE_DATE_EPOCH, and the clock's where that is not set"
        ),
    )
    .help(
        "set it for plain builds, too: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)\n`cargo repro fix` writes that for continuous integration",
    )
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
