//! Traits: used as a bound, called, implemented with and without their defaults, made into objects.

use rustdoc_types::{Function, Generics, Item, ItemEnum, Trait, Type, WherePredicate};

use super::Writer;
use super::scope::Scope;
use crate::model::render::{Renderer, angle, arguments, ident};
use crate::model::surface::is_hidden;
use crate::rules;

/// A trait.
pub(super) fn write(w: &mut Writer<'_>, path: &str, item: &Item, of: &Trait) {
    let of = &supertraits_as_bounds(of);
    let name = w.names.local(path);
    let r = w.renderer();
    let Some(scope) = Scope::of(&r, &of.generics) else {
        w.push(path, item.id, &rules::GENERICS, "use as a bound", vec![]);
        return;
    };
    let bound = format!("{name}{}", scope.args());
    let user = format!("X__: ?Sized + {bound}");
    w.push(
        path,
        item.id,
        &rules::GENERICS,
        "use as a bound",
        vec![scope.function_with(&[&user], "", "", "")],
    );
    let short = arguments(&of.generics, false);
    if short.len() < arguments(&of.generics, true).len() {
        let user = if short.is_empty() {
            format!("X__: ?Sized + {name}")
        } else {
            format!("X__: ?Sized + {name}<{}>", short.join(", "))
        };
        w.push(
            path,
            item.id,
            &rules::GENERICS,
            "name without defaulted arguments",
            vec![scope.function_with(&[&user], "", "", "")],
        );
        let mut r = w.renderer();
        r.self_type = Some("X__".to_owned());
        if let Some(full) = super::scope::with_defaults(&r, &of.generics) {
            let output = format!(" -> &'x__ (impl ?Sized + {name}<{}>)", full.join(", "));
            // `Self` as a default has to have a size, unless the parameter need not.
            let sized = user.replace("?Sized + ", "");
            let ways = [&sized, &user]
                .map(|user| scope.function_with(&["'x__", user], "x: &'x__ X__", &output, "x"));
            w.maybe(
                path,
                item.id,
                &rules::GENERICS,
                "rely on its default arguments",
                ways.into(),
            );
        }
    }
    supertraits(w, path, item, of, &scope, &user);
    for id in &of.items {
        let Some(member) = w.get(*id).filter(|member| !is_hidden(member)) else {
            continue;
        };
        let label = format!("{path}::{}", member.name.as_deref().unwrap_or_default());
        match &member.inner {
            ItemEnum::Function(function) => method(w, &label, member, function, &scope, &bound),
            ItemEnum::AssocConst { type_, .. } => {
                let mut r = w.renderer();
                r.self_type = Some("X__".to_owned());
                let name = ident(member.name.as_deref().unwrap_or_default());
                let way = r.ty(type_).map(|ty| {
                    scope.function_with(
                        &[&user],
                        "",
                        &format!(" -> {ty}"),
                        &format!("<X__ as {bound}>::{name}"),
                    )
                });
                w.push(
                    &label,
                    *id,
                    &rules::TRAIT_USE,
                    "read",
                    way.into_iter().collect(),
                );
            }
            ItemEnum::AssocType {
                generics, bounds, ..
            } => {
                let mut r = w.renderer();
                r.self_type = Some("X__".to_owned());
                associated(
                    w, &r, &label, member, generics, bounds, &scope, &user, &bound,
                );
            }
            _ => {}
        }
    }
    let trait_rule = &rules::TRAIT_IMPL;
    for (full, what) in [
        (false, "implement with its required items"),
        (true, crate::judge::group::OVERRIDE),
    ] {
        w.maybe(
            path,
            item.id,
            trait_rule,
            what,
            implementation(w, of, &name, &scope, full)
                .into_iter()
                .collect(),
        );
    }
    if of.is_dyn_compatible {
        object(w, path, item, of, &name, &scope);
    }
}

/// `trait T where Self: A` says the same as `trait T: A`.
fn supertraits_as_bounds(of: &Trait) -> Trait {
    let mut of = of.clone();
    let (own, rest) = std::mem::take(&mut of.generics.where_predicates).into_iter().partition(|predicate| {
        matches!(predicate, WherePredicate::BoundPredicate { type_: Type::Generic(name), generic_params, .. }
            if name == "Self" && generic_params.is_empty())
    });
    of.generics.where_predicates = rest;
    let own: Vec<WherePredicate> = own;
    for predicate in own {
        if let WherePredicate::BoundPredicate { bounds, .. } = predicate {
            of.bounds.extend(bounds);
        }
    }
    of
}

