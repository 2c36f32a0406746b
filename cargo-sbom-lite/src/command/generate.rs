//! `cargo sbom-lite generate`.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser as _};
use release_gate::artifacts::ArtifactDir;
use release_gate::error::JudgeExt as _;
use release_gate::facts::ReportData as _;
use release_gate::facts::report::sbom::SbomData;
use release_gate::fs::write_atomic;
use release_gate::project::Project;
use release_gate::{Context, Coverage, Error, Finding, Level, Outcome, Report, Result, Subject};

use super::shared::{ask_rustc, check_targets, file_name, inventory_of, provenance_of, read_file};
use crate::format::{FORMATS, Format, format_of_name};
use crate::judge::precursor::compare_precursors;
use crate::model::config::Config;
use crate::model::foreign::foreign;
use crate::model::inventory::{Inventory, Role};
use crate::model::precursor::{Precursor, parse_precursor};
use crate::model::provenance::{Artifact, Provenance};
use crate::{TOOL, rules};

/// Flags of `generate`.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Args {
    /// Only this format [default: cyclonedx-json and spdx-json, into the artifact folder]
    #[arg(long, value_parser = format_names())]
    pub(crate) format: Option<&'static Format>,
    /// Version of the format's specification [default: CycloneDX 1.6 (XML: 1.5), SPDX 2.3]
    #[arg(long, value_name = "V")]
    pub(crate) spec_version: Option<String>,
    /// Write there instead of into the artifact folder (`-`: standard output)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Compare with what cargo wrote beside an artifact (`-Zsbom`); once for each artifact of the
    /// package
    #[arg(long, value_name = "FILE")]
    pub(crate) cargo_sbom: Vec<PathBuf>,
}

impl Args {
    /// These flags, and what was given before the subcommand where they say nothing.
    pub(crate) fn or(self, before: Self) -> Self {
        Self {
            format: self.format.or(before.format),
            spec_version: self.spec_version.or(before.spec_version),
            output: self.output.or(before.output),
            cargo_sbom: [before.cargo_sbom, self.cargo_sbom].concat(),
        }
    }
}

/// The names in the table of formats, each with its line of help.
fn format_names() -> impl clap::builder::TypedValueParser<Value = &'static Format> {
    PossibleValuesParser::new(
        FORMATS
            .iter()
            .filter(|format| format.write.is_some())
            .map(|format| PossibleValue::new(format.name).help(format.help)),
    )
    .try_map(|name| format_of_name(&name).ok_or("it is not in the table of formats"))
}

/// The formats that are written into the artifact folder when none is asked for.
const DEFAULT_FORMATS: [&str; 2] = ["cyclonedx-json", "spdx-json"];

/// What a call writes.
struct Wanted<'a> {
    formats: Vec<&'static Format>,
    version: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    /// By `--format`, else by the name of the output, else the defaults. A version that only one of
    /// the default formats has asks for that one.
    fn of(args: &'a Args) -> Result<Self> {
        let version = args.spec_version.as_deref();
        let by_name = args.output.as_deref().and_then(format_of_file);
        let formats = match (args.format, by_name) {
            (Some(format), Some(named)) if format.name != named.name => {
                return Err(Error::usage(format!(
                    "--format is {}, and the name of the output asks for {}",
                    format.name, named.name
                ))
                .with_help("leave --format out, or choose another name"));
            }
            (Some(format), _) | (None, Some(format)) => vec![format],
            (None, None) if args.output.is_some() => vec![default_formats()[0]],
            (None, None) => default_formats(),
        };

        let Some(version) = version else {
            return Ok(Self {
                formats,
                version: None,
            });
        };

        let fitting: Vec<&Format> = formats
            .iter()
            .copied()
            .filter(|format| format.versions.contains(&version))
            .collect();

        if fitting.is_empty() {
            let known: Vec<String> = formats
                .iter()
                .map(|format| format!("{} {}", format.name, format.versions.join(", ")))
                .collect();
            return Err(Error::usage(format!(
                "version {version} of the specification is not written by this tool"
            ))
            .with_help(format!("--spec-version takes: {}", known.join("; "))));
        }

        Ok(Self {
            formats: fitting,
            version: Some(version),
        })
    }
}

