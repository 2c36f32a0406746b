//! Where cargo builds to, found without starting it: source that was not judged yet may name programs
//! that cargo starts.

use std::path::{Path, PathBuf};

use toml::Table;

/// The workspace that a package's folder belongs to: the nearest manifest with a `[workspace]` up to
/// `top`, else the nearest manifest.
pub(crate) fn workspace_root(folder: &Path, top: &Path) -> PathBuf {
    let top = top.canonicalize().unwrap_or_else(|_| top.to_owned());
    let manifests = || {
        folder
            .ancestors()
            .take_while(|dir| dir.starts_with(&top))
            .filter_map(|dir| Some((dir, read_table(&dir.join("Cargo.toml"))?)))
    };
    let with_workspace = manifests().find(|(_, manifest)| manifest.contains_key("workspace"));
    let found = with_workspace.or_else(|| manifests().next());
    found.map_or_else(|| folder.to_owned(), |(dir, _)| dir.to_owned())
}

/// The target folder of a workspace: that of the environment, else of the nearest configuration that
/// names one, else `target`.
pub(crate) fn target_dir(root: &Path) -> PathBuf {
    let of_environment = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR"]
        .iter()
        .find_map(|name| std::env::var_os(name).filter(|value| !value.is_empty()));
    if let Some(dir) = of_environment {
        return std::path::absolute(&dir).unwrap_or_else(|_| dir.into());
    }
    of_configuration(root).unwrap_or_else(|| root.join("target"))
}

/// `build.target-dir` is relative to the folder that holds `.cargo`.
fn of_configuration(root: &Path) -> Option<PathBuf> {
    let home = release_gate::folders::cargo_home();
    let home_folder = home.as_deref().and_then(Path::parent).map(Path::to_owned);
    let around = root
        .ancestors()
        .map(|dir| (dir.join(".cargo"), dir.to_owned()));
    around
        .chain(home.zip(home_folder))
        .flat_map(|(folder, base)| {
            ["config", "config.toml"].map(|name| (folder.join(name), base.clone()))
        })
        .find_map(|(file, base)| {
            let table = read_table(&file)?;
            let dir = table.get("build")?.get("target-dir")?.as_str()?;
            Some(base.join(dir))
        })
}

fn read_table(path: &Path) -> Option<Table> {
    std::fs::read_to_string(path).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_member_belongs_to_its_workspace() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path().canonicalize().unwrap();
        let member = top.join("member");
        std::fs::create_dir(&member).unwrap();
        std::fs::write(member.join("Cargo.toml"), "[package]\nname = \"a\"\n").unwrap();
        assert_eq!(workspace_root(&member, &top), member);
        std::fs::write(top.join("Cargo.toml"), "[workspace]\n").unwrap();
        assert_eq!(workspace_root(&member, &top), top);
    }

    #[test]
    fn the_nearest_configuration_counts() {
        let top = tempfile::tempdir().unwrap();
        let inner = top.path().join("inner");
        std::fs::create_dir_all(inner.join(".cargo")).unwrap();
        std::fs::create_dir_all(top.path().join(".cargo")).unwrap();
        let config = "[build]\ntarget-dir = \"elsewhere\"\n";
        std::fs::write(top.path().join(".cargo/config.toml"), config).unwrap();
        let found = of_configuration(&inner);
        assert_eq!(found, Some(top.path().join("elsewhere")));
        std::fs::write(inner.join(".cargo/config.toml"), config).unwrap();
        assert_eq!(of_configuration(&inner), Some(inner.join("elsewhere")));
    }
}
