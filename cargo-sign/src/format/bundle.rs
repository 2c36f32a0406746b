//! Files of Sigstore bundles (<https://docs.sigstore.dev/about/bundle/>): one JSON document, one a line, or what a registry serves. Only
//! told apart here; nothing of a bundle is believed before its signature held, and that is decided elsewhere.

use std::borrow::Cow;

use serde::Deserialize;

use super::served;
use super::unique::check_unique_names;

/// Largest file of bundles read, in bytes.
pub const MAX_LEN: usize = 16 << 20;
/// Most bundles in a file.
const MOST: usize = 1024;
/// The forms that are judged: v0.1, v0.2 and v0.3, the last under both of its names.
const KINDS: [&str; 4] = [
    "application/vnd.dev.sigstore.bundle+json;version=0.1",
    "application/vnd.dev.sigstore.bundle+json;version=0.2",
    "application/vnd.dev.sigstore.bundle+json;version=0.3",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
];

/// Why a file of bundles cannot be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Too long, or too many.
    #[error("it holds more than is read")]
    TooMuch,
    /// Something that is no bundle; counted from 1.
    #[error("document {0} is not a Sigstore bundle")]
    Other(usize),
    /// A bundle that readers may understand in two ways; counted from 1.
    #[error("document {number} says two things: {why}")]
    Twofold {
        /// Which.
        number: usize,
        /// What is there twice.
        why: String,
    },
    /// A bundle of another version; counted from 1.
    #[error("document {number} is a bundle of the unknown kind `{}`", kind.escape_debug())]
    Kind {
        /// Which.
        number: usize,
        /// What it calls itself.
        kind: String,
    },
}

/// What every bundle is told by: nothing else has such material. Its type may be damaged, and is
/// then named.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    media_type: serde_json::Value,
    #[serde(rename = "verificationMaterial")]
    _material: serde::de::IgnoredAny,
}

/// Whether a file is one of bundles: its first document has their `verificationMaterial`, or it is
/// what a registry serves.
pub fn is_bundle(bytes: &[u8]) -> bool {
    let mut documents = serde_json::Deserializer::from_slice(bytes).into_iter::<Head>();
    documents.next().is_some_and(|head| head.is_ok())
        || std::str::from_utf8(bytes).is_ok_and(|text| served::read(text).is_some())
}

/// The bundles of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Bundles<'a> {
    /// Each as its own text.
    pub documents: Vec<Cow<'a, str>>,
    /// How many more a registry serves that are by a bare key of its own.
    pub by_bare_key: usize,
}

/// The bundles of a file, each as its own text.
///
/// # Errors
/// One of them is something else, or there are too many.
pub fn split(bytes: &[u8]) -> Result<Bundles<'_>, BundleError> {
    if bytes.len() > MAX_LEN {
        return Err(BundleError::TooMuch);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| BundleError::Other(1))?;
    let bundles = if let Some(served) = served::read(text) {
        Bundles {
            documents: served.bundles.into_iter().map(Cow::Owned).collect(),
            by_bare_key: served.by_bare_key,
        }
    } else {
        Bundles {
            documents: lines_or_whole(text),
            by_bare_key: 0,
        }
    };

    if bundles.documents.len() > MOST {
        return Err(BundleError::TooMuch);
    }
    for (number, document) in (1..).zip(&bundles.documents) {
        check_head(number, document)?;
    }
    if bundles.documents.is_empty() && bundles.by_bare_key == 0 {
        Err(BundleError::Other(1))
    } else {
        Ok(bundles)
    }
}

/// One document may span lines; several take one line each.
fn lines_or_whole(text: &str) -> Vec<Cow<'_, str>> {
    if serde_json::from_str::<Head>(text).is_ok() {
        return vec![Cow::Borrowed(text)];
    }
    text.lines()
        .filter(|line| !line.trim().is_empty())
        .take(MOST + 1)
        .map(Cow::Borrowed)
        .collect()
}

/// Whether a document is a bundle of a kind that is judged, and says one thing.
fn check_head(number: usize, document: &str) -> Result<(), BundleError> {
    let head: Head = serde_json::from_str(document).map_err(|_| BundleError::Other(number))?;
    check_one_meaning(document).map_err(|why| BundleError::Twofold { number, why })?;
    let kind = head
        .media_type
        .as_str()
        .map_or_else(|| head.media_type.to_string(), str::to_owned);
    if KINDS.contains(&kind.as_str()) {
        Ok(())
    } else {
        Err(BundleError::Kind { number, kind })
    }
}

/// What a bundle can vouch for.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Contents {
    dsse_envelope: Option<serde::de::IgnoredAny>,
    message_signature: Option<serde::de::IgnoredAny>,
}

/// No name twice, and no other content beside the signed statement: readers for whom the other
/// counts would see something else.
fn check_one_meaning(document: &str) -> Result<(), String> {
    check_unique_names(document.as_bytes()).map_err(|error| error.to_string())?;
    let contents: Contents = serde_json::from_str(document).map_err(|error| error.to_string())?;
    if contents.dsse_envelope.is_some() && contents.message_signature.is_some() {
        return Err("a statement and the signature of a message".to_owned());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = r#"{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json","verificationMaterial":{}}"#;

    #[test]
    fn one_document_or_one_a_line() {
        let spread = ONE.replace(',', ",\n");
        assert_eq!(
            split(spread.as_bytes()).unwrap().documents,
            [spread.as_str()]
        );
        let two = format!("{ONE}\n\n{ONE}\n");
        assert_eq!(split(two.as_bytes()).unwrap().documents, [ONE, ONE]);
        assert!(is_bundle(spread.as_bytes()) && is_bundle(two.as_bytes()));
    }

    #[test]
    fn other_documents_are_named() {
        assert_eq!(split(b""), Err(BundleError::Other(1)));
        assert_eq!(
            split(format!("{ONE}\n{{}}\n").as_bytes()),
            Err(BundleError::Other(2))
        );

        assert_eq!(
            split(format!("{ONE}{ONE}").as_bytes()),
            Err(BundleError::Other(1))
        );

        let newer = ONE.replace("v0.3", "v0.4");
        assert!(matches!(
            split(newer.as_bytes()),
            Err(BundleError::Kind { number: 1, .. })
        ));

        let twice = ONE.replace('{', "{\"mediaType\":\"x\",");
        assert_eq!(
            split(twice.as_bytes()),
            Err(BundleError::Other(1)),
            "a name that is there twice"
        );

        assert_eq!(
            split(format!("{ONE}\n").repeat(MOST + 1).as_bytes()),
            Err(BundleError::TooMuch)
        );

        for damaged in [
            ONE.replace("sigstore", "sigstorf"),
            ONE.replace("mediaType", "mediaTypf"),
        ] {
            assert!(is_bundle(damaged.as_bytes()), "a damaged one is still one");
            assert!(matches!(
                split(damaged.as_bytes()),
                Err(BundleError::Kind { number: 1, .. })
            ));
        }

        assert!(!is_bundle(
            b"{\"payload\":\"\",\"payloadType\":\"\",\"signatures\":[]}"
        ));
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
            proptest::prop_assert!(!is_bundle(&bytes) && split(&bytes).is_err());
        }
    }
}
