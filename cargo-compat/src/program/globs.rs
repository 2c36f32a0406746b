//! What a glob over another crate brings: every name of it is there, and is that crate's item.

use std::collections::BTreeSet;

use rustdoc_types::{Id, ItemKind};

use super::assertion::{Assertion, Use};
use crate::model::ident::ident;
use crate::model::names::Names;
use crate::model::surface::Surface;

/// The uses of the names a glob brings. `prefix` is where it stands, `module` the path inside the
/// other crate that it names, `extern_name` what programs call that crate.
pub(super) fn brought_by(
    names: &Names<'_>,
    (prefix, module): (&str, &str),
    other: &Surface,
    extern_name: Option<&str>,
) -> Vec<Assertion> {
    let mut assertions = Vec::new();
    let mut seen = BTreeSet::new();
    for ((path, _), entry) in &other.entries {
        let Some(below) = below_module(path, module)
            .filter(|below| !entry.hidden && seen.insert(below.to_string()))
        else {
            continue;
        };

        // An own item of that name shadows the glob's.
        let label = format!("{prefix}{below}");
        if names.surface().names(&label) {
            continue;
        }

        let own = names.local(&label);
        let use_of = |done, way| Assertion {
            item: label.clone(),
            id: Id(u32::MAX),
            done,
            ways: vec![way],
        };
        assertions.push(use_of(Use::Import, format!("use {own} as _;")));
        if let Some(name) = extern_name.filter(|_| entry.kind != ItemKind::Module) {
            let main = path.split("::").fold(format!("::{name}"), |text, part| {
                format!("{text}::{}", ident(part))
            });
            assertions.push(use_of(Use::ReachByEveryPath, same_item(&main, &own)));
        }
    }
    assertions
}

fn below_module<'p>(path: &'p str, module: &str) -> Option<&'p str> {
    if module.is_empty() {
        return Some(path);
    }
    path.strip_prefix(module)
        .and_then(|rest| rest.strip_prefix("::"))
}

/// Two globs may bring one name only if it means the same.
pub(super) fn same_item(main: &str, other: &str) -> String {
    format!(
        "#[deny(ambiguous_glob_imports)] mod q__ {{ mod x__ {{ pub use {main} as N__; }} mod y__ {{ pub use {other} as N__; }} \
         use x__::*; use y__::*; mod z__ {{ use super::N__ as _; }} }}"
    )
}
