//! Facts: reports of other gates, and what stands in the way of relying on them.

use serde::de::{DeserializeOwned, IgnoredAny};

use crate::envelope::{Envelope, Status, Subject, schema_id};
use crate::gap::GapKind;
use crate::report::ReportData;

/// A report of another gate, as far as it can be relied on.
///
/// The only way to a value is [`Fact::usable`]. Every other state has a reason that can be printed,
/// and none of them can be mistaken for a report in which nothing was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact<T> {
    /// The report is there, complete, about what is judged, and its gate came to a verdict: pass or
    /// fail.
    Usable(T),
    /// The gate says that there is nothing of the kind here (no library, say).
    NotApplicable(String),
    /// There is no report.
    Missing,
    /// The report is about something else: another commit, lock file, package or baseline.
    Stale(String),
    /// The report cannot be read, or its gate came to no verdict.
    Error(String),
    /// The report is of another kind or version, or lacks a field.
    OtherShape(String),
}

/// What stands in the way of relying on a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap<'a> {
    /// What sort of gap it is.
    pub kind: GapKind,
    /// Why, for people.
    pub why: &'a str,
}

impl<T> Fact<T> {
    /// The value, where it can be relied on.
    pub fn usable(&self) -> Option<&T> {
        match self {
            Self::Usable(value) => Some(value),
            _ => None,
        }
    }

    /// The value, where it can be relied on; the fact is used up.
    pub fn into_usable(self) -> Option<T> {
        match self {
            Self::Usable(value) => Some(value),
            _ => None,
        }
    }

    /// What stands in the way of relying on the fact. `None` for a usable fact, and where the gate
    /// says that there is nothing to judge.
    pub fn gap(&self) -> Option<Gap<'_>> {
        let (kind, why) = match self {
            Self::Usable(_) | Self::NotApplicable(_) => return None,
            Self::Missing => (
                GapKind::Missing,
                "there is no such file in the artifact folder",
            ),
            Self::Stale(why) => (GapKind::Stale, why.as_str()),
            Self::Error(why) => (GapKind::Error, why.as_str()),
            Self::OtherShape(why) => (GapKind::OtherShape, why.as_str()),
        };
        Some(Gap { kind, why })
    }

    /// The same state with another value.
    #[must_use]
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Fact<U> {
        self.and_then(|value| Fact::Usable(convert(value)))
    }

    /// The same state, where the value may turn out to be unusable.
    #[must_use]
    pub fn and_then<U>(self, convert: impl FnOnce(T) -> Fact<U>) -> Fact<U> {
        match self {
            Self::Usable(value) => convert(value),
            Self::NotApplicable(why) => Fact::NotApplicable(why),
            Self::Missing => Fact::Missing,
            Self::Stale(why) => Fact::Stale(why),
            Self::Error(why) => Fact::Error(why),
            Self::OtherShape(why) => Fact::OtherShape(why),
        }
    }
}

impl<Data: ReportData> Fact<Envelope<Data>> {
    /// Reads a report's file; `None` where there is no file.
    ///
    /// Fields that are not known are ignored. A field that is missing, of another type or there
    /// twice makes the report one of another shape.
    pub fn read(bytes: Option<&[u8]>) -> Self {
        let Some(bytes) = bytes else {
            return Self::Missing;
        };

        // The data of a gate that came to no verdict is empty, so the status comes first.
        let outer: Envelope<IgnoredAny> = match parse(bytes) {
            Ok(outer) => outer,
            Err(why) => return Self::OtherShape(why),
        };
        let expected = schema_id(Data::NAME);
        if outer.schema != expected {
            return Self::OtherShape(format!(
                "its schema is `{}` where `{expected}` is needed",
                outer.schema
            ));
        }

        match outer.status {
            Status::Pass | Status::Fail => match parse(bytes) {
                Ok(report) => Self::Usable(report),
                Err(why) => Self::OtherShape(why),
            },
            Status::Skipped => {
                Self::NotApplicable(format!("nothing to judge{}", first_finding(&outer)))
            }
            Status::Error | Status::Unsupported => Self::Error(format!(
                "its gate ended with status `{}`{}",
                outer.status.as_str(),
                first_finding(&outer)
            )),
        }
    }

    /// The same fact, stale where the report is not about `judged`.
    ///
    /// A report that names no package is about the whole workspace, and so about each package of
    /// it.
    #[must_use]
    pub fn about(self, judged: &Subject) -> Self {
        self.and_then(|report| match stale(&report.subject, judged) {
            Some(why) => Self::Stale(why),
            None => Self::Usable(report),
        })
    }
}

/// Parses JSON, with serde's own words for what is wrong.
fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    serde_json::from_slice(bytes).map_err(|error| error.to_string())
}

/// `: ` and the message of a report's first finding, or nothing.
fn first_finding<Data>(report: &Envelope<Data>) -> String {
    report
        .findings
        .first()
        .map(|finding| format!(": {}", finding.message))
        .unwrap_or_default()
}

/// Why a report about `found` says nothing about `judged`.
fn stale(found: &Subject, judged: &Subject) -> Option<String> {
    let of_workspace = found.package.is_none() && found.version.is_none();
    if of_workspace {
        let found = Subject {
            package: judged.package.clone(),
            version: judged.version.clone(),
            ..found.clone()
        };
        return found.stale_against(judged);
    }

    found.stale_against(judged)
}
