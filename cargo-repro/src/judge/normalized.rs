//! What cargo rewrites when it packs: which differences of `Cargo.toml` and `Cargo.lock` mean
//! nothing. Pure.
//!
//! Versions of cargo write the same package in other words. Every difference has to be one of those
//! that are known to be words; whatever else differs is a difference of the package.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::lock::{Lock, Locked};
use toml::Value;

/// Kinds of targets, with the folder in which cargo finds them by itself and the key that forbids
/// it.
const TARGETS: &[(&str, &str, &str)] = &[
    ("bin", "src/bin", "autobins"),
    ("example", "examples", "autoexamples"),
    ("test", "tests", "autotests"),
    ("bench", "benches", "autobenches"),
];

/// A packed manifest by dotted key, and the files that are packed beside it.
struct Manifest<'a> {
    leaves: BTreeMap<String, Value>,
    files: &'a BTreeSet<&'a str>,
}

/// Whether two packed manifests say the same in other words, and the keys in which they do not;
/// `files` are the names of what is packed beside them.
///
/// Newer versions of cargo write down what older ones found out by themselves: targets and that
/// nothing is to be found.
pub(crate) fn manifest(a: &[u8], b: &[u8], files: &BTreeSet<&str>) -> (bool, Vec<String>) {
    let (Some(a), Some(b)) = (Manifest::read(a, files), Manifest::read(b, files)) else {
        return (false, vec!["not readable".to_owned()]);
    };
    let keys: BTreeSet<&String> = a.leaves.keys().chain(b.leaves.keys()).collect();
    let changed: Vec<String> = keys
        .into_iter()
        .filter(|key| match (a.leaves.get(*key), b.leaves.get(*key)) {
            (Some(x), Some(y)) => x != y && !is_same_path(key, x, y),
            (Some(value), None) => !b.assumes(key, value),
            (None, Some(value)) => !a.assumes(key, value),
            (None, None) => false,
        })
        .cloned()
        .collect();
    (changed.is_empty(), changed)
}

/// Whether two values are one path, spelt otherwise.
fn is_same_path(key: &str, x: &Value, y: &Value) -> bool {
    let path = plain_path(key, x);
    path.is_some() && path == plain_path(key, y)
}

/// A path as it is without needless parts; `None` for what is not a path.
fn plain_path(key: &str, value: &Value) -> Option<String> {
    let last = key.rsplit('.').next().unwrap_or_default();
    if !matches!(last, "path" | "build" | "readme" | "license-file") {
        return None;
    }
    let parts: Vec<&str> = value
        .as_str()?
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".")
        .collect();
    Some(parts.join("/"))
}

impl<'a> Manifest<'a> {
    fn read(bytes: &[u8], files: &'a BTreeSet<&'a str>) -> Option<Self> {
        let table: toml::Table = std::str::from_utf8(bytes).ok()?.parse().ok()?;
        let mut leaves = BTreeMap::new();
        flatten(String::new(), Value::Table(table), &mut leaves);
        Some(Self { leaves, files })
    }

    /// Whether a key that this manifest lacks states what cargo assumes without it.
    fn assumes(&self, key: &str, value: &Value) -> bool {
        match key {
            "package.autolib"
            | "package.autobins"
            | "package.autoexamples"
            | "package.autotests"
            | "package.autobenches" => value.as_bool() == Some(false),
            // No build script, or the one that is found by itself.
            "package.build" => match value {
                Value::Boolean(false) => !self.files.contains("build.rs"),
                _ => {
                    plain_path(key, value).as_deref() == Some("build.rs")
                        && self.files.contains("build.rs")
                }
            },
            "package.resolver" | "package.readme" => true,
            "package.edition" => value.as_str() == Some("2015"),
            _ => self.assumes_target(key, value),
        }
    }

    /// Whether it is the name or path that cargo gives a target by itself.
    fn assumes_target(&self, key: &str, value: &Value) -> bool {
        let Some(text) = value.as_str() else {
            return false;
        };
        let package = self
            .leaves
            .get("package.name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        match key {
            "lib.name" => return text == package.replace('-', "_"),
            "lib.path" => return plain_path(key, value).as_deref() == Some("src/lib.rs"),
            _ => {}
        }

        TARGETS.iter().any(|(kind, folder, auto)| {
            let Some((name, last)) = key
                .strip_prefix(kind)
                .and_then(|rest| rest.strip_prefix('['))
                .and_then(|rest| rest.split_once("]."))
            else {
                return false;
            };
            // Where nothing is found by itself, what is not named is not there.
            let finds = self.leaves.get(&format!("package.{auto}")) != Some(&Value::Boolean(false));
            let has_target = self.leaves.contains_key(&format!("{kind}[{name}].name"));
            match last {
                "name" => finds,
                "path" => {
                    let path = plain_path(key, value).unwrap_or_default();
                    (finds || has_target)
                        && default_paths(kind, folder, name, package).contains(&path)
                }
                _ => false,
            }
        })
    }
}

