//! Words that a macro's sources compare its input with: string literals that are identifiers.

use std::collections::BTreeMap;

use cargo_metadata::Package;

use super::tree::rust_files;
use crate::model::names::Hints;
use crate::model::source_impl::{impls_for_objects, impls_for_projections};

/// What only the sources of a package say.
pub(super) fn read_hints(package: &Package, is_proc_macro: bool) -> Hints {
    if is_proc_macro {
        return Hints {
            words: literal_words(package),
            ..Hints::default()
        };
    }
    let mut hints = Hints::default();
    if let Some(dir) = package.manifest_path.parent() {
        for file in rust_files(&dir.join("src").into_std_path_buf()) {
            let text = std::fs::read_to_string(&file).unwrap_or_default();
            if text.contains("dyn ") {
                hints.impls.extend(impls_for_objects(&text));
            }
            if text.contains(" as ") {
                hints.projections.extend(impls_for_projections(&text));
            }
        }
    }
    hints
}

/// Identifiers among the string literals of a package's sources, the most frequent first.
fn literal_words(package: &Package) -> Vec<String> {
    let Some(dir) = package.manifest_path.parent() else {
        return Vec::new();
    };
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for file in rust_files(&dir.join("src").into_std_path_buf()) {
        let text = std::fs::read_to_string(&file).unwrap_or_default();
        // Literals with escapes are no words anyway.
        for literal in text.split('"').skip(1).step_by(2) {
            for word in literal.split(|c: char| !(c.is_alphanumeric() || c == '_')) {
                let starts = word.chars().next().is_some_and(char::is_alphabetic);
                if starts && word.len() <= 24 {
                    *counts.entry(word.to_owned()).or_default() += 1;
                }
            }
        }
    }
    let mut words: Vec<(usize, String)> = counts
        .into_iter()
        .map(|(word, count)| (count, word))
        .collect();
    words.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    words.into_iter().map(|(_, word)| word).collect()
}
