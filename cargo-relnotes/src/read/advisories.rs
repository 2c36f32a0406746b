//! What of an advisory database hits a lockfile.
//!
//! Must never: fetch anything, or leave out quietly what cannot be read.

use std::collections::BTreeMap;

use release_gate::advisories::{Advisories, Collection, Published};
use release_gate_facts::report::vulns::AdvisoryKind;

use crate::model::dependencies::Locked;
use crate::model::untrusted::Untrusted;
use crate::model::vulnerabilities::{Hit, Shipped, rated};

/// Every advisory that hits a package of the lockfile, sorted by id: the vulnerabilities `cargo
/// audit` reports. `known` is the day, `2026-11-21`, up to which an advisory counts as public
/// before.
pub fn hits(database: &Advisories, lock: &[Locked], known: &str) -> Vec<Hit> {
    let mut hits: BTreeMap<String, Hit> = BTreeMap::new();
    for package in lock.iter().filter(|package| is_public(package)) {
        let concerning = database.concerning(&package.name, &package.version);
        for advisory in concerning.filter(|advisory| is_vulnerability(advisory)) {
            let hit = hits.entry(advisory.id.clone()).or_insert_with(|| Hit {
                id: advisory.id.clone(),
                aliases: advisory.aliases.clone(),
                package: package.name.clone(),
                versions: Vec::new(),
                title: Untrusted::new(&advisory.title),
                public_before: advisory.date.as_str() <= known,
                date: advisory.date.clone(),
                severity: rated(advisory.severity),
                patched: advisory.patched().iter().map(ToString::to_string).collect(),
                locked_only: false,
                shipped: Shipped::default(),
            });
            hit.versions.push(package.version.to_string());
        }
    }
    hits.into_values().collect()
}

/// Whether a lockfile holds a version that an advisory about `package` calls vulnerable.
pub fn is_hit(database: &Advisories, id: &str, package: &str, lock: &[Locked]) -> bool {
    let about = database.about(Collection::Crates, package);
    let Some(advisory) = about.iter().find(|advisory| advisory.id == id) else {
        return false;
    };
    lock.iter()
        .any(|one| one.name == package && is_public(one) && advisory.concerns(&one.version))
}

/// Files of the database that may be about a package of the lockfile and cannot be read.
pub fn unreadable(database: &Advisories, lock: &[Locked]) -> Vec<String> {
    let mut files: Vec<String> = lock
        .iter()
        .filter(|package| is_public(package))
        .flat_map(|package| database.unreadable_about(&package.name))
        .map(|file| file.path.clone())
        .collect();
    files.sort();
    files.dedup();
    files
}

/// Whether it calls versions vulnerable; a remark (unmaintained, unsound, notice) does not.
fn is_vulnerability(advisory: &Published) -> bool {
    matches!(
        advisory.kind,
        AdvisoryKind::Vulnerability | AdvisoryKind::Malicious | AdvisoryKind::Unknown
    )
}

/// What does not come from the public registry is not what its advisories are about.
fn is_public(package: &Locked) -> bool {
    package
        .source
        .as_ref()
        .is_some_and(|source| source.is_public())
}

#[cfg(test)]
mod tests {
    use super::*;
    use release_gate::process::Runner;
    use rustsec::Database;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2024-0001\"\npackage = \"tar\"\ndate = \"2024-02-03\"\n\n[versions]\npatched = [\">= 1.0.5\"]\n```\n\n# Title <b>\n\nText.\n";

    /// The library's own matching, over the whole database, is the oracle.
    #[test]
    fn hits_are_those_of_the_whole_database() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("crates/tar");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("RUSTSEC-2024-0001.md"), ADVISORY).unwrap();
        let source = "source = \"registry+https://github.com/rust-lang/crates.io-index\"";
        for (version, hit) in [("1.0.4", true), ("1.0.5", false)] {
            let text = format!(
                "version = 4\n[[package]]\nname = \"tar\"\nversion = \"{version}\"\n{source}\n"
            );
            let lock = crate::read::lockfile::parse(text.as_bytes()).unwrap();
            let ours = Advisories::open(dir.path(), &Runner::new()).unwrap();
            let ids: Vec<String> = hits(&ours, &lock, "2024-12-31")
                .into_iter()
                .map(|hit| hit.id)
                .collect();
            let oracle = Database::open(dir.path())
                .unwrap()
                .vulnerabilities(&text.parse().unwrap());
            assert_eq!(
                ids,
                oracle
                    .iter()
                    .map(|found| found.advisory.id.to_string())
                    .collect::<Vec<_>>()
            );
            assert_eq!(
                (
                    ids.len() == 1,
                    is_hit(&ours, "RUSTSEC-2024-0001", "tar", &lock)
                ),
                (hit, hit)
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("crates/tar");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("RUSTSEC-2024-0001.md"), ADVISORY).unwrap();
        std::fs::write(folder.join("RUSTSEC-2024-0002.md"), "garbage").unwrap();
        let database = Advisories::open(dir.path(), &Runner::new()).unwrap();
        let text = "version = 4\n[[package]]\nname = \"tar\"\nversion = \"1.0.5\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n";
        let lock = crate::read::lockfile::parse(text.as_bytes()).unwrap();
        assert_eq!(
            unreadable(&database, &lock),
            ["crates/tar/RUSTSEC-2024-0002.md"]
        );
        assert!(Advisories::open(&folder, &Runner::new()).is_err());
    }
}
