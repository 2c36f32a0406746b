//! Causes that hide by luck: two builds can agree although a macro or build script lets chance
//! decide.
//!
//! Build scripts are repeated whole, compiler calls up to the source after macros ran, which costs
//! little and differs far more often than the final bytes do. Each time all dice are thrown at
//! once: random numbers, the process's number, addresses, and how long threads wait.

use std::collections::BTreeSet;
use std::time::Duration;

use release_gate::Context;

use super::blame;
use super::decide::Seen;
use super::replay::{Print, Settings, Subject, Trials};
use crate::command::session::Built;
use crate::model::cause::{Cause, Variation};
use crate::model::roots::{Comparison, Root};
use crate::sealed::interposer::Asked;
use crate::sealed::processor::Watch;

/// Throws for what may depend on addresses alone, which nobody asks for: with the two builds and
/// the call repeated as it was, one of two is missed less than once in a hundred times.
const FEW: u32 = 6;
/// Throws for what asks for random numbers, the process's number or threads: one of seven is missed
/// less than once in a hundred times.
const MANY: u32 = 28;
/// Full outputs that are looked at once the source differs.
const MORE: u32 = 32;
/// Calls of the project's own packages that take less are repeated in any case, but no longer than
/// [`PATIENCE`] together.
const CHEAP: Duration = Duration::from_millis(100);
/// Build scripts that ask for no chance are repeated if they take less.
const QUICK: Duration = Duration::from_millis(100);
const PATIENCE: Duration = Duration::from_secs(240);
/// Build scripts that ran longer are not repeated for this.
const LONG: Duration = Duration::from_secs(3);
/// The first seed; others are tried when a difference is explained.
const FIRST_SEED: u32 = 20;

/// A cause that both builds happened not to show.
#[derive(Debug)]
pub(crate) struct Hidden {
    pub(crate) root: Root,
    pub(crate) cause: Cause,
    /// Whether another throw gave another output, not only other expanded source.
    pub(crate) certain: bool,
}

/// What the search found, and what it did not get to.
#[derive(Debug, Default)]
pub(crate) struct Search {
    pub(crate) found: Vec<Hidden>,
    /// Packages whose build scripts ask for chance, or in which macros ran, and that were not
    /// repeated as often as they should, sorted.
    pub(crate) unfinished: Vec<String>,
    /// How many calls were repeated.
    pub(crate) trials: u32,
    /// What is left of the budget.
    pub(crate) left: Duration,
}

/// Looks for them; what dependencies run and what is not cheap is repeated for at most `budget` of
/// processor time.
pub(crate) fn hidden(
    cx: &Context,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    budget: Duration,
) -> Search {
    if a.place.abilities.interposer.is_err() {
        return Search::default();
    }
    let mut purse = Purse {
        own: PATIENCE,
        shared: budget,
        trials: 0,
    };
    let mut search = Search::default();
    let mut unfinished = BTreeSet::new();
    let asked = blame::asked(a, b);
    let mut candidates = scripts(a, b, comparison, &asked);
    candidates.extend(units(a, b, comparison, &asked));
    for most in [FEW, MANY] {
        // What is quick first, so that as much as possible is looked at.
        candidates.sort_by_key(|candidate| candidate.cost);
        for candidate in candidates
            .iter_mut()
            .filter(|candidate| candidate.asks || most == FEW)
        {
            match candidate.repeat(cx, a, b, most, &mut purse) {
                Looked::Same => {}
                Looked::Short => {
                    if candidate.asks || matches!(candidate.root, Root::Unit { .. }) {
                        unfinished.insert(candidate.package.clone());
                    }
                }
                Looked::Differs { seen, throw } => {
                    search
                        .found
                        .extend(candidate.explain(cx, a, b, seen, throw, &mut purse));
                }
            }
        }
        candidates.retain(|candidate| !candidate.over);
    }
    search.unfinished = unfinished.into_iter().collect();
    search.trials = purse.trials;
    search.left = purse.shared;
    search
}

