//! What of an address may leave the house.
//!
//! Cargo.lock and manifests hold addresses as somebody typed them: with a user and a password, with
//! a token in the query or in the path, of hosts that only one network knows, of folders of one
//! machine. Every address that gets into a document, a report or a message goes through
//! [`public_url`] or [`redact_text`].

use release_gate::digest::sha256_bytes;

/// Beginnings of access tokens, as the big hosts hand them out.
const TOKEN_PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "glpat-",
    "gldt-",
    "glcbt-",
    "xoxb-",
    "xoxp-",
    "akia",
    "npm_",
    "pypi-",
    "cio",
    "dop_v1_",
    "hf_",
];

/// Ends of host names that no public network resolves (RFC 6761, RFC 6762, RFC 8375, and what
/// companies commonly use).
const PRIVATE_SUFFIXES: &[&str] = &[
    ".local",
    ".localhost",
    ".localdomain",
    ".internal",
    ".intranet",
    ".private",
    ".corp",
    ".home",
    ".lan",
    ".home.arpa",
    ".test",
];

/// The parts of an address.
struct Address {
    scheme: String,
    host: String,
    port: Option<String>,
    path: String,
}

/// An address without user, password, query and fragment. `None` for what names a place of one
/// machine or network only, and for what is no address.
pub fn public_url(url: &str) -> Option<String> {
    let address = parse_address(url)?;
    if is_private_host(&address.host) {
        return None;
    }
    let port = address
        .port
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    // A token in the path is no less a secret than one in front of the host.
    let path = if address.path.split('/').any(is_secret_segment) {
        ""
    } else {
        address.path.as_str()
    };
    Some(format!("{}://{}{port}{path}", address.scheme, address.host))
}

/// As [`public_url`], with a name that stands for a place that must not be named: the same for the
/// same place, and nothing can be read from it.
pub fn public_or_anonymous_url(url: &str) -> String {
    public_url(url).unwrap_or_else(|| {
        let digest = sha256_bytes(without_secrets(url).as_bytes()).to_string();
        format!("https://private.invalid/{}", &digest[..12])
    })
}

/// Whether an address stands for a place that is not named.
pub fn is_anonymous(url: &str) -> bool {
    url.starts_with("https://private.invalid/")
}

/// Every address in a text without what must not leave, and of every folder of this machine the
/// last part alone: for messages of other programs.
pub fn redact_text(text: &str) -> String {
    let is_end = |c: char| c.is_whitespace() || "`'\"<>(),;".contains(c);
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(is_end).unwrap_or(rest.len());
        out.push_str(&redact_word(&rest[..length]));
        let end = rest[length..].chars().next().map_or(0, char::len_utf8);
        out.push_str(&rest[length..length + end]);
        rest = &rest[length + end..];
    }
    out
}

fn redact_word(word: &str) -> String {
    let Some(at) = word.find("://") else {
        return redact_path(word);
    };
    let start = word[..at]
        .rfind(|c: char| !(c.is_ascii_alphanumeric() || "+-.".contains(c)))
        .map_or(0, |index| index + 1);
    let address = &word[start..];
    let kept = address
        .split_once('+')
        .filter(|(prefix, _)| matches!(*prefix, "git" | "registry" | "sparse" | "path"));
    let public = match kept {
        Some((prefix, url)) => format!("{prefix}+{}", public_or_anonymous_url(url)),
        None => public_or_anonymous_url(address),
    };
    format!("{}{public}", &word[..start])
}

/// A path from the root of a file system as its last part; all else as it is.
fn redact_path(word: &str) -> String {
    let (before, path) = match word.split_once('=') {
        Some((before, path)) => (format!("{before}="), path),
        None => (String::new(), word),
    };
    let is_drive = path
        .get(1..3)
        .is_some_and(|text| text == ":\\" || text == ":/");
    let parts: Vec<&str> = path
        .split(['/', '\\'])
        .filter(|part| !part.is_empty())
        .collect();
    let is_absolute = path.starts_with('/') || path.starts_with("\\\\") || is_drive;
    match parts.last() {
        Some(last) if is_absolute && parts.len() > 1 => format!("{before}{last}"),
        _ => word.to_owned(),
    }
}

