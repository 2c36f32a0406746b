//! What changed between two lockfiles.
//!
//! Must never: trust a name. A dependency that keeps its name and comes from somewhere else is reported as such: that
//! is how supply chains are attacked.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

/// One package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it comes from; `None` for packages of the workspace and path dependencies.
    pub source: Option<Source>,
    /// Its dependencies: name and version.
    pub dependencies: Vec<(String, Version)>,
}

/// Where a package comes from, without the exact revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// `registry`, `git`, or whatever cargo calls it.
    pub kind: &'static str,
    /// The address.
    pub url: String,
}

/// A package that is only on one side.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct OneSided {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether the package asks for it itself.
    pub direct: bool,
}

/// A package in another version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct Updated {
    /// Its name.
    pub name: String,
    /// Version before.
    pub from: String,
    /// Version now.
    pub to: String,
    /// Whether the package asks for it itself.
    pub direct: bool,
}

/// A package that comes from somewhere else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
pub struct SourceChange {
    /// Its name.
    pub name: String,
    /// Where it came from; `workspace` for packages of the project itself.
    pub from: String,
    /// Where it comes from now.
    pub to: String,
    /// Whether it left a registry: what it holds is no longer what everybody else gets under this name.
    pub leaves_registry: bool,
}

/// The difference of two lockfiles, as far as one package is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub struct DependencyDelta {
    /// New ones.
    pub added: Vec<OneSided>,
    /// Gone ones.
    pub removed: Vec<OneSided>,
    /// In another version.
    pub updated: Vec<Updated>,
    /// From somewhere else.
    pub source_changes: Vec<SourceChange>,
    /// Names locked in several versions now that were in fewer before.
    pub new_duplicates: Vec<String>,
}

impl DependencyDelta {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Compares what a package pulls in, directly and through others. `direct` are the names it asks for, now and before.
    pub fn between(package: &str, before: &[Locked], after: &[Locked], direct: &BTreeSet<String>) -> Self {
        let (before, after) = (by_name(&reachable(package, before)), by_name(&reachable(package, after)));
        let mut delta = Self::default();
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for name in names {
            let none = Vec::new();
            let (old, new) = (before.get(name).unwrap_or(&none), after.get(name).unwrap_or(&none));
            let is_direct = direct.contains(name);
            delta.versions(name, old, new, is_direct);
            delta.sources(name, old, new);
            if new.len() > 1 && new.len() > old.len() {
                delta.new_duplicates.push(name.clone());
            }
        }
        delta
    }

    fn versions(&mut self, name: &str, old: &[Locked], new: &[Locked], direct: bool) {
        let versions = |list: &[Locked]| -> BTreeSet<Version> {
            list.iter().map(|package| package.version.clone()).collect()
        };
        let (old, new) = (versions(old), versions(new));
        let mut gone: Vec<&Version> = old.difference(&new).collect();
        let mut come: Vec<&Version> = new.difference(&old).collect();
        // Compatible versions replace each other first; what is left is paired from the highest down.
        let compatible = |a: &Version, b: &Version| super::bump::step(a, b) != super::facts::Bump::Major;
        let mut pairs: Vec<(&Version, &Version)> = Vec::new();
        for strict in [true, false] {
            let mut at = gone.len();
            while at > 0 {
                at -= 1;
                let partner = come.iter().rposition(|version| !strict || compatible(gone[at], version));
                if let Some(partner) = partner {
                    pairs.push((gone.remove(at), come.remove(partner)));
                }
            }
        }
        pairs.sort();
        let one =
            |version: &Version| OneSided { name: name.to_owned(), version: version.to_string(), direct };
        self.removed.extend(gone.into_iter().map(one));
        self.added.extend(come.into_iter().map(one));
        self.updated.extend(pairs.into_iter().map(|(from, to)| Updated {
            name: name.to_owned(),
            from: from.to_string(),
            to: to.to_string(),
            direct,
        }));
    }

    fn sources(&mut self, name: &str, old: &[Locked], new: &[Locked]) {
        let sources = |list: &[Locked]| -> BTreeSet<Option<Source>> {
            list.iter().map(|package| package.source.clone()).collect()
        };
        let (old, new) = (sources(old), sources(new));
        if old.is_empty() || new.is_empty() {
            return;
        }
        let show = |source: &Option<Source>| {
            source.as_ref().map_or("workspace".to_owned(), |source| format!("{} {}", source.kind, source.url))
        };
        for to in new.difference(&old) {
            let Some(from) = old.iter().find(|from| !new.contains(*from)).or_else(|| old.iter().next())
            else {
                continue;
            };
            let leaves_registry = from.as_ref().is_some_and(|from| from.kind == "registry");
            self.source_changes.push(SourceChange {
                name: name.to_owned(),
                from: show(from),
                to: show(to),
                leaves_registry,
            });
        }
    }
}

