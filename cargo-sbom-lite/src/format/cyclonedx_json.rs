//! CycloneDX as JSON (ECMA-424; 1.3 to 1.6 are written, 1.2 to 1.7 read).
//!
//! What is written for 1.5 is valid for 1.6 too, which only adds to it; the library knows no 1.6,
//! so its number is set afterwards.

use release_gate::Result;

use super::cyclonedx::{bom, encode, read};
use super::entry::{Format, Input};
use super::serial::uuid_of;
use crate::model::inventory::Inventory;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

pub(super) const FORMAT: Format = Format {
    name: "cyclonedx-json",
    help: "CycloneDX, JSON",
    file_name: release_gate::facts::files::SBOM_CYCLONEDX_JSON,
    versions: &["1.3", "1.4", "1.5", "1.6"],
    default_version: "1.6",
    write: Some(write_json),
    recognise: |input| {
        input
            .json()
            .is_some_and(|value| value["bomFormat"] == "CycloneDX")
    },
    read: read_json,
};

/// The document with sorted keys.
fn write_json(inventory: &Inventory, provenance: &Provenance, version: &str) -> Result<Vec<u8>> {
    let spec = encode::spec_of(version);
    let bom = encode::validated(bom::bom_of(inventory, provenance, spec)?, spec)?;
    let mut value = encode::to_value(&bom, spec)?;
    value["specVersion"] = version.into();
    if version == "1.6"
        && let Some(metadata) = value["metadata"].as_object_mut()
        && let Some(manufacturer) = metadata.remove("manufacture")
    {
        // 1.6 has another word for it, and deprecates this one.
        metadata.insert("manufacturer".to_owned(), manufacturer);
    }
    // The serial number is made from the document without it.
    value["serialNumber"] = uuid_of(&encode::to_bytes(&value)?).urn().to_string().into();
    encode::to_bytes(&value)
}

fn read_json(input: Input<'_>) -> Result<Sbom, String> {
    read::from_json(input.into_json()?)
}
