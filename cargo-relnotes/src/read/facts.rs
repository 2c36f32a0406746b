//! The files other gates left in the artifact folder.
//!
//! Must never: take a file for a fact before its subject was compared with what is released. Every
//! report is checked for its schema, commit, lockfile and status; the SBOM, which has a form of its
//! own, by what its root component and the folder's manifest say.

use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::git::CommitId;
use release_gate::report::{Envelope, Status, Subject};
use semver::Version;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::model::facts::{BuildInfo, Fact, Facts, Judged, Sbom};

/// Reads everything the artifact folder of a release holds. `before` is the version of the release
/// before: what was compared with another one says nothing about this range.
pub fn gather(folder: &PackageArtifacts, subject: &Subject, before: Option<&Version>) -> Facts {
    let any = |_: &Envelope| None;
    let buildinfo: Fact<Judged<BuildInfo>> = report(folder, "buildinfo", subject, any);
    let compared = |envelope: &Envelope| {
        let with = envelope.baseline.as_ref()?.version.as_deref()?;
        let before = before?.to_string();
        (with != before).then(|| format!("compared with {with}, not {before}"))
    };
    let mismatched = buildinfo
        .usable()
        .map(|facts| mismatches(folder, &facts.data))
        .unwrap_or_default();
    Facts {
        sbom: sbom(folder, subject),
        vulns: report(folder, "vulns", subject, any),
        compat: report(folder, "compat", subject, compared),
        repro: report(folder, "repro", subject, any),
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
        .join("buildinfo.json");
    let envelope = Envelope::read(&std::fs::read(path).ok()?, "buildinfo").ok()?;
    let judged = matches!(envelope.status, Status::Pass | Status::Fail);
    (judged && envelope.subject.commit.as_ref() == Some(commit))
        .then(|| serde_json::from_value(envelope.data).ok())?
}

/// One report, brought to the shape notes need.
fn report<T: DeserializeOwned>(
    folder: &PackageArtifacts,
    name: &str,
    subject: &Subject,
    otherwise_stale: impl Fn(&Envelope) -> Option<String>,
) -> Fact<Judged<T>> {
    let bytes = match folder.read(&format!("{name}.json")) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Fact::Absent,
        Err(error) => return Fact::Broken(error.chain()),
    };
    let envelope = match Envelope::read(&bytes, name) {
        Ok(envelope) => envelope,
        Err(error) => return Fact::Broken(error.to_string()),
    };
    if let Some(why) = stale(&envelope.subject, subject).or_else(|| otherwise_stale(&envelope)) {
        return Fact::Stale(why);
    }
    let first = envelope
        .findings
        .first()
        .map(|finding| format!(": {}", finding.message))
        .unwrap_or_default();
    match envelope.status {
        Status::Pass | Status::Fail => match serde_json::from_value(envelope.data) {
            Ok(data) => Fact::Usable(Judged {
                status: envelope.status,
                sha256: sha256_bytes(&bytes),
                data,
            }),
            Err(error) => Fact::Broken(format!("its data has an unexpected shape: {error}")),
        },
        Status::Skipped => Fact::NotApplicable(format!("nothing to judge{first}")),
        Status::Error | Status::Unsupported => Fact::Broken(format!(
            "its gate ended with status `{}`{first}",
            envelope.status.as_str()
        )),
    }
}

/// Why a report is about something else. A report that names no package (of a whole workspace) is
/// about all of them.
fn stale(found: &Subject, judged: &Subject) -> Option<String> {
    for (what, a, b) in [
        ("package", &found.package, &judged.package),
        ("version", &found.version, &judged.version),
    ] {
        if let (Some(a), Some(b)) = (a, b)
            && a != b
        {
            return Some(format!("made for {what} {a}, not {b}"));
        }
    }
    found.stale_against(judged)
}

/// The CycloneDX SBOM.
fn sbom(folder: &PackageArtifacts, subject: &Subject) -> Fact<Sbom> {
    let bytes = match folder.read("sbom.cdx.json") {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Fact::Absent,
        Err(error) => return Fact::Broken(error.chain()),
    };
    let value: Value = match serde_json::from_slice(&bytes) {
        Ok(value) => value,
        Err(error) => return Fact::Broken(format!("it is no JSON: {error}")),
    };
    if value["bomFormat"] != "CycloneDX" {
        return Fact::Broken("it is no CycloneDX document".to_owned());
    }
    let root = &value["metadata"]["component"];
    if let (Some(found), Some(judged)) = (root["version"].as_str(), subject.version.as_deref())
        && found != judged
    {
        return Fact::Stale(format!("made for version {found}, not {judged}"));
    }
    let properties = [
        &value["metadata"]["properties"],
        &root["properties"],
        &value["properties"],
    ];
    for property in properties.into_iter().filter_map(Value::as_array).flatten() {
        let (Some(name), Some(found)) = (property["name"].as_str(), property["value"].as_str())
        else {
            continue;
        };
        let expected = match name.rsplit(':').next() {
            Some("commit") => subject.commit.as_ref().map(ToString::to_string),
            Some("lock-sha256" | "lock_sha256") => {
                subject.lock_sha256.as_ref().map(ToString::to_string)
            }
            Some("dirty") => Some(subject.dirty.to_string()),
            _ => continue,
        };
        if expected
            .as_deref()
            .is_some_and(|expected| expected != found)
        {
            return Fact::Stale(format!("its {name} is {found}"));
        }
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
        .find(|file| file.path == "sbom.cdx.json");
    if listed.is_some_and(|file| file.sha256 != sha256) {
        return Fact::Broken("it was changed after its tool wrote it".to_owned());
    }
    Fact::Usable(Sbom {
        sha256,
        components: value["components"].as_array().map_or(0, Vec::len),
    })
}

/// Artifacts that are in the folder and are not what the build said.
fn mismatches(
    folder: &PackageArtifacts,
    info: &BuildInfo,
) -> Vec<(String, release_gate::digest::Sha256Digest)> {
    let mut found = Vec::new();
    for artifact in &info.artifacts {
        let Some(path) = artifact
            .path
            .as_deref()
            .filter(|path| !path.split('/').any(|part| part == ".." || part.is_empty()))
        else {
            continue;
        };
        if let Ok((digest, _)) = sha256_file(&folder.path(path))
            && digest != artifact.sha256
        {
            found.push((artifact.name.clone(), digest));
        }
    }
    found
}
