//! `cargo repro diff`: how two files or folders differ.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Subject};

use crate::diff::{Difference, Place, explain, html, map};
use crate::rules;

/// Name of the report.
pub(crate) const REPORT: &str = "diff";

/// Runs the call.
///
/// # Errors
/// One of the two cannot be read.
pub(crate) fn run(cx: &mut Context, a: &Path, b: &Path, html: Option<&Path>) -> Result<Outcome> {
    let found = match (a.is_dir(), b.is_dir()) {
        (true, true) => folders(a, b)?,
        (false, false) => files(a, b)?,
        _ => {
            return Err(Error::usage(format!(
                "one of `{}` and `{}` is a folder and the other is not",
                a.display(),
                b.display()
            ))
            .with_help("give two files or two folders"));
        }
    };
    let findings = (!found.identical).then(|| {
        let places = if found.places.len() == 1 {
            "1 place".to_owned()
        } else {
            format!("{} places", found.places.len())
        };
        // Reports name no folder of the machine.
        let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let text = if name(a) == name(b) {
            format!("the two `{}` differ in {places}", name(a))
        } else {
            format!("`{}` and `{}` differ in {places}", name(a), name(b))
        };
        Finding::new(&rules::FILES_DIFFER, text)
    });
    if let Some(path) = html {
        write_page(cx, path, [a, b], &found)?;
    }
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
                let (x, y) = (a.join(name), b.join(name));
                if let Some(note) = other_kind(&x, &y) {
                    found.identical = false;
                    found.places.push(Place { member: Some(shown), bytes: 1, note, ..Place::default() });
                    if x.is_symlink() || y.is_symlink() {
                        continue;
                    }
                } else if x.is_symlink() {
                    continue;
                }
                let shown = name.to_string_lossy().replace('\\', "/");
                let inner = files(&x, &y)?;
                found.size[0] += inner.size[0];
                found.size[1] += inner.size[1];
                found.identical &= inner.identical;
                for mut place in inner.places {
                    place.member =
                        Some(place.member.map_or(shown.clone(), |member| format!("{shown}/{member}")));
                    found.places.push(place);
                }
                found.only_a.extend(inner.only_a.into_iter().take(3));
                found.only_b.extend(inner.only_b.into_iter().take(3));
                continue;
            }
        };
        found.identical = false;
        found.places.push(Place { member: Some(shown), note: only.to_owned(), ..Place::default() });
    }
    found.places.sort_by_key(|place| (place.derived, std::cmp::Reverse(place.bytes)));
    Ok(found)
}

/// Writes the page with the map.
fn write_page(cx: &Context, path: &Path, [a, b]: [&Path; 2], found: &Difference) -> Result<()> {
    if a.is_dir() {
        return Err(Error::usage("a map is made of two files, and these are folders")
            .with_help("name two files of them"));
    }
    if cx.args().dry_run {
        cx.terminal.status("Would write", path.display().to_string());
        return Ok(());
    }
    let read = |path: &Path| std::fs::read(path).or_judge(|| format!("cannot read `{}`", path.display()));
    let name = |path: &Path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let (name_a, name_b) = (name(a), name(b));
    let page = html::page([&name_a, &name_b], found, &map::of(&read(a)?, &read(b)?));
    write_atomic(path, page.as_bytes())?;
    cx.terminal.status("Wrote", path.display().to_string());
    Ok(())
}

/// How two files of one name differ in what they are: a link, where it leads, or whether it can be run.
fn other_kind(a: &Path, b: &Path) -> Option<String> {
    match (std::fs::read_link(a), std::fs::read_link(b)) {
        (Ok(x), Ok(y)) if x == y => None,
        (Ok(x), Ok(y)) => Some(format!("a link to `{}` and a link to `{}`", x.display(), y.display())),
        (Ok(_), Err(_)) | (Err(_), Ok(_)) => Some("a link and a file".to_owned()),
        _ => {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt as _;
                let mode = |path: &Path| {
                    path.metadata().map(|found| found.permissions().mode() & 0o777).unwrap_or_default()
                };
                let (x, y) = (mode(a), mode(b));
                ((x & 0o111 == 0) != (y & 0o111 == 0)).then(|| format!("mode {x:o} and mode {y:o}"))
            }
            #[cfg(not(unix))]
            None
        }
    }
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
            } else if kind.is_file() || kind.is_symlink() {
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
