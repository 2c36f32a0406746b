//! Licence texts that come with packages.

use std::path::Path;

use cargo_metadata::Package;
use release_gate::digest::sha256_bytes;
use release_gate::facts::report::licenses::LicenseText;
use spdx::detection::{Store, TextData};

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

/// How alike a text has to be to a licence, of 1.
const CERTAIN: f32 = 0.95;

/// Recognises licence texts by comparing them with SPDX's own.
pub struct Recognizer(Option<Store>);

impl Recognizer {
    /// Loads SPDX's texts, which the library carries.
    pub fn new() -> Self {
        Self(Store::load_inline().ok())
    }

    /// The id of the licence that a text is, where there is no doubt. The most alike is not enough:
    /// with a word more it may say the opposite, and Apache's without its appendix is most like
    /// Pixar's.
    pub fn recognize(&self, text: &str) -> Option<String> {
        let text = TextData::new(text);
        let found = self.0.as_ref()?.analyze(&text);
        let is_certain = found.score >= CERTAIN && !adds_words(text.lines(), found.data);
        is_certain.then(|| found.name.to_owned())
    }
}

/// Most words of a line that only says whose the copyright is, and of a heading.
const MAX_COPYRIGHT_WORDS: usize = 20;
const MAX_HEADING_WORDS: usize = 8;

/// Words with which even a short line would change what a licence allows.
const LIMITING_WORDS: &[&str] = &[
    "commercial",
    "except",
    "no",
    "non",
    "noncommercial",
    "not",
    "only",
    "prohibited",
    "unless",
    "without",
];

/// Whether a text has pairs of words that a licence does not have, outside of headings and lines
/// that say whose the copyright is.
fn adds_words(lines: &[String], license: &TextData) -> bool {
    let paragraphs = paragraphs_of(lines);
    let told = paragraphs.iter().filter(|words| !is_heading(words));
    told.flat_map(|words| words.windows(2)).any(|pair| {
        // Behind a paragraph of its own, so that nothing of the pair is taken for a heading.
        let pair = TextData::new(&format!("zzzz\n\n{}", pair.join(" ")));
        pair.match_score(license) == 0.0
    })
}

/// The words of each paragraph. Lines about the copyright end one, and are left out.
fn paragraphs_of(lines: &[String]) -> Vec<Vec<String>> {
    let mut paragraphs = vec![Vec::new()];
    for line in lines {
        let words: Vec<String> = line
            .to_lowercase()
            .split_whitespace()
            .map(|word| word.replace(|c: char| !(c.is_alphanumeric() || c == '_'), ""))
            .filter(|word| !word.is_empty())
            .collect();
        if words.is_empty() || is_copyright_line(&words) {
            paragraphs.push(Vec::new());
        } else if let Some(paragraph) = paragraphs.last_mut() {
            paragraph.extend(words);
        }
    }
    paragraphs
}

fn is_copyright_line(words: &[String]) -> bool {
    let begins = match words {
        [first, ..] if first == "copyright" || first == "c" => true,
        [all, rights, reserved] => [all, rights, reserved] == ["all", "rights", "reserved"],
        _ => false,
    };
    begins && words.len() <= MAX_COPYRIGHT_WORDS && !is_limiting(words)
}

fn is_heading(words: &[String]) -> bool {
    let names_license = words
        .iter()
        .any(|word| word == "license" || word == "licence");
    names_license && words.len() <= MAX_HEADING_WORDS && !is_limiting(words)
}

fn is_limiting(words: &[String]) -> bool {
    words
        .iter()
        .any(|word| LIMITING_WORDS.contains(&word.as_str()))
}

impl Default for Recognizer {
    fn default() -> Self {
        Self::new()
    }
}

/// The licence file of a package that states no expression, with its digest, and the licence it is
/// where that is certain. `None` for packages that name no file.
pub fn license_file(package: &Package, recognizer: &Recognizer) -> Option<LicenseText> {
    let named = package.license_file.as_ref()?;
    if package
        .license
        .as_deref()
        .is_some_and(|license| !license.trim().is_empty())
    {
        return None;
    }
    let folder = package.manifest_path.parent()?;
    let bytes = std::fs::read(folder.join(named)).ok();
    let license = bytes
        .as_deref()
        .and_then(|bytes| recognizer.recognize(&String::from_utf8_lossy(bytes)));
    Some(LicenseText {
        package: package.name.to_string(),
        version: package.version.to_string(),
        file: named.file_name().unwrap_or_default().to_owned(),
        sha256: bytes.as_deref().map(sha256_bytes),
        license,
    })
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
