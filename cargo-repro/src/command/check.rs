//! `cargo repro check`: two sealed builds under deliberately different conditions, every unit
//! compared, differences explained.

use std::path::Path;
use std::time::Duration;

use release_gate::text::counted;
use release_gate::{Context, Error, Finding, Outcome, Report, Result, Status, interrupt};

use super::args::BuildArgs;
use super::session::Session;
use crate::attribute::{self, Experiment, switches};
use crate::judge::causes::{Revealed, Revelation};
use crate::judge::check::{Checked, judge_package};
use crate::judge::plain::plain_finding;
use crate::judge::processor::{native_cause, native_unit};
use crate::judge::variations::{Own, variations};
use crate::model::build::ArtifactKind;
use crate::model::roots::{self, Root};
use crate::report::check::table;
use crate::sealed::abilities;
use crate::sealed::built::Built;
use crate::sealed::conditions::Conditions;
use crate::sealed::processor::Watch;
use crate::tool::TOOL;

/// Name of the report.
pub(crate) const REPORT: &str = "repro";

/// Repeating what dependencies run and slow calls, for latent causes and for who takes the time
/// from SOURCE_DATE_EPOCH together, takes no more than a sixteenth of a build's processor time, or
/// this much where builds are short.
const LEAST: Duration = Duration::from_secs(2);

/// Runs the call.
///
/// # Errors
/// The project cannot be built, in A or in B.
pub(crate) fn run(cx: &mut Context, args: &BuildArgs) -> Result<Outcome> {
    let session = Session::start(cx, args)?;
    let cx = &*cx;
    let a = session.build(cx, Conditions::first(session.jobs), "build A")?;
    let b = build_second(cx, &session)?;

    cx.terminal
        .detail("Comparing", format!("{} units", a.build.units.len()));
    let comparison = roots::compare(&a.build, &b.build);
    let experiment = Experiment {
        runner: &cx.runner,
        a: &a,
        b: &b,
        comparison: &comparison,
    };

    let mut causes = explain_roots(cx, &experiment)?;
    try_switches(cx, &session, &experiment, &mut causes)?;
    // Trials that were interrupted tell nothing.
    interrupt::check()?;
    let search = search_latent(cx, &experiment);
    causes.extend(search.found.iter().map(|latent| Revealed {
        root: latent.root.clone(),
        cause: latent.cause.clone(),
        revelation: if latent.certain {
            Revelation::AnotherSeed
        } else {
            Revelation::ExpandedSource
        },
    }));
    let epoch_users = search_epoch_users(cx, &experiment, search.left);
    let repository_users = attribute::find_repository_users(&experiment);
    interrupt::check()?;
    session.finish(cx);

    // What could not be done in one sandbox was not varied between the two.
    let abilities = a.sandbox.abilities.common(&b.sandbox.abilities);
    let own = own_variations(cx, &session, &b);
    let checked = Checked {
        a: &a.build,
        b: &b.build,
        comparison: &comparison,
        unfinished: &search.unfinished,
        epoch_users: &epoch_users,
        repository_users: &repository_users,
        toolchain: session.toolchain.release(),
        variations: variations(&abilities, &session.pins, &own),
    };
    reports(cx, &session, &experiment, &checked, &causes)
}

/// Build B, under other conditions than A's.
fn build_second(cx: &Context, session: &Session) -> Result<Built> {
    let locale = abilities::other_locale(&cx.runner);
    let conditions = Conditions::second(session.jobs)
        .speaking(locale.as_ref())
        .by_somebody_else(session.abilities.users.as_ref().ok());

    session.build(cx, conditions, "build B").map_err(|error| {
        if error.help().is_empty() && interrupt::check().is_ok() {
            Error::judge(format!("build A succeeded and {}", error.chain()))
                .with_help("the build depends on the folder, environment or clock it runs under; --keep keeps both places")
        } else {
            error
        }
    })
}

/// The causes of everything that differs first.
///
/// # Errors
/// The call was interrupted.
fn explain_roots(cx: &Context, experiment: &Experiment<'_>) -> Result<Vec<Revealed>> {
    let comparison = experiment.comparison;
    if comparison.roots.is_empty() {
        return Ok(Vec::new());
    }
    cx.terminal.status(
        "Explaining",
        format!(
            "{} of {} differing units",
            comparison.roots.len(),
            comparison.differing.len()
        ),
    );

    let watch = Watch::start();
    let mut causes = Vec::new();
    for root in &comparison.roots {
        interrupt::check()?;
        let found = attribute::explain(experiment, root);
        causes.extend(found.into_iter().map(|cause| Revealed {
            root: root.clone(),
            cause,
            revelation: Revelation::BuildsDiffer,
        }));
    }
    cx.terminal.detail(
        "Explained",
        format!("in {} ms of processor time", watch.time().as_millis()),
    );
    Ok(causes)
}

