//! Causes as reports show them, and the catalogue of variations.

use std::collections::BTreeMap;

use release_gate::digest::Sha256Digest;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::build::UnitKind;

/// What was varied when the output changed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Variation {
    /// Where the build ran: folders and their length, CARGO_HOME.
    Path,
    /// The clock.
    Time,
    /// File modification times.
    FileTime,
    /// Random numbers: hash seeds, random constants.
    Entropy,
    /// The order in which folders list their files.
    FileOrder,
    /// HOME, USER, LANG, TZ and other variables.
    Environment,
    /// The name of the machine.
    Host,
    /// The number of parallel jobs.
    Jobs,
    /// umask: permissions of new files.
    Umask,
    /// The user and group that build.
    UserId,
    /// How much of the history git knows: depth and tags.
    GitHistory,
    /// Nothing was varied and it differed all the same: threads, addresses, the compiler.
    None,
    /// It could not be narrowed down to one.
    Unknown,
}

impl Variation {
    /// Every variation with the word reports use, what is done to vary it, and what mends a build
    /// that depends on it.
    pub(crate) const CATALOGUE: &'static [(Self, &'static str, &'static str, &'static str)] = &[
        (
            Self::Path,
            "path",
            "every folder has another name and length: sources, target folder, CARGO_HOME, HOME",
            "do not embed `env!(\"CARGO_MANIFEST_DIR\")`, `env!(\"OUT_DIR\")` or the current folder; use paths relative to the \
             package, `include_str!`/`include_bytes!`, or look the folder up at run time",
        ),
        (
            Self::Time,
            "time",
            "the clock is more than a year ahead (interposer)",
            "take the time from SOURCE_DATE_EPOCH, which sealed builds set to the commit's time, or leave it out",
        ),
        (
            Self::FileTime,
            "file-time",
            "the sources' modification times are another day's",
            "do not embed modification times; `rust-embed` has the feature `deterministic-timestamps`, `include_dir` embeds \
             none without its feature `metadata`",
        ),
        (
            Self::Entropy,
            "entropy",
            "random numbers come from another seed (interposer); without it from the system as ever",
            "iterate over `BTreeMap`, `IndexMap` or sorted vectors in macros and build scripts, never over `HashMap`; do not \
             make random constants at build time",
        ),
        (
            Self::FileOrder,
            "file-order",
            "folders list their files in ascending order once, in descending order once (interposer)",
            "sort what `read_dir`, `glob` and `walkdir` return",
        ),
        (
            Self::Environment,
            "environment",
            "HOME, USER, LOGNAME, LANG, LC_ALL, TZ, SHELL, TERM and a variable of no meaning have other values",
            "do not embed the environment of the machine that builds; pass what is meant on purpose through `[env]` in \
             `.cargo/config.toml`",
        ),
        (
            Self::Host,
            "host",
            "the machine has another name (namespace or interposer)",
            "do not embed the name of the machine that builds",
        ),
        (
            Self::Jobs,
            "jobs",
            "cargo runs with another number of jobs, and programs see another number of processors (interposer)",
            "do not embed NUM_JOBS, and do not let the order in which threads end decide",
        ),
        (
            Self::Umask,
            "umask",
            "new files get other permissions",
            "set the permissions of packed files, do not copy them from the disk",
        ),
        (
            Self::UserId,
            "user-id",
            "the build runs as another user and group (user namespace)",
            "do not embed who builds: pass owners to whatever packs files (`tar --owner=0 --group=0 --numeric-owner`), and do \
             not ask `whoami` or `id`",
        ),
        (
            Self::GitHistory,
            "git-history",
            "the repository is a shallow one without tags",
            "embed the whole id of the commit, never `git describe`, tags, counts of commits or shortened ids",
        ),
        (
            Self::None,
            "none",
            "nothing: the same call in the same place is repeated",
            "threads, addresses or the compiler itself; `codegen-units = 1`, `lto = \"off\"` or a newer compiler may help",
        ),
        (
            Self::Unknown,
            "unknown",
            "several at once",
            "compare the evidence; `cargo repro diff` shows where the files differ",
        ),
    ];

    fn entry(self) -> &'static (Self, &'static str, &'static str, &'static str) {
        let found = Self::CATALOGUE
            .iter()
            .find(|(variation, ..)| *variation == self);
        found.unwrap_or(&Self::CATALOGUE[Self::CATALOGUE.len() - 1])
    }

    /// The word reports use.
    pub(crate) fn as_str(self) -> &'static str {
        self.entry().1
    }

    /// What mends a source that depends on it.
    pub(crate) fn advice(self) -> &'static str {
        self.entry().3
    }
}

