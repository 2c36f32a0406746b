//! Package URLs of cargo packages (<https://github.com/package-url/purl-spec>, type `cargo`),
//! written and read.

use std::collections::BTreeMap;
use std::fmt;

use cargo_metadata::{Metadata, Package};

use super::ecosystem::Ecosystem;
use super::registry::is_crates_io;
use super::source::{Source, source_of};

/// The length crates.io allows for a name.
const MAX_NAME: usize = 64;

/// What a package URL names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PackageUrl {
    /// A cargo package.
    Cargo(CargoPurl),
    /// A repository, from which a cargo package may have been built, or something of a type that is
    /// not known.
    Repository,
    /// A package of another ecosystem, by the last part of its path and its version.
    Other {
        /// The last part of its path.
        name: String,
        /// Its version; empty where none is given.
        version: String,
    },
    /// Nothing that can be looked up, and why.
    Unreadable(&'static str),
}

/// A cargo package, by its package URL.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct CargoPurl {
    /// Package name.
    pub name: String,
    /// Version; empty where none is given.
    pub version: String,
    /// Where it comes from.
    pub source: Source,
    /// The part of the package that is meant; empty for all of it.
    pub subpath: String,
}

/// Whether crates.io can have a package of this name. Names that look like one by characters of
/// another script, or that hold characters nobody sees, are none.
pub fn is_crate_name(name: &str) -> bool {
    let begins_well = name
        .bytes()
        .next()
        .is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    begins_well
        && name.len() <= MAX_NAME
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

impl PackageUrl {
    /// Reads a package URL. Whatever is not certainly of another kind, and cannot be read, is
    /// unreadable.
    pub fn parse(text: &str) -> Self {
        let Some(rest) = text
            .get(..4)
            .filter(|scheme| scheme.eq_ignore_ascii_case("pkg:"))
            .and_then(|_| text.get(4..))
        else {
            return Self::Unreadable("it does not begin with `pkg:`");
        };

        let Some((kind, rest)) = rest.trim_start_matches('/').split_once('/') else {
            return Self::Unreadable("it names no package");
        };
        let kind = kind.to_ascii_lowercase();
        let is_type = kind.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && kind
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b".+-".contains(&byte));

        if !is_type {
            return Self::Unreadable("its type is not a type of package");
        }
        if kind == "cargo" {
            return match CargoPurl::parse_rest(rest) {
                Ok(cargo) => Self::Cargo(cargo),
                Err(why) => Self::Unreadable(why),
            };
        }

        match Ecosystem::of_type(&kind) {
            Some(Ecosystem::Repository) => return Self::Repository,
            Some(_) => {}
            None => {
                let is_like_cargo = ["cargo", "crate", "rust"]
                    .iter()
                    .any(|word| kind.contains(word));
                return if is_like_cargo {
                    Self::Unreadable("packages of crates.io have the type `cargo`")
                } else {
                    Self::Repository
                };
            }
        }

        let path = rest.split(['?', '#']).next().unwrap_or_default();
        let (path, version) = path.rsplit_once('@').unwrap_or((path, ""));
        let name = path
            .trim_matches('/')
            .rsplit('/')
            .next()
            .unwrap_or_default();

        match (percent_decode(name), percent_decode(version)) {
            (Some(name), Some(version)) if !name.is_empty() => Self::Other { name, version },
            _ => Self::Unreadable("it names no package"),
        }
    }
}

impl CargoPurl {
    /// Reads a package URL. `None` where it is none, or of another type.
    pub fn parse(text: &str) -> Option<Self> {
        match PackageUrl::parse(text) {
            PackageUrl::Cargo(cargo) => Some(cargo),
            _ => None,
        }
    }

    /// Reads what follows `pkg:cargo/`.
    fn parse_rest(rest: &str) -> Result<Self, &'static str> {
        let (rest, subpath) = rest.split_once('#').unwrap_or((rest, ""));
        let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, version) = path.rsplit_once('@').unwrap_or((path, ""));
        let broken = "an escape in it is broken";
        let name = percent_decode(name.trim_matches('/')).ok_or(broken)?;
        if !is_crate_name(&name) {
            // A namespace included: a cargo package has none.
            return Err("no package of crates.io can have this name");
        }
        Ok(Self {
            name,
            version: percent_decode(version).ok_or(broken)?,
            source: source_of_qualifiers(qualifiers)?,
            subpath: percent_decode(subpath)
                .ok_or(broken)?
                .trim_matches('/')
                .to_owned(),
        })
    }
}

