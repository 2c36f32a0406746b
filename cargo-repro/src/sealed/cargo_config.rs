//! Cargo's configuration as the exported project has it: every level from the workspace up to the
//! repository's top folder, with what each file includes; and what of the machine's own
//! configuration decides builds and is not part of the commit.
//!
//! Only for what sealed builds set themselves and would thereby hide from the project, and for what
//! they leave out. Cargo itself reads the project's files in the sandbox.

use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::{Error, Result};
use toml::{Table, Value};

/// A configuration file: its path, and its content.
#[derive(Debug, Clone)]
struct File {
    path: PathBuf,
    table: Table,
}

impl File {
    /// The folder that the file's relative paths are relative to: the one that holds its folder.
    fn base(&self) -> &Path {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        folder.parent().unwrap_or(folder)
    }

    fn build_key(&self, key: &str) -> Option<&Value> {
        self.table.get("build")?.get(key)
    }
}

/// The project's configuration files, in the order in which they win.
#[derive(Debug, Clone, Default)]
pub(crate) struct CargoConfig {
    files: Vec<File>,
}

/// How deeply files may include each other.
const DEEPEST: usize = 16;

impl CargoConfig {
    /// Reads the levels of a folder, nearest first, as far as `top`.
    ///
    /// # Errors
    /// A file is not valid TOML, or includes others in a way that is not understood: whatever those say
    /// would be missed.
    pub(crate) fn read(folder: &Path, top: &Path) -> Result<Self> {
        let mut files = Vec::new();
        for dir in folder.ancestors().take_while(|dir| dir.starts_with(top)) {
            if let Some(path) = file_of(&dir.join(".cargo")) {
                read_file(&path, Some(top), 0, &mut files)?;
            }
        }
        Ok(Self { files })
    }

    /// Folders that the project names in place of registries.
    pub(crate) fn source_folders(&self) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for file in &self.files {
            let sources = file.table.get("source").and_then(Value::as_table);
            for (_, source) in sources.into_iter().flatten() {
                folders.extend(
                    ["directory", "local-registry"]
                        .iter()
                        .filter_map(|key| source.get(key)?.as_str())
                        .map(|folder| file.base().join(folder)),
                );
            }
        }
        folders
    }

    /// The files that were read.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &Path> {
        self.files.iter().map(|file| file.path.as_path())
    }

    /// Whether the project names a compiler of its own, which sealed builds would not use.
    pub(crate) fn names_compiler(&self) -> bool {
        self.files
            .iter()
            .any(|file| file.build_key("rustc").is_some())
    }

    /// The first line that holds a text, as `path:line` relative to `top`.
    pub(crate) fn line_with(&self, text: &str, top: &Path) -> Option<String> {
        self.files.iter().find_map(|file| {
            let content = std::fs::read_to_string(&file.path).ok()?;
            let line = content.lines().position(|line| line.contains(text))?;
            let path = file.path.strip_prefix(top).unwrap_or(&file.path);
            let path = path.to_string_lossy().replace('\\', "/");
            Some(format!("{path}:{}", line + 1))
        })
    }

    /// `build.rustc-wrapper`. A name without a separator is looked up in PATH, as cargo does.
    pub(crate) fn rustc_wrapper(&self) -> Option<PathBuf> {
        let (file, value) = self
            .files
            .iter()
            .find_map(|file| Some((file, file.build_key("rustc-wrapper")?)))?;
        let wrapper = value.as_str().filter(|name| !name.is_empty())?;
        Some(if wrapper.contains('/') {
            file.base().join(wrapper)
        } else {
            wrapper.into()
        })
    }

    /// `build.target` of every file (cargo joins lists): the targets cargo builds for where its
    /// arguments name none.
    pub(crate) fn targets(&self) -> Vec<String> {
        let mut targets = Vec::new();
        for file in &self.files {
            match file.build_key("target") {
                Some(Value::Array(values)) => {
                    targets.extend(values.iter().filter_map(Value::as_str).map(str::to_owned));
                }
                Some(Value::String(target)) => targets.push(target.clone()),
                _ => {}
            }
        }
        targets
    }
}

/// The file of a `.cargo` folder: cargo prefers the name without ending where both are there.
fn file_of(folder: &Path) -> Option<PathBuf> {
    ["config", "config.toml"]
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
}

