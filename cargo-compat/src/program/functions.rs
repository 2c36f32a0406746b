//! Functions and methods: a forwarding wrapper with the old signature and bounds around each
//! asserts types, bounds, lifetimes, safety, asyncness and captures at once.

use rustdoc_types::{Abi, Function, GenericBound, GenericParamDefKind, Impl, Item, Type};

use super::Writer;
use super::scope::Scope;
use crate::model::render::{Renderer, angle, header, ident};
use crate::rules;

/// Explicit generic arguments of a call: `::<T, N>`, or nothing.
fn turbofish(function: &Function) -> String {
    let args: Vec<String> = function
        .generics
        .params
        .iter()
        .filter(|param| match &param.kind {
            GenericParamDefKind::Lifetime { .. } => false,
            GenericParamDefKind::Type { is_synthetic, .. } => !is_synthetic,
            GenericParamDefKind::Const { .. } => true,
        })
        .map(|param| ident(&param.name))
        .collect();
    if args.is_empty() {
        String::new()
    } else {
        format!("::{}", angle(&args))
    }
}

fn has_synthetic(function: &Function) -> bool {
    function.generics.params.iter().any(|param| {
        matches!(
            param.kind,
            GenericParamDefKind::Type {
                is_synthetic: true,
                ..
            }
        )
    })
}

/// A call of `callee` with the wrapper's arguments.
fn call(callee: &str, function: &Function) -> String {
    let args: Vec<String> = (0..function.sig.inputs.len())
        .map(|index| format!("a{index}"))
        .collect();
    let call = format!("{callee}{}({})", turbofish(function), args.join(", "));
    if function.header.is_unsafe {
        format!("unsafe {{ {call} }}")
    } else {
        call
    }
}

fn inputs(r: &Renderer<'_>, function: &Function) -> Option<Vec<String>> {
    let mut inputs = Vec::new();
    for (index, (_, ty)) in function.sig.inputs.iter().enumerate() {
        inputs.push(format!("a{index}: {}", r.ty(ty)?));
    }
    Some(inputs)
}

fn mentions_impl(ty: &Type) -> bool {
    serde_json::to_string(ty).is_ok_and(|text| text.contains("\"impl_trait\""))
}

/// The return type in the ways it may be written: with the fewest captures first, since that is
/// what users can rely on.
fn outputs(r: &Renderer<'_>, function: &Function, captured: &[String]) -> Option<Vec<String>> {
    let Some(ty) = &function.sig.output else {
        return Some(vec![String::new()]);
    };
    let plain = format!(" -> {}", r.ty(ty)?);
    let mut ways = Vec::new();
    if let Type::ImplTrait(bounds) = ty
        && !has_synthetic(function)
        && !bounds
            .iter()
            .any(|bound| matches!(bound, GenericBound::Use(_)))
    {
        ways.push(format!(
            " -> impl {} + use<{}>",
            r.bounds(bounds)?,
            captured.join(", ")
        ));
    }
    ways.push(plain);
    Some(ways)
}

/// A free function.
pub(super) fn free(w: &mut Writer<'_>, path: &str, item: &Item, function: &Function) {
    if function.sig.is_c_variadic {
        return;
    }
    let callee = w.names.local(path);
    wrappers(w, path, item, function, &callee, None);
}

/// A method or associated function of an inherent implementation.
pub(super) fn inherent(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    function: &Function,
    of: &Impl,
) {
    if function.sig.is_c_variadic {
        return;
    }
    let name = ident(item.name.as_deref().unwrap_or_default());
    wrappers(w, path, item, function, &name, Some(of));
}

/// The parts of one wrapper.
struct Parts {
    scope: Scope,
    inputs: Vec<String>,
    outputs: Vec<String>,
    callee: String,
}

