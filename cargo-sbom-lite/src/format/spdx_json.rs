//! SPDX 2.3 as JSON (ISO/IEC 5962's successor; <https://spdx.github.io/spdx-spec/v2.3/>); 2.2 is
//! read too.

use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result};

use super::entry::{Format, Input};
use super::spdx::{document, read};
use crate::model::inventory::Inventory;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

pub(super) const FORMAT: Format = Format {
    name: "spdx-json",
    help: "SPDX, JSON",
    file_name: release_gate::facts::files::SBOM_SPDX_JSON,
    versions: &["2.3"],
    default_version: "2.3",
    write: Some(write_json),
    recognise: |input| {
        input
            .json()
            .is_some_and(|value| value.get("spdxVersion").is_some())
    },
    read: read_json,
};

/// The document with sorted keys.
fn write_json(inventory: &Inventory, provenance: &Provenance, _: &str) -> Result<Vec<u8>> {
    to_canonical_vec(&document::document_of(inventory, provenance)?)
        .map_err(|error| Error::judge("the SPDX document cannot be written").with_source(error))
}

fn read_json(input: Input<'_>) -> Result<Sbom, String> {
    read::from_json(input.into_json()?)
}
