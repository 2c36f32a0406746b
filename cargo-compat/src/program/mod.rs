//! The maximal user program: every public item, used in every way a user may.
//!
//! Each way is one [`Assertion`] on one line of one generated crate, so that rustc's errors lead
//! back to it. What cannot be written (a type that cannot be named) or does not compile against the
//! library it was written from is a gap of this generator, never a finding.

mod functions;
mod impls;
mod macros;
mod scope;
mod traits;
mod types;
mod values;

pub(crate) use functions::POINTER;
pub use macros::macro_inputs;
use release_gate::Rule;
use rustdoc_types::{Id, Impl, Item, ItemEnum, ItemKind};

use crate::model::names::Names;
use crate::model::render::Renderer;
use crate::model::surface::Surface;
use crate::rules;

/// One use of one item.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The item, by its path below the crate's root (`Type::method`), or an implementation's
    /// header.
    pub item: String,
    /// The item in the description the program was written from.
    pub id: Id,
    /// The rule a failure falls under.
    pub rule: &'static Rule,
    /// What is done with the item, for people.
    pub what: &'static str,
    /// Ways to write it, best first: the first that compiles is used.
    pub ways: Vec<String>,
    /// Whether nothing is missing if no way compiles: not every type is covariant, not every trait
    /// can be implemented.
    pub optional: bool,
}

/// The whole program.
#[derive(Debug, Clone, Default)]
pub struct Program {
    /// What it asserts.
    pub assertions: Vec<Assertion>,
    /// Uses that could not be written, because something in them cannot be named.
    pub unwritten: Vec<String>,
}

impl Program {
    /// Writes the program of an API.
    pub fn write(names: &Names<'_>) -> Self {
        let mut writer = Writer {
            names,
            program: Self::default(),
        };
        let surface = names.surface();
        let mut seen: std::collections::HashSet<Id> = std::collections::HashSet::new();
        let mut imported: std::collections::HashSet<&str> = std::collections::HashSet::new();
        for ((path, _), entry) in &surface.entries {
            if entry.hidden || !surface.is_documented(entry.id) {
                continue;
            }
            if imported.insert(path) {
                writer.push(
                    path,
                    entry.id,
                    &rules::REMOVED,
                    "import",
                    vec![format!("use {} as _;", names.local(path))],
                );
            }
            if seen.insert(entry.id) {
                let preferred = surface
                    .preferred
                    .get(&entry.id)
                    .map_or(path.as_str(), String::as_str);
                writer.item(preferred, entry.id);
            }
            let foreign = !names.krate().index.contains_key(&entry.id);
            if entry.kind != ItemKind::Module
                && (foreign || surface.preferred.get(&entry.id) != Some(path))
            {
                writer.same(path, entry.id);
            }
        }
        impls::write(&mut writer);
        writer.program
    }
}

impl Program {
    /// Adds what a glob over another crate brings: every name of it is there, and is that crate's
    /// item.
    ///
    /// `module` is the path inside the other crate that the glob names; `extern_name` what programs
    /// call that crate.
    pub fn add_glob(
        &mut self,
        names: &Names<'_>,
        prefix: &str,
        module: &str,
        other: &Surface,
        extern_name: Option<&str>,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        for ((path, _), entry) in &other.entries {
            let below = if module.is_empty() {
                Some(path.as_str())
            } else {
                path.strip_prefix(module)
                    .and_then(|rest| rest.strip_prefix("::"))
            };
            let Some(below) = below.filter(|below| !entry.hidden && seen.insert(below.to_string()))
            else {
                continue;
            };
            let label = format!("{prefix}{below}");
            // An own item of that name shadows the glob's.
            if names.surface().names(&label) {
                continue;
            }
            let own = names.local(&label);
            let mut assert = |what, way: String, optional| {
                self.assertions.push(Assertion {
                    item: label.clone(),
                    id: Id(u32::MAX),
                    rule: &rules::REMOVED,
                    what,
                    ways: vec![way],
                    optional,
                });
            };
            assert("import", format!("use {own} as _;"), false);
            if let Some(name) = extern_name.filter(|_| entry.kind != ItemKind::Module) {
                let main = path.split("::").fold(format!("::{name}"), |text, part| {
                    format!("{text}::{}", crate::model::render::ident(part))
                });
                assert(
                    "be the same item by every path",
                    same_item(&main, &own),
                    true,
                );
            }
        }
    }
}

