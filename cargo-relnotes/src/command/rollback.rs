//! `cargo relnotes rollback`: prints how to take the release back, and runs nothing.

use std::path::PathBuf;

use cargo_metadata::DependencyKind;
use release_gate::Result;
use release_gate::cli::{Context, Outcome};
use release_gate::error::JudgeExt;
use release_gate_facts::files::ADVISORIES_FOLDER;

use super::args::RangeArgs;
use super::session::Session;
use crate::compose::range::settle_range;
use crate::compose::target::find_target;
use crate::report::rollback::{Package, Registry, plan};

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
    let mut folders: Vec<PathBuf> = Vec::new();
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
        let folder = cx.package_artifacts(&target.package, &target.version.to_string())?;
        folders.push(folder.dir().to_owned());
        packages.push(Package {
            name: target.package,
            version: target.version,
            before: range.predecessor.release.map(|before| before.version),
            needs: needs.map(|one| one.name.clone()).collect(),
            registry: registry_of(package),
            is_program: !target.is_library && package.targets.iter().any(|one| one.is_bin()),
        });
        own_tags.extend(range.tag);
    }

    own_tags.sort();
    own_tags.dedup();
    let has_advisories = folders
        .iter()
        .any(|folder| folder.join(ADVISORIES_FOLDER).is_dir());
    cx.terminal
        .stdout(plan(&packages, &own_tags, has_advisories).as_bytes())
        .or_judge(|| "cannot write to standard output".to_owned())?;

    Ok(Outcome::Done)
}

/// Where the manifest allows a package to be published. With several registries, the first is the
/// one people are told of.
fn registry_of(package: &cargo_metadata::Package) -> Registry {
    match package.publish.as_deref() {
        None => Registry::CratesIo,
        Some([]) => Registry::None,
        Some([name, ..]) if name == "crates-io" => Registry::CratesIo,
        Some([name, ..]) => Registry::Named(name.clone()),
    }
}
