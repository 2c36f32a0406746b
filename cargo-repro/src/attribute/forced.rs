//! Causes that hide by luck: two builds can agree although a macro or build script lets random numbers decide.
//!
//! What asked for random numbers is repeated under other seeds: build scripts whole, compiler calls up to the source after
//! macros ran, which costs little and differs far more often than the final bytes do.

use std::time::{Duration, Instant};

use release_gate::Context;

use super::blame;
use super::replay::{Settings, Subject, Trials};
use crate::command::session::Built;
use crate::model::cause::{Cause, Variation};
use crate::model::roots::{Comparison, Root};

/// Seeds under which the source after macros ran is looked at, and build scripts are repeated.
///
/// A cause that shows under one seed in seven is missed once in a hundred times.
const SEEDS: std::ops::Range<u32> = 20..52;
/// Seeds under which the output is looked for once the source differs.
const MORE: std::ops::Range<u32> = 52..84;
/// Build scripts that ran longer are not repeated for this.
const LONG: Duration = Duration::from_secs(3);

/// A cause that both builds happened not to show.
#[derive(Debug)]
pub(crate) struct Hidden {
    pub(crate) root: Root,
    pub(crate) cause: Cause,
    /// Whether another seed gave another output, not only other expanded source.
    pub(crate) certain: bool,
}

/// What the search found, and what it did not get to.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) found: Vec<Hidden>,
    /// Packages whose build scripts or units ask for random numbers and were not repeated under every seed, sorted.
    pub(crate) unfinished: Vec<String>,
    /// How many calls were repeated.
    pub(crate) trials: u32,
}

/// Looks for them, in at most `budget`.
pub(crate) fn hidden(
    cx: &Context,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    budget: Duration,
) -> Search {
    let mut found = Vec::new();
    let mut unfinished = std::collections::BTreeSet::new();
    if a.place.abilities.interposer.is_err() || a.place.pins("entropy") {
        return Search::default();
    }
    let mut tried = 0;
    // Only the search counts, not the explanation of what it finds.
    let mut left = budget;
    let asked = blame::asked(a, b);
    for (i, run_a) in a.build.scripts.iter().enumerate() {
        let known = comparison.roots.iter().any(|root| matches!(root, Root::Script { a, .. } if *a == i));
        // Scripts ask the compiler for its version, and that draws numbers, too.
        let asks = asked.iter().any(|line| {
            let own = line.package == run_a.package && line.crate_name.is_empty();
            line.what == "random" && own && !line.is_toolchain()
        });
        let same = |run: &&crate::model::build::ScriptRun| {
            run.package == run_a.package && run.version == run_a.version
        };
        let (Some(j), false, true) = (b.build.scripts.iter().position(|run| same(&run)), known, asks) else {
            continue;
        };
        let run_b = &b.build.scripts[j];
        let Some(subject) = Subject::script(a, b, run_a, run_b) else { continue };
        if left.is_zero() || subject.took().is_none_or(|took| took > LONG) {
            unfinished.insert(run_a.package.clone());
            continue;
        }
        let mut trials = Trials::new(cx, a, b, &subject);
        let seed = other(&mut trials, SEEDS, false, &mut left, &mut tried);
        if seed.is_none() && left.is_zero() {
            unfinished.insert(run_a.package.clone());
        }
        if let Some(seed) = seed {
            let causes = super::script(cx, a, b, run_a, run_b, Some(seed));
            let causes = causes.into_iter().filter(|cause| cause.variation == Variation::Entropy);
            let root = Root::Script { a: i, b: j };
            found.extend(causes.map(|cause| Hidden { root: root.clone(), cause, certain: true }));
        }
    }
    for (pair, &(i, j)) in comparison.units.iter().enumerate() {
        let (unit_a, unit_b) = (&a.build.units[i], &b.build.units[j]);
        if comparison.differing.contains(&pair) || blame::askers(a, b, unit_a, "random").is_empty() {
            continue;
        }
        if left.is_zero() {
            unfinished.insert(unit_a.call.package.clone());
            continue;
        }
        let subject = Subject::unit(a, b, unit_a, unit_b);
        let mut trials = Trials::new(cx, a, b, &subject);
        let Some(seen) = other(&mut trials, SEEDS, true, &mut left, &mut tried) else {
            if left.is_zero() {
                unfinished.insert(unit_a.call.package.clone());
            }
            continue;
        };
        let seed = other(&mut trials, std::iter::once(seen).chain(MORE), false, &mut left, &mut tried);
        let root = Root::Unit { a: i, b: j };
        let causes = super::unit(cx, a, b, unit_a, unit_b, seed);
        let certain = seed.is_some();
        let causes = causes.into_iter().map(|mut cause| {
            if !certain {
                cause.variation = Variation::Entropy;
                cause.evidence = vec![
                    "under another seed its macros make other source, though no other output was seen yet"
                        .to_owned(),
                ];
            }
            cause
        });
        let causes = causes.filter(|cause| cause.variation == Variation::Entropy);
        found.extend(causes.map(|cause| Hidden { root: root.clone(), cause, certain }));
    }
    for hidden in &mut found {
        hidden
            .cause
            .evidence
            .insert(0, "builds A and B agreed by luck; under another seed it differs".to_owned());
    }
    Search { found, unfinished: unfinished.into_iter().collect(), trials: tried }
}

/// The first seed under which a call's output, or its source after macros ran, is another.
fn other(
    trials: &mut Trials<'_>,
    seeds: impl IntoIterator<Item = u32>,
    expanded: bool,
    left: &mut Duration,
    tried: &mut u32,
) -> Option<u32> {
    let begun = Instant::now();
    let base = Settings { expanded, ..Settings::default() };
    let mut run = |settings: &Settings| {
        *tried += 1;
        trials.run(settings)
    };
    let first = run(&base)?;
    let found = seeds
        .into_iter()
        .take_while(|_| begun.elapsed() < *left)
        .find(|seed| run(&Settings { seed: *seed, ..base.clone() }).is_some_and(|print| print != first));
    // What differs without another seed is chance of another kind, and not looked for here.
    let found = found.filter(|_| run(&base).is_some_and(|again| again == first));
    *left = left.saturating_sub(begun.elapsed());
    found
}
