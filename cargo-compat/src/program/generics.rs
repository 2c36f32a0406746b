//! What follows from a type's generic parameters alone: named with and without arguments, passed,
//! moved, and its variance.

use rustdoc_types::{
    GenericBound, GenericParamDef, GenericParamDefKind, Generics, Item, TraitBoundModifier, Type,
    WherePredicate,
};

use super::assertion::Use;
use super::scope::{Scope, with_defaults};
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::arguments;

/// A type as programs name it.
pub(super) struct NamedType {
    pub(super) scope: Scope,
    /// `::k::S`.
    pub(super) name: String,
    /// `::k::S<'a, T>`.
    pub(super) ty: String,
}

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

/// Longer lifetimes for shorter ones (and the other way round), and values outlived by what they
/// borrow.
///
/// Variance is asked of each parameter by itself: the type is written with a long and with a short
/// lifetime in that parameter's place, and one is returned where the other is wanted.
fn write_variance(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    generics: &Generics,
    named: &NamedType,
) {
    for (index, param) in generics.params.iter().enumerate() {
        let [long, short, brief] = match &param.kind {
            GenericParamDefKind::Lifetime { .. } => ["'long__", "'short__", "'x__"],
            GenericParamDefKind::Type { .. } => ["&'long__ u8", "&'short__ u8", "&'x__ u8"],
            GenericParamDefKind::Const { .. } => continue,
        }
        .map(|value| with_argument(&named.name, generics, index, value));
        let rest = without_parameter(&named.scope, &ident(&param.name));

        for (done, from, to) in [
            (Use::ShortenLifetime, &long, &short),
            (Use::LengthenLifetime, &short, &long),
        ] {
            let way = rest.function_with(
                &["'long__: 'short__", "'short__"],
                &format!("x: {from}"),
                &format!(" -> {to}"),
                "x",
            );
            w.add(path, item.id, done, vec![way]);
        }
        let make = rest.function(
            &format!("mk: impl for<'x__> Fn(&'x__ u8) -> {brief}"),
            "",
            "let v; let d = 0u8; v = mk(&d);",
        );
        w.add(path, item.id, Use::DropAfterBorrowed, vec![make]);
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

/// The type with one of its arguments replaced.
fn with_argument(name: &str, generics: &Generics, index: usize, value: &str) -> String {
    let mut args = arguments(generics, true);
    if let Some(arg) = args.get_mut(index) {
        value.clone_into(arg);
    }
    format!("{name}<{}>", args.join(", "))
}

/// A scope without one of its parameters, and without the bounds that name it.
fn without_parameter(scope: &Scope, own: &str) -> Scope {
    let mut rest = scope.clone();
    rest.declared.retain(|text| {
        text != own
            && !text.starts_with(&format!("{own}:"))
            && !text.starts_with(&format!("{own} "))
    });
    rest.predicates.retain(|text| !text.contains(own));
    rest
}
