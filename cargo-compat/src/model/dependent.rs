//! Dependents: crates of others that use the judged one, and how a call names them.

use std::path::PathBuf;
use std::str::FromStr;

use semver::VersionReq;

/// A dependent as it was named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dependent {
    /// A published package, `bat` or `bat@0.25`.
    Published {
        /// Its name.
        name: String,
        /// The versions that are meant; the newest of them is taken.
        requirement: VersionReq,
    },
    /// A folder with a manifest.
    Folder(PathBuf),
}

impl FromStr for Dependent {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.starts_with('.') || text.contains(['/', '\\']) {
            return Ok(Self::Folder(text.into()));
        }
        let (name, requirement) = match text.split_once('@') {
            Some((name, version)) => (name, version.parse().map_err(|_| not_a_dependent(text))?),
            None => (text, VersionReq::STAR),
        };

        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if !is_name {
            return Err(not_a_dependent(text));
        }

        Ok(Self::Published {
            name: name.to_owned(),
            requirement,
        })
    }
}

fn not_a_dependent(text: &str) -> String {
    format!(
        "`{text}` is neither a package (`bat`, `bat@0.25`) nor a folder (`../bat`, `./users/one`)"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_and_folders_are_told_apart() {
        let of = |text: &str| text.parse::<Dependent>();
        for folder in ["../bat", "./bat", "users/one", ".", "/users/one", "a\\b"] {
            assert_eq!(of(folder), Ok(Dependent::Folder(folder.into())));
        }
        for (text, requirement) in [
            ("bat", "*"),
            ("bat@0.25", "^0.25"),
            ("bat@=1.2.3", "=1.2.3"),
        ] {
            let name = "bat".to_owned();
            let requirement = requirement.parse().unwrap();
            assert_eq!(of(text), Ok(Dependent::Published { name, requirement }));
        }
        for wrong in [
            "",
            "bat@",
            "bat@y",
            "1bat",
            "b\"t",
            "bat@1\" }",
            "a b",
            "@1",
        ] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }
}
