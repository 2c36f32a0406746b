//! Many rejected lines are few changes: lines are gathered by item, and what follows from another
//! change is left out.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::Rule;

use super::{Bump, Change};
use crate::model::render::ident;
use crate::prove::Rejected;
use crate::rules;

/// The rejected lines of one item, the most telling first.
#[derive(Debug, Clone)]
pub struct Group<'a> {
    /// The item.
    pub item: String,
    /// The rule.
    pub rule: &'static Rule,
    /// Its lines.
    pub lines: Vec<Rejected<'a>>,
}

/// Which rule says most about an item, smallest first.
fn rank(rule: &Rule) -> usize {
    [
        &rules::REMOVED,
        &rules::GENERICS,
        &rules::SIGNATURE,
        &rules::TRAIT_USE,
        &rules::TRAIT_IMPL,
        &rules::CONSTRUCTION,
        &rules::FIELD,
        &rules::VALUE,
        &rules::MACRO,
        &rules::DISCRIMINANT,
        &rules::VARIANCE,
        &rules::COPY,
        &rules::IMPL_REMOVED,
    ]
    .iter()
    .position(|other| other.id == rule.id)
    .unwrap_or(usize::MAX)
}

/// Whether a path is named in code: followed by nothing that would make it another.
fn mentions(code: &str, path: &str) -> bool {
    let mut rest = code;
    while let Some(at) = rest.find(path) {
        rest = &rest[at + path.len()..];
        if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return true;
        }
    }
    false
}

/// Gathers rejected lines. `exists` says whether the other side still has an item of that name.
pub fn group<'a>(
    rejected: Vec<Rejected<'a>>,
    lib: &str,
    exists: &dyn Fn(&str) -> bool,
) -> Vec<Group<'a>> {
    let code_path = |item: &str| {
        let parts: Vec<String> = item.split("::").map(ident).collect();
        format!("::{}::{}", ident(lib), parts.join("::"))
    };
    let import = |line: &Rejected<'_>| line.line.assertion.what == "import";
    let removed: BTreeSet<&str> = rejected
        .iter()
        .filter(|line| import(line))
        .map(|line| line.line.assertion.item.as_str())
        .collect();
    let reshaped: BTreeSet<&str> = rejected
        .iter()
        .filter(|line| line.line.assertion.rule.id == rules::GENERICS.id)
        .map(|line| line.line.assertion.item.as_str())
        .collect();
    let roots: Vec<(&str, String)> = removed
        .iter()
        .chain(&reshaped)
        .map(|item| (*item, code_path(item)))
        .collect();
    let below = |item: &str, root: &str| {
        item.len() > root.len() && item.starts_with(root) && item[root.len()..].starts_with("::")
    };
    let mut groups: BTreeMap<String, Group<'a>> = BTreeMap::new();
    for line in &rejected {
        let assertion = line.line.assertion;
        let follows = roots.iter().any(|(root, path)| {
            let own = assertion.item == *root;
            below(&assertion.item, root)
                || (!own && !import(line) && mentions(line.line.code(), path))
        });
        if follows {
            continue;
        }
        let gone = !import(line) && !exists(&assertion.item) && !assertion.item.starts_with("impl");
        let rule = if gone {
            &rules::REMOVED
        } else {
            assertion.rule
        };
        let group = groups
            .entry(assertion.item.clone())
            .or_insert_with(|| Group {
                item: assertion.item.clone(),
                rule,
                lines: Vec::new(),
            });
        if rank(rule) < rank(group.rule) {
            group.rule = rule;
            group.lines.insert(0, line.clone());
        } else {
            group.lines.push(line.clone());
        }
    }
    // What a member's own change explains is not said of its owner again.
    let members: BTreeSet<String> = groups.keys().cloned().collect();
    groups.retain(|item, group| {
        let owner_of_changed = members.iter().any(|member| below(member, item));
        rank(group.rule) < 2 || !owner_of_changed
    });
    groups.into_values().collect()
}

/// Whether all that is lost is that an implementation overrides provided methods with their old
/// signatures, though they can be called as before: their bounds were loosened, which Cargo's
/// SemVer chapter calls minor.
fn only_overrides(group: &Group<'_>) -> bool {
    group.rule.id == rules::TRAIT_IMPL.id
        && group.lines.iter().all(|line| {
            line.line.assertion.what == OVERRIDE
                && matches!(
                    line.rejection.code.as_str(),
                    "E0276" | "E0195" | "E0053" | "E0049"
                )
        })
}

/// What an implementation of all items asserts.
pub const OVERRIDE: &str = "implement with all its items";

/// A change for each group of breaks.
pub fn breaks(group: &Group<'_>) -> Change {
    if only_overrides(group) {
        let message = format!(
            "`{}`: provided methods can be called in more ways; implementations that override them may have to follow",
            group.item
        );
        return Change::unproved(&rules::EXTENDED, group.item.clone(), Bump::Minor, message);
    }
    let uses: BTreeSet<&str> = group
        .lines
        .iter()
        .map(|line| line.line.assertion.what)
        .collect();
    let uses: Vec<&str> = uses.into_iter().collect();
    let message = if group.rule.id == rules::REMOVED.id {
        format!("`{}` is gone", group.item)
    } else if group.rule.id == rules::IMPL_REMOVED.id {
        format!("`{}` no longer holds", group.item)
    } else {
        format!("`{}`: users can no longer {}", group.item, uses.join(", "))
    };
    Change::unproved(group.rule, group.item.clone(), Bump::Major, message)
}

/// A change for each group of what the old library does not accept yet.
pub fn additions(group: &Group<'_>, existed: bool) -> Change {
    if existed || (group.item.starts_with("impl") && group.rule.id != rules::IMPL_REMOVED.id) {
        let uses: BTreeSet<&str> = group
            .lines
            .iter()
            .map(|line| line.line.assertion.what)
            .collect();
        let uses: Vec<&str> = uses.into_iter().collect();
        let message = format!(
            "`{}`: users can now {} in ways they could not",
            group.item,
            uses.join(", ")
        );
        return Change::unproved(&rules::EXTENDED, group.item.clone(), Bump::Minor, message);
    }
    Change::unproved(
        &rules::ADDED,
        group.item.clone(),
        Bump::Minor,
        format!("`{}` is new", group.item),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn longer_names_are_other_names() {
        assert!(mentions("fn f(x: ::lib::Foo<u8>)", "::lib::Foo"));
        assert!(mentions("::lib::Foo::bar", "::lib::Foo"));
        assert!(!mentions("::lib::Foot", "::lib::Foo"));
        assert!(mentions("::lib::Foot ::lib::Foo", "::lib::Foo"));
    }
}
