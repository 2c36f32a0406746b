//! One package: its baseline, and its verdict.

use std::collections::BTreeSet;

use cargo_metadata::Package;
use release_gate::report::Baseline;
use release_gate::{Bump, Error, Finding, Report, Result, Status};
use semver::Version;

use super::advisory::judge_description;
use super::call::{Call, OldSources};
use super::dependents::{judge_dependents, leave_out_dependents};
use super::gathered::Gathered;
use super::judged_package::JudgedPackage;
use super::sets::compare_all;
use crate::judge::{adjust, manifest, waivers};
use crate::model::change::Change;
use crate::model::gap::LeftOut;
use crate::model::package::library;
use crate::read::baseline::no_baseline;
use crate::read::cargo::workspace_member;
use crate::read::old::Old;
use crate::report::findings::required_bump;
use crate::report::{Compared, REPORT, compose_report};
use crate::rules;
use crate::tool::TOOL;

/// Judges the packages of a call one after the other.
pub(super) struct Judge<'a> {
    pub(super) call: Call<'a>,
    /// Members that need a major bump: it is carried to those in whose API they show.
    pub(super) major: BTreeSet<String>,
    pub(super) used_waivers: Vec<bool>,
}

/// The versions that are compared.
struct Versions {
    old: Version,
    new: Version,
    declared: Bump,
    /// Whether `declared` was asked for and not read from the versions.
    assumed: bool,
}

impl Judge<'_> {
    /// Judges one package.
    pub(super) fn judge_package(&mut self, package: &Package) -> Result<JudgedPackage> {
        let Some(old) = self.call.baseline(package)? else {
            let finding = if library(package).is_none() {
                no_library(package)
            } else {
                no_baseline(self.call.project, package)?
            };
            return Ok(self.skipped(package, finding));
        };

        let (baseline, manifest, base) = match old {
            Old::Sources {
                baseline,
                manifest,
                base,
            } => (baseline, manifest, base),
            Old::Json { baseline, api } => {
                return judge_description(&self.call, package, &baseline, &api);
            }
        };

        let old = OldSources {
            metadata: self.call.old_metadata(&manifest, package)?,
            manifest,
            base,
        };

        let member = workspace_member(&old.metadata, "old", &package.name)?;
        let versions = declared_versions(member, package, self.call.args.assume)?;

        match (library(member).is_some(), library(package).is_some()) {
            (false, false) => Ok(self.skipped(package, no_library(package))),
            (true, true) => {
                let mut gathered = compare_all(&self.call, package, member, &old)?;
                judge_dependents(&self.call, (&old, package), &mut gathered)?;
                self.carry_major_bumps(&mut gathered);
                Ok(self.verdict(package, baseline, &versions, gathered))
            }
            (had_library, _) => {
                let mut gathered = Gathered::default();
                gathered.judged.uses = 1;
                gathered.judged.changes = manifest::manifest_changes(member, package, &|_| true);
                gathered
                    .judged
                    .changes
                    .push(library_itself(package, had_library));
                let why = "one of the sides has no library";
                leave_out_dependents(&self.call, &mut gathered, why)?;
                Ok(self.verdict(package, baseline, &versions, gathered))
            }
        }
    }

    /// A report that says why nothing was judged.
    fn skipped(&self, package: &Package, finding: Finding) -> JudgedPackage {
        let report = Report::new(REPORT, &TOOL, self.call.project.subject(package))
            .status(Status::Skipped)
            .summary(finding.message.clone())
            .findings([finding]);
        JudgedPackage {
            report,
            files: Vec::new(),
            required: None,
        }
    }

    fn verdict(
        &mut self,
        package: &Package,
        mut baseline: Baseline,
        versions: &Versions,
        mut gathered: Gathered,
    ) -> JudgedPackage {
        baseline.version = Some(versions.old.to_string());
        gathered.forget_sets_of_what_always_holds();
        if let Some(allowed) = &self.call.config.public_dependencies {
            let findings = manifest::dependencies_not_allowed(&gathered.public, allowed);
            gathered.judged.findings.extend(findings);
        }

        if self.call.args.partition.is_some() {
            gathered.judged.leave_out(LeftOut {
                rule: &rules::NOT_JUDGED_PART,
                what: "members of other parts".to_owned(),
                why: "whether one of them needs a major bump is not known here".to_owned(),
            });
        }

        adjust::adjust_bumps(self.call.config, &mut gathered.judged.changes);
        let waived = &self.call.config.allow;
        waivers::apply_waivers(waived, &mut gathered.judged.changes, &mut self.used_waivers);
        let required = required_bump(&gathered.judged.changes);
        let compared = Compared {
            name: &package.name,
            baseline: &baseline,
            old: &versions.old,
            new: &versions.new,
            declared: versions.declared,
            assumed: versions.assumed,
        };

        let subject = self.call.project.subject(package);
        let (mut report, files) = compose_report(subject, &compared, gathered.judged);
        report
            .envelope
            .findings
            .extend(waivers::waivers_without_reason(waived));

        JudgedPackage {
            report,
            files,
            required: Some(required),
        }
    }

    /// A major bump of a member is one of those in whose API its items show.
    fn carry_major_bumps(&self, gathered: &mut Gathered) {
        let known: BTreeSet<String> = gathered
            .judged
            .changes
            .iter()
            .map(|change| change.item.clone())
            .collect();
        gathered.judged.changes.extend(
            manifest::carried_changes(&gathered.public, &self.major)
                .into_iter()
                .filter(|change| !known.contains(&change.item)),
        );
    }
}

/// Checked before anything is built: a newer baseline shows nothing.
fn declared_versions(old: &Package, new: &Package, assumed: Option<Bump>) -> Result<Versions> {
    let declared = Bump::declared(&old.version, &new.version).ok_or_else(|| {
        Error::judge(format!(
            "the baseline is {}, which is newer than {}",
            old.version, new.version
        ))
        .with_help("name an older one with --against")
    })?;
    Ok(Versions {
        old: old.version.clone(),
        new: new.version.clone(),
        declared: assumed.unwrap_or(declared),
        assumed: assumed.is_some(),
    })
}

fn no_library(package: &Package) -> Finding {
    let message = format!(
        "`{}` has no library, so there is no public API to judge",
        package.name
    );
    Finding::new(&rules::NO_LIBRARY, message)
}

/// A library that one side lacks.
fn library_itself(package: &Package, had_library: bool) -> Change {
    let name = &package.name;
    if had_library {
        let message = format!("`{name}` has no library any more: everything it offered is gone");
        return Change::unproved(&rules::REMOVED, "the library", Bump::Major, message);
    }
    let message = format!("`{name}` has a library now");
    Change::unproved(&rules::ADDED, "the library", Bump::Minor, message)
}
