//! Witnesses as files: each a program of a few lines, with what rustc says of it.

use super::compared::Compared;
use crate::model::change::Change;

/// A file of the package's artifact folder.
pub(crate) struct WitnessFile {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// Gives each proved witness a file, and each change the name of its own.
pub(super) fn name_witnesses(changes: &mut [Change], compared: &Compared<'_>) -> Vec<WitnessFile> {
    let mut files = Vec::new();
    for change in changes {
        let item = change.item.clone();
        let Some(witness) = change.witness.as_mut().filter(|witness| witness.proved) else {
            continue;
        };
        let name = format!("witnesses/{:02}-{}.rs", files.len() + 1, slug(&item));
        witness.program.clone_from(&name);
        let error: String = witness
            .rendered
            .lines()
            .map(|line| format!("//     {line}\n"))
            .collect();
        let text = format!(
            "// `{item}`: {}\n// Compiles with {} {}, not with {}:\n{error}// See it with: {} --witness {name}\n{}",
            change.rule.id,
            compared.name,
            compared.old,
            compared.new,
            compared.command(),
            witness.text
        );
        files.push(WitnessFile { name, text });
    }

    files
}

/// An item as part of a file's name.
fn slug(item: &str) -> String {
    let mut text: String = item
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    while text.contains("--") {
        text = text.replace("--", "-");
    }
    text.truncate(60);
    text.trim_matches('-').to_owned()
}
