//! Aliases, constants and statics: named, read, written, matched.

use rustdoc_types::{Impl, Item, Static, Type, TypeAlias};

use super::Writer;
use super::scope::Scope;
use crate::model::render::{arguments, ident};
use crate::rules;

/// A type alias: the same type as what it stands for.
pub(super) fn alias(w: &mut Writer<'_>, path: &str, item: &Item, of: &TypeAlias) {
    let r = w.renderer();
    let name = w.names.local(path);
    let ways = (|| {
        let (scope, target) = (Scope::of(&r, &of.generics)?, r.ty(&of.type_)?);
        let ty = format!("{name}{}", scope.args());
        // Bounds on aliases are not checked, so the target may need some that are not written.
        Some(vec![scope.function(
            &format!("x: *const {ty}"),
            &format!(" -> *const {target}"),
            "x",
        )])
    })();
    w.push(
        path,
        item.id,
        &rules::GENERICS,
        "be the type it stands for",
        ways.unwrap_or_default(),
    );
    let short = arguments(&of.generics, false);
    if short.len() < arguments(&of.generics, true).len() {
        let used = if short.is_empty() {
            name
        } else {
            format!("{name}<{}>", short.join(", "))
        };
        if let Some(scope) = Scope::of(&w.renderer(), &of.generics) {
            w.push(
                path,
                item.id,
                &rules::GENERICS,
                "name without defaulted arguments",
                vec![scope.function(&format!("x: *const {used}"), "", "")],
            );
        }
    }
}

/// A constant: a value of its type, in constants, and in patterns where it can stand there.
pub(super) fn constant(w: &mut Writer<'_>, path: &str, item: &Item, ty: &Type) {
    let (name, ty) = (w.names.local(path), w.renderer().ty(ty));
    let typed = ty.as_ref().map(|ty| format!("const _: {ty} = {name};"));
    w.push(
        path,
        item.id,
        &rules::VALUE,
        "use in constants",
        typed.into_iter().collect(),
    );
    if let Some(ty) = ty {
        w.maybe(
            path,
            item.id,
            &rules::VALUE,
            "match",
            vec![format!(
                "fn w__(x: {ty}) {{ match x {{ {name} => {{}}, _ => {{}} }} }}"
            )],
        );
    }
}

/// A static: a place of its type.
pub(super) fn static_(w: &mut Writer<'_>, path: &str, item: &Item, of: &Static) {
    let (name, ty) = (w.names.local(path), w.renderer().ty(&of.type_));
    let Some(ty) = ty else {
        w.push(path, item.id, &rules::VALUE, "read", vec![]);
        return;
    };
    let code = if of.is_mutable {
        format!("fn w__() -> *mut {ty} {{ unsafe {{ &raw mut {name} }} }}")
    } else if of.is_unsafe {
        format!("fn w__() -> &'static {ty} {{ unsafe {{ &{name} }} }}")
    } else {
        format!("fn w__() -> &'static {ty} {{ &{name} }}")
    };
    w.push(path, item.id, &rules::VALUE, "read", vec![code]);
}

/// An associated constant of an inherent implementation.
pub(super) fn inherent_constant(w: &mut Writer<'_>, path: &str, item: &Item, ty: &Type, of: &Impl) {
    let mut r = w.renderer();
    let name = ident(item.name.as_deref().unwrap_or_default());
    let ways = (|| {
        r.name_anonymous("i");
        let self_type = r.ty(&of.for_)?;
        let mut scope = Scope::of(&r, &of.generics)?;
        scope.lifetimes.extend(r.take_anonymous());
        r.self_type = Some(self_type.clone());
        Some(vec![format!(
            "const {}",
            scope.function(
                "",
                &format!(" -> {}", r.ty(ty)?),
                &format!("<{self_type}>::{name}")
            )
        )])
    })();
    w.push(
        path,
        item.id,
        &rules::VALUE,
        "use in constants",
        ways.unwrap_or_default(),
    );
    if let Some(self_type) = w
        .renderer()
        .ty(&of.for_)
        .filter(|_| of.generics.params.is_empty())
    {
        let path_ = format!(
            "fn w__(x: {self_type}) {{ match x {{ <{self_type}>::{name} => {{}}, _ => {{}} }} }}"
        );
        w.maybe(path, item.id, &rules::VALUE, "match", vec![path_]);
    }
}
