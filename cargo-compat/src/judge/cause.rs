//! What became of an item, in words: what its declaration says now in place of what it said.

use std::collections::BTreeSet;

use release_gate::Rule;
use rustdoc_types::{
    Abi, Attribute, Crate, Function, Generics, Id, Item, ItemEnum, StructKind, Type,
};

use crate::model::declaration::generics_of;
use crate::model::render::{Renderer, angle};
use crate::rules;

/// How many differences of one declaration are said.
const SAID: usize = 3;

/// An item on one side.
#[derive(Debug, Clone, Copy)]
pub struct Declared<'a> {
    /// The side.
    pub krate: &'a Crate,
    /// The item.
    pub item: &'a Item,
}

/// What became of an item, to stand behind its name: `takes …`. Of what a rule is about alone, where
/// that has words of its own. `None`: no words are known for it.
pub fn cause(rule: &Rule, old: Declared<'_>, new: Declared<'_>) -> Option<String> {
    let generics = generics_of(&old.item.inner)
        .zip(generics_of(&new.item.inner))
        .and_then(|(before, now)| generics_cause(before, now));
    let gained = gained(old, new);
    if rule.id == rules::GENERICS.id && generics.is_some() {
        return generics;
    }
    if rule.id == rules::CONSTRUCTION.id || rule.id == rules::TRAIT_IMPL.id && gained.is_some() {
        return gained;
    }

    let mut said = match (&old.item.inner, &new.item.inner) {
        (ItemEnum::Function(before), ItemEnum::Function(now)) => function_causes(before, now),
        (ItemEnum::StructField(before), ItemEnum::StructField(now)) => {
            type_cause("is", before, now).into_iter().collect()
        }
        (
            ItemEnum::Constant { type_: before, .. } | ItemEnum::AssocConst { type_: before, .. },
            ItemEnum::Constant { type_: now, .. } | ItemEnum::AssocConst { type_: now, .. },
        ) => type_cause("is of type", before, now).into_iter().collect(),
        (ItemEnum::Static(before), ItemEnum::Static(now)) => {
            type_cause("is of type", &before.type_, &now.type_)
                .into_iter()
                .collect()
        }
        (ItemEnum::TypeAlias(before), ItemEnum::TypeAlias(now)) => {
            type_cause("stands for", &before.type_, &now.type_)
                .into_iter()
                .collect()
        }
        _ => Vec::new(),
    };

    said.extend(gained);
    said.extend(generics);
    said.truncate(SAID);
    (!said.is_empty()).then(|| said.join(", and "))
}

/// `is u16 in place of u8`.
fn type_cause(verb: &str, before: &Type, now: &Type) -> Option<String> {
    let r = Renderer::people();
    let (before, now) = (r.ty(before)?, r.ty(now)?);
    (before != now).then(|| format!("{verb} `{now}` in place of `{before}`"))
}

/// Parameters with their bounds, as they are declared.
fn generics_cause(before: &Generics, now: &Generics) -> Option<String> {
    let shown = |of: &Generics| -> Option<(String, String)> {
        let r = Renderer::people();
        Some((angle(&r.declared(of, true)?), r.where_clause(of)?))
    };
    let (first, second) = (shown(before)?, shown(now)?);
    if first == second {
        return None;
    }
    let or_none = |text: &str| {
        if text.is_empty() {
            "none".to_owned()
        } else {
            format!("`{text}`")
        }
    };
    if first.0 == second.0 {
        let (before, now) = (or_none(first.1.trim()), or_none(second.1.trim()));
        return Some(format!("has the bounds {now} in place of {before}"));
    }
    let (before, now) = (or_none(&first.0), or_none(&second.0));
    Some(format!("takes the parameters {now} in place of {before}"))
}

fn function_causes(before: &Function, now: &Function) -> Vec<String> {
    let mut said: Vec<String> = input_causes(before, now).unwrap_or_default();
    let unit = Type::Tuple(Vec::new());
    let output = |of: &Function| of.sig.output.clone().unwrap_or_else(|| unit.clone());
    said.extend(type_cause("returns", &output(before), &output(now)));
    said.extend(header_causes(before, now));
    said
}

fn header_causes(before: &Function, now: &Function) -> Vec<String> {
    let (first, second) = (&before.header, &now.header);
    let words = [
        ("`unsafe`", first.is_unsafe, second.is_unsafe),
        ("`async`", first.is_async, second.is_async),
        ("`const`", first.is_const, second.is_const),
    ];
    let mut said: Vec<String> = words
        .iter()
        .filter(|(_, before, now)| before != now)
        .map(|(word, _, now)| {
            if *now {
                format!("is {word} now")
            } else {
                format!("is no longer {word}")
            }
        })
        .collect();
    let is_rust = |abi: &Abi| matches!(abi, Abi::Rust);
    if is_rust(&first.abi) != is_rust(&second.abi) {
        said.push("has another ABI".to_owned());
    }
    said
}

