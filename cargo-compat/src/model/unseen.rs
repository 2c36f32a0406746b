//! Public items behind a `cfg` that does not hold for the target compiled for, as sources spell
//! them: neither rustc nor rustdoc sees them there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use release_gate::text::collapse_white_space;

/// A public item of a source file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct SourceItem {
    /// Its path below the crate's root; of a member, below its type.
    pub path: String,
    /// The condition that does not hold, `windows`; empty: it is compiled.
    pub condition: String,
    /// Its text up to its body, `pub fn w()`.
    pub head: String,
    /// Whether it is a member of a type or trait.
    pub is_member: bool,
}

/// Deeper nesting is not followed.
const DEEPEST: usize = 32;

/// Every public item of a crate's sources, compiled or not. Modules that are private are followed
/// where the module around them re-exports what they hold.
pub fn source_items(sources: &BTreeMap<PathBuf, String>, target: &str) -> Vec<SourceItem> {
    let texts: BTreeMap<&Path, String> = sources
        .iter()
        .map(|(path, text)| (path.as_path(), without_comments(text)))
        .collect();
    let mut types = BTreeSet::new();
    for text in texts.values() {
        types.extend(public_types(text));
    }
    let mut walker = Walker {
        texts: &texts,
        types: &types,
        target,
        found: Vec::new(),
    };
    if let Some(text) = texts.get(Path::new("src/lib.rs")) {
        let place = Place {
            dir: PathBuf::from("src"),
            ..Place::default()
        };
        walker.read_items(text, &place);
    }
    walker.found
}

/// Where items stand.
#[derive(Debug, Clone, Default)]
struct Place {
    /// The folder of files of modules below.
    dir: PathBuf,
    /// The module or type around.
    path: String,
    /// A condition around that does not hold.
    condition: String,
    /// What of a private module is re-exported. `None`: all that is public.
    only: Option<BTreeSet<String>>,
    /// Whether members are public without saying so.
    members: Option<bool>,
    depth: usize,
}

struct Walker<'a> {
    texts: &'a BTreeMap<&'a Path, String>,
    types: &'a BTreeSet<String>,
    target: &'a str,
    found: Vec<SourceItem>,
}

/// One item as it stands in a file.
struct Spelled<'t> {
    attributes: Vec<&'t str>,
    /// Up to the body.
    head: &'t str,
    /// What is between its braces.
    body: Option<&'t str>,
}

impl Walker<'_> {
    fn read_items(&mut self, text: &str, place: &Place) {
        if place.depth > DEEPEST {
            return;
        }
        for item in spelled_items(text, place.members.is_some()) {
            self.read_item(text, &item, place);
        }
    }

    fn read_item(&mut self, around: &str, item: &Spelled<'_>, place: &Place) {
        let hidden = item
            .attributes
            .iter()
            .any(|attribute| collapse_white_space(attribute).contains("doc(hidden)"));

        let head = collapse_white_space(item.head);
        if hidden || head.is_empty() || head.starts_with("macro_rules!") {
            return;
        }
        let mut inner = place.clone();
        inner.depth += 1;
        inner.only = None;
        let unmet = item.attributes.iter().find_map(|attribute| {
            let condition = attribute.strip_prefix("cfg(")?.trim().strip_suffix(')')?;
            (!holds(condition, self.target)).then(|| collapse_white_space(condition))
        });

        if let Some(condition) = unmet {
            inner.condition = condition;
        }
        let is_public = head.starts_with("pub ");
        let plain = head.trim_start_matches("pub ");

        if let Some(name) = plain.strip_prefix("mod ") {
            self.read_module(around, (name, is_public), item.body, (place, inner));
        } else if plain.starts_with("impl") {
            self.read_impl(plain, item.body, inner);
        } else if is_public || place.members == Some(true) {
            self.read_named(&head, item.body, place, inner);
        }
    }

    fn read_module(
        &mut self,
        around: &str,
        (name, is_public): (&str, bool),
        body: Option<&str>,
        (place, mut inner): (&Place, Place),
    ) {
        if is_public {
            inner.path = joined(&place.path, name);
        } else {
            match re_exported(around, name) {
                None => return,
                Some(only) => inner.only = only,
            }
        }

        inner.dir = place.dir.join(name);
        if let Some(body) = body {
            self.read_items(body, &inner);
            return;
        }

        let texts = self.texts;
        let file = [
            place.dir.join(format!("{name}.rs")),
            place.dir.join(name).join("mod.rs"),
        ]
        .into_iter()
        .find_map(|path| texts.get(path.as_path()));

        if let Some(text) = file {
            self.read_items(text, &inner);
        }
    }

    /// An implementation for a public type.
    fn read_impl(&mut self, head: &str, body: Option<&str>, mut inner: Place) {
        let target = head.rsplit_once(" for ").map_or(head, |(_, ty)| ty);
        let of_trait = head.contains(" for ");
        let name = target
            .trim_start_matches("impl")
            .rsplit_once('>')
            .filter(|(_, rest)| !rest.trim().is_empty())
            .map_or(target, |(_, rest)| rest)
            .split(" where ")
            .next()
            .unwrap_or_default()
            .trim_start_matches("impl")
            .trim()
            .split('<')
            .next()
            .unwrap_or_default()
            .rsplit("::")
            .next()
            .unwrap_or_default()
            .trim()
            .to_owned();

        let names_public_type = self.types.contains(&name)
            || of_trait && words_of(head).any(|word| self.types.contains(word));
        if !names_public_type {
            return;
        }
        if of_trait {
            self.found.push(SourceItem {
                path: name,
                condition: inner.condition,
                head: head.to_owned(),
                is_member: true,
            });
            return;
        }

        inner.path = name;
        inner.members = Some(false);
        self.read_items(body.unwrap_or_default(), &inner);
    }

    fn read_named(&mut self, head: &str, body: Option<&str>, place: &Place, mut inner: Place) {
        let name = item_name(head).to_owned();
        if place
            .only
            .as_ref()
            .is_some_and(|only| !only.contains(&name))
        {
            return;
        }
        let path = joined(&place.path, &name);
        self.found.push(SourceItem {
            path: path.clone(),
            condition: inner.condition.clone(),
            head: head.to_owned(),
            is_member: place.members.is_some(),
        });

        let kind = head
            .split_whitespace()
            .find(|word| matches!(*word, "struct" | "union" | "enum" | "trait" | "fn"));
        inner.members = match kind {
            Some("struct" | "union") => Some(false),
            Some("enum" | "trait") => Some(true),
            _ => return,
        };

        inner.path = path;
        self.read_items(body.unwrap_or_default(), &inner);
    }
}

fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path}::{name}")
    }
}

fn words_of(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
}

/// Names of types and traits that a file declares public.
fn public_types(text: &str) -> BTreeSet<String> {
    let words: Vec<&str> = words_of(text).filter(|word| !word.is_empty()).collect();
    words
        .windows(3)
        .filter(|three| {
            three[0] == "pub" && matches!(three[1], "struct" | "enum" | "union" | "trait" | "type")
        })
        .map(|three| three[2].to_owned())
        .collect()
}

/// What a file re-exports of one of its modules: all (`Some(None)`), some names, or nothing.
fn re_exported(text: &str, module: &str) -> Option<Option<BTreeSet<String>>> {
    let mut names = BTreeSet::new();
    for part in text.split("pub use ").skip(1) {
        let Some((list, _)) = part.split_once(';') else {
            continue;
        };
        let list = collapse_white_space(list);
        let list = list
            .trim_start_matches("self::")
            .trim_start_matches("crate::");
        let Some(rest) = list
            .strip_prefix(module)
            .and_then(|rest| rest.strip_prefix("::"))
        else {
            continue;
        };
        if rest == "*" {
            return Some(None);
        }
        names.extend(words_of(rest).map(str::to_owned));
    }
    (!names.is_empty()).then_some(Some(names))
}

/// The items of a block. Members of types may end with a comma.
fn spelled_items(text: &str, are_members: bool) -> Vec<Spelled<'_>> {
    let mut found = Vec::new();
    let mut rest = text;
    loop {
        let (attributes, after) = attributes_before(rest);
        let (end, body_end) = end_of_item(after, are_members);
        let head = after.get(..end).unwrap_or_default();
        let body = body_end.and_then(|body_end| after.get(end + 1..body_end));
        found.push(Spelled {
            attributes,
            head,
            body,
        });
        let next = body_end.unwrap_or(end) + 1;
        match after.get(next..) {
            Some(more) if !more.trim().is_empty() => rest = more,
            _ => break,
        }
    }
    found
}

/// Attributes in front of an item, without `#[` and `]`.
fn attributes_before(text: &str) -> (Vec<&str>, &str) {
    let mut attributes = Vec::new();
    let mut rest = text.trim_start();
    while let Some(after) = rest.strip_prefix("#![").or_else(|| rest.strip_prefix("#[")) {
        let Some((inside, after)) = balanced(after) else {
            break;
        };
        attributes.push(inside.trim());
        rest = after.trim_start();
    }
    (attributes, rest)
}

/// Where an item's head ends, and, where it has a body in braces, where that ends.
fn end_of_item(text: &str, are_members: bool) -> (usize, Option<usize>) {
    let mut depth = 0usize;
    let mut in_string = false;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        if in_string {
            in_string = c != '"' || escaped;
            escaped = c == '\\' && !escaped;
            continue;
        }
        match c {
            '"' => in_string = true,
            '(' | '[' => depth += 1,
            ')' | ']' => depth = depth.saturating_sub(1),
            '{' if depth == 0 && !text[..at].trim_start().starts_with("pub use") => {
                let body = balanced(&text[at + 1..])
                    .map_or(text.len(), |(inside, _)| at + 1 + inside.len());
                return (at, Some(body));
            }
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ';' if depth == 0 => return (at, None),
            ',' if depth == 0 && are_members && !text[..at].contains('<') => return (at, None),
            _ => {}
        }
    }

    (text.len(), None)
}

