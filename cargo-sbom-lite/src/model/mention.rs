//! Crates that a text may mean.
//!
//! A document names its components in places that are read. Wherever else it names a crate (a field
//! of another specification, a package URL of another type, the name of an archive), somebody else
//! reads it there, and what is vulnerable must not hide there. Nothing is concluded from a mention
//! but that there is one.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use semver::Version;
use serde_json::{Map, Value};

use super::ecosystem::{Ecosystem, upstream_version};
use super::purl::percent_decode;

/// The longest text that is looked at, in bytes: a name, an address or a path, and no prose.
const MAX_TEXT: usize = 1024;

/// Beginnings of references into other documents (BOM-Link).
const BOM_LINK: &str = "urn:cdx:";

/// A name and a version.
pub type Named = (String, String);

/// What all texts of a document mention.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mentions {
    /// Names and versions that may be those of crates.
    crates: BTreeMap<Named, Mention>,
    /// Names and versions of packages that a package URL says to be of another ecosystem, each with
    /// that URL.
    pub others: BTreeMap<Named, String>,
    /// References into other documents.
    pub links: BTreeSet<String>,
}

/// A text that may mean a crate.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mention {
    text: String,
    /// Whether it only has the form of a name and a version, which packages of all ecosystems have.
    is_bare: bool,
}

impl Mentions {
    /// What a JSON document mentions anywhere.
    pub fn of_document(value: &Value) -> Self {
        let mut mentions = Self::default();
        // A package URL stands in a document many times over.
        let mut seen = HashSet::new();
        mentions.add_value(value, &mut seen);
        mentions
    }

    /// Names and versions that may be those of crates, each with the text that has them. A bare
    /// name that is that of a package of another ecosystem in the same document is none.
    pub fn crates(&self) -> impl Iterator<Item = (&Named, &str)> {
        self.crates
            .iter()
            .filter(|(named, mention)| !mention.is_bare || !self.others.contains_key(*named))
            .map(|(named, mention)| (named, mention.text.as_str()))
    }

    /// Adds what another one has.
    pub fn extend(&mut self, other: Self) {
        for (named, mention) in other.crates {
            self.insert(named, mention);
        }
        self.others.extend(other.others);
        self.links.extend(other.links);
    }

    /// Of several mentions of one name, one that is more than bare counts.
    fn insert(&mut self, named: Named, mention: Mention) {
        match self.crates.get_mut(&named) {
            Some(known) if known.is_bare => *known = mention,
            Some(_) => {}
            None => drop(self.crates.insert(named, mention)),
        }
    }

    /// Adds what a text mentions.
    pub fn add_text(&mut self, text: &str) {
        if text.len() > MAX_TEXT {
            return;
        }
        let lower = text.trim().to_ascii_lowercase();
        if lower.starts_with(BOM_LINK) {
            self.links.insert(lower);
            return;
        }
        let ecosystem = Ecosystem::of_url(&lower).filter(|ecosystem| ecosystem.has_own_names());
        if let Some(ecosystem) = ecosystem {
            for (name, version) in crates_in(text) {
                self.add_other((&name, &version), text, ecosystem);
            }
            return;
        }
        let is_bare = !["pkg:", "cpe:", "crate"]
            .iter()
            .any(|word| lower.contains(word));
        for (name, version) in crates_in(text) {
            self.add_crate((&name, &version), text, is_bare);
        }
    }

    fn add_value<'a>(&mut self, value: &'a Value, seen: &mut HashSet<&'a str>) {
        match value {
            Value::String(text) if seen.insert(text) => self.add_text(text),
            Value::Array(items) => items.iter().for_each(|item| self.add_value(item, seen)),
            Value::Object(object) => {
                let text_at = |keys: &[&str]| {
                    object
                        .iter()
                        .find(|(key, _)| keys.contains(&key.to_ascii_lowercase().as_str()))
                        .and_then(|(_, value)| value.as_str())
                };
                let name = text_at(&["name", "packagename"]);
                let version = text_at(&["version", "versioninfo", "software_packageversion"]);
                let is_other = purls_of(object)
                    .filter_map(|purl| Ecosystem::of_url(&purl))
                    .any(Ecosystem::has_own_names);
                if let (Some(name), Some(version), false) = (name, version, is_other) {
                    self.add_crate((name, version), name, false);
                }
                object
                    .values()
                    .for_each(|value| self.add_value(value, seen));
            }
            _ => {}
        }
    }

    fn add_crate(&mut self, (name, version): (&str, &str), text: &str, is_bare: bool) {
        let Some(version) = plain_version(version) else {
            return;
        };
        for name in names_of(name, None) {
            let mention = Mention {
                text: text.to_owned(),
                is_bare,
            };
            self.insert((name, version.clone()), mention);
        }
    }

    /// A package of another ecosystem is a crate where its name has the marks of one
    /// (`librust-smallvec-dev`); its plain name is its own.
    fn add_other(&mut self, (name, version): (&str, &str), text: &str, ecosystem: Ecosystem) {
        let version = match ecosystem {
            Ecosystem::System => plain_version(&upstream_version(version)),
            _ => plain_version(version),
        };
        let Some(version) = version else {
            return;
        };
        let own = skeleton(name.rsplit('/').next().unwrap_or(name));
        for name in names_of(name, Some(ecosystem)) {
            let named = (name, version.clone());
            if named.0 == own {
                self.others.entry(named).or_insert_with(|| text.to_owned());
            } else {
                let mention = Mention {
                    text: text.to_owned(),
                    is_bare: false,
                };
                self.insert(named, mention);
            }
        }
    }
}

