//! Which items programs can name, and by which paths.
//!
//! Paths are followed as rustc resolves them: through modules, re-exports, renames and globs, which
//! explicit names shadow. Items under `#[doc(hidden)]` can be named but are not covered by SemVer
//! (RFC 1105 and Cargo's SemVer chapter leave them out), so every path knows whether a hidden step
//! is on it.

use std::collections::{BTreeMap, HashMap, HashSet};

use rustdoc_types::{Attribute, Crate, Id, Item, ItemEnum, ItemKind, Visibility};

/// Rust's namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Namespace {
    /// Modules, types, traits.
    Type,
    /// Functions, constants, statics; the constructors of tuple and unit structs.
    Value,
    /// Macros of all kinds.
    Macro,
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The item; one of another crate has no entry in the crate's index.
    pub id: Id,
    /// What it is.
    pub kind: ItemKind,
    /// Whether a step of this path, or the item, is `#[doc(hidden)]`.
    pub hidden: bool,
}

/// `pub use other::module::*`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignGlob {
    /// The module it is in, ending in `::`; empty for the crate's root.
    pub prefix: String,
    /// The path it names, `other::module`.
    pub source: String,
    /// Whether it is `#[doc(hidden)]`, or below what is.
    pub hidden: bool,
}

/// Everything that can be named.
#[derive(Debug, Clone, Default)]
pub struct Surface {
    /// By path below the crate's root (`module::Name`) and namespace.
    pub entries: BTreeMap<(String, Namespace), Entry>,
    /// The path each item is called by: the shortest of those that are not hidden, else the
    /// shortest.
    pub preferred: HashMap<Id, String>,
    /// Globs over other crates' modules, whose names are not known here.
    pub foreign_globs: Vec<ForeignGlob>,
}

impl Surface {
    /// Follows every public path of a crate.
    pub fn of(krate: &Crate) -> Self {
        let mut walker = Walker {
            krate,
            surface: Self::default(),
            stack: HashSet::new(),
        };
        if let Some(ItemEnum::Module(root)) = krate.index.get(&krate.root).map(|item| &item.inner) {
            walker.items("", &root.items, false, false);
        }
        let mut surface = walker.surface;
        let mut by_id: HashMap<Id, (bool, usize, usize, String)> = HashMap::new();
        for ((path, _), entry) in &surface.entries {
            let key = (
                entry.hidden,
                path.matches("::").count(),
                path.len(),
                path.clone(),
            );
            let best = by_id.entry(entry.id).or_insert_with(|| key.clone());
            if key < *best {
                *best = key;
            }
        }
        surface.preferred = by_id
            .into_iter()
            .map(|(id, (.., path))| (id, path))
            .collect();
        surface
    }

    /// Whether a path is part of the documented API in any namespace.
    pub fn documents(&self, path: &str) -> bool {
        self.namespaces(path).any(|entry| !entry.hidden)
    }

    /// Whether a path can be named at all.
    pub fn names(&self, path: &str) -> bool {
        self.namespaces(path).next().is_some()
    }

    fn namespaces<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Entry> {
        [Namespace::Type, Namespace::Value, Namespace::Macro]
            .into_iter()
            .filter_map(move |namespace| self.entries.get(&(path.to_owned(), namespace)))
    }

    /// Whether an item is part of the documented API.
    pub fn is_documented(&self, id: Id) -> bool {
        self.preferred
            .get(&id)
            .is_some_and(|path| self.documents(path))
    }
}

/// Whether an item carries `#[doc(hidden)]` and is not deprecated.
///
/// What is deprecated and hidden at once was said goodbye to, and is still there for those it
/// served: it stays part of the API until it goes.
pub fn is_hidden(item: &Item) -> bool {
    let hides = |text: &str| {
        // Words in strings (`doc(alias = "hidden")`) are not the attribute's own.
        let own: String = text.split('"').step_by(2).collect();
        own.contains("doc") && own.contains("hidden")
    };
    item.deprecation.is_none()
        && item
            .attrs
            .iter()
            .any(|attr| matches!(attr, Attribute::Other(text) if hides(text)))
}

/// Whether an item carries `#[non_exhaustive]`.
pub fn is_non_exhaustive(item: &Item) -> bool {
    item.attrs
        .iter()
        .any(|attr| matches!(attr, Attribute::NonExhaustive))
}

fn namespaces_of(kind: ItemKind, item: Option<&Item>) -> &'static [Namespace] {
    match kind {
        ItemKind::Function | ItemKind::Constant | ItemKind::Static => &[Namespace::Value],
        ItemKind::Macro | ItemKind::ProcAttribute | ItemKind::ProcDerive => &[Namespace::Macro],
        ItemKind::Struct | ItemKind::Variant => match item.map(|item| &item.inner) {
            Some(ItemEnum::Struct(rustdoc_types::Struct {
                kind: rustdoc_types::StructKind::Plain { .. },
                ..
            })) => &[Namespace::Type],
            _ => &[Namespace::Type, Namespace::Value],
        },
        ItemKind::Primitive
        | ItemKind::Keyword
        | ItemKind::Attribute
        | ItemKind::Impl
        | ItemKind::Use => &[],
        _ => &[Namespace::Type],
    }
}

