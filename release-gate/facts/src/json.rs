//! Canonical JSON: the same value is the same bytes, everywhere.
//!
//! Keys sorted bytewise, two-space indentation, no floats, a newline at the end. Sorting is done
//! here and not left to `serde_json`, whose map keeps insertion order as soon as any crate of the
//! build asks for it.

use serde::Serialize;
use serde_json::Value;

/// Why a value has no canonical form.
#[derive(Debug, thiserror::Error)]
pub enum CanonicalError {
    /// Floating-point numbers have more than one spelling and no place in a report.
    #[error("a report holds the float {value} at `{pointer}`; use an integer or text")]
    Float {
        /// JSON Pointer (RFC 6901) of the number.
        pointer: String,
        /// The number.
        value: f64,
    },
    /// The type cannot be JSON (a map with keys that are not text, say).
    #[error("a report cannot be written as JSON")]
    Serialize(#[from] serde_json::Error),
}

/// Serializes to canonical JSON with a newline at the end.
///
/// # Errors
/// A float anywhere in the value, or a type that cannot be JSON.
pub fn to_canonical_vec(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let value = canonical_value(serde_json::to_value(value)?, &mut String::new())?;
    let mut bytes = serde_json::to_vec_pretty(&value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Like [`to_canonical_vec`], on a single line without spaces: for JSON Lines.
///
/// # Errors
/// As [`to_canonical_vec`].
pub fn to_canonical_line(value: &impl Serialize) -> Result<Vec<u8>, CanonicalError> {
    let value = canonical_value(serde_json::to_value(value)?, &mut String::new())?;
    let mut bytes = serde_json::to_vec(&value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn canonical_value(value: Value, pointer: &mut String) -> Result<Value, CanonicalError> {
    let at = pointer.len();
    Ok(match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            let mut sorted = serde_json::Map::new();
            for (key, value) in entries {
                pointer.push('/');
                pointer.push_str(&key);
                let value = canonical_value(value, pointer)?;
                pointer.truncate(at);
                sorted.insert(key, value);
            }
            Value::Object(sorted)
        }
        Value::Array(items) => Value::Array(
            items
                .into_iter()
                .enumerate()
                .map(|(index, item)| {
                    pointer.push_str(&format!("/{index}"));
                    let item = canonical_value(item, pointer);
                    pointer.truncate(at);
                    item
                })
                .collect::<Result<_, _>>()?,
        ),
        Value::Number(number) if number.is_f64() => {
            return Err(CanonicalError::Float {
                pointer: pointer.clone(),
                value: number.as_f64().unwrap_or(f64::NAN),
            });
        }
        other => other,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_are_sorted_at_every_depth() {
        let bytes = to_canonical_line(&json!({ "b": [{ "z": 1, "a": null }], "a": "x" })).unwrap();
        assert_eq!(
            String::from_utf8(bytes).unwrap(),
            "{\"a\":\"x\",\"b\":[{\"a\":null,\"z\":1}]}\n"
        );
    }

    #[test]
    fn a_float_is_refused_with_its_place() {
        let error = to_canonical_vec(&json!({ "a": [1, { "b": 1.5 }] })).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a report holds the float 1.5 at `/a/1/b`; use an integer or text"
        );
    }
}