fn by_name(packages: &[&Locked]) -> BTreeMap<String, Vec<Locked>> {
    let mut map: BTreeMap<String, Vec<Locked>> = BTreeMap::new();
    for package in packages {
        map.entry(package.name.clone()).or_default().push((*package).clone());
    }
    map
}

/// Everything a package of the workspace pulls in; all of the lockfile where it does not name the package.
pub fn reachable<'a>(package: &str, lock: &'a [Locked]) -> Vec<&'a Locked> {
    let index: BTreeMap<(&str, &Version), &Locked> =
        lock.iter().map(|one| ((one.name.as_str(), &one.version), one)).collect();
    let Some(root) = lock.iter().find(|one| one.name == package && one.source.is_none()) else {
        return lock.iter().filter(|one| one.source.is_some()).collect();
    };
    let (mut seen, mut queue, mut found) =
        (BTreeSet::from([(root.name.as_str(), &root.version)]), vec![root], Vec::new());
    while let Some(one) = queue.pop() {
        for (name, version) in &one.dependencies {
            if let Some(next) = index.get(&(name.as_str(), version))
                && seen.insert((next.name.as_str(), &next.version))
            {
                found.push(*next);
                queue.push(next);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn locked(
        name: &str,
        version: &str,
        source: Option<(&'static str, &str)>,
        dependencies: &[(&str, &str)],
    ) -> Locked {
        Locked {
            name: name.to_owned(),
            version: version.parse().unwrap(),
            source: source.map(|(kind, url)| Source { kind, url: url.to_owned() }),
            dependencies: dependencies
                .iter()
                .map(|(name, version)| ((*name).to_owned(), version.parse().unwrap()))
                .collect(),
        }
    }

    const REGISTRY: Option<(&str, &str)> = Some(("registry", "r"));

    #[test]
    fn added_removed_updated_and_moved() {
        let before = [
            locked("x", "1.0.0", None, &[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0"), ("d", "1.0.0")]),
            locked("a", "1.0.0", REGISTRY, &[]),
            locked("b", "1.0.0", REGISTRY, &[]),
            locked("c", "1.0.0", REGISTRY, &[]),
            locked("d", "1.0.0", REGISTRY, &[]),
            locked("other", "1.0.0", REGISTRY, &[]),
        ];
        let after = [
            locked("x", "1.1.0", None, &[("a", "1.0.1"), ("c", "1.0.0"), ("e", "1.0.0")]),
            locked("a", "1.0.1", REGISTRY, &[("d", "1.0.0"), ("d", "2.0.0")]),
            locked("c", "1.0.0", Some(("git", "g")), &[]),
            locked("d", "1.0.0", REGISTRY, &[]),
            locked("d", "2.0.0", REGISTRY, &[]),
            locked("e", "1.0.0", REGISTRY, &[]),
        ];
        let direct = BTreeSet::from(["a".to_owned(), "e".to_owned()]);
        let delta = DependencyDelta::between("x", &before, &after, &direct);
        assert_eq!(
            delta.updated,
            [Updated { name: "a".into(), from: "1.0.0".into(), to: "1.0.1".into(), direct: true }]
        );
        assert_eq!(delta.removed.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(
            delta.added.iter().map(|one| (one.name.as_str(), one.version.as_str())).collect::<Vec<_>>(),
            [("d", "2.0.0"), ("e", "1.0.0")]
        );
        assert!(delta.source_changes[0].leaves_registry && delta.source_changes[0].name == "c");
        assert_eq!(delta.new_duplicates, ["d"]);
        assert!(DependencyDelta::between("x", &after, &after, &direct).is_empty());
    }

    #[test]
    fn compatible_versions_replace_each_other() {
        let before = [locked("a", "1.0.0", REGISTRY, &[]), locked("a", "2.0.0", REGISTRY, &[])];
        let after = [locked("a", "1.0.5", REGISTRY, &[]), locked("a", "2.1.0", REGISTRY, &[])];
        let delta = DependencyDelta::between("x", &before, &after, &BTreeSet::new());
        let pairs: Vec<_> = delta.updated.iter().map(|u| (u.from.as_str(), u.to.as_str())).collect();
        assert_eq!(pairs, [("1.0.0", "1.0.5"), ("2.0.0", "2.1.0")]);
    }
}
