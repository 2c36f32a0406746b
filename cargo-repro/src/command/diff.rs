//! `cargo repro diff`: how two files or folders differ.

use std::path::Path;

use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Subject};

use super::folders::folders;
use crate::diff::{Difference, explain, html, map};
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
        let name = |path: &Path| {
            plain(
                &path
                    .file_name()
                    .unwrap_or(path.as_os_str())
                    .to_string_lossy(),
            )
        };
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
        format!(
            "{}, {} and {} bytes",
            found.format, found.size[0], found.size[1]
        )
    };
    Ok(Report::new(REPORT, &crate::TOOL, Subject::default())
        .findings(findings)
        .data(&found)
        .human(human)
        .summary(summary)
        .print_only()
        .into())
}

/// Two files, or what comes through two pipes of the shell's.
fn files(a: &Path, b: &Path) -> Result<Difference> {
    Ok(explain(&read(a)?, &read(b)?))
}

/// The whole of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = || format!("cannot read `{}`", path.display());
    let kind = path.metadata().or_judge(failed)?.file_type();
    // Nobody may write to a named pipe, and devices have no end.
    if !kind.is_file()
        && !kind.is_dir()
        && !path.starts_with("/dev/fd")
        && !path.starts_with("/proc")
    {
        return Err(Error::judge(format!(
            "`{}` is neither a file nor a folder",
            path.display()
        ))
        .with_help("compare what it holds: write that to a file first"));
    }
    std::fs::read(path).or_judge(failed)
}

/// A name or text of a file as a terminal may see it.
fn plain(text: &str) -> String {
    release_gate::report::render::visible(text).replace(['\n', '\t'], "\u{fffd}")
}

/// Writes the page with the map.
fn write_page(cx: &Context, path: &Path, [a, b]: [&Path; 2], found: &Difference) -> Result<()> {
    if a.is_dir() {
        return Err(
            Error::usage("a map is made of two files, and these are folders")
                .with_help("name two files of them"),
        );
    }
    if cx.args().dry_run {
        cx.terminal
            .status("Would write", path.display().to_string());
        return Ok(());
    }
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or(path.as_os_str())
            .to_string_lossy()
            .into_owned()
    };
    let (name_a, name_b) = (name(a), name(b));
    let page = html::page([&name_a, &name_b], found, &map::of(&read(a)?, &read(b)?));
    write_atomic(path, page.as_bytes())?;
    cx.terminal.status("Wrote", path.display().to_string());
    Ok(())
}

fn human(found: &Difference) -> String {
    let mut text = String::new();
    for place in found.places.iter().take(30) {
        let parts: Vec<&str> = [&place.member, &place.section, &place.symbol]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let krate = place
            .krate
            .as_ref()
            .map_or(String::new(), |name| format!(" [{name}]"));
        let derived = if place.derived { " (derived)" } else { "" };
        let note = if place.note.is_empty() {
            String::new()
        } else {
            format!(": {}", place.note)
        };
        let line = plain(&format!("{}{krate}{derived}{note}", parts.join("  ")));
        text.push_str(&format!("  {:>10} bytes  {line}\n", place.bytes));
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
