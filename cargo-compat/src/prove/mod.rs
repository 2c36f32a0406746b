//! The harness: a program that compiled against the old library is compiled against the new one.
//!
//! A failure here is a break by construction. Nothing in this module decides what a break means.

mod rustc;

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::process::Runner;

pub use rustc::{Library, MadeLibrary, Rejection, Rustc};

use crate::program::Assertion;
use crate::program::assertion::{Need, Use};
use crate::rules;

/// A round that rejects less than one in so many lines is a slow one.
const SLOW: usize = 50;
/// How many slow rounds there may be before a program is taken in halves.
const SLOW_ROUNDS: usize = 6;
/// rustc's codes for a program that it does not understand: names, arguments and types that cannot
/// be inferred.
const NOT_UNDERSTOOD: [&str; 15] = [
    "E0061", "E0106", "E0107", "E0223", "E0261", "E0282", "E0283", "E0284", "E0309", "E0405",
    "E0412", "E0425", "E0433", "E0603", "E0726",
];
/// rustc's code for a bound that does not hold.
const NOT_BOUND: &str = "E0277";
/// rustc's code for what only nightly programs may use.
const UNSTABLE: &str = "E0658";
/// rustc's code for two implementations of one trait for one type.
const CONFLICT: &str = "E0119";
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
    pub gaps: Vec<Unproved<'a>>,
    /// Uses that not every item has, and that could not be asked for: rustc did not understand
    /// them, which says nothing about the item.
    pub unasked: Vec<&'a Assertion>,
}

/// An assertion that does not compile with the library it was written from.
#[derive(Debug, Clone)]
pub struct Unproved<'a> {
    /// The assertion.
    pub assertion: &'a Assertion,
    /// What the compiler says of its first way; empty if it was not asked.
    pub rejection: Rejection,
}

/// The program's text: a module for each line, so that no line sees another.
fn program_text(lines: &[Line<'_>], no_std: bool) -> String {
    let mut text = String::with_capacity(lines.len() * 120);
    text.push_str(HEADER);
    text.push('\n');
    for (index, line) in lines.iter().enumerate() {
        text.push_str(&format!("mod a{index} {{ {} }}\n", line.code()));
    }
    if no_std {
        text = without_std(&text);
    }
    text
}

/// The same program for a library that has a panic handler of its own, beside which the standard
/// library cannot be linked: what it re-exports is named in `core` and `alloc`.
fn without_std(text: &str) -> String {
    const IN_ALLOC: [&str; 7] = [
        "vec",
        "string",
        "boxed",
        "rc",
        "borrow",
        "collections",
        "format",
    ];
    let mut parts = text.split("::std::");
    let mut out = format!("#![no_std] {}", parts.next().unwrap_or_default());
    for part in parts {
        let module: String = part.chars().take_while(|c| c.is_alphanumeric()).collect();
        let root = if IN_ALLOC.contains(&module.as_str()) {
            "::alloc::"
        } else {
            "::core::"
        };
        out.push_str(root);
        out.push_str(part);
    }
    out
}

/// Whether brackets close in order: a line for which they do not would take others with it.
pub(crate) fn is_balanced(code: &str) -> bool {
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
#[derive(Default)]
struct Sieved<'a> {
    kept: Vec<Line<'a>>,
    rejected: Vec<Rejected<'a>>,
}

impl<'a> Sieved<'a> {
    fn extend(&mut self, other: Self) {
        self.kept.extend(other.kept);
        self.rejected.extend(other.rejected);
    }
}

/// A library and the compiler that asks it.
#[derive(Debug, Clone, Copy)]
struct Judge<'a> {
    rustc: &'a Rustc<'a>,
    library: &'a Library,
    runner: &'a Runner,
}

