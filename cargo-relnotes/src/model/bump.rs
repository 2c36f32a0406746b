//! How far a version moved, how far it had to move, and what kind of release that makes.
//!
//! Must never: read Cargo's rule for 0.x the wrong way round: the leftmost non-zero number is the
//! one that may break. <https://doc.rust-lang.org/cargo/reference/semver.html>

use schemars::JsonSchema;
use semver::Version;
use serde::Serialize;

use super::facts::Bump;

/// The step from one version to a higher one, as cargo counts.
pub fn step(from: &Version, to: &Version) -> Bump {
    let numbers = |v: &Version| [v.major, v.minor, v.patch];
    let (old, new) = (numbers(from), numbers(to));
    let Some(changed) = (0..3).find(|at| old[*at] != new[*at]) else {
        // 1.0.0-rc.1 → 1.0.0-rc.2 or → 1.0.0: pre-releases promise nothing.
        return if from.pre == to.pre {
            Bump::Patch
        } else {
            Bump::Major
        };
    };
    let leading = old.iter().position(|number| *number != 0).unwrap_or(2);
    if changed <= leading {
        Bump::Major
    } else if changed == leading + 1 && leading == 0 {
        Bump::Minor
    } else {
        Bump::Patch
    }
}

/// What kind of release this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReleaseType {
    /// Nothing came before.
    First,
    /// Not meant for everybody yet.
    PreRelease,
    /// Users may have to change something.
    Major,
    /// Something new.
    Minor,
    /// Repairs.
    Patch,
    /// Repairs of which at least one closes a vulnerability.
    Security,
}

impl ReleaseType {
    /// Decides. `security` says whether a vulnerability was closed.
    pub fn of(from: Option<&Version>, to: &Version, security: bool) -> Self {
        let Some(from) = from else { return Self::First };
        if !to.pre.is_empty() {
            return Self::PreRelease;
        }
        match step(from, to) {
            Bump::Major => Self::Major,
            _ if security => Self::Security,
            Bump::Minor => Self::Minor,
            Bump::Patch => Self::Patch,
        }
    }

    /// For a sentence: `Minor release`.
    pub fn title(self) -> &'static str {
        match self {
            Self::First => "First release",
            Self::PreRelease => "Pre-release",
            Self::Major => "Major release",
            Self::Minor => "Minor release",
            Self::Patch => "Patch release",
            Self::Security => "Security release",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_as_cargo_counts() {
        for (from, to, bump) in [
            ("1.2.3", "1.2.4", Bump::Patch),
            ("1.2.3", "1.3.0", Bump::Minor),
            ("1.2.3", "2.0.0", Bump::Major),
            ("0.2.3", "0.2.4", Bump::Patch),
            ("0.2.3", "0.3.0", Bump::Major),
            ("0.0.3", "0.0.4", Bump::Major),
            ("0.0.0", "0.0.1", Bump::Major),
            ("0.9.0", "1.0.0", Bump::Major),
            ("1.0.0-rc.1", "1.0.0", Bump::Major),
            ("1.0.0-rc.1", "1.0.0-rc.2", Bump::Major),
            ("1.0.0", "1.0.0", Bump::Patch),
        ] {
            assert_eq!(
                step(&from.parse().unwrap(), &to.parse().unwrap()),
                bump,
                "{from} -> {to}"
            );
        }
    }

    #[test]
    fn kinds_of_releases() {
        let v = |text: &str| text.parse::<Version>().unwrap();
        assert_eq!(
            ReleaseType::of(None, &v("0.1.0"), false),
            ReleaseType::First
        );
        assert_eq!(
            ReleaseType::of(Some(&v("1.0.0")), &v("1.0.1"), true),
            ReleaseType::Security
        );
        assert_eq!(
            ReleaseType::of(Some(&v("1.0.0")), &v("2.0.0"), true),
            ReleaseType::Major
        );
        assert_eq!(
            ReleaseType::of(Some(&v("1.0.0")), &v("2.0.0-rc.1"), false),
            ReleaseType::PreRelease
        );
    }
}
