//! Packages whose version was taken back by its authors.

use release_gate::Finding;
use release_gate::facts::report::vulns::Yanked;

use crate::model::locked::Locked;
use crate::model::source::Source;
use crate::rules;

/// What is known about the versions of packages.
#[derive(Debug, Default)]
pub struct YankedPackages<'a> {
    /// Those that were yanked.
    pub yanked: Vec<&'a Locked>,
    /// How many packages of crates.io nothing is known about.
    pub unknown: usize,
}

impl<'a> YankedPackages<'a> {
    /// Asks for each package of crates.io. `is_yanked` answers for a name and version; `None` where
    /// it does not know.
    pub fn among(packages: &'a [Locked], is_yanked: impl Fn(&str, &str) -> Option<bool>) -> Self {
        let mut found = Self::default();
        for package in packages {
            if package.source != Source::CratesIo {
                continue;
            }
            match is_yanked(&package.name, &package.version.to_string()) {
                Some(true) => found.yanked.push(package),
                Some(false) => {}
                None => found.unknown += 1,
            }
        }
        found
    }

    /// The yanked ones as reports have them, sorted.
    pub fn facts(&self) -> Vec<Yanked> {
        let mut facts: Vec<Yanked> = self
            .yanked
            .iter()
            .map(|package| Yanked {
                package: package.name.clone(),
                version: package.version.to_string(),
            })
            .collect();
        facts.sort();
        facts
    }
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