fn parts(w: &Writer<'_>, function: &Function, callee: &str, of: Option<&Impl>) -> Option<Parts> {
    let mut r = w.renderer();
    r.name_anonymous("i");
    let mut scope = Scope::default();
    let mut callee = callee.to_owned();
    if let Some(of) = of {
        let self_type = r.ty(&of.for_)?;
        callee = format!("<{self_type}>::{callee}");
        scope.extend(&r, &of.generics)?;
        r.self_type = Some(self_type);
    }
    let before = r.take_anonymous();
    // Elided lifetimes of free functions stay elided, so that elision is asserted as it stands.
    let receiver = function
        .sig
        .inputs
        .first()
        .is_some_and(|(name, _)| name == "self");
    let mut inputs_ = Vec::new();
    if receiver {
        r.name_anonymous("r");
        let (_, ty) = function.sig.inputs.first()?;
        inputs_.push(format!("a0: {}", r.ty(ty)?));
        let given = r.take_anonymous();
        for (index, (_, ty)) in function.sig.inputs.iter().enumerate().skip(1) {
            inputs_.push(format!("a{index}: {}", r.ty(ty)?));
        }
        // The elision rule for methods: what the receiver borrows.
        r.output_lifetime = given.first().cloned();
        scope.lifetimes.extend(given);
    } else {
        inputs_ = inputs(&r, function)?;
    }
    scope.lifetimes.extend(before);
    let output_lifetime = r.output_lifetime.take();
    scope.extend(&r, &function.generics)?;
    r.output_lifetime = output_lifetime;
    let captured: Vec<String> = scope
        .names
        .iter()
        .filter(|name| !name.starts_with('\''))
        .cloned()
        .collect();
    let outputs = outputs(&r, function, &captured)?;
    Some(Parts {
        scope,
        inputs: inputs_,
        outputs,
        callee,
    })
}

fn wrappers(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    function: &Function,
    callee: &str,
    of: Option<&Impl>,
) {
    let rule = &rules::SIGNATURE;
    let id = item.id;
    let Some(parts) = parts(w, function, callee, of) else {
        w.push(path, id, rule, "call", trait_ways(w, function, callee, of));
        return;
    };
    let Parts {
        scope,
        inputs,
        outputs,
        callee,
    } = &parts;
    let call = call(callee, function);
    let args = inputs.join(", ");
    let asynchronous = function.header.is_async;
    let body = if asynchronous {
        format!("{call}.await")
    } else {
        call.clone()
    };
    let prefix = if asynchronous { "async " } else { "" };
    let mut ways: Vec<String> = outputs
        .iter()
        .map(|output| format!("{prefix}{}", scope.function(&args, output, &body)))
        .collect();
    ways.extend(trait_ways(
        w,
        function,
        callee.rsplit("::").next().unwrap_or_default(),
        of,
    ));
    w.push(path, id, rule, "call", ways);
    if function.header.is_const {
        let body = format!("let r = {call}; ::core::mem::forget(r);");
        w.push(
            path,
            id,
            rule,
            "call in constants",
            vec![format!("const {}", scope.function(&args, "", &body))],
        );
    }
    let opaque = asynchronous || function.sig.output.as_ref().is_some_and(mentions_impl);
    if opaque {
        for marker in ["Send", "Sync", "Unpin"] {
            let mut scope = scope.clone();
            let types: Vec<String> = scope
                .type_names()
                .map(|name| format!("{name}: ::core::marker::{marker}"))
                .collect();
            scope.predicates.extend(types);
            let body = format!("fn is__<X__: ::core::marker::{marker}>(_: X__) {{}} is__({call});");
            w.maybe(
                path,
                id,
                rule,
                "move the result to another thread",
                vec![scope.function(&args, "", &body)],
            );
        }
    }
    let plain = !opaque && !has_synthetic(function) && matches!(outputs.as_slice(), [_]);
    if plain && of.is_none() {
        higher_ranked(w, path, item, function, callee, scope, inputs, &outputs[0]);
    }
    if plain && of.is_none() && !matches!(function.header.abi, Abi::Rust) {
        let types: Vec<&str> = inputs
            .iter()
            .filter_map(|input| input.split_once(": ").map(|(_, ty)| ty))
            .collect();
        let pointer = format!(
            "{}fn({}){}",
            header(&function.header, true),
            types.join(", "),
            outputs[0]
        );
        let body = format!("let _: {pointer} = {callee}{};", turbofish(function));
        w.push(
            path,
            id,
            rule,
            "use it as a function pointer of its ABI",
            vec![scope.function("", "", &body)],
        );
    }
    if let Some(of) = of {
        method_syntax(w, path, item, function, of, scope, &args, outputs);
    }
}

/// What [`higher_ranked`] asserts; a function that became generic no longer does, which is not held
/// against it.
pub(crate) const POINTER: &str = "use it as a function pointer for every lifetime";

