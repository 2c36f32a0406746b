//! `cargo relnotes init`: the configuration of git-cliff, as one of this tool.
//!
//! Must never: write over a configuration that is there.

use std::path::{Path, PathBuf};

use release_gate::cli::{Context, Outcome};
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Result};
use toml::Table;

use crate::model::cliff::take_over;
use crate::report::settings::settings;
use crate::report::words::counted;

/// Where the configuration is written.
const CONFIG: &str = "release-gates.toml";

/// Reads git-cliff's configuration and writes the same for this tool.
///
/// # Errors
/// There is none, or there is one of this tool already.
pub fn run(cx: &mut Context, from: Option<&Path>) -> Result<Outcome> {
    let root = cx.project()?.root.clone();
    let source = match from {
        Some(path) => path.to_owned(),
        None => find_cliff(&root)?,
    };
    let name = source.file_name().unwrap_or_default().to_string_lossy();
    let text = std::fs::read_to_string(&source)
        .map_err(|error| Error::usage(format!("cannot read `{name}`")).with_source(error))?;
    let table: Table = text.parse().map_err(|error: toml::de::Error| {
        Error::usage(format!("`{name}` is not valid TOML: {}", error.message()))
    })?;
    let table = if name == "Cargo.toml" {
        of_manifest(&table).ok_or_else(no_configuration)?
    } else {
        &table
    };
    let taken = take_over(table);
    let written = settings(&taken);

    let target = root.join(CONFIG);
    let there = match std::fs::read_to_string(&target) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
        Err(error) => return Err(error).or_judge(|| format!("cannot read `{CONFIG}`")),
    };
    if let Some(there) = &there
        && there
            .lines()
            .any(|line| line.trim_start().starts_with("[relnotes"))
    {
        return Err(Error::judge(format!(
            "{CONFIG} has a table [relnotes], and nothing was written over it"
        ))
        .with_help(format!("what would be written:\n{written}")));
    }
    let whole = match there {
        Some(there) => format!("{}\n\n{written}", there.trim_end()),
        None => written,
    };
    if cx.args().dry_run {
        let out = cx.terminal.stdout(whole.as_bytes());
        out.or_judge(|| "cannot write to standard output".to_owned())?;
        return Ok(Outcome::Done);
    }
    write_atomic(&target, whole.as_bytes())?;
    cx.terminal.status(
        "Writing",
        format!(
            "{CONFIG} from {name}: {}",
            counted(
                taken.sections.len(),
                "rule for sections",
                "rules for sections"
            )
        ),
    );
    if !taken.left_out.is_empty() {
        cx.terminal.warn(format!(
            "{} could not be taken over: remarks at the end of {CONFIG} say which",
            counted(taken.left_out.len(), "setting", "settings")
        ));
    }
    Ok(Outcome::Done)
}

/// git-cliff's configuration of a project.
fn find_cliff(root: &Path) -> Result<PathBuf> {
    const NAMES: [&str; 4] = [
        "cliff.toml",
        ".cliff.toml",
        ".config/cliff.toml",
        ".github/cliff.toml",
    ];
    let found = NAMES
        .iter()
        .map(|name| root.join(name))
        .find(|path| path.is_file());
    let manifest = root.join("Cargo.toml");
    found
        .or_else(|| manifest.is_file().then_some(manifest))
        .ok_or_else(no_configuration)
}

fn no_configuration() -> Error {
    Error::usage("there is no configuration of git-cliff to read: no cliff.toml, and no metadata.git-cliff in Cargo.toml")
        .with_help("name one with --from FILE; without git-cliff, no configuration is needed")
}

/// What a manifest says: `[workspace.metadata.git-cliff]`, else `[package.metadata.git-cliff]`.
fn of_manifest(manifest: &Table) -> Option<&Table> {
    ["workspace", "package"].into_iter().find_map(|kind| {
        manifest
            .get(kind)?
            .get("metadata")?
            .get("git-cliff")?
            .as_table()
    })
}
