//! Configuration: `release-gates.toml`, else `.config/release-gates.toml`, else the manifests'
//! metadata.
//!
//! One table a tool. Command line wins over environment, file, metadata and default. An unknown key
//! is an error that names the nearest known one: a misspelled policy must not be silently without
//! effect.

use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Table;

use crate::error::{Error, JudgeExt, Result};
use crate::rule::{Levels, Requested, Rule};
use crate::suggest::nearest;

/// Names of all tables a configuration may have: one a tool.
pub use release_gate_facts::gate::SUBCOMMANDS as TABLES;

/// The key, in every tool's table, that sets levels by rule id: `[compat.rules] item-removed =
/// "warn"`.
const RULES_KEY: &str = "rules";

/// The configuration found for a project, and where.
#[derive(Debug, Clone, Default)]
pub struct Config {
    tables: Table,
    source: Option<String>,
}

impl Config {
    /// Looks for the configuration of the workspace at `root`; `explicit` is the `--config` flag.
    /// `metadata` is what `[package.metadata]` and then `[workspace.metadata]` hold, first
    /// match wins.
    ///
    /// # Errors
    /// A usage error: the file named cannot be read, is not valid TOML, or has an unknown table.
    pub fn find(
        explicit: Option<&Path>,
        root: Option<&Path>,
        metadata: &[&serde_json::Value],
    ) -> Result<Self> {
        if let Some(path) = explicit {
            return Self::read(path, &path.display().to_string());
        }
        if let Some(root) = root {
            for name in ["release-gates.toml", ".config/release-gates.toml"] {
                let path: PathBuf = root.join(name);
                if path.is_file() {
                    return Self::read(&path, name);
                }
            }
        }
        for value in metadata {
            if let Some(value) = value.get("release-gates") {
                let source = "Cargo.toml's metadata.release-gates";
                let tables = Table::try_from(value)
                    .map_err(|error| malformed(source, &error.to_string()))?;
                return Self::checked(tables, source);
            }
        }
        Ok(Self::default())
    }

    fn read(path: &Path, name: &str) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Error::usage(format!("cannot read the configuration `{name}`"))
                .with_source(error)
                .with_help("check the path given to --config")
        })?;
        Self::parse(&text, name)
    }

    /// Reads the text of a configuration; `name` is for error messages.
    ///
    /// # Errors
    /// A usage error: it is not valid TOML, or has a table no gate knows.
    pub fn parse(text: &str, name: &str) -> Result<Self> {
        Self::checked(
            text.parse()
                .map_err(|error: toml::de::Error| malformed(name, &error.to_string()))?,
            name,
        )
    }

    fn checked(tables: Table, source: &str) -> Result<Self> {
        for (key, value) in &tables {
            if !TABLES.contains(&key.as_str()) {
                return Err(unknown(source, key, TABLES));
            }
            if !value.is_table() {
                return Err(malformed(source, &format!("`{key}` is not a table")));
            }
        }
        Ok(Self {
            tables,
            source: Some(source.to_owned()),
        })
    }

    /// Where the configuration came from, for messages.
    pub fn source(&self) -> &str {
        self.source.as_deref().unwrap_or("the configuration")
    }

    /// A tool's table as its own type (`deny_unknown_fields` there makes misspelled keys errors).
    /// Without a table, the default.
    ///
    /// # Errors
    /// A usage error naming the key; for an unknown one also the nearest known.
    pub fn table<T: DeserializeOwned + Default>(&self, tool: &str) -> Result<T> {
        let Some(value) = self.tables.get(tool) else {
            return Ok(T::default());
        };
        let mut value = value.clone();
        if let Some(table) = value.as_table_mut() {
            table.remove(RULES_KEY);
        }
        value.try_into().map_err(|error: toml::de::Error| {
            let text = error.message().to_owned();
            let usage = Error::usage(format!("[{tool}] in {}: {text}", self.source()));
            match unknown_field(&text) {
                Some((field, known)) => match nearest(field, known.iter().copied()) {
                    Some(near) => usage.with_help(format!("did you mean `{near}`?")),
                    None => usage.with_help(format!("known keys are {}", known.join(", "))),
                },
                None => usage,
            }
        })
    }

    /// Adds the levels of `[<tool>.rules]` to `levels`.
    ///
    /// # Errors
    /// A usage error for an unknown rule or level.
    pub fn levels(&self, tool: &str, catalogue: &[Rule], levels: &mut Levels) -> Result<()> {
        let Some(rules) = self.tables.get(tool).and_then(|table| table.get(RULES_KEY)) else {
            return Ok(());
        };
        let rules: std::collections::BTreeMap<String, Requested> =
            rules.clone().try_into().map_err(|error: toml::de::Error| {
                malformed(
                    self.source(),
                    &format!("[{tool}.{RULES_KEY}]: {}", error.message()),
                )
            })?;
        rules
            .into_iter()
            .try_for_each(|(id, requested)| levels.set(catalogue, &id, requested))
    }
}

