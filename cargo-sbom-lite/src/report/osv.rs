//! Findings in the shape of osv-scanner's JSON, its vulnerabilities in the OSV schema
//! (<https://ossf.github.io/osv-schema/>, version 1.6.7).
//!
//! An OSV record wants the moment it was last changed; the database's files do not carry one, so it
//! is the day of publication.

use std::collections::BTreeMap;

use release_gate::advisories::{OsvEnd, OsvRange};
use release_gate::facts::report::vulns::{Hit, Origin};
use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result};
use serde_json::{Value, json};

use crate::model::purl::purl;
use crate::model::source::Source;

/// The document. `source` is the name of what was audited; each hit comes with the versions that
/// its
/// advisory concerns.
///
/// # Errors
/// It has no canonical form, which would be a defect.
pub fn osv_document(source: &str, hits: &[(Hit, Vec<OsvRange>)]) -> Result<Vec<u8>> {
    let mut packages: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for (hit, ranges) in hits
        .iter()
        .filter(|(hit, _)| hit.source == Origin::CratesIo)
    {
        packages
            .entry((&hit.package, &hit.version))
            .or_default()
            .push(record_of(hit, ranges));
    }
    let packages: Vec<Value> = packages
        .into_iter()
        .map(|((name, version), vulnerabilities)| {
            json!({
                "package": { "name": name, "version": version, "ecosystem": "crates.io" },
                "vulnerabilities": vulnerabilities,
            })
        })
        .collect();
    let value = json!({ "results": [{ "source": { "path": source, "type": "lockfile" }, "packages": packages }] });
    to_canonical_vec(&value)
        .map_err(|error| Error::judge("the OSV document cannot be written").with_source(error))
}

fn record_of(hit: &Hit, ranges: &[OsvRange]) -> Value {
    let day = format!("{}T00:00:00Z", hit.published);
    let references: Vec<Value> = hit
        .url
        .iter()
        .map(|url| json!({ "type": "ADVISORY", "url": url }))
        .collect();
    let purl = purl(&hit.package, "", &Source::CratesIo);
    json!({
        "schema_version": "1.6.7",
        "id": hit.id,
        "aliases": hit.aliases,
        "published": day,
        "modified": day,
        "summary": hit.title,
        "references": references,
        "affected": [{
            "package": { "ecosystem": "crates.io", "name": hit.package, "purl": purl.trim_end_matches('@') },
            "ranges": [{ "type": "SEMVER", "events": events_of(ranges) }],
            "versions": [hit.version],
            "database_specific": { "kind": hit.kind, "severity": hit.severity, "patched": hit.patched },
        }],
    })
}

/// The events of ranges: where each begins, and where it ends, if it does.
fn events_of(ranges: &[OsvRange]) -> Vec<Value> {
    let mut events = Vec::new();
    for range in ranges {
        events.push(json!({ "introduced": range.introduced.to_string() }));
        match &range.end {
            OsvEnd::Open => {}
            OsvEnd::Fixed(version) => events.push(json!({ "fixed": version.to_string() })),
            OsvEnd::LastAffected(version) => {
                events.push(json!({ "last_affected": version.to_string() }));
            }
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_package_and_the_ranges_of_the_advisory() {
        let hit = Hit {
            id: "RUSTSEC-2024-0001".into(),
            package: "p".into(),
            version: "1.0.0".into(),
            patched: vec![">=2.0.0".into(), ">=1.0.4, <2.0.0".into()],
            published: "2024-01-02".into(),
            ..Hit::default()
        };

        let elsewhere = Hit {
            source: Origin::Git,
            ..hit.clone()
        };

        let range = |introduced: &str, fixed: &str| OsvRange {
            introduced: introduced.parse().unwrap(),
            end: OsvEnd::Fixed(fixed.parse().unwrap()),
        };

        let ranges = vec![range("0.0.0-0", "0.6.14"), range("1.0.0", "1.6.1")];
        let hits = [(hit, ranges), (elsewhere, Vec::new())];
        let value: Value =
            serde_json::from_slice(&osv_document("Cargo.lock", &hits).unwrap()).unwrap();
        let found = &value["results"][0]["packages"][0]["vulnerabilities"];
        assert_eq!(found.as_array().unwrap().len(), 1);

        // The advisory's own ranges, every one of them.
        assert_eq!(
            found[0]["affected"][0]["ranges"][0]["events"],
            json!([{ "introduced": "0.0.0-0" }, { "fixed": "0.6.14" }, { "introduced": "1.0.0" }, { "fixed": "1.6.1" }])
        );

        assert_eq!(found[0]["affected"][0]["package"]["purl"], "pkg:cargo/p");
    }
}
