//! What users download of a release, as far as the documents speak of it.

use release_gate::digest::Sha256Digest;

/// A file users download.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Download {
    /// Its name.
    pub name: String,
    /// Its digest, as `checksums.txt` says.
    pub sha256: Sha256Digest,
    /// The target triple in its name, where it has one.
    pub target: Option<String>,
    /// Whether a signature lies beside it.
    pub signed: bool,
}

/// Everything shipped.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Shipped {
    /// The archives listed in `checksums.txt`, by name.
    pub downloads: Vec<Download>,
    /// Whether `checksums.txt` itself is signed in minisign's format.
    pub checksums_signed: bool,
    /// Whether `checksums.txt` is signed in OpenSSH's format too.
    pub sshsig: bool,
    /// The project's key that signed `checksums.txt`; its first one where that cannot be told.
    pub signer: Option<Key>,
    /// Whether there is a record of the build.
    pub buildinfo: bool,
    /// Whether there is a provenance statement.
    pub provenance: bool,
    /// The project's public keys.
    pub keys: Vec<Key>,
}

/// A public key of the project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Its path relative to the project.
    pub path: String,
    /// OpenSSH's form of the fingerprint, `SHA256:…`.
    pub fingerprint: String,
    /// The key itself, as a verifier takes it on the command line.
    pub line: String,
    /// The same as OpenSSH writes it, `ssh-ed25519 …`.
    pub ssh: String,
    /// The same in PEM (SPKI), without the first and last line.
    pub pem: String,
    /// The id that minisign signatures by it carry.
    pub id: [u8; 8],
}