/// Where qualifiers say that a package comes from. A qualifier that is there twice contradicts
/// itself.
fn source_of_qualifiers(qualifiers: &str) -> Result<Source, &'static str> {
    let mut seen = BTreeMap::new();
    for qualifier in qualifiers.split('&').filter(|text| !text.is_empty()) {
        let (key, value) = qualifier
            .split_once('=')
            .ok_or("a qualifier in it has no value")?;
        let value = percent_decode(value).ok_or("an escape in it is broken")?;
        if seen.insert(key.to_ascii_lowercase(), value).is_some() {
            return Err("it has a qualifier twice");
        }
    }

    if let Some(url) = seen.get("vcs_url") {
        let url = url.strip_prefix("git+").unwrap_or(url);
        // Without a commit it only says where the sources are kept.
        if let Some((url, commit)) = url
            .rsplit_once('@')
            .filter(|(_, commit)| !commit.contains('/'))
        {
            return Ok(Source::Git {
                url: url.to_owned(),
                commit: commit.to_owned(),
            });
        }
    }
    if let Some(url) = seen.get("repository_url").filter(|url| !is_crates_io(url)) {
        return Ok(Source::Registry(url.clone()));
    }
    if let Some(path) = seen
        .get("download_url")
        .and_then(|url| url.strip_prefix("file:"))
    {
        return Ok(Source::Path(relative_folder(path).to_owned()));
    }
    Ok(Source::CratesIo)
}

/// A folder of a `file:` address without what says nothing: no authority, no `./`, `.` alone is the
/// workspace itself.
fn relative_folder(path: &str) -> &str {
    let mut path = path;
    while let Some(rest) = path.strip_prefix("//").or_else(|| path.strip_prefix("./")) {
        path = rest;
    }
    if path == "." { "" } else { path }
}

impl fmt::Display for CargoPurl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&purl(&self.name, &self.version, &self.source))?;
        if self.subpath.is_empty() {
            return Ok(());
        }
        let parts: Vec<String> = self.subpath.split('/').map(percent_encode).collect();
        write!(f, "#{}", parts.join("/"))
    }
}

/// The package URL of a cargo package. crates.io is the default registry and is not named. A folder
/// is named relative to the workspace, as cargo-cyclonedx does: without a qualifier the URL would
/// claim that crates.io has this package.
pub fn purl(name: &str, version: &str, source: &Source) -> String {
    let mut text = format!(
        "pkg:cargo/{}@{}",
        percent_encode(name),
        percent_encode(version)
    );
    let qualifier = match source {
        Source::CratesIo => None,
        Source::Registry(url) => Some(("repository_url", url.clone())),
        Source::Git { url, commit } => Some(("vcs_url", format!("git+{url}@{commit}"))),
        Source::Path(path) if path.is_empty() => Some(("download_url", "file:.".to_owned())),
        Source::Path(path) => Some(("download_url", format!("file:{path}"))),
    };
    if let Some((key, value)) = qualifier {
        text.push_str(&format!("?{key}={}", percent_encode(&value)));
    }
    text
}

/// The package URL of a package of the metadata.
pub fn purl_of(metadata: &Metadata, package: &Package, mirrors: &[String]) -> String {
    purl(
        &package.name,
        &package.version.to_string(),
        &source_of(metadata, package, mirrors),
    )
}

/// Percent-encodes everything but the unreserved characters and `:`, `/` (which purl leaves
/// readable in qualifiers).
pub(super) fn percent_encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b':' | b'/' => {
                out.push(char::from(byte))
            }
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Undoes percent-encoding. `None` for a broken escape or what is not UTF-8 afterwards.
pub(super) fn percent_decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let high = hexadecimal(bytes.next()?)?;
            let low = hexadecimal(bytes.next()?)?;
            out.push(high * 16 + low);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
}

