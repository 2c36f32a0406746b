//! What `build` tells people, and the list of digests beside the artifacts.

use release_gate::facts::report::buildinfo::{BuildInfo, BuiltArtifact};

/// Lines of `sha256sum`, sorted by path.
pub(crate) fn checksum_list(artifacts: &[BuiltArtifact]) -> String {
    let mut lines: Vec<(&str, String)> = artifacts
        .iter()
        .map(|artifact| {
            (
                artifact.path.as_str(),
                format!("{}  {}\n", artifact.sha256, artifact.path),
            )
        })
        .collect();
    lines.sort();
    lines.into_iter().map(|(_, line)| line).collect()
}

/// The table of artifacts.
pub(crate) fn table(info: &BuildInfo) -> String {
    let mut text = String::new();
    let width = info
        .artifacts
        .iter()
        .map(|artifact| artifact.path.len())
        .max()
        .unwrap_or(0);

    for artifact in &info.artifacts {
        let digest = artifact.sha256.to_string();
        let smoke = artifact
            .smoke
            .as_ref()
            .map_or("", |smoke| smoke.words.as_str());
        text.push_str(
            &format!(
                "  {}  {:width$}  {:>12} bytes  {smoke}\n",
                digest.get(..16).unwrap_or(""),
                artifact.path,
                artifact.size
            )
            .replace("  \n", "\n"),
        );
    }

    text
}
