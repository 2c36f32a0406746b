//! `[repro] pin`: what sealed builds hold still because the project is known to depend on it.

use release_gate::{Error, Result};

use super::abilities::Abilities;
use super::conditions::Conditions;
use super::identity::Identity;

/// Every pin and what it needs.
const ALL: &[(&str, Need)] = &[
    ("addresses", Need::Linux),
    ("entropy", Need::Interposer),
    ("environment", Need::Nothing),
    ("file-order", Need::Interposer),
    ("file-time", Need::Nothing),
    ("git-history", Need::Nothing),
    ("host", Need::Interposer),
    ("jobs", Need::Interposer),
    ("kernel", Need::Interposer),
    ("path", Need::Namespaces),
    ("process", Need::Interposer),
    ("processor", Need::Interposer),
    ("threads", Need::Linux),
    ("time", Need::Interposer),
    ("umask", Need::Nothing),
    ("user-id", Need::Users),
];

/// The release of the kernel where it is pinned.
const PINNED_KERNEL: &str = "6.1.0";

/// What the processor is called where it is pinned.
const PINNED_PROCESSOR: &str = "Sealed Processor";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Need {
    Nothing,
    Linux,
    Interposer,
    Namespaces,
    Users,
}

/// The pins of a project, each a word of the list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Pins(Vec<String>);

impl Pins {
    /// Reads the configuration.
    ///
    /// # Errors
    /// A word is none of the list.
    pub(crate) fn new(words: &[String]) -> Result<Self> {
        for word in words {
            if !ALL.iter().any(|(name, _)| name == word) {
                let known: Vec<&str> = ALL.iter().map(|(name, _)| *name).collect();
                return Err(Error::usage(format!("`[repro] pin` knows no `{word}`"))
                    .with_help(format!("it knows {}", known.join(", "))));
            }
        }
        let mut words = words.to_vec();
        words.sort();
        words.dedup();
        Ok(Self(words))
    }

    pub(crate) fn has(&self, word: &str) -> bool {
        self.0.iter().any(|pin| pin == word)
    }

    pub(crate) fn words(&self) -> &[String] {
        &self.0
    }

    fn need(&self, need: Need) -> Option<&str> {
        self.0
            .iter()
            .map(String::as_str)
            .find(|word| ALL.contains(&(word, need)))
    }

    /// Checks that this machine can hold still what is to be held.
    ///
    /// # Errors
    /// It cannot.
    pub(crate) fn check(&self, abilities: &Abilities) -> Result<()> {
        if let Err(why) = &abilities.interposer {
            self.refuse_without(Need::Interposer, why)?;
        }
        if let Err(why) = &abilities.isolations.namespaces {
            self.refuse_without(Need::Namespaces, why)?;
        }
        if let Err(why) = &abilities.users {
            self.refuse_without(Need::Users, why)?;
        }
        if !cfg!(target_os = "linux") {
            self.refuse_without(Need::Linux, "it needs Linux")?;
        }

        Ok(())
    }

    /// Refuses a pin that needs what this machine does not have.
    fn refuse_without(&self, need: Need, why: &str) -> Result<()> {
        match self.need(need) {
            Some(word) => Err(Error::judge(format!(
                "`[repro] pin = [\"{word}\"]` cannot be had on this machine: {why}"
            ))
            .with_help("build on a machine that can, or fix the cause and remove the pin")),
            None => Ok(()),
        }
    }

    /// Conditions with everything pinned as every place has it.
    pub(crate) fn hold(&self, mut conditions: Conditions) -> Conditions {
        let first = Conditions::first(2);
        for (word, _) in ALL.iter().filter(|(word, _)| self.has(word)) {
            match *word {
                "environment" => {
                    (conditions.user, conditions.locale) = (first.user, first.locale.clone());
                    (conditions.time_zone, conditions.shell) = (first.time_zone, first.shell);
                    conditions.terminal = first.terminal;
                }
                "file-order" => conditions.order = first.order,
                "file-time" => conditions.file_times = first.file_times,
                // Machines know different histories, and a commit alone is what all of them have.
                "git-history" => conditions.history = super::history::History::Shallow,
                "host" => conditions.host = first.host,
                "jobs" => (conditions.jobs, conditions.processors) = (2, 2),
                "kernel" => conditions.kernel = Some(PINNED_KERNEL),
                "processor" => conditions.processor = Some(PINNED_PROCESSOR),
                "process" => conditions.last_process = first.last_process,
                "time" => conditions.clock = 0,
                "umask" => conditions.umask = first.umask,
                "user-id" => conditions.identity = Some(Identity::PINNED),
                _ => {}
            }
        }
        conditions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pinned_is_the_same_in_both_places() {
        let all: Vec<String> = ALL.iter().map(|(word, _)| (*word).to_owned()).collect();
        let pins = Pins::new(&all).unwrap();
        let (a, mut b) = (
            pins.hold(Conditions::first(4)),
            pins.hold(Conditions::second(4)),
        );
        b.folder = a.folder;
        b.second = a.second;
        assert_eq!(a, b);
        assert!(Pins::new(&["clock".to_owned()]).is_err());
    }
}
