//! A package compared under every feature set and on every target that is worth it.
//!
//! The default features, all of them, and none are always compared. Where all do not build together,
//! as many of them as do stand in for them. A feature by itself is compared where what it turns on may
//! have changed: where it stands in a `cfg` of a source file that differs, or where the sets above do
//! not build. A set that builds on neither side is left out, and said.
//!
//! Where the largest set shows no change, and nothing that differs can mean something else under other
//! features, the others are only built.

use std::collections::BTreeSet;

use cargo_metadata::{Package, Target};
use release_gate::fs::throw_away_dir;
use release_gate::git::Git;
use release_gate::{Bump, Error, Finding, Result};

use super::additivity::{JudgedSet, judge_additivity};
use super::call::{Call, OldSources, Variant};
use super::compare::compare_sides;
use super::expansions::{changed_results, compare_generated};
use super::facade::Facade;
use super::feature_changes::prove_feature_changes;
use super::gathered::Gathered;
use super::harness;
use super::largest::not_building_together;
use super::patterns::narrowed_patterns;
use super::prepared::Prepared;
use super::witnesses::Sides;
use crate::judge::manifest;
use crate::judge::shape::is_same_shape;
use crate::judge::unseen::unseen_changes;
use crate::model::gap::LeftOut;
use crate::model::package::{FeatureSet, features_without};
use crate::prove::Rustc;
use crate::read::dep_info::is_made_from;
use crate::read::features::{
    changed_sources, differs_by_feature, features_of_changed_files, gating_features, sources_of,
};
use crate::read::side::Side;
use crate::rules;

/// How many features are compared by themselves.
const ALONE: usize = 8;

/// Why a feature was left out that a project excludes.
const EXCLUDED: &str = "it is excluded";

/// Compares every feature set on every target.
///
/// # Errors
/// A side does not build under the features users get, or the compiler cannot be used.
pub(super) fn compare_all(
    call: &Call<'_>,
    package: &Package,
    member: &Package,
    old: &OldSources,
) -> Result<Gathered> {
    let spinner = call.cx.terminal.spinner("Comparing");
    let mut matrix = Matrix {
        call,
        package,
        member,
        old,
        progress: &|text| spinner.message(text),
        gathered: Gathered::default(),
        first_error: None,
        harness_ran: false,
        large: None,
        small: None,
        may_be_the_same: false,
        unchanged: None,
    };

    matrix.say_copy();
    for name in call.excluded_features() {
        if [member, package]
            .iter()
            .any(|one| one.features.contains_key(&name))
        {
            matrix.gathered.judged.leave_out(LeftOut {
                rule: &rules::NOT_JUDGED_FEATURES,
                what: format!("feature {name}"),
                why: EXCLUDED.to_owned(),
            });
        }
    }

    let mut sets = chosen_sets(call, member, package);
    // The largest first: where it shows no change, it may speak for the others.
    sets.sort_by_key(|set| !matches!(set, FeatureSet::All(_)));
    matrix.may_be_the_same = !call.args.every_set
        && !call.args.harness
        && !are_chosen(&sets)
        && !package.targets.iter().any(Target::is_proc_macro)
        && !differs_by_feature(member, package);
    for target in targets(call) {
        matrix.unchanged = None;
        let mut compared = Vec::new();
        for features in &sets {
            compared.extend(matrix.compare_or_reduce(target, features)?);
        }
        matrix.compare_sets(target)?;
        let all_built = compared.len() == sets.len();
        let alone = matrix.features_alone(member, &compared, all_built);
        for features in &alone {
            matrix.compare(Variant { target, features })?;
        }
    }

    let gating = gating_features(package);
    let mut changes = manifest::manifest_changes(member, package, &|name| gating.contains(name));
    let excluded = call.excluded_features();
    changes.retain(|change| {
        let name = change.item.strip_prefix("feature ");
        !name.is_some_and(|name| excluded.contains(name))
    });

    prove_feature_changes(&mut changes, &matrix.gathered.judged, package);
    matrix.gathered.judged.changes.extend(changes);
    matrix.leave_out_other_targets(member);

    matrix.finish()
}

/// The targets asked for, else the host.
fn targets<'a>(call: &Call<'a>) -> Vec<Option<&'a str>> {
    let asked = &call.cx.args().target;
    if asked.is_empty() {
        return vec![None];
    }
    asked.iter().map(|triple| Some(triple.as_str())).collect()
}

