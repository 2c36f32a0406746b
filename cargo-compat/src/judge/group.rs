//! Many rejected lines are few changes: lines are gathered by item, and what follows from another
//! change is left out.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::Rule;

use crate::model::change::Change;
use crate::model::ident::ident;
use crate::program::assertion::Use;
use crate::prove::Rejected;
use crate::rules;
use release_gate::Bump;

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

/// Which rule says most about an item, smallest first: the order of rules in the table of uses.
fn rank_of(rule: &Rule) -> usize {
    Use::ALL
        .iter()
        .position(|done| done.rule().id == rule.id)
        .unwrap_or(usize::MAX)
}

/// Whether a rule is about an item as a whole: that it is there, and which parameters it takes.
/// What becomes of its members does not explain that.
fn is_of_whole_item(rule: &Rule) -> bool {
    rule.id == rules::REMOVED.id || rule.id == rules::GENERICS.id
}

/// Whether a path is named in code: followed by nothing that would make it another.
pub fn mentions(code: &str, path: &str) -> bool {
    let mut rest = code;
    while let Some(at) = rest.find(path) {
        rest = &rest[at + path.len()..];
        if !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
            return true;
        }
    }
    false
}

/// Whether an item lies below another one.
fn is_below(item: &str, root: &str) -> bool {
    item.strip_prefix(root)
        .is_some_and(|rest| rest.starts_with("::") || rest.starts_with(" → "))
}

/// A path as programs write it.
pub fn code_path(lib: &str, item: &str) -> String {
    let parts: Vec<String> = item.split("::").map(ident).collect();
    format!("::{}::{}", ident(lib), parts.join("::"))
}

/// Items that are gone or take other parameters: whatever else names them fails with them.
struct Roots<'a>(Vec<(&'a str, String)>);

impl<'a> Roots<'a> {
    fn of(rejected: &'a [Rejected<'_>], lib: &str) -> Self {
        let of_rule = |wanted: &dyn Fn(&Rejected<'_>) -> bool| -> BTreeSet<&'a str> {
            rejected
                .iter()
                .filter(|line| wanted(line))
                .map(|line| line.line.assertion.item.as_str())
                .collect()
        };
        let removed = of_rule(&|line| line.line.assertion.done == Use::Import);
        let reshaped = of_rule(&|line| line.line.assertion.done.rule().id == rules::GENERICS.id);
        Self(
            removed
                .iter()
                .chain(&reshaped)
                .map(|item| (*item, code_path(lib, item)))
                .collect(),
        )
    }

    /// Whether a line fails because of one of them.
    fn explain(&self, line: &Rejected<'_>) -> bool {
        let assertion = line.line.assertion;
        let imports = assertion.done == Use::Import;
        self.0.iter().any(|(root, path)| {
            let own = assertion.item == *root;
            is_below(&assertion.item, root)
                || (!own && !imports && mentions(line.line.code(), path))
        })
    }
}

/// What the other side says of items.
pub struct OtherSide<'a> {
    /// Whether it has an item of that name.
    pub exists: &'a dyn Fn(&str) -> bool,
    /// Whether it has more of the item than there was, which no change of a member explains.
    pub gained: &'a dyn Fn(&str) -> bool,
}

