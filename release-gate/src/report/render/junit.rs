//! JUnit XML, as CI systems read it: one suite a report, one failing case a finding that weighs, one
//! skipped case for each thing that was not judged.

use std::fmt::Write as _;

use release_gate_facts::NotJudged;

use crate::report::{Envelope, Finding, Status};
use crate::rule::Level;
use crate::text::markup;

/// A JUnit document. A gate without failures has one passing case, so that "no test" cannot be
/// mistaken for a pass.
pub fn junit(envelopes: &[&Envelope]) -> String {
    let suites: Vec<Suite> = envelopes.iter().map(|envelope| suite(envelope)).collect();
    let counts = suites.iter().fold(Counts::default(), Counts::add);
    let xml: String = suites.iter().map(|suite| suite.xml.as_str()).collect();

    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {counts}>\n{xml}</testsuites>\n",
        counts = counts.attributes()
    )
}

struct Suite {
    xml: String,
    counts: Counts,
}

/// How many cases there are, and how many of each sort.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn add(self, suite: &Suite) -> Self {
        Self {
            tests: self.tests + suite.counts.tests,
            failures: self.failures + suite.counts.failures,
            errors: self.errors + suite.counts.errors,
            skipped: self.skipped + suite.counts.skipped,
        }
    }

    fn attributes(&self) -> String {
        let Self {
            tests,
            failures,
            errors,
            skipped,
        } = self;
        format!(
            "tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\" skipped=\"{skipped}\""
        )
    }
}

fn suite(envelope: &Envelope) -> Suite {
    let package = envelope.subject.package.as_deref().unwrap_or("workspace");
    let name = escape(&format!("{}.{package}", envelope.tool.name));
    let no_verdict = matches!(envelope.status, Status::Error | Status::Unsupported);
    let mut cases = String::new();
    let mut notes = String::new();
    let mut counts = Counts::default();

    for finding in &envelope.findings {
        if finding.level == Level::Deny {
            cases.push_str(&failed_case(&name, finding, no_verdict));
            counts.tests += 1;
        } else {
            let level = finding.level.as_str();
            let _ = writeln!(notes, "{level}[{}]: {}", finding.rule, details(finding));
        }
    }
    if no_verdict {
        counts.errors = counts.tests;
    } else {
        counts.failures = counts.tests;
    }

    if counts.tests == 0 {
        cases.push_str(&whole_case(&name, envelope.status));
        counts.tests = 1;
        counts.errors = usize::from(no_verdict);
        counts.skipped = usize::from(envelope.status == Status::Skipped);
    }
    for entry in &envelope.coverage.not_judged {
        cases.push_str(&skipped_case(&name, entry));
        counts.tests += 1;
        counts.skipped += 1;
    }
    if !notes.is_empty() {
        let _ = writeln!(cases, "    <system-out>{}</system-out>", escape(&notes));
    }

    Suite {
        xml: format!(
            "  <testsuite name=\"{name}\" {}>\n{cases}  </testsuite>\n",
            counts.attributes()
        ),
        counts,
    }
}

/// A case for a finding that fails the gate, or for what kept it from a verdict.
fn failed_case(suite: &str, finding: &Finding, no_verdict: bool) -> String {
    let element = if no_verdict { "error" } else { "failure" };
    format!(
        "    <testcase classname=\"{suite}\" name=\"{}\"><{element} type=\"{}\" message=\"{}\">{}</{element}></testcase>\n",
        escape(&format!("{}: {}", finding.rule, finding.message)),
        escape(&finding.rule),
        escape(&finding.message),
        escape(&details(finding)),
    )
}

/// The one case of a gate without findings that fail it.
fn whole_case(suite: &str, status: Status) -> String {
    let inner = match status {
        Status::Skipped => "<skipped/>",
        Status::Error | Status::Unsupported => {
            "<error type=\"not-judged\" message=\"could not be judged\"/>"
        }
        Status::Pass | Status::Fail => "",
    };
    format!("    <testcase classname=\"{suite}\" name=\"gate\">{inner}</testcase>\n")
}

fn skipped_case(suite: &str, entry: &NotJudged) -> String {
    format!(
        "    <testcase classname=\"{suite}\" name=\"{}\"><skipped message=\"{}\"/></testcase>\n",
        escape(&format!("not judged: {} {}", entry.kind, entry.what)),
        escape(&entry.why),
    )
}

/// A finding's message with its place and next step.
fn details(finding: &Finding) -> String {
    let mut text = finding.message.clone();
    if let Some(path) = &finding.path {
        let _ = write!(text, "\n--> {path}");
        if let Some(line) = finding.line {
            let _ = write!(text, ":{line}");
        }
    }
    if let Some(help) = &finding.help {
        let _ = write!(text, "\nhelp: {help}");
    }
    text
}

/// Text for elements and attributes; readers would turn a line's end in an attribute into a blank.
fn escape(text: &str) -> String {
    markup(text).replace('\n', "&#10;")
}
