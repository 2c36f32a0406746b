//! This tool, as `release-gate` knows its gates.

use release_gate::Tool;

use crate::rules::RULES;

/// `cargo repro`.
pub const TOOL: Tool = Tool {
    name: "cargo-repro",
    subcommand: "repro",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};