fn chosen_sets(call: &Call<'_>, old: &Package, new: &Package) -> Vec<FeatureSet> {
    let features = &call.cx.args().features;
    if features.all_features || features.no_default_features || !features.features.is_empty() {
        return vec![FeatureSet::Asked];
    }
    let named: Vec<FeatureSet> = call
        .config
        .sets
        .iter()
        .filter(|set| set.is_for(new))
        .map(|set| FeatureSet::Named(set.clone()))
        .collect();
    if !named.is_empty() {
        return named;
    }
    FeatureSet::worth_comparing(old, new, &call.excluded_features())
}

/// Whether every source that differs was compiled: another may be what other features have in its
/// place.
fn has_every_change(old: &Side, new: &Side) -> bool {
    let [before, after] = changed_sources(&old.package, &new.package);
    before.iter().all(|file| is_made_from(&old.artifact, file))
        && after.iter().all(|file| is_made_from(&new.artifact, file))
}

/// Whether the call or the configuration says which sets are compared.
fn are_chosen(sets: &[FeatureSet]) -> bool {
    sets.iter()
        .any(|set| matches!(set, FeatureSet::Asked | FeatureSet::Named(_)))
}

/// The comparisons of a package.
struct Matrix<'a> {
    call: &'a Call<'a>,
    package: &'a Package,
    /// The package on the old side.
    member: &'a Package,
    old: &'a OldSources,
    progress: &'a (dyn Fn(&str) + Sync),
    gathered: Gathered,
    /// Why the first set that users get does not build; of no matter once another one does.
    first_error: Option<Error>,
    harness_ran: bool,
    /// The first set that was compared, which is the largest.
    large: Option<JudgedSet>,
    /// The smallest other one.
    small: Option<JudgedSet>,
    /// Whether nothing that differs can mean something else under other features.
    may_be_the_same: bool,
    /// A set that shows no change.
    unchanged: Option<FeatureSet>,
}

