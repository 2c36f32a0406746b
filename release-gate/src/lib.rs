//! What the release gates share, and nothing about any of them.
//!
//! Five cargo subcommands each own one gate of a release. This crate owns what they have in common:
//! how they are called ([`cli`]), what they print ([`terminal`], [`report`]), what they return
//! ([`exit`]), what they know of the project ([`project`], [`git`]), how they hash ([`digest`]),
//! write ([`fs`], [`artifacts`]) and start other programs ([`process`]).
//!
//! Invariants: it knows no gate; only [`terminal`] writes to stdout and stderr; only [`git`] starts
//! git; only [`process`] starts a program at all.

#[cfg(feature = "advisories")]
pub mod advisories;
pub mod args;
pub mod artifacts;
pub mod audit;
pub mod cli;
pub mod config;
pub mod digest;
pub mod error;
pub mod exit;
pub mod folders;
pub mod fs;
pub mod git;
pub mod interrupt;
pub mod json;
#[cfg(feature = "lock")]
pub mod lock;
pub mod process;
pub mod project;
#[cfg(feature = "public-key")]
pub mod public_key;
pub mod report;
pub mod rule;
pub mod suggest;
pub mod terminal;
pub mod text;
pub mod time;
pub mod tool;

pub use crate::cli::{Context, Outcome, SharedArgs};
pub use crate::error::{Error, Result};
pub use crate::report::{Baseline, Finding, Report, Status, Subject};
pub use crate::rule::{Level, Rule};
pub use crate::tool::Tool;
pub use release_gate_facts as facts;
pub use release_gate_facts::{Bump, Coverage, Fact, ReportData};
