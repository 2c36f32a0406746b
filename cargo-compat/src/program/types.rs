//! Structs, enums and unions: named, built, taken apart, read, written, matched, cast and coerced.

use rustdoc_types::{
    Enum, Id, Item, ItemEnum, Struct, StructKind, Union, Variant, VariantKind, Visibility,
};

use super::Writer;
use super::scope::{Scope, named};
use crate::model::render::{Renderer, ident};
use crate::model::surface::{is_hidden, is_non_exhaustive};
use crate::rules;

/// A field that users see.
struct Field {
    id: Id,
    name: String,
    ty: Option<String>,
}

fn fields(
    w: &Writer<'_>,
    r: &Renderer<'_>,
    ids: impl Iterator<Item = Option<Id>>,
    in_variant: bool,
) -> (Vec<Field>, bool) {
    let (mut found, mut all) = (Vec::new(), true);
    for id in ids {
        match id.and_then(|id| w.get(id)) {
            Some(item)
                if (in_variant || matches!(item.visibility, Visibility::Public))
                    && !is_hidden(item) =>
            {
                if let ItemEnum::StructField(ty) = &item.inner {
                    found.push(Field {
                        id: item.id,
                        name: item.name.clone().unwrap_or_default(),
                        ty: r.ty(ty),
                    });
                }
            }
            _ => all = false,
        }
    }
    (found, all)
}

/// Literals, destructuring and access of a struct's or variant's fields.
#[expect(
    clippy::too_many_arguments,
    reason = "a struct and a variant differ in all of them"
)]
fn build_and_take_apart(
    w: &mut Writer<'_>,
    path: &str,
    id: Id,
    scope: &Scope,
    ty: &str,
    name: &str,
    found: &[Field],
    all: bool,
    tuple: bool,
    refutable: bool,
) {
    let rule = &rules::CONSTRUCTION;
    let otherwise = if refutable { " else { return }" } else { "" };
    let binds: Vec<String> = found
        .iter()
        .enumerate()
        .map(|(index, field)| format!("{}: f{index}", ident(&field.name)))
        .collect();
    if all {
        let inputs: Option<Vec<String>> = found
            .iter()
            .enumerate()
            .map(|(index, field)| Some(format!("f{index}: {}", field.ty.as_ref()?)))
            .collect();
        let literal = inputs.as_ref().map(|inputs| {
            scope.function(
                &inputs.join(", "),
                &format!(" -> {ty}"),
                &format!("{name} {{ {} }}", binds.join(", ")),
            )
        });
        w.push(path, id, rule, "build", literal.into_iter().collect());
        let pattern = format!("let {name} {{ {} }} = x{otherwise};", binds.join(", "));
        w.push(
            path,
            id,
            rule,
            "take apart",
            vec![scope.function(&format!("x: &{ty}"), "", &pattern)],
        );
        if tuple {
            let values: Vec<String> = (0..found.len()).map(|index| format!("f{index}")).collect();
            if let Some(inputs) = &inputs {
                let built = format!("{name}({})", values.join(", "));
                w.push(
                    path,
                    id,
                    rule,
                    "build by calling",
                    vec![scope.function(&inputs.join(", "), &format!(" -> {ty}"), &built)],
                );
            }
            let pattern = format!("let {name}({}) = x{otherwise};", values.join(", "));
            w.push(
                path,
                id,
                rule,
                "take apart",
                vec![scope.function(&format!("x: &{ty}"), "", &pattern)],
            );
        }
    } else if !found.is_empty() {
        let pattern = format!("let {name} {{ {}, .. }} = x{otherwise};", binds.join(", "));
        w.push(
            path,
            id,
            rule,
            "match its public fields",
            vec![scope.function(&format!("x: &{ty}"), "", &pattern)],
        );
    }
    let _ = tuple;
}

