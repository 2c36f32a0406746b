//! The words of reports: what a method says is what serde writes and reads, or what people read in its place.

#![expect(
    clippy::unwrap_used,
    reason = "a word that cannot be written or read fails its test"
)]

use std::fmt::Debug;

use release_gate_facts::report::buildinfo::ProgramRole;
use release_gate_facts::report::keys::KeyStatus;
use release_gate_facts::report::repro::{UnitKind, Variation};
use release_gate_facts::report::verify::SlsaBuildLevel;
use release_gate_facts::report::vulns::{
    AdvisoryKind, Linkage, Origin, Reachability, Scope, Severity,
};
use release_gate_facts::rule::coverage_rule_id;
use release_gate_facts::{GapKind, Level};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

/// Each value, its word by the method, and its word in a report, are the same.
fn check<T>(word_of: fn(T) -> &'static str, words: &[(T, &str)])
where
    T: Copy + PartialEq + Debug + Serialize + DeserializeOwned,
{
    for (value, word) in words {
        assert_eq!(word_of(*value), *word);
        assert_eq!(serde_json::to_value(value).unwrap(), *word);
        assert_eq!(serde_json::from_value::<T>(json!(word)).unwrap(), *value);
    }
}

#[test]
fn words_of_the_envelope() {
    check(
        Level::as_str,
        &[
            (Level::Note, "note"),
            (Level::Warn, "warn"),
            (Level::Deny, "deny"),
        ],
    );
    check(
        GapKind::as_str,
        &[
            (GapKind::Missing, "missing"),
            (GapKind::Stale, "stale"),
            (GapKind::Error, "error"),
            (GapKind::OtherShape, "other-shape"),
        ],
    );
    assert_eq!(coverage_rule_id("macro"), "not-judged-macro");
}

#[test]
fn words_of_builds() {
    for (role, word, written) in [
        (ProgramRole::Linker, "linker", "linker"),
        (ProgramRole::CCompiler, "C compiler", "c-compiler"),
        (ProgramRole::Assembler, "assembler", "assembler"),
        (ProgramRole::Archiver, "archiver", "archiver"),
        (ProgramRole::Other, "program", "other"),
    ] {
        assert_eq!(role.as_str(), word);
        assert_eq!(serde_json::to_value(role).unwrap(), written);
    }
    for (kind, word, written) in [
        (UnitKind::BuildScript, "build script", "build-script"),
        (UnitKind::ProcMacro, "proc macro", "proc-macro"),
        (UnitKind::Lib, "library", "lib"),
        (UnitKind::Bin, "executable", "bin"),
        (UnitKind::CObject, "C object", "c-object"),
        (UnitKind::Link, "link", "link"),
    ] {
        assert_eq!(kind.as_str(), word);
        assert_eq!(serde_json::to_value(kind).unwrap(), written);
    }
    check(
        Variation::as_str,
        &[
            (Variation::Path, "path"),
            (Variation::Time, "time"),
            (Variation::FileTime, "file-time"),
            (Variation::Entropy, "entropy"),
            (Variation::FileOrder, "file-order"),
            (Variation::Environment, "environment"),
            (Variation::Host, "host"),
            (Variation::Jobs, "jobs"),
            (Variation::Umask, "umask"),
            (Variation::UserId, "user-id"),
            (Variation::GitHistory, "git-history"),
            (Variation::Kernel, "kernel"),
            (Variation::Processor, "processor"),
            (Variation::None, "none"),
            (Variation::Unknown, "unknown"),
        ],
    );
}

#[test]
fn words_of_advisories() {
    check(
        AdvisoryKind::as_str,
        &[
            (AdvisoryKind::Vulnerability, "vulnerability"),
            (AdvisoryKind::Malicious, "malicious"),
            (AdvisoryKind::Unmaintained, "unmaintained"),
            (AdvisoryKind::Unsound, "unsound"),
            (AdvisoryKind::Notice, "notice"),
            (AdvisoryKind::Unknown, "unknown"),
        ],
    );
    check(
        Severity::as_str,
        &[
            (Severity::None, "none"),
            (Severity::Low, "low"),
            (Severity::Medium, "medium"),
            (Severity::High, "high"),
            (Severity::Critical, "critical"),
            (Severity::Unknown, "unknown"),
        ],
    );
    check(
        Scope::as_str,
        &[
            (Scope::Artifact, "artifact"),
            (Scope::BuildTime, "build-time"),
            (Scope::NotBuilt, "not-built"),
            (Scope::Unknown, "unknown"),
        ],
    );
    check(
        Origin::as_str,
        &[
            (Origin::CratesIo, "crates.io"),
            (Origin::Registry, "registry"),
            (Origin::Git, "git"),
            (Origin::Path, "path"),
        ],
    );
    check(
        Linkage::as_str,
        &[
            (Linkage::Linked, "linked"),
            (Linkage::NotLinked, "not-linked"),
            (Linkage::Unknown, "unknown"),
        ],
    );

    let unknown = Reachability::unknown("no symbols");
    assert_eq!(unknown.result, Linkage::Unknown);
    assert_eq!(unknown.evidence, ["no symbols"]);
}

#[test]
fn words_of_keys() {
    check(
        KeyStatus::as_str,
        &[
            (KeyStatus::Active, "active"),
            (KeyStatus::Retired, "retired"),
            (KeyStatus::Revoked, "revoked"),
        ],
    );
}

#[test]
fn a_build_level_is_its_number() {
    for (level, number) in [
        (SlsaBuildLevel::L1, 1),
        (SlsaBuildLevel::L2, 2),
        (SlsaBuildLevel::L3, 3),
    ] {
        assert_eq!(u8::from(level), number);
        assert_eq!(SlsaBuildLevel::try_from(number), Ok(level));
        assert_eq!(level.to_string(), format!("L{number}"));
        assert_eq!(serde_json::to_value(level).unwrap(), number);
    }
    assert!(SlsaBuildLevel::try_from(0).is_err() && SlsaBuildLevel::try_from(4).is_err());
}
