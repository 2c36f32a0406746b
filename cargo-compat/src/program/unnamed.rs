//! Types that users cannot name: a value of one comes from a function, a field, an alias or a
//! constant, and what users do with it is judged by inference.
//!
//! From every place of the API that gives a value of such a type, the first is taken; then its
//! methods are called, its fields read and its implementations relied on. What those give in turn
//! is followed in the same way.

use std::collections::{BTreeSet, VecDeque};

use rustdoc_types::{
    Function, GenericArg, GenericArgs, GenericParamDefKind, Generics, Id, Impl, Item, ItemEnum,
    StructKind, Type, Visibility,
};

use super::assertion::Use;
use super::bodies::{BodyCall, Callee, body_calls};
use super::impls::{UNNAMED, associated_types, with_associated};
use super::scope::Scope;
use super::wrapper::has_receiver;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{Renderer, angle, arguments};
use crate::model::surface::is_hidden;

/// How many types are followed.
const MOST: usize = 400;

/// Statements after which an expression is a value of a type without a name.
#[derive(Debug, Clone)]
struct Source {
    id: Id,
    call: BodyCall,
    setup: String,
    value: String,
}

/// Judges every type without a name that the API gives values of.
pub(super) fn write_unnamed(w: &mut Writer<'_>) {
    let mut open: VecDeque<Source> = all_sources(w).into();
    let mut seen: BTreeSet<Id> = BTreeSet::new();
    while let Some(source) = open.pop_front() {
        if !seen.insert(source.id) {
            continue;
        }
        if seen.len() > MOST {
            w.cap(format!("types without a name after the first {MOST}"));
            break;
        }
        write_type(w, &source, &mut open);
    }
}

/// Whether an item is a type of this crate that programs cannot name.
fn is_unnamed(w: &Writer<'_>, id: Id) -> bool {
    let is_type = w.item(id).is_some_and(|item| {
        matches!(
            item.inner,
            ItemEnum::Struct(_) | ItemEnum::Enum(_) | ItemEnum::Union(_)
        )
    });
    is_type && w.names.of(id).is_none()
}

/// Every place of the API that gives a value of a type without a name.
fn all_sources(w: &Writer<'_>) -> Vec<Source> {
    let surface = w.names.surface();
    let mut found = Vec::new();
    for ((path, _), entry) in &surface.entries {
        if entry.hidden || surface.preferred.get(&entry.id) != Some(path) {
            continue;
        }
        let Some(item) = w.item(entry.id) else {
            continue;
        };
        match &item.inner {
            ItemEnum::Function(function) => {
                let callee = Callee {
                    path,
                    item,
                    function,
                    of: None,
                };
                found.extend(sources_of_call(w, callee));
            }
            ItemEnum::Struct(of) => {
                let fields: Vec<Id> = match &of.kind {
                    StructKind::Plain { fields, .. } => fields.clone(),
                    StructKind::Tuple(fields) => fields.iter().flatten().copied().collect(),
                    StructKind::Unit => Vec::new(),
                };
                found.extend(sources_of_fields(w, path, &of.generics, &fields));
                found.extend(sources_of_members(w, path, &of.impls));
            }
            ItemEnum::Enum(of) => found.extend(sources_of_members(w, path, &of.impls)),
            ItemEnum::Union(of) => found.extend(sources_of_members(w, path, &of.impls)),
            ItemEnum::TypeAlias(of) => {
                found.extend(source_of_alias(w, path, &of.generics, &of.type_));
            }
            ItemEnum::Constant { type_, .. } => {
                let call = bare_call(Scope::default(), w.names.local(path));
                found.extend(sources_in(w, &call, "let mut r__ = ", type_));
            }
            _ => {}
        }
    }

    found
}

fn bare_call(scope: Scope, call: String) -> BodyCall {
    BodyCall {
        scope,
        call,
        output: String::new(),
        is_async: false,
    }
}

