//! Results of which users see bounds only (`impl Trait`, futures): what they implement without
//! saying so, and what they borrow.

use rustdoc_types::{Impl, Item, ItemEnum, Path, Type};

use super::assertion::Use;
use super::bodies::{Callee, MARKERS, body_calls, with_named_impl};
use super::wrapper::{Wrapper, is_opaque};
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::Renderer;

/// What the opaque result of a call implements: for arguments that implement it themselves, and for
/// any.
pub(super) fn send_result(w: &mut Writer<'_>, path: &str, item: &Item, wrapper: &Wrapper<'_>) {
    let call = wrapper.call();
    for marker in MARKERS {
        let body = is_marked(marker, &call);
        let plain = wrapper
            .scope
            .function(&wrapper.inputs.join(", "), "", &body);
        let mut scope = wrapper.scope.clone();
        let of_types: Vec<String> = scope
            .type_names()
            .map(|name| format!("{name}: {marker}"))
            .collect();
        scope.predicates.extend(of_types);
        // Arguments `impl Trait` have no name to bound; the bound is added where they stand.
        let inputs = wrapper
            .inputs
            .join(", ")
            .replace("(impl ", &format!("(impl {marker} + "));
        let bounded = scope.function(&inputs, "", &body);
        if bounded != plain {
            w.add(path, item.id, Use::SendResult, vec![bounded]);
        }
        w.add(path, item.id, Use::SendResult, vec![plain]);
    }
}

fn is_marked(marker: &str, call: &str) -> String {
    format!("fn is__<X__: {marker}>(_: X__) {{}} is__({call});")
}

/// Uses the result after what the call borrowed is gone: only what the result captures may not.
pub(super) fn outlive_arguments(w: &mut Writer<'_>, callee: Callee<'_>) {
    let Callee {
        path,
        item,
        function,
        ..
    } = callee;

    if function.header.is_async {
        return;
    }
    let borrows = function
        .sig
        .inputs
        .iter()
        .any(|(_, ty)| matches!(ty, Type::BorrowedRef { .. }));

    if !borrows {
        return;
    }
    let Some(call) = body_calls(w, callee).into_iter().next() else {
        return;
    };

    // Each borrowed argument is a box of its own that ends before the result is used.
    let r = Renderer::body(w.names);
    let mut owners = String::new();
    let mut text = call.call.clone();
    for (index, (_, ty)) in function.sig.inputs.iter().enumerate() {
        let (ty, _) = with_named_impl(ty, index);
        let Type::BorrowedRef {
            is_mutable, type_, ..
        } = &ty
        else {
            continue;
        };
        let self_type = callee.of.and_then(|of| r.ty(&of.for_));
        let mut own = r.fork();
        own.infer = true;
        own.self_type = self_type;
        let (Some(whole), Some(inner)) = (own.ty(&ty), own.ty(type_)) else {
            return;
        };
        let mutable = if *is_mutable { "mut " } else { "" };
        owners.push_str(&format!(
            "let mut d{index}__: ::std::boxed::Box<{inner}> = any__(); "
        ));
        text = text.replacen(
            &format!("any__::<{whole}>()"),
            &format!("&{mutable}*d{index}__"),
            1,
        );
    }

    let way = call.function(&format!(
        "let r__; {{ {owners} r__ = {text}; }} let _u__ = &r__;"
    ));
    w.add(path, item.id, Use::OutliveArguments, vec![way]);
}

/// Opaque results of what an implementation of a trait provides.
pub(super) fn send_of_impl(w: &mut Writer<'_>, label: &str, of: &Impl, path: &Path) {
    let r = w.renderer();
    let (Some(self_type), Some(bound)) = (r.ty(&of.for_), r.path(path)) else {
        return;
    };
    for item in implemented_functions(w, of, path) {
        let ItemEnum::Function(function) = &item.inner else {
            continue;
        };
        if !is_opaque(function) {
            continue;
        }
        let callee = Callee {
            path: label,
            item,
            function,
            of: Some(of),
        };
        let Some(mut call) = body_calls(w, callee).into_iter().next() else {
            continue;
        };
        // The call names the trait; the future itself is asked, not what it gives.
        let name = ident(item.name.as_deref().unwrap_or_default());
        let text = call.call.replacen(
            &format!("<{self_type}>::{name}"),
            &format!("<{self_type} as {bound}>::{name}"),
            1,
        );
        let text = text.strip_suffix(".await").unwrap_or(&text).to_owned();
        call.is_async = false;
        for marker in MARKERS {
            let body = is_marked(marker, &text);
            w.add(label, item.id, Use::SendResult, vec![call.function(&body)]);
        }
    }
}

/// What an implementation provides: its own items, and those the trait provides for it.
fn implemented_functions<'a>(w: &Writer<'a>, of: &'a Impl, path: &Path) -> Vec<&'a Item> {
    let own: Vec<&Item> = of.items.iter().filter_map(|id| w.item(*id)).collect();
    let provided = match w.item(path.id).map(|item| &item.inner) {
        Some(ItemEnum::Trait(of)) => of.items.as_slice(),
        _ => &[],
    };
    let provided = provided
        .iter()
        .filter_map(|id| w.item(*id))
        .filter(|item| !own.iter().any(|own| own.name == item.name));

    own.iter().copied().chain(provided).collect()
}
