//! One package: its baseline, its feature sets and targets, its verdict.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::{Metadata, Package};
use release_gate::fs::throw_away_dir;
use release_gate::git::Git;
use release_gate::project::Project;
use release_gate::report::Baseline;
use release_gate::{Context, Error, Finding, Report, Result, Status};
use semver::Version;

use super::advisory::judge_description;
use super::args::CompatArgs;
use super::compare::{Comparison, compare_sides};
use super::gathered::Gathered;
use super::harness;
use super::prepared::Prepared;
use crate::judge::{manifest, waivers};
use crate::model::config::Config;
use crate::model::package::{FeatureSet, library};
use crate::prove::Rustc;
use crate::read::baseline::{find_baseline, no_baseline};
use crate::read::build::build_side;
use crate::read::cargo::{Request, workspace_member, workspace_metadata};
use crate::read::old::Old;
use crate::read::side::Side;
use crate::report::findings::required_bump;
use crate::report::witness_files::WitnessFile;
use crate::report::{Compared, REPORT, compose_report};
use crate::rules;
use crate::tool::TOOL;
use release_gate::Bump;

/// A package's report, and what the call does with it.
pub(super) struct JudgedPackage {
    pub(super) report: Report,
    pub(super) files: Vec<WitnessFile>,
    /// `None`: nothing was compared.
    pub(super) required: Option<Bump>,
}

/// What is the same for all packages of a call.
pub(super) struct Judge<'a> {
    pub(super) cx: &'a Context,
    pub(super) project: &'a Project,
    pub(super) args: &'a CompatArgs,
    pub(super) config: &'a Config,
    /// Members that need a major bump: it is carried to those in whose API they show.
    pub(super) major: BTreeSet<String>,
    pub(super) used_waivers: Vec<bool>,
}

/// The old side's sources.
struct OldSources {
    manifest: PathBuf,
    metadata: Metadata,
    /// The folder they were unpacked into.
    base: PathBuf,
}

/// One comparison of many: a feature set on a target.
struct Run<'a> {
    target: Option<&'a str>,
    features: &'a FeatureSet,
    progress: &'a (dyn Fn(&str) + Sync),
}

impl Run<'_> {
    fn label(&self) -> String {
        match self.target {
            Some(triple) => format!("{} for {triple}", self.features.as_str()),
            None => self.features.as_str().to_owned(),
        }
    }
}

