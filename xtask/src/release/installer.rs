//! The installers of a release: `templates/install.sh` and `templates/install.ps1` with a program's
//! name, its version, its address and the maintainers' key in them.

use release_gate::public_key::PublicKey;
use release_gate::{Error, Result};

/// The two scripts, and what they are published as.
const SCRIPTS: [(&str, &str); 2] = [
    ("install.sh", include_str!("../../../templates/install.sh")),
    (
        "install.ps1",
        include_str!("../../../templates/install.ps1"),
    ),
];

/// What stands in an installer.
#[derive(Debug)]
pub(super) struct Installed<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// Where the files of the release lie.
    pub(super) url: &'a str,
    pub(super) key: &'a PublicKey,
}

/// Both installers: file name and text.
///
/// # Errors
/// A value has a character that would end its quotes in a script.
pub(super) fn installers(installed: &Installed<'_>) -> Result<Vec<(&'static str, String)>> {
    let values = values(installed)?;
    for (place, value) in &values {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "+-./:=@_ ".contains(c);
        if value.is_empty() || !value.chars().all(is_plain) {
            return Err(Error::usage(format!(
                "`{}` cannot stand in an installer as {place}",
                value.escape_debug()
            ))
            .with_help("use letters, digits and + - . / : = @ _ only"));
        }
    }

    let mut scripts = Vec::new();
    for (file, template) in SCRIPTS {
        let mut text = template.to_owned();
        for (place, value) in &values {
            text = text.replace(place, value);
        }
        scripts.push((file, text));
    }
    Ok(scripts)
}

/// What each placeholder is replaced by.
fn values(installed: &Installed<'_>) -> Result<[(&'static str, String); 6]> {
    let pem = installed
        .key
        .pem()
        .map_err(|error| Error::judge("the public key cannot be written").with_source(error))?;
    let pem_body = pem.lines().filter(|line| !line.starts_with("-----"));

    let signers = installed.key.allowed_signers("maintainer");
    let ssh_key = signers.trim_end().trim_start_matches("maintainer ");

    Ok([
        ("@NAME@", installed.name.to_owned()),
        ("@VERSION@", installed.version.to_owned()),
        ("@URL@", installed.url.to_owned()),
        ("@SSH_KEY@", ssh_key.to_owned()),
        ("@MINISIGN_KEY@", installed.key.base64()),
        ("@PEM_KEY@", pem_body.collect()),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str =
        "untrusted comment: key\nRWQf6LRCGA9i53mlYecO4IzT51TGPpvWucNSCh1CBM0QTaLn73Y7GFO3\n";

    fn key() -> PublicKey {
        PublicKey::parse(KEY).unwrap()
    }

    #[test]
    fn every_placeholder_is_replaced() {
        let key = key();
        let installed = Installed {
            name: "demo",
            version: "1.2.3",
            url: "https://example.org/demo/releases/download/demo-v1.2.3",
            key: &key,
        };
        for (file, text) in installers(&installed).unwrap() {
            assert!(
                !text.contains("@NAME@") && !text.contains("_KEY@"),
                "{file}"
            );
            assert!(
                text.contains("'1.2.3'") && text.contains(&key.base64()),
                "{file}"
            );
            assert!(text.contains("ssh-ed25519 AAAA"), "{file}");
        }
    }

    #[test]
    fn what_would_end_its_quotes_is_refused() {
        let key = key();
        for url in [
            "https://example.org/'; rm -rf ~; '",
            "",
            "https://example.org/$(id)",
            "a\nb",
        ] {
            let installed = Installed {
                name: "demo",
                version: "1.2.3",
                url,
                key: &key,
            };
            assert!(installers(&installed).is_err(), "{url}");
        }
    }
}
