//! What build B varied, and what could not be varied here.

use std::collections::BTreeMap;

use release_gate::{Coverage, Rule};

use crate::rules;
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

/// Why something was not varied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lack {
    /// This machine lacks what others have: worth a warning.
    Ability,
    /// It is so on every machine, or by the machine's own choice.
    Machine,
    /// `[repro] pin` says so.
    Pinned,
}

impl Lack {
    fn rule(self) -> &'static Rule {
        match self {
            Self::Ability => &rules::NOT_JUDGED_VARIATION,
            Self::Machine => &rules::NOT_JUDGED_MACHINE,
            Self::Pinned => &rules::NOT_JUDGED_PINNED,
        }
    }
}

/// What B varied, and what could not be varied here and why.
#[derive(Debug, Clone, Default)]
pub(crate) struct Variations {
    varied: Vec<String>,
    missing: BTreeMap<String, (Lack, String)>,
}

impl Variations {
    /// What B varied, sorted.
    pub(crate) fn varied(&self) -> &[String] {
        &self.varied
    }

    /// What was not varied, and why.
    pub(crate) fn not_varied(&self) -> BTreeMap<String, String> {
        self.missing
            .iter()
            .map(|(what, (_, why))| (what.clone(), why.clone()))
            .collect()
    }

    /// Everything that was not varied.
    pub(crate) fn all_missing(&self) -> Vec<&str> {
        self.missing.keys().map(String::as_str).collect()
    }

    /// What was not varied here although it is elsewhere.
    pub(crate) fn lacking(&self) -> Vec<&str> {
        self.missing
            .iter()
            .filter(|(_, (lack, _))| *lack != Lack::Machine)
            .map(|(what, _)| what.as_str())
            .collect()
    }

    /// Adds what was not varied to what was not judged.
    pub(crate) fn add_to(&self, coverage: &mut Coverage) {
        for (what, (lack, why)) in &self.missing {
            coverage.not_judged(lack.rule(), what, 1, why);
        }
    }

    fn vary(&mut self, what: &[&str]) {
        self.varied
            .extend(what.iter().map(|what| (*what).to_owned()));
    }

    fn lack(&mut self, lack: Lack, what: &str, why: impl Into<String>) {
        self.missing.insert(what.to_owned(), (lack, why.into()));
    }

    /// Varied if it can be, else why this machine cannot.
    fn either<T>(&mut self, can: &Result<T, String>, what: &str) {
        match can {
            Ok(_) => self.vary(&[what]),
            Err(why) => self.lack(Lack::Ability, what, why),
        }
    }

    /// Varied if the machine has it.
    fn if_there(&mut self, is_there: bool, what: &str, why: &str) {
        if is_there {
            self.vary(&[what]);
        } else {
            self.lack(Lack::Machine, what, why);
        }
    }

    /// What the interposer varies, or namespaces in its stead.
    fn interposed(&mut self, abilities: &Abilities) {
        for what in [
            "clock",
            "file order",
            "kernel release",
            "machine id",
            "processor's description",
            "times of new files",
            "when the machine was started",
        ] {
            self.either(&abilities.interposer, what);
        }
        if abilities.interposer.is_ok() {
            self.lack(
                Lack::Machine,
                "clock, file order and random numbers of statically linked programs",
                "they ask the kernel, past the interposer",
            );
        }
        match (&abilities.interposer, &abilities.isolations.namespaces) {
            (Ok(_), _) | (_, Ok(())) => self.vary(&["host name"]),
            (_, Err(why)) => self.lack(Lack::Ability, "host name", why),
        }
    }

    /// What is pinned is not varied.
    fn pinned(&mut self, pins: &Pins) {
        for word in pins.words() {
            for what in pinned_by(word) {
                self.varied.retain(|name| name != what);
                self.lack(Lack::Pinned, what, "pinned by `[repro] pin`");
            }
        }
    }
}

