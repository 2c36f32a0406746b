//! `cargo sbom-lite generate`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use release_gate::artifacts::ArtifactDir;
use release_gate::error::JudgeExt as _;
use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Finding, Level, Outcome, Report, Result, Subject};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::shared::{ask_rustc, counted, inventory_of, provenance_of};
use crate::format::{FORMATS, Format, format_of_name};
use crate::model::config::Config;
use crate::model::foreign::foreign;
use crate::model::inventory::{Inventory, Role};
use crate::model::provenance::Provenance;
use crate::{TOOL, rules};

/// Flags of `generate`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Args {
    /// Only this format [default: cyclonedx-json and spdx-json, into the artifact folder]
    #[arg(long, value_parser = format_names())]
    pub(crate) format: Option<&'static Format>,
    /// Version of the format's specification [default: CycloneDX 1.5, SPDX 2.3]
    #[arg(long, value_name = "V")]
    pub(crate) spec_version: Option<String>,
    /// Write there instead of into the artifact folder (`-`: standard output)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl Args {
    /// These flags, and what was given before the subcommand where they say nothing.
    pub(crate) fn or(self, before: Self) -> Self {
        Self {
            format: self.format.or(before.format),
            spec_version: self.spec_version.or(before.spec_version),
            output: self.output.or(before.output),
        }
    }
}

/// The names in the table of formats, each with its line of help.
fn format_names() -> impl clap::builder::TypedValueParser<Value = &'static Format> {
    PossibleValuesParser::new(
        FORMATS
            .iter()
            .map(|format| PossibleValue::new(format.name).help(format.help)),
    )
    .try_map(|name| format_of_name(&name).ok_or("it is not in the table of formats"))
}

/// The formats that are written into the artifact folder when none is asked for.
const DEFAULT_FORMATS: [&str; 2] = ["cyclonedx-json", "spdx-json"];

/// `sbom.json`'s data: what was written, and how much is in it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SbomData {
    /// Documents in the artifact folder.
    pub documents: Vec<String>,
    /// Packages compiled into the artifact, the main one not counted.
    pub shipped: usize,
    /// Packages only used by build scripts and procedural macros.
    pub build_time: usize,
    /// Whether the list is an approximation.
    pub approximate: bool,
}

pub(crate) fn run(cx: &mut Context, args: &Args) -> Result<Outcome> {
    cx.project()?;
    let _config: Config = cx.config()?;
    let artifacts = cx.artifacts()?;
    let project = cx.project()?;
    if args.output.is_some() {
        project.single()?;
    }
    let packages: Vec<_> = project.selected().cloned().collect();
    let mut asked = Some(ask_rustc(
        cx,
        cx.loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?,
    ));

    let mut rustc = String::new();
    let mut reports = Vec::new();
    for package in packages {
        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let (inventory, findings) = inventory_of(cx, project, &package)?;
        if let Some(answer) = asked.take() {
            rustc = answer
                .join()
                .map_err(|_| Error::judge("asking rustc for its version ended early"))??;
        }
        let provenance = provenance_of(&artifacts, project, &package, &rustc)?;
        if let Some(output) = &args.output {
            return write_one(cx, output, args, &inventory, &provenance, &findings);
        }
        let subject = project.subject(&package);
        let report = write_all(&artifacts, args, subject, &inventory, &provenance)?;
        reports.push(
            report
                .findings(findings)
                .findings(gaps_of(&inventory, &provenance)),
        );
    }
    Ok(Outcome::Reports(reports))
}

/// One document where a flag says. No report is printed beside it, so what weighs is said here.
fn write_one(
    cx: &Context,
    output: &Path,
    args: &Args,
    inventory: &Inventory,
    provenance: &Provenance,
    findings: &[Finding],
) -> Result<Outcome> {
    for finding in findings
        .iter()
        .filter(|finding| finding.level > Level::Note)
    {
        cx.terminal.warn(&finding.message);
    }
    let format = args.format.unwrap_or(&FORMATS[0]);
    let version = args.spec_version.as_deref();
    write_output(
        cx,
        output,
        &document_of(inventory, provenance, format, version)?,
    )
}

