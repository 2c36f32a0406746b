//! `sbom.json`: which SBOM documents `cargo sbom-lite` wrote, and how much is in them.

use serde::{Deserialize, Serialize};

/// The data of `sbom.json`. The documents themselves are beside it, in their own formats.
///
/// ```
/// use release_gate_facts::report::sbom::SbomData;
/// use release_gate_facts::{Envelope, Fact};
///
/// let bytes = std::fs::read("target/release-gates/demo-1.0.0/sbom.json").ok();
/// if let Fact::Usable(report) = Fact::<Envelope<SbomData>>::read(bytes.as_deref()) {
///     println!("{} packages are shipped", report.data.shipped);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SbomData {
    /// File names of the documents in the artifact folder.
    pub documents: Vec<String>,
    /// Packages compiled into the artifact, the main one not counted.
    pub shipped: u64,
    /// Packages that only build scripts and procedural macros use.
    pub build_time: u64,
    /// Whether the list was made from the dependency graph, because cargo gave no unit graph.
    pub approximate: bool,
}

crate::report_data!(SbomData = "sbom");
