//! Types, generics and bounds back to source.
//!
//! For programs every path is absolute and can be named from another crate; what cannot be named
//! makes the whole rendering `None`. For people paths are spelled as their author did.

use std::cell::RefCell;
use std::collections::HashMap;

use rustdoc_types::{
    Abi, AssocItemConstraintKind, Constant, FunctionHeader, FunctionPointer, GenericArg,
    GenericArgs, GenericBound, GenericParamDef, GenericParamDefKind, Generics, Id, Impl, Path,
    PreciseCapturingArg, Term, TraitBoundModifier, Type, WherePredicate,
};

use super::ident::ident;
use super::names::Names;
use super::projection::{Projected, projected};

/// Writes source. One is made for each item, since it carries what stands for `Self` and for
/// anonymous lifetimes there.
#[derive(Debug, Default)]
pub struct Renderer<'a> {
    names: Option<&'a Names<'a>>,
    /// What `Self` is written as.
    pub self_type: Option<String>,
    /// What `Self::Name` is written as, while a trait is implemented.
    pub own_types: HashMap<String, String>,
    /// Lifetimes given to anonymous ones, if they are to be named.
    anonymous: RefCell<Option<(&'static str, Vec<String>)>>,
    /// The lifetime that elision would put into a function's output.
    pub output_lifetime: Option<String>,
    /// What type parameters are written as, where they stand for something.
    pub generics: HashMap<String, String>,
    /// Whether types that cannot be named are left to inference, as bodies of functions may.
    pub infer: bool,
    /// Parameters that stand for what cannot be named, and for type parameters: for helpers whose
    /// arguments tell what they are.
    holes: Option<RefCell<Vec<(Id, String)>>>,
}

/// Stands for a type parameter among holes.
const PARAMETER: Id = Id(u32::MAX);

impl<'a> Renderer<'a> {
    /// For programs.
    pub fn program(names: &'a Names<'a>) -> Self {
        Self {
            names: Some(names),
            ..Self::default()
        }
    }

    /// For people.
    pub fn people() -> Self {
        Self::default()
    }

    /// For bodies of functions, where what cannot be named is inferred.
    pub fn body(names: &'a Names<'a>) -> Self {
        Self {
            names: Some(names),
            infer: true,
            ..Self::default()
        }
    }

    /// For signatures of helpers: each type that cannot be named, and each type parameter, is a
    /// parameter of the helper.
    pub fn with_holes(names: &'a Names<'a>) -> Self {
        Self {
            names: Some(names),
            holes: Some(RefCell::default()),
            ..Self::default()
        }
    }

