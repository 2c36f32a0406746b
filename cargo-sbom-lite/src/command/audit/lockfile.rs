//! A lock file without the project around it.

use std::path::Path;

use release_gate::facts::report::vulns::Origin;
use release_gate::lock::Lock;
use release_gate::{Context, Coverage, Error, Result};

use super::settings::{Audit, Audited};
use crate::command::shared::{check_targets, file_name};
use crate::judge::matching::{Build, find_hits};
use crate::model::locked::Locked;
use crate::model::purl::is_crate_name;
use crate::read::lock;
use crate::rules;

/// Every package that a lock file names.
pub(super) fn audit_lockfile(
    cx: &Context,
    audit: &Audit,
    path: &Path,
    mirrors: &[String],
) -> Result<Audited> {
    check_targets(cx)?;
    let name = file_name(path);
    let text = lock::read_text(path)?;
    let packages = lock::locked_packages(&Lock::parse(&text, &name)?, &text, mirrors);
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
        coverage: coverage_of(&packages),
        packages,
        ..Audited::default()
    })
}

/// What of a lock file can be looked up. No registry has a package of a name that no crate can
/// have: it is made to look like another one.
pub(super) fn coverage_of(packages: &[Locked]) -> Coverage {
    let mut coverage = Coverage::of(packages.len());
    for package in packages {
        let is_from_registry =
            matches!(package.source.origin(), Origin::CratesIo | Origin::Registry);
        if is_from_registry && !is_crate_name(&package.name) {
            coverage.not_judged(
                &rules::NOT_JUDGED_COMPONENT,
                format!("{} {}", package.name, package.version),
                1,
                "no registry can have a package of this name",
            );
        }
    }
    coverage
}
