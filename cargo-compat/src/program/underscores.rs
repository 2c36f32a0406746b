//! Traits that a module re-exports as `_`: who brings the module's names into scope calls their
//! methods without naming them.

use rustdoc_types::{Function, Id, ItemEnum};

use super::assertion::Use;
use super::bodies::ANY;
use super::substitutes::implementing_types;
use super::wrapper::has_receiver;
use super::writer::Writer;
use crate::model::ident::ident;

/// Methods that only a glob over a module brings.
pub(super) fn write_underscored(w: &mut Writer<'_>) {
    for (prefix, id) in &w.names.surface().underscored {
        let Some(ItemEnum::Trait(of)) = w.item(*id).map(|item| &item.inner) else {
            continue;
        };
        let module = if prefix.is_empty() {
            w.names.root()
        } else {
            w.names.local(prefix.trim_end_matches("::"))
        };
        let methods: Vec<(Id, String, &Function)> = of
            .items
            .iter()
            .filter_map(|id| {
                let item = w.item(*id)?;
                match &item.inner {
                    ItemEnum::Function(function) if has_receiver(function) => {
                        Some((*id, item.name.clone()?, function))
                    }
                    _ => None,
                }
            })
            .collect();
        let types = implementing_types(w, *id);
        for (id, name, function) in methods {
            let args = vec!["any__()"; function.sig.inputs.len().saturating_sub(1)].join(", ");
            let ways = types
                .iter()
                .map(|ty| {
                    format!(
                        "use {module}::*; fn w__() {{ {ANY} let mut x__: {ty} = any__(); let _ = x__.{}({args}); }}",
                        ident(&name)
                    )
                })
                .collect();
            w.add(&format!("{prefix}_ → {name}"), id, Use::CallByGlob, ways);
        }
    }
}
