//! Names as programs write them.

/// A name as it is written: raw if it is a keyword.
pub fn ident(name: &str) -> String {
    const KEYWORDS: &[&str] = &[
        "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do",
        "dyn", "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in",
        "let", "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref",
        "return", "static", "struct", "trait", "true", "try", "type", "typeof", "unsafe",
        "unsized", "use", "virtual", "where", "while", "yield",
    ];
    let raw = name.strip_prefix("r#").unwrap_or(name);
    if KEYWORDS.contains(&raw) {
        format!("r#{raw}")
    } else {
        raw.to_owned()
    }
}

/// Whether a lifetime stands in a text.
pub fn names_lifetime(text: &str, name: &str) -> bool {
    places_of(text, name).next().is_some()
}

/// A text with a lifetime replaced by another.
pub fn with_lifetime(text: &str, name: &str, by: &str) -> String {
    let mut out = String::new();
    let mut from = 0;
    for at in places_of(text, name) {
        out.push_str(&text[from..at]);
        out.push_str(by);
        from = at + name.len();
    }
    out.push_str(&text[from..]);
    out
}

fn places_of<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = usize> + 't {
    text.match_indices(name)
        .map(|(at, _)| at)
        .filter(move |at| {
            !text[at + name.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_no_part_of_a_longer_one() {
        assert!(names_lifetime("&'a u8", "'a"));
        assert!(!names_lifetime("&'ab u8", "'a"));
        assert_eq!(with_lifetime("'a: 'ab + 'a", "'a", "'x"), "'x: 'ab + 'x");
    }
}
