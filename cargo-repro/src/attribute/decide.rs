//! What decides: one call is repeated with one thing varied at a time, then with everything varied
//! but what was found.

use super::chance::{SAMPLES, STEADY, chance, steady, thrown};
use super::factors::{Factor, Found};
use super::fixes;
use super::replay::{At, Print, Quiet, Settings, Trials};
use crate::command::session::Built;
use crate::model::cause::Variation;

/// Seeds that are tried against the first.
const SEEDS: std::ops::Range<u32> = 12..17;
/// Seeds that are tried where nothing decides although the builds differ: some macros change their
/// minds seldom.
const MORE: std::ops::Range<u32> = 17..80;

/// How often what decides has to decide again: a call that gives one of two outputs by luck does
/// that once in 250 times.
const AGAIN: usize = 4;
/// How often a fix has to give the same outputs before it is said to have been tried.
const TRIED: usize = 2;

/// What was seen before a call is explained.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Seen {
    Nothing,
    /// A seed under which it gives another output.
    Seed(u32),
    /// Another output with the same seed.
    Chance,
}

impl Seen {
    fn seed(self) -> Option<u32> {
        match self {
            Self::Seed(seed) => Some(seed),
            Self::Nothing | Self::Chance => None,
        }
    }
}

/// All that decides, or `None` where the call cannot be repeated alone.
///
/// A compiler call is repeated up to the source after macros ran where that tells it all, which
/// takes a fraction of the time.
pub(super) fn conclude(
    trials: &mut Trials<'_>,
    a: &Built,
    b: &Built,
    place: bool,
    seen: Seen,
) -> Option<Vec<Found>> {
    if trials.compiles() && seen == Seen::Nothing {
        let found = decide(trials, a, b, (place, Seen::Nothing), true);
        if let Some(found) = found.filter(|found| !found.is_empty()) {
            return Some(found);
        }
    }
    decide(trials, a, b, (place, seen), false)
}

