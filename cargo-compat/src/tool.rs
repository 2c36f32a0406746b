//! Who this gate is: its name, its version, its rules.

use release_gate::Tool;

use crate::rules::RULES;

/// This tool.
pub const TOOL: Tool = Tool {
    name: "cargo-compat",
    subcommand: "compat",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};
