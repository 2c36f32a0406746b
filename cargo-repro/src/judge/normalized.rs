//! What cargo rewrites when it packs: which differences of `Cargo.toml` and `Cargo.lock` mean
//! nothing. Pure.

use std::collections::BTreeMap;

use serde::Deserialize;

/// Whether two packed manifests say the same in other words, and the keys in which they do not.
///
/// Newer versions of cargo write down what older ones found out by themselves: targets and that
/// nothing is to be found.
pub(crate) fn manifest(a: &[u8], b: &[u8]) -> (bool, Vec<String>) {
    let parse = |bytes: &[u8]| std::str::from_utf8(bytes).ok()?.parse::<toml::Table>().ok();
    let (Some(a), Some(b)) = (parse(a), parse(b)) else {
        return (false, vec!["not readable".to_owned()]);
    };
    let (a, b) = (flat(a), flat(b));
    let changed: Vec<String> = a
        .keys()
        .chain(b.keys().filter(|key| !a.contains_key(*key)))
        .filter(|key| match (a.get(*key), b.get(*key)) {
            (Some(x), Some(y)) => x != y,
            (Some(value), None) | (None, Some(value)) => !is_written_out(key, value),
            (None, None) => false,
        })
        .cloned()
        .collect();
    (changed.is_empty(), changed)
}

/// Whether a key that only one manifest has states what cargo assumes without it.
fn is_written_out(key: &str, value: &str) -> bool {
    let target = ["lib", "bin", "example", "test", "bench"]
        .iter()
        .any(|kind| {
            key.strip_prefix(kind).is_some_and(|rest| {
                let (rest, last) = rest.rsplit_once('.').unwrap_or(("", rest));
                matches!(last, "name" | "path") && (rest.is_empty() || rest.starts_with('['))
            })
        });
    target
        || matches!(
            key,
            "package.autolib"
                | "package.autobins"
                | "package.autoexamples"
                | "package.autotests"
                | "package.autobenches"
        )
        || key == "package.build" && matches!(value, "false" | "\"build.rs\"")
        || key == "package.resolver"
        || key == "package.readme"
}

/// Leaves by dotted key; targets by their name.
fn flat(table: toml::Table) -> BTreeMap<String, String> {
    fn walk(key: String, value: toml::Value, found: &mut BTreeMap<String, String>) {
        match value {
            toml::Value::Table(table) => {
                for (name, value) in table {
                    let key = if key.is_empty() {
                        name
                    } else {
                        format!("{key}.{name}")
                    };
                    walk(key, value, found);
                }
            }
            toml::Value::Array(values)
                if values.iter().all(toml::Value::is_table) && !values.is_empty() =>
            {
                for value in values {
                    let name = value
                        .get("name")
                        .and_then(toml::Value::as_str)
                        .unwrap_or_default()
                        .to_owned();
                    walk(format!("{key}[{name}]"), value, found);
                }
            }
            value => drop(found.insert(key, value.to_string())),
        }
    }
    let mut found = BTreeMap::new();
    walk(String::new(), toml::Value::Table(table), &mut found);
    found
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

/// Packages that both lock files have with different content: those two cannot both be what a
/// registry gives.
pub(crate) fn lock(published: &[u8], packed: &[u8]) -> Vec<String> {
    let parse = |bytes: &[u8]| toml::from_str::<Lock>(std::str::from_utf8(bytes).ok()?).ok();
    let Some(published) = parse(published) else {
        return vec!["not readable".to_owned()];
    };
    let packed = parse(packed).unwrap_or_default();
    let other = |package: &Locked| {
        packed.package.iter().any(|other| {
            (&other.name, &other.version, &other.source)
                == (&package.name, &package.version, &package.source)
                && other.checksum.is_some()
                && package.checksum.is_some()
                && other.checksum != package.checksum
        })
    };
    published
        .package
        .iter()
        .filter(|package| other(package))
        .map(|package| format!("another checksum for {} {}", package.name, package.version))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dependency_that_the_commit_lacks_is_a_difference() {
        let a = b"[package]\nname='x'\nversion='1.0.0'\n[dependencies.evil]\nversion='1'\n";
        let b = b"[package]\nname='x'\nversion='1.0.0'\nautobins=false\nbuild=false\n[lib]\nname='x'\npath='src/lib.rs'\n";
        assert_eq!(
            manifest(a, b),
            (false, vec!["dependencies.evil.version".to_owned()])
        );
        let a = b"package.name='x'\npackage.version='1.0.0'\n";
        assert_eq!(manifest(a, b), (true, vec![]));
        let a = b"package.name='x'\npackage.version='1.0.0'\nlib.path='src/evil.rs'\n";
        assert_eq!(manifest(a, b).1, ["lib.path"]);
        let a = b"package.name='x'\npackage.version='1.0.0'\npackage.build='other.rs'\n";
        assert_eq!(manifest(a, b).1, ["package.build"]);
    }

    #[test]
    fn locks_of_another_day_are_no_difference_but_other_checksums_are() {
        let of = |version: &str, sum: &str| {
            format!("[[package]]\nname='a'\nversion='{version}'\nsource='r'\nchecksum='{sum}'\n")
                .into_bytes()
        };
        assert!(lock(&of("1.0.0", "aa"), &of("1.0.1", "bb")).is_empty());
        assert_eq!(lock(&of("1.0.0", "aa"), &of("1.0.0", "bb")).len(), 1);
    }
}
