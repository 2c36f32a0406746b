//! Every rule this tool can report.

release_gate::rules! {
    APPROXIMATION = "unit-graph-approximated", Warn, "the component list is an approximation",
        "Cargo could not give its unit graph, so the list was made from the dependency graph of `cargo metadata`. It may name packages that are in no build unit. Mend the error cargo gave.";
    PRECURSOR_DIFFERS = "precursor-differs", Deny, "cargo says otherwise what is in an artifact",
        "What cargo wrote beside the artifact (`-Zsbom`) and its unit graph do not name the same packages: the artifact was built from something else than is described.", "https://doc.rust-lang.org/cargo/reference/unstable.html#sbom";
    GAP = "sbom-gap", Note, "a minimum element of a component is not known",
        "The NTIA minimum elements ask for the supplier and version of each component. Nobody told cargo; look them up where the document is needed.", "https://www.ntia.gov/report/2021/minimum-elements-software-bill-materials-sbom";
    NO_DATABASE = "advisory-db-missing", Deny, "there is no advisory database",
        "Nothing is known about vulnerabilities without RustSec's advisory database. Clone it, or name a checkout with --db or RELEASE_GATES_ADVISORY_DB. The audit is not judged until then.", "https://github.com/rustsec/advisory-db";
    OLD_DATABASE = "advisory-db-old", Deny, "the advisory database is older than allowed",
        "A database that is older than --max-db-age misses what was published since. Fetch it again.", "https://github.com/rustsec/advisory-db";
    AGING_DATABASE = "advisory-db-aging", Warn, "the advisory database is more than 90 days old",
        "What was published since is not known to this audit. Fetch it again, or set --max-db-age.", "https://github.com/rustsec/advisory-db";
    BINARY_INCOMPLETE = "binary-incomplete", Warn, "the packages of the program are only those that panic messages name",
        "The program has no embedded dependency list. Build it with `cargo auditable build`, or audit its SBOM.", "https://github.com/rust-secure-code/cargo-auditable";
    BAD_ADVISORY = "advisory-unreadable", Warn, "an advisory of the database cannot be read",
        "The file is skipped; what it says is not known to this audit. Fetch the database again.";
    VULNERABLE = "vulnerability", Deny, "a dependency has a known vulnerability",
        "The version in Cargo.lock is affected by a published advisory at or above --fail-on, or one without a score. Update the dependency, or ignore the advisory with a reason and an expiry date.", "https://rustsec.org/";
    BELOW = "vulnerability-below-threshold", Warn, "a dependency has a known vulnerability below --fail-on",
        "The advisory's severity is below the threshold. It is listed, and does not fail the gate.", "https://rustsec.org/";
    NOT_BUILT = "vulnerability-not-built", Warn, "a vulnerable package is in Cargo.lock and in no build unit",
        "The package is locked for another target, feature set or for tests, and is not part of this build. It may be of others.";
    RELEASE_UNJUDGED = "release-not-judged", Deny, "a release's lock file is missing or cannot be read",
        "What that release shipped is not known, so neither is what affects it. The call ends as not judged.";
    OTHER_TARGET = "vulnerability-other-target", Warn, "a vulnerability concerns other targets only",
        "The advisory is limited to systems or processors that this build is not for. Builds for others are affected.", "https://rustsec.org/";
    OTHER_SOURCE = "advisory-other-source", Warn, "a package of the name and version of a vulnerable one comes from elsewhere",
        "The advisory is about the package on crates.io; a git, path or other registry's package of that name and version may have the same defect, or be another package altogether. Look at it.", "https://rustsec.org/";
    IGNORED = "advisory-ignored", Note, "an advisory is ignored by the configuration",
        "It is listed with the reason and the date on which it is looked at again.";
    YANKED = "yanked", Warn, "a dependency's version was yanked",
        "Its authors took it back, often because of a defect. `cargo update` takes another one. What was yanked is known from cargo's own copy of the index, as cargo saw it last.", "https://doc.rust-lang.org/cargo/commands/cargo-yank.html";
    MALICIOUS = "malicious", Deny, "a dependency was made to do harm",
        "A database says that this version of the package is malicious. Remove it, and treat every machine that built it as compromised.", "https://osv.dev/";
    UNKNOWN_KIND = "advisory-of-unknown-kind", Deny, "an advisory is of a kind that is not known",
        "The database has a kind of advisory that this version does not know, so nobody has said that it does not matter. Update cargo-sbom-lite, or ignore the advisory with a reason and a date.", "https://rustsec.org/";
    TOOLCHAIN = "toolchain-advisory", Warn, "an advisory concerns the toolchain",
        "The standard library is part of the artifact, rustc and cargo made it. Build with a release of Rust that has the repair.", "https://rustsec.org/";
    UNMAINTAINED = "unmaintained", Warn, "a dependency is unmaintained",
        "Nobody will fix the next vulnerability. Plan a replacement.", "https://rustsec.org/";
    UNSOUND = "unsound", Warn, "a dependency is unsound",
        "Safe code can cause undefined behaviour through it. Update or replace it.", "https://rustsec.org/";
    NOTICE = "notice", Note, "an advisory has a notice about a dependency",
        "RustSec published something its users should know.", "https://rustsec.org/";
    VEX_UNUSABLE = "vex-statement-unusable", Warn, "a VEX statement does not silence what it is about",
        "It names another product, version or id than what was found, gives no justification, or what it says is refuted by the build. The advisory weighs as if there were no statement.", "https://github.com/openvex/spec";
    NOT_FETCHED = "advisory-db-not-fetched", Warn, "the advisory database could not be fetched",
        "The copy on this machine was used. What was published since it was made is not known to this audit.", "https://github.com/rustsec/advisory-db";
    IGNORE_EXPIRED = "ignore-expired", Deny, "an ignored advisory's date has passed",
        "Ignores expire so that they are looked at again. Renew the date with a reason, or update the dependency.";
    IGNORE_UNMATCHED = "ignore-unmatched", Warn, "an ignore matches no advisory any more",
        "The dependency was updated or removed. Take the ignore out, so that it does not hide the next finding.";
    LICENSE_MISSING = "license-missing", Deny, "a package states no licence",
        "Without a licence nobody may use it. Ask its authors, or add an exception with a reason.", "https://doc.rust-lang.org/cargo/reference/manifest.html#the-license-and-license-file-fields";
    LICENSE_FILE = "license-file-only", Warn, "a package names a licence file instead of an SPDX expression",
        "A machine cannot tell which licence it is. Read the file and add an exception.", "https://spdx.org/licenses/";
    LICENSE_INVALID = "license-invalid", Deny, "a package's licence is not an SPDX expression",
        "It cannot be compared with a policy. The text is kept in the SBOM as it is.", "https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/";
    LICENSE_NO_POLICY = "license-no-policy", Note, "there is no licence policy",
        "Every stated licence passes. Set `licenses.allow` or `licenses.deny`; `cargo sbom-lite init` writes a policy from what is there.";
    LICENSE_CHANGED = "license-text-changed", Deny, "a licence text is not the one that was read",
        "The exception binds the digest of the file that a person read, and the package has another one now. Read it, and set the new digest.";
    LICENSE_EXCEPTION = "license-exception-unmatched", Warn, "a licence exception matches no package any more",
        "The package was replaced or removed, or states another licence now. Take the exception out, so that it does not hide the next finding.";
    LICENSE_DENIED = "license-denied", Deny, "a package's licence is not allowed by the policy",
        "No alternative of its licence expression is in `licenses.allow`, or it is in `licenses.deny`. Replace the package, or allow the licence.";
    PIN_CHECKSUM = "pin-checksum", Deny, "a registry package has no checksum in Cargo.lock",
        "Nothing says that tomorrow's download is today's. Regenerate the lock file with a current cargo.";
    PIN_GIT = "pin-git", Deny, "a git dependency has no full commit in Cargo.lock",
        "A branch or tag can move. Regenerate the lock file, or name a `rev`.";
    PIN_PATH = "pin-path", Deny, "a dependency comes from a folder outside the workspace",
        "Others cannot build what is only on this machine. Move it into the workspace, or publish it.";
    PIN_WILDCARD = "pin-wildcard", Warn, "a dependency takes any version",
        "`*` accepts incompatible versions with the next update. Give a version requirement.", "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html";
    PIN_VENDOR = "pin-vendor", Deny, "a vendored package is not what its checksums say",
        "A file of the vendored copy was changed, added or removed, or the copy is of another package than Cargo.lock names. Run `cargo vendor` again.", "https://doc.rust-lang.org/cargo/commands/cargo-vendor.html";
    PIN_SOURCE = "pin-source", Deny, "sources are not those of the archive that Cargo.lock names",
        "A file of a vendored copy or of cargo's unpacked sources differs from the archive whose checksum is locked, whatever lists of checksums beside it say. What is built is not what was locked.", "https://github.com/rust-lang/cargo/issues/16850";
    PIN_LOCK = "pin-lock", Deny, "Cargo.lock is missing or does not match Cargo.toml",
        "Without it every build resolves its own versions. Generate and commit it.";
    NEW_COMPONENT = "new-dependency", Deny, "a component was added",
        "It is in the second SBOM and not in the first.";
    GONE_COMPONENT = "removed-dependency", Deny, "a component was removed",
        "It is in the first SBOM and not in the second.";
    VERSION_CHANGED = "version-changed", Deny, "a component's version changed",
        "The two SBOMs name different versions.";
    LICENCE_CHANGED = "license-changed", Deny, "a component's licence changed",
        "The two SBOMs state different licences for the same version.";
    FEATURES_CHANGED = "features-changed", Deny, "a component is built with other features",
        "The two SBOMs name different features for the same version: other code of it is compiled.";
    HASH_CHANGED = "hash-changed", Deny, "a component's hash changed",
        "The same name, version and source with other bytes: a red flag.";
    SOURCE_CHANGED = "source-changed", Deny, "a component comes from another source",
        "A registry package became a git or path one, or the other way round: a red flag.";
    RELATION_CHANGED = "relation-changed", Deny, "a component moved between artifact and build time",
        "It is shipped in one SBOM and only used at build time in the other, or its dependencies changed.";
    DOCUMENT_CHANGED = "document-changed", Deny, "the documents differ outside their components",
        "Metadata such as the commit, tool or timestamp differs.";
    NOT_JUDGED_COMPONENT = "not-judged-component", Deny, "a component cannot be looked up",
        "It has no package URL, one that cannot be read or contradicts it, a name no crate can have, or a version that is none; so nothing is known about its vulnerabilities. The audit ends as not judged until the document says what it is.", "https://github.com/package-url/purl-spec";
    NOT_JUDGED_DOCUMENT = "not-judged-document", Deny, "a document is not all of it",
        "It says itself that it is incomplete, refers to parts in other documents, names components that it does not have, or lists none. The audit ends as not judged: audit the other documents too, or make a whole one.";
    NOT_JUDGED_REPOSITORY = "not-judged-repository", Warn, "a component is named by its repository only, or by a type of package that is not known",
        "Whether a crate is meant, and which version of it, is not said. If it is a crate, give it a package URL of the type `cargo`.", "https://github.com/package-url/purl-spec";
    NOT_JUDGED_OTHER = "not-judged-other", Note, "a component of another kind was not looked up",
        "Advisories about crates say nothing about packages of other ecosystems, files, systems and the toolchain. Audit those with a tool that knows them.";
    NOT_JUDGED_PROGRAM = "not-judged-program", Deny, "a program does not list its packages",
        "Panic messages name some of them, and nobody knows how many they leave out. Build it with `cargo auditable build`, or audit its SBOM.", "https://github.com/rust-secure-code/cargo-auditable";
    NOT_JUDGED_ADVISORY = "not-judged-advisory", Note, "an advisory could not be read",
        "What it says is not known to this audit. Fetch the database again, or update cargo-sbom-lite.";
    NOT_JUDGED_DATABASE = "not-judged-database", Note, "nothing was looked up",
        "There is no advisory database, so nothing is known about vulnerabilities. `--fetch` clones it; or name a checkout with --db.", "https://github.com/rustsec/advisory-db";
    NOT_JUDGED_LOCK = "not-judged-lock", Note, "the packages of Cargo.lock were not judged",
        "Cargo.lock is missing, cannot be read, or is not what cargo would build from. Bring it up to date and commit it.";
    NOT_JUDGED_AGE = "not-judged-age", Note, "the age of the advisory database is not known",
        "It is not a git checkout, so what was published lately may be missing. Use a checkout, or take care that it is fetched.", "https://github.com/rustsec/advisory-db";
    NOT_JUDGED_YANKED = "not-judged-yanked", Note, "it is not known whether a version was yanked",
        "Yanked versions are known from cargo's own copies of the index, and this machine has none of these packages. `cargo fetch` brings them.", "https://doc.rust-lang.org/cargo/commands/cargo-yank.html";
    NOT_JUDGED_PACKAGE = "not-judged-package", Note, "a package of the workspace was not judged",
        "The call was about other packages. `--workspace` judges all.";
    NOT_JUDGED_LICENSE = "not-judged-license", Note, "a licence text was not recognised",
        "No machine is certain which licence it is. Read the file and add an exception with its digest.";
    NOT_JUDGED_ARTIFACT = "not-judged-artifact", Note, "the digests of the artifacts are not in the document",
        "`buildinfo.json` is there and says nothing about what is described: it is of another commit or lock file, or its build failed. Run `cargo repro build`, then write the document again.";
    NOT_JUDGED_SOURCE = "not-judged-source", Warn, "a package's sources were not compared with Cargo.lock",
        "The archive that the checksum names is not on this machine, so nobody knows whether the sources are those of the archive. `--fetch` gets it.", "https://doc.rust-lang.org/cargo/commands/cargo-vendor.html";
}
