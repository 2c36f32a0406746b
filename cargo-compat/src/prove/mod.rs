//! The harness: a program that compiled against the old library is compiled against the new one.
//!
//! A failure here is a break by construction. Nothing in this module decides what a break means.

mod rustc;

use std::collections::BTreeMap;

use release_gate::process::Runner;
use release_gate::{Error, Result};

pub use rustc::{Library, Rejection, Rustc};

use crate::program::Assertion;
use crate::program::assertion::Need;

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
fn program_text(lines: &[Line<'_>]) -> String {
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

/// What a library accepts of a program, and what it rejects.
struct Sieved<'a> {
    kept: Vec<Line<'a>>,
    rejected: Vec<Rejected<'a>>,
}

/// Compiles a program and leaves out what is rejected until the rest compiles.
fn sieve<'a>(
    rustc: &Rustc<'_>,
    library: &Library,
    runner: &Runner,
    mut kept: Vec<Line<'a>>,
) -> Result<Sieved<'a>> {
    let mut rejected = Vec::new();
    for _ in 0..ROUNDS {
        let verdict = rustc.check(library, runner, &program_text(&kept))?;
        if verdict.accepted {
            return Ok(Sieved { kept, rejected });
        }
        let mut guilty = first_errors(verdict.rejections, kept.len());
        if guilty.is_empty() {
            return Err(Error::judge(format!(
                "rustc rejects the generated program without saying where:\n{}",
                verdict.tail
            ))
            .with_help(
                "this is a defect of cargo-compat or of the compiler; `--verbose` shows the command",
            ));
        }
        let lines = std::mem::take(&mut kept);
        for (index, line) in lines.into_iter().enumerate() {
            match guilty.remove(&index) {
                Some(rejection) => rejected.push(Rejected { line, rejection }),
                None => kept.push(line),
            }
        }
    }
    Err(Error::judge(format!(
        "the generated program still does not compile after {ROUNDS} rounds"
    )))
}

/// The first error of each line, by the line's index. Line 1 of the program is the header.
fn first_errors(rejections: Vec<Rejection>, lines: usize) -> BTreeMap<usize, Rejection> {
    let mut first = BTreeMap::new();
    for rejection in rejections {
        if let Some(index) = rejection.line.checked_sub(2).filter(|index| *index < lines) {
            first.entry(index).or_insert(rejection);
        }
    }
    first
}

/// What of a program compiles against the library it was written from.
///
/// # Errors
/// The compiler cannot be started, or rejects the program without saying where.
pub fn accepted_by<'a>(
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
    let kept = sieve(rustc, library, runner, lines)?.kept;
    let mut accepted = Accepted::default();
    let mut kept = kept.into_iter().peekable();
    for assertion in assertions {
        let mut first = None;
        while let Some(line) = kept.next_if(|line| std::ptr::eq(line.assertion, assertion)) {
            first.get_or_insert(line);
        }
        match first {
            Some(line) => accepted.lines.push(line),
            None if assertion.done.need() == Need::Expected => accepted.gaps.push(assertion),
            None => {}
        }
    }
    Ok(accepted)
}

/// The lines that another library rejects.
///
/// # Errors
/// As for [`accepted_by`].
pub fn rejected_by<'a>(
    rustc: &Rustc<'_>,
    library: &Library,
    runner: &Runner,
    lines: &[Line<'a>],
) -> Result<Vec<Rejected<'a>>> {
    Ok(sieve(rustc, library, runner, lines.to_vec())?.rejected)
}

/// A program of one line alone, as it is saved for people.
pub fn witness_text(line: &Line<'_>) -> String {
    format!(
        "#![allow(warnings)]\nextern crate alloc;\n\n{}\n",
        broken_into_lines(line.code())
    )
}

/// Line breaks after items and around bodies.
fn broken_into_lines(code: &str) -> String {
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
