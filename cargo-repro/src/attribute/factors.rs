//! What decides: one call is repeated with one thing varied at a time, then with everything varied but what was found.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::fixes;
use super::replay::{At, Print, Quiet, Settings, Trials};
use crate::command::session::Built;
use crate::model::cause::{Fix, Variation};
use crate::sealed::processor;

/// Seeds that are tried against the first.
const SEEDS: std::ops::Range<u32> = 12..19;
/// Seeds that are tried where nothing decides although the builds differ: some macros change their minds seldom.
const MORE: std::ops::Range<u32> = 19..80;

/// One thing that can be varied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Factor {
    Seed(u32),
    Clock,
    Order,
    Host,
    Umask,
    User,
    FileTimes,
    History,
    Processors,
    Variable(String),
    Place,
    Chance,
}

/// Something that decides.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) variation: Variation,
    pub(super) factors: Vec<Factor>,
    pub(super) evidence: Vec<String>,
    pub(super) fix: Option<Fix>,
    /// The variable through which a place comes in.
    pub(super) through: Option<String>,
    /// Whether the source after macros ran shows it.
    pub(super) expanded: bool,
}

impl Found {
    /// The variable, where one decides.
    pub(super) fn variable(&self) -> Option<&str> {
        self.factors.iter().find_map(|factor| match factor {
            Factor::Variable(name) => Some(name.as_str()),
            _ => None,
        })
    }
}

impl Factor {
    /// Puts what it varies to B's value, or with `other` false back to A's.
    pub(super) fn set(&self, settings: &mut Settings, clock: u64, other: bool) {
        let base = Settings::default();
        match self {
            Self::Seed(seed) => settings.seed = if other { *seed } else { base.seed },
            Self::Clock => settings.clock = if other { clock } else { base.clock },
            Self::Order => settings.order = if other { 2 } else { base.order },
            Self::Host => settings.host = other,
            Self::Umask => settings.umask = other,
            Self::User => settings.user = other,
            Self::FileTimes => settings.file_times = other,
            Self::History => settings.history = other,
            Self::Processors => settings.processors = other,
            Self::Variable(name) if other => drop(settings.variables.insert(name.clone())),
            Self::Variable(name) => {
                settings.variables.remove(name);
                settings.held.insert(name.clone());
            }
            Self::Place => settings.at = if other { At::B } else { At::BAtA },
            Self::Chance => {}
        }
    }

    /// The word of `[repro] pin` under which sealed builds hold it still: then it cannot be what differed.
    fn pin(&self) -> &'static str {
        match self {
            Self::Chance => "",
            _ => self.variation().as_str(),
        }
    }

    fn variation(&self) -> Variation {
        match self {
            Self::Seed(_) => Variation::Entropy,
            Self::Clock => Variation::Time,
            Self::Order => Variation::FileOrder,
            Self::Host => Variation::Host,
            Self::Umask => Variation::Umask,
            Self::User => Variation::UserId,
            Self::FileTimes => Variation::FileTime,
            Self::History => Variation::GitHistory,
            Self::Processors => Variation::Jobs,
            Self::Variable(name) => match name.as_str() {
                "HOSTNAME" => Variation::Host,
                "NUM_JOBS" => Variation::Jobs,
                _ => Variation::Environment,
            },
            Self::Place => Variation::Path,
            Self::Chance => Variation::None,
        }
    }
}

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
/// A compiler call is repeated up to the source after macros ran where that tells it all, which takes a fraction of the time.
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

