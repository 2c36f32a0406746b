//! `--vex FILE` and `--osv FILE`: one document each over everything that was audited.

use std::path::Path;

use release_gate::{Context, Result, time};

use super::settings::{Audit, Audited};
use crate::command::shared::write_whole;
use crate::judge::audit::judge_hits;
use crate::model::vulnerability::Hit;
use crate::report::{osv, vex};

/// Writes the findings in the shape of osv-scanner's JSON.
pub(super) fn write_osv(cx: &Context, path: &Path, audited: &[Audited]) -> Result<()> {
    let mut hits: Vec<Hit> = audited.iter().flat_map(|one| one.hits.clone()).collect();
    hits.sort_by(|a, b| (&a.package, &a.version, &a.id).cmp(&(&b.package, &b.version, &b.id)));
    hits.dedup_by(|a, b| (&a.package, &a.version, &a.id) == (&b.package, &b.version, &b.id));
    let source = match audited {
        [one] if one.subject.is_none() => one.product.as_str(),
        _ => "Cargo.lock",
    };
    write_whole(cx, path, &osv::document(source, &hits)?)
}

/// Writes a VEX document in the format that the file's name asks for.
pub(super) fn write_vex(
    cx: &Context,
    path: &Path,
    audit: &Audit,
    audited: &[Audited],
) -> Result<()> {
    let mut products: Vec<(String, Vec<Hit>)> = audited
        .iter()
        .map(|one| (one.product.clone(), one.hits.clone()))
        .collect();
    for (_, hits) in &mut products {
        // Marks what is ignored, so that the reason gets into the document.
        judge_hits(hits, &audit.policy);
    }
    // The moment is that of the judgement's inputs, not the clock's.
    let epoch = match cx.loaded_project() {
        Some(project) => project.epoch()?,
        None => time::source_date_epoch()?,
    };
    let epoch = epoch.or(audit.advisories.time).unwrap_or(0);
    write_whole(
        cx,
        path,
        &vex::document(&products, vex::Format::of(path), epoch)?,
    )
}
