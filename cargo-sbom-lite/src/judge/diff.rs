//! What differs between two SBOMs, component by component, whatever their formats.

use release_gate::Finding;

use crate::read::document::{Entry, Sbom};
use crate::rules;

/// Compares two documents. Without findings they say the same about every component.
pub fn judge(old: &Sbom, new: &Sbom) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut unmatched: Vec<&Entry> = new.components.values().collect();
    let mut gone: Vec<&Entry> = Vec::new();
    for (key, before) in &old.components {
        match new.components.get(key) {
            Some(after) => {
                unmatched.retain(|entry| !std::ptr::eq(*entry, after));
                compare(before, after, &mut findings);
            }
            None => gone.push(before),
        }
    }
    // One version gone and one new of the same name is a change of version, not two findings.
    gone.retain(|before| {
        let same_name: Vec<usize> = unmatched
            .iter()
            .enumerate()
            .filter(|(_, after)| after.name == before.name)
            .map(|(index, _)| index)
            .collect();
        let [index] = same_name[..] else { return true };
        let after = unmatched.remove(index);
        let rule =
            if before.version == after.version { &rules::SOURCE_CHANGED } else { &rules::VERSION_CHANGED };
        findings.push(about(rule, before, &before.version_and_source(), &after.version_and_source()));
        false
    });
    findings.extend(gone.into_iter().map(|entry| {
        Finding::new(&rules::GONE_COMPONENT, format!("{} {} was removed", entry.name, entry.version))
    }));
    findings.extend(unmatched.into_iter().map(|entry| {
        Finding::new(&rules::NEW_COMPONENT, format!("{} {} was added", entry.name, entry.version))
    }));
    findings.sort_by(|a, b| (&a.message, &a.rule).cmp(&(&b.message, &b.rule)));
    if findings.is_empty() && old.rest != new.rest {
        findings
            .push(Finding::new(&rules::DOCUMENT_CHANGED, "the documents differ outside their components"));
    }
    findings
}

fn compare(before: &Entry, after: &Entry, findings: &mut Vec<Finding>) {
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "none".to_owned());
    for (rule, old, new) in [
        (&rules::LICENCE_CHANGED, &before.license, &after.license),
        (&rules::HASH_CHANGED, &before.sha256, &after.sha256),
        (&rules::RELATION_CHANGED, &before.scope, &after.scope),
    ] {
        if old != new {
            findings.push(about(rule, before, &show(old), &show(new)));
        }
    }
    if before.needs != after.needs {
        let list = |entry: &Entry| entry.needs.iter().cloned().collect::<Vec<_>>().join(" ");
        findings.push(about(&rules::RELATION_CHANGED, before, &list(before), &list(after)));
    }
}

fn about(rule: &release_gate::Rule, entry: &Entry, before: &str, after: &str) -> Finding {
    Finding::new(rule, format!("{} {}: {}", entry.name, entry.version, rule.summary))
        .evidence("before", before.to_owned())
        .evidence("after", after.to_owned())
        .help(format!("`{before}` became `{after}`"))
}
