//! What this machine lets sealed builds do, found out by trying.

use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};

use super::entrance::Isolations;
use super::identity::{self, Users};

/// What the machine lets one do.
#[derive(Debug, Clone)]
pub(crate) struct Abilities {
    /// What of a build can be kept from the rest of the machine.
    pub(crate) isolations: Isolations,
    /// Who builds can run as.
    pub(crate) users: Result<Users, String>,
    /// The interposer's library.
    pub(crate) interposer: Result<PathBuf, String>,
}

impl Abilities {
    /// What two sandboxes can both do.
    pub(crate) fn common(&self, other: &Self) -> Self {
        Self {
            interposer: self.interposer.clone().and(other.interposer.clone()),
            ..self.clone()
        }
    }

    /// Tries; `own_linker` is the folder of the toolchain's own linker.
    pub(crate) fn find(runner: &Runner, folder: &Path, own_linker: &Path) -> Self {
        let isolations = Isolations::find(runner);
        let users = isolations
            .namespaces
            .clone()
            .and_then(|()| identity::find(runner));
        Self {
            isolations,
            users,
            interposer: super::interposer::compile(runner, folder, own_linker),
        }
    }
}

/// A locale of this machine's that speaks otherwise than build A's; `None` where nothing but C is
/// installed.
pub(crate) fn other_locale(runner: &Runner) -> Option<String> {
    let finished = runner.run(Step::new("locale").arg("-a")).ok()?;
    choose_locale(&String::from_utf8_lossy(&finished.stdout))
}

/// Of the list of installed locales one that is not English and knows UTF-8, else the first that is
/// not C.
fn choose_locale(list: &str) -> Option<String> {
    let mut names: Vec<&str> = list
        .lines()
        .map(str::trim)
        .filter(|name| {
            !name.is_empty() && *name != "POSIX" && *name != "C" && !name.starts_with("C.")
        })
        .collect();
    names.sort_by_key(|name| {
        (
            name.starts_with("en"),
            !name.to_lowercase().replace('-', "").ends_with("utf8"),
        )
    });
    names.first().map(|name| (*name).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_is_one_that_is_installed_and_not_c() {
        assert_eq!(choose_locale("C\nC.utf8\nPOSIX\n"), None);
        assert_eq!(
            choose_locale("C\nen_US.utf8\nPOSIX\n").as_deref(),
            Some("en_US.utf8")
        );
        assert_eq!(
            choose_locale("de_DE\nen_US.utf8\nde_DE.utf8\n").as_deref(),
            Some("de_DE.utf8")
        );
    }
}
