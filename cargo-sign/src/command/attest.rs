//! `cargo sign attest`: SLSA provenance of a packed release, from its buildinfo.

use std::collections::BTreeSet;
use std::path::Path;

use release_gate::artifacts::PackageArtifacts;
use release_gate::audit::AuditLog;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::json::to_canonical_line;
use release_gate::project::{Package, Project};
use release_gate::report::Envelope;
use release_gate::time::rfc3339;
use release_gate::{Context, Error, Outcome, Report, Result, Status};
use serde::Deserialize;

use super::inputs::read_buildinfo;
use super::{Config, trust};
use crate::cli::AttestArgs;
use crate::format::bundle::is_bundle;
use crate::format::public_key::PublicKey;
use crate::format::{checksums, dsse};
use crate::judge::{
    Expected, Extent, Keys, Verdict, check_directory, check_provenance, check_summary,
    read_provenance,
};
use crate::key::Secret;
use crate::model::provenance::{
    BUILD_TYPE, BUILDER, BuildDefinition, Builder, Digests, LEVEL, PREDICATE, Parameters,
    Predicate, Resource, RunDetails, STATEMENT, Statement, Subject, source,
};
use crate::model::summary::{self, Policy};
use crate::{TOOL, key};

/// Name of the provenance beside the release.
pub(super) const FILE: &str = "provenance.intoto.jsonl";

/// Name of the verification summary beside the release.
pub(super) const SUMMARY: &str = "vsa.intoto.jsonl";

/// Name of the Sigstore bundle beside the release, where the summary is about one.
pub(super) const BUNDLE: &str = "provenance.sigstore.json";

