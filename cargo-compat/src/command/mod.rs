//! One call: for every selected package the baseline is found, both sides are built and compared,
//! and a verdict is made.

mod additivity;
mod advisory;
pub(crate) mod args;
mod both;
mod call;
mod compare;
mod dependents;
mod expansions;
mod facade;
mod feature_changes;
mod gathered;
mod harness;
mod judged_package;
mod largest;
mod naming;
mod package;
mod patterns;
mod prepared;
mod sets;
mod witness;
mod witnesses;

use std::collections::BTreeSet;

use cargo_metadata::{DependencyKind, Package};
use release_gate::{Bump, Context, Error, Outcome, Report, Result, Status};

use crate::judge::waivers;
use crate::model::config::Config;
use crate::read::environment::PassedEnv;
use crate::read::in_use::InUse;
use crate::read::new_tree::new_tree;
use crate::report::REPORT;
use crate::tool::TOOL;
use args::{CompatArgs, Partition};
use call::Call;
use package::Judge;

/// Runs the call.
///
/// # Errors
/// A side cannot be had or built.
pub(crate) fn run(cx: &mut Context, args: &CompatArgs) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let artifacts = cx.artifacts()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let _in_use = InUse::lock(&project.target_dir.join("compat"))?;
    let new = new_tree(cx, project)?;
    let env = PassedEnv::new(&config.pass_env);
    let call = Call {
        cx,
        project,
        args,
        config: &config,
        new: &new,
        env: &env,
    };
    if let Some(file) = &args.witness {
        return witness::show_witness(&call, file);
    }

    let packages = dependencies_first(project.selected().collect());
    check_excluded_features(args, cx, &packages)?;

    check_named_sets(&config, &packages)?;

    let first = packages.first().copied();
    let several = packages.len() > 1;
    let mut judge = Judge {
        call,
        major: BTreeSet::new(),
        used_waivers: vec![false; config.allow.len()],
    };
    let mut reports = Vec::new();
    let mut all_judged = true;
    for (index, package) in packages.into_iter().enumerate() {
        if args.partition.is_some_and(|part| !part.holds(index)) {
            continue;
        }
        match judge.judge_package(package) {
            Ok(judged) => {
                if judged.required == Some(Bump::Major) {
                    judge.major.insert(package.name.to_string());
                }
                let mut folder = artifacts.for_package(&package.name, &package.version.to_string());
                for file in judged.files {
                    folder.write(&file.name, file.text.as_bytes())?;
                }
                folder.finish()?;
                reports.push(judged.report);
            }
            // With one package the driver says it all; with several the others are still judged.
            Err(error) if several => {
                let subject = project.subject(package);
                reports.push(Report::not_judged(REPORT, &TOOL, subject, &error));
                all_judged = false;
            }
            Err(error) => return Err(error),
        }
    }
    if reports.is_empty()
        && let Some((part, package)) = args.partition.zip(first)
    {
        let Partition { part, parts } = part;
        let report = Report::new(REPORT, &TOOL, project.subject(package))
            .status(Status::Skipped)
            .summary(format!("part {part} of {parts} holds no package"))
            .print_only();
        return Ok(report.into());
    }
    if all_judged && let Some(report) = reports.last_mut() {
        report
            .envelope
            .findings
            .extend(waivers::unused_waivers(&config.allow, &judge.used_waivers));
    }
    Ok(Outcome::Reports(reports))
}

/// Refuses features to leave out that no package has, or that the call names otherwise.
fn check_excluded_features(args: &CompatArgs, cx: &Context, packages: &[&Package]) -> Result<()> {
    if !args.exclude_features.is_empty() && !cx.args().feature_args().is_empty() {
        return Err(
            Error::usage("--exclude-features means nothing where features are named")
                .with_help("leave one of them out"),
        );
    }

    let is_known = |name: &String| {
        packages
            .iter()
            .any(|package| package.features.contains_key(name))
    };
    match args.exclude_features.iter().find(|name| !is_known(name)) {
        None => Ok(()),
        Some(name) => Err(
            Error::usage(format!("no selected package has the feature `{name}`"))
                .with_help("leave it out of --exclude-features"),
        ),
    }
}

/// Refuses sets of the configuration with features that no selected package has.
fn check_named_sets(config: &Config, packages: &[&Package]) -> Result<()> {
    for set in &config.sets {
        let selected = packages
            .iter()
            .filter(|package| set.package.is_empty() || package.name == set.package);
        let mut known = selected
            .flat_map(|package| package.features.keys())
            .peekable();
        if known.peek().is_none() {
            continue;
        }
        let known: BTreeSet<&String> = known.collect();
        let unknown = set
            .features
            .iter()
            .find(|name| !name.contains('/') && !known.contains(name));
        if let Some(name) = unknown {
            return Err(Error::usage(format!(
                "`sets` of `[compat]` names the feature `{name}`, which no selected package has"
            ))
            .with_help(
                "take it out, or name it in `baseline-features` where only the baseline has it",
            ));
        }
    }
    Ok(())
}

/// Packages in an order in which each comes after those of them it depends on.
fn dependencies_first(mut open: Vec<&Package>) -> Vec<&Package> {
    let mut ordered: Vec<&Package> = Vec::new();
    while !open.is_empty() {
        let names: BTreeSet<&str> = open.iter().map(|package| package.name.as_str()).collect();
        let (now, later): (Vec<&Package>, Vec<&Package>) = open
            .iter()
            .partition(|package| !depends_on_any(package, &names));
        if now.is_empty() {
            // A circle, which cargo does not build: any order.
            ordered.extend(later);
            break;
        }
        ordered.extend(now);
        open = later;
    }
    ordered
}

fn depends_on_any(package: &Package, names: &BTreeSet<&str>) -> bool {
    package.dependencies.iter().any(|dependency| {
        dependency.kind == DependencyKind::Normal
            && dependency.name != package.name.as_str()
            && names.contains(dependency.name.as_str())
    })
}
