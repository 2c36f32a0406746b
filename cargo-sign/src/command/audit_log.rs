//! The audit log of a release: every program that was started, and every call that changed it.

use std::time::SystemTime;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::Sha256Digest;
use release_gate::process::StepRecord;
use release_gate::{Context, Result};

use crate::judge::provenance::LOG;

/// Appends what ran to the audit log of a release: every program that was started, then this call
/// itself. `wrote` is the digest of what it made. Nothing secret is ever in an argument.
///
/// # Errors
/// The log was changed, or cannot be written.
pub(super) fn log(
    cx: &Context,
    folder: &mut PackageArtifacts,
    started: SystemTime,
    exit_code: u8,
    wrote: Sha256Digest,
) -> Result<()> {
    let mut log = folder.resume_log(LOG)?;
    for record in cx.runner.records() {
        log.append(&record)?;
    }

    let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let argv = std::env::args_os().map(|arg| arg.to_string_lossy().into_owned());
    log.append(&StepRecord {
        argv: argv.collect(),
        env: names
            .filter(|name| name.starts_with("RELEASE_GATES_") || name == "SOURCE_DATE_EPOCH")
            .collect(),
        exit_code: Some(i32::from(exit_code)),
        started,
        elapsed: started.elapsed().unwrap_or_default(),
        log_sha256: wrote,
    })?;
    folder.write(LOG, log.as_bytes())
}
