//! A lock file without the project around it.

use std::path::Path;

use release_gate::{Context, Error, Result};

use super::settings::{Audit, Audited};
use crate::command::shared::file_name;
use crate::judge::matching::{Build, find_hits};
use crate::read::lock;

/// Every package that a lock file names.
pub(super) fn audit_lockfile(cx: &Context, audit: &Audit, path: &Path) -> Result<Audited> {
    let name = file_name(path);
    let text = lock::read_text(path)?;
    let packages = lock::locked_packages(&lock::parse_lock(&text, &name)?, &text);
    if packages.is_empty() {
        return Err(Error::judge(format!(
            "`{name}` names no package, so there is nothing to look up"
        ))
        .with_help("is it the lock file of the right project?"));
    }
    let build = Build {
        targets: &cx.args().target,
        ..Build::default()
    };
    Ok(Audited {
        product: name,
        hits: find_hits(&packages, &audit.advisories, build),
        packages,
        ..Audited::default()
    })
}
