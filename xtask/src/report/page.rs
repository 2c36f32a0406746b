//! The page: its frame, the one sentence at its top, what was not judged, and the verdicts.
//!
//! A static file: no script, no request to anywhere. Everything in it comes from reports and
//! documents that somebody may have tampered with: it is escaped, quoted and bounded here and in
//! the parts below.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use release_gate::facts::NotJudged;
use release_gate::text::{counted, markup};
use release_gate::{Finding, Level, Subject};

use super::advisories::advisories;
use super::api::changes;
use super::artifacts::sizes;
use super::dependencies::dependencies;
use super::download::verification;
use super::folder::Folder;
use super::line::Line;
use super::words::words;
use crate::outcome::Outcome;

/// Only what fails is red. What scrolls sideways on a narrow screen is in a `.wide` of its own, so
/// that the page itself never does.
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
h1,h2,h3{overflow-wrap:anywhere}.wide{overflow-x:auto}\
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.3rem .6rem;color:#555}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f3f3f3;padding:.6rem;overflow:auto}\
p,li,summary{overflow-wrap:anywhere}td,th{overflow-wrap:break-word;min-width:5rem}td>span,.gate{white-space:nowrap}\
.passed{color:#0a5c1e;font-weight:bold}.nothing-to-judge{color:#6b4e00;font-weight:bold}.not-run{color:#595959}.failed,.not-judged{color:#a30000;font-weight:bold}\
.card{border:1px solid #ccc;border-radius:.3rem;padding:.3rem .6rem;margin:.5rem 0}.was{background:#ffebe9}.is{background:#e6ffec}\
.bar{background:#2f5d9b;height:1rem;min-width:2px}.tag{border:1px solid #767676;border-radius:.3rem;padding:0 .3rem;font-size:.85em}\
.help{white-space:pre-wrap;overflow-wrap:anywhere;color:#444;margin:.2rem 0 .5rem}ul{padding-left:1.2rem}summary{cursor:pointer}\
@media(max-width:30rem){body{margin:1rem auto;padding:0 .5rem}th,td{padding:.3rem}}\
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#262626}th,td,.card{border-color:#444}caption{color:#aaa}.help{color:#bbb}a{color:#8ab4f8}\
.passed{color:#7bd88f}.not-run{color:#aaa}.failed,.not-judged{color:#ff8a80}.nothing-to-judge{color:#e6c07b}.bar{background:#6d9eeb}.was{background:#4a1d1d}.is{background:#173a22}}";

/// Of how many things that one gate left out the list is open.
const SHOWN_OPEN: usize = 5;

/// The page.
pub(crate) fn render(title: &str, lines: &[Line], folders: &[Folder]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{0}</title><style>{STYLE}</style></head><body><main>\n<h1>{0}</h1>\n",
        markup(title)
    );
    overall(&mut out, lines, folders);
    left_out(&mut out, lines);
    verdicts(&mut out, lines);
    cards(&mut out, lines);
    for folder in folders {
        let _ = writeln!(out, "<h2>{}</h2>", markup(&folder.title));
        changes(&mut out, folder);
        advisories(&mut out, folder);
        dependencies(&mut out, folder);
        sizes(&mut out, folder);
        verification(&mut out, folder);
    }
    out.push_str("</main></body></html>\n");
    out
}

/// The one sentence that most readers want, and what was judged.
fn overall(out: &mut String, lines: &[Line], folders: &[Folder]) {
    let (class, sentence) = sentence(lines);
    let _ = writeln!(
        out,
        "<p><span class=\"{class}\">{sentence}</span> {}</p>",
        markup(&exceptions(lines).join(" "))
    );

    let built: BTreeSet<String> = folders.iter().filter_map(built_from).collect();
    for sentence in built {
        let _ = writeln!(out, "<p>{sentence}</p>");
    }
}

/// Which commit a package was judged at, and what it was built with.
fn built_from(folder: &Folder) -> Option<String> {
    let subject: &Subject = folder.subject()?;
    let dirty = if subject.dirty {
        ", with uncommitted changes"
    } else {
        ""
    };
    let commit = subject.commit.as_ref();
    let commit = commit.map_or("none", |commit| commit.as_str());
    let rustc = folder.build.as_ref();
    let rustc = rustc.and_then(|build| build.toolchain.rustc.version.first());
    let rustc = rustc.map(|rustc| format!(", built with {}", markup(rustc)));

    Some(format!(
        "{}: commit <code>{commit}</code>{dirty}{}.",
        markup(&folder.title),
        rustc.unwrap_or_default()
    ))
}

/// What the page claims, and the class it is shown with. It never claims more than what was run.
fn sentence(lines: &[Line]) -> (&'static str, &'static str) {
    let any = |outcome: Outcome| lines.iter().any(|line| line.outcome == outcome);
    let left_out = lines.iter().any(leaves_out);

    if any(Outcome::Failed) || any(Outcome::NotJudged) {
        ("failed", "Not every gate passed.")
    } else if !any(Outcome::Passed) {
        ("not-judged", "Nothing was judged.")
    } else if any(Outcome::NotRun) {
        ("nothing-to-judge", "Every gate that was run passed.")
    } else if left_out {
        ("nothing-to-judge", "Every gate passed what it judged.")
    } else {
        ("passed", "Every gate passed.")
    }
}

fn leaves_out(line: &Line) -> bool {
    line.outcome == Outcome::Passed && !line.coverage.not_judged.is_empty()
}

/// The gates that the sentence does not speak for, by what became of them.
fn exceptions(lines: &[Line]) -> Vec<String> {
    let outcomes = [
        (Outcome::Failed, "Failed"),
        (Outcome::NotJudged, "Not judged"),
        (Outcome::NothingToJudge, "Nothing to judge"),
        (Outcome::NotRun, "Not run"),
    ];
    let mut exceptions = Vec::new();
    for (outcome, words) in outcomes {
        let names = names(lines, |line| line.outcome == outcome);
        if !names.is_empty() {
            exceptions.push(format!("{words}: {}.", names.join(", ")));
        }
    }
    let names = names(lines, leaves_out);
    if !names.is_empty() {
        exceptions.push(format!(
            "Passed with things left out: {}.",
            names.join(", ")
        ));
    }
    exceptions
}

/// The gates of some lines. Where a gate says the same of all packages, its name is enough.
fn names(lines: &[Line], is_meant: impl Fn(&Line) -> bool) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for line in lines.iter().filter(|line| is_meant(line)) {
        let of_gate = || lines.iter().filter(|other| other.name == line.name);
        let meant = of_gate().filter(|other| is_meant(other)).count();
        let name = if meant == of_gate().count() {
            line.name.clone()
        } else if meant == 1 {
            format!("{} of {}", line.name, line.package)
        } else {
            format!("{} of {meant} packages", line.name)
        };
        if !named.contains(&name) {
            named.push(name);
        }
    }
    named
}

/// What gates that came to a verdict did not look at.
fn left_out(out: &mut String, lines: &[Line]) {
    let with_gaps: Vec<&Line> = lines
        .iter()
        .filter(|line| !line.coverage.not_judged.is_empty())
        .collect();
    if with_gaps.is_empty() {
        return;
    }

    out.push_str("<h2>What was not judged</h2>\n");
    for line in with_gaps {
        let entries = &line.coverage.not_judged;
        let open = if entries.len() <= SHOWN_OPEN {
            " open"
        } else {
            ""
        };
        let _ = write!(
            out,
            "<details{open}><summary><b>{}</b> of {}: {}, {} judged</summary><ul>",
            markup(&line.name),
            markup(&line.package),
            counted(line.coverage.not_judged_count(), "thing", "things"),
            line.coverage.judged
        );
        for entry in entries {
            let _ = write!(out, "<li>{}</li>", gap(entry));
        }
        out.push_str("</ul></details>\n");
    }
}

fn gap(entry: &NotJudged) -> String {
    let count = match entry.count {
        0 | 1 => String::new(),
        count => format!(" ({count})"),
    };
    format!(
        "<span class=\"tag\">{}</span> <code>{}</code>{count}: {}",
        markup(&entry.kind),
        markup(&entry.what),
        markup(&entry.why)
    )
}

/// Names in the order in which they come first.
fn distinct<'a>(lines: &'a [Line], name: impl Fn(&'a Line) -> &'a str) -> Vec<&'a str> {
    let mut names = Vec::new();
    for line in lines {
        if !names.contains(&name(line)) {
            names.push(name(line));
        }
    }
    names
}

/// A line a gate, a column a package.
fn verdicts(out: &mut String, lines: &[Line]) {
    let packages = distinct(lines, |line| &line.package);

    out.push_str("<h2>Verdicts</h2>\n<div class=\"wide\"><table><caption>What each gate says of each package</caption><thead><tr><th scope=\"col\">gate</th>");
    for package in &packages {
        let _ = write!(out, "<th scope=\"col\">{}</th>", markup(package));
    }
    out.push_str("</tr></thead><tbody>\n");
    for gate in distinct(lines, |line| &line.name) {
        let _ = write!(
            out,
            "<tr><th scope=\"row\" class=\"gate\">{}</th>",
            markup(gate)
        );
        for package in &packages {
            let mut lines = lines.iter();
            let line = lines.find(|line| line.name == gate && line.package == *package);
            out.push_str(&cell(line));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody></table></div>\n");
}

/// A verdict, how long it took, and how much it left out.
fn cell(line: Option<&Line>) -> String {
    let Some(line) = line else {
        return "<td><span class=\"not-run\">not run</span></td>".to_owned();
    };
    let elapsed = line.elapsed;
    let elapsed = elapsed.map(|elapsed| format!(" {:.1} s", elapsed.as_secs_f64()));
    let left_out = match line.coverage.not_judged_count() {
        0 => String::new(),
        count => format!("<br>{count} not judged"),
    };
    format!(
        "<td><span class=\"{}\">{}</span>{}{left_out}</td>",
        line.outcome.class(),
        line.outcome.as_str(),
        elapsed.unwrap_or_default()
    )
}

/// A card for each gate that has something to say; those that passed are folded.
fn cards(out: &mut String, lines: &[Line]) {
    for gate in distinct(lines, |line| &line.name) {
        let of_gate: Vec<&Line> = lines.iter().filter(|line| line.name == gate).collect();
        let findings = weighing(&of_gate);
        let Some(worst) = of_gate.iter().map(|line| line.outcome).max() else {
            continue;
        };
        if findings.is_empty() {
            continue;
        }

        let open = if worst >= Outcome::Failed {
            " open"
        } else {
            ""
        };
        let _ = write!(
            out,
            "<details class=\"card\"{open}><summary><b>{}</b> <span class=\"{}\">{}</span>, {}</summary><ul>",
            markup(gate),
            worst.class(),
            worst.as_str(),
            counted(findings.len() as u64, "finding", "findings"),
        );
        for (finding, packages) in findings {
            let _ = write!(out, "<li>{}</li>", show_finding(finding, &packages));
        }
        out.push_str("</ul></details>\n");
    }
}

/// The findings that weigh, each once, with the packages it was found in.
fn weighing<'a>(lines: &[&'a Line]) -> Vec<(&'a Finding, Vec<&'a str>)> {
    let mut found: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for line in lines {
        let weighing = line.findings.iter();
        for finding in weighing.filter(|finding| finding.level > Level::Note) {
            match found.iter_mut().find(|(other, _)| is_same(other, finding)) {
                Some((_, packages)) if packages.contains(&line.package.as_str()) => {}
                Some((_, packages)) => packages.push(&line.package),
                None => found.push((finding, vec![&line.package])),
            }
        }
    }
    found
}

fn is_same(a: &Finding, b: &Finding) -> bool {
    (&a.rule, &a.message, &a.help) == (&b.rule, &b.message, &b.help)
}

fn show_finding(finding: &Finding, packages: &[&str]) -> String {
    let level = if finding.level == Level::Deny {
        "error"
    } else {
        "warning"
    };
    let help = finding.help.as_deref();
    let help = help.map(|help| format!("<div class=\"help\">{}</div>", words(help)));
    format!(
        "<b>{level}</b> <code>{}</code> {} <span class=\"tag\">{}</span>{}",
        markup(&finding.rule),
        words(&finding.message),
        markup(&packages.join(", ")),
        help.unwrap_or_default()
    )
}
