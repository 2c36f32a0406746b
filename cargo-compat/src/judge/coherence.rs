//! New implementations that users' own ones may conflict with.
//!
//! Nobody but users implements an old trait for their types, until an implementation for a type
//! parameter (`impl<T: Display> Own for T`, for `&T`, for `Box<T>`) takes all of them: RFC 1023
//! calls that a major change. What users could not have implemented (sealed traits, types that are
//! new, parameters that only the library's types fit) cannot conflict.

use std::collections::BTreeSet;

use rustdoc_types::{
    Crate, GenericArg, GenericArgs, GenericBound, GenericParamDefKind, Generics, Id, Impl, Path,
    Type, WherePredicate,
};

use super::members::Members;
use crate::model::surface::Surface;

/// What users of the old library could implement.
#[derive(Debug, Clone, Copy)]
pub struct Implementable<'a> {
    /// The new side.
    pub krate: &'a Crate,
    /// Its names.
    pub surface: &'a Surface,
    /// What the old side has.
    pub members_old: &'a Members<'a>,
    /// Paths of its traits that users can implement.
    pub traits: &'a BTreeSet<&'a str>,
}

/// Traits that stable programs cannot implement.
const CLOSED: [&str; 8] = [
    "Fn",
    "FnMut",
    "FnOnce",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Tuple",
    "Pointee",
];

impl Implementable<'_> {
    /// Whether users of the old library may have implementations that a new one conflicts with.
    pub fn may_conflict(&self, of: &Impl) -> bool {
        let Some(of_trait) = of.trait_.as_ref().filter(|_| !of.is_negative) else {
            return false;
        };
        if !self.is_implementable(of_trait) {
            return false;
        }
        let mut positions = vec![&of.for_];
        positions.extend(type_arguments(of_trait));
        if !positions.iter().all(|ty| self.existed(ty)) {
            return false;
        }

        // The first position that a type of the user's own fits decides who may implement.
        let open = positions
            .iter()
            .enumerate()
            .find_map(|(index, ty)| Some((index, parameter_of(ty, &of.generics)?)));

        let Some((index, name)) = open else {
            return false;
        };

        // `From<T> for Own<T>` is for each type what it holds, and no blanket.
        if index > 0 && mentions(&of.for_, name) {
            return false;
        }

        self.fits_users(name, &of.generics)
    }

    fn is_own(&self, id: Id) -> bool {
        self.krate.index.contains_key(&id)
            || self
                .krate
                .paths
                .get(&id)
                .is_some_and(|summary| summary.crate_id == 0)
    }

    /// Whether users could implement a trait: it is another crate's, or an old one of this crate
    /// that is not sealed.
    fn is_implementable(&self, path: &Path) -> bool {
        let name = path.path.rsplit("::").next().unwrap_or_default();
        if CLOSED.contains(&name) {
            return false;
        }
        !self.is_own(path.id)
            || self
                .surface
                .preferred
                .get(&path.id)
                .is_some_and(|own| self.traits.contains(own.as_str()))
    }

    /// Whether the library's own types in a type are old ones.
    fn existed(&self, ty: &Type) -> bool {
        let mut ids = Vec::new();
        collect_ids(ty, &mut ids);
        ids.into_iter().filter(|id| self.is_own(*id)).all(|id| {
            let path = self.surface.preferred.get(&id);
            path.is_some_and(|path| self.members_old.contains_key(path))
        })
    }

    /// Whether a type of the user's own may fit a parameter.
    fn fits_users(&self, name: &str, generics: &Generics) -> bool {
        let declared = generics
            .params
            .iter()
            .filter(|param| param.name == name)
            .filter_map(|param| match &param.kind {
                GenericParamDefKind::Type { bounds, .. } => Some(bounds),
                _ => None,
            });

        let in_clauses = generics
            .where_predicates
            .iter()
            .filter_map(|predicate| match predicate {
                WherePredicate::BoundPredicate {
                    type_: Type::Generic(of),
                    bounds,
                    ..
                } if of == name => Some(bounds),
                _ => None,
            });

        declared
            .chain(in_clauses)
            .flatten()
            .all(|bound| match bound {
                GenericBound::TraitBound { trait_, .. } => self.is_implementable(trait_),
                _ => true,
            })
    }
}

fn type_arguments(path: &Path) -> Vec<&Type> {
    match path.args.as_deref() {
        Some(GenericArgs::AngleBracketed { args, .. }) => args
            .iter()
            .filter_map(|arg| match arg {
                GenericArg::Type(ty) => Some(ty),
                _ => None,
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// The parameter that a type is, or borrows, boxes or pins: coherence looks through these.
fn parameter_of<'t>(ty: &'t Type, generics: &Generics) -> Option<&'t str> {
    match ty {
        Type::Generic(name) => generics
            .params
            .iter()
            .any(|param| param.name == *name)
            .then_some(name),
        Type::BorrowedRef { type_, .. } => parameter_of(type_, generics),
        Type::ResolvedPath(path) => {
            let name = path.path.rsplit("::").next().unwrap_or_default();
            if !matches!(name, "Box" | "Pin") {
                return None;
            }
            parameter_of(type_arguments(path).first()?, generics)
        }
        _ => None,
    }
}

fn mentions(ty: &Type, name: &str) -> bool {
    let wanted = serde_json::json!({ "generic": name }).to_string();
    serde_json::to_string(ty).is_ok_and(|text| text.contains(&wanted))
}

/// Ids of all that a type names.
fn collect_ids(ty: &Type, found: &mut Vec<Id>) {
    match ty {
        Type::ResolvedPath(path) => {
            found.push(path.id);
            for argument in type_arguments(path) {
                collect_ids(argument, found);
            }
        }
        Type::BorrowedRef { type_, .. }
        | Type::RawPointer { type_, .. }
        | Type::Slice(type_)
        | Type::Array { type_, .. } => collect_ids(type_, found),
        Type::Tuple(types) => types.iter().for_each(|ty| collect_ids(ty, found)),
        _ => {}
    }
}
