//! What an independent rebuilder can say and sign: an in-toto statement that artifacts came out
//! identical.
//!
//! It is unsigned, and made only where every artifact was identical: there is no statement of
//! anything else. Pure.

use std::collections::BTreeMap;

use release_gate::digest::Sha256Digest;
use release_gate::git::CommitId;
use release_gate::report::Subject;
use serde::Serialize;

use crate::tool::TOOL;
use release_gate::facts::report::buildinfo::{BuildInfo, Toolchain};

/// Type of the predicate; described in docs/repro.md.
pub(crate) const PREDICATE: &str = "urn:release-gate:independent-rebuild:v1";

/// An in-toto statement, <https://in-toto.io/Statement/v1>.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Statement<'a> {
    #[serde(rename = "_type")]
    kind: &'static str,
    subject: Vec<Resource<'a>>,
    predicate_type: &'static str,
    predicate: Predicate<'a>,
}

/// A file: its path in the artifact folder and its digest.
#[derive(Debug, Serialize)]
struct Resource<'a> {
    name: &'a str,
    digest: BTreeMap<&'static str, Sha256Digest>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Predicate<'a> {
    /// Always `identical`.
    verdict: &'static str,
    package: Option<&'a str>,
    version: Option<&'a str>,
    commit: &'a CommitId,
    /// The published buildinfo.json, whose claims were all found true.
    buildinfo: BTreeMap<&'static str, Sha256Digest>,
    lock_sha256: Sha256Digest,
    source_sha256: Sha256Digest,
    source_date_epoch: i64,
    environment: &'a BTreeMap<String, String>,
    profile: &'a str,
    arguments: &'a [String],
    pins: &'a [String],
    rebuilder: Here<'a>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Here<'a> {
    tool: String,
    host: &'a str,
    toolchain: &'a Toolchain,
    /// In what it differs from the published one, in words.
    toolchain_differs: &'a [String],
}

/// The machine that rebuilt.
#[derive(Debug)]
pub(crate) struct Rebuilder<'a> {
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) host: &'a str,
    pub(crate) differs: &'a [String],
}

/// A digest as in-toto has it: by the name of what computed it.
fn digest_set(sha256: Sha256Digest) -> BTreeMap<&'static str, Sha256Digest> {
    BTreeMap::from([("sha256", sha256)])
}

impl<'a> Statement<'a> {
    /// Says that every artifact of a published buildinfo came out identical. What was built is told
    /// by the rebuild, not by the published file.
    pub(crate) fn new(
        subject: &'a Subject,
        info: &'a BuildInfo,
        buildinfo: Sha256Digest,
        rebuilder: &Rebuilder<'a>,
    ) -> Self {
        Self {
            kind: "https://in-toto.io/Statement/v1",
            subject: info
                .artifacts
                .iter()
                .map(|artifact| Resource {
                    name: &artifact.path,
                    digest: digest_set(artifact.sha256),
                })
                .collect(),
            predicate_type: PREDICATE,
            predicate: Predicate {
                verdict: "identical",
                package: subject.package.as_deref(),
                version: subject.version.as_deref(),
                commit: &info.commit,
                buildinfo: digest_set(buildinfo),
                lock_sha256: info.lock_sha256,
                source_sha256: info.source_sha256,
                source_date_epoch: info.source_date_epoch,
                environment: &info.environment,
                profile: &info.profile,
                arguments: &info.arguments,
                pins: &info.pins,
                rebuilder: Here {
                    tool: format!("{} {}", TOOL.name, TOOL.version),
                    host: rebuilder.host,
                    toolchain: rebuilder.toolchain,
                    toolchain_differs: rebuilder.differs,
                },
            },
        }
    }
}
