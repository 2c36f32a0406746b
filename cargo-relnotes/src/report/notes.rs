//! RELEASE_NOTES.md in the default layout.
//!
//! Must never: repeat a fact that is not usable as if it were, or leave out that one is missing.

use release_gate::time::iso_date;

use super::document::{Document, DocumentError, Part};
use crate::model::account::{Entry, Sums};
use crate::model::breaking::Source;
use crate::model::facts::Fact;
use crate::model::release::{Named, Phase, Release};
use crate::model::sections::Section;

/// Marks around the part people write by hand; it is kept when the notes are made again.
pub const PROSE_BEGIN: &str = "relnotes: write your own words below this line";
/// The end of that part.
pub const PROSE_END: &str = "relnotes: end of your own words";

/// Renders the notes with nothing between the marks for people's prose.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(release: &Release) -> Result<String, DocumentError> {
    let mut document = Document::new();
    let date = iso_date(release.time);
    document.heading(1, &[Part::Text(&format!("{} {} ({date})", release.package, title_version(release)))]);
    document.paragraph(&[Part::Text(&opening(release))]);
    if release.phase == Phase::Draft {
        document.paragraph(&[Part::Text("This is a draft: digests and verdicts are those known so far.")]);
    }
    document.mark(PROSE_BEGIN);
    document.mark(PROSE_END);
    breaking(&mut document, release);
    for section in Section::ALL.into_iter().filter(|section| *section != Section::Breaking) {
        let entries: Vec<&Entry> = release.accounting.section(section).collect();
        if !entries.is_empty() {
            document.heading(2, &[Part::Text(section.title())]);
            for line in entries {
                entry(&mut document, release, line);
            }
        }
    }
    known_issues(&mut document, release);
    verification(&mut document, release);
    contributors(&mut document, release);
    document.heading(2, &[Part::Text("Accounting")]);
    document.paragraph(&[Part::Text(&accounting(&release.accounting.sums()))]);
    document.finish()
}

fn title_version(release: &Release) -> String {
    match release.named {
        Named::Past => "unreleased".to_owned(),
        _ => release.version.to_string(),
    }
}

fn opening(release: &Release) -> String {
    let commits = count(release.counted, "commit");
    match &release.predecessor.release {
        None => format!("First release: {commits}, all of the history."),
        Some(before) => {
            let (kind, from, day) = (release.release_type.title(), &before.tag, iso_date(before.time));
            let what = if release.named == Named::Past { "Not released yet" } else { kind };
            format!("{what}: {commits} since {from} ({day}).")
        }
    }
}

/// `1 commit`, `2 commits`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

fn entry(document: &mut Document, release: &Release, entry: &Entry) {
    let tail = tail(release, entry);
    let mut parts = Vec::new();
    if let Some(scope) = &entry.scope {
        parts.extend([Part::Strong(scope), Part::Text(": ")]);
    }
    parts.push(Part::Foreign(&entry.text));
    parts.extend(tail.iter().map(Tail::part));
    document.item(0, &parts);
}

enum Tail {
    Text(&'static str),
    Number(String),
    Link(String, String),
    Commit(String),
}

impl Tail {
    fn part(&self) -> Part<'_> {
        match self {
            Self::Text(text) => Part::Text(text),
            Self::Number(text) => Part::Text(text),
            Self::Link(text, url) => Part::Link(text.clone(), url.clone()),
            Self::Commit(id) => Part::Code(id),
        }
    }
}

/// ` (#12, `abc1234`)`: the pull request and the commits behind a line.
fn tail(release: &Release, entry: &Entry) -> Vec<Tail> {
    let mut tail = vec![Tail::Text(" (")];
    if let Some(pull) = entry.pull {
        let text = format!("#{pull}");
        tail.push(match &release.repository {
            Some(base) => Tail::Link(text, format!("{base}/issues/{pull}")),
            None => Tail::Number(text),
        });
        tail.push(Tail::Text(", "));
    }
    for (at, commit) in entry.commits.iter().enumerate() {
        if at > 0 {
            tail.push(Tail::Text(", "));
        }
        tail.push(Tail::Commit(commit.short().to_owned()));
    }
    tail.push(Tail::Text(")"));
    tail
}

