//! The data of `relnotes.json`: what the notes say, for machines.

use std::collections::BTreeSet;

use release_gate_facts::Sha256Digest;
use release_gate_facts::report::relnotes as facts;

use crate::model::account::{Accounting, Bucket, Entry};
use crate::model::breaking::Breaking;
use crate::model::dependencies::DependencyDelta;
use crate::model::facts::Facts;
use crate::model::manifest::ManifestDelta;
use crate::model::people::Contributor;
use crate::model::release::{About, Named, Range, Release};
use crate::model::untrusted::Untrusted;
use crate::model::vulnerabilities::{Hit, Shipped, VulnerabilityDelta};

/// The data of a release; `notes_sha256` is the digest of the generated text.
pub fn report_data(release: &Release, notes_sha256: Sha256Digest) -> facts::RelnotesData {
    let Release {
        about,
        range,
        changes,
        vulnerabilities,
        evidence,
        ..
    } = release;

    facts::RelnotesData {
        phase: about.phase,
        release_type: range.release_type,
        date: release_gate::time::iso_date(about.time),
        range: range_data(about, range),
        sums: changes.accounting.sums(),
        buckets: bucket_data(&changes.accounting),
        sections: section_data(&changes.accounting),
        breaking: changes.breaking.iter().map(breaking_data).collect(),
        manifest: changes.manifest.as_ref().map(manifest_data),
        dependencies: changes.dependencies.as_ref().ok().map(dependency_data),
        vulnerabilities: vulnerabilities
            .compared
            .as_ref()
            .ok()
            .map(vulnerability_data),
        contributors: changes.contributors.iter().map(contributor_data).collect(),
        facts: evidence.facts.states(),
        gaps: gap_data(&evidence.facts),
        notes_sha256,
    }
}

/// A number for a report.
fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn range_data(about: &About, range: &Range) -> facts::Range {
    let before = range.before();
    facts::Range {
        from: before.map(|release| release.tag.clone()),
        from_commit: before.map(|release| release.commit.clone()),
        to: about.tag.clone().filter(|_| about.named == Named::Tagged),
        to_commit: about.commit.clone(),
        commits: number(range.counted),
        named: about.named,
        passed_over: range
            .predecessor
            .elsewhere
            .iter()
            .map(|release| release.tag.clone())
            .collect(),
        lost_tags: range.lost.iter().map(|lost| lost.tag.clone()).collect(),
    }
}

fn bucket_data(accounting: &Accounting) -> Vec<facts::CommitBucket> {
    accounting
        .buckets
        .iter()
        .map(|(commit, subject, bucket)| facts::CommitBucket {
            commit: commit.clone(),
            subject: subject.visible().to_owned(),
            bucket: match bucket {
                Bucket::Listed { section } => facts::Bucket::Listed {
                    section: accounting.layout.id(*section).to_owned(),
                },
                Bucket::Folded { into } => facts::Bucket::Folded { into: into.clone() },
                Bucket::Merge => facts::Bucket::Merge,
                Bucket::Cancelled { with } => facts::Bucket::Cancelled { with: with.clone() },
                Bucket::Hidden { rule } => facts::Bucket::Hidden { rule: rule.clone() },
            },
        })
        .collect()
}

fn section_data(accounting: &Accounting) -> Vec<facts::Section> {
    let layout = &accounting.layout;
    layout
        .order()
        .iter()
        .map(|section| facts::Section {
            id: layout.id(*section).to_owned(),
            title: layout.title(*section).to_owned(),
            lines: accounting.section(*section).map(line_data).collect(),
        })
        .filter(|section| !section.lines.is_empty())
        .collect()
}

fn line_data(entry: &Entry) -> facts::Line {
    facts::Line {
        scope: entry.scope.as_ref().map(owned),
        text: owned(&entry.text),
        pulls: entry.pulls.clone(),
        closes: entry.closes.clone(),
        commits: entry.commits.clone(),
    }
}

fn owned(text: &Untrusted) -> String {
    text.visible().to_owned()
}

fn breaking_data(item: &Breaking) -> facts::Breaking {
    let entry = item.entry.as_ref();
    facts::Breaking {
        source: item.source,
        text: entry.map(|entry| owned(&entry.text)),
        items: item
            .changes
            .iter()
            .map(|change| change.item.clone())
            .collect(),
        commits: entry.map(|entry| entry.commits.clone()).unwrap_or_default(),
    }
}

fn manifest_data(delta: &ManifestDelta) -> facts::ManifestChanges {
    facts::ManifestChanges {
        rust_version: delta.rust_version.clone(),
        edition: delta.edition.clone(),
        features_added: listed(&delta.features_added),
        features_removed: listed(&delta.features_removed),
        default_added: listed(&delta.default_added),
        default_removed: listed(&delta.default_removed),
        bins_added: listed(&delta.bins_added),
        bins_removed: listed(&delta.bins_removed),
    }
}

fn listed(names: &BTreeSet<String>) -> Vec<String> {
    names.iter().cloned().collect()
}

fn dependency_data(delta: &DependencyDelta) -> facts::DependencyChanges {
    facts::DependencyChanges {
        added: delta.added.clone(),
        removed: delta.removed.clone(),
        updated: delta.updated.clone(),
        source_changes: delta.source_changes.clone(),
        new_duplicates: delta.new_duplicates.clone(),
    }
}

fn vulnerability_data(delta: &VulnerabilityDelta) -> facts::VulnerabilityChanges {
    facts::VulnerabilityChanges {
        fixed: delta.fixed.iter().map(hit_data).collect(),
        present: delta.present.iter().map(hit_data).collect(),
        introduced: delta.introduced.iter().map(hit_data).collect(),
    }
}

/// An advisory that hits a release.
pub(super) fn hit_data(hit: &Hit) -> facts::Hit {
    facts::Hit {
        id: hit.id.clone(),
        aliases: hit.aliases.clone(),
        package: hit.package.clone(),
        versions: hit.versions.clone(),
        title: owned(&hit.title),
        date: hit.date.clone(),
        severity: hit.severity.clone(),
        patched: hit.patched.clone(),
        public_before: hit.public_before,
        locked_only: hit.locked_only,
        shipped: shipped_data(&hit.shipped),
    }
}

fn shipped_data(shipped: &Shipped) -> facts::Shipped {
    facts::Shipped {
        runs: shipped.runs.clone(),
        releases: number(shipped.releases),
        unknown: number(shipped.unknown),
    }
}

fn contributor_data(person: &Contributor) -> facts::Contributor {
    facts::Contributor {
        name: owned(&person.name),
        handle: person.handle.clone(),
        commits: number(person.commits),
        first: person.first,
    }
}

fn gap_data(found: &Facts) -> Vec<facts::FactGap> {
    found
        .gaps()
        .into_iter()
        .map(|gap| facts::FactGap {
            file: gap.file.to_owned(),
            gap: gap.kind,
            why: gap.why,
        })
        .collect()
}
