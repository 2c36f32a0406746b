//! What differs between two SBOMs, component by component, whatever their formats.

use std::collections::BTreeMap;

use release_gate::Finding;
use release_gate::facts::report::sbom_diff::{ChangeKind, SbomChange};

use crate::model::sbom::{Entry, Sbom};
use crate::model::url::redact_text;
use crate::rules;

/// Compares two documents. Without findings they say the same about every component.
///
/// Between two standards, or where only one document states a fact at all, that fact is not
/// compared: silence is no difference there. Two documents of one standard are compared to the
/// letter.
pub fn compare_documents(old: &Sbom, new: &Sbom) -> Vec<Finding> {
    let strict = old.standard == new.standard;
    let mut findings = compare_main(old, new, strict);

    let mut added: Vec<&Entry> = Vec::new();
    for (key, after) in &new.components {
        if !old.components.contains_key(key) {
            added.push(after);
        }
    }
    let mut removed: Vec<&Entry> = Vec::new();
    for (key, before) in &old.components {
        match new.components.get(key) {
            Some(after) => compare_entries(before, after, strict, &mut findings),
            None => removed.push(before),
        }
    }
    for (before, after) in take_changed(&mut removed, &mut added) {
        findings.extend(changed_version(before, after, strict));
    }
    findings.extend(removed.into_iter().map(|entry| {
        Finding::new(
            &rules::GONE_COMPONENT,
            format!("{} was removed", shown(entry)),
        )
        .evidence("component", shown(entry))
        .evidence("before", redact_text(&entry.version_and_source()))
    }));
    findings.extend(added.into_iter().map(|entry| {
        Finding::new(&rules::NEW_COMPONENT, format!("{} was added", shown(entry)))
            .evidence("component", shown(entry))
            .evidence("after", redact_text(&entry.version_and_source()))
    }));
    findings.sort_by(|a, b| (&a.message, &a.rule).cmp(&(&b.message, &b.rule)));

    if findings.is_empty() && strict && old.rest != new.rest {
        findings.push(Finding::new(
            &rules::DOCUMENT_CHANGED,
            "the documents differ outside their components",
        ));
    }
    findings
}

fn compare_main(old: &Sbom, new: &Sbom, strict: bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    match (&old.main, &new.main) {
        (Some(before), Some(after)) if before.key() == after.key() => {
            compare_entries(before, after, strict, &mut findings);
        }
        (Some(before), Some(after)) => {
            let rule = if before.name != after.name || before.version == after.version {
                &rules::SOURCE_CHANGED
            } else {
                &rules::VERSION_CHANGED
            };
            findings.push(change(
                rule,
                before,
                &format!("{} {}", before.name, before.version_and_source()),
                &format!("{} {}", after.name, after.version_and_source()),
            ));
            compare_facts(before, after, strict, &mut findings);
        }
        (None, None) => {}
        _ if strict => findings.push(Finding::new(
            &rules::DOCUMENT_CHANGED,
            "only one document says what it describes",
        )),
        _ => {}
    }

    findings
}

/// Takes out what is removed and added under the same name, where that name stands once on each
/// side: a change of version is one finding, not two.
fn take_changed<'a>(
    removed: &mut Vec<&'a Entry>,
    added: &mut Vec<&'a Entry>,
) -> Vec<(&'a Entry, &'a Entry)> {
    let mut counts: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
    for entry in removed.iter() {
        counts.entry(&entry.name).or_default().0 += 1;
    }
    for entry in added.iter() {
        counts.entry(&entry.name).or_default().1 += 1;
    }

    let mut changed = Vec::new();
    removed.retain(|before| {
        if counts.get(before.name.as_str()) != Some(&(1, 1)) {
            return true;
        }
        let Some(index) = added.iter().position(|after| after.name == before.name) else {
            return true;
        };
        changed.push((*before, added.remove(index)));
        false
    });
    changed
}

fn changed_version(before: &Entry, after: &Entry, strict: bool) -> Vec<Finding> {
    let rule = if before.version == after.version {
        &rules::SOURCE_CHANGED
    } else {
        &rules::VERSION_CHANGED
    };
    let mut findings = vec![change(
        rule,
        before,
        &before.version_and_source(),
        &after.version_and_source(),
    )];
    for (rule, old, new) in [
        (&rules::LICENCE_CHANGED, &before.license, &after.license),
        (&rules::FEATURES_CHANGED, &before.features, &after.features),
        (&rules::RELATION_CHANGED, &before.scope, &after.scope),
    ] {
        if is_different(old.as_deref(), new.as_deref(), strict) {
            findings.push(change(rule, before, &or_none(old), &or_none(new)));
        }
    }
    findings
}

fn or_none(value: &Option<String>) -> String {
    value.clone().unwrap_or_else(|| "none".to_owned())
}

fn is_different(old: Option<&str>, new: Option<&str>, strict: bool) -> bool {
    match (old, new) {
        (Some(old), Some(new)) => old != new,
        (None, None) => false,
        _ => strict,
    }
}

fn compare_entries(before: &Entry, after: &Entry, strict: bool, findings: &mut Vec<Finding>) {
    if (&before.name, &before.version) != (&after.name, &after.version) {
        findings.push(change(
            &rules::VERSION_CHANGED,
            before,
            &shown(before),
            &shown(after),
        ));
    }
    compare_facts(before, after, strict, findings);
}

