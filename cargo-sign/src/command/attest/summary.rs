//! Verification summaries: that the release and its provenance were verified.

use std::collections::BTreeSet;
use std::path::Path;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::sha256_bytes;
use release_gate::public_key::PublicKey;
use release_gate::time::rfc3339;
use release_gate::{Error, Result};

use super::released::{Attesting, Released, unwritable};
use super::statement::subjects;
use crate::format::bundle::is_bundle;
use crate::format::dsse;
use crate::inspect::{Evidence, check_provenance, check_summary};
use crate::judge::provenance::Expected;
use crate::judge::verdict::Verdict;
use crate::model::companion::{BUNDLE, PROVENANCE, SUMMARY, published};
use crate::model::provenance::{BUILDER, BuildLevel};
use crate::model::summary::{Policy, Release, resource_uri};
use crate::read::provenance::read_provenance;

impl Attesting<'_> {
    /// A release, as a summary is about it.
    fn summarised(&self, released: &Released) -> Release {
        Release {
            resource_uri: resource_uri(&self.package.name, &self.package.version.to_string()),
            subject: subjects(&released.list),
            time: rfc3339(released.epoch),
        }
    }

    fn policy(&self, builder: String, released: &Released) -> Policy {
        Policy {
            builder,
            keys: self.keys.keys.iter().map(PublicKey::fingerprint).collect(),
            source: released.repository.clone(),
            tag: self.args.source_tag.clone(),
        }
    }

    /// Signs a summary, and judges it as a user would.
    fn sign_summary(
        &self,
        folder: &mut PackageArtifacts,
        summary: &[u8],
        verdict: &mut Verdict,
    ) -> Result<()> {
        let signed = self.signing.with(|key| dsse::sign(key, summary))?;
        let name = published(SUMMARY);
        folder.write(&name, &signed.map_err(unwritable_summary)?)?;
        check_summary(verdict, &folder.path(&name), self.keys)
    }
}

/// Writes the summary of provenance that was just made.
pub(super) fn write_summary(
    attesting: &Attesting<'_>,
    folder: &mut PackageArtifacts,
    released: &Released,
    provenance: &[u8],
    verdict: &mut Verdict,
) -> Result<()> {
    let policy = attesting.policy(BUILDER.to_owned(), released);
    let digest = sha256_bytes(provenance);
    let summary = attesting
        .summarised(released)
        .summarise(&policy, PROVENANCE, &digest, BuildLevel::L1)
        .map_err(unwritable)?;
    attesting.sign_summary(folder, &summary, verdict)
}

/// Verifies a Sigstore bundle about the release, and writes that it was, with the level it has.
pub(super) fn record_bundle(
    attesting: &Attesting<'_>,
    mut folder: PackageArtifacts,
    released: &Released,
    path: &Path,
    mut verdict: Verdict,
) -> Result<Verdict> {
    let bytes = read_provenance(path)?;
    if !is_bundle(&bytes) {
        return Err(
            Error::usage(format!("`{}` is not a Sigstore bundle", path.display()))
                .with_help("without --provenance, `attest` makes provenance of its own"),
        );
    }
    let args = attesting.args;
    let expected = Expected {
        source_uri: released.repository.clone(),
        source_tag: args.source_tag.clone(),
        builder_id: args.builder_id.clone(),
        trusted_root: args.trusted_root.clone(),
        ..Expected::default()
    };
    check_provenance(
        &mut verdict,
        &Evidence::beside(path),
        &expected,
        attesting.keys,
    )?;
    let level = verdict.builds.iter().map(|build| build.level).min();
    let Some(level) = level.filter(|_| verdict.holds()) else {
        return Ok(verdict);
    };

    let builders: BTreeSet<&str> = verdict
        .builds
        .iter()
        .map(|build| build.builder.as_str())
        .collect();
    let builder = args
        .builder_id
        .clone()
        .unwrap_or_else(|| builders.into_iter().collect::<Vec<_>>().join(" "));
    let policy = attesting.policy(builder, released);
    let summary = attesting
        .summarised(released)
        .summarise(&policy, BUNDLE, &sha256_bytes(&bytes), level)
        .map_err(unwritable_summary)?;
    folder.write(&published(BUNDLE), &bytes)?;
    attesting.sign_summary(&mut folder, &summary, &mut verdict)?;
    folder.finish()?;
    Ok(verdict)
}

fn unwritable_summary(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::judge("the summary cannot be written").with_source(error)
}
