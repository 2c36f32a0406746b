//! Longer lifetimes for shorter ones (and the other way round), and values outlived by what they
//! borrow.
//!
//! Variance is asked of each parameter by itself: the type is written with a long and with a short
//! lifetime in that parameter's place, and one is returned where the other is wanted.

use rustdoc_types::{GenericParamDef, GenericParamDefKind, Generics, Item};

use super::assertion::Use;
use super::scope::{NamedType, Scope, with_argument, without_parameter};
use super::writer::Writer;
use crate::model::ident::{ident, names_lifetime, with_lifetime};
use crate::model::render::{Renderer, arguments};

/// Stands for a type parameter, in bounds that hold for each lifetime.
const ANY_BORROW: &str = "&'r__ u8";

/// Asks how a type varies with each of its parameters.
pub(super) fn write_variance(
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
        };
        let [from_long, from_short] =
            [long, short].map(|value| with_argument(&named.name, generics, index, value));
        let rest = without_parameter(&named.scope, &ident(&param.name));
        let assumed = assuming_bounds(&w.renderer(), generics, index);

        for (done, from, to) in [
            (Use::ShortenLifetime, &from_long, &from_short),
            (Use::LengthenLifetime, &from_short, &from_long),
        ] {
            let mut ways = vec![returned(&rest, from, to)];
            ways.extend(assumed.as_ref().map(|scope| returned(scope, from, to)));
            ways.dedup();
            w.add(path, item.id, done, ways);
        }

        let own_brief = with_argument(&named.name, generics, index, brief);
        let mut ways = vec![dropped_late(&rest, &own_brief)];
        if let Some(assumed) = &assumed {
            let all_brief = with_every_lifetime(&named.name, generics, (index, brief));
            ways.push(dropped_late(&borrowing_nothing(assumed), &all_brief));
        }
        ways.dedup();
        w.add(path, item.id, Use::DropAfterBorrowed, ways);
    }
}

/// One type returned where another is wanted.
fn returned(scope: &Scope, from: &str, to: &str) -> String {
    scope.function_with(
        &["'long__: 'short__", "'short__"],
        &format!("x: {from}"),
        &format!(" -> {to}"),
        "x",
    )
}

/// A value that is dropped after what it borrows.
fn dropped_late(scope: &Scope, ty: &str) -> String {
    scope.function(
        &format!("mk: impl for<'x__> Fn(&'x__ u8) -> {ty}"),
        "",
        "let v; let d = 0u8; v = mk(&d);",
    )
}

/// The parameters but one, under the bounds of all: those of the one are assumed of what stands for
/// it. `None` if one of them cannot be named.
fn assuming_bounds(r: &Renderer<'_>, generics: &Generics, index: usize) -> Option<Scope> {
    let own = generics.params.get(index)?;
    let mut r = r.fork();
    r.generics.insert(own.name.clone(), ANY_BORROW.to_owned());
    let mut scope = Scope::default();
    for (at, param) in generics.params.iter().enumerate() {
        let lhs = if at == index && !param.name.starts_with('\'') {
            ANY_BORROW.to_owned()
        } else {
            ident(&param.name)
        };
        scope.predicates.extend(
            bounds_in_front(&r, param)?
                .into_iter()
                .map(|bound| format!("{lhs}: {bound}")),
        );
        if at != index {
            scope.declared.push(declared_bare(&r, param)?);
            scope.names.push(ident(&param.name));
        }
    }
    scope.predicates.extend(r.predicates(&Generics {
        params: Vec::new(),
        where_predicates: generics.where_predicates.clone(),
    })?);

    let own = own.name.as_str();
    scope.predicates = scope
        .predicates
        .iter()
        // What stands for the parameter lives as long as it does.
        .filter(|text| !text.starts_with(&format!("{ANY_BORROW}: '")))
        .flat_map(|text| for_each_lifetime(text, own))
        .collect();
    Some(scope)
}

/// The bounds of a parameter's declaration, but what it need not have.
fn bounds_in_front(r: &Renderer<'_>, param: &GenericParamDef) -> Option<Vec<String>> {
    match &param.kind {
        GenericParamDefKind::Lifetime { outlives } => Some(outlives.clone()),
        GenericParamDefKind::Type { bounds, .. } => {
            let mut texts = r.bound_list(bounds)?;
            texts.retain(|text| !text.starts_with('?'));
            Some(texts)
        }
        GenericParamDefKind::Const { .. } => Some(Vec::new()),
    }
}

/// A parameter without its bounds, but with what it need not have.
fn declared_bare(r: &Renderer<'_>, param: &GenericParamDef) -> Option<String> {
    let name = ident(&param.name);
    Some(match &param.kind {
        GenericParamDefKind::Lifetime { .. } => name,
        GenericParamDefKind::Type { bounds, .. } => {
            let mut texts = r.bound_list(bounds)?;
            texts.retain(|text| text.starts_with('?'));
            if texts.is_empty() {
                name
            } else {
                format!("{name}: {}", texts.join(" + "))
            }
        }
        GenericParamDefKind::Const { type_, .. } => format!("const {name}: {}", r.ty(type_)?),
    })
}

/// A bound that names what a parameter is replaced by: for every lifetime, or for both.
fn for_each_lifetime(text: &str, own: &str) -> Vec<String> {
    if own.starts_with('\'') && names_lifetime(text, own) {
        return ["'long__", "'short__"]
            .map(|name| with_lifetime(text, own, name))
            .to_vec();
    }
    if !names_lifetime(text, "'r__") {
        return vec![text.to_owned()];
    }
    vec![match text.strip_prefix("for<") {
        Some(rest) => format!("for<'r__, {rest}"),
        None => format!("for<'r__> {text}"),
    }]
}

/// The type with one argument replaced, and all its lifetimes by the shortest.
fn with_every_lifetime(name: &str, generics: &Generics, (index, value): (usize, &str)) -> String {
    let mut args = arguments(generics, true);
    for arg in args.iter_mut().filter(|arg| arg.starts_with('\'')) {
        "'x__".clone_into(arg);
    }
    if let Some(arg) = args.get_mut(index) {
        value.clone_into(arg);
    }
    format!("{name}<{}>", args.join(", "))
}

/// A scope without lifetimes, in which no type borrows anything.
fn borrowing_nothing(scope: &Scope) -> Scope {
    let mut rest = scope.clone();
    let lifetimes: Vec<String> = scope
        .names
        .iter()
        .filter(|name| name.starts_with('\''))
        .cloned()
        .chain(["'long__", "'short__"].map(str::to_owned))
        .collect();
    rest.declared.retain(|text| !text.starts_with('\''));
    rest.names.retain(|text| !text.starts_with('\''));
    rest.predicates
        .retain(|text| !lifetimes.iter().any(|name| names_lifetime(text, name)));
    let types = rest
        .declared
        .iter()
        .filter(|text| !text.starts_with("const "))
        .filter_map(|text| text.split(':').next());
    let owned: Vec<String> = types.map(|name| format!("{name}: 'static")).collect();
    rest.predicates.extend(owned);
    rest
}
