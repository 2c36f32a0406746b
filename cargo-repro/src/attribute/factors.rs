//! What can be varied in a trial, one thing at a time, and what was found to decide.

use std::collections::BTreeSet;

use release_gate::facts::report::repro::{Fix, Variation};

use super::settings::{At, Settings};

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
    /// Times of files that the build makes.
    NewFiles,
    History,
    Kernel,
    /// What the processor and memory are said to be.
    Processor,
    Processors,
    Variable(String),
    /// Where it runs.
    Folder,
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
            Self::NewFiles => settings.new_files = other,
            Self::History => settings.history = other,
            Self::Kernel => settings.kernel = other,
            Self::Processor => settings.processor = other,
            Self::Processors => settings.processors = other,
            Self::Variable(name) if other => drop(settings.variables.insert(name.clone())),
            Self::Variable(name) => {
                settings.variables.remove(name);
                settings.kept.insert(name.clone());
            }
            Self::Folder => settings.at = if other { At::B } else { At::BAtA },
            Self::Chance => {}
        }
    }

    /// The word of `[repro] pin` under which sealed builds hold it still: then it cannot be what
    /// differed.
    pub(super) fn pin(&self) -> &'static str {
        match self {
            Self::Chance => "",
            _ => self.variation().as_str(),
        }
    }

    pub(super) fn variation(&self) -> Variation {
        match self {
            Self::Seed(_) => Variation::Entropy,
            Self::Clock => Variation::Time,
            Self::Order => Variation::FileOrder,
            Self::Host => Variation::Host,
            Self::Umask => Variation::Umask,
            Self::User => Variation::UserId,
            Self::FileTimes | Self::NewFiles => Variation::FileTime,
            Self::History => Variation::GitHistory,
            Self::Kernel => Variation::Kernel,
            Self::Processor => Variation::Processor,
            Self::Processors => Variation::Jobs,
            Self::Variable(name) => match name.as_str() {
                "HOSTNAME" => Variation::Host,
                "NUM_JOBS" => Variation::Jobs,
                _ => Variation::Environment,
            },
            Self::Folder => Variation::Path,
            Self::Chance => Variation::None,
        }
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
