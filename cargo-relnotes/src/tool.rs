//! Which tool this is.

use release_gate::Tool;

use crate::rules;

/// The name, the version and the rules of `cargo relnotes`.
pub const TOOL: Tool = Tool {
    name: "cargo-relnotes",
    subcommand: "relnotes",
    version: env!("CARGO_PKG_VERSION"),
    rules: rules::RULES,
};
