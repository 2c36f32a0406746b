//! `--vex FILE` and `--osv FILE`: one document each over everything that was audited.

use std::path::Path;

use release_gate::advisories::{Collection, OsvRange};
use release_gate::facts::report::vulns::Hit;
use release_gate::{Context, Result, time};

use super::settings::{Audit, Audited};
use crate::command::shared::write_whole;
use crate::judge::audit::judge_hits;
use crate::report::osv;
use crate::report::vex::{self, Product};

/// Writes the findings in the shape of osv-scanner's JSON.
pub(super) fn write_osv(
    cx: &Context,
    path: &Path,
    audit: &Audit,
    audited: &[Audited],
) -> Result<()> {
    let mut hits: Vec<Hit> = audited.iter().flat_map(|one| one.hits.clone()).collect();
    hits.sort_by(|a, b| (&a.package, &a.version, &a.id).cmp(&(&b.package, &b.version, &b.id)));
    hits.dedup_by(|a, b| (&a.package, &a.version, &a.id) == (&b.package, &b.version, &b.id));
    let source = match audited {
        [one] if one.subject.is_none() => one.product.as_str(),
        _ => "Cargo.lock",
    };
    let with_ranges: Vec<(Hit, Vec<OsvRange>)> = hits
        .into_iter()
        .map(|hit| {
            let ranges = ranges_of(audit, &hit);
            (hit, ranges)
        })
        .collect();
    write_whole(cx, path, &osv::osv_document(source, &with_ranges)?)
}

/// The versions that the advisory of a hit concerns.
fn ranges_of(audit: &Audit, hit: &Hit) -> Vec<OsvRange> {
    audit
        .advisories
        .about(Collection::Crates, &hit.package)
        .iter()
        .find(|advisory| advisory.id == hit.id)
        .map(|advisory| advisory.affected_ranges())
        .unwrap_or_default()
}

/// Writes a VEX document in the format that the file's name asks for.
pub(super) fn write_vex(
    cx: &Context,
    path: &Path,
    audit: &Audit,
    audited: &[Audited],
) -> Result<()> {
    let mut products = Vec::new();

    // Where there is a report for each package, the common one says nothing more.
    let is_split = audited.iter().any(|one| one.keep_only);
    for one in audited.iter().filter(|one| one.keep_only || !is_split) {
        let mut hits = one.hits.clone();
        // Marks what is ignored, so that the reason gets into the document.
        judge_hits(&mut hits, &audit.policy, &one.product);
        products.push(Product {
            name: one.product.clone(),
            hits,
            is_approximate: one.is_approximate,
            built_elsewhere: one.built_elsewhere.clone(),
        });
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
        &vex::vex_document(&products, vex::Format::of_file(path), epoch)?,
    )
}
