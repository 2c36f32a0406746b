//! `dyn Trait`: objects with their associated types named, and what is implemented for them.

use rustdoc_types::{Item, ItemEnum, Trait};

use super::assertion::Use;
use super::bound::Bound;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::{angle, arguments};

/// Traits that are often implemented for objects. rustdoc says nothing of such implementations
/// (`impl Debug for dyn T`), so the usual ones are tried.
const OF_OBJECTS: [&str; 7] = [
    "fmt::Debug",
    "fmt::Display",
    "cmp::PartialEq",
    "cmp::Eq",
    "cmp::PartialOrd",
    "cmp::Ord",
    "hash::Hash",
];

/// The same for boxes of objects.
const OF_BOXES: [&str; 5] = [
    "clone::Clone",
    "default::Default",
    "cmp::PartialEq",
    "fmt::Display",
    "error::Error",
];

/// Objects of a trait.
pub(super) fn write_objects(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    of: &Trait,
    bound: &Bound,
) {
    let mut args: Vec<String> = arguments(&of.generics, true);
    let mut scope = bound.scope.clone();
    for (index, id) in of.items.iter().enumerate() {
        if let Some(Item {
            name: Some(name),
            inner: ItemEnum::AssocType { generics, .. },
            ..
        }) = w.item(*id)
            && generics.params.is_empty()
            && generics.where_predicates.is_empty()
        {
            scope.declared.push(format!("T{index}__"));
            args.push(format!("{} = T{index}__", ident(name)));
        }
    }

    let object = format!("dyn {}{}", bound.name, angle(&args));
    let way = scope.function(&format!("_: &({object})"), "", "");
    w.add(path, item.id, Use::UseAsObject, vec![way]);

    let objects = OF_OBJECTS.map(|usual| (usual, object.clone()));
    let boxes = OF_BOXES.map(|usual| (usual, format!("::std::boxed::Box<{object}>")));
    for (usual, of) in objects.into_iter().chain(boxes) {
        let body = format!("fn is__<X__: ?Sized + ::core::{usual}>() {{}} is__::<{of}>()");
        let way = scope.function("", "", &body);
        w.add(path, item.id, Use::UseObjectImpl, vec![way]);
    }
}
