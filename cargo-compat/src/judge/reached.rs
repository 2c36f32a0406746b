//! Types that users get values of and cannot name: what of them no program used is compared by its
//! text.
//!
//! A type counts if a value of it reaches users: as a result, a field, an associated type or an
//! argument of a closure. What only stands in a parameter does not, since nobody can make one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use release_gate::Bump;
use rustdoc_types::{Crate, Id, Impl, Item, ItemEnum, Type, Visibility};
use serde::Serialize;
use serde_json::Value;

use super::gaps::Readable;
use crate::model::change::Change;
use crate::model::declaration::declaration;
use crate::model::gap::LeftOut;
use crate::model::projection::{Projected, projected};
use crate::model::reach::collect_paths;
use crate::model::surface::is_hidden;
use crate::program::UNNAMED;
use crate::rules;

/// What comparing by text found.
#[derive(Debug, Default)]
pub struct Reached {
    /// Members that read otherwise now, or are gone.
    pub changes: Vec<Change>,
    /// Types of which members were not judged, though they read the same.
    pub left_out: Vec<LeftOut>,
}

/// Compares what no program used. `used` are the items of the old side that programs used.
pub fn judge_reached(old: Readable<'_>, new: Readable<'_>, used: &BTreeSet<Id>) -> Reached {
    let after = members_by_path(new);
    let mut found = Reached::default();
    for (owner, before) in members_by_path(old) {
        let now = after.get(&owner);
        let name = owner.rsplit("::").next().unwrap_or(&owner);
        let mut unchanged = 0;
        for (member, (id, text)) in before {
            if used.contains(&id) {
                continue;
            }
            let now = now.and_then(|members| members.get(&member));
            if now.is_some_and(|(_, now)| *now == text) {
                unchanged += 1;
                continue;
            }
            let item = format!("{name} (without a name) → {member}");
            let now = now.map(|(_, text)| text.clone()).unwrap_or_default();
            found.changes.push(unproved(&item, text, now));
        }
        if unchanged > 0 {
            found.left_out.push(LeftOut {
                rule: &rules::NOT_JUDGED_USE,
                what: format!("`{owner}`, which has no name: {unchanged} of its members"),
                why: "no program that uses them could be written".to_owned(),
            });
        }
    }

    found.changes.extend(changed_arguments(old, new));
    found.changes.extend(changed_projections(old, new));

    found
}

fn unproved(item: &str, before: String, after: String) -> Change {
    let word = if after.is_empty() {
        "is gone"
    } else {
        "changed"
    };
    let message = format!("`{item}` {word}, and no program could be written to judge it");
    let mut change = Change::unproved(&rules::UNPROVED, item, Bump::Major, message);
    (change.before, change.after) = (before, after);
    change
}

type MemberTexts = BTreeMap<String, (Id, String)>;

/// Members of the types without a name that users get values of, by the type's own path.
fn members_by_path(side: Readable<'_>) -> BTreeMap<String, MemberTexts> {
    let mut found = BTreeMap::new();
    for id in value_types(side) {
        if let Some(summary) = side.krate.paths.get(&id) {
            found.insert(summary.path.join("::"), member_texts(side, id));
        }
    }
    found
}

fn member_texts(side: Readable<'_>, id: Id) -> MemberTexts {
    let krate = side.krate;
    let mut found = MemberTexts::new();
    let Some(item) = krate.index.get(&id) else {
        return found;
    };
    for field in public_fields(krate, item) {
        let name = field.name.clone().unwrap_or_default();
        found.insert(name, (field.id, declaration(krate, field.id)));
    }

    for (impl_item, of) in implementations(krate, item) {
        let head = declaration(krate, impl_item.id);
        let Some(path) = &of.trait_ else {
            for method in public_functions(krate, of) {
                let name = method.name.clone().unwrap_or_default();
                let text = format!("{head} {{ {} }}", without_names(krate, method));
                found.insert(name, (method.id, text));
            }
            continue;
        };
        let name = path.path.rsplit("::").next().unwrap_or_default();
        if is_private(side, path.id) || UNNAMED.contains(&name) {
            continue;
        }
        let mut chosen: Vec<String> = of
            .items
            .iter()
            .filter_map(|id| krate.index.get(id))
            .filter(|item| matches!(item.inner, ItemEnum::AssocType { .. }))
            .map(|item| declaration(krate, item.id))
            .collect();
        chosen.sort();
        let text = [vec![head], chosen].concat().join(" ");
        found.insert(format!("impl {name}"), (impl_item.id, text));
    }

    found
}

