//! This tool's name, version and rules.

use release_gate::Tool;

use crate::rules::RULES;

/// This tool.
pub const TOOL: Tool = Tool {
    name: "cargo-sbom-lite",
    subcommand: "sbom-lite",
    version: env!("CARGO_PKG_VERSION"),
    rules: RULES,
};
