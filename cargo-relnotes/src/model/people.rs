//! Who wrote the commits of a range.
//!
//! Must never: show or keep an address. People are told apart by it, and only names leave this
//! module.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::digest::sha256_bytes;

use super::commit::{Commit, Identity};
use super::links::Links;
use super::message;
use super::untrusted::Untrusted;

/// Who wrote earlier commits. People are kept as digests of what tells them apart, so that the list
/// can be remembered and no address is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EarlierPeople {
    digests: BTreeSet<String>,
}

impl EarlierPeople {
    /// Takes people in.
    pub fn extend<'a>(&mut self, people: impl IntoIterator<Item = &'a Identity>) {
        let digests = people.into_iter().map(|person| digest_of(&person.key()));
        self.digests.extend(digests);
    }

    /// Takes in what another list holds.
    pub fn add(&mut self, other: &Self) {
        self.digests.extend(other.digests.iter().cloned());
    }

    /// Whether a person, by what tells them apart, is among them.
    fn contains(&self, key: &str) -> bool {
        self.digests.contains(&digest_of(key))
    }

    /// As a list to be remembered.
    pub fn to_text(&self) -> String {
        let lines = self.digests.iter().map(|digest| format!("{digest}\n"));
        format!("{}{LAST_LINE}\n", lines.collect::<String>())
    }

    /// Reads a list back; `None` where it is none, or was cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let body = text.strip_suffix(&format!("{LAST_LINE}\n"))?;
        let digests: BTreeSet<String> = body.lines().map(str::to_owned).collect();
        let is_digest =
            |line: &String| line.len() == 32 && line.bytes().all(|b| b.is_ascii_hexdigit());
        digests.iter().all(is_digest).then_some(Self { digests })
    }
}

/// Says that a list is whole.
const LAST_LINE: &str = "end";

fn digest_of(key: &str) -> String {
    let digest = sha256_bytes(key.as_bytes()).to_string();
    digest[..32].to_owned()
}

/// One contributor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contributor {
    /// The name.
    pub name: Untrusted,
    /// The login at the forge, where it is known.
    pub handle: Option<String>,
    /// In how many commits of the range, as author or co-author.
    pub commits: usize,
    /// Whether nothing of theirs was in any release before.
    pub first: bool,
}

/// Co-authors named in the trailers of commits: the position of the commit, and who, as written.
pub fn co_authors(commits: &[Commit]) -> Vec<(usize, Identity)> {
    let mut found = Vec::new();
    for (at, commit) in commits.iter().enumerate() {
        if !commit
            .message
            .to_ascii_lowercase()
            .contains("co-authored-by")
        {
            continue;
        }
        let message = message::parse(&commit.message, &|_| false);
        found.extend(
            message
                .co_authors
                .iter()
                .map(|(name, email)| (at, Identity::new(name, email))),
        );
    }
    found
}

/// Everybody of a range: authors and (mailmapped) co-authors. `known` are those who wrote
/// earlier commits; `None` where that was not found out.
pub fn contributors(
    commits: &[Commit],
    co_authors: &[(usize, Identity)],
    known: Option<&EarlierPeople>,
    handles: &Handles,
) -> Vec<Contributor> {
    let authors = commits
        .iter()
        .enumerate()
        .filter(|(_, commit)| commit.parents < 2)
        .map(|(at, commit)| (at, commit.author.as_ref()));
    let mut people: BTreeMap<String, Seen> = BTreeMap::new();
    for (at, person) in authors.chain(co_authors.iter().map(|(at, person)| (*at, person))) {
        let Some(name) = person.display() else {
            continue;
        };
        let seen = people.entry(person.key()).or_insert_with(|| Seen {
            name,
            handle: handles.of(person),
            commits: BTreeSet::new(),
        });
        seen.commits.insert(at);
    }

    // Two addresses of one name are one line; it is a first contribution only where both are.
    let mut by_name: BTreeMap<Untrusted, (Option<String>, BTreeSet<usize>, bool)> = BTreeMap::new();
    for (key, seen) in people {
        let first = known.is_some_and(|known| !known.contains(&key));
        let line = by_name
            .entry(Untrusted::new(&seen.name))
            .or_insert_with(|| (None, BTreeSet::new(), true));
        line.0 = line.0.take().or(seen.handle);
        line.1.extend(seen.commits);
        line.2 &= first;
    }
    let mut all: Vec<Contributor> = by_name
        .into_iter()
        .map(|(name, (handle, commits, first))| Contributor {
            name,
            handle,
            commits: commits.len(),
            first,
        })
        .collect();
    all.sort_by(|a, b| b.commits.cmp(&a.commits).then_with(|| a.name.cmp(&b.name)));
    all
}

