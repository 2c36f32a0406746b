//! Which tool this is.

use release_gate::Tool;

use crate::rules::RULES;

/// This tool.
pub const TOOL: Tool = Tool {
    name: "cargo-sign",
    subcommand: "sign",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};
