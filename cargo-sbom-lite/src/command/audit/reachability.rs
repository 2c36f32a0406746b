//! Looks into programs for the functions that advisories name.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::facts::report::vulns::{Hit, Linkage, Reachability, Scope};
use release_gate::process::Step;
use release_gate::project::Project;
use release_gate::{Context, Result};

use crate::command::shared::read_file;
use crate::judge::reachability::{judge_reachability, last_name};
use crate::model::program::{Functions, PackageCode};
use crate::read::{sources, symbols, unit_graph};

/// What makes cargo compile so that every function leaves its name: complete debug information, and
/// no optimisation. An optimiser may inline a small function without a trace, even in debug
/// information; without one, whatever can be reached has a symbol. The code is that of the release
/// all the same, since neither changes what is compiled.
///
/// Cargo's own configuration and rustc's flags may undo it; both are looked at before anything is
/// concluded.
const TRACEABLE: [(&str, &str); 5] = [
    ("CARGO_PROFILE_RELEASE_STRIP", "none"),
    ("CARGO_PROFILE_RELEASE_DEBUG", "2"),
    ("CARGO_PROFILE_RELEASE_SPLIT_DEBUGINFO", "off"),
    ("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_RELEASE_LTO", "off"),
];

/// Builds the package with debug information and looks for the functions that advisories name.
pub(super) fn look_inside(
    cx: &Context,
    project: &Project,
    package: &Package,
    hits: &mut [Hit],
) -> Result<()> {
    if let Some(why) = obstacle(cx, package)? {
        mark_unknown(hits, &why);
        return Ok(());
    }
    cx.terminal.status(
        "Building",
        format!("{} without optimisation, to look into it", package.name),
    );
    let target_dir = project
        .target_dir
        .join("release-gates")
        .join("reachability");
    let mut step = Step::cargo().inherit_network_env().inherit([
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
    ]);
    for (name, value) in TRACEABLE {
        step = step.env(name, value);
    }
    let step = step
        .env("CARGO_TARGET_DIR", target_dir.into_os_string())
        .args(["build", "--release", "--message-format=json", "-p"])
        .arg(&package.id.repr)
        .args(cx.args().manifest_args())
        .args(cx.args().feature_args())
        .args(cx.args().target_args())
        .args(unit_graph::locked_args(cx.args()));
    let finished = cx.runner.run(step)?.success()?;

    let artifacts = artifacts_of(&finished.stdout, package);
    let functions = match functions_of(&artifacts)? {
        Ok(functions) => functions,
        Err(why) => {
            mark_unknown(hits, &why);
            return Ok(());
        }
    };
    for hit in hits.iter_mut().filter(|hit| hit.scope == Scope::Artifact) {
        let code = package_code(project, hit);
        hit.reachability = judge_reachability(&hit.functions, Some(&functions), code.as_ref());
        if hit.reachability.result == Linkage::NotLinked {
            hit.reachability.evidence.push(looked_into(cx));
        }
    }
    Ok(())
}

/// Which build absence was proved of: code for other targets and features was not compiled.
fn looked_into(cx: &Context) -> String {
    let targets = match cx.args().target.as_slice() {
        [] => "this machine".to_owned(),
        targets => targets.join(", "),
    };
    let features = cx.args().feature_list().join(", ");
    let features = if features.is_empty() {
        "the default features".to_owned()
    } else {
        format!("the features {features}")
    };
    format!("looked into a build for {targets} with {features}")
}

/// Why a build would prove no absence: something of it is compiled otherwise than asked for.
fn obstacle(cx: &Context, package: &Package) -> Result<Option<String>> {
    let graph =
        match unit_graph::unit_graph_with(&package.id.repr, cx.args(), &cx.runner, &TRACEABLE) {
            Ok(graph) => graph,
            Err(_) => return Ok(Some("cargo gave no unit graph".to_owned())),
        };

    let incomplete = graph
        .product_units()
        .into_iter()
        .find(|unit| !unit.is_traceable());

    if let Some(unit) = incomplete {
        return Ok(Some(format!(
            "a profile optimises `{}`, or leaves its debug information out",
            unit.target.name
        )));
    }

    let is_library = |kind: &String| {
        matches!(
            kind.as_str(),
            "lib" | "rlib" | "dylib" | "staticlib" | "proc-macro"
        )
    };

    let product = graph
        .roots
        .iter()
        .map(|root| &graph.units[*root])
        .find(|unit| unit.target.kind.iter().any(is_library));

    if let Some(unit) = product {
        return Ok(Some(format!(
            "the package has the library `{}`: what is linked depends on its users",
            unit.target.name
        )));
    }

    Ok(unit_graph::rustc_flags(cx.args(), &cx.runner).map(|flags| {
        format!("rustc is given flags of its own, which may change debug information: {flags}")
    }))
}

fn mark_unknown(hits: &mut [Hit], why: &str) {
    for hit in hits.iter_mut().filter(|hit| hit.scope == Scope::Artifact) {
        hit.reachability = Reachability::unknown(why);
    }
}

/// The files of the package that cargo's messages name: programs, and libraries that other programs
/// load.
fn artifacts_of(messages: &[u8], package: &Package) -> Vec<String> {
    messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<serde_json::Value>(line).ok())
        .filter(|message| {
            message["reason"] == "compiler-artifact" && message["package_id"] == package.id.repr
        })
        .flat_map(|message| {
            let is_cdylib = message["target"]["kind"]
                .as_array()
                .is_some_and(|kinds| kinds.iter().any(|kind| kind == "cdylib"));
            let files = message["filenames"].as_array().cloned().unwrap_or_default();
            let program = message["executable"].as_str().map(str::to_owned);
            let libraries = files
                .into_iter()
                .filter(move |_| is_cdylib)
                .filter_map(|file| file.as_str().map(str::to_owned));
            program.into_iter().chain(libraries).collect::<Vec<_>>()
        })
        .collect()
}

/// The functions of all artifacts, or why they are not known: a function is absent only if it is in
/// none of them.
fn functions_of(artifacts: &[String]) -> Result<Result<Functions, String>> {
    let mut functions = Functions::default();
    if artifacts.is_empty() {
        return Ok(Err("the package has no program".to_owned()));
    }
    for path in artifacts {
        let path = Path::new(path);
        let Some(more) = symbols::functions_of(&read_file(path)?) else {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            return Ok(Err(format!(
                "`{name}` has no debug information to look into"
            )));
        };
        functions.extend(more);
    }
    Ok(Ok(functions))
}

/// What is known of the package of a hit, by cargo's metadata and its sources.
fn package_code(project: &Project, hit: &Hit) -> Option<PackageCode> {
    let package = project.metadata.packages.iter().find(|package| {
        package.name.as_str() == hit.package && package.version.to_string() == hit.version
    })?;
    let library = package
        .targets
        .iter()
        .find(|target| target.is_lib() || target.is_rlib() || target.is_dylib())?;
    let folder = package.manifest_path.parent()?;
    let names: Vec<&str> = hit
        .functions
        .iter()
        .filter_map(|function| last_name(function))
        .collect();
    Some(PackageCode {
        library: library.name.replace('-', "_"),
        is_native: package.links.is_some(),
        functions: sources::written_functions(folder.as_std_path(), &names),
    })
}

/// Says of each hit in a program whether its functions are there. Without the sources nothing is
/// proved absent.
pub(super) fn mark_program(hits: &mut [Hit], functions: Option<&Functions>) {
    for hit in hits {
        hit.reachability = judge_reachability(&hit.functions, functions, None);
    }
}
