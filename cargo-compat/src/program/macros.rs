//! Macros: every arm of `macro_rules!` with fragments filled in, procedural macros on small inputs.

use rustdoc_types::{Id, Item, ItemKind, MacroKind, ProcMacro};

use super::assertion::Use;
use super::writer::Writer;
use crate::model::macro_pattern::{Piece, macro_arms};

/// What a fragment is filled with, one column for each attempt.
const FILLINGS: usize = 6;

fn filling(fragment: &str, attempt: usize) -> &'static str {
    let choices = fillings(fragment);
    choices[attempt % choices.len()]
}

/// What can stand for a fragment; never nothing.
fn fillings(fragment: &str) -> &'static [&'static str] {
    match fragment {
        "expr" | "expr_2021" => &["1", "\"x\"", "x__", "true", "::std::vec![1u8]", "|| 1"],
        "literal" => &["1", "\"x\"", "'c'", "-1", "1.5", "true"],
        "ty" => &[
            "u8",
            "::std::string::String",
            "[u8; 2]",
            "(u8, u8)",
            "&'static str",
        ],
        "ident" => &["name__", "Name__", "x__"],
        "tt" => &["1", "\"x\"", "x__", "u8", "{ }", "(x__)"],
        "path" => &["::std::string::String", "u8", "::std::vec::Vec<u8>"],
        "pat" => &["_", "1", "x__", "1..=3", "1 | 2", "\"x\""],
        "pat_param" => &["_", "1", "x__", "1..=3", "\"x\""],
        "block" => &["{ }", "{ 1 }"],
        "stmt" => &["let _y = 1", "1", "fn f__() {}"],
        "item" => &[
            "struct Item__;",
            "fn item__() {}",
            "pub enum Item__ { A }",
            "impl u8__ {}",
            "const ITEM__: u8 = 1;",
        ],
        "lifetime" => &["'static", "'a__"],
        "vis" => &["pub", "pub(crate)", ""],
        "meta" => &["allow(dead_code)", "derive(Clone)", "inline"],
        _ => &["x__"],
    }
}

/// A `macro_rules!` macro: each arm with its repetitions once, twice and not at all.
pub(super) fn write_rules(w: &mut Writer<'_>, path: &str, item: &Item, source: &str) {
    let name = w.names.local(path);
    let mut arms = macro_arms(source).unwrap_or_default();
    arms.retain(|arm| !is_for_itself(arm));

    for arm in arms {
        let mut written: Vec<String> = Vec::new();
        for times in [1, 2, 0] {
            let mut ways = Vec::new();
            for attempt in 0..FILLINGS {
                ways.extend(call_forms(&name, &filled_in(&arm, times, attempt)));
            }
            let mut seen = std::collections::HashSet::new();
            ways.retain(|way| seen.insert(way.clone()));
            if ways.first().is_some_and(|way| !written.contains(way)) {
                written.extend(ways.first().cloned());
                w.add(path, item.id, Use::CallMacro, ways);
            }
        }
        if takes_anything(&arm) {
            for input in SEQUENCES {
                w.add(path, item.id, Use::CallMacro, call_forms(&name, input));
            }
        }
        // An arm may take less than before: every filling that it took counts, not only the first.
        for attempt in 1..FILLINGS {
            let input = filled_in(&arm, 1, attempt);
            if !(0..attempt).any(|earlier| filled_in(&arm, 1, earlier) == input) {
                w.add(path, item.id, Use::CallMacro, call_forms(&name, &input));
            }
        }
    }
}

/// Whether an arm is for the macro's own calls, as an `@` or `__` in front says by custom.
fn is_for_itself(arm: &[Piece]) -> bool {
    matches!(arm.first(), Some(Piece::Word(word)) if word.starts_with('@') || word.starts_with("__"))
}

/// What macros that pass on any tokens are often called with.
const SEQUENCES: [&str; 8] = [
    "\"x\"",
    "\"{}\", 1",
    "1, 2",
    "a = 1",
    "a: u8",
    "\"a\" => 1",
    "x__ => 1, _ => 2",
    "struct S__ { a: u8 }",
];

/// Whether a pattern is `$($any:tt)*` and nothing else.
fn takes_anything(arm: &[Piece]) -> bool {
    matches!(
        arm,
        [Piece::Repeat(inner, ..)] if matches!(inner.as_slice(), [Piece::Fragment(kind)] if kind == "tt")
    )
}

