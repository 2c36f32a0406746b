//! What changed between two lockfiles.
//!
//! Must never: trust a name. A dependency that keeps its name and comes from somewhere else is
//! reported as such: that is how supply chains are attacked.

use std::collections::{BTreeMap, BTreeSet};

use release_gate_facts::Bump;
pub use release_gate_facts::report::relnotes::{OneSided, SourceChange, Updated};
use semver::Version;

/// One package of a lockfile.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Locked {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Where it comes from; `None` for packages of the workspace and path dependencies.
    pub source: Option<Source>,
    /// The exact revision of a git dependency.
    pub revision: Option<String>,
    /// The digest of its archive, where the lockfile holds one.
    pub checksum: Option<String>,
    /// Its dependencies.
    pub dependencies: Vec<Wanted>,
}

/// A dependency as a package of a lockfile names it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Name.
    pub name: String,
    /// Version.
    pub version: Version,
    /// Where it comes from, where the lockfile has to say so to tell two packages apart.
    pub source: Option<Source>,
}

impl Wanted {
    /// The package meant among those of this name and version.
    fn choose<'a>(&self, lock: &[&'a Locked]) -> Option<&'a Locked> {
        match lock {
            [one] => Some(one),
            many => many.iter().copied().find(|one| one.source == self.source),
        }
    }
}

impl Locked {
    /// What tells two states of a dependency apart: its version, and of a git dependency the
    /// revision.
    fn state(&self) -> State {
        (self.version.clone(), self.revision.clone())
    }
}

type State = (Version, Option<String>);

/// `1.2.3`, or `1.2.3 (0a1b2c3)` of a git dependency.
fn state_words((version, revision): &State) -> String {
    match revision {
        Some(revision) => format!("{version} ({})", revision.get(..7).unwrap_or(revision)),
        None => version.to_string(),
    }
}

/// Where a package comes from, without the exact revision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Source {
    /// `registry`, `git`, or whatever cargo calls it.
    pub kind: String,
    /// The address.
    pub url: String,
}

impl Source {
    /// How the public registry is called, however it was reached.
    pub const CRATES_IO: &'static str = "crates.io";

    /// Whether this is the public registry.
    pub fn is_public(&self) -> bool {
        self.kind == "registry" && self.url == Self::CRATES_IO
    }
}

/// The difference of two lockfiles, as far as one package is concerned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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

    /// Compares what a package pulls in, directly and through others; what only its tests need is
    /// nobody else's business.
    pub fn between(package: &str, before: Side<'_>, after: Side<'_>) -> Self {
        let old_packages = by_name(&reachable(package, before));
        let new_packages = by_name(&reachable(package, after));
        let names: BTreeSet<&String> = old_packages.keys().chain(new_packages.keys()).collect();
        let mut delta = Self::default();
        for name in names {
            let old = old_packages
                .get(name)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let new = new_packages
                .get(name)
                .map(Vec::as_slice)
                .unwrap_or_default();
            let is_direct = before.direct.contains(name) || after.direct.contains(name);
            delta.versions(name, old, new, is_direct);
            delta.sources(name, old, new);
            delta.contents(name, old, new);
            if new.len() > 1 && new.len() > old.len() {
                delta.new_duplicates.push(name.clone());
            }
        }
        delta
    }

    fn versions(&mut self, name: &str, old: &[Locked], new: &[Locked], direct: bool) {
        let old: BTreeSet<State> = old.iter().map(Locked::state).collect();
        let new: BTreeSet<State> = new.iter().map(Locked::state).collect();
        let mut gone: Vec<&State> = old.difference(&new).collect();
        let mut come: Vec<&State> = new.difference(&old).collect();

        // Compatible versions replace each other first; what is left is paired from the highest
        // down.
        let mut pairs: Vec<(&State, &State)> = Vec::new();
        for strict in [true, false] {
            let mut at = gone.len();
            while at > 0 {
                at -= 1;
                let partner = come
                    .iter()
                    .rposition(|state| !strict || is_compatible(gone[at], state));
                if let Some(partner) = partner {
                    pairs.push((gone.remove(at), come.remove(partner)));
                }
            }
        }

        pairs.sort();
        let removed = gone.into_iter().map(|state| one_sided(name, state, direct));
        self.removed.extend(removed);
        let added = come.into_iter().map(|state| one_sided(name, state, direct));
        self.added.extend(added);
        self.updated
            .extend(pairs.into_iter().map(|(from, to)| Updated {
                name: name.to_owned(),
                from: state_words(from),
                to: state_words(to),
                direct,
            }));
    }

    /// The same version from the same registry must be the same bytes.
    fn contents(&mut self, name: &str, old: &[Locked], new: &[Locked]) {
        for (from, to) in old
            .iter()
            .flat_map(|from| new.iter().map(move |to| (from, to)))
        {
            let is_same = from.version == to.version && from.source == to.source;
            if let Some(before) = &from.checksum
                && let Some(after) = &to.checksum
                && is_same
                && before != after
            {
                self.source_changes.push(SourceChange {
                    name: name.to_owned(),
                    from: with_digest(&from.version, before),
                    to: with_digest(&to.version, after),
                    leaves_registry: true,
                });
            }
        }
    }

    fn sources(&mut self, name: &str, old: &[Locked], new: &[Locked]) {
        let old: BTreeSet<&Option<Source>> = old.iter().map(|package| &package.source).collect();
        let new: BTreeSet<&Option<Source>> = new.iter().map(|package| &package.source).collect();
        if old.is_empty() || new.is_empty() {
            return;
        }
        for to in new.difference(&old) {
            let Some(from) = old
                .iter()
                .find(|from| !new.contains(*from))
                .or_else(|| old.iter().next())
            else {
                continue;
            };
            let leaves_registry = from.as_ref().is_some_and(|from| from.kind == "registry");
            self.source_changes.push(SourceChange {
                name: name.to_owned(),
                from: source_words(from),
                to: source_words(to),
                leaves_registry,
            });
        }
    }
}

