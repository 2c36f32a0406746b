//! Readable strings of binary files.

use std::collections::{BTreeSet, HashSet};

/// Shorter runs of printable bytes are noise.
const SHORTEST: usize = 6;
/// What is longer is cut.
const LONGEST: usize = 400;
/// How many of one side are looked at further.
const MOST: usize = 200;

fn is_printable(byte: u8) -> bool {
    (0x20..0x7f).contains(&byte)
}

/// Printable ASCII runs. Every run covers a position that is a multiple of its shortest length, so
/// only those are looked at.
fn printable_runs(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut at, mut floor) = (SHORTEST - 1, 0);
    std::iter::from_fn(move || {
        while at < bytes.len() {
            if !is_printable(bytes[at]) {
                at += SHORTEST;
                continue;
            }
            let mut start = at;
            while start > floor && is_printable(bytes[start - 1]) {
                start -= 1;
            }
            let end = bytes[at..]
                .iter()
                .position(|byte| !is_printable(*byte))
                .map_or(bytes.len(), |n| at + n);
            (at, floor) = (end + SHORTEST, end);
            if end - start >= SHORTEST {
                return Some(&bytes[start..end]);
            }
        }
        None
    })
}

fn hash_run(run: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hasher as _};
    let mut hasher = DefaultHasher::new();
    hasher.write(run);
    hasher.finish()
}

/// Two things at once.
fn both_at_once<T: Send + Default>(
    one: impl FnOnce() -> T,
    other: impl FnOnce() -> T + Send,
) -> (T, T) {
    std::thread::scope(|scope| {
        let other = scope.spawn(other);
        (one(), other.join().unwrap_or_default())
    })
}

/// What is most like a message or path comes first: paths, then longer ones.
fn rank_text(text: &str) -> (bool, std::cmp::Reverse<usize>, &str) {
    (
        !text.contains('/'),
        std::cmp::Reverse(text.len().min(200)),
        text,
    )
}

/// Digests of all strings.
fn run_hashes(bytes: &[u8]) -> HashSet<u64> {
    printable_runs(bytes).map(hash_run).collect()
}

/// The strings of one side that the other does not have, by their rank.
fn ranked_strings(bytes: &[u8], other: &HashSet<u64>) -> Vec<String> {
    let mut found: BTreeSet<String> = BTreeSet::new();
    let mut kept: Vec<String> = Vec::new();
    for run in printable_runs(bytes).filter(|run| !other.contains(&hash_run(run))) {
        found.insert(String::from_utf8_lossy(&run[..run.len().min(LONGEST)]).into_owned());
        // In files that have little in common only the best are kept.
        if found.len() > 16 * MOST {
            kept.extend(std::mem::take(&mut found));
            kept.sort_by(|x, y| rank_text(x).cmp(&rank_text(y)));
            kept.truncate(MOST);
        }
    }

    kept.extend(found);
    kept.sort_by(|x, y| rank_text(x).cmp(&rank_text(y)));
    kept.dedup();
    kept.truncate(MOST);
    kept
}

/// Strings that only the first has and strings that only the second has.
pub(crate) fn only(a: &[u8], b: &[u8]) -> (Vec<String>, Vec<String>) {
    let (in_a, in_b) = both_at_once(|| run_hashes(a), || run_hashes(b));

    both_at_once(|| ranked_strings(a, &in_b), || ranked_strings(b, &in_a))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_strings_are_left_out() {
        let (a, b) = only(
            b"\0common string\0/home/a/x.rs\0",
            b"\x01common string\x02/home/bb/x.rs\0ab\0",
        );
        assert_eq!(
            (a, b),
            (
                vec!["/home/a/x.rs".to_owned()],
                vec!["/home/bb/x.rs".to_owned()]
            )
        );
    }

    proptest::proptest! {
        #[test]
        fn every_run_is_found(bytes in proptest::collection::vec(0x1eu8..0x24, 0..200)) {
            let plain: Vec<&[u8]> =
                bytes.split(|byte| !(0x20..0x7f).contains(byte)).filter(|run| run.len() >= SHORTEST).collect();
            proptest::prop_assert_eq!(printable_runs(&bytes).collect::<Vec<_>>(), plain);
        }
    }
}
