//! The files beside the notes: migration guide and advisories.
//!
//! Must never: overwrite or remove what somebody filled in.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::cli::Context;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::error::JudgeExt;

use crate::model::release::Release;
use crate::report::{advisory, migration};

/// Writes the migration guide and the advisories. What somebody filled in stays; what is no longer
/// due and nobody touched goes.
pub(super) fn write_companions(
    cx: &Context,
    folder: &mut PackageArtifacts,
    release: &Release,
) -> Result<()> {
    let ours = written_before(folder);
    let is_ours = |name: &str, bytes: &[u8]| ours.get(name) == Some(&sha256_bytes(bytes));
    let mut due: Vec<(String, String)> = Vec::new();
    let api = release.evidence.facts.compat.usable();
    let api = api
        .map(|compat| compat.data.changes.as_slice())
        .unwrap_or_default();
    let guide = migration::render(&release.about, &release.range, &release.changes, api)?;
    if let Some(guide) = guide {
        let before = folder
            .read("MIGRATION.md")?
            .filter(|bytes| !is_ours("MIGRATION.md", bytes));
        let text = match before {
            Some(bytes) => migration::with_words(&guide, &String::from_utf8_lossy(&bytes)),
            None => guide,
        };
        due.push(("MIGRATION.md".to_owned(), text));
    }
    for file in advisory::render(
        &release.about,
        &release.changes.accounting,
        &release.vulnerabilities,
    )? {
        let name = format!("advisories/{}", file.name);
        let kept = folder
            .read(&name)?
            .is_some_and(|bytes| !is_ours(&name, &bytes));
        let text = if kept { String::new() } else { file.text };
        due.push((name, text));
    }
    for (name, text) in due.iter().filter(|(_, text)| !text.is_empty()) {
        folder.write(name, text.as_bytes())?;
    }
    for name in ours
        .keys()
        .filter(|name| due.iter().all(|(other, _)| other != *name))
    {
        let Some(bytes) = folder.read(name)? else {
            continue;
        };
        if is_ours(name, &bytes) {
            std::fs::remove_file(folder.path(name))
                .or_judge(|| format!("cannot remove `{name}`"))?;
        } else {
            cx.terminal.note(format!(
                "{name} is no longer due; it was left alone because somebody changed it"
            ));
        }
    }
    Ok(())
}

/// The migration guide and advisories an earlier run wrote, with the digest of what it wrote.
fn written_before(folder: &PackageArtifacts) -> BTreeMap<String, Sha256Digest> {
    let manifest = folder.read(MANIFEST).ok().flatten();
    let manifest = manifest.and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
    let files = manifest.into_iter().flat_map(|manifest| manifest.files);
    files
        .filter(|file| is_companion(&file.path))
        .map(|file| (file.path, file.sha256))
        .collect()
}

/// Whether a path is that of a file written beside the notes, in no folder of somebody's choice.
fn is_companion(path: &str) -> bool {
    path == "MIGRATION.md"
        || path
            .strip_prefix("advisories/")
            .is_some_and(|name| !name.contains(['/', '\\']))
}