/// What is taken from `buildinfo.json`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BuildInfo {
    profile: String,
    toolchain: Toolchain,
    dependencies: Vec<Locked>,
    artifacts: Vec<Artifact>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Toolchain {
    rustc: Program,
    cargo: Program,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Program {
    version: Vec<String>,
    sha256: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: String,
    #[serde(default)]
    checksum: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Artifact {
    target: String,
}

pub(crate) fn run(cx: &mut Context, args: &AttestArgs) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let root = cx.artifacts()?;
    let project = cx.project()?;
    let committed = trust::of_project(project, &config)?;
    let signing = key::load(args.key.key.as_deref(), args.key.passphrase.source())?;
    let keys = committed.unwrap_or_else(|| Keys::new(vec![signing.public()], true));
    let reports = project.selected().map(|package| {
        let folder = root.for_package(&package.name, &package.version.to_string());
        attest(project, package, folder, &signing, &keys, args)
    });
    Ok(Outcome::Reports(reports.collect::<Result<Vec<_>>>()?))
}

fn attest(
    project: &Project,
    package: &Package,
    mut folder: PackageArtifacts,
    signing: &Secret,
    keys: &Keys,
    args: &AttestArgs,
) -> Result<Report> {
    let subject = project.subject(package);
    let epoch = project.epoch()?.unwrap_or(0);
    let commit = subject
        .commit
        .clone()
        .filter(|_| !subject.dirty)
        .ok_or_else(|| {
            Error::judge("only a release of a clean commit can be attested")
                .with_help("commit, then build and pack again")
        })?;
    let repository = args
        .source_uri
        .clone()
        .or_else(|| package.repository.clone())
        .ok_or_else(|| {
            Error::usage("where the source lives is not known")
                .with_help("name it with --source-uri, or set `repository` in Cargo.toml")
        })?;
    if let Some(tag) = &args.source_tag {
        let tagged = project.repository()?.resolve(&format!("refs/tags/{tag}"))?;
        if tagged != commit {
            return Err(Error::judge(format!(
                "the tag `{tag}` names {}, not {}",
                tagged.short(),
                commit.short()
            ))
            .with_help("check out the tag, then build and pack again"));
        }
    }
    let version = package.version.to_string();
    let (_, buildinfo) = read_buildinfo(folder.dir())?;
    if let Some(why) = buildinfo.subject.stale_against(&subject) {
        return Err(Error::judge(format!("`buildinfo.json` was {why}"))
            .with_help("run `cargo repro build` again"));
    }
    let info: BuildInfo = serde_json::from_value(buildinfo.data)
        .map_err(|error| Error::judge("`buildinfo.json` cannot be relied on").with_source(error))?;
    if info.artifacts.is_empty() {
        return Ok(Report::new("attest", &TOOL, subject)
            .status(Status::Skipped)
            .summary("the build has no artifact to attest")
            .print_only());
    }
    // What does not verify is not attested.
    let mut verdict = check_directory(folder.dir(), keys, Extent::Listed)?;
    if !verdict.holds() {
        return Ok(Report::new("attest", &TOOL, subject)
            .findings(verdict.findings)
            .print_only());
    }
    let list_bytes = folder.read("checksums.txt")?.unwrap_or_default();
    let mut list = checksums::parse(&list_bytes)
        .map_err(|error| Error::judge("`checksums.txt` cannot be relied on").with_source(error))?;
    list.insert("checksums.txt".to_owned(), sha256_bytes(&list_bytes));
    if let Some(path) = &args.provenance {
        let release = summary::Release {
            resource_uri: summary::resource_uri(&package.name, &version),
            subject: subjects(&list),
            time: rfc3339(epoch),
        };
        verdict = record(
            folder,
            path,
            signing,
            keys,
            args,
            (repository, release),
            verdict,
        )?;
        let summary = verdict
            .built
            .first()
            .map_or_else(String::new, |built| format!("{SUMMARY}: {built}"));
        return Ok(Report::new("attest", &TOOL, subject)
            .findings(verdict.findings)
            .summary(summary)
            .print_only());
    }
    // Machines may have shared the targets among them: each left a buildinfo of its own.
    let mut infos = vec![info];
    for name in list
        .keys()
        .filter(|name| name.starts_with("buildinfo-") && name.ends_with(".json"))
    {
        let wrong = || Error::judge(format!("`{name}` cannot be relied on"));
        let bytes = folder.read(name)?.ok_or_else(wrong)?;
        let envelope =
            Envelope::read(&bytes, "buildinfo").map_err(|error| wrong().with_source(error))?;
        if let Some(why) = envelope.subject.stale_against(&subject) {
            return Err(Error::judge(format!("`{name}` was {why}"))
                .with_help("build again on that machine"));
        }
        infos.push(
            serde_json::from_value(envelope.data).map_err(|error| wrong().with_source(error))?,
        );
    }
    let targets: BTreeSet<String> = infos
        .iter()
        .flat_map(|info| &info.artifacts)
        .map(|artifact| artifact.target.clone())
        .collect();
    let targets = targets.into_iter().collect();
    let mut resolved = vec![Resource::new(
        format!("git+{}", source(&repository)),
        "gitCommit",
        &commit,
    )];
    resolved.extend(
        subject
            .lock_sha256
            .map(|digest| Resource::new("Cargo.lock", "sha256", digest)),
    );
    for info in &infos {
        for resource in resources(info) {
            if !resolved.contains(&resource) {
                resolved.push(resource);
            }
        }
    }
    let log = folder.read(crate::judge::LOG)?;
    let head = log
        .as_deref()
        .map(|log| AuditLog::resume(log).map(|log| log.head()))
        .transpose()
        .map_err(|error| {
            Error::judge(format!("`{}` cannot be relied on", crate::judge::LOG)).with_source(error)
        })?;
    let statement = Statement {
        kind: STATEMENT.to_owned(),
        subject: subjects(&list),
        predicate_type: PREDICATE.to_owned(),
        predicate: Predicate {
            build_definition: BuildDefinition {
                build_type: BUILD_TYPE.to_owned(),
                external_parameters: Parameters {
                    repository: repository.clone(),
                    reference: args
                        .source_tag
                        .as_ref()
                        .map(|tag| format!("refs/tags/{tag}")),
                    package: package.name.to_string(),
                    version,
                    profile: infos.swap_remove(0).profile,
                    targets,
                    features: subject.features.clone(),
                },
                resolved_dependencies: resolved,
            },
            run_details: RunDetails {
                builder: Builder {
                    id: BUILDER.to_owned(),
                },
                byproducts: log
                    .iter()
                    .map(|log| Resource::new(crate::judge::LOG, "sha256", sha256_bytes(log)))
                    .chain(head.map(|head| Resource::new(crate::judge::LOG_HEAD, "sha256", head)))
                    .collect(),
            },
        },
    };
    let wrong = |error| Error::judge("the provenance cannot be written").with_source(error);
    let payload = to_canonical_line(&statement).map_err(wrong)?;
    let envelope = signing
        .with(|key| dsse::sign(key, &payload))?
        .map_err(wrong)?;
    folder.write(FILE, &envelope)?;
    let path = folder.path(FILE);
    // Judged as a user would, with the committed key.
    let expected = Expected {
        source_uri: repository,
        source_tag: args.source_tag.clone(),
        ..Expected::default()
    };
    check_provenance(&mut verdict, &path, &expected, keys)?;
    let mut written = FILE.to_owned();
    if args.vsa && verdict.holds() {
        let policy = Policy {
            builder: BUILDER.to_owned(),
            keys: keys.keys.iter().map(PublicKey::fingerprint).collect(),
            source: expected.source_uri,
            tag: args.source_tag.clone(),
        };
        let asked = statement.predicate.build_definition.external_parameters;
        let release = summary::Release {
            resource_uri: summary::resource_uri(&asked.package, &asked.version),
            subject: statement.subject,
            time: rfc3339(epoch),
        };
        let summary = release
            .summarise(&policy, FILE, &sha256_bytes(&envelope), 1)
            .map_err(wrong)?;
        folder.write(
            SUMMARY,
            &signing
                .with(|key| dsse::sign(key, &summary))?
                .map_err(wrong)?,
        )?;
        check_summary(&mut verdict, &folder.path(SUMMARY), keys)?;
        // Of the summary that was here before: this one is not about it.
        let before = folder.path(BUNDLE);
        match std::fs::remove_file(&before) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(
                    Error::judge(format!("cannot remove `{}`", before.display()))
                        .with_source(error),
                );
            }
            _ => {}
        }
        written = format!("{FILE}, {SUMMARY}");
    }
    folder.finish()?;
    Ok(Report::new("attest", &TOOL, subject)
        .findings(verdict.findings)
        .summary(format!("{written}: {} files, {LEVEL}", list.len()))
        .print_only())
}

