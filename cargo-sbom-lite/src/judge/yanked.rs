//! Packages whose version was taken back by its authors.

use release_gate::Finding;

use crate::model::locked::Locked;
use crate::model::source::Source;
use crate::rules;

/// The packages whose version was yanked. `is_yanked` answers for a name and version; `None` where
/// it does not know.
pub fn yanked_packages(
    packages: &[Locked],
    is_yanked: impl Fn(&str, &str) -> Option<bool>,
) -> Vec<&Locked> {
    packages
        .iter()
        .filter(|package| package.source == Source::CratesIo)
        .filter(|package| is_yanked(&package.name, &package.version.to_string()) == Some(true))
        .collect()
}

/// What is said of a package whose version was yanked.
pub fn yanked_finding(package: &Locked) -> Finding {
    let Locked {
        name,
        version,
        line,
        ..
    } = package;
    let finding = Finding::new(&rules::YANKED, format!("{name} {version} was yanked"))
        .help(format!("`cargo update -p {name}@{version}`"))
        .evidence("package", name.clone())
        .evidence("version", version.to_string());
    match line {
        Some(line) => finding.at("Cargo.lock", *line),
        None => finding,
    }
}
