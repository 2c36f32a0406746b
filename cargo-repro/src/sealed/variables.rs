//! Which variables of the caller sealed builds and others' code may see, and which decide how sealed
//! builds are made. Knows no sandbox.

use std::ffi::{OsStr, OsString};

/// The caller's variables of these names.
pub(crate) fn handed_on(names: &[String]) -> Vec<(String, OsString)> {
    names
        .iter()
        .filter_map(|name| Some((name.clone(), std::env::var_os(name)?)))
        .collect()
}

/// A variable of the caller's as others' code may see it: without what signs in. `None` for what it
/// must not see at all: of cargo's registries only the addresses are handed on.
pub(crate) fn without_secrets(name: &OsStr, value: &OsStr) -> Option<OsString> {
    let name = name.to_str()?;
    let secret = ["TOKEN", "SECRET", "CREDENTIAL", "PASSWORD"]
        .iter()
        .any(|word| name.contains(word));

    let named = name.strip_prefix("CARGO_REGISTRIES_");
    let default = name.strip_prefix("CARGO_REGISTRY_");
    let is_handed_on = match (named, default) {
        (Some(rest), _) => rest.ends_with("_INDEX") || rest.ends_with("_PROTOCOL"),
        (_, Some(rest)) => matches!(rest, "DEFAULT" | "INDEX"),
        _ => true,
    };
    if secret || !is_handed_on {
        return None;
    }

    Some(
        value
            .to_str()
            .map_or_else(|| value.to_owned(), |text| without_userinfo(text).into()),
    )
}

/// An address without the name and password in it; a name alone stays where ssh needs it.
pub(crate) fn without_userinfo(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (scheme, rest),
        // curl takes a proxy without scheme.
        None if text.contains('@') && !text.contains(['/', ' ']) && text.contains(':') => {
            ("", text)
        }
        None => return text.to_owned(),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    let Some((user, host)) = authority.rsplit_once('@') else {
        return text.to_owned();
    };
    let user = match user.split_once(':') {
        _ if !scheme.ends_with("ssh") => "",
        Some((name, _)) => name,
        None => user,
    };
    let at = if user.is_empty() { "" } else { "@" };
    let colon = if scheme.is_empty() { "" } else { "://" };
    format!("{scheme}{colon}{user}{at}{host}{path}")
}

/// Whether a variable names a program that compiles C, or says how it is called: `CC`, `CC_host`.
fn names_tool(name: &str) -> bool {
    let tools = [
        "CC", "CXX", "AR", "LD", "NM", "AS", "RANLIB", "STRIP", "OBJCOPY", "CPP",
    ];
    tools.iter().any(|tool| {
        name.strip_prefix(tool)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_'))
    })
}

/// Whether a variable decides how sealed builds are made: then it is no stranger's to set, whatever
/// the commit's configuration says.
pub(crate) fn governs(name: &str) -> bool {
    let upper = name.to_ascii_uppercase();
    let bare = upper
        .strip_prefix("HOST_")
        .or_else(|| upper.strip_prefix("TARGET_"))
        .unwrap_or(&upper);

    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');

    !plain
        || FAMILIES.iter().any(|start| upper.starts_with(start))
        || upper.contains("FLAGS")
        || names_tool(bare)
        || SET.contains(&upper.as_str())
}

/// How the names begin of what cargo, compilers, loaders, git and this program obey.
const FAMILIES: &[&str] = &[
    "CARGO",
    "RUST",
    "LD_",
    "DYLD_",
    "TMP",
    "TEMP",
    "GIT_",
    "REPRO_",
    "RELEASE_GATES",
    "LC_",
    "PKG_CONFIG",
    "GCC_",
    "COMPILER_",
];

/// What the place sets itself, and what shells and compilers obey.
const SET: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LANGUAGE",
    "TZ",
    "SHELL",
    "HOSTNAME",
    "SOURCE_DATE_EPOCH",
    "ZERO_AR_DATE",
    "ENV",
    "BASH_ENV",
    "IFS",
    "CPATH",
    "C_INCLUDE_PATH",
    "CPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "LIBRARY_PATH",
    "SYSTEMROOT",
    "SYSTEMDRIVE",
    "COMSPEC",
    "PATHEXT",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A variable as others' code sees it.
    fn seen_value(name: &str, value: &str) -> Option<String> {
        let value = without_secrets(name.as_ref(), value.as_ref())?;
        Some(value.into_string().unwrap())
    }

    #[test]
    fn passwords_stay_outside() {
        assert_eq!(
            seen_value("CARGO_REGISTRIES_X_INDEX", "sparse+https://u:pw@h/i/").as_deref(),
            Some("sparse+https://h/i/")
        );

        assert_eq!(
            seen_value("CARGO_REGISTRIES_X_INDEX", "ssh://git@h/i").as_deref(),
            Some("ssh://git@h/i")
        );

        assert_eq!(
            seen_value("CARGO_REGISTRIES_X_INDEX", "ssh://git:pw@h/i").as_deref(),
            Some("ssh://git@h/i")
        );

        assert_eq!(
            seen_value("https_proxy", "http://u:p@w@h:80").as_deref(),
            Some("http://h:80")
        );

        assert_eq!(
            seen_value("https_proxy", "u:pw@h:80").as_deref(),
            Some("h:80")
        );
        assert_eq!(
            seen_value("https_proxy", "http://h:80/a@b").as_deref(),
            Some("http://h:80/a@b")
        );

        for name in [
            "CARGO_REGISTRIES_X_KEY",
            "CARGO_REGISTRIES_X_TOKEN",
            "CARGO_REGISTRIES_X_CREDENTIAL_PROVIDER",
            "CARGO_REGISTRY_TOKEN",
        ] {
            assert_eq!(seen_value(name, "secret"), None, "{name}");
        }
    }

    #[test]
    fn what_decides_about_builds_is_no_strangers() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_BOOTSTRAP",
            "CARGO_PROFILE_RELEASE_OPT_LEVEL",
            "PATH",
            "Path",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "CC",
            "CC_x86_64_unknown_linux_gnu",
            "HOST_CC",
            "TARGET_AR",
            "CFLAGS",
            "CXXFLAGS_x",
            "HOME",
            "TMPDIR",
            "TMP",
            "TZ",
            "LC_TIME",
            "BASH_ENV",
            "",
            "A=B",
            "A\0B",
        ] {
            assert!(governs(name), "{name}");
        }

        for name in ["MY_SETTING", "CCACHE", "VERGEN_IDEMPOTENT", "ARCHIVE"] {
            assert!(!governs(name), "{name}");
        }
    }
}
