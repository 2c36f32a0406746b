//! Implementations: every type implements what it implemented, with the same associated types.

use std::collections::BTreeSet;

use rustdoc_types::{Generics, Id, Impl, Item, ItemEnum, Path, Type};

use super::assertion::Use;
use super::bodies::open_scope;
use super::opaque;
use super::scope::Scope;
use super::substitutes::{choices, closed_parameters};
use super::writer::Writer;
use crate::model::declaration::declaration;
use crate::model::render::{Renderer, angle, arguments};
use crate::model::surface::is_hidden;

/// Traits whose implementations say nothing that users may rely on, or that stable programs cannot
/// name.
pub const UNNAMED: &[&str] = &[
    "Drop",
    "StructuralPartialEq",
    "Freeze",
    "UnsafeUnpin",
    "CoerceUnsized",
    "DispatchFromDyn",
    "TrivialClone",
];

/// Every implementation of a trait by or for an item of the API.
pub(super) fn write_impls(w: &mut Writer<'_>) {
    for id in implementations(w) {
        if let Some(item) = w.item(id)
            && let ItemEnum::Impl(of) = &item.inner
            && of.blanket_impl.is_none()
            && !of.is_negative
            && !is_hidden(item)
            && let Some(path) = &of.trait_
        {
            write_impl(w, item, of, path);
        }
    }
}

