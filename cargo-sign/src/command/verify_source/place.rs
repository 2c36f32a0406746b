//! Where the report goes.
//!
//! Source that was refused leaves nothing behind: nobody asked it where to write. Only a report that
//! lies there from before is replaced, so that no stale pass is found. Cargo, which would start what
//! the source names, is never asked where the artifact folder is.

use std::path::Path;

use release_gate::{Context, Error, Report, Result, Status, Subject};
use release_gate_facts::ReportData as _;
use release_gate_facts::report::verify_source::VerifySourceData;

use crate::read::target_dir::{target_dir, workspace_root};
use crate::tool::TOOL;

/// Where reports go.
pub(super) struct Place {
    /// Whether the call says so itself.
    is_named: bool,
}

impl Place {
    /// Finds the artifact folder of a call in `folder`, in the repository at `top`.
    pub(super) fn of_call(cx: &mut Context, top: &Path, folder: &Path) -> Self {
        let is_named = cx.args().artifact_dir.is_some();
        let root = workspace_root(folder, top);
        cx.place_artifacts(target_dir(&root).join("release-gates"));
        Self { is_named }
    }

    /// The report, to be kept where it passes or replaces another.
    pub(super) fn keep(&self, cx: &mut Context, report: Report) -> Result<Report> {
        let passes = cx.settled_status(&report, false)? == Status::Pass;
        let is_kept = passes || self.is_named || has_earlier(cx, &report.envelope.subject)?;
        Ok(if is_kept { report } else { report.print_only() })
    }

    /// Replaces an earlier report by one that says why there is none now.
    pub(super) fn replace(&self, cx: &mut Context, subject: Subject, error: &Error) -> Result<()> {
        if !self.is_named && !has_earlier(cx, &subject)? {
            return Ok(());
        }
        let (Some(name), Some(version)) = (&subject.package, &subject.version) else {
            return Ok(());
        };
        let mut folder = cx.package_artifacts(name, version)?;
        let report = Report::not_judged(VerifySourceData::NAME, &TOOL, subject.clone(), error);
        folder.write_report(&report)?;
        folder.finish()
    }
}

fn has_earlier(cx: &mut Context, subject: &Subject) -> Result<bool> {
    let (Some(name), Some(version)) = (&subject.package, &subject.version) else {
        return Ok(false);
    };
    let folder = cx.package_artifacts(name, version)?;
    Ok(folder
        .path(VerifySourceData::FILE)
        .symlink_metadata()
        .is_ok())
}
