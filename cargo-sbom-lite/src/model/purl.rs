//! Package URLs of cargo packages (<https://github.com/package-url/purl-spec>, type `cargo`).

use super::inventory::Source;

/// The package URL of a cargo package. crates.io is the default registry and is not named.
pub fn purl(name: &str, version: &str, source: &Source) -> String {
    let mut text = format!("pkg:cargo/{}@{}", encode(name), encode(version));
    match source {
        Source::CratesIo => {}
        Source::Registry(url) => text.push_str(&format!("?repository_url={}", encode(url))),
        Source::Git { url, commit } => {
            text.push_str(&format!("?vcs_url={}", encode(&format!("git+{url}@{commit}"))))
        }
        Source::Path(path) if path.is_empty() => {}
        Source::Path(path) => {
            text.push_str(&format!("#{}", path.split('/').map(encode).collect::<Vec<_>>().join("/")))
        }
    }
    text
}

/// Percent-encodes everything but the unreserved characters and `:`, `/` (which purl leaves readable in qualifiers).
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn qualifiers_say_where_it_comes_from() {
        assert_eq!(purl("serde_json", "1.0.0+x", &Source::CratesIo), "pkg:cargo/serde_json@1.0.0%2Bx");
        let git = Source::Git { url: "https://example.org/a.git".into(), commit: "abc".into() };
        assert_eq!(
            purl("a", "1.0.0", &git),
            "pkg:cargo/a@1.0.0?vcs_url=git%2Bhttps://example.org/a.git%40abc"
        );
        let registry = Source::Registry("https://r.example.org/index".into());
        assert_eq!(
            purl("a", "1.0.0", &registry),
            "pkg:cargo/a@1.0.0?repository_url=https://r.example.org/index"
        );
        assert_eq!(purl("a", "1.0.0", &Source::Path("crates/a b".into())), "pkg:cargo/a@1.0.0#crates/a%20b");
    }
}
