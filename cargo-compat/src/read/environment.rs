//! Which of the caller's variables builds get: the environment of children is cleared, and what a
//! build depends on must not be cleared in silence.

use std::collections::BTreeSet;
use std::path::Path;

use release_gate::process::Step;

use super::dep_info::dep_info_of;

/// Variables that say how cargo compiles.
const FLAGS: [&str; 5] = [
    "RUSTFLAGS",
    "CARGO_ENCODED_RUSTFLAGS",
    "CARGO_BUILD_RUSTFLAGS",
    "RUSTDOCFLAGS",
    "CARGO_BUILD_RUSTDOCFLAGS",
];

/// Variables that builds get by name.
#[derive(Debug, Clone, Default)]
pub struct PassedEnv {
    names: BTreeSet<String>,
    /// Whether a build failed without the caller's whole environment, and got it.
    whole: bool,
}

impl PassedEnv {
    /// cargo's flags, and what the configuration names.
    pub fn new(named: &[String]) -> Self {
        let per_target = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .filter(|name| name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS"));
        Self {
            names: FLAGS
                .iter()
                .map(|name| (*name).to_owned())
                .chain(per_target)
                .chain(named.iter().cloned())
                .collect(),
            whole: false,
        }
    }

    /// What of the caller's environment builds got, for people. Empty: nothing.
    pub fn shown(&self) -> String {
        if self.whole {
            return "the caller's whole environment, without which it fails".to_owned();
        }
        let set: Vec<&str> = self
            .names
            .iter()
            .filter(|name| std::env::var_os(name).is_some())
            .map(String::as_str)
            .collect();
        set.join(", ")
    }

    /// Hands the variables on.
    pub(super) fn apply(&self, mut step: Step) -> Step {
        for name in &self.names {
            if let Some(value) = std::env::var_os(name) {
                step = step.env(name, value);
            }
        }
        step
    }

    /// Adds those of some names that the caller has set and that are not handed on yet. Whether
    /// there were any.
    pub(super) fn add(&mut self, names: BTreeSet<String>) -> bool {
        let before = self.names.len();
        self.names.extend(
            names.into_iter().filter(|name| {
                std::env::var_os(name).is_some() && !is_ours(name) && !is_secret(name)
            }),
        );
        self.names.len() > before
    }

    /// Everything the caller has set, for a build that fails without.
    pub(super) fn add_all(&mut self) -> bool {
        let all = std::env::vars_os()
            .filter_map(|(name, _)| name.into_string().ok())
            .collect();
        let more = self.add(all);
        self.whole |= more;
        more
    }
}

/// Variables that this program sets itself, or that never decide what is compiled.
fn is_ours(name: &str) -> bool {
    const OURS: [&str; 13] = [
        "CARGO_TARGET_DIR",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_INCREMENTAL",
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "RUSTC_BOOTSTRAP",
        "PATH",
        "HOME",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "TERM",
    ];
    OURS.contains(&name)
        || name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST")
        || name.starts_with("CARGO_COMPAT_")
        || name.starts_with("RELEASE_GATES_")
}

fn is_secret(name: &str) -> bool {
    [
        "TOKEN",
        "SECRET",
        "PASSWORD",
        "PASSPHRASE",
        "CREDENTIAL",
        "PRIVATE",
    ]
    .iter()
    .any(|word| name.to_ascii_uppercase().contains(word))
}

/// Variables that a build read: cargo's dep-info names those of `env!`, build scripts name theirs.
pub(super) fn read_by_build(
    library: &Path,
    script_outputs: &[std::path::PathBuf],
) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if let Some(text) = dep_info_of(library) {
        found.extend(
            text.lines()
                .filter_map(|line| line.strip_prefix("# env-dep:"))
                .map(|line| line.split('=').next().unwrap_or_default().to_owned()),
        );
    }

    for output in script_outputs {
        let Ok(text) = std::fs::read_to_string(output) else {
            continue;
        };
        found.extend(text.lines().filter_map(|line| {
            let name = line
                .strip_prefix("cargo:rerun-if-env-changed=")
                .or_else(|| line.strip_prefix("cargo::rerun-if-env-changed="))?;
            Some(name.trim().to_owned())
        }));
    }

    found
}
