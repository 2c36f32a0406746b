//! One call: for every selected package the baseline is found, both sides are built and compared,
//! and a verdict is made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use cargo_metadata::Package;
use release_gate::fs::throw_away_dir;
use release_gate::project::Project;
use release_gate::report::Baseline;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status};
use semver::Version;

use crate::TOOL;
use crate::cli::CompatArgs;
use crate::compare::{self, Comparison, Prepared};
use crate::harness;
use crate::judge::waivers::{self, Config};
use crate::judge::{Bump, Change, manifest};
use crate::prove::Rustc;
use crate::read::baseline::{self, Old};
use crate::read::build::{self, FeatureSet, Request, Side, library};
use crate::report::{self, ChangeData, CompatData, Harness};
use crate::rules;

/// Name of the report.
pub(crate) const REPORT: &str = "compat";

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
    let _in_use = build::InUse::lock(&project.target_dir.join("compat"))?;
    if let Some(file) = &args.witness {
        return show_witness(cx, project, args, file);
    }
    let packages = dependencies_first(project.selected().collect());
    // Members that need a major bump: it is carried to those in whose API they show.
    let mut major: BTreeSet<String> = BTreeSet::new();
    let mut used = vec![false; config.allow.len()];
    let mut reports = Vec::new();
    let mut broken = None;
    for package in packages {
        match judge(cx, project, package, args, &config, &major, &mut used) {
            Ok((report, witnesses)) => {
                if report.envelope.data["required_bump"] == "major" {
                    major.insert(package.name.to_string());
                }
                let mut folder = artifacts.for_package(&package.name, &package.version.to_string());
                for (name, text) in witnesses {
                    folder.write(&name, text.as_bytes())?;
                }
                folder.finish()?;
                reports.push(report);
            }
            // With one package the driver says it all; with several the others are still judged.
            Err(error) if project.selected().count() > 1 => {
                reports.push(Report::not_judged(
                    REPORT,
                    &TOOL,
                    project.subject(package),
                    &error,
                ));
                broken = Some(error);
            }
            Err(error) => return Err(error),
        }
    }
    if broken.is_none()
        && let Some(report) = reports.last_mut()
    {
        report
            .envelope
            .findings
            .extend(waivers::unused(&config.allow, &used));
    }
    Ok(Outcome::Reports(reports))
}

