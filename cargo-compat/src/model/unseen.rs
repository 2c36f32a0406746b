//! Public items behind a `cfg` that does not hold for the target compiled for, as sources spell
//! them: neither rustc nor rustdoc sees them there.

/// A public item that was not compiled.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnseenItem {
    /// Its path below the file's module.
    pub path: String,
    /// The condition, `windows`.
    pub condition: String,
    /// Its text up to its body, `pub fn w()`.
    pub head: String,
}

/// The items of a source file that a target does not have. Only those in modules that the file
/// declares public are read: what others hold may be private.
pub fn unseen_items(text: &str, target: &str) -> Vec<UnseenItem> {
    let mut found = Vec::new();
    // The modules around, by name; `None`: something else than a public module.
    let mut around: Vec<Option<String>> = Vec::new();
    let mut statement = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => {
                around.push(public_module(&text[statement..at]));
                statement = at + 1;
            }
            '}' => {
                around.pop();
                statement = at + 1;
            }
            ';' => statement = at + 1,
            '#' => {
                let modules: Option<Vec<&str>> =
                    around.iter().map(|name| name.as_deref()).collect();
                if let Some(modules) = modules
                    && let Some(mut item) = unseen_at(&text[at..], target)
                {
                    item.path = modules
                        .into_iter()
                        .chain([item_name(&item.head)])
                        .collect::<Vec<_>>()
                        .join("::");
                    found.push(item);
                }
            }
            _ => {}
        }
    }
    found
}

/// The name of a module that a statement declares public.
fn public_module(statement: &str) -> Option<String> {
    let (_, name) = statement.rsplit_once("pub mod ")?;
    let name = name.trim();
    name.chars()
        .all(|c| c.is_alphanumeric() || c == '_')
        .then(|| name.to_owned())
}

/// The name in `pub fn name(…)`.
fn item_name(head: &str) -> &str {
    head.split(['(', '<', ':'])
        .next()
        .unwrap_or(head)
        .split_whitespace()
        .last()
        .unwrap_or(head)
}

fn unseen_at(text: &str, target: &str) -> Option<UnseenItem> {
    let rest = text.strip_prefix("#[cfg(")?;
    let (condition, after) = balanced(rest)?;
    let item = after.trim_start().strip_prefix(']')?.trim_start();
    if !item.starts_with("pub ") || holds(condition, target) {
        return None;
    }
    let end = item.find(['{', ';', '=']).unwrap_or(item.len());
    Some(UnseenItem {
        path: String::new(),
        condition: normalized(condition),
        head: normalized(&item[..end]),
    })
}

/// Text with one space between words.
pub fn normalized(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text up to the closing bracket, and what follows it.
fn balanced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

/// Whether a condition may hold for a target. What is no matter of the target is taken to hold.
fn holds(condition: &str, target: &str) -> bool {
    let condition = condition.trim();
    for (word, all) in [("all(", true), ("any(", false)] {
        if let Some((inner, _)) = condition.strip_prefix(word).and_then(balanced) {
            let mut parts = parts_of(inner).into_iter().map(|part| holds(part, target));
            return if all {
                parts.all(|part| part)
            } else {
                parts.any(|part| part)
            };
        }
    }
    if let Some((inner, _)) = condition.strip_prefix("not(").and_then(balanced) {
        return !is_of_target(inner) || !holds(inner, target);
    }
    let words: Vec<&str> = target.split('-').collect();
    match condition.split_once('=') {
        None if condition == "windows" => target.contains("windows"),
        None if condition == "unix" => !target.contains("windows") && !target.contains("wasm"),
        Some((key, value)) => {
            let value = value.trim().trim_matches('"');
            match key.trim() {
                "target_os" => match value {
                    "macos" => target.contains("darwin"),
                    other => words.contains(&other),
                },
                "target_arch" => {
                    words.first() == Some(&value) || value == "x86" && words[0].starts_with('i')
                }
                "target_env" => words.last().is_some_and(|last| last.starts_with(value)),
                "target_family" => holds(value, target),
                "target_pointer_width" => (value == "64") == words[0].contains("64"),
                _ => true,
            }
        }
        None => true,
    }
}

fn is_of_target(condition: &str) -> bool {
    ["windows", "unix", "target_"]
        .iter()
        .any(|word| condition.contains(word))
}

/// Conditions between commas.
fn parts_of(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                parts.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_of_other_targets_are_found() {
        let text = "pub fn g() {} #[cfg(windows)] pub fn w(x: u8) {} #[cfg(unix)] pub fn u() {}\n\
                    #[cfg(all(target_os = \"macos\", feature = \"a\"))]\npub struct M;\n\
                    #[cfg(not(target_os = \"linux\"))] pub fn n() {} mod p { #[cfg(windows)] pub fn x() {} }\n\
                    #[cfg(windows)] fn own() {} #[cfg(feature = \"a\")] pub fn f() {} #[cfg(not(doc))] pub fn d() {} pub mod q { #[cfg(windows)] pub fn y() {} }";
        let heads: Vec<String> = unseen_items(text, "x86_64-unknown-linux-gnu")
            .into_iter()
            .map(|item| item.head)
            .collect();
        assert_eq!(
            heads,
            [
                "pub fn w(x: u8)",
                "pub struct M",
                "pub fn n()",
                "pub fn y()"
            ]
        );
    }
}
