//! Processor time of the programs this one started: what else the machine does has less of a say in
//! it than in the time of day.

use std::time::{Duration, Instant};

/// Measures from when it was made.
#[derive(Debug)]
pub(crate) struct Watch {
    begun: Instant,
    before: Option<Duration>,
}

impl Watch {
    pub(crate) fn start() -> Self {
        Self {
            begun: Instant::now(),
            before: children_time(),
        }
    }

    /// What children that ended spent since, or else the time that passed.
    pub(crate) fn time(&self) -> Duration {
        match (self.before, children_time()) {
            (Some(before), Some(now)) => now.saturating_sub(before),
            _ => self.begun.elapsed(),
        }
    }
}

/// What children that ended have spent so far; `None` where the system does not say.
fn children_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    children(&text)
}

/// `cutime` and `cstime`, in hundredths of a second: what Linux counts in for programs, whatever it
/// counts in itself.
fn children(stat: &str) -> Option<Duration> {
    // The program's name, in parentheses, may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut ticks = fields
        .split_whitespace()
        .skip(13)
        .map_while(|field| field.parse::<u64>().ok());

    let spent = ticks.next()? + ticks.next()?;
    Some(Duration::from_millis(spent.saturating_mul(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_times_of_children_are_read() {
        let stat = "7 (a ) b) S 1 7 7 0 -1 4194560 1 2 3 4 11 12 130 14 20 0 1 0 5 6 7";
        assert_eq!(children(stat), Some(Duration::from_millis(1440)));
        assert_eq!(children("7 (a"), None);
    }
}
