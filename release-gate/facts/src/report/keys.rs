//! `keys.json`: the keys that may sign a project's releases.

use serde::{Deserialize, Serialize};

/// The data of what `cargo sign keys` prints.
///
/// ```
/// use release_gate_facts::report::keys::{KeyStatus, KeysData};
/// use release_gate_facts::{Envelope, Fact};
///
/// // Whether a key may sign new releases.
/// fn is_active(fact: &Fact<Envelope<KeysData>>, fingerprint: &str) -> bool {
///     let keys = fact.usable().into_iter().flat_map(|report| &report.data.keys);
///     keys.filter(|key| key.fingerprint == fingerprint)
///         .any(|key| key.status == KeyStatus::Active)
/// }
/// # assert!(!is_active(&Fact::Missing, "SHA256:x"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct KeysData {
    /// Version of the keyring; `null` where there is none.
    #[serde(deserialize_with = "crate::nullable")]
    pub version: Option<u64>,
    /// How many different keys have to sign the next version of the keyring.
    #[serde(deserialize_with = "crate::nullable")]
    pub threshold: Option<u32>,
    /// How many different keys have to sign a release, where it is more than one.
    #[serde(deserialize_with = "crate::nullable")]
    pub releases: Option<ReleaseQuorum>,
    /// How many keys signed this version of the keyring.
    #[serde(deserialize_with = "crate::nullable")]
    pub signatures: Option<u64>,
    /// The keys, in the order in which they were added.
    pub keys: Vec<ProjectKey>,
}

crate::report_data!(KeysData = "keys");

/// How many different keys have to sign a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ReleaseQuorum {
    /// The first version this is asked of.
    pub from: String,
    /// How many.
    pub threshold: u32,
}

/// One key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProjectKey {
    /// Who holds it, or the file it lies in.
    pub name: String,
    /// `SHA256:…`, as `ssh-keygen -lf` shows it.
    pub fingerprint: String,
    /// Whether it may sign.
    pub status: KeyStatus,
    /// The last version it may have signed, where it may sign no new one.
    #[serde(deserialize_with = "crate::nullable")]
    pub last_version: Option<String>,
    /// Why it was revoked.
    #[serde(deserialize_with = "crate::nullable")]
    pub reason: Option<String>,
}

/// Whether a key may sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum KeyStatus {
    /// It may sign.
    Active,
    /// It may sign no new release; those it signed hold.
    Retired,
    /// It was stolen or lost; what it signed after its last good version does not hold.
    Revoked,
}

impl KeyStatus {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Retired => "retired",
            Self::Revoked => "revoked",
        }
    }
}