/// Builds again with the switches that macros' packages have, where nothing but a pin is known.
fn try_switches(
    cx: &Context,
    session: &Session,
    experiment: &Experiment<'_>,
    causes: &mut [Revealed],
) -> Result<()> {
    for revealed in causes {
        for switch in switches::candidates(experiment, &revealed.root, &revealed.cause) {
            cx.terminal.status(
                "Trying",
                format!("{}={} in both builds", switch.name, switch.value),
            );
            for built in [experiment.a, experiment.b] {
                session.build_again(cx, built, &switch)?;
            }
            if switches::is_equal_again(experiment, &revealed.root) {
                revealed.cause.fix = Some(switches::switch_fix(&switch));
                break;
            }
        }
    }
    Ok(())
}

/// Causes that both builds happened not to show.
fn search_latent(cx: &Context, experiment: &Experiment<'_>) -> attribute::LatentSearch {
    let watch = Watch::start();
    let budget = (experiment.a.cost / 16).max(LEAST);
    let search = attribute::find_latent(experiment, budget);
    cx.terminal.detail(
        "Searched",
        format!(
            "for causes that hide by luck in {} ms of processor time, {} trials",
            watch.time().as_millis(),
            search.trials
        ),
    );
    search
}

/// Packages that take the time from SOURCE_DATE_EPOCH.
fn search_epoch_users(cx: &Context, experiment: &Experiment<'_>, budget: Duration) -> Vec<String> {
    let watch = Watch::start();
    let found = attribute::find_epoch_users(experiment, budget);
    cx.terminal.detail(
        "Searched",
        format!(
            "for SOURCE_DATE_EPOCH in {} ms of processor time",
            watch.time().as_millis()
        ),
    );
    found
}

/// What this machine and repository have that could be varied.
fn own_variations(cx: &Context, session: &Session, b: &Built) -> Own {
    Own {
        // Only a locale that is installed is another one to programs.
        locale: abilities::other_locale(&cx.runner).is_some(),
        time_zone: Path::new("/usr/share/zoneinfo")
            .join(b.sandbox.conditions.time_zone)
            .exists(),
        history: !session.source.is_shallow(),
    }
}

/// That a package is compiled for the processor of this machine, which no second build here shows.
fn compiled_for_this_processor(experiment: &Experiment<'_>, package: &str) -> Option<Revealed> {
    let (build, sandbox) = (&experiment.a.build, &experiment.a.sandbox);
    let at = native_unit(build, package)?;
    let source = sandbox
        .cargo_config
        .line_with("target-cpu", &sandbox.source);
    Some(Revealed {
        root: Root::Unit { a: at, b: at },
        cause: native_cause(&build.units[at], source),
        revelation: Revelation::Recorded,
    })
}

/// What a plain build of the package would lose, said once.
fn plain_note(experiment: &Experiment<'_>, package: &str) -> Option<Finding> {
    let build = &experiment.a.build;
    let own = build
        .artifacts
        .iter()
        .filter(|artifact| artifact.package == package && artifact.kind != ArtifactKind::Rust);
    own.filter_map(|artifact| {
        let bytes = std::fs::read(&artifact.path).ok()?;
        plain_finding(&artifact.name, &bytes, build)
    })
    .next()
}

/// One report for each package.
fn reports(
    cx: &Context,
    session: &Session,
    experiment: &Experiment<'_>,
    checked: &Checked<'_>,
    causes: &[Revealed],
) -> Result<Outcome> {
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;

    // What is the same on every machine is for those who want to know it all.
    let verbose = cx.args().verbose > 0;
    let shown: Vec<&str> = if verbose {
        checked.variations.all_missing()
    } else {
        checked.variations.lacking()
    };
    let mut reports = Vec::new();
    for package in project.selected() {
        let mut own = checked.concerning(causes, &package.name);
        own.extend(compiled_for_this_processor(experiment, &package.name));
        if checked.needs_mask(&own, &package.name)
            && let Some(strip) = attribute::strip_that_makes_equal(experiment, &package.name)
        {
            let fix = attribute::stripping(&session.profile, strip);
            own.iter_mut()
                .filter(|revealed| revealed.is_masked_only())
                .for_each(|revealed| revealed.cause.fix = Some(fix.clone()));
        }

        let mut judged = judge_package(checked, &own, &package.name);
        let mut findings = session.remarks(&experiment.a.exported);
        findings.append(&mut judged.findings);
        session.add_unseen(&mut judged.coverage);
        findings.extend(plain_note(experiment, &package.name));

        let data = judged.data;
        let summary = format!(
            "{} and {} compared, {} differ",
            counted(data.artifacts.len(), "artifact", "artifacts"),
            counted(data.units.compared, "build unit", "build units"),
            data.units.differing
        );
        let mut report = Report::new(REPORT, &TOOL, project.subject(package));
        // Nothing compared is no pass.
        if data.artifacts.is_empty() {
            report = report.status(Status::Skipped);
        }
        reports.push(
            report
                .findings(findings)
                .data(&data)
                .human(table(&data, &shown, verbose))
                .coverage(judged.coverage)
                .summary(summary),
        );
    }
    Ok(Outcome::Reports(reports))
}
