//! Whether two releases of a crate differ in more than the bodies of functions.

use std::collections::BTreeMap;

use rustdoc_types::{Crate, Item, ItemEnum};

use crate::model::declaration::declaration;

/// Whether all types, traits and implementations read the same, private ones and those that the
/// compiler made included, and every function can still be called as it could. What is private with
/// some features may be public with others.
pub fn is_same_shape(old: &Crate, new: &Crate) -> bool {
    let (before, now) = (functions_of(old), functions_of(new));
    let kept = before
        .iter()
        .all(|(text, count)| now.get(text).is_some_and(|now| now >= count));
    let none_offered = now
        .iter()
        .filter(|(text, count)| before.get(*text) != Some(count))
        .all(|(text, _)| !text.starts_with("pub "));
    kept && none_offered && shape_of(old) == shape_of(new)
}

type Declarations = BTreeMap<String, usize>;

/// How often each declaration of some items stands in a crate.
fn counted(krate: &Crate, wanted: fn(&Item) -> bool) -> Declarations {
    let mut found = Declarations::new();
    for item in krate.index.values() {
        if item.crate_id == 0 && wanted(item) {
            let text = format!("{} {:?}", declaration(krate, item.id), item.attrs);
            *found.entry(text).or_default() += 1;
        }
    }
    found
}

fn functions_of(krate: &Crate) -> Declarations {
    counted(krate, |item| matches!(item.inner, ItemEnum::Function(_)))
}

fn shape_of(krate: &Crate) -> Declarations {
    counted(krate, has_shape)
}

/// Whether other items depend on more of an item than its signature.
fn has_shape(item: &Item) -> bool {
    matches!(
        item.inner,
        ItemEnum::Struct(_)
            | ItemEnum::Enum(_)
            | ItemEnum::Union(_)
            | ItemEnum::Variant(_)
            | ItemEnum::StructField(_)
            | ItemEnum::TypeAlias(_)
            | ItemEnum::Trait(_)
            | ItemEnum::Impl(_)
            | ItemEnum::AssocType { .. }
            | ItemEnum::AssocConst { .. }
            | ItemEnum::Constant { .. }
            | ItemEnum::Static(_)
            | ItemEnum::Use(_)
            | ItemEnum::ExternCrate { .. }
    )
}
