//! Cargo's unit graph: every rustc call and build-script run of a build, before it happens.
//! <https://doc.rust-lang.org/cargo/reference/unstable.html#unit-graph>

use std::collections::BTreeSet;

use serde::Deserialize;

/// The graph, as far as it is used; unknown fields are ignored.
#[derive(Debug, Clone, Deserialize)]
pub struct UnitGraph {
    /// Format version; 1 is the only one there is.
    pub version: u32,
    /// All units.
    pub units: Vec<Unit>,
    /// Indices of the units that were asked for.
    pub roots: Vec<usize>,
}

/// One rustc call, or the run of one build script.
#[derive(Debug, Clone, Deserialize)]
pub struct Unit {
    /// Package id, as in `cargo metadata`.
    pub pkg_id: String,
    /// What is built.
    pub target: Target,
    /// Triple, or `None` for the host.
    pub platform: Option<String>,
    /// `build`, `run-custom-build`, …
    pub mode: String,
    /// Features enabled in this unit.
    #[serde(default)]
    pub features: Vec<String>,
    /// What it needs.
    #[serde(default)]
    pub dependencies: Vec<UnitDep>,
    /// How it is compiled.
    #[serde(default)]
    pub profile: serde_json::Value,
}

/// The target of a unit.
#[derive(Debug, Clone, Deserialize)]
pub struct Target {
    /// `lib`, `bin`, `proc-macro`, `custom-build`, `cdylib`, …
    pub kind: Vec<String>,
    /// Name of the target.
    pub name: String,
}

/// An edge of the graph.
#[derive(Debug, Clone, Deserialize)]
pub struct UnitDep {
    /// Index of the unit needed.
    pub index: usize,
}

impl UnitGraph {
    /// The units whose code may be in what was asked for: not those that only a build script or a
    /// procedural macro needs.
    pub fn product_units(&self) -> Vec<&Unit> {
        let mut seen = BTreeSet::new();
        let mut stack = self.roots.clone();
        while let Some(index) = stack.pop() {
            let Some(unit) = self.units.get(index) else {
                continue;
            };
            let is_entered = self.roots.contains(&index) || !unit.is_build_time();
            if is_entered && seen.insert(index) {
                stack.extend(unit.dependencies.iter().map(|dependency| dependency.index));
            }
        }
        seen.into_iter().map(|index| &self.units[index]).collect()
    }
}

impl Unit {
    /// Whether every function of it that can be reached leaves its name in a program: compiled
    /// without optimisation, with full debug information in the program itself, and by no flags of
    /// its own.
    pub fn is_traceable(&self) -> bool {
        let profile = &self.profile;
        let is_full = profile["debuginfo"] == 2 || profile["debuginfo"] == "full";
        let is_split = profile["split_debuginfo"]
            .as_str()
            .is_some_and(|split| split != "off");
        let is_plain = profile["opt_level"] == "0"
            && matches!(profile["lto"].as_str(), None | Some("off" | "false"));
        let has_flags = profile["rustflags"]
            .as_array()
            .is_some_and(|flags| !flags.is_empty());
        is_full && !is_split && is_plain && !has_flags
    }

    /// Whether it runs at build time, on the host, and ends up in no artifact.
    pub fn is_build_time(&self) -> bool {
        self.mode == "run-custom-build"
            || self
                .target
                .kind
                .iter()
                .any(|kind| kind == "proc-macro" || kind == "custom-build")
    }
}

/// Why an answer of cargo's is no unit graph.
#[derive(Debug, thiserror::Error)]
pub enum MalformedGraph {
    /// It is not JSON of this shape.
    #[error("cargo's unit graph cannot be read")]
    Json(#[from] serde_json::Error),
    /// A format that is not known.
    #[error("cargo's unit graph has format {0}, and 1 is the one that is known")]
    Version(u32),
    /// An index leads nowhere.
    #[error("cargo's unit graph names a unit it does not have")]
    Dangling,
}

/// Reads a unit graph and checks its indices.
///
/// # Errors
/// It is no unit graph of a known format.
pub fn parse_graph(bytes: &[u8]) -> Result<UnitGraph, MalformedGraph> {
    let graph: UnitGraph = serde_json::from_slice(bytes)?;
    if graph.version != 1 {
        return Err(MalformedGraph::Version(graph.version));
    }
    let indices = graph
        .units
        .iter()
        .flat_map(|unit| unit.dependencies.iter().map(|dep| dep.index))
        .chain(graph.roots.iter().copied());
    if indices.into_iter().any(|index| index >= graph.units.len()) {
        return Err(MalformedGraph::Dangling);
    }
    Ok(graph)
}
