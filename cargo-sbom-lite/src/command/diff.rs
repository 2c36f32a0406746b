//! `cargo sbom-lite diff A B`.

use std::path::Path;

use release_gate::report::{Baseline, BaselineKind};
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Subject};

use crate::judge::diff::judge;
use crate::read::document;
use crate::{TOOL, rules};

pub(crate) fn run(cx: &mut Context, old: &Path, new: &Path) -> Result<Outcome> {
    let _config: super::Config = cx.config()?;
    let read = |path: &Path| {
        std::fs::read(path).map_err(|error| {
            Error::judge(format!("cannot read `{}`", path.display())).with_source(error)
        })
    };
    let (before, after) = (read(old)?, read(new)?);
    let name = |path: &Path| {
        path.file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned()
    };
    // Also what is equal to the byte has to be a document.
    let (a, mut b) = (
        document::parse(&before, &name(old))?,
        document::parse(&after, &name(new))?,
    );
    let findings: Vec<Finding> = if before == after {
        Vec::new()
    } else {
        // A document in another standard or spelling cannot have the same bytes, nor the same
        // metadata to the letter.
        let spelling = |bytes: &[u8]| {
            bytes
                .iter()
                .find(|byte| !byte.is_ascii_whitespace())
                .copied()
        };
        if spelling(&before) != spelling(&after) {
            b.rest = a.rest.clone();
        }
        let findings = judge(&a, &b);
        if findings.is_empty() && a.standard == b.standard && spelling(&before) == spelling(&after)
        {
            // Equal components, equal rest, other bytes: order, white space, or a serial number.
            vec![Finding::new(
                &rules::DOCUMENT_CHANGED,
                "the documents say the same in other bytes",
            )]
        } else {
            findings
        }
    };
    let summary = if before == after {
        "identical".to_owned()
    } else if findings.is_empty() {
        "the same components, written otherwise".to_owned()
    } else {
        format!("{} differences", findings.len())
    };
    let baseline = Baseline {
        kind: BaselineKind::Path,
        name: name(old),
        version: None,
        commit: None,
    };
    let report = Report::new("sbom-diff", &TOOL, Subject::default())
        .baseline(baseline)
        .findings(findings)
        .summary(summary);
    Ok(report.print_only().into())
}
