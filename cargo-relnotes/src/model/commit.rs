//! One commit as history gives it.

use std::sync::Arc;

use release_gate::git::CommitId;

/// A commit of the range.
#[derive(Debug, Clone)]
pub struct Commit {
    /// Its id.
    pub id: CommitId,
    /// How many parents it has; two or more make a merge.
    pub parents: usize,
    /// Positions of its parents in the list of the range, the first one first; what is outside the
    /// range is beyond the list's end. Empty where no merge of the range is one of a pull
    /// request.
    pub inside: Box<[u32]>,
    /// Who wrote it, after the mailmap; shared between the commits of one person.
    pub author: Arc<Identity>,
    /// Committer time, seconds since 1970.
    pub time: i64,
    /// The whole message, `\n` between lines; what was no UTF-8 is U+FFFD.
    pub message: String,
    /// Whether it touches the package; `true` where the whole repository is the package.
    pub touches_package: bool,
}

impl Commit {
    /// The first line of the message.
    pub fn subject(&self) -> &str {
        self.message
            .trim_start()
            .lines()
            .next()
            .unwrap_or("")
            .trim_end()
    }
}

/// A person. The address serves only to tell people apart: it is never shown, written or
/// serialized.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// The name as written.
    pub name: String,
    email: String,
}

impl Identity {
    /// A person by name and address.
    pub fn new(name: &str, email: &str) -> Self {
        Self {
            name: name.trim().to_owned(),
            email: email.trim().to_ascii_lowercase(),
        }
    }

    /// What tells two people apart: the address, or the name where there is none.
    pub fn key(&self) -> String {
        if self.email.is_empty() {
            self.name.to_lowercase()
        } else {
            self.email.clone()
        }
    }

    /// `Name <address>`, as `git check-mailmap` reads it. Only ever handed to git.
    pub(crate) fn for_mailmap(&self) -> String {
        format!("{} <{}>", self.name, self.email)
    }

    /// Whether it is a program.
    pub fn is_automaton(&self) -> bool {
        let lower = self.name.to_lowercase();
        lower.ends_with("[bot]")
            || [
                "dependabot",
                "renovate",
                "github-actions",
                "bors",
                "mergify",
                "pre-commit-ci",
                "greenkeeper",
                "web-flow",
                "github",
            ]
            .iter()
            .any(|bot| {
                lower == *bot
                    || lower.strip_suffix("-preview") == Some(bot)
                    || lower.strip_suffix("-bot") == Some(bot)
            })
            || self.email.contains("[bot]@")
    }

    /// The login at a forge, where the address is one that forge hands out to hide the real one.
    pub fn login_at(&self, host: &str) -> Option<String> {
        let (local, domain) = self.email.split_once('@')?;
        let of_forge = domain
            .strip_prefix("users.noreply.")
            .or_else(|| domain.strip_prefix("noreply."));
        let forge = of_forge == Some(host);
        let login = local.rsplit('+').next().unwrap_or(local);
        let plain = !login.is_empty()
            && login
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        (forge && plain).then(|| login.to_owned())
    }

    /// The name for people, or `None` for an automaton. A name that is an address loses its domain.
    pub fn display(&self) -> Option<String> {
        if self.is_automaton() {
            return None;
        }
        let name = without_addresses(&self.name);
        (!name.is_empty()).then_some(name)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({:?})", self.display())
    }
}

/// The words of a name, each without what follows an `@` inside it.
fn without_addresses(name: &str) -> String {
    let words: Vec<&str> = name
        .split_whitespace()
        .map(|word| {
            let word = word.trim_matches(['<', '>']);
            match word.find('@') {
                Some(at) if at > 0 => &word[..at],
                _ => word,
            }
        })
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_never_shown() {
        assert_eq!(
            Identity::new("jane@example.com", "jane@example.com")
                .display()
                .as_deref(),
            Some("jane")
        );
        assert_eq!(
            Identity::new("Jane <j@e.com>", "").display().as_deref(),
            Some("Jane j")
        );
        assert!(!format!("{:?}", Identity::new("Jane", "secret@e.com")).contains("secret"));
    }

    #[test]
    fn automata_are_nobody() {
        assert_eq!(Identity::new("dependabot[bot]", "x@y").display(), None);
        assert_eq!(Identity::new("renovate-bot", "x@y").display(), None);
        assert_eq!(
            Identity::new("Robot Smith", "x@y").display().as_deref(),
            Some("Robot Smith")
        );
    }
}
