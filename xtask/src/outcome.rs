//! What may become of a gate, and the words it is shown with.

use anstyle::{AnsiColor, Style};
use release_gate::Status;

/// What became of a gate, from the best to the worst.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    Passed,
    NothingToJudge,
    /// The gate was left out. It is shown, because its absence looks like a pass otherwise.
    NotRun,
    Failed,
    /// The gate came to no verdict, or left no report that can be relied on.
    NotJudged,
}

impl Outcome {
    /// What a report of this status says.
    pub(crate) fn of(status: Status) -> Self {
        match status {
            Status::Pass => Self::Passed,
            Status::Fail => Self::Failed,
            Status::Skipped => Self::NothingToJudge,
            Status::Error | Status::Unsupported => Self::NotJudged,
        }
    }

    /// The words for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NothingToJudge => "nothing to judge",
            Self::NotRun => "not run",
            Self::Failed => "failed",
            Self::NotJudged => "not judged",
        }
    }

    /// The name of its style on the page.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::NothingToJudge => "nothing-to-judge",
            Self::NotRun => "not-run",
            Self::Failed => "failed",
            Self::NotJudged => "not-judged",
        }
    }

    /// The style in a terminal. The words say the same.
    pub(crate) fn style(self) -> Style {
        let color = match self {
            Self::Passed => AnsiColor::BrightGreen,
            Self::NothingToJudge => AnsiColor::Yellow,
            Self::NotRun => return Style::new().dimmed(),
            Self::Failed | Self::NotJudged => AnsiColor::BrightRed,
        };
        color.on_default().bold()
    }
}