/// The documents of a package in its artifact folder.
fn write_all(
    artifacts: &ArtifactDir,
    args: &Args,
    subject: Subject,
    inventory: &Inventory,
    provenance: &Provenance,
) -> Result<Report> {
    let formats: Vec<&Format> = match args.format {
        Some(format) => vec![format],
        None => DEFAULT_FORMATS
            .iter()
            .filter_map(|name| format_of_name(name))
            .collect(),
    };
    let version = args
        .spec_version
        .as_deref()
        .filter(|_| args.format.is_some());
    let main = &inventory.main;
    let mut folder = artifacts.for_package(&main.name, &main.version);
    let mut documents = Vec::new();
    for format in formats {
        folder.write(
            format.file_name,
            &document_of(inventory, provenance, format, version)?,
        )?;
        documents.push(format.file_name.to_owned());
    }
    folder.finish()?;

    let shipped = inventory
        .components
        .values()
        .filter(|component| component.role == Role::Shipped)
        .count();
    let build_time = inventory.components.len() - shipped;
    let summary = format!(
        "{} in the artifact, {build_time} at build time; wrote {}",
        counted(shipped, "package", "packages"),
        documents.join(", ")
    );
    let data = SbomData {
        documents,
        shipped,
        build_time,
        approximate: inventory.approximate,
    };
    Ok(Report::new("sbom", &TOOL, subject)
        .data(&data)
        .summary(summary))
}

/// What of the NTIA minimum elements nobody knows.
fn gaps_of(inventory: &Inventory, provenance: &Provenance) -> Vec<Finding> {
    let mut found: Vec<Finding> = inventory
        .all()
        .filter(|component| component.supplier().is_none())
        .map(|component| {
            gap(
                format!("{} {}", component.name, component.version),
                "supplier",
            )
        })
        .collect();
    for other in foreign(inventory, provenance.rust_version())
        .iter()
        .filter(|other| other.license.is_none())
    {
        let what = if other.version.is_some() {
            "supplier"
        } else {
            "version and supplier"
        };
        found.push(gap(format!("the native library {}", other.name), what));
    }
    found
}

fn gap(name: String, what: &str) -> Finding {
    Finding::new(&rules::GAP, format!("the {what} of {name} is not known"))
        .evidence("component", name)
}

fn document_of(
    inventory: &Inventory,
    provenance: &Provenance,
    format: &Format,
    version: Option<&str>,
) -> Result<Vec<u8>> {
    let version = version.unwrap_or(format.default_version);
    if !format.versions.contains(&version) {
        return Err(Error::usage(format!(
            "{} {version} is not written by this tool",
            format.name
        ))
        .with_help(format!(
            "--spec-version takes {}",
            format.versions.join(", ")
        )));
    }
    (format.write)(inventory, provenance, version)
}

fn write_output(cx: &Context, output: &Path, bytes: &[u8]) -> Result<Outcome> {
    if output == Path::new("-") {
        cx.terminal
            .stdout(bytes)
            .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
    } else if cx.args().dry_run {
        cx.terminal.status(
            "Would write",
            format!("{} ({} bytes)", output.display(), bytes.len()),
        );
    } else if is_stream(output) {
        // A pipe or device cannot be replaced by renaming.
        let written = std::fs::OpenOptions::new()
            .write(true)
            .open(output)
            .and_then(|mut file| file.write_all(bytes));
        written.or_judge(|| format!("cannot write `{}`", output.display()))?;
    } else {
        write_atomic(output, bytes)?;
        cx.terminal.status("Wrote", output.display().to_string());
    }
    Ok(Outcome::Done)
}

fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}
