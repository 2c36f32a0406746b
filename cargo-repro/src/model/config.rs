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
