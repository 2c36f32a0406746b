//! `cargo repro diff`: how two files or folders differ.

use std::path::Path;

use release_gate::facts::report::diff::Difference;
use release_gate::fs::write_atomic;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result, Subject};

use crate::diff::{explain, html, map};
use crate::read::folders::{compare_folders, folder_stripes, read_file};
use crate::report::diff::{plain, table};
use crate::rules;
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "diff";

/// A file's or folder's own name: reports name no folder of the machine.
fn own_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned()
}

/// Runs the call.
///
/// # Errors
/// One of the two cannot be read.
pub(crate) fn run(cx: &mut Context, a: &Path, b: &Path, html: Option<&Path>) -> Result<Outcome> {
    let found = match (a.is_dir(), b.is_dir()) {
        (true, true) => compare_folders(a, b)?,
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
        let [name_a, name_b] = [a, b].map(|path| plain(&own_name(path)));
        let text = if name_a == name_b {
            format!("the two `{name_a}` differ in {places}")
        } else {
            format!("`{name_a}` and `{name_b}` differ in {places}")
        };
        Finding::new(&rules::FILES_DIFFER, text)
    });

    if let Some(path) = html {
        write_page(cx, path, [a, b], &found)?;
    }
    let summary = if found.identical {
        "the same bytes".to_owned()
    } else {
        format!(
            "{}, {} and {} bytes",
            found.format, found.size[0], found.size[1]
        )
    };

    Ok(Report::new(REPORT, &TOOL, Subject::default())
        .findings(findings)
        .data(&found)
        .coverage(Coverage::of(1))
        .human(table(&found))
        .summary(summary)
        .print_only()
        .into())
}

/// Two files, or what comes through two pipes of the shell's.
fn files(a: &Path, b: &Path) -> Result<Difference> {
    Ok(explain(&read_file(a)?, &read_file(b)?))
}

/// Writes the page with the map.
fn write_page(cx: &Context, path: &Path, [a, b]: [&Path; 2], found: &Difference) -> Result<()> {
    if cx.args().dry_run {
        cx.terminal
            .status("Would write", path.display().to_string());
        return Ok(());
    }

    let stripes = if a.is_dir() {
        folder_stripes(a, b)?
    } else {
        map::stripes(&read_file(a)?, &read_file(b)?)
    };
    let page = html::page([&own_name(a), &own_name(b)], found, &stripes);
    write_atomic(path, page.as_bytes())?;
    cx.terminal.status("Wrote", path.display().to_string());
    Ok(())
}
