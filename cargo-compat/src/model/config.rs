//! What a project configures: `[compat]`.

use std::collections::BTreeMap;

use release_gate::Bump;
use serde::Deserialize;

/// `[compat]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Waivers.
    pub allow: Vec<Waiver>,
    /// The bump that changes of a rule need here, by rule.
    pub bumps: BTreeMap<String, Bump>,
    /// The same for items below a path.
    pub adjust: Vec<Adjustment>,
    /// Variables of the caller that builds get, besides cargo's flags and what builds are seen to
    /// read.
    pub pass_env: Vec<String>,
}

/// Another bump for changes below a path.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Adjustment {
    /// A path below the crate's root: it and everything below it.
    pub path: String,
    /// Only changes of this rule; empty: of all.
    pub rule: String,
    /// The bump they need.
    pub bump: Option<Bump>,
}

/// One waiver: it holds for exactly one rule and one item.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Waiver {
    /// Id of the rule.
    pub rule: String,
    /// The item, as reports name it.
    pub item: String,
    /// Why it is waived.
    pub reason: String,
}
