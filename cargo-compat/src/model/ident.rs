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
