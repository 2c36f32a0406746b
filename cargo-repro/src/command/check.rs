//! `cargo repro check`: two sealed builds under deliberately different conditions, every unit
//! compared, differences explained.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use release_gate::{Context, Error, Finding, Level, Outcome, Report, Result};

use super::session::{Built, Session};
use crate::attribute;
use crate::cli::PlaceArgs;
use crate::model::build::{Artifact, Build};
use crate::model::cause::{Cause, Compared, ReproData, UnitCount};
use crate::model::roots::{self, Comparison, Root};
use crate::rules;
use crate::sealed::abilities::{self, Abilities};
use crate::sealed::conditions::Conditions;
use crate::sealed::pins::Pins;
use crate::sealed::processor::Watch;

/// Name of the report.
pub(crate) const REPORT: &str = "repro";

/// Runs the call.
///
/// # Errors
/// The project cannot be built, in A or in B.
pub(crate) fn run(cx: &mut Context, args: &PlaceArgs) -> Result<Outcome> {
    let session = Session::start(cx, args)?;
    let cx = &*cx;
    let a = session.build(cx, Conditions::first(session.jobs), "build A")?;
    let locale = abilities::other_locale(&cx.runner);
    let second = Conditions::second(session.jobs)
        .speaking(locale.as_ref())
        .by_somebody_else(session.abilities.users.as_ref().ok());
    let b = session.build(cx, second, "build B").map_err(|error| {
        if error.help().is_empty() {
            Error::judge(format!("build A succeeded and {}", error.chain()))
                .with_help("the build depends on the folder, environment or clock it runs under; --keep keeps both places")
        } else {
            error
        }
    })?;
    cx.terminal
        .status("Comparing", format!("{} units", a.build.units.len()));
    let comparison = roots::compare(&a.build, &b.build);
    let mut causes: Vec<Named> = Vec::new();
    if !comparison.roots.is_empty() {
        cx.terminal.status(
            "Explaining",
            format!(
                "{} of {} differing units",
                comparison.roots.len(),
                comparison.differing.len()
            ),
        );
    }
    let watch = Watch::start();
    for root in &comparison.roots {
        let found = attribute::explain(cx, &a, &b, &comparison, root);
        causes.extend(found.into_iter().map(|cause| Named {
            root: root.clone(),
            cause,
            seen: Seen::Differs,
        }));
    }
    if !comparison.roots.is_empty() {
        cx.terminal.detail(
            "Explained",
            format!("in {} ms of processor time", watch.time().as_millis()),
        );
    }
    let watch = Watch::start();
    let search = attribute::hidden(cx, &a, &b, &comparison, (a.cost / 16).max(LEAST));
    cx.terminal.detail(
        "Searched",
        format!(
            "for causes that hide by luck in {} ms of processor time, {} trials",
            watch.time().as_millis(),
            search.trials
        ),
    );
    causes.extend(search.found.into_iter().map(|hidden| Named {
        root: hidden.root,
        cause: hidden.cause,
        seen: if hidden.certain {
            Seen::UnderAnotherSeed
        } else {
            Seen::InExpandedSource
        },
    }));
    let watch = Watch::start();
    let takers = attribute::takers(cx, &a, &b, &comparison, search.left);
    cx.terminal.detail(
        "Searched",
        format!(
            "for SOURCE_DATE_EPOCH in {} ms of processor time",
            watch.time().as_millis()
        ),
    );
    session.finish(cx);
    reports(
        cx,
        &session,
        &a,
        &b,
        &comparison,
        &causes,
        (&search.unfinished, &takers),
    )
}

/// Repeating what dependencies run and slow calls, for hidden causes and for who takes the time
/// from SOURCE_DATE_EPOCH together, takes no more than a sixteenth of a build's processor time, or
/// this much where builds are short.
const LEAST: std::time::Duration = std::time::Duration::from_secs(2);

