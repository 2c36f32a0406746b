//! The files other gates left in the artifact folder.
//!
//! Must never: take a file for a fact before its subject was compared with what is released. Every
//! report is checked for its schema, commit, lockfile and status; the SBOM, which has a form of its
//! own, by what its root component and the folder's manifest say.

use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate_facts::report::cyclonedx::CycloneDx;
use release_gate_facts::{CommitId, Envelope, ReportData, Sha256Digest, Subject};
use semver::Version;

use crate::model::facts::{BuildInfo, Fact, Facts, Judged, SBOM_FILE, Sbom};

/// Reads everything the artifact folder of a release holds. `before` is the version of the release
/// before: what was compared with another one says nothing about this range.
pub fn gather(folder: &PackageArtifacts, subject: &Subject, before: Option<&Version>) -> Facts {
    let buildinfo: Fact<Judged<BuildInfo>> = read_report(folder, subject);
    let mismatched = buildinfo
        .usable()
        .map(|facts| mismatches(folder, &facts.data))
        .unwrap_or_default();
    Facts {
        sbom: read_sbom(folder, subject),
        vulns: read_report(folder, subject),
        compat: compared_with(read_envelope(folder, subject), before),
        repro: read_report(folder, subject),
        buildinfo,
        mismatched,
    }
}

/// What was built of an earlier release, where its folder is still beside this one's and is about
/// that commit.
pub fn build_before(
    folder: &PackageArtifacts,
    package: &str,
    version: &Version,
    commit: &CommitId,
) -> Option<BuildInfo> {
    let path = folder
        .dir()
        .parent()?
        .join(format!("{package}-{version}"))
        .join(BuildInfo::FILE);
    let bytes = std::fs::read(path).ok()?;
    let report = Fact::<Envelope<BuildInfo>>::read(Some(&bytes)).into_usable()?;
    (report.subject.commit.as_ref() == Some(commit)).then_some(report.data)
}

/// One report, and the digest of its file.
fn read_envelope<Data: ReportData>(
    folder: &PackageArtifacts,
    subject: &Subject,
) -> Fact<(Envelope<Data>, Sha256Digest)> {
    let bytes = match folder.read(Data::FILE) {
        Ok(bytes) => bytes,
        Err(_) => return Fact::Error("the file cannot be read".to_owned()),
    };
    let digest = sha256_bytes(bytes.as_deref().unwrap_or_default());
    Fact::<Envelope<Data>>::read_about(bytes.as_deref(), subject).map(|envelope| (envelope, digest))
}

/// One report, as far as notes repeat it.
fn read_report<Data: ReportData>(
    folder: &PackageArtifacts,
    subject: &Subject,
) -> Fact<Judged<Data>> {
    read_envelope(folder, subject).map(judged)
}

fn judged<Data>((envelope, sha256): (Envelope<Data>, Sha256Digest)) -> Judged<Data> {
    Judged {
        status: envelope.status,
        sha256,
        data: envelope.data,
    }
}

/// The fact, stale where it was compared with another version than `before`.
fn compared_with<Data>(
    fact: Fact<(Envelope<Data>, Sha256Digest)>,
    before: Option<&Version>,
) -> Fact<Judged<Data>> {
    fact.and_then(|(envelope, sha256)| {
        let baseline = envelope.baseline.as_ref();
        let with = baseline.and_then(|baseline| baseline.version.as_deref());
        match (with, before) {
            (Some(with), Some(before)) if with != before.to_string() => {
                Fact::Stale(format!("compared with {with}, not {before}"))
            }
            _ => Fact::Usable(judged((envelope, sha256))),
        }
    })
}

/// The CycloneDX SBOM.
fn read_sbom(folder: &PackageArtifacts, subject: &Subject) -> Fact<Sbom> {
    let bytes = match folder.read(SBOM_FILE) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Fact::Missing,
        // No path of the machine in a report.
        Err(_) => return Fact::Error("the file cannot be read".to_owned()),
    };

    let document: CycloneDx = match serde_json::from_slice(&bytes) {
        Ok(document) => document,
        Err(error) => return Fact::OtherShape(error.to_string()),
    };

    if let Some(why) = stale_sbom(&document, subject) {
        return Fact::Stale(why);
    }
    let sha256 = sha256_bytes(&bytes);
    let manifest = folder
        .read(MANIFEST)
        .ok()
        .flatten()
        .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());

    let listed = manifest
        .iter()
        .flat_map(|manifest| &manifest.files)
        .find(|file| file.path == SBOM_FILE);

    if listed.is_some_and(|file| file.sha256 != sha256) {
        return Fact::Error("it was changed after its tool wrote it".to_owned());
    }

    Fact::Usable(Sbom {
        sha256,
        components: document.components.len(),
    })
}

/// Whether something else was found than what is wanted, where something is.
fn differs(wanted: Option<&str>, found: &str) -> bool {
    wanted.is_some_and(|wanted| wanted != found)
}

/// Why an SBOM is about something else than what is released.
fn stale_sbom(document: &CycloneDx, subject: &Subject) -> Option<String> {
    let component = &document.metadata.component;
    if differs(subject.package.as_deref(), &component.name) {
        return Some(format!("made for {}", component.name));
    }
    if differs(subject.version.as_deref(), &component.version) {
        return Some(format!(
            "made for version {}, not {}",
            component.version,
            subject.version.as_deref().unwrap_or_default()
        ));
    }

    let commit = subject.commit.as_ref().map(ToString::to_string);
    let lock = subject.lock_sha256.as_ref().map(ToString::to_string);
    let dirty = Some(subject.dirty.to_string());
    let wanted = [("commit", commit), ("lock-sha256", lock), ("dirty", dirty)];

    wanted.into_iter().find_map(|(name, wanted)| {
        let wanted = wanted?;
        match document.property(name) {
            Some(found) if found == wanted => None,
            Some(found) => Some(format!("its {name} is {found}")),
            None => Some(format!("it does not say its {name}")),
        }
    })
}

/// Artifacts that are in the folder and are not what the build said.
fn mismatches(folder: &PackageArtifacts, info: &BuildInfo) -> Vec<(String, Sha256Digest)> {
    let mut found = Vec::new();
    for artifact in &info.artifacts {
        let inside = !artifact
            .path
            .split('/')
            .any(|part| part == ".." || part.is_empty());
        if inside
            && let Ok((digest, _)) = sha256_file(&folder.path(&artifact.path))
            && digest != artifact.sha256
        {
            found.push((artifact.name.clone(), digest));
        }
    }
    found
}
