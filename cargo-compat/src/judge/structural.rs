//! What a compiler cannot show: hidden items, layout, order, deprecation.

use std::collections::BTreeSet;

use release_gate::Rule;
use rustdoc_types::{
    Attribute, AttributeRepr, Crate, Id, Impl, Item, ItemEnum, MacroKind, ReprKind, StructKind,
};

use super::layout::{repr_of, tag_changes, transparent_change, variant_order_changes};
use super::members::Members;
use crate::model::change::Change;
use crate::rules;
use release_gate::Bump;

/// One side: its description, and what of it can be named.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// The description.
    pub krate: &'a Crate,
    /// What can be named.
    pub members: &'a Members<'a>,
}

/// Compares both sides, item by item.
pub fn structural_changes(old: Described<'_>, new: Described<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, before) in old.members.iter().filter(|(_, member)| !member.hidden) {
        let Some(now) = new.members.get(path) else {
            continue;
        };
        if now.hidden {
            found.extend(hidden_change(path, before.item, now.item, new.members));
        } else {
            found.extend(attribute_changes(path, before.item, now.item));
            found.extend(layout_changes(path, before.item, now.item));
            found.extend(target_feature_change(
                path,
                (old.krate, before.item),
                (new.krate, now.item),
            ));
            let sides = ((old.krate, before.item), (new.krate, now.item));
            found.extend(tag_changes(path, sides.0, sides.1));
            found.extend(variant_order_changes(path, sides.0, sides.1));
            found.extend(transparent_change(path, sides.0, sides.1));
            found.extend(order_change(
                path,
                (old.krate, before.item),
                (new.krate, now.item),
            ));
            found.extend(macro_kind_change(path, before.item, now.item));
        }
    }

    found
}

fn change(rule: &'static Rule, path: &str, bump: Bump, message: String) -> Change {
    Change::unproved(rule, path, bump, message)
}

fn deprecation_change(path: &str, before: &Item, now: &Item) -> Option<Change> {
    (before.deprecation.is_none() && now.deprecation.is_some()).then(|| {
        change(
            &rules::DEPRECATED,
            path,
            Bump::Minor,
            format!("`{path}` is deprecated now"),
        )
    })
}

/// An item that left the documented API.
fn hidden_change(path: &str, before: &Item, now: &Item, members: &Members<'_>) -> Option<Change> {
    // A deprecated item whose re-export is hidden: see `is_hidden`.
    if now.deprecation.is_some() {
        return deprecation_change(path, before, now);
    }
    // Members of a hidden item are hidden with it.
    let with_owner = path
        .rsplit_once("::")
        .and_then(|(owner, _)| members.get(owner))
        .is_some_and(|owner| owner.hidden);
    (!with_owner).then(|| {
        change(
            &rules::HIDDEN,
            path,
            Bump::Major,
            format!("`{path}` is `#[doc(hidden)]` now"),
        )
    })
}

fn is_must_use(item: &Item) -> bool {
    item.attrs
        .iter()
        .any(|attr| matches!(attr, Attribute::MustUse { .. }))
}

fn attribute_changes(path: &str, before: &Item, now: &Item) -> Vec<Change> {
    let mut found = Vec::from_iter(deprecation_change(path, before, now));
    if !is_must_use(before) && is_must_use(now) {
        found.push(change(
            &rules::MUST_USE,
            path,
            Bump::Minor,
            format!("`{path}` is `#[must_use]` now"),
        ));
    }
    found
}

fn layout_changes(path: &str, before: &Item, now: &Item) -> Option<Change> {
    if let Some(text) = lost_layout(before, now) {
        return Some(change(
            &rules::REPR,
            path,
            Bump::Major,
            format!("`{path}`: {text}"),
        ));
    }
    let text = lost_layout(now, before)?.replace("is gone", "is new");
    Some(change(
        &rules::EXTENDED,
        path,
        Bump::Minor,
        format!("`{path}`: {text}"),
    ))
}

fn target_feature_change(
    path: &str,
    (old, before): (&Crate, &Item),
    (new, now): (&Crate, &Item),
) -> Option<Change> {
    let required = target_features(old, before);
    let more: Vec<String> = target_features(new, now)
        .difference(&required)
        .cloned()
        .collect();
    if more.is_empty() {
        return None;
    }
    let more = more.join("`, `");
    Some(change(
        &rules::TARGET_FEATURE,
        path,
        Bump::Major,
        format!("`{path}` requires the target features `{more}` now"),
    ))
}

/// A guarantee of layout that the new side no longer gives.
fn lost_layout(a: &Item, b: &Item) -> Option<String> {
    let a = repr_of(a)?;
    let b = repr_of(b);
    let kind = |repr: &AttributeRepr| match repr.kind {
        ReprKind::Rust => None,
        ReprKind::C => Some("C"),
        ReprKind::Transparent => Some("transparent"),
        ReprKind::Simd => Some("simd"),
    };

    if let Some(name) = kind(a)
        && b.and_then(kind) != Some(name)
    {
        return Some(format!("`repr({name})` is gone"));
    }
    if let Some(int) = &a.int
        && b.and_then(|b| b.int.as_ref()) != Some(int)
    {
        return Some(format!("`repr({int})` is gone"));
    }
    if a.align != b.and_then(|b| b.align) {
        return a
            .align
            .map(|align| format!("`repr(align({align}))` changed"));
    }

    (a.packed != b.and_then(|b| b.packed)).then(|| "`repr(packed)` changed".to_owned())
}