/// Whether cargo may choose the one where the other is asked for.
fn is_compatible(a: &State, b: &State) -> bool {
    a.0 == b.0 || super::bump::step(&a.0, &b.0) != Bump::Major
}

fn one_sided(name: &str, state: &State, direct: bool) -> OneSided {
    OneSided {
        name: name.to_owned(),
        version: state_words(state),
        direct,
    }
}

fn with_digest(version: &Version, digest: &str) -> String {
    let start = digest.get(..12).unwrap_or(digest);
    format!("{version} with SHA-256 {start}…")
}

/// `registry crates.io`; `workspace` for packages of the project itself.
fn source_words(source: &Option<Source>) -> String {
    match source {
        Some(source) => format!("{} {}", source.kind, source.url),
        None => "workspace".to_owned(),
    }
}

fn by_name(packages: &[&Locked]) -> BTreeMap<String, Vec<Locked>> {
    let mut map: BTreeMap<String, Vec<Locked>> = BTreeMap::new();
    for package in packages {
        map.entry(package.name.clone())
            .or_default()
            .push((*package).clone());
    }
    map
}

/// One release's side of a comparison.
#[derive(Debug, Clone, Copy)]
pub struct Side<'a> {
    /// The lockfile.
    pub lock: &'a [Locked],
    /// Names of the packages the manifest asks for itself.
    pub direct: &'a BTreeSet<String>,
    /// Names of those only its tests need.
    pub tests_only: &'a BTreeSet<String>,
}

