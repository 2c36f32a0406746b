//! The table `repro` of the configuration.

use std::collections::BTreeMap;

use serde::Deserialize;

/// `[repro]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct Config {
    /// Commands that must pass in the sealed place before `build` builds; `[]` for none.
    pub(crate) checks: Option<Vec<String>>,
    /// Cargo profile; `release` without it.
    pub(crate) profile: Option<String>,
    /// What sealed builds hold still: `time`, `entropy`, `file-order`, `host`, `jobs`,
    /// `environment`, `path` …
    pub(crate) pin: Vec<String>,
    /// Variables of the caller's environment that builds may see.
    pub(crate) pass_env: Vec<String>,
    /// Arguments of the smoke test; `["--version"]` without it, `[]` turns it off.
    pub(crate) smoke: Option<Vec<String>>,
    /// Targets to build for where the command line names none: a list, or `"all"` for Linux, Windows
    /// and macOS on two processors each.
    pub(crate) targets: Option<Targets>,
    /// By target triple.
    pub(crate) target: BTreeMap<String, TargetConfig>,
}

/// `[repro.target.<triple>]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(crate) struct TargetConfig {
    /// Linker to use.
    pub(crate) linker: Option<String>,
    /// Program that runs executables of this target: `["qemu-aarch64", "-L",
    /// "/usr/aarch64-linux-gnu"]`.
    pub(crate) runner: Vec<String>,
}

/// The targets of `[repro] targets`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Three systems, two processors.
    All,
    These(Vec<String>),
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
                    other => Err(D::Error::custom(format!("`{other}` is no target"))),
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

    #[test]
    fn targets_are_a_list_or_all() {
        let read = |text: &str| toml::from_str::<Config>(text).map(|config| config.targets);
        assert_eq!(read("targets = \"all\"").unwrap(), Some(Targets::All));
        let these = Targets::These(vec!["a".to_owned()]);
        assert_eq!(read("targets = [\"a\"]").unwrap(), Some(these));
        assert!(read("targets = \"most\"").is_err() && read("targets = [1]").is_err());
    }
}