impl Matrix<'_> {
    /// Compares under one set, or, where all features do not build together, under as many of them as
    /// do. What was compared.
    fn compare_or_reduce(
        &mut self,
        target: Option<&str>,
        features: &FeatureSet,
    ) -> Result<Option<FeatureSet>> {
        let variant = Variant { target, features };
        if self.compare(variant)? {
            return Ok(Some(features.clone()));
        }
        let FeatureSet::All(without) = features else {
            return Ok(None);
        };
        if self.builds(variant) {
            return Ok(None);
        }

        (self.progress)(&format!(
            "{}: which features build together",
            self.package.name
        ));
        let all: BTreeSet<String> = features_without(self.package, without)
            .into_iter()
            .collect();
        let names: Vec<String> = all.iter().cloned().collect();
        let more = not_building_together(&names, &mut |with| {
            let mut without = without.clone();
            without.extend(all.difference(with).cloned());
            let features = FeatureSet::All(without);
            self.builds(Variant {
                target,
                features: &features,
            })
        });
        if more.len() == all.len() {
            return Ok(None);
        }
        let reduced = FeatureSet::All(without.union(&more).cloned().collect());
        let is_compared = self.compare(Variant {
            target,
            features: &reduced,
        })?;
        Ok(is_compared.then_some(reduced))
    }

    /// Compares under one set. Whether it could be.
    fn compare(&mut self, variant: Variant<'_>) -> Result<bool> {
        let label = variant.label();
        if self.is_part_of_unchanged(variant.features) && self.builds(variant) {
            let sets = &mut self.gathered.judged.harness.feature_sets;
            sets.push(format!(
                "{label}: built only, nothing that differs is behind a feature"
            ));
            return Ok(true);
        }
        let Some((old, new)) = self.build(variant)? else {
            return Ok(false);
        };
        (self.progress)(&format!("{} ({label})", self.package.name));
        let call = self.call;
        let scratch = throw_away_dir("compat-programs")?;
        let rustc = Rustc::new(scratch.path(), &call.project.root, variant.target)
            .remembering(call.target_dir().join("verdicts"));
        let base = self
            .old
            .base
            .canonicalize()
            .unwrap_or_else(|_| self.old.base.clone());

        let project = call.project;
        let new_base = project.git.as_ref().map_or(&*project.root, Git::root);
        let runner = &call.cx.runner;
        let prepared = (Prepared::new(&old, &base), Prepared::new(&new, new_base));
        let mut comparison = compare_sides(&prepared.0, &prepared.1, &rustc, runner)?;
        let sides = Sides::of(&prepared.0, &prepared.1, &rustc, runner);
        let calls = &comparison.macro_calls;
        let results = changed_results(&sides, calls)?;
        let generated = compare_generated(&sides, calls, (&prepared.0, &prepared.1))?;
        let patterns = narrowed_patterns(&sides, (&prepared.0, &prepared.1), calls)?;
        for expanded in [results, patterns, generated] {
            expanded.add_to(&mut comparison);
        }
        let facade = Facade {
            call,
            package: self.package,
            old_sources: self.old,
            variant,
            old: &old,
            new: &new,
        };

        let shown = facade.compare_shown(&rustc, runner, &comparison.shown)?;
        for side in [&old, &new] {
            self.say_environment(&side.environment);
        }
        let is_unchanged = comparison.changes.is_empty()
            && shown.iter().all(|comparison| comparison.changes.is_empty())
            && new.is_rust
            && has_every_change(&old, &new)
            && is_same_shape(&old.api, &new.api);
        if is_unchanged && self.unchanged.is_none() {
            self.unchanged = Some(variant.features.clone());
        }
        let judged = JudgedSet::of(&label, &sides, &mut comparison);
        match variant.features {
            FeatureSet::Asked | FeatureSet::Only(_) | FeatureSet::Named(_) => {}
            _ if self.large.is_none() => self.large = Some(judged),
            _ => self.small = Some(judged),
        }
        self.gathered.add(comparison, &label);
        for comparison in shown {
            self.gathered.add_shown(comparison, &label);
        }
        self.run_harness(&old, &new)?;

        Ok(true)
    }

    /// Whether what was written for the smallest set still compiles with the largest.
    fn compare_sets(&mut self, target: Option<&str>) -> Result<()> {
        let (Some(large), Some(small)) = (self.large.take(), self.small.take()) else {
            return Ok(());
        };
        let scratch = throw_away_dir("compat-programs")?;
        let rustc = Rustc::new(scratch.path(), &self.call.project.root, target)
            .remembering(self.call.target_dir().join("verdicts"));
        let runner = &self.call.cx.runner;
        let found = judge_additivity(&rustc, runner, &small, &large)?;

        let judged = &mut self.gathered.judged;
        let broken: BTreeSet<String> = judged
            .changes
            .iter()
            .filter(|change| change.bump == Bump::Major)
            .map(|change| change.item.clone())
            .collect();
        judged.findings.extend(found.findings);
        judged.changes.extend(
            found
                .changes
                .into_iter()
                .filter(|change| !broken.contains(&change.item)),
        );
        Ok(())
    }

    /// Whether a set turns on nothing that one without a change does not, and nothing that differs can
    /// mean something else under it.
    fn is_part_of_unchanged(&self, set: &FeatureSet) -> bool {
        let Some(unchanged) = self.unchanged.as_ref().filter(|_| self.may_be_the_same) else {
            return false;
        };
        [self.member, self.package]
            .iter()
            .all(|package| set.enabled(package).is_subset(&unchanged.enabled(package)))
    }

    /// Whether the new side builds with a set.
    fn builds(&self, variant: Variant<'_>) -> bool {
        self.call.check_new(self.package, variant).is_ok()
    }

    /// Builds both sides. `None`: this set builds on one of them only, or on neither.
    fn build(&mut self, variant: Variant<'_>) -> Result<Option<(Side, Side)>> {
        let new = self.call.build_new(self.package, variant, self.progress);
        let old = self
            .call
            .build_old(self.package, self.old, variant, self.progress);
        let is_for_users = matches!(variant.features, FeatureSet::Default | FeatureSet::Asked);
        match (old, new) {
            (Ok(old), Ok(new)) => Ok(Some((old, new))),
            // A library may need one of several features: the sets that build are judged.
            (Err(_), Err(error)) if is_for_users && *variant.features == FeatureSet::Default => {
                self.first_error.get_or_insert(error);
                self.leave_out(&variant.label(), false, false);
                Ok(None)
            }
            (_, Err(error)) | (Err(error), _) if is_for_users => Err(error),
            // Features that exclude each other do not build together; that is no fault of a
            // release. But if it is new, it is said.
            (old, new) => {
                self.leave_out(&variant.label(), old.is_ok(), new.is_ok());
                Ok(None)
            }
        }
    }

    /// Says what of the caller's environment decided what was built.
    fn say_environment(&mut self, given: &str) {
        let findings = &mut self.gathered.judged.findings;
        let message = format!("builds got from the environment: {given}");
        if given.is_empty() || findings.iter().any(|known| known.message == message) {
            return;
        }
        findings.push(Finding::new(&rules::ENVIRONMENT, message).help(
            "another environment may give another API; name what is needed in `pass-env`, or in `[env]` of .cargo/config.toml",
        ));
    }

    /// Says that a copy was built because Cargo.lock could not be used.
    fn say_copy(&mut self) {
        if let Some(why) = self.call.new.copied {
            let message = format!(
                "{why}: a copy of the sources was built, with the newest dependencies that fit"
            );
            self.gathered.judged.findings.push(
                Finding::new(&rules::LOCK_COPIED, message)
                    .help("run `cargo generate-lockfile` (or `cargo update --workspace`) and commit Cargo.lock"),
            );
        }
    }

    fn leave_out(&mut self, label: &str, old_builds: bool, new_builds: bool) {
        let judged = &mut self.gathered.judged;
        if old_builds {
            let message = format!("the old side builds with {label}, and the new one does not");
            judged.findings.push(Finding::new(&rules::SET_BROKEN, message).help(
                "if features exclude each other now, say so in the notes; this set was not compared",
            ));
        }
        let side = match (old_builds, new_builds) {
            (false, false) => "neither side builds",
            (false, true) => "the old side does not build",
            (true, _) => "the new side does not build",
        };
        judged
            .harness
            .skipped_sets
            .push(format!("{label}: {side} with them"));
        judged.leave_out(LeftOut {
            rule: &rules::NOT_JUDGED_FEATURES,
            what: label.to_owned(),
            why: format!("{side} with them"),
        });
    }

    /// Features that are compared by themselves.
    fn features_alone(
        &mut self,
        member: &Package,
        sets: &[FeatureSet],
        all_built: bool,
    ) -> Vec<FeatureSet> {
        if are_chosen(sets) {
            return Vec::new();
        }
        let without = self.call.excluded_features();
        let known: BTreeSet<String> = features_without(member, &without)
            .into_iter()
            .chain(features_without(self.package, &without))
            .collect();

        let wanted: Vec<String> = if all_built {
            let changed = features_of_changed_files(member, self.package);
            known.intersection(&changed).cloned().collect()
        } else {
            known.into_iter().collect()
        };

        let isolated: Vec<&String> = wanted
            .iter()
            .filter(|name| !is_covered(member, self.package, name, sets))
            .collect();

        for name in isolated.iter().skip(ALONE) {
            self.gathered.judged.leave_out(LeftOut {
                rule: &rules::NOT_JUDGED_FEATURES,
                what: format!("feature {name} alone"),
                why: format!("only {ALONE} features are compared by themselves; name it with --no-default-features --features {name}"),
            });
        }

        isolated
            .into_iter()
            .take(ALONE)
            .map(|name| FeatureSet::Only(name.clone()))
            .collect()
    }

    /// What is behind `cfg` for other targets was not seen.
    fn leave_out_other_targets(&mut self, member: &Package) {
        let asked = self.call.cx.args().target.join(", ");
        let judged = &mut self.gathered.judged;
        let Some(host) = judged.host.clone() else {
            return;
        };
        let compiled = if self.call.cx.args().target.is_empty() {
            vec![host.clone()]
        } else {
            self.call.cx.args().target.clone()
        };

        let unseen = unseen_changes(&sources_of(member), &sources_of(self.package), &compiled);
        judged.changes.extend(unseen.changes);
        for left_out in unseen.left_out {
            judged.leave_out(left_out);
        }
        let (targets, why) = if asked.is_empty() {
            (host, "no other was named with --target")
        } else {
            (asked, "they were not named with --target")
        };

        judged.leave_out(LeftOut {
            rule: &rules::NOT_JUDGED_TARGET,
            what: format!("targets other than {targets}"),
            why: why.to_owned(),
        });
    }

    fn run_harness(&mut self, old: &Side, new: &Side) -> Result<()> {
        if !self.call.args.harness || std::mem::replace(&mut self.harness_ran, true) {
            return Ok(());
        }
        let plan = harness::Plan {
            old: harness::Dependency::of(old),
            new: harness::Dependency::of(new),
            api: &old.api,
            lock: &self.call.new.lock(),
            target_dir: &self.call.target_dir().join("harness"),
        };
        let (changes, ran) = harness::run_harness(self.call.cx, &plan)?;
        self.gathered.judged.changes.extend(changes);
        self.gathered.judged.harness.ran = Some(ran);
        Ok(())
    }

    fn finish(self) -> Result<Gathered> {
        if self.gathered.judged.harness.feature_sets.is_empty() {
            return Err(self.first_error.unwrap_or_else(|| {
                Error::judge(format!(
                    "`{}` was compared with no set of features",
                    self.package.name
                ))
            }));
        }
        Ok(self.gathered)
    }
}

/// Whether a set that is compared anyway has just what a feature turns on by itself.
fn is_covered(old: &Package, new: &Package, name: &str, sets: &[FeatureSet]) -> bool {
    sets.iter().any(|set| {
        [old, new].iter().all(|package| {
            set.enabled(package) == FeatureSet::Only(name.to_owned()).enabled(package)
        })
    })
}
