//! What is made from the clap tree, the rule catalogue and the report types, so that it cannot
//! drift from them.

use clap::Command;
use clap_complete::Shell;

use super::gate::Gate;
use crate::args::Generate;
use crate::error::{JudgeExt, Result};
use crate::json::to_canonical_vec;
use crate::report::{envelope_schema, manifest_schema};
use crate::rule;

/// The bytes of one generated document.
pub(super) fn generate<G: Gate>(what: Generate, mut command: Command) -> Result<Vec<u8>> {
    let tool = G::TOOL;
    let shell = match what {
        Generate::Bash => Shell::Bash,
        Generate::Elvish => Shell::Elvish,
        Generate::Fish => Shell::Fish,
        Generate::Powershell => Shell::PowerShell,
        Generate::Zsh => Shell::Zsh,
        Generate::Man => return man(command),
        Generate::Reference => return Ok(reference(command).into_bytes()),
        Generate::Rules => return Ok(rule::markdown(tool.name, tool.rules).into_bytes()),
        Generate::Schemas => return schemas::<G>(),
        Generate::Configuration => return configuration::<G>(),
    };
    let mut bytes = Vec::new();
    clap_complete::generate(shell, &mut command, tool.name, &mut bytes);
    Ok(bytes)
}

fn man(command: Command) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut bytes)
        .or_judge(|| "cannot make the man page".to_owned())?;
    Ok(bytes)
}

/// The help of a tool and all its subcommands as a Markdown page.
fn reference(command: Command) -> String {
    let name = command.get_name().to_owned();
    let mut page = format!(
        "# `{}`\n\nGenerated from the command line by `cargo xtask docs`; do not edit.\n",
        name.replacen('-', " ", 1)
    );
    let mut command = command.term_width(100).color(clap::ColorChoice::Never);
    command.build();
    section(&mut page, &mut command, 2);
    page
}

fn section(page: &mut String, command: &mut Command, depth: usize) {
    let name = command
        .get_bin_name()
        .unwrap_or(command.get_name())
        .to_owned();
    let help = command.render_long_help().to_string();
    let help: Vec<&str> = help.lines().map(str::trim_end).collect();
    page.push_str(&format!(
        "\n{} `{name}`\n\n```text\n{}\n```\n",
        "#".repeat(depth),
        help.join("\n").trim_end()
    ));
    for inner in command
        .get_subcommands_mut()
        .filter(|inner| inner.get_name() != "help" && !inner.is_hide_set())
    {
        section(page, inner, depth + 1);
    }
}

/// The schema of the gate's table.
fn configuration<G: Gate>() -> Result<Vec<u8>> {
    to_canonical_vec(&G::configuration().to_value())
        .or_judge(|| "cannot write the schema of the configuration".to_owned())
}

/// One JSON object: schema by report name, the envelope and the manifest among them.
fn schemas<G: Gate>() -> Result<Vec<u8>> {
    let mut all = serde_json::Map::new();
    all.insert("envelope".to_owned(), envelope_schema().to_value());
    all.insert("manifest".to_owned(), manifest_schema().to_value());
    for (name, schema) in G::schemas() {
        all.insert(name.to_owned(), schema.to_value());
    }
    to_canonical_vec(&all).or_judge(|| "cannot write the schemas".to_owned())
}