impl Judge<'_> {
    /// Judges one package.
    pub(super) fn judge_package(&mut self, package: &Package) -> Result<JudgedPackage> {
        let Self { cx, project, .. } = *self;
        if library(package).is_none() {
            let message = format!(
                "`{}` has no library, so there is no public API to judge",
                package.name
            );
            return Ok(self.skipped(package, Finding::new(&rules::NO_LIBRARY, message)));
        }
        let Some(old) = find_baseline(cx, project, package, self.args.against.as_deref())? else {
            return Ok(self.skipped(package, no_baseline(project, package)?));
        };
        let (baseline, manifest, base) = match old {
            Old::Sources {
                baseline,
                manifest,
                base,
            } => (baseline, manifest, base),
            Old::Json { baseline, api } => {
                let report = judge_description(cx, project, package, &baseline, &api)?;
                return Ok(report);
            }
        };
        let old = OldSources {
            metadata: workspace_metadata(cx, "old", &manifest, &package.name)?,
            manifest,
            base,
        };
        self.judge_sources(package, baseline, &old)
    }

    /// A report that says why nothing was judged.
    fn skipped(&self, package: &Package, finding: Finding) -> JudgedPackage {
        let report = Report::new(REPORT, &TOOL, self.project.subject(package))
            .status(Status::Skipped)
            .summary(finding.message.clone())
            .findings([finding]);
        JudgedPackage {
            report,
            files: Vec::new(),
            required: None,
        }
    }

    fn judge_sources(
        &mut self,
        package: &Package,
        mut baseline: Baseline,
        old: &OldSources,
    ) -> Result<JudgedPackage> {
        let (mut gathered, versions) = self.compare_all(package, old)?;
        let (old_version, new_version) = versions.ok_or_else(|| {
            Error::judge(format!(
                "`{}` was compared with no set of features",
                package.name
            ))
        })?;
        baseline.version = Some(old_version.to_string());
        let declared = Bump::declared(&old_version, &new_version).ok_or_else(|| {
            Error::judge(format!(
                "the baseline is {old_version}, which is newer than {new_version}"
            ))
            .with_help("name an older one with --against")
        })?;

        gathered.forget_sets_of_what_always_holds();
        let waived = &self.config.allow;
        waivers::apply_waivers(waived, &mut gathered.judged.changes, &mut self.used_waivers);
        let required = required_bump(&gathered.judged.changes);
        let compared = Compared {
            name: &package.name,
            baseline: &baseline,
            old: &old_version,
            new: &new_version,
            declared,
        };
        let subject = self.project.subject(package);
        let (mut report, files) = compose_report(subject, &compared, gathered.judged);
        report
            .envelope
            .findings
            .extend(waivers::waivers_without_reason(waived));
        Ok(JudgedPackage {
            report,
            files,
            required: Some(required),
        })
    }

    /// Compares every feature set on every target. The versions are `None` if none could be.
    fn compare_all(
        &self,
        package: &Package,
        old: &OldSources,
    ) -> Result<(Gathered, Option<(Version, Version)>)> {
        let spinner = self.cx.terminal.spinner("Comparing");
        let progress = |text: &str| spinner.message(text);
        let member = workspace_member(&old.metadata, "old", &package.name)?;
        let sets = self.feature_sets(member, package);
        let targets = self.targets();
        let several = sets.len() * targets.len() > 1;
        let mut gathered = Gathered::default();
        let mut versions = None;
        for target in targets {
            for features in &sets {
                let run = Run {
                    target,
                    features,
                    progress: &progress,
                };
                let Some((new, old_side)) = self.build_sides(package, old, &run, &mut gathered)?
                else {
                    continue;
                };
                progress(&format!("{} ({})", package.name, run.label()));
                let comparison = self.compare_run(&old.base, (&old_side, &new), target)?;
                gathered.add(comparison, &run.label(), several);
                if versions.is_none() {
                    let changes = manifest::manifest_changes(&old_side.package, &new.package);
                    gathered.judged.changes.extend(changes);
                    self.run_harness(&old_side, &new, &mut gathered)?;
                    versions = Some((old_side.package.version, new.package.version));
                }
            }
        }
        self.carry_major_bumps(&mut gathered);
        Ok((gathered, versions))
    }

    /// Builds both sides. `None`: this set builds on one of them only, or on neither.
    fn build_sides(
        &self,
        package: &Package,
        old: &OldSources,
        run: &Run<'_>,
        gathered: &mut Gathered,
    ) -> Result<Option<(Side, Side)>> {
        let target_dir = self.project.target_dir.join("compat");
        let request = |name, manifest, metadata| Request {
            name,
            manifest,
            metadata,
            package: &package.name,
            target_dir: &target_dir,
            args: self.cx.args(),
            features: run.features,
            target: run.target,
        };
        let manifest = package.manifest_path.as_std_path();
        let runner = &self.cx.runner;
        let new = build_side(
            request("new", manifest, &self.project.metadata),
            runner,
            run.progress,
        );
        let old = build_side(
            request("old", &old.manifest, &old.metadata),
            runner,
            run.progress,
        );
        match (new, old) {
            (Ok(new), Ok(old)) => Ok(Some((new, old))),
            // Features that exclude each other do not build together; that is no fault of a
            // release. But if it is new, it is said.
            (new, old) if !matches!(run.features, FeatureSet::Default | FeatureSet::Asked) => {
                leave_out(&run.label(), new.is_ok(), old.is_ok(), gathered);
                Ok(None)
            }
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    fn compare_run(
        &self,
        base: &Path,
        (old, new): (&Side, &Side),
        target: Option<&str>,
    ) -> Result<Comparison> {
        let scratch = throw_away_dir("compat-programs")?;
        let verdicts = self.project.target_dir.join("compat").join("verdicts");
        let rustc = Rustc::new(scratch.path(), &self.project.root, target).remembering(verdicts);
        let new_base = self
            .project
            .git
            .as_ref()
            .map_or(&*self.project.root, Git::root);
        let old_base = base.canonicalize().unwrap_or_else(|_| base.to_owned());
        compare_sides(
            &Prepared::new(old, &old_base),
            &Prepared::new(new, new_base),
            &rustc,
            &self.cx.runner,
        )
    }

    fn run_harness(&self, old: &Side, new: &Side, gathered: &mut Gathered) -> Result<()> {
        if !self.args.harness {
            return Ok(());
        }
        let plan = harness::Plan {
            old: harness::Dependency::of(old),
            new: harness::Dependency::of(new),
            api: &old.api,
            lock: &self.project.root.join("Cargo.lock"),
            target_dir: &self.project.target_dir.join("compat").join("harness"),
        };
        let (changes, ran) = harness::run_harness(self.cx, &plan)?;
        gathered.judged.changes.extend(changes);
        gathered.judged.harness.ran = Some(ran);
        Ok(())
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

    fn feature_sets(&self, old: &Package, new: &Package) -> Vec<FeatureSet> {
        let features = &self.cx.args().features;
        if features.all_features || features.no_default_features || !features.features.is_empty() {
            return vec![FeatureSet::Asked];
        }
        FeatureSet::worth_comparing(old, new)
    }

    /// The targets asked for, else the host.
    fn targets(&self) -> Vec<Option<&str>> {
        let asked = &self.cx.args().target;
        if asked.is_empty() {
            return vec![None];
        }
        asked.iter().map(|triple| Some(triple.as_str())).collect()
    }
}

fn leave_out(label: &str, new_builds: bool, old_builds: bool, gathered: &mut Gathered) {
    if old_builds {
        let message = format!("the old side builds with {label}, and the new one does not");
        gathered
            .judged
            .findings
            .push(Finding::new(&rules::SET_BROKEN, message).help(
            "if features exclude each other now, say so in the notes; this set was not compared",
        ));
    }
    let side = match (new_builds, old_builds) {
        (false, false) => "neither side builds",
        (true, _) => "the old side does not build",
        _ => "the new side does not build",
    };
    gathered
        .judged
        .harness
        .skipped_sets
        .push(format!("{label}: {side} with them"));
}
