//! `cargo sbom-lite generate`.

use std::io::Write as _;
use std::path::Path;

use release_gate::fs::write_atomic;
use release_gate::{Context, Error, Finding, Outcome, Report, Result};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{counted, inventory, provenance};
use crate::cli::{Format, GenerateArgs};
use crate::model::foreign::foreign;
use crate::model::inventory::{Inventory, Role};
use crate::report::{Provenance, cyclonedx, spdx};
use crate::{TOOL, rules};

/// `sbom.json`'s data: what was written, and how much is in it.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Data {
    /// Documents in the artifact folder.
    pub documents: Vec<String>,
    /// Packages compiled into the artifact, the main one not counted.
    pub shipped: usize,
    /// Packages only used by build scripts and procedural macros.
    pub build_time: usize,
    /// Whether the list is an approximation.
    pub approximate: bool,
}

pub(crate) fn run(cx: &mut Context, args: &GenerateArgs) -> Result<Outcome> {
    cx.project()?;
    let _config: super::Config = cx.config()?;
    let artifacts = cx.artifacts()?;
    let project = cx.project()?;
    let count = project.selected().count();
    if args.output.is_some() && count > 1 {
        project.single()?;
    }
    let packages: Vec<_> = project.selected().cloned().collect();
    let mut asked = Some(super::rustc(
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
        let subject = project.subject(&package);
        let (inventory, findings) = inventory(cx, project, &package)?;
        if let Some(asked) = asked.take() {
            rustc = asked
                .join()
                .map_err(|_| Error::judge("asking rustc for its version ended early"))??;
        }
        let provenance = provenance(&artifacts, project, &package, &rustc)?;
        if let Some(output) = &args.output {
            // No report is printed beside a document, so what weighs is said here.
            for finding in findings
                .iter()
                .filter(|finding| finding.level > release_gate::Level::Note)
            {
                cx.terminal.warn(&finding.message);
            }
            let format = args.format.unwrap_or(Format::CyclonedxJson);
            let bytes = document(
                &inventory,
                &provenance,
                format,
                args.spec_version.as_deref(),
            )?;
            return write(cx, output, &bytes);
        }
        let formats = match args.format {
            Some(format) => vec![format],
            None => vec![Format::CyclonedxJson, Format::SpdxJson],
        };
        let mut folder = artifacts.for_package(&package.name, &package.version.to_string());
        let mut documents = Vec::new();
        for format in formats {
            let name = file_name(format);
            let version = args
                .spec_version
                .as_deref()
                .filter(|_| args.format.is_some());
            folder.write(name, &document(&inventory, &provenance, format, version)?)?;
            documents.push(name.to_owned());
        }
        folder.finish()?;
        let shipped = inventory
            .components
            .values()
            .filter(|component| component.role == Role::Shipped)
            .count();
        let build_time = inventory.components.len() - shipped;
        let data = Data {
            documents: documents.clone(),
            shipped,
            build_time,
            approximate: inventory.approximate,
        };
        let summary = format!(
            "{} in the artifact, {build_time} at build time; wrote {}",
            counted(shipped, "package", "packages"),
            documents.join(", ")
        );
        let mut findings = findings;
        findings.extend(gaps(&inventory, &provenance));
        reports.push(
            Report::new("sbom", &TOOL, subject)
                .findings(findings)
                .data(&data)
                .summary(summary),
        );
    }
    Ok(Outcome::Reports(reports))
}

/// What of the NTIA minimum elements nobody knows.
fn gaps(inventory: &Inventory, provenance: &Provenance) -> Vec<Finding> {
    let gap = |name: String, what: &str| {
        Finding::new(&rules::GAP, format!("the {what} of {name} is not known"))
            .evidence("component", name)
    };
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

fn document(
    inventory: &Inventory,
    provenance: &Provenance,
    format: Format,
    version: Option<&str>,
) -> Result<Vec<u8>> {
    let spdx_version = || match version {
        None | Some("2.3") => Ok(()),
        Some(other) => Err(
            Error::usage(format!("SPDX {other} is not written by this tool"))
                .with_help("--spec-version takes 2.3"),
        ),
    };
    match format {
        Format::CyclonedxJson => cyclonedx::json(inventory, provenance, version.unwrap_or("1.5")),
        Format::CyclonedxXml => cyclonedx::xml(inventory, provenance, version.unwrap_or("1.5")),
        Format::SpdxJson => spdx_version().and_then(|()| spdx::json(inventory, provenance)),
        Format::SpdxTagValue => {
            spdx_version().and_then(|()| spdx::tag_value(inventory, provenance))
        }
    }
}

fn file_name(format: Format) -> &'static str {
    match format {
        Format::CyclonedxJson => "sbom.cdx.json",
        Format::CyclonedxXml => "sbom.cdx.xml",
        Format::SpdxJson => "sbom.spdx.json",
        Format::SpdxTagValue => "sbom.spdx",
    }
}

fn write(cx: &Context, output: &Path, bytes: &[u8]) -> Result<Outcome> {
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
        written.map_err(|error| {
            Error::judge(format!("cannot write `{}`", output.display())).with_source(error)
        })?;
    } else {
        write_atomic(output, bytes)?;
        cx.terminal.status("Wrote", output.display().to_string());
    }
    Ok(Outcome::Done)
}

fn is_stream(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
}
