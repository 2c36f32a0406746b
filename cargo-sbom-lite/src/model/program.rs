//! What is known about a compiled program's functions.

use std::collections::BTreeSet;

/// The functions of a program, by demangled name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Functions {
    /// Those that have code of their own.
    pub symbols: BTreeSet<String>,
    /// Those that only debug information names: inlined somewhere, or dropped by the linker.
    pub debug_only: BTreeSet<String>,
}
