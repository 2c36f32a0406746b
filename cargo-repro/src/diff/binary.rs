//! Executables, libraries and objects: by section and symbol.

use std::collections::BTreeMap;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};
use release_gate::facts::report::diff::Region;

use super::region::{count_differing, first_difference};

/// More symbols of one section than these are summed up.
const SYMBOLS: usize = 60;

/// Compares two object files; `None` if they are none of the same format.
pub(super) fn compare(a: &[u8], b: &[u8]) -> Option<(&'static str, Vec<Region>)> {
    let (x, y) = (object::File::parse(a).ok()?, object::File::parse(b).ok()?);
    if x.format() != y.format() || x.architecture() != y.architecture() {
        return None;
    }
    let format = match x.format() {
        object::BinaryFormat::Elf => "elf",
        object::BinaryFormat::Coff => "coff",
        object::BinaryFormat::Pe => "pe",
        object::BinaryFormat::MachO => "mach-o",
        object::BinaryFormat::Wasm => "wasm",
        object::BinaryFormat::Xcoff => "xcoff",
        _ => "object",
    };
    let mut regions = Vec::new();
    let mut others: BTreeMap<String, Vec<object::Section<'_, '_>>> = BTreeMap::new();
    for section in y.sections() {
        others
            .entry(section_name(&section))
            .or_default()
            .insert(0, section);
    }
    for section in x.sections() {
        let name = section_name(&section);
        let data = section.data().unwrap_or_default();
        match others.get_mut(&name).and_then(Vec::pop) {
            Some(other) => {
                let theirs = other.data().unwrap_or_default();
                if data != theirs {
                    regions.extend(symbols(&x, &section, &name, data, theirs));
                }
            }
            None => regions.push(only_one_has(
                &name,
                data.len(),
                "only the first has this section",
            )),
        }
    }
    for (name, sections) in others {
        for section in sections {
            regions.push(only_one_has(
                &name,
                section.data().unwrap_or_default().len(),
                "only the second has this section",
            ));
        }
    }
    if regions.is_empty() {
        regions.push(Region {
            bytes: count_differing(a, b),
            derived: true,
            note: "only headers or padding differ".to_owned(),
            ..Region::default()
        });
    }
    Some((format, regions))
}

pub(super) fn section_name(section: &object::Section<'_, '_>) -> String {
    section.name().unwrap_or("?").to_owned()
}

fn only_one_has(name: &str, bytes: usize, note: &str) -> Region {
    Region {
        section: Some(name.to_owned()),
        bytes: bytes as u64,
        derived: is_derived(name),
        note: note.to_owned(),
        ..Region::default()
    }
}

/// Sections that follow from others: where code lies, what is called how, and what describes it.
pub(super) fn is_derived(name: &str) -> bool {
    let plain = name.trim_start_matches(['.', '_']);
    [
        "note.gnu.build-id",
        "gnu_debuglink",
        "debug",
        "symtab",
        "strtab",
        "shstrtab",
        "gnu.hash",
        "dynsym",
        "dynstr",
        "eh_frame",
        "rela",
        "hash",
        "comment",
        "buildid",
    ]
    .iter()
    .any(|start| plain.starts_with(start))
}

/// A symbol of a section: where it begins in it, its size and its name.
type Symbol<'a> = (u64, u64, &'a str);