fn implementations(w: &Writer<'_>) -> BTreeSet<Id> {
    let surface = w.names.surface();
    let mut ids: BTreeSet<Id> = BTreeSet::new();
    for id in surface
        .preferred
        .keys()
        .filter(|id| surface.is_documented(**id))
    {
        match w.item(*id).map(|item| &item.inner) {
            Some(ItemEnum::Struct(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Enum(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Union(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Trait(of)) => ids.extend(&of.implementations),
            _ => {}
        }
    }
    ids
}

/// Whether an item is this crate's own and no part of the documented API.
fn is_private(w: &Writer<'_>, id: Id) -> bool {
    let krate = w.names.krate();
    let local = w.item(id).is_some()
        || krate
            .paths
            .get(&id)
            .is_some_and(|summary| summary.crate_id == 0);
    local && !w.names.surface().is_documented(id)
}

fn write_impl(w: &mut Writer<'_>, item: &Item, of: &Impl, path: &Path) {
    let name = path.path.rsplit("::").next().unwrap_or_default();
    if UNNAMED.contains(&name) || is_private(w, path.id) {
        return;
    }
    if let Type::ResolvedPath(path) = &of.for_
        && is_private(w, path.id)
    {
        return;
    }
    let label = declaration(w.names.krate(), item.id);
    let ways = ways_to_rely_on(w, of, path).unwrap_or_else(|| ways_by_type(w, of, path));
    if ways.len() > 2 {
        for way in &ways {
            w.add(&label, item.id, Use::RelyOnImplWith, vec![way.clone()]);
        }
    }

    w.add(&label, item.id, Use::RelyOnImpl, ways);
    opaque::send_of_impl(w, &label, of, path);
    if name == "Default"
        && of.generics.params.is_empty()
        && let Type::ResolvedPath(own) = &of.for_
        && let Some(named) = w.names.of(own.id)
    {
        // What the path leaves open, the compiler must be able to infer.
        let way = format!("fn w__() {{ let r__ = {named}::default(); }}");
        w.add(&label, item.id, Use::RelyOnImplWith, vec![way]);
    }

    for way in generic_types(w, of, path) {
        w.add(&label, item.id, Use::RelyOnImplWith, vec![way]);
    }
}

/// Generic associated types: for every lifetime the type that the implementation chooses.
fn generic_types(w: &Writer<'_>, of: &Impl, path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for id in &of.items {
        let Some(item) = w.item(*id) else { continue };
        let ItemEnum::AssocType {
            generics,
            type_: Some(ty),
            ..
        } = &item.inner
        else {
            continue;
        };
        let args = arguments(generics, true);
        if args.is_empty() {
            continue;
        }
        let mut r = w.renderer();
        r.name_anonymous("i");
        let (Some(self_type), Some(bound)) = (r.ty(&of.for_), r.path(path)) else {
            continue;
        };
        r.self_type = Some(self_type.clone());
        let Some(mut scope) = Scope::of(&r, &of.generics) else {
            continue;
        };
        let Some(chosen) = r.ty(ty) else { continue };
        scope.lifetimes.extend(r.take_anonymous());
        let mut own = generics.clone();
        own.where_predicates.clear();
        if scope.extend(&r, &own).is_none() {
            continue;
        }
        let name = item.name.as_deref().unwrap_or_default();
        found.push(scope.function(
            &format!("x: <{self_type} as {bound}>::{name}{}", angle(&args)),
            &format!(" -> {chosen}"),
            "x",
        ));
    }

    found
}

/// An implementation under bounds that cannot be named, relied on for each type that fits.
fn ways_by_type(w: &Writer<'_>, of: &Impl, path: &Path) -> Vec<String> {
    let closed = closed_parameters(w, &of.generics);
    choices(&closed)
        .into_iter()
        .filter_map(|choice| {
            let mut r = w.renderer();
            r.generics = choice.into_iter().collect();
            let self_type = r.ty(&of.for_)?;
            let bound = r.path(path)?;
            let mut scope = Scope::default();
            open_scope(&mut scope, &r, &of.generics, &r.generics)?;
            let body = format!("fn is__<X__: ?Sized + {bound}>() {{}} is__::<{self_type}>()");
            Some(scope.function("", "", &body))
        })
        .collect()
}

fn ways_to_rely_on(w: &Writer<'_>, of: &Impl, path: &Path) -> Option<Vec<String>> {
    let r = w.renderer();
    r.name_anonymous("i");
    let self_type = r.ty(&of.for_)?;
    let bound = r.path(path)?;
    let mut scope = match generics_of_type(w, of) {
        // What rustdoc works out for a type (auto traits) lacks the type's own bounds.
        Some(generics) if of.is_synthetic => {
            let mut scope = Scope::of(&r, generics)?;
            scope.predicates.extend(r.predicates(&of.generics)?);
            scope
        }
        _ => Scope::of(&r, &of.generics)?,
    };
    let equal = associated_types(w, &r, of);
    scope.lifetimes.extend(r.take_anonymous());

    let bound = with_associated(&bound, &equal);
    let (params, args, clause) = (scope.params(), scope.args(), scope.clause());
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
}

/// The parameters of the own type that an implementation is for.
fn generics_of_type<'a>(w: &Writer<'a>, of: &Impl) -> Option<&'a Generics> {
    let Type::ResolvedPath(path) = &of.for_ else {
        return None;
    };
    match &w.item(path.id)?.inner {
        ItemEnum::Struct(of) => Some(&of.generics),
        ItemEnum::Enum(of) => Some(&of.generics),
        ItemEnum::Union(of) => Some(&of.generics),
        _ => None,
    }
}

/// `Trait<T, Item = u8>`.
pub(super) fn with_associated(bound: &str, equal: &[String]) -> String {
    match (bound.strip_suffix('>'), equal.is_empty()) {
        (_, true) => bound.to_owned(),
        (Some(open), false) => format!("{open}, {}>", equal.join(", ")),
        (None, false) => format!("{bound}<{}>", equal.join(", ")),
    }
}

/// `Item = u8` for each associated type that an implementation chooses.
pub(super) fn associated_types(w: &Writer<'_>, r: &Renderer<'_>, of: &Impl) -> Vec<String> {
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
        }) = w.item(*id)
            && generics.params.is_empty()
            && let Some(ty) = r.ty(ty)
        {
            equal.push(format!("{name} = {ty}"));
        }
    }
    equal
}
