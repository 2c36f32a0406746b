//! Every rule this tool can report.

use release_gate::{Level, Rule};

macro_rules! rules {
    ($($name:ident = $id:literal, $level:ident, $summary:literal, $why:literal, $link:literal;)*) => {
        $(pub(crate) const $name: Rule = Rule { id: $id, level: Level::$level, summary: $summary, why: $why, link: $link };)*
        /// The catalogue.
        pub const RULES: &[Rule] = &[$($name),*];
    };
}

rules! {
    APPROXIMATION = "unit-graph-approximated", Warn, "the component list is an approximation",
        "Cargo could not give its unit graph, so the list was made from the dependency graph of `cargo metadata`. It may name packages that are in no build unit. Mend the error cargo gave.", "";
    GAP = "sbom-gap", Note, "a minimum element of a component is not known",
        "The NTIA minimum elements ask for the supplier and version of each component. Nobody told cargo; look them up where the document is needed.", "https://www.ntia.gov/report/2021/minimum-elements-software-bill-materials-sbom";
    NO_DATABASE = "advisory-db-missing", Deny, "there is no advisory database",
        "Nothing is known about vulnerabilities without RustSec's advisory database. Clone it, or name a checkout with --db or RELEASE_GATES_ADVISORY_DB. The audit is not judged until then.", "https://github.com/rustsec/advisory-db";
    OLD_DATABASE = "advisory-db-old", Deny, "the advisory database is older than allowed",
        "A database that is older than --max-db-age misses what was published since. Fetch it again.", "https://github.com/rustsec/advisory-db";
    AGING_DATABASE = "advisory-db-aging", Warn, "the advisory database is more than 90 days old",
        "What was published since is not known to this audit. Fetch it again, or set --max-db-age.", "https://github.com/rustsec/advisory-db";
    SBOM_UNJUDGED = "sbom-not-judged", Deny, "a component of the SBOM cannot be looked up",
        "It has no package URL, or a version that cannot be read, so nothing is known about its vulnerabilities. The audit is not judged until the document says what it is.", "https://github.com/package-url/purl-spec";
    BINARY_INCOMPLETE = "binary-incomplete", Warn, "the packages of the program are only those that panic messages name",
        "The program has no embedded dependency list. Build it with `cargo auditable build`, or audit its SBOM.", "https://github.com/rust-secure-code/cargo-auditable";
    BAD_ADVISORY = "advisory-unreadable", Warn, "an advisory of the database cannot be read",
        "The file is skipped; what it says is not known to this audit. Fetch the database again.", "";
    VULNERABLE = "vulnerability", Deny, "a dependency has a known vulnerability",
        "The version in Cargo.lock is affected by a published advisory at or above --fail-on, or one without a score. Update the dependency, or ignore the advisory with a reason and an expiry date.", "https://rustsec.org/";
    BELOW = "vulnerability-below-threshold", Warn, "a dependency has a known vulnerability below --fail-on",
        "The advisory's severity is below the threshold. It is listed, and does not fail the gate.", "https://rustsec.org/";
    NOT_BUILT = "vulnerability-not-built", Warn, "a vulnerable package is in Cargo.lock and in no build unit",
        "The package is locked for another target, feature set or for tests, and is not part of this build. It may be of others.", "";
    RELEASE_UNJUDGED = "release-not-judged", Deny, "a release's lock file is missing or cannot be read",
        "What that release shipped is not known, so neither is what affects it. The call ends as not judged.", "";
    OTHER_TARGET = "vulnerability-other-target", Warn, "a vulnerability concerns other targets only",
        "The advisory is limited to systems or processors that this build is not for. Builds for others are affected.", "https://rustsec.org/";
    OTHER_SOURCE = "advisory-other-source", Warn, "a package of the name and version of a vulnerable one comes from elsewhere",
        "The advisory is about the package on crates.io; a git, path or other registry's package of that name and version may have the same defect, or be another package altogether. Look at it.", "https://rustsec.org/";
    IGNORED = "advisory-ignored", Note, "an advisory is ignored by the configuration",
        "It is listed with the reason and the date on which it is looked at again.", "";
    YANKED = "yanked", Warn, "a dependency's version was yanked",
        "Its authors took it back, often because of a defect. `cargo update` takes another one. What was yanked is known from cargo's own copy of the index, as cargo saw it last.", "https://doc.rust-lang.org/cargo/commands/cargo-yank.html";
    UNMAINTAINED = "unmaintained", Warn, "a dependency is unmaintained",
        "Nobody will mend the next vulnerability. Plan a replacement.", "https://rustsec.org/";
    UNSOUND = "unsound", Warn, "a dependency is unsound",
        "Safe code can cause undefined behaviour through it. Update or replace it.", "https://rustsec.org/";
    NOTICE = "notice", Note, "an advisory has a notice about a dependency",
        "RustSec published something its users should know.", "https://rustsec.org/";
    IGNORE_EXPIRED = "ignore-expired", Deny, "an ignored advisory's date has passed",
        "Ignores expire so that they are looked at again. Renew the date with a reason, or update the dependency.", "";
    IGNORE_UNMATCHED = "ignore-unmatched", Warn, "an ignore matches no advisory any more",
        "The dependency was updated or removed. Take the ignore out, so that it does not hide the next finding.", "";
    LICENSE_MISSING = "license-missing", Deny, "a package states no licence",
        "Without a licence nobody may use it. Ask its authors, or add an exception with a reason.", "https://doc.rust-lang.org/cargo/reference/manifest.html#the-license-and-license-file-fields";
    LICENSE_FILE = "license-file-only", Warn, "a package names a licence file instead of an SPDX expression",
        "A machine cannot tell which licence it is. Read the file and add an exception.", "https://spdx.org/licenses/";
    LICENSE_INVALID = "license-invalid", Deny, "a package's licence is no SPDX expression",
        "It cannot be compared with a policy. The text is kept in the SBOM as it is.", "https://spdx.github.io/spdx-spec/v2.3/SPDX-license-expressions/";
    LICENSE_EXCEPTION = "license-exception-unmatched", Warn, "a licence exception matches no package any more",
        "The package was replaced or removed, or states another licence now. Take the exception out, so that it does not hide the next finding.", "";
    LICENSE_DENIED = "license-denied", Deny, "a package's licence is not allowed by the policy",
        "No alternative of its licence expression is in `licenses.allow`, or it is in `licenses.deny`. Replace the package, or allow the licence.", "";
    PIN_CHECKSUM = "pin-checksum", Deny, "a registry package has no checksum in Cargo.lock",
        "Nothing says that tomorrow's download is today's. Regenerate the lock file with a current cargo.", "";
    PIN_GIT = "pin-git", Deny, "a git dependency has no full commit in Cargo.lock",
        "A branch or tag can move. Regenerate the lock file, or name a `rev`.", "";
    PIN_PATH = "pin-path", Deny, "a dependency comes from a folder outside the workspace",
        "Others cannot build what is only on this machine. Move it into the workspace, or publish it.", "";
    PIN_WILDCARD = "pin-wildcard", Warn, "a dependency takes any version",
        "`*` accepts incompatible versions with the next update. Give a version requirement.", "https://doc.rust-lang.org/cargo/reference/specifying-dependencies.html";
    PIN_VENDOR = "pin-vendor", Deny, "a vendored package is not what its checksums say",
        "A file of the vendored copy was changed, added or removed, or the copy is of another package than Cargo.lock names. Run `cargo vendor` again.", "https://doc.rust-lang.org/cargo/commands/cargo-vendor.html";
    PIN_LOCK = "pin-lock", Deny, "Cargo.lock is missing or does not match Cargo.toml",
        "Without it every build resolves its own versions. Generate and commit it.", "";
    NEW_COMPONENT = "new-dependency", Deny, "a component was added",
        "It is in the second SBOM and not in the first.", "";
    GONE_COMPONENT = "removed-dependency", Deny, "a component was removed",
        "It is in the first SBOM and not in the second.", "";
    VERSION_CHANGED = "version-changed", Deny, "a component's version changed",
        "The two SBOMs name different versions.", "";
    LICENCE_CHANGED = "license-changed", Deny, "a component's licence changed",
        "The two SBOMs state different licences for the same version.", "";
    FEATURES_CHANGED = "features-changed", Deny, "a component is built with other features",
        "The two SBOMs name different features for the same version: other code of it is compiled.", "";
    HASH_CHANGED = "hash-changed", Deny, "a component's hash changed",
        "The same name, version and source with other bytes: a red flag.", "";
    SOURCE_CHANGED = "source-changed", Deny, "a component comes from another source",
        "A registry package became a git or path one, or the other way round: a red flag.", "";
    RELATION_CHANGED = "relation-changed", Deny, "a component moved between artifact and build time",
        "It is shipped in one SBOM and only used at build time in the other, or its dependencies changed.", "";
    DOCUMENT_CHANGED = "document-changed", Deny, "the documents differ outside their components",
        "Metadata such as the commit, tool or timestamp differs.", "";
}
