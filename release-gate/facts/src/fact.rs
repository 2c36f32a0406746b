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
                "the report is missing; run its gate first",
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
    /// Reads a report's file, whatever it is about; `None` where there is no file.
    ///
    /// Fields that are not known are ignored. A field that is missing, of another type or there
    /// twice makes the report one of another shape.
    pub fn read(bytes: Option<&[u8]>) -> Self {
        Self::read_if(bytes, |_| None)
    }

    /// Reads a report's file. The fact is stale where the report is not about `judged`, whatever
    /// its gate said: a gate that had nothing to judge at another commit says nothing of this one.
    ///
    /// A report that names no package is about the whole workspace, and so about each package of
    /// it.
    pub fn read_about(bytes: Option<&[u8]>, judged: &Subject) -> Self {
        Self::read_if(bytes, |found| stale(found, judged))
    }

    /// Reads a report's file. `why_stale` says what makes a report of such a subject stale.
    fn read_if(bytes: Option<&[u8]>, why_stale: impl Fn(&Subject) -> Option<String>) -> Self {
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
        if let Some(why) = why_stale(&outer.subject) {
            return Self::Stale(why);
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

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};
    use serde_json::{Value, json};

    use super::*;
    use crate::report_data;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    struct DemoData {
        passed: u64,
    }

    report_data!(DemoData = "demo");

    const BUILT: &str = "1111111111111111111111111111111111111111";
    const JUDGED: &str = "2222222222222222222222222222222222222222";

    fn about(commit: &str) -> Subject {
        Subject {
            package: Some("demo".to_owned()),
            version: Some("1.0.0".to_owned()),
            commit: Some(commit.parse().unwrap()),
            ..Subject::default()
        }
    }

    fn report(status: &str) -> Value {
        json!({
            "schema": "release-gate/demo/v1",
            "tool": { "name": "cargo-demo", "version": "1.0.0" },
            "subject": serde_json::to_value(about(BUILT)).unwrap(),
            "baseline": null,
            "status": status,
            "coverage": { "judged": 1, "not_judged": [] },
            "findings": [],
            "data": { "passed": 1 },
        })
    }

    fn read_about(report: &Value, judged: &Subject) -> Fact<Envelope<DemoData>> {
        Fact::<Envelope<DemoData>>::read_about(Some(report.to_string().as_bytes()), judged)
    }

    #[test]
    fn another_kind_or_version_is_of_another_shape() {
        for schema in ["release-gate/other/v1", "release-gate/demo/v2", ""] {
            let mut other = report("pass");
            other["schema"] = schema.into();
            let fact = read_about(&other, &about(BUILT));
            assert!(matches!(fact, Fact::OtherShape(_)), "{schema}: {fact:?}");
        }
    }

    #[test]
    fn a_report_about_another_commit_is_stale_whatever_its_gate_said() {
        for status in ["pass", "fail", "skipped", "error", "unsupported"] {
            let fact = read_about(&report(status), &about(JUDGED));
            assert!(matches!(fact, Fact::Stale(_)), "{status}: {fact:?}");
        }
    }

    #[test]
    fn a_report_about_what_is_judged_says_what_its_gate_said() {
        let judged = about(BUILT);
        assert!(read_about(&report("pass"), &judged).usable().is_some());
        assert!(read_about(&report("fail"), &judged).usable().is_some());

        let skipped = read_about(&report("skipped"), &judged);
        assert!(matches!(skipped, Fact::NotApplicable(_)), "{skipped:?}");
        for status in ["error", "unsupported"] {
            let fact = read_about(&report(status), &judged);
            assert!(matches!(fact, Fact::Error(_)), "{status}: {fact:?}");
        }
    }

    #[test]
    fn a_report_about_the_workspace_is_about_each_package_of_it() {
        let mut whole = report("pass");
        whole["subject"]["package"] = Value::Null;
        whole["subject"]["version"] = Value::Null;

        assert!(read_about(&whole, &about(BUILT)).usable().is_some());
        assert!(matches!(read_about(&whole, &about(JUDGED)), Fact::Stale(_)));
    }
}
