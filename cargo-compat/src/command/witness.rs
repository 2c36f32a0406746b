//! `--witness`: one saved program compiled against both sides.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::fs::throw_away_dir;
use release_gate::project::Project;
use release_gate::{Context, Coverage, Error, Finding, Outcome, Report, Result};

use super::call::{Call, OldSources, Variant};
use super::prepared::Prepared;
use crate::model::package::FeatureSet;
use crate::prove::{Library, Rustc};
use crate::read::old::Old;
use crate::rules;
use crate::tool::TOOL;

/// Compiles one program against both sides.
pub(super) fn show_witness(call: &Call<'_>, file: &Path) -> Result<Outcome> {
    let Call { cx, project, .. } = *call;
    let package = project.single()?;
    let text = read_program(cx, project, package, file)?;
    let Some(Old::Sources { manifest, base, .. }) = call.baseline(package)? else {
        return Err(
            Error::judge("there is no baseline with sources to compile it against")
                .with_help("name one with --against"),
        );
    };
    let sources = OldSources {
        metadata: call.old_metadata(&manifest, package)?,
        manifest,
        base,
    };
    let target = cx.args().target.first().map(String::as_str);
    let variant = Variant {
        target,
        features: &FeatureSet::asked_or_default(cx.args()),
    };
    let progress = |text: &str| cx.terminal.detail("Building", text);
    let new = call.build_new(package, variant, &progress)?;
    let old = call.build_old(package, &sources, variant, &progress)?;
    let old = Prepared::new(&old, &project.root);
    let new = Prepared::new(&new, &project.root);

    let programs = throw_away_dir("compat-programs")?;
    let rustc = Rustc::new(programs.path(), &project.root, target);
    let with_old = compiles(cx, &rustc, &old.library(Some(&new)), "old", &text)?;
    let with_new = compiles(cx, &rustc, &new.library(Some(&old)), "new", &text)?;
    // The program was judged with both sides.
    let report = Report::new("compat-witness", &TOOL, project.subject(package))
        .coverage(Coverage::of(2))
        .print_only();
    if !with_old {
        return Err(Error::judge(
            "it does not compile with the old library, so it shows nothing",
        ));
    }
    if with_new {
        return Ok(report.summary("it compiles with both").into());
    }
    let finding = Finding::new(
        &rules::WITNESS,
        "it compiles with the old library and not with the new one",
    );
    Ok(report.findings([finding]).into())
}

/// The program: a file, or one of the package's artifact folder.
fn read_program(cx: &Context, project: &Project, package: &Package, file: &Path) -> Result<String> {
    let folder = cx
        .args()
        .artifact_dir
        .clone()
        .unwrap_or_else(|| project.target_dir.join("release-gates"));
    let saved = folder
        .join(format!("{}-{}", package.name, package.version))
        .join(file);
    std::fs::read_to_string(file)
        .or_else(|_| std::fs::read_to_string(&saved))
        .map_err(|error| {
            Error::usage(format!("cannot read `{}`", file.display())).with_source(error)
        })
}

/// Compiles the program with one side and shows what the compiler says.
fn compiles(
    cx: &Context,
    rustc: &Rustc<'_>,
    library: &Library,
    side: &str,
    text: &str,
) -> Result<bool> {
    let verdict = rustc.check(library, &cx.runner, text)?;
    let word = if verdict.accepted {
        "Compiles"
    } else {
        "Fails"
    };
    cx.terminal.status(word, format!("with the {side} side"));
    for rejection in &verdict.rejections {
        cx.terminal.people(&rejection.rendered);
    }
    Ok(verdict.accepted)
}
