//! Words and half sentences that several documents use.

use crate::model::release::About;
use crate::model::vulnerabilities::Hit;

/// Every file that is there has the digest that is listed, and the list is well formed.
pub(super) const SUMS: &str = "sha256sum --check --strict --ignore-missing checksums.txt";

/// Verifies a download with this suite, as what it has to be: an older release that the same key
/// signed, or another project's, is refused.
pub(super) fn verify_command(about: &About, key: &str, file: &str) -> String {
    format!(
        "cargo-sign verify --key {key} --expect {}@{} {file}",
        about.package, about.version
    )
}

/// `1 commit`, `2 commits`.
pub fn counted(number: usize, one: &str, many: &str) -> String {
    release_gate::text::counted(u64::try_from(number).unwrap_or(u64::MAX), one, many)
}

/// `, severity high`, and where it is not used.
pub(super) fn severity(hit: &Hit) -> String {
    let severity = hit
        .severity
        .as_deref()
        .map(|severity| format!(", severity {severity}"))
        .unwrap_or_default();
    let only = if hit.locked_only {
        ", only in Cargo.lock: for tests or other packages"
    } else {
        ""
    };
    format!("{severity}{only}")
}

/// Which of our releases shipped it, as a sentence behind a line.
pub(super) fn shipped(hit: &Hit, is_library: bool) -> String {
    let unknown = match hit.shipped.unknown {
        0 => String::new(),
        unknown => format!(
            " ({} without a readable lockfile: unknown)",
            counted(unknown, "release", "releases")
        ),
    };
    if hit.shipped.releases == 0 {
        return unknown;
    }
    let binding = if is_library {
        " (by its own lockfile, which does not bind users of the library)"
    } else {
        ""
    };
    format!(
        ". {} shipped it{binding}: {}{unknown}",
        counted(hit.shipped.releases, "release", "releases"),
        hit.shipped.sentence()
    )
}
