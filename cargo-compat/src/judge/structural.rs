//! What a compiler cannot show: hidden items, layout, exported symbols, order, deprecation.

use std::collections::{BTreeMap, BTreeSet};

use rustdoc_types::{
    Attribute, AttributeRepr, Crate, Id, Item, ItemEnum, MacroKind, ReprKind, StructKind,
    VariantKind, Visibility,
};

use super::{Bump, Change};
use crate::model::render::{Renderer, header};
use crate::model::surface::{Surface, is_hidden};
use crate::rules;

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
pub fn members<'a>(krate: &'a Crate, surface: &Surface) -> Members<'a> {
    let mut found = Members::new();
    for ((path, _), entry) in &surface.entries {
        let Some(item) = krate.index.get(&entry.id) else {
            continue;
        };
        insert(&mut found, path.clone(), item, entry.hidden);
        // Members are known by the path the item is called by.
        if surface.preferred.get(&entry.id) != Some(path) {
            continue;
        }
        let found = &mut found;
        let member = |found: &mut Members<'a>, id: &Id, public: bool| {
            let Some(member) = krate.index.get(id) else {
                return;
            };
            if let Some(name) = &member.name
                && (public || matches!(member.visibility, Visibility::Public))
            {
                insert(
                    found,
                    format!("{path}::{name}"),
                    member,
                    entry.hidden || is_hidden(member),
                );
            }
        };
        let impls = match &item.inner {
            ItemEnum::Struct(of) => {
                match &of.kind {
                    StructKind::Unit => {}
                    StructKind::Tuple(fields) => fields
                        .iter()
                        .flatten()
                        .for_each(|id| member(found, id, false)),
                    StructKind::Plain { fields, .. } => {
                        fields.iter().for_each(|id| member(found, id, false))
                    }
                }
                &of.impls
            }
            ItemEnum::Union(of) => {
                of.fields.iter().for_each(|id| member(found, id, false));
                &of.impls
            }
            ItemEnum::Enum(of) => {
                for id in &of.variants {
                    member(found, id, true);
                }
                for (name, field) in of
                    .variants
                    .iter()
                    .flat_map(|id| fields_of_variant(krate, *id))
                {
                    let hidden = found
                        .get(&format!("{path}::{name}"))
                        .is_some_and(|variant| variant.hidden);
                    let label = format!(
                        "{path}::{name}::{}",
                        field.name.as_deref().unwrap_or_default()
                    );
                    insert(found, label, field, hidden || is_hidden(field));
                }
                &of.impls
            }
            ItemEnum::Trait(of) => {
                of.items.iter().for_each(|id| member(found, id, true));
                continue;
            }
            _ => continue,
        };
        for id in impls {
            if let Some(ItemEnum::Impl(of)) = krate.index.get(id).map(|item| &item.inner)
                && of.trait_.is_none()
            {
                of.items.iter().for_each(|id| member(found, id, false));
            }
        }
    }
    found
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

fn insert<'a>(found: &mut Members<'a>, path: String, item: &'a Item, hidden: bool) {
    found
        .entry(path)
        .and_modify(|member| member.hidden &= hidden)
        .or_insert(Member { item, hidden });
}

/// Compares both sides, item by item.
pub fn changes(old: (&Crate, &Members<'_>), new: (&Crate, &Members<'_>)) -> Vec<Change> {
    let mut found = Vec::new();
    for (path, a) in old.1.iter().filter(|(_, member)| !member.hidden) {
        let Some(b) = new.1.get(path) else { continue };
        let mut push = |rule, bump, message: String| {
            found.push(Change::unproved(rule, path.clone(), bump, message))
        };
        // A deprecated item whose re-export is hidden: see `is_hidden`.
        if b.hidden && b.item.deprecation.is_some() {
            if a.item.deprecation.is_none() {
                push(
                    &rules::DEPRECATED,
                    Bump::Minor,
                    format!("`{path}` is deprecated now"),
                );
            }
            continue;
        }
        if b.hidden {
            // Members of a hidden item are hidden with it.
            let owner = path
                .rsplit_once("::")
                .and_then(|(owner, _)| new.1.get(owner))
                .is_some_and(|owner| owner.hidden);
            if !owner {
                push(
                    &rules::HIDDEN,
                    Bump::Major,
                    format!("`{path}` is `#[doc(hidden)]` now"),
                );
            }
            continue;
        }
        if a.item.deprecation.is_none() && b.item.deprecation.is_some() {
            push(
                &rules::DEPRECATED,
                Bump::Minor,
                format!("`{path}` is deprecated now"),
            );
        }
        let must_use = |item: &Item| {
            item.attrs
                .iter()
                .any(|attr| matches!(attr, Attribute::MustUse { .. }))
        };
        if !must_use(a.item) && must_use(b.item) {
            push(
                &rules::MUST_USE,
                Bump::Minor,
                format!("`{path}` is `#[must_use]` now"),
            );
        }
        if let Some(text) = layout(b.item, a.item).filter(|_| layout(a.item, b.item).is_none()) {
            push(
                &rules::EXTENDED,
                Bump::Minor,
                format!("`{path}`: {}", text.replace("is gone", "is new")),
            );
        }
        if let Some(text) = layout(a.item, b.item) {
            push(&rules::REPR, Bump::Major, format!("`{path}`: {text}"));
        }
        let more: Vec<String> = features(new.0, b.item)
            .difference(&features(old.0, a.item))
            .cloned()
            .collect();
        if !more.is_empty() {
            let more = more.join("`, `");
            push(
                &rules::TARGET_FEATURE,
                Bump::Major,
                format!("`{path}` requires the target features `{more}` now"),
            );
        }
        if let Some(text) = order(old.0, a.item, new.0, b.item) {
            push(&rules::ORDER, Bump::Major, format!("`{path}`: {text}"));
        }
        if let Some(text) = macro_kind(a.item, b.item) {
            push(&rules::MACRO, Bump::Major, format!("`{path}`: {text}"));
        }
    }
    found
}

