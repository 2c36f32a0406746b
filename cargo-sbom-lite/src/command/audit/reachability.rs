//! Looks into programs for the functions that advisories name.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::process::Step;
use release_gate::{Context, Error, Result};

use crate::command::shared::read_file;
use crate::judge::reachability::judge_reachability;
use crate::model::program::Functions;
use crate::model::vulnerability::{Hit, Reachability, Scope};
use crate::read::symbols;

/// Builds the package with debug information and looks for the functions that advisories name.
pub(super) fn look_inside(cx: &Context, package: &Package, hits: &mut [Hit]) -> Result<()> {
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    cx.terminal.status(
        "Building",
        format!("{} with debug information, to look into it", package.name),
    );
    let spec = format!("{}@{}", package.name, package.version);
    let step = Step::cargo()
        .inherit_network_env()
        .inherit(["RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS", "CARGO_BUILD_TARGET"])
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env("CARGO_PROFILE_RELEASE_DEBUG", "2")
        .env("CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO", "off")
        .env(
            "CARGO_TARGET_DIR",
            project
                .target_dir
                .join("release-gates")
                .join("reachability")
                .into_os_string(),
        )
        .args(["build", "--release", "--message-format=json", "-p", &spec])
        .args(cx.args().manifest_args())
        .args(cx.args().feature_args())
        .args(cx.args().target_args())
        .args(cx.args().lock_args());
    let finished = cx.runner.run(step)?.success()?;
    let programs = executables(&finished.stdout, package);
    let functions = functions_of(&programs)?;
    mark_hits(hits, functions.as_ref(), programs.is_empty());
    Ok(())
}

/// The programs of the package, as cargo's messages name them.
fn executables(messages: &[u8], package: &Package) -> Vec<String> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["package_id"] == package.id.repr
        })
        .filter_map(|message| message["executable"].as_str().map(str::to_owned))
        .collect()
}

/// The functions of all programs. `None` where one of them cannot be read: a function is absent
/// only if it is in none of them.
fn functions_of(programs: &[String]) -> Result<Option<Functions>> {
    let mut functions: Option<Functions> = None;
    for path in programs {
        let bytes = read_file(Path::new(path))?;
        let Some(more) = symbols::functions_of(&bytes) else {
            return Ok(None);
        };
        let all = functions.get_or_insert_default();
        all.symbols.extend(more.symbols);
        all.debug_only.extend(more.debug_only);
    }
    Ok(functions)
}

/// Says of each hit whether its functions are in the programs.
pub(super) fn mark_hits(hits: &mut [Hit], functions: Option<&Functions>, library: bool) {
    for hit in hits
        .iter_mut()
        .filter(|hit| matches!(hit.scope, Scope::Artifact | Scope::Unknown))
    {
        hit.reachability = if library {
            Reachability::unknown("the package has no program: what is linked depends on its users")
        } else {
            judge_reachability(&hit.functions, functions)
        };
    }
}