/// Build scripts that said and left the same in both builds.
fn scripts<'a>(
    a: &'a Built,
    b: &'a Built,
    comparison: &Comparison,
    asked: &[Asked],
) -> Vec<Candidate<'a>> {
    let candidate = |(i, run_a): (usize, &'a crate::model::build::ScriptRun)| {
        let known = comparison
            .roots
            .iter()
            .any(|root| matches!(root, Root::Script { a, .. } if *a == i));
        let same = |run: &crate::model::build::ScriptRun| {
            run.package == run_a.package && run.version == run_a.version
        };
        let j = b.build.scripts.iter().position(same).filter(|_| !known)?;
        let subject = Subject::script(a, b, run_a, &b.build.scripts[j])?;
        // Scripts ask the compiler for its version, and that draws numbers, too.
        let asks = asked.iter().any(|line| {
            let own = line.package == run_a.package && line.crate_name.is_empty();
            CHANCE.contains(&line.what.as_str()) && own && !line.is_toolchain()
        });
        let took = subject.took().unwrap_or(LONG);
        Some(Candidate {
            root: Root::Script { a: i, b: j },
            package: run_a.package.clone(),
            own: is_own(a, &subject),
            subject,
            asks,
            cost: took,
            over: false,
            thrown: 0,
            first: None,
        })
    };
    a.build
        .scripts
        .iter()
        .enumerate()
        .filter_map(candidate)
        .collect()
}

/// Equal units in which macros ran.
fn units<'a>(
    a: &'a Built,
    b: &'a Built,
    comparison: &Comparison,
    asked: &[Asked],
) -> Vec<Candidate<'a>> {
    let candidate = |(pair, &(i, j)): (usize, &(usize, usize))| {
        let (unit_a, unit_b) = (&a.build.units[i], &b.build.units[j]);
        let asks = CHANCE
            .iter()
            .any(|what| !blame::askers_in(asked, a, unit_a, what).is_empty());
        let runs_macros = asks || !blame::askers_in(asked, a, unit_a, "macro").is_empty();
        (runs_macros && !comparison.differing.contains(&pair)).then(|| {
            let subject = Subject::unit(a, b, unit_a, unit_b);
            Candidate {
                root: Root::Unit { a: i, b: j },
                package: unit_a.call.package.clone(),
                own: is_own(a, &subject),
                subject,
                asks,
                cost: Duration::ZERO,
                over: false,
                thrown: 0,
                first: None,
            }
        })
    };
    comparison
        .units
        .iter()
        .enumerate()
        .filter_map(candidate)
        .collect()
}

/// Whether a package is the project's, not something that was downloaded.
fn is_own(a: &Built, subject: &Subject<'_>) -> bool {
    subject
        .manifest_dir
        .as_ref()
        .is_some_and(|dir| dir.starts_with(&a.place.source))
}

/// Kinds of chance that are asked for.
const CHANCE: &[&str] = &["random", "process", "threads"];

/// What is left to be spent.
#[derive(Debug)]
struct Purse {
    /// For what is cheap and the project's own.
    own: Duration,
    shared: Duration,
    trials: u32,
}

impl Purse {
    /// Whether a trial of about this cost can be paid.
    fn affords(&self, own: bool, cost: Duration) -> bool {
        let left = if own && cost <= CHEAP {
            self.own
        } else {
            self.shared
        };
        !left.is_zero() && left >= cost
    }

    fn pay(&mut self, own: bool, cost: Duration, all: Duration) {
        let of = if own && cost <= CHEAP {
            &mut self.own
        } else {
            &mut self.shared
        };
        *of = of.saturating_sub(all);
    }
}

/// How a look at a candidate ended.
enum Looked {
    Same,
    /// It cannot be repeated, or there was no time.
    Short,
    Differs {
        seen: Seen,
        throw: Settings,
    },
}

/// Something that may depend on chance.
struct Candidate<'a> {
    root: Root,
    package: String,
    /// Whether it is the project's own.
    own: bool,
    subject: Subject<'a>,
    /// Whether it asks for chance.
    asks: bool,
    /// What a trial takes, as far as that is known.
    cost: Duration,
    /// Whether nothing more is to be done.
    over: bool,
    /// How many throws were made.
    thrown: u32,
    /// What it gives with no dice thrown.
    first: Option<Print>,
}

