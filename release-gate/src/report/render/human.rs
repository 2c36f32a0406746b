//! For people, in cargo's look: `error[rule]: message`, the place, the next step, and the verdict
//! last.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use release_gate_facts::{Coverage, NotJudged};

use crate::report::{Finding, OUTPUT, Report, Status};
use crate::rule::Level;
use crate::terminal::Verbosity;
use crate::text::{counted, hanging, visible};

const BOLD: Style = Style::new().bold();
const ERROR: Style = AnsiColor::BrightRed.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const NOTE: Style = AnsiColor::BrightGreen.on_default().bold();
const HELP: Style = AnsiColor::BrightCyan.on_default().bold();
const PLACE: Style = AnsiColor::BrightBlue.on_default().bold();

/// The text of a report, with ANSI styles that the terminal strips where they are not wanted.
///
/// Quiet leaves the tool's own text and the notes out: findings that weigh, and the verdict,
/// remain. Verbose adds what was not judged, one line each. Where a `width` is given, lines end
/// there and go on below their own text.
pub fn human(report: &Report, verbosity: Verbosity, width: Option<usize>) -> String {
    let quiet = verbosity == Verbosity::Quiet;
    let mut out = String::new();
    if !quiet && !report.human.is_empty() {
        out.push_str(report.human.trim_end_matches('\n'));
        out.push_str("\n\n");
    }
    let envelope = &report.envelope;
    for finding in &envelope.findings {
        let (style, word) = match finding.level {
            Level::Deny => (ERROR, "error"),
            Level::Warn => (WARNING, "warning"),
            Level::Note if quiet => continue,
            Level::Note => (NOTE, "note"),
        };
        let taken = word.len() + finding.rule.len() + "[]: ".len();
        let message = shown(&finding.message, taken, width, 4);
        let _ = writeln!(
            out,
            "{style}{word}[{}]{style:#}{BOLD}: {message}{BOLD:#}",
            finding.rule
        );
        if let Some(path) = &finding.path {
            let line = finding
                .line
                .map(|line| format!(":{line}"))
                .unwrap_or_default();
            let _ = writeln!(out, "  {PLACE}-->{PLACE:#} {}{line}", visible(path));
        }
        if let Some(output) = finding
            .evidence
            .get(OUTPUT)
            .and_then(|value| value.as_str())
        {
            let _ = writeln!(out, "  {}", visible(output).replace('\n', "\n  "));
        }
        if finding.evidence.get("allowed") == Some(&true.into()) {
            let _ = writeln!(
                out,
                "  {PLACE}={PLACE:#} allowed by --allow or the configuration"
            );
        }
        if let Some(help) = &finding.help {
            let lines = help
                .split('\n')
                .map(|line| shown(line, HELP_COLUMN, width, HELP_COLUMN));
            let indent = " ".repeat(HELP_COLUMN);
            let help = lines.collect::<Vec<_>>().join(&format!("\n{indent}"));
            let _ = writeln!(out, "  {HELP}help:{HELP:#} {help}");
        }
        out.push('\n');
    }
    if verbosity == Verbosity::Verbose && !envelope.coverage.not_judged.is_empty() {
        for entry in &envelope.coverage.not_judged {
            out.push_str(&not_judged_line(entry, width));
        }
        out.push('\n');
    }
    out.push_str(&verdict(report, width));
    out
}

/// Where the text of a help begins.
const HELP_COLUMN: usize = 8;

/// Where what follows a verb begins.
const VERB_COLUMN: usize = 13;

/// Text that is safe to show, after something that takes so many columns. What does not fit in the
/// width goes on below, behind `indent` blanks.
fn shown(text: &str, taken: usize, width: Option<usize>, indent: usize) -> String {
    let text = visible(text);
    match width {
        Some(width) => hanging(&text, taken, width, indent),
        None => text,
    }
}

/// How many messages a package's line is followed by where there are several packages.
const MESSAGES: usize = 3;

