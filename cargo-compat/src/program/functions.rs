//! Free and associated functions: a forwarding wrapper with the old signature and bounds around
//! each asserts types, bounds, lifetimes, safety, asyncness and captures at once.

use rustdoc_types::{Abi, Function, GenericBound, GenericParamDefKind, Impl, Item, Type};

use super::assertion::Use;
use super::methods;
use super::scope::Scope;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{Renderer, angle, header};

/// Explicit generic arguments of a call: `::<T, N>`, or nothing.
pub(super) fn turbofish(function: &Function) -> String {
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

/// Whether the first parameter is the receiver of a method.
pub(super) fn has_receiver(function: &Function) -> bool {
    function
        .sig
        .inputs
        .first()
        .is_some_and(|(name, _)| name == "self")
}

/// `unsafe { call }` where the function is unsafe.
pub(super) fn guarded(call: String, function: &Function) -> String {
    if function.header.is_unsafe {
        format!("unsafe {{ {call} }}")
    } else {
        call
    }
}

/// A call of `callee` with the wrapper's arguments.
fn call_of(callee: &str, function: &Function) -> String {
    let args: Vec<String> = (0..function.sig.inputs.len())
        .map(|index| format!("a{index}"))
        .collect();
    guarded(
        format!("{callee}{}({})", turbofish(function), args.join(", ")),
        function,
    )
}

fn mentions_impl(ty: &Type) -> bool {
    serde_json::to_string(ty).is_ok_and(|text| text.contains("\"impl_trait\""))
}

/// The return type in the ways it may be written: with the fewest captures first, since that is
/// what users can rely on.
fn output_ways(r: &Renderer<'_>, function: &Function, captured: &[String]) -> Option<Vec<String>> {
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
pub(super) fn write_free(w: &mut Writer<'_>, path: &str, item: &Item, function: &Function) {
    if function.sig.is_c_variadic {
        return;
    }
    let callee = w.names.local(path);
    let Some(wrapper) = Wrapper::new(w, function, &callee, None) else {
        w.add(path, item.id, Use::Call, Vec::new());
        return;
    };
    write_calls(w, path, item, &wrapper, Vec::new());
    if wrapper.is_plain() {
        point_to(w, path, item, &wrapper);
        point_to_abi(w, path, item, &wrapper);
    }
}

/// A method or associated function of an inherent implementation.
pub(super) fn write_inherent(
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
    let in_trait = methods::trait_ways(w, function, &name, of);
    let Some(wrapper) = Wrapper::new(w, function, &name, Some(of)) else {
        w.add(path, item.id, Use::Call, in_trait);
        return;
    };
    write_calls(w, path, item, &wrapper, in_trait);
    methods::call_as_method(w, path, item, &wrapper);
}

/// The parts of one wrapper around a function.
pub(super) struct Wrapper<'f> {
    pub(super) function: &'f Function,
    pub(super) scope: Scope,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    callee: String,
}

impl<'f> Wrapper<'f> {
    /// `None` if something in the signature cannot be named.
    fn new(
        w: &Writer<'_>,
        function: &'f Function,
        callee: &str,
        of: Option<&Impl>,
    ) -> Option<Self> {
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

        let of_impl = r.take_anonymous();
        let inputs = wrapper_inputs(&mut r, &mut scope, function)?;
        scope.lifetimes.extend(of_impl);

        // The elision rule for methods does not reach into the bounds.
        let output_lifetime = r.output_lifetime.take();
        scope.extend(&r, &function.generics)?;
        r.output_lifetime = output_lifetime;
        let captured: Vec<String> = scope
            .names
            .iter()
            .filter(|name| !name.starts_with('\''))
            .cloned()
            .collect();
        let outputs = output_ways(&r, function, &captured)?;
        Some(Self {
            function,
            scope,
            inputs,
            outputs,
            callee,
        })
    }

    /// Whether nothing in the result is opaque, so that the function's pointer type can be written.
    fn is_plain(&self) -> bool {
        !self.is_opaque() && !has_synthetic(self.function) && matches!(self.outputs.as_slice(), [_])
    }

    fn is_opaque(&self) -> bool {
        self.function.header.is_async
            || self.function.sig.output.as_ref().is_some_and(mentions_impl)
    }

    fn call(&self) -> String {
        call_of(&self.callee, self.function)
    }

    /// Types of the parameters.
    fn input_types(&self) -> Vec<&str> {
        self.inputs
            .iter()
            .filter_map(|input| input.split_once(": ").map(|(_, ty)| ty))
            .collect()
    }
}

/// The wrapper's parameters. Elided lifetimes of free functions stay elided, so that elision is
/// asserted as it stands; those of a receiver get names, which the output may borrow from.
fn wrapper_inputs(
    r: &mut Renderer<'_>,
    scope: &mut Scope,
    function: &Function,
) -> Option<Vec<String>> {
    let mut inputs = Vec::new();
    let mut rest = function.sig.inputs.iter().enumerate();
    if has_receiver(function) {
        let (_, (_, ty)) = rest.next()?;
        r.name_anonymous("r");
        inputs.push(format!("a0: {}", r.ty(ty)?));
        let given = r.take_anonymous();
        // The elision rule for methods: what the receiver borrows. It holds for the output only.
        let borrowed = given.first().cloned();
        for (index, (_, ty)) in rest.by_ref() {
            inputs.push(format!("a{index}: {}", r.ty(ty)?));
        }
        r.output_lifetime = borrowed;
        scope.lifetimes.extend(given);
    }
    for (index, (_, ty)) in rest {
        inputs.push(format!("a{index}: {}", r.ty(ty)?));
    }
    Some(inputs)
}

/// Calls of a function, in programs and in constants, and what may be done with an opaque result.
fn write_calls(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    wrapper: &Wrapper<'_>,
    in_trait: Vec<String>,
) {
    let function = wrapper.function;
    let call = wrapper.call();
    let args = wrapper.inputs.join(", ");
    let (prefix, body) = if function.header.is_async {
        ("async ", format!("{call}.await"))
    } else {
        ("", call.clone())
    };
    let mut ways: Vec<String> = wrapper
        .outputs
        .iter()
        .map(|output| format!("{prefix}{}", wrapper.scope.function(&args, output, &body)))
        .collect();
    ways.extend(in_trait);
    w.add(path, item.id, Use::Call, ways);

    if function.header.is_const {
        let body = format!("let r = {call}; ::core::mem::forget(r);");
        let way = format!("const {}", wrapper.scope.function(&args, "", &body));
        w.add(path, item.id, Use::CallInConstant, vec![way]);
    }
    if wrapper.is_opaque() {
        send_result(w, path, item, wrapper);
    }
}

/// What an opaque result implements without saying so.
fn send_result(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    let (call, args) = (wrapper.call(), wrapper.inputs.join(", "));
    for marker in ["Send", "Sync", "Unpin"] {
        let mut scope = wrapper.scope.clone();
        let of_types: Vec<String> = scope
            .type_names()
            .map(|name| format!("{name}: ::core::marker::{marker}"))
            .collect();
        scope.predicates.extend(of_types);
        let body = format!("fn is__<X__: ::core::marker::{marker}>(_: X__) {{}} is__({call});");
        let way = scope.function(&args, "", &body);
        w.add(path, item.id, Use::SendResult, vec![way]);
    }
}

/// `let _: for<'a> fn(&'a str) -> &'a str = f;`: lifetimes that a caller need not choose
/// beforehand.
fn point_to(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    let types = wrapper.input_types();
    let mut scope = wrapper.scope.clone();
    let lifetimes: Vec<String> = scope
        .names
        .iter()
        .chain(&scope.lifetimes)
        .filter(|name| name.starts_with('\''))
        .cloned()
        .collect();
    let borrows =
        !lifetimes.is_empty() || types.iter().any(|ty| ty.contains('&') || ty.contains('\''));
    let bounds_lifetimes = scope
        .predicates
        .iter()
        .any(|predicate| predicate.contains('\''));
    if !borrows || bounds_lifetimes {
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
    let body = pointer_body(wrapper, &binder);
    w.add(
        path,
        item.id,
        Use::PointTo,
        vec![scope.function("", "", &body)],
    );
}

/// A pointer of the function's own calling convention.
fn point_to_abi(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    if matches!(wrapper.function.header.abi, Abi::Rust) {
        return;
    }
    let body = pointer_body(wrapper, "");
    let way = wrapper.scope.function("", "", &body);
    w.add(path, item.id, Use::PointToAbi, vec![way]);
}

fn pointer_body(wrapper: &Wrapper<'_>, binder: &str) -> String {
    format!(
        "let _: {binder}{}fn({}){} = {}{};",
        header(&wrapper.function.header, true),
        wrapper.input_types().join(", "),
        wrapper.outputs[0],
        wrapper.callee,
        turbofish(wrapper.function)
    )
}