/// Gathers rejected lines.
pub fn group_by_item<'a>(
    rejected: &[Rejected<'a>],
    lib: &str,
    other: &OtherSide<'_>,
) -> Vec<Group<'a>> {
    let roots = Roots::of(rejected, lib);
    let mut groups: BTreeMap<String, Group<'a>> = BTreeMap::new();
    for line in rejected.iter().filter(|line| !roots.explain(line)) {
        let assertion = line.line.assertion;
        // Macros of other crates are no items of either side; one that is gone is not imported.
        let gone = assertion.done != Use::Import
            && !assertion.done.expands_macro()
            && !(other.exists)(&assertion.item)
            && !assertion.item.starts_with("impl")
            && !assertion.item.contains(" → ");
        let rule = if gone {
            &rules::REMOVED
        } else {
            assertion.done.rule()
        };
        let group = groups
            .entry(assertion.item.clone())
            .or_insert_with(|| Group {
                item: assertion.item.clone(),
                rule,
                lines: Vec::new(),
            });
        if rank_of(rule) < rank_of(group.rule) {
            group.rule = rule;
            group.lines.insert(0, line.clone());
        } else {
            group.lines.push(line.clone());
        }
    }

    // What a member's own change explains is not said of its owner again.
    let members: BTreeSet<String> = groups.keys().cloned().collect();
    groups.retain(|item, group| {
        is_of_whole_item(group.rule)
            || (other.gained)(item)
            || !members.iter().any(|member| is_below(member, item))
    });
    groups.into_values().collect()
}

/// Whether all that is lost is that an implementation overrides provided methods with their old
/// signatures, though they can be called as before: their bounds were loosened, which Cargo's
/// SemVer chapter calls minor.
fn only_overrides(group: &Group<'_>) -> bool {
    group.rule.id == rules::TRAIT_IMPL.id
        && group.lines.iter().all(|line| {
            line.line.assertion.done == Use::ImplementAll && line.rejection.code == "E0276"
        })
}

/// Whether only implementations are lost that choose a type for an associated one whose bounds
/// cannot be named: such a trait is meant to be sealed.
fn only_with_chosen(group: &Group<'_>) -> bool {
    group
        .lines
        .iter()
        .all(|line| line.line.assertion.done == Use::ImplementWith)
}

/// Whether a path is still there and leads to something else.
fn is_another_item(group: &Group<'_>) -> bool {
    group
        .lines
        .iter()
        .all(|line| line.line.assertion.done == Use::ReachByEveryPath)
}

/// What is done with an item in its rejected lines, each said once.
fn phrases(group: &Group<'_>) -> String {
    let uses: BTreeSet<&str> = group
        .lines
        .iter()
        .map(|line| line.line.assertion.done.phrase())
        .collect();
    uses.into_iter().collect::<Vec<_>>().join(", ")
}

/// A change for each group of breaks. `cause` is what became of the item, in words.
pub fn breaking_change(group: &Group<'_>, cause: Option<&str>) -> Change {
    let item = &group.item;
    if only_overrides(group) {
        let message = format!(
            "`{item}`: provided methods can be called in more ways; implementations that override them may have to follow"
        );
        return Change::unproved(&rules::EXTENDED, item, Bump::Minor, message);
    }
    if only_with_chosen(group) {
        let message = format!(
            "`{item}`: users who implement it with a type that the private bound of an associated type takes can no longer do so"
        );
        return Change::unproved(&rules::HAZARD, item, Bump::Minor, message);
    }
    let message = if is_another_item(group) {
        format!(
            "`{item}` is another item now: programs that reach the old one by another path cannot mix them"
        )
    } else if group.rule.id == rules::REMOVED.id {
        format!("`{item}` is gone")
    } else if group.rule.id == rules::IMPL_REMOVED.id {
        format!("`{item}` no longer holds")
    } else if let Some(cause) = cause {
        format!("`{item}` {cause}")
    } else {
        format!("`{item}`: users can no longer {}", phrases(group))
    };
    Change::unproved(group.rule, item, Bump::Major, message)
}

/// A change for each group of what the old library does not accept yet.
pub fn added_change(group: &Group<'_>, existed: bool) -> Change {
    let item = &group.item;
    let more_of_impl = item.starts_with("impl") && group.rule.id != rules::IMPL_REMOVED.id;
    let (rule, message) = if existed || more_of_impl {
        let message = format!(
            "`{item}`: users can now {} in ways they could not",
            phrases(group)
        );
        (&rules::EXTENDED, message)
    } else {
        (&rules::ADDED, format!("`{item}` is new"))
    };
    Change::unproved(rule, item, Bump::Minor, message)
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
