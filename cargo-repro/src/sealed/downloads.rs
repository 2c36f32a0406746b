//! CARGO_HOME of sealed places: what the lock file names, downloaded before; never tokens, flags or
//! wrappers of the user.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::digest::sha256_bytes;
use release_gate::error::JudgeExt;
use serde::Deserialize;

use super::variables::without_userinfo;

/// The user's CARGO_HOME.
pub(crate) fn user_cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME")
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
        .or_else(|| {
            let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
            Some(PathBuf::from(home).join(".cargo"))
        })
}

/// Shares downloads with a CARGO_HOME (the user's without another): unpacked sources are not
/// shared, their paths differ in every place.
///
/// # Errors
/// The disk cannot be written to.
pub(crate) fn share(from: Option<&Path>, to: &Path) -> Result<()> {
    let Some(user) = from.map(Path::to_owned).or_else(user_cargo_home) else {
        return Ok(());
    };
    for folder in ["registry/index", "registry/cache", "git/db"] {
        let (from, to) = (user.join(folder), to.join(folder));
        if !from.is_dir() {
            continue;
        }
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).or_judge(failed)?;
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink(&from, &to).or_judge(failed)?;
        #[cfg(windows)]
        std::os::windows::fs::symlink_dir(&from, &to).or_judge(failed)?;
    }
    configure(&user, to)
}

fn failed() -> String {
    "cannot make the sandbox's CARGO_HOME".to_owned()
}

fn user_config(user: &Path) -> Option<toml::Table> {
    let text = ["config.toml", "config"]
        .iter()
        .find_map(|name| std::fs::read_to_string(user.join(name)).ok());
    Some(sealed_config(text?.parse().ok()?))
}

fn configure(user: &Path, to: &Path) -> Result<()> {
    let Some(table) = user_config(user) else {
        return Ok(());
    };
    let text = toml::to_string(&table).unwrap_or_default();
    std::fs::write(to.join("config.toml"), text).or_judge(failed)
}

/// The folder a source of a cargo configuration leads to in place of a registry.
fn folder_of_source(source: &toml::Value) -> Option<PathBuf> {
    ["directory", "local-registry"]
        .iter()
        .find_map(|key| Some(PathBuf::from(source.get(key)?.as_str()?)))
}

/// Folders that the user's own configuration names in place of registries.
pub(crate) fn replaced_sources() -> Vec<PathBuf> {
    let Some(user) = user_cargo_home() else {
        return Vec::new();
    };
    let table = user_config(&user).unwrap_or_default();
    let sources = table
        .get("source")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten();

    // As cargo reads it: relative to the folder that holds the folder of the file.
    sources
        .filter_map(|(_, source)| folder_of_source(source))
        .map(|dir| user.parent().unwrap_or(&user).join(dir))
        .collect()
}

/// A locked package, as far as its download is named by it.
#[derive(Debug, Deserialize)]
struct Locked {
    name: String,
    version: String,
    source: Option<String>,
    checksum: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Lock {
    package: Vec<Locked>,
}

/// What lies right in a folder; nothing where there is none.
fn entries_of(folder: &Path) -> impl Iterator<Item = PathBuf> {
    std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
}

/// Whether a name or version of a lock file leads nowhere else as a part of a path.
fn is_plain_part(text: &str) -> bool {
    text.bytes()
        .all(|b| b.is_ascii_alphanumeric() || b"-_.+".contains(&b))
        && !text.starts_with('.')
}

/// Two CARGO_HOMEs, of which one gets what the other has.
struct Homes<'a> {
    from: &'a Path,
    to: &'a Path,
}

impl Homes<'_> {
    /// Copies a file to where it lies in the first; what is missing there or has another checksum is
    /// left out.
    fn copy_file(&self, path: &Path, checksum: Option<&str>) -> Result<()> {
        let Ok(bytes) = std::fs::read(path) else {
            return Ok(());
        };
        if checksum.is_some_and(|wanted| sha256_bytes(&bytes).to_string() != wanted) {
            return Ok(());
        }

        let dest = self.to.join(path.strip_prefix(self.from).unwrap_or(path));
        if let Some(parent) = dest.parent() {
            std::fs::create_dir_all(parent).or_judge(failed)?;
        }
        std::fs::write(dest, bytes).or_judge(failed)
    }
}

