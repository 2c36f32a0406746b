//! Traits: used as a bound, called, and implemented with and without their defaults.

use std::collections::HashMap;

use rustdoc_types::{
    Function, GenericBound, Generics, Item, ItemEnum, Trait, Type, WherePredicate,
};

use super::assertion::Use;
use super::bodies::{ANY, open_scope};
use super::bound::Bound;
use super::methods::{argument_names, method_signature};
use super::objects;
use super::scope::{Scope, with_defaults};
use super::substitutes::fitting_types;
use super::wrapper::guarded;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{Renderer, angle, arguments};
use crate::model::surface::is_hidden;

/// A trait.
pub(super) fn write_trait(w: &mut Writer<'_>, path: &str, item: &Item, of: &Trait) {
    let of = &supertraits_as_bounds(of);
    let name = w.names.local(path);
    let Some(scope) = Scope::of(&w.renderer(), &of.generics) else {
        w.add(path, item.id, Use::BoundBy, Vec::new());
        return;
    };

    let full = format!("{name}{}", scope.args());
    let user = format!("X__: ?Sized + {full}");
    let bound = Bound {
        scope,
        name,
        full,
        user,
    };

    let way = bound.scope.function_with(&[&bound.user], "", "", "");
    w.add(path, item.id, Use::BoundBy, vec![way]);
    write_defaults(w, path, item, of, &bound);
    write_supertraits(w, path, item, of, &bound);
    for id in &of.items {
        let Some(member) = w.item(*id).filter(|member| !is_hidden(member)) else {
            continue;
        };
        let label = format!("{path}::{}", member.name.as_deref().unwrap_or_default());
        match &member.inner {
            ItemEnum::Function(function) => write_method(w, &label, member, function, &bound),
            ItemEnum::AssocConst { type_, .. } => {
                write_constant(w, &label, member, type_, &bound);
            }
            ItemEnum::AssocType { .. } => write_associated(w, &label, member, &bound),
            _ => {}
        }
    }

    for (full, done) in [(false, Use::ImplementRequired), (true, Use::ImplementAll)] {
        // What cannot be written is sealed: users cannot implement it.
        if let Some(way) = implementation(w, of, &bound, Wanted { full, choice: None }) {
            w.add(path, item.id, done, vec![way]);
            continue;
        }
        let ways: Vec<String> = (0..CHOICES)
            .map(Some)
            .filter_map(|choice| implementation(w, of, &bound, Wanted { full, choice }))
            .collect();
        if !ways.is_empty() {
            w.add(path, item.id, Use::ImplementWith, ways);
        }
    }

    if of.is_dyn_compatible {
        objects::write_objects(w, path, item, of, &bound);
    }
}

/// A renderer in which `Self` is the type parameter that is bounded by the trait.
fn renderer_of_user<'a>(w: &Writer<'a>) -> Renderer<'a> {
    let mut r = w.renderer();
    r.self_type = Some("X__".to_owned());
    r
}

/// `trait T where Self: A` says the same as `trait T: A`.
fn supertraits_as_bounds(of: &Trait) -> Trait {
    let mut of = of.clone();
    let (own, rest): (Vec<_>, Vec<_>) = std::mem::take(&mut of.generics.where_predicates)
        .into_iter()
        .partition(|predicate| {
            matches!(predicate, WherePredicate::BoundPredicate { type_: Type::Generic(name), generic_params, .. }
                if name == "Self" && generic_params.is_empty())
        });
    of.generics.where_predicates = rest;
    for predicate in own {
        if let WherePredicate::BoundPredicate { bounds, .. } = predicate {
            of.bounds.extend(bounds);
        }
    }
    of
}