impl Candidate<'_> {
    /// Throws the dice until there were so many throws, it gives something else, or there is no
    /// time left.
    fn repeat(
        &mut self,
        cx: &Context,
        a: &Built,
        b: &Built,
        most: u32,
        purse: &mut Purse,
    ) -> Looked {
        let mut trials = Trials::new(cx, a, b, &self.subject);
        let base = Settings {
            expanded: trials.compiles(),
            ..Settings::default()
        };
        // Scripts that nobody suspects have to be quick.
        let unsuspected = !self.asks && !base.expanded;
        if unsuspected && self.cost > QUICK
            || self.cost > LONG
            || !purse.affords(self.own, self.cost)
        {
            self.over = true;
            return Looked::Short;
        }
        if self.first.is_none() {
            let watch = Watch::start();
            self.first = trials.run(&base);
            purse.trials += 1;
            let took = watch.time();
            purse.pay(self.own, self.cost, took);
            self.cost = took;
        }
        let Some(first) = self.first.clone() else {
            self.over = true;
            return Looked::Short;
        };
        while self.thrown < most {
            if !purse.affords(self.own, self.cost) {
                self.over = true;
                return Looked::Short;
            }
            let throw = throw(&trials, &base, self.thrown + 1);
            let watch = Watch::start();
            self.thrown += 1;
            purse.trials += 1;
            // A program may not do with a number of its process that is not its own.
            let print = trials.run(&throw).or_else(|| {
                trials.run(&Settings {
                    luck: 0,
                    ..throw.clone()
                })
            });
            let differs = print.as_ref().is_some_and(|print| *print != first);
            purse.pay(self.own, self.cost, watch.time());
            if differs {
                self.over = true;
                let again = trials.run(&base).is_some_and(|again| again == first);
                let seed = trials.run(&Settings {
                    luck: 0,
                    ..throw.clone()
                });
                let seen = if again && seed == print {
                    Seen::Seed(throw.seed)
                } else {
                    Seen::Chance
                };
                return Looked::Differs { seen, throw };
            }
        }
        Looked::Same
    }

    /// The causes of what differs.
    fn explain(
        &self,
        cx: &Context,
        a: &Built,
        b: &Built,
        seen: Seen,
        throw: Settings,
        purse: &mut Purse,
    ) -> Vec<Hidden> {
        let (causes, certain) = match self.root {
            Root::Script { a: i, b: j } => (
                super::script(cx, a, b, &a.build.scripts[i], &b.build.scripts[j], seen),
                true,
            ),
            Root::Unit { a: i, b: j } => {
                let (unit_a, unit_b) = (&a.build.units[i], &b.build.units[j]);
                let shown = self.shown(cx, a, b, throw, purse);
                let known = match (seen, shown) {
                    (Seen::Seed(_), shown) => shown.map_or(Seen::Nothing, Seen::Seed),
                    (seen, _) => seen,
                };
                (
                    super::unit(cx, a, b, unit_a, unit_b, known),
                    shown.is_some(),
                )
            }
        };
        let variation = if seen == Seen::Chance {
            Variation::None
        } else {
            Variation::Entropy
        };
        let one = |mut cause: Cause| {
            if !certain {
                cause.variation = variation;
                cause.evidence = vec![
                    "repeated, its macros make other source, though no other output was seen yet"
                        .to_owned(),
                ];
            }
            let luck = match cause.variation {
                Variation::Entropy => {
                    "builds A and B agreed by luck; under another seed it differs"
                }
                Variation::None => {
                    "builds A and B agreed by luck; repeated, the same call gives another output"
                }
                _ => return None,
            };
            cause.evidence.insert(0, luck.to_owned());
            Some(Hidden {
                root: self.root.clone(),
                cause,
                certain,
            })
        };
        causes.into_iter().filter_map(one).collect()
    }

    /// The seed of the first throw that shows in the output, not only in the source.
    fn shown(
        &self,
        cx: &Context,
        a: &Built,
        b: &Built,
        first: Settings,
        purse: &mut Purse,
    ) -> Option<u32> {
        let mut trials = Trials::new(cx, a, b, &self.subject);
        let watch = Watch::start();
        let output = trials.run(&Settings::default())?;
        let others =
            (MANY + 1..MANY + MORE).map(|number| throw(&trials, &Settings::default(), number));
        let others: Vec<Settings> = std::iter::once(Settings {
            expanded: false,
            ..first
        })
        .chain(others)
        .collect();
        // The first, which made the source differ, is tried in any case.
        others
            .into_iter()
            .enumerate()
            .take_while(|(at, _)| *at == 0 || watch.time() < (a.cost / 8).max(LONG))
            .map(|(_, throw)| throw)
            .find(|throw| {
                purse.trials += 1;
                trials.run(throw).is_some_and(|print| print != output)
            })
            .map(|throw| throw.seed)
    }
}

/// All dice, thrown for the given time.
fn throw(trials: &Trials<'_>, base: &Settings, number: u32) -> Settings {
    let seed = if trials.pins("entropy") {
        base.seed
    } else {
        FIRST_SEED + number
    };
    Settings {
        seed,
        luck: number,
        ..base.clone()
    }
}
