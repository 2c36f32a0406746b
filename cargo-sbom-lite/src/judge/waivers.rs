//! Decisions to live with an advisory: ignores of the configuration and the command line, and
//! statements of VEX documents. None of them silences what it does not name exactly.

use release_gate::Finding;
use release_gate::facts::report::vulns::{Hit, Linkage, Scope, Waiver, WaiverSource};

use crate::model::config::{AuditPolicy, Ignore};
use crate::model::purl::CargoPurl;
use crate::model::vex::{Justification, VexStatement, VexStatus};
use crate::rules;

/// Marks the hits that are waived, and says which waivers are expired, unmatched or unusable.
pub(super) fn apply_waivers(hits: &mut [Hit], policy: &AuditPolicy, product: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for ignore in &policy.ignore {
        findings.extend(apply_ignore(hits, ignore, &policy.today));
    }
    for id in &policy.ignore_once {
        let waiver = Waiver {
            source: WaiverSource::CommandLine,
            reason: "`--ignore` on the command line".to_owned(),
            author: None,
            until: None,
        };
        if waive(hits, id, &waiver) == 0 {
            findings.push(unmatched(id).help("leave it out of the command line"));
        }
    }
    for statement in &policy.vex {
        findings.extend(apply_statement(hits, statement, policy, product));
    }
    findings
}

fn apply_ignore(hits: &mut [Hit], ignore: &Ignore, today: &str) -> Option<Finding> {
    if ignore.until.as_str() < today {
        return Some(
            Finding::new(
                &rules::IGNORE_EXPIRED,
                format!("the ignore of {} ended on {}", ignore.id, ignore.until),
            )
            .help("renew the date with a reason, or update the dependency"),
        );
    }
    let waiver = Waiver {
        source: WaiverSource::Configuration,
        reason: ignore.reason.clone(),
        author: None,
        until: Some(ignore.until.clone()),
    };
    (waive(hits, &ignore.id, &waiver) == 0)
        .then(|| unmatched(&ignore.id).help("take it out of the configuration"))
}

fn unmatched(id: &str) -> Finding {
    Finding::new(
        &rules::IGNORE_UNMATCHED,
        format!("the ignore of {id} matches no advisory"),
    )
}

/// Waives every hit of an id or alias; returns how many there are.
fn waive(hits: &mut [Hit], id: &str, waiver: &Waiver) -> usize {
    let mut count = 0;
    for hit in hits.iter_mut().filter(|hit| is_called(hit, id)) {
        hit.ignored = Some(waiver.clone());
        count += 1;
    }
    count
}

fn is_called(hit: &Hit, id: &str) -> bool {
    hit.id == id || hit.aliases.iter().any(|alias| alias == id)
}

fn apply_statement(
    hits: &mut [Hit],
    statement: &VexStatement,
    policy: &AuditPolicy,
    product: &str,
) -> Vec<Finding> {
    if statement.status == VexStatus::Other {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for hit in hits
        .iter_mut()
        .filter(|hit| statement.ids.iter().any(|id| is_called(hit, id)))
    {
        match objection(hit, statement, policy, product) {
            None => {
                hit.ignored = Some(Waiver {
                    source: WaiverSource::Vex,
                    reason: format!("{} ({})", statement.reason, statement.file),
                    author: statement.author.clone(),
                    until: statement.until.clone(),
                });
            }
            Some(why) => findings.push(
                Finding::new(
                    &rules::VEX_UNUSABLE,
                    format!(
                        "{}: the statement about {} does not count for {} {}",
                        statement.file, hit.id, hit.package, hit.version
                    ),
                )
                .help(why),
            ),
        }
    }

    findings
}

/// Why a statement does not count for a hit; `None` where it does.
fn objection(
    hit: &Hit,
    statement: &VexStatement,
    policy: &AuditPolicy,
    product: &str,
) -> Option<String> {
    if let Some(until) = statement
        .until
        .as_ref()
        .filter(|until| **until < policy.today)
    {
        return Some(format!("it ended on {until}"));
    }
    if statement.author.is_none() {
        return Some("it does not say who makes it".to_owned());
    }
    let Some(justification) = statement.justification.or_else(|| {
        (statement.status == VexStatus::Fixed && !statement.reason.is_empty())
            .then_some(Justification::Other)
    }) else {
        return Some("it gives no justification".to_owned());
    };

    if !statement
        .packages
        .iter()
        .any(|package| is_package_of(hit, package))
    {
        return Some(format!("it does not name {}", hit.purl));
    }
    if names_another_product(statement, product) {
        return Some(format!("it is about another product than {product}"));
    }
    let later = policy
        .vex
        .iter()
        .find(|other| contradicts(other, hit, product) && !other.is_older_than(statement));
    if let Some(other) = later {
        return Some(format!(
            "a statement of {} that is not older says that it is affected, or that nobody knows yet",
            other.file
        ));
    }

    refutation(hit, justification).map(str::to_owned)
}

fn names_another_product(statement: &VexStatement, product: &str) -> bool {
    let products = &statement.products;
    !products.is_empty() && !products.iter().any(|name| is_product(name, product))
}

/// Whether a statement about a hit says that it is affected, or that nobody knows.
fn contradicts(statement: &VexStatement, hit: &Hit, product: &str) -> bool {
    let is_about = |url: &String| is_package_of(hit, url);
    statement.status == VexStatus::Other
        && statement.ids.iter().any(|id| is_called(hit, id))
        && statement.packages.iter().any(is_about)
        && !names_another_product(statement, product)
}

/// What the build shows against a justification.
fn refutation(hit: &Hit, justification: Justification) -> Option<&'static str> {
    match justification {
        Justification::ComponentNotPresent if hit.scope == Scope::Artifact => {
            Some("it says that the package is not in the product, and the build has it there")
        }
        Justification::CodeNotPresent if hit.reachability.result == Linkage::Linked => {
            Some("it says that the code is not in the product, and the program has the function")
        }
        _ => None,
    }
}

