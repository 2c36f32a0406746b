//! Samples of reports, for the tests of anyone who reads them.
//!
//! A sample is made from a report's JSON Schema: every field is there and has a value. A reader is
//! strict if it refuses the sample with any one field renamed.
//!
//! ```
//! use release_gate_facts::report::sbom::SbomData;
//! use release_gate_facts::sample::{field_pointers, rename_field, report_sample};
//! use release_gate_facts::{Envelope, Fact};
//!
//! let sample = report_sample::<SbomData>();
//! for field in field_pointers(&sample) {
//!     let renamed = rename_field(&sample, &field).to_string();
//!     let fact = Fact::<Envelope<SbomData>>::read(Some(renamed.as_bytes()));
//!     assert!(fact.usable().is_none(), "{field} is not required");
//! }
//! ```

use schemars::JsonSchema;
use serde_json::{Map, Value, json};

use crate::report::ReportData;
use crate::schema::report_schema;

/// A report that passed, with every field filled.
///
/// # Panics
/// The schema uses something that samples do not know, which is a defect of this module.
pub fn report_sample<Data: ReportData + JsonSchema>() -> Value {
    sample_of(report_schema::<Data>().as_value())
}

/// A value that fits a schema, with every field filled.
///
/// # Panics
/// The schema uses something that samples do not know, which is a defect of this module.
pub fn sample_of(schema: &Value) -> Value {
    sample_in(schema, schema)
}

/// As [`sample_of`], for a part of the schema `root`, to whose definitions it may refer.
fn sample_in(schema: &Value, root: &Value) -> Value {
    if let Some(reference) = schema["$ref"].as_str() {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        return sample_in(root.pointer(pointer).expect("a definition"), root);
    }
    if let Some(constant) = schema.get("const") {
        return constant.clone();
    }
    if let Some(words) = schema["enum"].as_array() {
        return words[0].clone();
    }

    let alternatives = schema["anyOf"].as_array().or(schema["oneOf"].as_array());
    if let Some(alternatives) = alternatives {
        // `null` is the alternative of a field that may be null; it would leave nothing to rename.
        let is_value = |alternative: &&Value| alternative["type"] != "null";
        let first = alternatives.iter().find(is_value).expect("a value");
        let mut sample = sample_in(first, root);
        add_properties(&mut sample, schema, root);
        return sample;
    }

    let kind = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().find(|kind| *kind != "null"),
        kind => Some(kind),
    };
    match kind.and_then(Value::as_str) {
        Some("object") => sample_object(schema, root),
        Some("array") => sample_array(schema, root),
        Some("string") => sample_text(schema).into(),
        Some("integer") => 1.into(),
        Some("boolean") => true.into(),
        Some("null") => Value::Null,
        // A value of any shape.
        _ => json!("anything"),
    }
}

fn sample_object(schema: &Value, root: &Value) -> Value {
    let mut object = Value::Object(Map::new());
    add_properties(&mut object, schema, root);
    if let Some(others @ Value::Object(_)) = schema.get("additionalProperties") {
        object["key"] = sample_in(others, root);
    }
    object
}

/// Fills the fields that a schema names.
fn add_properties(object: &mut Value, schema: &Value, root: &Value) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        object[name] = match name.as_str() {
            // Only these two come with data.
            "status" if schema["properties"].get("coverage").is_some() => json!("pass"),
            _ => sample_in(property, root),
        };
    }
}

fn sample_array(schema: &Value, root: &Value) -> Value {
    match schema["prefixItems"].as_array() {
        Some(items) => items.iter().map(|item| sample_in(item, root)).collect(),
        None => {
            let count = schema["minItems"].as_u64().unwrap_or(1).max(1);
            let item = sample_in(&schema["items"], root);
            (0..count).map(|_| item.clone()).collect()
        }
    }
}

/// A text of the patterns that reports use.
fn sample_text(schema: &Value) -> String {
    match schema["pattern"].as_str() {
        Some("^[0-9a-f]{64}$") => "a".repeat(64),
        Some("^([0-9a-f]{40}|[0-9a-f]{64})$") => "b".repeat(40),
        Some(other) => panic!("sample text for the pattern `{other}`"),
        None => "1.2.3".to_owned(),
    }
}

/// JSON Pointers (RFC 6901) of all fields, at every depth. Keys of maps, and what is below values
/// of any shape, are no fields.
pub fn field_pointers(sample: &Value) -> Vec<String> {
    let mut pointers = Vec::new();
    collect_pointers(sample, "", &mut pointers);
    pointers
}

fn collect_pointers(value: &Value, at: &str, pointers: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let pointer = format!("{at}/{name}");
                // The one key of a map's sample.
                if name != "key" {
                    pointers.push(pointer.clone());
                }
                collect_pointers(field, &pointer, pointers);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect_pointers(item, &format!("{at}/{index}"), pointers);
            }
        }
        _ => {}
    }
}

/// The value with the field at `pointer` under another name.
///
/// # Panics
/// There is no such field.
pub fn rename_field(sample: &Value, pointer: &str) -> Value {
    let (parent, name) = pointer.rsplit_once('/').expect("a field's pointer");
    let mut renamed = sample.clone();

    let fields = renamed
        .pointer_mut(parent)
        .and_then(Value::as_object_mut)
        .expect("an object");
    let field = fields.remove(name).expect("a field");
    fields.insert(format!("renamed_{name}"), field);
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema() -> Value {
        json!({
            "type": "object",
            "properties": {
                "status": {"enum": ["fail"]},
                "coverage": {"type": "object", "properties": {"judged": {"type": "integer"}}},
                "note": {"type": ["null", "string"]},
                "nothing": {"type": "null"},
                "parts": {
                    "type": "array",
                    "minItems": 2,
                    "items": {"type": "object", "properties": {"done": {"type": "boolean"}}},
                },
                "by_name": {"type": "object", "additionalProperties": {"type": "integer"}},
                "either": {"anyOf": [{"type": "null"}, {"type": "integer"}]},
            },
        })
    }

    #[test]
    fn every_field_of_a_sample_has_a_value() {
        assert_eq!(
            sample_of(&schema()),
            json!({
                "status": "pass",
                "coverage": {"judged": 1},
                "note": "1.2.3",
                "nothing": null,
                "parts": [{"done": true}, {"done": true}],
                "by_name": {"key": 1},
                "either": 1,
            })
        );

        // Without coverage it is a status of something else.
        let other = json!({"type": "object", "properties": {"status": {"enum": ["active"]}}});
        assert_eq!(sample_of(&other), json!({"status": "active"}));
    }

    #[test]
    fn fields_are_found_at_every_depth_and_keys_of_maps_are_none() {
        let sample = sample_of(&schema());
        assert_eq!(
            field_pointers(&sample),
            [
                "/by_name",
                "/coverage",
                "/coverage/judged",
                "/either",
                "/note",
                "/nothing",
                "/parts",
                "/parts/0/done",
                "/parts/1/done",
                "/status",
            ]
        );
    }

    #[test]
    fn a_renamed_field_keeps_its_value_and_its_neighbours() {
        let sample = json!({"a": {"b": 1, "c": 2}, "d": 3});
        assert_eq!(
            rename_field(&sample, "/a/b"),
            json!({"a": {"renamed_b": 1, "c": 2}, "d": 3})
        );
    }
}
