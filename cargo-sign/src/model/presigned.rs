//! A presigned URL: anyone who has it may write. Only its host and path are ever shown; the rest is
//! wiped when dropped.

use std::fmt;

use zeroize::Zeroizing;

/// A URL that is a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct Presigned {
    url: Zeroizing<String>,
    host: String,
    path: String,
}

/// Why a URL is refused; says nothing of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the URL {0}")]
pub struct UrlError(&'static str);

impl Presigned {
    /// Reads `https://host/path?query`.
    ///
    /// # Errors
    /// Another scheme, a user name or password, a fragment, or characters that do not belong in a
    /// URL.
    pub fn parse(url: Zeroizing<String>) -> Result<Self, UrlError> {
        if url.len() > 8192 || !url.chars().all(is_of_a_url) {
            return Err(UrlError(
                "is longer than 8,192 characters, or holds one that does not belong in a URL",
            ));
        }
        let rest = url
            .strip_prefix("https://")
            .ok_or(UrlError("does not begin with https://"))?;
        if rest.contains('#') {
            return Err(UrlError("has a fragment"));
        }
        let (place, _) = rest.split_once('?').unwrap_or((rest, ""));
        let (host, path) = place.split_once('/').unwrap_or((place, ""));
        if host.is_empty() || host.contains('@') {
            return Err(UrlError("names no host, or a user"));
        }
        if !is_authority(host) {
            return Err(UrlError("names a host or port that there cannot be"));
        }
        Ok(Self {
            host: host.to_owned(),
            path: format!("/{path}"),
            url: url.clone(),
        })
    }

    /// All of it, for the one request it is made for.
    pub(crate) fn secret(&self) -> &str {
        &self.url
    }

    /// Host and path, which are no secret.
    pub fn place(&self) -> String {
        format!("{}{}", self.host, self.path)
    }

    /// Whether this header may be sent: S3 refuses `x-amz-` headers that the signature does not
    /// cover.
    pub fn signs(&self, header: &str) -> bool {
        let query = self.url.split_once('?').map_or("", |(_, query)| query);
        let signed = query.split('&').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.eq_ignore_ascii_case("X-Amz-SignedHeaders")
                .then_some(value)
        });
        signed.is_some_and(|list| {
            list.replace("%3B", ";")
                .replace("%3b", ";")
                .split(';')
                .any(|name| name == header)
        })
    }
}

/// Whether a character may stand in a URL.
fn is_of_a_url(c: char) -> bool {
    c.is_ascii_graphic() && !"\"<>\\^`{|}'".contains(c)
}

/// Whether this is `host`, `host:port`, `[address]` or `[address]:port`.
fn is_authority(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, rest)) = rest.split_once(']') else {
                return false;
            };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            match rest.strip_prefix(':') {
                Some(port) => ("address", Some(port)),
                None if rest.is_empty() => ("address", None),
                None => return false,
            }
        }
        None => text
            .split_once(':')
            .map_or((text, None), |(host, port)| (host, Some(port))),
    };

    let named = !host.is_empty()
        && host
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "-._".contains(c));

    named && port.is_none_or(|port| !port.starts_with(['0', '+']) && port.parse::<u16>().is_ok())
}

impl fmt::Debug for Presigned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Presigned({})", self.place())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Result<Presigned, UrlError> {
        Presigned::parse(Zeroizing::new(url.to_owned()))
    }

    #[test]
    fn only_host_and_path_are_shown() {
        let url = parse("https://b.example.org:8443/a/b%20c?X-Amz-SignedHeaders=host%3Bx-amz-checksum-sha256&X-Amz-Signature=secret")
            .unwrap();
        assert_eq!(url.place(), "b.example.org:8443/a/b%20c");
        assert!(!format!("{url:?}").contains("secret"));
        assert!(url.signs("x-amz-checksum-sha256") && !url.signs("content-type"));
        for fine in [
            "h",
            "h:443",
            "127.0.0.1:9000",
            "[::1]",
            "[::1]:9000",
            "my_bucket.s3.example.org",
        ] {
            assert_eq!(
                parse(&format!("https://{fine}")).unwrap().place(),
                format!("{fine}/")
            );
        }
    }

    #[test]
    fn odd_urls_are_refused_without_being_quoted() {
        for odd in [
            "",
            "http://example.org/a?secret",
            "HTTPS://example.org/a",
            "ftp://example.org/a",
            "https://",
            "https:///a?secret",
            "https://user:secret@example.org/a",
            "https://example.org/a#secret",
            "https://example.org/a b",
            "https://example.org/a\n",
            "https://example.org/a\u{1b}[2J",
            "https://example.org/ä",
            "https://example.org/\"$(secret)\"",
            "https://h:99999/secret",
            "https://h:0/secret",
            "https://h:/secret",
            "https://h:a/secret",
            "https://h:1:2/secret",
            "https://[::1/secret",
            "https://[secret]/a",
            "https://[::1]x/secret",
            "https://%73ecret/a",
        ] {
            let error = parse(odd).unwrap_err();
            assert!(!error.to_string().contains("secret"), "{error}");
        }
    }
}