fn access(w: &mut Writer<'_>, path: &str, scope: &Scope, ty: &str, found: &[Field], unsafe_: bool) {
    let wrap = |body: String| {
        if unsafe_ {
            format!("unsafe {{ {body} }}")
        } else {
            body
        }
    };
    for field in found {
        let (item, name) = (format!("{path}::{}", field.name), ident(&field.name));
        let Some(of) = &field.ty else {
            w.push(
                &item,
                field.id,
                &rules::FIELD,
                "read",
                vec![scope.function(&format!("x: &{ty}"), "", &format!("let _ = &x.{name};"))],
            );
            continue;
        };
        let read = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ {ty}"),
            &format!(" -> &'x__ {of}"),
            &wrap(format!("&x.{name}")),
        );
        w.push(&item, field.id, &rules::FIELD, "read", vec![read]);
        let write = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ mut {ty}"),
            &format!(" -> &'x__ mut {of}"),
            &wrap(format!("&mut x.{name}")),
        );
        w.push(&item, field.id, &rules::FIELD, "write", vec![write]);
        let take = scope.function(
            &format!("x: {ty}"),
            &format!(" -> {of}"),
            &wrap(format!("x.{name}")),
        );
        w.maybe(&item, field.id, &rules::FIELD, "move out", vec![take]);
    }
}

/// A struct.
pub(super) fn structure(w: &mut Writer<'_>, path: &str, item: &Item, of: &Struct) {
    w.inherent(path, &of.impls);
    let Some((scope, ty)) = named(w, path, item, &of.generics) else {
        return;
    };
    let mut r = w.renderer();
    r.self_type = Some(ty.clone());
    let name = w.names.local(path);
    let pattern = scope.function(
        &format!("x: &{ty}"),
        "",
        &format!("let {name} {{ .. }} = x;"),
    );
    w.push(
        path,
        item.id,
        &rules::CONSTRUCTION,
        "match as a struct",
        vec![pattern],
    );
    let closed = !is_non_exhaustive(item);
    match &of.kind {
        StructKind::Unit => {
            if closed {
                w.push(
                    path,
                    item.id,
                    &rules::CONSTRUCTION,
                    "build",
                    vec![scope.function("", &format!(" -> {ty}"), &name)],
                );
                w.push(
                    path,
                    item.id,
                    &rules::CONSTRUCTION,
                    "take apart",
                    vec![scope.function(&format!("x: {ty}"), "", &format!("let {name} = x;"))],
                );
            }
        }
        StructKind::Tuple(ids) => {
            let (found, all) = fields(w, &r, ids.iter().copied(), false);
            build_and_take_apart(
                w,
                path,
                item.id,
                &scope,
                &ty,
                &name,
                &found,
                all && closed,
                true,
                false,
            );
            access(w, path, &scope, &ty, &found, false);
        }
        StructKind::Plain {
            fields: ids,
            has_stripped_fields,
        } => {
            let (found, all) = fields(w, &r, ids.iter().copied().map(Some), false);
            build_and_take_apart(
                w,
                path,
                item.id,
                &scope,
                &ty,
                &name,
                &found,
                all && !has_stripped_fields && closed,
                false,
                false,
            );
            access(w, path, &scope, &ty, &found, false);
        }
    }
}

/// A union.
pub(super) fn union(w: &mut Writer<'_>, path: &str, item: &Item, of: &Union) {
    w.inherent(path, &of.impls);
    let Some((scope, ty)) = named(w, path, item, &of.generics) else {
        return;
    };
    let r = w.renderer();
    let name = w.names.local(path);
    let (found, _) = fields(w, &r, of.fields.iter().copied().map(Some), false);
    for field in &found {
        let Some(of) = &field.ty else { continue };
        let built = scope.function(
            &format!("f: {of}"),
            &format!(" -> {ty}"),
            &format!("{name} {{ {}: f }}", ident(&field.name)),
        );
        w.push(
            &format!("{path}::{}", field.name),
            field.id,
            &rules::CONSTRUCTION,
            "build",
            vec![built],
        );
    }
    access(w, path, &scope, &ty, &found, true);
}

