//! What a project configures: `[compat]`.

use serde::Deserialize;

/// `[compat]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Waivers.
    pub allow: Vec<Waiver>,
    /// Variables of the caller that builds get, besides cargo's flags and what builds are seen to
    /// read.
    pub pass_env: Vec<String>,
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