fn sources_of_members(w: &Writer<'_>, path: &str, impls: &[Id]) -> Vec<Source> {
    let mut found = Vec::new();
    for member in w.inherent_members(path, impls) {
        if let ItemEnum::Function(function) = &member.item.inner {
            let callee = Callee {
                path: &member.path,
                item: member.item,
                function,
                of: Some(member.of),
            };
            found.extend(sources_of_call(w, callee));
        }
    }
    for id in impls {
        let Some(ItemEnum::Impl(of)) = w.item(*id).map(|item| &item.inner) else {
            continue;
        };
        found.extend(source_of_deref(w, of));
    }
    found
}

fn sources_of_call(w: &Writer<'_>, callee: Callee<'_>) -> Vec<Source> {
    let Some(output) = &callee.function.sig.output else {
        return Vec::new();
    };
    if unnamed_in(w, output).is_empty() {
        return Vec::new();
    }
    body_calls(w, callee)
        .first()
        .map(|call| sources_in(w, call, "let mut r__ = ", output))
        .unwrap_or_default()
}

fn sources_of_fields(
    w: &Writer<'_>,
    path: &str,
    generics: &Generics,
    fields: &[Id],
) -> Vec<Source> {
    let mut found = Vec::new();
    let r = Renderer::body(w.names);
    let Some(scope) = Scope::of(&r, generics) else {
        return found;
    };
    let owner = format!("{}{}", w.names.local(path), scope.args());
    for field in fields.iter().filter_map(|id| w.item(*id)) {
        if let ItemEnum::StructField(ty) = &field.inner
            && matches!(field.visibility, Visibility::Public)
            && !is_hidden(field)
            && !unnamed_in(w, ty).is_empty()
        {
            let name = ident(field.name.as_deref().unwrap_or_default());
            let call = bare_call(scope.clone(), format!("any__::<{owner}>().{name}"));
            found.extend(sources_in(w, &call, "let mut r__ = ", ty));
        }
    }
    found
}

/// An alias names a type that has no other name.
fn source_of_alias(w: &Writer<'_>, path: &str, generics: &Generics, ty: &Type) -> Vec<Source> {
    if unnamed_in(w, ty).is_empty() {
        return Vec::new();
    }
    let Some(mut scope) = Scope::of(&Renderer::body(w.names), generics) else {
        return Vec::new();
    };
    // What the type demands of its arguments, the alias does not say.
    let demanded = demanded_by(w, ty, &Renderer::body(w.names));
    scope
        .predicates
        .extend(demanded.into_iter().filter(|text| !leaves_open(text)));
    let alias = format!("{}{}", w.names.local(path), scope.args());
    let call = bare_call(scope, format!("any__::<{alias}>()"));
    sources_in(w, &call, "let mut r__ = ", ty)
}

/// Whether something in a text is left to inference.
fn leaves_open(text: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || c == '_'))
        .any(|word| word == "_")
}

/// What a value dereferences to.
fn source_of_deref(w: &Writer<'_>, of: &Impl) -> Vec<Source> {
    let Some(target) = deref_target(w, of).filter(|ty| !unnamed_in(w, ty).is_empty()) else {
        return Vec::new();
    };
    let r = w.renderer();
    let Some((scope, owner)) = Scope::of(&r, &of.generics).zip(r.ty(&of.for_)) else {
        return Vec::new();
    };
    let call = bare_call(scope, format!("any__::<&{owner}>()"));
    let Type::ResolvedPath(path) = target else {
        return Vec::new();
    };
    vec![Source {
        id: path.id,
        setup: format!("let mut r__ = {};", call.call),
        call,
        value: "(**r__)".to_owned(),
    }]
}

