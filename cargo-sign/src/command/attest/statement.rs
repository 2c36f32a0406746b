//! What provenance of a build says.

use std::collections::BTreeSet;

use release_gate::artifacts::PackageArtifacts;
use release_gate::audit::AuditLog;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::json::to_canonical_line;
use release_gate::{Error, Result};
use release_gate_facts::Coverage;

use super::released::{Attesting, Released, unwritable};
use crate::format::checksums::List;
use crate::judge::provenance::{LOG, LOG_HEAD};
use crate::judge::verdict::Verdict;
use crate::model::build::BuildRecord;
use crate::model::companion::published;
use crate::model::provenance::{
    BUILD_TYPE, BUILDER, BuildDefinition, Builder, Digests, PREDICATE, Parameters, Predicate,
    Resource, RunDetails, STATEMENT, Statement, Subject, source,
};
use crate::read::builds::parse_build;
use crate::rules;

/// Machines may have shared the targets among them: each left a buildinfo of its own.
pub(super) fn read_builds(
    folder: &PackageArtifacts,
    released: &Released,
    own: BuildRecord,
) -> Result<Vec<BuildRecord>> {
    let mut builds = vec![own];
    let others = released
        .list
        .keys()
        .filter(|name| name.starts_with("buildinfo-") && name.ends_with(".json"));
    for name in others {
        let bytes = folder
            .read(&published(name))?
            .ok_or_else(|| Error::judge(format!("`{name}` cannot be relied on")))?;
        let build = parse_build(&bytes, name)?;
        if let Some(why) = build.subject.stale_against(&released.subject) {
            return Err(Error::judge(format!("`{name}` was {why}"))
                .with_help("build again on that machine"));
        }
        builds.push(build);
    }
    Ok(builds)
}

/// What is known of how a release was built.
pub(super) struct Gathered {
    /// At least one.
    pub(super) builds: Vec<BuildRecord>,
    pub(super) log: Option<Vec<u8>>,
}

impl Gathered {
    /// What held of the release, and of which builds nothing is known but their files.
    pub(super) fn coverage(&self, verdict: &Verdict) -> Coverage {
        let mut coverage = verdict.judged();
        for build in self.builds.iter().filter(|build| build.inputs.is_none()) {
            let targets: BTreeSet<&str> = build
                .artifacts
                .iter()
                .map(|artifact| artifact.target.as_str())
                .collect();
            let targets: Vec<&str> = targets.into_iter().collect();
            let what = format!("the build for {}", targets.join(", "));
            let why = "its buildinfo.json names neither a toolchain nor dependencies";
            coverage.not_judged(&rules::NOT_JUDGED_BUILD, what, 1, why);
        }
        coverage
    }

    /// The statement about a release.
    pub(super) fn statement(
        &self,
        attesting: &Attesting<'_>,
        released: &Released,
    ) -> Result<Statement> {
        let tag = attesting.args.source_tag.as_ref();
        let parameters = Parameters {
            repository: released.repository.clone(),
            reference: tag.map(|tag| format!("refs/tags/{tag}")),
            package: attesting.package.name.to_string(),
            version: attesting.package.version.to_string(),
            profile: self
                .builds
                .first()
                .map(|build| build.profile.clone())
                .unwrap_or_default(),
            targets: self.targets(),
            features: self
                .builds
                .first()
                .map(|build| build.subject.features.clone())
                .unwrap_or_default(),
        };

        Ok(Statement {
            kind: STATEMENT.to_owned(),
            subject: subjects(&released.list),
            predicate_type: PREDICATE.to_owned(),
            predicate: Predicate {
                build_definition: BuildDefinition {
                    build_type: BUILD_TYPE.to_owned(),
                    external_parameters: parameters,
                    resolved_dependencies: self.resolved(released),
                },
                run_details: RunDetails {
                    builder: Builder {
                        id: BUILDER.to_owned(),
                    },
                    byproducts: self.logs()?,
                },
            },
        })
    }

    fn targets(&self) -> Vec<String> {
        let targets: BTreeSet<String> = self
            .builds
            .iter()
            .flat_map(|build| &build.artifacts)
            .map(|artifact| artifact.target.clone())
            .collect();
        targets.into_iter().collect()
    }

    /// The source, then everything else the builds were made of.
    fn resolved(&self, released: &Released) -> Vec<Resource> {
        let uri = format!("git+{}", source(&released.repository));
        let mut resolved = vec![Resource::new(uri, "gitCommit", &released.commit)];
        let lock = released.subject.lock_sha256;
        resolved.extend(lock.map(|digest| Resource::new("Cargo.lock", "sha256", digest)));
        for resource in self.builds.iter().flat_map(resources) {
            if !resolved.contains(&resource) {
                resolved.push(resource);
            }
        }
        resolved
    }

    /// The audit log, and its last line.
    fn logs(&self) -> Result<Vec<Resource>> {
        let Some(bytes) = &self.log else {
            return Ok(Vec::new());
        };
        let log = AuditLog::resume(bytes).map_err(|error| {
            Error::judge(format!("`{LOG}` cannot be relied on")).with_source(error)
        })?;
        Ok(vec![
            Resource::new(LOG, "sha256", sha256_bytes(bytes)),
            Resource::new(LOG_HEAD, "sha256", log.head()),
        ])
    }
}

/// What is signed.
pub(super) fn encode(statement: &Statement) -> Result<Vec<u8>> {
    to_canonical_line(statement).map_err(unwritable)
}

/// What a build was made with and of, besides its source.
fn resources(build: &BuildRecord) -> Vec<Resource> {
    let Some(inputs) = &build.inputs else {
        return Vec::new();
    };
    let toolchain = &inputs.toolchain;
    let mut found = Vec::new();
    for (name, program) in [("rustc", &toolchain.rustc), ("cargo", &toolchain.cargo)] {
        let Some(line) = program.version.first() else {
            continue;
        };
        found.push(Resource {
            uri: format!("{name}: {line}"),
            digest: sha256_of(Some(&program.sha256)),
        });
    }

    for locked in &inputs.dependencies {
        let uri = if locked.source.starts_with("git+") {
            locked.source.clone()
        } else {
            format!("pkg:cargo/{}@{}", locked.name, locked.version)
        };
        found.push(Resource {
            uri,
            digest: sha256_of(locked.checksum.as_ref()),
        });
    }

    found
}

fn sha256_of(digest: Option<&Sha256Digest>) -> Digests {
    digest
        .map(|digest| ("sha256".to_owned(), digest.to_string()))
        .into_iter()
        .collect()
}

/// The files a statement is about.
pub(super) fn subjects(list: &List) -> Vec<Subject> {
    list.iter()
        .map(|(name, digest): (&String, &Sha256Digest)| Subject {
            name: name.clone(),
            digest: Digests::from([("sha256".to_owned(), digest.to_string())]),
        })
        .collect()
}