/// Own types without a name that users get values of.
fn value_types(side: Readable<'_>) -> BTreeSet<Id> {
    let krate = side.krate;
    let mut open: VecDeque<Id> = side
        .surface
        .preferred
        .keys()
        .copied()
        .filter(|id| side.surface.is_documented(*id))
        .collect();

    let mut seen: BTreeSet<Id> = open.iter().copied().collect();
    let mut found = BTreeSet::new();
    while let Some(id) = open.pop_front() {
        let Some(item) = krate.index.get(&id) else {
            continue;
        };
        for given in given_by(side, item) {
            let is_type = krate.index.get(&given).is_some_and(|item| {
                matches!(
                    item.inner,
                    ItemEnum::Struct(_) | ItemEnum::Enum(_) | ItemEnum::Union(_)
                )
            });
            if is_type && !side.surface.is_documented(given) && seen.insert(given) {
                found.insert(given);
                open.push_back(given);
            }
        }
    }

    found
}

/// Ids in the types of all values that an item gives.
fn given_by(side: Readable<'_>, item: &Item) -> Vec<Id> {
    let krate = side.krate;
    let mut found = Vec::new();
    match &item.inner {
        ItemEnum::Struct(_) | ItemEnum::Union(_) | ItemEnum::Enum(_) => {
            for field in public_fields(krate, item) {
                collect_ids(krate, &field.inner, &mut found);
            }
            for (_, of) in implementations(krate, item) {
                let is_private = of
                    .trait_
                    .as_ref()
                    .is_some_and(|path| is_private(side, path.id));
                if !is_private && is_for_whom_users_have(side, item, of) {
                    found.extend(given_by_impl(krate, of));
                }
            }
        }
        ItemEnum::Trait(of) => {
            for member in of.items.iter().filter_map(|id| krate.index.get(id)) {
                found.extend(given_by_value(krate, member));
            }
        }
        _ => found.extend(given_by_value(krate, item)),
    }

    found
}

/// Whether users have a value of what an implementation is for. rustdoc also lists `impl From<Public> for
/// Private` with the public type, though nobody can ask for the private one.
fn is_for_whom_users_have(side: Readable<'_>, item: &Item, of: &Impl) -> bool {
    let mut ty = &of.for_;
    while let Type::BorrowedRef { type_, .. } = ty {
        ty = type_;
    }
    match ty {
        Type::ResolvedPath(path) => path.id == item.id || !is_unnamed_type(side, path.id),
        _ => true,
    }
}

fn given_by_impl(krate: &Crate, of: &Impl) -> Vec<Id> {
    let is_inherent = of.trait_.is_none();
    of.items
        .iter()
        .filter_map(|id| krate.index.get(id))
        .filter(|item| !is_hidden(item))
        .filter(|item| !is_inherent || matches!(item.visibility, Visibility::Public))
        .flat_map(|item| given_by_value(krate, item))
        .collect()
}

