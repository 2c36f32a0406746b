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

/// What B varied, and what could not be varied here.
pub(crate) fn variations(
    abilities: &Abilities,
    pins: &Pins,
    own: &Own,
) -> (Vec<String>, BTreeMap<String, String>) {
    let mut varied: Vec<String> = [
        "path",
        "CARGO_HOME",
        "HOME",
        "environment",
        "file times",
        "jobs",
    ]
    .map(str::to_owned)
    .into();
    let mut missing = BTreeMap::new();
    if cfg!(unix) {
        varied.push("umask".to_owned());
    } else {
        missing.insert("umask".to_owned(), "the system has none".to_owned());
    }
    match &abilities.interposer {
        Ok(_) => {
            varied.extend(["clock", "file order", "host name"].map(str::to_owned));
            missing.insert(
                "clock, file order and random numbers of statically linked programs".to_owned(),
                "they ask the kernel, past the interposer".to_owned(),
            );
        }
        Err(why) => {
            for what in ["clock", "file order"] {
                missing.insert(what.to_owned(), why.clone());
            }
            match &abilities.namespaces {
                Ok(()) => varied.push("host name".to_owned()),
                Err(why) => drop(missing.insert("host name".to_owned(), why.clone())),
            }
        }
    }
    if let Err(why) = &abilities.namespaces {
        missing.insert(
            "network".to_owned(),
            format!("only cargo is offline: {why}"),
        );
    }
    for what in [
        "kernel and processor",
        "machine id",
        "when the machine was started",
    ] {
        missing.insert(
            what.to_owned(),
            "both builds run on this machine".to_owned(),
        );
    }
    match &abilities.users {
        Ok(_) => varied.push("user id".to_owned()),
        Err(why) => drop(missing.insert(
            "user id".to_owned(),
            format!("both builds run as the same user: {why}"),
        )),
    }
    missing.insert(
        "toolchain folder".to_owned(),
        "both builds use the same toolchain".to_owned(),
    );
    match own.locale {
        true => varied.push("locale".to_owned()),
        false => drop(missing.insert(
            "locale".to_owned(),
            "no other is installed; only its variables differ".to_owned(),
        )),
    }
    match own.time_zone {
        true => varied.push("time zone".to_owned()),
        false => drop(missing.insert(
            "time zone".to_owned(),
            "none are installed; only its variable differs".to_owned(),
        )),
    }
    match own.history {
        true => varied.push("git history".to_owned()),
        false => drop(missing.insert(
            "git history".to_owned(),
            "this repository is a shallow clone itself".to_owned(),
        )),
    }
    for word in pins.words() {
        let what: &[&str] = match word.as_str() {
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
        };
        for what in what {
            varied.retain(|name| name != what);
            missing.insert((*what).to_owned(), "pinned by `[repro] pin`".to_owned());
        }
    }
    varied.sort();
    (varied, missing)
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