fn repr(item: &Item) -> Option<&AttributeRepr> {
    item.attrs.iter().find_map(|attr| match attr {
        Attribute::Repr(repr) => Some(repr),
        _ => None,
    })
}

/// A guarantee of layout that the new side no longer gives.
fn layout(a: &Item, b: &Item) -> Option<String> {
    let a = repr(a)?;
    let b = repr(b);
    let kind = |repr: &AttributeRepr| match repr.kind {
        ReprKind::Rust => None,
        ReprKind::C => Some("C"),
        ReprKind::Transparent => Some("transparent"),
        ReprKind::Simd => Some("simd"),
    };
    if let Some(name) = kind(a)
        && b.and_then(kind) != Some(name)
    {
        return Some(format!("`repr({name})` is gone"));
    }
    if let Some(int) = &a.int
        && b.and_then(|b| b.int.as_ref()) != Some(int)
    {
        return Some(format!("`repr({int})` is gone"));
    }
    if a.align != b.and_then(|b| b.align) {
        return a
            .align
            .map(|align| format!("`repr(align({align}))` changed"));
    }
    (a.packed != b.and_then(|b| b.packed)).then(|| "`repr(packed)` changed".to_owned())
}

/// Target features a function's callers must have, those every program of the target has left out.
fn features(krate: &Crate, item: &Item) -> BTreeSet<String> {
    let enabled = item.attrs.iter().filter_map(|attr| match attr {
        Attribute::TargetFeature { enable } => Some(enable),
        _ => None,
    });
    let mut found = BTreeSet::new();
    let mut open: Vec<String> = enabled.flatten().cloned().collect();
    while let Some(name) = open.pop() {
        let known = krate
            .target
            .target_features
            .iter()
            .find(|feature| feature.name == name);
        if known.is_some_and(|feature| feature.globally_enabled) || !found.insert(name) {
            continue;
        }
        open.extend(
            known
                .into_iter()
                .flat_map(|feature| feature.implies_features.iter().cloned()),
        );
    }
    found
}

/// What the library exports to linkers: symbol, calling convention and, for functions that programs
/// cannot call, the signature. Private functions are among them where rustdoc was asked for private
/// items.
fn exports(krate: &Crate) -> BTreeMap<String, (&Item, String)> {
    let of = |item: &'_ Item| match &item.inner {
        ItemEnum::Function(function) => {
            let r = Renderer::people();
            let inputs: Option<Vec<String>> =
                function.sig.inputs.iter().map(|(_, ty)| r.ty(ty)).collect();
            let output = function.sig.output.as_ref().and_then(|ty| r.ty(ty));
            format!(
                "{}fn({}) {}",
                header(&function.header, true),
                inputs.unwrap_or_default().join(", "),
                output.unwrap_or_default()
            )
        }
        _ => String::new(),
    };
    krate
        .index
        .values()
        .filter(|item| item.crate_id == 0)
        .filter_map(|item| Some((symbol(item)?, (item, of(item)))))
        .collect()
}

