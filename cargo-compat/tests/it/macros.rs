//! Procedural macros that a library re-exports, and what reaches them through other macros.
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use serde_json::Value;

use super::sides;

/// What a macro argument arrives in is taken apart.
const FLAT: &str = "extern crate proc_macro;
use proc_macro::{Delimiter, Group, TokenStream, TokenTree};
#[proc_macro]
pub fn item(input: TokenStream) -> TokenStream { flat(input) }
fn flat(input: TokenStream) -> TokenStream {
    input.into_iter().flat_map(|tree| match tree {
        TokenTree::Group(group) if group.delimiter() == Delimiter::None => flat(group.stream()),
        TokenTree::Group(group) => TokenTree::from(Group::new(group.delimiter(), flat(group.stream()))).into(),
        other => TokenStream::from(other),
    }).collect()
}
";

/// The same, written otherwise.
const FLAT_TOO: &str = "extern crate proc_macro;
use proc_macro::{Delimiter, Group, TokenStream, TokenTree};
#[proc_macro]
pub fn item(input: TokenStream) -> TokenStream {
    let mut out = TokenStream::new();
    for tree in input {
        match tree {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => out.extend(item(group.stream())),
            TokenTree::Group(group) => out.extend([TokenTree::from(Group::new(group.delimiter(), item(group.stream())))]),
            other => out.extend([other]),
        }
    }
    out
}
";

/// Nothing is taken apart.
const AS_IT_IS: &str = "extern crate proc_macro;
use proc_macro::TokenStream;
#[proc_macro]
pub fn item(input: TokenStream) -> TokenStream { input }
";

fn write_side(folder: &Path, version: &str, macros: &str) {
    let files = [
        (
            "Cargo.toml",
            format!(
                "[package]\nname = \"k\"\nversion = \"{version}\"\nedition = \"2021\"\n[workspace]\n[dependencies]\npm = {{ path = \"pm\" }}\n"
            ),
        ),
        ("src/lib.rs", "pub use pm::item;\n".to_owned()),
        (
            "pm/Cargo.toml",
            format!(
                "[package]\nname = \"pm\"\nversion = \"{version}\"\nedition = \"2021\"\n[lib]\nproc-macro = true\n"
            ),
        ),
        ("pm/src/lib.rs", macros.to_owned()),
    ];
    for (name, text) in files {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

fn judge(before: &str, after: &str) -> Value {
    let dir = tempfile::tempdir().unwrap();
    write_side(&dir.path().join("old"), "1.0.0", before);
    write_side(&dir.path().join("new"), "1.0.1", after);
    sides::report(dir.path(), &["-p", "k"])
}

#[test]
fn a_reexported_macro_takes_what_another_macro_passes_on() {
    let report = judge(FLAT, AS_IT_IS);
    assert_eq!(report["status"], "fail", "{report:#}");
    let changes = report["data"]["changes"].as_array().unwrap();
    let of_macro: Vec<&Value> = changes
        .iter()
        .filter(|change| change["item"] == "item")
        .collect();
    let [change] = of_macro.as_slice() else {
        panic!("{report:#}");
    };
    assert_eq!(change["rule"], "macro-changed");
    assert_eq!(change["witness"]["proved"], true);
}

#[test]
fn a_macro_written_otherwise_is_the_same() {
    let report = judge(FLAT, FLAT_TOO);
    assert_eq!(report["data"]["required_bump"], "patch", "{report:#}");
    assert_eq!(report["status"], "pass");
}
