//! Variables by which the package of a macro can be told to embed nothing that changes. They are
//! read when the macro itself is compiled, so repeating its caller shows nothing: the macro's
//! package has to be compiled again.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::digest::sha256_file;
use release_gate::facts::report::repro::{Cause, ConfigLine, Fix, UnitKind, Variation};

use super::blame;
use super::experiment::Experiment;
use super::fixes::KNOWN_SWITCHES;
use crate::model::build::{Build, Unit};
use crate::model::cause::tried_fix;
use crate::model::roots::Root;
use crate::sealed::sandbox::Sandbox;

/// A variable and a value for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Switch {
    pub(crate) name: String,
    pub(crate) value: String,
}

/// Switches of what a unit is built with that may mend a cause: the compiler wrote down for cargo
/// that it read them.
pub(crate) fn candidates(experiment: &Experiment<'_>, root: &Root, cause: &Cause) -> Vec<Switch> {
    let Root::Unit { a: at, .. } = root else {
        return Vec::new();
    };
    let by_chance_or_time = matches!(cause.variation, Variation::Entropy | Variation::Time);
    let is_mended = cause
        .fix
        .as_ref()
        .is_some_and(|fix| fix.confirmed && fix.config.iter().any(|line| line.key != "repro.pin"));
    if !by_chance_or_time || is_mended || cause.unit == UnitKind::Link {
        return Vec::new();
    }

    let build = &experiment.a.build;
    let mut names: BTreeSet<String> = BTreeSet::new();
    for unit in blame::below(build, &build.units[*at]) {
        names.extend(
            blame::read_variables(unit)
                .into_iter()
                .filter(|name| is_switch(name)),
        );
    }
    names
        .into_iter()
        .map(|name| Switch {
            value: value_of(&name),
            name,
        })
        .collect()
}

/// Whether a variable's name is that of a switch: a known one, or a seed.
fn is_switch(name: &str) -> bool {
    KNOWN_SWITCHES.iter().any(|(known, ..)| *known == name) || name.ends_with("_SEED")
}

fn value_of(name: &str) -> String {
    KNOWN_SWITCHES
        .iter()
        .find(|(known, ..)| *known == name)
        .map_or("release", |(_, value, _)| *value)
        .to_owned()
}

/// Where a sandbox's target folder is copied to be built in again.
pub(crate) fn copied_target(sandbox: &Sandbox) -> PathBuf {
    sandbox.root.join("target-again")
}

/// Whether a unit came out equal in both sandboxes where they were built again.
pub(crate) fn is_equal_again(experiment: &Experiment<'_>, root: &Root) -> bool {
    let Root::Unit { a: i, b: j } = root else {
        return false;
    };
    let a = digests_again(&experiment.a.sandbox, &experiment.a.build, *i);
    let b = digests_again(&experiment.b.sandbox, &experiment.b.build, *j);
    a.is_some() && a == b
}

/// Digests of a unit's outputs in the copied target folder, by file name.
fn digests_again(sandbox: &Sandbox, build: &Build, at: usize) -> Option<Vec<(String, String)>> {
    let unit: &Unit = &build.units[at];
    let folder = unit.call.out_dir.strip_prefix(&sandbox.target).ok()?;
    let folder = copied_target(sandbox).join(folder);

    let mut digests = Vec::new();
    for entry in std::fs::read_dir(&folder).ok()?.flatten() {
        let name = entry.file_name().into_string().ok()?;
        if unit.call.owns(&name) {
            let (digest, _) = sha256_file(&entry.path()).ok()?;
            digests.push((name, digest.to_string()));
        }
    }
    digests.sort();
    (!digests.is_empty()).then_some(digests)
}

/// Copies a folder, the times of its files included: cargo compares them.
pub(crate) fn copy_target(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        let metadata = entry.metadata()?;
        if metadata.is_dir() {
            copy_target(&source, &copy)?;
        } else if metadata.is_file() {
            std::fs::copy(&source, &copy)?;
            let times = std::fs::FileTimes::new().set_modified(metadata.modified()?);
            std::fs::File::options()
                .append(true)
                .open(&copy)
                .and_then(|file| file.set_times(times))
                .or_else(|_| std::fs::File::open(&copy)?.set_times(times))?;
        }
    }
    Ok(())
}

/// The fix that a switch is.
pub(crate) fn switch_fix(switch: &Switch) -> Fix {
    tried_fix(
        format!(
            "set {}={} for builds in `.cargo/config.toml`",
            switch.name, switch.value
        ),
        vec![ConfigLine {
            file: ".cargo/config.toml".to_owned(),
            key: format!("env.{}", switch.name),
            value: format!("{:?}", switch.value),
        }],
    )
}
