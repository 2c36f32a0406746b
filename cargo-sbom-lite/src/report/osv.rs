//! Findings in the shape of osv-scanner's JSON, its vulnerabilities in the OSV schema (<https://ossf.github.io/osv-schema/>, version 1.6.7).
//!
//! An OSV record wants the moment it was last changed; the database's files do not carry one, so it
//! is the day of publication.

use std::collections::BTreeMap;

use release_gate::json::to_canonical_vec;
use release_gate::{Error, Result};
use serde_json::{Value, json};

use crate::judge::fix::lowest_fixed;
use crate::model::purl::purl;
use crate::model::source::Source;
use crate::model::vulnerability::{Hit, Origin};

/// The document. `source` is the name of what was audited.
///
/// # Errors
/// It has no canonical form, which would be a defect.
pub fn document(source: &str, hits: &[Hit]) -> Result<Vec<u8>> {
    let mut packages: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for hit in hits.iter().filter(|hit| hit.source == Origin::CratesIo) {
        packages
            .entry((&hit.package, &hit.version))
            .or_default()
            .push(record_of(hit));
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

fn record_of(hit: &Hit) -> Value {
    let day = format!("{}T00:00:00Z", hit.published);
    let mut events = vec![json!({ "introduced": "0.0.0-0" })];
    // One fixed version for each branch that was mended; the requirement itself is kept beside it.
    let fixed = hit.patched.iter().filter_map(|text| {
        let requirement: semver::VersionReq = text.parse().ok()?;
        lowest_fixed(&semver::Version::parse(&hit.version).ok()?, &[requirement])
    });
    if let Some(fixed) = fixed.min() {
        events.push(json!({ "fixed": fixed.to_string() }));
    }
    let mut references = Vec::new();
    if let Some(url) = &hit.url {
        references.push(json!({ "type": "ADVISORY", "url": url }));
    }
    json!({
        "schema_version": "1.6.7",
        "id": hit.id,
        "aliases": hit.aliases,
        "published": day,
        "modified": day,
        "summary": hit.title,
        "references": references,
        "affected": [{
            "package": { "ecosystem": "crates.io", "name": hit.package, "purl": purl(&hit.package, "", &Source::CratesIo).trim_end_matches('@') },
            "ranges": [{ "type": "SEMVER", "events": events }],
            "versions": [hit.version],
            "database_specific": { "kind": hit.kind, "severity": hit.severity, "patched": hit.patched },
        }],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_names_package_and_first_fixed_version() {
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
        let value: Value =
            serde_json::from_slice(&document("Cargo.lock", &[hit, elsewhere]).unwrap()).unwrap();
        let found = &value["results"][0]["packages"][0]["vulnerabilities"];
        assert_eq!(found.as_array().unwrap().len(), 1);
        assert_eq!(
            found[0]["affected"][0]["ranges"][0]["events"][1]["fixed"],
            "1.0.4"
        );
        assert_eq!(found[0]["affected"][0]["package"]["purl"], "pkg:cargo/p");
    }
}
