//! Somebody's SBOM.

use std::path::Path;

use release_gate::{Error, Result};

use super::settings::{Audit, Audited};
use crate::command::shared::{file_name, read_file};
use crate::format::parse_document;
use crate::judge::documents::list_packages;
use crate::judge::matching::{Build, find_hits};

/// The cargo packages that a document names.
pub(super) fn audit_sbom(audit: &Audit, path: &Path, mirrors: &[String]) -> Result<Audited> {
    let name = file_name(path);
    let sbom = parse_document(&read_file(path)?, &name)?;
    let listed = list_packages(&sbom, &audit.advisories, mirrors);
    if listed.packages.is_empty() {
        return Err(Error::judge(format!(
            "`{name}` names no cargo package, so there is nothing to look up"
        ))
        .with_help("components need package URLs such as `pkg:cargo/serde@1.0.0`"));
    }
    let product = sbom
        .main
        .as_ref()
        .map_or_else(|| name.clone(), |main| main.key());
    Ok(Audited {
        product,
        hits: find_hits(&listed.packages, &audit.advisories, Build::default()),
        coverage: listed.coverage(),
        packages: listed.packages,
        ..Audited::default()
    })
}
