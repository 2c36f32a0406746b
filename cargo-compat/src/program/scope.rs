//! The generic parameters a use is written under.

use rustdoc_types::{GenericParamDefKind, Generics};

use crate::model::ident::ident;
use crate::model::render::{Renderer, arguments};

/// Generic parameters that a use is written under.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    /// Lifetimes that were anonymous.
    pub(super) lifetimes: Vec<String>,
    /// Declarations of parameters.
    pub(super) declared: Vec<String>,
    /// Their names.
    pub(super) names: Vec<String>,
    /// Where predicates.
    pub(super) predicates: Vec<String>,
    types: Vec<String>,
}

impl Scope {
    pub(super) fn of(r: &Renderer<'_>, generics: &Generics) -> Option<Self> {
        let mut scope = Self::default();
        scope.extend(r, generics)?;
        Some(scope)
    }

    pub(super) fn extend(&mut self, r: &Renderer<'_>, generics: &Generics) -> Option<()> {
        self.declared.extend(r.params(generics)?);
        self.names.extend(arguments(generics, true));
        self.predicates.extend(r.predicates(generics)?);
        let types = generics.params.iter().filter(|param| {
            matches!(
                param.kind,
                GenericParamDefKind::Type {
                    is_synthetic: false,
                    ..
                }
            )
        });
        self.types.extend(types.map(|param| ident(&param.name)));
        Some(())
    }

    /// Names of type parameters.
    pub(super) fn type_names(&self) -> impl Iterator<Item = &String> {
        self.types.iter()
    }

    /// `<'a, T: Bound>`: lifetimes first, as Rust wants them.
    pub(super) fn params(&self) -> String {
        self.params_with(&[])
    }

    fn params_with(&self, extra: &[&str]) -> String {
        let (lifetimes, others): (Vec<&str>, Vec<&str>) = extra
            .iter()
            .copied()
            .chain(self.lifetimes.iter().map(String::as_str))
            .chain(self.declared.iter().map(String::as_str))
            .partition(|text| text.starts_with('\''));
        let all: Vec<&str> = lifetimes.into_iter().chain(others).collect();
        if all.is_empty() {
            String::new()
        } else {
            format!("<{}>", all.join(", "))
        }
    }

    /// `<'a, T>`.
    pub(super) fn args(&self) -> String {
        let (lifetimes, others): (Vec<&str>, Vec<&str>) = self
            .lifetimes
            .iter()
            .chain(&self.names)
            .map(String::as_str)
            .partition(|text| text.starts_with('\''));
        let all: Vec<&str> = lifetimes.into_iter().chain(others).collect();
        if all.is_empty() {
            String::new()
        } else {
            format!("<{}>", all.join(", "))
        }
    }

    /// ` where …`, or nothing.
    pub(super) fn clause(&self) -> String {
        if self.predicates.is_empty() {
            String::new()
        } else {
            format!(" where {}", self.predicates.join(", "))
        }
    }

    /// A function in this scope.
    pub(super) fn function(&self, inputs: &str, output: &str, body: &str) -> String {
        self.function_with(&[], inputs, output, body)
    }

    /// A function in this scope with further parameters.
    pub(super) fn function_with(
        &self,
        extra: &[&str],
        inputs: &str,
        output: &str,
        body: &str,
    ) -> String {
        format!(
            "fn w__{}({inputs}){output}{} {{ {body} }}",
            self.params_with(extra),
            self.clause()
        )
    }
}

/// Generic arguments with the defaults written out. `None` if one of them cannot be written.
pub(super) fn with_defaults(r: &Renderer<'_>, generics: &Generics) -> Option<Vec<String>> {
    let mut args = Vec::new();
    for param in &generics.params {
        args.push(match &param.kind {
            GenericParamDefKind::Type {
                default: Some(ty), ..
            } => r.ty(ty)?,
            GenericParamDefKind::Const {
                default: Some(value),
                ..
            } => format!("{{ {value} }}"),
            GenericParamDefKind::Type {
                is_synthetic: true, ..
            } => return None,
            _ => ident(&param.name),
        });
    }
    Some(args)
}

/// A type as programs name it.
pub(super) struct NamedType {
    pub(super) scope: Scope,
    /// `::k::S`.
    pub(super) name: String,
    /// `::k::S<'a, T>`.
    pub(super) ty: String,
}

/// The type with one of its arguments replaced.
pub(super) fn with_argument(name: &str, generics: &Generics, index: usize, value: &str) -> String {
    let mut args = arguments(generics, true);
    if let Some(arg) = args.get_mut(index) {
        value.clone_into(arg);
    }
    format!("{name}<{}>", args.join(", "))
}

/// A scope without one of its parameters, and without the bounds that name it.
pub(super) fn without_parameter(scope: &Scope, own: &str) -> Scope {
    let mut rest = scope.clone();
    rest.declared.retain(|text| {
        text != own
            && !text.starts_with(&format!("{own}:"))
            && !text.starts_with(&format!("{own} "))
    });
    rest.predicates.retain(|text| !text.contains(own));
    rest
}
