//! `cargo repro diff`: how two files or folders differ.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::{Context, Finding, Outcome, Report, Result, Subject};

use crate::diff::{Difference, Place, explain};
use crate::rules;

/// Name of the report.
pub(crate) const REPORT: &str = "diff";

/// Runs the call.
///
/// # Errors
/// One of the two cannot be read.
pub(crate) fn run(_: &mut Context, a: &Path, b: &Path) -> Result<Outcome> {
    let found = if a.is_dir() && b.is_dir() { folders(a, b)? } else { files(a, b)? };
    let findings = (!found.identical).then(|| {
        let text = format!("`{}` and `{}` differ in {} places", a.display(), b.display(), found.places.len());
        Finding::new(&rules::FILES_DIFFER, text)
    });
    let human = human(&found);
    let summary = if found.identical {
        "the same bytes".to_owned()
    } else {
        format!("{}, {} and {} bytes", found.format, found.size[0], found.size[1])
    };
    Ok(Report::new(REPORT, &crate::TOOL, Subject::default())
        .findings(findings)
        .data(&found)
        .human(human)
        .summary(summary)
        .print_only()
        .into())
}

fn files(a: &Path, b: &Path) -> Result<Difference> {
    let read = |path: &Path| std::fs::read(path).or_judge(|| format!("cannot read `{}`", path.display()));
    Ok(explain(&read(a)?, &read(b)?))
}

fn folders(a: &Path, b: &Path) -> Result<Difference> {
    let (in_a, in_b) = (list(a)?, list(b)?);
    let mut found = Difference { identical: true, format: "folder".to_owned(), ..Difference::default() };
    for name in in_a.union(&in_b) {
        let shown = name.to_string_lossy().replace('\\', "/");
        let only = match (in_a.contains(name), in_b.contains(name)) {
            (true, false) => "only the first has it",
            (false, true) => "only the second has it",
            _ => {
                let inner = files(&a.join(name), &b.join(name))?;
                found.size[0] += inner.size[0];
                found.size[1] += inner.size[1];
                found.identical &= inner.identical;
                for mut place in inner.places {
                    place.member =
                        Some(place.member.map_or(shown.clone(), |member| format!("{shown}/{member}")));
                    found.places.push(place);
                }
                continue;
            }
        };
        found.identical = false;
        found.places.push(Place { member: Some(shown), note: only.to_owned(), ..Place::default() });
    }
    found.places.sort_by_key(|place| (place.derived, std::cmp::Reverse(place.bytes)));
    Ok(found)
}

fn list(dir: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let failed = || format!("cannot read `{}`", folder.display());
        for entry in std::fs::read_dir(&folder).or_judge(failed)? {
            let entry = entry.or_judge(failed)?;
            let kind = entry.file_type().or_judge(failed)?;
            if kind.is_dir() {
                open.push(entry.path());
            } else if kind.is_file() {
                found.insert(entry.path().strip_prefix(dir).unwrap_or(&entry.path()).to_owned());
            }
        }
    }
    Ok(found)
}

fn human(found: &Difference) -> String {
    let mut text = String::new();
    for place in found.places.iter().take(30) {
        let parts: Vec<&str> = [&place.member, &place.section, &place.symbol]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let krate = place.krate.as_ref().map_or(String::new(), |name| format!(" [{name}]"));
        let derived = if place.derived { " (derived)" } else { "" };
        let note = if place.note.is_empty() { String::new() } else { format!(": {}", place.note) };
        text.push_str(&format!("  {:>10} bytes  {}{krate}{derived}{note}\n", place.bytes, parts.join("  ")));
    }
    if found.places.len() > 30 {
        text.push_str(&format!("  and {} more places\n", found.places.len() - 30));
    }
    for (side, strings) in [("first", &found.only_a), ("second", &found.only_b)] {
        for string in strings.iter().take(5) {
            let short: String = string.chars().take(120).collect();
            text.push_str(&format!("  only the {side} has the text `{short}`\n"));
        }
    }
    text
}