/// Where cargo looks for a target of a name.
fn default_paths(kind: &str, folder: &str, name: &str, package: &str) -> Vec<String> {
    let mut paths = vec![
        format!("{folder}/{name}.rs"),
        format!("{folder}/{name}/main.rs"),
    ];
    if kind == "bin" && name == package {
        paths.push("src/main.rs".to_owned());
    }
    paths
}

/// Leaves by dotted key; targets by their name.
fn flatten(key: String, value: Value, leaves: &mut BTreeMap<String, Value>) {
    match value {
        Value::Table(table) => {
            for (name, value) in table {
                let key = if key.is_empty() {
                    name
                } else {
                    format!("{key}.{name}")
                };
                flatten(key, value, leaves);
            }
        }
        Value::Array(values) if values.iter().all(Value::is_table) && !values.is_empty() => {
            for value in values {
                let name = value
                    .get("name")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                flatten(format!("{key}[{name}]"), value, leaves);
            }
        }
        value => drop(leaves.insert(key, value)),
    }
}

/// The registry of nearly all packages, by both of its names.
fn plain_source(source: Option<&str>) -> Option<&str> {
    match source {
        Some("sparse+https://index.crates.io/") => {
            Some("registry+https://github.com/rust-lang/crates.io-index")
        }
        other => other,
    }
}

/// What is known of the versions a package was meant to be built with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meant<'a> {
    /// The lock file that cargo packs of the commit now.
    pub(crate) packed: &'a Lock,
    /// The lock file of the commit; `None` where none is committed. Then only what a registry can
    /// give is known, not which version was meant.
    pub(crate) committed: Option<&'a Lock>,
}

/// What a published lock file says otherwise than the commit.
pub(crate) fn lock(published: &[u8], meant: Meant<'_>) -> Vec<String> {
    let parsed = std::str::from_utf8(published)
        .ok()
        .and_then(|text| Lock::parse(text, "Cargo.lock").ok());
    let Some(published) = parsed else {
        return vec!["not readable".to_owned()];
    };

    let mut changed: Vec<String> = published
        .packages
        .iter()
        .filter_map(|package| meant.differs(package))
        .collect();
    if meant.committed.is_some() {
        let lacking = meant.packed.packages.iter().filter(|package| {
            package.source.is_some()
                && !meant.is_member(&package.name)
                && !published
                    .packages
                    .iter()
                    .any(|other| other.name == package.name)
        });
        changed.extend(lacking.map(|package| format!("lacks {}", package.name)));
    }
    changed
}

