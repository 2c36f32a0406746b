//! Chance: whether a call gives the same output every time, and what stops it if not.

use std::time::Duration;

use super::factors::{Factor, Found};
use super::replay::{Print, Quiet, Settings, Trials};
use crate::model::cause::Variation;
use crate::sealed::processor::Watch;

/// How often a call is repeated before it is believed to give the same output every time.
pub(super) const STEADY: usize = 4;
/// How often a call that does not is repeated to see how it varies.
pub(super) const SAMPLES: usize = 12;
/// Trials of one thing that stops chance: what needs more to be told from luck is not offered.
const MOST: usize = 40;
/// No more time is spent on chance.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether a call repeated as it is gives the same output every time, whatever number its process
/// has and however its threads run.
pub(super) fn steady(trials: &mut Trials<'_>, base: &Settings, first: &Print) -> bool {
    (1..STEADY).all(|luck| thrown(trials, base, luck).is_some_and(|print| print == *first))
}

/// A trial under another throw of the dice; without where a program cannot do with a number of its
/// process that is not its own.
pub(super) fn thrown(trials: &mut Trials<'_>, base: &Settings, luck: usize) -> Option<Print> {
    let luck = u32::try_from(luck).unwrap_or(1);
    trials
        .run(&Settings {
            luck,
            ..base.clone()
        })
        .or_else(|| trials.run(base))
}

/// How many equal outputs in a row are luck less than once in a thousand times, for a call whose
/// most frequent output came `most` times of `samples`.
fn repeats(most: usize, samples: usize) -> usize {
    // The next output is that one with about this chance (Laplace), and all of a row with its
    // power.
    let (above, below) = ((most + 1) as f64, (samples + 2) as f64);
    let mut row = 1.0_f64;
    let number = (1..=MOST + 1).find(|_| {
        row *= above / below;
        row < 0.001
    });
    number.unwrap_or(MOST + 1).max(STEADY)
}

/// Chance: what the outputs depend on when nothing is varied, as far as it can be stopped.
///
/// A call of few outputs gives the same one several times in a row by luck, so how often it has to
/// come out equal with something stopped follows from how it varies with nothing stopped. Both are
/// repeated in turn.
pub(super) fn chance(trials: &mut Trials<'_>) -> (Found, Option<(Quiet, Print)>) {
    let quiets = [
        (
            "process",
            Quiet {
                process: true,
                ..Quiet::default()
            },
            "the number of the process decides",
        ),
        (
            "addresses",
            Quiet {
                addresses: true,
                ..Quiet::default()
            },
            "memory addresses decide",
        ),
        (
            "threads",
            Quiet {
                threads: true,
                ..Quiet::default()
            },
            "the order in which threads run decides",
        ),
        (
            "",
            Quiet {
                process: true,
                addresses: true,
                threads: true,
            },
            "processes, addresses or threads decide",
        ),
    ];
    // Processor time, so that a busy machine looks at as much as an idle one.
    let watch = Watch::start();
    let spent = || watch.time();
    let equal = |samples: &[Print]| samples.iter().all(|print| *print == samples[0]);
    let mut base = Settings {
        expanded: trials.compiles(),
        ..Settings::default()
    };
    let mut samples: Vec<Print> = Vec::new();
    if base.expanded {
        // The source after macros ran is quicker to have, where it tells.
        samples.extend((1..=2 * STEADY).filter_map(|luck| thrown(trials, &base, luck)));
        if equal(&samples) {
            (base.expanded, samples) = (false, Vec::new());
        }
    }
    while (samples.len() < SAMPLES || samples.len() < MOST && equal(&samples))
        && spent() < PATIENCE / 2
    {
        match thrown(trials, &base, samples.len() + 1) {
            Some(print) => samples.push(print),
            None => break,
        }
    }
    let most = |samples: &[Print]| {
        samples
            .iter()
            .map(|one| samples.iter().filter(|other| *other == one).count())
            .max()
            .unwrap_or(0)
    };
    let mut still = None;
    for (word, quiet, words) in quiets {
        let settings = Settings {
            quiet,
            ..base.clone()
        };
        let wanted = repeats(most(&samples), samples.len());
        if trials.pins(word) || wanted > MOST || samples.len() < STEADY {
            continue;
        }
        let Some(print) = trials.run(&settings) else {
            continue;
        };
        let mut equal = 1;
        while equal < wanted.max(repeats(most(&samples), samples.len())).min(MOST)
            && spent() < PATIENCE
        {
            if thrown(trials, &settings, equal).is_none_or(|again| again != print) {
                break;
            }
            equal += 1;
            // In turn, so that what varies seldom has the same chance to show.
            if equal <= STEADY {
                samples.extend(thrown(trials, &base, 2 * SAMPLES + samples.len()));
            }
        }
        if equal >= wanted.max(repeats(most(&samples), samples.len())) {
            // It is the output that has to stay.
            let output = Settings {
                expanded: false,
                ..settings
            };
            let print = if base.expanded {
                trials.run(&output)
            } else {
                Some(print)
            };
            still = print.map(|print| (quiet, words, print));
            break;
        }
    }
    let words = still.as_ref().map_or(
        "repeated in the same place, the same call gives another output",
        |(_, words, _)| words,
    );
    let found = Found {
        variation: Variation::None,
        factors: vec![Factor::Chance],
        evidence: vec![words.to_owned()],
        fix: None,
        through: None,
        expanded: false,
    };
    (found, still.map(|(quiet, _, print)| (quiet, print)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_seldom_has_to_be_equal_more_often() {
        // Each time another one: few repeats tell.
        assert_eq!(repeats(1, SAMPLES), STEADY);
        // One of two: nine heads in a row are luck.
        assert!(
            (6..=10).contains(&repeats(6, SAMPLES)),
            "{}",
            repeats(6, SAMPLES)
        );
        // Nearly always the same: nothing can be told.
        assert!(repeats(SAMPLES, SAMPLES) > MOST);
    }
}