/// Adds a file and then what it includes: what a file says itself wins, and of what it includes the
/// last.
fn read_file(path: &Path, top: Option<&Path>, depth: usize, files: &mut Vec<File>) -> Result<()> {
    let shown = path.file_name().unwrap_or_default().to_string_lossy();
    if !top.is_none_or(|top| lies_below(path, top)) {
        return Err(Error::judge(format!(
            "the cargo configuration `{shown}` is included and lies outside the repository, so no commit holds it"
        ))
        .with_help("move it into the repository"));
    }

    let text = std::fs::read_to_string(path)
        .or_judge(|| format!("cannot read the cargo configuration `{shown}`"))?;
    let table: Table = text
        .parse()
        .or_judge(|| format!("the cargo configuration `{shown}` is not valid TOML"))?;
    if depth > DEEPEST {
        return Err(Error::judge(format!(
            "the cargo configuration `{shown}` is included by itself"
        )));
    }

    let included = included_files(path, &table)?;
    files.push(File {
        path: path.to_owned(),
        table,
    });
    for (path, optional) in included.into_iter().rev() {
        if path.is_file() || !optional {
            read_file(&path, top, depth + 1, files)?;
        }
    }
    Ok(())
}

/// Whether a file lies below a folder, links resolved.
fn lies_below(path: &Path, top: &Path) -> bool {
    path.canonicalize()
        .ok()
        .zip(top.canonicalize().ok())
        .is_some_and(|(path, top)| path.starts_with(top))
}

/// A file that is included from a folder, and whether it may be missing; `None` of a shape that is
/// not understood.
fn included_file(folder: &Path, value: &Value) -> Option<(PathBuf, bool)> {
    match value {
        Value::String(name) => Some((folder.join(name), false)),
        Value::Table(entry) => {
            let name = entry.get("path")?.as_str()?;
            let optional = match entry.get("optional") {
                None => false,
                Some(value) => value.as_bool()?,
            };
            let understood = entry.keys().all(|key| key == "path" || key == "optional");
            understood.then(|| (folder.join(name), optional))
        }
        _ => None,
    }
}

/// What a file includes, and whether it may be missing.
fn included_files(path: &Path, table: &Table) -> Result<Vec<(PathBuf, bool)>> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let included = match table.get("include") {
        None => Some(Vec::new()),
        Some(Value::Array(values)) => values
            .iter()
            .map(|value| included_file(folder, value))
            .collect(),
        Some(value) => included_file(folder, value).map(|file| vec![file]),
    };

    included.ok_or_else(|| {
        Error::judge("`include` of a cargo configuration has a shape that is not understood")
            .with_help("name files, as `include = [\"more.toml\"]`")
    })
}

/// Keys by which configuration outside the commit decides what is built, dotted; `shared` says which
/// of them sealed builds obey all the same.
fn deciding_keys(table: &Table, is_obeyed: impl Fn(&str) -> bool) -> Vec<String> {
    let mut keys = Vec::new();
    for (name, value) in table {
        match (name.as_str(), value) {
            ("build" | "env" | "profile" | "unstable" | "patch" | "host", Value::Table(inner)) => {
                keys.extend(inner.keys().map(|key| format!("{name}.{key}")));
            }
            ("target", Value::Table(targets)) => {
                for (target, settings) in targets {
                    let settings = settings.as_table().into_iter().flat_map(Table::keys);
                    keys.extend(settings.map(|key| format!("target.{target}.{key}")));
                }
            }
            ("paths" | "include", _) => keys.push(name.clone()),
            _ => {}
        }
    }
    keys.retain(|key| !is_obeyed(key));
    keys
}

/// Settings of build folders and of how cargo talks, which decide nothing.
fn decides_nothing(key: &str) -> bool {
    matches!(
        key,
        "build.target-dir" | "build.build-dir" | "build.jobs" | "build.incremental"
    ) || key.starts_with("build.dep-info")
}

/// Keys of the machine's own configuration that sealed builds do not see, each with the file it is
/// in, as people call that: what is above the repository, and in CARGO_HOME.
///
/// # Errors
/// As [`CargoConfig::read`].
pub(crate) fn unseen_settings(
    repository: &Path,
    cargo_home: Option<&Path>,
) -> Result<Vec<(String, String)>> {
    let mut unseen = Vec::new();
    for dir in repository.ancestors().skip(1) {
        let folder = dir.join(".cargo");
        if Some(folder.as_path()) == cargo_home {
            continue;
        }
        if let Some(path) = file_of(&folder) {
            let keys = keys_of_file(&path, decides_nothing)?;
            let file = ".cargo/config.toml above the repository";
            unseen.extend(keys.into_iter().map(|key| (key, file.to_owned())));
        }
    }
    if let Some(path) = cargo_home.and_then(file_of) {
        let keys = keys_of_file(&path, |key| {
            let last = key.rsplit('.').next().unwrap_or_default();
            let of_target = key.starts_with("target.") && matches!(last, "linker" | "runner");
            decides_nothing(key) || of_target
        })?;
        unseen.extend(
            keys.into_iter()
                .map(|key| (key, "$CARGO_HOME/config.toml".to_owned())),
        );
    }
    Ok(unseen)
}

