//! Any commit message: never lost, and its text comes back from a Markdown parser as it went in.
#![no_main]

use cargo_relnotes::model::message;
use cargo_relnotes::model::pulls;
use cargo_relnotes::model::untrusted::{Untrusted, is_unwanted};
use cargo_relnotes::report::document::{Document, Part};
use cargo_relnotes::report::markdown::{escape, parse_back};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let parsed = message::parse(&text, &|kind| matches!(kind, "feat" | "fix" | "revert"));
    let first = text
        .trim_start_matches(['\n', '\r', ' ', '\t', '\u{feff}'])
        .split('\n')
        .next()
        .unwrap_or_default();
    assert!(first.contains(&parsed.header.description));
    pulls::read(&text);

    let line = Untrusted::new(&text);
    assert!(!line.visible().chars().any(is_unwanted));
    let seen = parse_back(&format!("- {}\n", escape(&line)));
    assert!(
        seen.html.is_empty()
            && seen.links.is_empty()
            && seen.other.is_empty()
            && seen.items.len() == 1
    );

    // What says nothing gets no line.
    if line.is_empty() {
        return;
    }
    let mut document = Document::new();
    document.heading(2, &[Part::Foreign(&line)]);
    document.item(
        0,
        &[
            Part::Strong(&line),
            Part::Text(": "),
            Part::Foreign(&line),
            Part::Code(&text),
        ],
    );
    document.item(1, &[Part::Text("x "), Part::Text(&text)]);
    document.paragraph(&[Part::Foreign(&line)]);
    document.code_block("rust", &text);
    if let Err(error) = document.finish() {
        panic!("{error}");
    }
});