/// The trait without the arguments that have defaults.
fn write_defaults(w: &mut Writer<'_>, path: &str, item: &Item, of: &Trait, bound: &Bound) {
    let Bound { scope, name, .. } = bound;
    let short = arguments(&of.generics, false);
    if short.len() == arguments(&of.generics, true).len() {
        return;
    }
    let user = if short.is_empty() {
        format!("X__: ?Sized + {name}")
    } else {
        format!("X__: ?Sized + {name}<{}>", short.join(", "))
    };
    let way = scope.function_with(&[&user], "", "", "");
    w.add(path, item.id, Use::NameWithoutDefaults, vec![way]);

    if let Some(full) = with_defaults(&renderer_of_user(w), &of.generics) {
        let output = format!(" -> &'x__ (impl ?Sized + {name}<{}>)", full.join(", "));
        // `Self` as a default has to have a size, unless the parameter need not.
        let sized = user.replace("?Sized + ", "");
        let ways = [&sized, &user]
            .map(|user| scope.function_with(&["'x__", user], "x: &'x__ X__", &output, "x"));
        w.add(path, item.id, Use::RelyOnDefaults, ways.into());
    }
}

fn write_supertraits(w: &mut Writer<'_>, path: &str, item: &Item, of: &Trait, bound: &Bound) {
    let r = renderer_of_user(w);
    for supertrait in &of.bounds {
        // A private supertrait seals the trait; users cannot name it, and call its methods.
        let Some(text) = r
            .bounds(std::slice::from_ref(supertrait))
            .filter(|text| !text.is_empty())
        else {
            write_supertrait_methods(w, path, supertrait, bound);
            continue;
        };
        let user = bound.user.as_str();
        let ways = vec![
            bound.scope.function_with(
                &[user],
                "x: &X__",
                &format!(" -> &(impl ?Sized + {text})"),
                "x",
            ),
            bound.scope.function_with(
                &[user],
                "",
                "",
                &format!("fn is__<Y__: ?Sized + {text}>() {{}} is__::<X__>()"),
            ),
        ];
        w.add(path, item.id, Use::RelyOnSupertrait, ways);
    }
}

/// Methods of a supertrait that users cannot name are called on whatever implements the trait.
fn write_supertrait_methods(
    w: &mut Writer<'_>,
    path: &str,
    supertrait: &GenericBound,
    bound: &Bound,
) {
    let GenericBound::TraitBound { trait_, .. } = supertrait else {
        return;
    };
    let Some(ItemEnum::Trait(of)) = w.item(trait_.id).map(|item| &item.inner) else {
        return;
    };
    for id in &of.items {
        let Some(item) = w.item(*id).filter(|item| !is_hidden(item)) else {
            continue;
        };
        let ItemEnum::Function(function) = &item.inner else {
            continue;
        };
        let name = item.name.clone().unwrap_or_default();
        let mut r = Renderer::body(w.names);
        r.self_type = Some("X__".to_owned());
        let mut scope = bound.scope.clone();
        if open_scope(&mut scope, &r, &function.generics, &HashMap::new()).is_none() {
            continue;
        }
        let args: Option<Vec<String>> = function
            .sig
            .inputs
            .iter()
            .map(|(_, ty)| Some(format!("any__::<{}>()", r.ty(ty)?)))
            .collect();
        let output = match &function.sig.output {
            Some(ty) => r.ty(ty),
            None => Some("()".to_owned()),
        };
        let (Some(args), Some(output)) = (args, output) else {
            continue;
        };
        let call = guarded(
            format!("X__::{}({})", ident(&name), args.join(", ")),
            function,
        );
        let body = format!("{ANY} let r__: {output} = {call};");
        let ways = [&bound.user, &bound.user.replace("?Sized + ", "")]
            .map(|user| scope.function_with(&[user], "", "", &body));
        let label = format!("{path} → {name}");
        w.add(&label, *id, Use::CallOfSupertrait, ways.into());
    }
}