/// As [`conclude`], by the source after macros ran or by the output. By the source, it is `None`
/// unless all that was found, held still, makes the output equal, and one alone makes it differ.
fn decide(
    trials: &mut Trials<'_>,
    a: &Built,
    b: &Built,
    (place, seen): (bool, Seen),
    expanded: bool,
) -> Option<Vec<Found>> {
    let interposer = a.place.abilities.interposer.is_ok();
    let clock = b.place.conditions.clock;
    let mut base = Settings {
        expanded,
        ..Settings::default()
    };
    let mut first = trials.run(&base)?;
    let mut found = Vec::new();
    if seen == Seen::Chance || !steady(trials, &base, &first) {
        if expanded {
            return None;
        }
        if !interposer {
            // Random numbers cannot be held still, so nothing else can be told from them.
            return Some(found);
        }
        let (chance, quiet) = chance(trials);
        found.push(chance);
        match quiet {
            Some((quiet, print)) => (base.quiet, first) = (quiet, print),
            None => return Some(found),
        }
    }
    let place = place && !trials.pins("path");
    let plain: Vec<String> = trials.varied_variables();
    let (places, plain): (Vec<String>, Vec<String>) =
        plain.into_iter().partition(|name| trials.is_place(name));
    let mut search = Search {
        trials,
        base,
        first,
        clock,
        effective: Vec::new(),
        unsteady: false,
    };

    let seeded = interposer && !search.trials.pins("entropy");
    if seeded {
        let mut seeds = seen.seed().into_iter().chain(SEEDS);
        if let Some(factor) = seeds.find_map(|seed| search.decides(&Factor::Seed(seed))) {
            search.effective.push(factor);
        }
    }
    let mut single = vec![Factor::Umask, Factor::FileTimes, Factor::History];
    if a.place.abilities.users.is_ok() {
        single.push(Factor::User);
    }
    if interposer {
        single.extend([
            Factor::Clock,
            Factor::Order,
            Factor::Host,
            Factor::Processors,
        ]);
    }
    single.retain(|factor| !search.trials.pins(factor.pin()));
    let variables: Vec<Factor> = plain.iter().cloned().map(Factor::Variable).collect();
    let group: Vec<Factor> = single.iter().chain(&variables).cloned().collect();
    let mut together = false;
    if search.differs(&group) {
        let before = search.effective.len();
        single.retain(|factor| search.decides(factor).is_some());
        search.effective.extend(single);
        if search.differs(&variables) {
            for factor in variables {
                let decides = search.decides(&factor);
                search.effective.extend(decides);
            }
        }
        together = search.effective.len() == before;
    }
    if place {
        let mut there = Settings {
            at: At::B,
            ..search.base.clone()
        };
        for factor in &search.effective {
            if matches!(factor, Factor::Variable(_)) {
                factor.set(&mut there, clock, false);
            }
        }
        // Files of another place have other times that nobody can set. Then they differ at one
        // path, too.
        let same_path = Settings {
            at: At::BAtA,
            ..there.clone()
        };
        if search.other(&there)
            && search.again(&there)
            && !(search.effective.contains(&Factor::FileTimes) && search.other(&same_path))
        {
            search.effective.push(Factor::Place);
        }
    }
    if expanded && search.effective.is_empty() {
        return None;
    }
    // What differed by luck may have seemed steady.
    if search.effective.is_empty() && search.base.quiet == Quiet::default() {
        let Search {
            trials,
            base,
            first,
            ..
        } = &mut search;
        let steady = (STEADY..=SAMPLES)
            .all(|luck| thrown(trials, base, luck).is_some_and(|print| print == *first));
        search.unsteady |= !steady;
    }
    if seeded
        && !search.unsteady
        && search.effective.is_empty()
        && search.base.quiet == Quiet::default()
    {
        let seldom = MORE
            .into_iter()
            .find_map(|seed| search.decides(&Factor::Seed(seed)));
        search.effective.extend(seldom);
    }
    let Search {
        trials,
        base,
        mut first,
        effective,
        unsteady,
        ..
    } = search;
    if unsteady && effective.is_empty() {
        // It seemed steady, and was not when repeated more often.
        if expanded {
            return None;
        }
        if !interposer {
            return Some(found);
        }
        let (mut by_chance, still) = chance(trials);
        let quiet = still.as_ref().map_or(base.quiet, |(quiet, _)| *quiet);
        by_chance.fix = fixes::find(trials, &by_chance, still.is_some(), quiet, clock);
        return Some(vec![by_chance]);
    }

    // Everything varied but what was found: equal outputs say that nothing else decides, and that
    // holding it still mends it.
    let all: Vec<Factor> = group;
    let mut rest = Settings {
        seed: if seeded { 13 } else { base.seed },
        at: if place { At::B } else { At::A },
        ..base.clone()
    };
    all.iter()
        .for_each(|factor| factor.set(&mut rest, clock, true));
    effective
        .iter()
        .for_each(|factor| factor.set(&mut rest, clock, false));
    let shown = first.clone();
    let mut equal = false;
    if expanded {
        rest.expanded = false;
        // What build A left is a repetition, too, and costs nothing.
        equal = thrown(trials, &rest, 1).is_some_and(|print| trials.built(&print));
    }
    if !equal {
        if expanded {
            first = trials.run(&Settings::default())?;
            // Chance is looked for in the output.
            (trials.run(&Settings::default())? == first).then_some(())?;
        }
        equal = (!effective.is_empty() || base.quiet != Quiet::default())
            && (0..TRIED)
                .all(|luck| thrown(trials, &rest, luck).is_some_and(|print| print == first));
    }
    if expanded {
        if effective.len() > 1 && first == shown {
            first = trials.run(&Settings::default())?;
        }
        let alone = |factor: &Factor, trials: &mut Trials<'_>| {
            let mut other = Settings::default();
            factor.set(&mut other, clock, true);
            // A variable that names a folder of the place is a cause of its own.
            if *factor == Factor::Place {
                let variables = effective
                    .iter()
                    .filter(|factor| matches!(factor, Factor::Variable(_)));
                variables.for_each(|factor| factor.set(&mut other, clock, false));
            }
            trials.run(&other).is_some_and(|print| print != first)
        };
        // What one holds still and everything else does not change is what decides; of several,
        // each has to show it.
        if together
            || !equal
            || effective.len() > 1 && !effective.iter().all(|factor| alone(factor, trials))
        {
            return None;
        }
        first = shown;
    }

    for factor in effective {
        let variation = factor.variation();
        let (mut evidence, mut through) = (Vec::new(), None);
        if let Factor::Variable(name) = &factor {
            evidence.push(format!("the variable {name} decides"));
        }
        if factor == Factor::Place {
            for name in &places {
                let mut other = base.clone();
                Factor::Variable(name.clone()).set(&mut other, clock, true);
                if name != "OUT_DIR"
                    && name != "PATH"
                    && trials.run(&other).is_some_and(|print| print != first)
                {
                    evidence.push(format!("the variable {name} decides"));
                    through = Some(name.clone());
                    break;
                }
            }
        }
        let mut other = base.clone();
        factor.set(&mut other, clock, true);
        if let Some((x, y)) = trials.run(&other).and_then(|print| first.lines(&print)) {
            let shown = |text: &str| shorten(b.place.neutral(&a.place.neutral(text)).trim());
            evidence.push(format!(
                "with only that changed, `{}` becomes `{}`",
                shown(&x),
                shown(&y)
            ));
        }
        match found
            .iter_mut()
            .find(|found: &&mut Found| found.variation == variation)
        {
            Some(found) => {
                found.evidence.extend(evidence);
                found.factors.push(factor);
            }
            None => {
                found.push(Found {
                    variation,
                    factors: vec![factor],
                    evidence,
                    fix: None,
                    through,
                    expanded,
                });
            }
        }
    }
    if together {
        found.push(Found {
            variation: Variation::Unknown,
            factors: Vec::new(),
            evidence: vec!["no single variation decides; several do together".to_owned()],
            fix: None,
            through: None,
            expanded: false,
        });
    }
    for one in &mut found {
        one.fix = fixes::find(trials, one, equal, base.quiet, clock);
    }
    Some(found)
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Varies everything but the place and its variables.
pub(super) fn everything(settings: &mut Settings, clock: u64) {
    let all = [
        Factor::Clock,
        Factor::Order,
        Factor::Host,
        Factor::Processors,
        Factor::Umask,
        Factor::FileTimes,
        Factor::History,
        Factor::User,
        Factor::Seed(13),
    ];
    all.iter()
        .for_each(|factor| factor.set(settings, clock, true));
}

