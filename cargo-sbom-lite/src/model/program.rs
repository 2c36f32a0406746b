//! What is known about the functions of compiled programs.

use std::collections::BTreeSet;

/// The names in programs: their symbol tables, and what debug information calls things.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Functions {
    /// Functions that have code of their own, by demangled name.
    pub symbols: BTreeSet<String>,
    /// Functions that only debug information names, by demangled name: inlined somewhere, or
    /// dropped by the linker.
    pub debug_only: BTreeSet<String>,
    /// Symbols that are not mangled.
    pub bare: BTreeSet<String>,
    /// Crates of which debug information has a compilation unit, by the names rustc knows them by.
    pub crates: BTreeSet<String>,
}

impl Functions {
    /// Adds the names of another program.
    pub fn extend(&mut self, other: Self) {
        self.symbols.extend(other.symbols);
        self.debug_only.extend(other.debug_only);
        self.bare.extend(other.bare);
        self.crates.extend(other.crates);
    }
}

/// How a function that an advisory names is written in the sources of its package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// As a function with Rust's own linkage.
    Plain,
    /// As a function whose symbol is not mangled, or with the linkage of C.
    Foreign,
    /// As a function that is inlined always, and has no symbol even without optimisation.
    Inlined,
    /// As a macro: it leaves no name of its own in a program.
    Macro,
    /// As another name of something: a re-export, a constant or a static.
    Alias,
    /// Not at all: it is re-exported from elsewhere, made by a macro, or called otherwise.
    Nowhere,
}

/// What has to be known of a package before it can be said that a function of it is not linked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageCode {
    /// The name of its library, as rustc knows it.
    pub library: String,
    /// Whether it links or builds a native library: debug information says nothing about that.
    pub is_native: bool,
    /// How each function of the advisory is written, by its last name.
    pub functions: Vec<(String, Written)>,
}
