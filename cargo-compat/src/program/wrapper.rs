//! The wrapper around a function: its old signature and bounds, and a call of it.

use rustdoc_types::{Function, GenericBound, GenericParamDefKind, Impl, Type};

use super::scope::Scope;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{Renderer, angle};

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

/// Whether of a function's result only bounds are seen.
pub(super) fn is_opaque(function: &Function) -> bool {
    function.header.is_async || function.sig.output.as_ref().is_some_and(mentions_impl)
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

/// The parts of one wrapper around a function.
pub(super) struct Wrapper<'f> {
    pub(super) function: &'f Function,
    pub(super) scope: Scope,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    pub(super) callee: String,
}

impl<'f> Wrapper<'f> {
    /// `None` if something in the signature cannot be named.
    pub(super) fn new(
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
    pub(super) fn is_plain(&self) -> bool {
        !self.is_opaque() && !has_synthetic(self.function) && matches!(self.outputs.as_slice(), [_])
    }

    pub(super) fn is_opaque(&self) -> bool {
        is_opaque(self.function)
    }

    pub(super) fn call(&self) -> String {
        call_of(&self.callee, self.function)
    }

    /// Types of the parameters.
    pub(super) fn input_types(&self) -> Vec<&str> {
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
