//! The one object that owns the terminal: progress and remarks for people on stderr, results on
//! stdout.
//!
//! It looks like cargo: right-aligned green verbs, `warning:`, `error:`, `help:`; colours and
//! progress only on terminals. A reader that went away (a closed pipe) is no error. Everything that
//! is printed is made safe to show first.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::error::Error;
use crate::text::{hanging, visible};

const VERB: Style = AnsiColor::BrightGreen.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const NOTE: Style = AnsiColor::BrightGreen.on_default().bold();
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();

/// How much is said on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only (`-q`).
    Quiet,
    /// Steps, warnings and notes.
    Normal,
    /// Also what is run and how long it took (`-v`).
    Verbose,
}

/// The terminal of this process.
#[derive(Debug)]
pub struct Terminal {
    stdout: Mutex<AutoStream<io::Stdout>>,
    stderr: Mutex<AutoStream<io::Stderr>>,
    progress: MultiProgress,
    verbosity: Verbosity,
    /// How wide standard output and standard error are, where a person looks at them.
    widths: [Option<usize>; 2],
}

/// The columns of a terminal that are too few to break lines in.
const TOO_NARROW: usize = 40;

/// Text of a table that says what is well: green where styles are wanted.
pub fn good(text: &str) -> String {
    format!("{NOTE}{text}{NOTE:#}")
}

/// Text of a table that says what is not: red where styles are wanted.
pub fn bad(text: &str) -> String {
    format!("{ERROR}{text}{ERROR:#}")
}

impl Terminal {
    /// A terminal with cargo's meaning of `--color` (`auto` looks at the streams, `NO_COLOR`,
    /// `CLICOLOR_FORCE`, `TERM`).
    pub fn new(color: ColorChoice, verbosity: Verbosity) -> Self {
        // Progress is for a person who is looking: not into pipes, not in CI, not when quiet.
        let watched = io::stderr().is_terminal()
            && verbosity > Verbosity::Quiet
            && std::env::var_os("CI").is_none();
        let target = if watched {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        Self {
            stdout: Mutex::new(AutoStream::new(io::stdout(), color)),
            stderr: Mutex::new(AutoStream::new(io::stderr(), color)),
            progress: MultiProgress::with_draw_target(target),
            verbosity,
            widths: [width_of(io::stdout()), width_of(io::stderr())],
        }
    }

    /// How many columns standard output has, if it is a terminal.
    pub fn width(&self) -> Option<usize> {
        self.widths[0]
    }

    /// Text for people after a word that takes so many columns, safe to show and broken where the
    /// terminal ends.
    fn shown(&self, text: &str, taken: usize, indent: usize) -> String {
        let text = visible(text);
        match self.widths[1] {
            Some(width) => hanging(&text, taken, width, indent),
            None => text,
        }
    }

    /// How much is said.
    pub fn verbosity(&self) -> Verbosity {
        self.verbosity
    }

    /// Whether `-v` was given.
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// A step, as cargo prints it: `   Compiling demo v1.2.3`.
    pub fn status(&self, verb: &str, what: impl AsRef<str>) {
        if self.verbosity > Verbosity::Quiet {
            self.people(&format!(
                "{VERB}{verb:>12}{VERB:#} {}\n",
                self.shown(what.as_ref(), 13, 13)
            ));
        }
    }

    /// A step worth knowing only with `-v`.
    pub fn detail(&self, verb: &str, what: impl AsRef<str>) {
        if self.is_verbose() {
            self.status(verb, what);
        }
    }

    /// A warning that belongs to no report.
    pub fn warn(&self, text: impl AsRef<str>) {
        if self.verbosity > Verbosity::Quiet {
            self.people(&format!(
                "{WARNING}warning{WARNING:#}: {}\n",
                self.shown(text.as_ref(), 9, 4)
            ));
        }
    }

    /// A remark that belongs to no report.
    pub fn note(&self, text: impl AsRef<str>) {
        if self.verbosity > Verbosity::Quiet {
            let text = self.shown(text.as_ref(), 6, 4);
            self.people(&format!("{NOTE}note{NOTE:#}: {text}\n"));
        }
    }

    /// An error with its next steps; shown even with `-q`.
    pub fn error(&self, error: &Error) {
        let chain = self.shown(&error.chain(), 7, 4);
        let mut text = format!("{ERROR}error{ERROR:#}: {chain}\n");
        for help in error.help() {
            let help = self.shown(help, 6, 4);
            text.push_str(&format!("{HELP}help{HELP:#}: {help}\n"));
        }
        self.people(&text);
    }

    /// A bar of `length` steps; hidden unless a person is looking.
    pub fn progress(&self, verb: &str, length: u64) -> Progress {
        let bar = self.progress.add(ProgressBar::new(length));
        if let Ok(style) = ProgressStyle::with_template(
            "{prefix:>12.bold.cyan} [{bar:25}] {pos}/{len}: {wide_msg}",
        ) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(verb.to_owned());
        Progress { bar }
    }

    /// A spinner for work of unknown length; hidden unless a person is looking.
    pub fn spinner(&self, verb: &str) -> Progress {
        let bar = self.progress.add(ProgressBar::new_spinner());
        if let Ok(style) =
            ProgressStyle::with_template("{prefix:>12.bold.cyan} {spinner} {elapsed} {wide_msg}")
        {
            bar.set_style(style);
        }
        bar.set_prefix(verb.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        Progress { bar }
    }

    /// Text for people on stderr, as it is: styles are stripped where they are not wanted.
    pub fn people(&self, text: &str) {
        self.progress.suspend(|| {
            let mut stream = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
            // Nobody is left to tell when stderr is gone.
            let _ = stream
                .write_all(text.as_bytes())
                .and_then(|()| stream.flush());
        });
    }

    /// Styled text on stdout.
    ///
    /// # Errors
    /// Writing failed for another reason than a reader that went away.
    pub fn result(&self, text: &str) -> io::Result<()> {
        self.progress.suspend(|| {
            let mut stream = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
            unless_broken_pipe(
                stream
                    .write_all(text.as_bytes())
                    .and_then(|()| stream.flush()),
            )
        })
    }

    /// Bytes for machines on stdout, untouched.
    ///
    /// # Errors
    /// Writing failed for another reason than a reader that went away.
    pub fn stdout(&self, bytes: &[u8]) -> io::Result<()> {
        self.progress.suspend(|| {
            let _order = self.stdout.lock().unwrap_or_else(PoisonError::into_inner);
            let mut stream = io::stdout().lock();
            unless_broken_pipe(stream.write_all(bytes).and_then(|()| stream.flush()))
        })
    }
}

/// The columns of a stream that is a terminal wide enough to break lines in.
#[cfg(unix)]
fn width_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    columns(terminal_size::terminal_size_of(stream))
}

/// The same.
#[cfg(windows)]
fn width_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    columns(terminal_size::terminal_size_of(stream))
}

fn columns(size: Option<(terminal_size::Width, terminal_size::Height)>) -> Option<usize> {
    let (terminal_size::Width(columns), _) = size?;
    Some(usize::from(columns)).filter(|columns| *columns >= TOO_NARROW)
}

fn unless_broken_pipe(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A bar or spinner; gone when dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Says what is being worked on.
    pub fn message(&self, text: impl AsRef<str>) {
        self.bar
            .set_message(visible(text.as_ref()).replace('\n', " "));
    }

    /// One step done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// So many steps done in all.
    pub fn set(&self, position: u64) {
        self.bar.set_position(position);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