/// What each arm of a `macro_rules!` source is called with. Empty where the source cannot be read.
pub fn macro_inputs(source: &str) -> Vec<String> {
    macro_arms(source)
        .unwrap_or_default()
        .iter()
        .map(|arm| filled_in(arm, 1, 0))
        .collect()
}

/// The places a macro may be called in.
fn call_forms(name: &str, input: &str) -> Vec<String> {
    let mut ways = Vec::new();
    for (open, close) in [
        ("{ let x__ = ::std::string::String::new(); let _ = ", "; }"),
        ("{ ", " }"),
        ("{ ", "; }"),
    ] {
        ways.push(format!("fn w__() {open}{name}!({input}){close}"));
    }
    ways.push(format!("{name}! {{ {input} }}"));
    ways
}

/// Items that derive macros are tried on.
const DERIVED: [&str; 10] = [
    "union S__ { a: u8, b: i8 }",
    "struct S__;",
    "struct S__ { a: u8 }",
    "struct S__(u8);",
    "enum S__ { A, B }",
    "struct S__<T>(T);",
    "struct S__<'a> { a: &'a u8 }",
    "struct S__<T: Clone, const N: usize> where T: Copy { a: [T; N] }",
    "enum S__ { A(u8), B { b: u8 } }",
    "struct S__ { a: ::std::string::String, b: ::core::option::Option<u8> }",
];

/// Items that attributes are tried on.
const ATTRIBUTED: [&str; 16] = [
    "impl S__ { pub fn g(&self) {} } struct S__;",
    "impl ::core::clone::Clone for S__ { fn clone(&self) -> S__ { S__ } } struct S__;",
    "const C__: u8 = 1;",
    "static C__: u8 = 1;",
    "type A__ = u8;",
    "use ::core::clone::Clone as _;",
    "struct S__;",
    "struct S__ { a: u8 }",
    "struct S__(u8);",
    "enum S__ { A, B }",
    "fn f__() {}",
    "async fn f__() {}",
    "fn f__(x: u8) -> u8 { x }",
    "async fn f__(x: u8) -> u8 { x }",
    "trait T__ { fn g(&self); }",
    "mod m__ { pub fn g() {} }",
];

/// What function-like macros are tried on.
const CALLED: [&str; 10] = [
    "",
    "1",
    "x",
    "\"x\"",
    "struct S__;",
    "a, b",
    "x = 1",
    "|x| x",
    "1, 2",
    "fn f__() {}",
];

/// What function-like macros get from another macro: a fragment, what it is, and what stands around
/// it.
const FORWARDED: [(&str, &str, &str); 8] = [
    ("expr", "stringify!()", "#[doc = $e] struct S__;"),
    ("expr", "1", "fn f__() -> u8 { $e }"),
    ("expr", "1", "const C__: [u8; $e] = [0];"),
    ("ty", "u8", "fn f__(x: $e) -> $e { x }"),
    ("ty", "T__", "mod m__ { pub struct $e; }"),
    ("path", "T__", "mod m__ { pub struct $e; }"),
    (
        "path",
        "u8",
        "fn f__(x: u8) -> ::core::option::Option<$e> { ::core::option::Option::Some(x) }",
    ),
    ("ident", "T__", "struct $e;"),
];

/// How many words of the macro's own sources are tried.
const WORDS: usize = 16;

/// A procedural macro on inputs that many accept, and on the words that its sources compare with.
pub(super) fn write_procedural(w: &mut Writer<'_>, path: &str, item: &Item, of: &ProcMacro) {
    let name = w.names.local(path);
    let words: Vec<String> = w.names.words().iter().take(WORDS).cloned().collect();
    match of.kind {
        MacroKind::Derive => write_derive(w, (path, &name), item, &of.helpers, &words),
        MacroKind::Attr => {
            for input in ATTRIBUTED {
                let way = format!("#[{name}] {input}");
                w.add(path, item.id, Use::ApplyAttribute, vec![way]);
            }
            for word in &words {
                for args in [
                    word.clone(),
                    format!("{word} = \"x\""),
                    format!("{word} = 1"),
                ] {
                    for input in ["fn f__() {}", "async fn f__() {}", "struct S__ { a: u8 }"] {
                        let way = format!("#[{name}({args})] {input}");
                        w.add(path, item.id, Use::ApplyAttribute, vec![way]);
                    }
                }
            }
        }
        MacroKind::Bang => {
            let mut inputs: Vec<String> = CALLED.map(str::to_owned).into();
            for word in &words {
                inputs.extend([
                    word.clone(),
                    format!("{word} x"),
                    format!("{word} 1"),
                    format!("{word} * from x"),
                    format!("x {word} y"),
                    format!("\"{word}\""),
                ]);
            }
            for input in inputs {
                let ways = vec![
                    format!("{name}! {{ {input} }}"),
                    format!("fn w__() {{ let _ = {name}!({input}); }}"),
                ];
                w.add(path, item.id, Use::CallProcMacro, ways);
            }
            write_forwarded(w, path, item.id, &name);
        }
    }
}

