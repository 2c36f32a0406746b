//! Updates of dependencies, as subjects of commits say them.
//!
//! Must never: take a change for an update because of its words alone. An update is folded into the
//! table made from the lockfiles only where the table has a row for it, and the type an author
//! chose wins over any guess.

use std::collections::BTreeSet;

use super::dependencies::DependencyDelta;
use super::grammar::{Header, Style, without_pull};

/// Names of the dependencies that differ between two lockfiles, as `plain_name` writes them.
pub fn rows(delta: &DependencyDelta) -> BTreeSet<String> {
    let one_sided = delta.added.iter().chain(&delta.removed);
    let names = one_sided
        .map(|one| &one.name)
        .chain(delta.updated.iter().map(|one| &one.name))
        .chain(delta.source_changes.iter().map(|one| &one.name));
    names.map(|name| plain_name(name)).collect()
}

/// A name without what people write differently: case, `_` for `-`, back-ticks.
fn plain_name(name: &str) -> String {
    name.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_' || c == '-'))
        .to_lowercase()
        .replace('_', "-")
}

/// Where an update of dependencies goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpdatePlace {
    /// The table made from the lockfiles has it.
    Table,
    /// Under “Dependencies”: there is no table.
    Section,
    /// Nowhere: it is about something the package does not pull in.
    Elsewhere,
}

/// Where a change goes if it is an update of dependencies. `rows` are the names in the table made
/// from the lockfiles, where there is one; `is_news` says that the author's type has a section of
/// its own (`feat`, `fix`).
pub fn place_update(
    header: &Header,
    rows: Option<&BTreeSet<String>>,
    is_news: bool,
    by_automaton: bool,
) -> Option<UpdatePlace> {
    let scoped = is_scoped(header);
    if is_news && !scoped {
        return None;
    }
    let words = update_words(header, scoped || by_automaton)?;
    let grouped = is_grouped(&words);
    let has_version = words.iter().any(|word| is_version(word));
    let is_told = has_version || scoped || by_automaton;

    let Some(rows) = rows else {
        let reads_as_update = grouped || scoped || by_automaton || names_one(&words);
        return (reads_as_update && !is_news || scoped && is_told && has_version)
            .then_some(UpdatePlace::Section);
    };
    let has_row = words.iter().any(|word| rows.contains(&plain_name(word)));
    if is_told && has_row || grouped && !rows.is_empty() {
        return Some(UpdatePlace::Table);
    }
    // `Run cargo update`, and the lock file did not change for this package.
    let names_nothing = grouped && !is_news;
    (by_automaton || names_nothing).then_some(UpdatePlace::Elsewhere)
}

/// Whether the scope says that it is about dependencies.
fn is_scoped(header: &Header) -> bool {
    let scope = header.scope.as_deref().unwrap_or_default().to_lowercase();
    let by_scope = matches!(
        scope.as_str(),
        "deps" | "deps-dev" | "dep" | "dependencies" | "cargo-deps" | "crates" | "cargo"
    );
    let by_kind = matches!(header.kind.as_deref(), Some("deps" | "dep"));
    (by_scope && header.style != Style::Free) || by_kind
}

/// The words behind the verb of an update.
fn update_words(header: &Header, is_told: bool) -> Option<Vec<&str>> {
    let text = without_pull(&header.description);
    let mut words = text.split_whitespace();
    let verb = words.next()?.to_lowercase();
    let rest: Vec<&str> = words.collect();
    let is_verb = matches!(
        verb.as_str(),
        "bump"
            | "bumps"
            | "bumped"
            | "update"
            | "updates"
            | "updated"
            | "upgrade"
            | "upgrades"
            | "upgraded"
            | "downgrade"
    );

    if is_verb && !rest.is_empty() {
        return Some(rest);
    }

    // `Lock file maintenance`, `Pin dependencies`, `cargo update`.
    let all: Vec<&str> = text.split_whitespace().collect();
    let odd_verb = matches!(
        verb.as_str(),
        "lock" | "lockfile" | "pin" | "unpin" | "cargo" | "run"
    );

    ((is_told || odd_verb) && is_grouped(&all)).then_some(all)
}

