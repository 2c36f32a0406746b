//! The table of artifacts of two machines.

use release_gate::facts::report::repro::ComparedArtifact;

/// The table for people.
pub(crate) fn table(artifacts: &[ComparedArtifact], toolchain: &[String]) -> String {
    let mut text = String::new();
    for artifact in artifacts {
        let word = if artifact.identical {
            "identical"
        } else {
            "DIFFERS  "
        };
        let digest = artifact.sha256[0]
            .or(artifact.sha256[1])
            .map(|digest| digest.to_string())
            .unwrap_or_default();
        text.push_str(&format!(
            "  {word}  {}  {}  {}\n",
            digest.get(..16).unwrap_or(""),
            artifact.name,
            artifact.target
        ));
    }
    for line in toolchain {
        text.push_str(&format!("  toolchain  {line}\n"));
    }
    text
}