    /// One that names the same way and stands for nothing yet.
    pub fn fork(&self) -> Renderer<'a> {
        Renderer {
            names: self.names,
            ..Renderer::default()
        }
    }

    /// The holes made so far: the item each stands for, and its parameter.
    pub fn take_holes(&self) -> Vec<(Id, String)> {
        self.holes
            .as_ref()
            .map(|holes| holes.take())
            .unwrap_or_default()
    }

    /// What stands for a type that cannot be named, if anything may.
    fn hole(&self, id: Id) -> Option<String> {
        if self.infer {
            return Some("_".to_owned());
        }
        let mut holes = self.holes.as_ref()?.borrow_mut();
        let name = format!("H{}__", holes.len());
        holes.push((id, name.clone()));
        Some(name)
    }

    fn type_path(&self, path: &Path) -> Option<String> {
        self.path(path).or_else(|| self.hole(path.id))
    }

    /// From here on anonymous lifetimes are given names that begin so.
    pub fn name_anonymous(&self, prefix: &'static str) {
        *self.anonymous.borrow_mut() = Some((prefix, Vec::new()));
    }

    /// The names given so far; from here on anonymous lifetimes are left as they are.
    pub fn take_anonymous(&self) -> Vec<String> {
        self.anonymous.borrow_mut().take().unwrap_or_default().1
    }

    fn lifetime(&self, name: Option<&str>) -> String {
        match name {
            Some(name) if name != "'_" => name.to_owned(),
            other => {
                if let Some((prefix, given)) = self.anonymous.borrow_mut().as_mut() {
                    let name = format!("'{prefix}{}__", given.len());
                    given.push(name.clone());
                    return name;
                }
                self.output_lifetime
                    .clone()
                    .unwrap_or_else(|| other.unwrap_or_default().to_owned())
            }
        }
    }

    /// A type.
    pub fn ty(&self, ty: &Type) -> Option<String> {
        Some(match ty {
            Type::ResolvedPath(path) => self.type_path(path)?,
            Type::DynTrait(of)
                if of
                    .traits
                    .iter()
                    .any(|poly| self.path(&poly.trait_).is_none()) =>
            {
                self.hole(PARAMETER)?
            }
            Type::DynTrait(of) => {
                let mut bounds = Vec::new();
                for poly in &of.traits {
                    bounds.push(format!(
                        "{}{}",
                        self.higher(&poly.generic_params)?,
                        self.path(&poly.trait_)?
                    ));
                }
                bounds.extend(of.lifetime.clone().map(|name| self.lifetime(Some(&name))));
                format!("(dyn {})", bounds.join(" + "))
            }
            Type::Generic(name) if name == "Self" => {
                self.self_type.clone().unwrap_or_else(|| name.clone())
            }
            Type::Generic(name) if self.holes.is_some() => {
                self.hole(PARAMETER).unwrap_or_else(|| name.clone())
            }
            Type::Generic(name) => self
                .generics
                .get(name)
                .cloned()
                .unwrap_or_else(|| ident(name)),
            Type::Primitive(name) if name == "never" => "!".to_owned(),
            Type::Primitive(name) => name.clone(),
            Type::FunctionPointer(pointer) => self.function_pointer(pointer)?,
            Type::Tuple(types) => match types.as_slice() {
                [one] => format!("({},)", self.ty(one)?),
                many => format!("({})", self.types(many)?.join(", ")),
            },
            Type::Slice(ty) => format!("[{}]", self.ty(ty)?),
            Type::Array { type_, len } => format!("[{}; {}]", self.ty(type_)?, self.length(len)?),
            Type::ImplTrait(_) if self.infer || self.holes.is_some() => self.hole(PARAMETER)?,
            Type::ImplTrait(bounds) => format!("(impl {})", self.bounds(bounds)?),
            Type::Infer => "_".to_owned(),
            Type::RawPointer { is_mutable, type_ } => {
                format!(
                    "*{} {}",
                    if *is_mutable { "mut" } else { "const" },
                    self.ty(type_)?
                )
            }
            Type::BorrowedRef {
                lifetime,
                is_mutable,
                type_,
            } => {
                let name = self.lifetime(lifetime.as_deref());
                let space = if name.is_empty() { "" } else { " " };
                format!(
                    "&{name}{space}{}{}",
                    if *is_mutable { "mut " } else { "" },
                    self.ty(type_)?
                )
            }
            Type::QualifiedPath { .. } => self.qualified(ty)?,
            Type::Pat { .. } => return None,
        })
    }

    /// `<T as Trait>::Name`.
    fn qualified(&self, ty: &Type) -> Option<String> {
        let Type::QualifiedPath {
            name,
            args,
            self_type,
            trait_,
        } = ty
        else {
            return None;
        };

        if matches!(&**self_type, Type::Generic(this) if this == "Self")
            && let Some(own) = self.own_types.get(name)
        {
            return Some(own.clone());
        }
        let args = match args.as_deref() {
            Some(args) => self.args(args)?,
            None => String::new(),
        };

        self.written_projection((self_type, trait_.as_ref(), name), &args)
            .or_else(|| self.projection(self_type, trait_.as_ref()?, name))
            .or_else(|| self.hole(PARAMETER))
    }

    /// One in which what cannot be named has no rendering.
    fn strict(&self) -> Renderer<'a> {
        Renderer {
            names: self.names,
            self_type: self.self_type.clone(),
            own_types: self.own_types.clone(),
            generics: self.generics.clone(),
            ..Renderer::default()
        }
    }

    /// A projection as it stands, or with the trait that was left out.
    fn written_projection(
        &self,
        (self_type, of_trait, name): (&Type, Option<&Path>, &str),
        args: &str,
    ) -> Option<String> {
        // Of what is inferred a projection says nothing: the implementation says more.
        if !matches!(self_type, Type::Generic(_)) {
            self.strict().ty(self_type)?;
        }
        let owner = self.ty(self_type)?;
        let name = ident(name);
        let Some(path) = of_trait else {
            return Some(format!("<{owner}>::{name}{args}"));
        };
        if !path.path.is_empty() {
            return Some(format!("<{owner} as {}>::{name}{args}", self.path(path)?));
        }

        // `T::Name` says of which trait it is only as long as `T` is a parameter.
        let stands_for_another =
            matches!(self_type, Type::Generic(own) if self.generics.contains_key(own));
        if !stands_for_another {
            return Some(format!("<{owner}>::{name}{args}"));
        }
        let named = self.names?.trait_without_parameters(path.id)?;
        Some(format!("<{owner} as {named}>::{name}{args}"))
    }

    /// What an implementation says that a projection is.
    fn projection(&self, self_type: &Type, of_trait: &Path, name: &str) -> Option<String> {
        let krate = self.names?.krate();
        let stands_for = match self_type {
            Type::Generic(own) => self.generics.get(own),
            _ => None,
        };
        let is_self = |of: &Impl| {
            stands_for.is_some() && self.filling(&of.generics).ty(&of.for_).as_ref() == stands_for
        };
        match projected(krate, (self_type, of_trait.id, name), &is_self)? {
            Projected::Of(of, ty) => self.filling(&of.generics).ty(ty),
            Projected::Is(ty) => self.ty(&ty),
        }
    }

    /// One that writes something common for each parameter.
    pub fn filling(&self, generics: &Generics) -> Renderer<'a> {
        let mut filling = self.strict();
        for param in &generics.params {
            let value = match &param.kind {
                GenericParamDefKind::Type { .. } => "u8",
                GenericParamDefKind::Const { .. } => "1",
                GenericParamDefKind::Lifetime { .. } => continue,
            };
            filling
                .generics
                .insert(param.name.clone(), value.to_owned());
        }
        filling
    }

    fn types(&self, types: &[Type]) -> Option<Vec<String>> {
        types.iter().map(|ty| self.ty(ty)).collect()
    }

    fn length(&self, text: &str) -> Option<String> {
        // A literal or a parameter's name; anything else names the crate's inside.
        let simple = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if self.infer && !simple {
            return Some("_".to_owned());
        }
        let parameter = self.generics.get(text).cloned();
        (self.names.is_none() || simple).then(|| parameter.unwrap_or_else(|| text.to_owned()))
    }

    fn function_pointer(&self, pointer: &FunctionPointer) -> Option<String> {
        // Elision inside is the pointer's own.
        let anonymous = self.anonymous.borrow_mut().take();
        let inner = Renderer {
            infer: self.infer,
            ..self.strict()
        };

        let text = (|| {
            let mut inputs = Vec::new();
            for (_, ty) in &pointer.sig.inputs {
                inputs.push(inner.ty(ty)?);
            }
            if pointer.sig.is_c_variadic {
                inputs.push("...".to_owned());
            }
            let output = match &pointer.sig.output {
                Some(ty) => format!(" -> {}", inner.ty(ty)?),
                None => String::new(),
            };
            Some(format!(
                "{}{}fn({}){output}",
                inner.higher(&pointer.generic_params)?,
                header(&pointer.header, true),
                inputs.join(", ")
            ))
        })();

        *self.anonymous.borrow_mut() = anonymous;

        text
    }

    /// A path with its arguments.
    pub fn path(&self, path: &Path) -> Option<String> {
        let name = match self.names {
            Some(names) => names.of(path.id)?,
            None => path.path.rsplit("::").next().unwrap_or_default().to_owned(),
        };
        Some(format!(
            "{name}{}",
            path.args
                .as_deref()
                .map_or(Some(String::new()), |args| self.args(args))?
        ))
    }

    fn args(&self, args: &GenericArgs) -> Option<String> {
        match args {
            GenericArgs::AngleBracketed { args, constraints } => {
                let mut parts = Vec::new();
                for arg in args {
                    parts.push(match arg {
                        GenericArg::Lifetime(name) => self.lifetime(Some(name)),
                        GenericArg::Type(ty) => self.ty(ty)?,
                        GenericArg::Const(value) => self.constant(value)?,
                        GenericArg::Infer => "_".to_owned(),
                    });
                }
                for constraint in constraints {
                    let args = constraint
                        .args
                        .as_deref()
                        .map_or(Some(String::new()), |args| self.args(args))?;
                    parts.push(match &constraint.binding {
                        AssocItemConstraintKind::Equality(term) => {
                            format!("{}{args} = {}", ident(&constraint.name), self.term(term)?)
                        }
                        AssocItemConstraintKind::Constraint(bounds) => {
                            format!(
                                "{}{args}: {}",
                                ident(&constraint.name),
                                self.bounds(bounds)?
                            )
                        }
                    });
                }
                parts.retain(|part| !part.is_empty());
                Some(if parts.is_empty() {
                    String::new()
                } else {
                    format!("<{}>", parts.join(", "))
                })
            }
            GenericArgs::Parenthesized { inputs, output } => {
                let anonymous = self.anonymous.borrow_mut().take();
                let text = self.types(inputs).and_then(|inputs| {
                    let output = match output {
                        Some(ty) => format!(" -> {}", self.ty(ty)?),
                        None => String::new(),
                    };
                    Some(format!("({}){output}", inputs.join(", ")))
                });
                *self.anonymous.borrow_mut() = anonymous;
                text
            }
            GenericArgs::ReturnTypeNotation => None,
        }
    }

    fn constant(&self, value: &Constant) -> Option<String> {
        let text = value.value.as_ref().unwrap_or(&value.expr);
        let plain = text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'\'' | b'"'));
        if self.names.is_none() || plain {
            let word = text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            return Some(if word {
                text.clone()
            } else {
                format!("{{ {text} }}")
            });
        }
        None
    }

    fn term(&self, term: &Term) -> Option<String> {
        match term {
            Term::Type(ty) => self.ty(ty),
            Term::Constant(value) => self.constant(value),
        }
    }

    /// Bounds joined by `+`.
    pub fn bounds(&self, bounds: &[GenericBound]) -> Option<String> {
        Some(self.bound_list(bounds)?.join(" + "))
    }

    /// Bounds one by one.
    pub fn bound_list(&self, bounds: &[GenericBound]) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        for bound in bounds {
            parts.push(match bound {
                GenericBound::TraitBound {
                    trait_,
                    generic_params,
                    modifier,
                } => {
                    let question = match modifier {
                        TraitBoundModifier::Maybe => "?",
                        _ => "",
                    };
                    format!(
                        "{question}{}{}",
                        self.higher(generic_params)?,
                        self.path(trait_)?
                    )
                }
                GenericBound::Outlives(name) => self.lifetime(Some(name)),
                GenericBound::Use(args) => {
                    let args: Vec<String> = args
                        .iter()
                        .map(|arg| match arg {
                            PreciseCapturingArg::Lifetime(name) => name.clone(),
                            PreciseCapturingArg::Param(name) => ident(name),
                        })
                        .collect();
                    format!("use<{}>", args.join(", "))
                }
            });
        }

        Some(parts)
    }

    /// `for<'a> `, or nothing.
    fn higher(&self, params: &[GenericParamDef]) -> Option<String> {
        let names: Vec<&str> = params.iter().map(|param| param.name.as_str()).collect();
        Some(if names.is_empty() {
            String::new()
        } else {
            format!("for<{}> ", names.join(", "))
        })
    }

    /// Parameters with their bounds, without angle brackets. Those that rustdoc made for `impl
    /// Trait` arguments are left out.
    pub fn params(&self, generics: &Generics) -> Option<Vec<String>> {
        self.declared(generics, false)
    }

    /// Parameters with bounds and, if asked for, defaults.
    pub fn declared(&self, generics: &Generics, defaults: bool) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        for param in &generics.params {
            parts.push(match &param.kind {
                GenericParamDefKind::Lifetime { outlives } if outlives.is_empty() => {
                    param.name.clone()
                }
                GenericParamDefKind::Lifetime { outlives } => {
                    format!("{}: {}", param.name, outlives.join(" + "))
                }
                GenericParamDefKind::Type {
                    is_synthetic: true, ..
                } => continue,
                GenericParamDefKind::Type {
                    bounds, default, ..
                } => {
                    let mut text = ident(&param.name);
                    if !bounds.is_empty() {
                        text.push_str(&format!(": {}", self.bounds(bounds)?));
                    }
                    if let Some(ty) = default.as_ref().filter(|_| defaults) {
                        text.push_str(&format!(" = {}", self.ty(ty)?));
                    }
                    text
                }
                GenericParamDefKind::Const { type_, default } => {
                    let mut text = format!("const {}: {}", ident(&param.name), self.ty(type_)?);
                    if let Some(value) = default.as_ref().filter(|_| defaults) {
                        text.push_str(&format!(" = {value}"));
                    }
                    text
                }
            });
        }

        Some(parts)
    }

    /// ` where …`, or nothing.
    pub fn where_clause(&self, generics: &Generics) -> Option<String> {
        let parts = self.predicates(generics)?;
        Some(if parts.is_empty() {
            String::new()
        } else {
            format!(" where {}", parts.join(", "))
        })
    }

    /// Where predicates one by one.
    pub fn predicates(&self, generics: &Generics) -> Option<Vec<String>> {
        let mut parts = Vec::new();
        for predicate in &generics.where_predicates {
            parts.push(match predicate {
                WherePredicate::BoundPredicate {
                    type_,
                    bounds,
                    generic_params,
                } => {
                    // A predicate that begins with `<` is taken for parameters of the clause.
                    let ty = self.ty(type_)?;
                    let ty = if ty.starts_with('<') {
                        format!("({ty})")
                    } else {
                        ty
                    };
                    format!(
                        "{}{ty}: {}",
                        self.higher(generic_params)?,
                        self.bounds(bounds)?
                    )
                }
                WherePredicate::LifetimePredicate { lifetime, outlives } => {
                    format!("{lifetime}: {}", outlives.join(" + "))
                }
                WherePredicate::EqPredicate { .. } => return None,
            });
        }

        Some(parts)
    }
}

