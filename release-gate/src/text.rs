//! English in messages.

use std::fmt::Display;

/// A number with the word that fits it: `1 file`, `2 files`.
///
/// ```
/// use release_gate::text::counted;
///
/// assert_eq!(counted(1, "file", "files"), "1 file");
/// assert_eq!(counted(0, "dependency", "dependencies"), "0 dependencies");
/// ```
pub fn counted<N: Display + PartialEq + From<u8>>(count: N, one: &str, many: &str) -> String {
    let word = plural(&count, one, many);
    format!("{count} {word}")
}

/// The word that fits a number.
pub fn plural<'a, N: PartialEq + From<u8>>(count: &N, one: &'a str, many: &'a str) -> &'a str {
    if *count == N::from(1) { one } else { many }
}
