//! Types that stand for parameters whose bounds cannot be named: those that implement the private
//! trait, as rustdoc lists them.

use rustdoc_types::{
    GenericBound, GenericParamDefKind, Generics, Id, ItemEnum, Type, WherePredicate,
};

use super::writer::Writer;

/// How many types are tried for a parameter.
const MOST: usize = 12;

/// Types that are tried where a trait is implemented for all types of some sort.
const COMMON: [&str; 8] = [
    "u8",
    "&'static str",
    "::std::string::String",
    "i32",
    "usize",
    "f64",
    "()",
    "::std::vec::Vec<u8>",
];

/// A type parameter that programs cannot be generic over.
#[derive(Debug, Clone)]
pub(super) struct Closed {
    pub(super) name: String,
    /// Types that may fit.
    pub(super) types: Vec<String>,
}

/// The type parameters whose bounds cannot be named.
pub(super) fn closed_parameters(w: &Writer<'_>, generics: &Generics) -> Vec<Closed> {
    let r = w.renderer();
    let mut closed = Vec::new();
    for param in &generics.params {
        let GenericParamDefKind::Type {
            bounds,
            is_synthetic: false,
            ..
        } = &param.kind
        else {
            continue;
        };
        let mut all: Vec<&GenericBound> = bounds.iter().collect();
        for predicate in &generics.where_predicates {
            if let WherePredicate::BoundPredicate {
                type_: Type::Generic(name),
                bounds,
                ..
            } = predicate
                && *name == param.name
            {
                all.extend(bounds);
            }
        }
        if all
            .iter()
            .any(|bound| r.bounds(std::slice::from_ref(*bound)).is_none())
        {
            closed.push(Closed {
                name: param.name.clone(),
                types: fitting_types(w, &all),
            });
        }
    }

    closed
}

/// Types that may satisfy bounds of which one cannot be named.
pub(super) fn fitting_types(w: &Writer<'_>, bounds: &[&GenericBound]) -> Vec<String> {
    let r = w.renderer();
    let mut types = Vec::new();
    for bound in bounds {
        let GenericBound::TraitBound { trait_, .. } = bound else {
            continue;
        };
        if r.path(trait_).is_none() {
            types.extend(implementors(w, trait_.id));
        }
    }

    types.extend(COMMON.map(str::to_owned));
    let mut seen = std::collections::HashSet::new();
    types.retain(|ty| seen.insert(ty.clone()));
    cut(
        w,
        &mut types,
        bounds.iter().find_map(|bound| match bound {
            GenericBound::TraitBound { trait_, .. } if r.path(trait_).is_none() => {
                Some(&*trait_.path)
            }
            _ => None,
        }),
    );

    types
}

/// Keeps the first types. What common types are left out is no loss.
fn cut(w: &Writer<'_>, types: &mut Vec<String>, of_trait: Option<&str>) {
    if types.len() > MOST + COMMON.len() {
        let left_out = types.len() - MOST - COMMON.len();
        let name = of_trait.unwrap_or("a trait without a name");
        w.cap(format!("{left_out} of the types that implement `{name}`"));
    }
    types.truncate(MOST);
}

/// Types that implement a trait, else those that often do.
pub(super) fn implementing_types(w: &Writer<'_>, id: Id) -> Vec<String> {
    let mut types = implementors(w, id);
    types.extend(COMMON.map(str::to_owned));
    cut(w, &mut types, None);
    types
}

/// The types that implement a trait, parameters filled in.
fn implementors(w: &Writer<'_>, id: Id) -> Vec<String> {
    let Some(ItemEnum::Trait(of)) = w.item(id).map(|item| &item.inner) else {
        return Vec::new();
    };
    of.implementations
        .iter()
        .filter_map(|id| match &w.item(*id)?.inner {
            ItemEnum::Impl(of) if !of.is_negative => filled_type(w, &of.for_, &of.generics),
            _ => None,
        })
        .collect()
}

/// A type with its parameters filled in. `None` for a parameter itself.
fn filled_type(w: &Writer<'_>, ty: &Type, generics: &Generics) -> Option<String> {
    if matches!(ty, Type::Generic(_)) {
        return None;
    }
    let r = w.renderer().filling(generics);
    // Lifetimes of the implementation are no parameters of the program.
    let mut text = r.ty(ty)?;
    for param in &generics.params {
        if matches!(param.kind, GenericParamDefKind::Lifetime { .. }) {
            text = text.replace(&format!("{} ", param.name), "'static ");
            text = text.replace(&format!("{}>", param.name), "'static>");
            text = text.replace(&format!("{},", param.name), "'static,");
        }
    }
    Some(text.replace("'_", "'static").replace("& ", "&'static "))
}

/// Choices of a type for each parameter: one parameter is varied at a time.
pub(super) fn choices(closed: &[Closed]) -> Vec<Vec<(String, String)>> {
    let first: Option<Vec<(String, String)>> = closed
        .iter()
        .map(|param| Some((param.name.clone(), param.types.first()?.clone())))
        .collect();
    let Some(first) = first else {
        return Vec::new();
    };
    let mut all = vec![first.clone()];
    for (index, param) in closed.iter().enumerate() {
        for ty in param.types.iter().skip(1) {
            let mut choice = first.clone();
            ty.clone_into(&mut choice[index].1);
            all.push(choice);
        }
    }
    all
}
