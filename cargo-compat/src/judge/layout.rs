//! What foreign and `unsafe` code may rely on beyond attributes: the tags of enums with a fixed
//! layout, and what a transparent type wraps.

use std::collections::BTreeMap;

use release_gate::Bump;
use rustdoc_types::{
    Attribute, AttributeRepr, Crate, Id, Item, ItemEnum, ReprKind, StructKind, VariantKind,
};

use crate::model::change::Change;
use crate::model::declaration::declaration;
use crate::rules;

/// How a type is laid out, as far as it is fixed.
pub fn repr_of(item: &Item) -> Option<&AttributeRepr> {
    item.attrs.iter().find_map(|attr| match attr {
        Attribute::Repr(repr) => Some(repr),
        _ => None,
    })
}

/// Whether variants have tags that others may read.
fn has_tags(item: &Item) -> bool {
    repr_of(item).is_some_and(|repr| repr.int.is_some() || matches!(repr.kind, ReprKind::C))
}

/// The tag of each variant: stated, or one more than the one before.
fn tags_of(krate: &Crate, item: &Item) -> BTreeMap<String, i128> {
    let ItemEnum::Enum(of) = &item.inner else {
        return BTreeMap::new();
    };
    let mut next = 0i128;
    let mut tags = BTreeMap::new();
    for variant in of.variants.iter().filter_map(|id| krate.index.get(id)) {
        let ItemEnum::Variant(inner) = &variant.inner else {
            continue;
        };
        if let Some(value) = inner
            .discriminant
            .as_ref()
            .and_then(|stated| stated.value.parse().ok())
        {
            next = value;
        }
        tags.insert(variant.name.clone().unwrap_or_default(), next);
        next = next.saturating_add(1);
    }
    tags
}

/// Whether all variants are without data: their numbers are judged by casts.
fn is_plain(krate: &Crate, item: &Item) -> bool {
    let ItemEnum::Enum(of) = &item.inner else {
        return true;
    };
    of.variants
        .iter()
        .filter_map(|id| krate.index.get(id))
        .all(|variant| {
            matches!(&variant.inner, ItemEnum::Variant(of) if matches!(of.kind, VariantKind::Plain))
        })
}

/// Variants of an enum with data whose tag changed.
pub fn tag_changes(
    path: &str,
    (old, before): (&Crate, &Item),
    (new, now): (&Crate, &Item),
) -> Vec<Change> {
    if !has_tags(before) || !has_tags(now) || is_plain(old, before) {
        return Vec::new();
    }
    let after = tags_of(new, now);
    tags_of(old, before)
        .into_iter()
        .filter_map(|(name, tag)| {
            let now = *after.get(&name).filter(|now| **now != tag)?;
            let message = format!("`{path}::{name}`: its tag was {tag} and is {now} now");
            let mut change = Change::unproved(
                &rules::DISCRIMINANT,
                format!("{path}::{name}"),
                Bump::Major,
                message,
            );
            change.before = format!("{name} = {tag}");
            change.after = format!("{name} = {now}");
            Some(change)
        })
        .collect()
}

/// Variants with named fields whose order changed, where a layout is fixed.
pub fn variant_order_changes(
    path: &str,
    (old, before): (&Crate, &Item),
    (new, now): (&Crate, &Item),
) -> Vec<Change> {
    if !has_tags(before) || !has_tags(now) {
        return Vec::new();
    }
    let after = named_fields(new, now);
    named_fields(old, before)
        .into_iter()
        .filter_map(|(name, fields)| {
            let now = after.get(&name).filter(|now| **now != fields)?;
            let message = format!("`{path}::{name}`: its fields stand in another order");
            let item = format!("{path}::{name}");
            let mut change = Change::unproved(&rules::ORDER, item, Bump::Major, message);
            (change.before, change.after) = (fields.join(", "), now.join(", "));
            Some(change)
        })
        .collect()
}

/// The names of each variant's fields, in their order.
fn named_fields(krate: &Crate, item: &Item) -> BTreeMap<String, Vec<String>> {
    let ItemEnum::Enum(of) = &item.inner else {
        return BTreeMap::new();
    };
    let mut found = BTreeMap::new();
    for variant in of.variants.iter().filter_map(|id| krate.index.get(id)) {
        if let ItemEnum::Variant(inner) = &variant.inner
            && let VariantKind::Struct { fields, .. } = &inner.kind
        {
            let names = fields
                .iter()
                .filter_map(|id| krate.index.get(id)?.name.clone())
                .collect();
            found.insert(variant.name.clone().unwrap_or_default(), names);
        }
    }
    found
}

/// A transparent type that wraps something else.
pub fn transparent_change(
    path: &str,
    (old, before): (&Crate, &Item),
    (new, now): (&Crate, &Item),
) -> Option<Change> {
    let transparent =
        |item: &Item| repr_of(item).is_some_and(|repr| matches!(repr.kind, ReprKind::Transparent));
    if !transparent(before) || !transparent(now) {
        return None;
    }
    let first = wrapped(old, before)?;
    let second = wrapped(new, now)?;
    if first == second {
        return None;
    }
    let message =
        format!("`{path}`: `repr(transparent)` wraps `{second}` now, and wrapped `{first}`");
    let mut change = Change::unproved(&rules::REPR, path, Bump::Major, message);
    (change.before, change.after) = (first, second);
    Some(change)
}

/// The types of a struct's fields, markers left out.
fn wrapped(krate: &Crate, item: &Item) -> Option<String> {
    let ItemEnum::Struct(of) = &item.inner else {
        return None;
    };
    let fields: Vec<Id> = match &of.kind {
        StructKind::Unit => Vec::new(),
        StructKind::Tuple(fields) => fields.iter().flatten().copied().collect(),
        StructKind::Plain { fields, .. } => fields.clone(),
    };
    let types: Vec<String> = fields
        .iter()
        .map(|id| declaration(krate, *id))
        .filter_map(|text| text.split_once(": ").map(|(_, ty)| ty.to_owned()))
        .filter(|ty| !ty.starts_with("PhantomData") && ty != "()")
        .collect();
    let [one] = types.as_slice() else { return None };
    Some(one.clone())
}
