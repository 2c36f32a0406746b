//! What an item's declaration reaches: itself, and what it names that users cannot.
//!
//! Where no program can judge an item, the text of all this is compared. Documented items that it
//! names are judged by themselves and left out.

use std::collections::HashSet;

use rustdoc_types::{Crate, Id, Item, ItemEnum, Visibility};
use serde_json::Value;

use super::declaration::declaration;
use super::surface::{Surface, is_hidden};

/// How many items a declaration is followed to.
const MOST: usize = 400;

/// The declarations an item reaches, one a line.
pub fn reached_text(krate: &Crate, surface: &Surface, id: Id) -> String {
    let mut lines = Vec::new();
    let mut seen: HashSet<Id> = HashSet::from([id]);
    let mut open = vec![id];
    let mut next = 0;
    while let Some(id) = open.get(next).copied().filter(|_| next < MOST) {
        next += 1;
        let Some(item) = krate.index.get(&id) else {
            continue;
        };
        lines.push(declaration(krate, id));
        let own = members_of(krate, item);
        lines.extend(own.iter().map(|id| declaration(krate, *id)));
        for item in own
            .iter()
            .filter_map(|id| krate.index.get(id))
            .chain([item])
        {
            for named in named_by(item) {
                let is_private = krate
                    .index
                    .get(&named)
                    .is_some_and(|item| item.crate_id == 0)
                    && !surface.is_documented(named);
                if is_private && seen.insert(named) {
                    open.push(named);
                }
            }
        }
    }

    // Ids, and with them the order in which rustdoc lists things, differ between runs.
    if let Some(rest) = lines.get_mut(1..) {
        rest.sort();
    }

    lines.dedup();

    lines.join("\n")
}

/// Members that an item's declaration does not spell out: what a trait holds, what is implemented
/// for a type.
fn members_of(krate: &Crate, item: &Item) -> Vec<Id> {
    match &item.inner {
        ItemEnum::Trait(of) => of.items.clone(),
        ItemEnum::Struct(of) => implemented(krate, &of.impls),
        ItemEnum::Enum(of) => implemented(krate, &of.impls),
        ItemEnum::Union(of) => implemented(krate, &of.impls),
        _ => Vec::new(),
    }
}

fn implemented(krate: &Crate, impls: &[Id]) -> Vec<Id> {
    let mut found = Vec::new();
    for id in impls {
        let Some(ItemEnum::Impl(of)) = krate.index.get(id).map(|item| &item.inner) else {
            continue;
        };
        if of.is_synthetic || of.blanket_impl.is_some() {
            continue;
        }
        if of.trait_.is_some() {
            found.push(*id);
            // What it chooses may be named by a projection.
            found.extend(of.items.iter().copied().filter(|id| {
                krate
                    .index
                    .get(id)
                    .is_some_and(|item| matches!(item.inner, ItemEnum::AssocType { .. }))
            }));
            continue;
        }
        let public = of.items.iter().copied().filter(|id| {
            krate.index.get(id).is_some_and(|item| {
                matches!(item.visibility, Visibility::Public) && !is_hidden(item)
            })
        });
        found.extend(public);
    }
    found
}

/// Items that a declaration names by path.
fn named_by(item: &Item) -> Vec<Id> {
    let mut found = Vec::new();
    if let Ok(value) = serde_json::to_value(&item.inner) {
        collect_paths(&value, &mut found);
    }
    found
}

/// Every `{"path": …, "id": …}` of rustdoc's JSON.
pub fn collect_paths(value: &Value, found: &mut Vec<Id>) {
    match value {
        Value::Object(fields) => {
            if let (Some(Value::String(_)), Some(Value::Number(id))) =
                (fields.get("path"), fields.get("id"))
                && let Some(id) = id.as_u64().and_then(|id| u32::try_from(id).ok())
            {
                found.push(Id(id));
            }
            for field in fields.values() {
                collect_paths(field, found);
            }
        }
        Value::Array(items) => {
            for item in items {
                collect_paths(item, found);
            }
        }
        _ => {}
    }
}