/// Compares what linkers see.
pub fn exported(old: &Crate, new: &Crate) -> Vec<Change> {
    let (a, b) = (exports(old), exports(new));
    let mut found = Vec::new();
    for (symbol, (item, before)) in &a {
        let label = format!("symbol {symbol}");
        match b.get(symbol) {
            None => {
                let message = format!("the symbol `{symbol}` is no longer exported");
                found.push(Change::unproved(
                    &rules::SYMBOL,
                    label,
                    Bump::Major,
                    message,
                ));
            }
            Some((_, after)) if before != after => {
                let public = matches!(item.visibility, Visibility::Public);
                let abi = |text: &str| {
                    text.split("fn(")
                        .next()
                        .unwrap_or_default()
                        .replace("unsafe ", "")
                };
                // A public function's types are judged by the compiler.
                if !public || abi(before) != abi(after) {
                    let message = format!("the exported function `{symbol}` is called differently");
                    let mut change =
                        Change::unproved(&rules::SYMBOL_SIGNATURE, label, Bump::Major, message);
                    (change.before, change.after) = (before.clone(), after.clone());
                    found.push(change);
                }
            }
            Some(_) => {}
        }
    }
    for symbol in b.keys().filter(|symbol| !a.contains_key(*symbol)) {
        found.push(Change::unproved(
            &rules::ADDED,
            format!("symbol {symbol}"),
            Bump::Minor,
            format!("the symbol `{symbol}` is exported now"),
        ));
    }
    found
}

/// The symbol an item exports.
fn symbol(item: &Item) -> Option<String> {
    item.attrs.iter().find_map(|attr| match attr {
        Attribute::ExportName(name) => Some(name.clone()),
        Attribute::NoMangle => item.name.clone(),
        _ => None,
    })
}

/// Names of fields or variants in their order.
fn names(krate: &Crate, ids: &[Id]) -> Vec<String> {
    ids.iter()
        .filter_map(|id| krate.index.get(id)?.name.clone())
        .collect()
}

fn derives_order(krate: &Crate, impls: &[Id]) -> bool {
    impls.iter().filter_map(|id| krate.index.get(id)).any(|item| {
        let derived = item.attrs.iter().any(|attr| matches!(attr, Attribute::AutomaticallyDerived));
        derived
            && matches!(&item.inner, ItemEnum::Impl(of) if of.trait_.as_ref().is_some_and(|path| path.path.rsplit("::").next() == Some("PartialOrd")))
    })
}

fn has_c_layout(item: &Item) -> bool {
    repr(item).is_some_and(|repr| matches!(repr.kind, ReprKind::C))
}

/// The order of fields or variants, where something is derived from it.
fn order(old: &Crate, a: &Item, new: &Crate, b: &Item) -> Option<String> {
    let (x, y, impls_a, impls_b, what, c) = match (&a.inner, &b.inner) {
        (ItemEnum::Struct(x), ItemEnum::Struct(y)) => match (&x.kind, &y.kind) {
            (StructKind::Plain { fields: f, .. }, StructKind::Plain { fields: g, .. }) => (
                names(old, f),
                names(new, g),
                &x.impls,
                &y.impls,
                "fields",
                has_c_layout(a) && has_c_layout(b),
            ),
            _ => return None,
        },
        (ItemEnum::Union(_), ItemEnum::Union(_)) => return None,
        (ItemEnum::Enum(x), ItemEnum::Enum(y)) => (
            names(old, &x.variants),
            names(new, &y.variants),
            &x.impls,
            &y.impls,
            "variants",
            false,
        ),
        (ItemEnum::Variant(x), ItemEnum::Variant(y)) => match (&x.kind, &y.kind) {
            (VariantKind::Struct { .. }, VariantKind::Struct { .. }) => return None,
            _ => return None,
        },
        _ => return None,
    };
    let common = |of: &[String], other: &[String]| {
        of.iter()
            .filter(|name| other.contains(name))
            .cloned()
            .collect::<Vec<_>>()
    };
    if common(&x, &y) == common(&y, &x) {
        return None;
    }
    if c {
        return Some("the order of its `repr(C)` fields changed".to_owned());
    }
    (derives_order(old, impls_a) && derives_order(new, impls_b)).then(|| {
        format!("the order of its {what} changed, and its `PartialOrd` is derived from it")
    })
}

fn macro_kind(a: &Item, b: &Item) -> Option<String> {
    let (ItemEnum::ProcMacro(x), ItemEnum::ProcMacro(y)) = (&a.inner, &b.inner) else {
        return None;
    };
    let word = |kind: MacroKind| match kind {
        MacroKind::Bang => "a function-like macro",
        MacroKind::Attr => "an attribute",
        MacroKind::Derive => "a derive macro",
    };
    if x.kind != y.kind {
        return Some(format!("was {} and is {} now", word(x.kind), word(y.kind)));
    }
    let gone: Vec<&str> = x
        .helpers
        .iter()
        .filter(|name| !y.helpers.contains(name))
        .map(String::as_str)
        .collect();
    (!gone.is_empty()).then(|| {
        format!(
            "no longer takes the helper attribute `{}`",
            gone.join("`, `")
        )
    })
}
