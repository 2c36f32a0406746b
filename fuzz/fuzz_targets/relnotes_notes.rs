//! Any text as notes or a changelog: read as some page, cut where releases begin, and people's words found and put back unchanged.
#![no_main]

use cargo_relnotes::read::changelog::{Held, part};
use cargo_relnotes::report::migration::with_words;
use cargo_relnotes::model::prose::{generated_part, prose, with_prose};
use cargo_relnotes::read::page::Page;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    Page::read(text);
    if let Held::Part { text: section, headings, .. } = part(text, &semver::Version::new(1, 0, 0), "demo") {
        assert!(headings > 0 && text.contains(section));
    }
    with_words(text, text);
    if let Some(words) = prose(text) {
        let again = with_prose(text, Some(words)).expect("there are marks");
        assert_eq!(prose(&again), Some(words));
        assert_eq!(generated_part(&again), generated_part(text));
    }
});
