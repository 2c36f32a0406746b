//! The envelope: what every gate prints, writes and reads, whatever it judges.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::commit::CommitId;
use crate::coverage::Coverage;
use crate::digest::Sha256Digest;
use crate::exit;
use crate::rule::{Level, Rule};

/// The verdict of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// No finding at deny level.
    Pass,
    /// At least one finding at deny level.
    Fail,
    /// The gate could not judge. Never a pass.
    Error,
    /// There is nothing of the kind this gate judges (no library, say), which the findings say. Not
    /// a failure.
    Skipped,
    /// There is something to judge, of a kind this gate cannot judge. Never a pass.
    Unsupported,
}

impl Status {
    /// The exit code that goes with it (see [`exit`]).
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Pass | Self::Skipped => exit::PASS,
            Self::Fail => exit::FAIL,
            Self::Error | Self::Unsupported => exit::ERROR,
        }
    }

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Error => "error",
            Self::Skipped => "skipped",
            Self::Unsupported => "unsupported",
        }
    }

    /// The one of two that matters more: an error before a failure before everything else.
    #[must_use]
    pub fn worse(self, other: Self) -> Self {
        if other.rank() > self.rank() {
            other
        } else {
            self
        }
    }

    /// How much a status matters; see [`worse`](Self::worse).
    fn rank(self) -> u8 {
        match self {
            Self::Error => 4,
            Self::Unsupported => 3,
            Self::Fail => 2,
            Self::Pass => 1,
            Self::Skipped => 0,
        }
    }
}

/// Which tool made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ToolId {
    /// Package name, `cargo-compat`.
    pub name: String,
    /// Package version.
    pub version: String,
}

/// What was judged. Fields are `null` where the thing does not exist or could not be found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Subject {
    /// Package name; `null` for a report about several packages or none.
    #[serde(deserialize_with = "crate::nullable")]
    pub package: Option<String>,
    /// Package version.
    #[serde(deserialize_with = "crate::nullable")]
    pub version: Option<String>,
    /// The commit checked out.
    #[serde(deserialize_with = "crate::nullable")]
    pub commit: Option<CommitId>,
    /// Whether the work tree differed from that commit.
    pub dirty: bool,
    /// SHA-256 of Cargo.lock.
    #[serde(deserialize_with = "crate::nullable")]
    pub lock_sha256: Option<Sha256Digest>,
    /// Target triples asked for, sorted; empty means the host.
    pub targets: Vec<String>,
    /// Features asked for, sorted, with `--all-features` and `--no-default-features` as they are
    /// spelled there.
    pub features: Vec<String>,
}

impl Subject {
    /// Why facts about `self` say nothing about `judged`, or `None` when they do.
    ///
    /// The commit and the lock file must be the same, and neither may have had uncommitted changes
    /// the other lacks.
    pub fn stale_against(&self, judged: &Self) -> Option<String> {
        if self.commit != judged.commit {
            return Some(format!(
                "made for commit {}, not {}",
                shown(self.commit.as_ref().map(CommitId::short)),
                shown(judged.commit.as_ref().map(CommitId::short))
            ));
        }

        if self.lock_sha256 != judged.lock_sha256 {
            return Some(format!(
                "made for lock file {}, not {}",
                shown_digest(self.lock_sha256),
                shown_digest(judged.lock_sha256)
            ));
        }

        if self.dirty && !judged.dirty {
            return Some("made from uncommitted changes".to_owned());
        }
        if judged.dirty && !self.dirty {
            return Some("made before the uncommitted changes".to_owned());
        }
        if self.package != judged.package || self.version != judged.version {
            return Some(format!(
                "made for {}, not {}",
                self.shown_package(),
                judged.shown_package()
            ));
        }

        None
    }

    fn shown_package(&self) -> String {
        let name = shown(self.package.as_deref());
        let version = shown(self.version.as_deref());
        format!("{name} {version}")
    }
}

/// A part of a subject, `none` where there is none.
fn shown(part: Option<&str>) -> &str {
    part.unwrap_or("none")
}

/// The first twelve digits of a digest.
fn shown_digest(digest: Option<Sha256Digest>) -> String {
    match digest {
        Some(digest) => digest.to_string()[..12].to_owned(),
        None => "none".to_owned(),
    }
}

/// Where a baseline came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum BaselineKind {
    /// A git revision.
    Git,
    /// A published version.
    Registry,
    /// A folder.
    Path,
    /// A rustdoc JSON file.
    RustdocJson,
}

