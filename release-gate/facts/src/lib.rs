//! What the release gates tell each other, for everybody who reads their reports.
//!
//! Five cargo subcommands each judge one gate of a release and leave a report in
//! `<artifact-dir>/<package>-<version>/`. This crate is the one definition of those files: the
//! [`Envelope`] around every report, the [`report`] data inside it, the [`Manifest`] of a folder,
//! [file names](files) and [exit codes](exit). The gates write these types and read them; a program
//! of your own can, too.
//!
//! The crate is pure. It never reads a file, starts a program, or prints.
//!
//! # Reading a report
//!
//! [`Fact`] is the only way to a report's data. A report that is missing, stale, of another shape,
//! or of a gate that came to no verdict is a variant of its own, and none of them is an empty
//! report.
//!
//! ```
//! use release_gate_facts::{Envelope, Fact, Subject, report_data};
//! use serde::{Deserialize, Serialize};
//!
//! // The reports of the five gates are in `release_gate_facts::report`; this one stands for them.
//! #[derive(Serialize, Deserialize)]
//! struct DemoData {
//!     passed: u64,
//! }
//! report_data!(DemoData = "demo");
//!
//! // There is no file where the report should be.
//! let fact = Fact::<Envelope<DemoData>>::read(None);
//! assert!(matches!(fact, Fact::Missing));
//!
//! // What lacks a field is never read as an empty report.
//! let fact = Fact::<Envelope<DemoData>>::read(Some(br#"{"schema": "release-gate/demo/v1"}"#));
//! assert!(matches!(fact, Fact::OtherShape(_)));
//!
//! // Only a report about what you are judging is usable.
//! match Fact::<Envelope<DemoData>>::read_about(None, &Subject::default()) {
//!     Fact::Usable(report) => println!("{} passed", report.data.passed),
//!     Fact::NotApplicable(why) => println!("{why}"),
//!     gap => println!("cannot be relied on: {:?}", gap.gap()),
//! }
//! ```
//!
//! # Adding a report
//!
//! 1. Add `src/report/<name>.rs` with a struct that derives `Serialize` and `Deserialize`, and
//!    `schemars::JsonSchema` under the feature `schema`.
//! 2. Use enums where there is a list of words, [`Sha256Digest`] and [`CommitId`] where there is a
//!    digest or a commit, and integers for numbers. A report holds no float.
//! 3. Every field is required. For a field that may be `null`, write
//!    `#[serde(deserialize_with = "crate::nullable")]`: without it serde takes a missing field for
//!    `null`. Do not use `#[serde(default)]` or `skip_serializing_if`.
//! 4. Implement [`ReportData`] with [`report_data!`], and add the type to
//!    [`for_each_report!`]. The tests then rename each field of a sample in turn and expect
//!    that no reader accepts it.
//!
//! # Changing a report
//!
//! Readers accept more fields, never fewer. A new required field makes older reports unreadable,
//! which is right: the older report did not say it. A field that changes its meaning gets another
//! name.

pub mod bump;
pub mod commit;
pub mod coverage;
pub mod digest;
pub mod envelope;
pub mod exit;
pub mod fact;
pub mod files;
pub mod gap;
pub mod gate;
pub mod json;
pub mod manifest;
pub mod report;
pub mod rule;
#[cfg(feature = "schema")]
pub mod sample;
#[cfg(feature = "schema")]
pub mod schema;

pub use crate::bump::Bump;
pub use crate::commit::CommitId;
pub use crate::coverage::{Coverage, NotJudged};
pub use crate::digest::Sha256Digest;
pub use crate::envelope::{
    Baseline, BaselineKind, Envelope, Finding, ReportSet, Status, Subject, ToolId, schema_id,
};
pub use crate::fact::{Fact, Gap};
pub use crate::gap::GapKind;
pub use crate::manifest::{Manifest, ManifestFile};
pub use crate::report::ReportData;
pub use crate::rule::{Level, Rule};

/// Reads a field that may be `null` and must be there.
///
/// serde reads a missing `Option` field as `None`. With
/// `#[serde(deserialize_with = "release_gate_facts::nullable")]` a missing field is an error.
///
/// # Errors
/// Whatever reading `T` returns.
pub fn nullable<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: serde::Deserialize<'de>,
{
    serde::Deserialize::deserialize(deserializer)
}
