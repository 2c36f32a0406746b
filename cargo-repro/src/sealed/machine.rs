//! Settings of the machine that would decide what is built and that sealed builds do not see: they
//! are named, so that nobody wonders why a release is another one than plain cargo's.

use std::path::Path;

use release_gate::Result;

use super::cargo_config::unseen_settings;
use super::downloads::user_cargo_home;

/// A setting that sealed builds do not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unseen {
    /// The variable, or the key and its file.
    pub(crate) what: String,
    /// Where it belongs for builds to see it.
    pub(crate) instead: String,
}

/// Variables by their whole name, and the key of cargo's configuration that sealed builds see.
const VARIABLES: &[(&str, &str)] = &[
    ("RUSTFLAGS", "build.rustflags"),
    ("CARGO_ENCODED_RUSTFLAGS", "build.rustflags"),
    ("CARGO_BUILD_RUSTFLAGS", "build.rustflags"),
    ("RUSTC_WRAPPER", "build.rustc-wrapper"),
    ("CARGO_BUILD_RUSTC_WRAPPER", "build.rustc-wrapper"),
    ("RUSTC_WORKSPACE_WRAPPER", "build.rustc-workspace-wrapper"),
    (
        "CARGO_BUILD_RUSTC_WORKSPACE_WRAPPER",
        "build.rustc-workspace-wrapper",
    ),
    ("CARGO_BUILD_TARGET", "build.target"),
    ("RUSTC_BOOTSTRAP", "env.RUSTC_BOOTSTRAP"),
];

/// Programs and flags that build scripts look for, also with a target before or behind.
const C_VARIABLES: &[&str] = &[
    "CC", "CXX", "AR", "RANLIB", "NM", "STRIP", "CFLAGS", "CXXFLAGS", "CPPFLAGS", "LDFLAGS",
    "ARFLAGS",
];

/// The section of cargo's configuration that a variable stands for, by how its name begins.
const PREFIXES: &[(&str, &str)] = &[
    ("CARGO_PROFILE_", "profile"),
    ("CARGO_TARGET_", "target"),
    ("CARGO_UNSTABLE_", "unstable"),
    ("CARGO_HOST_", "host"),
];

/// Where a variable's value belongs; `None` for one that decides nothing.
fn belongs(name: &str) -> Option<String> {
    if let Some((_, key)) = VARIABLES.iter().find(|(variable, _)| *variable == name) {
        return Some((*key).to_owned());
    }
    if matches!(name, "CARGO_TARGET_DIR") {
        return None;
    }
    if let Some((_, section)) = PREFIXES.iter().find(|(start, _)| name.starts_with(start)) {
        return Some((*section).to_owned());
    }

    let bare = name
        .strip_prefix("HOST_")
        .or_else(|| name.strip_prefix("TARGET_"))
        .unwrap_or(name);
    let is_of_c = C_VARIABLES.iter().any(|variable| {
        bare.strip_prefix(variable)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    });
    is_of_c.then(|| format!("env.{name}"))
}

/// Every setting of the machine that sealed builds do not see, sorted; `pass_env` are variables that
/// the project hands on itself.
///
/// # Errors
/// A configuration file of the machine cannot be read.
pub(crate) fn unseen(repository: &Path, pass_env: &[String]) -> Result<Vec<Unseen>> {
    let mut found: Vec<Unseen> = std::env::vars_os()
        .filter(|(_, value)| !value.is_empty())
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| !pass_env.contains(name))
        .filter_map(|name| {
            Some(Unseen {
                instead: belongs(&name)?,
                what: name,
            })
        })
        .collect();

    let settings = unseen_settings(repository, user_cargo_home().as_deref())?;
    found.extend(settings.into_iter().map(|(key, file)| Unseen {
        what: format!("`{key}` in {file}"),
        instead: key,
    }));
    found.sort_by(|a, b| a.what.cmp(&b.what));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_decide_builds_are_known() {
        for (name, key) in [
            ("RUSTFLAGS", "build.rustflags"),
            ("CARGO_PROFILE_RELEASE_LTO", "profile"),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "target"),
            ("CC", "env.CC"),
            (
                "CFLAGS_x86_64_unknown_linux_gnu",
                "env.CFLAGS_x86_64_unknown_linux_gnu",
            ),
            ("TARGET_CC", "env.TARGET_CC"),
        ] {
            assert_eq!(belongs(name).as_deref(), Some(key), "{name}");
        }
        for name in [
            "CARGO_TARGET_DIR",
            "CCACHE_DIR",
            "CARGO_HOME",
            "PATH",
            "ARCH",
        ] {
            assert_eq!(belongs(name), None, "{name}");
        }
    }
}
