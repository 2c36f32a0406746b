//! Licences against a policy of SPDX ids.

use std::collections::BTreeMap;

use release_gate::Finding;
use spdx::Expression;

use crate::model::config::LicensePolicy;
use crate::model::inventory::{Component, Inventory, Role};
use crate::model::license::License;
use crate::rules;

/// Judges every package of a build, shipped or not.
pub fn judge_licenses(inventory: &Inventory, policy: &LicensePolicy) -> Vec<Finding> {
    let all = || inventory.all();
    let mut findings: Vec<Finding> = all()
        .filter_map(|component| judge_component(component, policy))
        .collect();
    for exception in &policy.exceptions {
        if !all().any(|component| exception.covers(component)) {
            findings.push(
                Finding::new(
                    &rules::LICENSE_EXCEPTION,
                    format!(
                        "the exception for `{}` as `{}` matches no package",
                        exception.package, exception.license
                    ),
                )
                .help("take it out of the configuration, or correct the licence after reading it"),
            );
        }
    }
    findings
}

fn judge_component(component: &Component, policy: &LicensePolicy) -> Option<Finding> {
    let name = format!("{} {}", component.name, component.version);
    if policy
        .exceptions
        .iter()
        .any(|exception| exception.covers(component))
    {
        return None;
    }
    let invalid = |text: &str| {
        Finding::new(
            &rules::LICENSE_INVALID,
            format!("{name}: `{text}` is no SPDX expression"),
        )
    };
    let finding = match &component.license {
        License::Missing => {
            Finding::new(&rules::LICENSE_MISSING, format!("{name} states no licence"))
        }
        License::File(path) => Finding::new(
            &rules::LICENSE_FILE,
            format!("{name} names only a licence file, `{path}`"),
        ),
        License::Invalid(text) => invalid(text),
        License::Expression(text) => match Expression::parse(text) {
            Err(_) => invalid(text),
            Ok(expression) => {
                let accepted = expression.evaluate(|requirement| {
                    let id = requirement.to_string();
                    let listed = |list: &[String]| list.contains(&id);
                    let base = id.split(" WITH ").next().unwrap_or_default().to_owned();
                    let denied = listed(&policy.deny) || policy.deny.contains(&base);
                    !denied && (policy.allow.is_empty() || listed(&policy.allow))
                });
                if accepted {
                    return None;
                }
                Finding::new(
                    &rules::LICENSE_DENIED,
                    format!("{name}: `{text}` is not allowed"),
                )
            }
        },
    };
    let role = if component.role == Role::Shipped {
        "artifact"
    } else {
        "build-time"
    };
    Some(finding.at("Cargo.lock", None).evidence("package", component.name.clone()).evidence("scope", role).help(
        "replace the package, allow the licence, or add `[[sbom-lite.licenses.exceptions]]` with package, license and reason",
    ))
}

/// How often each licence occurs, for the table.
pub fn count_licenses(inventory: &Inventory) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for component in inventory.all() {
        let text = match &component.license {
            License::Expression(text) | License::Invalid(text) => text.clone(),
            License::File(path) => format!("see {path}"),
            License::Missing => "none stated".to_owned(),
        };
        *counts.entry(text).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::LicenseException;

    fn inventory(license: License) -> Inventory {
        Inventory {
            main: Component::for_tests("m", license),
            components: BTreeMap::new(),
            approximate: false,
        }
    }

    fn rules_of(license: License, policy: &LicensePolicy) -> Vec<String> {
        judge_licenses(&inventory(license), policy)
            .into_iter()
            .map(|finding| finding.rule)
            .collect()
    }

    fn stated(text: &str) -> License {
        License::new(Some(text), None)
    }

    #[test]
    fn one_allowed_alternative_is_enough_and_every_conjunct_counts() {
        let policy = LicensePolicy {
            allow: vec!["MIT".into()],
            ..LicensePolicy::default()
        };
        assert!(rules_of(stated("MIT OR GPL-3.0-only"), &policy).is_empty());
        assert_eq!(
            rules_of(stated("MIT AND GPL-3.0-only"), &policy),
            ["license-denied"]
        );
        assert_eq!(
            rules_of(stated("Apache-2.0 WITH LLVM-exception"), &policy),
            ["license-denied"]
        );
        let deny = LicensePolicy {
            deny: vec!["GPL-3.0-only".into()],
            ..LicensePolicy::default()
        };
        assert!(rules_of(stated("MIT OR GPL-3.0-only"), &deny).is_empty());
        assert_eq!(rules_of(stated("GPL-3.0-only"), &deny), ["license-denied"]);
        assert_eq!(rules_of(License::Missing, &deny), ["license-missing"]);
        assert_eq!(rules_of(stated("my own"), &deny), ["license-invalid"]);
    }

    #[test]
    fn an_exception_is_for_the_licence_that_was_read() {
        let policy = |license: &str| LicensePolicy {
            allow: vec!["MIT".into()],
            exceptions: vec![LicenseException {
                package: "m".into(),
                license: license.into(),
                reason: "r".into(),
            }],
            ..LicensePolicy::default()
        };
        assert!(rules_of(stated("Zlib"), &policy("Zlib")).is_empty());
        assert!(rules_of(License::Missing, &policy("Zlib")).is_empty());
        // The package changed its licence: the exception was not for this one.
        assert_eq!(
            rules_of(stated("GPL-3.0-only"), &policy("Zlib")),
            ["license-denied", "license-exception-unmatched"]
        );
    }
}
