//! What `cargo xtask gate` ends with: the table, and one line for each cause.

use std::fmt::Write as _;

use release_gate::text::visible;
use release_gate::{Finding, Level, exit};

use super::row::Row;
use crate::table::table;

/// The whole of it.
pub(super) fn text(rows: &[Row]) -> String {
    let mut out = format!("\n{}\n", verdicts(rows));
    for row in rows {
        causes(&mut out, row);
    }

    // Last, where nobody overlooks it: without this line the exit code might be taken for a release
    // that passed.
    for row in rows.iter().filter(|row| row.verdict.lacks_database) {
        let _ = write!(
            out,
            "\nnot judged: {} (no advisory database); this is no release\n",
            row.name
        );
    }
    out
}

fn verdicts(rows: &[Row]) -> String {
    let cells: Vec<[String; 4]> = rows.iter().map(cells).collect();
    table(
        ["gate", "verdict", "time", "file"],
        &cells,
        |row, column, cell| {
            if column != 1 {
                return cell.to_owned();
            }
            let style = rows[row].verdict.outcome.style();
            format!("{style}{cell}{style:#}")
        },
    )
}

fn cells(row: &Row) -> [String; 4] {
    let verdict = &row.verdict;
    let is_written = matches!(verdict.code, exit::PASS | exit::FAIL) || verdict.lacks_database;
    let left_out = match verdict.coverage.not_judged_count() {
        0 => String::new(),
        count => format!(" ({count} not judged)"),
    };
    [
        row.name.clone(),
        format!("{}{left_out}", verdict.outcome.as_str()),
        format!("{:.1} s", row.elapsed.as_secs_f64()),
        if is_written { row.file } else { "" }.to_owned(),
    ]
}

/// A line for each rule that a gate's findings are of: the first of them, and how many more there
/// are.
fn causes(out: &mut String, row: &Row) {
    let findings = &row.verdict.findings;
    let mut rules: Vec<&str> = Vec::new();
    for finding in findings.iter().filter(|finding| weighs(finding)) {
        if !rules.contains(&finding.rule.as_str()) {
            rules.push(&finding.rule);
        }
    }

    for rule in rules {
        let of_rule: Vec<&Finding> = findings
            .iter()
            .filter(|finding| weighs(finding) && finding.rule == rule)
            .collect();
        let Some(first) = of_rule.iter().max_by_key(|finding| finding.level) else {
            continue;
        };
        // Among equals the first: `max_by_key` takes the last.
        let first = of_rule
            .iter()
            .find(|finding| finding.level == first.level)
            .unwrap_or(first);
        let more = match of_rule.len() - 1 {
            0 => String::new(),
            more => format!(" (and {more} more)"),
        };
        let style = row.verdict.outcome.style();
        let _ = writeln!(
            out,
            "  {style}{}{style:#}[{rule}]: {}{more}",
            row.name,
            visible(&first.message)
        );
        if let Some(help) = first.help.as_ref().filter(|_| first.level == Level::Deny) {
            let _ = writeln!(out, "    help: {}", visible(help));
        }
    }
}

fn weighs(finding: &Finding) -> bool {
    finding.level > Level::Note
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use release_gate::Coverage;
    use release_gate::facts::Rule;

    use super::*;
    use crate::outcome::Outcome;
    use crate::verdict::Verdict;

    const REFUSED: Rule = Rule {
        id: "despite-refusals",
        level: Level::Warn,
        summary: "",
        why: "",
        link: "",
    };

    fn row(outcome: Outcome, findings: Vec<Finding>) -> Row {
        Row {
            name: "sign pack".to_owned(),
            verdict: Verdict {
                outcome,
                code: exit::PASS,
                lacks_database: false,
                findings,
                coverage: Coverage::default(),
                reports: Vec::new(),
            },
            elapsed: Duration::from_secs(1),
            file: "checksums.txt",
        }
    }

    #[test]
    fn many_findings_of_one_rule_are_one_line() {
        let mut findings: Vec<Finding> = (1..=26)
            .map(|number| Finding::new(&REFUSED, format!("refusal {number}")))
            .collect();
        findings.push(
            Finding::new(&REFUSED, "worst")
                .level(Level::Deny)
                .help("fix it"),
        );
        findings.push(Finding::new(&REFUSED, "only a note").level(Level::Note));

        let text =
            anstream::adapter::strip_str(&text(&[row(Outcome::Passed, findings)])).to_string();
        assert!(
            text.contains("  sign pack[despite-refusals]: worst (and 26 more)\n    help: fix it\n"),
            "{text}"
        );
        assert_eq!(text.matches("refusal").count(), 1, "{text}");
    }

    #[test]
    fn what_was_left_out_stands_beside_the_verdict() {
        let mut row = row(Outcome::Passed, Vec::new());
        let rule = Rule {
            id: "not-judged-macro",
            ..REFUSED
        };
        row.verdict
            .coverage
            .not_judged(&rule, "demo::vec", 3, "why");

        let text = anstream::adapter::strip_str(&text(&[row])).to_string();
        assert!(text.contains("passed (3 not judged)"), "{text}");
    }
}
