//! CycloneDX as XML (1.3 to 1.5), through `cyclonedx-bom`, which reads it into what it writes as
//! JSON.

use cyclonedx_bom::models::bom::{Bom, SpecVersion, UrnUuid};
use release_gate::{Error, Result};

use super::cyclonedx::{bom, encode, read};
use super::entry::{Format, Input};
use super::serial::uuid_of;
use crate::model::inventory::Inventory;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

pub(super) const FORMAT: Format = Format {
    name: "cyclonedx-xml",
    help: "CycloneDX, XML",
    file_name: "sbom.cdx.xml",
    versions: &["1.3", "1.4", "1.5"],
    default_version: "1.5",
    write: write_xml,
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
        Error::judge("the serial number is no UUID").with_source(format!("{error:?}"))
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
    let bytes = input.bytes();
    let said = count_components(bytes)?;
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(2048)]).into_owned();
    let wrong = |error: cyclonedx_bom::errors::XmlReadError| error.to_string();
    let mut json = Vec::new();
    let written = if head.contains("http://cyclonedx.org/schema/bom/1.3") {
        Bom::parse_from_xml_v1_3(bytes)
            .map_err(wrong)?
            .output_as_json_v1_3(&mut json)
    } else if head.contains("http://cyclonedx.org/schema/bom/1.4") {
        Bom::parse_from_xml_v1_4(bytes)
            .map_err(wrong)?
            .output_as_json_v1_4(&mut json)
    } else if head.contains("http://cyclonedx.org/schema/bom/1.5") {
        Bom::parse_from_xml_v1_5(bytes)
            .map_err(wrong)?
            .output_as_json_v1_5(&mut json)
    } else {
        return Err("its XML namespace is not that of CycloneDX 1.3, 1.4 or 1.5".to_owned());
    };
    written.map_err(|error| error.to_string())?;
    let sbom = read::from_json(serde_json::from_slice(&json).map_err(|error| error.to_string())?)?;
    // The library keeps the last of what should be there once.
    let read = sbom.components.len() + usize::from(sbom.main.is_some());
    if read != said {
        return Err(format!(
            "it has {said} components, of which {read} can be read"
        ));
    }
    Ok(sbom)
}

/// How many components an XML document opens. Elements that nest deeper than any document needs are
/// refused before a parser recurses into them.
fn count_components(bytes: &[u8]) -> Result<usize, String> {
    let text = String::from_utf8_lossy(bytes);
    let (mut depth, mut components) = (0_usize, 0);
    let mut rest: &str = &text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
        } else if let Some(data) = rest.strip_prefix("![CDATA[") {
            rest = data.split_once("]]>").map_or("", |(_, after)| after);
        } else if rest.starts_with('/') {
            depth = depth.saturating_sub(1);
        } else if rest.starts_with(|c: char| c.is_alphabetic() || c == '_') {
            let tag = rest.split('>').next().unwrap_or_default();
            let name = tag
                .split([' ', '\t', '\n', '\r', '/'])
                .next()
                .unwrap_or_default();
            if name.rsplit(':').next() == Some("component") {
                components += 1;
            }
            if !tag.ends_with('/') {
                depth += 1;
            }
            if depth > read::MAX_DEPTH * 3 {
                return Err("its elements nest too deeply".to_owned());
            }
        }
    }
    Ok(components)
}