fn breaking(document: &mut Document, release: &Release) {
    if release.breaking.is_empty() {
        return;
    }
    document.heading(2, &[Part::Text(Section::Breaking.title())]);
    for item in &release.breaking {
        if let Some(line) = &item.entry {
            entry(document, release, line);
            for note in &line.breaking {
                document.item(1, &[Part::Foreign(note)]);
            }
        }
        let depth = usize::from(item.entry.is_some());
        for change in &item.changes {
            let found = if item.source == Source::Detected {
                ": found by comparing the API, named by no commit"
            } else {
                ""
            };
            let mut parts =
                vec![Part::Code(&change.item), Part::Text(" ("), Part::Text(&change.rule), Part::Text(")")];
            parts.push(Part::Text(found));
            document.item(depth, &parts);
        }
    }
}

fn known_issues(document: &mut Document, release: &Release) {
    let vulns = &release.facts.vulns;
    let hits = vulns.usable().map(|facts| facts.data.advisories.as_slice()).unwrap_or_default();
    if hits.is_empty() && vulns.usable().is_some() {
        return;
    }
    document.heading(2, &[Part::Text("Known issues")]);
    if let Some((_, why)) = vulns.gap() {
        document.item(
            0,
            &[Part::Text("Vulnerabilities of dependencies: not judged ("), Part::Text(why), Part::Text(")")],
        );
    }
    for advisory in hits {
        let severity =
            advisory.severity.as_deref().map(|severity| format!(", severity {severity}")).unwrap_or_default();
        document.item(
            0,
            &[
                Part::Code(&advisory.id),
                Part::Text(" hits "),
                Part::Code(&format!("{} {}", advisory.package, advisory.version)),
                Part::Text(&severity),
                Part::Text("."),
            ],
        );
    }
}

fn verification(document: &mut Document, release: &Release) {
    let facts = &release.facts;
    document.heading(2, &[Part::Text("Verification")]);
    document.item(0, &[Part::Text("Source: commit "), Part::Code(release.to.as_str())]);
    match &facts.buildinfo {
        Fact::Usable(info) => {
            document.item(
                0,
                &[Part::Text("Build: buildinfo.json has SHA-256 "), Part::Code(&info.sha256.to_string())],
            );
            for artifact in &info.data.artifacts {
                let name = artifact
                    .target
                    .as_ref()
                    .map_or_else(|| artifact.name.clone(), |target| format!("{} ({target})", artifact.name));
                let size = artifact.size.map(|size| format!(", {size} bytes")).unwrap_or_default();
                document.item(
                    1,
                    &[
                        Part::Code(&name),
                        Part::Text(": SHA-256 "),
                        Part::Code(&artifact.sha256.to_string()),
                        Part::Text(&size),
                    ],
                );
            }
        }
        other => gap(document, "Build", other),
    }
    match &facts.repro {
        Fact::Usable(repro) => {
            let (all, same) = (
                repro.data.artifacts.len(),
                repro.data.artifacts.iter().filter(|artifact| artifact.identical).count(),
            );
            let verdict = if same == all && all > 0 { "reproducible" } else { "not reproducible" };
            document.item(
                0,
                &[Part::Text(&format!(
                    "Reproducibility: {verdict}, {same} of {all} artifacts identical in two builds"
                ))],
            );
        }
        other => gap(document, "Reproducibility", other),
    }
    match &facts.sbom {
        Fact::Usable(sbom) => document.item(
            0,
            &[
                Part::Text(&format!(
                    "SBOM: sbom.cdx.json with {} has SHA-256 ",
                    count(sbom.components, "component")
                )),
                Part::Code(&sbom.sha256.to_string()),
            ],
        ),
        other => gap(document, "SBOM", other),
    }
    match &facts.vulns {
        Fact::Usable(vulns) => {
            let hits = vulns.data.advisories.len();
            let said = if hits == 0 {
                "no known advisory hits a dependency".to_owned()
            } else {
                format!("{} (see known issues)", count(hits, "advisory").replace("advisorys", "advisories"))
            };
            document.item(0, &[Part::Text("Vulnerabilities: "), Part::Text(&said)]);
        }
        other => gap(document, "Vulnerabilities", other),
    }
    match &facts.compat {
        Fact::Usable(compat) => {
            let required = compat.data.required_bump.map_or("patch", |bump| bump.as_str());
            document.item(
                0,
                &[Part::Text(&format!(
                    "API: a {required} step is required, {}",
                    count(compat.data.changes.len(), "change")
                ))],
            );
        }
        other => gap(document, "API", other),
    }
}

