//! Who takes the time from SOURCE_DATE_EPOCH, which sealed builds set and plain ones do not:
//! without it they embed the clock's.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use super::blame;
use super::experiment::Experiment;
use super::replay::Trials;
use super::settings::Settings;
use super::subject::Subject;
use crate::model::build::Unit;
use crate::model::roots::Root;
use crate::sealed::processor::Watch;

/// The variable.
const NAME: &str = "SOURCE_DATE_EPOCH";
/// Units in which the macros of one library are tried.
const UNITS: usize = 4;
/// Build scripts that ran no longer are always tried.
const QUICK: Duration = Duration::from_millis(500);

/// Packages whose build scripts or macros were shown to give the same with the variable set and not
/// without, sorted, as `name version`.
pub(crate) fn find_epoch_users(experiment: &Experiment<'_>, budget: Duration) -> Vec<String> {
    if !experiment.has_interposer() || experiment.a.sandbox.pins("time") {
        return Vec::new();
    }
    let mut found = BTreeSet::new();
    // Only trials count, not the search for whom to try.
    let mut left = budget;
    for at in 0..experiment.a.build.scripts.len() {
        found.extend(script_that_uses_epoch(experiment, at, &mut left));
    }
    for library in &experiment.a.build.units {
        if library.call.is_proc_macro() && knows_name(&blame::library_of(library)) {
            found.extend(macros_that_use_epoch(experiment, library, &mut left));
        }
    }
    found.into_iter().collect()
}

/// The package of a build script, if that takes the time from the variable.
fn script_that_uses_epoch(
    experiment: &Experiment<'_>,
    at: usize,
    left: &mut Duration,
) -> Option<String> {
    let run_a = &experiment.a.build.scripts[at];
    let differs = experiment
        .comparison
        .roots
        .iter()
        .any(|root| matches!(root, Root::Script { a, .. } if *a == at));
    if differs {
        return None;
    }
    let run_b = experiment
        .b
        .build
        .scripts
        .iter()
        .find(|run| run.package == run_a.package && run.version == run_a.version)?;
    let subject = Subject::script(experiment, run_a, run_b)?;

    // Two trials at least.
    let run_time = subject.run_time()?;
    let affordable = run_time <= QUICK || run_time * 2 <= *left;
    if !affordable || !knows_name(&subject.a.program) {
        return None;
    }
    let watch = Watch::start();
    let uses = uses_epoch(&mut Trials::new(experiment, &subject), false);
    *left = left.saturating_sub(watch.time());
    uses.then(|| format!("{} {}", run_a.package, run_a.version))
}

/// The package of a macro library, if one of its macros takes the time from the variable.
fn macros_that_use_epoch(
    experiment: &Experiment<'_>,
    library: &Unit,
    left: &mut Duration,
) -> Option<String> {
    let (a, b) = (&experiment.a.build, &experiment.b.build);
    let comparison = experiment.comparison;
    let users = comparison
        .units
        .iter()
        .enumerate()
        .filter(|(pair, (i, _))| {
            let below = blame::below(a, &a.units[*i]);
            !comparison.differing.contains(pair)
                && below.iter().any(|unit| unit.stem() == library.stem())
        });

    for (at, (_, &(i, j))) in users.take(UNITS).enumerate() {
        if at > 0 && left.is_zero() {
            break;
        }
        let watch = Watch::start();
        let subject = Subject::unit(&a.units[i], &b.units[j]);
        let uses = uses_epoch(&mut Trials::new(experiment, &subject), true);
        *left = left.saturating_sub(watch.time());
        if uses {
            return Some(format!("{} {}", library.call.package, library.call.version));
        }
    }
    None
}

/// Whether the output follows the clock without the variable, every time, and does not with it.
fn uses_epoch(trials: &mut Trials<'_>, expanded: bool) -> bool {
    let with = Settings {
        expanded,
        ..Settings::default()
    };
    let without = Settings {
        unset: Some(NAME),
        ..with.clone()
    };
    let first = trials.run(&without);
    let second = trials.run(&later(trials, &without));
    if first.is_none() || second.is_none() || first == second {
        return false;
    }

    // Once more in turn, and the same with the variable.
    trials.run(&without) == first
        && trials.run(&later(trials, &without)) != first
        && trials
            .run(&with)
            .is_some_and(|outputs| trials.run(&later(trials, &with)) == Some(outputs))
}

/// The same at B's time.
fn later(trials: &Trials<'_>, settings: &Settings) -> Settings {
    Settings {
        clock: trials.clock_ahead(),
        ..settings.clone()
    }
}

/// Whether an executable or library knows the variable's name.
fn knows_name(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| memchr::memmem::find(&bytes, NAME.as_bytes()).is_some())
}