/// An enum.
pub(super) fn enumeration(w: &mut Writer<'_>, path: &str, item: &Item, of: &Enum) {
    w.inherent(path, &of.impls);
    let Some((scope, ty)) = named(w, path, item, &of.generics) else {
        return;
    };
    let name = w.names.local(path);
    let mut arms = Vec::new();
    let mut complete = !of.has_stripped_variants && !is_non_exhaustive(item);
    let variants: Vec<(&Item, &Variant)> = of
        .variants
        .iter()
        .filter_map(|id| w.get(*id))
        .filter_map(|item| match &item.inner {
            ItemEnum::Variant(variant) => Some((item, variant)),
            _ => None,
        })
        .collect();
    let alone = variants.len() == 1 && complete;
    let mut r = w.renderer();
    r.self_type = Some(ty.clone());
    let mut castable = !variants.is_empty();
    for (variant_item, variant) in &variants {
        if is_hidden(variant_item) {
            complete = false;
            continue;
        }
        let short = variant_item.name.clone().unwrap_or_default();
        let (full, member) = (
            format!("{name}::{}", ident(&short)),
            format!("{path}::{short}"),
        );
        arms.push(format!("{full} {{ .. }} => {{}}"));
        let closed = !is_non_exhaustive(variant_item);
        w.push(
            &member,
            variant_item.id,
            &rules::REMOVED,
            "match",
            vec![scope.function(
                &format!("x: &{ty}"),
                "",
                &format!("if let {full} {{ .. }} = x {{}}"),
            )],
        );
        match &variant.kind {
            VariantKind::Plain if closed => {
                w.push(
                    &member,
                    variant_item.id,
                    &rules::CONSTRUCTION,
                    "build",
                    vec![scope.function("", &format!(" -> {ty}"), &full)],
                );
                w.push(
                    &member,
                    variant_item.id,
                    &rules::CONSTRUCTION,
                    "match",
                    vec![scope.function(
                        &format!("x: &{ty}"),
                        "",
                        &format!("if let {full} = x {{}}"),
                    )],
                );
            }
            VariantKind::Plain => {}
            VariantKind::Tuple(ids) => {
                castable = false;
                let (found, all) = fields(w, &r, ids.iter().copied(), true);
                build_and_take_apart(
                    w,
                    &member,
                    variant_item.id,
                    &scope,
                    &ty,
                    &full,
                    &found,
                    all && closed,
                    true,
                    !alone,
                );
                bindings(w, &member, &scope, &ty, &full, &found);
            }
            VariantKind::Struct {
                fields: ids,
                has_stripped_fields,
            } => {
                castable = false;
                let (found, all) = fields(w, &r, ids.iter().copied().map(Some), true);
                build_and_take_apart(
                    w,
                    &member,
                    variant_item.id,
                    &scope,
                    &ty,
                    &full,
                    &found,
                    all && closed && !has_stripped_fields,
                    false,
                    !alone,
                );
                bindings(w, &member, &scope, &ty, &full, &found);
            }
        }
    }
    if complete {
        let body = format!("match *x {{ {} }}", arms.join(", "));
        w.push(
            path,
            item.id,
            &rules::CONSTRUCTION,
            "match all variants",
            vec![scope.function(&format!("x: &{ty}"), "", &body)],
        );
    }
    if castable {
        w.maybe(
            path,
            item.id,
            &rules::DISCRIMINANT,
            "cast to a number",
            vec![scope.function(&format!("x: {ty}"), "", "let _ = x as i128;")],
        );
        if scope.names.is_empty() {
            discriminants(w, path, &name, &variants, is_non_exhaustive(item));
        }
    }
}

/// Each field of a variant as its type.
fn bindings(
    w: &mut Writer<'_>,
    member: &str,
    scope: &Scope,
    ty: &str,
    full: &str,
    found: &[Field],
) {
    for field in found {
        let Some(of) = &field.ty else { continue };
        let body = format!(
            "if let {full} {{ {}: f, .. }} = x {{ let _: &{of} = f; }}",
            ident(&field.name)
        );
        w.push(
            &format!("{member}::{}", field.name),
            field.id,
            &rules::FIELD,
            "read",
            vec![scope.function(&format!("x: &{ty}"), "", &body)],
        );
    }
}

/// What each variant is as a number: stated, or one more than the one before.
///
/// Which number an unmarked variant of a `#[non_exhaustive]` enum has is open, as are its variants.
fn discriminants(
    w: &mut Writer<'_>,
    path: &str,
    name: &str,
    variants: &[(&Item, &Variant)],
    open: bool,
) {
    let mut next = Some(0i128);
    for (item, variant) in variants {
        let value = match &variant.discriminant {
            Some(stated) => stated.value.parse::<i128>().ok(),
            None => next,
        };
        next = value.and_then(|value| value.checked_add(1));
        let told = variant.discriminant.is_some() || !open;
        if let Some(value) = value.filter(|_| told && !is_hidden(item)) {
            let short = item.name.clone().unwrap_or_default();
            let code = format!(
                "const _: () = assert!({name}::{} as i128 == {value});",
                ident(&short)
            );
            w.maybe(
                &format!("{path}::{short}"),
                item.id,
                &rules::DISCRIMINANT,
                "have its number",
                vec![code],
            );
        }
    }
}
