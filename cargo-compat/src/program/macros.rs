//! Macros: every arm of `macro_rules!` with fragments filled in, procedural macros on small inputs.

use rustdoc_types::{Item, MacroKind, ProcMacro};

use super::Writer;
use crate::rules;

/// What a fragment is filled with, one column for each attempt.
const FILLINGS: usize = 6;
/// Deeper nesting in a macro's pattern is not followed.
const DEEPEST: usize = 24;

fn filling(fragment: &str, attempt: usize) -> &'static str {
    let pick = |choices: &[&'static str]| choices[attempt % choices.len()];
    match fragment {
        "expr" | "expr_2021" => pick(&["1", "\"x\"", "x__", "true", "::std::vec![1u8]", "|| 1"]),
        "literal" => pick(&["1", "\"x\""]),
        "ty" => pick(&[
            "u8",
            "::std::string::String",
            "[u8; 2]",
            "(u8, u8)",
            "&'static str",
        ]),
        "ident" => pick(&["name__", "Name__", "x__"]),
        "tt" => pick(&["1", "\"x\"", "x__", "u8", "{ }", "(x__)"]),
        "path" => "::std::string::String",
        "pat" | "pat_param" => "_",
        "block" => "{ }",
        "stmt" => "let _y = 1",
        "item" => "struct Item__;",
        "lifetime" => "'static",
        "vis" => "pub",
        "meta" => pick(&["allow(dead_code)", "derive(Clone)", "inline"]),
        _ => "x__",
    }
}

/// A `macro_rules!` macro: each arm with its repetitions once, twice and not at all.
pub(super) fn rules(w: &mut Writer<'_>, path: &str, item: &Item, source: &str) {
    let name = w.names.local(path);
    for arm in arms(source).unwrap_or_default() {
        let mut written: Vec<String> = Vec::new();
        for times in [1, 2, 0] {
            let mut ways = Vec::new();
            for attempt in 0..FILLINGS {
                ways.extend(forms(&name, &fill(&arm, times, attempt)));
            }
            let mut seen = std::collections::HashSet::new();
            ways.retain(|way| seen.insert(way.clone()));
            if ways.first().is_some_and(|way| !written.contains(way)) {
                written.extend(ways.first().cloned());
                w.maybe(path, item.id, &rules::MACRO, "call", ways);
            }
        }
        // An arm may take less than before: every filling that it took counts, not only the first.
        for attempt in 1..FILLINGS {
            let input = fill(&arm, 1, attempt);
            if !(0..attempt).any(|earlier| fill(&arm, 1, earlier) == input) {
                w.maybe(path, item.id, &rules::MACRO, "call", forms(&name, &input));
            }
        }
    }
}

/// What each arm of a `macro_rules!` source is called with. Empty where the source cannot be read.
pub fn macro_inputs(source: &str) -> Vec<String> {
    arms(source)
        .unwrap_or_default()
        .iter()
        .map(|arm| fill(arm, 1, 0))
        .collect()
}

/// The places a macro may be called in.
fn forms(name: &str, input: &str) -> Vec<String> {
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

/// A procedural macro on inputs that many accept.
pub(super) fn procedural(w: &mut Writer<'_>, path: &str, item: &Item, of: &ProcMacro) {
    let name = w.names.local(path);
    let inputs = [
        "struct S__;",
        "struct S__ { a: u8 }",
        "struct S__(u8);",
        "enum S__ { A, B }",
        "fn f__() {}",
    ];
    match of.kind {
        MacroKind::Derive => {
            for input in &inputs[..4] {
                w.maybe(
                    path,
                    item.id,
                    &rules::MACRO,
                    "derive",
                    vec![format!("#[derive({name})] {input}")],
                );
                for helper in &of.helpers {
                    w.maybe(
                        path,
                        item.id,
                        &rules::MACRO,
                        "derive with its helper attributes",
                        vec![format!("#[derive({name})] #[{helper}] {input}")],
                    );
                }
            }
        }
        MacroKind::Attr => {
            for input in inputs {
                w.maybe(
                    path,
                    item.id,
                    &rules::MACRO,
                    "apply",
                    vec![format!("#[{name}] {input}")],
                );
            }
        }
        MacroKind::Bang => {
            for input in ["", "1", "x", "\"x\"", "struct S__;"] {
                let ways = vec![
                    format!("{name}! {{ {input} }}"),
                    format!("fn w__() {{ let _ = {name}!({input}); }}"),
                ];
                w.maybe(path, item.id, &rules::MACRO, "call", ways);
            }
        }
    }
}

/// A piece of a macro's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Word(String),
    Group(char, Vec<Piece>, char),
    Fragment(String),
    Repeat(Vec<Piece>, String, char),
}

fn fill(pieces: &[Piece], times: usize, attempt: usize) -> String {
    let mut out = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Word(word) => out.push(word.clone()),
            Piece::Group(open, inner, close) => {
                out.push(format!("{open}{}{close}", fill(inner, times, attempt)))
            }
            Piece::Fragment(kind) => out.push(filling(kind, attempt).to_owned()),
            Piece::Repeat(inner, separator, operator) => {
                let times = match operator {
                    '?' => times.min(1),
                    '+' => times.max(1),
                    _ => times,
                };
                out.push(vec![fill(inner, times, attempt); times].join(&format!(" {separator} ")));
            }
        }
    }
    glue(&out)
}

