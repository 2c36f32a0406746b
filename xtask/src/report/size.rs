//! What fills a program: bytes of code and constants by crate, where it still has symbols, else by
//! section.

use std::collections::BTreeMap;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind};

/// One part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Share {
    /// A crate's name, `.section`, or what is summed up.
    pub(crate) name: String,
    /// Bytes.
    pub(crate) size: u64,
}

/// How many are named; the rest is summed up.
const NAMED: usize = 12;

/// The largest parts first. Empty: the file is no program or library that can be read.
pub(crate) fn shares(bytes: &[u8]) -> Vec<Share> {
    let Ok(file) = object::File::parse(bytes) else {
        return Vec::new();
    };
    let symbols = file
        .symbols()
        .filter(|symbol| symbol.is_definition() && symbol.size() > 0);
    let crates =
        sums(symbols.filter_map(|symbol| Some((owner(symbol.name().ok()?), symbol.size()))));
    let mut found: Vec<Share> = if crates.is_empty() {
        let sections = file.sections().filter(|section| {
            !matches!(
                section.kind(),
                SectionKind::UninitializedData | SectionKind::UninitializedTls
            )
        });
        sections
            .filter_map(|section| {
                Some(Share {
                    name: section.name().ok()?.to_owned(),
                    size: section.size(),
                })
            })
            .filter(|share| share.size > 0)
            .collect()
    } else {
        crates
            .into_iter()
            .map(|(name, size)| Share { name, size })
            .collect()
    };

    found.sort_by(|a, b| b.size.cmp(&a.size).then_with(|| a.name.cmp(&b.name)));
    if found.len() > NAMED {
        let rest = found.split_off(NAMED);
        let size = rest
            .iter()
            .fold(0u64, |sum, share| sum.saturating_add(share.size));
        found.push(Share {
            name: format!("{} others", rest.len()),
            size,
        });
    }

    found
}

/// What belongs to each crate. A file may claim any size.
fn sums(symbols: impl Iterator<Item = (String, u64)>) -> BTreeMap<String, u64> {
    let mut crates: BTreeMap<String, u64> = BTreeMap::new();
    for (name, size) in symbols {
        let sum = crates.entry(name).or_default();
        *sum = sum.saturating_add(size);
    }
    crates
}

/// The crate whose code or constant a symbol is.
fn owner(symbol: &str) -> String {
    let name = format!("{:#}", rustc_demangle::demangle(symbol));
    if name == symbol {
        return "C and the linker".to_owned();
    }
    // `<T as path::Trait>::method` belongs to T's crate, which is where it was made.
    let name = name.trim_start_matches(['<', '&', '*', '[', '(']);
    let name = name
        .strip_prefix("dyn ")
        .or_else(|| name.strip_prefix("mut "))
        .unwrap_or(name);
    let end = name
        .find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(name.len());
    match &name[..end] {
        "" => "other".to_owned(),
        primitive if !name[end..].starts_with("::") => format!("core ({primitive})"),
        krate => krate.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_belong_to_crates() {
        for (symbol, name) in [
            ("_ZN4core3fmt9Formatter3pad17h0123456789abcdefE", "core"),
            ("_RNvCs1234_7mycrate3foo", "mycrate"),
            ("main", "C and the linker"),
            ("shapes_area", "C and the linker"),
        ] {
            assert_eq!(owner(symbol), name, "{symbol}");
        }
    }

    #[test]
    fn a_symbol_may_claim_any_size() {
        let twice = ["a", "a"].map(|name| (name.to_owned(), u64::MAX));
        assert_eq!(sums(twice.into_iter())["a"], u64::MAX);
    }

    #[test]
    fn the_test_itself_is_a_program() {
        let own = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let shares = shares(&own);
        assert!(
            shares
                .iter()
                .any(|share| share.name == "core" || share.name.starts_with('.')),
            "{shares:?}"
        );
        assert!(
            shares
                .windows(2)
                .take(NAMED - 1)
                .all(|pair| pair[0].size >= pair[1].size),
            "{shares:?}"
        );
        assert_eq!(super::shares(b"no program"), []);
    }
}
