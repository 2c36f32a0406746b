//! The functions of a compiled program: its symbol table, and the names its debug information has
//! for what was inlined.

use std::collections::BTreeSet;

use object::{Object as _, ObjectSection as _, ObjectSymbol as _};

use crate::model::program::Functions;

/// What stands before the crate's name in the name of a compilation unit:
/// `src/lib.rs/@/smallvec.1f2e3d-cgu.0`.
const UNIT_MARK: &str = "/@/";

/// Reads the names in a program. `None` where it has no debug information or is of no known format:
/// then nothing is known.
pub fn functions_of(bytes: &[u8]) -> Option<Functions> {
    let file = object::File::parse(bytes).ok()?;
    let mut functions = Functions::default();
    let mut named = BTreeSet::new();
    for symbol in file.symbols() {
        if let Ok(name) = symbol.name() {
            add_symbol(name, &mut functions);
        }
    }
    // Inlined functions have no symbol; DWARF keeps their linkage names in its string section.
    let mut has_debug = false;
    for section in file.sections() {
        let Ok(name) = section.name() else { continue };
        if !name.ends_with("debug_str") {
            continue;
        }
        let data = section.uncompressed_data().ok()?;
        has_debug = true;
        for text in data.split(|byte| *byte == 0) {
            if let Ok(text) = std::str::from_utf8(text) {
                add_debug_name(text, &mut named, &mut functions);
            }
        }
    }
    // A symbol table alone misses what was inlined, so it proves no absence.
    functions.debug_only = named.difference(&functions.symbols).cloned().collect();
    let is_empty = functions.symbols.is_empty() && functions.debug_only.is_empty();
    (has_debug && !is_empty).then_some(functions)
}

fn add_symbol(name: &str, functions: &mut Functions) {
    match rustc_demangle::try_demangle(name) {
        Ok(demangled) => drop(functions.symbols.insert(format!("{demangled:#}"))),
        Err(_) => drop(
            functions
                .bare
                .insert(name.trim_start_matches('_').to_owned()),
        ),
    }
}

fn add_debug_name(text: &str, named: &mut BTreeSet<String>, functions: &mut Functions) {
    if let Ok(demangled) = rustc_demangle::try_demangle(text) {
        named.insert(format!("{demangled:#}"));
        return;
    }
    if let Some((_, unit)) = text.split_once(UNIT_MARK) {
        let library = unit.split('.').next().unwrap_or_default();
        functions.crates.insert(library.to_owned());
    }
}
