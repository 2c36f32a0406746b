//! Canonical JSON; see [`release_gate_facts::json`].

pub use release_gate_facts::json::*;
