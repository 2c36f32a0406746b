//! What `cargo sign keys` lists.

use release_gate_facts::report::keys::{KeyStatus, KeysData, ProjectKey, ReleaseQuorum};

use crate::model::keyring::{Member, Quorum};

/// How many have to sign a release.
pub(crate) fn quorum(quorum: &Quorum) -> ReleaseQuorum {
    ReleaseQuorum {
        from: quorum.from.to_string(),
        threshold: quorum.threshold,
    }
}

/// An entry of the keyring.
pub(crate) fn listed(member: &Member) -> ProjectKey {
    let (status, last, reason) = match (&member.revoked, &member.retired_after) {
        (Some(revoked), _) => (
            KeyStatus::Revoked,
            revoked.last_good_version.as_ref(),
            Some(revoked.reason.clone()),
        ),
        (None, Some(after)) => (KeyStatus::Retired, Some(after), None),
        (None, None) => (KeyStatus::Active, None, None),
    };
    let fingerprint = member
        .public()
        .map(|key| key.fingerprint())
        .unwrap_or_default();
    ProjectKey {
        name: member.name.clone(),
        fingerprint,
        status,
        last_version: last.map(ToString::to_string),
        reason,
    }
}

/// The keys in columns.
pub(crate) fn human(data: &KeysData) -> String {
    let width = data
        .keys
        .iter()
        .map(|key| key.name.len())
        .max()
        .unwrap_or(0);

    data.keys.iter().map(|key| line(key, width)).collect()
}

fn line(key: &ProjectKey, width: usize) -> String {
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
        key.name,
        key.fingerprint,
        key.status.as_str()
    )
}
