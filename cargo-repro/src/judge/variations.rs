//! What build B varied, and what could not be varied here.

use std::collections::BTreeMap;

use crate::sealed::abilities::Abilities;
use crate::sealed::pins::Pins;

/// What this machine and repository have that could be varied.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Own {
    /// A locale other than C.
    pub(crate) locale: bool,
    /// Build B's time zone.
    pub(crate) time_zone: bool,
    /// A whole history.
    pub(crate) history: bool,
}

/// What B varied, and what could not be varied here and why.
#[derive(Debug, Default)]
struct Variations {
    varied: Vec<String>,
    missing: BTreeMap<String, String>,
}

impl Variations {
    fn varied(&mut self, what: &[&str]) {
        self.varied
            .extend(what.iter().map(|what| (*what).to_owned()));
    }

    fn missing(&mut self, what: &str, why: impl Into<String>) {
        self.missing.insert(what.to_owned(), why.into());
    }

    /// One or the other.
    fn either(&mut self, is_varied: bool, what: &str, why: &str) {
        if is_varied {
            self.varied(&[what]);
        } else {
            self.missing(what, why);
        }
    }

    /// What the interposer varies, or namespaces in its stead.
    fn interposed(&mut self, abilities: &Abilities) {
        match &abilities.interposer {
            Ok(_) => {
                self.varied(&["clock", "file order", "host name"]);
                self.missing(
                    "clock, file order and random numbers of statically linked programs",
                    "they ask the kernel, past the interposer",
                );
            }
            Err(why) => {
                for what in ["clock", "file order"] {
                    self.missing(what, why);
                }
                match &abilities.namespaces {
                    Ok(()) => self.varied(&["host name"]),
                    Err(why) => self.missing("host name", why),
                }
            }
        }
    }

    /// What is pinned is not varied.
    fn pinned(&mut self, pins: &Pins) {
        for word in pins.words() {
            for what in pinned_by(word) {
                self.varied.retain(|name| name != what);
                self.missing(what, "pinned by `[repro] pin`");
            }
        }
    }
}

/// What a word of `[repro] pin` keeps from varying.
fn pinned_by(word: &str) -> &'static [&'static str] {
    match word {
        "environment" => &["environment", "HOME", "locale", "time zone"],
        "path" => &["path", "CARGO_HOME"],
        "time" => &["clock"],
        "file-order" => &["file order"],
        "file-time" => &["file times"],
        "git-history" => &["git history"],
        "host" => &["host name"],
        "jobs" => &["jobs"],
        "umask" => &["umask"],
        "user-id" => &["user id"],
        "entropy" => &["random numbers"],
        _ => &[],
    }
}

/// What B varied, and what could not be varied here.
pub(crate) fn variations(
    abilities: &Abilities,
    pins: &Pins,
    own: &Own,
) -> (Vec<String>, BTreeMap<String, String>) {
    let mut all = Variations::default();
    all.varied(&[
        "path",
        "CARGO_HOME",
        "HOME",
        "environment",
        "file times",
        "jobs",
    ]);
    all.either(cfg!(unix), "umask", "the system has none");
    all.interposed(abilities);

    if let Err(why) = &abilities.namespaces {
        all.missing("network", format!("only cargo is offline: {why}"));
    }
    for what in [
        "kernel and processor",
        "machine id",
        "when the machine was started",
    ] {
        all.missing(what, "both builds run on this machine");
    }
    match &abilities.users {
        Ok(_) => all.varied(&["user id"]),
        Err(why) => all.missing(
            "user id",
            format!("both builds run as the same user: {why}"),
        ),
    }
    all.missing("toolchain folder", "both builds use the same toolchain");

    all.either(
        own.locale,
        "locale",
        "no other is installed; only its variables differ",
    );
    all.either(
        own.time_zone,
        "time zone",
        "none are installed; only its variable differs",
    );
    all.either(
        own.history,
        "git history",
        "this repository is a shallow clone itself",
    );
    all.pinned(pins);
    all.varied.sort();
    (all.varied, all.missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_to_be_varied_is() {
        let users = Err("no".to_owned());
        let abilities = Abilities {
            namespaces: Ok(()),
            users,
            interposer: Ok("x.so".into()),
        };
        let pins = Pins::new(&["time".to_owned()]).unwrap();
        let own = Own {
            locale: false,
            time_zone: false,
            history: false,
        };
        let (varied, missing) = variations(&abilities, &pins, &own);
        for what in [
            "user id",
            "locale",
            "time zone",
            "git history",
            "clock",
            "machine id",
            "toolchain folder",
        ] {
            assert!(
                missing.contains_key(what) && !varied.contains(&what.to_owned()),
                "{what}"
            );
        }
        let all = Own {
            locale: true,
            time_zone: true,
            history: true,
        };
        let (varied, _) = variations(&abilities, &Pins::default(), &all);
        for what in ["locale", "time zone", "git history", "clock", "path"] {
            assert!(varied.contains(&what.to_owned()), "{what}");
        }
    }
}