/// The package URLs of an object: its own, or those of its references.
fn purls_of(object: &Map<String, Value>) -> impl Iterator<Item = String> {
    let references = ["externalRefs", "externalIdentifier"]
        .iter()
        .filter_map(|list| object.get(*list)?.as_array())
        .flatten()
        .filter_map(|one| {
            one["referenceLocator"]
                .as_str()
                .or(one["identifier"].as_str())
        });
    ["purl", "software_packageUrl"]
        .iter()
        .filter_map(|key| object.get(*key)?.as_str())
        .chain(references)
        .map(str::to_owned)
        .collect::<Vec<_>>()
        .into_iter()
}

/// Names and versions in a text.
fn crates_in(text: &str) -> Vec<(String, String)> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || ",;|<>()\"'".contains(c))
        .filter(|word| !word.trim_matches('=').is_empty())
        .collect();
    let mut found: Vec<(String, String)> =
        words.iter().flat_map(|word| crates_in_word(word)).collect();
    if let [name, version] = words.as_slice() {
        found.push(((*name).to_owned(), (*version).to_owned()));
    }
    found
}

fn crates_in_word(word: &str) -> Vec<(String, String)> {
    let lower = word.to_ascii_lowercase();
    if lower.starts_with("pkg:") {
        return crates_in_purl(word);
    }
    if lower.starts_with("cpe:") {
        // `cpe:2.3:a:vendor:product:version:…`, `cpe:/a:vendor:product:version`
        let parts: Vec<&str> = word.split(':').collect();
        let at = if lower.starts_with("cpe:/") { 3 } else { 4 };
        return match (parts.get(at), parts.get(at + 1)) {
            (Some(name), Some(version)) => {
                vec![(name.replace('\\', ""), version.replace('\\', ""))]
            }
            _ => Vec::new(),
        };
    }

    let path = word.split(['?', '#']).next().unwrap_or_default();
    let parts: Vec<&str> = path.split(['/', '\\']).collect();

    // `crates/smallvec/1.6.0/download`, and any two parts like these
    let mut found: Vec<(String, String)> = parts
        .windows(2)
        .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
        .collect();

    found.extend(parts.iter().flat_map(|part| crates_in_part(part)));

    found
}

/// `name@version`, `name:version`, `name=version`, and `name-version` as archives and folders are
/// called.
fn crates_in_part(part: &str) -> Vec<(String, String)> {
    let part = [".crate", ".tar.gz", ".tgz", ".zip"]
        .iter()
        .find_map(|end| part.strip_suffix(end))
        .unwrap_or(part);
    let mut found = Vec::new();
    for (at, c) in part.char_indices() {
        let (name, version) = (&part[..at], &part[at + c.len_utf8()..]);
        let is_end = match c {
            '@' | ':' | '=' => true,
            '-' | '_' => version.starts_with(|c: char| c.is_ascii_digit()),
            _ => false,
        };
        if is_end && !name.is_empty() && !version.is_empty() {
            found.push((name.to_owned(), version.to_owned()));
        }
    }
    found
}

/// A package URL of whatever type: its name and version, and what its qualifiers name.
fn crates_in_purl(purl: &str) -> Vec<(String, String)> {
    let (rest, qualifiers) = purl.split_once('?').unwrap_or((purl, ""));
    let path = rest.split('#').next().unwrap_or_default();
    let mut found = Vec::new();
    if let Some((path, version)) = path.rsplit_once('@') {
        let name = path
            .trim_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();
        if let (Some(name), Some(version)) = (percent_decode(name), percent_decode(version)) {
            found.push((name, version));
        }
    }

    let qualifiers = qualifiers.split('#').next().unwrap_or_default();
    for value in qualifiers
        .split('&')
        .filter_map(|pair| pair.split_once('='))
    {
        let decoded = percent_decode(value.1).unwrap_or_default();
        if !decoded.to_ascii_lowercase().starts_with("pkg:") {
            found.extend(crates_in_word(&decoded));
        }
    }

    found
}

