//! The five gates, by name.

/// The cargo subcommands of all gates: also the names of their tables in the configuration.
pub const SUBCOMMANDS: &[&str] = &["repro", "sbom-lite", "sign", "compat", "relnotes"];