/// A parameter as it is declared.
fn input(name: &str, ty: &Type) -> Option<String> {
    let ty = Renderer::people().ty(ty)?;
    Some(match (name, ty.as_str()) {
        ("self", "Self") => "self".to_owned(),
        ("self", "&Self") => "&self".to_owned(),
        ("self", "&mut Self") => "&mut self".to_owned(),
        _ => format!("{name}: {ty}"),
    })
}

fn inputs(of: &Function) -> Option<Vec<(String, String)>> {
    let r = Renderer::people();
    of.sig
        .inputs
        .iter()
        .map(|(name, ty)| Some((input(name, ty)?, r.ty(ty)?)))
        .collect()
}

fn input_causes(before: &Function, now: &Function) -> Option<Vec<String>> {
    let (first, second) = (inputs(before)?, inputs(now)?);
    let quoted = |list: Vec<&String>| {
        let list: Vec<String> = list.iter().map(|text| format!("`{text}`")).collect();
        list.join(", ")
    };
    if first.len() == second.len() {
        let said = first
            .iter()
            .zip(&second)
            .filter(|((_, before), (_, now))| before != now)
            .map(|((before, _), (now, _))| format!("takes `{now}` in place of `{before}`"));
        return Some(said.collect());
    }
    let (shorter, longer, word) = if first.len() < second.len() {
        (&first, &second, "also takes")
    } else {
        (&second, &first, "no longer takes")
    };

    // Those of the longer list that are left when each of the shorter one is taken out once.
    let mut open: Vec<&String> = shorter.iter().map(|(_, ty)| ty).collect();
    let more: Vec<&String> = longer
        .iter()
        .filter(|(_, ty)| match open.iter().position(|known| *known == ty) {
            Some(at) => {
                open.remove(at);
                false
            }
            None => true,
        })
        .map(|(shown, _)| shown)
        .collect();
    if more.len() == longer.len() - shorter.len() {
        return Some(vec![format!("{word} {}", quoted(more))]);
    }
    let all = |list: &[(String, String)]| {
        let list: Vec<&str> = list.iter().map(|(shown, _)| shown.as_str()).collect();
        format!("({})", list.join(", "))
    };
    Some(vec![format!(
        "takes `{}` in place of `{}`",
        all(&second),
        all(&first)
    )])
}

/// What a type has more of, which literals and exhaustive patterns have to name, and what a trait
/// asks its implementations for.
pub fn gained(old: Declared<'_>, new: Declared<'_>) -> Option<String> {
    let is_closed = |item: &Item| {
        item.attrs
            .iter()
            .any(|attr| matches!(attr, Attribute::NonExhaustive))
    };
    if is_closed(new.item) && !is_closed(old.item) {
        return Some("is `#[non_exhaustive]` now".to_owned());
    }
    let (what, before) = parts_of(old)?;
    let (same, now) = parts_of(new)?;
    if what != same {
        return None;
    }
    let more: Vec<String> = now
        .names
        .iter()
        .filter(|name| !before.names.contains(*name))
        .map(|name| format!("`{name}`"))
        .collect();

    match more.as_slice() {
        [] if now.has_hidden && !before.has_hidden => Some("has private fields now".to_owned()),
        [] => None,
        [one] => Some(format!("has the new {what} {one}")),
        several => Some(format!("has the new {what}s {}", several.join(", "))),
    }
}

struct Parts {
    names: BTreeSet<String>,
    has_hidden: bool,
}

fn parts_of(of: Declared<'_>) -> Option<(&'static str, Parts)> {
    let named = |ids: &[Id]| -> BTreeSet<String> {
        ids.iter()
            .filter_map(|id| of.krate.index.get(id)?.name.clone())
            .collect()
    };
    let (what, names, has_hidden) = match &of.item.inner {
        ItemEnum::Struct(inner) => match &inner.kind {
            StructKind::Plain {
                fields,
                has_stripped_fields,
            } => ("field", named(fields), *has_stripped_fields),
            StructKind::Tuple(fields) => {
                let shown: Vec<Id> = fields.iter().flatten().copied().collect();
                ("field", named(&shown), shown.len() < fields.len())
            }
            StructKind::Unit => return None,
        },
        ItemEnum::Enum(inner) => ("variant", named(&inner.variants), false),
        ItemEnum::Union(inner) => ("field", named(&inner.fields), inner.has_stripped_fields),
        ItemEnum::Trait(inner) => {
            let required: Vec<Id> = inner
                .items
                .iter()
                .filter(|id| of.krate.index.get(id).is_some_and(is_required))
                .copied()
                .collect();
            ("required item", named(&required), false)
        }
        _ => return None,
    };
    Some((what, Parts { names, has_hidden }))
}

/// Whether implementations have to give an item of a trait.
fn is_required(item: &Item) -> bool {
    match &item.inner {
        ItemEnum::Function(of) => !of.has_body,
        ItemEnum::AssocConst { value, .. } => value.is_none(),
        ItemEnum::AssocType { type_, .. } => type_.is_none(),
        _ => false,
    }
}