/// As [`conclude`], by the source after macros ran or by the output. By the source, it is `None` unless all that was found, held still,
/// makes the output equal, and one alone makes it differ.
fn decide(
    trials: &mut Trials<'_>,
    a: &Built,
    b: &Built,
    (place, seen): (bool, Seen),
    expanded: bool,
) -> Option<Vec<Found>> {
    let interposer = a.place.abilities.interposer.is_ok();
    let clock = b.place.conditions.clock;
    let mut base = Settings { expanded, ..Settings::default() };
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
    let mut search = Search { trials, base, first, clock, effective: Vec::new(), unsteady: false };

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
        single.extend([Factor::Clock, Factor::Order, Factor::Host, Factor::Processors]);
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
        let mut there = Settings { at: At::B, ..search.base.clone() };
        for factor in &search.effective {
            if matches!(factor, Factor::Variable(_)) {
                factor.set(&mut there, clock, false);
            }
        }
        // Files of another place have other times that nobody can set. Then they differ at one path, too.
        let same_path = Settings { at: At::BAtA, ..there.clone() };
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
        let Search { trials, base, first, .. } = &mut search;
        let steady =
            (STEADY..=SAMPLES).all(|luck| thrown(trials, base, luck).is_some_and(|print| print == *first));
        search.unsteady |= !steady;
    }
    if seeded && !search.unsteady && search.effective.is_empty() && search.base.quiet == Quiet::default() {
        let seldom = MORE.into_iter().find_map(|seed| search.decides(&Factor::Seed(seed)));
        search.effective.extend(seldom);
    }
    let Search { trials, base, mut first, effective, unsteady, .. } = search;
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

    // Everything varied but what was found: equal outputs say that nothing else decides, and that holding it still mends it.
    let all: Vec<Factor> = group;
    let mut rest = Settings {
        seed: if seeded { 13 } else { base.seed },
        at: if place { At::B } else { At::A },
        ..base.clone()
    };
    all.iter().for_each(|factor| factor.set(&mut rest, clock, true));
    effective.iter().for_each(|factor| factor.set(&mut rest, clock, false));
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
            && (0..TRIED).all(|luck| thrown(trials, &rest, luck).is_some_and(|print| print == first));
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
                let variables = effective.iter().filter(|factor| matches!(factor, Factor::Variable(_)));
                variables.for_each(|factor| factor.set(&mut other, clock, false));
            }
            trials.run(&other).is_some_and(|print| print != first)
        };
        // What one holds still and everything else does not change is what decides; of several, each has to show it.
        if together || !equal || effective.len() > 1 && !effective.iter().all(|factor| alone(factor, trials))
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
            evidence.push(format!("with only that changed, `{}` becomes `{}`", shown(&x), shown(&y)));
        }
        match found.iter_mut().find(|found: &&mut Found| found.variation == variation) {
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
    all.iter().for_each(|factor| factor.set(settings, clock, true));
}

/// Whether a call gives the same in place B as in A if B lies where A did, with everything else varied.
pub(super) fn same_at_one_place(trials: &mut Trials<'_>, b: &Built) -> bool {
    let Some(first) = trials.run(&Settings::default()) else { return false };
    let mut rest = Settings { at: At::BAtA, ..Settings::default() };
    everything(&mut rest, b.place.conditions.clock);
    trials.run(&rest).is_some_and(|print| print == first)
}

/// How often a fix has to give the same outputs before it is said to have been tried.
const TRIED: usize = 2;
/// How often a call is repeated before it is believed to give the same output every time.
const STEADY: usize = 4;
/// How often a call that does not is repeated to see how it varies.
const SAMPLES: usize = 12;
/// Trials of one thing that stops chance: what needs more to be told from luck is not offered.
const MOST: usize = 40;
/// No more time is spent on chance.
const PATIENCE: Duration = Duration::from_secs(120);

/// Whether a call repeated as it is gives the same output every time, whatever number its process has and however its threads run.
fn steady(trials: &mut Trials<'_>, base: &Settings, first: &Print) -> bool {
    (1..STEADY).all(|luck| thrown(trials, base, luck).is_some_and(|print| print == *first))
}

/// A trial under another throw of the dice; without where a program cannot do with a number of its process that is not its own.
fn thrown(trials: &mut Trials<'_>, base: &Settings, luck: usize) -> Option<Print> {
    let luck = u32::try_from(luck).unwrap_or(1);
    trials.run(&Settings { luck, ..base.clone() }).or_else(|| trials.run(base))
}

/// How many equal outputs in a row are luck less than once in a hundred times, for a call whose most frequent output came `most` times
/// of `samples`.
fn repeats(most: usize, samples: usize) -> usize {
    // The next output is that one with about this chance (Laplace), and all of a row with its power.
    let (above, below) = ((most + 1) as f64, (samples + 2) as f64);
    let mut row = 1.0_f64;
    let number = (1..=MOST + 1).find(|_| {
        row *= above / below;
        row < 0.01
    });
    number.unwrap_or(MOST + 1).max(STEADY)
}

