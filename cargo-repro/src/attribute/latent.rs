//! Causes that hide by luck: two builds can agree although a macro or build script lets chance
//! decide.
//!
//! Build scripts are repeated whole, compiler calls up to the source after macros ran, which costs
//! little and differs far more often than the final bytes do. Each sample perturbs everything at
//! once: random numbers, the process's number, addresses, and how long threads wait.
//!
//! The statistics. What asks for chance is sampled [`MANY`] times: an output that comes once in
//! seven times is missed with a probability of (6/7)^28, about one in a hundred. What asks for
//! nothing may still depend on addresses; [`FEW`] samples and the two builds miss one of two outputs
//! with a probability of less than one in a hundred. What is quick is looked at first, so that a
//! limited budget looks at as much as it can.

use std::collections::BTreeSet;
use std::time::Duration;

use release_gate::facts::report::repro::{Cause, Variation};

use super::blame;
use super::experiment::Experiment;
use super::explain::{explain_script, explain_unit};
use super::outputs::Outputs;
use super::replay::Trials;
use super::search::Seen;
use super::settings::Settings;
use super::subject::Subject;
use crate::model::build::ScriptRun;
use crate::model::roots::Root;
use crate::sealed::interposer::Asked;
use crate::sealed::processor::Watch;

/// Samples of what may depend on addresses alone, which nobody asks for.
const FEW: u32 = 6;
/// Samples of what asks for random numbers, the process's number or threads.
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
/// Kinds of chance that are asked for.
const CHANCE: &[&str] = &["random", "process", "threads"];

/// A cause that both builds happened not to show.
#[derive(Debug)]
pub(crate) struct Latent {
    pub(crate) root: Root,
    pub(crate) cause: Cause,
    /// Whether another sample gave another output, not only other expanded source.
    pub(crate) certain: bool,
}

/// What the search found, and what it did not get to.
#[derive(Debug, Default)]
pub(crate) struct LatentSearch {
    pub(crate) found: Vec<Latent>,
    /// Packages whose build scripts ask for chance, or in which macros ran, and that were not
    /// repeated as often as they should, sorted.
    pub(crate) unfinished: Vec<String>,
    /// How many calls were repeated.
    pub(crate) trials: u32,
    /// What is left of the budget.
    pub(crate) left: Duration,
}

/// Looks for them; what dependencies run and what is not cheap is repeated for at most so much
/// processor time.
pub(crate) fn find_latent(experiment: &Experiment<'_>, limit: Duration) -> LatentSearch {
    if !experiment.has_interposer() {
        return LatentSearch::default();
    }
    let mut budget = Budget {
        own: PATIENCE,
        shared: limit,
        trials: 0,
    };
    let mut search = LatentSearch::default();
    let mut unfinished = BTreeSet::new();
    let asked = experiment.asked();
    let mut candidates = equal_scripts(experiment, &asked);
    candidates.extend(equal_units(experiment, &asked));

    for most in [FEW, MANY] {
        // What is quick first, so that as much as possible is looked at.
        candidates.sort_by_key(|candidate| candidate.cost);
        for candidate in &mut candidates {
            if !candidate.asks && most != FEW {
                continue;
            }
            match candidate.repeat(experiment, most, &mut budget) {
                Looked::Same => {}
                Looked::Short => {
                    if candidate.asks || matches!(candidate.root, Root::Unit { .. }) {
                        unfinished.insert(candidate.package.clone());
                    }
                }
                Looked::Differs { seen, sample } => {
                    let found = candidate.explain(experiment, seen, sample, &mut budget);
                    search.found.extend(found);
                }
            }
        }
        candidates.retain(|candidate| !candidate.over);
    }

    search.unfinished = unfinished.into_iter().collect();
    search.trials = budget.trials;
    search.left = budget.shared;
    search
}

/// Build scripts that said and left the same in both builds.
fn equal_scripts<'a>(experiment: &Experiment<'a>, asked: &[Asked]) -> Vec<Candidate<'a>> {
    let runs = experiment.a.build.scripts.iter().enumerate();
    runs.filter_map(|(at, run)| equal_script(experiment, asked, at, run))
        .collect()
}