/// Everything a package of the workspace pulls in, tests aside; all of the lockfile where it does
/// not name the package.
pub fn reachable<'a>(package: &str, side: Side<'a>) -> Vec<&'a Locked> {
    let lock = side.lock;
    let mut index: BTreeMap<(&str, &Version), Vec<&Locked>> = BTreeMap::new();
    for one in lock {
        index
            .entry((one.name.as_str(), &one.version))
            .or_default()
            .push(one);
    }

    let Some(root) = lock
        .iter()
        .find(|one| one.name == package && one.source.is_none())
    else {
        return lock.iter().filter(|one| one.source.is_some()).collect();
    };

    // The same package may be wanted by many.
    let mut seen: BTreeSet<&Locked> = BTreeSet::from([root]);
    let mut queue = vec![root];
    let mut found = Vec::new();
    while let Some(one) = queue.pop() {
        let is_root = std::ptr::eq(one, root);
        for wanted in one
            .dependencies
            .iter()
            .filter(|wanted| !is_root || !side.tests_only.contains(&wanted.name))
        {
            let named = index.get(&(wanted.name.as_str(), &wanted.version));
            if let Some(next) = named.and_then(|all| wanted.choose(all))
                && seen.insert(next)
            {
                found.push(next);
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
            source: source.map(|(kind, url)| Source {
                kind: kind.to_owned(),
                url: url.to_owned(),
            }),
            revision: None,
            checksum: None,
            dependencies: dependencies
                .iter()
                .map(|(name, version)| Wanted {
                    name: (*name).to_owned(),
                    version: version.parse().unwrap(),
                    source: None,
                })
                .collect(),
        }
    }

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    static DIRECT: std::sync::LazyLock<BTreeSet<String>> =
        std::sync::LazyLock::new(|| names(&["a", "e"]));
    static NONE: BTreeSet<String> = BTreeSet::new();

    fn side(lock: &[Locked]) -> Side<'_> {
        Side {
            lock,
            direct: &DIRECT,
            tests_only: &NONE,
        }
    }

    const REGISTRY: Option<(&str, &str)> = Some(("registry", "r"));

    #[test]
    fn added_removed_updated_and_moved() {
        let before = [
            locked(
                "x",
                "1.0.0",
                None,
                &[
                    ("a", "1.0.0"),
                    ("b", "1.0.0"),
                    ("c", "1.0.0"),
                    ("d", "1.0.0"),
                ],
            ),
            locked("a", "1.0.0", REGISTRY, &[]),
            locked("b", "1.0.0", REGISTRY, &[]),
            locked("c", "1.0.0", REGISTRY, &[]),
            locked("d", "1.0.0", REGISTRY, &[]),
            locked("other", "1.0.0", REGISTRY, &[]),
        ];
        let after = [
            locked(
                "x",
                "1.1.0",
                None,
                &[("a", "1.0.1"), ("c", "1.0.0"), ("e", "1.0.0")],
            ),
            locked("a", "1.0.1", REGISTRY, &[("d", "1.0.0"), ("d", "2.0.0")]),
            locked("c", "1.0.0", Some(("git", "g")), &[]),
            locked("d", "1.0.0", REGISTRY, &[]),
            locked("d", "2.0.0", REGISTRY, &[]),
            locked("e", "1.0.0", REGISTRY, &[]),
        ];
        let delta = DependencyDelta::between("x", side(&before), side(&after));
        assert_eq!(
            delta.updated,
            [Updated {
                name: "a".into(),
                from: "1.0.0".into(),
                to: "1.0.1".into(),
                direct: true
            }]
        );
        assert_eq!(
            delta
                .removed
                .iter()
                .map(|one| one.name.as_str())
                .collect::<Vec<_>>(),
            ["b"]
        );
        assert_eq!(
            delta
                .added
                .iter()
                .map(|one| (one.name.as_str(), one.version.as_str()))
                .collect::<Vec<_>>(),
            [("d", "2.0.0"), ("e", "1.0.0")]
        );
        assert!(delta.source_changes[0].leaves_registry && delta.source_changes[0].name == "c");
        assert_eq!(delta.new_duplicates, ["d"]);
        assert!(DependencyDelta::between("x", side(&after), side(&after)).is_empty());
        // What only tests need is nobody else's business.
        let tests = names(&["a", "b", "d", "e"]);
        let delta = DependencyDelta::between(
            "x",
            Side {
                tests_only: &tests,
                ..side(&before)
            },
            Side {
                tests_only: &tests,
                ..side(&after)
            },
        );
        assert!(
            delta.updated.is_empty() && delta.added.is_empty() && delta.source_changes.len() == 1
        );
    }

    #[test]
    fn two_sources_of_one_version_are_told_apart() {
        let lock = [
            locked("x", "1.0.0", None, &[("lex", "0.6.0")]),
            locked("lex", "0.6.0", None, &[]),
            locked("lex", "0.6.0", REGISTRY, &[("old", "1.0.0")]),
            locked("old", "1.0.0", REGISTRY, &[]),
        ];
        let found = reachable("x", side(&lock));
        assert_eq!(found, [&lock[1]]);
    }

    #[test]
    fn a_git_revision_and_other_bytes_are_changes() {
        let git = |revision: &str| Locked {
            revision: Some(revision.to_owned()),
            ..locked("g", "1.0.0", Some(("git", "u")), &[])
        };
        let registry = |checksum: &str| Locked {
            checksum: Some(checksum.to_owned()),
            ..locked("r", "1.0.0", REGISTRY, &[])
        };
        let root = || locked("x", "1.0.0", None, &[("g", "1.0.0"), ("r", "1.0.0")]);
        let before = [root(), git("aaaaaaaaaa"), registry("11")];
        let after = [root(), git("bbbbbbbbbb"), registry("22")];
        let delta = DependencyDelta::between("x", side(&before), side(&after));
        assert_eq!(
            (delta.updated[0].from.as_str(), delta.updated.len()),
            ("1.0.0 (aaaaaaa)", 1)
        );
        assert!(delta.source_changes[0].leaves_registry && delta.source_changes[0].name == "r");
    }

    #[test]
    fn compatible_versions_replace_each_other() {
        let before = [
            locked("a", "1.0.0", REGISTRY, &[]),
            locked("a", "2.0.0", REGISTRY, &[]),
        ];
        let after = [
            locked("a", "1.0.5", REGISTRY, &[]),
            locked("a", "2.1.0", REGISTRY, &[]),
        ];
        let delta = DependencyDelta::between("x", side(&before), side(&after));
        let pairs: Vec<_> = delta
            .updated
            .iter()
            .map(|u| (u.from.as_str(), u.to.as_str()))
            .collect();
        assert_eq!(pairs, [("1.0.0", "1.0.5"), ("2.0.0", "2.1.0")]);
    }
}
