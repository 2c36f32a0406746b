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

/// How many bytes of a place are shown.
const SHOWN: usize = 16;

/// Where two stretches differ first, and the bytes there in both; `None` where one is the beginning
/// of the other.
pub(super) fn first_difference(a: &[u8], b: &[u8]) -> Option<(u64, [String; 2])> {
    let at = a.iter().zip(b).position(|(x, y)| x != y)?;
    Some((at as u64, [hex_at(a, at), hex_at(b, at)]))
}

/// Bytes at a position, in hexadecimal.
fn hex_at(bytes: &[u8], at: usize) -> String {
    let end = (at + SHOWN).min(bytes.len());
    bytes[at..end]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}
