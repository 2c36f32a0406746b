//! What decides: one call is repeated with one thing varied at a time, then with everything varied
//! but what was found.
//!
//! The protocol. A call is first repeated as it was, under other samples of chance. If it does not
//! always give the same, chance is explained and stopped before anything else is looked at, since a
//! difference would say nothing. Then the search has four steps.
//!
//! 1. *Seeds*: random numbers are drawn from other seeds. A macro that iterates over a `HashMap` of
//!    two entries gives one of two outputs, so five seeds miss it once in 32 times; where nothing
//!    else decides although the builds differ, 63 more are tried.
//! 2. *Single factors*: everything else is varied at once, and one by one only if that differs.
//! 3. *Locate*: the call runs in sandbox B, where all folders have other names.
//! 4. *Confirm*: everything is varied but what was found. Equal outputs say that nothing else
//!    decides, and that holding still what was found mends it.
//!
//! The statistics. Something decides only if the output is another one each of [`AGAIN`] + 1 times
//! that it is varied, and the first one each time that it is not, in turn. A call that gives one of
//! two outputs by chance passes that with a probability of 1 in 2^(2 × 4) = 256 for each thing that
//! is varied. If the call as it was gives another output in between, it is not steady, and chance is
//! explained instead.

use release_gate::facts::report::repro::Variation;

use super::chance::{SAMPLES, STEADY, explain_chance, is_steady, run_sample};
use super::factors::{Factor, Found};
use super::fixes;
use super::outputs::Outputs;
use super::replay::Trials;
use super::settings::{At, Isolation, Settings};

/// Seeds that are tried against the first.
const SEEDS: std::ops::Range<u32> = 12..17;
/// Seeds that are tried where nothing decides although the builds differ: some macros change their
/// minds seldom.
const MORE_SEEDS: std::ops::Range<u32> = 17..80;
/// The seed where everything is varied.
const OTHER_SEED: u32 = 13;
/// How often what decides has to decide again: see the statistics above.
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

/// All that decides, or `None` where the call cannot be repeated alone. Folders are varied only
/// where `vary_folder` says so.
///
/// A compiler call is repeated up to the source after macros ran where that tells it all, which
/// takes a fraction of the time.
pub(super) fn conclude(
    trials: &mut Trials<'_>,
    vary_folder: bool,
    seen: Seen,
) -> Option<Vec<Found>> {
    if trials.compiles() && seen == Seen::Nothing {
        let found = decide(trials, vary_folder, seen, true);
        if let Some(found) = found.filter(|found| !found.is_empty()) {
            return Some(found);
        }
    }
    decide(trials, vary_folder, seen, false)
}

/// As [`conclude`], by the source after macros ran or by the output. By the source, it is `None`
/// unless all that was found, held still, makes the output equal, and one alone makes it differ.
fn decide(
    trials: &mut Trials<'_>,
    vary_folder: bool,
    seen: Seen,
    expanded: bool,
) -> Option<Vec<Found>> {
    let mut search = match Search::start(trials, vary_folder, seen, expanded)? {
        Start::Ready(search) => *search,
        Start::Over(found) => return Some(found),
    };

    search.seeds(seen);
    search.single_factors();
    search.locate();
    if expanded && search.effective.is_empty() {
        return None;
    }

    search.look_again_for_chance();
    search.rare_seeds();
    if search.unsteady && search.effective.is_empty() {
        return search.explain_as_chance();
    }
    let equal = search.confirm()?;
    Some(search.conclusions(equal))
}

/// How a search begins.
enum Start<'t, 'a> {
    Ready(Box<Search<'t, 'a>>),
    /// Nothing can be told but this.
    Over(Vec<Found>),
}

struct Search<'t, 'a> {
    trials: &'t mut Trials<'a>,
    /// Conditions that nothing is varied in.
    base: Settings,
    /// What the call gives under them.
    first: Outputs,
    /// Seconds by which B's clock is ahead.
    clock: u64,
    /// Whether folders and seeds are varied.
    vary_folder: bool,
    vary_seed: bool,
    /// Variables that differ between the sandboxes and name a folder of them.
    folder_variables: Vec<String>,
    /// Everything else that is varied one by one.
    group: Vec<Factor>,
    /// What decides.
    effective: Vec<Factor>,
    /// Whether several decide together and none alone.
    together: bool,
    /// Whether the base itself gave another output.
    unsteady: bool,
    /// Chance, where it was explained before the search.
    found: Vec<Found>,
}

