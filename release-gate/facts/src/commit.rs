//! Git commit ids, of SHA-1 and SHA-256 repositories.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A full commit id: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommitId(String);

impl CommitId {
    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The first twelve digits, for people.
    pub fn short(&self) -> &str {
        &self.0[..12]
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no full commit id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a full commit id")]
pub struct ParseCommitIdError(String);

impl FromStr for CommitId {
    type Err = ParseCommitIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if digits && (text.len() == 40 || text.len() == 64) {
            Ok(Self(text.to_owned()))
        } else {
            Err(ParseCommitIdError(text.chars().take(80).collect()))
        }
    }
}

impl Serialize for CommitId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for CommitId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for CommitId {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "CommitId".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^([0-9a-f]{40}|[0-9a-f]{64})$", "description": "Full commit id." })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_full_ids_are_ids() {
        for digits in [40, 64] {
            assert!("a".repeat(digits).parse::<CommitId>().is_ok());
        }
        for wrong in [
            "abc".to_owned(),
            "A".repeat(40),
            "g".repeat(40),
            "a".repeat(41),
        ] {
            assert!(wrong.parse::<CommitId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_id_is_shown_as_it_is_written() {
        let text = "0123456789abcdef0123456789abcdef01234567";
        let id: CommitId = text.parse().unwrap();
        assert_eq!(id.as_str(), text);
        assert_eq!(id.short(), "0123456789ab");
        assert_eq!(format!("{id} {id:?}"), format!("{text} {text}"));
        assert_eq!(serde_json::to_value(&id).unwrap(), text);
    }

    #[cfg(feature = "schema")]
    #[test]
    fn the_schema_takes_full_ids_only() {
        let schema = schemars::schema_for!(CommitId).to_value();
        assert_eq!(schema["title"], "CommitId");
        assert_eq!(schema["type"], "string");
        assert_eq!(schema["pattern"], "^([0-9a-f]{40}|[0-9a-f]{64})$");
    }
}