/// Copies what a lock file names from the user's CARGO_HOME to another, so that nothing has to be
/// downloaded twice and anyone who writes to the copy does not reach the user's. What is missing or
/// not what the lock file says is left out.
///
/// # Errors
/// The disk cannot be written to.
pub(crate) fn copy_locked(lock: Option<&Path>, to: &Path) -> Result<()> {
    let Some(user) = user_cargo_home() else {
        return Ok(());
    };
    configure(&user, to)?;

    let text = lock
        .and_then(|path| std::fs::read_to_string(path).ok())
        .unwrap_or_default();
    let lock: Lock = toml::from_str(&text).unwrap_or_default();
    let packages: Vec<&Locked> = lock
        .package
        .iter()
        .filter(|one| is_plain_part(&one.name) && is_plain_part(&one.version))
        .filter(|one| one.source.is_some())
        .collect();

    let homes = Homes { from: &user, to };
    for registry in entries_of(&user.join("registry/cache")) {
        for one in packages.iter().filter(|one| one.checksum.is_some()) {
            homes.copy_file(
                &registry.join(format!("{}-{}.crate", one.name, one.version)),
                one.checksum.as_deref(),
            )?;
        }
    }

    for registry in entries_of(&user.join("registry/index")) {
        homes.copy_file(&registry.join("config.json"), None)?;
        for one in &packages {
            let path = registry.join(".cache").join(index_path(&one.name));
            homes.copy_file(&path, None)?;
        }
    }

    let named: BTreeSet<&str> = packages
        .iter()
        .filter_map(|one| repository(one.source.as_deref()?))
        .collect();

    for database in entries_of(&user.join("git/db")) {
        let name = database
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if name
            .rsplit_once('-')
            .is_some_and(|(name, _)| named.contains(name))
        {
            files(&database, &mut |path| homes.copy_file(path, None))?;
        }
    }

    Ok(())
}

fn files(dir: &Path, visit: &mut impl FnMut(&Path) -> Result<()>) -> Result<()> {
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => files(&entry.path(), visit)?,
            Ok(kind) if kind.is_file() => visit(&entry.path())?,
            _ => {}
        }
    }
    Ok(())
}

/// Where an index keeps a package.
fn index_path(name: &str) -> PathBuf {
    let name = name.to_ascii_lowercase();
    match (name.len(), name.get(..1), name.get(..2), name.get(2..4)) {
        (1, ..) => Path::new("1").join(&name),
        (2, ..) => Path::new("2").join(&name),
        (3, Some(first), ..) => Path::new("3").join(first).join(&name),
        (_, _, Some(first), Some(second)) => Path::new(first).join(second).join(&name),
        _ => PathBuf::from(&name),
    }
}

/// The name cargo gives the folder of a git source: the last part of its URL.
fn repository(source: &str) -> Option<&str> {
    let url = source
        .strip_prefix("git+")?
        .split(['?', '#'])
        .next()?
        .trim_end_matches('/');
    let last = url.rsplit('/').next()?;
    Some(last.strip_suffix(".git").unwrap_or(last))
}

/// What of the user's own cargo configuration holds in a sealed place: where registries are, and
/// which linker a target needs. Flags, wrappers, profiles and tokens do not.
fn sealed_config(table: toml::Table) -> toml::Table {
    let mut kept = toml::Table::new();
    for (name, mut value) in table {
        if let Some(inner) = value.as_table_mut() {
            match name.as_str() {
                "source" | "http" | "net" => {}
                "registries" => {
                    for (_, registry) in inner.iter_mut() {
                        if let Some(registry) = registry.as_table_mut() {
                            registry.retain(|key, _| matches!(key, "index" | "protocol"));
                        }
                    }
                }
                "registry" => inner.retain(|key, _| key == "default"),
                "target" => {
                    for (_, target) in inner.iter_mut() {
                        if let Some(target) = target.as_table_mut() {
                            target.retain(|key, _| matches!(key, "linker" | "runner"));
                        }
                    }
                }
                _ => continue,
            }
            without_passwords(&mut value);
            kept.insert(name, value);
        }
    }
    kept
}

/// Passwords in addresses stay outside too.
fn without_passwords(value: &mut toml::Value) {
    match value {
        toml::Value::String(text) => *text = without_userinfo(text),
        toml::Value::Table(table) => table
            .iter_mut()
            .for_each(|(_, value)| without_passwords(value)),
        toml::Value::Array(values) => values.iter_mut().for_each(without_passwords),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn downloads_are_found_where_cargo_keeps_them() {
        for (name, path) in [
            ("a", "1/a"),
            ("cc", "2/cc"),
            ("Log", "3/l/log"),
            ("serde_json", "se/rd/serde_json"),
        ] {
            assert_eq!(index_path(name), Path::new(path));
        }
        assert_eq!(
            repository("git+https://example.org/x/demo.git?branch=main#0a1b"),
            Some("demo")
        );
        assert_eq!(repository("registry+https://example.org/index"), None);
    }

    #[test]
    fn tokens_flags_and_wrappers_stay_outside() {
        let text = "[build]\nrustc-wrapper='sccache'\nrustflags=['-g']\n[registries.x]\nindex='i'\ntoken='secret'\n\
                    [target.a]\nlinker='l'\nrustflags=['-g']\n[registry]\ntoken='secret'\n[source.y]\ndirectory='v'\n\
                    [http]\nproxy='http://u:secret@h:80'\n";
        let kept = toml::to_string(&sealed_config(text.parse().unwrap())).unwrap();
        assert!(
            !kept.contains("secret") && !kept.contains("-g") && !kept.contains("sccache"),
            "{kept}"
        );
        assert!(
            kept.contains("linker") && kept.contains("index") && kept.contains("directory"),
            "{kept}"
        );
    }
}
