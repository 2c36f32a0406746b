//! Package URLs of cargo packages (<https://github.com/package-url/purl-spec>, type `cargo`), written and read.

use std::fmt;

use cargo_metadata::{Metadata, Package};

use super::source::{Source, source_of};

/// Addresses of the default registry that other tools write out.
const CRATES_IO: &[&str] = &[
    "https://crates.io",
    "https://github.com/rust-lang/crates.io-index",
    "https://index.crates.io",
];

fn is_crates_io(url: &str) -> bool {
    let plain = url
        .trim_start_matches("sparse+")
        .trim_start_matches("registry+")
        .trim_end_matches('/');
    CRATES_IO.contains(&plain)
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
}

impl CargoPurl {
    /// Reads a package URL. `None` where it is none, or of another type.
    pub fn parse(text: &str) -> Option<Self> {
        let rest = text.strip_prefix("pkg:")?.trim_start_matches('/');
        let (kind, rest) = rest.split_once('/')?;
        if !kind.eq_ignore_ascii_case("cargo") {
            return None;
        }
        let (rest, subpath) = rest
            .split_once('#')
            .map_or((rest, None), |(a, b)| (a, Some(b)));
        let (path, qualifiers) = rest.split_once('?').unwrap_or((rest, ""));
        let (name, version) = path.rsplit_once('@').unwrap_or((path, ""));
        // A cargo package has no namespace.
        let name = decode(name.trim_matches('/'))?;
        if name.is_empty() || name.contains('/') {
            return None;
        }
        let mut source = None;
        for qualifier in qualifiers.split('&').filter(|text| !text.is_empty()) {
            let (key, value) = qualifier.split_once('=')?;
            let value = decode(value)?;
            match key.to_ascii_lowercase().as_str() {
                "vcs_url" => {
                    let url = value.strip_prefix("git+").unwrap_or(&value);
                    // Without a commit it only says where the sources are kept.
                    if let Some((url, commit)) = url
                        .rsplit_once('@')
                        .filter(|(_, commit)| !commit.contains('/'))
                    {
                        source = Some(Source::Git {
                            url: url.to_owned(),
                            commit: commit.to_owned(),
                        });
                    }
                }
                "repository_url" if !is_crates_io(&value) => {
                    source = Some(Source::Registry(value));
                }
                "download_url" if value.len() > "file:".len() && value.starts_with("file:") => {
                    source = Some(Source::Path(value.trim_start_matches("file:").to_owned()));
                }
                _ => {}
            }
        }
        let subpath = match subpath.map(decode) {
            Some(None) => return None,
            path => path.flatten().filter(|path| !path.is_empty()),
        };
        let source = source.unwrap_or_else(|| subpath.map_or(Source::CratesIo, Source::Path));
        Some(Self {
            name,
            version: decode(version)?,
            source,
        })
    }
}

impl fmt::Display for CargoPurl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&purl(&self.name, &self.version, &self.source))
    }
}

/// The package URL of a cargo package. crates.io is the default registry and is not named.
pub fn purl(name: &str, version: &str, source: &Source) -> String {
    let mut text = format!("pkg:cargo/{}@{}", encode(name), encode(version));
    match source {
        Source::CratesIo => {}
        Source::Registry(url) => text.push_str(&format!("?repository_url={}", encode(url))),
        Source::Git { url, commit } => text.push_str(&format!(
            "?vcs_url={}",
            encode(&format!("git+{url}@{commit}"))
        )),
        Source::Path(path) if path.is_empty() => {}
        Source::Path(path) => text.push_str(&format!(
            "#{}",
            path.split('/').map(encode).collect::<Vec<_>>().join("/")
        )),
    }
    text
}

/// The package URL of a package of the metadata.
pub fn purl_of(metadata: &Metadata, package: &Package) -> String {
    purl(
        &package.name,
        &package.version.to_string(),
        &source_of(metadata, package),
    )
}

/// Percent-encodes everything but the unreserved characters and `:`, `/` (which purl leaves
/// readable in qualifiers).
fn encode(text: &str) -> String {
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

/// Undoes percent-encoding. `None` for a broken escape or what is no UTF-8 afterwards.
fn decode(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte == b'%' {
            let (high, low) = (bytes.next()?, bytes.next()?);
            let digit = |byte: u8| char::from(byte).to_digit(16);
            out.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
        } else {
            out.push(byte);
        }
    }
    String::from_utf8(out).ok()
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
        assert_eq!(
            purl("a", "1.0.0", &Source::Path("crates/a b".into())),
            "pkg:cargo/a@1.0.0#crates/a%20b"
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
            prop_assert_eq!(read, Some(CargoPurl { name, version, source }));
        }

        #[test]
        fn anything_is_read_without_a_panic(text in "(pkg:cargo/)?\\PC{0,40}") {
            if let Some(read) = CargoPurl::parse(&text) {
                prop_assert_eq!(CargoPurl::parse(&read.to_string()), Some(read));
            }
        }
    }
}