/// What the subject was compared with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Baseline {
    /// Where it came from.
    pub kind: BaselineKind,
    /// As it was asked for or found: a tag, a version; never an absolute path.
    pub name: String,
    /// Its package version.
    #[serde(deserialize_with = "crate::nullable")]
    pub version: Option<String>,
    /// Its commit.
    #[serde(deserialize_with = "crate::nullable")]
    pub commit: Option<CommitId>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// The level in force.
    pub level: Level,
    /// What was found, one line, lower case.
    pub message: String,
    /// File it was found in, relative to the repository, with `/` between its parts.
    #[serde(deserialize_with = "crate::nullable")]
    pub path: Option<String>,
    /// Line in that file, from 1.
    #[serde(deserialize_with = "crate::nullable")]
    pub line: Option<u32>,
    /// The next step.
    #[serde(deserialize_with = "crate::nullable")]
    pub help: Option<String>,
    /// Facts a machine may want, by name.
    pub evidence: BTreeMap<String, Value>,
}

impl Finding {
    /// A finding at the rule's default level.
    pub fn new(rule: &Rule, message: impl Into<String>) -> Self {
        Self {
            rule: rule.id.to_owned(),
            level: rule.level,
            message: message.into(),
            path: None,
            line: None,
            help: None,
            evidence: BTreeMap::new(),
        }
    }

    /// Sets the level, where a rule's weight depends on what was found; `--deny/--warn/--allow`
    /// still win over it.
    #[must_use]
    pub fn level(mut self, level: Level) -> Self {
        self.level = level;
        self
    }

    /// Says where: a path relative to the repository, and a line counted from 1.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>, line: impl Into<Option<u32>>) -> Self {
        self.path = Some(path.into());
        self.line = line.into();
        self
    }

    /// Says what to do next.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Adds a fact.
    #[must_use]
    pub fn evidence(mut self, name: impl Into<String>, fact: impl Into<Value>) -> Self {
        self.evidence.insert(name.into(), fact.into());
        self
    }
}

/// The shape of every report of the suite, around the data of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Envelope<Data = Value> {
    /// `release-gate/<name>/v1`.
    pub schema: String,
    /// Which tool made the report.
    pub tool: ToolId,
    /// What was judged.
    pub subject: Subject,
    /// What it was compared with; `null` where nothing was.
    #[serde(deserialize_with = "crate::nullable")]
    pub baseline: Option<Baseline>,
    /// The verdict.
    pub status: Status,
    /// What the verdict looked at, and what it did not.
    pub coverage: Coverage,
    /// What was found, in the tool's order.
    pub findings: Vec<Finding>,
    /// The tool's own facts: an object whose shape goes with `schema`. It is empty where the gate
    /// came to no verdict.
    pub data: Data,
}

/// The data of a report about several packages, whose schema is `release-gate/<name>-set/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReportSet {
    /// The report about each package, whose schema is `release-gate/<name>/v1`.
    pub reports: Vec<Envelope>,
}

/// Why a file is not a report that can be relied on.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is not JSON of the envelope's shape.
    #[error("it is not a report")]
    Malformed(#[from] serde_json::Error),
    /// It is of another kind or version.
    #[error("its schema is `{found}` where `{expected}` is needed")]
    Schema {
        /// What was expected.
        expected: String,
        /// What the file says.
        found: String,
    },
}

impl Envelope {
    /// The reports about single packages of the gate that makes reports of this name: this one, or
    /// those that it joins.
    ///
    /// # Errors
    /// It is of another kind or version, or a set without its reports.
    pub fn single_reports(&self, name: &str) -> Result<Vec<Self>, EnvelopeError> {
        let expected = schema_id(name);
        if self.schema == expected {
            return Ok(vec![self.clone()]);
        }
        if self.schema != set_schema_id(name) {
            return Err(EnvelopeError::Schema {
                expected,
                found: self.schema.clone(),
            });
        }

        let set: ReportSet = serde_json::from_value(self.data.clone())?;
        match set.reports.iter().find(|report| report.schema != expected) {
            None => Ok(set.reports),
            Some(other) => Err(EnvelopeError::Schema {
                expected,
                found: other.schema.clone(),
            }),
        }
    }
}

/// The value of `schema` for a report of this name.
pub fn schema_id(name: &str) -> String {
    format!("release-gate/{name}/v1")
}