fn deref_target<'a>(w: &Writer<'a>, of: &'a Impl) -> Option<&'a Type> {
    let path = of.trait_.as_ref()?;
    if path.path.rsplit("::").next() != Some("Deref") {
        return None;
    }
    of.items.iter().find_map(|id| match &w.item(*id)?.inner {
        ItemEnum::AssocType {
            type_: Some(ty), ..
        } => Some(ty),
        _ => None,
    })
}

/// The types without a name that a type holds.
fn unnamed_in(w: &Writer<'_>, ty: &Type) -> Vec<Id> {
    let r = Renderer::with_holes(w.names);
    if r.ty(ty).is_none() {
        return Vec::new();
    }
    r.take_holes()
        .into_iter()
        .map(|(id, _)| id)
        .filter(|id| is_unnamed(w, *id))
        .collect()
}

/// Values of types without a name inside of what a call gives.
fn sources_in(w: &Writer<'_>, call: &BodyCall, bind: &str, ty: &Type) -> Vec<Source> {
    let setup = format!("{bind}{};", call.call);
    if let Type::ResolvedPath(path) = ty
        && is_unnamed(w, path.id)
    {
        return vec![Source {
            id: path.id,
            call: call.clone(),
            setup,
            value: "r__".to_owned(),
        }];
    }

    // A helper whose argument tells what the hole is.
    let r = Renderer::with_holes(w.names);
    let Some(text) = r.ty(ty) else {
        return Vec::new();
    };
    let holes = r.take_holes();
    let params: Vec<String> = holes.iter().map(|(_, name)| name.clone()).collect();
    let demanded = demanded_by(w, ty, &Renderer::with_holes(w.names));
    let clause = if demanded.is_empty() {
        String::new()
    } else {
        format!(" where {}", demanded.join(", "))
    };

    holes
        .iter()
        .filter(|(id, _)| is_unnamed(w, *id))
        .map(|(id, name)| {
            let helper = format!(
                "fn at__{}(_: &{text}) -> &'static mut {name}{clause} {{ loop {{}} }}",
                angle(&params)
            );
            Source {
                id: *id,
                call: call.clone(),
                setup: format!("{helper} {setup}"),
                value: "(*at__(&r__))".to_owned(),
            }
        })
        .collect()
}

/// The bounds under which a type has its arguments, as `r` writes them: what stands for them must
/// be numbered as in the type itself. What cannot be named is left to the compiler.
fn demanded_by(w: &Writer<'_>, ty: &Type, r: &Renderer<'_>) -> Vec<String> {
    let Type::ResolvedPath(path) = ty else {
        return Vec::new();
    };
    let generics = match w.item(path.id).map(|item| &item.inner) {
        Some(ItemEnum::Struct(of)) => &of.generics,
        Some(ItemEnum::Enum(of)) => &of.generics,
        Some(ItemEnum::Union(of)) => &of.generics,
        _ => return Vec::new(),
    };
    let Some(GenericArgs::AngleBracketed { args, .. }) = path.args.as_deref() else {
        return Vec::new();
    };

    let mut own = w.renderer();
    let params = generics
        .params
        .iter()
        .filter(|param| matches!(param.kind, GenericParamDefKind::Type { .. }));
    let types = args.iter().filter_map(|arg| match arg {
        GenericArg::Type(ty) => r.ty(ty),
        _ => None,
    });
    own.generics = params.map(|param| param.name.clone()).zip(types).collect();

    let mut found = Vec::new();
    for param in &generics.params {
        let GenericParamDefKind::Type { bounds, .. } = &param.kind else {
            continue;
        };
        let Some(arg) = own.generics.get(&param.name) else {
            continue;
        };
        for bound in bounds {
            let text = own.bounds(std::slice::from_ref(bound));
            found.extend(text.map(|text| format!("{arg}: {text}")));
        }
    }
    for predicate in &generics.where_predicates {
        let one = Generics {
            params: Vec::new(),
            where_predicates: vec![predicate.clone()],
        };
        found.extend(own.predicates(&one).unwrap_or_default());
    }
    // Lifetimes of the type are none of the program's.
    found.retain(|text| !text.contains('\'') && !text.contains(": ?"));
    found
}