impl<'t, 'a> Search<'t, 'a> {
    /// Repeats the call as it was; `None` where that cannot be done.
    fn start(
        trials: &'t mut Trials<'a>,
        vary_folder: bool,
        seen: Seen,
        expanded: bool,
    ) -> Option<Start<'t, 'a>> {
        let mut base = Settings {
            expanded,
            ..Settings::default()
        };
        let mut first = trials.run(&base)?;
        let mut found = Vec::new();

        if seen == Seen::Chance || !is_steady(trials, &base, &first) {
            if expanded {
                return None;
            }
            if !trials.has_interposer() {
                // Random numbers cannot be held still, so nothing else can be told from them.
                return Some(Start::Over(found));
            }
            let chance = explain_chance(trials);
            found.push(chance.found);
            let Some(stopped) = chance.stopped else {
                return Some(Start::Over(found));
            };
            base.isolation = stopped.isolation;
            first = stopped.outputs;
        }

        let (folder_variables, plain): (Vec<String>, Vec<String>) = trials
            .varied_variables()
            .into_iter()
            .partition(|name| trials.names_sandbox(name));
        let mut group = single_factors(trials);
        group.extend(plain.into_iter().map(Factor::Variable));
        Some(Start::Ready(Box::new(Self {
            clock: trials.clock_ahead(),
            vary_folder: vary_folder && !trials.pins("path"),
            vary_seed: trials.has_interposer() && !trials.pins("entropy"),
            trials,
            base,
            first,
            folder_variables,
            group,
            effective: Vec::new(),
            together: false,
            unsteady: false,
            found,
        })))
    }

    /// Step 1: random numbers.
    fn seeds(&mut self, seen: Seen) {
        if !self.vary_seed {
            return;
        }
        let known = match seen {
            Seen::Seed(seed) => Some(seed),
            Seen::Nothing | Seen::Chance => None,
        };
        let decides = known
            .into_iter()
            .chain(SEEDS)
            .find_map(|seed| self.decides(&Factor::Seed(seed)));
        self.effective.extend(decides);
    }

    /// Step 2: all the others together, and each alone if that differs.
    fn single_factors(&mut self) {
        let group = self.group.clone();
        if !self.differs(&group) {
            return;
        }
        let before = self.effective.len();
        let (variables, single): (Vec<Factor>, Vec<Factor>) = group
            .into_iter()
            .partition(|factor| matches!(factor, Factor::Variable(_)));

        for factor in single {
            let decides = self.decides(&factor);
            self.effective.extend(decides);
        }
        if self.differs(&variables) {
            for factor in variables {
                let decides = self.decides(&factor);
                self.effective.extend(decides);
            }
        }
        self.together = self.effective.len() == before;
    }

    /// Step 3: sandbox B's folders.
    fn locate(&mut self) {
        if !self.vary_folder {
            return;
        }
        let mut there = Settings {
            at: At::B,
            ..self.base.clone()
        };
        for factor in &self.effective {
            if matches!(factor, Factor::Variable(_)) {
                factor.set(&mut there, self.clock, false);
            }
        }
        if !self.other(&there) || !self.again(&there) {
            return;
        }

        // Files of another sandbox have other times that nobody can set. Then they differ at one
        // path, too.
        let same_path = Settings {
            at: At::BAtA,
            ..there
        };
        let by_times = self.effective.contains(&Factor::FileTimes) && self.other(&same_path);
        if !by_times {
            self.effective.push(Factor::Folder);
        }
    }

    /// What differed by luck may have seemed steady.
    fn look_again_for_chance(&mut self) {
        if !self.effective.is_empty() || self.base.isolation != Isolation::NONE {
            return;
        }
        let steady = (STEADY..=SAMPLES).all(|number| {
            run_sample(self.trials, &self.base, number).is_some_and(|outputs| outputs == self.first)
        });
        self.unsteady |= !steady;
    }

    /// Step 1 again, for macros that change their minds seldom.
    fn rare_seeds(&mut self) {
        let nothing_found = self.effective.is_empty() && self.base.isolation == Isolation::NONE;
        if !self.vary_seed || self.unsteady || !nothing_found {
            return;
        }
        let mut seeds = MORE_SEEDS;
        let rare = seeds.find_map(|seed| self.decides(&Factor::Seed(seed)));
        self.effective.extend(rare);
    }

