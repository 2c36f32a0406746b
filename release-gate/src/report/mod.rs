//! The report envelope: what every gate prints, writes and reads, whatever it judges.
//!
//! Pure data. [`Envelope`] is the serialized shape (see `docs/schemas/envelope.schema.json`);
//! [`Report`] is an envelope on its way out, with the text for people beside it. How it looks in
//! the five message formats is in [`render`].

pub mod render;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::digest::Sha256Digest;
use crate::error::Error;
use crate::exit;
use crate::git::CommitId;
use crate::rule::{Level, Levels, NOT_JUDGED, Requested, Rule};
use crate::tool::Tool;

/// The verdict of a gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
        let rank = |status| match status {
            Self::Error => 4,
            Self::Unsupported => 3,
            Self::Fail => 2,
            Self::Pass => 1,
            Self::Skipped => 0,
        };
        if rank(other) > rank(self) {
            other
        } else {
            self
        }
    }
}

/// Which tool made a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ToolId {
    /// Package name, `cargo-compat`.
    pub name: String,
    /// Package version.
    pub version: String,
}

/// What was judged. Fields are `null` where the thing does not exist or could not be found out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Subject {
    /// Package name; `null` for a report about several packages or none.
    pub package: Option<String>,
    /// Package version.
    pub version: Option<String>,
    /// The commit checked out.
    pub commit: Option<CommitId>,
    /// Whether the work tree differed from that commit.
    pub dirty: bool,
    /// SHA-256 of Cargo.lock.
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
        let show = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
        if self.commit != judged.commit {
            let text = |id: &Option<CommitId>| show(id.as_ref().map(|id| id.short().to_owned()));
            return Some(format!(
                "made for commit {}, not {}",
                text(&self.commit),
                text(&judged.commit)
            ));
        }
        if self.lock_sha256 != judged.lock_sha256 {
            let text = |digest: Option<Sha256Digest>| {
                show(digest.map(|digest| digest.to_string()[..12].to_owned()))
            };
            return Some(format!(
                "made for lock file {}, not {}",
                text(self.lock_sha256),
                text(judged.lock_sha256)
            ));
        }
        if self.dirty != judged.dirty {
            return Some(
                if self.dirty {
                    "made from uncommitted changes"
                } else {
                    "made before the uncommitted changes"
                }
                .to_owned(),
            );
        }
        if self.package != judged.package || self.version != judged.version {
            let name = |subject: &Self| {
                format!(
                    "{} {}",
                    show(subject.package.clone()),
                    show(subject.version.clone())
                )
            };
            return Some(format!("made for {}, not {}", name(self), name(judged)));
        }
        None
    }
}