fn default_formats() -> Vec<&'static Format> {
    DEFAULT_FORMATS
        .iter()
        .filter_map(|name| format_of_name(name))
        .collect()
}

/// The format that a file's name asks for; a plain `.json` asks for none.
fn format_of_file(path: &Path) -> Option<&'static Format> {
    let name = path.file_name()?.to_string_lossy().to_ascii_lowercase();
    let wanted = if name.ends_with(".spdx.json") {
        "spdx-json"
    } else if name.ends_with(".spdx") || name.ends_with(".tag") {
        "spdx-tag-value"
    } else if name.ends_with(".xml") {
        "cyclonedx-xml"
    } else if name.ends_with(".cdx.json") || name.ends_with("bom.json") && name != SbomData::FILE {
        "cyclonedx-json"
    } else {
        return None;
    };
    format_of_name(wanted)
}

pub(crate) fn run(cx: &mut Context, args: &Args) -> Result<Outcome> {
    let wanted = Wanted::of(args)?;
    cx.project()?;
    check_targets(cx)?;
    let config: Config = cx.config()?;
    let artifacts = cx.artifacts()?;
    let project = cx.project()?;
    if args.output.is_some() || !args.cargo_sbom.is_empty() {
        project.single()?;
    }
    let precursors = read_precursors(&args.cargo_sbom)?;
    refuse_unknown_libraries(&config, project)?;
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
        let (inventory, mut findings) = inventory_of(cx, project, &package, &config.mirrors)?;
        if !precursors.is_empty() {
            findings.extend(compare_precursors(&inventory, &precursors));
        }
        if let Some(answer) = asked.take() {
            rustc = answer
                .join()
                .map_err(|_| Error::judge("asking rustc for its version ended early"))??;
        }
        let mut provenance = provenance_of(&artifacts, project, &package, &rustc)?;
        provenance.maker = config.maker.clone();
        provenance.native = config.native.clone();
        if let Some(output) = &args.output {
            refuse_or_warn(cx, &findings)?;
            let bytes = document_of(&inventory, &provenance, wanted.formats[0], wanted.version)?;
            return write_output(cx, output, &bytes);
        }
        let subject = project.subject(&package);
        let report = write_all(&artifacts, &wanted, subject, &inventory, &provenance)?;
        reports.push(
            report
                .findings(findings)
                .findings(gaps_of(&inventory, &provenance)),
        );
    }
    Ok(Outcome::Reports(reports))
}

/// Refuses what the configuration says of a native library that no package links: it would be said
/// of none.
fn refuse_unknown_libraries(config: &Config, project: &Project) -> Result<()> {
    let packages = &project.metadata.packages;
    for library in &config.native {
        let is_linked = packages
            .iter()
            .any(|package| package.links.as_deref() == Some(library.links.as_str()));
        if !is_linked {
            return Err(Error::usage(format!(
                "the configuration names the native library `{}`, and no package links it",
                library.links
            ))
            .with_help("`links` is the key of that name in the manifest of a `-sys` package"));
        }
    }
    Ok(())
}

/// What cargo wrote beside artifacts.
fn read_precursors(paths: &[PathBuf]) -> Result<Vec<Precursor>> {
    let mut precursors = Vec::new();
    for path in paths {
        let precursor = parse_precursor(&read_file(path)?).map_err(|why| {
            Error::judge(format!(
                "`{}` is not what cargo writes with `-Zsbom`: {why}",
                file_name(path)
            ))
            .with_help("name the file `NAME.cargo-sbom.json` beside the artifact")
        })?;
        precursors.push(precursor);
    }
    Ok(precursors)
}

