//! CycloneDX as XML (1.3 to 1.5 are written, 1.2 to 1.7 read).

use cyclonedx_bom::models::bom::{Bom, SpecVersion, UrnUuid};
use release_gate::{Error, Result};

use super::cyclonedx::{bom, encode, read, xml};
use super::entry::{Format, Input};
use super::serial::uuid_of;
use crate::model::inventory::Inventory;
use crate::model::mention::Mentions;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

pub(super) const FORMAT: Format = Format {
    name: "cyclonedx-xml",
    help: "CycloneDX, XML",
    file_name: "sbom.cdx.xml",
    versions: &["1.3", "1.4", "1.5"],
    default_version: "1.5",
    write: Some(write_xml),
    recognise: |input| input.bytes().starts_with(b"<"),
    read: read_xml,
};

fn write_xml(inventory: &Inventory, provenance: &Provenance, version: &str) -> Result<Vec<u8>> {
    let version = encode::spec_of(version);
    let mut bom = bom::bom_of(inventory, provenance, version)?;

    // The library writes them where the XML schema does not want them; JSON has them.
    if let Some(metadata) = &mut bom.metadata {
        metadata.lifecycles = None;
    }

    let bom = encode::validated(bom, version)?;
    let uuid = uuid_of(&encode::to_bytes(&encode::to_value(&bom, version)?)?);
    let serial = UrnUuid::new(uuid.urn().to_string()).map_err(|error| {
        Error::judge("the serial number is not a UUID").with_source(format!("{error:?}"))
    })?;
    let bom = Bom {
        serial_number: Some(serial),
        ..bom
    };

    let mut bytes = Vec::new();
    let written = match version {
        SpecVersion::V1_3 => bom.output_as_xml_v1_3(&mut bytes),
        SpecVersion::V1_4 => bom.output_as_xml_v1_4(&mut bytes),
        _ => bom.output_as_xml_v1_5(&mut bytes),
    };

    written.map_err(|error| {
        Error::judge("the CycloneDX document cannot be written as XML")
            .with_source(error.to_string())
    })?;

    bytes.push(b'\n');

    // Characters that XML cannot hold, in no spelling; the library writes them as they are.
    let text: String = String::from_utf8_lossy(&bytes)
        .chars()
        .filter(
            |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..),
        )
        .collect();

    Ok(text.into_bytes())
}

fn read_xml(input: Input<'_>) -> Result<Sbom, String> {
    let (value, foreign_texts) = xml::xml_to_json(input.bytes())?;
    let mut mentions = Mentions::of_document(&value);
    for text in &foreign_texts {
        mentions.add_text(text);
    }
    let mut sbom = read::from_json(value)?;
    sbom.mentions = mentions;
    Ok(sbom)
}
