//! What a release was built from, for `build` to publish and `rebuild` to compare.

use release_gate::facts::report::buildinfo::{BuildInfo, BuiltArtifact};
use release_gate::{Context, Coverage, Error, Result};

use super::session::Session;
use crate::rules;
use crate::sealed::built::Built;
use crate::sealed::inputs::{Inputs, recorded_environment};
use crate::sealed::sandbox::Sandbox;
use crate::sealed::started::started_programs;

/// Everything but the checks, from what was observed during the build.
///
/// # Errors
/// A program that ran cannot be read any more.
pub(super) fn release_info(
    cx: &Context,
    session: &Session,
    built: &Built,
    artifacts: Vec<BuiltArtifact>,
) -> Result<BuildInfo> {
    let inputs = built
        .inputs
        .as_ref()
        .ok_or_else(|| Error::judge("the inputs were not looked at"))?;
    let programs = started_programs(&cx.runner, &built.sandbox, session.guard())?;
    let mut info = inputs_info(cx, session, inputs, &built.sandbox)?;
    info.toolchain.programs = programs;
    info.artifacts = artifacts;
    Ok(info)
}

/// What is known before anything is built.
///
/// # Errors
/// A file of the toolchain cannot be read.
pub(super) fn inputs_info(
    cx: &Context,
    session: &Session,
    inputs: &Inputs,
    sandbox: &Sandbox,
) -> Result<BuildInfo> {
    Ok(BuildInfo {
        commit: session.source.commit.clone(),
        dirty: session.source.dirty,
        source_date_epoch: session.source.epoch,
        source_sha256: inputs.source_sha256,
        lock_sha256: inputs.lock_sha256,
        toolchain: session.toolchain.facts(&session.targets, Vec::new())?,
        host: session.toolchain.host.clone(),
        profile: session.profile.clone(),
        arguments: session.published_args(cx)?,
        environment: recorded_environment(sandbox),
        pins: session.pins.words().to_vec(),
        dependencies: inputs.dependencies.clone(),
        checks: Vec::new(),
        artifacts: Vec::new(),
    })
}

/// What programs ran is not known where the interposer did not see them.
pub(super) fn add_unobserved(coverage: &mut Coverage, built: &Built) {
    if let Err(why) = &built.sandbox.abilities.interposer {
        coverage.not_judged(
            &rules::NOT_JUDGED_PROGRAMS,
            "programs that the build started",
            1,
            why,
        );
    }
}
