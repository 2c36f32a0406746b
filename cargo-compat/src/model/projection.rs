//! `<E as P>::T`, where programs can name neither: what the implementation says that it is.

use std::collections::{BTreeMap, BTreeSet};

use rustdoc_types::{Crate, GenericArgs, Id, Impl, ItemEnum, Type};
use serde_json::Value;

/// What an associated type is.
pub enum Projected<'k> {
    /// As it stands in an implementation for a type that stands for the parameters of it.
    Of(&'k Impl, &'k Type),
    /// A type.
    Is(Type),
}

/// The type that an implementation of a trait chooses for an associated one. `is_self` tells whether
/// an implementation is for the type that is asked about, where this cannot be seen from `self_type`.
pub fn projected<'k>(
    krate: &'k Crate,
    (self_type, of_trait, name): (&Type, Id, &str),
    is_self: &dyn Fn(&Impl) -> bool,
) -> Option<Projected<'k>> {
    let wanted = serde_json::to_value(self_type).ok()?;
    implementations(krate, self_type, of_trait).find_map(|of| {
        let chosen = of.items.iter().find_map(|id| {
            let item = krate.index.get(id)?;
            match &item.inner {
                ItemEnum::AssocType {
                    type_: Some(ty), ..
                } if item.name.as_deref() == Some(name) => Some(ty),
                _ => None,
            }
        })?;
        if is_self(of) {
            return Some(Projected::Of(of, chosen));
        }

        let mut bound = Bound {
            params: of.generics.params.iter().map(|it| &*it.name).collect(),
            values: BTreeMap::new(),
        };
        let pattern = serde_json::to_value(&of.for_).ok()?;
        // An implementation for every type says nothing of a parameter.
        if matches!(self_type, Type::Generic(_)) || !bound.takes(&pattern, &wanted) {
            return None;
        }
        let chosen = serde_json::to_value(chosen).ok()?;
        let ty = serde_json::from_value(bound.filled_in(chosen)).ok()?;
        Some(Projected::Is(ty))
    })
}

/// The implementations of a trait that may be meant.
fn implementations<'k>(
    krate: &'k Crate,
    self_type: &Type,
    of_trait: Id,
) -> impl Iterator<Item = &'k Impl> {
    let inner = |id: &Id| krate.index.get(id).map(|item| &item.inner);
    let mut ids: Vec<Id> = Vec::new();
    if let Some(ItemEnum::Trait(of)) = inner(&of_trait) {
        ids.extend(&of.implementations);
    } else if let Type::ResolvedPath(path) = self_type {
        match inner(&path.id) {
            Some(ItemEnum::Struct(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Enum(of)) => ids.extend(&of.impls),
            Some(ItemEnum::Union(of)) => ids.extend(&of.impls),
            _ => {}
        }
    }
    ids.into_iter().filter_map(move |id| {
        let ItemEnum::Impl(of) = &krate.index.get(&id)?.inner else {
            return None;
        };
        let path = of.trait_.as_ref().filter(|path| path.id == of_trait)?;
        // Which of several implementations is meant, the arguments of the trait would say.
        let is_plain = match path.args.as_deref() {
            None => true,
            Some(GenericArgs::AngleBracketed { args, .. }) => args.is_empty(),
            Some(_) => false,
        };
        (is_plain && !of.is_negative).then_some(of)
    })
}

/// What stands for the parameters of an implementation.
struct Bound<'a> {
    params: BTreeSet<&'a str>,
    values: BTreeMap<String, Value>,
}

impl Bound<'_> {
    /// Whether a type is of a pattern's form.
    fn takes(&mut self, pattern: &Value, value: &Value) -> bool {
        match (pattern, value) {
            (Value::Object(fields), Value::Object(others)) => {
                for key in ["generic", "lifetime"] {
                    if let Some(Value::String(name)) = fields.get(key)
                        && self.params.contains(&**name)
                    {
                        let given = if key == "generic" {
                            Some(value)
                        } else {
                            others.get(key)
                        };
                        let Some(given) = given else { return false };
                        if !self.binds(name, given) {
                            return false;
                        }
                        if key == "generic" {
                            return true;
                        }
                    }
                }
                fields.len() == others.len()
                    && fields.iter().all(|(key, field)| {
                        let is_lifetime = key == "lifetime"
                            && field.as_str().is_some_and(|it| self.params.contains(it));
                        // A path is spelled as its author likes.
                        let is_spelling = key == "path" && fields.contains_key("id");
                        is_lifetime
                            || is_spelling
                            || others
                                .get(key)
                                .is_some_and(|other| self.takes(field, other))
                    })
            }
            (Value::Array(items), Value::Array(others)) => {
                items.len() == others.len()
                    && items
                        .iter()
                        .zip(others)
                        .all(|(item, other)| self.takes(item, other))
            }
            _ => pattern == value,
        }
    }

    fn binds(&mut self, name: &str, value: &Value) -> bool {
        let bound = self
            .values
            .entry(name.to_owned())
            .or_insert_with(|| value.clone());
        bound == value
    }

    /// A type with the parameters replaced.
    fn filled_in(&self, value: Value) -> Value {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(name)) = fields.get("generic")
                    && let Some(bound) = self.values.get(name)
                {
                    return bound.clone();
                }
                let filled = fields.into_iter().map(|(key, field)| {
                    let bound = field
                        .as_str()
                        .filter(|_| key == "lifetime")
                        .and_then(|name| self.values.get(name));
                    let field = bound.cloned().unwrap_or_else(|| self.filled_in(field));
                    (key, field)
                });
                Value::Object(filled.collect())
            }
            Value::Array(items) => {
                Value::Array(items.into_iter().map(|item| self.filled_in(item)).collect())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn parameters_of_an_implementation_are_read_off_the_type() {
        let mut bound = Bound {
            params: BTreeSet::from(["T", "'a"]),
            values: BTreeMap::new(),
        };
        let pattern = json!({"borrowed_ref": {"lifetime": "'a", "type": {"generic": "T"}}});
        let given = json!({"borrowed_ref": {"lifetime": "'x", "type": {"primitive": "u8"}}});
        let spelled = json!({"path": "E", "id": 1});
        assert!(bound.takes(&spelled, &json!({"path": "p::E", "id": 1})));
        assert!(!bound.takes(&spelled, &json!({"path": "E", "id": 2})));
        assert!(bound.takes(&pattern, &given));
        let chosen = json!({"tuple": [{"generic": "T"}, {"lifetime": "'a"}, {"generic": "U"}]});
        assert_eq!(
            bound.filled_in(chosen),
            json!({"tuple": [{"primitive": "u8"}, {"lifetime": "'x"}, {"generic": "U"}]})
        );

        let twice = json!({"tuple": [{"generic": "T"}, {"generic": "T"}]});
        let other = json!({"tuple": [{"primitive": "u8"}, {"primitive": "i8"}]});
        bound.values.clear();
        assert!(!bound.takes(&twice, &other));
    }
}
