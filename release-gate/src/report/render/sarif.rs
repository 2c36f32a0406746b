//! SARIF 2.1.0 (OASIS), as code-scanning services read it.
//!
//! Every result has a location relative to the repository (`%SRCROOT%`): services drop results
//! without one, and absolute paths mean nothing to them. What has no file of its own is placed at
//! `Cargo.toml`.

use release_gate_facts::NotJudged;
use release_gate_facts::rule::coverage_rule_id;
use serde_json::{Value, json};

use crate::report::{Envelope, Finding, Status};
use crate::rule::{Level, NOT_JUDGED, Rule};
use crate::tool::Tool;

/// One SARIF log with one run a report.
pub fn sarif(tool: &Tool, envelopes: &[&Envelope]) -> Value {
    let runs: Vec<Value> = envelopes
        .iter()
        .map(|envelope| run(tool, envelope))
        .collect();
    json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": runs,
    })
}

fn run(tool: &Tool, envelope: &Envelope) -> Value {
    let catalogue: Vec<&Rule> = tool.rules.iter().chain([&NOT_JUDGED]).collect();
    let rules: Vec<Value> = catalogue.iter().map(|rule| describe(rule)).collect();
    let results: Vec<Value> = envelope
        .findings
        .iter()
        .map(|finding| result(finding, &catalogue))
        .collect();
    let notifications: Vec<Value> = envelope
        .coverage
        .not_judged
        .iter()
        .map(notification)
        .collect();
    let has_verdict = !matches!(envelope.status, Status::Error | Status::Unsupported);
    let package = envelope.subject.package.as_deref().unwrap_or("workspace");

    json!({
        "tool": { "driver": { "name": tool.name, "version": tool.version, "rules": rules } },
        "invocations": [{
            "executionSuccessful": has_verdict,
            "exitCode": envelope.status.exit_code(),
            "toolExecutionNotifications": notifications,
        }],
        "originalUriBaseIds": { "%SRCROOT%": { "description": { "text": "The top folder of the repository." } } },
        "automationDetails": { "id": format!("{}/{package}/", tool.name) },
        "results": results,
    })
}

fn result(finding: &Finding, catalogue: &[&Rule]) -> Value {
    let mut message = finding.message.clone();
    if let Some(help) = &finding.help {
        message.push_str(&format!("\nhelp: {help}"));
    }
    let path = finding.path.as_deref().unwrap_or("Cargo.toml");
    let location = json!({
        "artifactLocation": { "uri": uri(path), "uriBaseId": "%SRCROOT%" },
        "region": { "startLine": finding.line.unwrap_or(1).max(1) },
    });

    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.level),
        "message": { "text": message },
        "locations": [{ "physicalLocation": location }],
        "properties": finding.evidence,
    });
    if let Some(index) = catalogue.iter().position(|rule| rule.id == finding.rule) {
        result["ruleIndex"] = index.into();
    }
    result
}

/// What was not judged is something about the run, not about a file.
fn notification(entry: &NotJudged) -> Value {
    json!({
        "level": "note",
        "descriptor": { "id": coverage_rule_id(&entry.kind) },
        "message": { "text": format!("{} was not judged: {}", entry.what, entry.why) },
        "properties": { "count": entry.count },
    })
}

fn describe(rule: &Rule) -> Value {
    let mut description = json!({
        "id": rule.id,
        "shortDescription": { "text": rule.summary },
        "fullDescription": { "text": rule.why },
        "help": { "text": rule.why },
        "defaultConfiguration": { "level": level(rule.level) },
    });
    if rule.link.starts_with("https://") && !rule.link.contains(' ') {
        description["helpUri"] = rule.link.into();
    }
    description
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Deny => "error",
        Level::Warn => "warning",
        Level::Note => "note",
    }
}

/// A relative URI reference (RFC 3986): every byte but the unreserved ones and `/` is
/// percent-encoded.
fn uri(path: &str) -> String {
    let mut out = String::new();
    for byte in path.trim_start_matches("./").replace('\\', "/").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
