//! What two manifests of a package say, and what changed for its users.
//!
//! Must never: compare what users cannot see. Dependencies are compared from lockfiles, the API by
//! another gate.

use std::collections::{BTreeMap, BTreeSet};

/// What a manifest says that users of a release are affected by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Manifest {
    /// `package.name`.
    pub name: String,
    /// `package.version`, empty where missing.
    pub version: String,
    /// `package.rust-version`.
    pub rust_version: Option<String>,
    /// `package.edition`.
    pub edition: Option<String>,
    /// Features with what they turn on, sorted.
    pub features: BTreeMap<String, BTreeSet<String>>,
    /// Names of binaries that are declared; the default one is not among them.
    pub bins: BTreeSet<String>,
    /// `package.repository`.
    pub repository: Option<String>,
    /// Direct dependencies by package name, those of tests aside.
    pub direct: BTreeSet<String>,
    /// Package names of dependencies only tests need.
    pub tests_only: BTreeSet<String>,
}

/// A value before and after.
pub use release_gate_facts::report::relnotes::ValueChange as Change;

impl Manifest {
    /// What the feature `default` turns on.
    fn default_features(&self) -> BTreeSet<String> {
        self.features.get("default").cloned().unwrap_or_default()
    }
}

/// What the first set has and the second does not.
fn only_in(these: &BTreeSet<String>, others: &BTreeSet<String>) -> BTreeSet<String> {
    these.difference(others).cloned().collect()
}

/// The numbers of `1.70` or `1.70.1`; missing ones are zero, as cargo reads them.
fn rust_numbers(version: &str) -> [u64; 3] {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    [(); 3].map(|()| parts.next().unwrap_or(0))
}

fn change_between(before: Option<&String>, after: Option<&String>) -> Option<Change> {
    (before != after).then(|| Change {
        before: before.cloned(),
        after: after.cloned(),
    })
}

/// What changed for users between two manifests.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ManifestDelta {
    /// `rust-version`.
    pub rust_version: Option<Change>,
    /// `edition`.
    pub edition: Option<Change>,
    /// Features that are new.
    pub features_added: BTreeSet<String>,
    /// Features that are gone.
    pub features_removed: BTreeSet<String>,
    /// What `default` turns on now and did not before.
    pub default_added: BTreeSet<String>,
    /// What `default` turned on and does not any more.
    pub default_removed: BTreeSet<String>,
    /// Declared binaries that are new.
    pub bins_added: BTreeSet<String>,
    /// Declared binaries that are gone.
    pub bins_removed: BTreeSet<String>,
}

impl ManifestDelta {
    /// Compares.
    pub fn between(before: &Manifest, after: &Manifest) -> Self {
        let old: BTreeSet<String> = before.features.keys().cloned().collect();
        let new: BTreeSet<String> = after.features.keys().cloned().collect();
        let old_default = before.default_features();
        let new_default = after.default_features();
        Self {
            rust_version: change_between(before.rust_version.as_ref(), after.rust_version.as_ref()),
            edition: change_between(before.edition.as_ref(), after.edition.as_ref()),
            features_added: only_in(&new, &old),
            features_removed: only_in(&old, &new),
            default_added: only_in(&new_default, &old_default),
            default_removed: only_in(&old_default, &new_default),
            bins_added: only_in(&after.bins, &before.bins),
            bins_removed: only_in(&before.bins, &after.bins),
        }
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The raised `rust-version`, `1.70`, where it was raised or is said for the first time.
    pub fn raised_rust_version(&self) -> Option<&str> {
        let change = self.rust_version.as_ref()?;
        let after = change.after.as_deref()?;
        let raised = change
            .before
            .as_deref()
            .is_none_or(|before| rust_numbers(before) < rust_numbers(after));
        raised.then_some(after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changed() {
        let set = |names: &[&str]| {
            names
                .iter()
                .map(|name| (*name).to_owned())
                .collect::<BTreeSet<_>>()
        };

        let manifest = |rust: Option<&str>, features: &[(&str, &[&str])]| Manifest {
            rust_version: rust.map(str::to_owned),
            features: features
                .iter()
                .map(|(name, list)| ((*name).to_owned(), set(list)))
                .collect(),
            ..Manifest::default()
        };

        let delta = ManifestDelta::between(
            &manifest(Some("1.9"), &[("default", &["a"]), ("a", &[])]),
            &manifest(Some("1.70"), &[("default", &["b"]), ("b", &[])]),
        );

        assert_eq!(delta.raised_rust_version(), Some("1.70"));
        assert_eq!(
            (delta.features_added, delta.features_removed),
            (set(&["b"]), set(&["a"]))
        );

        assert_eq!(
            (delta.default_added, delta.default_removed),
            (set(&["b"]), set(&["a"]))
        );

        let lowered =
            ManifestDelta::between(&manifest(Some("1.70"), &[]), &manifest(Some("1.60"), &[]));
        assert_eq!(lowered.raised_rust_version(), None);
        let same =
            ManifestDelta::between(&manifest(Some("1.70"), &[]), &manifest(Some("1.70.0"), &[]));
        assert_eq!(same.raised_rust_version(), None);
        assert!(ManifestDelta::between(&manifest(None, &[]), &manifest(None, &[])).is_empty());
    }
}