    /// It seemed steady, and was not when repeated more often.
    fn explain_as_chance(self) -> Option<Vec<Found>> {
        if self.base.expanded {
            return None;
        }
        if !self.trials.has_interposer() {
            return Some(self.found);
        }
        let chance = explain_chance(self.trials);
        let isolation = chance
            .stopped
            .as_ref()
            .map_or(self.base.isolation, |stopped| stopped.isolation);
        let mut found = chance.found;
        found.fix = fixes::find(self.trials, &found, chance.stopped.is_some(), isolation);
        Some(vec![found])
    }

    /// Step 4: whether the outputs are equal where everything is varied but what was found; `None`
    /// where the expanded source cannot tell.
    fn confirm(&mut self) -> Option<bool> {
        let mut rest = Settings {
            at: if self.vary_folder { At::B } else { At::A },
            ..self.base.clone()
        };
        if self.vary_seed {
            rest.seed = OTHER_SEED;
        }
        for factor in &self.group {
            factor.set(&mut rest, self.clock, true);
        }
        for factor in &self.effective {
            factor.set(&mut rest, self.clock, false);
        }

        if self.base.expanded {
            return self.confirm_expanded(&Settings {
                expanded: false,
                ..rest
            });
        }
        let first = self.first.clone();
        Some(self.holds_still(&rest, &first))
    }

    /// What the source shows has to hold for the output.
    fn confirm_expanded(&mut self, rest: &Settings) -> Option<bool> {
        // What build A left is a repetition, too, and costs nothing.
        let as_built = run_sample(self.trials, rest, 1)
            .is_some_and(|outputs| self.trials.gave_what_was_built(&outputs));
        let mut output = None;
        if !as_built {
            let first = self.trials.run(&Settings::default())?;
            // Chance is looked for in the output.
            if self.trials.run(&Settings::default())? != first || !self.holds_still(rest, &first) {
                return None;
            }
            output = Some(first);
        }
        if self.together {
            return None;
        }

        // What one holds still and everything else does not change is what decides; of several,
        // each has to show it.
        if self.effective.len() > 1 {
            let output = match output {
                Some(output) => output,
                None => self.trials.run(&Settings::default())?,
            };
            let effective = self.effective.clone();
            if !effective
                .iter()
                .all(|factor| self.shows_alone(factor, &output))
            {
                return None;
            }
        }
        Some(true)
    }

    /// Whether the output is the first one every time with everything else varied.
    fn holds_still(&mut self, rest: &Settings, first: &Outputs) -> bool {
        let something = !self.effective.is_empty() || self.base.isolation != Isolation::NONE;
        something
            && (0..TRIED).all(|number| {
                run_sample(self.trials, rest, number).is_some_and(|outputs| outputs == *first)
            })
    }

    /// Whether a factor alone gives another output than `first`.
    fn shows_alone(&mut self, factor: &Factor, first: &Outputs) -> bool {
        let mut settings = Settings::default();
        factor.set(&mut settings, self.clock, true);

        // A variable that names a folder of the sandbox is a cause of its own.
        if *factor == Factor::Folder {
            self.effective
                .iter()
                .filter(|factor| matches!(factor, Factor::Variable(_)))
                .for_each(|factor| factor.set(&mut settings, self.clock, false));
        }
        self.trials
            .run(&settings)
            .is_some_and(|outputs| outputs != *first)
    }

    /// What was found, with evidence and fixes; `equal` says whether holding it still was confirmed.
    fn conclusions(mut self, equal: bool) -> Vec<Found> {
        for factor in std::mem::take(&mut self.effective) {
            self.conclude_factor(factor);
        }
        if self.together {
            self.found.push(Found {
                variation: Variation::Unknown,
                factors: Vec::new(),
                evidence: vec!["no single variation decides; several do together".to_owned()],
                fix: None,
                through: None,
                expanded: false,
            });
        }

        let mut found = self.found;
        for one in &mut found {
            one.fix = fixes::find(self.trials, one, equal, self.base.isolation);
        }
        found
    }