/// No report is printed beside a document, so what weighs is said here; what would fail a report
/// lets no document be written.
fn refuse_or_warn(cx: &Context, findings: &[Finding]) -> Result<()> {
    for finding in findings {
        if finding.level == Level::Deny {
            return Err(Error::judge(finding.message.clone())
                .with_help("leave -o out, and the report says all of it"));
        }
        if finding.level > Level::Note {
            cx.terminal.warn(&finding.message);
        }
    }
    Ok(())
}

/// The documents of a package in its artifact folder: one in each format, and, where a build
/// recorded several artifacts, one for each of them with that artifact's digests.
fn write_all(
    artifacts: &ArtifactDir,
    wanted: &Wanted<'_>,
    subject: Subject,
    inventory: &Inventory,
    provenance: &Provenance,
) -> Result<Report> {
    let main = &inventory.main;
    let mut folder = artifacts.for_package(&main.name, &main.version);
    let mut documents = Vec::new();
    for format in &wanted.formats {
        folder.write(
            format.file_name,
            &document_of(inventory, provenance, format, wanted.version)?,
        )?;
        documents.push(format.file_name.to_owned());
        if provenance.artifacts.len() < 2 {
            continue;
        }
        for artifact in &provenance.artifacts {
            let single = Provenance {
                artifacts: vec![artifact.clone()],
                ..provenance.clone()
            };
            let name = artifact_document(artifact, format);
            folder.write(
                &name,
                &document_of(inventory, &single, format, wanted.version)?,
            )?;
            documents.push(name);
        }
    }
    folder.finish()?;

    let shipped = inventory
        .components
        .values()
        .filter(|component| component.role == Role::Shipped)
        .count();
    let build_time = inventory.components.len() - shipped;
    let summary = summary_of(shipped, build_time, &documents);
    let data = SbomData {
        documents,
        shipped: shipped as u64,
        build_time: build_time as u64,
        approximate: inventory.approximate,
    };
    let mut coverage = Coverage::of(inventory.components.len() + 1);
    if let Some(why) = &provenance.artifact_gap {
        coverage.not_judged(
            &rules::NOT_JUDGED_ARTIFACT,
            "the digests of the artifacts",
            1,
            why,
        );
    }
    Ok(Report::with_data(&TOOL, subject, &data)
        .coverage(coverage)
        .summary(summary))
}

fn summary_of(shipped: usize, build_time: usize, documents: &[String]) -> String {
    let in_product = match shipped {
        0 => "the product has no dependency".to_owned(),
        1 => "1 dependency is in the product".to_owned(),
        more => format!("{more} dependencies are in the product"),
    };
    let at_build_time = match build_time {
        0 => String::new(),
        1 => ", 1 more only ran to build it".to_owned(),
        more => format!(", {more} more only ran to build it"),
    };
    format!(
        "{in_product}{at_build_time}; wrote {}",
        documents.join(", ")
    )
}

/// The name of the document about one of several artifacts: `sbom.<target>.<file>.cdx.json`.
fn artifact_document(artifact: &Artifact, format: &Format) -> String {
    let ending = format.file_name.trim_start_matches("sbom");
    format!("sbom.{}.{}{ending}", artifact.target, artifact.file_name())
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
    for other in foreign(inventory, provenance) {
        let what = match (&other.version, &other.supplier) {
            (Some(_), Some(_)) => continue,
            (Some(_), None) => "supplier",
            (None, Some(_)) => "version",
            (None, None) => "version and supplier",
        };
        let finding = gap(format!("the native library {}", other.name), what);
        found.push(finding.help(format!(
            "say it in the configuration: `[[sbom-lite.native]]` with `links = \"{}\"`",
            other.name
        )));
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
    let Some(write) = format.write.filter(|_| format.versions.contains(&version)) else {
        return Err(Error::usage(format!(
            "{} {version} is not written by this tool",
            format.name
        ))
        .with_help(format!(
            "--spec-version takes {}",
            format.versions.join(", ")
        )));
    };
    write(inventory, provenance, version)
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
