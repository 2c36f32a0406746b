//! Chance: whether a call gives the same output every time, and what stops it if not.
//!
//! The statistics. A call that varies seldom gives the same output several times in a row by luck,
//! so "it came out equal n times with threads stopped" means little before one knows how often it
//! comes out equal with nothing stopped. The call is therefore sampled first with nothing stopped.
//! If its most frequent output came `most` times of `samples`, the next output is that one with a
//! probability of about (most + 1) / (samples + 2), Laplace's rule of succession, and a row of n
//! equal ones has that probability to the power of n. The row has to be long enough for this to be
//! below one in a thousand. Both kinds of trials are made in turn, so that what varies seldom has
//! the same chance to show in either.

use std::time::Duration;

use release_gate::facts::report::repro::Variation;

use super::factors::{Factor, Found};
use super::outputs::Outputs;
use super::replay::Trials;
use super::settings::{Isolation, Settings};
use crate::sealed::processor::Watch;

/// How often a call is repeated before it is believed to give the same output every time.
pub(super) const STEADY: usize = 4;
/// How often a call that does not is repeated to see how it varies.
pub(super) const SAMPLES: usize = 12;
/// Trials of one thing that stops chance: what needs more to be told from luck is not offered.
const MOST: usize = 40;
/// A row of equal outputs that is less likely than this is no luck.
const UNLIKELY: f64 = 0.001;
/// No more time is spent on chance.
const PATIENCE: Duration = Duration::from_secs(120);

/// What can be stopped: the word of `[repro] pin`, and what decides if stopping it helps.
const STOPPABLE: &[(&str, Isolation, &str)] = &[
    (
        "process",
        Isolation::PROCESS,
        "the number of the process decides",
    ),
    ("addresses", Isolation::ADDRESSES, "memory addresses decide"),
    (
        "threads",
        Isolation::THREADS,
        "the order in which threads run decides",
    ),
    ("", Isolation::ALL, "processes, addresses or threads decide"),
];

/// Chance as a cause, and what stops it, with the output it then has.
#[derive(Debug)]
pub(super) struct Chance {
    pub(super) found: Found,
    pub(super) stopped: Option<Stopped>,
}

/// What stops chance, and the output the call then gives.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) isolation: Isolation,
    pub(super) outputs: Outputs,
    /// What decides.
    words: &'static str,
}

/// Whether a call repeated as it is gives the same output every time, whatever number its process
/// has and however its threads run.
pub(super) fn is_steady(trials: &mut Trials<'_>, base: &Settings, first: &Outputs) -> bool {
    (1..STEADY)
        .all(|number| run_sample(trials, base, number).is_some_and(|outputs| outputs == *first))
}

/// A trial under another sample of chance; without where a program cannot do with a number of its
/// process that is not its own.
pub(super) fn run_sample(
    trials: &mut Trials<'_>,
    base: &Settings,
    number: usize,
) -> Option<Outputs> {
    let sampled = Settings {
        perturbation: u32::try_from(number).unwrap_or(1),
        ..base.clone()
    };
    trials.run(&sampled).or_else(|| trials.run(base))
}

/// How many equal outputs in a row are luck less than once in a thousand times, for a call whose
/// most frequent output came `most` times of `samples`.
fn repeats_needed(most: usize, samples: usize) -> usize {
    let probability = (most + 1) as f64 / (samples + 2) as f64;
    let mut row = 1.0_f64;
    let length = (1..=MOST + 1).find(|_| {
        row *= probability;
        row < UNLIKELY
    });
    length.unwrap_or(MOST + 1).max(STEADY)
}

