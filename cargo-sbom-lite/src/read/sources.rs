//! How functions are written in a package's sources.

use std::path::Path;

use release_gate::fs::walk;

use crate::model::program::Written;

/// Looks for each name in the Rust files of a folder.
pub fn written_functions(folder: &Path, names: &[&str]) -> Vec<(String, Written)> {
    let mut found: Vec<(String, Written)> = names
        .iter()
        .map(|name| ((*name).to_owned(), Written::Nowhere))
        .collect();

    let files = walk(folder).unwrap_or_default();
    for file in files {
        let is_rust = file
            .path
            .extension()
            .is_some_and(|extension| extension == "rs");
        // What a test calls so says nothing about the library.
        let folder = file.relative.iter().next().unwrap_or_default();
        if !is_rust
            || ["benches", "examples", "tests"]
                .iter()
                .any(|other| folder == *other)
        {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(&file.path) else {
            continue;
        };
        for (name, written) in &mut found {
            *written = worse(*written, written_in(&text, name));
        }
    }

    found
}

/// What forbids a conclusion wins over what allows it.
fn worse(a: Written, b: Written) -> Written {
    let rank = |written| match written {
        Written::Nowhere => 0,
        Written::Plain => 1,
        Written::Inlined => 2,
        Written::Foreign => 3,
        Written::Macro => 4,
        Written::Alias => 5,
    };
    if rank(b) > rank(a) { b } else { a }
}

/// How one file writes a name: by the words before each place where it stands behind `fn` or
/// `macro_rules!`.
fn written_in(text: &str, name: &str) -> Written {
    let mut result = Written::Nowhere;
    for (at, _) in text.match_indices(name) {
        let before = &text[..at];
        let after = &text[at + name.len()..];
        let is_whole = !after.starts_with(|c: char| c.is_alphanumeric() || c == '_')
            && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if !is_whole {
            continue;
        }
        let before = before.trim_end();
        let found = if before.ends_with("macro_rules!") || before.ends_with(" macro") {
            Written::Macro
        } else if before.ends_with("fn") || before.ends_with("fn r#") {
            linkage_of(before)
        } else if ALIASING.iter().any(|word| ends_with_word(before, word)) {
            Written::Alias
        } else {
            continue;
        };
        result = worse(result, found);
    }
    result
}

/// Words behind which a name is another name of something.
const ALIASING: [&str; 3] = ["as", "const", "static"];

fn ends_with_word(text: &str, word: &str) -> bool {
    text.strip_suffix(word)
        .is_some_and(|rest| !rest.ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

/// The linkage of a function by what stands before it, back to the end of the item before.
fn linkage_of(before: &str) -> Written {
    let item = before.rsplit([';', '}']).next().unwrap_or_default();
    let is_foreign = item.contains("extern \"")
        || item.contains("no_mangle")
        || item.contains("export_name")
        || item.contains("link_name")
        || item.contains("proc_macro");
    let block = before.rfind("extern \"").map(|at| &before[at..]);
    let is_in_block =
        block.is_some_and(|block| block.matches('{').count() > block.matches('}').count());
    if is_foreign || is_in_block {
        Written::Foreign
    } else if item.contains("inline(always)") || item.contains("force_inline") {
        Written::Inlined
    } else {
        Written::Plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_and_the_linkage_of_c_are_told_from_functions() {
        for (text, written) in [
            ("pub fn bad() {}", Written::Plain),
            (
                "impl X { pub(crate) unsafe fn bad<T>(&self) {} }",
                Written::Plain,
            ),
            (
                "#[no_mangle]\npub extern \"C\" fn bad() {}",
                Written::Foreign,
            ),
            (
                "extern \"C\" { pub fn good(); pub fn bad(); }",
                Written::Foreign,
            ),
            (
                "#[macro_export]\nmacro_rules! bad { () => {} }",
                Written::Macro,
            ),
            ("fn bad() {}\nmacro_rules! bad { () => {} }", Written::Macro),
            ("#[inline(always)]\nfn bad() {}", Written::Inlined),
            ("#[inline]\nfn bad() {}", Written::Plain),
            ("pub use other::bad;", Written::Nowhere),
            (
                "pub use inner::worse as bad; #[cfg(test)] fn bad() {}",
                Written::Alias,
            ),
            ("pub static bad: fn() = worse; fn bad() {}", Written::Alias),
            (
                "fn bad() {} fn other() { bad(); x.bad(); super::bad() }",
                Written::Plain,
            ),
            ("fn bad_one() {} fn not_bad() {}", Written::Nowhere),
            ("", Written::Nowhere),
        ] {
            assert_eq!(written_in(text, "bad"), written, "{text}");
        }
    }
}
