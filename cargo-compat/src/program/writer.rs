//! What the parts of the generator write to.

use std::cell::RefCell;
use std::collections::BTreeSet;

use rustdoc_types::{Id, Impl, Item, ItemEnum, Visibility};

use super::assertion::{Assertion, Need, Unwritten, Use};
use crate::model::names::Names;
use crate::model::render::Renderer;
use crate::model::surface::is_hidden;

/// The uses written so far.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    pub(super) names: &'a Names<'a>,
    pub(super) assertions: Vec<Assertion>,
    pub(super) unwritten: Vec<Unwritten>,
    /// What was not tried because there is too much of it.
    pub(super) capped: RefCell<BTreeSet<String>>,
}

/// A member of an inherent implementation that programs can name.
pub(super) struct InherentMember<'a> {
    pub(super) path: String,
    pub(super) item: &'a Item,
    pub(super) of: &'a Impl,
}

impl<'a> Writer<'a> {
    pub(super) fn new(names: &'a Names<'a>) -> Self {
        Self {
            names,
            assertions: Vec::new(),
            unwritten: Vec::new(),
            capped: RefCell::default(),
        }
    }

    /// Notes that not all of something was tried.
    pub(super) fn cap(&self, what: String) {
        self.capped.borrow_mut().insert(what);
    }

    pub(super) fn renderer(&self) -> Renderer<'a> {
        Renderer::program(self.names)
    }

    pub(super) fn item(&self, id: Id) -> Option<&'a Item> {
        self.names.krate().index.get(&id)
    }

    /// Adds a use with the ways to write it, best first. None means that it names what cannot be
    /// named.
    pub(super) fn add(&mut self, path: &str, id: Id, done: Use, ways: Vec<String>) {
        if ways.is_empty() {
            if done.need() == Need::Expected {
                self.unwritten.push(Unwritten {
                    item: path.to_owned(),
                    id,
                    done,
                });
            }
            return;
        }

        // One use is one line, so that an error's line names the use.
        let ways = ways
            .into_iter()
            .map(|code| code.replace(['\n', '\r'], " "))
            .collect();
        self.assertions.push(Assertion {
            item: path.to_owned(),
            id,
            done,
            ways,
        });
    }

    /// Public members of a type's inherent implementations.
    pub(super) fn inherent_members(&self, path: &str, impls: &[Id]) -> Vec<InherentMember<'a>> {
        let mut members = Vec::new();
        for id in impls {
            let Some(ItemEnum::Impl(of)) = self.item(*id).map(|item| &item.inner) else {
                continue;
            };
            if of.trait_.is_some() || of.is_synthetic {
                continue;
            }

            let public = of
                .items
                .iter()
                .filter_map(|id| self.item(*id))
                .filter(|item| !is_hidden(item) && matches!(item.visibility, Visibility::Public));
            members.extend(public.map(|item| InherentMember {
                path: format!("{path}::{}", item.name.as_deref().unwrap_or_default()),
                item,
                of,
            }));
        }
        members
    }
}