/// `scheme://user@host:port/path?query#fragment`, or git's short form `user@host:path`.
fn parse_address(url: &str) -> Option<Address> {
    let url: String = url.split_whitespace().collect();
    let Some((scheme, rest)) = url.split_once("://") else {
        return parse_short_form(&url);
    };
    let scheme = scheme.to_ascii_lowercase();
    if !matches!(
        scheme.as_str(),
        "http" | "https" | "ssh" | "git" | "git+ssh" | "git+https"
    ) {
        return None;
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host = authority.rsplit('@').next().unwrap_or_default();
    let (host, port) = split_port(host);
    let path = rest[end..].split(['?', '#']).next().unwrap_or_default();
    (!host.is_empty()).then(|| Address {
        scheme,
        host: host.to_ascii_lowercase(),
        port,
        path: path.to_owned(),
    })
}

fn parse_short_form(url: &str) -> Option<Address> {
    let (authority, path) = url.split_once(':')?;
    let (_, host) = authority.split_once('@')?;
    let is_host = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-".contains(&byte));
    is_host.then(|| Address {
        scheme: "ssh".to_owned(),
        host: host.to_ascii_lowercase(),
        port: None,
        path: format!("/{}", path.trim_start_matches('/')),
    })
}

fn split_port(host: &str) -> (&str, Option<String>) {
    match host.rsplit_once(':') {
        // The colons of a bare IPv6 address are not those before a port.
        Some((name, port))
            if !port.is_empty()
                && port.bytes().all(|byte| byte.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            (name, Some(port.to_owned()))
        }
        _ => (host, None),
    }
}

fn is_private_host(host: &str) -> bool {
    // The dot behind a host is its full name's.
    let host = host.trim_end_matches('.');
    let plain = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = plain.parse::<std::net::IpAddr>() {
        return match address {
            std::net::IpAddr::V4(v4) => {
                v4.is_loopback()
                    || v4.is_private()
                    || v4.is_link_local()
                    || v4.is_unspecified()
                    || is_shared(v4)
            }
            std::net::IpAddr::V6(v6) => {
                v6.is_loopback()
                    || v6.is_unspecified()
                    || v6.is_unique_local()
                    || v6.is_unicast_link_local()
            }
        };
    }
    !host.contains('.') || PRIVATE_SUFFIXES.iter().any(|suffix| host.ends_with(suffix))
}

/// Whether an address is one that providers share among their customers (RFC 6598), as private
/// networks use them too.
fn is_shared(address: std::net::Ipv4Addr) -> bool {
    let [first, second, ..] = address.octets();
    first == 100 && (64..128).contains(&second)
}

/// Whether a part of a path looks like a token: by its beginning, or because it is long and mixes
/// letters with digits as no name does. A commit id is 40 hexadecimal digits and public.
fn is_secret_segment(segment: &str) -> bool {
    let lower = segment.to_ascii_lowercase();
    let has_prefix = TOKEN_PREFIXES
        .iter()
        .any(|prefix| lower.starts_with(prefix) && segment.len() >= prefix.len() + 12);
    let is_hexadecimal = segment.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    let letters = segment.bytes().filter(u8::is_ascii_alphabetic).count();
    let is_mixed = digits >= 4 && letters >= 4 && digits + letters == segment.len();
    let is_commit = is_hexadecimal && segment.len() == 40;
    has_prefix || (segment.len() >= 24 && is_mixed && !is_commit)
}

/// What tells one private place from another: everything but user, password, query and fragment.
fn without_secrets(url: &str) -> String {
    match parse_address(url) {
        Some(address) => format!("{}{}", address.host, address.path),
        None => url.split(['?', '#']).next().unwrap_or_default().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_private_is_left_of_an_address() {
        for (url, public) in [
            (
                "https://github.com/a/b.git",
                Some("https://github.com/a/b.git"),
            ),
            (
                "https://user:SECRET@github.com/a/b",
                Some("https://github.com/a/b"),
            ),
            (
                "https://SECRET@github.com/a/b?token=SECRET#SECRET",
                Some("https://github.com/a/b"),
            ),
            (
                "https://GitHub.com:8443/a",
                Some("https://github.com:8443/a"),
            ),
            ("git@github.com:a/b.git", Some("ssh://github.com/a/b.git")),
            (
                "ssh://git@github.com/a/b.git",
                Some("ssh://github.com/a/b.git"),
            ),
            (
                "https://dl.example.org/ghp_0123456789abcdefABCDEF/index",
                Some("https://dl.example.org"),
            ),
            (
                "https://dl.example.org/aB3dE5fG7hI9jK1lM3nO5pQ7/index",
                Some("https://dl.example.org"),
            ),
            ("http://tok:SECRET@127.0.0.1:4000/.git", None),
            ("https://10.0.0.7/x", None),
            ("https://[::1]:80/x", None),
            ("https://gitea/x", None),
            ("https://git.corp.internal/x", None),
            ("https://git.corp.internal./x", None),
            ("https://localhost.:8080/x", None),
            ("https://100.64.0.1/x", None),
            ("https://[fe80::1]/x", None),
            ("file:///home/me/SECRET", None),
            ("/home/me/SECRET", None),
            ("C:\\Users\\me", None),
            ("", None),
        ] {
            assert_eq!(public_url(url).as_deref(), public, "{url}");
        }
    }

    #[test]
    fn a_private_place_has_one_name_whoever_asks() {
        let one = public_or_anonymous_url("https://a:SECRET@gitea/x?t=1");
        assert_eq!(one, public_or_anonymous_url("https://gitea/x"));
        assert_ne!(one, public_or_anonymous_url("https://gitea/y"));
        assert!(is_anonymous(&one) && !one.contains("gitea"));
    }

    #[test]
    fn messages_of_other_programs_are_redacted() {
        let text = "failed to load `git+https://u:SECRET@github.com/a?branch=x#SECRET`, see https://SECRET@crates.io";
        assert_eq!(
            redact_text(text),
            "failed to load `git+https://github.com/a`, see https://crates.io"
        );

        for (text, redacted) in [
            ("at file:///home/SECRET/x", "at https://private.invalid/"),
            (
                "`cargo fetch --manifest-path /home/SECRET/p/Cargo.toml`",
                "`cargo fetch --manifest-path Cargo.toml`",
            ),
            (
                "package `p v1.0.0 (/home/SECRET/p)`",
                "package `p v1.0.0 (p)`",
            ),
            ("C:\\Users\\SECRET\\p: no", "p: no"),
            (
                "--config=/home/SECRET/x.toml, both",
                "--config=x.toml, both",
            ),
            ("1/2 of crates/a in /", "1/2 of crates/a in /"),
        ] {
            let shown = redact_text(text);
            assert!(shown.starts_with(redacted), "{text}: {shown}");
            assert!(!shown.contains("SECRET"), "{shown}");
        }
    }
}