/// What distributions and repositories put before and behind the name of a crate.
const AFFIXES: (&[&str], &[&str]) = (
    &["librust-", "rust-", "crate-", "crates-", "cargo-"],
    &["-rs", ".rs", "-rust", "-devel", "-dev", "-crate", ".crate"],
);

/// The crates that a name may stand for: itself, and what is left without affixes. `None`: of no
/// ecosystem in particular.
fn names_of(name: &str, ecosystem: Option<Ecosystem>) -> BTreeSet<String> {
    let last = name.rsplit(['/', ':']).next().unwrap_or(name);
    let (prefixes, suffixes) = AFFIXES;
    let mut names = BTreeSet::new();
    let own = skeleton(last);
    let mut rest = vec![own.clone()];
    while let Some(name) = rest.pop() {
        let without_prefix = prefixes
            .iter()
            .filter_map(|prefix| name.strip_prefix(prefix));
        let without_suffix = suffixes
            .iter()
            .filter_map(|suffix| name.strip_suffix(suffix));
        rest.extend(without_prefix.chain(without_suffix).map(str::to_owned));
        // Only what is marked as a crate: `base64` is not the 64th series of `base`.
        if ecosystem == Some(Ecosystem::System) && name != own {
            rest.extend(without_feature(&name).map(str::to_owned));
            rest.extend(without_series(&name).map(str::to_owned));
        }
        names.insert(name);
    }
    names.remove("");
    names
}

/// Debian and Fedora have a package for each feature: `smallvec+serde`.
fn without_feature(name: &str) -> Option<&str> {
    name.split_once('+').map(|(name, _)| name)
}

/// And for each series of versions: `smallvec-1`, `smallvec0.6`, `base64_0.13`.
fn without_series(name: &str) -> Option<&str> {
    let bare = name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
    (bare.len() < name.len()).then(|| bare.trim_end_matches(['-', '_']))
}

/// A version as crates have them, whatever stands around it; `1.6` is `1.6.0`.
fn plain_version(version: &str) -> Option<String> {
    let version: String = version.chars().filter(|c| !is_invisible(*c)).collect();
    let version = version
        .trim()
        .trim_start_matches(['=', '^', '~', 'v', 'V', ' ']);
    if Version::parse(version).is_ok() {
        return Some(version.to_owned());
    }
    let is_short = version.split('.').count() < 3
        && !version.is_empty()
        && version
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte == b'.');
    let padded = match version.split('.').count() {
        1 => format!("{version}.0.0"),
        _ => format!("{version}.0"),
    };
    (is_short && Version::parse(&padded).is_ok()).then_some(padded)
}

/// Whether nobody sees a character: it may be there to make one name look like another.
pub fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        )
        || matches!(c, '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
        || matches!(c, '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}')
        || matches!(c, '\u{e0000}'..='\u{e0fff}')
}

/// Letters of other scripts that look like one of ASCII's (Unicode TR 39, as far as letters go that
/// crates' names have).
const LOOKALIKES: &[(char, &str)] = &[
    ('a', "аαɑ"),
    ('b', "ьЬƄ"),
    ('c', "сϲⅽ"),
    ('d', "ԁⅾɗ"),
    ('e', "еєҽℯ"),
    ('g', "ɡց"),
    ('h', "һհ"),
    ('i', "іιıɩⅰ"),
    ('j', "јϳ"),
    ('k', "кκ"),
    ('l', "ӏⅼǀ"),
    ('m', "мⅿ"),
    ('n', "ոռ"),
    ('o', "оοօσ"),
    ('p', "рρ"),
    ('q', "ԛզ"),
    ('r', "гг"),
    ('s', "ѕꜱ"),
    ('t', "тτ"),
    ('u', "υսʋ"),
    ('v', "νѵⅴ"),
    ('w', "ԝѡա"),
    ('x', "хχⅹ"),
    ('y', "уγү"),
    ('z', "ᴢʐ"),
    ('-', "‐‑‒–—−"),
];

/// What a name looks like to somebody who reads it: in ASCII's letters and lower case, without what
/// nobody sees.
fn skeleton(name: &str) -> String {
    name.chars()
        .filter(|c| !is_invisible(*c) && !c.is_whitespace() && !is_combining(*c))
        .flat_map(|c| latin(c).to_lowercase())
        .map(|c| if c.is_ascii() { c } else { lookalike(c) })
        .collect()
}

