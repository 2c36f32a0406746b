//! Readable strings of binary files.

use std::collections::BTreeSet;

/// Shorter runs of printable bytes are noise.
const SHORTEST: usize = 6;
/// How many of one side are looked at further.
const MOST: usize = 200;

/// Printable ASCII runs.
fn all(bytes: &[u8]) -> BTreeSet<&[u8]> {
    bytes.split(|byte| !(0x20..0x7f).contains(byte)).filter(|run| run.len() >= SHORTEST).collect()
}

/// Strings that only the first has and strings that only the second has, those most like a message or path first: paths, then longer ones.
pub(crate) fn only(a: &[u8], b: &[u8]) -> (Vec<String>, Vec<String>) {
    let (in_a, in_b) = (all(a), all(b));
    let list = |of: &BTreeSet<&[u8]>, other: &BTreeSet<&[u8]>| {
        let mut found: Vec<String> =
            of.difference(other).map(|run| String::from_utf8_lossy(run).into_owned()).collect();
        found.sort_by_key(|text| (!text.contains('/'), std::cmp::Reverse(text.len().min(200)), text.clone()));
        found.truncate(MOST);
        found
    };
    (list(&in_a, &in_b), list(&in_b, &in_a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_strings_are_left_out() {
        let (a, b) = only(b"\0common string\0/home/a/x.rs\0", b"\x01common string\x02/home/bb/x.rs\0ab\0");
        assert_eq!((a, b), (vec!["/home/a/x.rs".to_owned()], vec!["/home/bb/x.rs".to_owned()]));
    }
}
