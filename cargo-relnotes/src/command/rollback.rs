//! `cargo relnotes rollback`: prints how to take the release back, and runs nothing.

use cargo_metadata::DependencyKind;
use release_gate::Result;
use release_gate::cli::{Context, Outcome};
use release_gate::error::JudgeExt;

use super::args::RangeArgs;
use super::session::Session;
use crate::compose::range::settle_range;
use crate::compose::target::find_target;
use crate::report::rollback::{Package, plan};

/// Prints the plan for the selected packages.
///
/// # Errors
/// The range of a package cannot be found out.
pub fn run(cx: &mut Context, range: &RangeArgs) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    session.need_history()?;
    let tags = session.git.tags()?;
    let mut packages = Vec::new();
    let mut own_tags = Vec::new();
    for package in &session.packages {
        let target = find_target(
            cx.project()?,
            package,
            &session.config,
            session.request.to.as_deref(),
        )?;
        let since = session.request.since.as_deref();
        let range = settle_range(&session.git, &tags, &target, &session.config, since)?;
        let needs = package
            .dependencies
            .iter()
            .filter(|one| one.kind != DependencyKind::Development && one.path.is_some());
        packages.push(Package {
            name: target.package,
            version: target.version,
            before: range.predecessor.release.map(|before| before.version),
            needs: needs.map(|one| one.name.clone()).collect(),
            published: package
                .publish
                .as_ref()
                .is_none_or(|registries| !registries.is_empty()),
        });
        own_tags.extend(range.tag);
    }
    own_tags.sort();
    own_tags.dedup();
    cx.terminal
        .stdout(plan(&packages, &own_tags).as_bytes())
        .or_judge(|| "cannot write to standard output".to_owned())?;
    Ok(Outcome::Done)
}
