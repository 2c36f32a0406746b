//! The inventory against what cargo says of the artifacts (`-Zsbom`).

use std::collections::BTreeMap;

use release_gate::Finding;

use crate::model::inventory::{Inventory, Role};
use crate::model::precursor::Precursor;
use crate::rules;

/// What the two sources say otherwise. The precursors are of all artifacts of the package.
pub fn compare_precursors(inventory: &Inventory, precursors: &[Precursor]) -> Vec<Finding> {
    let mut said: BTreeMap<&(String, String), Role> = BTreeMap::new();
    for (package, role) in precursors.iter().flat_map(|precursor| &precursor.packages) {
        let known = said.entry(package).or_insert(*role);
        *known = (*known).min(*role);
    }
    let mut listed: BTreeMap<(String, String), Role> = BTreeMap::new();
    for component in inventory.all() {
        let key = (component.name.clone(), component.version.clone());
        let known = listed.entry(key).or_insert(component.role);
        *known = (*known).min(component.role);
    }

    let mut findings = Vec::new();
    for (package, role) in &said {
        let what = match listed.get(*package) {
            Some(listed) if listed == role => continue,
            Some(Role::Shipped) => "cargo says that it runs at build time only",
            Some(Role::BuildTime) => "cargo says that it is in the artifact",
            None => "cargo says that it is part of the build, and the list does not have it",
        };
        findings.push(difference(package, what));
    }
    for (package, role) in &listed {
        if !said.contains_key(package) && *role == Role::Shipped {
            findings.push(difference(
                package,
                "cargo does not say that it is in an artifact, and the list has it",
            ));
        }
    }
    findings
}

fn difference(package: &(String, String), what: &str) -> Finding {
    let (name, version) = package;
    Finding::new(
        &rules::PRECURSOR_DIFFERS,
        format!("{name} {version}: {what}"),
    )
    .evidence("package", name.clone())
    .evidence("version", version.clone())
    .help("build again with `-Zsbom`, with the same features and targets, and name the files of all artifacts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::inventory::Component;
    use crate::model::license::License;

    fn precursor(packages: &[(&str, Role)]) -> Precursor {
        let packages = packages
            .iter()
            .map(|(name, role)| (((*name).to_owned(), "1.0.0".to_owned()), *role));
        Precursor {
            root: ("app".to_owned(), "1.0.0".to_owned()),
            packages: packages.collect(),
        }
    }

    #[test]
    fn every_difference_is_a_finding() {
        let component = |name: &str, role| {
            let component = Component {
                role,
                ..Component::for_tests(name, License::Missing)
            };
            (component.purl(), component)
        };

        let inventory = Inventory {
            main: Component::for_tests("app", License::Missing),
            components: BTreeMap::from([
                component("dep", Role::Shipped),
                component("macros", Role::BuildTime),
            ]),
            approximate: false,
        };

        let compared = |packages: &[(&str, Role)]| {
            let mut all = vec![("app", Role::Shipped)];
            all.extend(packages);
            compare_precursors(&inventory, &[precursor(&all)]).len()
        };

        let (shipped, build) = (Role::Shipped, Role::BuildTime);
        assert_eq!(compared(&[("dep", shipped), ("macros", build)]), 0);
        assert_eq!(compared(&[("dep", build), ("macros", build)]), 1);
        assert_eq!(compared(&[("dep", shipped), ("macros", shipped)]), 1);
        assert_eq!(compared(&[("dep", shipped), ("more", build)]), 1);
        assert_eq!(compared(&[("macros", build)]), 1);

        // One artifact may lack what another has.
        let first = precursor(&[("app", shipped)]);
        let second = precursor(&[("app", shipped), ("dep", shipped), ("macros", build)]);
        assert!(compare_precursors(&inventory, &[first, second]).is_empty());
    }
}