fn gap<T>(document: &mut Document, what: &str, fact: &Fact<T>) {
    match fact {
        Fact::NotApplicable(why) => document.item(0, &[Part::Text(what), Part::Text(": "), Part::Text(why)]),
        other => {
            if let Some((_, why)) = other.gap() {
                document.item(
                    0,
                    &[Part::Text(what), Part::Text(": not judged ("), Part::Text(why), Part::Text(")")],
                );
            }
        }
    }
}

fn contributors(document: &mut Document, release: &Release) {
    if release.contributors.is_empty() {
        return;
    }
    document.heading(2, &[Part::Text("Contributors")]);
    let first_release = release.predecessor.release.is_none();
    for person in &release.contributors {
        let first = if person.first && !first_release { ", for the first time" } else { "" };
        document.item(
            0,
            &[
                Part::Foreign(&person.name),
                Part::Text(&format!(" ({}{first})", count(person.commits, "commit"))),
            ],
        );
    }
}

/// The accounting as a sentence.
pub fn accounting(sums: &Sums) -> String {
    let mut parts = vec![format!("{} listed", sums.listed)];
    let mut add = |number: usize, what: &str| {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    };
    add(sums.folded, "folded into another line");
    add(sums.merge, if sums.merge == 1 { "merge" } else { "merges" });
    add(sums.cancelled, "cancelled by reverts of this release");
    let hidden: usize = sums.hidden.values().sum();
    let rules: Vec<String> = sums.hidden.iter().map(|(rule, number)| format!("{rule} {number}")).collect();
    add(hidden, &format!("hidden ({})", rules.join(", ")));
    format!("All {} of the range: {}.", count(sums.total, "commit"), parts.join(", "))
}

/// The text with what people wrote between the marks taken out: what generation answers for.
pub fn generated_part(notes: &str) -> String {
    match prose_range(notes) {
        Some((start, end)) => format!("{}{}", &notes[..start], &notes[end..]),
        None => notes.to_owned(),
    }
}

/// What people wrote between the marks.
pub fn prose(notes: &str) -> Option<&str> {
    prose_range(notes)
        .map(|(start, end)| notes[start..end].trim_matches('\n'))
        .filter(|text| !text.trim().is_empty())
}

/// Puts people's words between the marks.
pub fn with_prose(notes: &str, prose: Option<&str>) -> String {
    match (prose_range(notes), prose) {
        (Some((start, end)), Some(prose)) => format!("{}\n\n{prose}\n\n{}", &notes[..start], &notes[end..]),
        _ => notes.to_owned(),
    }
}

/// Where people's words are: behind the first mark, before the second, line breaks at both ends included.
fn prose_range(notes: &str) -> Option<(usize, usize)> {
    let begin = format!("<!-- {PROSE_BEGIN} -->");
    let start = notes.find(&begin)? + begin.len();
    let end = start + notes[start..].find(&format!("<!-- {PROSE_END} -->"))?;
    Some((start, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_survives() {
        let notes = format!("# x\n\n<!-- {PROSE_BEGIN} -->\n\n<!-- {PROSE_END} -->\n\n## y\n");
        let edited = with_prose(&notes, Some("My words.\n\nMore."));
        assert_eq!(prose(&edited), Some("My words.\n\nMore."));
        assert_eq!(with_prose(&notes, prose(&edited)), edited);
        assert_eq!(generated_part(&edited), generated_part(&notes));
        assert_eq!(prose(&notes), None);
    }
}
