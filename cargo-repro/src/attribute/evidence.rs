//! What can be seen of a difference without repeating anything: statements, lines, strings,
//! sections.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::diff;
use crate::model::build::Unit;
use crate::sealed::sandbox::Sandbox;

/// How many lines of one kind are shown.
const SHOWN: usize = 3;
/// Files larger than this are not searched for strings.
const LARGE: u64 = 256 << 20;

/// A line of one side as evidence shows it.
fn shown_line(line: Option<&&String>) -> String {
    line.map_or("nothing".to_owned(), |line| format!("`{}`", shorten(line)))
}

/// Statements of a build script that differ: key and both values.
pub(super) fn statements(a: &[String], b: &[String]) -> Vec<String> {
    let (in_a, in_b): (BTreeSet<&String>, BTreeSet<&String>) =
        (a.iter().collect(), b.iter().collect());
    let mut only_a: Vec<&String> = a.iter().filter(|line| !in_b.contains(line)).collect();
    let mut only_b: Vec<&String> = b.iter().filter(|line| !in_a.contains(line)).collect();
    if only_a.is_empty() && only_b.is_empty() && a != b {
        return vec!["the build script says the same in another order".to_owned()];
    }
    only_a.truncate(SHOWN);
    only_b.truncate(SHOWN);
    let mut lines = Vec::new();
    for index in 0..only_a.len().max(only_b.len()) {
        lines.push(format!(
            "the build script says {} in A and {} in B",
            shown_line(only_a.get(index)),
            shown_line(only_b.get(index))
        ));
    }
    lines
}

/// Bytes as text; `None` where they hold what text does not.
fn text_of(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes)
        .ok()
        .filter(|text| !text.contains('\0'))
}

/// The first line in which two text files differ, or the strings that only one of two binary files
/// has.
pub(super) fn file(name: &str, paths: &[PathBuf; 2], sandboxes: [&Sandbox; 2]) -> Vec<String> {
    let [sandbox_a, sandbox_b] = sandboxes;
    let (Some(bytes_a), Some(bytes_b)) = (read(&paths[0]), read(&paths[1])) else {
        return vec![format!("`{name}` in OUT_DIR is there in one build only")];
    };

    if let (Some(text_a), Some(text_b)) = (text_of(&bytes_a), text_of(&bytes_b)) {
        let (text_a, text_b) = (sandbox_a.neutral(text_a), sandbox_b.neutral(text_b));
        let pair = text_a
            .lines()
            .zip(text_b.lines())
            .enumerate()
            .find(|(_, (x, y))| x != y);
        return vec![match pair {
            Some((line, (x, y))) => {
                format!(
                    "`{name}` in OUT_DIR, line {}: `{}` in A and `{}` in B",
                    line + 1,
                    shorten(x),
                    shorten(y)
                )
            }
            None => format!("`{name}` in OUT_DIR has another length"),
        }];
    }

    let mut lines = vec![format!("`{name}` in OUT_DIR differs")];
    lines.extend(strings(&bytes_a, &bytes_b, sandboxes));
    if lines.len() == 1 {
        let found = diff::explain(&bytes_a, &bytes_b);
        let places = found
            .places
            .iter()
            .filter(|sandbox| sandbox.member.is_some() && !sandbox.note.is_empty())
            .take(SHOWN);
        lines.extend(places.map(|sandbox| {
            shorten(&format!(
                "`{}`: {}",
                sandbox.member.as_deref().unwrap_or_default(),
                sandbox.note
            ))
        }));
    }

    lines
}

/// Strings that only one build's output of a unit has.
pub(super) fn outputs(a: &Unit, b: &Unit, sandboxes: [&Sandbox; 2]) -> Vec<String> {
    let differing: Vec<&String> = a
        .outputs
        .keys()
        .filter(|suffix| a.outputs.get(*suffix) != b.outputs.get(*suffix))
        .collect();

    let mut lines = Vec::new();
    for suffix in &differing {
        if let (Some(x), Some(y)) = (output(a, suffix), output(b, suffix)) {
            lines.extend(strings(&x, &y, sandboxes));
        }
        if !lines.is_empty() {
            break;
        }
    }

    if lines.is_empty() {
        let names: Vec<String> = differing
            .iter()
            .map(|suffix| {
                if suffix.is_empty() {
                    "executable".to_owned()
                } else {
                    format!(".{suffix}")
                }
            })
            .collect();
        lines.push(format!(
            "its {} differs, in no readable string",
            names.join(" and ")
        ));
    }

    lines
}

/// Section and symbol in which a unit's outputs differ first.
pub(super) fn region_of_change(a: &Unit, b: &Unit) -> (Option<String>, Option<String>) {
    for suffix in ["", "rlib", "so", "a"] {
        if a.outputs.get(suffix) == b.outputs.get(suffix) {
            continue;
        }
        if let (Some(x), Some(y)) = (output(a, suffix), output(b, suffix)) {
            let difference = diff::explain(&x, &y);
            let first = diff::first_region(&difference);
            if first.0.is_some() {
                return first;
            }
        }
    }
    (None, None)
}

fn output(unit: &Unit, suffix: &str) -> Option<Vec<u8>> {
    let dot = if suffix.is_empty() { "" } else { "." };
    let stem = unit.stem();
    let name = [
        format!("lib{stem}{dot}{suffix}"),
        format!("{stem}{dot}{suffix}"),
    ];
    name.iter()
        .find_map(|name| read(&unit.call.out_dir.join(name)))
}

fn read(path: &Path) -> Option<Vec<u8>> {
    (path.metadata().ok()?.len() <= LARGE)
        .then(|| std::fs::read(path).ok())
        .flatten()
}

fn strings(a: &[u8], b: &[u8], [sandbox_a, sandbox_b]: [&Sandbox; 2]) -> Vec<String> {
    let (only_a, only_b) = diff::strings::only(a, b);
    let mut lines = Vec::new();
    for (side, sandbox, only) in [("A", sandbox_a, only_a), ("B", sandbox_b, only_b)] {
        for text in only
            .iter()
            .filter(|text| !text.contains("lib.rmeta/"))
            .take(SHOWN)
        {
            lines.push(format!(
                "only {side} has the text `{}`",
                shorten(&sandbox.neutral(text))
            ));
        }
    }
    lines
}

/// At most 120 characters of a line.
fn shorten(text: &str) -> String {
    let mut short: String = text.chars().take(120).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_laid_beside_each_other() {
        let lines = statements(
            &["same", "cargo:rustc-env=T=1"].map(str::to_owned),
            &["same", "cargo:rustc-env=T=2"].map(str::to_owned),
        );
        assert_eq!(
            lines,
            ["the build script says `cargo:rustc-env=T=1` in A and `cargo:rustc-env=T=2` in B"]
        );

        let lines = statements(
            &["a", "b"].map(str::to_owned),
            &["b", "a"].map(str::to_owned),
        );
        assert!(lines[0].contains("another order"), "{lines:?}");
    }
}