impl Meant<'_> {
    /// In what a published package is not what was meant.
    fn differs(&self, package: &Locked) -> Option<String> {
        let named = format!("{} {}", package.name, package.version);
        let source = plain_source(package.source.as_deref());
        let known: Vec<&Locked> = self
            .packed
            .packages
            .iter()
            .chain(self.committed.into_iter().flat_map(|lock| &lock.packages))
            .filter(|other| other.name == package.name && other.version == package.version)
            .collect();

        // A package may stand there twice: itself, and as what its own dev-dependencies need.
        if known.iter().any(|other| {
            plain_source(other.source.as_deref()) == source
                && (source.is_none() || other.checksum == package.checksum)
        }) {
            return None;
        }

        // A member of the workspace is published to a registry before anyone who depends on it.
        let from_elsewhere: Vec<&&Locked> = known
            .iter()
            .filter(|other| other.source.is_some())
            .collect();
        if from_elsewhere.is_empty() {
            if source.is_none() {
                return Some(format!("{named} has no source"));
            }
            if !self.is_known_registry(source) || package.checksum.is_none() {
                return Some(format!("another source for {named}"));
            }
            let version_was_meant = self.committed.is_some() && !self.is_member(&package.name);
            return version_was_meant.then(|| format!("{named} is not locked by the commit"));
        }
        if !from_elsewhere
            .iter()
            .any(|other| plain_source(other.source.as_deref()) == source)
        {
            return Some(format!("another source for {named}"));
        }
        Some(format!("another checksum for {named}"))
    }

    /// Whether a package is one of the commit's own.
    fn is_member(&self, name: &str) -> bool {
        self.committed.is_some_and(|lock| {
            lock.packages
                .iter()
                .any(|package| package.name == name && package.source.is_none())
        })
    }

    /// Whether what cargo packs of the commit comes from there, too. Git repositories are in no
    /// published lock file.
    fn is_known_registry(&self, source: Option<&str>) -> bool {
        let is_registry = source
            .is_some_and(|source| source.starts_with("registry+") || source.starts_with("sparse+"));
        let known = self
            .packed
            .packages
            .iter()
            .chain(self.committed.into_iter().flat_map(|lock| &lock.packages))
            .any(|package| plain_source(package.source.as_deref()) == source);
        is_registry && (known || source == plain_source(Some("sparse+https://index.crates.io/")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CRATES: &str = "registry+https://github.com/rust-lang/crates.io-index";

    fn changed(a: &str, b: &str, files: &[&str]) -> Vec<String> {
        let files: BTreeSet<&str> = files.iter().copied().collect();
        let (same, changed) = manifest(a.as_bytes(), b.as_bytes(), &files);
        assert_eq!(same, changed.is_empty());
        changed
    }

    #[test]
    fn what_newer_versions_of_cargo_write_out_is_no_difference() {
        let old = "[package]\nname='x-y'\nversion='1.0.0'\n";
        let new = "[package]\nname='x-y'\nversion='1.0.0'\nautobins=false\nautolib=false\nbuild='build.rs'\nreadme='README.md'\n\
                   [lib]\nname='x_y'\npath='src/lib.rs'\n[[bin]]\nname='x-y'\npath='src/main.rs'\n\
                   [[test]]\nname='t'\npath='tests/t.rs'\n[[bin]]\nname='o'\npath='src/bin/o/main.rs'\n";
        assert!(changed(old, new, &["build.rs"]).is_empty());
        assert!(changed(new, old, &["build.rs"]).is_empty());
        // Without the file no build script is found.
        assert_eq!(changed(old, new, &[]), ["package.build"]);
        let none = old.to_owned() + "build=false\n";
        assert!(changed(old, &none, &[]).is_empty());
        assert_eq!(changed(old, &none, &["build.rs"]), ["package.build"]);
        let spelt = old.to_owned() + "build='./build.rs'\n";
        let plain = old.to_owned() + "build='build.rs'\n";
        assert!(changed(&spelt, &plain, &["build.rs"]).is_empty());
    }

    #[test]
    fn what_the_commit_lacks_is_a_difference() {
        let package = "[package]\nname='x'\nversion='1.0.0'\n";
        for (more, key) in [
            (
                "[dependencies.evil]\nversion='1'\n",
                "dependencies.evil.version",
            ),
            ("[lib]\npath='src/evil.rs'\n", "lib.path"),
            ("[lib]\nproc-macro=true\n", "lib.proc-macro"),
            ("build='other.rs'\n", "package.build"),
            ("autobins=true\n", "package.autobins"),
            ("links='z'\n", "package.links"),
            ("[[bin]]\nname='a'\npath='src/evil.rs'\n", "bin[a].path"),
            ("[features]\ndefault=['x']\n", "features.default"),
        ] {
            let with = format!("{package}{more}");
            assert_eq!(changed(&with, package, &[]), [key]);
            assert_eq!(changed(package, &with, &[]), [key]);
        }

        let other = "[package]\nname='x'\nversion='1.0.0'\nautobins=false\n";
        let with = format!("{other}[[bin]]\nname='a'\npath='src/bin/a.rs'\n");
        assert_eq!(
            changed(other, &with, &[]).len(),
            2,
            "nothing is found by itself"
        );
    }

    #[test]
    fn another_value_of_a_key_that_both_have_is_a_difference() {
        let package = "[package]\nname='x'\nversion='1.0.0'\nedition='2021'\nbuild=false\nautobins=false\nlicense='MIT'\n\
                       [lib]\nname='x'\npath='src/real.rs'\n[features]\ndefault=[]\n\
                       [dependencies.a]\nversion='1.2'\ndefault-features=false\n";
        for (from, to, key) in [
            ("edition='2021'", "edition='2018'", "package.edition"),
            ("license='MIT'", "license='GPL-3.0'", "package.license"),
            ("autobins=false", "autobins=true", "package.autobins"),
            ("build=false", "build='src/evil.rs'", "package.build"),
            ("src/real.rs", "src/evil.rs", "lib.path"),
            ("default=[]", "default=['evil']", "features.default"),
            ("version='1.2'", "version='*'", "dependencies.a.version"),
            (
                "default-features=false",
                "default-features=true",
                "dependencies.a.default-features",
            ),
        ] {
            let other = package.replace(from, to);
            assert_ne!(other, package);
            assert_eq!(changed(&other, package, &[]), [key]);
        }
        let spelt = package.replace("src/real.rs", "./src//real.rs");
        assert!(changed(&spelt, package, &[]).is_empty());
    }

    fn package(name: &str, version: &str, source: &str, sum: char) -> String {
        let source = match source {
            "" => String::new(),
            source => format!("source = \"{source}\"\n"),
        };
        let checksum = match sum {
            '-' => String::new(),
            sum => format!("checksum = \"{}\"\n", sum.to_string().repeat(64)),
        };
        format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n{source}{checksum}\n")
    }

    fn of(packages: &[String]) -> Lock {
        Lock::parse(
            &format!("version = 4\n\n{}", packages.concat()),
            "Cargo.lock",
        )
        .unwrap()
    }

    fn compared(published: &[String], packed: &[String], committed: bool) -> Vec<String> {
        let packed = of(packed);
        let text = format!("version = 3\n\n{}", published.concat());
        let meant = Meant {
            packed: &packed,
            committed: committed.then_some(&packed),
        };
        lock(text.as_bytes(), meant)
    }

    #[test]
    fn another_version_source_or_checksum_than_the_commits_is_a_difference() {
        let own = package("x", "1.0.0", "", '-');
        let a = package("a", "1.0.1", CRATES, 'a');
        let packed = [own.clone(), a.clone()];
        assert!(compared(&packed, &packed, true).is_empty());
        let sparse = package("a", "1.0.1", "sparse+https://index.crates.io/", 'a');
        assert!(compared(&[own.clone(), sparse], &packed, true).is_empty());

        for (other, what) in [
            (
                package("a", "1.0.1", CRATES, 'b'),
                "another checksum for a 1.0.1",
            ),
            (
                package("a", "1.0.1", CRATES, '-'),
                "another checksum for a 1.0.1",
            ),
            (
                package("a", "1.0.0", CRATES, 'b'),
                "a 1.0.0 is not locked by the commit",
            ),
            (
                package(
                    "a",
                    "1.0.1",
                    "git+https://evil.example/a#0000000000000000000000000000000000000000",
                    '-',
                ),
                "another source for a 1.0.1",
            ),
        ] {
            assert_eq!(compared(&[own.clone(), other], &packed, true), [what]);
        }
        let evil = package("evil", "1.0.0", CRATES, 'e');
        let found = compared(&[own.clone(), a.clone(), evil], &packed, true);
        assert_eq!(found, ["evil 1.0.0 is not locked by the commit"]);
        assert_eq!(compared(&[own], &packed, true), ["lacks a"]);
    }

    #[test]
    fn without_a_lock_file_in_the_commit_only_what_a_registry_gives_is_known() {
        let packed = [
            package("x", "1.0.0", "", '-'),
            package("a", "1.0.1", CRATES, 'a'),
        ];
        let older = package("a", "1.0.0", CRATES, 'b');
        assert!(compared(&[older], &packed, false).is_empty());
        let git = package(
            "a",
            "1.0.0",
            "git+https://evil.example/a#0000000000000000000000000000000000000000",
            '-',
        );
        assert_eq!(
            compared(&[git], &packed, false),
            ["another source for a 1.0.0"]
        );
        let changed = package("a", "1.0.1", CRATES, 'b');
        assert_eq!(
            compared(&[changed], &packed, false),
            ["another checksum for a 1.0.1"]
        );
    }

    #[test]
    fn a_package_that_its_own_tests_need_from_the_registry_is_itself_too() {
        let own = package("x", "1.0.0", "", '-');
        let packed = [own.clone(), package("x", "1.0.0", CRATES, 'a')];
        assert!(compared(&[own], &packed, false).is_empty());
    }

    #[test]
    fn a_member_of_the_workspace_comes_from_the_registry() {
        let committed = of(&[
            package("x", "1.0.0", "", '-'),
            package("sibling", "2.0.0", "", '-'),
        ]);
        let packed = of(&[
            package("x", "1.0.0", "", '-'),
            package("sibling", "2.0.1", CRATES, 'a'),
        ]);
        let meant = Meant {
            packed: &packed,
            committed: Some(&committed),
        };
        let published = format!(
            "version = 4\n\n{}",
            package("sibling", "2.0.0", CRATES, 'b')
        );
        assert!(lock(published.as_bytes(), meant).is_empty());
    }
}
