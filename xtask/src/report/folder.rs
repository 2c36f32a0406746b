//! What a package's artifact folder holds: the gates' reports, as far as they can be relied on, and
//! what lies beside them.
//!
//! A report of another kind, version, shape, package, commit or lock file is refused with the
//! reason, never shown as a verdict.

use std::collections::BTreeMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use release_gate::facts::files::{MANIFEST, RELEASE_FOLDER, SBOM_CYCLONEDX_JSON};
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::facts::report::compat::CompatData;
use release_gate::facts::report::repro::ReproData;
use release_gate::facts::report::sbom::SbomData;
use release_gate::facts::report::vulns::VulnsData;
use release_gate::facts::{Manifest, Subject};
use release_gate::report::Envelope;
use release_gate::{Fact, ReportData};

use super::known::{KnownReport, REPORTS, Said};
use super::sbom::Sbom;
use super::size::{self, Share};

/// The report that says what is shipped comes first: the others have to be about the same.
const REFERENCES: [&str; 3] = [BuildInfo::NAME, ReproData::NAME, SbomData::NAME];

/// Folder of the programs that show API changes, inside a package's folder.
const WITNESSES: &str = "witnesses";

/// Ends of the names of archives that can be downloaded.
const ARCHIVE_ENDS: [&str; 3] = [".tar.gz", ".tar.zst", ".zip"];

/// One report, as far as it can be relied on.
#[derive(Debug, Clone)]
pub(crate) enum Reading {
    /// It is not there: the gate was not run.
    Missing,
    /// It says nothing about this release, for this reason.
    Refused(String),
    /// What the gate said.
    Said(Box<Said>),
}

/// The reports by name.
type Readings = BTreeMap<&'static str, Reading>;

/// What a package left in its artifact folder.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// Name and version.
    pub(crate) title: String,
    readings: Readings,
    /// What was built; `None` where that cannot be relied on.
    pub(crate) build: Option<BuildInfo>,
    /// How the API changed; `None` where that cannot be relied on.
    pub(crate) api: Option<CompatData>,
    /// What the audit found. An audit that came to no verdict may have found something, too.
    pub(crate) audit: Option<VulnsData>,
    /// The SBOM, or why it is not shown.
    pub(crate) sbom: Option<Result<Sbom, String>>,
    /// Texts of the witnesses, by file name.
    pub(crate) witnesses: BTreeMap<String, String>,
    /// Names of the archives that can be downloaded.
    pub(crate) archives: Vec<String>,
    /// What fills each artifact, by its path.
    pub(crate) sizes: BTreeMap<String, Vec<Share>>,
}

impl Folder {
    /// Reads a package's artifact folder.
    pub(crate) fn read(dir: &Path, title: &str) -> Self {
        let readings = read_all(dir, title);
        let build = usable::<BuildInfo>(dir, &readings);

        Self {
            title: title.to_owned(),
            sizes: build.iter().flat_map(|build| sizes(dir, build)).collect(),
            build,
            api: usable::<CompatData>(dir, &readings),
            audit: read_audit(dir, &readings),
            sbom: read_sbom(dir, title, readings.get(SbomData::NAME)),
            readings,
            witnesses: read_witnesses(&dir.join(WITNESSES)),
            archives: archives(dir),
        }
    }

    /// The report of this name.
    pub(crate) fn reading(&self, name: &str) -> &Reading {
        self.readings.get(name).unwrap_or(&Reading::Missing)
    }

    /// What a gate said, where that can be relied on.
    pub(crate) fn said(&self, name: &str) -> Option<&Said> {
        match self.reading(name) {
            Reading::Said(said) => Some(said),
            _ => None,
        }
    }

    /// What the folder is about, where a report says so.
    pub(crate) fn subject(&self) -> Option<&Subject> {
        reference(&self.readings)
    }
}

/// The package folders right below an artifact folder, by name.
pub(crate) fn packages(root: &Path) -> io::Result<BTreeMap<String, PathBuf>> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(root)? {
        let path = entry?.path();
        if let Some(name) = path.file_name().filter(|_| is_package(&path)) {
            found.insert(name.to_string_lossy().into_owned(), path);
        }
    }
    Ok(found)
}

/// Whether a gate wrote into this folder.
fn is_package(dir: &Path) -> bool {
    let mut reports = REPORTS.iter();
    dir.join(MANIFEST).is_file() || reports.any(|report| dir.join(report.file).is_file())
}

