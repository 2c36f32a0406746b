//! A map of two files: section by section (or member by member), how much of each stretch differs.
//! Pure.

use std::collections::BTreeMap;

use object::{Object as _, ObjectSection as _};

use super::region::count_differing;
use super::{archive, binary};

/// Stretches a stripe is cut into, at most.
const CELLS: usize = 240;
/// Stripes of one map, at most; the largest are kept.
const STRIPES: usize = 120;

/// One section, member or file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stripe {
    pub(crate) name: String,
    /// Sizes in the first and the second; 0 where one lacks it.
    pub(crate) size: [u64; 2],
    /// Whether it is computed from the rest.
    pub(crate) derived: bool,
    /// For each stretch of the larger one, how much differs: 0 nothing, 9 all of it.
    pub(crate) cells: Vec<u8>,
}

/// Lays two files over each other.
pub(crate) fn stripes(a: &[u8], b: &[u8]) -> Vec<Stripe> {
    let mut stripes = sections(a, b).or_else(|| members(a, b)).unwrap_or_default();
    if stripes.is_empty() {
        stripes.push(stripe("the file", a, b, false));
    }
    if stripes.len() > STRIPES {
        stripes.sort_by_key(|stripe| {
            (
                stripe.cells.iter().all(|cell| *cell == 0),
                std::cmp::Reverse(stripe.size[0].max(stripe.size[1])),
            )
        });
        stripes.truncate(STRIPES);
    }
    stripes
}

fn sections(a: &[u8], b: &[u8]) -> Option<Vec<Stripe>> {
    let (x, y) = (object::File::parse(a).ok()?, object::File::parse(b).ok()?);
    let mut others: BTreeMap<String, Vec<&[u8]>> = BTreeMap::new();
    for section in y.sections() {
        others
            .entry(binary::section_name(&section))
            .or_default()
            .insert(0, section.data().unwrap_or_default());
    }

    let mut stripes = Vec::new();
    for section in x.sections() {
        let name = binary::section_name(&section);
        let theirs = others.get_mut(&name).and_then(Vec::pop).unwrap_or_default();
        stripes.push(stripe(
            &name,
            section.data().unwrap_or_default(),
            theirs,
            binary::is_derived(&name),
        ));
    }

    for (name, rest) in others {
        stripes.extend(
            rest.into_iter()
                .map(|data| stripe(&name, &[], data, binary::is_derived(&name))),
        );
    }

    stripes.retain(|stripe| stripe.size != [0, 0]);

    Some(stripes)
}

fn members(a: &[u8], b: &[u8]) -> Option<Vec<Stripe>> {
    let ((_, x), (_, y)) = (archive::members(a)?, archive::members(b)?);
    if x.len() == 1 && y.len() == 1 && archive::members(&x[0].bytes).is_some() {
        return members(&x[0].bytes, &y[0].bytes);
    }
    let mut others: BTreeMap<&str, &[u8]> = y
        .iter()
        .map(|member| (member.name.as_str(), member.bytes.as_slice()))
        .collect();

    let mut stripes: Vec<Stripe> = x
        .iter()
        .map(|member| {
            let theirs = others.remove(member.name.as_str()).unwrap_or_default();
            stripe(
                &member.name,
                &member.bytes,
                theirs,
                archive::is_derived(&member.name),
            )
        })
        .collect();

    stripes.extend(
        others
            .into_iter()
            .map(|(name, bytes)| stripe(name, &[], bytes, archive::is_derived(name))),
    );

    Some(stripes)
}

/// As many bytes from a position on as there are.
fn part_of(bytes: &[u8], at: usize, width: usize) -> &[u8] {
    bytes
        .get(at.min(bytes.len())..(at + width).min(bytes.len()))
        .unwrap_or_default()
}

/// The stripe of two stretches.
pub(crate) fn stripe(name: &str, a: &[u8], b: &[u8], derived: bool) -> Stripe {
    let longer = a.len().max(b.len());
    let width = longer.div_ceil(CELLS).max(1);

    let cells = (0..longer.div_ceil(width))
        .map(|cell| {
            let x = part_of(a, cell * width, width);
            let y = part_of(b, cell * width, width);
            let differing = count_differing(x, y);
            let all = x.len().max(y.len()).max(1) as u64;
            u8::try_from((differing * 9).div_ceil(all)).unwrap_or(9)
        })
        .collect();

    Stripe {
        name: name.to_owned(),
        size: [a.len() as u64, b.len() as u64],
        derived,
        cells,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_byte_shows_in_its_stretch_alone() {
        let a = vec![7; 240 * 10];
        let mut b = a.clone();
        b[1205] = 0;
        let map = stripes(&a, &b);
        assert_eq!((map.len(), map[0].cells.len()), (1, 240));
        assert_eq!(map[0].cells.iter().filter(|cell| **cell > 0).count(), 1);
        assert_eq!(map[0].cells[120], 1);
    }

    #[test]
    fn what_only_one_has_differs_as_a_whole() {
        assert_eq!(stripes(b"", b"abc")[0].cells, [9, 9, 9]);
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let map = stripes(&own, &own);
        assert!(
            map.iter().any(|stripe| stripe.name == ".text"),
            "sections are stripes"
        );
        assert!(
            map.iter()
                .all(|stripe| stripe.cells.iter().all(|cell| *cell == 0))
        );
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_have_a_map(a: Vec<u8>, b: Vec<u8>) {
            let map = stripes(&a, &b);
            let differs = map.iter().any(|stripe| stripe.cells.iter().any(|cell| *cell > 0));
            proptest::prop_assert!(a == b || differs || archive::members(&a).is_some() || object::File::parse(a.as_slice()).is_ok());
        }
    }
}
