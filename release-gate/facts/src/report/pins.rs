//! `pins.json`: whether every dependency is pinned by a cryptographic hash.

use serde::{Deserialize, Serialize};

/// The data of `pins.json`.
///
/// ```
/// use release_gate_facts::report::pins::PinsData;
/// use release_gate_facts::{Envelope, Fact};
///
/// let bytes = std::fs::read("target/release-gates/demo-1.0.0/pins.json").ok();
/// if let Fact::Usable(report) = Fact::<Envelope<PinsData>>::read(bytes.as_deref()) {
///     println!("{} sources are those of Cargo.lock", report.data.compared);
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PinsData {
    /// How many packages Cargo.lock names.
    pub packages: u64,
    /// Vendored copies that the build uses.
    pub vendored: u64,
    /// Packages whose sources on this machine were compared, file by file, with the archive that
    /// Cargo.lock's checksum names.
    pub compared: u64,
}

crate::report_data!(PinsData = "pins");
