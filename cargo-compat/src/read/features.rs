//! Features that stand in a `cfg` of sources that differ.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use cargo_metadata::Package;

use super::tree::rust_files;

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
        if new.features.get(name) != Some(values) {
            found.insert(name.clone());
        }
    }
    found
}

/// Features of a package that turn something on: a `cfg` of its sources or build script, a
/// dependency, or another feature.
pub fn gating_features(package: &Package) -> BTreeSet<String> {
    let mut found: BTreeSet<String> = package
        .features
        .iter()
        .filter(|(_, values)| !values.is_empty())
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
            for line in &lines[at.saturating_sub(LINES_BEFORE)..=at] {
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
    fn features_are_found_in_text_and_around_modules() {
        let text = "#[cfg(all(feature = \"a\", not(feature=\"b\")))]\npub mod x;\npub mod y;";
        let names = |found: BTreeSet<String>| found.into_iter().collect::<Vec<_>>();
        assert_eq!(names(features_named_in(text)), ["a", "b"]);
        let modules = BTreeSet::from(["x".to_owned()]);
        assert_eq!(names(features_around_modules(text, &modules)), ["a", "b"]);
    }
}
