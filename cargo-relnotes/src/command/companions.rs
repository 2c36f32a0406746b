//! The files beside the notes: migration guide and advisories.
//!
//! Must never: overwrite or remove what somebody filled in.

use std::collections::BTreeMap;

use release_gate::Result;
use release_gate::artifacts::{MANIFEST, Manifest, PackageArtifacts};
use release_gate::cli::Context;
use release_gate::digest::{Sha256Digest, sha256_bytes};
use release_gate::error::JudgeExt;
use release_gate_facts::files::{ADVISORIES_FOLDER, MIGRATION};

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
    let mut due: Vec<(String, String)> = Vec::new();
    if let Some(guide) = due_guide(release)? {
        let before = folder.read(MIGRATION)?;
        let foreign = before.filter(|bytes| !is_ours(&ours, MIGRATION, bytes));
        let text = match foreign {
            Some(bytes) => migration::with_words(&guide, &String::from_utf8_lossy(&bytes)),
            None => guide,
        };
        due.push((MIGRATION.to_owned(), text));
    }

    for file in due_advisories(release)? {
        let name = format!("{ADVISORIES_FOLDER}/{}", file.name);
        let foreign = folder
            .read(&name)?
            .is_some_and(|bytes| !is_ours(&ours, &name, &bytes));
        // What is committed is what everybody sees.
        let is_committed = release
            .words
            .advisories
            .values()
            .any(|one| *one == file.text);
        let text = if foreign && !is_committed {
            String::new()
        } else {
            file.text
        };
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
        if is_ours(&ours, name, &bytes) {
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

/// The migration guide that is due, with the words of the committed one.
pub(super) fn due_guide(release: &Release) -> Result<Option<String>> {
    let api = release.evidence.facts.compat.usable();
    let api = api
        .map(|compat| compat.data.changes.as_slice())
        .unwrap_or_default();
    let guide = migration::render(&release.about, &release.range, &release.changes, api)?;
    Ok(guide.map(|guide| match &release.words.migration {
        Some(committed) => migration::with_words(&guide, committed),
        None => guide,
    }))
}

/// The advisories that are due, each as it is committed, where it is.
pub(super) fn due_advisories(release: &Release) -> Result<Vec<advisory::File>> {
    let mut files = advisory::render(
        &release.about,
        &release.changes.accounting,
        &release.vulnerabilities,
    )?;
    for file in &mut files {
        if let Some(committed) = release.words.advisory(&file.name, &file.ids) {
            file.text = committed.to_owned();
        }
    }
    Ok(files)
}

/// Whether a file is as an earlier run wrote it.
fn is_ours(ours: &BTreeMap<String, Sha256Digest>, name: &str, bytes: &[u8]) -> bool {
    ours.get(name) == Some(&sha256_bytes(bytes))
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
    path == MIGRATION
        || path
            .strip_prefix("advisories/")
            .is_some_and(|name| !name.contains(['/', '\\']))
}