impl Judge<'_> {
    /// Compiles lines of both sorts, each in a program of its own: an error inside of a macro may
    /// have no place in the program, and must not decide over what calls no macro.
    fn sieve_all<'a>(&self, lines: Vec<Line<'a>>) -> Result<Sieved<'a>> {
        let (macros, plain): (Vec<_>, Vec<_>) = lines
            .into_iter()
            .partition(|line| line.assertion.done.expands_macro());
        let mut sieved = self.sieve(plain)?;
        sieved.extend(self.sieve(macros)?);
        Ok(sieved)
    }

    /// Compiles a program and leaves out what is rejected until the rest compiles.
    ///
    /// rustc stops after each of its phases, so a program needs a few rounds. Where a round tells
    /// little (an error without a place in the program, one recursion limit after the other), both
    /// halves are tried apart, so that the guilty lines are found in a number of steps that grows
    /// with their number and not with the program's length.
    fn sieve<'a>(&self, mut kept: Vec<Line<'a>>) -> Result<Sieved<'a>> {
        let mut rejected = Vec::new();
        let mut slow_rounds = 0;
        while !kept.is_empty() {
            let verdict = self.rustc.check(
                self.library,
                self.runner,
                &program_text(&kept, self.library.no_std),
            )?;
            if verdict.accepted {
                break;
            }
            let mut guilty = first_errors(verdict.rejections, kept.len());
            if guilty.len() * SLOW < kept.len() {
                slow_rounds += 1;
            }
            if guilty.is_empty() || slow_rounds > SLOW_ROUNDS {
                let mut sieved = self.sieve_halves(kept, verdict.tail)?;
                rejected.append(&mut sieved.rejected);
                kept = sieved.kept;
                break;
            }
            let lines = std::mem::take(&mut kept);
            for (index, line) in lines.into_iter().enumerate() {
                match guilty.remove(&index) {
                    Some(rejection) => rejected.push(Rejected { line, rejection }),
                    None => kept.push(line),
                }
            }
        }

        Ok(Sieved { kept, rejected })
    }

    fn sieve_halves<'a>(&self, mut lines: Vec<Line<'a>>, tail: String) -> Result<Sieved<'a>> {
        if let [line] = lines.as_slice() {
            let rejection = Rejection {
                message: first_message(&tail),
                rendered: tail,
                ..Rejection::default()
            };
            return Ok(Sieved {
                kept: Vec::new(),
                rejected: vec![Rejected {
                    line: *line,
                    rejection,
                }],
            });
        }
        let second = lines.split_off(lines.len() / 2);
        let mut sieved = self.sieve(lines)?;
        sieved.extend(self.sieve(second)?);
        Ok(sieved)
    }
}

/// What an error without a place says.
fn first_message(tail: &str) -> String {
    tail.lines()
        .find_map(|line| line.strip_prefix("error: "))
        .unwrap_or("the compiler does not say why")
        .to_owned()
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
    let judge = Judge {
        rustc,
        library,
        runner,
    };
    let sieved = judge.sieve_all(lines)?;

    // Lines of both sorts come back in the order of the ways.
    let mut first_ways: BTreeMap<*const Assertion, Line<'a>> = BTreeMap::new();
    for line in sieved.kept {
        first_ways
            .entry(std::ptr::from_ref(line.assertion))
            .or_insert(line);
    }
    let mut reasons: BTreeMap<*const Assertion, Vec<Rejection>> = BTreeMap::new();
    for rejected in sieved.rejected {
        reasons
            .entry(std::ptr::from_ref(rejected.line.assertion))
            .or_default()
            .push(rejected.rejection);
    }

    let mut accepted = Accepted::default();
    for assertion in assertions {
        let key = std::ptr::from_ref(assertion);
        if let Some(line) = first_ways.remove(&key) {
            accepted.lines.push(line);
            continue;
        }
        let rejections = reasons.remove(&key).unwrap_or_default();
        if assertion.done.need() == Need::Expected {
            let rejection = rejections.into_iter().next().unwrap_or_default();
            // Nobody on a stable compiler relies on an implementation of an unstable trait.
            // A blanket implementation of the library's own leaves nobody else room for one.
            let implements = assertion.done.rule().id == rules::TRAIT_IMPL.id;
            let of_unstable = assertion.done == Use::RelyOnImpl && rejection.code == UNSTABLE;
            if of_unstable || implements && rejection.code == CONFLICT {
                continue;
            }
            accepted.gaps.push(Unproved {
                assertion,
                rejection,
            });
        } else if !rejections.is_empty()
            && rejections
                .iter()
                .all(|rejection| is_unasked(assertion.done, &rejection.code))
        {
            accepted.unasked.push(assertion);
        }
    }
    Ok(accepted)
}

/// Whether an error says that a use could not be asked for, and not that the item lacks it.
fn is_unasked(done: Use, code: &str) -> bool {
    if done.expands_macro() {
        return false;
    }
    NOT_UNDERSTOOD.contains(&code)
        // What was filled in for a parameter does not fit its bounds.
        || done.rule().id == rules::VARIANCE.id && code == NOT_BOUND
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
    let judge = Judge {
        rustc,
        library,
        runner,
    };
    Ok(judge.sieve_all(lines.to_vec())?.rejected)
}

/// A program of one line alone, as it is saved for people.
pub fn witness_text(line: &Line<'_>, no_std: bool) -> String {
    let text = format!(
        "#![allow(warnings)]\nextern crate alloc;\n\n{}\n",
        broken_into_lines(line.code())
    );
    if no_std { without_std(&text) } else { text }
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