/// What two entries state beside their names and versions.
fn compare_facts(before: &Entry, after: &Entry, strict: bool, findings: &mut Vec<Finding>) {
    for (rule, old, new) in [
        (&rules::LICENCE_CHANGED, &before.license, &after.license),
        (&rules::HASH_CHANGED, &before.sha256, &after.sha256),
        (&rules::FEATURES_CHANGED, &before.features, &after.features),
        (&rules::RELATION_CHANGED, &before.scope, &after.scope),
    ] {
        if is_different(old.as_deref(), new.as_deref(), strict) {
            findings.push(change(rule, before, &or_none(old), &or_none(new)));
        }
    }
    if before.needs != after.needs
        && (strict || (!before.needs.is_empty() && !after.needs.is_empty()))
    {
        let list = |entry: &Entry| entry.needs.iter().cloned().collect::<Vec<_>>().join(" ");
        findings.push(change(
            &rules::RELATION_CHANGED,
            before,
            &list(before),
            &list(after),
        ));
    }
}

fn change(rule: &release_gate::Rule, entry: &Entry, before: &str, after: &str) -> Finding {
    // Addresses in somebody's document may hold a password.
    let before = redact_text(before);
    let after = redact_text(after);
    Finding::new(rule, format!("{}: {}", shown(entry), rule.summary))
        .evidence("component", shown(entry))
        .evidence("before", before.clone())
        .evidence("after", after.clone())
        .help(format!("`{before}` became `{after}`"))
}

fn shown(entry: &Entry) -> String {
    redact_text(&format!("{} {}", entry.name, entry.version))
}

/// The findings of a comparison as reports have them.
pub fn changes_of(findings: &[Finding]) -> Vec<SbomChange> {
    let mut changes: Vec<SbomChange> = findings
        .iter()
        .filter_map(|finding| {
            let text_of = |key: &str| {
                let value = finding.evidence.get(key)?;
                value.as_str().map(str::to_owned)
            };
            Some(SbomChange {
                kind: kind_of(&finding.rule)?,
                component: text_of("component"),
                before: text_of("before"),
                after: text_of("after"),
            })
        })
        .collect();
    changes.sort_by(|a, b| (&a.component, a.kind).cmp(&(&b.component, b.kind)));
    changes
}

fn kind_of(rule: &str) -> Option<ChangeKind> {
    let kinds = [
        (&rules::NEW_COMPONENT, ChangeKind::NewDependency),
        (&rules::GONE_COMPONENT, ChangeKind::RemovedDependency),
        (&rules::VERSION_CHANGED, ChangeKind::VersionChanged),
        (&rules::LICENCE_CHANGED, ChangeKind::LicenseChanged),
        (&rules::FEATURES_CHANGED, ChangeKind::FeaturesChanged),
        (&rules::HASH_CHANGED, ChangeKind::HashChanged),
        (&rules::SOURCE_CHANGED, ChangeKind::SourceChanged),
        (&rules::RELATION_CHANGED, ChangeKind::RelationChanged),
        (&rules::DOCUMENT_CHANGED, ChangeKind::DocumentChanged),
    ];
    let found = kinds.iter().find(|(known, _)| known.id == rule)?;
    Some(found.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sbom::Standard;

    fn sbom(entries: &[(&str, &str)], change: impl Fn(&mut Entry)) -> Sbom {
        let mut sbom = Sbom::default();
        for (name, version) in entries {
            let mut entry = Entry {
                name: (*name).into(),
                version: (*version).into(),
                purl: Some(format!("pkg:cargo/{name}@{version}")),
                license: Some("MIT".into()),
                ..Entry::default()
            };
            change(&mut entry);
            sbom.insert(entry);
        }
        sbom
    }

    fn rules_of(old: &Sbom, new: &Sbom) -> Vec<String> {
        compare_documents(old, new)
            .into_iter()
            .map(|finding| finding.rule)
            .collect()
    }

    #[test]
    fn each_difference_has_its_rule() {
        let base = sbom(&[("a", "1.0.0"), ("b", "1.0.0")], |_| ());
        assert!(rules_of(&base, &base).is_empty());
        assert_eq!(
            rules_of(&base, &sbom(&[("a", "1.0.0")], |_| ())),
            ["removed-dependency"]
        );

        assert_eq!(
            rules_of(&sbom(&[("a", "1.0.0")], |_| ()), &base),
            ["new-dependency"]
        );

        assert_eq!(
            rules_of(&base, &sbom(&[("a", "1.0.0"), ("b", "1.0.1")], |_| ())),
            ["version-changed"]
        );

        let both = |change: fn(&mut Entry)| sbom(&[("a", "1.0.0"), ("b", "1.0.0")], change);
        let b = |change: fn(&mut Entry)| rules_of(&base, &both(change));
        assert_eq!(
            b(|e| e.license = (e.name == "b")
                .then(|| "GPL-3.0".into())
                .or(e.license.take())),
            ["license-changed"]
        );

        assert_eq!(
            b(|e| e.sha256 = (e.name == "b").then(|| "00".into())),
            ["hash-changed"]
        );

        assert_eq!(
            b(|e| e.features = (e.name == "b").then(|| "std".into())),
            ["features-changed"]
        );

        assert_eq!(
            b(|e| e.scope = (e.name == "b").then(|| "excluded".into())),
            ["relation-changed"]
        );

        assert_eq!(
            b(|e| if e.name == "b" {
                e.purl = Some("pkg:cargo/b@1.0.0?vcs_url=git%2Bhttps://x%40y".into())
            }),
            ["source-changed"]
        );

        // A release of another version is one difference, not two.
        let main = |version: &str| {
            let mut only = sbom(&[("a", version)], |_| ());
            only.main = only.components.pop_first().map(|(_, entry)| entry);
            only
        };

        assert_eq!(
            rules_of(&main("1.0.0"), &main("1.1.0")),
            ["version-changed"]
        );

        // Of another standard, what is not stated is not compared.
        let mut other = both(|e| e.scope = Some("required".into()));
        other.standard = Standard::Spdx;
        assert!(rules_of(&base, &other).is_empty());
    }
}
