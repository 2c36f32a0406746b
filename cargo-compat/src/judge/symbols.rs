//! What linkers see: exported symbols, with their calling convention and, for functions that
//! programs cannot call, their types.

use std::collections::BTreeMap;

use rustdoc_types::{Attribute, Crate, Item, ItemEnum, Visibility};

use crate::model::change::Change;
use crate::model::render::{Renderer, header};
use crate::rules;
use release_gate::Bump;

/// A function or static that is exported under a symbol.
struct Export<'a> {
    item: &'a Item,
    /// `extern "C" fn(u8) u8`; empty for a static.
    signature: String,
}

/// What the library exports, by symbol. Private functions are among them where rustdoc was asked
/// for private items.
fn exports_of(krate: &Crate) -> BTreeMap<String, Export<'_>> {
    krate
        .index
        .values()
        .filter(|item| item.crate_id == 0)
        .filter_map(|item| {
            let signature = signature_of(item);
            Some((symbol_of(item)?, Export { item, signature }))
        })
        .collect()
}

/// How many symbols are exported.
pub fn symbol_count(krate: &Crate) -> usize {
    exports_of(krate).len()
}

fn signature_of(item: &Item) -> String {
    let ItemEnum::Function(function) = &item.inner else {
        return String::new();
    };
    let r = Renderer::people();
    let inputs: Option<Vec<String>> = function.sig.inputs.iter().map(|(_, ty)| r.ty(ty)).collect();
    let output = function.sig.output.as_ref().and_then(|ty| r.ty(ty));
    format!(
        "{}fn({}) {}",
        header(&function.header, true),
        inputs.unwrap_or_default().join(", "),
        output.unwrap_or_default()
    )
}

/// The calling convention of a signature.
fn convention(signature: &str) -> String {
    signature
        .split("fn(")
        .next()
        .unwrap_or_default()
        .replace("unsafe ", "")
}

/// The symbol an item exports.
fn symbol_of(item: &Item) -> Option<String> {
    item.attrs.iter().find_map(|attr| match attr {
        Attribute::ExportName(name) => Some(name.clone()),
        Attribute::NoMangle => item.name.clone(),
        _ => None,
    })
}

/// Compares what linkers see.
pub fn changed_symbols(old: &Crate, new: &Crate) -> Vec<Change> {
    let (before, after) = (exports_of(old), exports_of(new));
    let mut found = Vec::new();
    for (symbol, export) in &before {
        match after.get(symbol) {
            None => found.push(Change::unproved(
                &rules::SYMBOL,
                format!("symbol {symbol}"),
                Bump::Major,
                format!("the symbol `{symbol}` is no longer exported"),
            )),
            Some(now) => found.extend(called_differently(symbol, export, now)),
        }
    }

    let added = after.keys().filter(|symbol| !before.contains_key(*symbol));
    found.extend(added.map(|symbol| {
        Change::unproved(
            &rules::ADDED,
            format!("symbol {symbol}"),
            Bump::Minor,
            format!("the symbol `{symbol}` is exported now"),
        )
    }));

    found
}

fn called_differently(symbol: &str, before: &Export<'_>, now: &Export<'_>) -> Option<Change> {
    if before.signature == now.signature {
        return None;
    }
    // A public function's types are judged by the compiler.
    let public = matches!(before.item.visibility, Visibility::Public);
    if public && convention(&before.signature) == convention(&now.signature) {
        return None;
    }
    let mut change = Change::unproved(
        &rules::SYMBOL_SIGNATURE,
        format!("symbol {symbol}"),
        Bump::Major,
        format!("the exported function `{symbol}` is called differently"),
    );
    change.before.clone_from(&before.signature);
    change.after.clone_from(&now.signature);
    Some(change)
}
