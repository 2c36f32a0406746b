//! What a manifest says that decides how a package is compared: its library, its features.

use std::collections::BTreeSet;

use cargo_metadata::{Package, Target};
use release_gate::SharedArgs;

use super::config::NamedSet;

/// The library target of a package, if it has one.
pub fn library(package: &Package) -> Option<&Target> {
    package
        .targets
        .iter()
        .find(|target| is_rust_library(target) || target.is_cdylib() || target.is_staticlib())
}

/// Whether Rust programs can use a library; others are for linkers alone.
pub fn is_rust_library(target: &Target) -> bool {
    target.is_lib() || target.is_proc_macro() || target.is_rlib() || target.is_dylib()
}

/// Which features are on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FeatureSet {
    /// As the command line says.
    Asked,
    /// The default ones.
    Default,
    /// None.
    Bare,
    /// All but those that by custom need a nightly compiler or are private, and but these.
    All(BTreeSet<String>),
    /// One feature, without the default ones.
    Only(String),
    /// What the configuration names.
    Named(NamedSet),
}

impl FeatureSet {
    /// What reports call it.
    pub fn label(&self) -> String {
        match self {
            Self::Asked => "as asked".to_owned(),
            Self::Default => "default features".to_owned(),
            Self::Bare => "no features".to_owned(),
            Self::All(without) if without.is_empty() => "all features".to_owned(),
            Self::All(without) => {
                let names: Vec<&str> = without.iter().map(String::as_str).collect();
                format!("all features but {}", names.join(", "))
            }
            Self::Only(name) => format!("feature {name} alone"),
            Self::Named(set) => named_label(set),
        }
    }

    /// What the command line asks for, else the default features.
    pub fn asked_or_default(args: &SharedArgs) -> Self {
        if args.feature_args().is_empty() {
            Self::Default
        } else {
            Self::Asked
        }
    }

    /// Everything a set turns on.
    pub fn enabled(&self, package: &Package) -> BTreeSet<String> {
        match self {
            Self::Asked | Self::Bare => BTreeSet::new(),
            Self::Default => closure(package, ["default".to_owned()]),
            Self::All(without) => closure(
                package,
                features_without(package, without)
                    .into_iter()
                    .chain(["default".to_owned()]),
            ),
            Self::Only(name) => closure(package, [name.clone()]),
            Self::Named(set) => {
                let default = set.default_features.then(|| "default".to_owned());
                closure(package, set.features.iter().cloned().chain(default))
            }
        }
        .into_iter()
        .filter(|name| name != "default")
        .collect()
    }

    /// The sets worth comparing: one if there are no features.
    pub fn worth_comparing(old: &Package, new: &Package, without: &BTreeSet<String>) -> Vec<Self> {
        let mut sets = vec![Self::Default];
        if !enables_all(old, without) || !enables_all(new, without) {
            sets.push(Self::All(without.clone()));
        }
        if default_closure(old).len() > 1 || default_closure(new).len() > 1 {
            sets.push(Self::Bare);
        }
        sets
    }
}

fn named_label(set: &NamedSet) -> String {
    let mut label = if set.features.is_empty() {
        "no features".to_owned()
    } else {
        format!("features {}", set.features.join(", "))
    };
    if set.default_features {
        label.push_str(" and the default ones");
    }
    if let Some(baseline) = &set.baseline_features {
        label.push_str(&format!(" (baseline: {})", baseline.join(", ")));
    }
    label
}

/// Whether the default features turn on every public one.
fn enables_all(package: &Package, without: &BTreeSet<String>) -> bool {
    let closure = default_closure(package);
    features_without(package, without)
        .iter()
        .all(|name| closure.contains(name))
}

/// Everything the default features turn on.
fn default_closure(package: &Package) -> BTreeSet<String> {
    closure(package, ["default".to_owned()])
}

/// Everything some features turn on, themselves included.
fn closure(package: &Package, names: impl IntoIterator<Item = String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = names.into_iter().collect();
    while let Some(name) = open.pop() {
        if let Some(values) = package.features.get(&name)
            && found.insert(name)
        {
            open.extend(values.iter().cloned());
        }
    }
    found
}

/// Public features that turn on none of some others.
pub fn features_without(package: &Package, without: &BTreeSet<String>) -> Vec<String> {
    let mut names = public_features(package);
    names.retain(|name| closure(package, [name.clone()]).is_disjoint(without));
    names
}

/// Features that a user of a stable compiler may ask for.
pub fn public_features(package: &Package) -> Vec<String> {
    package
        .features
        .keys()
        .filter(|name| !is_private_feature(package, name))
        .cloned()
        .collect()
}

fn is_private_feature(package: &Package, name: &str) -> bool {
    const BY_CUSTOM: [&str; 6] = [
        "nightly",
        "bench",
        "no_std",
        "default",
        "rustc-dep-of-std",
        "compiler_builtins",
    ];
    name.starts_with('_')
        || name.starts_with("unstable")
        || BY_CUSTOM.contains(&name)
        // Only the standard library's own build can turn these on.
        || package.dependencies.iter().any(|dependency| {
            dependency.name.starts_with("rustc-std-workspace")
                && dependency.rename.as_deref().unwrap_or(&dependency.name) == name
        })
}
