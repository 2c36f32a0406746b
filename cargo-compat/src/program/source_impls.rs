//! Implementations for trait objects, which only the sources name.

use rustdoc_types::ItemEnum;

use super::assertion::Use;
use super::bodies::ANY;
use super::writer::Writer;
use crate::model::ident::ident;

/// Where the traits are that sources name without a path.
const IMPORTS: &str = "use ::std::{any::*, borrow::*, cmp::*, convert::*, error::*, fmt, fmt::*, hash::*, iter::*, ops::*, str::FromStr};";

/// What is implemented for objects of the API's traits.
pub(super) fn write_source_impls(w: &mut Writer<'_>) {
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