fn lookalike(c: char) -> char {
    LOOKALIKES
        .iter()
        .find(|(_, others)| others.contains(c))
        .map_or(c, |(plain, _)| *plain)
}

fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{489}' | '\u{1ab0}'..='\u{1aff}' | '\u{20d0}'..='\u{20ff}')
}

/// ASCII's character for a wide, bold, circled or otherwise decorated one.
fn latin(c: char) -> char {
    let code = u32::from(c);
    let offset = match code {
        0xff01..=0xff5e => code - 0xff01 + 0x21,
        // Thirteen alphabets of 52 letters.
        0x1d400..=0x1d6a3 => match (code - 0x1d400) % 52 {
            upper @ 0..=25 => upper + 0x41,
            lower => lower - 26 + 0x61,
        },
        0x24b6..=0x24cf => code - 0x24b6 + 0x41,
        0x24d0..=0x24e9 => code - 0x24d0 + 0x61,
        _ => return c,
    };
    char::from_u32(offset).unwrap_or(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crate_is_found_however_it_is_written() {
        for text in [
            "pkg:cargo/smallvec@1.6.0",
            "PKG:CRATES/SmallVec@1.6.0",
            "pkg:deb/debian/librust-smallvec-dev@1.6.0-1",
            "pkg:rpm/fedora/rust-smallvec-devel@1.6.0",
            "pkg:deb/debian/librust-smallvec-1.6+serde-dev@1.6.0-1",
            "pkg:deb/debian/rust-smallvec@2:1.6.0-3%2Bb1?arch=source",
            "pkg:rpm/fedora/rust-smallvec0.6-devel@1.6.0-2.fc40",
            "pkg:rpm/fedora/rust-smallvec%2Bdefault-devel@1.6.0-2.fc40",
            "pkg:apk/alpine/rust-smallvec@1.6.0-r1",
            "pkg:github/servo/rust-smallvec@v1.6.0",
            "pkg:generic/sm%D0%B0llvec@1.6.0",
            "pkg:cargo/serde@1.0.200?download_url=https://static.crates.io/crates/smallvec/smallvec-1.6.0.crate",
            "pkg:cargo/serde@1.0.200?file_name=smallvec-1.6.0.crate",
            "https://crates.io/api/v1/crates/smallvec/1.6.0/download",
            "https://crates.io/crates/smallvec/1.6.0",
            "/opt/cargo/registry/src/index/smallvec-1.6.0/src/lib.rs",
            "C:\\registry\\smallvec-1.6.0\\Cargo.toml",
            "smallvec-1.6.0.crate",
            "smallvec@1.6.0",
            "smallvec 1.6.0",
            "smallvec = 1.6.0",
            "cpe:2.3:a:servo:smallvec:1.6.0:*:*:*:*:rust:*:*",
            "cpe:/a:servo:smallvec:1.6.0",
            "small\u{200b}vec@1.6.0",
            "\u{202e}smallvec@1.6.0",
            "ｓｍａｌｌｖｅｃ@1.6.0",
            "𝐬𝐦𝐚𝐥𝐥𝐯𝐞𝐜@1.6",
        ] {
            let mut mentions = Mentions::default();
            mentions.add_text(text);
            let found = mentions
                .crates()
                .any(|((name, version), _)| name == "smallvec" && version.starts_with("1.6.0"));
            assert!(found, "{text}: {mentions:?}");
        }

        let mut mentions = Mentions::default();
        mentions.add_text("URN:CDX:f08a6ccd-4dce-4759-bd84-c626675d60a7/1#x");
        assert_eq!(mentions.links.len(), 1);
        mentions.add_text(&"x".repeat(MAX_TEXT + 1));
        mentions.add_text("pkg:npm/smallvec@1.6.0");
        mentions.add_text("smallvec@1.6.0");
        assert_eq!((mentions.crates().count(), mentions.others.len()), (0, 1));
    }

    #[test]
    fn objects_mention_what_they_are_called() {
        for text in [
            r#"{"x":[{"name":"smallvec","version":"v1.6.0"}]}"#,
            r#"{"Name":"servo/smallvec","VERSION":"=1.6.0"}"#,
            r#"{"name":"smallvec","versionInfo":"1.6"}"#,
            r#"{"name":"smallvec","software_packageVersion":"1.6.0"}"#,
        ] {
            let mentions = Mentions::of_document(&serde_json::from_str(text).unwrap());
            let key = ("smallvec".to_owned(), "1.6.0".to_owned());
            assert!(mentions.crates().any(|(named, _)| *named == key), "{text}");
        }
    }
}