/// Through another macro an argument arrives in a group without delimiters.
fn write_forwarded(w: &mut Writer<'_>, path: &str, id: Id, name: &str) {
    for input in ["1", "1 + 1", "x", "\"x\"", "u8"] {
        let via = format!("macro_rules! via__ {{ ($e:expr) => {{ {name}! {{ $e }} }} }}");
        let ways = vec![
            format!("{via} via__!({input});"),
            format!("{via} fn w__() {{ let x = 1; let _ = via__!({input}); }}"),
        ];
        w.add(path, id, Use::CallProcMacro, ways);
    }
    for (fragment, input, around) in FORWARDED {
        let way = format!(
            "macro_rules! via__ {{ ($e:{fragment}) => {{ {name}! {{ {around} }} }} }} via__!({input});"
        );
        w.add(path, id, Use::CallProcMacro, vec![way]);
    }
}

/// A macro that another crate defines, on common inputs.
pub(super) fn write_foreign(w: &mut Writer<'_>, path: &str, id: Id, kind: ItemKind) {
    let name = w.names.local(path);
    match kind {
        ItemKind::ProcDerive => {
            for input in DERIVED {
                let way = format!("#[derive({name})] {input}");
                w.add(path, id, Use::Derive, vec![way]);
            }
        }
        ItemKind::ProcAttribute => {
            for input in ATTRIBUTED {
                let way = format!("#[{name}] {input}");
                w.add(path, id, Use::ApplyAttribute, vec![way]);
            }
        }
        ItemKind::Macro => {
            for input in CALLED {
                let ways = vec![
                    format!("{name}! {{ {input} }}"),
                    format!("fn w__() {{ let _ = {name}!({input}); }}"),
                ];
                w.add(path, id, Use::CallProcMacro, ways);
            }
            write_forwarded(w, path, id, &name);
        }
        _ => {}
    }
}

fn write_derive(
    w: &mut Writer<'_>,
    (path, name): (&str, &str),
    item: &Item,
    helpers: &[String],
    words: &[String],
) {
    for input in DERIVED {
        let way = format!("#[derive({name})] {input}");
        w.add(path, item.id, Use::Derive, vec![way]);
        for helper in helpers {
            let way = format!("#[derive({name})] #[{helper}] {input}");
            w.add(path, item.id, Use::DeriveWithHelper, vec![way]);
        }
    }

    for helper in helpers {
        for word in words {
            for args in [
                format!("({word})"),
                format!("({word} = \"x\")"),
                format!("({word} = 1)"),
            ] {
                for way in [
                    format!("#[derive({name})] struct S__ {{ #[{helper}{args}] a: u8 }}"),
                    format!("#[derive({name})] #[{helper}{args}] struct S__ {{ a: u8 }}"),
                    format!("#[derive({name})] enum S__ {{ #[{helper}{args}] A }}"),
                ] {
                    w.add(path, item.id, Use::DeriveWithHelper, vec![way]);
                }
            }
        }
    }
}

/// How an arm is filled in.
#[derive(Debug, Clone, Copy, Default)]
struct Filling {
    /// How often repetitions stand.
    times: usize,
    /// Which of its fillings a fragment gets.
    attempt: usize,
    /// One piece, by its place among fragments and repetitions, that gets another number.
    only: Option<(usize, usize)>,
}

impl Filling {
    /// The number that the piece at a place gets.
    fn number(self, place: usize, otherwise: usize) -> usize {
        match self.only {
            Some((only, number)) if only == place => number,
            _ => otherwise,
        }
    }

