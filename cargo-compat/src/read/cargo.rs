//! Calls of cargo: which arguments a side is built with, and what cargo says of a workspace.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::{Metadata, MetadataCommand, Package};
use release_gate::process::{Finished, Step};
use release_gate::{Context, Error, Result, SharedArgs};

use super::environment::PassedEnv;
use crate::model::config::NamedSet;
use crate::model::package::{FeatureSet, features_without};

/// What is to be built, and how.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// `old` or `new`, for messages.
    pub name: &'a str,
    /// The manifest.
    pub manifest: &'a Path,
    /// What cargo says of it.
    pub metadata: &'a Metadata,
    /// The package.
    pub package: &'a str,
    /// Where to build.
    pub target_dir: &'a Path,
    /// Whether cargo must not change the lock file.
    pub locked: bool,
    /// The caller's variables that builds get.
    pub env: &'a PassedEnv,
    /// Features and flags.
    pub args: &'a SharedArgs,
    /// Features to build with.
    pub features: &'a FeatureSet,
    /// The target, if it is not the host.
    pub target: Option<&'a str>,
}

/// A call of cargo that builds a side.
pub(super) fn build_step(request: &Request<'_>, verb: &str) -> Step {
    let step = Step::cargo()
        .inherit_network_env()
        .env("CARGO_TARGET_DIR", request.target_dir)
        .env("CARGO_INCREMENTAL", "0")
        .arg(verb)
        .args(settings_of_side(request))
        .arg("--manifest-path")
        .arg(request.manifest)
        .args(
            request
                .target
                .iter()
                .flat_map(|target| ["--target", target]),
        );

    let step = if request.locked {
        step.arg("--locked")
    } else {
        step
    };

    let step = request.env.apply(step);

    if request.args.is_offline() {
        step.arg("--offline")
    } else {
        step
    }
}

/// What keeps the sides apart while the dependencies of both stay shared.
///
/// Cargo names files of a workspace's packages by their path inside the workspace and their
/// version, which may be the same on both sides. So each package that comes from a folder gets
/// another profile setting on each side, one of no effect on type-checking.
fn settings_of_side(request: &Request<'_>) -> Vec<String> {
    let number = side_number(request);
    let names: BTreeSet<&str> = request
        .metadata
        .packages
        .iter()
        .filter(|package| package.source.is_none())
        .map(|package| package.name.as_str())
        .chain([request.package])
        .collect();
    names
        .into_iter()
        .flat_map(|name| {
            let setting = format!("profile.dev.package.{name:?}.codegen-units={number}");
            ["--config".to_owned(), setting]
        })
        .collect()
}

/// A number that differs between sides and between folders: two baselines of one version must never
/// be taken for each other.
fn side_number(request: &Request<'_>) -> u32 {
    let mut text = request.name.as_bytes().to_vec();
    text.extend(request.manifest.as_os_str().as_encoded_bytes());
    let digest = release_gate::digest::sha256_bytes(&text).to_string();
    257 + u32::from_str_radix(digest.get(..7).unwrap_or("0"), 16).unwrap_or(0)
}

/// The features as cargo's arguments; of those asked for, the ones this side has, since one side
/// may have features the other lacks.
pub(super) fn feature_args(request: &Request<'_>, package: &Package) -> Vec<String> {
    match request.features {
        FeatureSet::Default => Vec::new(),
        FeatureSet::Bare => vec!["--no-default-features".to_owned()],
        FeatureSet::All(without) => listed(&features_without(package, without)),
        FeatureSet::Only(name) => {
            let mut args = vec!["--no-default-features".to_owned()];
            if package.features.contains_key(name) {
                args.extend(listed(std::slice::from_ref(name)));
            }
            args
        }
        FeatureSet::Named(set) => named_features(set, request.name, package),
        FeatureSet::Asked => asked_features(request.args, package),
    }
}

/// The features that the configuration names for a side; of the old one's those that it has.
fn named_features(set: &NamedSet, side: &str, package: &Package) -> Vec<String> {
    let mut args = Vec::new();
    if !set.default_features {
        args.push("--no-default-features".to_owned());
    }
    let names = match &set.baseline_features {
        Some(names) if side == "old" => names.clone(),
        _ => set.features.clone(),
    };
    let known: Vec<String> = names
        .into_iter()
        .filter(|name| side == "new" || name.contains('/') || package.features.contains_key(name))
        .collect();
    args.extend(listed(&known));
    args
}

fn listed(names: &[String]) -> Vec<String> {
    if names.is_empty() {
        Vec::new()
    } else {
        vec!["--features".to_owned(), names.join(",")]
    }
}

fn asked_features(args: &SharedArgs, package: &Package) -> Vec<String> {
    let features = &args.features;
    let mut found = Vec::new();
    if features.all_features {
        found.push("--all-features".to_owned());
    }
    if features.no_default_features {
        found.push("--no-default-features".to_owned());
    }
    let names: Vec<String> = features
        .features
        .iter()
        .flat_map(|list| list.split([',', ' ']))
        .filter(|name| package.features.contains_key(*name) || name.contains('/'))
        .map(str::to_owned)
        .collect();
    found.extend(listed(&names));
    found
}

/// A package of a workspace. `side` is for messages.
///
/// # Errors
/// There is none of that name.
pub fn workspace_member<'a>(metadata: &'a Metadata, side: &str, name: &str) -> Result<&'a Package> {
    metadata
        .workspace_packages()
        .into_iter()
        .find(|package| package.name == name)
        .ok_or_else(|| {
            Error::judge(format!("the {side} side has no package `{name}`"))
                .with_help("was it renamed? compare with the release it had this name in")
        })
}

/// A workspace as cargo describes it, nothing built. `side` and `package` are for messages.
///
/// # Errors
/// The manifest is broken, or a dependency cannot be had.
pub fn workspace_metadata(
    cx: &Context,
    side: &str,
    manifest: &Path,
    package: &str,
) -> Result<Metadata> {
    let step = Step::cargo()
        .inherit_network_env()
        .args(["metadata", "--format-version", "1", "--manifest-path"])
        .arg(manifest);
    let step = if cx.args().is_offline() {
        step.arg("--offline")
    } else {
        step
    };
    let finished = finished_step(side, package, cx.runner.run(step)?)?;
    MetadataCommand::parse(String::from_utf8_lossy(&finished.stdout)).map_err(|error| {
        Error::judge(format!(
            "cargo's metadata of the {side} side cannot be read"
        ))
        .with_source(error)
    })
}

pub(super) fn finished_step(side: &str, package: &str, finished: Finished) -> Result<Finished> {
    let command = finished.command.clone();
    finished.success().map_err(|error| {
        let text = error.to_string();
        let tail: Vec<&str> = text.lines().skip(1).collect();
        Error::judge(format!(
            "the {side} side of `{package}` does not build:\n{}",
            tail.join("\n")
        ))
        .with_help(format!(
            "fix it, then run the gate again; the command was: {}",
            command
                .split(" --message-format")
                .next()
                .unwrap_or(&command)
        ))
    })
}
