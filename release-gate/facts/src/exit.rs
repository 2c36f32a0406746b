//! Exit codes: the whole set, documented, never reused.
//!
//! Every gate ends with one of these and no other. The numbers 100 and 101 are
//! those of `cargo-semver-checks` and cargo itself, so that scripts written for them keep working.

/// The gate passed: there is no finding at deny level.
pub const PASS: u8 = 0;

/// Wrong usage or configuration: the command line or `release-gates.toml` has to change.
pub const USAGE: u8 = 2;

/// The gate failed: at least one finding at deny level.
pub const FAIL: u8 = 100;

/// The gate could not judge: a build failed, or an input is missing, stale or unreadable. Never
/// counts as a pass.
pub const ERROR: u8 = 101;
