//! Artifacts of two builds laid over each other, by target and name.

use std::collections::BTreeMap;

use release_gate::Finding;
use release_gate::digest::Sha256Digest;
use release_gate::facts::report::buildinfo::BuiltArtifact;
use release_gate::facts::report::repro::ComparedArtifact;

use crate::model::build::Artifact;
use crate::rules;

/// An artifact's target, name and digest.
pub(crate) trait Named {
    /// Target triple, file name and digest.
    fn identity(&self) -> (&str, &str, Sha256Digest);
}

impl Named for Artifact {
    fn identity(&self) -> (&str, &str, Sha256Digest) {
        (&self.target, &self.name, self.sha256)
    }
}

impl Named for BuiltArtifact {
    fn identity(&self) -> (&str, &str, Sha256Digest) {
        (&self.target, &self.name, self.sha256)
    }
}

/// Artifacts of both sides; what only one side has is there, too, and never identical.
pub(crate) fn lay_over<A: Named>(a: &[A], b: &[A]) -> Vec<ComparedArtifact> {
    let mut digests: BTreeMap<(&str, &str), [Option<Sha256Digest>; 2]> = BTreeMap::new();

    for (side, artifacts) in [a, b].into_iter().enumerate() {
        for artifact in artifacts {
            let (target, name, digest) = artifact.identity();
            digests.entry((target, name)).or_default()[side] = Some(digest);
        }
    }

    digests
        .into_iter()
        .map(|((target, name), sha256)| ComparedArtifact {
            name: name.to_owned(),
            target: target.to_owned(),
            identical: sha256[0].is_some() && sha256[0] == sha256[1],
            sha256,
        })
        .collect()
}

/// Artifacts that differ between builds A and B.
pub(crate) fn differing_findings(artifacts: &[ComparedArtifact]) -> Vec<Finding> {
    artifacts
        .iter()
        .filter(|artifact| !artifact.identical)
        .map(|artifact| {
            let text = format!(
                "`{}` for {} differs between the two builds",
                artifact.name, artifact.target
            );
            Finding::new(&rules::ARTIFACT_DIFFERS, text)
                .evidence("sha256", serde_json::json!(artifact.sha256))
        })
        .collect()
}

/// What a rebuild makes of an artifact that was published, rebuilt, or both; `None` where both are
/// the same.
pub(crate) fn rebuild_finding(artifact: &ComparedArtifact) -> Option<Finding> {
    let named = format!("`{}` for {}", artifact.name, artifact.target);

    let (text, help) = match artifact.sha256 {
        [Some(_), Some(_)] if artifact.identical => return None,
        [Some(_), None] => (
            format!("{named} was not built here"),
            format!("ask for its target: --target {}", artifact.target),
        ),
        [None, _] => (
            format!("{named} was built here, and buildinfo.json does not name it"),
            "publish everything that is built, and ask for no other target".to_owned(),
        ),
        _ => (
            format!("{named} came out different"),
            "`cargo repro check` tells why; install the recorded toolchain first if it differs"
                .to_owned(),
        ),
    };
    Some(Finding::new(&rules::REBUILD_DIFFERS, text).help(help))
}
