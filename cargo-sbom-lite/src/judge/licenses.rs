//! Licences against a policy of SPDX ids.

use std::collections::BTreeMap;

use release_gate::facts::report::licenses::LicenseText;
use release_gate::{Finding, Level};
use spdx::Expression;

use crate::model::config::{Covers, LicensePolicy};
use crate::model::inventory::{Component, Inventory, Role};
use crate::model::license::License;
use crate::model::source::Source;
use crate::rules;

/// Judges every package of a build, shipped or not. Own code that is never published is left out:
/// nobody gets a licence to it. `texts` are the licence files of packages that state no expression.
pub fn judge_licenses(
    inventory: &Inventory,
    policy: &LicensePolicy,
    texts: &[LicenseText],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !policy.is_configured() {
        findings.push(
            Finding::new(
                &rules::LICENSE_NO_POLICY,
                "there is no licence policy: every stated licence passes",
            )
            .help("`cargo sbom-lite init` writes one from what is there"),
        );
    }

    for component in judged_components(inventory) {
        findings.extend(judge_component(
            component,
            policy,
            text_of(component, texts),
        ));
    }

    for exception in &policy.exceptions {
        let is_used = judged_components(inventory).any(|component| {
            let digest = digest_of(text_of(component, texts));
            exception.covers(component, digest.as_deref()) != Covers::No
        });
        if !is_used {
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

/// Everything but own code that is never published.
pub fn judged_components(inventory: &Inventory) -> impl Iterator<Item = &Component> {
    inventory
        .all()
        .filter(|component| !(component.is_private && is_own(component)))
}

fn is_own(component: &Component) -> bool {
    matches!(component.source, Source::Path(_))
}

fn text_of<'a>(component: &Component, texts: &'a [LicenseText]) -> Option<&'a LicenseText> {
    texts
        .iter()
        .find(|text| text.package == component.name && text.version == component.version)
}

fn digest_of(text: Option<&LicenseText>) -> Option<String> {
    text.and_then(|text| text.sha256)
        .map(|digest| digest.to_string())
}

fn judge_component(
    component: &Component,
    policy: &LicensePolicy,
    text: Option<&LicenseText>,
) -> Option<Finding> {
    let name = format!("{} {}", component.name, component.version);
    let digest = digest_of(text);
    let covers: Vec<Covers> = policy
        .exceptions
        .iter()
        .map(|exception| exception.covers(component, digest.as_deref()))
        .collect();

    if covers.contains(&Covers::Yes) {
        return None;
    }
    let finding = match &component.license {
        License::Missing => {
            Finding::new(&rules::LICENSE_MISSING, format!("{name} states no licence"))
        }
        License::File(path) => judge_file(&name, path, policy, text, &covers)?,
        License::Invalid(stated) => invalid(&name, stated),
        License::Expression(stated) => match Expression::parse(stated) {
            Err(_) => invalid(&name, stated),
            Ok(expression) => {
                if expression.evaluate(|requirement| policy.accepts(&requirement.to_string())) {
                    return None;
                }
                denied(&name, stated)
            }
        },
    };

    let role = if component.role == Role::Shipped {
        "artifact"
    } else {
        "build-time"
    };

    let help = finding.help.clone();
    let finding = finding
        .at(place_of(component), None)
        .evidence("package", component.name.clone())
        .evidence("scope", role);

    Some(match help {
        Some(help) => finding.help(help),
        None => finding.help(help_for(component)),
    })
}

fn invalid(name: &str, stated: &str) -> Finding {
    Finding::new(
        &rules::LICENSE_INVALID,
        format!("{name}: `{stated}` is not an SPDX expression"),
    )
}

fn denied(name: &str, license: &str) -> Finding {
    Finding::new(
        &rules::LICENSE_DENIED,
        format!("{name}: `{license}` is not allowed"),
    )
}

/// A package that names only a file. A text that was recognised counts like a stated licence; one
/// that was not never passes a list of what is allowed.
fn judge_file(
    name: &str,
    path: &str,
    policy: &LicensePolicy,
    text: Option<&LicenseText>,
    covers: &[Covers],
) -> Option<Finding> {
    let Some(digest) = digest_of(text) else {
        return Some(Finding::new(
            &rules::LICENSE_MISSING,
            format!("{name} names the licence file `{path}`, which is not there"),
        ));
    };
    if covers.contains(&Covers::OtherText) {
        return Some(
            Finding::new(
                &rules::LICENSE_CHANGED,
                format!("{name}: `{path}` is not the text that the exception was made for"),
            )
            .help(format!(
                "read it, then set `sha256 = \"{digest}\"` in the exception"
            )),
        );
    }
    if let Some(license) = text.and_then(|text| text.license.as_deref()) {
        return (!policy.accepts(license)).then(|| denied(name, license));
    }
    let finding = Finding::new(
        &rules::LICENSE_FILE,
        format!("{name} names only a licence file, `{path}`, whose text is not recognised"),
    );
    let finding = if policy.is_configured() {
        finding.level(Level::Deny)
    } else {
        finding
    };
    Some(finding.help(format!(
        "read it, then add `[[sbom-lite.licenses.exceptions]]` with package, license, reason and `sha256 = \"{digest}\"`"
    )))
}

/// Where the licence of a package is said: the manifest of one's own, else Cargo.lock, which brings
/// it in.
fn place_of(component: &Component) -> String {
    match &component.source {
        Source::Path(folder) if folder.is_empty() => "Cargo.toml".to_owned(),
        Source::Path(folder) => format!("{folder}/Cargo.toml"),
        _ => "Cargo.lock".to_owned(),
    }
}

fn help_for(component: &Component) -> String {
    if is_own(component) {
        return format!(
            "set `license` in {}, or `publish = false` if it is not for users",
            place_of(component)
        );
    }
    "replace the package, allow the licence, or add `[[sbom-lite.licenses.exceptions]]` with package, license and reason".to_owned()
}

/// How often each licence occurs, for the table.
pub fn count_licenses(inventory: &Inventory) -> BTreeMap<String, u64> {
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
        judge_licenses(&inventory(license), policy, &[])
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
                sha256: None,
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

    fn text(sha256: &str, license: Option<&str>) -> LicenseText {
        LicenseText {
            package: "m".into(),
            version: "1.0.0".into(),
            file: "LICENSE".into(),
            sha256: (!sha256.is_empty()).then(|| sha256.repeat(64).parse().unwrap()),
            license: license.map(str::to_owned),
        }
    }

    fn of_file(policy: &LicensePolicy, text: LicenseText) -> Vec<(String, Level)> {
        judge_licenses(&inventory(License::File("LICENSE".into())), policy, &[text])
            .into_iter()
            .map(|finding| (finding.rule, finding.level))
            .collect()
    }

    #[test]
    fn a_licence_file_passes_no_list_unread() {
        let policy = LicensePolicy {
            allow: vec!["MIT".into()],
            ..LicensePolicy::default()
        };
        let rule = |text| of_file(&policy, text);
        assert!(rule(text("a", Some("MIT"))).is_empty());
        assert_eq!(
            rule(text("a", Some("AGPL-3.0-only"))),
            [("license-denied".into(), Level::Deny)]
        );
        assert_eq!(
            rule(text("a", None)),
            [("license-file-only".into(), Level::Deny)]
        );
        assert_eq!(
            rule(text("", None)),
            [("license-missing".into(), Level::Deny)]
        );
    }

    #[test]
    fn an_exception_binds_the_text_that_was_read() {
        let policy = |sha256: Option<&str>| LicensePolicy {
            allow: vec!["MIT".into()],
            exceptions: vec![LicenseException {
                package: "m".into(),
                license: "ISC".into(),
                reason: "r".into(),
                sha256: sha256.map(|digit| digit.repeat(64)),
            }],
            ..LicensePolicy::default()
        };
        assert!(of_file(&policy(Some("a")), text("a", None)).is_empty());
        assert_eq!(
            of_file(&policy(Some("a")), text("b", None))[0].0,
            "license-text-changed"
        );
        assert_eq!(
            of_file(&policy(None), text("a", None))[0].0,
            "license-file-only"
        );
    }

    #[test]
    fn families_are_denied_together_and_later_versions_may_be_taken_as_allowed() {
        let deny = LicensePolicy {
            deny: vec!["AGPL-3.0-only".into()],
            ..LicensePolicy::default()
        };
        for license in ["AGPL-3.0-only", "AGPL-3.0-or-later"] {
            assert_eq!(
                rules_of(stated(license), &deny),
                ["license-denied"],
                "{license}"
            );
        }
        assert!(rules_of(stated("GPL-3.0-only"), &deny).is_empty());
        let allow = LicensePolicy {
            allow: vec!["GPL-2.0-only".into()],
            ..LicensePolicy::default()
        };
        assert!(rules_of(stated("GPL-2.0-or-later"), &allow).is_empty());
        assert_eq!(
            rules_of(stated("GPL-3.0-or-later"), &allow),
            ["license-denied"]
        );
    }

    #[test]
    fn without_a_policy_it_is_said_and_own_private_code_is_left_out() {
        let none = LicensePolicy::default();
        assert_eq!(
            rules_of(stated("AGPL-3.0-only"), &none),
            ["license-no-policy"]
        );
        let mut inventory = inventory(License::Missing);
        inventory.main.source = Source::Path(String::new());
        let found = judge_licenses(&inventory, &none, &[]);
        assert_eq!(found[1].path.as_deref(), Some("Cargo.toml"));
        assert!(found[1].help.as_deref().unwrap().contains("set `license`"));
        inventory.main.is_private = true;
        assert_eq!(judge_licenses(&inventory, &none, &[]).len(), 1);
    }
}
