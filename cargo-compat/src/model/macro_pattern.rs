//! The patterns of `macro_rules!` arms, as rustdoc shows them.

/// Deeper nesting in a macro's pattern is not followed.
const DEEPEST: usize = 24;

/// A piece of a macro's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// A token.
    Word(String),
    /// Brackets and what is in them.
    Group(char, Vec<Piece>, char),
    /// `$name:kind`, by its kind.
    Fragment(String),
    /// `$(…)sep*`, with separator and operator.
    Repeat(Vec<Piece>, String, char),
}

/// The patterns of a macro's arms, as rustdoc shows the macro.
pub fn macro_arms(source: &str) -> Option<Vec<Vec<Piece>>> {
    let tokens = split_tokens(source);
    let mut at = 0;
    let all = read_pieces(&tokens, &mut at, None, 0)?;
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

fn read_pieces(
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
                let inner = read_pieces(tokens, at, Some(")"), depth + 1)?;
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
            let inner = read_pieces(tokens, at, Some(word), depth + 1)?;
            out.push(Piece::Group(token.chars().next()?, inner, end));
        } else {
            out.push(Piece::Word(token.clone()));
        }
    }

    until.is_none().then_some(out)
}

fn split_tokens(source: &str) -> Vec<String> {
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