/// Everything that users may do with a value.
fn write_type(w: &mut Writer<'_>, source: &Source, open: &mut VecDeque<Source>) {
    let Some(item) = w.item(source.id) else {
        return;
    };
    let name = item.name.clone().unwrap_or_default();
    let (impls, fields): (&[Id], Vec<Id>) = match &item.inner {
        ItemEnum::Struct(of) => (
            &of.impls,
            match &of.kind {
                StructKind::Plain { fields, .. } => fields.clone(),
                StructKind::Tuple(fields) => fields.iter().flatten().copied().collect(),
                StructKind::Unit => Vec::new(),
            },
        ),
        ItemEnum::Enum(of) => (&of.impls, Vec::new()),
        ItemEnum::Union(of) => (&of.impls, Vec::new()),
        _ => return,
    };

    write_fields(w, source, &name, &fields);

    for id in impls {
        let Some((impl_item, of)) = w.item(*id).and_then(|item| match &item.inner {
            ItemEnum::Impl(of) => Some((item, of)),
            _ => None,
        }) else {
            continue;
        };
        if of.trait_.is_none() {
            write_methods(w, source, &name, of, open);
        } else if of.blanket_impl.is_none() && !of.is_negative && !is_hidden(impl_item) {
            write_impl(w, source, &name, impl_item, of);
            if let Some(Type::ResolvedPath(path)) = deref_target(w, of)
                && is_unnamed(w, path.id)
            {
                open.push_back(Source {
                    id: path.id,
                    value: format!("(*{})", source.value),
                    ..source.clone()
                });
            }
        }
    }
}

fn label(name: &str, member: &str) -> String {
    format!("{name} (without a name) → {member}")
}

fn write_fields(w: &mut Writer<'_>, source: &Source, name: &str, fields: &[Id]) {
    let r = Renderer::body(w.names);
    for id in fields {
        let Some(field) = w.item(*id) else { continue };
        let ItemEnum::StructField(ty) = &field.inner else {
            continue;
        };
        if !matches!(field.visibility, Visibility::Public) || is_hidden(field) {
            continue;
        }
        let member = field.name.clone().unwrap_or_default();
        let ty = inferred(&r, ty, None).unwrap_or_else(|| "_".to_owned());
        let way = source.call.function(&format!(
            "{} let x__: &{ty} = &{}.{};",
            source.setup,
            source.value,
            ident(&member)
        ));
        w.add(&label(name, &member), *id, Use::ReadOnUnnamed, vec![way]);
    }
}

/// A type in a body; parameters of the implementation it stands in are inferred.
fn inferred(r: &Renderer<'_>, ty: &Type, generics: Option<&Generics>) -> Option<String> {
    let mut own = r.fork();
    own.infer = true;
    own.self_type = Some("_".to_owned());
    for param in generics.iter().flat_map(|generics| &generics.params) {
        own.generics.insert(param.name.clone(), "_".to_owned());
    }
    let text = own.ty(ty)?;
    Some(without_lifetimes(&text, generics))
}

/// Lifetimes of an implementation are none of the program's.
fn without_lifetimes(text: &str, generics: Option<&Generics>) -> String {
    let mut text = text.to_owned();
    for param in generics.iter().flat_map(|generics| &generics.params) {
        if matches!(param.kind, GenericParamDefKind::Lifetime { .. }) {
            for end in [" ", ">", ",", ")"] {
                text = text.replace(&format!("{}{end}", param.name), &format!("'_{end}"));
            }
        }
    }
    text
}

