//! What the notes rest on, and what they had to leave out.

use release_gate_facts::Coverage;

use crate::model::release::Release;
use crate::rules;

/// The commits, and what could not be looked at. What weighs has findings of its own; here it is
/// counted.
pub fn coverage(release: &Release) -> Coverage {
    // The release itself is looked at, too: its version, its tag, its manifest.
    let mut coverage = Coverage::of(release.range.counted + 1);
    for gap in release.evidence.facts.gaps() {
        coverage.not_judged(&rules::NOT_JUDGED_FACT, gap.file, 1, gap.why);
    }
    if release.range.before().is_none() {
        return coverage;
    }
    if let Err(why) = &release.changes.dependencies {
        coverage.not_judged(
            &rules::NOT_JUDGED_DEPENDENCIES,
            "dependencies of both releases",
            1,
            why.as_str(),
        );
    }

    if let Err(why) = &release.vulnerabilities.compared {
        coverage.not_judged(
            &rules::NOT_JUDGED_ADVISORIES,
            "advisories of both releases",
            1,
            why.as_str(),
        );
    }

    for file in &release.evidence.unreadable_advisories {
        coverage.not_judged(
            &rules::NOT_JUDGED_ADVISORIES,
            file.as_str(),
            1,
            "the file cannot be read",
        );
    }

    coverage
}