/// Target features a function's callers must have, those every program of the target has left out.
fn target_features(krate: &Crate, item: &Item) -> BTreeSet<String> {
    let enabled = item.attrs.iter().filter_map(|attr| match attr {
        Attribute::TargetFeature { enable } => Some(enable),
        _ => None,
    });
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = enabled.flatten().cloned().collect();
    while let Some(name) = open.pop() {
        let known = krate
            .target
            .target_features
            .iter()
            .find(|feature| feature.name == name);
        if known.is_some_and(|feature| feature.globally_enabled) || !found.insert(name) {
            continue;
        }
        open.extend(
            known
                .into_iter()
                .flat_map(|feature| feature.implies_features.iter().cloned()),
        );
    }
    found
}

/// Names of fields or variants in their order.
fn names_in_order(krate: &Crate, ids: &[Id]) -> Vec<String> {
    ids.iter()
        .filter_map(|id| krate.index.get(id)?.name.clone())
        .collect()
}

fn derives_order(krate: &Crate, impls: &[Id]) -> bool {
    impls
        .iter()
        .filter_map(|id| krate.index.get(id))
        .any(|item| {
            let derived = item
                .attrs
                .iter()
                .any(|attr| matches!(attr, Attribute::AutomaticallyDerived));
            derived && matches!(&item.inner, ItemEnum::Impl(of) if is_partial_ord(of))
        })
}

fn is_partial_ord(of: &Impl) -> bool {
    of.trait_
        .as_ref()
        .is_some_and(|path| path.path.rsplit("::").next() == Some("PartialOrd"))
}

fn has_c_layout(item: &Item) -> bool {
    repr_of(item).is_some_and(|repr| matches!(repr.kind, ReprKind::C))
}

/// What of a type has an order.
struct Ordered<'a> {
    /// `fields` or `variants`.
    what: &'static str,
    names: Vec<String>,
    impls: &'a [Id],
    /// Whether `repr(C)` lays it out in its order.
    has_c_layout: bool,
}

impl<'a> Ordered<'a> {
    fn of(krate: &Crate, item: &'a Item) -> Option<Self> {
        match &item.inner {
            ItemEnum::Struct(of) => match &of.kind {
                StructKind::Plain { fields, .. } => Some(Self {
                    what: "fields",
                    names: names_in_order(krate, fields),
                    impls: &of.impls,
                    has_c_layout: has_c_layout(item),
                }),
                _ => None,
            },
            ItemEnum::Enum(of) => Some(Self {
                what: "variants",
                names: names_in_order(krate, &of.variants),
                impls: &of.impls,
                has_c_layout: false,
            }),
            _ => None,
        }
    }

    /// The names that another side has too.
    fn shared_with(&self, other: &Self) -> Vec<&String> {
        self.names
            .iter()
            .filter(|name| other.names.contains(name))
            .collect()
    }
}

/// The order of fields or variants, where something is derived from it.
fn order_change(
    path: &str,
    (old, before): (&Crate, &Item),
    (new, now): (&Crate, &Item),
) -> Option<Change> {
    let first = Ordered::of(old, before)?;
    let second = Ordered::of(new, now).filter(|second| second.what == first.what)?;
    if first.shared_with(&second) == second.shared_with(&first) {
        return None;
    }
    let text = if first.has_c_layout && second.has_c_layout {
        "the order of its `repr(C)` fields changed".to_owned()
    } else if derives_order(old, first.impls) && derives_order(new, second.impls) {
        format!(
            "the order of its {} changed, and its `PartialOrd` is derived from it",
            first.what
        )
    } else {
        return None;
    };
    Some(change(
        &rules::ORDER,
        path,
        Bump::Major,
        format!("`{path}`: {text}"),
    ))
}

fn macro_kind_change(path: &str, before: &Item, now: &Item) -> Option<Change> {
    let (ItemEnum::ProcMacro(first), ItemEnum::ProcMacro(second)) = (&before.inner, &now.inner)
    else {
        return None;
    };

    let text = if first.kind == second.kind {
        let gone: Vec<&str> = first
            .helpers
            .iter()
            .filter(|name| !second.helpers.contains(name))
            .map(String::as_str)
            .collect();
        if gone.is_empty() {
            return None;
        }
        let gone = gone.join("`, `");
        format!("no longer takes the helper attribute `{gone}`")
    } else {
        format!(
            "was {} and is {} now",
            macro_kind_word(first.kind),
            macro_kind_word(second.kind)
        )
    };

    Some(change(
        &rules::MACRO,
        path,
        Bump::Major,
        format!("`{path}`: {text}"),
    ))
}

fn macro_kind_word(kind: MacroKind) -> &'static str {
    match kind {
        MacroKind::Bang => "a function-like macro",
        MacroKind::Attr => "an attribute",
        MacroKind::Derive => "a derive macro",
    }
}