/// A constant of everything that implements the trait.
fn write_constant(w: &mut Writer<'_>, label: &str, item: &Item, ty: &Type, bound: &Bound) {
    let name = ident(item.name.as_deref().unwrap_or_default());
    let way = renderer_of_user(w).ty(ty).map(|ty| {
        bound.scope.function_with(
            &[&bound.user],
            "",
            &format!(" -> {ty}"),
            &format!("<X__ as {}>::{name}", bound.full),
        )
    });
    w.add(
        label,
        item.id,
        Use::ReadAssociated,
        way.into_iter().collect(),
    );
}

/// An associated type: named, passed, and relied on for its bounds.
fn write_associated(w: &mut Writer<'_>, label: &str, item: &Item, bound: &Bound) {
    let ItemEnum::AssocType {
        generics, bounds, ..
    } = &item.inner
    else {
        return;
    };
    let r = renderer_of_user(w);
    let name = ident(item.name.as_deref().unwrap_or_default());
    let mut scope = bound.scope.clone();
    if scope.extend(&r, generics).is_none() {
        w.add(label, item.id, Use::NameAssociated, Vec::new());
        return;
    }

    let user = bound.user.as_str();
    let ty = format!(
        "<X__ as {}>::{name}{}",
        bound.full,
        angle(&arguments(generics, true))
    );
    let named = scope.function_with(&[user], &format!("_: &{ty}"), "", "");
    w.add(label, item.id, Use::NameAssociated, vec![named]);
    let passed = scope.function_with(&[user], &format!("_: {ty}"), "", "");
    w.add(label, item.id, Use::PassAssociated, vec![passed]);

    for one in bounds {
        let Some(text) = r
            .bounds(std::slice::from_ref(one))
            .filter(|text| !text.starts_with('?'))
        else {
            continue;
        };
        let way = scope.function_with(
            &[user],
            &format!("x: &{ty}"),
            &format!(" -> &(impl ?Sized + {text})"),
            "x",
        );
        w.add(label, item.id, Use::RelyOnBound, vec![way]);
    }
}

/// A forwarding method on everything that implements the trait.
fn write_method(w: &mut Writer<'_>, label: &str, item: &Item, function: &Function, bound: &Bound) {
    let ways = method_signature(&w.renderer(), function, "w__").map(|signature| {
        let name = ident(item.name.as_deref().unwrap_or_default());
        let call = trait_call(function, &name, &bound.full);
        [false, true]
            .map(|sized| forwarding_way(bound, &signature, &call, sized))
            .into()
    });
    w.add(
        label,
        item.id,
        Use::CallTraitMethod,
        ways.unwrap_or_default(),
    );
}

/// `<Self as Trait>::name::<T>(self, a1)`.
fn trait_call(function: &Function, name: &str, bound: &str) -> String {
    let explicit: Vec<String> = arguments(&function.generics, true)
        .into_iter()
        .filter(|name| !name.starts_with('\''))
        .collect();
    let turbofish = if explicit.is_empty() {
        String::new()
    } else {
        format!("::{}", angle(&explicit))
    };
    let args = argument_names(function).join(", ");
    let call = guarded(
        format!("<Self as {bound}>::{name}{turbofish}({args})"),
        function,
    );
    if function.header.is_async {
        format!("{call}.await")
    } else {
        call
    }
}

/// A local trait with one method that forwards, implemented for all that implement the trait.
fn forwarding_way(bound: &Bound, signature: &str, call: &str, sized: bool) -> String {
    let (scope, full) = (&bound.scope, &bound.full);
    let (sized_trait, question) = if sized {
        (" + Sized", "")
    } else {
        ("", "?Sized + ")
    };
    let mut with_user = scope.clone();
    with_user.declared.push(format!("X__: {question}{full}"));
    let with_user = with_user.params();
    format!(
        "trait W__{}: {full}{sized_trait}{} {{ {signature}; }} impl{with_user} W__{} for X__{} {{ {signature} {{ {call} }} }}",
        scope.params(),
        scope.clause(),
        scope.args(),
        scope.clause(),
    )
}