/// Chance: what the outputs depend on when nothing is varied, as far as it can be stopped.
pub(super) fn explain_chance(trials: &mut Trials<'_>) -> Chance {
    // Processor time, so that a busy machine looks at as much as an idle one.
    let watch = Watch::start();
    let mut sampling = Sampling::start(trials, &watch);

    let stopped = STOPPABLE
        .iter()
        .find_map(|(word, isolation, words)| sampling.stopped_by(word, *isolation, words));
    let words = stopped.as_ref().map_or(
        "repeated in the same place, the same call gives another output",
        |stopped| stopped.words,
    );
    let found = Found {
        variation: Variation::None,
        factors: vec![Factor::Chance],
        evidence: vec![words.to_owned()],
        fix: None,
        through: None,
        expanded: false,
    };
    Chance { found, stopped }
}

/// How a call varies with nothing stopped.
struct Sampling<'t, 'a> {
    trials: &'t mut Trials<'a>,
    watch: &'t Watch,
    base: Settings,
    samples: Vec<Outputs>,
}

impl<'t, 'a> Sampling<'t, 'a> {
    /// Repeats the call until it is known how it varies, or time is over.
    fn start(trials: &'t mut Trials<'a>, watch: &'t Watch) -> Self {
        let mut base = Settings {
            expanded: trials.compiles(),
            ..Settings::default()
        };
        let mut samples: Vec<Outputs> = Vec::new();
        if base.expanded {
            // The source after macros ran is quicker to have, where it tells.
            samples.extend((1..=2 * STEADY).filter_map(|at| run_sample(trials, &base, at)));
            if all_equal(&samples) {
                base.expanded = false;
                samples.clear();
            }
        }

        while (samples.len() < SAMPLES || samples.len() < MOST && all_equal(&samples))
            && watch.time() < PATIENCE / 2
        {
            match run_sample(trials, &base, samples.len() + 1) {
                Some(outputs) => samples.push(outputs),
                None => break,
            }
        }
        Self {
            trials,
            watch,
            base,
            samples,
        }
    }

    /// How long a row of equal outputs has to be, by all that was sampled so far.
    fn row_needed(&self) -> usize {
        let most = self
            .samples
            .iter()
            .map(|one| self.samples.iter().filter(|other| *other == one).count())
            .max();
        repeats_needed(most.unwrap_or(0), self.samples.len())
    }

    /// Whether the call always gives the same with something stopped, by a row that is no luck.
    fn stopped_by(
        &mut self,
        word: &str,
        isolation: Isolation,
        words: &'static str,
    ) -> Option<Stopped> {
        let wanted = self.row_needed();
        if self.trials.pins(word) || wanted > MOST || self.samples.len() < STEADY {
            return None;
        }
        let settings = Settings {
            isolation,
            ..self.base.clone()
        };
        let first = self.trials.run(&settings)?;

        let mut row = 1;
        while row < wanted.max(self.row_needed()).min(MOST) && self.watch.time() < PATIENCE {
            if run_sample(self.trials, &settings, row).is_none_or(|again| again != first) {
                break;
            }
            row += 1;
            // In turn, so that what varies seldom has the same chance to show.
            if row <= STEADY {
                let number = 2 * SAMPLES + self.samples.len();
                self.samples
                    .extend(run_sample(self.trials, &self.base, number));
            }
        }
        if row < wanted.max(self.row_needed()) {
            return None;
        }

        // It is the output that has to stay, not only the source.
        let outputs = if self.base.expanded {
            self.trials.run(&Settings {
                expanded: false,
                ..settings
            })?
        } else {
            first
        };
        Some(Stopped {
            isolation,
            outputs,
            words,
        })
    }
}

fn all_equal(samples: &[Outputs]) -> bool {
    samples.iter().all(|outputs| *outputs == samples[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_seldom_has_to_be_equal_more_often() {
        // Each time another one: few repeats tell.
        assert_eq!(repeats_needed(1, SAMPLES), STEADY);
        // One of two: nine heads in a row are luck.
        assert!(
            (6..=10).contains(&repeats_needed(6, SAMPLES)),
            "{}",
            repeats_needed(6, SAMPLES)
        );
        // Nearly always the same: nothing can be told.
        assert!(repeats_needed(SAMPLES, SAMPLES) > MOST);
    }
}
