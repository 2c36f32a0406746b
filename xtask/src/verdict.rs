//! A gate's verdict as `cargo xtask gate` reads it, what may be signed after it, and the exit code
//! of all of them.
//!
//! Pure. What could not be judged is never read as a pass, and never signed with a key that means
//! something.

use release_gate::facts::report::vulns::VulnsData;
use release_gate::report::{Envelope, Status};
use release_gate::{Coverage, Finding, ReportData, exit};

use crate::outcome::Outcome;
use crate::workspace::worst;

/// Rule with which `cargo sbom-lite audit` says that it has no advisory database.
const NO_DATABASE: &str = "advisory-db-missing";

/// What came of one call.
#[derive(Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    pub(crate) code: u8,
    /// An audit that had no advisory database, and nothing else against it: the one thing that a
    /// fresh machine cannot have.
    pub(crate) lacks_database: bool,
    /// What was found.
    pub(crate) findings: Vec<Finding>,
    /// What was looked at, and what was not.
    pub(crate) coverage: Coverage,
    /// The reports about single packages. Empty where there is no report, or it contradicts the
    /// exit code.
    pub(crate) reports: Vec<Envelope>,
}

impl Verdict {
    /// A call that left no report, or one that cannot be relied on.
    fn not_judged(code: u8, envelope: Option<Envelope>) -> Self {
        let findings = envelope.map(|envelope| envelope.findings);
        Self {
            outcome: Outcome::NotJudged,
            code,
            lacks_database: false,
            findings: findings.unwrap_or_default(),
            coverage: Coverage::default(),
            reports: Vec::new(),
        }
    }
}

/// Reads a gate's verdict. No report, one that cannot be read, or one that contradicts the exit
/// code is an error: never a pass.
pub(crate) fn verdict(code: u8, stdout: &[u8]) -> Verdict {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(stdout) else {
        return Verdict::not_judged(worst(code, exit::ERROR), None);
    };
    // Wrong usage is told with a report that says `error`.
    let agree = match code {
        exit::USAGE => envelope.status == Status::Error,
        code => envelope.status.exit_code() == code,
    };
    let name = report_name(&envelope.schema).map(str::to_owned);
    let reports = name.and_then(|name| envelope.single_reports(&name).ok());
    let Some(reports) = reports.filter(|_| agree) else {
        return Verdict::not_judged(exit::ERROR, Some(envelope));
    };

    Verdict {
        outcome: Outcome::of(envelope.status),
        code,
        lacks_database: code == exit::ERROR && lacks_database(&envelope),
        findings: envelope.findings,
        coverage: envelope.coverage,
        reports,
    }
}

/// The name of a report, or of those that a set joins, from its schema.
fn report_name(schema: &str) -> Option<&str> {
    let name = schema.strip_prefix("release-gate/")?.strip_suffix("/v1")?;
    Some(name.strip_suffix("-set").unwrap_or(name))
}

/// Whether a missing advisory database is all that an audit has to say, of every package.
fn lacks_database(envelope: &Envelope) -> bool {
    let reports = envelope.single_reports(VulnsData::NAME);
    reports.is_ok_and(|reports| !reports.is_empty() && reports.iter().all(only_lacks_database))
}

fn only_lacks_database(report: &Envelope) -> bool {
    let mut findings = report.findings.iter();
    report.status == Status::Error
        && !report.findings.is_empty()
        && findings.all(|finding| finding.rule == NO_DATABASE)
}

/// What may be signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signing {
    /// Everything.
    Allowed,
    /// With a temporary key only: `cargo sign pack` has to be told that a gate refused.
    DespiteRefusals,
    /// Nothing.
    Withheld,
}

/// What may be signed after these verdicts. A key that means something signs only what every gate
/// passed or had nothing to judge of.
pub(crate) fn signing(verdicts: &[&Verdict], throw_away: bool) -> Signing {
    if verdicts.iter().all(|verdict| verdict.code == exit::PASS) {
        Signing::Allowed
    } else if !throw_away {
        Signing::Withheld
    } else {
        Signing::DespiteRefusals
    }
}

/// The exit code: that of the worst gate. Only a dry run, whose temporary key makes no release,
/// may go without an advisory database.
pub(crate) fn code(verdicts: &[&Verdict], throw_away: bool) -> u8 {
    if throw_away && excused(verdicts) {
        return exit::PASS;
    }
    verdicts
        .iter()
        .map(|verdict| verdict.code)
        .fold(exit::PASS, worst)
}