/// Where in a section bytes differ, by symbol of the first file.
fn symbols(
    file: &object::File<'_>,
    section: &object::Section<'_, '_>,
    name: &str,
    a: &[u8],
    b: &[u8],
) -> Vec<Region> {
    let table = symbol_table(file, section);
    let mut found = differing_symbols(&table, a, b);
    if a.len() != b.len() {
        found.entry(None).or_insert((0, a.len().min(b.len()))).0 +=
            a.len().abs_diff(b.len()) as u64;
    }

    // A section of another length moves all that follows.
    let moved = found.len() > SYMBOLS && a.len() != b.len();
    let note = if a.len() == b.len() {
        String::new()
    } else {
        format!("{} and {} bytes", a.len(), b.len())
    };
    let mut regions: Vec<Region> = found
        .into_iter()
        .map(|(symbol, (bytes, at))| {
            let place = first_difference(
                a.get(at..).unwrap_or_default(),
                b.get(at..).unwrap_or_default(),
            );
            let (offset, values) = place.unzip();
            let shown = symbol.map(|name| format!("{:#}", rustc_demangle::demangle(name)));
            Region {
                section: Some(name.to_owned()),
                krate: shown.as_deref().and_then(krate_of),
                symbol: shown,
                offset: offset.map(|offset: u64| offset + at as u64),
                values,
                bytes,
                derived: is_derived(name) || moved,
                note: note.clone(),
                ..Region::default()
            }
        })
        .collect();

    if regions.len() > SYMBOLS {
        regions.sort_by_key(|region| std::cmp::Reverse(region.bytes));
        let rest: u64 = regions.drain(SYMBOLS..).map(|region| region.bytes).sum();
        regions.push(Region {
            section: Some(name.to_owned()),
            bytes: rest,
            derived: true,
            note: "further symbols".to_owned(),
            ..Region::default()
        });
    }
    regions
}

/// The symbols of a section, sorted.
fn symbol_table<'a>(file: &object::File<'a>, section: &object::Section<'_, '_>) -> Vec<Symbol<'a>> {
    let mut table: Vec<Symbol<'a>> = file
        .symbols()
        .filter(|symbol| symbol.section_index() == Some(section.index()) && symbol.size() > 0)
        .filter_map(|symbol| {
            Some((
                symbol.address().checked_sub(section.address())?,
                symbol.size(),
                symbol.name().ok()?,
            ))
        })
        .collect();
    table.sort_unstable();
    table
}

/// How many bytes differ in each symbol and where the first of them is, in one pass over the
/// section.
fn differing_symbols<'a>(
    table: &[Symbol<'a>],
    a: &[u8],
    b: &[u8],
) -> BTreeMap<Option<&'a str>, (u64, usize)> {
    let mut found: BTreeMap<Option<&str>, (u64, usize)> = BTreeMap::new();
    let common = a.len().min(b.len());
    let mut at = 0;

    while at < common {
        let block = (at + 4096).min(common);
        let same = a[at..block]
            .iter()
            .zip(&b[at..block])
            .take_while(|(x, y)| x == y)
            .count();
        if same > 0 {
            at += same;
            continue;
        }

        // The rest of the symbol at once: large sections are walked in one pass.
        let offset = at as u64;
        let index = table.partition_point(|(start, ..)| *start <= offset);
        let symbol = index
            .checked_sub(1)
            .and_then(|index| table.get(index))
            .filter(|(start, size, _)| offset < start.saturating_add(*size));
        let end = symbol.map_or_else(
            || table.get(index).map_or(u64::MAX, |(start, ..)| *start),
            |(start, size, _)| start.saturating_add(*size),
        );
        let end = usize::try_from(end)
            .unwrap_or(usize::MAX)
            .min(common)
            .max(at + 1);
        let name = symbol.map(|(.., name)| *name);
        found.entry(name).or_insert((0, at)).0 += count_differing(&a[at..end], &b[at..end]);
        at = end;
    }
    found
}

/// The crate of a demangled path: `<a::B as c::D>::f` belongs to `a`.
fn krate_of(path: &str) -> Option<String> {
    let start = path.trim_start_matches(['<', '&', '*', '(', '[']);
    let name: String = start
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect();
    (start[name.len()..].starts_with("::")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_name_their_crate() {
        assert_eq!(krate_of("serde::de::f").as_deref(), Some("serde"));
        assert_eq!(
            krate_of("<alloc::vec::Vec<T> as core::ops::Drop>::drop").as_deref(),
            Some("alloc")
        );
        assert_eq!(krate_of("main"), None);
    }
}
