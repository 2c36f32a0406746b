//! JUnit XML, as CI systems read it: one suite a report, one failing case a finding that weighs.

use std::fmt::Write as _;

use crate::report::{Envelope, Status};
use crate::rule::Level;
use crate::text::markup;

/// A JUnit document. A gate without failures has one passing case, so that "no test" cannot be
/// mistaken for a pass.
pub fn junit(envelopes: &[&Envelope]) -> String {
    let mut suites = String::new();
    let (mut tests, mut failures, mut errors) = (0, 0, 0);
    for envelope in envelopes {
        let suite = suite(envelope);
        tests += suite.tests;
        failures += suite.failures;
        errors += suite.errors;
        suites.push_str(&suite.xml);
    }
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n{suites}</testsuites>\n"
    )
}

struct Suite {
    xml: String,
    tests: usize,
    failures: usize,
    errors: usize,
}

fn suite(envelope: &Envelope) -> Suite {
    let subject = &envelope.subject;
    let name = format!(
        "{}.{}",
        envelope.tool.name,
        subject.package.as_deref().unwrap_or("workspace")
    );
    let unjudged = matches!(envelope.status, Status::Error | Status::Unsupported);
    let (mut cases, mut tests, mut failures, mut errors) = (String::new(), 0, 0, 0);
    let mut notes = String::new();
    for finding in &envelope.findings {
        let place = match (&finding.path, finding.line) {
            (Some(path), Some(line)) => format!("{path}:{line}"),
            (Some(path), None) => path.clone(),
            _ => String::new(),
        };
        let mut text = finding.message.clone();
        if !place.is_empty() {
            let _ = write!(text, "\n--> {place}");
        }
        if let Some(help) = &finding.help {
            let _ = write!(text, "\nhelp: {help}");
        }
        if finding.level != Level::Deny {
            let _ = writeln!(
                notes,
                "{}[{}]: {text}",
                finding.level.as_str(),
                finding.rule
            );
            continue;
        }
        tests += 1;
        let element = if unjudged { "error" } else { "failure" };
        if unjudged {
            errors += 1
        } else {
            failures += 1
        }
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{}\" name=\"{}\"><{element} type=\"{}\" message=\"{}\">{}</{element}></testcase>",
            escape(&name),
            escape(&format!("{}: {}", finding.rule, finding.message)),
            escape(&finding.rule),
            escape(&finding.message),
            escape(&text),
        );
    }
    if tests == 0 {
        tests = 1;
        let inner = match envelope.status {
            Status::Skipped => "<skipped/>",
            Status::Error | Status::Unsupported => {
                errors = 1;
                "<error type=\"not-judged\" message=\"could not be judged\"/>"
            }
            Status::Pass | Status::Fail => "",
        };
        let _ = writeln!(
            cases,
            "    <testcase classname=\"{}\" name=\"gate\">{inner}</testcase>",
            escape(&name)
        );
    }
    if !notes.is_empty() {
        let _ = writeln!(cases, "    <system-out>{}</system-out>", escape(&notes));
    }
    let name = escape(&name);
    let xml = format!(
        "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">\n{cases}  </testsuite>\n"
    );
    Suite {
        xml,
        tests,
        failures,
        errors,
    }
}

/// Text for elements and attributes; readers would turn a line's end in an attribute into a blank.
fn escape(text: &str) -> String {
    markup(text).replace('\n', "&#10;")
}
