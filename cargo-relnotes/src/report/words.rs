//! Words and half sentences that several documents use.

use crate::model::vulnerabilities::Hit;

/// Every file that is there has the digest that is listed, and the list is well formed.
pub(super) const SUMS: &str = "sha256sum --check --strict --ignore-missing checksums.txt";

/// `1 commit`, `2 commits`, `2 advisories`.
pub fn count(number: usize, noun: &str) -> String {
    match (number, noun.strip_suffix('y')) {
        (1, _) => format!("1 {noun}"),
        (_, Some(stem)) => format!("{number} {stem}ies"),
        (_, None) => format!("{number} {noun}s"),
    }
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
            count(unknown, "release")
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
        count(hit.shipped.releases, "release"),
        hit.shipped.sentence()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_things() {
        assert_eq!(
            [
                count(1, "advisory"),
                count(2, "advisory"),
                count(0, "commit")
            ],
            ["1 advisory", "2 advisories", "0 commits"]
        );
    }
}
