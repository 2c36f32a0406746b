//! Calls without names: where a signature names what programs cannot, the function is called in a
//! body, arguments are made from nothing, and the compiler infers what has no name.

use std::collections::HashMap;

use rustdoc_types::{Function, GenericBound, GenericParamDefKind, Generics, Impl, Item, Type};

use super::assertion::Use;
use super::scope::Scope;
use super::substitutes::{Closed, choices, closed_parameters, fitting_types};
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{Renderer, angle};

/// The auto traits that users rely on most: a task is moved to another thread, a future is pinned.
pub(super) const MARKERS: [&str; 4] = [
    "::core::marker::Send",
    "::core::marker::Sync",
    "::core::marker::Unpin",
    "::core::panic::UnwindSafe",
];

/// Makes a value of whatever type is wanted.
pub(super) const ANY: &str = "fn any__<T__>() -> T__ { loop {} }";

/// A call as statements of a body.
#[derive(Debug, Clone)]
pub(super) struct BodyCall {
    /// Parameters that the wrapper can be generic over.
    pub(super) scope: Scope,
    /// The call itself.
    pub(super) call: String,
    /// ` : T`, as much of the result's type as can be named.
    pub(super) output: String,
    pub(super) is_async: bool,
}

impl BodyCall {
    /// The whole wrapper.
    fn way(&self) -> String {
        self.function(&format!("let r__{} = {};", self.output, self.call))
    }

    /// A wrapper that does more with the result, `r__`.
    pub(super) fn function(&self, body: &str) -> String {
        let word = if self.is_async { "async " } else { "" };
        format!(
            "{word}{}",
            self.scope.function("", "", &format!("{ANY} {body}"))
        )
    }
}

/// Calls of a function of which something cannot be named.
pub(super) fn write_body_calls(w: &mut Writer<'_>, callee: Callee<'_>) {
    let Callee { path, item, .. } = callee;
    let calls = body_calls(w, callee);
    let ways: Vec<String> = calls.iter().map(BodyCall::way).collect();
    for way in ways.iter().skip(1) {
        w.add(path, item.id, Use::CallWith, vec![way.clone()]);
    }
    w.add(path, item.id, Use::Call, ways);
    write_visible_bounds(w, callee, &calls);
}

/// Of an opaque result with a bound that cannot be named, the other bounds are relied on.
fn write_visible_bounds(w: &mut Writer<'_>, callee: Callee<'_>, calls: &[BodyCall]) {
    let (Some(Type::ImplTrait(bounds)), Some(call)) = (&callee.function.sig.output, calls.first())
    else {
        return;
    };
    let r = w.renderer();
    let named = bounds
        .iter()
        .filter_map(|bound| r.bounds(std::slice::from_ref(bound)));
    for bound in named.chain(MARKERS.map(str::to_owned)) {
        let body = format!("fn is__<X__: {bound}>(_: X__) {{}} is__({});", call.call);
        let way = call.function(&body);
        w.add(callee.path, callee.item.id, Use::CallWith, vec![way]);
    }
}

/// A call for each choice of types for parameters that programs cannot be generic over.
pub(super) fn body_calls(w: &Writer<'_>, callee: Callee<'_>) -> Vec<BodyCall> {
    let Callee { function, of, .. } = callee;
    let mut closed = of.map_or_else(Vec::new, |of| closed_parameters(w, &of.generics));
    closed.extend(closed_parameters(w, &function.generics));
    closed.extend(closed_arguments(w, function));
    choices(&closed)
        .into_iter()
        .filter_map(|choice| body_call(w, callee, &choice.into_iter().collect()))
        .collect()
}

/// Arguments `impl Trait` whose trait cannot be named, under the name of the argument.
fn closed_arguments(w: &Writer<'_>, function: &Function) -> Vec<Closed> {
    let r = w.renderer();
    let mut closed = Vec::new();
    for (index, (_, ty)) in function.sig.inputs.iter().enumerate() {
        if let Type::ImplTrait(bounds) = ty
            && r.bounds(bounds).is_none()
        {
            let all: Vec<&GenericBound> = bounds.iter().collect();
            closed.push(Closed {
                name: argument_key(index),
                types: fitting_types(w, &all),
            });
        }
    }
    closed
}

fn argument_key(index: usize) -> String {
    format!("argument {index}")
}

/// What is called: a function by its path, or an associated one of an implementation.
#[derive(Debug, Clone, Copy)]
pub(super) struct Callee<'c> {
    pub(super) path: &'c str,
    pub(super) item: &'c Item,
    pub(super) function: &'c Function,
    pub(super) of: Option<&'c Impl>,
}

