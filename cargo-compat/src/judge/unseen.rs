//! Public items of other targets, compared by their text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::Bump;

use crate::model::change::Change;
use crate::model::unseen::{normalized, unseen_items};
use crate::rules;

/// Items behind a `cfg` for other targets that read otherwise now, or are gone. `old` and `new` are
/// the sources of both sides by path.
pub fn unseen_changes(
    old: &BTreeMap<PathBuf, String>,
    new: &BTreeMap<PathBuf, String>,
    target: &str,
) -> Vec<Change> {
    let now: Vec<String> = new.values().map(|text| normalized(text)).collect();
    let mut changes = Vec::new();
    for (_, text) in old.iter().filter(|(path, _)| is_public(path, old)) {
        for item in unseen_items(text, target) {
            if now.iter().any(|text| text.contains(&item.head)) {
                continue;
            }
            let message = format!(
                "`{}` under `cfg({})` is gone or changed, and was not compiled for {target}",
                item.head, item.condition
            );
            let mut change = Change::unproved(&rules::UNPROVED, item.path, Bump::Major, message);
            change.before = item.head;
            changes.push(change);
        }
    }
    changes
}

/// Whether every module on the way to a file is declared public.
fn is_public(path: &Path, sources: &BTreeMap<PathBuf, String>) -> bool {
    let names: Vec<String> = path
        .with_extension("")
        .components()
        .skip(1)
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .filter(|name| name != "mod" && name != "lib")
        .collect();
    (0..names.len()).all(|depth| {
        let parent: PathBuf = ["src".to_owned()]
            .into_iter()
            .chain(names[..depth].iter().cloned())
            .collect();
        let declares = format!("pub mod {}", names[depth]);
        [
            parent.join("lib.rs"),
            parent.join("mod.rs"),
            parent.with_extension("rs"),
        ]
        .iter()
        .filter_map(|file| sources.get(file))
        .any(|text| text.contains(&declares))
    })
}