fn given_by_value(krate: &Crate, item: &Item) -> Vec<Id> {
    let mut found = Vec::new();
    match &item.inner {
        ItemEnum::Function(function) => {
            collect_ids(krate, &function.sig.output, &mut found);
            // What closures are called with.
            for part in [
                serde_json::to_value(&function.sig.inputs),
                serde_json::to_value(&function.generics),
            ] {
                collect_closures(&part.unwrap_or_default(), &mut found);
            }
        }
        ItemEnum::Constant { type_, .. } | ItemEnum::AssocConst { type_, .. } => {
            collect_ids(krate, type_, &mut found);
        }
        ItemEnum::Static(of) => collect_ids(krate, &of.type_, &mut found),
        ItemEnum::TypeAlias(of) => collect_ids(krate, &of.type_, &mut found),
        ItemEnum::AssocType {
            type_: Some(ty), ..
        } => collect_ids(krate, ty, &mut found),
        _ => {}
    }

    found
}

fn collect_ids(krate: &Crate, part: &impl Serialize, found: &mut Vec<Id>) {
    if let Ok(value) = serde_json::to_value(part) {
        collect_values(krate, &value, found);
    }
}

/// Every path of a type, but what a projection is only asked of: it gives what it is.
fn collect_values(krate: &Crate, value: &Value, found: &mut Vec<Id>) {
    match value {
        Value::Object(fields) if fields.contains_key("qualified_path") => {
            let given = match serde_json::from_value(value.clone()) {
                Ok(Type::QualifiedPath {
                    name,
                    self_type,
                    trait_: Some(path),
                    ..
                }) => projected(krate, (&self_type, path.id, &name), &|_| false),
                _ => None,
            };
            if let Some(Projected::Is(ty)) = given {
                collect_ids(krate, &ty, found);
            }
        }
        Value::Object(fields) => {
            let id = fields.get("id").and_then(Value::as_u64);
            if fields.contains_key("path") {
                found.extend(id.and_then(|id| u32::try_from(id).ok()).map(Id));
            }
            for field in fields.values() {
                collect_values(krate, field, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_values(krate, item, found);
            }
        }
        _ => {}
    }
}

fn collect_closures(value: &Value, found: &mut Vec<Id>) {
    match value {
        Value::Object(fields) => {
            if let Some(inside) = fields.get("parenthesized") {
                collect_paths(inside, found);
            }
            for field in fields.values() {
                collect_closures(field, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect_closures(item, found)),
        _ => {}
    }
}

fn public_fields<'c>(krate: &'c Crate, item: &Item) -> Vec<&'c Item> {
    let of_variants = match &item.inner {
        ItemEnum::Enum(of) => of.variants.as_slice(),
        _ => &[],
    };
    let mut ids = fields_of(item);
    for variant in of_variants.iter().filter_map(|id| krate.index.get(id)) {
        ids.extend(fields_of(variant));
    }
    let is_enum = matches!(item.inner, ItemEnum::Enum(_));
    ids.iter()
        .filter_map(|id| krate.index.get(id))
        .filter(|field| is_enum || matches!(field.visibility, Visibility::Public))
        .filter(|field| !is_hidden(field))
        .collect()
}

fn fields_of(item: &Item) -> Vec<Id> {
    use rustdoc_types::{StructKind, VariantKind};
    match &item.inner {
        ItemEnum::Struct(of) => match &of.kind {
            StructKind::Unit => Vec::new(),
            StructKind::Tuple(fields) => fields.iter().flatten().copied().collect(),
            StructKind::Plain { fields, .. } => fields.clone(),
        },
        ItemEnum::Union(of) => of.fields.clone(),
        ItemEnum::Variant(of) => match &of.kind {
            VariantKind::Plain => Vec::new(),
            VariantKind::Tuple(fields) => fields.iter().flatten().copied().collect(),
            VariantKind::Struct { fields, .. } => fields.clone(),
        },
        _ => Vec::new(),
    }
}

/// What is implemented for a type, blanket implementations left out.
fn implementations<'c>(krate: &'c Crate, item: &Item) -> Vec<(&'c Item, &'c Impl)> {
    let ids = match &item.inner {
        ItemEnum::Struct(of) => of.impls.as_slice(),
        ItemEnum::Union(of) => of.impls.as_slice(),
        ItemEnum::Enum(of) => of.impls.as_slice(),
        _ => &[],
    };
    ids.iter()
        .filter_map(|id| krate.index.get(id))
        .filter(|item| !is_hidden(item))
        .filter_map(|item| match &item.inner {
            ItemEnum::Impl(of) if of.blanket_impl.is_none() && !of.is_negative => Some((item, of)),
            _ => None,
        })
        .collect()
}

