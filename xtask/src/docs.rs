//! `cargo xtask docs`: the generated part of docs/, and the check that it has not drifted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::json::to_canonical_vec;
use release_gate::process::Step;
use release_gate::{Error, Result, exit};

use crate::configuration;
use crate::workspace::{GATES, Workspace, executables};

/// Generate the CLI reference, rule catalogue and report schemas
#[derive(Debug, clap::Args)]
pub(crate) struct DocsArgs {
    /// Write nothing; fail if a generated file is not up to date
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(workspace: &Workspace, args: &DocsArgs) -> Result<u8> {
    if args.check {
        check(workspace)?;
        return Ok(exit::PASS);
    }
    for (path, bytes) in generated(workspace)? {
        write_atomic(&workspace.root.join(&path), &bytes)?;
        workspace
            .terminal
            .status("Wrote", path.display().to_string());
    }
    Ok(exit::PASS)
}

/// Compares what is committed with what the programs generate; also names files nothing generates
/// any more.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let files = generated(workspace)?;
    workspace
        .terminal
        .status("Checking", "drift of docs/cli, docs/rules and docs/schemas");
    let mut stale: Vec<String> = files
        .iter()
        .filter(|(path, bytes)| {
            std::fs::read(workspace.root.join(path)).ok().as_ref() != Some(bytes)
        })
        .map(|(path, _)| path.display().to_string())
        .collect();

    for folder in ["docs/cli", "docs/rules", "docs/schemas"] {
        let entries = std::fs::read_dir(workspace.root.join(folder))
            .into_iter()
            .flatten()
            .flatten();
        stale.extend(
            entries
                .map(|entry| PathBuf::from(folder).join(entry.file_name()))
                .filter(|path| !files.contains_key(path))
                .map(|path| format!("{} (left over)", path.display())),
        );
    }

    if stale.is_empty() {
        return Ok(());
    }

    Err(Error::judge(format!(
        "generated files are out of date: {}",
        stale.join(", ")
    ))
    .with_help("run `cargo xtask docs` and commit the result"))
}

/// Every generated file by its path in the repository.
fn generated(workspace: &Workspace) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut build = workspace.cargo().args([
        "build",
        "--locked",
        "--message-format",
        "json-render-diagnostics",
    ]);
    for gate in GATES {
        build = build.args(["-p", gate]);
    }
    let finished = workspace.run("Building", "the five gates", build)?;
    let programs = executables(&finished.stdout);

    let mut files = BTreeMap::new();
    let mut tables = Vec::new();
    for gate in GATES {
        let program = programs
            .iter()
            .find(|path| path.file_stem().is_some_and(|name| name == gate))
            .ok_or_else(|| Error::judge(format!("cargo did not build {gate}")))?;
        let reference = generate(workspace, program, "reference")?;
        files.insert(format!("docs/cli/{gate}.md").into(), reference);
        let rules = generate(workspace, program, "rules")?;
        files.insert(format!("docs/rules/{gate}.md").into(), rules);

        let schemas = generate(workspace, program, "schemas")?;
        let schemas: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&schemas)
            .or_judge(|| format!("{gate} printed schemas that cannot be read"))?;
        for (name, schema) in schemas {
            let bytes =
                to_canonical_vec(&schema).or_judge(|| "cannot write a schema".to_owned())?;
            files.insert(format!("docs/schemas/{name}.schema.json").into(), bytes);
        }

        let table = generate(workspace, program, "configuration")?;
        let table: serde_json::Value = serde_json::from_slice(&table)
            .or_judge(|| format!("{gate} printed a schema that cannot be read"))?;
        tables.push((gate.trim_start_matches("cargo-"), table));
    }

    let page = configuration::page(&tables)?;
    files.insert("docs/configuration.md".into(), page.into_bytes());
    let schema = to_canonical_vec(&configuration::file_schema(&tables))
        .or_judge(|| "cannot write a schema".to_owned())?;
    files.insert("docs/schemas/release-gates.schema.json".into(), schema);
    Ok(files)
}

/// What a gate says of itself.
fn generate(workspace: &Workspace, program: &Path, what: &str) -> Result<Vec<u8>> {
    let step = Step::new(program).args(["--generate", what]);
    Ok(workspace.runner.run(step)?.success()?.stdout)
}
