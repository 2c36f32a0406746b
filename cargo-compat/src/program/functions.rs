//! Free and associated functions: a forwarding wrapper with the old signature and bounds around
//! each asserts types, bounds, lifetimes, safety, asyncness and captures at once.

use rustdoc_types::{Abi, Function, GenericParamDefKind, Impl, Item};

use super::assertion::Use;
use super::bodies::{Callee, body_calls, write_body_calls};
use super::wrapper::{Wrapper, guarded, has_receiver, turbofish};
use super::writer::Writer;
use super::{methods, opaque};
use crate::model::ident::{ident, names_lifetime};
use crate::model::render::header;

/// A free function.
pub(super) fn write_free(w: &mut Writer<'_>, path: &str, item: &Item, function: &Function) {
    let named = w.names.local(path);
    let callee = Callee {
        path,
        item,
        function,
        of: None,
    };

    let Some(wrapper) = Wrapper::new(w, function, &named, None) else {
        write_body_calls(w, callee);
        return;
    };

    write_calls(w, path, item, &wrapper, Vec::new());
    if wrapper.is_plain() {
        point_to(w, path, item, &wrapper);
        point_to_abi(w, path, item, &wrapper);
    }

    if wrapper.is_opaque() {
        opaque::outlive_arguments(w, callee);
    }

    if function.sig.is_c_variadic {
        let call = wrapper.call();
        let more = match call.strip_suffix(')').or_else(|| call.strip_suffix(") }")) {
            Some(open) if open.ends_with('(') => return,
            Some(open) => format!(
                "unsafe {{ {}, 1i32) }}",
                open.trim_start_matches("unsafe { ")
            ),
            None => return,
        };
        let way =
            wrapper
                .scope
                .function(&wrapper.inputs.join(", "), "", &format!("let _ = {more};"));
        w.add(path, item.id, Use::CallWith, vec![way]);
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
    let name = ident(item.name.as_deref().unwrap_or_default());
    let callee = Callee {
        path,
        item,
        function,
        of: Some(of),
    };

    let in_trait = methods::trait_ways(w, function, &name, of);
    let Some(wrapper) = Wrapper::new(w, function, &name, Some(of)) else {
        if in_trait.is_empty() {
            write_body_calls(w, callee);
        } else {
            w.add(path, item.id, Use::Call, in_trait);
        }
        return;
    };

    write_calls(w, path, item, &wrapper, in_trait);
    methods::call_as_method(w, path, item, &wrapper);
    if wrapper.is_plain() {
        point_to(w, path, item, &wrapper);
    }
    if wrapper.is_opaque() {
        opaque::outlive_arguments(w, callee);
    }
    call_by_plain_path(w, callee);
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
        borrow_result(w, path, item, wrapper);
    }
    if wrapper.is_opaque() {
        opaque::send_result(w, path, item, wrapper);
    }
}

/// `const C: &S = &S::new();`: a value without interior mutability lives as long as the program.
fn borrow_result(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    let closed = wrapper.inputs.is_empty() && wrapper.scope.params().is_empty();
    if let [output] = wrapper.outputs.as_slice()
        && let Some(ty) = output.strip_prefix(" -> ")
        && closed
    {
        let way = format!("const W__: &{ty} = &{};", wrapper.call());
        w.add(path, item.id, Use::BorrowResult, vec![way]);
    }
}

/// `S::new()`: what a path without arguments leaves to inference, the compiler must be able to
/// infer. Only types without parameters are called so without ambiguity.
fn call_by_plain_path(w: &mut Writer<'_>, callee: Callee<'_>) {
    let Callee {
        path,
        item,
        function,
        of,
    } = callee;

    let open = of.is_some_and(|of| {
        of.generics
            .params
            .iter()
            .any(|param| !matches!(param.kind, GenericParamDefKind::Lifetime { .. }))
    });

    let generic = !turbofish(function).is_empty();
    if has_receiver(function) || open || generic || function.header.is_async {
        return;
    }
    let Some(call) = body_calls(w, callee).into_iter().next() else {
        return;
    };
    let Some((_, args)) = call.call.split_once(">::") else {
        return;
    };
    let Some((owner, _)) = path.rsplit_once("::") else {
        return;
    };
    let text = guarded(
        format!("{}::{}", w.names.local(owner), args.trim_end_matches(" }")),
        function,
    );

    let way = call.function(&format!("let r__ = {text};"));
    w.add(path, item.id, Use::CallByPlainPath, vec![way]);
}

/// `let _: for<'a> fn(&'a str) -> &'a str = f;`: lifetimes that a caller need not choose
/// beforehand. Those of the type that holds the function, those that no argument has and those with
/// bounds are chosen.
fn point_to(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    let types = wrapper.input_types();
    let mut scope = wrapper.scope.clone();
    let bounds: Vec<String> = scope
        .declared
        .iter()
        .filter(|text| text.contains(':'))
        .chain(&scope.predicates)
        .cloned()
        .collect();
    let is_open = |name: &str| {
        name.starts_with('\'')
            && !names_lifetime(&wrapper.callee, name)
            && types.iter().any(|ty| names_lifetime(ty, name))
            && !bounds.iter().any(|text| names_lifetime(text, name))
    };
    let open: Vec<String> = scope
        .names
        .iter()
        .chain(&scope.lifetimes)
        .filter(|name| is_open(name))
        .cloned()
        .collect();
    if open.is_empty() && !types.iter().any(|ty| elides_lifetime(ty)) {
        return;
    }

    scope.declared.retain(|text| !is_open(text));
    scope.names.retain(|text| !is_open(text));
    scope.lifetimes.retain(|text| !is_open(text));
    // A body implies no bounds, as the type of an argument does.
    let implied: Vec<String> = scope
        .names
        .iter()
        .chain(&scope.lifetimes)
        .filter(|name| name.starts_with('\''))
        .flat_map(|name| scope.type_names().map(move |ty| format!("{ty}: {name}")))
        .collect();
    scope.predicates.extend(implied);
    let binder = if open.is_empty() {
        String::new()
    } else {
        format!("for<{}> ", open.join(", "))
    };
    let body = pointer_body(wrapper, &binder);
    w.add(
        path,
        item.id,
        Use::PointTo,
        vec![scope.function("", "", &body)],
    );
}

/// Whether a type borrows for a lifetime without a name.
fn elides_lifetime(ty: &str) -> bool {
    ty.contains("'_") || ty.split('&').skip(1).any(|rest| !rest.starts_with('\''))
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
    let mut inputs = wrapper.input_types();
    if wrapper.function.sig.is_c_variadic {
        inputs.push("...");
    }
    format!(
        "let _: {binder}{}fn({}){} = {}{};",
        header(&wrapper.function.header, true),
        inputs.join(", "),
        wrapper.outputs[0],
        wrapper.callee,
        turbofish(wrapper.function)
    )
}
