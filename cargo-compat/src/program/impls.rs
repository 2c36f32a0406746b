//! Implementations: every type implements what it implemented, with the same associated types.

use std::collections::BTreeSet;

use rustdoc_types::{Id, Impl, Item, ItemEnum, Type};

use super::Writer;
use super::scope::Scope;
use crate::model::declaration::declaration;
use crate::model::surface::is_hidden;
use crate::rules;

/// Traits whose implementations say nothing that users may rely on, or that stable programs cannot
/// name.
const UNNAMED: &[&str] = &[
    "Drop",
    "StructuralPartialEq",
    "Freeze",
    "UnsafeUnpin",
    "CoerceUnsized",
    "DispatchFromDyn",
    "TrivialClone",
];

/// Every implementation of a trait by or for an item of the API.
pub(super) fn write(w: &mut Writer<'_>) {
    let surface = w.names.surface();
    let mut ids: BTreeSet<Id> = BTreeSet::new();
    for id in surface
        .preferred
        .keys()
        .filter(|id| surface.is_documented(**id))
    {
        match w.get(*id).map(|item| &item.inner) {
            Some(ItemEnum::Struct(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Enum(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Union(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Trait(of)) => ids.extend(&of.implementations),
            _ => {}
        }
    }
    for id in ids {
        if let Some(item) = w.get(id)
            && let ItemEnum::Impl(of) = &item.inner
            && of.trait_.is_some()
            && of.blanket_impl.is_none()
            && !of.is_negative
            && !is_hidden(item)
        {
            implementation(w, item, of);
        }
    }
}

fn implementation(w: &mut Writer<'_>, item: &Item, of: &Impl) {
    let Some(path) = &of.trait_ else { return };
    let name = path.path.rsplit("::").next().unwrap_or_default();
    let surface = w.names.surface();
    let local = |id: Id| {
        w.get(id).is_some()
            || w.names
                .krate()
                .paths
                .get(&id)
                .is_some_and(|summary| summary.crate_id == 0)
    };
    if UNNAMED.contains(&name) || (local(path.id) && !surface.is_documented(path.id)) {
        return;
    }
    if let Type::ResolvedPath(path) = &of.for_
        && local(path.id)
        && !surface.is_documented(path.id)
    {
        return;
    }
    let label = declaration(w.names.krate(), item.id);
    let r = w.renderer();
    let ways = (|| {
        r.name_anonymous("i");
        let (self_type, bound) = (r.ty(&of.for_)?, r.path(path)?);
        let mut scope = Scope::of(&r, &of.generics)?;
        let mut equal = Vec::new();
        for id in &of.items {
            if let Some(Item {
                name: Some(name),
                inner:
                    ItemEnum::AssocType {
                        generics,
                        type_: Some(ty),
                        ..
                    },
                ..
            }) = w.get(*id)
                && generics.params.is_empty()
                && let Some(ty) = r.ty(ty)
            {
                equal.push(format!("{name} = {ty}"));
            }
        }
        scope.lifetimes.extend(r.take_anonymous());
        let bound = match (bound.strip_suffix('>'), equal.is_empty()) {
            (_, true) => bound,
            (Some(open), false) => format!("{open}, {}>", equal.join(", ")),
            (None, false) => format!("{bound}<{}>", equal.join(", ")),
        };
        let clause = scope.clause();
        let (params, args) = (scope.params(), scope.args());
        Some(vec![
            format!(
                "trait W__{params}: {bound}{clause} {{}} impl{params} W__{args} for {self_type}{clause} {{}}"
            ),
            scope.function_with(
                &["'x__"],
                &format!("x: &'x__ {self_type}"),
                &format!(" -> &'x__ (impl ?Sized + {bound})"),
                "x",
            ),
        ])
    })();
    // Implementations of unstable traits cannot be asserted on a stable compiler, and nobody on one
    // relies on them.
    w.maybe(
        &label,
        item.id,
        &rules::IMPL_REMOVED,
        "rely on the implementation",
        ways.unwrap_or_default(),
    );
}
