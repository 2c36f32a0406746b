//! What follows from a type's generic parameters alone: named with and without arguments, passed,
//! moved, and its variance.

use rustdoc_types::{
    GenericBound, GenericParamDef, GenericParamDefKind, Generics, Item, TraitBoundModifier, Type,
    WherePredicate,
};

use super::assertion::Use;
use super::scope::{NamedType, Scope, with_argument, with_defaults, without_parameter};
use super::variance::write_variance;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::arguments;

/// Writes what is common to all three kinds of type. `None` if its parameters cannot be written.
pub(super) fn write_named(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    generics: &Generics,
) -> Option<NamedType> {
    let name = w.names.local(path);
    let Some(scope) = Scope::of(&w.renderer(), generics) else {
        w.add(path, item.id, Use::NameWithArguments, Vec::new());
        return None;
    };
    let ty = format!("{name}{}", scope.args());
    let named = NamedType { scope, name, ty };
    let NamedType { scope, ty, .. } = &named;
    let way = scope.function(&format!("_: &{ty}"), "", "");
    w.add(path, item.id, Use::NameWithArguments, vec![way]);
    let way = scope.function(&format!("_: {ty}"), "", "");
    w.add(path, item.id, Use::PassByValue, vec![way]);

    write_defaults(w, path, item, generics, &named);
    write_variance(w, path, item, generics, &named);
    objects_within(w, path, item, generics, &named);

    // A closure takes over what is not `Copy`, and borrows what is.
    let take = scope.function(
        &format!("x: {ty}"),
        " -> impl FnOnce()",
        "|| { let _y = x; }",
    );
    w.add(path, item.id, Use::MoveIntoClosure, vec![take]);
    if let Some(args) = filled_arguments(generics) {
        let way = format!(
            "fn w__(x: {}<{args}>) -> impl FnOnce() {{ || {{ let _y = x; }} }}",
            named.name
        );
        w.add(path, item.id, Use::MoveIntoClosure, vec![way]);
    }
    Some(named)
}

/// Arguments for which most bounds hold. `None`: there are no type parameters.
fn filled_arguments(generics: &Generics) -> Option<String> {
    let args: Vec<&str> = generics
        .params
        .iter()
        .map(|param| match &param.kind {
            GenericParamDefKind::Lifetime { .. } => "'static",
            GenericParamDefKind::Type { .. } => "u8",
            GenericParamDefKind::Const { .. } => "1",
        })
        .collect();
    args.contains(&"u8").then(|| args.join(", "))
}

/// The type without the arguments that have defaults.
fn write_defaults(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    generics: &Generics,
    NamedType { scope, name, .. }: &NamedType,
) {
    let short = arguments(generics, false);
    if short.len() == arguments(generics, true).len() {
        return;
    }
    let short = if short.is_empty() {
        name.clone()
    } else {
        format!("{name}<{}>", short.join(", "))
    };
    let used = scope.function(&format!("x: &{short}"), "", "");
    w.add(path, item.id, Use::NameWithoutDefaults, vec![used]);

    if let Some(full) = with_defaults(&w.renderer(), generics) {
        let full = format!("{name}<{}>", full.join(", "));
        let same = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ {short}"),
            &format!(" -> &'x__ {full}"),
            "x",
        );
        w.add(path, item.id, Use::RelyOnDefaults, vec![same]);
    }
}

/// Which lifetime an object in an argument has where none is written: that of the parameter's
/// bounds, else `'static`. Pointers are invariant, so that only the same lifetime will do.
fn objects_within(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    generics: &Generics,
    named: &NamedType,
) {
    let r = w.renderer();
    let lifetimes: Vec<String> = generics
        .params
        .iter()
        .filter(|param| matches!(param.kind, GenericParamDefKind::Lifetime { .. }))
        .map(|param| param.name.clone())
        .chain(["'static".to_owned()])
        .collect();

    for (index, param) in generics.params.iter().enumerate() {
        let bounds = bounds_of(generics, param);
        let is_unsized = bounds.iter().any(|bound| {
            matches!(
                bound,
                GenericBound::TraitBound {
                    modifier: TraitBoundModifier::Maybe,
                    ..
                }
            )
        });
        if !is_unsized {
            continue;
        }
        let traits: Vec<GenericBound> = bounds
            .into_iter()
            .filter(|bound| {
                matches!(
                    bound,
                    GenericBound::TraitBound {
                        modifier: TraitBoundModifier::None,
                        ..
                    }
                )
            })
            .collect();
        let Some(supertraits) = r.bounds(&traits) else {
            continue;
        };
        let rest = without_parameter(&named.scope, &ident(&param.name));
        let short = with_argument(&named.name, generics, index, "dyn O__");
        let ways = lifetimes
            .iter()
            .map(|lifetime| {
                let object = format!("dyn O__ + {lifetime}");
                let long = with_argument(&named.name, generics, index, &object);
                let same = rest.function(
                    &format!("x: *mut {short}"),
                    &format!(" -> *mut {long}"),
                    "x",
                );
                let colon = if supertraits.is_empty() { "" } else { ": " };
                format!("trait O__{colon}{supertraits} {{}} {same}")
            })
            .collect();
        w.add(path, item.id, Use::LeaveOutLifetime, ways);
    }
}

/// The bounds of a type parameter, wherever they stand.
fn bounds_of(generics: &Generics, param: &GenericParamDef) -> Vec<GenericBound> {
    let GenericParamDefKind::Type { bounds, .. } = &param.kind else {
        return Vec::new();
    };
    let mut all = bounds.clone();
    for predicate in &generics.where_predicates {
        if let WherePredicate::BoundPredicate {
            type_: Type::Generic(name),
            bounds,
            ..
        } = predicate
            && *name == param.name
        {
            all.extend(bounds.iter().cloned());
        }
    }
    all
}