/// The names of parameters, as arguments: `'a, T, N`. Those that have defaults can be left out.
pub fn arguments(generics: &Generics, with_defaults: bool) -> Vec<String> {
    let wanted = |param: &&GenericParamDef| match &param.kind {
        GenericParamDefKind::Lifetime { .. } => true,
        GenericParamDefKind::Type {
            default,
            is_synthetic,
            ..
        } => !is_synthetic && (with_defaults || default.is_none()),
        GenericParamDefKind::Const { default, .. } => with_defaults || default.is_none(),
    };
    generics
        .params
        .iter()
        .filter(wanted)
        .map(|param| ident(&param.name))
        .collect()
}

/// `<…>`, or nothing.
pub fn angle(parts: &[String]) -> String {
    if parts.is_empty() {
        String::new()
    } else {
        format!("<{}>", parts.join(", "))
    }
}

/// `const unsafe extern "C" ` and the like, in the order Rust wants.
pub fn header(header: &FunctionHeader, pointer: bool) -> String {
    let mut text = String::new();
    if header.is_const && !pointer {
        text.push_str("const ");
    }
    if header.is_async && !pointer {
        text.push_str("async ");
    }
    if header.is_unsafe {
        text.push_str("unsafe ");
    }
    if let Some(abi) = abi(&header.abi) {
        text.push_str(&format!("extern \"{abi}\" "));
    }
    text
}

fn abi(abi: &Abi) -> Option<String> {
    let (name, unwind) = match abi {
        Abi::Rust => return None,
        Abi::C { unwind } => ("C", *unwind),
        Abi::Cdecl { unwind } => ("cdecl", *unwind),
        Abi::Stdcall { unwind } => ("stdcall", *unwind),
        Abi::Fastcall { unwind } => ("fastcall", *unwind),
        Abi::Aapcs { unwind } => ("aapcs", *unwind),
        Abi::Win64 { unwind } => ("win64", *unwind),
        Abi::SysV64 { unwind } => ("sysv64", *unwind),
        Abi::System { unwind } => ("system", *unwind),
        Abi::Other(name) => return Some(name.trim_matches('"').to_owned()),
    };
    Some(if unwind {
        format!("{name}-unwind")
    } else {
        name.to_owned()
    })
}