/// The value of `schema` for a report that joins those of several packages.
pub fn set_schema_id(name: &str) -> String {
    schema_id(&format!("{name}-set"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(name: &str, data: Value) -> Envelope {
        Envelope {
            schema: schema_id(name),
            tool: ToolId {
                name: "cargo-demo".to_owned(),
                version: "1.0.0".to_owned(),
            },
            subject: Subject::default(),
            baseline: None,
            status: Status::Pass,
            coverage: Coverage::of(1),
            findings: Vec::new(),
            data,
        }
    }

    #[test]
    fn a_set_holds_reports_of_one_kind() {
        let single = report("demo", Value::Null);
        let set = |reports: Vec<Envelope>| {
            let reports = ReportSet { reports };
            report("demo-set", serde_json::to_value(reports).unwrap())
        };

        assert_eq!(single.single_reports("demo").unwrap().len(), 1);
        let two = set(vec![single.clone(), single.clone()]);
        assert_eq!(two.single_reports("demo").unwrap().len(), 2);

        assert!(single.single_reports("other").is_err());
        assert!(two.single_reports("other").is_err());
        let mixed = set(vec![single, report("other", Value::Null)]);
        assert!(mixed.single_reports("demo").is_err());
        let empty = report("demo-set", serde_json::json!({}));
        assert!(empty.single_reports("demo").is_err());
    }

    #[test]
    fn stale_facts_are_named() {
        let commit = |digit: &str| Some(digit.repeat(40).parse().unwrap());
        let judged = Subject {
            commit: commit("a"),
            ..Subject::default()
        };
        assert_eq!(judged.stale_against(&judged), None);
        let other = Subject {
            commit: commit("b"),
            ..Subject::default()
        };
        assert_eq!(
            other.stale_against(&judged).unwrap(),
            "made for commit bbbbbbbbbbbb, not aaaaaaaaaaaa"
        );
        let dirty = Subject {
            dirty: true,
            ..judged.clone()
        };
        assert!(dirty.stale_against(&judged).is_some() && judged.stale_against(&dirty).is_some());
    }

    #[test]
    fn a_status_has_a_word_and_an_exit_code() {
        for (status, word, code) in [
            (Status::Pass, "pass", 0),
            (Status::Skipped, "skipped", 0),
            (Status::Fail, "fail", 100),
            (Status::Error, "error", 101),
            (Status::Unsupported, "unsupported", 101),
        ] {
            assert_eq!((status.as_str(), status.exit_code()), (word, code));
            assert_eq!(serde_json::to_value(status).unwrap(), word);
        }
    }

    #[test]
    fn the_status_that_matters_more_wins() {
        let order = [
            Status::Skipped,
            Status::Pass,
            Status::Fail,
            Status::Unsupported,
            Status::Error,
        ];
        for (index, less) in order.iter().enumerate() {
            for more in &order[index..] {
                assert_eq!(less.worse(*more), *more);
                assert_eq!(more.worse(*less), *more);
            }
        }
    }

    #[test]
    fn what_makes_a_fact_stale_is_named() {
        let judged = Subject {
            package: Some("demo".to_owned()),
            version: Some("1.0.0".to_owned()),
            lock_sha256: Some(Sha256Digest::from_bytes([0xaa; 32])),
            ..Subject::default()
        };
        let other_lock = Subject {
            lock_sha256: None,
            ..judged.clone()
        };
        assert_eq!(
            judged.stale_against(&other_lock).unwrap(),
            "made for lock file aaaaaaaaaaaa, not none"
        );

        let older = Subject {
            version: Some("0.9.0".to_owned()),
            ..judged.clone()
        };
        assert_eq!(
            older.stale_against(&judged).unwrap(),
            "made for demo 0.9.0, not demo 1.0.0"
        );
        let nameless = Subject {
            package: None,
            ..judged.clone()
        };
        assert_eq!(
            nameless.stale_against(&judged).unwrap(),
            "made for none 1.0.0, not demo 1.0.0"
        );
    }

    #[test]
    fn a_finding_keeps_what_it_is_told() {
        const RULE: Rule = Rule {
            id: "odd",
            level: Level::Warn,
            summary: "",
            why: "",
            link: "",
        };
        let finding = Finding::new(&RULE, "it is odd")
            .at("src/lib.rs", 3)
            .help("make it even")
            .evidence("number", 7);
        assert_eq!((finding.rule.as_str(), finding.level), ("odd", Level::Warn));
        assert_eq!(finding.message, "it is odd");
        assert_eq!(
            (finding.path.as_deref(), finding.line),
            (Some("src/lib.rs"), Some(3))
        );
        assert_eq!(finding.help.as_deref(), Some("make it even"));
        assert_eq!(finding.evidence["number"], 7);
        assert_eq!(finding.level(Level::Deny).level, Level::Deny);
    }
}
