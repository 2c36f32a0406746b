//! `cargo sbom-lite diff A B`.

use std::path::Path;

use release_gate::digest::sha256_bytes;
use release_gate::facts::report::sbom_diff::{ComparedDocument, SbomDiffData};
use release_gate::report::{Baseline, BaselineKind};
use release_gate::text::counted;
use release_gate::{Context, Coverage, Finding, Outcome, Report, Result, Subject};
use serde_json::Value;

use super::shared::{file_name, read_file};
use crate::format::parse_document;
use crate::judge::diff::{changes_of, compare_documents};
use crate::model::config::Config;
use crate::model::sbom::Sbom;
use crate::{TOOL, rules};

/// A document and what it is called in messages.
struct Document {
    name: String,
    bytes: Vec<u8>,
    sbom: Sbom,
}

impl Document {
    fn read(path: &Path) -> Result<Self> {
        let name = file_name(path);
        let bytes = read_file(path)?;
        let sbom = parse_document(&bytes, &name)?;
        Ok(Self { name, bytes, sbom })
    }

    fn facts(&self) -> ComparedDocument {
        ComparedDocument {
            name: self.name.clone(),
            sha256: sha256_bytes(&self.bytes),
            components: self.sbom.components.len() as u64,
        }
    }
}

pub(crate) fn run(cx: &mut Context, old: &Path, new: &Path) -> Result<Outcome> {
    let _config: Config = cx.config()?;
    // Also what is equal to the byte has to be a document.
    let before = Document::read(old)?;
    let after = Document::read(new)?;
    let findings = compare(&before, &after);
    let summary = if before.bytes == after.bytes {
        "identical".to_owned()
    } else if findings.is_empty() {
        "the same components, written otherwise".to_owned()
    } else {
        counted(findings.len() as u64, "difference", "differences")
    };

    let baseline = Baseline {
        kind: BaselineKind::Path,
        name: before.name.clone(),
        version: None,
        commit: None,
    };
    let data = SbomDiffData {
        documents: vec![before.facts(), after.facts()],
        changes: changes_of(&findings),
    };
    // The two files are nobody's: there is no package into whose folder the report belongs.
    let report = Report::with_data(&TOOL, Subject::default(), &data)
        .baseline(baseline)
        .coverage(Coverage::of(2))
        .findings(findings)
        .summary(summary);
    Ok(report.print_only().into())
}

fn compare(old: &Document, new: &Document) -> Vec<Finding> {
    if old.bytes == new.bytes {
        return Vec::new();
    }

    // A document in another standard or spelling cannot have the same bytes, nor the same metadata
    // exactly; one of another version of the specification can have the latter.
    let mut same_spelling = first_byte(&old.bytes) == first_byte(&new.bytes);
    let mut before = old.sbom.clone();
    let mut after = new.sbom.clone();
    if !same_spelling {
        after.rest = before.rest.clone();
    } else if before.spec_version() != after.spec_version() {
        same_spelling = false;
        before.rest = without_version(before.rest);
        after.rest = without_version(after.rest);
    }

    let findings = compare_documents(&before, &after);
    if findings.is_empty() && before.standard == after.standard && same_spelling {
        // Equal components, equal rest, other bytes: order, white space, or a serial number.
        return vec![Finding::new(
            &rules::DOCUMENT_CHANGED,
            "the documents say the same in other bytes",
        )];
    }

    findings
}

/// The metadata of a CycloneDX document without what depends on the version of the specification.
fn without_version(mut rest: Value) -> Value {
    if let Some(object) = rest.as_object_mut() {
        object.remove("specVersion");
        object.remove("$schema");
    }
    if let Some(metadata) = rest["metadata"].as_object_mut() {
        metadata.remove("lifecycles");
        if let Some(manufacturer) = metadata.remove("manufacture") {
            metadata.insert("manufacturer".to_owned(), manufacturer);
        }
    }
    rest
}

fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .copied()
}
