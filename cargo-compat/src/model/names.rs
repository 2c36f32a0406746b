//! What an item is called in a program: local items by their public path, foreign ones by a path
//! that was tried.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use rustdoc_types::{Crate, Id, ItemEnum};

use super::ident::ident;
use super::source_impl::{ProjectionImpl, SourceImpl};
use super::surface::Surface;

/// A foreign item's canonical path, which is often private
/// (`core::iter::traits::iterator::Iterator`).
pub type Canonical = Vec<String>;

/// What only the sources of a library say.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// Words that its macros may know.
    pub words: Vec<String>,
    /// What is implemented for objects of its traits.
    pub impls: Vec<SourceImpl>,
    /// What is implemented for projections.
    pub projections: Vec<ProjectionImpl>,
}

/// A library as rustdoc describes it.
#[derive(Debug, Clone, Copy)]
pub struct Described<'a> {
    /// The description.
    pub krate: &'a Crate,
    /// What can be named.
    pub surface: &'a Surface,
    /// The library's name in programs.
    pub lib: &'a str,
    /// The name a crate of the graph has in programs, by its number.
    pub aliases: &'a HashMap<u32, String>,
}

/// Names for one side's items.
#[derive(Debug)]
pub struct Names<'a> {
    krate: &'a Crate,
    surface: &'a Surface,
    /// The library's name in programs.
    lib: &'a str,
    /// The name a crate of the graph has in programs, by its number.
    aliases: &'a HashMap<u32, String>,
    /// What only the sources say.
    hints: &'a Hints,
    /// Canonical path → path that programs can use; without it nothing was tried yet.
    known: Option<&'a BTreeMap<Canonical, String>>,
    /// Foreign paths that were asked for: what has to be tried, and which crates show in the API.
    wanted: RefCell<BTreeSet<Canonical>>,
    crates: RefCell<BTreeSet<u32>>,
    /// Of these, what is re-exported as a whole.
    whole: RefCell<BTreeSet<u32>>,
}

impl<'a> Names<'a> {
    /// Names with what is known of foreign paths so far.
    pub fn new(
        library: Described<'a>,
        known: Option<&'a BTreeMap<Canonical, String>>,
        hints: &'a Hints,
    ) -> Self {
        Self {
            krate: library.krate,
            surface: library.surface,
            lib: library.lib,
            aliases: library.aliases,
            hints,
            known,
            wanted: RefCell::default(),
            crates: RefCell::default(),
            whole: RefCell::default(),
        }
    }

    /// Words that the library's macros may know.
    pub fn words(&self) -> &'a [String] {
        &self.hints.words
    }

    /// Implementations for objects.
    pub fn source_impls(&self) -> &'a [SourceImpl] {
        &self.hints.impls
    }

    /// Implementations for projections.
    pub fn projection_impls(&self) -> &'a [ProjectionImpl] {
        &self.hints.projections
    }

    /// The side described.
    pub fn krate(&self) -> &'a Crate {
        self.krate
    }

    /// What can be named.
    pub fn surface(&self) -> &'a Surface {
        self.surface
    }

    /// The library itself, as programs write it.
    pub fn root(&self) -> String {
        format!("::{}", ident(self.lib))
    }

    /// A path below the library's root, as programs write it.
    pub fn local(&self, path: &str) -> String {
        let mut text = format!("::{}", ident(self.lib));
        for part in path.split("::") {
            text.push_str("::");
            text.push_str(&ident(part));
        }
        text
    }

    /// What programs call an item; `None` if they cannot. Items of other crates go by their own
    /// name, also where this one re-exports them.
    pub fn of(&self, id: Id) -> Option<String> {
        let foreign = self
            .krate
            .paths
            .get(&id)
            .is_some_and(|summary| summary.crate_id != 0);

        // What is reached by a hidden path alone is no API: programs must not name it.
        let documented = self
            .surface
            .preferred
            .get(&id)
            .filter(|path| self.surface.documents(path));

        if let Some(path) = documented.filter(|_| !foreign) {
            return Some(self.local(path));
        }
        let summary = self.krate.paths.get(&id)?;
        if summary.crate_id == 0 {
            return None;
        }
        self.crates.borrow_mut().insert(summary.crate_id);
        let canonical = self.canonical(summary.crate_id, &summary.path);
        let Some(known) = self.known else {
            // A stand-in keeps the rendering going, so that all wanted paths are seen at once.
            let stand_in = format!("::{}", canonical.join("::"));
            self.wanted.borrow_mut().insert(canonical);
            return Some(stand_in);
        };

        known
            .get(&canonical)
            .cloned()
            .or_else(|| documented.map(|path| self.local(path)))
    }

    /// What programs call a trait that has no parameters, as far as is known.
    pub fn trait_without_parameters(&self, id: Id) -> Option<String> {
        match self.krate.index.get(&id).map(|item| &item.inner) {
            Some(ItemEnum::Trait(of)) if !of.generics.params.is_empty() => None,
            _ => self.of(id),
        }
    }

    fn canonical(&self, crate_id: u32, path: &[String]) -> Canonical {
        let mut canonical = path.to_vec();
        if let (Some(first), Some(alias)) = (canonical.first_mut(), self.aliases.get(&crate_id)) {
            first.clone_from(alias);
        }
        canonical
    }

    /// Notes that a whole crate or module of another crate is part of the API.
    pub fn show_crate(&self, number: u32) {
        self.crates.borrow_mut().insert(number);
        self.whole.borrow_mut().insert(number);
    }

    /// Numbers of crates that are re-exported as a whole, or a module of them.
    pub fn whole_crates(&self) -> BTreeSet<u32> {
        self.whole.borrow().clone()
    }

    /// Foreign paths asked for that are not known.
    pub fn wanted(&self) -> BTreeSet<Canonical> {
        self.wanted.borrow().clone()
    }

    /// Numbers of the crates whose items were asked for.
    pub fn crates(&self) -> BTreeSet<u32> {
        self.crates.borrow().clone()
    }
}

