//! Cargo's configuration as the exported project has it: every level from the workspace up to the
//! repository's top folder.
//!
//! Only for what sealed builds set themselves and would thereby hide from the project. This must
//! not read outside the repository.

use std::path::{Path, PathBuf};

/// A configuration file: the folder that holds its `.cargo`, and its content.
type Level = (PathBuf, toml::Table);

/// The levels of a folder, nearest first, as far as `top`. A file that cannot be read as TOML is
/// left to cargo, which refuses it.
fn levels(folder: &Path, top: &Path) -> Vec<Level> {
    let within = folder.ancestors().take_while(|dir| dir.starts_with(top));
    let read = |dir: &Path| {
        // Cargo prefers the name without ending where both are there.
        let mut texts = ["config", "config.toml"]
            .iter()
            .filter_map(|name| std::fs::read_to_string(dir.join(".cargo").join(name)).ok());
        Some((dir.to_owned(), texts.next()?.parse().ok()?))
    };
    within.filter_map(read).collect()
}

/// The nearest value of a key of `[build]`, and the folder its relative paths are relative to.
fn nearest(levels: &[Level], key: &str) -> Option<(PathBuf, toml::Value)> {
    let value = |(dir, table): &Level| Some((dir.clone(), table.get("build")?.get(key)?.clone()));
    levels.iter().find_map(value)
}

/// `build.rustc-wrapper`. A name without a separator is looked up in PATH, as cargo does.
pub(super) fn rustc_wrapper(folder: &Path, top: &Path) -> Option<PathBuf> {
    let (dir, value) = nearest(&levels(folder, top), "rustc-wrapper")?;
    let wrapper = value.as_str().filter(|name| !name.is_empty())?;
    Some(if wrapper.contains('/') {
        dir.join(wrapper)
    } else {
        wrapper.into()
    })
}

/// `build.target` of every level (cargo joins lists): the targets cargo builds for where its
/// arguments name none.
pub(super) fn targets(folder: &Path, top: &Path) -> Vec<String> {
    let text = |value: &toml::Value| value.as_str().map(str::to_owned);
    let of = |(_, table): &Level| match table.get("build").and_then(|build| build.get("target")) {
        Some(toml::Value::Array(targets)) => targets.iter().filter_map(text).collect(),
        Some(target) => text(target).into_iter().collect(),
        None => Vec::new(),
    };
    levels(folder, top)
        .iter()
        .flat_map(|level: &Level| -> Vec<String> { of(level) })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_level_wins_and_none_above_the_top_counts() {
        let dir = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        let (top, workspace) = (dir.path().join("top"), dir.path().join("top/in/ws"));
        write(
            ".cargo/config.toml",
            "[build]\nrustc-wrapper = \"outside\"\n",
        );
        std::fs::create_dir_all(&workspace).unwrap();
        assert_eq!(rustc_wrapper(&workspace, &top), None);
        write(
            "top/.cargo/config.toml",
            "[build]\nrustc-wrapper = \"./w.sh\"\ntarget = \"a\"\n",
        );
        assert_eq!(rustc_wrapper(&workspace, &top), Some(top.join("./w.sh")));
        write(
            "top/in/ws/.cargo/config",
            "[build]\nrustc-wrapper = \"w\"\ntarget = [\"b\", \"c\"]\n",
        );
        assert_eq!(rustc_wrapper(&workspace, &top), Some("w".into()));
        assert_eq!(targets(&workspace, &top), ["b", "c", "a"]);
        assert_eq!(targets(&top.join("in"), &top), ["a"]);
    }
}