/// The JSON Schema (draft 2020-12) of a gate's table.
pub fn schema_of<T: schemars::JsonSchema>() -> schemars::Schema {
    schemars::generate::SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
}

fn malformed(source: &str, why: &str) -> Error {
    Error::usage(format!("{source} cannot be understood: {}", why.trim_end()))
}

fn unknown(source: &str, key: &str, known: &[&str]) -> Error {
    let error = Error::usage(format!("unknown table `{key}` in {source}"));
    match nearest(key, known.iter().copied()) {
        Some(near) => error.with_help(format!("did you mean `{near}`?")),
        None => error.with_help(format!("known tables are {}", known.join(", "))),
    }
}

/// Takes serde's "unknown field `x`, expected one of `a`, `b`" apart.
fn unknown_field(message: &str) -> Option<(&str, Vec<&str>)> {
    let mut quoted = message.strip_prefix("unknown field `")?.split('`');
    let field = quoted.next()?;
    Some((field, quoted.skip(1).step_by(2).collect()))
}

/// Reads a TOML file outside the configuration (a manifest or lock file), naming it in errors.
///
/// # Errors
/// The file cannot be read or is not valid TOML.
pub fn read_toml(path: &Path) -> Result<Table> {
    let name = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let text = std::fs::read_to_string(path).or_judge(|| format!("cannot read `{name}`"))?;
    text.parse::<Table>()
        .map_err(|error| Error::judge(format!("`{name}` is not valid TOML: {}", error.message())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Level;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
    struct Compat {
        fail_fast: bool,
        targets: Vec<String>,
    }

    fn config(text: &str) -> Result<Config> {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("release-gates.toml"), text).unwrap();
        Config::find(None, Some(dir.path()), &[])
    }

    #[test]
    fn a_table_is_read_and_rules_are_apart() {
        let config = config("[compat]\nfail-fast = true\n[compat.rules]\ngone = 'warn'\n").unwrap();
        assert!(config.table::<Compat>("compat").unwrap().fail_fast);
        assert_eq!(config.table::<Compat>("sign").unwrap(), Compat::default());
        let rules = [Rule {
            id: "gone",
            level: Level::Deny,
            summary: "",
            why: "",
            link: "",
        }];
        let mut levels = Levels::default();
        config.levels("compat", &rules, &mut levels).unwrap();
        assert_eq!(levels.requested("gone"), Some(Requested::Warn));
        assert!(config.levels("compat", &[], &mut levels).is_err());
    }

    #[test]
    fn misspellings_name_the_nearest() {
        let error = config("[compat]\nfail-fats = true")
            .unwrap()
            .table::<Compat>("compat")
            .unwrap_err();
        assert_eq!(error.help(), ["did you mean `fail-fast`?"]);
        assert_eq!(error.exit_code(), crate::exit::USAGE);
        assert_eq!(
            config("[compta]").unwrap_err().help(),
            ["did you mean `compat`?"]
        );
        assert!(config("compat = 1").is_err());
        assert!(
            config("[compat")
                .unwrap_err()
                .to_string()
                .contains("release-gates.toml")
        );
    }

    #[test]
    fn metadata_is_the_last_resort() {
        let metadata = serde_json::json!({ "release-gates": { "compat": { "targets": ["x"] } } });
        let config = Config::find(None, None, &[&serde_json::Value::Null, &metadata]).unwrap();
        assert_eq!(config.table::<Compat>("compat").unwrap().targets, ["x"]);
        assert!(Config::find(Some(Path::new("missing.toml")), None, &[]).is_err());
    }
}