fn hexadecimal(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn qualifiers_say_where_it_comes_from() {
        assert_eq!(
            purl("serde_json", "1.0.0+x", &Source::CratesIo),
            "pkg:cargo/serde_json@1.0.0%2Bx"
        );

        let git = Source::Git {
            url: "https://example.org/a.git".into(),
            commit: "abc".into(),
        };

        assert_eq!(
            purl("a", "1.0.0", &git),
            "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps://example.org/a.git%40abc"
        );

        let registry = Source::Registry("https://r.example.org/index".into());
        assert_eq!(
            purl("a", "1.0.0", &registry),
            "pkg:cargo/a@1.0.0?repository_url=https://r.example.org/index"
        );

        // A package of one's own never claims to be the one of crates.io.
        assert_eq!(
            purl("a", "1.0.0", &Source::Path(String::new())),
            "pkg:cargo/a@1.0.0?download_url=file:."
        );

        assert_eq!(
            purl("a", "1.0.0", &Source::Path("crates/a b".into())),
            "pkg:cargo/a@1.0.0?download_url=file:crates/a%20b"
        );
    }

    #[test]
    fn spellings_of_other_tools_are_one_package() {
        let plain = CargoPurl::parse("pkg:cargo/serde@1.0.0").unwrap();
        for other in [
            "pkg:cargo/serde@1.0.0?repository_url=https%3A%2F%2Fcrates.io",
            "pkg:CARGO/serde@1.0.0?checksum=sha256:00",
            "pkg://cargo/serde@1.0.0",
        ] {
            assert_eq!(CargoPurl::parse(other).as_ref(), Some(&plain), "{other}");
        }
        for none in [
            "pkg:npm/serde@1.0.0",
            "pkg:cargo/@1",
            "pkg:cargo/a%2@1",
            "serde",
            "pkg:cargo/a/b@1",
        ] {
            assert_eq!(CargoPurl::parse(none), None, "{none}");
        }
    }

    #[test]
    fn what_may_be_a_crate_and_cannot_be_read_is_no_other_package() {
        for url in [
            "pkg:",
            "pkg:cargo",
            "pkg:cargo/",
            "pkg:c%61rgo/smallvec@1.6.0",
            "pkg:crates/smallvec@1.6.0",
            "pkg:rust/smallvec@1.6.0",
            "pkg:cargo/small%E2%80%8Bvec@1.6.0",
            "pkg:cargo/sm%D0%B0llvec@1.6.0",
            "pkg:cargo/small%00vec@1.6.0",
            "pkg:cargo/smallvec%20@1.6.0",
            "pkg:cargo/smallvec@1.6.0?repository_url=a&repository_url=b",
            "cargo:smallvec@1.6.0",
            " pkg:cargo/smallvec@1.6.0",
        ] {
            assert!(
                matches!(PackageUrl::parse(url), PackageUrl::Unreadable(_)),
                "{url}"
            );
        }

        assert_eq!(
            PackageUrl::parse("pkg:github/servo/rust-smallvec@v1.6.0"),
            PackageUrl::Repository
        );

        assert_eq!(
            PackageUrl::parse("pkg:npm/%40a/left-pad@1.0.0?x=y"),
            PackageUrl::Other {
                name: "left-pad".into(),
                version: "1.0.0".into()
            }
        );

        assert!(CargoPurl::parse("PKG:cargo/smallvec@1.6.0").is_some());

        for odd in [
            "pkg:cargo/a@1?download_url=file:.///x",
            "pkg:cargo/a@1?download_url=file:././.",
            "pkg:cargo/a@1#%2Fb%2F",
            "pkg:cargo/a@1/2?vcs_url=git+@c",
        ] {
            let read = CargoPurl::parse(odd).unwrap();
            assert_eq!(CargoPurl::parse(&read.to_string()), Some(read), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(
            name in "[a-zA-Z][a-zA-Z0-9_-]{0,20}",
            version in "[0-9]{1,3}\\.[0-9]\\.[0-9](-[a-z.0-9]{1,8})?(\\+[a-z0-9]{1,5})?",
            url in "https://[a-z]{1,9}\\.example/[a-zA-Z0-9 +&#?@%]{0,12}x",
            which in 0_u8..4,
        ) {
            let source = match which {
                0 => Source::CratesIo,
                1 => Source::Registry(url),
                2 => Source::Git { url, commit: "0123456789abcdef".into() },
                _ => Source::Path("crates/a b#c".into()),
            };
            let read = CargoPurl::parse(&purl(&name, &version, &source));
            prop_assert_eq!(read, Some(CargoPurl { name, version, source, subpath: String::new() }));
        }

        #[test]
        fn anything_is_read_without_a_panic(text in "(pkg:cargo/)?\\PC{0,40}") {
            if let Some(read) = CargoPurl::parse(&text) {
                prop_assert_eq!(CargoPurl::parse(&read.to_string()), Some(read));
            }
        }
    }
}
