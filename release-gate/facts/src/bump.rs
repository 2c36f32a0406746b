//! Version bumps, as [Cargo's SemVer chapter] and its caret requirement count them.
//!
//! [Cargo's SemVer chapter]: https://doc.rust-lang.org/cargo/reference/semver.html

use std::cmp::Ordering;

use semver::Version;
use serde::{Deserialize, Serialize};

/// How much a version changes, by what users may rely on.
///
/// In `0.y.z` a change of `y` is major, and in `0.0.z` every change is.
///
/// ```
/// use release_gate_facts::Bump;
///
/// let (old, new) = ("0.2.3".parse()?, "0.3.0".parse()?);
/// assert_eq!(Bump::declared(&old, &new), Some(Bump::Major));
/// assert!(Bump::Major > Bump::Patch);
/// # Ok::<(), semver::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// Users notice nothing.
    Patch,
    /// There is something new, and old programs compile.
    Minor,
    /// Old programs may not compile.
    Major,
}

impl Bump {
    /// The word that reports use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// The largest bump that the step from `old` to `new` promises, or `None` where `new` is older.
    ///
    /// Equal versions promise the smallest bump there is before the next release.
    pub fn declared(old: &Version, new: &Version) -> Option<Self> {
        let numbers = |version: &Version| (version.major, version.minor, version.patch);

        match numbers(new).cmp(&numbers(old)) {
            Ordering::Less => None,
            Ordering::Equal => Self::declared_by_prerelease(old, new),
            Ordering::Greater => Some(Self::declared_by_numbers(old, new)),
        }
    }

    /// The bump between two versions of the same three numbers.
    fn declared_by_prerelease(old: &Version, new: &Version) -> Option<Self> {
        let either_is_prerelease = !old.pre.is_empty() || !new.pre.is_empty();

        if new < old {
            None
        } else if old != new && either_is_prerelease {
            // A pre-release promises nothing to the next one, nor to the release.
            Some(Self::Major)
        } else if old.major == 0 && old.minor > 0 {
            Some(Self::Minor)
        } else {
            Some(Self::Patch)
        }
    }

    /// The bump between two versions of which the second has the larger numbers.
    fn declared_by_numbers(old: &Version, new: &Version) -> Self {
        if !is_compatible(old, new) {
            Self::Major
        } else if new.major == 0 || new.minor != old.minor {
            // Before 1.0 the last number carries minor changes, too.
            Self::Minor
        } else {
            Self::Patch
        }
    }

    /// The lowest version that may follow `old` with changes of this size.
    pub fn next(self, old: &Version) -> Version {
        // A pre-release is followed by the release of the same numbers.
        let step = u64::from(old.pre.is_empty());

        match self {
            Self::Major if old.major > 0 => Version::new(old.major + 1, 0, 0),
            Self::Major if old.minor > 0 => Version::new(0, old.minor + 1, 0),
            Self::Minor if old.major > 0 => Version::new(old.major, old.minor + 1, 0),
            _ => Version::new(old.major, old.minor, old.patch + step),
        }
    }
}

/// Whether Cargo may choose the one where the other is asked for.
pub fn is_compatible(a: &Version, b: &Version) -> bool {
    match (a.major, b.major) {
        (0, 0) if a.minor == 0 && b.minor == 0 => a.patch == b.patch,
        (0, 0) => a.minor == b.minor,
        (a, b) => a == b,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_read_as_cargo_does() {
        for (old, new, step) in [
            ("1.2.3", "2.0.0", Some(Bump::Major)),
            ("1.2.3", "1.3.0", Some(Bump::Minor)),
            ("1.2.3", "1.2.4", Some(Bump::Patch)),
            ("1.2.3", "1.2.3", Some(Bump::Patch)),
            ("0.2.3", "0.3.0", Some(Bump::Major)),
            ("0.2.3", "0.2.4", Some(Bump::Minor)),
            ("0.2.3", "0.2.3", Some(Bump::Minor)),
            ("0.0.3", "0.0.4", Some(Bump::Major)),
            ("0.0.3", "0.0.3", Some(Bump::Patch)),
            ("0.9.0", "1.0.0", Some(Bump::Major)),
            ("1.0.0-rc.1", "1.0.0-rc.2", Some(Bump::Major)),
            ("1.0.0-rc.1", "1.0.0", Some(Bump::Major)),
            ("1.0.0-rc.1", "1.0.0-rc.1", Some(Bump::Patch)),
            ("1.0.0", "1.0.0+build", Some(Bump::Patch)),
            ("1.0.0", "1.0.0-rc.1", None),
            ("1.2.3", "1.2.2", None),
        ] {
            assert_eq!(
                Bump::declared(&old.parse().unwrap(), &new.parse().unwrap()),
                step,
                "{old} → {new}"
            );
        }
    }

    #[test]
    fn the_next_version_declares_the_step() {
        for (old, bump, next) in [
            ("1.2.3", Bump::Major, "2.0.0"),
            ("1.2.3", Bump::Minor, "1.3.0"),
            ("1.2.3", Bump::Patch, "1.2.4"),
            ("0.2.3", Bump::Major, "0.3.0"),
            ("0.2.3", Bump::Minor, "0.2.4"),
            ("0.0.3", Bump::Major, "0.0.4"),
            ("1.2.3-rc.1", Bump::Patch, "1.2.3"),
        ] {
            let old: Version = old.parse().unwrap();
            let new = bump.next(&old);
            assert_eq!(new.to_string(), next);
            assert!(Bump::declared(&old, &new).unwrap() >= bump);
        }
    }

    #[test]
    fn a_requirement_takes_what_cargo_takes() {
        for (asked, other, taken) in [
            ("1.2.3", "1.9.0", true),
            ("1.2.3", "2.0.0", false),
            ("0.2.3", "0.2.9", true),
            ("0.2.3", "0.3.3", false),
            ("0.0.3", "0.0.3", true),
            ("0.0.3", "0.0.4", false),
            ("0.0.3", "0.1.3", false),
            ("0.1.3", "0.0.3", false),
            ("0.1.0", "1.1.0", false),
        ] {
            let (asked, other) = (asked.parse().unwrap(), other.parse().unwrap());
            assert_eq!(is_compatible(&asked, &other), taken, "{asked} and {other}");
        }
    }

    #[test]
    fn the_word_is_that_of_reports() {
        for bump in [Bump::Patch, Bump::Minor, Bump::Major] {
            let json = serde_json::to_value(bump).unwrap();
            assert_eq!(json, bump.as_str());
        }
    }
}