fn equal_script<'a>(
    experiment: &Experiment<'a>,
    asked: &[Asked],
    at: usize,
    run: &ScriptRun,
) -> Option<Candidate<'a>> {
    let differs = experiment
        .comparison
        .roots
        .iter()
        .any(|root| matches!(root, Root::Script { a, .. } if *a == at));
    if differs {
        return None;
    }
    let others = &experiment.b.build.scripts;
    let other = others
        .iter()
        .position(|other| other.package == run.package && other.version == run.version)?;
    let subject = Subject::script(experiment, run, &others[other])?;

    // Scripts ask the compiler for its version, and that draws numbers, too.
    let asks = asked.iter().any(|line| {
        let own = line.package == run.package && line.crate_name.is_empty();
        CHANCE.contains(&line.what.as_str()) && own && !line.is_toolchain()
    });
    Some(Candidate {
        root: Root::Script { a: at, b: other },
        package: run.package.clone(),
        own: is_own(experiment, &subject),
        cost: subject.run_time().unwrap_or(LONG),
        subject,
        asks,
        over: false,
        sampled: 0,
        first: None,
    })
}

/// Equal units in which macros ran.
fn equal_units<'a>(experiment: &Experiment<'a>, asked: &[Asked]) -> Vec<Candidate<'a>> {
    let comparison = experiment.comparison;
    let (a, b) = (&experiment.a.build, &experiment.b.build);
    let mut candidates = Vec::new();

    for (pair, &(i, j)) in comparison.units.iter().enumerate() {
        let unit = &a.units[i];
        let asks = CHANCE
            .iter()
            .any(|what| !blame::askers(asked, a, unit, what).is_empty());
        let runs_macros = asks || !blame::askers(asked, a, unit, "macro").is_empty();
        if !runs_macros || comparison.differing.contains(&pair) {
            continue;
        }
        let subject = Subject::unit(unit, &b.units[j]);
        candidates.push(Candidate {
            root: Root::Unit { a: i, b: j },
            package: unit.call.package.clone(),
            own: is_own(experiment, &subject),
            subject,
            asks,
            cost: Duration::ZERO,
            over: false,
            sampled: 0,
            first: None,
        });
    }
    candidates
}

/// Whether a package is the project's, not something that was downloaded.
fn is_own(experiment: &Experiment<'_>, subject: &Subject<'_>) -> bool {
    subject
        .manifest_dir
        .as_ref()
        .is_some_and(|dir| dir.starts_with(&experiment.a.sandbox.source))
}

/// What is left to be spent.
#[derive(Debug)]
struct Budget {
    /// For what is cheap and the project's own.
    own: Duration,
    shared: Duration,
    trials: u32,
}

impl Budget {
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
        sample: Settings,
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
    /// How many samples were taken.
    sampled: u32,
    /// What it gives with nothing perturbed.
    first: Option<Outputs>,
}

