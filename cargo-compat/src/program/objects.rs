//! `dyn Trait`: objects with their associated types named, and what is implemented for them.

use rustdoc_types::{GenericBound, Item, ItemEnum, Path, Trait};

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

/// How many supertraits up associated types are looked for.
const DEEPEST: usize = 6;

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

    let mut object = format!("dyn {}{}", bound.name, angle(&args));
    let mut ways = vec![scope.function(&format!("_: &({object})"), "", "")];
    let inherited = inherited_types(w, of, 0);
    if !inherited.is_empty() {
        for (index, name) in inherited.iter().enumerate() {
            scope.declared.push(format!("S{index}__"));
            args.push(format!("{} = S{index}__", ident(name)));
        }
        object = format!("dyn {}{}", bound.name, angle(&args));
        ways.push(scope.function(&format!("_: &({object})"), "", ""));
    }
    w.add(path, item.id, Use::UseAsObject, ways);

    let objects = OF_OBJECTS.map(|usual| (usual, object.clone()));
    let boxes = OF_BOXES.map(|usual| (usual, format!("::std::boxed::Box<{object}>")));
    for (usual, of) in objects.into_iter().chain(boxes) {
        let body = format!("fn is__<X__: ?Sized + ::core::{usual}>() {{}} is__::<{of}>()");
        let way = scope.function("", "", &body);
        w.add(path, item.id, Use::UseObjectImpl, vec![way]);
    }
}

/// Associated types of supertraits, which an object has to name.
fn inherited_types(w: &Writer<'_>, of: &Trait, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    for bound in &of.bounds {
        let GenericBound::TraitBound { trait_, .. } = bound else {
            continue;
        };
        let names: Vec<String> = match w.item(trait_.id).map(|item| &item.inner) {
            Some(ItemEnum::Trait(of)) if depth < DEEPEST => {
                let own = of.items.iter().filter_map(|id| {
                    let item = w.item(*id)?;
                    matches!(item.inner, ItemEnum::AssocType { .. })
                        .then(|| item.name.clone())
                        .flatten()
                });
                own.chain(inherited_types(w, of, depth + 1)).collect()
            }
            _ => foreign_types(trait_),
        };
        // What the bound says itself is settled.
        let settled = trait_
            .args
            .as_deref()
            .map(|args| serde_json::to_string(args).unwrap_or_default())
            .unwrap_or_default();
        found.extend(
            names
                .into_iter()
                .filter(|name| !settled.contains(&format!("\"name\":\"{name}\""))),
        );
    }

    let mut seen = std::collections::HashSet::new();
    found.retain(|name| seen.insert(name.clone()));

    found
}

/// Associated types of well-known traits, which rustdoc does not describe here.
fn foreign_types(path: &Path) -> Vec<String> {
    let names: &[&str] = match path.path.rsplit("::").next().unwrap_or_default() {
        "Iterator"
        | "DoubleEndedIterator"
        | "ExactSizeIterator"
        | "FusedIterator"
        | "Stream"
        | "FusedStream" => &["Item"],
        "IntoIterator" => &["Item", "IntoIter"],
        "Future" | "FusedFuture" | "Index" | "IndexMut" | "Add" | "Sub" | "Mul" | "Div" | "Rem"
        | "Neg" | "Not" => &["Output"],
        "Deref" | "DerefMut" => &["Target"],
        "Sink" | "TryFrom" | "TryInto" => &["Error"],
        "Service" => &["Response", "Error", "Future"],
        "Body" => &["Data", "Error"],
        _ => &[],
    };
    names.iter().map(|name| (*name).to_owned()).collect()
}