/// Whether a call gives the same in place B as in A if B lies where A did, with everything else
/// varied.
pub(super) fn same_at_one_place(trials: &mut Trials<'_>, b: &Built) -> bool {
    let Some(first) = trials.run(&Settings::default()) else {
        return false;
    };
    let mut rest = Settings {
        at: At::BAtA,
        ..Settings::default()
    };
    everything(&mut rest, b.place.conditions.clock);
    trials.run(&rest).is_some_and(|print| print == first)
}

struct Search<'t, 'a> {
    trials: &'t mut Trials<'a>,
    base: Settings,
    first: Print,
    clock: u64,
    effective: Vec<Factor>,
    /// Whether the base itself gave another output.
    unsteady: bool,
}

impl Search<'_, '_> {
    fn differs(&mut self, factors: &[Factor]) -> bool {
        let mut settings = self.base.clone();
        factors
            .iter()
            .for_each(|factor| factor.set(&mut settings, self.clock, true));
        !factors.is_empty() && self.other(&settings)
    }

    /// Whether a trial gives another output than the first, which has to be still the same: trials
    /// can move what they look at, such as the times at which files were read or changed.
    fn other(&mut self, settings: &Settings) -> bool {
        for _ in 0..3 {
            if self
                .trials
                .run(settings)
                .is_none_or(|print| print == self.first)
            {
                return false;
            }
            match self.trials.run(&self.base) {
                Some(again) if again == self.first => return true,
                Some(again) => self.first = again,
                None => return false,
            }
        }
        false
    }

    /// A factor decides if the output is another one every time it is varied, and the first every
    /// time it is not.
    fn decides(&mut self, factor: &Factor) -> Option<Factor> {
        let mut settings = self.base.clone();
        factor.set(&mut settings, self.clock, true);
        (self.other(&settings) && self.again(&settings)).then(|| factor.clone())
    }

    /// Once more in turn, as often as it takes to tell a cause from luck.
    fn again(&mut self, settings: &Settings) -> bool {
        for _ in 0..AGAIN {
            if self
                .trials
                .run(settings)
                .is_none_or(|print| print == self.first)
            {
                return false;
            }
            if self
                .trials
                .run(&self.base)
                .is_none_or(|print| print != self.first)
            {
                self.unsteady = true;
                return false;
            }
        }
        true
    }
}
