//! `--harness`: behaviour. The baseline's own doctests, integration tests and examples, and the
//! project's user programs in `harness/*.rs`, run against both sides from one temporary package
//! that depends on the one or the other.
//!
//! Only what passed twice with the old library and fails with the new one is reported: what never
//! passed, or not always, shows nothing.

mod package;
mod target;

use std::path::{Path, PathBuf};

use release_gate::facts::report::compat::CompatRan;
use release_gate::{Context, Result};
use tempfile::TempDir;

pub(super) use package::{Dependency, Plan};

use crate::model::change::Change;
use crate::rules;
use package::{program_name, throw_away_package};
use release_gate::Bump;
use target::{Outcome, Target, run_target};

/// Runs everything.
///
/// # Errors
/// The temporary package cannot be written, or cargo cannot be started.
pub(super) fn run_harness(cx: &Context, plan: &Plan<'_>) -> Result<(Vec<Change>, CompatRan)> {
    let programs = programs_in(&plan.new.dir().join("harness"));
    let harness = Harness {
        cx,
        target_dir: plan.target_dir,
        with_old: throw_away_package(plan, plan.old, &programs)?,
        with_new: throw_away_package(plan, plan.new, &programs)?,
    };
    let mut ran = CompatRan::default();
    let mut changes = Vec::new();
    for target in targets_of(plan.old, &programs) {
        cx.terminal.status("Running", target.label());
        changes.extend(harness.compare_target(&target, &mut ran)?);
    }
    Ok((changes, ran))
}

fn programs_in(dir: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect();
    found.sort();
    found
}

fn targets_of(old: Dependency<'_>, programs: &[PathBuf]) -> Vec<Target> {
    let mut targets = vec![Target::Docs];
    for target in &old.package.targets {
        if target.is_test() {
            targets.push(Target::Test(target.name.clone()));
        } else if target.is_example() {
            targets.push(Target::Example(target.name.clone()));
        }
    }
    targets.extend(
        programs
            .iter()
            .map(|path| Target::Program(program_name(path))),
    );
    targets
}

/// The packages of both sides.
struct Harness<'a> {
    cx: &'a Context,
    target_dir: &'a Path,
    with_old: TempDir,
    with_new: TempDir,
}

impl Harness<'_> {
    fn run(&self, package: &TempDir, target: &Target) -> Result<Outcome> {
        run_target(self.cx, package.path(), target, self.target_dir)
    }

    /// Runs a target twice with the old library and once with the new one.
    fn compare_target(&self, target: &Target, ran: &mut CompatRan) -> Result<Vec<Change>> {
        let once = self.run(&self.with_old, target)?;
        if !once.compiled {
            ran.not_compared.push(target.label());
            return Ok(Vec::new());
        }
        let twice = self.run(&self.with_old, target)?;
        let (steady, unsteady): (Vec<&String>, Vec<&String>) = once
            .tests
            .keys()
            .partition(|name| once.passed(name) && twice.passed(name));
        ran.not_compared
            .extend(unsteady.iter().map(|name| target.test_label(name)));
        if steady.is_empty() {
            return Ok(Vec::new());
        }

        let now = self.run(&self.with_new, target)?;
        if !now.compiled {
            return Ok(vec![no_longer_compiles(target, now)]);
        }
        let mut changes: Vec<Change> = steady
            .iter()
            .filter(|name| !now.passed(name))
            .map(|name| no_longer_passes(&target.test_label(name), &now))
            .collect();
        if let Target::Program(_) = target {
            ran.programs += 1;
            let reproducible = once.output == twice.output;
            if reproducible && changes.is_empty() && once.output != now.output {
                changes.push(prints_otherwise(target, &once, &now));
            }
        } else {
            ran.compared += steady.len() as u64;
        }
        Ok(changes)
    }
}

fn behaviour_change(item: &str, message: String) -> Change {
    Change::unproved(&rules::BEHAVIOUR, item, Bump::Major, message)
}

fn no_longer_compiles(target: &Target, now: Outcome) -> Change {
    let label = target.label();
    let mut change = behaviour_change(
        &label,
        format!("`{label}` compiles with the old library and not with the new one"),
    );
    change.after = now.error;
    change
}

fn no_longer_passes(item: &str, now: &Outcome) -> Change {
    let mut change = behaviour_change(
        item,
        format!("`{item}` passed twice with the old library and fails with the new one"),
    );
    change.after.clone_from(&now.error);
    change
}

fn prints_otherwise(target: &Target, before: &Outcome, now: &Outcome) -> Change {
    let label = target.label();
    let mut change = behaviour_change(
        &label,
        format!("`{label}` prints something else with the new library"),
    );
    change.before = first_difference(&before.output, &now.output);
    change.after = first_difference(&now.output, &before.output);
    change
}

fn first_difference(of: &str, other: &str) -> String {
    let mut others = other.lines();
    of.lines()
        .find(|line| others.next() != Some(line))
        .unwrap_or_default()
        .to_owned()
}
