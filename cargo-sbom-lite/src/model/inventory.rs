//! The inventory: which packages are in an artifact, which only helped to build it, and how they
//! depend on each other.
//!
//! Built from cargo's unit graph; from the dependency graph of `cargo metadata` only where cargo
//! gives no unit graph, and then the inventory says so.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, Metadata, Package};
use release_gate::text::collapse_white_space;

use super::license::License;
use super::purl::purl;
use super::source::{Source, source_of};
use super::unit_graph::{Unit, UnitGraph};
use super::url::{is_anonymous, public_url};

/// SHA-256 of `.crate` archives, by name, version and source as Cargo.lock spells it.
pub type Checksums = BTreeMap<(String, String, String), String>;

/// Who a package is got from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Supplier {
    /// A registry or host.
    Organization(String),
    /// Its authors.
    Person(String),
}

/// What a package is to the artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Compiled into it.
    Shipped,
    /// Only in a build script or procedural macro that ran.
    BuildTime,
}

/// One package of the build.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Package name.
    pub name: String,
    /// Version.
    pub version: String,
    /// Where it comes from.
    pub source: Source,
    /// What it is to the artifact.
    pub role: Role,
    /// SHA-256 of its `.crate` archive, from Cargo.lock.
    pub sha256: Option<String>,
    /// Its licence.
    pub license: License,
    /// Authors, as the manifest has them.
    pub authors: Vec<String>,
    /// One-line description.
    pub description: Option<String>,
    /// Source repository.
    pub repository: Option<String>,
    /// Home page.
    pub homepage: Option<String>,
    /// The native library its build script links, from `links`.
    pub links: Option<String>,
    /// Whether it is never published (`publish = false`).
    pub is_private: bool,
    /// Whether it has a program, rather than a library alone.
    pub has_program: bool,
    /// Features enabled, over all its units.
    pub features: BTreeSet<String>,
    /// Triples it is built for; `host` for the host.
    pub platforms: BTreeSet<String>,
    /// Package URLs of the packages it needs.
    pub needs: BTreeSet<String>,
}

impl Component {
    /// A component that has nothing but a name and a licence.
    #[cfg(test)]
    pub(crate) fn for_tests(name: &str, license: License) -> Self {
        Self {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
            source: Source::CratesIo,
            role: Role::Shipped,
            sha256: None,
            license,
            authors: Vec::new(),
            description: None,
            repository: None,
            homepage: None,
            links: None,
            is_private: false,
            has_program: false,
            features: BTreeSet::new(),
            platforms: BTreeSet::new(),
            needs: BTreeSet::new(),
        }
    }

    /// Who distributes it: the registry, the host of its repository, or the authors of a package
    /// that is at hand. `None`: nobody says.
    pub fn supplier(&self) -> Option<Supplier> {
        let host = |url: &str| {
            let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
            let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
            let host = host.rsplit('@').next().unwrap_or_default();
            // A place that must not be named names no supplier.
            (!host.is_empty() && !is_anonymous(url))
                .then(|| Supplier::Organization(host.to_owned()))
        };
        match &self.source {
            Source::CratesIo => Some(Supplier::Organization("crates.io".to_owned())),
            Source::Registry(url) | Source::Git { url, .. } => host(url),
            Source::Path(_) => {
                (!self.authors.is_empty()).then(|| Supplier::Person(self.authors.join(", ")))
            }
        }
    }

    /// Its package URL, which is also its reference in documents.
    pub fn purl(&self) -> String {
        purl(&self.name, &self.version, &self.source)
    }
}

/// Everything in the build of one package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inventory {
    /// The package itself.
    pub main: Component,
    /// All others, by package URL.
    pub components: BTreeMap<String, Component>,
    /// Whether it was made without the unit graph.
    pub approximate: bool,
}

/// A unit graph names a package that `cargo metadata` does not.
#[derive(Debug, thiserror::Error)]
#[error("cargo's unit graph names the package `{0}`, which its metadata does not")]
pub struct UnknownPackage(String);

/// What is known about packages beside the graph: where an inventory takes names and licences from.
#[derive(Debug, Clone, Copy)]
pub struct PackageFacts<'a> {
    /// `cargo metadata`, dependencies included.
    pub metadata: &'a Metadata,
    /// Checksums of Cargo.lock.
    pub checksums: &'a Checksums,
    /// Registries that serve what crates.io does.
    pub mirrors: &'a [String],
}

/// Node of the graph that roles are computed on.
struct Node<'a> {
    id: &'a str,
    build_time: bool,
    features: Vec<&'a str>,
    /// Triples; empty for the host.
    platforms: Vec<&'a str>,
    needs: Vec<usize>,
}