struct Walker<'a> {
    krate: &'a Crate,
    surface: Surface,
    /// Modules and globs being followed, since re-exports may form cycles.
    stack: HashSet<(Id, bool)>,
}

impl Walker<'_> {
    /// Adds the names of a module: its own first, since they shadow what globs bring.
    fn items(&mut self, prefix: &str, items: &[Id], hidden: bool, from_glob: bool) {
        let index = &self.krate.index;
        let mut globs = Vec::new();
        for id in items {
            let Some(item) = index.get(id) else { continue };
            let hidden = hidden || is_hidden(item);
            match &item.inner {
                ItemEnum::Use(import) if !matches!(item.visibility, Visibility::Public) => {
                    let _ = import;
                }
                ItemEnum::Use(import) if import.is_glob => {
                    globs.push((import.id, import.source.clone(), hidden))
                }
                ItemEnum::Use(import) => {
                    if import.name != "_"
                        && let Some(target) = import.id
                    {
                        self.add(prefix, &import.name, target, hidden, from_glob);
                    }
                }
                ItemEnum::ExternCrate { name, rename }
                    if matches!(item.visibility, Visibility::Public) =>
                {
                    let shown = rename.clone().unwrap_or_else(|| name.clone());
                    self.insert(
                        prefix,
                        &shown,
                        *id,
                        ItemKind::ExternCrate,
                        hidden,
                        from_glob,
                        &[Namespace::Type],
                    );
                }
                _ => {
                    let public = matches!(item.visibility, Visibility::Public)
                        || item.inner.item_kind() == ItemKind::Variant;
                    if let Some(name) = item.name.as_ref().filter(|_| public) {
                        self.add(prefix, name, *id, hidden, from_glob);
                    }
                }
            }
        }
        for (target, source, hidden) in globs {
            match target.and_then(|id| index.get(&id).map(|item| (id, item))) {
                Some((id, item)) => {
                    let contents = match &item.inner {
                        ItemEnum::Module(module) => &module.items,
                        ItemEnum::Enum(of) => &of.variants,
                        _ => continue,
                    };
                    if self.stack.insert((id, true)) {
                        self.items(prefix, contents, hidden, true);
                        self.stack.remove(&(id, true));
                    }
                }
                None => self.surface.foreign_globs.push(ForeignGlob {
                    prefix: prefix.to_owned(),
                    source,
                    hidden,
                }),
            }
        }
    }

    fn add(&mut self, prefix: &str, name: &str, id: Id, hidden: bool, from_glob: bool) {
        let item = self.krate.index.get(&id);
        // A re-export of a re-export.
        if let Some(ItemEnum::Use(import)) = item.map(|item| &item.inner) {
            if let Some(target) = import.id.filter(|target| *target != id && !import.is_glob) {
                self.add(prefix, name, target, hidden, from_glob);
            }
            return;
        }
        let kind = match item {
            Some(item) => item.inner.item_kind(),
            None => match self.krate.paths.get(&id) {
                Some(summary) => summary.kind,
                None => return,
            },
        };
        let hidden = hidden || item.is_some_and(is_hidden);
        let inserted = self.insert(
            prefix,
            name,
            id,
            kind,
            hidden,
            from_glob,
            namespaces_of(kind, item),
        );
        if !inserted {
            return;
        }
        if let Some(ItemEnum::Module(module)) = item.map(|item| &item.inner)
            && self.stack.insert((id, false))
        {
            self.items(&format!("{prefix}{name}::"), &module.items, hidden, false);
            self.stack.remove(&(id, false));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one entry")]
    fn insert(
        &mut self,
        prefix: &str,
        name: &str,
        id: Id,
        kind: ItemKind,
        hidden: bool,
        from_glob: bool,
        namespaces: &[Namespace],
    ) -> bool {
        let mut inserted = false;
        for namespace in namespaces {
            let key = (format!("{prefix}{name}"), *namespace);
            match self.surface.entries.get_mut(&key) {
                // The same item twice: it is documented if one of the ways is.
                Some(entry) if entry.id == id => {
                    if entry.hidden && !hidden {
                        entry.hidden = false;
                        inserted = true;
                    }
                }
                Some(_) if from_glob => {}
                _ => {
                    self.surface.entries.insert(key, Entry { id, kind, hidden });
                    inserted = true;
                }
            }
        }
        inserted
    }
}