/// A source text without comments.
fn without_comments(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek().copied()) {
            ('\\', Some(next)) if in_string => {
                out.push(c);
                out.push(next);
                chars.next();
                continue;
            }
            ('"', _) => in_string = !in_string,
            // A quote as a character begins no string.
            ('\'', Some('"')) if !in_string => {
                chars.next();
                out.push('\'');
                continue;
            }
            ('/', Some('/')) if !in_string => {
                for next in chars.by_ref() {
                    if next == '\n' {
                        break;
                    }
                }
                out.push('\n');
                continue;
            }
            ('/', Some('*')) if !in_string => {
                let mut last = ' ';
                for next in chars.by_ref() {
                    if last == '*' && next == '/' {
                        break;
                    }
                    last = next;
                }
                out.push(' ');
                continue;
            }
            _ => {}
        }
        out.push(c);
    }

    out
}

/// The name in `pub fn name(…)`.
fn item_name(head: &str) -> &str {
    let head = head.trim_start_matches("pub ");
    let (head, is_use) = match head.strip_prefix("use ") {
        Some(list) => (list, true),
        None => (head, false),
    };
    if is_use {
        return head;
    }
    head.split(['(', '<', ':', '=', '{', ';'])
        .next()
        .unwrap_or(head)
        .split_whitespace()
        .last()
        .unwrap_or(head)
}

/// The text up to the closing bracket, and what follows it.
fn balanced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 1usize;
    let mut in_string = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => in_string = !in_string,
            _ if in_string => {}
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some((&text[..at], &text[at + 1..]));
        }
    }
    None
}

/// Whether a condition may hold for a target. What is no matter of the target is taken to hold.
pub fn holds(condition: &str, target: &str) -> bool {
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
        // rustdoc sees what is for rustdoc, and nothing else.
        if inner.trim() == "doc" {
            return false;
        }
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

    fn unseen(files: &[(&str, &str)]) -> Vec<String> {
        let sources = files
            .iter()
            .map(|(path, text)| (PathBuf::from(path), (*text).to_owned()))
            .collect();
        source_items(&sources, "x86_64-unknown-linux-gnu")
            .into_iter()
            .filter(|item| !item.condition.is_empty())
            .map(|item| format!("{}: {}", item.path, item.head))
            .collect()
    }

    #[test]
    fn items_of_other_targets_are_found() {
        let text = "pub fn g() {} #[cfg(windows)] pub fn w(x: u8) {} #[cfg(unix)] pub fn u() {}\n\
                    #[cfg(all(target_os = \"macos\", feature = \"a\"))]\npub struct M;\n\
                    #[cfg(not(target_os = \"linux\"))] pub fn n() {} mod p { #[cfg(windows)] pub fn x() {} }\n\
                    #[cfg(windows)] fn own() {} #[cfg(feature = \"a\")] pub fn f() {} #[cfg(not(doc))] pub fn d() {} pub mod q { #[cfg(windows)] pub fn y() {} }";
        assert_eq!(
            unseen(&[("src/lib.rs", text)]),
            [
                "w: pub fn w(x: u8)",
                "M: pub struct M",
                "n: pub fn n()",
                "d: pub fn d()",
                "q::y: pub fn y()"
            ]
        );
    }

    #[test]
    fn members_of_public_types_are_found() {
        let text = "pub struct S { pub a: u8, #[cfg(windows)] pub b: u8 } struct P; // #[cfg(windows)] pub fn no() {}\n\
                    impl S { #[cfg(windows)] pub fn w(&self, s: &str) { let _ = \"}\"; } pub fn v(&self) {} }\n\
                    #[cfg(windows)] impl P { pub fn p(&self) {} } #[cfg(windows)] impl Clone for S { fn clone(&self) -> S { S } }\n\
                    pub enum E { A, #[cfg(windows)] B { x: u8 } }";
        assert_eq!(
            unseen(&[("src/lib.rs", text)]),
            [
                "S::b: pub b: u8",
                "S::w: pub fn w(&self, s: &str)",
                "S: impl Clone for S",
                "E::B: B"
            ]
        );
    }

    #[test]
    fn modules_are_followed_into_their_files() {
        let files = [
            (
                "src/lib.rs",
                "#[cfg(windows)] pub mod win; mod imp; pub use imp::A; mod all; pub use self::all::*; mod own;",
            ),
            ("src/win.rs", "pub fn w(x: u16) {} fn own() {}"),
            (
                "src/imp.rs",
                "#[cfg(not(doc))] pub struct A; #[cfg(not(doc))] pub struct B;",
            ),
            ("src/all/mod.rs", "#[cfg(windows)] pub fn a() {}"),
            ("src/own.rs", "#[cfg(windows)] pub fn no() {}"),
        ];
        assert_eq!(
            unseen(&files),
            [
                "win::w: pub fn w(x: u16)",
                "A: pub struct A",
                "a: pub fn a()"
            ]
        );
    }

    #[test]
    fn hostile_sources_end() {
        for text in [
            "",
            "{",
            "}",
            "#[",
            "#[cfg(",
            "\"",
            "pub use {",
            "impl<",
            &"pub mod a {".repeat(200),
        ] {
            let _ = unseen(&[("src/lib.rs", text)]);
        }
    }
}
