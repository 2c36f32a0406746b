//! Conditions of one trial.

use std::collections::BTreeSet;
use std::path::PathBuf;

/// Conditions of one trial; the default is sandbox A's, with a fixed seed and clock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) seed: u32,
    /// Which sample of chance it is: the process's number, addresses, and how long threads wait; 0
    /// for whatever comes.
    pub(super) perturbation: u32,
    /// Seconds by which the clock is ahead of where it stands.
    pub(super) clock: u64,
    /// The order of folders: 1 ascending, 2 descending.
    pub(super) order: u8,
    pub(super) host: bool,
    pub(super) umask: bool,
    pub(super) user: bool,
    pub(super) file_times: bool,
    /// Files that the build makes are younger.
    pub(super) new_files: bool,
    pub(super) history: bool,
    /// There is no repository.
    pub(super) no_repository: bool,
    pub(super) kernel: bool,
    pub(super) processor: bool,
    pub(super) processors: bool,
    pub(super) at: At,
    /// Variables that have B's values.
    pub(super) variables: BTreeSet<String>,
    /// Variables that have A's values in sandbox B.
    pub(super) kept: BTreeSet<String>,
    /// Variables set to a fixed value, as a fix would.
    pub(super) forced: Vec<(String, String)>,
    /// A variable that is not set.
    pub(super) unset: Option<&'static str>,
    /// `-C strip` of the profile.
    pub(super) strip: Option<&'static str>,
    pub(super) isolation: Isolation,
    /// Seed, clock and order of what this library asks alone; everything else keeps A's.
    pub(super) only: Option<PathBuf>,
    /// The source after macros ran instead of the output.
    pub(super) expanded: bool,
}

/// Where a trial runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    A,
    /// With B's values of everything that names a folder.
    B,
    /// Sandbox B mounted where A is.
    BAtA,
}

/// Sources of chance that are stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Isolation {
    pub(super) process: bool,
    pub(super) addresses: bool,
    pub(super) threads: bool,
}

impl Isolation {
    /// Nothing is stopped.
    pub(super) const NONE: Self = Self {
        process: false,
        addresses: false,
        threads: false,
    };
    pub(super) const PROCESS: Self = Self {
        process: true,
        ..Self::NONE
    };
    pub(super) const ADDRESSES: Self = Self {
        addresses: true,
        ..Self::NONE
    };
    pub(super) const THREADS: Self = Self {
        threads: true,
        ..Self::NONE
    };
    pub(super) const ALL: Self = Self {
        process: true,
        addresses: true,
        threads: true,
    };
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 11,
            perturbation: 0,
            clock: 0,
            order: 1,
            host: false,
            umask: false,
            user: false,
            file_times: false,
            new_files: false,
            history: false,
            no_repository: false,
            kernel: false,
            processor: false,
            processors: false,
            at: At::A,
            variables: BTreeSet::new(),
            kept: BTreeSet::new(),
            forced: Vec::new(),
            unset: None,
            strip: None,
            isolation: Isolation::NONE,
            only: None,
            expanded: false,
        }
    }
}