/// Whether nothing is wrong, but that there is no advisory database.
fn excused(verdicts: &[&Verdict]) -> bool {
    verdicts
        .iter()
        .all(|verdict| verdict.code == exit::PASS || verdict.lacks_database)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn envelope(schema: &str, status: &str, rules: &[&str]) -> Value {
        let findings: Vec<Value> = rules
            .iter()
            .map(|rule| json!({ "rule": rule, "level": "deny", "message": "m", "path": null, "line": null, "help": null, "evidence": {} }))
            .collect();
        json!({
            "schema": format!("release-gate/{schema}/v1"), "tool": { "name": "cargo-x", "version": "1.0.0" },
            "subject": { "package": "p", "version": "1.0.0", "commit": null, "dirty": false, "lock_sha256": null, "targets": [], "features": [] },
            "baseline": null, "status": status, "coverage": { "judged": 1, "not_judged": [] }, "findings": findings, "data": {},
        })
    }

    fn said(code: u8, envelope: &Value) -> Verdict {
        verdict(code, envelope.to_string().as_bytes())
    }

    fn no_database() -> Verdict {
        said(101, &envelope("vulns", "error", &[NO_DATABASE]))
    }

    #[test]
    fn a_verdict_needs_report_and_exit_code_to_agree() {
        assert_eq!(
            said(0, &envelope("x", "pass", &[])).outcome,
            Outcome::Passed
        );
        assert_eq!(
            said(0, &envelope("x", "skipped", &[])).outcome,
            Outcome::NothingToJudge
        );
        assert_eq!(said(100, &envelope("x", "fail", &["r"])).code, exit::FAIL);
        for (code, status) in [
            (0, "fail"),
            (100, "pass"),
            (2, "pass"),
            (2, "skipped"),
            (101, "pass"),
        ] {
            let verdict = said(code, &envelope("x", status, &["r"]));
            assert_eq!(
                (verdict.outcome, verdict.code),
                (Outcome::NotJudged, exit::ERROR),
                "{code} {status}"
            );
        }
        for stdout in ["{", "x", "", "\n", "null"] {
            let verdict = verdict(0, stdout.as_bytes());
            assert_eq!(
                (verdict.outcome, verdict.code),
                (Outcome::NotJudged, exit::ERROR),
                "{stdout}"
            );
        }
        // A field that the envelope needs is missing.
        let mut renamed = envelope("x", "pass", &[]);
        renamed.as_object_mut().unwrap().remove("coverage");
        assert_eq!(said(0, &renamed).outcome, Outcome::NotJudged);
        assert_eq!(verdict(101, b"").code, exit::ERROR);
        let usage = said(2, &envelope("x", "error", &["not-judged"]));
        assert_eq!(
            (usage.outcome, usage.code),
            (Outcome::NotJudged, exit::USAGE)
        );
    }

    #[test]
    fn without_a_database_only_a_dry_run_ends_well() {
        let passed = || said(0, &envelope("x", "pass", &[]));
        let (missing, failed) = (no_database(), said(100, &envelope("x", "fail", &["r"])));
        assert_eq!(
            (missing.outcome, missing.code),
            (Outcome::NotJudged, exit::ERROR)
        );
        let verdicts = [&passed(), &missing];
        assert_eq!(
            (code(&verdicts, true), signing(&verdicts, true)),
            (exit::PASS, Signing::DespiteRefusals)
        );
        assert_eq!(
            (code(&verdicts, false), signing(&verdicts, false)),
            (exit::ERROR, Signing::Withheld)
        );
        let verdicts = [&missing, &failed];
        assert_eq!(
            (code(&verdicts, true), signing(&verdicts, true)),
            (exit::ERROR, Signing::DespiteRefusals)
        );
        let verdicts = [&passed(), &said(0, &envelope("x", "skipped", &[]))];
        assert_eq!(
            (code(&verdicts, false), signing(&verdicts, false)),
            (exit::PASS, Signing::Allowed)
        );
        assert_eq!(signing(&[&passed(), &failed], false), Signing::Withheld);
    }

    #[test]
    fn a_missing_database_excuses_nothing_beside_it() {
        let set = |reports: &[Value]| {
            let mut set = envelope("vulns-set", "error", &[NO_DATABASE]);
            set["data"] = json!({ "reports": reports });
            set
        };
        let alone = envelope("vulns", "error", &[NO_DATABASE]);
        assert!(said(101, &set(&[alone.clone(), alone.clone()])).lacks_database);
        for other in [
            envelope("vulns", "error", &[NO_DATABASE, "not-judged"]),
            envelope("vulns", "error", &[]),
            envelope("vulns", "unsupported", &[NO_DATABASE]),
            envelope("compat", "error", &[NO_DATABASE]),
            set(&[alone.clone(), envelope("vulns", "error", &["not-judged"])]),
            set(&[alone.clone(), envelope("vulns", "unsupported", &[])]),
            set(&[]),
        ] {
            assert!(!said(101, &other).lacks_database, "{other}");
            assert_eq!(code(&[&said(101, &other)], true), exit::ERROR, "{other}");
        }
    }
}