/// Paths a foreign item may be reached by, most likely first: the canonical one, then with modules
/// left out from the end.
pub fn candidates(canonical: &[String]) -> Vec<String> {
    let (Some(root), Some(name)) = (canonical.first(), canonical.last()) else {
        return Vec::new();
    };
    let modules: Vec<&str> = canonical
        .get(1..canonical.len().saturating_sub(1))
        .unwrap_or_default()
        .iter()
        .map(String::as_str)
        .collect();

    let write = |root: &str, modules: &[&str]| written_path(root, modules, name);
    let mut found = Vec::new();

    // std's collections have their public modules under other names than the private ones.
    for (private, public) in [
        (["btree", "map"], "btree_map"),
        (["btree", "set"], "btree_set"),
        (["hash", "map"], "hash_map"),
        (["hash", "set"], "hash_set"),
    ] {
        if let Some(at) = modules.windows(2).position(|pair| pair == private) {
            let mut renamed = modules[..at].to_vec();
            found.push(write(root, &[renamed.clone(), vec![public]].concat()));
            renamed.truncate(at);
            found.push(write(root, &renamed));
        }
    }

    let roots: Vec<&str> = if root == "core" || root == "alloc" {
        vec!["std", root]
    } else {
        vec![root]
    };

    for root in roots {
        for keep in (0..=modules.len()).rev() {
            found.push(write(root, &modules[..keep]));
        }
        for skip in 1..modules.len() {
            found.push(write(root, &modules[skip..]));
        }
        if let [first, .., last] = modules.as_slice() {
            found.push(write(root, &[first, last]));
        }
    }

    let mut seen = BTreeSet::new();
    found.retain(|path| seen.insert(path.clone()));

    found
}

fn written_path(root: &str, modules: &[&str], name: &str) -> String {
    let mut text = format!("::{}", ident(root));
    for part in modules.iter().copied().chain([name]) {
        text.push_str("::");
        text.push_str(&ident(part));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_paths_are_among_the_candidates() {
        for (canonical, public) in [
            (
                "core::iter::traits::iterator::Iterator",
                "::std::iter::Iterator",
            ),
            (
                "std::collections::hash::map::HashMap",
                "::std::collections::HashMap",
            ),
            (
                "alloc::collections::btree::map::Iter",
                "::alloc::collections::btree_map::Iter",
            ),
            ("core::option::Option", "::std::option::Option"),
            ("serde_core::ser::Serialize", "::serde_core::ser::Serialize"),
        ] {
            let canonical: Vec<String> = canonical.split("::").map(str::to_owned).collect();
            assert!(
                candidates(&canonical).iter().any(|path| path == public),
                "{public}"
            );
        }
    }
}