/// The text of several packages' reports: a verdict a line, with the first messages that fail it.
/// `place` says where each report lies.
pub fn human_list(
    reports: &[Report],
    width: Option<usize>,
    place: &dyn Fn(&Report) -> Option<String>,
) -> String {
    let mut out = String::new();
    for report in reports {
        out.push_str(&verdict(report, width));
        let denied: Vec<&Finding> = report
            .envelope
            .findings
            .iter()
            .filter(|finding| finding.level == Level::Deny)
            .collect();
        for finding in denied.iter().take(MESSAGES) {
            let message = finding.message.lines().next().unwrap_or_default();
            let _ = writeln!(
                out,
                "{:>13}{ERROR}error[{}]{ERROR:#}: {}",
                "",
                finding.rule,
                visible(message)
            );
        }
        if denied.len() > MESSAGES {
            let _ = writeln!(out, "{:>13}and {} more", "", denied.len() - MESSAGES);
        }
        if let Some(place) = place(report).filter(|_| report.envelope.status.exit_code() != 0) {
            let _ = writeln!(out, "{:>13}{PLACE}-->{PLACE:#} {}", "", visible(&place));
        }
    }

    out.push_str(&totals(reports));

    out
}

/// How many packages ended how.
fn totals(reports: &[Report]) -> String {
    let mut parts = Vec::new();
    for (status, word) in [
        (Status::Pass, "passed"),
        (Status::Fail, "failed"),
        (Status::Error, "not judged"),
        (Status::Unsupported, "unsupported"),
        (Status::Skipped, "skipped"),
    ] {
        let of_status = reports
            .iter()
            .filter(|report| report.envelope.status == status);
        let count = of_status.count();
        if count > 0 {
            parts.push(format!("{count} {word}"));
        }
    }
    format!(
        "{BOLD}{:>12}{BOLD:#} {}: {} (`-v` shows all)\n",
        "Summary",
        counted(reports.len(), "package", "packages"),
        parts.join(", ")
    )
}

/// `  not judged[macro]: demo::vec (2): its arms call each other`
fn not_judged_line(entry: &NotJudged, width: Option<usize>) -> String {
    let count = match entry.count {
        0 | 1 => String::new(),
        count => format!(" ({count})"),
    };
    let taken = "  not judged[]: ".len() + entry.kind.chars().count();
    let text = format!("{}{count}: {}", entry.what, entry.why);
    format!(
        "  {PLACE}not judged{PLACE:#}[{}]: {}\n",
        visible(&entry.kind),
        shown(&text, taken, width, 6)
    )
}

/// How much was judged, and how much was not.
fn coverage_parts(coverage: &Coverage) -> Vec<String> {
    let mut parts = Vec::new();
    if coverage.judged > 0 {
        parts.push(format!("{} judged", coverage.judged));
    }
    if coverage.not_judged_count() > 0 {
        parts.push(format!("{} not judged", coverage.not_judged_count()));
    }
    parts
}

/// The last line: what was judged and how it ended.
fn verdict(report: &Report, width: Option<usize>) -> String {
    let envelope = &report.envelope;
    let (style, word) = match envelope.status {
        Status::Pass => (NOTE, "Passed"),
        Status::Fail => (ERROR, "Failed"),
        Status::Error => (ERROR, "Not judged"),
        Status::Skipped => (WARNING, "Skipped"),
        Status::Unsupported => (ERROR, "Unsupported"),
    };
    let mut line = report.name.clone();
    if let (Some(package), Some(version)) = (&envelope.subject.package, &envelope.subject.version) {
        let _ = write!(line, " {} {}", visible(package), visible(version));
    }
    if let Some(baseline) = &envelope.baseline {
        let _ = write!(line, " against {}", visible(&baseline.name));
    }
    let mut parts = Vec::new();
    if !report.summary.is_empty() {
        parts.push(visible(&report.summary));
    }
    for (level, one, many) in [
        (Level::Deny, "error", "errors"),
        (Level::Warn, "warning", "warnings"),
    ] {
        let of_level = envelope
            .findings
            .iter()
            .filter(|finding| finding.level == level);
        let count = of_level.count();
        if count > 0 {
            parts.push(counted(count, one, many));
        }
    }
    parts.extend(coverage_parts(&envelope.coverage));
    if envelope.subject.dirty {
        parts.push("uncommitted changes".to_owned());
    }
    if !parts.is_empty() {
        let _ = write!(line, ": {}", parts.join(", "));
    }
    let line = shown(&line, VERB_COLUMN, width, VERB_COLUMN);
    format!("{style}{word:>12}{style:#} {line}\n")
}
