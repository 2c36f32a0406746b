//! Features that stand in a `cfg` of sources that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Package};

use super::tree::rust_files;
use crate::model::package::FeatureSet;

/// Names of features whose `cfg` stands in a source file that differs between the sides, or around
/// the declaration of a module whose file does.
pub fn features_of_changed_files(old: &Package, new: &Package) -> BTreeSet<String> {
    let before = sources_of(old);
    let after = sources_of(new);
    let mut found = BTreeSet::new();
    let mut changed_modules = BTreeSet::new();
    for path in before.keys().chain(after.keys()) {
        if before.get(path) == after.get(path) {
            continue;
        }
        for text in [before.get(path), after.get(path)].into_iter().flatten() {
            found.extend(features_named_in(text));
        }
        changed_modules.extend(module_names(path));
    }
    for text in before.values().chain(after.values()) {
        found.extend(features_around_modules(text, &changed_modules));
    }
    for (name, values) in &old.features {
        let alone = FeatureSet::Only(name.clone());
        if new.features.get(name) != Some(values) || alone.enabled(old) != alone.enabled(new) {
            found.insert(name.clone());
        }
    }
    found
}

/// Whether what differs between two releases can mean something else under other features. Only what
/// surely cannot is `false`: sources in which neither a feature nor a macro that may ask for one is
/// named, of a package whose manifest and build script are the same.
pub fn differs_by_feature(old: &Package, new: &Package) -> bool {
    let (before, after) = (sources_of(old), sources_of(new));
    let asking: BTreeSet<&str> = before
        .values()
        .chain(after.values())
        .filter(|text| text.contains("feature"))
        .flat_map(|text| macros_of(text))
        .collect();
    let changed = before
        .keys()
        .chain(after.keys())
        .filter(|path| before.get(*path) != after.get(*path));
    let mut texts = changed.flat_map(|path| [before.get(path), after.get(path)]);
    let in_sources = texts
        .by_ref()
        .flatten()
        .any(|text| may_ask_for_features(text, &asking));

    in_sources
        || manifest_of(old) != manifest_of(new)
        || script_of(old) != script_of(new)
        || new
            .dependencies
            .iter()
            .any(|dependency| dependency.path.is_some())
}

/// The sources that differ between two releases, programs left out, by path below the package's folder:
/// those that the old one has, and those that the new one has.
pub fn changed_sources(old: &Package, new: &Package) -> [Vec<PathBuf>; 2] {
    let (before, after) = (sources_of(old), sources_of(new));
    let differing = |one: &BTreeMap<PathBuf, String>, other: &BTreeMap<PathBuf, String>| {
        one.iter()
            .filter(|(path, text)| other.get(*path) != Some(text))
            .map(|(path, _)| path.clone())
            .filter(|path| !path.starts_with("src/bin") && !path.ends_with("src/main.rs"))
            .collect()
    };
    [differing(&before, &after), differing(&after, &before)]
}

/// What of a manifest decides what is compiled.
fn manifest_of(package: &Package) -> String {
    let dependencies: Vec<_> = package
        .dependencies
        .iter()
        .filter(|dependency| dependency.kind != DependencyKind::Development)
        .collect();
    format!(
        "{:?} {:?} {dependencies:?}",
        package.edition, package.features
    )
}

/// The text of a build script. What else it reads is not known: where there is one, nothing is equal
/// but the script that names what it reads.
fn script_of(package: &Package) -> Option<String> {
    let script = package
        .targets
        .iter()
        .find(|target| target.is_custom_build())?;
    std::fs::read_to_string(&script.src_path).ok()
}

/// Names of the macros that a text defines.
fn macros_of(text: &str) -> impl Iterator<Item = &str> {
    text.split("macro_rules!").skip(1).filter_map(|rest| {
        let name = rest.trim_start();
        let end = name.find(|c: char| !c.is_alphanumeric() && c != '_')?;
        name.get(..end)
    })
}

/// Whether a text names features or what may ask for them, or holds what a feature elsewhere decides
/// about: macros, and types that only a body tells.
fn may_ask_for_features(text: &str, asking: &BTreeSet<&str>) -> bool {
    const WORDS: [&str; 7] = [
        "feature",
        "macro_export",
        "async",
        "-> impl",
        "<impl",
        "include",
        "OUT_DIR",
    ];
    let code: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect();
    let names = |wanted: &str| code.iter().any(|line| line.contains(wanted));
    WORDS.iter().any(|word| names(word)) || asking.iter().any(|name| names(&format!("{name}!")))
}

