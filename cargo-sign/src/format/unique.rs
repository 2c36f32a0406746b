//! JSON in which no object has a name twice, at any level.
//!
//! Readers disagree about which of two counts: what one verifies, another would not see.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Checks a document.
///
/// # Errors
/// It is not JSON, or an object in it has a name twice.
pub fn check_unique_names(bytes: &[u8]) -> Result<(), serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Unique.deserialize(&mut reader)?;
    reader.end()
}

/// Reads any value, keeps nothing of it, and looks at the names of every object.
#[derive(Clone, Copy)]
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a name twice")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if names.contains(&name) {
                let name = name.escape_debug();
                return Err(A::Error::custom(format!("it has `{name}` twice")));
            }
            names.insert(name);
            map.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::check_unique_names;

    #[test]
    fn a_name_twice_is_refused_at_every_level() {
        for fine in [
            "1",
            "null",
            r#"{"a": 1, "b": {"a": [{"a": 1.5}, {"a": "x"}]}}"#,
        ] {
            assert!(check_unique_names(fine.as_bytes()).is_ok(), "{fine}");
        }
        for twice in [
            r#"{"a": 1, "a": 1}"#,
            r#"{"b": {"a": 1, "a": null}}"#,
            r#"[{"c": [{"a": {}, "a": {}}]}]"#,
            r#"{"a": 1, "\u0061": 2}"#,
            "{} {}",
        ] {
            assert!(check_unique_names(twice.as_bytes()).is_err(), "{twice}");
        }
    }
}