/// A cause and where it was found.
#[derive(Debug, Clone)]
struct Named {
    root: Root,
    cause: Cause,
    seen: Seen,
}

/// How a cause came to light.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    /// The two builds differ.
    Differs,
    /// The two builds agreed by luck.
    UnderAnotherSeed,
    /// Only the source after macros ran differs.
    InExpandedSource,
}

fn reports(
    cx: &Context,
    session: &Session,
    a: &Built,
    b: &Built,
    comparison: &Comparison,
    causes: &[Named],
    (unfinished, takers): (&[String], &[String]),
) -> Result<Outcome> {
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    // Only a locale that is installed is another one to programs.
    let own = Own {
        locale: abilities::other_locale(&cx.runner).is_some(),
        time_zone: Path::new("/usr/share/zoneinfo")
            .join(b.place.conditions.time_zone)
            .exists(),
        history: !session.source.is_shallow(),
    };
    let (varied, not_varied) = variations(&session.abilities, &session.pins, &own);
    let mut reports = Vec::new();
    for package in project.selected() {
        let of = |build: &Build| -> Vec<Artifact> {
            build
                .artifacts
                .iter()
                .filter(|artifact| artifact.package == *package.name)
                .cloned()
                .collect()
        };
        let artifacts = lay_over(&of(&a.build), &of(&b.build));
        let units = reachable(&a.build, comparison, &package.name);
        let differing: Vec<&Compared> = artifacts
            .iter()
            .filter(|artifact| !artifact.identical)
            .collect();
        let mine = causes
            .iter()
            .filter(|named| concerns(&a.build, comparison, &named.root, &units));
        let mut mine: Vec<Named> = mine.cloned().collect();
        // A setting of the profile is worth more than a pin, since plain builds obey it.
        let masked = |named: &Named| {
            let fix = named
                .cause
                .fix
                .as_ref()
                .filter(|fix| fix.confirmed)
                .and_then(|fix| fix.config.as_ref());
            named.seen == Seen::Differs && fix.is_none_or(|config| config.key == "repro.pin")
        };
        if !differing.is_empty()
            && mine.iter().any(masked)
            && let Some(strip) = attribute::strip(cx, a, b, comparison, &package.name)
        {
            for named in mine.iter_mut().filter(|named| masked(named)) {
                named.cause.fix = Some(attribute::stripping(&session.profile, strip));
            }
        }
        let causes: Vec<Cause> = mine.iter().map(|named| named.cause.clone()).collect();

        let mut findings = session.remarks(&a.exported);
        if !unfinished.is_empty() {
            findings.push(
                Finding::new(
                    &rules::SEARCH_SHORT,
                    format!(
                        "{}: macros or build scripts were not repeated as often as it takes to find what hides by luck",
                        unfinished.join(", ")
                    ),
                )
                .help("two equal builds may agree by luck there: what dependencies run, and what takes long, is repeated for a sixteenth of the build's time"),
            );
        }
        for named in &mine {
            let latent = match named.seen {
                Seen::Differs => differing.is_empty(),
                Seen::UnderAnotherSeed => false,
                Seen::InExpandedSource => true,
            };
            findings.push(finding(&named.cause, latent));
        }
        for artifact in &differing {
            let text = format!(
                "`{}` for {} differs between the two builds",
                artifact.name, artifact.target
            );
            findings.push(
                Finding::new(&rules::ARTIFACT_DIFFERS, text)
                    .evidence("sha256", serde_json::json!(artifact.sha256)),
            );
        }
        for key in &comparison.unpaired {
            findings.push(Finding::new(
                &rules::UNITS_DIFFER,
                format!("only one build compiled `{key}`"),
            ));
        }
        let own = |name: &&String| {
            units.iter().any(|&pair| {
                let call = &a.build.units[comparison.units[pair].0].call;
                format!("{} {}", call.package, call.version) == **name
            })
        };
        let takes_epoch: Vec<String> = takers.iter().filter(own).cloned().collect();
        for name in &takes_epoch {
            findings.push(
                Finding::new(
                    &rules::NEEDS_EPOCH,
                    format!("`{name}` takes the time from SOURCE_DATE_EPOCH, and the clock's where that is not set"),
                )
                .help(
                    "set it for plain builds, too: SOURCE_DATE_EPOCH=$(git log -1 --format=%ct); `cargo repro fix` writes that for continuous integration",
                ),
            );
        }
        let compared = units.len();
        let differ = units.intersection(&comparison.differing).count();
        let data = ReproData {
            units: UnitCount {
                compared: count(compared),
                differing: count(differ),
            },
            causes,
            toolchain: session.toolchain.release(),
            takes_epoch,
            varied: varied.clone(),
            not_varied: not_varied.clone(),
            artifacts,
        };
        let summary = format!(
            "{} artifacts and {compared} build units compared, {differ} differ",
            data.artifacts.len()
        );
        let human = human(&data);
        let mut report = Report::new(REPORT, &crate::TOOL, project.subject(package));
        // Nothing compared is no pass.
        if data.artifacts.is_empty() {
            let text = format!(
                "`{}` builds nothing that could be released with these features and targets",
                package.name
            );
            findings.push(Finding::new(&rules::NO_ARTIFACTS, text));
            report = report.status(release_gate::Status::Skipped);
        }
        reports.push(
            report
                .findings(findings)
                .data(&data)
                .human(human)
                .summary(summary),
        );
    }
    Ok(Outcome::Reports(reports))
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Artifacts of both builds by target and name.
pub(crate) fn lay_over(a: &[Artifact], b: &[Artifact]) -> Vec<Compared> {
    let mut all: BTreeMap<(String, String), [Option<release_gate::digest::Sha256Digest>; 2]> =
        BTreeMap::new();
    for (side, artifacts) in [a, b].into_iter().enumerate() {
        for artifact in artifacts {
            all.entry((artifact.target.clone(), artifact.name.clone()))
                .or_default()[side] = Some(artifact.sha256);
        }
    }
    let compared = |((target, name), sha256): (_, [Option<_>; 2])| Compared {
        name,
        target,
        identical: sha256[0].is_some() && sha256[0] == sha256[1],
        sha256,
    };
    all.into_iter().map(compared).collect()
}

/// Positions in the comparison of all units a package is made of.
fn reachable(a: &Build, comparison: &Comparison, package: &str) -> BTreeSet<usize> {
    let by_stem: BTreeMap<String, usize> = comparison
        .units
        .iter()
        .enumerate()
        .map(|(pair, &(i, _))| (a.units[i].stem(), pair))
        .collect();
    let of_package = |pair: usize| a.units[comparison.units[pair].0].call.package == package;
    let mut open: Vec<usize> = (0..comparison.units.len())
        .filter(|&pair| of_package(pair))
        .collect();
    let mut seen: BTreeSet<usize> = open.iter().copied().collect();
    while let Some(pair) = open.pop() {
        let call = &a.units[comparison.units[pair].0].call;
        let externs = call.externs.iter().filter_map(|path| {
            let stem = path.file_stem()?.to_string_lossy();
            by_stem
                .get(stem.strip_prefix("lib").unwrap_or(&stem))
                .copied()
        });
        // The executable of a build script is no extern: it belongs to the package whose units see
        // its OUT_DIR.
        let scripts = comparison
            .units
            .iter()
            .enumerate()
            .filter_map(|(other, &(i, _))| {
                let script = &a.units[i].call;
                let own = script.is_build_script()
                    && script.package == call.package
                    && script.version == call.version;
                (own && call.build_out_dir().is_some()).then_some(other)
            });
        let next: Vec<usize> = externs.chain(scripts).collect();
        open.extend(next.into_iter().filter(|other| seen.insert(*other)));
    }
    seen
}

/// Whether a root is among a package's units.
fn concerns(a: &Build, comparison: &Comparison, root: &Root, units: &BTreeSet<usize>) -> bool {
    units.iter().any(|&pair| {
        let (i, _) = comparison.units[pair];
        match root {
            Root::Unit { a, .. } => *a == i,
            Root::Script { a: at, .. } => {
                a.units[i].call.build_out_dir() == Some(a.scripts[*at].out_dir.as_path())
            }
        }
    })
}

fn finding(cause: &Cause, latent: bool) -> Finding {
    let rule = if latent {
        &rules::LATENT
    } else {
        rules::of(cause.variation)
    };
    let seen = cause
        .evidence
        .first()
        .map(|first| format!(": {first}"))
        .unwrap_or_default();
    let text = format!(
        "the {} of `{}` depends on {}{seen}",
        cause.unit.as_str(),
        cause.package,
        words(cause)
    );
    let mut finding = Finding::new(rule, text).level(if latent { Level::Warn } else { rule.level });
    if let Some(fix) = &cause.fix {
        let tried = if fix.confirmed {
            " (tried: it made the outputs equal)"
        } else {
            " (not tried)"
        };
        finding = finding.help(format!("{}{tried}", fix.text));
    }
    finding
        .evidence("package", cause.package.clone())
        .evidence("variation", cause.variation.as_str())
        .evidence("source", serde_json::json!(cause.source))
}

fn words(cause: &Cause) -> &'static str {
    use crate::model::cause::Variation as V;
    match cause.variation {
        V::Path => "where it is built",
        V::Time => "the clock",
        V::FileTime => "the modification times of files",
        V::Entropy => "random numbers",
        V::FileOrder => "the order of files in a folder",
        V::Environment => "the environment",
        V::Host => "the name of the machine",
        V::Jobs => "the number of jobs",
        V::Umask => "the umask",
        V::UserId => "who builds",
        V::GitHistory => "how much of the history git knows",
        V::None => "chance (the same call gives different outputs)",
        V::Unknown => "something that was not narrowed down",
    }
}