fn supertraits(w: &mut Writer<'_>, path: &str, item: &Item, of: &Trait, scope: &Scope, user: &str) {
    let mut r = w.renderer();
    r.self_type = Some("X__".to_owned());
    for bound in &of.bounds {
        // A private supertrait seals the trait; users cannot name it.
        let Some(bound) = r
            .bounds(std::slice::from_ref(bound))
            .filter(|bound| !bound.is_empty())
        else {
            continue;
        };
        let ways = vec![
            scope.function_with(
                &[user],
                "x: &X__",
                &format!(" -> &(impl ?Sized + {bound})"),
                "x",
            ),
            scope.function_with(
                &[user],
                "",
                "",
                &format!("fn is__<Y__: ?Sized + {bound}>() {{}} is__::<X__>()"),
            ),
        ];
        w.maybe(
            path,
            item.id,
            &rules::TRAIT_USE,
            "rely on its supertraits",
            ways,
        );
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the parts of one associated type"
)]
fn associated(
    w: &mut Writer<'_>,
    r: &Renderer<'_>,
    label: &str,
    item: &Item,
    generics: &Generics,
    bounds: &[rustdoc_types::GenericBound],
    scope: &Scope,
    user: &str,
    bound: &str,
) {
    let name = ident(item.name.as_deref().unwrap_or_default());
    let mut scope = scope.clone();
    if scope.extend(r, generics).is_none() {
        w.push(label, item.id, &rules::TRAIT_USE, "name", vec![]);
        return;
    }
    let ty = format!(
        "<X__ as {bound}>::{name}{}",
        angle(&arguments(generics, true))
    );
    w.push(
        label,
        item.id,
        &rules::TRAIT_USE,
        "name",
        vec![scope.function_with(&[user], &format!("_: &{ty}"), "", "")],
    );
    w.maybe(
        label,
        item.id,
        &rules::TRAIT_USE,
        "pass by value",
        vec![scope.function_with(&[user], &format!("_: {ty}"), "", "")],
    );
    for bound in bounds {
        let Some(text) = r
            .bounds(std::slice::from_ref(bound))
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
        w.maybe(
            label,
            item.id,
            &rules::TRAIT_USE,
            "rely on its bounds",
            vec![way],
        );
    }
}

/// A forwarding method on everything that implements the trait.
fn method(
    w: &mut Writer<'_>,
    label: &str,
    item: &Item,
    function: &Function,
    scope: &Scope,
    bound: &str,
) {
    let r = w.renderer();
    let name = ident(item.name.as_deref().unwrap_or_default());
    let written = signature(&r, function, "w__").map(|signature| {
        let args: Vec<String> = function
            .sig
            .inputs
            .iter()
            .enumerate()
            .map(|(index, (name, _))| if name == "self" { name.clone() } else { format!("a{index}") })
            .collect();
        let explicit: Vec<String> = arguments(&function.generics, true).into_iter().filter(|name| !name.starts_with('\'')).collect();
        let turbofish = if explicit.is_empty() { String::new() } else { format!("::{}", angle(&explicit)) };
        let call = format!("<Self as {bound}>::{name}{turbofish}({})", args.join(", "));
        let call = if function.header.is_unsafe { format!("unsafe {{ {call} }}") } else { call };
        let call = if function.header.is_async { format!("{call}.await") } else { call };
        let way = |sized: bool| {
            let (sized_trait, question) = if sized { (" + Sized", "") } else { ("", "?Sized + ") };
            let user = format!("X__: {question}{bound}");
            let with_user = scope_with(scope, &user);
            format!(
                "trait W__{}: {bound}{sized_trait}{} {{ {signature}; }} impl{with_user} W__{} for X__{} {{ {signature} {{ {call} }} }}",
                scope.params(),
                scope.clause(),
                scope.args(),
                scope.clause(),
            )
        };
        vec![way(false), way(true)]
    });
    w.push(
        label,
        item.id,
        &rules::TRAIT_USE,
        "call",
        written.unwrap_or_default(),
    );
}

fn scope_with(scope: &Scope, user: &str) -> String {
    let mut with = scope.clone();
    with.declared.push(user.to_owned());
    with.params()
}

/// `async unsafe fn name<T>(self: &Self, a1: A) -> R where …`.
fn signature(r: &Renderer<'_>, function: &Function, name: &str) -> Option<String> {
    if function.sig.is_c_variadic {
        return None;
    }
    let mut inputs = Vec::new();
    for (index, (name, ty)) in function.sig.inputs.iter().enumerate() {
        let name = if name == "self" {
            "self".to_owned()
        } else {
            format!("a{index}")
        };
        inputs.push(format!("{name}: {}", r.ty(ty)?));
    }
    let output = match &function.sig.output {
        Some(ty) => format!(" -> {}", r.ty(ty)?),
        None => String::new(),
    };
    let words = format!(
        "{}{}",
        if function.header.is_async {
            "async "
        } else {
            ""
        },
        if function.header.is_unsafe {
            "unsafe "
        } else {
            ""
        }
    );
    let generics = angle(&r.params(&function.generics)?);
    Some(format!(
        "{words}fn {name}{generics}({}){output}{}",
        inputs.join(", "),
        r.where_clause(&function.generics)?
    ))
}

