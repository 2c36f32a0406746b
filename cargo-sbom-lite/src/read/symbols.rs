//! The functions of a compiled program: its symbol table, and the names its debug information has
//! for what was inlined.

use std::collections::BTreeSet;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

use crate::model::program::Functions;

/// Reads the demangled names of Rust functions. `None` where the program has been stripped or is of
/// no known format: then nothing is known.
pub fn functions_of(bytes: &[u8]) -> Option<Functions> {
    let file = object::File::parse(bytes).ok()?;
    let mut symbols = BTreeSet::new();
    let mut named = BTreeSet::new();
    for symbol in file.symbols() {
        if let Ok(name) = symbol.name() {
            add_name(name, &mut symbols);
        }
    }
    // Inlined functions have no symbol; DWARF keeps their linkage names in its string section.
    let mut debug = false;
    for section in file.sections() {
        let Ok(name) = section.name() else { continue };
        if name.ends_with("debug_str") {
            let Ok(data) = section.uncompressed_data() else {
                return None;
            };
            debug = true;
            for text in data.split(|byte| *byte == 0) {
                if let Ok(text) = std::str::from_utf8(text) {
                    add_name(text, &mut named);
                }
            }
        }
    }
    // A symbol table alone misses what was inlined, so it proves no absence.
    let debug_only: BTreeSet<String> = named.difference(&symbols).cloned().collect();
    (debug && !(symbols.is_empty() && debug_only.is_empty())).then_some(Functions {
        symbols,
        debug_only,
    })
}

fn add_name(mangled: &str, names: &mut BTreeSet<String>) {
    if let Ok(name) = rustc_demangle::try_demangle(mangled) {
        names.insert(format!("{name:#}"));
    }
}
