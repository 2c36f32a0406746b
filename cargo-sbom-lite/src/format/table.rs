//! The table of formats. A new one is an entry here and a file of its own.

use release_gate::{Error, Result};

use super::entry::{Format, Input};
use super::{cyclonedx_json, cyclonedx_xml, spdx_json, spdx_tag_value, spdx3_json};
use crate::model::sbom::Sbom;

/// Every format, in the order in which documents are tried.
pub const FORMATS: &[Format] = &[
    cyclonedx_json::FORMAT,
    cyclonedx_xml::FORMAT,
    spdx_json::FORMAT,
    spdx_tag_value::FORMAT,
    spdx3_json::FORMAT,
];

/// The format of a name.
pub fn format_of_name(name: &str) -> Option<&'static Format> {
    FORMATS.iter().find(|format| format.name == name)
}

/// Reads a document; the format is told from its content. `name` is for error messages.
///
/// # Errors
/// It is none of the formats, of a version of the specification that is not known, or lacks what
/// the specification requires.
pub fn parse_document(bytes: &[u8], name: &str) -> Result<Sbom> {
    let input = Input::new(bytes);
    let mentions = input.mentions();
    let read = match FORMATS.iter().find(|format| (format.recognise)(&input)) {
        Some(format) => (format.read)(input),
        None => input
            .into_json()
            .and_then(|_| Err("it is neither CycloneDX nor SPDX".to_owned())),
    };
    let read = read.map(|mut sbom| {
        sbom.mentions.extend(mentions);
        sbom
    });
    read.map_err(|why| {
        Error::judge(format!("`{name}` cannot be read as an SBOM: {why}")).with_help(
            "CycloneDX 1.2 to 1.7 (JSON, XML), SPDX 2.2 and 2.3 (JSON, tag-value) and SPDX 3.0 (JSON-LD) can be read",
        )
    })
}
