//! Names of files that vouch for another one and are therefore in no list themselves. Pure.

use release_gate::public_key::{KeyId, hex};

use release_gate_facts::files::{self, RELEASE_FOLDER};

/// The list.
pub const LIST: &str = files::CHECKSUMS;
/// The list's signature in OpenSSH's format.
pub const SSHSIG: &str = "checksums.txt.sshsig";
/// The list's signature by somebody's security token, in OpenSSH's format.
pub const TOKEN: &str = "checksums.txt.token.sshsig";
/// The list as signify reads it, signed.
pub const SIGNIFY: &str = files::CHECKSUMS_SIGNIFY;
/// The list's signature as 64 bare bytes, for openssl.
pub const RAW: &str = "checksums.txt.ed25519";
/// The provenance beside a release.
pub const PROVENANCE: &str = files::PROVENANCE;
/// The verification summary beside a release.
pub const SUMMARY: &str = files::VERIFICATION_SUMMARY;
/// The Sigstore bundle beside a release, where the summary is about one.
pub const BUNDLE: &str = files::SIGSTORE_BUNDLE;
/// What the name of a Sigstore bundle ends with.
const SIGSTORE: &str = ".sigstore.json";
/// What the name of a minisign signature ends with.
const SIGNATURE: &str = ".sig";

/// Where the Sigstore bundle over a file lies.
pub fn bundle_of(file: &str) -> String {
    format!("{file}{SIGSTORE}")
}

/// What vouches for a release beside the signatures of its key.
pub fn evidence() -> [String; 5] {
    [PROVENANCE, SUMMARY, BUNDLE, &bundle_of(LIST), TOKEN].map(str::to_owned)
}

/// The name of a published file in a package's artifact folder.
pub fn published(name: &str) -> String {
    format!("{RELEASE_FOLDER}/{name}")
}

/// What a file vouches for, told from its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Companion<'a> {
    /// `FILE.sig`.
    First(&'a str),
    /// `FILE.0123456789ABCDEF.sig`: the same by a further key, whose id stands in the name.
    Further(&'a str, &'a str),
    /// One of the list's signatures in other formats.
    Emitted,
}

impl<'a> Companion<'a> {
    /// Reads a name; `None` where it is that of no companion.
    pub fn of(name: &'a str) -> Option<Self> {
        if [SSHSIG, SIGNIFY, RAW].contains(&name) {
            return Some(Self::Emitted);
        }
        let file = name.strip_suffix(SIGNATURE)?;
        match file.rsplit_once('.').filter(|(_, id)| is_id(id)) {
            Some((file, id)) => Some(Self::Further(file, id)),
            None => Some(Self::First(file)),
        }
    }
}

/// Where a further key's signature of a file goes.
pub fn further(file: &str, id: &KeyId) -> String {
    format!("{file}.{}{SIGNATURE}", hex(id))
}

/// The 16 digits that minisign prints of a key.
fn is_id(text: &str) -> bool {
    text.len() == 16
        && text
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_is_vouched_for() {
        let id = [0x10, 2, 3, 4, 5, 6, 7, 0xfe];
        let name = further("checksums.txt", &id);
        assert_eq!(name, "checksums.txt.FE07060504030210.sig");
        assert_eq!(
            Companion::of(&name),
            Some(Companion::Further("checksums.txt", "FE07060504030210"))
        );
        assert_eq!(
            Companion::of("a.tar.gz.sig"),
            Some(Companion::First("a.tar.gz"))
        );
        assert_eq!(
            Companion::of("a.fe07060504030210.sig"),
            Some(Companion::First("a.fe07060504030210"))
        );
        for name in [SSHSIG, SIGNIFY, RAW] {
            assert_eq!(Companion::of(name), Some(Companion::Emitted));
        }
        for name in ["a.tar.gz", "a.sshsig", "a.ed25519", "SHA256", "a.sig.txt"] {
            assert_eq!(Companion::of(name), None, "{name}");
        }
    }
}