fn is_required(item: &Item) -> bool {
    match &item.inner {
        ItemEnum::Function(function) => !function.has_body,
        ItemEnum::AssocConst { value, .. } => value.is_none(),
        ItemEnum::AssocType { type_, .. } => type_.is_none(),
        _ => false,
    }
}

/// An implementation for a local type: generic over the associated types, whose supertraits are
/// assumed, so that no value has to be invented. `None` if users cannot implement it.
fn implementation(w: &Writer<'_>, of: &Trait, bound: &Bound, wanted: Wanted) -> Option<String> {
    let Bound { scope, name, .. } = bound;
    if of.is_auto {
        let word = if of.is_unsafe { "unsafe " } else { "" };
        return Some(format!("struct D__; {word}impl {name} for D__ {{}}"));
    }
    let members: Vec<&Item> = of.items.iter().filter_map(|id| w.item(*id)).collect();
    if members
        .iter()
        .any(|item| is_required(item) && is_hidden(item))
    {
        return None;
    }
    let chosen: Vec<&Item> = members
        .into_iter()
        .filter(|item| is_required(item) || (wanted.full && !is_hidden(item)))
        .collect();

    let mut r = w.renderer();
    let own = choose_types(w, &mut r, &chosen, wanted.choice)?;

    let mut with = scope.clone();
    for supertrait in &of.bounds {
        with.predicates.push(format!(
            "Self: {}",
            r.bounds(std::slice::from_ref(supertrait))?
        ));
    }
    let mut invented = Invented::default();
    let body = implemented_items(&r, &chosen, &mut with.predicates, &mut invented)?;
    for param in own.iter().chain(&invented.params) {
        with.declared.push(param.clone());
        with.names.push(param.clone());
    }
    with.predicates.extend(invented.predicates);
    with.declared.push("X__".to_owned());
    with.names.push("X__".to_owned());
    let word = if of.is_unsafe { "unsafe " } else { "" };
    Some(format!(
        "{} {word}impl{} {name}{} for D__{}{} {{ {body}}}",
        implementor(&with),
        with.params(),
        scope.args(),
        with.args(),
        with.clause(),
    ))
}

/// How many types are tried for an associated type whose bounds cannot be named.
const CHOICES: usize = 3;

/// What an implementation is to hold.
#[derive(Clone, Copy)]
struct Wanted {
    /// Whether provided items are implemented, too.
    full: bool,
    /// Which of the types that fit stands where no parameter can. `None`: nothing is chosen.
    choice: Option<usize>,
}

/// Chooses associated types: parameters of the implementation, or, where their bounds cannot be
/// named, a type that fits. Gives the parameters. `None`: there is no such choice.
fn choose_types(
    w: &Writer<'_>,
    r: &mut Renderer<'_>,
    items: &[&Item],
    choice: Option<usize>,
) -> Option<Vec<String>> {
    let mut own = Vec::new();
    for item in items {
        let ItemEnum::AssocType {
            generics, bounds, ..
        } = &item.inner
        else {
            continue;
        };
        if !generics.params.is_empty() {
            continue;
        }
        if r.bounds(bounds).is_none() {
            let all: Vec<&GenericBound> = bounds.iter().collect();
            let chosen = fitting_types(w, &all).get(choice?)?.clone();
            r.own_types.insert(item.name.clone()?, chosen);
            continue;
        }
        let param = format!("T{}__", own.len());
        r.own_types.insert(item.name.clone()?, param.clone());
        own.push(param);
    }
    Some(own)
}

/// Parameters that stand for types an implementation would choose.
#[derive(Default)]
struct Invented {
    params: Vec<String>,
    predicates: Vec<String>,
}

impl Invented {
    fn param(&mut self, letter: char) -> String {
        let name = format!("{letter}{}__", self.params.len());
        self.params.push(name.clone());
        name
    }
}