impl Inventory {
    /// The inventory of `package` by cargo's unit graph, which may be one of several packages.
    ///
    /// # Errors
    /// The graph and the metadata are not of the same project.
    pub fn from_units(
        facts: PackageFacts<'_>,
        package: &Package,
        graph: &UnitGraph,
    ) -> Result<Self, UnknownPackage> {
        let nodes: Vec<Node<'_>> = graph
            .units
            .iter()
            .map(|unit| Node {
                id: &unit.pkg_id,
                build_time: unit.is_build_time() && !is_product_macro(unit, package),
                features: unit.features.iter().map(String::as_str).collect(),
                platforms: unit.platform.as_deref().into_iter().collect(),
                needs: unit.dependencies.iter().map(|dep| dep.index).collect(),
            })
            .collect();
        let roots: Vec<usize> = graph
            .roots
            .iter()
            .copied()
            .filter(|root| graph.units[*root].pkg_id == package.id.repr)
            .collect();
        Self::build(facts, package, &nodes, &roots, false)
    }

    /// The approximate inventory of `package` by the dependency graph. What is shipped is built for
    /// `targets` (empty: the host), what runs at build time for the host.
    ///
    /// # Errors
    /// The metadata has no resolved graph.
    pub fn from_metadata(
        facts: PackageFacts<'_>,
        package: &Package,
        targets: &[String],
    ) -> Result<Self, UnknownPackage> {
        let resolve = facts
            .metadata
            .resolve
            .as_ref()
            .ok_or_else(|| UnknownPackage(package.id.repr.clone()))?;
        let macros: BTreeSet<&str> = facts
            .metadata
            .packages
            .iter()
            .filter(|other| other.id != package.id)
            .filter(|other| other.targets.iter().any(|target| target.is_proc_macro()))
            .map(|other| other.id.repr.as_str())
            .collect();
        let index: BTreeMap<&str, usize> = resolve
            .nodes
            .iter()
            .enumerate()
            .map(|(n, node)| (node.id.repr.as_str(), n))
            .collect();
        let root = index
            .get(package.id.repr.as_str())
            .copied()
            .ok_or_else(|| UnknownPackage(package.id.repr.clone()))?;

        // A package needed by another's build script appears a second time, as a node that runs at
        // build time.
        let count = resolve.nodes.len();
        let mut nodes = Vec::with_capacity(count * 2);
        for offset in [0, count] {
            for node in &resolve.nodes {
                let build_time = offset > 0 || macros.contains(node.id.repr.as_str());
                nodes.push(Node {
                    id: &node.id.repr,
                    build_time,
                    features: node
                        .features
                        .iter()
                        .map(|feature| feature.as_str())
                        .collect(),
                    platforms: if build_time {
                        Vec::new()
                    } else {
                        targets.iter().map(String::as_str).collect()
                    },
                    needs: needs_of(node, &index, offset, count),
                });
            }
        }
        Self::build(facts, package, &nodes, &[root], true)
    }

