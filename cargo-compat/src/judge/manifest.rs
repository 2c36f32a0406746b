//! What manifests promise: features, the compiler's version, public dependencies, the library's
//! name.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Package;
use release_gate::{Finding, Rule};
use semver::Version;

use crate::model::change::Change;
use crate::rules;
use release_gate::facts::bump::{Bump, is_compatible};

/// Compares two manifests.
///
/// `gates` says whether a feature of the new side turns anything on by itself: what gates nothing
/// is missed by nobody.
pub fn manifest_changes(old: &Package, new: &Package, gates: &dyn Fn(&str) -> bool) -> Vec<Change> {
    let mut found = Vec::new();
    found.extend(removed_features(old, new));
    found.extend(narrowed_features(old, new, gates));
    found.extend(features_off_by_default(old, new, gates));
    found.extend(added_features(old, new));
    found.extend(raised_rust_version(old, new));
    found
}

fn feature_change(rule: &'static Rule, name: &str, bump: Bump, message: String) -> Change {
    Change::unproved(rule, format!("feature {name}"), bump, message)
}

/// Names of features that one manifest has and the other lacks.
fn features_only_in<'a>(one: &'a Package, other: &'a Package) -> impl Iterator<Item = &'a String> {
    one.features
        .keys()
        .filter(|name| is_public(name) && !other.features.contains_key(*name))
}

fn removed_features(old: &Package, new: &Package) -> Vec<Change> {
    features_only_in(old, new)
        .map(|name| {
            let message = format!("the feature `{name}` is gone");
            feature_change(&rules::FEATURE_REMOVED, name, Bump::Major, message)
        })
        .collect()
}

fn added_features(old: &Package, new: &Package) -> Vec<Change> {
    features_only_in(new, old)
        .map(|name| {
            let message = format!("the feature `{name}` is new");
            feature_change(&rules::ADDED, name, Bump::Minor, message)
        })
        .collect()
}

/// What features turn on, and no longer or newly do.
fn narrowed_features(old: &Package, new: &Package, gates: &dyn Fn(&str) -> bool) -> Vec<Change> {
    let mut found = Vec::new();
    let kept = old
        .features
        .keys()
        .filter(|name| is_public(name) && *name != "default" && new.features.contains_key(*name));

    for name in kept {
        let before = enabled_by(old, name);
        let now = enabled_by(new, name);
        for other in before.difference(&now) {
            if is_public(other) && new.features.contains_key(*other) && gates(other) {
                let message = format!("the feature `{name}` no longer turns on `{other}`");
                let mut change =
                    feature_change(&rules::FEATURE_NARROWED, name, Bump::Major, message);
                (*other).clone_into(&mut change.before);
                found.push(change);
            }
        }
        for other in now.difference(&before) {
            if is_public(other) && old.features.contains_key(*other) {
                let message = format!("the feature `{name}` turns on `{other}` too");
                found.push(feature_change(&rules::EXTENDED, name, Bump::Minor, message));
            }
        }
    }

    found
}

fn features_off_by_default(
    old: &Package,
    new: &Package,
    gates: &dyn Fn(&str) -> bool,
) -> Vec<Change> {
    let now = enabled_by(new, "default");
    enabled_by(old, "default")
        .into_iter()
        .filter(|name| {
            *name != "default"
                && is_public(name)
                && new.features.contains_key(*name)
                && gates(name)
                && !now.contains(name)
        })
        .map(|name| {
            let message = format!("the feature `{name}` is no longer on by default");
            let mut change = feature_change(&rules::FEATURE_DEFAULT, name, Bump::Major, message);
            name.clone_into(&mut change.before);
            change
        })
        .collect()
}

fn raised_rust_version(old: &Package, new: &Package) -> Option<Change> {
    let before = old.rust_version.as_ref()?;
    let now = new.rust_version.as_ref()?;
    if before >= now {
        return None;
    }
    let mut change = Change::unproved(
        &rules::MSRV,
        "rust-version",
        Bump::Minor,
        format!("the minimum Rust version went from {before} to {now}"),
    );
    change.before = before.to_string();
    change.after = now.to_string();
    Some(change)
}

/// Features whose names say that nobody should rely on them are not.
fn is_public(name: &str) -> bool {
    !(name.starts_with('_') || name.starts_with("unstable") || name == "nightly")
}

/// Everything a feature turns on, itself included.
fn enabled_by<'a>(package: &'a Package, feature: &'a str) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    let mut open = vec![feature];
    while let Some(name) = open.pop() {
        if let Some((name, values)) = package.features.get_key_value(name)
            && found.insert(name.as_str())
        {
            open.extend(values.iter().map(String::as_str));
        }
    }
    found
}

/// Dependencies whose types show in the API, by the name programs know them by.
pub fn public_dependencies(
    old: &BTreeMap<String, (String, Version)>,
    new: &BTreeMap<String, (String, Version)>,
) -> Vec<Change> {
    let mut found = Vec::new();
    for (alias, (name, before)) in old {
        let Some((_, after)) = new.get(alias) else {
            continue;
        };
        if !is_compatible(before, after) {
            let message =
                format!("`{name}`, whose items are part of the API, went from {before} to {after}");
            let mut change = Change::unproved(
                &rules::PUBLIC_DEPENDENCY,
                format!("dependency {name}"),
                Bump::Major,
                message,
            );
            (change.before, change.after) = (before.to_string(), after.to_string());
            found.push(change);
        }
    }
    found
}

/// Packages that show in the API and may not.
pub fn dependencies_not_allowed(shown: &BTreeSet<String>, allowed: &[String]) -> Vec<Finding> {
    shown
        .iter()
        .filter(|name| !allowed.contains(name))
        .map(|name| {
            Finding::new(
                &rules::DEPENDENCY_NOT_ALLOWED,
                format!("items of `{name}` are part of the API"),
            )
            .help("keep them out of it, or add the crate to `public-dependencies` of `[compat]`")
            .evidence("package", name.clone())
        })
        .collect()
}

/// What a member of the workspace needs because another one, whose items show in its API, needs a
/// major bump.
pub fn carried_changes(public: &BTreeSet<String>, major: &BTreeSet<String>) -> Vec<Change> {
    public
        .intersection(major)
        .map(|name| {
            Change::unproved(
                &rules::PUBLIC_DEPENDENCY,
                format!("dependency {name}"),
                Bump::Major,
                format!("`{name}`, whose items are part of the API, needs a major bump itself"),
            )
        })
        .collect()
}
