//! What a project configures: `[compat]`.

use std::collections::BTreeMap;

use release_gate::Bump;
use schemars::JsonSchema;
use serde::Deserialize;

/// `[compat]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Config {
    /// Breaking changes that you accept.
    pub allow: Vec<Waiver>,
    /// The bump that changes of a rule need in this project, by rule id.
    pub bumps: BTreeMap<String, Bump>,
    /// The bump that changes below a path need.
    pub adjust: Vec<Adjustment>,
    /// The crates whose items may be part of the API. Without it, all may.
    pub public_dependencies: Option<Vec<String>>,
    /// Features that are turned on in no set, as by `--exclude-features`.
    pub exclude_features: Vec<String>,
    /// Published packages (`bat@0.25`) and folders (`../bat`, from the project's) that use this
    /// crate: they are compiled against both sides.
    pub dependents: Vec<String>,
    /// Names of environment variables that builds may read, besides those of cargo and rustc.
    pub pass_env: Vec<String>,
}

/// Another bump for changes below a path.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Adjustment {
    /// A module or item, such as `parser::unstable`. It holds for everything below it, too.
    pub path: String,
    /// The rule it is limited to. Without it, every rule.
    pub rule: String,
    /// The bump they need.
    pub bump: Option<Bump>,
}

/// One waiver: it holds for exactly one rule and one item.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Waiver {
    /// Id of the rule, as the finding prints it in brackets.
    pub rule: String,
    /// The item, as the finding names it.
    pub item: String,
    /// Why you accept it. The release notes repeat it.
    pub reason: String,
}