fn keys_of_file(path: &Path, is_obeyed: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut files = Vec::new();
    read_file(path, None, 0, &mut files)?;
    // What is included was read: it is no setting of its own.
    Ok(files
        .iter()
        .flat_map(|file| deciding_keys(&file.table, |key| key == "include" || is_obeyed(key)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, path: &str, text: &str) {
        let path = dir.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn read_levels(folder: &Path, top: &Path) -> CargoConfig {
        CargoConfig::read(folder, top).unwrap()
    }

    #[test]
    fn the_nearest_level_wins_and_none_above_the_top_counts() {
        let dir = tempfile::tempdir().unwrap();
        let (top, workspace) = (dir.path().join("top"), dir.path().join("top/in/ws"));
        write(
            dir.path(),
            ".cargo/config.toml",
            "[build]\nrustc-wrapper = \"outside\"\n",
        );

        std::fs::create_dir_all(&workspace).unwrap();
        assert_eq!(read_levels(&workspace, &top).rustc_wrapper(), None);
        write(
            dir.path(),
            "top/.cargo/config.toml",
            "[build]\nrustc-wrapper = \"./w.sh\"\ntarget = \"a\"\n",
        );

        assert_eq!(
            read_levels(&workspace, &top).rustc_wrapper(),
            Some(top.join("./w.sh"))
        );
        write(
            dir.path(),
            "top/in/ws/.cargo/config",
            "[build]\nrustc-wrapper = \"w\"\ntarget = [\"b\", \"c\"]\n",
        );

        assert_eq!(
            read_levels(&workspace, &top).rustc_wrapper(),
            Some("w".into())
        );
        assert_eq!(read_levels(&workspace, &top).targets(), ["b", "c", "a"]);
        assert_eq!(read_levels(&top.join("in"), &top).targets(), ["a"]);
    }

    #[test]
    fn included_files_count_and_what_includes_them_wins() {
        let dir = tempfile::tempdir().unwrap();
        let top = dir.path();
        write(
            top,
            "cfg/last.toml",
            "[build]\nrustc-wrapper = \"./last.sh\"\n",
        );
        write(
            top,
            ".cargo/first.toml",
            "[build]\nrustc-wrapper = \"first\"\ntarget = \"t\"\n",
        );
        let include = "include = [\"first.toml\", { path = \"../cfg/last.toml\" }, { path = \"gone.toml\", optional = true }]\n";
        write(top, ".cargo/config.toml", include);
        let config = CargoConfig::read(top, top).unwrap();
        assert_eq!(
            config.rustc_wrapper(),
            Some(top.join(".cargo/..").join("./last.sh"))
        );
        assert_eq!(config.targets(), ["t"]);

        write(
            top,
            ".cargo/config.toml",
            &format!("{include}[build]\nrustc-wrapper = \"own\"\n"),
        );
        let config = CargoConfig::read(top, top).unwrap();
        assert_eq!(config.rustc_wrapper(), Some("own".into()));

        for text in [
            "include = 1\n",
            "include = [{ path = \"first.toml\", new-key = 1 }]\n",
            "include = \"missing.toml\"\n",
            "include = \"config.toml\"\n",
            "include = \"/etc/hostname\"\n",
            "no toml [",
        ] {
            write(top, ".cargo/config.toml", text);
            assert!(CargoConfig::read(top, top).is_err(), "{text}");
        }
    }

    #[test]
    fn settings_of_the_machine_are_named() {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().join("home/.cargo");
        let repository = dir.path().join("home/projects/demo");
        write(
            dir.path(),
            "home/.cargo/config.toml",
            "[build]\nrustflags = [\"-g\"]\njobs = 2\n[profile.release]\nlto = true\n[net]\noffline = true\n[target.x]\nlinker = \"l\"\nrustflags = []\n",
        );

        write(
            dir.path(),
            "home/projects/.cargo/config.toml",
            "[env]\nCC = \"clang\"\n",
        );

        let unseen = unseen_settings(&repository, Some(&home)).unwrap();
        let keys: Vec<&str> = unseen.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(
            keys,
            [
                "env.CC",
                "build.rustflags",
                "profile.release",
                "target.x.rustflags"
            ]
        );
    }
}
