//! The error every gate ends with: who must act, what happened, what to do next.
//!
//! Libraries keep their own `thiserror` enums that carry data; they become this type once, at the
//! edge, where it is decided whether the person calling ([`ErrorKind::Usage`]) or the thing judged
//! ([`ErrorKind::Judge`]) has to change.

use std::error::Error as StdError;

use crate::exit;

/// The result of everything that can end a gate.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Who has to act on an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The command line or configuration is wrong: exit code 2.
    Usage,
    /// The gate could not judge: exit code 101.
    Judge,
}

/// An error on its way to the terminal: lower-case message that names the thing, causes, and the
/// next step.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    kind: ErrorKind,
    message: String,
    help: Vec<String>,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// The gate could not judge (exit code 101).
    pub fn judge(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Judge,
            message: message.into(),
            help: Vec::new(),
            source: None,
        }
    }

    /// Wrong usage or configuration (exit code 2).
    pub fn usage(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Usage,
            message: message.into(),
            help: Vec::new(),
            source: None,
        }
    }

    /// Adds the next step, shown behind `help:`. May be called more than once.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help.push(help.into());
        self
    }

    /// Adds the cause, shown indented below the message.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Who has to act.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The next steps.
    pub fn help(&self) -> &[String] {
        &self.help
    }

    /// The process exit code this error ends with.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            ErrorKind::Usage => exit::USAGE,
            ErrorKind::Judge => exit::ERROR,
        }
    }

    /// The message followed by its causes, `: ` between them, without repeating a cause that a
    /// message quotes.
    pub fn chain(&self) -> String {
        let mut text = self.message.clone();
        let mut cause = self
            .source
            .as_deref()
            .map(|e| e as &(dyn StdError + 'static));
        while let Some(error) = cause {
            let line = error.to_string();
            if !text.contains(&line) {
                text.push_str(": ");
                text.push_str(&line);
            }
            cause = error.source();
        }
        text
    }
}

/// Turns a library error with data into an [`Error`] that could not be judged, keeping it as the
/// cause.
///
/// For errors of foreign crates and `std::io`, where the caller adds which file or command was
/// touched.
pub trait JudgeExt<T> {
    /// Wraps the error under `message`, which names the file or command.
    fn or_judge(self, message: impl FnOnce() -> String) -> Result<T>;
}

impl<T, E> JudgeExt<T> for std::result::Result<T, E>
where
    E: StdError + Send + Sync + 'static,
{
    fn or_judge(self, message: impl FnOnce() -> String) -> Result<T> {
        self.map_err(|error| Error::judge(message()).with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_names_every_cause_once() {
        let inner = std::io::Error::other("disk full");
        let error = Error::judge("cannot write `a/b.json`")
            .with_source(inner)
            .with_help("free some space");
        assert_eq!(error.chain(), "cannot write `a/b.json`: disk full");
        assert_eq!(error.exit_code(), exit::ERROR);
        assert_eq!(error.help(), ["free some space"]);
    }

    #[test]
    fn usage_errors_end_with_two() {
        assert_eq!(Error::usage("x").exit_code(), exit::USAGE);
    }
}
