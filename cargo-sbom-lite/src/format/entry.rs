//! What the table of formats says of each one.

use std::cell::OnceCell;

use release_gate::Result;
use serde_json::Value;

use crate::model::inventory::Inventory;
use crate::model::provenance::Provenance;
use crate::model::sbom::Sbom;

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
    /// Writes a document of one of `versions`.
    pub write: fn(&Inventory, &Provenance, &str) -> Result<Vec<u8>>,
    /// Whether an input looks like a document of this format, so that its errors are the ones to show.
    pub recognise: fn(&Input<'_>) -> bool,
    /// Reads a document; the error says why it cannot be read.
    pub read: fn(Input<'_>) -> Result<Sbom, String>,
}

/// Bytes that may be a document, and the JSON in them, parsed once for all formats.
#[derive(Debug)]
pub struct Input<'a> {
    bytes: &'a [u8],
    json: OnceCell<Result<Value, String>>,
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
        self.parsed().as_ref().ok()
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
    }

    fn parsed(&self) -> &Result<Value, String> {
        self.json.get_or_init(|| {
            serde_json::from_slice(self.bytes)
                .map_err(|error| format!("it is no JSON document ({error})"))
        })
    }
}