    /// Adds a factor to what was found, with what can be seen of it.
    fn conclude_factor(&mut self, factor: Factor) {
        let mut evidence = Vec::new();
        match &factor {
            Factor::Variable(name) => evidence.push(format!("the variable {name} decides")),
            Factor::NewFiles => {
                evidence.push("the times of files that the build itself makes decide".to_owned());
            }
            _ => {}
        }
        let through = (factor == Factor::Folder)
            .then(|| self.folder_variable())
            .flatten();
        if let Some(name) = &through {
            evidence.push(format!("the variable {name} decides"));
        }
        evidence.extend(self.changed_line(&factor));

        let variation = factor.variation();
        match self
            .found
            .iter_mut()
            .find(|found| found.variation == variation)
        {
            Some(found) => {
                found.evidence.extend(evidence);
                found.factors.push(factor);
            }
            None => self.found.push(Found {
                variation,
                factors: vec![factor],
                evidence,
                fix: None,
                through,
                expanded: self.base.expanded,
            }),
        }
    }

    /// The variable through which a folder comes in, if one alone does.
    fn folder_variable(&mut self) -> Option<String> {
        let names = self.folder_variables.clone();
        names
            .into_iter()
            .filter(|name| name != "OUT_DIR" && name != "PATH")
            .find(|name| {
                let mut settings = self.base.clone();
                Factor::Variable(name.clone()).set(&mut settings, self.clock, true);
                self.trials
                    .run(&settings)
                    .is_some_and(|outputs| outputs != self.first)
            })
    }

    /// The line that becomes another one with only that factor varied.
    fn changed_line(&mut self, factor: &Factor) -> Option<String> {
        let mut settings = self.base.clone();
        factor.set(&mut settings, self.clock, true);
        let outputs = self.trials.run(&settings)?;
        let (x, y) = self.first.lines(&outputs)?;

        Some(format!(
            "with only that changed, `{}` becomes `{}`",
            shorten(self.trials.neutral(&x).trim()),
            shorten(self.trials.neutral(&y).trim())
        ))
    }

    /// Whether all of these together give another output.
    fn differs(&mut self, factors: &[Factor]) -> bool {
        let mut settings = self.base.clone();
        for factor in factors {
            factor.set(&mut settings, self.clock, true);
        }
        !factors.is_empty() && self.other(&settings)
    }

    /// Whether a trial gives another output than the first, which has to be still the same: trials
    /// can move what they look at, such as the times at which files were read or changed.
    fn other(&mut self, settings: &Settings) -> bool {
        for _ in 0..3 {
            if self
                .trials
                .run(settings)
                .is_none_or(|outputs| outputs == self.first)
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
                .is_none_or(|outputs| outputs == self.first)
            {
                return false;
            }
            if self
                .trials
                .run(&self.base)
                .is_none_or(|outputs| outputs != self.first)
            {
                self.unsteady = true;
                return false;
            }
        }
        true
    }
}

/// What can be varied one by one on this machine and is not pinned, variables excepted.
fn single_factors(trials: &Trials<'_>) -> Vec<Factor> {
    let mut factors = vec![Factor::Umask, Factor::FileTimes, Factor::History];
    if trials.can_change_user() {
        factors.push(Factor::User);
    }
    if trials.has_interposer() {
        factors.extend([
            Factor::Clock,
            Factor::Order,
            Factor::NewFiles,
            Factor::Host,
            Factor::Kernel,
            Factor::Processor,
            Factor::Processors,
        ]);
    }
    factors.retain(|factor| !trials.pins(factor.pin()));
    factors
}

fn shorten(text: &str) -> String {
    text.chars().take(100).collect()
}

/// Varies everything but the folder and its variables.
pub(super) fn vary_everything(settings: &mut Settings, clock: u64) {
    let all = [
        Factor::Clock,
        Factor::Order,
        Factor::Host,
        Factor::Processors,
        Factor::Umask,
        Factor::FileTimes,
        Factor::NewFiles,
        Factor::Kernel,
        Factor::Processor,
        Factor::History,
        Factor::User,
        Factor::Seed(OTHER_SEED),
    ];
    for factor in all {
        factor.set(settings, clock, true);
    }
}

/// Whether a call gives the same in sandbox B as in A if B lies where A did, with everything else
/// varied.
pub(super) fn is_same_at_one_path(trials: &mut Trials<'_>) -> bool {
    let Some(first) = trials.run(&Settings::default()) else {
        return false;
    };
    let mut rest = Settings {
        at: At::BAtA,
        ..Settings::default()
    };
    vary_everything(&mut rest, trials.clock_ahead());
    trials.run(&rest).is_some_and(|outputs| outputs == first)
}
