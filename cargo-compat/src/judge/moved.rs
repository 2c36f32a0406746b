//! What many changes have in common: methods that moved to a trait, auto traits that one field
//! takes away.

use rustdoc_types::{Id, ItemEnum};

use super::gaps::Readable;
use crate::model::change::{Change, Fold};
use crate::rules;

/// Traits that the compiler implements by itself.
const AUTO: [&str; 6] = [
    "Send",
    "Sync",
    "Unpin",
    "UnwindSafe",
    "RefUnwindSafe",
    "Freeze",
];

/// Says of a break what it has in common with others.
pub fn fold_change(change: &mut Change, new: Readable<'_>) {
    if change.rule.id == rules::REMOVED.id {
        if let Some((owner, name)) = change.item.rsplit_once("::")
            && let Some(path) = trait_with(new, owner, name)
        {
            change.message = format!(
                "`{}` is a method of the trait `{path}` now: users have to import the trait",
                change.item
            );
            change.fold = Some(Fold {
                lead: format!(
                    "methods of `{owner}` are methods of the trait `{path}` now, which users have to import"
                ),
                name: name.to_owned(),
            });
        }
    } else if change.rule.id == rules::IMPL_REMOVED.id
        && let Some((head, of)) = change.item.split_once(" for ")
        && let Some(name) = AUTO.iter().find(|name| head.ends_with(&format!(" {name}")))
    {
        change.fold = Some(Fold {
            lead: format!("auto traits no longer hold for `{of}`"),
            name: (*name).to_owned(),
        });
    }
}

/// The trait that gives a type a method of some name.
fn trait_with(new: Readable<'_>, owner: &str, name: &str) -> Option<String> {
    let impls: &[Id] = match &new.members.get(owner)?.item.inner {
        ItemEnum::Struct(of) => &of.impls,
        ItemEnum::Enum(of) => &of.impls,
        ItemEnum::Union(of) => &of.impls,
        _ => return None,
    };
    impls.iter().find_map(|id| {
        let ItemEnum::Impl(of) = &new.krate.index.get(id)?.inner else {
            return None;
        };
        let has_it = of.items.iter().any(|id| {
            new.krate
                .index
                .get(id)
                .is_some_and(|item| item.name.as_deref() == Some(name))
        });
        let path = new.surface.preferred.get(&of.trait_.as_ref()?.id)?;
        has_it.then(|| path.clone())
    })
}
