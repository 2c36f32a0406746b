//! What the table of formats says of each one.

use std::cell::OnceCell;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use release_gate::Result;
use serde_json::Value;

use crate::model::inventory::Inventory;
use crate::model::json::parse_json;
use crate::model::mention::Mentions;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

/// Writes a document of a version.
pub(crate) type Writer = fn(&Inventory, &Provenance, &str) -> Result<Vec<u8>>;

/// A format of SBOM documents: how it is called, written, recognised and read.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// As `--format` has it.
    pub name: &'static str,
    /// One line for `--help`.
    pub help: &'static str,
    /// Name of its file in the artifact folder.
    pub file_name: &'static str,
    /// Versions of the specification that are written.
    pub versions: &'static [&'static str],
    /// The version that is written unless another one is asked for.
    pub default_version: &'static str,
    /// Writes a document of one of `versions`; `None` for a format that is only read.
    pub write: Option<Writer>,
    /// Whether an input looks like a document of this format, so that its errors are the ones to
    /// show.
    pub recognise: fn(&Input<'_>) -> bool,
    /// Reads a document; the error says why it cannot be read.
    pub read: fn(Input<'_>) -> Result<Sbom, String>,
}

/// Bytes that may be a document, and the JSON in them, parsed once for all formats.
#[derive(Debug)]
pub struct Input<'a> {
    bytes: &'a [u8],
    json: OnceCell<Result<(Value, Mentions), String>>,
}

impl<'a> Input<'a> {
    /// An input without the mark and white space that may precede a document.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: bytes
                .strip_prefix(b"\xef\xbb\xbf")
                .unwrap_or(bytes)
                .trim_ascii_start(),
            json: OnceCell::new(),
        }
    }

    /// The bytes.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The JSON value, where it is one.
    pub fn json(&self) -> Option<&Value> {
        self.parsed().as_ref().ok().map(|(value, _)| value)
    }

    /// What the JSON value mentions, wrappers included.
    pub fn mentions(&self) -> Mentions {
        let parsed = self.parsed().as_ref().ok();
        parsed
            .map(|(_, mentions)| mentions.clone())
            .unwrap_or_default()
    }

    /// The JSON value, or why there is none.
    ///
    /// # Errors
    /// It is not JSON.
    pub fn into_json(self) -> Result<Value, String> {
        self.parsed();
        self.json
            .into_inner()
            .unwrap_or_else(|| Err("it was not parsed".to_owned()))
            .map(|(value, _)| value)
    }

    fn parsed(&self) -> &Result<(Value, Mentions), String> {
        self.json.get_or_init(|| {
            let value = parse_json(self.bytes)?;
            let mut mentions = Mentions::of_document(&value);
            let document = unwrap_document(value, &mut mentions)?;
            Ok((document, mentions))
        })
    }
}

/// How many wrappers may be around a document.
const MAX_WRAPPERS: usize = 6;

/// The document inside what it was sent in: the answer of GitHub's API (`sbom`), an in-toto
/// statement (`predicate`), what cosign puts into it (`Data`), the envelope around such a statement
/// (DSSE's `payload`) and the bundle around that. Signatures are not looked at.
///
/// A document that is two documents at once says different things to different readers.
fn unwrap_document(mut value: Value, mentions: &mut Mentions) -> Result<Value, String> {
    for _ in 0..MAX_WRAPPERS {
        let is_cyclonedx = value.get("bomFormat").is_some();
        let is_spdx = value.get("spdxVersion").is_some() || value.get("@graph").is_some();
        if is_cyclonedx && is_spdx {
            return Err("it is a document of two formats at once".to_owned());
        }
        if is_cyclonedx || is_spdx {
            return Ok(value);
        }
        let Some(key) = wrapper_key(&value) else {
            return Ok(value);
        };
        let inner = value[key].take();
        value = match inner {
            Value::String(text) => {
                let bytes = if key == "payload" {
                    decode_payload(&text)?
                } else {
                    text.into_bytes()
                };
                let parsed = parse_json(&bytes)?;
                mentions.extend(Mentions::of_document(&parsed));
                parsed
            }
            inner => inner,
        };
    }

    Ok(value)
}

/// The key under which a wrapper holds what it wraps.
fn wrapper_key(value: &Value) -> Option<&'static str> {
    let is_statement = value["_type"]
        .as_str()
        .is_some_and(|kind| kind.starts_with("https://in-toto.io/Statement/"));
    if is_statement {
        return Some("predicate");
    }
    if value["payloadType"].is_string() && value["payload"].is_string() {
        return Some("payload");
    }
    ["dsseEnvelope", "Data", "sbom"].into_iter().find(|key| {
        let inner = &value[key];
        inner.is_object() || (*key == "Data" && inner.is_string())
    })
}

/// DSSE's payload is base64, of either alphabet.
fn decode_payload(text: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(text)
        .or_else(|_| URL_SAFE.decode(text))
        .map_err(|error| format!("its payload is not base64 ({error})"))
}
