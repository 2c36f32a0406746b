//! Every documented path: imported, led to its item, and the item used by its kind.

use std::collections::HashSet;

use rustdoc_types::{Id, ItemEnum, ItemKind};

use super::assertion::Use;
use super::globs::same_item;
use super::writer::{InherentMember, Writer};
use super::{functions, macros, traits, types, values};

/// Uses of every item that has a documented path.
pub(super) fn write_items(w: &mut Writer<'_>) {
    let surface = w.names.surface();
    let mut seen: HashSet<Id> = HashSet::new();
    let mut imported: HashSet<&str> = HashSet::new();
    for ((path, _), entry) in &surface.entries {
        if entry.hidden || !surface.is_documented(entry.id) {
            continue;
        }

        if imported.insert(path) {
            let way = format!("use {} as _;", w.names.local(path));
            w.add(path, entry.id, Use::Import, vec![way]);
        }
        if entry.kind == ItemKind::ProcDerive && !w.names.krate().index.contains_key(&entry.id) {
            let ways = [
                "struct S__;",
                "struct S__ { a: u8 }",
                "enum S__ { A }",
                "struct S__(u8);",
            ]
            .map(|input| format!("#[derive({})] {input}", w.names.local(path)));
            w.add(path, entry.id, Use::DeriveByPath, ways.into());
        }
        let preferred = surface.preferred.get(&entry.id);
        if seen.insert(entry.id) {
            write_item(w, preferred.unwrap_or(path), entry.id);
        }

        show_whole_crate(w, entry.id);
        let foreign = !w.names.krate().index.contains_key(&entry.id);
        if foreign && preferred.is_none_or(|main| main == path) {
            macros::write_foreign(w, path, entry.id, entry.kind);
        }
        if entry.kind != ItemKind::Module && (foreign || preferred != Some(path)) {
            reach_by_path(w, path, entry.id);
        }
    }
}

/// A module of another crate that is re-exported as a whole, or that crate itself, is part of the
/// API.
fn show_whole_crate(w: &Writer<'_>, id: Id) {
    let krate = w.names.krate();
    let number = match w.item(id).map(|item| &item.inner) {
        Some(ItemEnum::ExternCrate { name, rename }) => krate
            .external_crates
            .iter()
            .find(|(_, other)| other.name == *rename.as_ref().unwrap_or(name))
            .map(|(number, _)| *number),
        Some(_) => None,
        None => krate
            .paths
            .get(&id)
            .filter(|summary| summary.kind == ItemKind::Module)
            .map(|summary| summary.crate_id),
    };
    if let Some(number) = number.filter(|number| *number != 0) {
        w.names.show_crate(number);
    }
}

/// Uses of an item by the path it is called by.
fn write_item(w: &mut Writer<'_>, path: &str, id: Id) {
    let Some(item) = w.item(id) else { return };
    match &item.inner {
        ItemEnum::Function(function) => functions::write_free(w, path, item, function),
        ItemEnum::Struct(of) => {
            write_inherent(w, path, &of.impls);
            types::write_struct(w, path, item, of);
        }
        ItemEnum::Enum(of) => {
            write_inherent(w, path, &of.impls);
            types::write_enum(w, path, item, of);
        }
        ItemEnum::Union(of) => {
            write_inherent(w, path, &of.impls);
            types::write_union(w, path, item, of);
        }
        ItemEnum::Trait(of) => traits::write_trait(w, path, item, of),
        ItemEnum::TypeAlias(of) => values::write_alias(w, path, item, of),
        ItemEnum::Constant { type_, .. } => values::write_constant(w, path, item, type_),
        ItemEnum::Static(of) => values::write_static(w, path, item, of),
        ItemEnum::Macro(source) => macros::write_rules(w, path, item, source),
        ItemEnum::ProcMacro(of) => macros::write_procedural(w, path, item, of),
        _ => {}
    }
}

/// Inherent implementations of a type, with what they hold.
fn write_inherent(w: &mut Writer<'_>, path: &str, impls: &[Id]) {
    values::write_use_in_constants(w, path, impls);
    for InherentMember { path, item, of } in w.inherent_members(path, impls) {
        match &item.inner {
            ItemEnum::Function(function) => {
                functions::write_inherent(w, &path, item, function, of);
            }
            ItemEnum::AssocConst { type_, .. } => {
                values::write_inherent_constant(w, &path, item, type_, of);
            }
            _ => {}
        }
    }
}

/// A second path has to lead to the same item.
fn reach_by_path(w: &mut Writer<'_>, path: &str, id: Id) {
    let other = w.names.local(path);
    let Some(main) = w.names.of(id).filter(|main| *main != other) else {
        return;
    };
    let way = same_item(&main, &other);
    w.add(path, id, Use::ReachByEveryPath, vec![way]);
}