/// What a build was made with and of, besides its source.
fn resources(info: &BuildInfo) -> Vec<Resource> {
    let mut found = Vec::new();
    for (name, program) in [
        ("rustc", &info.toolchain.rustc),
        ("cargo", &info.toolchain.cargo),
    ] {
        let Some(line) = program.version.first() else {
            continue;
        };
        let digest = program
            .sha256
            .iter()
            .map(|digest| ("sha256".to_owned(), digest.clone()))
            .collect::<Digests>();
        found.push(Resource {
            uri: format!("{name}: {line}"),
            digest,
        });
    }
    for locked in &info.dependencies {
        let digest = locked
            .checksum
            .iter()
            .map(|digest| ("sha256".to_owned(), digest.clone()))
            .collect::<Digests>();
        let uri = if locked.source.starts_with("git+") {
            locked.source.clone()
        } else {
            format!("pkg:cargo/{}@{}", locked.name, locked.version)
        };
        found.push(Resource { uri, digest });
    }
    found
}

fn subjects(list: &checksums::List) -> Vec<Subject> {
    let subject = |(name, digest): (&String, &Sha256Digest)| Subject {
        name: name.clone(),
        digest: Digests::from([("sha256".to_owned(), digest.to_string())]),
    };
    list.iter().map(subject).collect()
}

/// Verifies a Sigstore bundle about the release, and writes that it was, with the level it has.
fn record(
    mut folder: PackageArtifacts,
    path: &Path,
    signing: &Secret,
    keys: &Keys,
    args: &AttestArgs,
    (source_uri, release): (String, summary::Release),
    mut verdict: Verdict,
) -> Result<Verdict> {
    let bytes = read_provenance(path)?;
    if !is_bundle(&bytes) {
        return Err(
            Error::usage(format!("`{}` is no Sigstore bundle", path.display()))
                .with_help("without --provenance, `attest` makes provenance of its own"),
        );
    }
    let expected = Expected {
        source_uri,
        source_tag: args.source_tag.clone(),
        builder_id: args.builder_id.clone(),
        trusted_root: args.trusted_root.clone(),
        ..Expected::default()
    };
    check_provenance(&mut verdict, path, &expected, keys)?;
    let Some(level) = verdict
        .built
        .iter()
        .map(|built| built.level)
        .min()
        .filter(|_| verdict.holds())
    else {
        return Ok(verdict);
    };
    let builders: BTreeSet<&str> = verdict
        .built
        .iter()
        .map(|built| built.builder.as_str())
        .collect();
    let policy = Policy {
        builder: args
            .builder_id
            .clone()
            .unwrap_or_else(|| builders.into_iter().collect::<Vec<_>>().join(" ")),
        keys: keys.keys.iter().map(PublicKey::fingerprint).collect(),
        source: expected.source_uri,
        tag: expected.source_tag,
    };
    let wrong = |error| Error::judge("the summary cannot be written").with_source(error);
    let summary = release
        .summarise(&policy, BUNDLE, &sha256_bytes(&bytes), level)
        .map_err(wrong)?;
    folder.write(BUNDLE, &bytes)?;
    folder.write(
        SUMMARY,
        &signing
            .with(|key| dsse::sign(key, &summary))?
            .map_err(wrong)?,
    )?;
    check_summary(&mut verdict, &folder.path(SUMMARY), keys)?;
    folder.finish()?;
    Ok(verdict)
}
