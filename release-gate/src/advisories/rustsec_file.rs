//! An advisory of RustSec's database, read by RustSec's own library.

use release_gate_facts::report::vulns::{AdvisoryKind, Severity};
use rustsec::advisory::{Advisory, Informational};

use super::published::{Collection, Published, Ranges};
use crate::text::collapse_white_space;

/// Reads the text of an advisory. The error says why it cannot be relied on.
pub(super) fn parse_advisory(text: &str, collection: Collection) -> Result<Published, String> {
    let advisory: Advisory = text
        .parse()
        .map_err(|error: rustsec::Error| error.to_string())?;
    let meta = &advisory.metadata;
    let mut aliases: Vec<String> = meta.aliases.iter().map(ToString::to_string).collect();
    aliases.sort();
    let (kind, unknown_kind) = kind_of(meta.informational.as_ref());
    let affected = advisory.affected.as_ref();

    Ok(Published {
        id: meta.id.to_string(),
        aliases,
        collection,
        package: meta.package.to_string(),
        title: collapse_white_space(&meta.title),
        kind,
        unknown_kind,
        severity: advisory.severity().map_or(Severity::Unknown, severity_of),
        date: meta.date.as_str().to_owned(),
        withdrawn: advisory.withdrawn(),
        functions: affected
            .iter()
            .flat_map(|affected| &affected.functions)
            .map(|(path, versions)| (path.to_string(), versions.clone()))
            .collect(),
        systems: affected
            .iter()
            .flat_map(|affected| &affected.os)
            .map(|system| system.as_str().to_owned())
            .collect(),
        processors: affected
            .iter()
            .flat_map(|affected| &affected.arch)
            .map(|processor| processor.as_str().to_owned())
            .collect(),
        url: meta.id.url(),
        ranges: Ranges::RustSec(Box::new(advisory.versions)),
    })
}

/// A kind that nobody knows here keeps its word. One that says the package is malicious is known,
/// although RustSec has none of that kind yet.
fn kind_of(informational: Option<&Informational>) -> (AdvisoryKind, Option<String>) {
    match informational {
        None => (AdvisoryKind::Vulnerability, None),
        Some(Informational::Notice) => (AdvisoryKind::Notice, None),
        Some(Informational::Unmaintained) => (AdvisoryKind::Unmaintained, None),
        Some(Informational::Unsound) => (AdvisoryKind::Unsound, None),
        Some(other) if other.as_str() == "malicious" => (AdvisoryKind::Malicious, None),
        Some(other) => (AdvisoryKind::Unknown, Some(other.as_str().to_owned())),
    }
}

fn severity_of(severity: rustsec::advisory::Severity) -> Severity {
    use rustsec::advisory::Severity as Scored;
    match severity {
        Scored::None => Severity::None,
        Scored::Low => Severity::Low,
        Scored::Medium => Severity::Medium,
        Scored::High => Severity::High,
        Scored::Critical => Severity::Critical,
    }
}