/// Packages in an order in which each comes after those of them it depends on.
fn dependencies_first(mut open: Vec<&Package>) -> Vec<&Package> {
    let mut ordered: Vec<&Package> = Vec::new();
    while !open.is_empty() {
        let names: BTreeSet<&str> = open.iter().map(|package| package.name.as_str()).collect();
        let free = |package: &&Package| {
            !package.dependencies.iter().any(|dependency| {
                dependency.kind == cargo_metadata::DependencyKind::Normal
                    && dependency.name != package.name.as_str()
                    && names.contains(dependency.name.as_str())
            })
        };
        let (now, later): (Vec<&Package>, Vec<&Package>) =
            open.iter().partition(|package| free(package));
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

type Judged = (Report, Vec<(String, String)>);

fn judge(
    cx: &Context,
    project: &Project,
    package: &Package,
    args: &CompatArgs,
    config: &Config,
    major: &BTreeSet<String>,
    used: &mut [bool],
) -> Result<Judged> {
    let empty = Report::new(REPORT, &TOOL, project.subject(package));
    let nothing = |finding: Finding| {
        (
            empty
                .clone()
                .status(Status::Skipped)
                .summary(finding.message.clone())
                .findings([finding]),
            Vec::new(),
        )
    };
    if library(package).is_none() {
        return Ok(nothing(Finding::new(
            &rules::NO_LIBRARY,
            format!(
                "`{}` has no library, so there is no public API to judge",
                package.name
            ),
        )));
    }
    let Some(old) = baseline::find(cx, project, package, args.against.as_deref())? else {
        return Ok(nothing(baseline::none(project, package)?));
    };
    let (mut baseline, manifest, base) = match old {
        Old::Sources {
            baseline,
            manifest,
            base,
        } => (baseline, manifest, base),
        Old::Json { baseline, api } => return advisory(cx, project, package, &baseline, &api),
    };
    let spinner = cx.terminal.spinner("Comparing");
    let said = |text: &str| spinner.message(text);
    let place = Place::of(project, &base);
    let target = project.target_dir.join("compat");
    let mut all = Gathered::default();
    let metadata = build::metadata(cx, "old", &manifest, &package.name)?;
    let sets = feature_sets(cx, build::member(&metadata, "old", &package.name)?, package);
    let mut triples: Vec<Option<&str>> = cx
        .args()
        .target
        .iter()
        .map(|triple| Some(triple.as_str()))
        .collect();
    if triples.is_empty() {
        triples.push(None);
    }
    let several = sets.len() * triples.len() > 1;
    let mut versions = None;
    let mut public = BTreeSet::new();
    let runs = triples
        .iter()
        .flat_map(|triple| sets.iter().map(move |set| (*triple, set)));
    for (triple, set) in runs {
        let label = match triple {
            Some(triple) => format!("{} for {triple}", set.as_str()),
            None => set.as_str().to_owned(),
        };
        let request = |name, manifest, metadata| Request {
            name,
            manifest,
            metadata,
            package: &package.name,
            target_dir: &target,
            args: cx.args(),
            features: set,
            target: triple,
        };
        let first = versions.is_none();
        let new = build::build(
            request(
                "new",
                package.manifest_path.as_std_path(),
                &project.metadata,
            ),
            &cx.runner,
            &said,
        );
        let old = build::build(request("old", &manifest, &metadata), &cx.runner, &said);
        let (new, old) = match (new, old) {
            (Ok(new), Ok(old)) => (new, old),
            // Features that exclude each other do not build together; that is no fault of a
            // release. But if it is new, it is said.
            (new, old) if !matches!(set, FeatureSet::Default | FeatureSet::Asked) => {
                let side = match (&new, &old) {
                    (Err(_), Err(_)) => "neither side builds",
                    (Ok(_), _) => "the old side does not build",
                    _ => "the new side does not build",
                };
                if old.is_ok() {
                    all.findings.push(
                        Finding::new(&rules::SET_BROKEN, format!("the old side builds with {label}, and the new one does not"))
                            .help("if features exclude each other now, say so in the notes; this set was not compared"),
                    );
                }
                all.skipped.push(format!("{label}: {side} with them"));
                continue;
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        said(&format!("{} ({label})", package.name));
        let scratch = throw_away_dir("compat-programs")?;
        let rustc =
            Rustc::new(scratch.path(), &project.root, triple).remembering(target.join("verdicts"));
        let (before, after) = (
            Prepared::new(&old, &place.old),
            Prepared::new(&new, &place.new),
        );
        let comparison = compare::compare(&before, &after, &rustc, &cx.runner)?;
        if first {
            all.changes
                .extend(manifest::changes(&old.package, &new.package));
            versions = Some((old.package.version.clone(), new.package.version.clone()));
            if args.harness {
                let side = |side: &Side| (side.package.clone(), side.root.clone());
                let ((a, a_root), (b, b_root)) = (side(&old), side(&new));
                let (before, after) = (
                    harness::Dependency {
                        package: &a,
                        root: &a_root,
                    },
                    harness::Dependency {
                        package: &b,
                        root: &b_root,
                    },
                );
                let lock = project.root.join("Cargo.lock");
                let (changes, ran) =
                    harness::run(cx, before, after, &old.api, &lock, &target.join("harness"))?;
                all.changes.extend(changes);
                all.harness.ran = Some(ran);
            }
        }
        public.extend(comparison.public.iter().cloned());
        all.add(comparison, &label, several);
    }
    let known: BTreeSet<String> = all
        .changes
        .iter()
        .map(|change| change.item.clone())
        .collect();
    all.changes.extend(
        manifest::carried(&public, major)
            .into_iter()
            .filter(|change| !known.contains(&change.item)),
    );
    drop(spinner);
    let (old_version, new_version) = versions.ok_or_else(|| {
        Error::judge(format!(
            "`{}` was compared with no set of features",
            package.name
        ))
    })?;
    baseline.version = Some(old_version.to_string());
    let declared = Bump::declared(&old_version, &new_version).ok_or_else(|| {
        Error::judge(format!(
            "the baseline is {old_version}, which is newer than {new_version}"
        ))
        .with_help("name an older one with --against")
    })?;
    Ok(verdict(
        project,
        package,
        &baseline,
        all,
        config,
        used,
        declared,
        &old_version,
        &new_version,
    ))
}

/// Where source paths of both sides are shown from.
struct Place {
    old: PathBuf,
    new: PathBuf,
}

impl Place {
    fn of(project: &Project, base: &Path) -> Self {
        let new = project
            .git
            .as_ref()
            .map_or(project.root.as_path(), release_gate::git::Git::root);
        Self {
            old: base.canonicalize().unwrap_or_else(|_| base.to_owned()),
            new: new.to_owned(),
        }
    }
}

fn feature_sets(cx: &Context, old: &Package, new: &Package) -> Vec<FeatureSet> {
    let features = &cx.args().features;
    if features.all_features || features.no_default_features || !features.features.is_empty() {
        return vec![FeatureSet::Asked];
    }
    FeatureSet::worth_comparing(old, new)
}

/// Changes over all feature sets.
#[derive(Default)]
struct Gathered {
    changes: Vec<Change>,
    harness: Harness,
    skipped: Vec<String>,
    findings: Vec<Finding>,
}

impl Gathered {
    fn add(&mut self, comparison: Comparison, label: &str, several: bool) {
        self.harness.assertions += comparison.assertions;
        self.harness.gaps.extend(comparison.gaps);
        self.harness.feature_sets.push(label.to_owned());
        for mut change in comparison.changes {
            let same =
                |known: &&mut Change| known.rule.id == change.rule.id && known.item == change.item;
            if let Some(known) = self.changes.iter_mut().find(same) {
                if several {
                    known.feature_sets.push(label.to_owned());
                }
                continue;
            }
            if several {
                change.feature_sets.push(label.to_owned());
            }
            self.changes.push(change);
        }
    }
}

#[expect(clippy::too_many_arguments, reason = "everything a report says")]
fn verdict(
    project: &Project,
    package: &Package,
    baseline: &Baseline,
    mut all: Gathered,
    config: &Config,
    used: &mut [bool],
    declared: Bump,
    old: &Version,
    new: &Version,
) -> Judged {
    // What is new in one set of features and was there in another is a matter of features.
    let sets = all.harness.feature_sets.len();
    for change in all
        .changes
        .iter_mut()
        .filter(|change| change.feature_sets.len() == sets)
    {
        change.feature_sets.clear();
    }
    waivers::apply(&config.allow, &mut all.changes, used);
    all.changes.sort_by(|a, b| {
        b.bump
            .cmp(&a.bump)
            .then_with(|| a.item.cmp(&b.item))
            .then_with(|| a.rule.id.cmp(b.rule.id))
    });
    let mut files = Vec::new();
    for change in &mut all.changes {
        let Some(witness) = change.witness.as_mut().filter(|witness| witness.proved) else {
            continue;
        };
        let name = format!("witnesses/{:02}-{}.rs", files.len() + 1, slug(&change.item));
        witness.program.clone_from(&name);
        let error: String = witness
            .rendered
            .lines()
            .fold(String::new(), |text, line| text + "//     " + line + "\n");
        let header = format!(
            "// `{}`: {}\n// Compiles with {} {old}, not with {new}:\n{error}// See it with: cargo compat --against {} -p {} --witness {name}\n",
            change.item, change.rule.id, package.name, baseline.name, package.name
        );
        files.push((name, format!("{header}{}", witness.text)));
    }
    all.harness.gaps.sort();
    all.harness.gaps.dedup();
    // A few uses that cannot be written are no reason to doubt; many are.
    let (gaps, uses) = (all.harness.gaps.len(), all.harness.assertions);
    if gaps * 10 > uses {
        all.findings.push(
            Finding::new(
                &rules::GAPS,
                format!(
                    "{gaps} {} of the old API could not be compiled, beside {uses} that were",
                    if gaps == 1 { "use" } else { "uses" }
                ),
            )
            .help(
                "they are listed in compat.json; what concerns them was judged by structure alone",
            ),
        );
    }
    all.harness.skipped_sets = all.skipped;
    let required = report::required(&all.changes);
    let data = CompatData {
        required_bump: required,
        declared_bump: Some(declared),
        baseline_version: Some(old.to_string()),
        next_version: Some(required.next(old).to_string()),
        changes: all.changes.iter().map(ChangeData::from).collect(),
        harness: all.harness,
    };
    let command = format!(
        "cargo compat --against {} -p {}",
        baseline.name, package.name
    );
    let mut findings = report::findings(&all.changes, Some(declared), Some((old, new)), &command);
    findings.extend(all.findings);
    findings.extend(waivers::without_reason(&config.allow));
    let human = report::human(&all.changes, &data, &package.name, new, &baseline.name);
    let summary = format!(
        "needs {} ({}), declares {new} ({})",
        data.next_version.as_deref().unwrap_or_default(),
        required.as_str(),
        declared.as_str()
    );
    let report = Report::new(REPORT, &TOOL, project.subject(package))
        .baseline(baseline.clone())
        .findings(findings)
        .data(&data)
        .human(human)
        .summary(summary);
    (report, files)
}

fn slug(item: &str) -> String {
    let mut text: String = item
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    while text.contains("--") {
        text = text.replace("--", "-");
    }
    text.truncate(60);
    text.trim_matches('-').to_owned()
}

/// A baseline that is only a description: what can be said without programs, as advice.
fn advisory(
    cx: &Context,
    project: &Project,
    package: &Package,
    baseline: &Baseline,
    api: &rustdoc_types::Crate,
) -> Result<Judged> {
    let spinner = cx.terminal.spinner("Comparing");
    let set = if cx.args().feature_args().is_empty() {
        FeatureSet::Default
    } else {
        FeatureSet::Asked
    };
    let target = project.target_dir.join("compat");
    let manifest = package.manifest_path.as_std_path();
    let request = Request {
        name: "new",
        manifest,
        metadata: &project.metadata,
        package: &package.name,
        target_dir: &target,
        args: cx.args(),
        features: &set,
        target: cx.args().target.first().map(String::as_str),
    };
    let new = build::build(request, &cx.runner, &|text| spinner.message(text))?;
    drop(spinner);
    let changes = compare::descriptions(api, &new.api);
    let required = report::required(&changes);
    let old_version = baseline
        .version
        .as_deref()
        .and_then(|text| text.parse::<Version>().ok());
    let declared = old_version
        .as_ref()
        .and_then(|old| Bump::declared(old, &new.package.version));
    let data = CompatData {
        required_bump: required,
        declared_bump: declared,
        baseline_version: baseline.version.clone(),
        next_version: old_version
            .as_ref()
            .map(|old| required.next(old).to_string()),
        changes: changes.iter().map(ChangeData::from).collect(),
        harness: Harness {
            feature_sets: vec![set.as_str().to_owned()],
            ..Harness::default()
        },
    };
    let mut findings = vec![Finding::new(
        &rules::ADVISORY,
        format!(
            "`{}` describes an API without its sources: nothing below is proved",
            baseline.name
        ),
    )];
    findings.extend(
        changes
            .iter()
            .filter(|change| change.bump == Bump::Major)
            .map(|change| {
                let mut finding = Finding::new(change.rule, change.message.clone())
                    .level(release_gate::Level::Warn)
                    .evidence("proved", false);
                if !change.before.is_empty() {
                    finding =
                        finding.help(format!("was: {}\nis:  {}", change.before, change.after));
                }
                finding
            }),
    );
    let human = report::human(
        &changes,
        &data,
        &package.name,
        &new.package.version,
        &baseline.name,
    );
    let report = Report::new(REPORT, &TOOL, project.subject(package))
        .baseline(baseline.clone())
        .findings(findings)
        .data(&data)
        .human(human);
    Ok((report, Vec::new()))
}

/// Compiles one program against both sides.
fn show_witness(
    cx: &Context,
    project: &Project,
    args: &CompatArgs,
    file: &Path,
) -> Result<Outcome> {
    let package = project.single()?;
    let read = |path: &Path| std::fs::read_to_string(path);
    let folder = cx
        .args()
        .artifact_dir
        .clone()
        .unwrap_or_else(|| project.target_dir.join("release-gates"));
    let saved = folder
        .join(format!("{}-{}", package.name, package.version))
        .join(file);
    let text = read(file).or_else(|_| read(&saved)).map_err(|error| {
        Error::usage(format!("cannot read `{}`", file.display())).with_source(error)
    })?;
    let Some(Old::Sources { manifest, .. }) =
        baseline::find(cx, project, package, args.against.as_deref())?
    else {
        return Err(
            Error::judge("there is no baseline with sources to compile it against")
                .with_help("name one with --against"),
        );
    };
    let metadata = build::metadata(cx, "old", &manifest, &package.name)?;
    let target = project.target_dir.join("compat");
    let set = if cx.args().feature_args().is_empty() {
        FeatureSet::Default
    } else {
        FeatureSet::Asked
    };
    let side = |name, manifest, metadata| -> Result<Side> {
        let request = Request {
            name,
            manifest,
            metadata,
            package: &package.name,
            target_dir: &target,
            args: cx.args(),
            features: &set,
            target: cx.args().target.first().map(String::as_str),
        };
        build::build(request, &cx.runner, &|text| {
            cx.terminal.detail("Building", text)
        })
    };
    let new = side(
        "new",
        package.manifest_path.as_std_path(),
        &project.metadata,
    )?;
    let old = side("old", &manifest, &metadata)?;
    let (old, new) = (
        Prepared::new(&old, &project.root),
        Prepared::new(&new, &project.root),
    );
    let programs = throw_away_dir("compat-programs")?;
    let rustc = Rustc::new(
        programs.path(),
        &project.root,
        cx.args().target.first().map(String::as_str),
    );
    let mut verdicts = Vec::new();
    for (name, library) in [
        ("old", old.library(Some(&new))),
        ("new", new.library(Some(&old))),
    ] {
        let verdict = rustc.check(&library, &cx.runner, &text)?;
        cx.terminal.status(
            if verdict.accepted {
                "Compiles"
            } else {
                "Fails"
            },
            format!("with the {name} side"),
        );
        for rejection in &verdict.rejections {
            cx.terminal.people(&rejection.rendered);
        }
        verdicts.push(verdict.accepted);
    }
    let report = Report::new("compat-witness", &TOOL, project.subject(package)).print_only();
    match verdicts.as_slice() {
        [true, false] => Ok(report
            .findings([Finding::new(
                &rules::WITNESS,
                "it compiles with the old library and not with the new one",
            )])
            .into()),
        [true, true] => Ok(report.summary("it compiles with both").into()),
        _ => Err(Error::judge(
            "it does not compile with the old library, so it shows nothing",
        )),
    }
}
