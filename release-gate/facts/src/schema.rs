//! JSON Schemas (draft 2020-12) of reports, generated from their types.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::json;

use crate::envelope::{Envelope, schema_id};
use crate::manifest::Manifest;
use crate::report::ReportData;

/// The schema of a report: the envelope, with the shape of `data` filled in.
///
/// The data of a gate that came to no verdict is an empty object, which the schema allows, too.
pub fn report_schema<Data: ReportData + JsonSchema>() -> Schema {
    // Written for what is serialized: every field is there, also one that is null.
    let mut generator = SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator();
    let data = generator.subschema_for::<Data>();
    let mut schema = generator.into_root_schema_for::<Envelope>();

    if let Some(properties) = schema.get_mut("properties") {
        properties["schema"] = json!({ "const": schema_id(Data::NAME) });
        properties["data"] = json!({ "anyOf": [data, { "type": "object", "maxProperties": 0 }] });
    }
    schema
}

/// The schema of [`Envelope`], whatever the data is.
pub fn envelope_schema() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Envelope>()
}

/// The schema of [`Manifest`].
pub fn manifest_schema() -> Schema {
    SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Manifest>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_name_the_fields_of_their_types() {
        let envelope = envelope_schema().to_value();
        for field in [
            "schema", "tool", "subject", "status", "coverage", "findings", "data",
        ] {
            assert!(envelope["properties"].get(field).is_some(), "{field}");
        }
        let manifest = manifest_schema().to_value();
        assert!(manifest["properties"].get("files").is_some());
    }
}
