//! Exit codes of every gate; see [`release_gate_facts::exit`].

pub use release_gate_facts::exit::*;