    fn build(
        facts: PackageFacts<'_>,
        package: &Package,
        nodes: &[Node<'_>],
        roots: &[usize],
        approximate: bool,
    ) -> Result<Self, UnknownPackage> {
        let shipped = reach(nodes, roots, |node| !node.build_time);
        let reached = reach(nodes, roots, |_| true);
        let by_id: BTreeMap<&str, &Package> = facts
            .metadata
            .packages
            .iter()
            .map(|package| (package.id.repr.as_str(), package))
            .collect();

        let mut components: BTreeMap<&str, Component> = BTreeMap::new();
        for index in &reached {
            let node = &nodes[*index];
            let known = by_id
                .get(node.id)
                .ok_or_else(|| UnknownPackage(node.id.to_owned()))?;
            let component = components
                .entry(node.id)
                .or_insert_with(|| component(facts, known));
            if shipped.contains(index) {
                component.role = Role::Shipped;
            }
            component
                .features
                .extend(node.features.iter().map(|feature| (*feature).to_owned()));
            add_platforms(component, node);
        }
        add_needs(&mut components, nodes, &reached);

        // A package of nothing but tests and examples has no unit in a build of its artifacts.
        let mut main = components
            .remove(package.id.repr.as_str())
            .unwrap_or_else(|| component(facts, package));
        main.role = Role::Shipped;
        Ok(Self {
            main,
            components: components.into_values().map(|c| (c.purl(), c)).collect(),
            approximate,
        })
    }

    /// The package itself and all others.
    pub fn all(&self) -> impl Iterator<Item = &Component> {
        std::iter::once(&self.main).chain(self.components.values())
    }

    /// The shortest way from the main package to a component, by name and version, both ends
    /// included.
    pub fn path_to(&self, purl: &str) -> Vec<String> {
        let main = self.main.purl();
        let mut from: BTreeMap<&str, &str> = BTreeMap::new();
        let mut queue = std::collections::VecDeque::from([main.as_str()]);
        while let Some(here) = queue.pop_front() {
            let component = if here == main {
                Some(&self.main)
            } else {
                self.components.get(here)
            };
            for need in component.into_iter().flat_map(|component| &component.needs) {
                if need != &main && !from.contains_key(need.as_str()) {
                    from.insert(need, here);
                    queue.push_back(need);
                }
            }
        }

        let mut path = Vec::new();
        let mut here = purl;
        while here != main {
            let Some(component) = self.components.get(here) else {
                return Vec::new();
            };
            path.push(format!("{} {}", component.name, component.version));
            let Some(next) = from.get(here) else {
                return Vec::new();
            };
            here = next;
        }

        path.push(format!("{} {}", self.main.name, self.main.version));
        path.reverse();

        path
    }
}

/// Whether a unit is the product itself where the product is a procedural macro: then it is no help
/// to build something else, and what it is linked from is shipped.
fn is_product_macro(unit: &Unit, package: &Package) -> bool {
    unit.pkg_id == package.id.repr
        && unit.mode == "build"
        && unit.target.kind.iter().any(|kind| kind == "proc-macro")
}

/// The nodes that a node of the dependency graph needs.
fn needs_of(
    node: &cargo_metadata::Node,
    index: &BTreeMap<&str, usize>,
    offset: usize,
    count: usize,
) -> Vec<usize> {
    let mut needs = Vec::new();
    for dep in &node.deps {
        let Some(target) = index.get(dep.pkg.repr.as_str()) else {
            continue;
        };
        for kind in &dep.dep_kinds {
            match kind.kind {
                DependencyKind::Normal => needs.push(target + offset),
                DependencyKind::Build => needs.push(target + count),
                _ => {}
            }
        }
    }
    needs
}

fn add_platforms(component: &mut Component, node: &Node<'_>) {
    if node.platforms.is_empty() {
        component.platforms.insert("host".to_owned());
    }
    component
        .platforms
        .extend(node.platforms.iter().map(|platform| (*platform).to_owned()));
}

fn add_needs(
    components: &mut BTreeMap<&str, Component>,
    nodes: &[Node<'_>],
    reached: &BTreeSet<usize>,
) {
    let purls: BTreeMap<String, String> = components
        .iter()
        .map(|(id, component)| ((*id).to_owned(), component.purl()))
        .collect();
    for index in reached {
        let node = &nodes[*index];
        let needs: Vec<String> = node
            .needs
            .iter()
            .map(|need| nodes[*need].id)
            .filter(|id| *id != node.id)
            .filter_map(|id| purls.get(id).cloned())
            .collect();
        if let Some(component) = components.get_mut(node.id) {
            component.needs.extend(needs);
        }
    }
}

/// Indices reachable from the roots through nodes that `enter` lets in.
fn reach(
    nodes: &[Node<'_>],
    roots: &[usize],
    enter: impl Fn(&Node<'_>) -> bool,
) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut stack: Vec<usize> = roots.to_vec();
    while let Some(index) = stack.pop() {
        if enter(&nodes[index]) && seen.insert(index) {
            stack.extend(&nodes[index].needs);
        }
    }
    seen
}

fn component(facts: PackageFacts<'_>, package: &Package) -> Component {
    let version = package.version.to_string();
    let source = source_of(facts.metadata, package, facts.mirrors);
    let sha256 = match source {
        Source::CratesIo | Source::Registry(_) => checksum(package, facts.checksums),
        Source::Git { .. } | Source::Path(_) => None,
    };

    Component {
        name: package.name.to_string(),
        version,
        source,
        role: Role::BuildTime,
        sha256,
        license: License::new(
            package.license.as_deref(),
            package
                .license_file
                .as_ref()
                .map(|path| public_file(path.as_str())),
        ),
        authors: package.authors.clone(),
        description: package.description.as_deref().map(collapse_white_space),
        repository: package.repository.as_deref().and_then(public_url),
        homepage: package.homepage.as_deref().and_then(public_url),
        links: package.links.clone(),
        is_private: package.publish.as_ref().is_some_and(Vec::is_empty),
        has_program: package.targets.iter().any(|target| target.is_bin()),
        features: BTreeSet::new(),
        platforms: BTreeSet::new(),
        needs: BTreeSet::new(),
    }
}

/// A file as the manifest names it; of one outside the package only its own name, since the rest
/// says where on this machine it is.
fn public_file(path: &str) -> &str {
    let is_inside = !path.starts_with(['/', '\\']) && !path.contains("..") && !path.contains(':');
    if is_inside {
        path
    } else {
        path.rsplit(['/', '\\']).next().unwrap_or(path)
    }
}

/// The checksum of a registry package: by its source, else where only one source has that name and
/// version (a registry may be spelt in two ways, as git index and as sparse one).
fn checksum(package: &Package, checksums: &Checksums) -> Option<String> {
    let (name, version) = (package.name.to_string(), package.version.to_string());
    let source = package
        .source
        .as_ref()
        .map(|source| source.repr.clone())
        .unwrap_or_default();
    if let Some(checksum) = checksums.get(&(name.clone(), version.clone(), source)) {
        return Some(checksum.clone());
    }
    let mut same = checksums
        .range((name.clone(), version.clone(), String::new())..)
        .take_while(|((other, at, _), _)| (other, at) == (&name, &version));
    let first = same.next()?.1.clone();
    same.next().is_none().then_some(first)
}
