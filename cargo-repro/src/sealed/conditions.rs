//! The conditions a sealed build runs under: everything that must not matter.

use std::time::Duration;

use super::history::History;
use super::identity::{Identity, Users};

/// Everything about a place that must not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// Name of the place's folder, of another length each.
    pub(crate) folder: &'static str,
    pub(crate) user: &'static str,
    pub(crate) locale: String,
    pub(crate) time_zone: &'static str,
    pub(crate) umask: &'static str,
    pub(crate) host: &'static str,
    pub(crate) jobs: usize,
    /// Seconds by which the clock is ahead.
    pub(crate) clock: u64,
    /// 1 ascending, 2 descending.
    pub(crate) order: u8,
    /// How much younger than the commit the sources are.
    pub(crate) file_times: Duration,
    pub(crate) shell: &'static str,
    pub(crate) history: History,
    /// Who builds; `None` for anyone who builds A.
    pub(crate) identity: Option<Identity>,
    /// Number of processors programs see; 0 for the machine's.
    pub(crate) processors: usize,
    /// The number of the last process before the first one.
    pub(crate) last_process: u32,
    /// The release that the kernel says it is of; `None` for its own.
    pub(crate) kernel: Option<&'static str>,
    /// What the processor is said to be called; `None` for its own name.
    pub(crate) processor: Option<&'static str>,
    pub(crate) terminal: &'static str,
    /// Whether this is build B.
    pub(crate) second: bool,
}

/// Build B's locale where no other is installed: programs that read the variables see another
/// value, and the rest see none.
const UNKNOWN_LOCALE: &str = "fr_CH.UTF-8";

impl Conditions {
    /// The umask as a number.
    pub(crate) fn umask_bits(&self) -> u32 {
        u32::from_str_radix(self.umask, 8).unwrap_or(0o022)
    }

    /// With a locale of this machine's, if there is one.
    pub(crate) fn speaking(mut self, locale: Option<&String>) -> Self {
        self.locale = locale.cloned().unwrap_or(self.locale);
        self
    }

    /// As somebody else than A, where that can be.
    pub(crate) fn by_somebody_else(mut self, users: Option<&Users>) -> Self {
        self.identity = users.map(|users| users.second);
        self
    }

    /// Build A, and every release build.
    pub(crate) fn first(jobs: usize) -> Self {
        Self {
            folder: "a",
            user: "builder",
            locale: "C.UTF-8".to_owned(),
            time_zone: "UTC",
            umask: "022",
            host: "first-machine",
            jobs,
            clock: 0,
            order: 1,
            file_times: Duration::ZERO,
            shell: "/bin/sh",
            history: History::Whole,
            identity: None,
            processors: 0,
            last_process: 1,
            kernel: None,
            processor: None,
            terminal: "dumb",
            second: false,
        }
    }

    /// Build B: all that can be is different.
    pub(crate) fn second(jobs: usize) -> Self {
        Self {
            folder: "b-in-another-folder/with-a-longer-name",
            user: "somebody-else",
            locale: UNKNOWN_LOCALE.to_owned(),
            time_zone: "Pacific/Kiritimati",
            umask: "027",
            host: "the-second-machine",
            jobs: jobs + 1,
            clock: 400 * 86_400 + 4_242,
            order: 2,
            file_times: Duration::from_secs(3 * 86_400 + 17),
            shell: "/bin/bash",
            history: History::Shallow,
            identity: None,
            processors: std::thread::available_parallelism().map_or(1, usize::from) + 1,
            last_process: 20_000,
            kernel: Some("5.10.0-the-second"),
            processor: Some("The Second Processor"),
            terminal: "xterm-256color",
            second: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_place_differs_in_everything() {
        let (a, b) = (Conditions::first(2), Conditions::second(2));
        assert!(a.folder.len() != b.folder.len());
        for (x, y) in [
            (a.user, b.user),
            (&*a.locale, &*b.locale),
            (a.time_zone, b.time_zone),
            (a.umask, b.umask),
            (a.host, b.host),
        ] {
            assert_ne!(x, y);
        }
        assert!(
            a.jobs != b.jobs
                && a.clock != b.clock
                && a.order != b.order
                && a.file_times != b.file_times
        );
    }
}
