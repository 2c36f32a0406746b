//! Reports on their way out.
//!
//! [`Envelope`] is what machines read; [`release_gate_facts`] defines it. A [`Report`] is an
//! envelope with the text for people beside it. How it looks in the five message formats is in
//! [`render`].

pub mod render;

pub use release_gate_facts::envelope::{
    Baseline, BaselineKind, Envelope, EnvelopeError, Finding, ReportSet, Status, Subject, ToolId,
    schema_id,
};
use release_gate_facts::rule::coverage_rule_id;
pub use release_gate_facts::schema::{envelope_schema, manifest_schema, report_schema};
use release_gate_facts::{Coverage, NotJudged, ReportData};
use serde::Serialize;
use serde_json::Value;

use crate::error::Error;
use crate::folders::Folders;
use crate::rule::{Level, Levels, NOT_JUDGED, Requested, Rule};
use crate::text::one_line;
use crate::tool::Tool;

/// The evidence of an error that holds all that a program printed.
pub(crate) const OUTPUT: &str = "output";

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
    /// Whether the driver prints it.
    pub printed: bool,
    /// Its status where no finding fails it, whatever the levels are.
    unless_failed: Status,
    /// The tool's catalogue, which says what each kind of coverage entry weighs.
    rules: &'static [Rule],
}

/// What the shared driver reports when a gate ends with an error.
pub fn not_judged_finding(error: &Error) -> Finding {
    let finding = Finding::new(&NOT_JUDGED, error.chain());

    if error.help().is_empty() {
        finding
    } else {
        finding.help(error.help().join("; "))
    }
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
            coverage: Coverage::default(),
            findings: Vec::new(),
            data: Value::Object(serde_json::Map::new()),
        };

        Self {
            name,
            envelope,
            human: String::new(),
            summary: String::new(),
            keep: true,
            printed: true,
            unless_failed: Status::Pass,
            rules: tool.rules,
        }
    }

    /// A report with this data, under the name that goes with it.
    pub fn with_data<Data: ReportData>(tool: &Tool, subject: Subject, data: &Data) -> Self {
        Self::new(Data::NAME, tool, subject).data(data)
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
            .findings(vec![not_judged_finding(error)])
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

    /// Says what was judged and what was not.
    ///
    /// Entries weigh what the rule `not-judged-<kind>` of the tool's catalogue says:
    /// [`settle`](Self::settle) turns those at warn and deny level into findings. A report without
    /// anything judged never passes.
    #[must_use]
    pub fn coverage(mut self, coverage: Coverage) -> Self {
        self.envelope.coverage.extend(&coverage);
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
                self.envelope.findings.push(not_judged_finding(&error));
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

    /// Keeps it in the artifact folder only: another report of the call says the same to people.
    #[must_use]
    pub fn keep_only(mut self) -> Self {
        self.printed = false;
        self
    }

    /// Names files in findings from the project instead of from this machine's root, and errors in
    /// one line. What more a program printed stays beside the line, as the evidence `output`.
    pub fn hide_folders(&mut self, folders: &Folders) {
        for entry in &mut self.envelope.coverage.not_judged {
            entry.why = folders.hide(&one_line(&entry.why));
        }
        for finding in &mut self.envelope.findings {
            let whole = folders.hide(&finding.message);
            finding.help = finding.help.take().map(|help| folders.hide(&help));
            if finding.rule != NOT_JUDGED.id {
                finding.message = whole;
                continue;
            }
            finding.message = one_line(&whole);
            if whole.trim_end().contains('\n') {
                finding.evidence.insert(OUTPUT.to_owned(), whole.into());
            }
        }
    }

    /// Applies what was asked for by `--deny/--warn/--allow` and the configuration, then settles
    /// the status.
    pub fn settle(&mut self, levels: &Levels) {
        for finding in &mut self.envelope.findings {
            apply_level(finding, levels);
        }
        let weighed = self.weigh_coverage(levels);
        self.envelope.findings.extend(weighed);

        self.envelope.status = self.settled_status();
        let judged_nothing = self.envelope.coverage.judged == 0;
        if self.envelope.status == Status::Pass && judged_nothing {
            self.envelope.status = Status::Error;
            let finding = Finding::new(&NOT_JUDGED, "nothing was judged");
            self.envelope.findings.push(finding);
        }
    }

    /// Findings for coverage entries whose rule is at warn or deny level.
    fn weigh_coverage(&self, levels: &Levels) -> Vec<Finding> {
        self.envelope
            .coverage
            .not_judged
            .iter()
            .map(|entry| coverage_finding(entry, self.rules, levels))
            .filter(|finding| finding.level > Level::Note)
            .collect()
    }

    fn settled_status(&self) -> Status {
        let is_denied = |finding: &Finding| finding.level == Level::Deny;
        let denied = self.envelope.findings.iter().any(is_denied);

        match self.envelope.status {
            Status::Error | Status::Unsupported => self.envelope.status,
            Status::Skipped if !denied => Status::Skipped,
            _ if denied => Status::Fail,
            _ => self.unless_failed,
        }
    }
}

/// Sets the level that was asked for.
fn apply_level(finding: &mut Finding, levels: &Levels) {
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

/// What a coverage entry weighs. A kind that the catalogue does not have weighs like an error, so
/// that a forgotten rule cannot make it weigh nothing.
fn coverage_finding(entry: &NotJudged, rules: &[Rule], levels: &Levels) -> Finding {
    let id = coverage_rule_id(&entry.kind);
    let rule = rules
        .iter()
        .find(|rule| rule.id == id)
        .unwrap_or(&NOT_JUDGED);
    let message = match entry.count {
        0 | 1 => format!("{} was not judged: {}", entry.what, entry.why),
        count => format!("{} ({count}) were not judged: {}", entry.what, entry.why),
    };

    let mut finding = Finding::new(rule, message);
    apply_level(&mut finding, levels);
    finding
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
        joined.envelope.coverage.extend(&report.envelope.coverage);
        joined
            .envelope
            .findings
            .extend(report.envelope.findings.iter().cloned());
        all.push(report.envelope.clone());
    }
    Some(joined.data(&ReportSet { reports: all }).envelope)
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
        let mut report = Report::new("x", &TOOL, Subject::default())
            .coverage(Coverage::of(1))
            .findings(findings);
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
    fn a_report_that_judged_nothing_never_passes() {
        for coverage in [None, Some(Coverage::default())] {
            let mut report = Report::new("x", &TOOL, Subject::default());
            if let Some(coverage) = coverage {
                report = report.coverage(coverage);
            }
            report.settle(&Levels::default());
            assert_eq!(report.envelope.status, Status::Error);
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
