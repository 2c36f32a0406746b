//! What `cargo sign keys` lists.

use serde::Serialize;

use crate::model::keyring::{Member, Quorum};

/// What `keys` lists.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Data {
    pub(crate) version: Option<u64>,
    pub(crate) threshold: Option<u32>,
    pub(crate) releases: Option<Quorum>,
    pub(crate) signatures: Option<usize>,
    pub(crate) keys: Vec<Listed>,
}

/// One key.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    name: String,
    pub(crate) fingerprint: String,
    status: &'static str,
    last_version: Option<String>,
    reason: Option<String>,
}

/// An entry of the keyring.
pub(crate) fn listed(member: &Member) -> Listed {
    let (status, last, reason) = match (&member.revoked, &member.retired_after) {
        (Some(revoked), _) => (
            "revoked",
            revoked.last_good_version.as_ref(),
            Some(revoked.reason.clone()),
        ),
        (None, Some(after)) => ("retired", Some(after), None),
        (None, None) => ("active", None, None),
    };
    let fingerprint = member
        .public()
        .map(|key| key.fingerprint())
        .unwrap_or_default();
    Listed {
        name: member.name.clone(),
        fingerprint,
        status,
        last_version: last.map(ToString::to_string),
        reason,
    }
}

/// The keys in columns.
pub(crate) fn human(data: &Data) -> String {
    let width = data
        .keys
        .iter()
        .map(|key| key.name.len())
        .max()
        .unwrap_or(0);
    let line = |key: &Listed| {
        let until = key
            .last_version
            .iter()
            .map(|last| format!(", good until {last}"));
        let reason = key
            .reason
            .iter()
            .map(|reason| format!(": {}", reason.escape_debug()));
        let more: String = until.chain(reason).collect();
        format!(
            "{:width$}  {}  {}{more}\n",
            key.name, key.fingerprint, key.status
        )
    };
    data.keys.iter().map(line).collect()
}
