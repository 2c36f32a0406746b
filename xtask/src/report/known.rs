//! The gates' reports that the page knows, with the shape that each has to have.

use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::facts::report::compat::CompatData;
use release_gate::facts::report::licenses::LicensesData;
use release_gate::facts::report::pack::PackData;
use release_gate::facts::report::pins::PinsData;
use release_gate::facts::report::rebuild::RebuildData;
use release_gate::facts::report::relnotes::RelnotesData;
use release_gate::facts::report::relnotes_check::RelnotesCheckData;
use release_gate::facts::report::repro::ReproData;
use release_gate::facts::report::sbom::SbomData;
use release_gate::facts::report::verify::VerifyData;
use release_gate::facts::report::verify_source::VerifySourceData;
use release_gate::facts::report::vulns::VulnsData;
use release_gate::report::Envelope;
use release_gate::{Fact, ReportData};
use serde::de::IgnoredAny;

/// What a gate said, without its data.
pub(crate) type Said = Envelope<IgnoredAny>;

/// A report of a gate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct KnownReport {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its file in a package's folder.
    pub(crate) file: &'static str,
    /// Reads it. An error says why it counts for nothing.
    pub(crate) read: fn(&[u8]) -> Result<Said, String>,
}

/// The reports in the order in which gates make them.
pub(crate) const REPORTS: [KnownReport; 13] = [
    known::<VerifySourceData>(),
    known::<ReproData>(),
    known::<BuildInfo>(),
    known::<RebuildData>(),
    known::<SbomData>(),
    known::<VulnsData>(),
    known::<LicensesData>(),
    known::<PinsData>(),
    known::<CompatData>(),
    known::<RelnotesData>(),
    known::<RelnotesCheckData>(),
    known::<PackData>(),
    known::<VerifyData>(),
];

const fn known<Data: ReportData>() -> KnownReport {
    KnownReport {
        name: Data::NAME,
        file: Data::FILE,
        read: read::<Data>,
    }
}

/// Reads a report whose data have to have the shape of `Data`, unless its gate came to no verdict.
fn read<Data: ReportData>(bytes: &[u8]) -> Result<Said, String> {
    match Fact::<Envelope<Data>>::read(Some(bytes)) {
        Fact::Usable(_) | Fact::NotApplicable(_) | Fact::Error(_) => {
            serde_json::from_slice(bytes).map_err(|error| error.to_string())
        }
        unusable => Err(reason(&unusable)),
    }
}

/// Why a fact cannot be relied on.
fn reason<T>(fact: &Fact<T>) -> String {
    let gap = fact.gap();
    gap.map_or_else(String::new, |gap| gap.why.to_owned())
}
