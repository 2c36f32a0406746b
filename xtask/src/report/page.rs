//! The page: its frame, the one sentence at its top, and the verdicts.
//!
//! A static file: no script, no request to anywhere. Everything in it comes from reports and
//! documents of the gates and is escaped here.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use release_gate::report::render::markup;
use release_gate::{Finding, Level};

use super::Line;
use super::details::{advisories, changes, dependencies, sizes, text, verification};
use super::read::Folder;

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.3rem .6rem;color:#555}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f3f3f3;padding:.6rem;overflow:auto}\
.not-run,.failed,.not-judged{color:#a30000;font-weight:bold}.deny{border-color:#a30000}td,th,code{overflow-wrap:anywhere}td>span,.gate{white-space:nowrap}.passed{color:#0a5c1e;font-weight:bold}.nothing-to-judge{color:#6b4e00;font-weight:bold}\
.bar{background:#2f5d9b;height:1rem;min-width:2px}.tag{border:1px solid #767676;border-radius:.3rem;padding:0 .3rem;font-size:.85em}\
ul{padding-left:1.2rem}summary{cursor:pointer}\
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#262626}th,td{border-color:#444}caption{color:#aaa}a{color:#8ab4f8}\
.passed{color:#7bd88f}.not-run,.failed,.not-judged{color:#ff8a80}.nothing-to-judge{color:#e6c07b}.bar{background:#6d9eeb}}";

/// The page.
pub(crate) fn render(title: &str, lines: &[Line], folders: &[Folder]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{0}</title><style>{STYLE}</style></head><body><main>\n<h1>{0}</h1>\n",
        markup(title)
    );
    overall(&mut out, lines, folders);
    verdicts(&mut out, lines);
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
    let (class, sentence, more) = sentence(lines);
    let _ = writeln!(
        out,
        "<p><span class=\"{class}\">{sentence}</span> {}</p>",
        markup(&more.join(" "))
    );
    let told: BTreeSet<String> = folders
        .iter()
        .filter_map(|folder| Some((folder, folder.subject()?)))
        .map(|(folder, subject)| {
            let dirty = if subject.dirty {
                ", with uncommitted changes"
            } else {
                ""
            };
            let commit = subject
                .commit
                .as_ref()
                .map_or("none", |commit| commit.as_str());
            let rustc = folder
                .usable("buildinfo")
                .map(|info| &info.data["toolchain"]["rustc"]["version"][0]);
            let rustc = rustc.filter(|rustc| rustc.is_string());
            let built = rustc
                .map(|rustc| format!(", built with {}", text(rustc)))
                .unwrap_or_default();
            format!("Commit <code>{commit}</code>{dirty}{built}.")
        })
        .collect();
    for line in told {
        let _ = writeln!(out, "<p>{line}</p>");
    }
}

/// Its class, what it claims, and what it leaves out. It never claims more than what was run.
fn sentence(lines: &[Line]) -> (&'static str, &'static str, Vec<String>) {
    // Where a gate says the same of all packages, its name is enough.
    let with = |words: &[&str]| -> Vec<String> {
        let mut named: Vec<String> = Vec::new();
        for line in lines.iter().filter(|line| words.contains(&line.word)) {
            let all = || lines.iter().filter(|other| other.name == line.name);
            let name = match all().filter(|other| other.word == line.word).count() {
                count if count == all().count() => line.name.clone(),
                1 => format!("{} of {}", line.name, line.package),
                count => format!("{} of {count} packages", line.name),
            };
            if !named.contains(&name) {
                named.push(name);
            }
        }
        named
    };
    let mut more = Vec::new();
    for word in ["failed", "not judged", "nothing to judge", "not run"] {
        let names = with(&[word]);
        if !names.is_empty() {
            let word = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
            more.push(format!("{word}: {}.", names.join(", ")));
        }
    }
    let (class, sentence) = if !with(&["failed", "not judged"]).is_empty() {
        ("failed", "Not every gate passed.")
    } else if with(&["passed"]).is_empty() {
        ("not-judged", "Nothing was judged.")
    } else if with(&["not run"]).is_empty() {
        ("passed", "Every gate passed.")
    } else {
        ("nothing-to-judge", "Every gate that was run passed.")
    };
    (class, sentence, more)
}

/// A line a gate, a column a package.
fn verdicts(out: &mut String, lines: &[Line]) {
    let mut packages: Vec<&str> = Vec::new();
    let mut gates: Vec<&str> = Vec::new();
    for line in lines {
        for (list, name) in [(&mut packages, &*line.package), (&mut gates, &*line.name)] {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    }
    out.push_str("<h2>Verdicts</h2>\n<table><caption>What each gate says of each package</caption><thead><tr><th scope=\"col\">gate</th>");
    for package in &packages {
        let _ = write!(out, "<th scope=\"col\">{}</th>", markup(package));
    }
    out.push_str("<th scope=\"col\">findings</th></tr></thead><tbody>\n");
    for gate in gates {
        let of_gate = || lines.iter().filter(|line| line.name == gate);
        let _ = write!(
            out,
            "<tr><th scope=\"row\" class=\"gate\">{}</th>",
            markup(gate)
        );
        for package in &packages {
            let Some(line) = of_gate().find(|line| line.package == *package) else {
                out.push_str("<td><span class=\"not-run\">not run</span></td>");
                continue;
            };
            let seconds = line
                .seconds
                .map(|seconds| format!(" {seconds:.1} s"))
                .unwrap_or_default();
            let class = line.word.replace(' ', "-");
            let _ = write!(
                out,
                "<td><span class=\"{class}\">{}</span>{seconds}</td>",
                markup(line.word)
            );
        }
        out.push_str("<td>");
        findings(out, of_gate().flat_map(|line| &line.findings));
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

/// What weighs, once: several packages may have the same to say.
fn findings<'a>(out: &mut String, all: impl Iterator<Item = &'a Finding>) {
    let mut said = BTreeSet::new();
    let told = all.filter(|finding| finding.level != Level::Note);
    let told: Vec<&Finding> = told
        .filter(|finding| said.insert((&finding.rule, &finding.message, &finding.help)))
        .collect();
    if told.is_empty() {
        return;
    }
    out.push_str("<ul>");
    for finding in told {
        let help = finding
            .help
            .as_deref()
            .map(|help| format!("<br>{}", markup(help)))
            .unwrap_or_default();
        let (rule, message) = (markup(&finding.rule), markup(&finding.message));
        let level = if finding.level == Level::Deny {
            "error"
        } else {
            "warning"
        };
        let _ = write!(
            out,
            "<li><b>{level}</b> <code>{rule}</code> {message}{help}</li>"
        );
    }
    out.push_str("</ul>");
}
