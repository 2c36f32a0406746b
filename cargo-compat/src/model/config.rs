//! What a project configures: `[compat]`.

use std::collections::BTreeMap;

use cargo_metadata::Package;
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
    /// The sets of features that are compared, in place of all, the default ones and none.
    pub sets: Vec<NamedSet>,
    /// Names of environment variables that builds may read, besides those of cargo and rustc.
    pub pass_env: Vec<String>,
}

/// A set of features to compare.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct NamedSet {
    /// The package that it is for. Without it, every one that has the features.
    pub package: String,
    /// The features that are on.
    pub features: Vec<String>,
    /// Whether the default features are on, too.
    pub default_features: bool,
    /// Other features for the baseline, where they had other names. Without it, the same.
    pub baseline_features: Option<Vec<String>>,
}

impl NamedSet {
    /// Whether a package is compared with it.
    pub fn is_for(&self, package: &Package) -> bool {
        if !self.package.is_empty() {
            return package.name == self.package;
        }
        self.features
            .iter()
            .all(|name| name.contains('/') || package.features.contains_key(name))
    }
}

impl Default for NamedSet {
    fn default() -> Self {
        Self {
            package: String::new(),
            features: Vec::new(),
            default_features: true,
            baseline_features: None,
        }
    }
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
