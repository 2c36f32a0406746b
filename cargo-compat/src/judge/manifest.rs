//! What manifests promise: features, the compiler's version, public dependencies, the library's
//! name.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::Package;
use semver::Version;

use super::version::is_compatible;
use super::{Bump, Change};
use crate::rules;

/// Compares two manifests.
pub fn changes(old: &Package, new: &Package) -> Vec<Change> {
    let mut found = Vec::new();
    for name in old
        .features
        .keys()
        .filter(|name| is_public(name) && !new.features.contains_key(*name))
    {
        let item = format!("feature {name}");
        found.push(Change::unproved(
            &rules::FEATURE_REMOVED,
            item,
            Bump::Major,
            format!("the feature `{name}` is gone"),
        ));
    }
    for name in old
        .features
        .keys()
        .filter(|name| is_public(name) && *name != "default" && new.features.contains_key(*name))
    {
        let (before, now) = (enabled(old, name), enabled(new, name));
        let known = |other: &&&str| is_public(other) && new.features.contains_key(**other);
        for other in before.difference(&now).filter(known) {
            let message = format!("the feature `{name}` no longer turns on `{other}`");
            found.push(Change::unproved(
                &rules::FEATURE_NARROWED,
                format!("feature {name}"),
                Bump::Major,
                message,
            ));
        }
        for other in now
            .difference(&before)
            .filter(|other| is_public(other) && old.features.contains_key(**other))
        {
            let message = format!("the feature `{name}` turns on `{other}` too");
            found.push(Change::unproved(
                &rules::EXTENDED,
                format!("feature {name}"),
                Bump::Minor,
                message,
            ));
        }
    }
    let (on_before, on_now) = (enabled(old, "default"), enabled(new, "default"));
    for name in on_before.iter().filter(|name| {
        **name != "default"
            && is_public(name)
            && new.features.contains_key(**name)
            && !on_now.contains(*name)
    }) {
        let message = format!("the feature `{name}` is no longer on by default");
        found.push(Change::unproved(
            &rules::FEATURE_DEFAULT,
            format!("feature {name}"),
            Bump::Major,
            message,
        ));
    }
    for name in new
        .features
        .keys()
        .filter(|name| is_public(name) && !old.features.contains_key(*name))
    {
        found.push(Change::unproved(
            &rules::ADDED,
            format!("feature {name}"),
            Bump::Minor,
            format!("the feature `{name}` is new"),
        ));
    }
    if let Some(now) = &new.rust_version
        && old.rust_version.as_ref().is_some_and(|before| before < now)
    {
        let before = old
            .rust_version
            .as_ref()
            .map_or("none".to_owned(), ToString::to_string);
        let mut change = Change::unproved(
            &rules::MSRV,
            "rust-version",
            Bump::Minor,
            format!("the minimum Rust version went from {before} to {now}"),
        );
        (change.before, change.after) = (before, now.to_string());
        found.push(change);
    }
    found
}

/// Features whose names say that nobody should rely on them are not.
fn is_public(name: &str) -> bool {
    !(name.starts_with('_') || name.starts_with("unstable") || name == "nightly")
}

/// Everything a feature turns on, itself included.
fn enabled<'a>(package: &'a Package, feature: &'a str) -> BTreeSet<&'a str> {
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

/// What a member of the workspace needs because another one, whose items show in its API, needs a
/// major bump.
pub fn carried(public: &BTreeSet<String>, major: &BTreeSet<String>) -> Vec<Change> {
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