/// `let _: for<'a> fn(&'a str) -> &'a str = f;`: lifetimes that a caller need not choose
/// beforehand.
#[expect(clippy::too_many_arguments, reason = "the parts of one wrapper")]
fn higher_ranked(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    function: &Function,
    callee: &str,
    scope: &Scope,
    inputs: &[String],
    output: &str,
) {
    let types: Vec<&str> = inputs
        .iter()
        .filter_map(|input| input.split_once(": ").map(|(_, ty)| ty))
        .collect();
    let mut scope = scope.clone();
    let lifetimes: Vec<String> = scope
        .names
        .iter()
        .chain(&scope.lifetimes)
        .filter(|name| name.starts_with('\''))
        .cloned()
        .collect();
    let borrows =
        !lifetimes.is_empty() || types.iter().any(|ty| ty.contains('&') || ty.contains('\''));
    if !borrows
        || scope
            .predicates
            .iter()
            .any(|predicate| predicate.contains('\''))
    {
        return;
    }
    scope.declared.retain(|text| !text.starts_with('\''));
    scope.names.retain(|text| !text.starts_with('\''));
    scope.lifetimes.clear();
    let binder = if lifetimes.is_empty() {
        String::new()
    } else {
        format!("for<{}> ", lifetimes.join(", "))
    };
    let pointer = format!(
        "{binder}{}fn({}){output}",
        header(&function.header, true),
        types.join(", ")
    );
    let body = format!("let _: {pointer} = {callee}{};", turbofish(function));
    w.maybe(
        path,
        item.id,
        &rules::SIGNATURE,
        POINTER,
        vec![scope.function("", "", &body)],
    );
}

/// `x.method(…)`: what is found by name may be another method than before.
#[expect(clippy::too_many_arguments, reason = "the parts of one wrapper")]
fn method_syntax(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    function: &Function,
    of: &Impl,
    scope: &Scope,
    args: &str,
    outputs: &[String],
) {
    let receiver = function
        .sig
        .inputs
        .first()
        .is_some_and(|(name, _)| name == "self");
    let Some(output) = outputs
        .last()
        .filter(|_| receiver && !function.header.is_async)
    else {
        return;
    };
    let _ = of;
    let rest: Vec<String> = (1..function.sig.inputs.len())
        .map(|index| format!("a{index}"))
        .collect();
    let name = ident(item.name.as_deref().unwrap_or_default());
    let call = format!("a0.{name}{}({})", turbofish(function), rest.join(", "));
    let call = if function.header.is_unsafe {
        format!("unsafe {{ {call} }}")
    } else {
        call
    };
    w.maybe(
        path,
        item.id,
        &rules::SIGNATURE,
        "call as a method",
        vec![scope.function(args, output, &call)],
    );
}

/// [`trait_way`] for types of known size, and for others.
fn trait_ways(w: &Writer<'_>, function: &Function, name: &str, of: Option<&Impl>) -> Vec<String> {
    let ways = ["", ": Sized"]
        .into_iter()
        .filter_map(|sized| trait_way(w, function, name, of, sized));
    ways.collect()
}

/// The same wrapper as a method of a local trait: there `Self` and elision mean exactly what they
/// mean in the implementation.
fn trait_way(
    w: &Writer<'_>,
    function: &Function,
    name: &str,
    of: Option<&Impl>,
    sized: &str,
) -> Option<String> {
    let of = of?;
    let r = w.renderer();
    r.name_anonymous("i");
    let self_type = r.ty(&of.for_)?;
    let mut scope = Scope::default();
    scope.extend(&r, &of.generics)?;
    scope.lifetimes.extend(r.take_anonymous());
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
    let generics = angle(&r.params(&function.generics)?);
    let clause = r.where_clause(&function.generics)?;
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
    let signature = format!(
        "{words}fn w__{generics}({}){output}{clause}",
        inputs.join(", ")
    );
    let args: Vec<String> = function
        .sig
        .inputs
        .iter()
        .enumerate()
        .map(|(index, (name, _))| {
            if name == "self" {
                name.clone()
            } else {
                format!("a{index}")
            }
        })
        .collect();
    let call = format!("Self::{name}{}({})", turbofish(function), args.join(", "));
    let call = if function.header.is_unsafe {
        format!("unsafe {{ {call} }}")
    } else {
        call
    };
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
