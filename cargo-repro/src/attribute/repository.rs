//! Who needs a repository: build scripts and macros that ask git give another output where there is
//! none, as in a source package of a distribution or the registry.

use std::collections::BTreeSet;

use super::experiment::Experiment;
use super::replay::Trials;
use super::settings::Settings;
use super::subject::Subject;
use crate::sealed::interposer::Asked;

/// What the interposer writes down where git is started or its files are read.
const ASKS_GIT: &str = "git";

/// Packages whose build scripts or macros were shown to give another output without a repository,
/// sorted, as `name version`. Those that fail without one are among them.
pub(crate) fn find_repository_users(experiment: &Experiment<'_>) -> Vec<String> {
    if !experiment.has_interposer() {
        return Vec::new();
    }
    let asked = experiment.asked();
    let mut found = BTreeSet::new();

    for run_a in &experiment.a.build.scripts {
        let asks = asked
            .iter()
            .any(|line| asks_git(line, &run_a.package) && line.crate_name.is_empty());
        let run_b = experiment
            .b
            .build
            .scripts
            .iter()
            .find(|run| run.package == run_a.package && run.version == run_a.version);
        let Some(run_b) = run_b.filter(|_| asks) else {
            continue;
        };
        let subject = Subject::script(experiment, run_a, run_b);
        if subject.is_some_and(|subject| needs_repository(experiment, &subject)) {
            found.insert(format!("{} {}", run_a.package, run_a.version));
        }
    }

    let (a, b) = (&experiment.a.build, &experiment.b.build);
    for &(i, j) in &experiment.comparison.units {
        let call = &a.units[i].call;
        let asks = asked
            .iter()
            .any(|line| asks_git(line, &call.package) && line.crate_name == call.crate_name);
        let name = format!("{} {}", call.package, call.version);
        if asks
            && !found.contains(&name)
            && needs_repository(experiment, &Subject::unit(&a.units[i], &b.units[j]))
        {
            found.insert(name);
        }
    }
    found.into_iter().collect()
}

fn asks_git(line: &Asked, package: &str) -> bool {
    line.what == ASKS_GIT && line.package == package
}

/// Whether the output is another one without a repository, and the same with it.
fn needs_repository(experiment: &Experiment<'_>, subject: &Subject<'_>) -> bool {
    let mut trials = Trials::new(experiment, subject);
    let with = Settings {
        expanded: trials.compiles(),
        ..Settings::default()
    };
    let without = Settings {
        no_repository: true,
        ..with.clone()
    };
    let Some(first) = trials.run(&with) else {
        return false;
    };
    trials.run(&without) != Some(first.clone()) && trials.run(&with) == Some(first)
}
