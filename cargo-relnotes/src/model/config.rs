//! `[relnotes]` of `release-gates.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::facts::FACT_NAMES;
use crate::model::sections::Destination;

/// The table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// Names of release tags with `{version}` in them; without it `v{version}`, `{version}`, and
    /// both behind the package's name.
    pub tag_patterns: Vec<String>,
    /// Where conventional types (and areas) go: `docs = "other"`, `ci = "hide"`.
    pub sections: BTreeMap<String, Destination>,
    /// Folders, relative to the repository, whose commits belong to the package besides its own.
    pub paths: Vec<String>,
    /// Facts a final release cannot do without; all of them unless said otherwise.
    pub required_facts: Option<Vec<String>>,
    /// Address of the project for links to issues; `package.repository` unless said otherwise.
    pub repository: Option<String>,
    /// Where to report a vulnerability, for SECURITY.md: an address or a link.
    pub security_contact: Option<String>,
    /// Whether people who contribute for the first time are pointed out (needs a walk through all
    /// history).
    pub first_timers: Option<bool>,
}

impl Config {
    /// Names of the required facts.
    ///
    /// # Errors
    /// A usage error for a name that is none.
    pub fn required(&self) -> release_gate::Result<Vec<String>> {
        let Some(names) = &self.required_facts else {
            return Ok(FACT_NAMES.iter().map(|name| (*name).to_owned()).collect());
        };
        for name in names {
            if !FACT_NAMES.contains(&name.as_str()) {
                return Err(release_gate::Error::usage(format!(
                    "[relnotes] required-facts names `{name}`, which is no fact"
                ))
                .with_help(format!("there are {}", FACT_NAMES.join(", "))));
            }
        }
        Ok(names.clone())
    }

    /// The address for links, if it is one that may be linked to.
    pub fn link_base(&self, of_package: Option<&str>) -> Option<String> {
        let url = self.repository.as_deref().or(of_package)?;
        let url = url.trim_end_matches('/').trim_end_matches(".git");
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._~/:".contains(c);
        (url.starts_with("https://") && url.chars().all(plain)).then(|| url.to_owned())
    }
}
