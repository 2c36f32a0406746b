//! Licences against a policy of SPDX ids.

use std::collections::BTreeMap;

use release_gate::Finding;
use serde::Deserialize;
use spdx::Expression;

use crate::model::inventory::{Component, Inventory, Role};
use crate::model::license::License;
use crate::rules;

/// `[sbom-lite.licenses]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Policy {
    /// Ids (and `ID WITH EXCEPTION`) that are allowed; empty: all that are not denied.
    pub allow: Vec<String>,
    /// Ids that are denied.
    pub deny: Vec<String>,
    /// Packages decided on one by one.
    pub exceptions: Vec<Exception>,
}

/// A package whose licence was read by a person.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Package name.
    pub package: String,
    /// The licence it has.
    pub license: String,
    /// Why it is accepted.
    pub reason: String,
}

/// Judges every package of a build, shipped or not.
pub fn judge(inventory: &Inventory, policy: &Policy) -> Vec<Finding> {
    std::iter::once(&inventory.main)
        .chain(inventory.components.values())
        .filter_map(|component| one(component, policy))
        .collect()
}

fn one(component: &Component, policy: &Policy) -> Option<Finding> {
    let name = format!("{} {}", component.name, component.version);
    if policy.exceptions.iter().any(|exception| exception.package == component.name) {
        return None;
    }
    let finding = match &component.license {
        License::Missing => Finding::new(&rules::LICENSE_MISSING, format!("{name} states no licence")),
        License::File(path) => {
            Finding::new(&rules::LICENSE_FILE, format!("{name} names only a licence file, `{path}`"))
        }
        License::Invalid(text) => {
            Finding::new(&rules::LICENSE_INVALID, format!("{name}: `{text}` is no SPDX expression"))
        }
        License::Expression(text) => {
            let expression = Expression::parse(text).ok()?;
            let accepted = expression.evaluate(|requirement| {
                let id = requirement.to_string();
                let listed = |list: &[String]| list.contains(&id);
                !listed(&policy.deny) && (policy.allow.is_empty() || listed(&policy.allow))
            });
            if accepted {
                return None;
            }
            Finding::new(&rules::LICENSE_DENIED, format!("{name}: `{text}` is not allowed"))
        }
    };
    let role = if component.role == Role::Shipped { "artifact" } else { "build-time" };
    Some(finding.at("Cargo.lock", None).evidence("package", component.name.clone()).evidence("scope", role).help(
        "replace the package, allow the licence, or add `[[sbom-lite.licenses.exceptions]]` with package, license and reason",
    ))
}

/// How often each licence occurs, for the table.
pub fn summary(inventory: &Inventory) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for component in std::iter::once(&inventory.main).chain(inventory.components.values()) {
        let text = match &component.license {
            License::Expression(text) | License::Invalid(text) => text.clone(),
            License::File(path) => format!("see {path}"),
            License::Missing => "none stated".to_owned(),
        };
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}
