//! The table of artifacts of two machines.

use release_gate::facts::report::repro::ComparedArtifact;
use release_gate::terminal::{bad, good};

/// The line of an artifact.
pub(crate) fn row(artifact: &ComparedArtifact) -> String {
    let word = if artifact.identical {
        good("identical")
    } else {
        bad("DIFFERS  ")
    };
    let digest = artifact.sha256[0]
        .or(artifact.sha256[1])
        .map(|digest| digest.to_string())
        .unwrap_or_default();
    format!(
        "  {word}  {}  {}  {}\n",
        digest.get(..16).unwrap_or(""),
        artifact.name,
        artifact.target
    )
}

/// The table for people.
pub(crate) fn table(artifacts: &[ComparedArtifact], toolchain: &[String]) -> String {
    let mut text: String = artifacts.iter().map(row).collect();
    for line in toolchain {
        text.push_str(&format!("  toolchain  {line}\n"));
    }
    text
}