/// What mends a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Fix {
    /// What to do.
    pub(crate) text: String,
    /// Whether it was applied to a replay, which then came out equal.
    pub(crate) confirmed: bool,
    /// Configuration that does it, as `file key = value`, which `cargo repro fix` writes; `null`
    /// for changes of source.
    pub(crate) config: Option<ConfigFix>,
    /// Further lines of configuration that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) more: Vec<ConfigFix>,
}

impl Fix {
    /// What would mend it and cannot be tried on a replay.
    pub(crate) fn advice(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            confirmed: false,
            config: None,
            more: Vec::new(),
        }
    }

    /// Configuration that made a replay equal.
    pub(crate) fn tried(text: String, config: ConfigFix) -> Self {
        Self {
            text,
            confirmed: true,
            config: Some(config),
            more: Vec::new(),
        }
    }
}

/// A line of configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ConfigFix {
    /// File, relative to the workspace.
    pub(crate) file: String,
    /// Dotted key.
    pub(crate) key: String,
    /// Its value, as TOML.
    pub(crate) value: String,
}

/// One cause, as `causes` of `repro.json` has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Cause {
    /// `name version` of the package to blame.
    pub(crate) package: String,
    /// The unit to blame.
    pub(crate) unit: UnitKind,
    /// What was varied.
    pub(crate) variation: Variation,
    /// Section of the first artifact in which it shows.
    pub(crate) section: Option<String>,
    /// Symbol of the first artifact in which it shows.
    pub(crate) symbol: Option<String>,
    /// Where in the source, `path:line`, relative to the package.
    pub(crate) source: Option<String>,
    /// What was seen.
    pub(crate) evidence: Vec<String>,
    /// What mends it, where something is known.
    pub(crate) fix: Option<Fix>,
}

impl Cause {
    /// A unit is to blame; nothing else is known yet.
    pub(crate) fn of(package: &str, version: &str, unit: UnitKind) -> Self {
        Self {
            package: format!("{package} {version}"),
            unit,
            variation: Variation::Unknown,
            section: None,
            symbol: None,
            source: None,
            evidence: Vec::new(),
            fix: None,
        }
    }
}

/// One artifact of both builds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Compared {
    pub(crate) name: String,
    pub(crate) target: String,
    /// Digests in A and B; `null` where one build did not make it.
    pub(crate) sha256: [Option<Sha256Digest>; 2],
    pub(crate) identical: bool,
}

/// `data` of `repro.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ReproData {
    pub(crate) artifacts: Vec<Compared>,
    pub(crate) causes: Vec<Cause>,
    /// Compiled units compared, and how many of them differ.
    pub(crate) units: UnitCount,
    /// Release of the compiler both builds were made with, such as `1.95.0`.
    #[serde(default)]
    pub(crate) toolchain: Option<String>,
    /// Packages that take the time from SOURCE_DATE_EPOCH and were shown to embed the clock's
    /// without it, as plain builds do.
    #[serde(default)]
    pub(crate) takes_epoch: Vec<String>,
    /// What was different in build B.
    pub(crate) varied: Vec<String>,
    /// What could not be varied on this machine, and why.
    pub(crate) not_varied: BTreeMap<String, String>,
}

/// How many units were compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct UnitCount {
    pub(crate) compared: u32,
    pub(crate) differing: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_catalogue_are_the_serialized_ones() {
        for (variation, word, ..) in Variation::CATALOGUE {
            assert_eq!(serde_json::to_value(variation).unwrap(), *word);
            assert_eq!(variation.as_str(), *word);
        }
    }
}
