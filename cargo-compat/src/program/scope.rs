//! The generic parameters a use is written under, types named with them, and what follows from the
//! parameters alone: defaults, variance.

use rustdoc_types::{GenericParamDefKind, Generics, Item};

use super::Writer;
use crate::model::render::{Renderer, arguments, ident};
use crate::rules;

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

/// What is common to all three kinds of type.
pub(super) fn named(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    generics: &Generics,
) -> Option<(Scope, String)> {
    let r = w.renderer();
    let name = w.names.local(path);
    let Some(scope) = Scope::of(&r, generics) else {
        w.push(
            path,
            item.id,
            &rules::GENERICS,
            "name with its arguments",
            vec![],
        );
        return None;
    };
    let ty = format!("{name}{}", scope.args());
    w.push(
        path,
        item.id,
        &rules::GENERICS,
        "name with its arguments",
        vec![scope.function(&format!("_: &{ty}"), "", "")],
    );
    w.maybe(
        path,
        item.id,
        &rules::GENERICS,
        "pass by value",
        vec![scope.function(&format!("_: {ty}"), "", "")],
    );
    let short = arguments(generics, false);
    if short.len() < arguments(generics, true).len() {
        let short = if short.is_empty() {
            name.clone()
        } else {
            format!("{name}<{}>", short.join(", "))
        };
        let used = scope.function(&format!("x: &{short}"), "", "");
        w.push(
            path,
            item.id,
            &rules::GENERICS,
            "name without defaulted arguments",
            vec![used],
        );
        if let Some(full) = with_defaults(&r, generics) {
            let full = format!("{name}<{}>", full.join(", "));
            let same = scope.function_with(
                &["'x__"],
                &format!("x: &'x__ {short}"),
                &format!(" -> &'x__ {full}"),
                "x",
            );
            w.maybe(
                path,
                item.id,
                &rules::GENERICS,
                "rely on its default arguments",
                vec![same],
            );
        }
    }
    variance(w, path, item, generics, &name, &scope);
    // A closure takes over what is not `Copy`, and borrows what is.
    let take = scope.function(
        &format!("x: {ty}"),
        " -> impl FnOnce()",
        "|| { let _y = x; }",
    );
    w.maybe(
        path,
        item.id,
        &rules::COPY,
        "be taken over by a closure",
        vec![take],
    );
    Some((scope, ty))
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

/// Longer lifetimes for shorter ones (and the other way round), and values outlived by what they
/// borrow.
fn variance(
    w: &mut Writer<'_>,
    path: &str,
    item: &Item,
    generics: &Generics,
    name: &str,
    scope: &Scope,
) {
    let names = arguments(generics, true);
    for (index, param) in generics.params.iter().enumerate() {
        let (long, short, brief) = match &param.kind {
            GenericParamDefKind::Lifetime { .. } => ("'long__", "'short__", "'x__"),
            GenericParamDefKind::Type { .. } => ("&'long__ u8", "&'short__ u8", "&'x__ u8"),
            GenericParamDefKind::Const { .. } => continue,
        };
        let with = |value: &str| {
            let args: Vec<&str> = names
                .iter()
                .enumerate()
                .map(|(at, name)| if at == index { value } else { name.as_str() })
                .collect();
            format!("{name}<{}>", args.join(", "))
        };
        let mut rest = scope.clone();
        let own = ident(&param.name);
        rest.declared.retain(|text| {
            *text != own
                && !text.starts_with(&format!("{own}:"))
                && !text.starts_with(&format!("{own} "))
        });
        rest.predicates.retain(|text| !text.contains(&own));
        let coerce = |from: &str, to: &str| {
            rest.function_with(
                &["'long__: 'short__", "'short__"],
                &format!("x: {}", with(from)),
                &format!(" -> {}", with(to)),
                "x",
            )
        };
        w.maybe(
            path,
            item.id,
            &rules::VARIANCE,
            "use a longer lifetime for a shorter one",
            vec![coerce(long, short)],
        );
        w.maybe(
            path,
            item.id,
            &rules::VARIANCE,
            "use a shorter lifetime for a longer one",
            vec![coerce(short, long)],
        );
        let body = "let v; let d = 0u8; v = mk(&d);";
        let make = rest.function(
            &format!("mk: impl for<'x__> Fn(&'x__ u8) -> {}", with(brief)),
            "",
            body,
        );
        w.maybe(
            path,
            item.id,
            &rules::VARIANCE,
            "be dropped after what it borrows",
            vec![make],
        );
    }
}
