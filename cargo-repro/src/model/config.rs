//! The table `repro` of the configuration.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// `[repro]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Commands that must pass in the sandbox before `build` builds: tests, lints. Without it, none.
    pub(crate) checks: Option<Vec<String>>,
    /// Cargo profile. Default: `release`.
    pub(crate) profile: Option<String>,
    /// Conditions that both builds keep equal, so that they are not varied: `time`, `entropy`,
    /// `file-order`, `host`, `jobs`, `environment`, `path` and others. The report names them.
    pub(crate) pin: Vec<String>,
    /// Names of environment variables that builds may read. All others are removed.
    pub(crate) pass_env: Vec<String>,
    /// Arguments with which each built program is started once. Default: `["--version"]`; `[]`
    /// starts none.
    pub(crate) smoke: Option<Vec<String>>,
    /// Targets to build for if the command line names none: a list, or `"all"` for Linux, Windows
    /// and macOS, each on x86-64 and Arm.
    pub(crate) targets: Option<Targets>,
    /// Settings for one target triple.
    pub(crate) target: BTreeMap<String, TargetConfig>,
}

/// `[repro.target.<triple>]`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct TargetConfig {
    /// Linker for this target.
    pub(crate) linker: Option<String>,
    /// Program that starts executables of this target, with its arguments, such as
    /// `["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]`.
    pub(crate) runner: Vec<String>,
}

/// The targets of `[repro] targets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Three systems, two processors.
    All,
    These(Vec<String>),
}

impl JsonSchema for Targets {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Targets".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "anyOf": [
                { "const": "all" },
                { "type": "array", "items": { "type": "string" } },
            ],
        })
    }
}

impl<'de> Deserialize<'de> for Targets {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        match toml::Value::deserialize(deserializer)? {
            toml::Value::String(word) if word == "all" => Ok(Self::All),
            toml::Value::Array(values) => values
                .into_iter()
                .map(|value| match value {
                    toml::Value::String(target) => Ok(target),
                    other => Err(D::Error::custom(format!("`{other}` is not a target"))),
                })
                .collect::<Result<_, _>>()
                .map(Self::These),
            other => Err(D::Error::custom(format!(
                "`targets` is a list of targets or \"all\", not {other}"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_targets(text: &str) -> Result<Option<Targets>, toml::de::Error> {
        toml::from_str::<Config>(text).map(|config| config.targets)
    }

    #[test]
    fn targets_are_a_list_or_all() {
        let all = read_targets("targets = \"all\"").unwrap();
        assert_eq!(all, Some(Targets::All));

        let these = Targets::These(vec!["a".to_owned()]);
        assert_eq!(read_targets("targets = [\"a\"]").unwrap(), Some(these));
        for wrong in ["targets = \"most\"", "targets = [1]"] {
            assert!(read_targets(wrong).is_err(), "{wrong}");
        }
    }
}