/// The items of an implementation; bounds of associated types are assumed of their parameters.
fn implemented_items(
    r: &Renderer<'_>,
    chosen: &[&Item],
    predicates: &mut Vec<String>,
    invented: &mut Invented,
) -> Option<String> {
    let mut body = String::new();
    for item in chosen {
        let name = ident(item.name.as_deref()?);
        match &item.inner {
            ItemEnum::Function(function) => {
                body.push_str(&implemented_function(r, function, &name, invented)?);
            }
            ItemEnum::AssocConst { type_, .. } => body.push_str(&format!(
                "const {name}: {} = ::core::panic!(); ",
                r.ty(type_)?
            )),
            ItemEnum::AssocType {
                generics, bounds, ..
            } if generics.params.is_empty() => {
                let param = r.own_types.get(item.name.as_deref()?)?.clone();
                // A type that was chosen has what cannot be named.
                if !bounds.is_empty() && r.bounds(bounds).is_some() {
                    predicates.push(format!("{param}: {}", r.bounds(bounds)?));
                }
                body.push_str(&format!("type {name} = {param}; "));
            }
            ItemEnum::AssocType {
                generics, bounds, ..
            } => {
                let chosen = generic_choice(r, generics, bounds, invented)?;
                body.push_str(&format!(
                    "type {name}{} = {chosen}{}; ",
                    angle(&r.params(generics)?),
                    r.where_clause(generics)?
                ));
            }
            _ => {}
        }
    }

    Some(body)
}

/// A type for a generic associated type: one parameter for all of its arguments, where they are
/// lifetimes.
fn generic_choice(
    r: &Renderer<'_>,
    generics: &Generics,
    bounds: &[GenericBound],
    invented: &mut Invented,
) -> Option<String> {
    let lifetimes: Vec<&str> = generics
        .params
        .iter()
        .map(|param| param.name.as_str())
        .collect();
    let only_lifetimes = lifetimes.iter().all(|name| name.starts_with('\''));
    if bounds.is_empty() || !only_lifetimes {
        return Some("X__".to_owned());
    }
    let param = invented.param('G');
    invented.predicates.push(format!(
        "for<{}> {param}: {}",
        lifetimes.join(", "),
        r.bounds(bounds)?
    ));
    Some(param)
}

/// A function of an implementation. `loop {}` has every type but an opaque one: a result
/// `impl Trait` is a parameter of the implementation.
fn implemented_function(
    r: &Renderer<'_>,
    function: &Function,
    name: &str,
    invented: &mut Invented,
) -> Option<String> {
    let Some(Type::ImplTrait(bounds)) = &function.sig.output else {
        let signature = method_signature(r, function, name)?;
        return Some(format!("{signature} {{ loop {{}} }} "));
    };
    let mut plain = function.clone();
    let text = r.bounds(bounds)?;
    // A bound that borrows cannot be a parameter's; for a future its own body will do.
    if text.contains('\'') || text.contains('&') {
        let signature = method_signature(r, function, name)?;
        let body = if text.contains("Future") {
            "async { loop {} }"
        } else {
            "loop {}"
        };
        return Some(format!("{signature} {{ {body} }} "));
    }
    let param = invented.param('R');
    invented.predicates.push(format!("{param}: {text}"));
    plain.sig.output = Some(Type::Generic(param));
    let signature = method_signature(r, &plain, name)?;
    Some(format!("{signature} {{ loop {{}} }} "))
}

/// The local type that implements: it holds every parameter, so that each is constrained.
fn implementor(scope: &Scope) -> String {
    let (mut shape, mut held) = (Vec::new(), Vec::new());
    for (declared, name) in scope.declared.iter().zip(&scope.names) {
        if name.starts_with('\'') {
            shape.push(name.clone());
            held.push(format!("&{name} ()"));
        } else if declared.starts_with("const ") {
            shape.push(declared.clone());
        } else {
            shape.push(format!("{name}: ?Sized"));
            held.push(format!("*const {name}"));
        }
    }
    format!(
        "struct D__<{}>(::core::marker::PhantomData<({},)>);",
        shape.join(", "),
        held.join(", ")
    )
}
