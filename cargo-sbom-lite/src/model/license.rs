//! Licence expressions as they are stated and as a machine can compare them.

use spdx::{Expression, ParseMode};

/// A package's licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum License {
    /// A valid SPDX expression, in canonical spelling (`MIT/Apache-2.0` becomes `MIT OR
    /// Apache-2.0`).
    Expression(String),
    /// Something was stated and is not an SPDX expression; kept as it is.
    Invalid(String),
    /// Only a file is named; the path as the manifest has it.
    File(String),
    /// Nothing is stated.
    Missing,
}

impl License {
    /// Reads a manifest's `license` and `license-file`.
    pub fn new(license: Option<&str>, file: Option<&str>) -> Self {
        match (license.map(str::trim).filter(|text| !text.is_empty()), file) {
            // SPDX's words for "nobody said" state nothing.
            (Some(text @ ("NOASSERTION" | "NONE")), _) => Self::Invalid(text.to_owned()),
            (Some(text), _) => {
                let canonical = Expression::canonicalize(text).ok().flatten();
                let text_of = canonical.as_deref().unwrap_or(text);
                if Expression::parse_mode(text_of, ParseMode::STRICT).is_ok() {
                    Self::Expression(text_of.to_owned())
                } else {
                    Self::Invalid(text.to_owned())
                }
            }
            (None, Some(file)) => Self::File(file.to_owned()),
            (None, None) => Self::Missing,
        }
    }

    /// The expression, where there is a valid one.
    pub fn expression(&self) -> Option<&str> {
        match self {
            Self::Expression(text) => Some(text),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::License;

    #[test]
    fn old_spellings_become_expressions_and_nonsense_is_kept() {
        assert_eq!(
            License::new(Some("MIT/Apache-2.0"), None),
            License::Expression("MIT OR Apache-2.0".into())
        );
        assert_eq!(
            License::new(Some("MIT"), Some("LICENSE")),
            License::Expression("MIT".into())
        );
        assert_eq!(
            License::new(Some("my own"), None),
            License::Invalid("my own".into())
        );
        assert_eq!(
            License::new(None, Some("LICENSE")),
            License::File("LICENSE".into())
        );
        assert_eq!(License::new(Some(" "), None), License::Missing);
    }
}