/// Chance: what the outputs depend on when nothing is varied, as far as it can be stopped.
///
/// A call of few outputs gives the same one several times in a row by luck, so how often it has to come out equal with something
/// stopped follows from how it varies with nothing stopped. Both are repeated in turn.
fn chance(trials: &mut Trials<'_>) -> (Found, Option<(Quiet, Print)>) {
    let quiets = [
        ("process", Quiet { process: true, ..Quiet::default() }, "the number of the process decides"),
        ("addresses", Quiet { addresses: true, ..Quiet::default() }, "memory addresses decide"),
        ("threads", Quiet { threads: true, ..Quiet::default() }, "the order in which threads run decides"),
        (
            "",
            Quiet { process: true, addresses: true, threads: true },
            "processes, addresses or threads decide",
        ),
    ];
    // Processor time, so that a busy machine looks at as much as an idle one.
    let (begun, before) = (Instant::now(), processor::spent());
    let spent = || processor::since(before, begun.elapsed());
    let equal = |samples: &[Print]| samples.iter().all(|print| *print == samples[0]);
    let mut base = Settings { expanded: trials.compiles(), ..Settings::default() };
    let mut samples: Vec<Print> = Vec::new();
    if base.expanded {
        // The source after macros ran is quicker to have, where it tells.
        samples.extend((1..=2 * STEADY).filter_map(|luck| thrown(trials, &base, luck)));
        if equal(&samples) {
            (base.expanded, samples) = (false, Vec::new());
        }
    }
    while (samples.len() < SAMPLES || samples.len() < MOST && equal(&samples)) && spent() < PATIENCE / 2 {
        match thrown(trials, &base, samples.len() + 1) {
            Some(print) => samples.push(print),
            None => break,
        }
    }
    let most = |samples: &[Print]| {
        samples.iter().map(|one| samples.iter().filter(|other| *other == one).count()).max().unwrap_or(0)
    };
    let mut still = None;
    for (word, quiet, words) in quiets {
        let settings = Settings { quiet, ..base.clone() };
        let wanted = repeats(most(&samples), samples.len());
        if trials.pins(word) || wanted > MOST || samples.len() < STEADY {
            continue;
        }
        let Some(print) = trials.run(&settings) else { continue };
        let mut equal = 1;
        while equal < wanted.max(repeats(most(&samples), samples.len())).min(MOST) && spent() < PATIENCE {
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
            let output = Settings { expanded: false, ..settings };
            let print = if base.expanded { trials.run(&output) } else { Some(print) };
            still = print.map(|print| (quiet, words, print));
            break;
        }
    }
    let words = still
        .as_ref()
        .map_or("repeated in the same place, the same call gives another output", |(_, words, _)| words);
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
        factors.iter().for_each(|factor| factor.set(&mut settings, self.clock, true));
        !factors.is_empty() && self.other(&settings)
    }

    /// Whether a trial gives another output than the first, which has to be still the same: trials can move what they look at,
    /// such as the times at which files were read or changed.
    fn other(&mut self, settings: &Settings) -> bool {
        for _ in 0..3 {
            if self.trials.run(settings).is_none_or(|print| print == self.first) {
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

    /// A factor decides if the output is another one every time it is varied, and the first every time it is not.
    fn decides(&mut self, factor: &Factor) -> Option<Factor> {
        let mut settings = self.base.clone();
        factor.set(&mut settings, self.clock, true);
        (self.other(&settings) && self.again(&settings)).then(|| factor.clone())
    }

    /// Once more in turn, as often as it takes to tell a cause from luck.
    fn again(&mut self, settings: &Settings) -> bool {
        let often = STEADY - 1;
        for _ in 0..often {
            if self.trials.run(settings).is_none_or(|print| print == self.first) {
                return false;
            }
            if self.trials.run(&self.base).is_none_or(|print| print != self.first) {
                self.unsteady = true;
                return false;
            }
        }
        true
    }
}

/// Variables that a set of factors holds.
pub(super) fn variables(factors: &[Factor]) -> BTreeSet<String> {
    factors
        .iter()
        .filter_map(|factor| match factor {
            Factor::Variable(name) => Some(name.clone()),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_varies_seldom_has_to_be_equal_more_often() {
        // Each time another one: few repeats tell.
        assert_eq!(repeats(1, SAMPLES), STEADY);
        // One of two: seven heads in a row are luck.
        assert!((6..=10).contains(&repeats(6, SAMPLES)), "{}", repeats(6, SAMPLES));
        // Nearly always the same: nothing can be told.
        assert!(repeats(SAMPLES, SAMPLES) > MOST);
    }
}