/// What a word of `[repro] pin` keeps from varying.
fn pinned_by(word: &str) -> &'static [&'static str] {
    match word {
        "environment" => &["environment", "HOME", "locale", "time zone"],
        "path" => &["path", "CARGO_HOME"],
        "time" => &[
            "clock",
            "times of new files",
            "when the machine was started",
        ],
        "file-order" => &["file order"],
        "file-time" => &["file times", "times of new files"],
        "git-history" => &["git history"],
        "host" => &["host name", "machine id"],
        "kernel" => &["kernel release"],
        "processor" => &["processor's description"],
        "jobs" => &["jobs"],
        "umask" => &["umask"],
        "user-id" => &["user id"],
        "entropy" => &["random numbers"],
        _ => &[],
    }
}

/// What B varied, and what could not be varied here.
pub(crate) fn variations(abilities: &Abilities, pins: &Pins, own: &Own) -> Variations {
    let mut all = Variations::default();
    all.vary(&[
        "path",
        "CARGO_HOME",
        "HOME",
        "environment",
        "file times",
        "jobs",
    ]);
    all.if_there(cfg!(unix), "umask", "the system has none");
    all.interposed(abilities);
    all.either(&abilities.isolations.temporary, "temporary folders");
    all.either(&abilities.users, "user id");
    if let Err(why) = &abilities.isolations.namespaces {
        all.lack(
            Lack::Ability,
            "network",
            format!("only cargo is offline: {why}"),
        );
    }
    if let Err(why) = &abilities.isolations.processes {
        all.lack(
            Lack::Ability,
            "processes that outlive the build",
            format!("they are not ended: {why}"),
        );
    }

    all.lack(
        Lack::Machine,
        "processor",
        "both builds run on this machine",
    );
    all.lack(
        Lack::Machine,
        "toolchain folder",
        "both builds use the same toolchain",
    );
    all.if_there(
        own.locale,
        "locale",
        "no other is installed; only its variables differ",
    );
    all.if_there(
        own.time_zone,
        "time zone",
        "none are installed; only its variable differs",
    );
    all.if_there(
        own.history,
        "git history",
        "this repository is a shallow clone itself",
    );
    all.pinned(pins);
    all.varied.sort();
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sealed::entrance::Isolations;

    #[test]
    fn what_is_said_to_be_varied_is() {
        let abilities = Abilities {
            isolations: Isolations::all_for_tests(),
            users: Err("no".to_owned()),
            interposer: Ok("x.so".into()),
        };
        let pins = Pins::new(&["time".to_owned()]).unwrap();
        let own = Own {
            locale: false,
            time_zone: false,
            history: false,
        };
        let found = variations(&abilities, &pins, &own);
        let missing = found.not_varied();
        for what in [
            "user id",
            "locale",
            "time zone",
            "git history",
            "clock",
            "processor",
            "toolchain folder",
        ] {
            let varied = found.varied().contains(&what.to_owned());
            assert!(missing.contains_key(what) && !varied, "{what}");
        }
        assert_eq!(
            found.lacking(),
            [
                "clock",
                "times of new files",
                "user id",
                "when the machine was started"
            ]
        );

        let mut coverage = Coverage::of(1);
        found.add_to(&mut coverage);
        for (what, kind) in [
            ("user id", "variation"),
            ("processor", "machine"),
            ("clock", "pinned"),
        ] {
            let entry = coverage.not_judged.iter().find(|entry| entry.what == what);
            assert_eq!(entry.unwrap().kind.as_str(), kind, "{what}");
        }

        let all = Own {
            locale: true,
            time_zone: true,
            history: true,
        };
        let found = variations(&abilities, &Pins::default(), &all);
        for what in [
            "locale",
            "time zone",
            "git history",
            "clock",
            "path",
            "temporary folders",
        ] {
            assert!(found.varied().contains(&what.to_owned()), "{what}");
        }
    }
}
