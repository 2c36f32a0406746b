//! Aliases, constants and statics: named, read, written, matched.

use rustdoc_types::{Function, Id, Impl, Item, ItemEnum, Static, Type, TypeAlias};

use super::assertion::Use;
use super::scope::Scope;
use super::wrapper::has_receiver;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::arguments;

/// A type alias: the same type as what it stands for.
pub(super) fn write_alias(w: &mut Writer<'_>, path: &str, item: &Item, of: &TypeAlias) {
    let name = w.names.local(path);
    let way = stand_for_target(w, &name, of);
    w.add(
        path,
        item.id,
        Use::StandForTarget,
        way.into_iter().collect(),
    );
    let short = arguments(&of.generics, false);
    if short.len() < arguments(&of.generics, true).len() {
        let used = if short.is_empty() {
            name
        } else {
            format!("{name}<{}>", short.join(", "))
        };
        if let Some(scope) = Scope::of(&w.renderer(), &of.generics) {
            let way = scope.function(&format!("x: *const {used}"), "", "");
            w.add(path, item.id, Use::NameWithoutDefaults, vec![way]);
        }
    }
}

/// Bounds on aliases are not checked, so the target may need some that are not written; pointers
/// do not ask for them.
fn stand_for_target(w: &Writer<'_>, name: &str, of: &TypeAlias) -> Option<String> {
    let r = w.renderer();
    let scope = Scope::of(&r, &of.generics)?;
    let target = r.ty(&of.type_)?;
    let ty = format!("{name}{}", scope.args());
    Some(scope.function(
        &format!("x: *const {ty}"),
        &format!(" -> *const {target}"),
        "x",
    ))
}

/// A constant: a value of its type, in constants, and in patterns where it can stand there.
pub(super) fn write_constant(w: &mut Writer<'_>, path: &str, item: &Item, ty: &Type) {
    let name = w.names.local(path);
    let ty = w.renderer().ty(ty);
    let typed = ty.as_ref().map(|ty| format!("const _: {ty} = {name};"));
    w.add(
        path,
        item.id,
        Use::UseInConstant,
        typed.into_iter().collect(),
    );
    if let Some(ty) = &ty {
        let way = format!("static W__: &{ty} = &{name};");
        w.add(path, item.id, Use::BorrowConstant, vec![way]);
    }
    if let Some(ty) = ty {
        let way = format!("fn w__(x: {ty}) {{ match x {{ {name} => {{}}, _ => {{}} }} }}");
        w.add(path, item.id, Use::MatchConstant, vec![way]);
    }
}

/// A static: a place of its type.
pub(super) fn write_static(w: &mut Writer<'_>, path: &str, item: &Item, of: &Static) {
    let name = w.names.local(path);
    let Some(ty) = w.renderer().ty(&of.type_) else {
        w.add(path, item.id, Use::ReadStatic, Vec::new());
        return;
    };
    let code = if of.is_mutable {
        format!("fn w__() -> *mut {ty} {{ unsafe {{ &raw mut {name} }} }}")
    } else if of.is_unsafe {
        format!("fn w__() -> &'static {ty} {{ unsafe {{ &{name} }} }}")
    } else {
        format!("fn w__() -> &'static {ty} {{ &{name} }}")
    };
    w.add(path, item.id, Use::ReadStatic, vec![code]);
}

/// An associated constant of an inherent implementation.
pub(super) fn write_inherent_constant(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    ty: &Type,
    of: &Impl,
) {
    let name = ident(item.name.as_deref().unwrap_or_default());
    let way = in_constant(w, &name, ty, of);
    w.add(path, item.id, Use::UseInConstant, way.into_iter().collect());
    if let Some(self_type) = w
        .renderer()
        .ty(&of.for_)
        .filter(|_| of.generics.params.is_empty())
    {
        let mut r = w.renderer();
        r.self_type = Some(self_type.clone());
        if let Some(ty) = r.ty(ty) {
            let way = format!("static W__: &{ty} = &<{self_type}>::{name};");
            w.add(path, item.id, Use::BorrowConstant, vec![way]);
        }
        let way = format!(
            "fn w__(x: {self_type}) {{ match x {{ <{self_type}>::{name} => {{}}, _ => {{}} }} }}"
        );
        w.add(path, item.id, Use::MatchConstant, vec![way]);
    }
}

fn in_constant(w: &Writer<'_>, name: &str, ty: &Type, of: &Impl) -> Option<String> {
    let mut r = w.renderer();
    r.name_anonymous("i");
    let self_type = r.ty(&of.for_)?;
    let mut scope = Scope::of(&r, &of.generics)?;
    scope.lifetimes.extend(r.take_anonymous());
    r.self_type = Some(self_type.clone());
    let output = format!(" -> {}", r.ty(ty)?);
    Some(format!(
        "const {}",
        scope.function("", &output, &format!("<{self_type}>::{name}"))
    ))
}

/// A type that constants can make and use (`const N: u8 = S::new().n();`) must need no destructor.
pub(super) fn write_use_in_constants(w: &mut Writer<'_>, path: &str, impls: &[Id]) {
    let members = w.inherent_members(path, impls);
    let const_functions: Vec<(&Item, &Function, &Impl)> = members
        .iter()
        .filter_map(|member| match &member.item.inner {
            ItemEnum::Function(function) if function.header.is_const => {
                Some((member.item, function, member.of))
            }
            _ => None,
        })
        .collect();

    let is_used = const_functions
        .iter()
        .any(|(_, function, _)| has_receiver(function));
    let made = const_functions.iter().find(|(_, function, of)| {
        !has_receiver(function)
            && of.generics.params.is_empty()
            && match &function.sig.output {
                Some(Type::Generic(name)) => name == "Self",
                Some(ty) => *ty == of.for_,
                None => false,
            }
    });

    let Some((item, _, of)) = made.filter(|_| is_used) else {
        return;
    };

    if let Some(self_type) = w.renderer().ty(&of.for_) {
        let way = format!("const fn w__(_: {self_type}) {{}}");
        w.add(path, item.id, Use::DropInConstant, vec![way]);
    }
}