/// Two globs may bring one name only if it means the same.
fn same_item(main: &str, other: &str) -> String {
    format!(
        "#[deny(ambiguous_glob_imports)] mod q__ {{ mod x__ {{ pub use {main} as N__; }} mod y__ {{ pub use {other} as N__; }} \
         use x__::*; use y__::*; mod z__ {{ use super::N__ as _; }} }}"
    )
}

/// What the parts of the generator write to.
struct Writer<'a> {
    names: &'a Names<'a>,
    program: Program,
}

impl<'a> Writer<'a> {
    fn renderer(&self) -> Renderer<'a> {
        Renderer::program(self.names)
    }

    fn get(&self, id: Id) -> Option<&'a Item> {
        self.names.krate().index.get(&id)
    }

    fn push(
        &mut self,
        item: &str,
        id: Id,
        rule: &'static Rule,
        what: &'static str,
        ways: Vec<String>,
    ) {
        self.add(item, id, rule, what, ways, false);
    }

    fn maybe(
        &mut self,
        item: &str,
        id: Id,
        rule: &'static Rule,
        what: &'static str,
        ways: Vec<String>,
    ) {
        self.add(item, id, rule, what, ways, true);
    }

    fn add(
        &mut self,
        item: &str,
        id: Id,
        rule: &'static Rule,
        what: &'static str,
        ways: Vec<String>,
        optional: bool,
    ) {
        if ways.is_empty() {
            if !optional {
                self.program
                    .unwritten
                    .push(format!("`{item}`: {what} (it names what cannot be named)"));
            }
            return;
        }
        let ways = ways
            .into_iter()
            .map(|code| code.replace(['\n', '\r'], " "))
            .collect();
        self.program.assertions.push(Assertion {
            item: item.to_owned(),
            id,
            rule,
            what,
            ways,
            optional,
        });
    }

    /// Uses of an item by the path it is called by.
    fn item(&mut self, path: &str, id: Id) {
        let Some(item) = self.get(id) else { return };
        match &item.inner {
            ItemEnum::Function(function) => functions::free(self, path, item, function),
            ItemEnum::Struct(of) => types::structure(self, path, item, of),
            ItemEnum::Enum(of) => types::enumeration(self, path, item, of),
            ItemEnum::Union(of) => types::union(self, path, item, of),
            ItemEnum::Trait(of) => traits::write(self, path, item, of),
            ItemEnum::TypeAlias(of) => values::alias(self, path, item, of),
            ItemEnum::Constant { type_, .. } => values::constant(self, path, item, type_),
            ItemEnum::Static(of) => values::static_(self, path, item, of),
            ItemEnum::Macro(source) => macros::rules(self, path, item, source),
            ItemEnum::ProcMacro(of) => macros::procedural(self, path, item, of),
            _ => {}
        }
    }

    /// A second path has to lead to the same item.
    fn same(&mut self, path: &str, id: Id) {
        let (Some(main), other) = (self.names.of(id), self.names.local(path)) else {
            return;
        };
        if main == other {
            return;
        }
        let way = same_item(&main, &other);
        self.maybe(
            path,
            id,
            &rules::REMOVED,
            "be the same item by every path",
            vec![way],
        );
    }

    /// Inherent implementations of a type, with what they hold.
    fn inherent(&mut self, path: &str, ids: &[Id]) {
        for id in ids {
            let Some(Item {
                inner: ItemEnum::Impl(of),
                ..
            }) = self.get(*id)
            else {
                continue;
            };
            if of.trait_.is_none() && !of.is_synthetic {
                self.inherent_impl(path, of);
            }
        }
    }

    fn inherent_impl(&mut self, path: &str, of: &Impl) {
        for id in &of.items {
            let Some(item) = self.get(*id) else { continue };
            if crate::model::surface::is_hidden(item)
                || !matches!(item.visibility, rustdoc_types::Visibility::Public)
            {
                continue;
            }
            let name = item.name.clone().unwrap_or_default();
            let member = format!("{path}::{name}");
            match &item.inner {
                ItemEnum::Function(function) => {
                    functions::inherent(self, &member, item, function, of)
                }
                ItemEnum::AssocConst { type_, .. } => {
                    values::inherent_constant(self, &member, item, type_, of)
                }
                _ => {}
            }
        }
    }
}