    fn fill(self, pieces: &[Piece], place: &mut usize) -> String {
        let mut out = Vec::new();
        for piece in pieces {
            match piece {
                Piece::Word(word) => out.push(word.clone()),
                Piece::Group(open, inner, close) => {
                    out.push(format!("{open}{}{close}", self.fill(inner, place)));
                }
                Piece::Fragment(kind) => {
                    out.push(filling(kind, self.number(*place, self.attempt)).to_owned());
                    *place += 1;
                }
                Piece::Repeat(inner, separator, operator) => {
                    let times = self.number(*place, self.times);
                    let times = match operator {
                        '?' => times.min(1),
                        '+' => times.max(1),
                        _ => times,
                    };
                    *place += 1;
                    let text = self.fill(inner, place);
                    out.push(vec![text; times].join(&format!(" {separator} ")));
                }
            }
        }

        joined_words(&out)
    }
}

fn filled_in(pieces: &[Piece], times: usize, attempt: usize) -> String {
    let filling = Filling {
        times,
        attempt,
        only: None,
    };
    filling.fill(pieces, &mut 0)
}

/// Fragments and repetitions of a pattern, in the order in which they are filled in.
fn variable_pieces<'p>(pieces: &'p [Piece], found: &mut Vec<&'p Piece>) {
    for piece in pieces {
        match piece {
            Piece::Word(_) => {}
            Piece::Group(_, inner, _) => variable_pieces(inner, found),
            Piece::Fragment(_) => found.push(piece),
            Piece::Repeat(inner, ..) => {
                found.push(piece);
                variable_pieces(inner, found);
            }
        }
    }
}

/// What the arms of a `macro_rules!` source match, one piece varied at a time. Arms for the macro's
/// own calls (`@name`, `__name`) are left out, and those that take any tokens: what these pass on
/// decides, and only real calls show it.
pub fn matched_inputs(source: &str) -> Vec<String> {
    let mut inputs: Vec<String> = Vec::new();
    for arm in macro_arms(source).unwrap_or_default() {
        let mut pieces = Vec::new();
        variable_pieces(&arm, &mut pieces);
        let takes_any = pieces
            .iter()
            .any(|piece| matches!(piece, Piece::Fragment(kind) if kind == "tt"));
        if is_for_itself(&arm) || takes_any {
            continue;
        }
        for times in [1, 2, 0] {
            for attempt in 0..FILLINGS {
                inputs.push(filled_in(&arm, times, attempt));
            }
        }
        for (place, piece) in pieces.iter().enumerate() {
            let numbers: Vec<usize> = match piece {
                Piece::Fragment(kind) => (1..fillings(kind).len()).collect(),
                _ => vec![0, 2, 3],
            };
            for (times, number) in numbers.iter().map(|number| (1, *number)).chain([(0, 1)]) {
                let filling = Filling {
                    times,
                    attempt: 0,
                    only: Some((place, number)),
                };
                inputs.push(filling.fill(&arm, &mut 0));
            }
        }
    }

    let mut seen = std::collections::HashSet::new();
    inputs.retain(|input| seen.insert(input.clone()));

    inputs
}

/// Joins words by spaces, except that punctuation of several characters stays together.
fn joined_words(words: &[String]) -> String {
    let mut text = String::new();
    for word in words {
        let joined = ends_in_punctuation(&text) && word.len() == 1 && ends_in_punctuation(word);
        if !text.is_empty() && !joined {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

fn ends_in_punctuation(text: &str) -> bool {
    text.chars()
        .last()
        .is_some_and(|last| "=<>-:.&|!+*/%^".contains(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_filled_in() {
        let source = "macro_rules! m {\n    ($a:expr) => { ... };\n    ($($x:ident = $y:ty),+ $(,)?) => { ... };\n    (@in => [$($t:tt)*]) => { ... };\n}";
        let arms = macro_arms(source).unwrap();
        let filled: Vec<String> = arms.iter().map(|arm| filled_in(arm, 2, 0)).collect();
        assert_eq!(
            filled,
            ["1", "name__ = u8 , name__ = u8 ,", "@ in => [1  1]"]
        );
    }

    #[test]
    fn hostile_sources_are_no_macros() {
        for source in [
            "",
            "macro_rules! m {",
            "$",
            "macro_rules! m { ($",
            "'",
            "\"",
            "macro_rules! m { ($(",
            &"(".repeat(10_000),
        ] {
            let _ = macro_arms(source);
        }
    }
}
