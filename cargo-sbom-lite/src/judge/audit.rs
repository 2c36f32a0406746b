//! How much each advisory that was found weighs.

use release_gate::{Finding, Rule};

use super::waivers::apply_waivers;
use crate::model::config::{AuditPolicy, Threshold};
use crate::rules;
use release_gate::facts::report::vulns::{AdvisoryKind, Hit, Origin, Scope};

/// Judges the hits of a product by a policy and marks those that are waived. `product` is the
/// product's package URL or name.
pub fn judge_hits(hits: &mut [Hit], policy: &AuditPolicy, product: &str) -> Vec<Finding> {
    let mut findings = apply_waivers(hits, policy, product);
    findings.extend(hits.iter().map(|hit| finding_for(hit, policy.fail_on)));
    findings
}

fn rule_for(hit: &Hit, fail_on: Threshold) -> &'static Rule {
    if hit.ignored.is_some() {
        return &rules::IGNORED;
    }
    // Somebody's own package may bear any name; the advisory is about the one of that name on
    // crates.io.
    if hit.source != Origin::CratesIo {
        return &rules::OTHER_SOURCE;
    }
    match hit.kind {
        AdvisoryKind::Malicious => &rules::MALICIOUS,
        AdvisoryKind::Unknown => &rules::UNKNOWN_KIND,
        AdvisoryKind::Vulnerability if hit.scope == Scope::NotBuilt => &rules::NOT_BUILT,
        AdvisoryKind::Vulnerability if !hit.only_on.is_empty() => &rules::OTHER_TARGET,
        AdvisoryKind::Vulnerability if fail_on.tolerates(hit.severity) => &rules::BELOW,
        AdvisoryKind::Vulnerability => &rules::VULNERABLE,
        AdvisoryKind::Unmaintained => &rules::UNMAINTAINED,
        AdvisoryKind::Unsound => &rules::UNSOUND,
        AdvisoryKind::Notice => &rules::NOTICE,
    }
}

fn finding_for(hit: &Hit, fail_on: Threshold) -> Finding {
    let what = format!(
        "{} {}: {} ({})",
        hit.package, hit.version, hit.title, hit.id
    );

    let mut finding = Finding::new(rule_for(hit, fail_on), what)
        .evidence("id", hit.id.clone())
        .evidence("package", hit.package.clone())
        .evidence("version", hit.version.clone())
        .evidence("severity", hit.severity.as_str())
        .evidence("scope", hit.scope.as_str())
        .evidence("source", hit.source.as_str())
        .evidence("reachability", hit.reachability.result.as_str())
        .evidence("published", hit.published.clone())
        .evidence("path", hit.path.clone());

    if let Some(line) = hit.line {
        finding = finding.at("Cargo.lock", line);
    }
    if let Some(waiver) = &hit.ignored {
        let until = match &waiver.until {
            Some(until) => format!(" until {until}"),
            None => String::new(),
        };
        return finding
            .evidence("ignored", waiver.reason.clone())
            .help(format!("ignored{until}: {}", waiver.reason));
    }

    let mut help = hit.fix.clone();
    if hit.path.len() > 1 {
        help.push_str(&format!("; it comes in by {}", hit.path.join(" > ")));
    }
    if !hit.only_on.is_empty() {
        help.push_str(&format!("; it concerns {} only", hit.only_on.join(", ")));
    }

    finding.help(help)
}

#[cfg(test)]
mod tests {
    use release_gate::Level;

    use super::*;
    use crate::model::config::Ignore;
    use release_gate::facts::report::vulns::Severity;

    fn hit(kind: AdvisoryKind, severity: Severity, scope: Scope) -> Hit {
        Hit {
            id: "RUSTSEC-2024-0001".into(),
            aliases: vec!["CVE-2024-1".into()],
            title: "t".into(),
            package: "p".into(),
            version: "1.0.0".into(),
            kind,
            severity,
            scope,
            ..Hit::default()
        }
    }