/// Where a baseline came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Baseline {
    /// Where it came from.
    pub kind: BaselineKind,
    /// As it was asked for or found: a tag, a version; never an absolute path.
    pub name: String,
    /// Its package version.
    pub version: Option<String>,
    /// Its commit.
    pub commit: Option<CommitId>,
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// Id of the rule.
    pub rule: String,
    /// The level in force.
    pub level: Level,
    /// What was found, one line, lower case.
    pub message: String,
    /// File it was found in, relative to the repository, with `/` between its parts.
    pub path: Option<String>,
    /// Line in that file, from 1.
    pub line: Option<u32>,
    /// The next step.
    pub help: Option<String>,
    /// Facts a machine may want, by name.
    #[serde(default)]
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

    /// What the shared driver reports when a gate ends with an error.
    pub fn not_judged(error: &Error) -> Self {
        let finding = Self::new(&NOT_JUDGED, error.chain());
        if error.help().is_empty() {
            finding
        } else {
            finding.help(error.help().join("; "))
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

/// The serialized shape of every report of the suite.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Envelope {
    /// `release-gate/<name>/v1`.
    pub schema: String,
    /// Which tool made it.
    pub tool: ToolId,
    /// What was judged.
    pub subject: Subject,
    /// What it was compared with, if anything.
    pub baseline: Option<Baseline>,
    /// The verdict.
    pub status: Status,
    /// What was found, in the tool's order.
    pub findings: Vec<Finding>,
    /// The tool's own facts; an object, whose shape goes with `schema`.
    pub data: Value,
}

/// Why a file is no report that can be relied on.
#[derive(Debug, thiserror::Error)]
pub enum EnvelopeError {
    /// It is no JSON of the envelope's shape.
    #[error("it is no report")]
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
    /// Reads a report of the kind `name`, version 1. Unknown fields are ignored.
    ///
    /// # Errors
    /// It is no report, or of another kind or version. Whether it is about the right commit is
    /// another question: see [`Subject::stale_against`].
    pub fn read(bytes: &[u8], name: &str) -> Result<Self, EnvelopeError> {
        let envelope: Self = serde_json::from_slice(bytes)?;
        let expected = schema_id(name);
        if envelope.schema == expected {
            Ok(envelope)
        } else {
            Err(EnvelopeError::Schema {
                expected,
                found: envelope.schema,
            })
        }
    }
}

/// The value of `schema` for a report of this kind.
pub fn schema_id(name: &str) -> String {
    format!("release-gate/{name}/v1")
}

/// The JSON Schema (draft 2020-12) of a report of this kind: the envelope, with the shape of `data`
/// filled in.
pub fn schema<Data: JsonSchema>(name: &str) -> schemars::Schema {
    let mut generator = schemars::generate::SchemaSettings::draft2020_12().into_generator();
    let data = generator.subschema_for::<Data>();
    let mut schema = generator.into_root_schema_for::<Envelope>();
    if let Some(properties) = schema.get_mut("properties") {
        properties["schema"] = serde_json::json!({ "const": schema_id(name) });
        // A gate that ended without a verdict has no facts.
        properties["data"] =
            serde_json::json!({ "anyOf": [data, { "type": "object", "maxProperties": 0 }] });
    }
    schema
}

/// A report on its way out.
#[derive(Debug, Clone)]
pub struct Report {
    /// The kind of report, which is also the name of its file: `compat` → `compat.json`.
    pub name: String,
    /// What machines get.
    pub envelope: Envelope,
    /// What people get before findings and verdict: tables, summaries.
    pub human: String,
    /// One line behind the verdict, for people.
    pub summary: String,
    /// Whether the driver writes it to the artifact folder.
    pub keep: bool,
    /// Its status where no finding fails it, whatever the levels are.
    unless_failed: Status,
}

impl Report {
    /// A report without findings. Its status is computed from the levels of its findings unless it
    /// is set.
    pub fn new(name: impl Into<String>, tool: &Tool, subject: Subject) -> Self {
        let name = name.into();
        let envelope = Envelope {
            schema: schema_id(&name),
            tool: ToolId {
                name: tool.name.to_owned(),
                version: tool.version.to_owned(),
            },
            subject,
            baseline: None,
            status: Status::Pass,
            findings: Vec::new(),
            data: Value::Object(serde_json::Map::new()),
        };
        Self {
            name,
            envelope,
            human: String::new(),
            summary: String::new(),
            keep: true,
            unless_failed: Status::Pass,
        }
    }

    /// A report of a gate that ended with an error.
    pub fn not_judged(
        name: impl Into<String>,
        tool: &Tool,
        subject: Subject,
        error: &Error,
    ) -> Self {
        Self::new(name, tool, subject)
            .status(Status::Error)
            .findings(vec![Finding::not_judged(error)])
    }

    /// Says what the subject was compared with.
    #[must_use]
    pub fn baseline(mut self, baseline: Baseline) -> Self {
        self.envelope.baseline = Some(baseline);
        self
    }

    /// Sets a status that findings cannot express: error, skipped, unsupported.
    #[must_use]
    pub fn status(mut self, status: Status) -> Self {
        self.envelope.status = status;
        self
    }

    /// Sets the status for the case that no finding fails the report: one that judged nothing must
    /// not pass because its findings were allowed.
    #[must_use]
    pub fn unless_failed(mut self, status: Status) -> Self {
        self.unless_failed = status;
        self
    }

    /// Adds findings.
    #[must_use]
    pub fn findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.envelope.findings.extend(findings);
        self
    }

    /// Sets the tool's own facts.
    ///
    /// A value that cannot be JSON is a defect of the tool; it turns the report into an error
    /// instead of passing without its facts.
    #[must_use]
    pub fn data(mut self, data: &impl Serialize) -> Self {
        match serde_json::to_value(data) {
            Ok(data) => self.envelope.data = data,
            Err(error) => {
                let error = Error::judge("the facts of this report cannot be written as JSON")
                    .with_source(error);
                self.envelope.findings.push(Finding::not_judged(&error));
                self.envelope.status = Status::Error;
            }
        }
        self
    }

    /// Sets the text people get before findings and verdict.
    #[must_use]
    pub fn human(mut self, text: impl Into<String>) -> Self {
        self.human = text.into();
        self
    }

    /// Sets the line people get behind the verdict.
    #[must_use]
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.summary = text.into();
        self
    }

    /// Prints it only; nothing lands in the artifact folder.
    #[must_use]
    pub fn print_only(mut self) -> Self {
        self.keep = false;
        self
    }

    /// Applies what was asked for by `--deny/--warn/--allow` and the configuration, then settles
    /// the status.
    pub fn settle(&mut self, levels: &Levels) {
        let envelope = &mut self.envelope;
        for finding in &mut envelope.findings {
            match levels.requested(&finding.rule) {
                Some(Requested::Deny) => finding.level = Level::Deny,
                Some(Requested::Warn) => finding.level = Level::Warn,
                Some(Requested::Allow) => {
                    finding.level = Level::Note;
                    finding
                        .evidence
                        .insert("allowed".to_owned(), Value::Bool(true));
                }
                None => {}
            }
        }
        let denied = envelope
            .findings
            .iter()
            .any(|finding| finding.level == Level::Deny);
        envelope.status = match envelope.status {
            Status::Error | Status::Unsupported => envelope.status,
            Status::Skipped if !denied => Status::Skipped,
            _ if denied => Status::Fail,
            _ => self.unless_failed,
        };
    }
}

