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
    /// Traits that a module re-exports as `_`, by the module's path (ending in `::`): a glob over the
    /// module brings their methods.
    pub underscored: Vec<(String, Id)>,
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
            let place = Place {
                prefix: "",
                hidden: false,
                from_glob: false,
            };
            walker.add_items(place, &root.items);
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

/// Where names are added, and how it was reached.
#[derive(Debug, Clone, Copy)]
struct Place<'p> {
    /// The module's path, ending in `::`; empty for the crate's root.
    prefix: &'p str,
    /// Whether a step on the way is `#[doc(hidden)]`.
    hidden: bool,
    /// Whether a glob brings the names, which explicit ones shadow.
    from_glob: bool,
}

/// A glob that is followed after the explicit names.
struct Glob {
    target: Option<Id>,
    source: String,
    hidden: bool,
}

impl Walker<'_> {
    /// Adds the names of a module: its own first, since they shadow what globs bring.
    fn add_items(&mut self, place: Place<'_>, items: &[Id]) {
        let mut globs = Vec::new();
        for id in items {
            let Some(item) = self.krate.index.get(id) else {
                continue;
            };
            let hidden = place.hidden || is_hidden(item);
            let place = Place { hidden, ..place };
            let public = matches!(item.visibility, Visibility::Public);
            match &item.inner {
                ItemEnum::Use(_) if !public => {}
                ItemEnum::Use(import) if import.is_glob => globs.push(Glob {
                    target: import.id,
                    source: import.source.clone(),
                    hidden,
                }),
                ItemEnum::Use(import) => {
                    if let Some(target) = import.id {
                        if import.name == "_" {
                            let underscored = (place.prefix.to_owned(), target);
                            if !hidden && !self.surface.underscored.contains(&underscored) {
                                self.surface.underscored.push(underscored);
                            }
                        } else {
                            self.add_name(place, &import.name, target);
                        }
                    }
                }
                // rustdoc gives the name in this crate as `name`, and the crate's own as `rename`.
                ItemEnum::ExternCrate { name: shown, .. } if public => {
                    let entry = Entry {
                        id: *id,
                        kind: ItemKind::ExternCrate,
                        hidden,
                    };
                    self.insert(place, shown, &entry, &[Namespace::Type]);
                }
                _ => {
                    let named = public || item.inner.item_kind() == ItemKind::Variant;
                    if let Some(name) = item.name.as_ref().filter(|_| named) {
                        self.add_name(place, name, *id);
                    }
                }
            }
        }

        for glob in globs {
            self.follow_glob(place.prefix, glob);
        }
    }

    fn follow_glob(&mut self, prefix: &str, glob: Glob) {
        let index = &self.krate.index;
        let Some((id, item)) = glob
            .target
            .and_then(|id| index.get(&id).map(|item| (id, item)))
        else {
            self.surface.foreign_globs.push(ForeignGlob {
                prefix: prefix.to_owned(),
                source: glob.source,
                hidden: glob.hidden,
            });
            return;
        };

        let contents = match &item.inner {
            ItemEnum::Module(module) => &module.items,
            ItemEnum::Enum(of) => &of.variants,
            _ => return,
        };

        if self.stack.insert((id, true)) {
            let place = Place {
                prefix,
                hidden: glob.hidden,
                from_glob: true,
            };
            self.add_items(place, contents);
            self.stack.remove(&(id, true));
        }
    }

    fn add_name(&mut self, place: Place<'_>, name: &str, id: Id) {
        let item = self.krate.index.get(&id);

        // A re-export of a re-export.
        if let Some(ItemEnum::Use(import)) = item.map(|item| &item.inner) {
            if let Some(target) = import.id.filter(|target| *target != id && !import.is_glob) {
                self.add_name(place, name, target);
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

        let hidden = place.hidden || item.is_some_and(is_hidden);
        let entry = Entry { id, kind, hidden };
        if !self.insert(place, name, &entry, namespaces_of(kind, item)) {
            return;
        }
        if let Some(ItemEnum::Module(module)) = item.map(|item| &item.inner)
            && self.stack.insert((id, false))
        {
            let place = Place {
                prefix: &format!("{}{name}::", place.prefix),
                hidden,
                from_glob: false,
            };
            self.add_items(place, &module.items);
            self.stack.remove(&(id, false));
        }
    }

    /// Adds a name. Whether anything is new by it.
    fn insert(
        &mut self,
        place: Place<'_>,
        name: &str,
        entry: &Entry,
        namespaces: &[Namespace],
    ) -> bool {
        let mut inserted = false;
        for namespace in namespaces {
            let key = (format!("{}{name}", place.prefix), *namespace);
            match self.surface.entries.get_mut(&key) {
                // The same item twice: it is documented if one of the ways is.
                Some(known) if known.id == entry.id => {
                    if known.hidden && !entry.hidden {
                        known.hidden = false;
                        inserted = true;
                    }
                }
                Some(_) if place.from_glob => {}
                _ => {
                    self.surface.entries.insert(key, entry.clone());
                    inserted = true;
                }
            }
        }
        inserted
    }
}
