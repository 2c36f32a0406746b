//! Names of the files that gates leave for each other and for users.
//!
//! A report's file name is [`ReportData::FILE`](crate::ReportData::FILE).

/// The folder of what is published, inside a package's artifact folder. It holds nothing else.
pub const RELEASE_FOLDER: &str = "release";

/// The index of a package's artifact folder, written last.
pub const MANIFEST: &str = "manifest.json";

/// The facts of a sealed build, beside the artifacts and inside every archive.
pub const BUILDINFO: &str = "buildinfo.json";

/// The audit log of `cargo repro build` and of signing, one JSON object a line.
pub const BUILDLOG: &str = "buildlog.jsonl";

/// The SBOM as CycloneDX JSON.
pub const SBOM_CYCLONEDX_JSON: &str = "sbom.cdx.json";

/// The SBOM as CycloneDX XML.
pub const SBOM_CYCLONEDX_XML: &str = "sbom.cdx.xml";

/// The SBOM as SPDX JSON.
pub const SBOM_SPDX_JSON: &str = "sbom.spdx.json";

/// The SBOM as SPDX tag-value text.
pub const SBOM_SPDX_TAG_VALUE: &str = "sbom.spdx";

/// The list of published files and their SHA-256 digests, as `sha256sum` writes it.
pub const CHECKSUMS: &str = "checksums.txt";

/// The same list in the BSD form, signed for signify.
pub const CHECKSUMS_SIGNIFY: &str = "SHA256.sig";

/// SLSA provenance: in-toto statements in DSSE envelopes, one a line.
pub const PROVENANCE: &str = "provenance.intoto.jsonl";

/// The signature over the list of files inside an archive.
pub const INNER_SIGNATURE: &str = "SIGNATURE";

/// The SBOM inside an archive.
pub const INNER_SBOM: &str = "SBOM.json";

/// The release notes.
pub const RELEASE_NOTES: &str = "RELEASE_NOTES.md";

/// What users have to change for a release with breaking changes.
pub const MIGRATION: &str = "MIGRATION.md";

/// How to install a release and verify it.
pub const INSTALL: &str = "INSTALL.md";

/// The security policy.
pub const SECURITY: &str = "SECURITY.md";

/// The folder of security advisories about the released package.
pub const ADVISORIES_FOLDER: &str = "advisories";

/// What is added to a file's name for its signature in minisign's form.
pub const MINISIGN_SUFFIX: &str = ".sig";

/// What is added to a file's name for its signature in `ssh-keygen -Y`'s form.
pub const SSHSIG_SUFFIX: &str = ".sshsig";

/// What is added to a file's name for its bare Ed25519 signature.
pub const ED25519_SUFFIX: &str = ".ed25519";

/// A verification summary beside the provenance: that both were verified.
pub const VERIFICATION_SUMMARY: &str = "vsa.intoto.jsonl";

/// A Sigstore bundle about the release.
pub const SIGSTORE_BUNDLE: &str = "provenance.sigstore.json";

/// The keyring, as it is published with a release.
pub const KEYRING: &str = "keyring.json";

/// What was uploaded, so that it is not uploaded twice.
pub const UPLOADED: &str = "uploaded.json";
