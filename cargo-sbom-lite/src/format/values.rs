//! Small steps through JSON values of documents.

use serde_json::Value;

/// The text at `value`.
pub(super) fn text_of(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// The list at `value`; what is absent is empty, what is something else is an error.
pub(super) fn list_of<'a>(value: &'a Value, what: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(format!("`{what}` is not a list")),
    }
}

/// The text of a field that has to be text where it is there at all.
pub(super) fn text_field(object: &Value, field: &str) -> Result<Option<String>, String> {
    match &object[field] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(format!("`{field}` is not text")),
    }
}
