//! Where two files differ, and how much.

use release_gate::facts::report::diff::Difference;

/// Section and symbol of what differs first.
pub(crate) fn first_region(difference: &Difference) -> (Option<String>, Option<String>) {
    difference.places.first().map_or((None, None), |region| {
        (region.section.clone(), region.symbol.clone())
    })
}

/// How many bytes of two stretches differ.
pub(super) fn count_differing(a: &[u8], b: &[u8]) -> u64 {
    let common = a.iter().zip(b).filter(|(x, y)| x != y).count() as u64;
    common + a.len().abs_diff(b.len()) as u64
}