/// Whether the words are about several dependencies at once: `all non-major dependencies`, `the
/// cargo group with 2 updates`, `lock file maintenance`.
fn is_grouped(words: &[&str]) -> bool {
    const PLAIN: &[&str] = &[
        "a",
        "all",
        "and",
        "across",
        "actions",
        "cargo",
        "cargo.lock",
        "crate",
        "crates",
        "dependencies",
        "dependency",
        "deps",
        "dev",
        "dev-dependencies",
        "directories",
        "directory",
        "file",
        "for",
        "github",
        "group",
        "in",
        "latest",
        "lock",
        "lockfile",
        "major",
        "maintenance",
        "minor",
        "non-major",
        "of",
        "our",
        "patch",
        "pin",
        "run",
        "rust",
        "some",
        "the",
        "to",
        "transitive",
        "update",
        "updates",
        "version",
        "versions",
        "weekly",
        "with",
    ];
    const MEANS: &[&str] = &[
        "cargo.lock",
        "crates",
        "dependencies",
        "dependency",
        "deps",
        "dev-dependencies",
        "lockfile",
        "maintenance",
    ];
    let lower: Vec<String> = words
        .iter()
        .map(|word| {
            word.trim_matches(|c: char| !(c.is_alphanumeric() || c == '.'))
                .to_lowercase()
        })
        .filter(|word| !word.is_empty())
        .collect();
    let is_group = lower.iter().any(|word| word == "group")
        && lower.last().is_some_and(|word| word.starts_with("update"));
    let is_cargo_update = lower.ends_with(&["cargo".to_owned(), "update".to_owned()]);
    is_group
        || is_cargo_update
        || (lower.iter().any(|word| MEANS.contains(&word.as_str()))
            && lower
                .iter()
                .all(|word| PLAIN.contains(&word.as_str()) || is_number(word)))
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|b| b.is_ascii_digit())
}

/// Words that say what kind of thing is updated, and not which one.
fn is_filler(word: &str) -> bool {
    matches!(
        word.to_lowercase().as_str(),
        "rust" | "crate" | "dependency" | "the" | "requirement" | "action" | "github-actions"
    )
}

/// Whether the words name one thing and a version of it: `serde from 1.0.1 to 1.0.2`, `Rust crate
/// libc to v0.2.147`.
fn names_one(words: &[&str]) -> bool {
    let Some(at) = words.iter().position(|word| matches!(*word, "to" | "from")) else {
        return matches!(words, [_, version] if is_version(version));
    };
    let named = &words[..at];
    let names = named.iter().filter(|word| !is_filler(word)).count();
    let of_project = named.iter().any(|word| {
        matches!(
            word.to_lowercase().as_str(),
            "msrv" | "version" | "edition" | "rust-version" | "toolchain"
        )
    });
    names == 1 && !of_project && words.get(at + 1).is_some_and(|word| is_version(word))
}

/// `1.2.3`, `v2`, `=1.0`.
fn is_version(word: &str) -> bool {
    word.trim_start_matches(['`', 'v', '=', '^', '~'])
        .starts_with(|c: char| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::grammar;
    use crate::model::sections::Table;

    fn place(subject: &str, rows: Option<&[&str]>) -> Option<UpdatePlace> {
        let table = Table::default();
        let header = grammar::header(subject, &|kind| table.knows(kind));
        let rows: Option<BTreeSet<String>> =
            rows.map(|rows| rows.iter().map(|row| (*row).to_owned()).collect());
        let is_news = matches!(header.kind.as_deref(), Some("feat" | "fix" | "perf"));
        place_update(&header, rows.as_ref(), is_news, subject.contains("(#0)"))
    }

    #[test]
    fn without_a_table_updates_have_a_section() {
        for subject in [
            "chore(deps): bump x",
            "Bump serde from 1.0.1 to 1.0.2",
            "Update Rust crate libc to v0.2.147",
            "Update dependencies",
            "fix(deps): update rust crate x to v2",
        ] {
            assert_eq!(
                place(subject, None),
                Some(UpdatePlace::Section),
                "{subject}"
            );
        }
        for subject in [
            "Update MSRV to 1.70",
            "feat: bump default timeout to 30 seconds",
            "Upgrade wire protocol to 2",
            "feat(deps): show a tree of dependencies",
            "chore: tidy",
        ] {
            assert_eq!(place(subject, None), None, "{subject}");
        }
    }

    #[test]
    fn a_fold_needs_a_row() {
        let rows: Option<&[&str]> = Some(&["serde-json", "libc"]);
        for subject in [
            "Bump serde_json from 1.0.1 to 1.0.2",
            "Update Rust crate libc to v0.2.147",
            "chore(deps): bump libc",
            "fix(deps): update rust crate libc to v0.2.147",
            "Update all non-major dependencies",
            "Bump the cargo group with 2 updates",
            "Run cargo update",
            "Lock file maintenance (#0)",
        ] {
            assert_eq!(place(subject, rows), Some(UpdatePlace::Table), "{subject}");
        }

        for subject in [
            "feat(deps): show a tree of dependencies",
            "fix(crates): crash on renamed crates",
            "feat: bump default timeout to 30 seconds",
            "fix: update default port to 8080",
            "Upgrade wire protocol to 2",
            "Update Code Of Covenant to 2.0",
            "Update libc bindings",
            "feat: update libc to 0.3",
            "Bump other from 1 to 2",
        ] {
            assert_eq!(place(subject, rows), None, "{subject}");
        }

        assert_eq!(
            place("Bump actions/checkout from 3 to 4 (#0)", rows),
            Some(UpdatePlace::Elsewhere)
        );
    }
}
