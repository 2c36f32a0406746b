//! How far a version moved, how far it had to move, and what kind of release that makes.
//!
//! Must never: read Cargo's rule for 0.x the wrong way round: the leftmost non-zero number is the
//! one that may break. <https://doc.rust-lang.org/cargo/reference/semver.html>

use release_gate_facts::Bump;
use release_gate_facts::report::relnotes::ReleaseType;
use semver::Version;

/// The step from one version to a higher one, as cargo counts.
pub fn step(from: &Version, to: &Version) -> Bump {
    let old = [from.major, from.minor, from.patch];
    let new = [to.major, to.minor, to.patch];
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

/// What kind of release it is. `security` says whether it closes a vulnerability.
pub fn release_type(from: Option<&Version>, to: &Version, security: bool) -> ReleaseType {
    let Some(from) = from else {
        return ReleaseType::First;
    };
    if !to.pre.is_empty() {
        return ReleaseType::PreRelease;
    }
    match step(from, to) {
        Bump::Major => ReleaseType::Major,
        _ if security => ReleaseType::Security,
        bump => ReleaseType::of_bump(bump),
    }
}

/// For a sentence: `Minor release`.
pub fn release_title(release_type: ReleaseType) -> &'static str {
    match release_type {
        ReleaseType::First => "First release",
        ReleaseType::PreRelease => "Pre-release",
        ReleaseType::Major => "Major release",
        ReleaseType::Minor => "Minor release",
        ReleaseType::Patch => "Patch release",
        ReleaseType::Security => "Security release",
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
        assert_eq!(release_type(None, &v("0.1.0"), false), ReleaseType::First);
        assert_eq!(
            release_type(Some(&v("1.0.0")), &v("1.0.1"), true),
            ReleaseType::Security
        );
        assert_eq!(
            release_type(Some(&v("1.0.0")), &v("2.0.0"), true),
            ReleaseType::Major
        );
        assert_eq!(
            release_type(Some(&v("1.0.0")), &v("2.0.0-rc.1"), false),
            ReleaseType::PreRelease
        );
    }
}
