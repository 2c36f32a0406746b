//! Implementations for trait objects and projections, which only the sources name.

use rustdoc_types::{Id, ItemEnum, Type};

use super::assertion::Use;
use super::bodies::ANY;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::source_impl::ProjectionImpl;

/// Where the traits are that sources name without a path.
const IMPORTS: &str = "use ::std::{any::*, borrow::*, cmp::*, convert::*, error::*, fmt, fmt::*, hash::*, iter::*, ops::*, str::FromStr};";

/// What is implemented for objects of the API's traits, and for projections.
pub(super) fn write_source_impls(w: &mut Writer<'_>) {
    write_object_impls(w);
    write_projection_impls(w);
}

/// What is implemented for `<A as B>::C`, of the type that this is.
fn write_projection_impls(w: &mut Writer<'_>) {
    for one in w.names.projection_impls() {
        if is_described(w, one) {
            continue;
        }
        let chosen: Vec<(Id, String)> = projected_types(w, one);
        // Names that stand for several types say too little.
        let [(id, ty)] = chosen.as_slice() else {
            continue;
        };
        let surface = w.names.surface();
        let Some(path) = surface
            .preferred
            .get(id)
            .filter(|path| surface.documents(path))
        else {
            continue;
        };
        let way = format!(
            "{IMPORTS} use {}::*; fn w__() {{ fn is__<X__: ?Sized + {}>() {{}} is__::<{ty}>() }}",
            w.names.root(),
            one.of_trait
        );
        let label = format!("impl {} for {path}", one.of_trait);
        w.add(&label, *id, Use::RelyOnImplWith, vec![way]);
    }
}

/// Whether rustdoc describes an implementation for a projection, as it does for local traits.
fn is_described(w: &Writer<'_>, of: &ProjectionImpl) -> bool {
    let path = of.of_trait.split('<').next().unwrap_or_default();
    let spelled = path.rsplit("::").next().unwrap_or_default();
    w.names
        .krate()
        .index
        .values()
        .any(|item| match &item.inner {
            ItemEnum::Impl(one) => {
                matches!(&one.for_, Type::QualifiedPath { name, .. } if *name == of.name)
                    && one
                        .trait_
                        .as_ref()
                        .is_some_and(|path| is_called(&path.path, spelled))
            }
            _ => false,
        })
}

/// Whether a path ends in a name.
fn is_called(path: &str, name: &str) -> bool {
    path.rsplit("::").next() == Some(name)
}

/// The local types that implementations choose for a projection.
fn projected_types(w: &Writer<'_>, of: &ProjectionImpl) -> Vec<(Id, String)> {
    let krate = w.names.krate();
    let mut found = Vec::new();
    for item in krate.index.values() {
        let ItemEnum::Impl(one) = &item.inner else {
            continue;
        };
        let is_meant = matches!(&one.for_, Type::ResolvedPath(path) if is_called(&path.path, &of.owner))
            && one
                .trait_
                .as_ref()
                .is_some_and(|path| is_called(&path.path, &of.by_trait));
        if !is_meant {
            continue;
        }
        for item in one.items.iter().filter_map(|id| w.item(*id)) {
            if let ItemEnum::AssocType {
                type_: Some(Type::ResolvedPath(path)),
                ..
            } = &item.inner
                && item.name.as_deref() == Some(&of.name)
            {
                let ty = w.renderer().ty(&Type::ResolvedPath(path.clone()));
                found.extend(ty.map(|ty| (path.id, ty)));
            }
        }
    }
    found
}

fn write_object_impls(w: &mut Writer<'_>) {
    for one in w.names.source_impls() {
        let surface = w.names.surface();
        let objects: Vec<_> = surface
            .preferred
            .iter()
            .filter(|(id, path)| {
                surface.documents(path)
                    && w.item(**id).is_some_and(|item| {
                        matches!(item.inner, ItemEnum::Trait(_))
                            && item.name.as_deref() == Some(&one.object)
                    })
            })
            .collect();
        // A name that stands for several traits says too little.
        let [(id, path)] = objects.as_slice() else {
            continue;
        };
        let (id, path) = (**id, (*path).clone());
        let close = if one.around.is_empty() { "" } else { ">" };
        let ty = format!("{}dyn {}{close}", one.around, w.names.local(&path));
        if !one.of_trait.is_empty() {
            let way = format!(
                "{IMPORTS} use {}::*; fn w__() {{ fn is__<X__: ?Sized + {}>() {{}} is__::<{ty}>() }}",
                w.names.root(),
                one.of_trait
            );
            w.add(&path, id, Use::UseObjectImpl, vec![way]);
        }
        for (name, arguments) in &one.methods {
            let args = vec!["any__()"; *arguments].join(", ");
            let way = format!(
                "fn w__(x: &mut ({ty})) {{ {ANY} let _ = x.{}({args}); }}",
                ident(name)
            );
            w.add(&path, id, Use::UseObjectImpl, vec![way]);
        }
    }
}
