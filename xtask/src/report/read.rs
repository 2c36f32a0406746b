//! What a package's artifact folder holds: the gates' reports, as far as they can be relied on, and
//! what lies beside them.
//!
//! A report of another kind, version, package, commit or lock file is refused with the reason,
//! never shown as a verdict.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::Subject;
use release_gate::artifacts::{MANIFEST, Manifest};
use release_gate::report::{Envelope, schema_id};
use serde_json::Value;

use super::size::{self, Share};

/// The gates' reports in the order in which they are made; `<name>.json`.
pub(crate) const REPORTS: [&str; 13] = [
    "verify-source",
    "repro",
    "buildinfo",
    "rebuild",
    "sbom",
    "vulns",
    "licenses",
    "pins",
    "compat",
    "relnotes",
    "relnotes-check",
    "pack",
    "verify",
];

/// The report that says what is shipped comes first: the others have to be about the same.
const REFERENCES: [&str; 3] = ["buildinfo", "repro", "sbom"];

/// One report.
#[derive(Debug, Clone)]
pub(crate) enum Fact {
    /// It is not there: the gate was not run.
    Missing,
    /// It says nothing about this release, for this reason.
    Refused(String),
    Usable(Box<Envelope>),
}

/// What a package left in its artifact folder.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folder {
    /// Name and version.
    pub(crate) title: String,
    /// The reports, by name.
    pub(crate) facts: BTreeMap<&'static str, Fact>,
    /// `sbom.cdx.json`, or why it is not shown.
    pub(crate) sbom: Option<Result<Value, String>>,
    /// Texts of the witnesses, by file name.
    pub(crate) witnesses: BTreeMap<String, String>,
    /// Names of the archives that can be downloaded.
    pub(crate) archives: Vec<String>,
    /// What fills each artifact, by its path.
    pub(crate) sizes: BTreeMap<String, Vec<Share>>,
}

impl Folder {
    pub(crate) fn fact(&self, name: &str) -> &Fact {
        self.facts.get(name).unwrap_or(&Fact::Missing)
    }

    /// A report that can be relied on.
    pub(crate) fn usable(&self, name: &str) -> Option<&Envelope> {
        match self.fact(name) {
            Fact::Usable(envelope) => Some(envelope),
            _ => None,
        }
    }

    /// What the folder is about, where a report says so.
    pub(crate) fn subject(&self) -> Option<&Subject> {
        let name = REFERENCES
            .iter()
            .chain(&REPORTS)
            .find(|name| self.usable(name).is_some())?;
        self.usable(name).map(|envelope| &envelope.subject)
    }
}

/// Whether a gate wrote into this folder.
pub(crate) fn is_package(dir: &Path) -> bool {
    dir.join(MANIFEST).is_file()
        || REPORTS
            .iter()
            .any(|name| dir.join(format!("{name}.json")).is_file())
}

/// The reports of a folder. Each has to be of its own kind, about the package that the folder is
/// named after, and about the same commit and lock file as the report of what is shipped.
fn facts(dir: &Path, title: &str) -> BTreeMap<&'static str, Fact> {
    let manifest = std::fs::read(dir.join(MANIFEST)).ok();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let whole = manifest.is_some_and(|manifest| manifest.schema == schema_id("manifest"));
    let read = |name: &str| {
        let bytes = match std::fs::read(dir.join(format!("{name}.json"))) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Fact::Missing,
            Err(error) => return Fact::Refused(format!("it cannot be read: {error}")),
        };
        if !whole {
            return Fact::Refused(format!(
                "the folder has no {MANIFEST}, so no gate finished writing it"
            ));
        }
        let envelope = match Envelope::read(&bytes, name) {
            Ok(envelope) => envelope,
            Err(error) => return Fact::Refused(error.to_string()),
        };
        let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "none".to_owned());
        let about = format!(
            "{}-{}",
            part(&envelope.subject.package),
            part(&envelope.subject.version)
        );
        if about == title {
            Fact::Usable(Box::new(envelope))
        } else {
            Fact::Refused(format!("made for {about}, not {title}"))
        }
    };
    let mut facts: BTreeMap<&'static str, Fact> = REPORTS.map(|name| (name, read(name))).into();
    let reference = REFERENCES
        .iter()
        .chain(&REPORTS)
        .find_map(|name| match facts.get(name) {
            Some(Fact::Usable(envelope)) => Some(envelope.subject.clone()),
            _ => None,
        });
    for fact in facts.values_mut() {
        if let (Fact::Usable(envelope), Some(reference)) = (&*fact, &reference)
            && let Some(stale) = envelope.subject.stale_against(reference)
        {
            *fact = Fact::Refused(stale);
        }
    }
    facts
}

/// Reads a package's artifact folder.
pub(crate) fn folder(dir: &Path, title: &str) -> Folder {
    let facts = facts(dir, title);
    let witnesses = listing(&dir.join("witnesses"))
        .into_iter()
        .filter_map(|file| {
            let text = std::fs::read_to_string(dir.join("witnesses").join(&file)).ok()?;
            Some((format!("witnesses/{file}"), text))
        })
        .collect();
    let is_archive = |name: &String| {
        [".tar.gz", ".tar.zst", ".zip"]
            .iter()
            .any(|end| name.ends_with(end))
    };
    let mut folder = Folder {
        title: title.to_owned(),
        sbom: sbom(dir, title, facts.get("sbom")),
        facts,
        witnesses,
        archives: listing(dir).into_iter().filter(is_archive).collect(),
        sizes: BTreeMap::new(),
    };
    folder.sizes = folder
        .usable("buildinfo")
        .map(|info| sizes(dir, &info.data))
        .unwrap_or_default();
    folder
}

/// The document carries no commit: what is said of its report holds for it.
fn sbom(dir: &Path, title: &str, report: Option<&Fact>) -> Option<Result<Value, String>> {
    let bytes = std::fs::read(dir.join("sbom.cdx.json")).ok()?;
    if let Some(Fact::Refused(reason)) = report {
        return Some(Err(format!("sbom.json: {reason}")));
    }
    let Ok(document) = serde_json::from_slice::<Value>(&bytes) else {
        return Some(Err("sbom.cdx.json: it is no JSON".to_owned()));
    };
    let main = &document["metadata"]["component"];
    let about = format!(
        "{}-{}",
        main["name"].as_str().unwrap_or("none"),
        main["version"].as_str().unwrap_or("none")
    );
    Some(if about == title {
        Ok(document)
    } else {
        Err(format!("sbom.cdx.json: made for {about}, not {title}"))
    })
}

/// Names in a folder, sorted.
fn listing(dir: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(dir)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What fills each artifact a buildinfo names.
fn sizes(dir: &Path, data: &Value) -> BTreeMap<String, Vec<Share>> {
    let artifacts = data["artifacts"].as_array().into_iter().flatten();
    let paths = artifacts.filter_map(|artifact| artifact["path"].as_str());
    paths
        // A report may come from elsewhere: only what lies in its folder is opened.
        .filter(|path| {
            Path::new(path)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)))
        })
        .filter_map(|path| {
            let shares = size::shares(&std::fs::read(dir.join(path)).ok()?);
            (!shares.is_empty()).then(|| (path.to_owned(), shares))
        })
        .collect()
}

/// The package folders right below an artifact folder, by name.
pub(crate) fn packages(root: &Path) -> std::io::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| is_package(&path)) {
            found.insert(name.to_string_lossy().into_owned(), path);
        }
    }
    Ok(found)
}