impl Candidate<'_> {
    /// Samples until there were so many samples, it gives something else, or there is no time left.
    fn repeat(&mut self, experiment: &Experiment<'_>, most: u32, budget: &mut Budget) -> Looked {
        let base = Settings {
            expanded: self.subject.unit.is_some(),
            ..Settings::default()
        };
        if self.is_too_slow() || !budget.affords(self.own, self.cost) {
            self.over = true;
            return Looked::Short;
        }
        let Some(first) = self.run_first(experiment, &base, budget) else {
            self.over = true;
            return Looked::Short;
        };

        while self.sampled < most {
            if !budget.affords(self.own, self.cost) {
                self.over = true;
                return Looked::Short;
            }
            self.sampled += 1;
            if let Some(differs) = self.take_sample(experiment, &base, &first, budget) {
                self.over = true;
                return differs;
            }
        }
        Looked::Same
    }

    /// Scripts that nobody suspects have to be quick.
    fn is_too_slow(&self) -> bool {
        let unsuspected = !self.asks && self.subject.unit.is_none();
        unsuspected && self.cost > QUICK || self.cost > LONG
    }

    /// What it gives with nothing perturbed, and what that costs.
    fn run_first(
        &mut self,
        experiment: &Experiment<'_>,
        base: &Settings,
        budget: &mut Budget,
    ) -> Option<Outputs> {
        if self.first.is_none() {
            let watch = Watch::start();
            self.first = Trials::new(experiment, &self.subject).run(base);
            budget.trials += 1;
            let run_time = watch.time();
            budget.pay(self.own, self.cost, run_time);
            self.cost = run_time;
        }
        self.first.clone()
    }

    /// One sample; `None` if it gives the same.
    fn take_sample(
        &self,
        experiment: &Experiment<'_>,
        base: &Settings,
        first: &Outputs,
        budget: &mut Budget,
    ) -> Option<Looked> {
        let mut trials = Trials::new(experiment, &self.subject);
        let sampled = sample(&trials, base, self.sampled);
        // A program may not do with a number of its process that is not its own.
        let unperturbed = Settings {
            perturbation: 0,
            ..sampled.clone()
        };
        let watch = Watch::start();
        budget.trials += 1;
        let outputs = trials.run(&sampled).or_else(|| trials.run(&unperturbed));
        budget.pay(self.own, self.cost, watch.time());
        if outputs.as_ref().is_none_or(|outputs| outputs == first) {
            return None;
        }

        // Whether it is the seed: then the same seed gives the same with nothing else perturbed.
        let steady = trials.run(base).is_some_and(|again| again == *first);
        let by_seed = trials.run(&unperturbed);
        let seen = if steady && by_seed == outputs {
            Seen::Seed(sampled.seed)
        } else {
            Seen::Chance
        };
        Some(Looked::Differs {
            seen,
            sample: sampled,
        })
    }

    /// The causes of what differs.
    fn explain(
        &self,
        experiment: &Experiment<'_>,
        seen: Seen,
        sample: Settings,
        budget: &mut Budget,
    ) -> Vec<Latent> {
        let (a, b) = (&experiment.a.build, &experiment.b.build);
        let (causes, certain) = match self.root {
            Root::Script { a: i, b: j } => {
                let causes = explain_script(experiment, &a.scripts[i], &b.scripts[j], seen);
                (causes, true)
            }
            Root::Unit { a: i, b: j } => {
                let shown = self.seed_that_shows(experiment, sample, budget);
                let known = match (seen, shown) {
                    (Seen::Seed(_), shown) => shown.map_or(Seen::Nothing, Seen::Seed),
                    (seen, _) => seen,
                };
                let causes = explain_unit(experiment, &a.units[i], &b.units[j], known);
                (causes, shown.is_some())
            }
        };

        let uncertain = if seen == Seen::Chance {
            Variation::None
        } else {
            Variation::Entropy
        };
        causes
            .into_iter()
            .filter_map(|cause| self.latent(cause, (!certain).then_some(uncertain)))
            .collect()
    }

    /// A cause with how it hid; where only the source differs, it is `uncertain`.
    fn latent(&self, mut cause: Cause, uncertain: Option<Variation>) -> Option<Latent> {
        if let Some(variation) = uncertain {
            cause.variation = variation;
            cause.evidence = vec![
                "repeated, its macros make other source, though no other output was seen yet"
                    .to_owned(),
            ];
        }
        let how = match cause.variation {
            Variation::Entropy => "builds A and B agreed by luck; under another seed it differs",
            Variation::None => {
                "builds A and B agreed by luck; repeated, the same call gives another output"
            }
            _ => return None,
        };
        cause.evidence.insert(0, how.to_owned());
        Some(Latent {
            root: self.root.clone(),
            cause,
            certain: uncertain.is_none(),
        })
    }

    /// The seed of the first sample that shows in the output, not only in the source.
    fn seed_that_shows(
        &self,
        experiment: &Experiment<'_>,
        first: Settings,
        budget: &mut Budget,
    ) -> Option<u32> {
        let mut trials = Trials::new(experiment, &self.subject);
        let watch = Watch::start();
        let limit = (experiment.a.cost / 8).max(LONG);
        let output = trials.run(&Settings::default())?;

        // The first, which made the source differ, is tried in any case.
        let mut samples = vec![Settings {
            expanded: false,
            ..first
        }];
        let numbers = MANY + 1..MANY + MORE;
        samples.extend(numbers.map(|number| sample(&trials, &Settings::default(), number)));
        for (at, sample) in samples.into_iter().enumerate() {
            if at > 0 && watch.time() >= limit {
                break;
            }
            budget.trials += 1;
            if trials.run(&sample).is_some_and(|outputs| outputs != output) {
                return Some(sample.seed);
            }
        }
        None
    }
}

/// The sample of a number: everything that is chance, perturbed.
fn sample(trials: &Trials<'_>, base: &Settings, number: u32) -> Settings {
    let seed = if trials.pins("entropy") {
        base.seed
    } else {
        FIRST_SEED + number
    };
    Settings {
        seed,
        perturbation: number,
        ..base.clone()
    }
}
