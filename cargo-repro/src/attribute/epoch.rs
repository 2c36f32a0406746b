//! Who takes the time from SOURCE_DATE_EPOCH, which sealed builds set and plain ones do not:
//! without it they embed the clock's.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use release_gate::Context;

use super::blame;
use super::replay::{Settings, Subject, Trials};
use crate::command::session::Built;
use crate::model::roots::{Comparison, Root};
use crate::sealed::processor::Watch;

/// The variable.
pub(super) const NAME: &str = "SOURCE_DATE_EPOCH";
/// Units in which the macros of one library are tried.
const UNITS: usize = 4;
/// Build scripts that ran no longer are always tried.
const QUICK: Duration = Duration::from_millis(500);

/// Packages whose build scripts or macros were shown to give the same with the variable set and not
/// without, sorted, as `name version`.
pub(crate) fn takers(
    cx: &Context,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    budget: Duration,
) -> Vec<String> {
    let mut found = BTreeSet::new();
    if a.place.abilities.interposer.is_err() || a.place.pins("time") {
        return Vec::new();
    }
    // Only trials count, not the search for whom to try.
    let mut left = budget;
    let clock = b.place.conditions.clock;
    for (i, run_a) in a.build.scripts.iter().enumerate() {
        let known = comparison
            .roots
            .iter()
            .any(|root| matches!(root, Root::Script { a, .. } if *a == i));
        let same = |run: &&crate::model::build::ScriptRun| {
            run.package == run_a.package && run.version == run_a.version
        };
        let Some(run_b) = b.build.scripts.iter().find(same).filter(|_| !known) else {
            continue;
        };
        let Some(subject) = Subject::script(a, b, run_a, run_b) else {
            continue;
        };
        // Two trials at least.
        let short = |took| took <= QUICK || took * 2 <= left;
        if !subject.took().is_some_and(short) || !names(&subject.a.program) {
            continue;
        }
        let watch = Watch::start();
        if takes(&mut Trials::new(cx, a, b, &subject), false, clock) {
            found.insert(format!("{} {}", run_a.package, run_a.version));
        }
        left = left.saturating_sub(watch.time());
    }
    for library in a
        .build
        .units
        .iter()
        .filter(|unit| unit.call.is_proc_macro())
    {
        let name = format!("lib{}{}", library.stem(), std::env::consts::DLL_SUFFIX);
        if !names(&library.call.out_dir.join(name)) {
            continue;
        }
        let users = comparison
            .units
            .iter()
            .enumerate()
            .filter(|(pair, (i, _))| {
                let below = blame::below(a, &a.build.units[*i]);
                !comparison.differing.contains(pair)
                    && below.iter().any(|unit| unit.stem() == library.stem())
            });
        for (at, (_, &(i, j))) in users.take(UNITS).enumerate() {
            if at > 0 && left.is_zero() {
                break;
            }
            let watch = Watch::start();
            let subject = Subject::unit(a, b, &a.build.units[i], &b.build.units[j]);
            let is = takes(&mut Trials::new(cx, a, b, &subject), true, clock);
            left = left.saturating_sub(watch.time());
            if is {
                found.insert(format!("{} {}", library.call.package, library.call.version));
                break;
            }
        }
    }
    found.into_iter().collect()
}

/// Whether the output follows the clock without the variable, every time, and does not with it.
fn takes(trials: &mut Trials<'_>, expanded: bool, clock: u64) -> bool {
    let with = Settings {
        expanded,
        ..Settings::default()
    };
    let without = Settings {
        unset: Some(NAME),
        ..with.clone()
    };
    let later = |settings: &Settings| Settings {
        clock,
        ..settings.clone()
    };
    let Some(plain) = trials.run(&without) else {
        return false;
    };
    let follows = |trials: &mut Trials<'_>| {
        trials
            .run(&later(&without))
            .is_some_and(|print| print != plain)
    };
    follows(trials)
        && trials.run(&without).is_some_and(|print| print == plain)
        && follows(trials)
        && trials
            .run(&with)
            .is_some_and(|one| trials.run(&later(&with)).is_some_and(|other| one == other))
}

/// Whether an executable or library knows the variable's name.
fn names(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| memchr::memmem::find(&bytes, NAME.as_bytes()).is_some())
}
