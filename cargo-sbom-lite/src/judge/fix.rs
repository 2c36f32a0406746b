//! The smallest change that repairs a vulnerable dependency.

use std::collections::BTreeMap;

use cargo_metadata::Metadata;
use release_gate::facts::report::vulns::Origin;
use semver::{Op, Version, VersionReq};

/// Who requires which versions of a package: package name to `(who, requirement)`.
pub type Requirements = BTreeMap<String, Vec<(String, VersionReq)>>;

/// Every requirement in the dependency graph.
pub fn requirements_of(metadata: &Metadata) -> Requirements {
    let mut map = Requirements::new();
    for package in &metadata.packages {
        for dependency in &package.dependencies {
            map.entry(dependency.name.to_string()).or_default().push((
                format!("{} {}", package.name, package.version),
                dependency.req.clone(),
            ));
        }
    }
    map
}

/// The lowest version above `current` that one of the requirements of an advisory's `patched`
/// names.
pub fn lowest_fixed(current: &Version, patched: &[VersionReq]) -> Option<Version> {
    patched
        .iter()
        .filter_map(|requirement| {
            let floor = requirement.comparators.iter().find_map(|comparator| {
                let (major, minor, patch) = (comparator.major, comparator.minor, comparator.patch);
                let up = |number: u64| number.checked_add(1);
                Some(match (comparator.op, minor, patch) {
                    (Op::GreaterEq | Op::Caret | Op::Tilde | Op::Exact, ..) => Version {
                        pre: comparator.pre.clone(),
                        ..Version::new(major, minor.unwrap_or(0), patch.unwrap_or(0))
                    },
                    (Op::Greater, Some(minor), Some(patch)) if comparator.pre.is_empty() => {
                        Version::new(major, minor, up(patch)?)
                    }
                    (Op::Greater, Some(minor), Some(patch)) => Version::new(major, minor, patch),
                    (Op::Greater, Some(minor), None) => Version::new(major, up(minor)?, 0),
                    (Op::Greater, None, _) => Version::new(up(major)?, 0, 0),
                    _ => return None,
                })
            })?;
            (floor > *current && requirement.matches(&floor)).then_some(floor)
        })
        .min()
}

/// What to do about a vulnerable package.
#[derive(Debug, Clone, Copy)]
pub struct Advice<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its version.
    pub current: &'a Version,
    /// Versions with the repair.
    pub patched: &'a [VersionReq],
    /// Where it comes from.
    pub origin: Origin,
    /// Who requires it; `None` where only a list of packages is known.
    pub requirements: Option<&'a Requirements>,
}

impl Advice<'_> {
    /// The advice in one line. It only names commands that can work.
    pub fn text(&self) -> String {
        let Self {
            name,
            current,
            patched,
            ..
        } = self;
        if patched.is_empty() {
            return format!(
                "no release has the repair: replace `{name}`, or ignore the advisory with a reason and a date"
            );
        }
        let list = patched
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>()
            .join(" or ");
        match self.origin {
            Origin::Git => {
                return format!(
                    "the repair is in {list}: name a revision of its repository that has it"
                );
            }
            Origin::Path => {
                return format!("the repair is in {list}: take it over into the folder");
            }
            Origin::CratesIo | Origin::Registry => {}
        }
        let Some(lowest) = lowest_fixed(current, patched) else {
            return format!("`cargo update -p {name}@{current}` to {list}");
        };
        let holders = self.holders(&lowest);
        if !holders.is_empty() {
            return format!(
                "needs {name} {lowest} (patched: {list}), which is kept back: {}",
                shortened(&holders)
            );
        }
        if self.requirements.is_none() && !is_compatible(current, &lowest) {
            // cargo takes no version that a requirement does not admit, and those are not known.
            return format!(
                "needs {name} {lowest} (patched: {list}): raise the requirements that hold {current}"
            );
        }
        format!("`cargo update -p {name}@{current} --precise {lowest}` (patched: {list})")
    }

    /// Who admits the current version and not the repaired one. Others hold another version of the
    /// package.
    fn holders(&self, lowest: &Version) -> Vec<String> {
        let mut holders: Vec<String> = self
            .requirements
            .and_then(|requirements| requirements.get(self.name))
            .into_iter()
            .flatten()
            .filter(|(_, requirement)| {
                requirement.matches(self.current) && !requirement.matches(lowest)
            })
            .map(|(who, requirement)| format!("{who} requires `{requirement}`"))
            .collect();
        holders.sort();
        holders.dedup();
        holders
    }
}

/// Whether cargo's default requirement for one version admits the other.
fn is_compatible(current: &Version, other: &Version) -> bool {
    format!("^{}.{}.{}", current.major, current.minor, current.patch)
        .parse::<VersionReq>()
        .is_ok_and(|requirement| requirement.matches(other))
}

fn shortened(holders: &[String]) -> String {
    let shown = &holders[..holders.len().min(3)];
    let more = match holders.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!("{}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reqs(list: &[&str]) -> Vec<VersionReq> {
        list.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_smallest_step_is_named_with_who_is_in_the_way() {
        let current = Version::new(0, 1, 3);
        assert_eq!(
            lowest_fixed(&current, &reqs(&[">=0.2.1", ">=0.1.9, <0.2.0"])),
            Some(Version::new(0, 1, 9))
        );

        assert_eq!(lowest_fixed(&current, &reqs(&["<0.1.0"])), None);

        // `>` of less than three numbers is above all that begin with them; what no requirement
        // admits is not advised.
        for (requirement, expected) in [
            ("> 0.1.3", Some("0.1.4")),
            ("> 0.1", Some("0.2.0")),
            ("> 0", Some("1.0.0")),
            ("> 0.2.0-rc.1", Some("0.2.0")),
            ("> 18446744073709551615", None),
            ("> 0.1.18446744073709551615", None),
            (">= 1.0, < 0.9", None),
        ] {
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(
                lowest_fixed(&current, &reqs(&[requirement])),
                expected,
                "{requirement}"
            );
        }

        let free = Requirements::from([(
            "x".into(),
            vec![("a 1.0.0".into(), "^0.1.2".parse().unwrap())],
        )]);

        let advice = |patched: &[&str], origin, requirements| {
            let advice = Advice {
                name: "x",
                current: &current,
                patched: &reqs(patched),
                origin,
                requirements,
            };
            advice.text()
        };

        let known = |patched: &[&str]| advice(patched, Origin::CratesIo, Some(&free));
        assert!(known(&[">=0.1.9"]).contains("--precise 0.1.9"));
        assert!(known(&[">=0.2.1"]).contains("a 1.0.0 requires `^0.1.2`"));
        assert!(known(&[]).contains("no release"));

        // What cannot work is not advised: no update of a folder or a revision, and none across
        // requirements that nobody has read.
        for origin in [Origin::Git, Origin::Path] {
            assert!(!advice(&[">=0.1.9"], origin, Some(&free)).contains("cargo update"));
        }

        assert!(advice(&[">=0.1.9"], Origin::CratesIo, None).contains("--precise 0.1.9"));
        assert!(!advice(&[">=0.2.1"], Origin::CratesIo, None).contains("--precise"));
    }
}
