//! From the library's document to bytes.

use cyclonedx_bom::models::bom::{Bom, SpecVersion};
use cyclonedx_bom::prelude::Validate;
use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result};
use serde_json::Value;

/// The library's version of a specification; it knows none above 1.5.
pub(in crate::format) fn spec_of(version: &str) -> SpecVersion {
    match version {
        "1.3" => SpecVersion::V1_3,
        "1.4" => SpecVersion::V1_4,
        _ => SpecVersion::V1_5,
    }
}

/// The document, if it passes the library's own validation.
pub(in crate::format) fn validated(bom: Bom, version: SpecVersion) -> Result<Bom> {
    let validation = bom.validate_version(version);
    if !validation.passed() {
        return Err(Error::judge("the CycloneDX document does not validate")
            .with_source(format!("{validation:?}")));
    }
    Ok(bom)
}

/// The document as a JSON value.
pub(in crate::format) fn to_value(bom: &Bom, version: SpecVersion) -> Result<Value> {
    let mut bytes = Vec::new();
    let written = match version {
        SpecVersion::V1_3 => bom.clone().output_as_json_v1_3(&mut bytes),
        SpecVersion::V1_4 => bom.clone().output_as_json_v1_4(&mut bytes),
        _ => bom.clone().output_as_json_v1_5(&mut bytes),
    };
    written.map_err(|error| not_json(error.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|error| not_json(error.to_string()))
}

/// A JSON value with sorted keys.
pub(in crate::format) fn to_bytes(value: &Value) -> Result<Vec<u8>> {
    to_canonical_vec(value).map_err(|error| not_json(error.to_string()))
}

fn not_json(error: String) -> Error {
    Error::judge("the CycloneDX document cannot be written as JSON").with_source(error)
}