/// Whether a package URL is that of a hit: name, version and source.
fn is_package_of(hit: &Hit, url: &str) -> bool {
    match (CargoPurl::parse(url), CargoPurl::parse(&hit.purl)) {
        (Some(said), Some(found)) => said == found,
        _ => false,
    }
}

/// Whether two package URLs name one product; a product without a version is any version of it.
fn is_product(name: &str, product: &str) -> bool {
    match (CargoPurl::parse(name), CargoPurl::parse(product)) {
        (Some(said), Some(audited)) => {
            said.name == audited.name
                && (said.version.is_empty() || said.version == audited.version)
        }
        _ => name == product,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::config::Threshold;

    fn statement() -> VexStatement {
        VexStatement {
            ids: vec!["CVE-2024-1".into()],
            status: VexStatus::NotAffected,
            justification: Some(Justification::Other),
            reason: "inline_mitigations_already_exist: checked".into(),
            author: Some("me".into()),
            said_at: Some("2026-01-02T00:00:00Z".into()),
            packages: vec!["pkg:cargo/p@1.0.0".into()],
            products: vec!["pkg:cargo/app@2.0.0".into()],
            file: "vex.json".into(),
            until: Some("2026-12-31".into()),
        }
    }

    fn waived(change: impl Fn(&mut VexStatement, &mut Hit)) -> bool {
        let mut hit = Hit {
            id: "RUSTSEC-2024-0001".into(),
            aliases: vec!["CVE-2024-1".into()],
            package: "p".into(),
            version: "1.0.0".into(),
            purl: "pkg:cargo/p@1.0.0".into(),
            scope: Scope::Artifact,
            ..Hit::default()
        };

        let mut statement = statement();
        change(&mut statement, &mut hit);
        let policy = AuditPolicy {
            fail_on: Threshold::Low,
            ignore: Vec::new(),
            ignore_once: Vec::new(),
            vex: vec![statement],
            today: "2026-01-01".into(),
        };

        let mut hits = [hit];
        let product = "pkg:cargo/app@2.0.0?download_url=file:.";
        let findings = apply_waivers(&mut hits, &policy, product);
        let is_waived = hits[0].ignored.is_some();
        assert!(is_waived || findings.len() <= 1);

        is_waived
    }

    #[test]
    fn a_statement_counts_for_exactly_what_it_names() {
        assert!(waived(|_, _| ()));
        assert!(!waived(|said, _| said.ids = vec!["CVE-2024-2".into()]));
        assert!(!waived(
            |said, _| said.packages = vec!["pkg:cargo/p@1.0.1".into()]
        ));
        assert!(!waived(|said, _| said.packages = vec!["pkg:cargo/p".into()]));
        assert!(!waived(
            |said, _| said.packages = vec!["pkg:cargo/app@2.0.0".into()]
        ));
        assert!(!waived(
            |said, _| said.products = vec!["pkg:cargo/other@2.0.0".into()]
        ));
        assert!(!waived(
            |said, _| said.products = vec!["pkg:cargo/app@1.0.0".into()]
        ));
        assert!(!waived(|said, _| said.justification = None));
        assert!(!waived(|said, _| said.author = None));
        assert!(!waived(|said, _| said.until = Some("2025-12-31".into())));
        assert!(!waived(|said, _| said.status = VexStatus::Other));
    }

    #[test]
    fn a_statement_that_is_not_older_takes_it_back() {
        let hit = || Hit {
            id: "RUSTSEC-2024-0001".into(),
            aliases: vec!["CVE-2024-1".into()],
            package: "p".into(),
            version: "1.0.0".into(),
            purl: "pkg:cargo/p@1.0.0".into(),
            ..Hit::default()
        };
        for (said_at, counts) in [
            (Some("2026-01-01T00:00:00Z"), true),
            (Some("2026-01-02T00:00:00Z"), false),
            (Some("2026-01-03T00:00:00.5Z"), false),
            (Some("2026-01-01T00:00:00+01:00"), false),
            (None, false),
        ] {
            let other = VexStatement {
                status: VexStatus::Other,
                justification: None,
                said_at: said_at.map(str::to_owned),
                ..statement()
            };
            let policy = AuditPolicy {
                fail_on: Threshold::Low,
                ignore: Vec::new(),
                ignore_once: Vec::new(),
                vex: vec![other, statement()],
                today: "2026-01-01".into(),
            };
            let mut hits = [hit()];
            apply_waivers(
                &mut hits,
                &policy,
                "pkg:cargo/app@2.0.0?download_url=file:.",
            );
            assert_eq!(hits[0].ignored.is_some(), counts, "{said_at:?}");
        }
    }

    #[test]
    fn the_build_refutes_what_is_not_so() {
        assert!(!waived(
            |said, _| said.justification = Some(Justification::ComponentNotPresent)
        ));
        assert!(waived(|said, hit| {
            said.justification = Some(Justification::ComponentNotPresent);
            hit.scope = Scope::BuildTime;
        }));
        assert!(!waived(|said, hit| {
            said.justification = Some(Justification::CodeNotPresent);
            hit.reachability.result = Linkage::Linked;
        }));
    }
}