/// Somebody with one address.
struct Seen {
    name: String,
    handle: Option<String>,
    commits: BTreeSet<usize>,
}

/// Logins at the forge, from a file of the project: by address or by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Handles {
    by_key: BTreeMap<String, String>,
    /// The forge whose logins addresses may hold.
    host: Option<String>,
}

impl Handles {
    /// Reads a file with one person a line: `@login Name`, `@login <address>`, or both. Lines that
    /// begin with `#` are remarks.
    pub fn parse(text: &str) -> Self {
        let mut by_key = BTreeMap::new();
        for line in text.lines().map(str::trim) {
            let Some((login, person)) = line
                .strip_prefix('@')
                .and_then(|rest| rest.split_once(char::is_whitespace))
            else {
                continue;
            };
            let (name, address) = person.split_once('<').unwrap_or((person, ""));
            for key in [name, address.trim_end_matches('>')] {
                let key = key.trim().to_lowercase();
                if !key.is_empty() {
                    by_key.insert(key, login.to_owned());
                }
            }
        }
        Self { by_key, host: None }
    }

    /// The same, with the logins that this forge's own addresses say.
    #[must_use]
    pub fn at_forge(mut self, links: Option<&Links>) -> Self {
        self.host = links.map(|links| links.host().to_owned());
        self
    }

    /// The login of a person: what the file says, else what the address says.
    fn of(&self, person: &Identity) -> Option<String> {
        self.by_key
            .get(&person.key())
            .or_else(|| self.by_key.get(&person.name.to_lowercase()))
            .cloned()
            .or_else(|| person.login_at(self.host.as_deref()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_and_co_authors_once_each() {
        let commit = |name: &str, email: &str, message: &str| Commit {
            id: "a".repeat(40).parse().unwrap(),
            parents: 1,
            inside: Box::default(),
            author: std::sync::Arc::new(Identity::new(name, email)),
            time: 0,
            message: message.to_owned(),
            touches_package: true,
        };

        let commits = [
            commit("Ann", "ann@x", "feat: a\n\nCo-authored-by: Bob <bob@x>"),
            commit("Ann", "ANN@x", "feat: b"),
            commit("dependabot[bot]", "d@x", "bump"),
        ];

        let mut known = EarlierPeople::default();
        known.extend([&Identity::new("Ann", "ann@x")]);
        assert_eq!(EarlierPeople::parse(&known.to_text()), Some(known.clone()));
        assert_eq!(EarlierPeople::parse("abc\n"), None);
        assert!(!known.to_text().contains("ann"));
        let found = contributors(
            &commits,
            &co_authors(&commits),
            Some(&known),
            &Handles::default(),
        );

        let names: Vec<_> = found
            .iter()
            .map(|c| (c.name.visible(), c.commits, c.first))
            .collect();

        assert_eq!(names, [("Ann", 2, false), ("Bob", 1, true)]);
    }

    #[test]
    fn logins_come_from_addresses_and_files() {
        let of_address = Identity::new("Ann", "12345+ann-a@users.noreply.github.com");
        assert_eq!(of_address.login_at("github.com").as_deref(), Some("ann-a"));
        assert_eq!(of_address.login_at("gitlab.com"), None);
        let bob = Identity::new("Bob", "bob@example.com");
        assert_eq!(bob.login_at("example.com"), None);
        let handles = Handles::parse("# people\n@bobby Bob <bob@example.com>\n@x\n");
        let of = |name: &str, email: &str| handles.of(&Identity::new(name, email));
        assert_eq!(of("B.", "bob@example.com").as_deref(), Some("bobby"));
        assert_eq!(of("Bob", "other@example.com").as_deref(), Some("bobby"));
        assert_eq!(of("Eve", "eve@example.com"), None);
    }
}
