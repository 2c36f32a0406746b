//! `watch.json`: what is known today about the lock files of past releases.

use serde::{Deserialize, Serialize};

use super::vulns::Hit;

/// The data of `watch.json`, which is printed and not kept.
///
/// ```
/// use release_gate_facts::report::watch::WatchData;
///
/// let data: WatchData = serde_json::from_str(
///     r#"{"releases": [{"tag": "v1.0.0", "packages": null, "advisories": []}]}"#,
/// )?;
/// assert_eq!(data.releases[0].packages, None);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchData {
    /// The releases that were looked at, newest first.
    pub releases: Vec<WatchedRelease>,
}

crate::report_data!(WatchData = "watch");

/// One release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WatchedRelease {
    /// Its tag.
    pub tag: String,
    /// Packages in its lock file; `null` where it has none that can be read.
    #[serde(deserialize_with = "crate::nullable")]
    pub packages: Option<u64>,
    /// What is known about them today.
    pub advisories: Vec<Hit>,
}