/// The reports of a folder. Each has to be of its own kind, about the package that the folder is
/// named after, and about the same commit and lock file as the report of what is shipped.
fn read_all(dir: &Path, title: &str) -> Readings {
    let manifest = std::fs::read(dir.join(MANIFEST)).ok();
    let is_whole = manifest.is_some_and(|bytes| Manifest::read(&bytes).is_ok());

    let mut readings = Readings::new();
    for report in &REPORTS {
        let reading = match std::fs::read(dir.join(report.file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Reading::Missing,
            Err(error) => Reading::Refused(format!("it cannot be read: {error}")),
            Ok(_) if !is_whole => Reading::Refused(format!(
                "the folder has no {MANIFEST} that can be read, so no gate finished writing it"
            )),
            Ok(bytes) => read_one(report, &bytes, title),
        };
        readings.insert(report.name, reading);
    }

    refuse_stale(&mut readings);
    readings
}

fn read_one(report: &KnownReport, bytes: &[u8], title: &str) -> Reading {
    let said = match (report.read)(bytes) {
        Ok(said) => said,
        Err(reason) => return Reading::Refused(reason),
    };

    let part = |part: &Option<String>| part.clone().unwrap_or_else(|| "none".to_owned());
    let (package, version) = (&said.subject.package, &said.subject.version);
    let about = format!("{}-{}", part(package), part(version));
    if about == title {
        Reading::Said(Box::new(said))
    } else {
        Reading::Refused(format!("made for {about}, not {title}"))
    }
}

/// What the reports have to be about.
fn reference(readings: &Readings) -> Option<&Subject> {
    let others = REPORTS.iter().map(|report| report.name);
    let mut names = REFERENCES.into_iter().chain(others);
    names.find_map(|name| match readings.get(name) {
        Some(Reading::Said(said)) => Some(&said.subject),
        _ => None,
    })
}

/// Refuses what is about another commit or lock file than the report of what is shipped.
fn refuse_stale(readings: &mut Readings) {
    let Some(reference) = reference(readings).cloned() else {
        return;
    };
    for reading in readings.values_mut() {
        if let Reading::Said(said) = &*reading
            && let Some(stale) = said.subject.stale_against(&reference)
        {
            *reading = Reading::Refused(stale);
        }
    }
}

/// The data of a report that was not refused and has a verdict.
fn usable<Data: ReportData>(dir: &Path, readings: &Readings) -> Option<Data> {
    if !matches!(readings.get(Data::NAME), Some(Reading::Said(_))) {
        return None;
    }
    let bytes = std::fs::read(dir.join(Data::FILE)).ok();
    let fact = Fact::<Envelope<Data>>::read(bytes.as_deref());
    fact.into_usable().map(|report| report.data)
}

/// What an audit found, also where it came to no verdict: `Fact` would hide that, and every
/// advisory that is known is shown.
fn read_audit(dir: &Path, readings: &Readings) -> Option<VulnsData> {
    if !matches!(readings.get(VulnsData::NAME), Some(Reading::Said(_))) {
        return None;
    }
    let bytes = std::fs::read(dir.join(VulnsData::FILE)).ok()?;
    let report: Envelope<VulnsData> = serde_json::from_slice(&bytes).ok()?;
    Some(report.data)
}

/// The document carries no commit: what is said of its report holds for it.
fn read_sbom(dir: &Path, title: &str, report: Option<&Reading>) -> Option<Result<Sbom, String>> {
    let bytes = std::fs::read(dir.join(SBOM_CYCLONEDX_JSON)).ok()?;
    if let Some(Reading::Refused(reason)) = report {
        return Some(Err(format!("{}: {reason}", SbomData::FILE)));
    }

    Some(match serde_json::from_slice::<Sbom>(&bytes) {
        Err(error) => Err(format!("{SBOM_CYCLONEDX_JSON}: {error}")),
        Ok(sbom) => {
            let about = format!("{}-{}", sbom.main().name, sbom.main().version);
            if about == title {
                Ok(sbom)
            } else {
                Err(format!(
                    "{SBOM_CYCLONEDX_JSON}: made for {about}, not {title}"
                ))
            }
        }
    })
}

/// The witnesses' texts, by their name in the report.
fn read_witnesses(dir: &Path) -> BTreeMap<String, String> {
    let names = listing(dir).into_iter();
    names
        .filter_map(|name| {
            let text = std::fs::read_to_string(dir.join(&name)).ok()?;
            Some((format!("{WITNESSES}/{name}"), text))
        })
        .collect()
}

/// Names of the archives that can be downloaded.
fn archives(dir: &Path) -> Vec<String> {
    let mut names = listing(&dir.join(RELEASE_FOLDER));
    names.retain(|name| ARCHIVE_ENDS.iter().any(|end| name.ends_with(end)));
    names
}

/// Names in a folder, sorted.
fn listing(dir: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// What fills each artifact of a build.
fn sizes(dir: &Path, build: &BuildInfo) -> BTreeMap<String, Vec<Share>> {
    let paths = build.artifacts.iter().map(|artifact| &artifact.path);
    paths
        .filter(|path| is_inside(path))
        .filter_map(|path| {
            let shares = size::shares(&std::fs::read(dir.join(path)).ok()?);
            (!shares.is_empty()).then(|| (path.clone(), shares))
        })
        .collect()
}

/// Whether a path stays in the folder it is relative to. A report may come from elsewhere: only
/// what lies in its folder is opened.
fn is_inside(path: &str) -> bool {
    let mut parts = Path::new(path).components();
    parts.all(|part| matches!(part, Component::Normal(_)))
}