/// Joins the reports of several packages into one, so that standard output always holds exactly one
/// object.
///
/// Its kind is `<name>-set`; `data.reports` holds the single ones, `findings` all of theirs,
/// `status` the worst.
pub fn join(tool: &Tool, reports: &[Report]) -> Option<Envelope> {
    let first = reports.first()?;
    let subject = Subject {
        package: None,
        version: None,
        ..first.envelope.subject.clone()
    };
    let mut joined = Report::new(format!("{}-set", first.name), tool, subject);
    let mut all = Vec::new();
    joined.envelope.status = first.envelope.status;
    for report in reports {
        joined.envelope.status = joined.envelope.status.worse(report.envelope.status);
        joined
            .envelope
            .findings
            .extend(report.envelope.findings.iter().cloned());
        all.push(&report.envelope);
    }
    Some(joined.data(&serde_json::json!({ "reports": all })).envelope)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Rule] = &[
        Rule {
            id: "bad",
            level: Level::Deny,
            summary: "bad",
            why: "",
            link: "",
        },
        Rule {
            id: "odd",
            level: Level::Warn,
            summary: "odd",
            why: "",
            link: "",
        },
    ];
    const TOOL: Tool = Tool {
        name: "cargo-x",
        subcommand: "x",
        version: "0.1.0",
        rules: RULES,
    };

    fn settled(
        findings: Vec<Finding>,
        status: Option<Status>,
        levels: &[(&str, Requested)],
    ) -> Report {
        let mut wishes = Levels::default();
        for (id, level) in levels {
            wishes.set(RULES, id, *level).unwrap();
        }
        let mut report = Report::new("x", &TOOL, Subject::default()).findings(findings);
        if let Some(status) = status {
            report = report.status(status);
        }
        report.settle(&wishes);
        report
    }

    #[test]
    fn levels_decide_the_status() {
        let bad = || Finding::new(&RULES[0], "b");
        let odd = || Finding::new(&RULES[1], "o");
        assert_eq!(settled(vec![], None, &[]).envelope.status, Status::Pass);
        assert_eq!(
            settled(vec![odd()], None, &[]).envelope.status,
            Status::Pass
        );
        assert_eq!(
            settled(vec![odd()], None, &[("odd", Requested::Deny)])
                .envelope
                .status,
            Status::Fail
        );
        assert_eq!(
            settled(vec![bad()], None, &[]).envelope.status,
            Status::Fail
        );
        let allowed = settled(vec![bad()], None, &[("bad", Requested::Allow)]).envelope;
        assert_eq!(allowed.status, Status::Pass);
        assert_eq!(
            allowed.findings[0].evidence["allowed"], true,
            "an allowed finding stays in sight"
        );
    }

    #[test]
    fn what_judged_nothing_does_not_pass_because_findings_are_allowed() {
        for (level, status) in [
            (Requested::Allow, Status::Error),
            (Requested::Deny, Status::Fail),
        ] {
            let mut levels = Levels::default();
            levels.set(RULES, "bad", level).unwrap();
            let report = Report::new("x", &TOOL, Subject::default()).unless_failed(Status::Error);
            let mut report = report.findings(vec![Finding::new(&RULES[0], "b")]);
            report.settle(&levels);
            assert_eq!(report.envelope.status, status);
        }
    }

    #[test]
    fn an_error_is_never_talked_away() {
        for status in [Status::Error, Status::Unsupported] {
            assert_eq!(
                settled(vec![], Some(status), &[("bad", Requested::Allow)])
                    .envelope
                    .status,
                status
            );
        }
        assert!(
            Levels::default()
                .set(RULES, NOT_JUDGED.id, Requested::Allow)
                .is_err()
        );
        assert_eq!(
            settled(
                vec![Finding::new(&RULES[0], "b")],
                Some(Status::Skipped),
                &[]
            )
            .envelope
            .status,
            Status::Fail
        );
    }

    #[test]
    fn another_kind_or_version_is_refused_and_unknown_fields_are_not() {
        let mut value =
            serde_json::to_value(Report::new("x", &TOOL, Subject::default()).envelope).unwrap();
        value["new_field"] = 1.into();
        assert!(Envelope::read(value.to_string().as_bytes(), "x").is_ok());
        assert!(matches!(
            Envelope::read(value.to_string().as_bytes(), "y"),
            Err(EnvelopeError::Schema { .. })
        ));
        value["schema"] = "release-gate/x/v2".into();
        assert!(Envelope::read(value.to_string().as_bytes(), "x").is_err());
        assert!(Envelope::read(b"{}", "x").is_err());
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
    fn joined_reports_have_the_worst_status() {
        let pass = settled(vec![], None, &[]);
        let skipped = settled(vec![], Some(Status::Skipped), &[]);
        let error = settled(vec![], Some(Status::Error), &[]);
        assert_eq!(
            join(&TOOL, &[skipped.clone(), pass.clone()])
                .unwrap()
                .status,
            Status::Pass
        );
        let all = join(&TOOL, &[pass, error, skipped]).unwrap();
        assert_eq!(all.status, Status::Error);
        assert_eq!(all.data["reports"].as_array().unwrap().len(), 3);
    }
}