/// An implementation for a local type: generic over the associated types, whose supertraits are
/// assumed, so that no value has to be invented. `None` if users cannot implement it.
fn implementation(
    w: &Writer<'_>,
    of: &Trait,
    name: &str,
    scope: &Scope,
    full: bool,
) -> Option<String> {
    if of.is_auto {
        return Some(format!(
            "struct D__; {}impl {name} for D__ {{}}",
            if of.is_unsafe { "unsafe " } else { "" }
        ));
    }
    let mut r = w.renderer();
    let members: Vec<&Item> = of.items.iter().filter_map(|id| w.get(*id)).collect();
    let required = |item: &Item| match &item.inner {
        ItemEnum::Function(function) => !function.has_body,
        ItemEnum::AssocConst { value, .. } => value.is_none(),
        ItemEnum::AssocType { type_, .. } => type_.is_none(),
        _ => false,
    };
    if members.iter().any(|item| required(item) && is_hidden(item)) {
        return None;
    }
    let chosen: Vec<&Item> = members
        .into_iter()
        .filter(|item| required(item) || (full && !is_hidden(item)))
        .collect();
    let mut own = Vec::new();
    for item in &chosen {
        if let ItemEnum::AssocType { generics, .. } = &item.inner
            && generics.params.is_empty()
        {
            let param = format!("T{}__", own.len());
            r.own_types.insert(item.name.clone()?, param.clone());
            own.push(param);
        }
    }
    let mut predicates = scope.predicates.clone();
    for bound in &of.bounds {
        predicates.push(format!("Self: {}", r.bounds(std::slice::from_ref(bound))?));
    }
    let mut body = String::new();
    for item in &chosen {
        let name = ident(item.name.as_deref()?);
        match &item.inner {
            ItemEnum::Function(function) => body.push_str(&format!(
                "{} {{ loop {{}} }} ",
                signature(&r, function, &name)?
            )),
            ItemEnum::AssocConst { type_, .. } => body.push_str(&format!(
                "const {name}: {} = ::core::panic!(); ",
                r.ty(type_)?
            )),
            ItemEnum::AssocType {
                generics, bounds, ..
            } if generics.params.is_empty() => {
                let param = r.own_types.get(item.name.as_deref()?)?.clone();
                if !bounds.is_empty() {
                    predicates.push(format!("{param}: {}", r.bounds(bounds)?));
                }
                body.push_str(&format!("type {name} = {param}; "));
            }
            ItemEnum::AssocType { generics, .. } => {
                body.push_str(&format!(
                    "type {name}{} = X__{}; ",
                    angle(&r.params(generics)?),
                    r.where_clause(generics)?
                ));
            }
            _ => {}
        }
    }
    let mut with = scope.clone();
    with.declared.extend(own.iter().cloned());
    with.names.extend(own.iter().cloned());
    with.declared.push("X__".to_owned());
    with.names.push("X__".to_owned());
    with.predicates = predicates;
    let (mut shape, mut held) = (Vec::new(), Vec::new());
    for (declared, name) in with.declared.iter().zip(&with.names) {
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
    let word = if of.is_unsafe { "unsafe " } else { "" };
    Some(format!(
        "struct D__<{}>(::core::marker::PhantomData<({},)>); {word}impl{} {name}{} for D__{}{} {{ {body}}}",
        shape.join(", "),
        held.join(", "),
        with.params(),
        scope.args(),
        with.args(),
        with.clause(),
    ))
}

/// `&dyn Trait` with its associated types named.
fn object(w: &mut Writer<'_>, path: &str, item: &Item, of: &Trait, name: &str, scope: &Scope) {
    let mut args: Vec<String> = arguments(&of.generics, true);
    let mut with = scope.clone();
    for (index, id) in of.items.iter().enumerate() {
        if let Some(Item {
            name: Some(name),
            inner: ItemEnum::AssocType { generics, .. },
            ..
        }) = w.get(*id)
            && generics.params.is_empty()
            && generics.where_predicates.is_empty()
        {
            with.declared.push(format!("T{index}__"));
            args.push(format!("{} = T{index}__", ident(name)));
        }
    }
    let way = with.function(&format!("_: &(dyn {name}{})", angle(&args)), "", "");
    w.maybe(
        path,
        item.id,
        &rules::TRAIT_USE,
        "use as an object",
        vec![way],
    );
    // rustdoc says nothing of implementations for objects of a trait (`impl Debug for dyn T`): the
    // usual ones are tried.
    let object = format!("dyn {name}{}", angle(&args));
    let usual = [
        "fmt::Debug",
        "fmt::Display",
        "cmp::PartialEq",
        "cmp::Eq",
        "cmp::PartialOrd",
        "cmp::Ord",
        "hash::Hash",
    ];
    let objects = usual.map(|usual| (usual, object.clone()));
    let boxes = [
        "clone::Clone",
        "default::Default",
        "cmp::PartialEq",
        "fmt::Display",
        "error::Error",
    ]
    .map(|usual| (usual, format!("::std::boxed::Box<{object}>")));
    for (usual, of) in objects.into_iter().chain(boxes) {
        let body = format!("fn is__<X__: ?Sized + ::core::{usual}>() {{}} is__::<{of}>()");
        let ways = vec![with.function("", "", &body)];
        w.maybe(
            path,
            item.id,
            &rules::TRAIT_USE,
            "use an implementation of its objects",
            ways,
        );
    }
}
