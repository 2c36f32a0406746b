//! The smallest change that mends a vulnerable dependency.

use std::collections::BTreeMap;

use cargo_metadata::Metadata;
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

/// What to do about `name current`, in one line.
pub fn advice(
    name: &str,
    current: &Version,
    patched: &[VersionReq],
    requirements: &Requirements,
) -> String {
    if patched.is_empty() {
        return format!(
            "no release mends it: replace `{name}`, or ignore it with a reason and a date"
        );
    }
    let list = patched
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" or ");
    let Some(lowest) = lowest_fixed(current, patched) else {
        return format!("`cargo update -p {name}@{current}` to {list}");
    };
    // Only those whose requirement admits the current version are behind it; others hold another
    // version of the package.
    let holders: Vec<String> = requirements
        .get(name)
        .into_iter()
        .flatten()
        .filter(|(_, requirement)| requirement.matches(current) && !requirement.matches(&lowest))
        .map(|(who, requirement)| format!("{who} requires `{requirement}`"))
        .collect();
    if holders.is_empty() {
        return format!("`cargo update -p {name}@{current} --precise {lowest}` (patched: {list})");
    }
    let mut holders = holders;
    holders.sort();
    holders.dedup();
    let more = if holders.len() > 3 {
        format!(" and {} more", holders.len() - 3)
    } else {
        String::new()
    };
    holders.truncate(3);
    format!(
        "needs {name} {lowest} (patched: {list}), which is kept back: {}{more}",
        holders.join(", ")
    )
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
        assert!(advice("x", &current, &reqs(&[">=0.1.9"]), &free).contains("--precise 0.1.9"));
        assert!(
            advice("x", &current, &reqs(&[">=0.2.1"]), &free).contains("a 1.0.0 requires `^0.1.2`")
        );
        assert!(advice("x", &current, &[], &free).contains("no release"));
    }
}
