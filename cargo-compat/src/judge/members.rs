//! What of an API can be named, by path.

use std::collections::BTreeMap;

use rustdoc_types::{Crate, Id, Item, ItemEnum, StructKind, VariantKind, Visibility};

use crate::model::surface::{Surface, is_hidden};

/// The named items of an API and their members, by their paths below the crate's root.
pub type Members<'a> = BTreeMap<String, Member<'a>>;

/// An item and whether it is `#[doc(hidden)]`, itself or by what holds it.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The item.
    pub item: &'a Item,
    /// Whether it is outside the documented API.
    pub hidden: bool,
}

/// Gathers what can be named.
pub fn named_members<'a>(krate: &'a Crate, surface: &Surface) -> Members<'a> {
    let mut found = Members::new();
    for ((path, _), entry) in &surface.entries {
        let Some(item) = krate.index.get(&entry.id) else {
            continue;
        };
        insert_member(&mut found, path.clone(), item, entry.hidden);
        // Members are known by the path the item is called by.
        if surface.preferred.get(&entry.id) == Some(path) {
            let owner = Owner {
                krate,
                path,
                hidden: entry.hidden,
            };
            owner.insert_members(&mut found, item);
        }
    }
    found
}

/// What holds members.
struct Owner<'a, 'p> {
    krate: &'a Crate,
    path: &'p str,
    hidden: bool,
}

impl<'a> Owner<'a, '_> {
    fn insert_members(&self, found: &mut Members<'a>, item: &'a Item) {
        let impls = match &item.inner {
            ItemEnum::Struct(of) => {
                self.insert_public(found, fields_of_struct(&of.kind));
                &of.impls
            }
            ItemEnum::Union(of) => {
                self.insert_public(found, of.fields.iter());
                &of.impls
            }
            ItemEnum::Enum(of) => {
                self.insert_all(found, of.variants.iter());
                self.insert_variant_fields(found, &of.variants);
                &of.impls
            }
            ItemEnum::Trait(of) => {
                self.insert_all(found, of.items.iter());
                return;
            }
            _ => return,
        };

        for id in impls {
            if let Some(ItemEnum::Impl(of)) = self.krate.index.get(id).map(|item| &item.inner)
                && of.trait_.is_none()
            {
                self.insert_public(found, of.items.iter());
            }
        }
    }

    /// Members that are as public as their owner.
    fn insert_all<'i>(&self, found: &mut Members<'a>, ids: impl Iterator<Item = &'i Id>) {
        for member in ids.filter_map(|id| self.krate.index.get(id)) {
            self.insert(found, member);
        }
    }

    /// Members that say themselves whether they are public.
    fn insert_public<'i>(&self, found: &mut Members<'a>, ids: impl Iterator<Item = &'i Id>) {
        let public = ids
            .filter_map(|id| self.krate.index.get(id))
            .filter(|member| matches!(member.visibility, Visibility::Public));
        for member in public {
            self.insert(found, member);
        }
    }

    fn insert(&self, found: &mut Members<'a>, member: &'a Item) {
        if let Some(name) = &member.name {
            let hidden = self.hidden || is_hidden(member);
            insert_member(found, format!("{}::{name}", self.path), member, hidden);
        }
    }

    fn insert_variant_fields(&self, found: &mut Members<'a>, variants: &[Id]) {
        let fields = variants
            .iter()
            .flat_map(|id| fields_of_variant(self.krate, *id));
        for (variant, field) in fields {
            let owner = format!("{}::{variant}", self.path);
            let hidden = found.get(&owner).is_some_and(|variant| variant.hidden);
            let label = format!("{owner}::{}", field.name.as_deref().unwrap_or_default());
            insert_member(found, label, field, hidden || is_hidden(field));
        }
    }
}

fn fields_of_struct(kind: &StructKind) -> impl Iterator<Item = &Id> {
    let (tuple, plain): (&[Option<Id>], &[Id]) = match kind {
        StructKind::Unit => (&[], &[]),
        StructKind::Tuple(fields) => (fields, &[]),
        StructKind::Plain { fields, .. } => (&[], fields),
    };
    tuple.iter().flatten().chain(plain)
}

/// Fields of an enum's variant, each with the variant's name.
fn fields_of_variant(krate: &Crate, id: Id) -> Vec<(String, &Item)> {
    let Some(item) = krate.index.get(&id) else {
        return Vec::new();
    };
    let ids: Vec<Id> = match &item.inner {
        ItemEnum::Variant(variant) => match &variant.kind {
            VariantKind::Plain => Vec::new(),
            VariantKind::Tuple(fields) => fields.iter().flatten().copied().collect(),
            VariantKind::Struct { fields, .. } => fields.clone(),
        },
        _ => Vec::new(),
    };
    let name = item.name.clone().unwrap_or_default();
    ids.iter()
        .filter_map(|id| Some((name.clone(), krate.index.get(id)?)))
        .collect()
}

fn insert_member<'a>(found: &mut Members<'a>, path: String, item: &'a Item, hidden: bool) {
    found
        .entry(path)
        .and_modify(|member| member.hidden &= hidden)
        .or_insert(Member { item, hidden });
}