fn write_methods(
    w: &mut Writer<'_>,
    source: &Source,
    name: &str,
    of: &Impl,
    open: &mut VecDeque<Source>,
) {
    for id in &of.items {
        let Some(item) = w.item(*id) else { continue };
        let ItemEnum::Function(function) = &item.inner else {
            continue;
        };
        let public = matches!(item.visibility, Visibility::Public) && !is_hidden(item);
        if !public || !has_receiver(function) {
            continue;
        }
        let member = item.name.clone().unwrap_or_default();
        let Some(call) = method_call(w, source, item, function, of) else {
            continue;
        };
        let output = match &function.sig.output {
            Some(ty) => inferred(&w.renderer(), ty, Some(&merged(of, function)))
                .unwrap_or_else(|| "_".to_owned()),
            None => "()".to_owned(),
        };
        let way = source
            .call
            .function(&format!("{} let x__: {output} = {call};", source.setup));
        w.add(&label(name, &member), *id, Use::CallOnUnnamed, vec![way]);
        if let Some(ty) = &function.sig.output {
            for found in sources_in(w, &source.call, "", ty) {
                open.push_back(Source {
                    setup: format!(
                        "{} {} let mut q__ = {call};",
                        source.setup,
                        helper_of(&found.setup)
                    ),
                    value: found.value.replace("r__", "q__"),
                    id: found.id,
                    call: source.call.clone(),
                });
            }
        }
    }
}

/// The helper function before a call, if there is one.
fn helper_of(setup: &str) -> &str {
    setup
        .find("{ loop {} } ")
        .filter(|_| setup.starts_with("fn at__"))
        .map_or("", |at| &setup[..at + "{ loop {} }".len()])
}

/// Parameters of an implementation and of its function.
fn merged(of: &Impl, function: &Function) -> Generics {
    let mut generics = of.generics.clone();
    generics
        .params
        .extend(function.generics.params.iter().cloned());
    generics
}

/// A method called by the dot. Arguments are of whatever types it takes.
fn method_call(
    w: &Writer<'_>,
    source: &Source,
    item: &Item,
    function: &Function,
    of: &Impl,
) -> Option<String> {
    let generics = merged(of, function);
    let explicit = arguments(&function.generics, true)
        .iter()
        .any(|name| !name.starts_with('\''));
    if explicit {
        return None;
    }
    let r = w.renderer();
    let mut args = Vec::new();
    for (_, ty) in function.sig.inputs.iter().skip(1) {
        let ty = match ty {
            Type::ImplTrait(_) => return None,
            ty => inferred(&r, ty, Some(&generics))?,
        };
        args.push(format!("any__::<{ty}>()"));
    }

    let call = format!(
        "{}.{}({})",
        source.value,
        ident(item.name.as_deref()?),
        args.join(", ")
    );

    Some(if function.header.is_unsafe {
        format!("unsafe {{ {call} }}")
    } else {
        call
    })
}

/// An implementation, with the associated types that can be named.
fn write_impl(w: &mut Writer<'_>, source: &Source, name: &str, item: &Item, of: &Impl) {
    let Some(path) = &of.trait_ else { return };
    if UNNAMED.contains(&path.path.rsplit("::").next().unwrap_or_default()) {
        return;
    }
    let r = w.renderer();
    let open = of
        .generics
        .params
        .iter()
        .any(|param| !matches!(param.kind, GenericParamDefKind::Lifetime { .. }));

    let Some(bound) = r.path(path) else { return };
    let equal = if open {
        Vec::new()
    } else {
        associated_types(w, &r, of)
    };

    if open && path.args.is_some() {
        return;
    }
    let bound = with_associated(&bound, &equal);
    let bound = without_lifetimes(&bound, Some(&of.generics)).replace("'_", "'static");
    let way = source.call.function(&format!(
        "fn is__<X__: ?Sized + {bound}>(_: &X__) {{}} {} is__(&{});",
        source.setup, source.value
    ));

    let shown = path.path.rsplit("::").next().unwrap_or_default();
    w.add(
        &label(name, &format!("impl {shown}")),
        item.id,
        Use::RelyOnUnnamed,
        vec![way],
    );
}
