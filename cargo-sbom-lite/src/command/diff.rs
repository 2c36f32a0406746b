//! `cargo sbom-lite diff A B`.

use std::path::Path;

use release_gate::report::{Baseline, BaselineKind};
use release_gate::{Context, Coverage, Finding, Outcome, Report, Result, Subject};

use super::shared::{file_name, read_file};
use crate::format::parse_document;
use crate::judge::diff::compare_documents;
use crate::model::config::Config;
use crate::{TOOL, rules};

pub(crate) fn run(cx: &mut Context, old: &Path, new: &Path) -> Result<Outcome> {
    let _config: Config = cx.config()?;
    let before = read_file(old)?;
    let after = read_file(new)?;
    let findings = compare_bytes((&before, &file_name(old)), (&after, &file_name(new)))?;
    let summary = if before == after {
        "identical".to_owned()
    } else if findings.is_empty() {
        "the same components, written otherwise".to_owned()
    } else {
        format!("{} differences", findings.len())
    };

    let baseline = Baseline {
        kind: BaselineKind::Path,
        name: file_name(old),
        version: None,
        commit: None,
    };
    let report = Report::new("sbom-diff", &TOOL, Subject::default())
        .baseline(baseline)
        .coverage(Coverage::of(2))
        .findings(findings)
        .summary(summary);
    Ok(report.print_only().into())
}

/// Compares two documents, each with the name it has in messages.
fn compare_bytes(old: (&[u8], &str), new: (&[u8], &str)) -> Result<Vec<Finding>> {
    // Also what is equal to the byte has to be a document.
    let before = parse_document(old.0, old.1)?;
    let mut after = parse_document(new.0, new.1)?;
    if old.0 == new.0 {
        return Ok(Vec::new());
    }

    // A document in another standard or spelling cannot have the same bytes, nor the same metadata
    // to the letter.
    let same_spelling = first_byte(old.0) == first_byte(new.0);
    if !same_spelling {
        after.rest = before.rest.clone();
    }
    let findings = compare_documents(&before, &after);
    if findings.is_empty() && before.standard == after.standard && same_spelling {
        // Equal components, equal rest, other bytes: order, white space, or a serial number.
        return Ok(vec![Finding::new(
            &rules::DOCUMENT_CHANGED,
            "the documents say the same in other bytes",
        )]);
    }
    Ok(findings)
}

fn first_byte(bytes: &[u8]) -> Option<u8> {
    bytes
        .iter()
        .find(|byte| !byte.is_ascii_whitespace())
        .copied()
}