/// Features of a package that turn something on: a `cfg` of its sources or build script, a
/// dependency, or another feature that does.
pub fn gating_features(package: &Package) -> BTreeSet<String> {
    let mut found = directly_gating(package);
    loop {
        let more: Vec<String> = package
            .features
            .iter()
            .filter(|(name, values)| {
                !found.contains(*name) && values.iter().any(|value| found.contains(value))
            })
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

fn directly_gating(package: &Package) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = package
        .features
        .iter()
        .filter(|(_, values)| {
            values
                .iter()
                .any(|value| value.starts_with("dep:") || value.contains('/'))
        })
        .map(|(name, _)| name.clone())
        .collect();

    for text in sources_of(package).values() {
        found.extend(features_named_in(text));
    }
    let scripts = package
        .targets
        .iter()
        .filter(|target| target.is_custom_build());

    for script in scripts {
        if let Ok(text) = std::fs::read_to_string(&script.src_path) {
            found.extend(features_named_in(&text));
            // `CARGO_FEATURE_NAME` in a build script.
            found.extend(
                package
                    .features
                    .keys()
                    .filter(|name| {
                        let variable = name.to_uppercase().replace('-', "_");
                        text.contains(&format!("CARGO_FEATURE_{variable}"))
                    })
                    .cloned(),
            );
        }
    }

    found
}

/// The sources of a package, by path below its folder.
pub fn sources_of(package: &Package) -> BTreeMap<PathBuf, String> {
    let Some(dir) = package.manifest_path.parent() else {
        return BTreeMap::new();
    };
    rust_files(&dir.join("src").into_std_path_buf())
        .into_iter()
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            let below = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            Some((below, text))
        })
        .collect()
}

/// Every `feature = "name"` of a text.
fn features_named_in(text: &str) -> BTreeSet<String> {
    text.split("feature")
        .skip(1)
        .filter_map(|rest| {
            let rest = rest.trim_start().strip_prefix('=')?.trim_start();
            let name = rest.strip_prefix('"')?.split('"').next()?;
            Some(name.to_owned())
        })
        .collect()
}

/// Names a file's module and those around it have.
fn module_names(path: &Path) -> Vec<String> {
    path.with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .filter(|name| !matches!(name.as_str(), "src" | "mod" | "lib" | "main"))
        .collect()
}

/// Features in the lines before `mod name;`.
fn features_around_modules(text: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    const LINES_BEFORE: usize = 4;
    let lines: Vec<&str> = text.lines().collect();
    let mut found = BTreeSet::new();
    for (at, line) in lines.iter().enumerate() {
        let declares = line
            .trim_end()
            .strip_suffix(';')
            .and_then(|line| line.rsplit_once("mod "))
            .is_some_and(|(_, name)| modules.contains(name.trim()));
        if declares {
            let before = &lines[at.saturating_sub(LINES_BEFORE)..=at];
            // What is said of the whole file says nothing of the module.
            for line in before.iter().filter(|line| !line.starts_with("#![")) {
                found.extend(features_named_in(line));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_ask_for_features_is_no_plain_change() {
        let text = "macro_rules! cfg_net { ($($t:tt)*) => { #[cfg(feature = \"net\")] $($t)* } }";
        let asking: BTreeSet<&str> = macros_of(text).collect();
        assert_eq!(asking, BTreeSet::from(["cfg_net"]));
        for sensitive in [
            text,
            "cfg_net! { pub fn f() {} }",
            "pub async fn f() {}",
            "pub fn f() -> impl Sized {}",
            "include!(concat!(env!(\"OUT_DIR\"), \"/x.rs\"));",
        ] {
            assert!(may_ask_for_features(sensitive, &asking), "{sensitive}");
        }
        let plain =
            "/// Without the feature `std`.\nmacro_rules! g { () => {} }\npub fn f() { g!() }";
        assert!(!may_ask_for_features(plain, &asking));
    }

    #[test]
    fn features_are_found_in_text_and_around_modules() {
        let text = "#[cfg(all(feature = \"a\", not(feature=\"b\")))]\npub mod x;\npub mod y;";
        let names = |found: BTreeSet<String>| found.into_iter().collect::<Vec<_>>();
        assert_eq!(names(features_named_in(text)), ["a", "b"]);
        let modules = BTreeSet::from(["x".to_owned()]);
        assert_eq!(names(features_around_modules(text, &modules)), ["a", "b"]);
    }
}
