//! The data of every report, one module a gate's report.

pub mod attest;
pub mod buildinfo;
pub mod compare;
pub mod compat;
pub mod cyclonedx;
pub mod diff;
pub mod keys;
pub mod licenses;
pub mod pack;
pub mod pins;
pub mod published_crate;
pub mod published_crates;
pub mod rebuild;
pub mod relnotes;
pub mod relnotes_check;
pub mod repro;
pub mod sbom;
pub mod sbom_diff;
pub mod upload;
pub mod verify;
pub mod verify_source;
pub mod vulns;
pub mod watch;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The data of a report of one kind.
///
/// Implement it with [`report_data!`](crate::report_data).
pub trait ReportData: Serialize + DeserializeOwned {
    /// The report's name: its schema is `release-gate/<NAME>/v1`.
    const NAME: &'static str;
    /// The report's file in a package's artifact folder.
    const FILE: &'static str;
}

/// Says which report a type is the data of.
///
/// ```
/// use release_gate_facts::{ReportData, report_data};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct DemoData {
///     passed: u64,
/// }
///
/// report_data!(DemoData = "demo");
/// assert_eq!(DemoData::FILE, "demo.json");
/// ```
#[macro_export]
macro_rules! report_data {
    ($data:ty = $name:literal) => {
        impl $crate::ReportData for $data {
            const NAME: &'static str = $name;
            const FILE: &'static str = concat!($name, ".json");
        }
    };
}

/// Calls a macro once with the data types of all reports, in brackets: `callback! { [A, B, C] }`.
///
/// Add the path of each new report here.
#[macro_export]
macro_rules! for_each_report {
    ($callback:ident) => {
        $callback! {[
            $crate::report::attest::AttestData,
            $crate::report::buildinfo::BuildInfo,
            $crate::report::compare::CompareData,
            $crate::report::compat::CompatData,
            $crate::report::diff::Difference,
            $crate::report::keys::KeysData,
            $crate::report::licenses::LicensesData,
            $crate::report::pack::PackData,
            $crate::report::pins::PinsData,
            $crate::report::published_crate::CrateData,
            $crate::report::published_crates::CratesData,
            $crate::report::rebuild::RebuildData,
            $crate::report::relnotes::RelnotesData,
            $crate::report::relnotes_check::RelnotesCheckData,
            $crate::report::repro::ReproData,
            $crate::report::sbom::SbomData,
            $crate::report::sbom_diff::SbomDiffData,
            $crate::report::upload::UploadData,
            $crate::report::verify::VerifyData,
            $crate::report::verify_source::VerifySourceData,
            $crate::report::vulns::VulnsData,
            $crate::report::watch::WatchData,
        ]}
    };
}
