//! `checksums.txt`: `sha256sum`'s text format, one canonical spelling.
//!
//! A line is 64 lower-case hexadecimal digits, two spaces, a name, a newline. Names are relative,
//! `/`-separated, of printable characters; lines are sorted bytewise by name, no name occurs twice,
//! and there is at least one.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::Rule;
use release_gate::digest::Sha256Digest;
use release_gate_facts::files::CHECKSUMS;

use crate::model::path::{self, PathError};
use crate::rules;

/// Largest list read, in bytes.
pub const MAX_LEN: usize = 4 << 20;

/// Names and digests.
pub type List = BTreeMap<String, Sha256Digest>;

/// Why a list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// A line is not of the grammar.
    #[error("line {line} is not `<64 lower-case digits>  <name>`: {why}")]
    Line {
        /// From 1.
        line: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// A name leads elsewhere.
    #[error("line {line}: {source}")]
    Name {
        /// From 1.
        line: usize,
        /// What is wrong.
        source: PathError,
    },
    /// A name occurs twice.
    #[error(
        "line {line} names `{name}` a second time, or differs from another name only by case or by how its letters are composed"
    )]
    Duplicate {
        /// From 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// There is no line.
    #[error("it is empty")]
    Empty,
}

impl ListError {
    /// The reason code.
    pub fn rule(&self) -> &'static Rule {
        match self {
            Self::Line { .. } => &rules::LIST_MALFORMED,
            Self::Name { .. } => &rules::LIST_UNSAFE_NAME,
            Self::Duplicate { .. } => &rules::LIST_DUPLICATE,
            Self::Empty => &rules::LIST_EMPTY,
        }
    }
}

/// Writes a list.
pub fn render(list: &List) -> String {
    list.iter()
        .map(|(name, digest)| format!("{digest}  {name}\n"))
        .collect()
}

/// Reads a list.
///
/// # Errors
/// Anything but the canonical spelling.
pub fn parse(bytes: &[u8]) -> Result<List, ListError> {
    if bytes.is_empty() {
        return Err(ListError::Empty);
    }
    if bytes.len() > MAX_LEN {
        return Err(wrong(1, "the list is too long"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(1, "the list is not UTF-8"))?;
    if !text.ends_with('\n') {
        return Err(wrong(
            text.split('\n').count(),
            "the last line has no newline",
        ));
    }

    let mut list = List::new();
    let mut folded_names = BTreeSet::new();
    let mut last: Option<&str> = None;
    for (index, text) in text[..text.len() - 1].split('\n').enumerate() {
        let line = index + 1;
        let (digest, name) = split_digest(text, line)?;
        let name = name
            .strip_prefix("  ")
            .ok_or(wrong(line, "there are not two spaces behind the digest"))?;
        path::check(name).map_err(|source| ListError::Name { line, source })?;
        let folded = path::folded(name);
        // The list, and what vouches for it, cannot be in it; nor what some systems take for them.
        if folded.starts_with(CHECKSUMS) || !folded_names.insert(folded) {
            return Err(ListError::Duplicate {
                line,
                name: name.to_owned(),
            });
        }
        if last.is_some_and(|last| last > name) {
            return Err(wrong(line, "the names are not sorted"));
        }
        last = Some(name);
        list.insert(name.to_owned(), digest);
    }

    Ok(list)
}

fn wrong(line: usize, why: &'static str) -> ListError {
    ListError::Line { line, why }
}

/// Reads a list as other tools write it: unsorted, with `*` for binary files, names that stay in
/// the folder.
///
/// # Errors
/// A line is none of `sha256sum`'s, leads elsewhere, or names a file twice.
pub fn parse_foreign(bytes: &[u8]) -> Result<List, ListError> {
    if bytes.is_empty() {
        return Err(ListError::Empty);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(1, "the list is not UTF-8"))?;
    let mut list = List::new();
    for (index, text) in text.lines().enumerate() {
        let line = index + 1;
        let (digest, name) = split_digest(text, line)?;
        let name = name
            .strip_prefix("  ")
            .or_else(|| name.strip_prefix(" *"))
            .ok_or(wrong(line, "there is no name behind the digest"))?;
        path::check(name).map_err(|source| ListError::Name { line, source })?;
        if list.insert(name.to_owned(), digest).is_some() {
            return Err(ListError::Duplicate {
                line,
                name: name.to_owned(),
            });
        }
    }

    Ok(list)
}

/// The digest that a line begins with, and what is behind it.
fn split_digest(text: &str, line: usize) -> Result<(Sha256Digest, &str), ListError> {
    let (digest, rest) = text
        .split_at_checked(64)
        .ok_or(wrong(line, "it is too short"))?;
    let digest = digest
        .parse()
        .map_err(|_| wrong(line, "it does not begin with a digest"))?;
    Ok((digest, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn a_list_reads_back() {
        let list = List::from([
            ("a".to_owned(), D.parse().unwrap()),
            ("b/c d".to_owned(), D.parse().unwrap()),
        ]);
        assert_eq!(parse(render(&list).as_bytes()).unwrap(), list);
    }

    /// Oddities most of which `sha256sum -c --strict` accepts.
    #[test]
    fn everything_odd_is_refused() {
        let odd = [
            String::new(),
            "\n".into(),
            format!("{D}  a"),
            format!("{D}  a\r\n"),
            format!("{D} *a\n"),
            format!("{D} a\n"),
            format!("{D}\ta\n"),
            format!("{D}   a\n"),
            format!(" {D}  a\n"),
            format!("\\{D}  a\n"),
            format!("{}  a\n", D.to_uppercase()),
            format!("{}  a\n", &D[..62]),
            format!("{D}00  a\n"),
            format!("# comment\n{D}  a\n"),
            format!("{D}  a\n\n"),
            format!("{D}  a\n{D}  a\n"),
            format!("{D}  b\n{D}  a\n"),
            format!("{D}  checksums.txt\n"),
            format!("{D}  Checksums.TXT\n"),
            format!("{D}  CHECKSUMS.txt.sig\n"),
            format!("{D}  ../a\n"),
            format!("{D}  /etc/passwd\n"),
            format!("{D}  a/../b\n"),
            format!("{D}  ./a\n"),
            format!("{D}  a//b\n"),
            format!("{D}  -\n"),
            format!("{D}  a\0b\n"),
            format!("{D}  a\\b\n"),
            format!("{D}  \n"),
            format!("SHA256 (a) = {D}\n"),
            format!("\u{feff}{D}  a\n"),
        ];

        for text in odd {
            assert!(parse(text.as_bytes()).is_err(), "{text:?}");
        }
    }

    proptest::proptest! {
        /// What is read is written back byte for byte: there is one spelling.
        #[test]
        fn one_spelling(text in "([0-9a-f]{64}  [a-c./]{1,4}\n){0,3}") {
            if let Ok(list) = parse(text.as_bytes()) {
                proptest::prop_assert_eq!(render(&list), text);
            }
        }
    }
}
