//! The harness: a program that compiled against the old library is compiled against the new one.
//!
//! A failure here is a break by construction. Nothing in this module decides what a break means.

mod rustc;

use release_gate::process::Runner;
use release_gate::{Error, Result};

pub use rustc::{Library, Rejection, Rustc};

use crate::program::Assertion;

/// More rounds than any program needs; each drops at least one line.
const ROUNDS: usize = 40;
/// First line of every program.
const HEADER: &str = "#![allow(warnings)] #![recursion_limit = \"512\"] extern crate alloc;";

/// One line of a program: a way of an assertion.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The assertion.
    pub assertion: &'a Assertion,
    /// Which of its ways.
    pub way: usize,
}

impl Line<'_> {
    /// What users would write.
    pub fn code(&self) -> &str {
        self.assertion.ways.get(self.way).map_or("", String::as_str)
    }
}

/// A line the compiler rejected, with why.
#[derive(Debug, Clone)]
pub struct Rejected<'a> {
    /// The line.
    pub line: Line<'a>,
    /// The compiler's first error there.
    pub rejection: Rejection,
}

/// What a library accepts of a program written from it.
#[derive(Debug, Clone, Default)]
pub struct Accepted<'a> {
    /// For each assertion that can be made, the first way that compiles.
    pub lines: Vec<Line<'a>>,
    /// Assertions of which no way compiles, optional ones left out: gaps of the generator.
    pub gaps: Vec<&'a Assertion>,
}

/// The program's text: a module for each line, so that no line sees another.
fn text(lines: &[Line<'_>]) -> String {
    let mut text = String::with_capacity(lines.len() * 120);
    text.push_str(HEADER);
    text.push('\n');
    for (index, line) in lines.iter().enumerate() {
        text.push_str(&format!("mod a{index} {{ {} }}\n", line.code()));
    }
    text
}

/// Whether brackets close in order: a line for which they do not would take others with it.
fn is_balanced(code: &str) -> bool {
    let mut open = Vec::new();
    for c in code.chars() {
        match c {
            '(' | '[' | '{' => open.push(c),
            ')' | ']' | '}' => {
                let fits = matches!(
                    (open.pop(), c),
                    (Some('('), ')') | (Some('['), ']') | (Some('{'), '}')
                );
                if !fits {
                    return false;
                }
            }
            _ => {}
        }
    }
    open.is_empty() && !code.contains("//") && !code.contains("/*")
}

/// Compiles a program and leaves out what is rejected until the rest compiles.
fn sieve<'a>(
    rustc: &Rustc<'_>,
    library: &Library,
    runner: &Runner,
    mut lines: Vec<Line<'a>>,
) -> Result<(Vec<Line<'a>>, Vec<Rejected<'a>>)> {
    let mut rejected = Vec::new();
    for _ in 0..ROUNDS {
        let verdict = rustc.check(library, runner, &text(&lines))?;
        if verdict.accepted {
            return Ok((lines, rejected));
        }
        // Line 1 is the header.
        let mut out: std::collections::BTreeMap<usize, Rejection> =
            std::collections::BTreeMap::new();
        for rejection in verdict.rejections {
            if let Some(at) = rejection.line.checked_sub(2).filter(|at| *at < lines.len()) {
                out.entry(at).or_insert(rejection);
            }
        }
        if out.is_empty() {
            return Err(Error::judge(format!(
                "rustc rejects the generated program without saying where:\n{}",
                verdict.tail
            ))
            .with_help(
                "this is a defect of cargo-compat or of the compiler; `--verbose` shows the command",
            ));
        }
        let mut kept = Vec::with_capacity(lines.len());
        for (index, line) in lines.into_iter().enumerate() {
            match out.remove(&index) {
                Some(rejection) => rejected.push(Rejected { line, rejection }),
                None => kept.push(line),
            }
        }
        lines = kept;
    }
    Err(Error::judge(format!(
        "the generated program still does not compile after {ROUNDS} rounds"
    )))
}

/// What of a program compiles against the library it was written from.
///
/// # Errors
/// The compiler cannot be started, or rejects the program without saying where.
pub fn accept<'a>(
    rustc: &Rustc<'_>,
    library: &Library,
    runner: &Runner,
    assertions: &'a [Assertion],
) -> Result<Accepted<'a>> {
    let mut lines = Vec::new();
    for assertion in assertions {
        for (way, code) in assertion.ways.iter().enumerate() {
            if is_balanced(code) {
                lines.push(Line { assertion, way });
            }
        }
    }
    let (kept, _) = sieve(rustc, library, runner, lines)?;
    let mut accepted = Accepted::default();
    let mut kept = kept.into_iter().peekable();
    for assertion in assertions {
        let mut first = None;
        while let Some(line) = kept.next_if(|line| std::ptr::eq(line.assertion, assertion)) {
            first.get_or_insert(line);
        }
        match first {
            Some(line) => accepted.lines.push(line),
            None if !assertion.optional => accepted.gaps.push(assertion),
            None => {}
        }
    }
    Ok(accepted)
}

/// The lines that another library rejects.
///
/// # Errors
/// As for [`accept`].
pub fn reject<'a>(
    rustc: &Rustc<'_>,
    library: &Library,
    runner: &Runner,
    lines: &[Line<'a>],
) -> Result<Vec<Rejected<'a>>> {
    sieve(rustc, library, runner, lines.to_vec()).map(|(_, rejected)| rejected)
}

/// A program of one line alone, as it is saved for people.
pub fn witness(line: &Line<'_>) -> String {
    format!(
        "#![allow(warnings)]\nextern crate alloc;\n\n{}\n",
        pretty(line.code())
    )
}

/// Line breaks after items and around bodies.
fn pretty(code: &str) -> String {
    let mut out = String::new();
    let mut depth = 0usize;
    for c in code.chars() {
        match c {
            '(' | '[' | '<' => depth += 1,
            ')' | ']' | '>' => depth = depth.saturating_sub(1),
            _ => {}
        }
        out.push(c);
        if c == ';' && depth == 0 && !out.ends_with(" ;") {
            out.push('\n');
        }
    }
    out.lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect::<Vec<_>>()
        .join("\n")
}

/// Whether a line alone compiles against the old library and does not against the new one. Without
/// `old_too` the old side is not asked again: it accepted the line in the program, where no line
/// sees another.
///
/// # Errors
/// As for [`accept`].
pub fn confirm(
    rustc: &Rustc<'_>,
    old: &Library,
    new: &Library,
    runner: &Runner,
    line: &Line<'_>,
    old_too: bool,
) -> Result<Option<Rejection>> {
    let program = witness(line);
    if old_too && !rustc.check(old, runner, &program)?.accepted {
        return Ok(None);
    }
    let verdict = rustc.check(new, runner, &program)?;
    Ok(if verdict.accepted {
        None
    } else {
        verdict.rejections.into_iter().next().or(Some(Rejection {
            rendered: verdict.tail,
            ..Rejection::default()
        }))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_would_swallow_others_are_left_out() {
        assert!(is_balanced("fn f() { g([1, 2]) }"));
        for code in ["fn f() {", ")(", "f(]", "x // y", "/* x"] {
            assert!(!is_balanced(code), "{code}");
        }
    }
}
