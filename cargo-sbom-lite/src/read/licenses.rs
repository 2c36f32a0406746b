//! Licence texts that come with packages.

use std::path::Path;

use cargo_metadata::Package;

/// Longest file that is taken for a licence text, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// One licence text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Text {
    /// File name, relative to the package.
    pub file: String,
    /// The text, line ends as `\n`, control characters taken out.
    pub text: String,
}

/// The licence, copying and notice files in a package's top folder (and `LICENSES/`), and the one
/// its manifest names; sorted by name.
pub fn license_texts(package: &Package) -> Vec<Text> {
    let Some(folder) = package
        .manifest_path
        .parent()
        .map(|path| path.as_std_path())
    else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    for below in ["", "LICENSES"] {
        for entry in std::fs::read_dir(folder.join(below))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name().to_string_lossy().into_owned();
            if !below.is_empty() || is_license_name(&name) {
                let shown = if below.is_empty() {
                    name
                } else {
                    format!("{below}/{name}")
                };
                texts.extend(read_license(&entry.path(), shown));
            }
        }
    }
    // A manifest may name any file of this machine; only one beside or above the package is its
    // licence.
    if let Some(named) = package
        .license_file
        .as_ref()
        .filter(|named| named.is_relative())
    {
        texts.extend(read_license(
            &folder.join(named),
            named.as_str().replace('\\', "/"),
        ));
    }
    texts.sort();
    texts.dedup_by(|a, b| a.file == b.file);
    texts
}

fn is_license_name(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let stem = [
        "LICENSE",
        "LICENCE",
        "COPYING",
        "COPYRIGHT",
        "NOTICE",
        "UNLICENSE",
    ];
    let source = [".RS", ".TOML", ".JSON", ".SH", ".PY", ".HTML", ".HBS"];
    stem.iter().any(|start| upper.starts_with(start))
        && !source.iter().any(|end| upper.ends_with(end))
}

fn read_license(path: &Path, file: String) -> Option<Text> {
    let metadata = std::fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > MAX_BYTES {
        return None;
    }
    let text = String::from_utf8_lossy(&std::fs::read(path).ok()?).replace("\r\n", "\n");
    let text: String = text
        .chars()
        .filter(|c| !c.is_control() || *c == '\n' || *c == '\t')
        .collect();
    let text = text
        .lines()
        .map(str::trim_end)
        .collect::<Vec<_>>()
        .join("\n");
    Some(Text {
        file,
        text: text.trim_matches('\n').to_owned(),
    })
}