/// Joins words by spaces, except that punctuation of several characters stays together.
fn glue(words: &[String]) -> String {
    let mut text = String::new();
    for word in words {
        let punctuation = |text: &str| {
            text.chars()
                .last()
                .is_some_and(|last| "=<>-:.&|!+*/%^".contains(last))
        };
        let joined = punctuation(&text) && word.len() == 1 && punctuation(word);
        if !text.is_empty() && !joined {
            text.push(' ');
        }
        text.push_str(word);
    }
    text
}

/// The patterns of a macro's arms, as rustdoc shows the macro.
fn arms(source: &str) -> Option<Vec<Vec<Piece>>> {
    let tokens = tokens(source);
    let mut at = 0;
    let all = pieces(&tokens, &mut at, None, 0)?;
    let body = all.iter().find_map(|piece| match piece {
        Piece::Group('{' | '(', inner, _) => Some(inner),
        _ => None,
    })?;
    let mut found = Vec::new();
    let mut rest = body.iter().peekable();
    while let Some(piece) = rest.next() {
        let Piece::Group(_, pattern, _) = piece else {
            continue;
        };
        found.push(pattern.clone());
        // The body of the arm: `=> { … }`.
        for next in rest.by_ref() {
            if matches!(next, Piece::Group(..)) {
                break;
            }
        }
    }
    Some(found)
}

fn pieces(
    tokens: &[String],
    at: &mut usize,
    until: Option<&str>,
    depth: usize,
) -> Option<Vec<Piece>> {
    if depth > DEEPEST {
        return None;
    }
    let mut out = Vec::new();
    while let Some(token) = tokens.get(*at) {
        *at += 1;
        if Some(token.as_str()) == until {
            return Some(out);
        }
        let close = |open: &str| match open {
            "(" => Some((')', ")")),
            "[" => Some((']', "]")),
            "{" => Some(('}', "}")),
            _ => None,
        };
        if token == "$" {
            let next = tokens.get(*at)?;
            *at += 1;
            if next == "(" {
                let inner = pieces(tokens, at, Some(")"), depth + 1)?;
                let mut separator = String::new();
                loop {
                    let token = tokens.get(*at)?;
                    *at += 1;
                    match token.as_str() {
                        // `$(…)+*`: a plus is the separator if an operator follows.
                        "+" | "*" | "?"
                            if !(separator.is_empty()
                                && matches!(
                                    tokens.get(*at).map(String::as_str),
                                    Some("*" | "+")
                                )
                                && token != "*") =>
                        {
                            out.push(Piece::Repeat(inner, separator, token.chars().next()?));
                            break;
                        }
                        other => separator.push_str(other),
                    }
                }
            } else if tokens.get(*at).is_some_and(|token| token == ":") {
                *at += 1;
                out.push(Piece::Fragment(tokens.get(*at)?.clone()));
                *at += 1;
            } else {
                out.push(Piece::Word(format!("${next}")));
            }
        } else if let Some((end, word)) = close(token) {
            let inner = pieces(tokens, at, Some(word), depth + 1)?;
            out.push(Piece::Group(token.chars().next()?, inner, end));
        } else {
            out.push(Piece::Word(token.clone()));
        }
    }
    until.is_none().then_some(out)
}

fn tokens(source: &str) -> Vec<String> {
    let chars: Vec<char> = source.chars().collect();
    let (mut out, mut at) = (Vec::new(), 0);
    let word = |c: char| c.is_alphanumeric() || c == '_';
    while let Some(c) = chars.get(at).copied() {
        let start = at;
        if c.is_whitespace() {
            at += 1;
            continue;
        }
        if c == '"' {
            at += 1;
            while chars.get(at).is_some_and(|c| *c != '"') {
                at += if chars[at] == '\\' { 2 } else { 1 };
            }
            at += 1;
        } else if c == '\'' {
            // A lifetime has no closing quote.
            at += if chars.get(at + 2) == Some(&'\'') {
                3
            } else {
                1
            };
            while at > start && chars.get(at).copied().is_some_and(word) && chars[at - 1] != '\''
                || (at == start + 1 && chars.get(at).copied().is_some_and(word))
            {
                at += 1;
            }
        } else if word(c) {
            while chars.get(at).copied().is_some_and(word) {
                at += 1;
            }
        } else {
            at += 1;
        }
        out.push(chars[start..at.min(chars.len())].iter().collect());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_filled_in() {
        let source = "macro_rules! m {\n    ($a:expr) => { ... };\n    ($($x:ident = $y:ty),+ $(,)?) => { ... };\n    (@in => [$($t:tt)*]) => { ... };\n}";
        let arms = arms(source).unwrap();
        let filled: Vec<String> = arms.iter().map(|arm| fill(arm, 2, 0)).collect();
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
            let _ = arms(source);
        }
    }
}