    fn judged(hit: Hit, fail_on: Threshold, ignore: Vec<Ignore>) -> Vec<(String, Level)> {
        let policy = AuditPolicy {
            fail_on,
            ignore,
            ignore_once: Vec::new(),
            vex: Vec::new(),
            today: "2026-01-01".into(),
        };
        judge_hits(&mut [hit], &policy, "app")
            .into_iter()
            .map(|finding| (finding.rule, finding.level))
            .collect()
    }

    #[test]
    fn the_threshold_decides_and_no_score_fails() {
        let rule = |severity: Severity, on| {
            judged(
                hit(AdvisoryKind::Vulnerability, severity, Scope::Artifact),
                on,
                vec![],
            )[0]
            .0
            .clone()
        };

        assert_eq!(
            rule(Severity::Medium, Threshold::High),
            "vulnerability-below-threshold"
        );

        assert_eq!(rule(Severity::High, Threshold::High), "vulnerability");
        assert_eq!(
            rule(Severity::Unknown, Threshold::Critical),
            "vulnerability"
        );

        assert_eq!(rule(Severity::Low, Threshold::Low), "vulnerability");
        assert_eq!(
            judged(
                hit(
                    AdvisoryKind::Vulnerability,
                    Severity::Critical,
                    Scope::NotBuilt
                ),
                Threshold::Low,
                vec![]
            )[0]
            .0,
            "vulnerability-not-built"
        );

        assert_eq!(
            judged(
                hit(
                    AdvisoryKind::Unmaintained,
                    Severity::Unknown,
                    Scope::Artifact
                ),
                Threshold::Low,
                vec![]
            )[0]
            .0,
            "unmaintained"
        );
    }

    #[test]
    fn ignores_have_reasons_dates_and_must_match() {
        let ignore = |id: &str, until: &str| {
            vec![Ignore {
                id: id.into(),
                reason: "r".into(),
                until: until.into(),
            }]
        };
        let vulnerable = || hit(AdvisoryKind::Vulnerability, Severity::High, Scope::Artifact);
        let by_alias = judged(
            vulnerable(),
            Threshold::High,
            ignore("CVE-2024-1", "2026-12-31"),
        );
        assert_eq!(by_alias, [("advisory-ignored".to_owned(), Level::Note)]);
        let expired = judged(
            vulnerable(),
            Threshold::High,
            ignore("RUSTSEC-2024-0001", "2025-12-31"),
        );
        assert_eq!(expired[0].0, "ignore-expired");
        assert_eq!(expired[1].1, Level::Deny);
        assert_eq!(
            judged(
                vulnerable(),
                Threshold::High,
                ignore("RUSTSEC-1999-0001", "2026-12-31")
            )[0]
            .0,
            "ignore-unmatched"
        );
    }

    #[test]
    fn other_sources_and_other_targets_do_not_fail_and_are_said() {
        let fork = Hit {
            source: Origin::Git,
            ..hit(AdvisoryKind::Vulnerability, Severity::High, Scope::Artifact)
        };
        assert_eq!(
            judged(fork, Threshold::Low, vec![]),
            [("advisory-other-source".to_owned(), Level::Warn)]
        );
        let windows = Hit {
            only_on: vec!["windows".into()],
            ..hit(AdvisoryKind::Vulnerability, Severity::High, Scope::Artifact)
        };
        assert_eq!(
            judged(windows, Threshold::Low, vec![]),
            [("vulnerability-other-target".to_owned(), Level::Warn)]
        );
    }

    #[test]
    fn what_is_worse_or_not_known_weighs_whatever_its_score() {
        for (kind, rule) in [
            (AdvisoryKind::Malicious, "malicious"),
            (AdvisoryKind::Unknown, "advisory-of-unknown-kind"),
        ] {
            let hit = hit(kind, Severity::Low, Scope::NotBuilt);
            assert_eq!(
                judged(hit, Threshold::Critical, vec![]),
                [(rule.to_owned(), Level::Deny)]
            );
        }
    }
}