/// The table for people.
fn human(data: &ReproData) -> String {
    let mut text = String::new();
    for artifact in data.artifacts.iter().take(12) {
        let word = if artifact.identical {
            "identical"
        } else {
            "DIFFERS  "
        };
        let digest = artifact.sha256[0]
            .map(|digest| digest.to_string())
            .unwrap_or_default();
        text.push_str(&format!(
            "  {word}  {}  {}  {}\n",
            digest.get(..16).unwrap_or(""),
            artifact.name,
            artifact.target
        ));
    }
    for cause in data.causes.iter().take(4) {
        text.push_str(&format!(
            "  cause: {} of {}, {}",
            cause.unit.as_str(),
            cause.package,
            cause.variation.as_str()
        ));
        let place = [&cause.source, &cause.section, &cause.symbol]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        text.push_str(&if place.is_empty() {
            "\n".to_owned()
        } else {
            format!(" ({place})\n")
        });
        for line in cause.evidence.iter().take(3) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text.push_str(&format!("  varied: {}\n", data.varied.join(", ")));
    for (what, why) in &data.not_varied {
        text.push_str(&format!("  not varied: {what} ({why})\n"));
    }
    text
}

/// What this machine and repository have that could be varied.
#[derive(Debug, Clone, Copy)]
struct Own {
    /// A locale other than C.
    locale: bool,
    /// Build B's time zone.
    time_zone: bool,
    /// A whole history.
    history: bool,
}

/// What B varied, and what could not be varied here.
fn variations(
    abilities: &Abilities,
    pins: &Pins,
    own: &Own,
) -> (Vec<String>, BTreeMap<String, String>) {
    let mut varied: Vec<String> = [
        "path",
        "CARGO_HOME",
        "HOME",
        "environment",
        "file times",
        "jobs",
    ]
    .map(str::to_owned)
    .into();
    let mut missing = BTreeMap::new();
    if cfg!(unix) {
        varied.push("umask".to_owned());
    } else {
        missing.insert("umask".to_owned(), "the system has none".to_owned());
    }
    match &abilities.interposer {
        Ok(_) => {
            varied.extend(["clock", "file order", "host name"].map(str::to_owned));
            missing.insert(
                "clock, file order and random numbers of statically linked programs".to_owned(),
                "they ask the kernel, past the interposer".to_owned(),
            );
        }
        Err(why) => {
            for what in ["clock", "file order"] {
                missing.insert(what.to_owned(), why.clone());
            }
            match &abilities.namespaces {
                Ok(()) => varied.push("host name".to_owned()),
                Err(why) => drop(missing.insert("host name".to_owned(), why.clone())),
            }
        }
    }
    if let Err(why) = &abilities.namespaces {
        missing.insert(
            "network".to_owned(),
            format!("only cargo is offline: {why}"),
        );
    }
    for what in [
        "kernel and processor",
        "machine id",
        "when the machine was started",
    ] {
        missing.insert(
            what.to_owned(),
            "both builds run on this machine".to_owned(),
        );
    }
    match &abilities.users {
        Ok(_) => varied.push("user id".to_owned()),
        Err(why) => drop(missing.insert(
            "user id".to_owned(),
            format!("both builds run as the same user: {why}"),
        )),
    }
    missing.insert(
        "toolchain folder".to_owned(),
        "both builds use the same toolchain".to_owned(),
    );
    match own.locale {
        true => varied.push("locale".to_owned()),
        false => drop(missing.insert(
            "locale".to_owned(),
            "no other is installed; only its variables differ".to_owned(),
        )),
    }
    match own.time_zone {
        true => varied.push("time zone".to_owned()),
        false => drop(missing.insert(
            "time zone".to_owned(),
            "none are installed; only its variable differs".to_owned(),
        )),
    }
    match own.history {
        true => varied.push("git history".to_owned()),
        false => drop(missing.insert(
            "git history".to_owned(),
            "this repository is a shallow clone itself".to_owned(),
        )),
    }
    for word in pins.words() {
        let what: &[&str] = match word.as_str() {
            "environment" => &["environment", "HOME", "locale", "time zone"],
            "path" => &["path", "CARGO_HOME"],
            "time" => &["clock"],
            "file-order" => &["file order"],
            "file-time" => &["file times"],
            "git-history" => &["git history"],
            "host" => &["host name"],
            "jobs" => &["jobs"],
            "umask" => &["umask"],
            "user-id" => &["user id"],
            "entropy" => &["random numbers"],
            _ => &[],
        };
        for what in what {
            varied.retain(|name| name != what);
            missing.insert((*what).to_owned(), "pinned by `[repro] pin`".to_owned());
        }
    }
    varied.sort();
    (varied, missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_varied_is() {
        let users = Err("no".to_owned());
        let abilities = Abilities {
            namespaces: Ok(()),
            users,
            interposer: Ok("x.so".into()),
        };
        let pins = Pins::new(&["time".to_owned()]).unwrap();
        let own = Own {
            locale: false,
            time_zone: false,
            history: false,
        };
        let (varied, missing) = variations(&abilities, &pins, &own);
        for what in [
            "user id",
            "locale",
            "time zone",
            "git history",
            "clock",
            "machine id",
            "toolchain folder",
        ] {
            assert!(
                missing.contains_key(what) && !varied.contains(&what.to_owned()),
                "{what}"
            );
        }
        let all = Own {
            locale: true,
            time_zone: true,
            history: true,
        };
        let (varied, _) = variations(&abilities, &Pins::default(), &all);
        for what in ["locale", "time zone", "git history", "clock", "path"] {
            assert!(varied.contains(&what.to_owned()), "{what}");
        }
    }
}