fn body_call(
    w: &Writer<'_>,
    callee: Callee<'_>,
    chosen: &HashMap<String, String>,
) -> Option<BodyCall> {
    let Callee {
        path,
        item,
        function,
        of,
    } = callee;

    let mut r = Renderer::body(w.names);
    r.generics = chosen.clone();
    let mut scope = Scope::default();
    let callee = match of {
        Some(of) => {
            open_scope(&mut scope, &r, &of.generics, chosen)?;
            let self_type = r.ty(&of.for_)?;
            r.self_type = Some(self_type.clone());
            format!("<{self_type}>::{}", ident(item.name.as_deref()?))
        }
        None => w.names.local(path),
    };

    open_scope(&mut scope, &r, &function.generics, chosen)?;
    let mut args = Vec::new();
    for (index, (_, ty)) in function.sig.inputs.iter().enumerate() {
        args.push(argument(&r, index, ty, chosen, &mut scope)?);
    }
    let call = format!(
        "{callee}{}({})",
        explicit_arguments(function, chosen),
        args.join(", ")
    );

    let call = if function.header.is_unsafe {
        format!("unsafe {{ {call} }}")
    } else {
        call
    };

    let output = match &function.sig.output {
        Some(ty) => format!(": {}", r.ty(ty)?),
        None => ": ()".to_owned(),
    };

    Some(BodyCall {
        scope,
        call: if function.header.is_async {
            format!("{call}.await")
        } else {
            call
        },
        output,
        is_async: function.header.is_async,
    })
}

/// Adds the parameters that no type was chosen for.
pub(super) fn open_scope(
    scope: &mut Scope,
    r: &Renderer<'_>,
    generics: &Generics,
    chosen: &HashMap<String, String>,
) -> Option<()> {
    let mut open = generics.clone();
    open.params
        .retain(|param| !chosen.contains_key(&param.name));
    open.where_predicates.retain(|predicate| {
        r.predicates(&Generics {
            params: Vec::new(),
            where_predicates: vec![predicate.clone()],
        })
        .is_some_and(|text| {
            !text
                .iter()
                .any(|text| text.contains('_') && text.starts_with('_'))
        })
    });
    scope.extend(r, &open)
}

fn argument(
    r: &Renderer<'_>,
    index: usize,
    ty: &Type,
    chosen: &HashMap<String, String>,
    scope: &mut Scope,
) -> Option<String> {
    if let Some(chosen) = chosen.get(&argument_key(index)) {
        return Some(format!("any__::<{chosen}>()"));
    }
    let (ty, bounds) = with_named_impl(ty, index);
    if let Some(bounds) = bounds {
        let name = impl_name(index);
        scope
            .declared
            .push(format!("{name}: {}", r.bounds(bounds)?));
        scope.names.push(name);
    }
    Some(format!("any__::<{}>()", r.ty(&ty)?))
}

/// The parameter that stands for an argument `impl Trait`.
fn impl_name(index: usize) -> String {
    format!("A{index}__")
}

/// An argument's type with `impl Trait`, also behind references, as a parameter, and its bounds.
pub(super) fn with_named_impl(ty: &Type, index: usize) -> (Type, Option<&[GenericBound]>) {
    match ty {
        Type::ImplTrait(bounds) => (Type::Generic(impl_name(index)), Some(bounds)),
        Type::BorrowedRef {
            lifetime,
            is_mutable,
            type_,
        } => {
            let (inner, bounds) = with_named_impl(type_, index);
            let ty = Type::BorrowedRef {
                lifetime: lifetime.clone(),
                is_mutable: *is_mutable,
                type_: Box::new(inner),
            };
            (ty, bounds)
        }
        other => (other.clone(), None),
    }
}

/// `::<T, u8>`: parameters, or the types chosen for them.
fn explicit_arguments(function: &Function, chosen: &HashMap<String, String>) -> String {
    let args: Vec<String> = function
        .generics
        .params
        .iter()
        .filter(|param| {
            matches!(
                param.kind,
                GenericParamDefKind::Type {
                    is_synthetic: false,
                    ..
                } | GenericParamDefKind::Const { .. }
            )
        })
        .map(|param| {
            chosen
                .get(&param.name)
                .cloned()
                .unwrap_or_else(|| ident(&param.name))
        })
        .collect();

    if args.is_empty() {
        String::new()
    } else {
        format!("::{}", angle(&args))
    }
}
