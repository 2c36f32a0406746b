//! Reason codes: every way in which a release is refused, by a stable name.

use release_gate::{Level, Rule};

macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $summary:literal, $why:literal;)*) => {
        $(#[doc = $summary] pub const $name: Rule = Rule { id: $id, level: Level::$level, summary: $summary, why: $why, link: "" };)*
        /// The catalogue.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    SIGNATURE_MISSING = "signature-missing", Deny, "there is no signature", "The file has no `.sig` (or the archive no `SIGNATURE`) beside it, so nothing says who made it. Get it from where the release was published.";
    SIGNATURE_MALFORMED = "signature-malformed", Deny, "the signature is not in canonical minisign form", "Only the exact four-line form is accepted: other spellings of the same signature are a sign of tampering, or of a broken upload.";
    SIGNATURE_LEGACY = "signature-legacy", Deny, "the signature is of the legacy kind", "Legacy minisign signatures (`Ed`) sign the file itself, cannot be checked as a stream, and are refused by cargo-binstall. Sign again with the prehashed kind.";
    SIGNATURE_INVALID = "signature-invalid", Deny, "the signature does not fit the file", "The file or its signature was changed after signing, or another key signed it. Do not use the file.";
    COMMENT_INVALID = "trusted-comment-invalid", Deny, "the trusted comment was changed", "The signature over the trusted comment does not hold: somebody edited what the signature says about the file.";
    COMMENT_MALFORMED = "trusted-comment-malformed", Deny, "the trusted comment does not say what it has to", "It has to bind time, file, project, version and commit, in this order. A signature that binds less can be replayed for another file or version.";
    FILE_MISMATCH = "file-mismatch", Deny, "the signature is for another file", "The signature is genuine and was made for a file of another name: one archive is being served as another.";
    PROJECT_MISMATCH = "project-mismatch", Deny, "the signature is for another project", "The signature is genuine and was made for another project.";
    VERSION_MISMATCH = "version-mismatch", Deny, "the signature is for another version", "The signature is genuine and was made for another version: an old release is being served as a new one, or the other way round.";
    COMMIT_MISMATCH = "commit-mismatch", Deny, "parts of the release name different commits", "Signature, buildinfo and checksums have to be of one commit.";
    KEY_MISMATCH = "key-mismatch", Deny, "another key signed it", "The key id in the signature is not one of the keys given. Check that the key is the one the project publishes.";
    KEY_UNPINNED = "key-unpinned", Deny, "the key came with the download", "Whoever changed the release could have changed the key beside it. Name a key you trust with --key.";
    KEY_REVOKED = "key-revoked", Deny, "the key that signed it was revoked", "The keyring says that others may have this key. What it signed after the last good version may be anybody's.";
    KEY_RETIRED = "key-retired", Deny, "the key that signed it was retired", "The keyring names the last version this key signed; a newer one has to be signed by a key in use.";
    KEY_CHANGED = "key-changed", Warn, "the project was verified with another key before", "Nothing ties the key given now to the one that was used before. Check with the project that it has a new one: `release-keys/keyring.json` is how it would say so.";
    KEYRING_MALFORMED = "keyring-malformed", Deny, "the keyring is not in canonical form", "Only the chain of versions that `cargo sign keys` writes is read: each made for the one before it, no key or revocation ever taken out.";
    KEYRING_INVALID = "keyring-invalid", Deny, "a signature of the keyring does not hold", "The keyring was changed after it was signed.";
    KEYRING_THRESHOLD = "keyring-threshold", Deny, "too few different keys signed the keyring", "Each version needs signatures by as many different keys of the version before as that one asks for. A key that is listed or signs twice counts once.";
    KEYRING_UNTRUSTED = "keyring-untrusted", Deny, "nothing ties the keyring to a trusted key", "None of the trusted keys ever signed a version of it, or it is not for this project. It may have been made by whoever made the download.";
    KEYRING_ROLLBACK = "keyring-rollback", Deny, "the keyring is older than one seen before", "An old keyring hides that a key was revoked since.";
    KEYRING_FORK = "keyring-fork", Deny, "the keyring contradicts one seen before", "Two keyrings with the same number say different things: one of them was made to deceive.";
    ROLLBACK = "rollback", Deny, "a newer release was verified before", "An old release with known holes is being served, or you mean to go back: then say so with --allow-rollback.";
    LIST_MISSING = "list-missing", Deny, "there is no checksums.txt", "Without a list nobody knows which files belong to the release.";
    LIST_MALFORMED = "list-malformed", Deny, "checksums.txt is not in canonical form", "One grammar is accepted: 64 lower-case digits, two spaces, a plain relative name, a newline; sorted, no name twice. `sha256sum` accepts far more, and attacks hide there.";
    LIST_UNSAFE_NAME = "list-unsafe-name", Deny, "checksums.txt names a path that leads elsewhere", "Absolute names and names with `..` make a checker read files outside the release.";
    LIST_DUPLICATE = "list-duplicate", Deny, "checksums.txt names a file twice", "Two digests for one name let a checker and a user see different files.";
    LIST_EMPTY = "list-empty", Deny, "checksums.txt is empty", "A list of nothing verifies nothing.";
    DIGEST_MISMATCH = "digest-mismatch", Deny, "a file is not the one that was listed", "Its SHA-256 differs: it was changed after the list was signed. Do not use it.";
    FILE_MISSING = "file-missing", Deny, "a listed file is missing", "The release is not complete.";
    FILE_UNLISTED = "file-unlisted", Deny, "a file is not listed", "It rides along with a signed release without being part of it.";
    FILE_NOT_REGULAR = "file-not-regular", Deny, "a listed name is not a regular file", "Links and devices lead elsewhere.";
    ARCHIVE_FORMAT = "archive-format", Deny, "the file is no archive that can be judged", "Archives are `.tar.gz`, `.tar.zst` or `.zip`.";
    ARCHIVE_TRUNCATED = "archive-truncated", Deny, "the archive ends early", "It was cut off, or built to look shorter to some tools.";
    ARCHIVE_TRAILING = "archive-trailing-data", Deny, "the archive has data behind its end", "Tools disagree about what follows the end: a second archive may hide there.";
    ARCHIVE_HEADER = "archive-header", Deny, "an archive header contradicts itself", "Checksum, sizes or the two directories of a zip disagree, so that two tools would unpack different files.";
    ARCHIVE_ENTRY_TYPE = "archive-entry-type", Deny, "the archive holds something other than files and folders", "Links, devices, pipes and extended headers can write or read outside the folder.";
    ARCHIVE_MODE = "archive-mode", Deny, "the archive asks for special permissions", "A program with the set-user-id or set-group-id bit runs as its owner: whoever unpacks as root would install a way in.";
    ARCHIVE_UNSAFE_PATH = "archive-unsafe-path", Deny, "the archive names a path that leads elsewhere", "Absolute paths, `..`, backslashes, control characters or reserved names write outside the folder on some system.";
    ARCHIVE_DUPLICATE = "archive-duplicate", Deny, "the archive holds a name twice", "Tools disagree which one wins; names that differ only by case, or by how their letters are composed, count as one.";
    ARCHIVE_ROOT = "archive-root", Deny, "the archive's files are not in one folder of its name", "Everything lies in one folder named as the archive, so that nothing is strewn about and one archive cannot pass as another.";
    ARCHIVE_TOO_LARGE = "archive-too-large", Deny, "the archive unpacks to more than is allowed", "A small download that fills the disk.";
    SET_MISMATCH = "set-mismatch", Deny, "the archive's members are not those listed inside", "Members and the inner checksums.txt have to be the same set.";
    BUILDINFO_MISSING = "buildinfo-missing", Deny, "the archive has no buildinfo.json", "Without it nobody can rebuild and compare.";
    BUILDINFO_MALFORMED = "buildinfo-malformed", Deny, "buildinfo.json cannot be read", "It is no report of the kind this tool knows.";
    TARGET_MISMATCH = "target-mismatch", Deny, "the archive was built for another target", "Its name says one machine and its buildinfo another: one archive is being served as another.";
    SBOM_MISSING = "sbom-missing", Deny, "the archive has no SBOM.json", "Without it nobody knows what is inside.";
    SBOM_MALFORMED = "sbom-malformed", Deny, "SBOM.json cannot be read", "It is no JSON document that says of which package it is.";
    SSHSIG_INVALID = "sshsig-invalid", Deny, "checksums.txt.sshsig does not hold", "The second signature over the list is damaged or by another key.";
    SIGNIFY_INVALID = "signify-invalid", Deny, "SHA256.sig does not hold", "The list as signify reads it has to be the same list, signed by the same key as checksums.txt: whoever has only signify would otherwise see other files.";
    RAW_SIGNATURE_INVALID = "raw-signature-invalid", Deny, "checksums.txt.ed25519 does not hold", "The bare signature over the list, for openssl, is damaged or by another key.";
    RELEASE_THRESHOLD = "release-threshold", Deny, "too few different keys signed the release", "The keyring asks for signatures by several different keys of it, so that one stolen key makes no release. A key that signs twice counts once.";
    DIRTY_SOURCE = "dirty-source", Warn, "the release was made from uncommitted changes", "Nobody can rebuild what was never committed. Commit, and make the release again.";
    DESPITE_REFUSALS = "despite-refusals", Warn, "another gate refused the release, and it was packed all the same", "The maintainers knew of it and meant to: `cargo sign pack --despite-refusals` says so in every signature. Their notes should tell why.";
    NOT_COVERED = "not-covered", Note, "working files of the suite lie beside the release", "They are reports and build outputs that are not part of what was signed.";
    PROVENANCE_MALFORMED = "provenance-malformed", Deny, "the provenance is not of the known form", "Of provenance by a key, only the exact form `cargo sign attest` writes is judged: an in-toto statement with SLSA provenance v1 in a DSSE envelope with one signature.";
    PROVENANCE_INVALID = "provenance-invalid", Deny, "the provenance was changed", "The signature over the statement does not hold.";
    PROVENANCE_SUBJECT = "provenance-subject", Deny, "the provenance is about other files", "A file's name and digest both have to be named in it, once.";
    PROVENANCE_SOURCE = "provenance-source", Deny, "the provenance names another source", "Repository or tag are not those that were asked for.";
    PROVENANCE_BUILDER = "provenance-builder", Deny, "the provenance names another builder", "Who built it is not who was expected.";
    PROVENANCE_NAME = "provenance-name", Deny, "the provenance knows the file under another name", "The bytes are those that were built, and were built as another file: one file is being served as another, or it was renamed on the way.";
    PROVENANCE_UNSIGNED = "provenance-unsigned", Note, "nothing but the provenance vouches for the file", "No key of the project signed it. The provenance says where it was built from; who meant it to be released, as which version, nobody says.";
    BUNDLE_MALFORMED = "bundle-malformed", Deny, "the provenance is no Sigstore bundle that can be judged", "Bundles of the versions 0.1 to 0.3 with one signed statement are judged: SLSA provenance v0.2 or v1 of a build on GitHub.";
    BUNDLE_SIGNATURE = "bundle-signature", Deny, "the bundle's signature does not hold", "The statement was changed after it was signed, or another certificate signed it.";
    BUNDLE_CERTIFICATE = "bundle-certificate", Deny, "the bundle's certificate is not to be trusted", "It does not lead to an authority of a trusted instance, or was not valid when the bundle was signed. Bundles of other instances need --trusted-root.";
    BUNDLE_LOG = "bundle-log", Deny, "the transparency log does not vouch for the bundle", "The log's entry is missing, is of something else, or was not signed by a trusted log: the signature may have been made in secret.";
    BUNDLE_TIME = "bundle-time", Deny, "nothing says when the bundle was signed", "Certificates are valid for minutes. Without a time stamp by a trusted clock that lies within them, the key may have been stolen later.";
    BUNDLE_ISSUER = "bundle-issuer", Deny, "the certificate was not issued to a build on GitHub", "Anybody can get a certificate of Sigstore for a name that another service vouches for. Only GitHub's word on its own workflows counts.";
    BUNDLE_SIGNER = "bundle-signer", Deny, "the certificate names no workflow", "Its subject has to be a workflow on github.com at a branch, tag or commit.";
    BUNDLE_CLAIMS = "bundle-claims", Deny, "certificate and provenance contradict each other", "Repository, commit, branch or tag, workflow and builder stand in both. The certificate says what GitHub saw; provenance that says something else was made to deceive.";
    BUNDLE_RUNNER = "bundle-runner", Deny, "the build ran on a machine of somebody's own", "Whoever has the machine could change what was built and what is said about it; so could those who used it before.";
    BUNDLE_BUILD_TYPE = "bundle-build-type", Deny, "the provenance is of a kind its builder does not make", "Each builder describes its builds in one known way; another cannot be read with certainty.";
    AUDIT_LOG = "audit-log", Deny, "the audit log was changed", "An entry was edited, removed or moved, or the log is not the one the provenance was made with.";
    GATE_FAILED = "gate-failed", Deny, "another gate refused this release, or could not judge it", "A signature says that the maintainers stand behind it; this release was just refused, or nobody knows.";
    GATE_SILENT = "gate-silent", Note, "some gates were not run for this release", "A project may do without them. Where they are a part of its releases, one that was left out is not noticed otherwise.";
    SBOM_UNCOVERED = "sbom-uncovered", Deny, "the release's SBOM does not cover every build that is packed", "Builds for other targets have other dependencies. Who audits the SBOM that is published beside the archives would not see them.";
    FACT_EDITED = "fact-edited", Deny, "a document was edited after the gate that made it", "What is signed would not be what was found.";
    TAG_UNSIGNED = "tag-unsigned", Deny, "the release's tag is not signed by a trusted key", "Anybody who can push can move such a tag. Only annotated tags of the commit itself, with an SSH or GPG signature by a key that was named, are judged.";
    TAG_RENAMED = "tag-renamed", Deny, "the tag was made under another name", "The signature covers the name inside the tag and not that of the reference: `git verify-tag` accepts an old tag under a new name.";
    TAG_IGNORED = "tag-ignored", Warn, "tags of earlier versions are signed by no trusted key", "Anybody who can push can make a tag. Only a signed one says that the commits up to it were released; others are looked past, so that they hide no commit.";
    SOURCE_KEY_UNPINNED = "source-key-unpinned", Note, "the keys came from the checkout that they vouch for", "Whoever changed the source could have changed the keys in it. Compare their fingerprints in a second place, or name a key file of your own with --key.";
    COMMIT_UNSIGNED = "commit-unsigned", Deny, "a commit is not signed by a trusted key", "Every commit since the release before has to have an SSH or GPG signature by one of the keys given.";
    SELF_CHECK = "self-check", Deny, "what was just signed does not verify with the committed public key", "The signing key is not the one whose public half is committed in release-keys/. Users would refuse this release.";
}
