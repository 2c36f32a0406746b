//! Methods: called by the dot, and wrapped as a method of a local trait, where `Self` and elision
//! mean exactly what they mean in the implementation.

use rustdoc_types::{Function, Impl, Item};

use super::assertion::Use;
use super::scope::Scope;
use super::wrapper::{Wrapper, guarded, has_receiver, turbofish};
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{Renderer, angle};

/// `x.method(…)`: what is found by name may be another method than before.
pub(super) fn call_as_method(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    let function = wrapper.function;
    let Some(output) = wrapper
        .outputs
        .last()
        .filter(|_| has_receiver(function) && !function.header.is_async)
    else {
        return;
    };
    let rest: Vec<String> = (1..function.sig.inputs.len())
        .map(|index| format!("a{index}"))
        .collect();
    let name = ident(item.name.as_deref().unwrap_or_default());
    let call = guarded(
        format!("a0.{name}{}({})", turbofish(function), rest.join(", ")),
        function,
    );
    let way = wrapper
        .scope
        .function(&wrapper.inputs.join(", "), output, &call);
    w.add(path, item.id, Use::CallAsMethod, vec![way]);
}

/// [`trait_way`] for types of known size, and for others.
pub(super) fn trait_ways(
    w: &Writer<'_>,
    function: &Function,
    name: &str,
    of: &Impl,
) -> Vec<String> {
    ["", ": Sized"]
        .into_iter()
        .filter_map(|sized| trait_way(w, function, name, of, sized))
        .collect()
}

fn trait_way(
    w: &Writer<'_>,
    function: &Function,
    name: &str,
    of: &Impl,
    sized: &str,
) -> Option<String> {
    let r = w.renderer();
    r.name_anonymous("i");
    let self_type = r.ty(&of.for_)?;
    let mut scope = Scope::default();
    scope.extend(&r, &of.generics)?;
    scope.lifetimes.extend(r.take_anonymous());

    let signature = method_signature(&r, function, "w__")?;
    let args = argument_names(function).join(", ");
    let call = guarded(
        format!("Self::{name}{}({args})", turbofish(function)),
        function,
    );
    let call = if function.header.is_async {
        format!("{call}.await")
    } else {
        call
    };
    Some(format!(
        "trait W__{params}{sized}{clause} {{ {signature}; }} impl{params} W__{args} for {self_type}{clause} {{ {signature} {{ {call} }} }}",
        params = scope.params(),
        clause = scope.clause(),
        args = scope.args(),
    ))
}

/// `self`, `a1`, `a2`.
pub(super) fn argument_names(function: &Function) -> Vec<String> {
    function
        .sig
        .inputs
        .iter()
        .enumerate()
        .map(|(index, (name, _))| argument_name(index, name))
        .collect()
}

fn argument_name(index: usize, name: &str) -> String {
    if name == "self" {
        name.to_owned()
    } else {
        format!("a{index}")
    }
}

/// `async unsafe fn name<T>(self: &Self, a1: A) -> R where …`. `None` if something in it cannot be
/// named, or cannot stand in a trait.
pub(super) fn method_signature(
    r: &Renderer<'_>,
    function: &Function,
    name: &str,
) -> Option<String> {
    if function.sig.is_c_variadic {
        return None;
    }
    let mut inputs = Vec::new();
    for (index, (name, ty)) in function.sig.inputs.iter().enumerate() {
        inputs.push(format!("{}: {}", argument_name(index, name), r.ty(ty)?));
    }
    let output = match &function.sig.output {
        Some(ty) => format!(" -> {}", r.ty(ty)?),
        None => String::new(),
    };

    let is_async = if function.header.is_async {
        "async "
    } else {
        ""
    };

    let is_unsafe = if function.header.is_unsafe {
        "unsafe "
    } else {
        ""
    };

    Some(format!(
        "{is_async}{is_unsafe}fn {name}{}({}){output}{}",
        angle(&r.params(&function.generics)?),
        inputs.join(", "),
        r.where_clause(&function.generics)?
    ))
}
