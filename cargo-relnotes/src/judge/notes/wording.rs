//! Whether two sentences say the same in other words.
//!
//! Must never: take two changes for one because they share small words. What tells a change apart
//! (names of items, what is set as code) has to be in both.

use std::collections::BTreeSet;

use crate::read::page::Page;

/// Words that tell nothing apart.
const SMALL: &[&str] = &[
    "a", "an", "all", "and", "are", "as", "at", "be", "by", "for", "from", "has", "have", "in",
    "into", "is", "it", "its", "longer", "make", "no", "not", "now", "of", "on", "or", "so",
    "that", "the", "their", "this", "to", "use", "was", "when", "with",
];

/// The sentence of a page that says the same as a line: it holds what tells the line apart, and most
/// of its other words.
pub(super) fn same_in_other_words<'a>(page: &'a Page, line: &str) -> Option<&'a str> {
    let wanted = stems(line);
    if wanted.is_empty() {
        return None;
    }
    let telling: BTreeSet<String> = telling_words(line);
    page.blocks
        .iter()
        .map(|block| block.text.as_str())
        .find(|text| {
            let said = stems(text);
            let shared = wanted.intersection(&said).count();
            let names = telling.is_subset(&said);
            names && 10 * shared >= 6 * wanted.len()
        })
}

/// The words of a sentence without their endings, small ones aside.
fn stems(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .map(str::to_lowercase)
        .filter(|word| word.len() > 1 && !SMALL.contains(&word.as_str()))
        .map(|word| stem(&word).to_owned())
        .collect()
}

/// Names of items: what has capitals inside, or `_`.
fn telling_words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .filter(|word| word.contains('_') || word.chars().skip(1).any(char::is_uppercase))
        .map(|word| stem(&word.to_lowercase()).to_owned())
        .collect()
}

/// A word without the ending that number and tense give it.
fn stem(word: &str) -> &str {
    for ending in ["ing", "ed", "es", "al", "s", "e"] {
        if let Some(stem) = word.strip_suffix(ending)
            && stem.len() >= 4
        {
            return stem;
        }
    }
    word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reworded_breaks_are_found() {
        let page = Page::read(
            "- *(help)* Make `DisplayOrder` the default and removed the setting\n- Removed lifetimes from `Command`, `Arg` and `PossibleValue`\n",
        );
        let is_said = |line: &str| same_in_other_words(&page, line).is_some();
        assert!(is_said("Make `DisplayOrder` the default, removing it"));
        assert!(is_said("Remove lifetime from PossibleValue"));
        assert!(!is_said("Remove lifetime from ArgMatches"));
        assert!(!is_said("drop the old parser"));
    }
}