fn public_functions<'c>(krate: &'c Crate, of: &Impl) -> Vec<&'c Item> {
    of.items
        .iter()
        .filter_map(|id| krate.index.get(id))
        .filter(|item| matches!(item.visibility, Visibility::Public) && !is_hidden(item))
        .filter(|item| matches!(item.inner, ItemEnum::Function(_)))
        .collect()
}

/// A function's declaration; what its parameters are called is not part of it.
fn without_names(krate: &Crate, item: &Item) -> String {
    let ItemEnum::Function(function) = &item.inner else {
        return declaration(krate, item.id);
    };
    let mut text = declaration(krate, item.id);
    for (name, _) in &function.sig.inputs {
        if name != "self" {
            text = text
                .replace(&format!("({name}: "), "(_: ")
                .replace(&format!(", {name}: "), ", _: ");
        }
    }
    text
}

/// Whether an item is this crate's own and has no documented path.
fn is_private(side: Readable<'_>, id: Id) -> bool {
    let is_own = side.krate.index.contains_key(&id)
        || side
            .krate
            .paths
            .get(&id)
            .is_some_and(|summary| summary.crate_id == 0);
    is_own && !side.surface.is_documented(id)
}

/// Functions that take a type without a name. A program leaves such an argument to inference, which
/// takes any type, so their texts are compared.
fn changed_arguments(old: Readable<'_>, new: Readable<'_>) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, before) in old.members.iter().filter(|(_, member)| !member.hidden) {
        let Some(now) = new.members.get(path).filter(|now| !now.hidden) else {
            continue;
        };
        let (ItemEnum::Function(function), ItemEnum::Function(_)) =
            (&before.item.inner, &now.item.inner)
        else {
            continue;
        };
        let mut ids = Vec::new();
        for (_, ty) in &function.sig.inputs {
            collect_argument_ids(old.krate, ty, &mut ids);
        }
        if !ids.iter().any(|id| is_unnamed_type(old, *id)) {
            continue;
        }
        let texts = [
            without_names(old.krate, before.item),
            without_names(new.krate, now.item),
        ];
        let [before, after] = texts;
        if before != after {
            found.push(unproved(path, before, after));
        }
    }

    found
}

fn collect_argument_ids(krate: &Crate, ty: &Type, found: &mut Vec<Id>) {
    match ty {
        Type::ImplTrait(_) => {}
        other => collect_ids(krate, other, found),
    }
}

fn is_unnamed_type(side: Readable<'_>, id: Id) -> bool {
    let is_type = side.krate.index.get(&id).is_some_and(|item| {
        matches!(
            item.inner,
            ItemEnum::Struct(_) | ItemEnum::Enum(_) | ItemEnum::Union(_)
        )
    });
    is_type && !side.surface.is_documented(id)
}

/// Implementations for `<A as B>::C`, which belong to no type's list.
fn changed_projections(old: Readable<'_>, new: Readable<'_>) -> Vec<Change> {
    let after: BTreeSet<String> = projections(new).into_iter().collect();
    projections(old)
        .into_iter()
        .filter(|head| !after.contains(head))
        .map(|head| unproved(&head, head.clone(), String::new()))
        .collect()
}

fn projections(side: Readable<'_>) -> Vec<String> {
    side.krate
        .index
        .values()
        .filter(|item| match &item.inner {
            ItemEnum::Impl(of) => {
                matches!(of.for_, Type::QualifiedPath { .. })
                    && of
                        .trait_
                        .as_ref()
                        .is_some_and(|path| !is_private(side, path.id))
            }
            _ => false,
        })
        .map(|item| declaration(side.krate, item.id))
        .collect()
}
