//! A compiled program.

use std::path::Path;

use release_gate::{Coverage, Error, Finding, Result};

use super::reachability::mark_program;
use super::settings::{Audit, Audited};
use crate::command::shared::{file_name, read_file};
use crate::judge::matching::{Build, find_hits};
use crate::read::{binary, symbols};
use crate::rules;

/// The packages that a program names, and whether their functions are in it.
pub(super) fn audit_binary(audit: &Audit, path: &Path) -> Result<Audited> {
    let name = file_name(path);
    let bytes = read_file(path)?;
    let list = binary::packages_of(&bytes, &name)?;
    if list.packages.is_empty() {
        return Err(Error::judge(format!(
            "the list in `{name}` names no package, so there is nothing to look up"
        ))
        .with_help("build it again with `cargo auditable build`"));
    }

    let mut findings = Vec::new();
    let mut coverage = Coverage::of(list.packages.len());
    if !list.complete {
        coverage.not_judged(
            &rules::NOT_JUDGED_PROGRAM,
            format!("`{name}`"),
            1,
            "it has no embedded list, and panic messages name only some of its packages",
        );
        findings.push(
            Finding::new(
                &rules::BINARY_INCOMPLETE,
                format!(
                    "`{name}` has no embedded list; panic messages name {} packages",
                    list.packages.len()
                ),
            )
            .help("build it with `cargo auditable build`, or audit its SBOM"),
        );
    }

    let mut hits = find_hits(&list.packages, &audit.advisories, Build::default());
    mark_program(&mut hits, symbols::functions_of(&bytes).as_ref());

    Ok(Audited {
        product: name,
        packages: list.packages,
        hits,
        findings,
        coverage,
        ..Audited::default()
    })
}
