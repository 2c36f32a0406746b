//! Bumps and versions, as Cargo's SemVer chapter and its caret requirement have them.

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

/// How large a step between two versions is, by what users may rely on: in `0.y.z` a step of `y` is
/// major, and in `0.0.z` every step is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Bump {
    /// Nothing that users see.
    Patch,
    /// Something new; old programs compile.
    Minor,
    /// Old programs may not compile.
    Major,
}

impl Bump {
    /// The word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Patch => "patch",
            Self::Minor => "minor",
            Self::Major => "major",
        }
    }

    /// The largest step that this version change promises. Equal versions promise what a patch
    /// does; so does nothing smaller. `None`: the new version is older.
    pub fn declared(old: &Version, new: &Version) -> Option<Self> {
        let triple = |version: &Version| (version.major, version.minor, version.patch);
        let (a, b) = (triple(old), triple(new));
        // A version that is not compatible by Cargo's caret rule may hold anything; pre-releases
        // promise nothing to each other.
        if b < a {
            return None;
        }
        if a == b {
            let pre = !old.pre.is_empty() || !new.pre.is_empty();
            return if new < old {
                None
            } else {
                Some(if pre && old != new {
                    Self::Major
                } else {
                    Self::allowed(old)
                })
            };
        }
        Some(match (a, b) {
            ((a, ..), (b, ..)) if a != b => Self::Major,
            ((0, a, _), (0, b, _)) if a != b => Self::Major,
            ((0, 0, _), (0, 0, _)) => Self::Major,
            // Before 1.0 there is no place for a minor step, so the last number carries it.
            ((0, ..), (0, ..)) => Self::Minor,
            ((_, a, _), (_, b, _)) if a != b => Self::Minor,
            _ => Self::Patch,
        })
    }

    /// What a release under the same version may hold.
    fn allowed(version: &Version) -> Self {
        if version.major == 0 && version.minor > 0 {
            Self::Minor
        } else {
            Self::Patch
        }
    }

    /// The lowest version that may follow with such changes.
    pub fn next(self, old: &Version) -> Version {
        let (major, minor, patch) = (old.major, old.minor, old.patch);
        let released = if old.pre.is_empty() { 1 } else { 0 };
        match self {
            Self::Major if major > 0 => Version::new(major + 1, 0, 0),
            Self::Major if minor > 0 => Version::new(0, minor + 1, 0),
            Self::Minor if major > 0 => Version::new(major, minor + 1, 0),
            _ => Version::new(major, minor, patch + released),
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
        ] {
            let old: Version = old.parse().unwrap();
            let new = bump.next(&old);
            assert_eq!(new.to_string(), next);
            assert!(Bump::declared(&old, &new).unwrap() >= bump);
        }
    }
}
