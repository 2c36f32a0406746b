//! Structs, enums, unions, aliases, constants and statics: named, built, taken apart, read, written, matched, cast and coerced.

use rustdoc_types::{
    Enum, GenericParamDefKind, Generics, Id, Impl, Item, ItemEnum, Static, Struct, StructKind, Type,
    TypeAlias, Union, Variant, VariantKind, Visibility,
};

use super::Writer;
use crate::model::render::{Renderer, arguments, ident};
use crate::model::surface::{is_hidden, is_non_exhaustive};
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
        let types = generics
            .params
            .iter()
            .filter(|param| matches!(param.kind, GenericParamDefKind::Type { is_synthetic: false, .. }));
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
        if all.is_empty() { String::new() } else { format!("<{}>", all.join(", ")) }
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
        if all.is_empty() { String::new() } else { format!("<{}>", all.join(", ")) }
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
    pub(super) fn function_with(&self, extra: &[&str], inputs: &str, output: &str, body: &str) -> String {
        format!("fn w__{}({inputs}){output}{} {{ {body} }}", self.params_with(extra), self.clause())
    }
}

/// What is common to all three kinds of type.
fn named(w: &mut Writer<'_>, path: &str, item: &Item, generics: &Generics) -> Option<(Scope, String)> {
    let r = w.renderer();
    let name = w.names.local(path);
    let Some(scope) = Scope::of(&r, generics) else {
        w.push(path, item.id, &rules::GENERICS, "name with its arguments", vec![]);
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
        let short = if short.is_empty() { name.clone() } else { format!("{name}<{}>", short.join(", ")) };
        let used = scope.function(&format!("x: &{short}"), "", "");
        w.push(path, item.id, &rules::GENERICS, "name without defaulted arguments", vec![used]);
        if let Some(full) = with_defaults(&r, generics) {
            let full = format!("{name}<{}>", full.join(", "));
            let same = scope.function_with(
                &["'x__"],
                &format!("x: &'x__ {short}"),
                &format!(" -> &'x__ {full}"),
                "x",
            );
            w.maybe(path, item.id, &rules::GENERICS, "rely on its default arguments", vec![same]);
        }
    }
    variance(w, path, item, generics, &name, &scope);
    // A closure takes over what is not `Copy`, and borrows what is.
    let take = scope.function(&format!("x: {ty}"), " -> impl FnOnce()", "|| { let _y = x; }");
    w.maybe(path, item.id, &rules::COPY, "be taken over by a closure", vec![take]);
    Some((scope, ty))
}

/// Generic arguments with the defaults written out. `None` if one of them cannot be written.
pub(super) fn with_defaults(r: &Renderer<'_>, generics: &Generics) -> Option<Vec<String>> {
    let mut args = Vec::new();
    for param in &generics.params {
        args.push(match &param.kind {
            GenericParamDefKind::Type { default: Some(ty), .. } => r.ty(ty)?,
            GenericParamDefKind::Const { default: Some(value), .. } => format!("{{ {value} }}"),
            GenericParamDefKind::Type { is_synthetic: true, .. } => return None,
            _ => ident(&param.name),
        });
    }
    Some(args)
}

/// Longer lifetimes for shorter ones (and the other way round), and values outlived by what they borrow.
fn variance(w: &mut Writer<'_>, path: &str, item: &Item, generics: &Generics, name: &str, scope: &Scope) {
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
            *text != own && !text.starts_with(&format!("{own}:")) && !text.starts_with(&format!("{own} "))
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
        let make = rest.function(&format!("mk: impl for<'x__> Fn(&'x__ u8) -> {}", with(brief)), "", body);
        w.maybe(path, item.id, &rules::VARIANCE, "be dropped after what it borrows", vec![make]);
    }
}

/// A field that users see.
struct Field {
    id: Id,
    name: String,
    ty: Option<String>,
}

fn fields(
    w: &Writer<'_>,
    r: &Renderer<'_>,
    ids: impl Iterator<Item = Option<Id>>,
    in_variant: bool,
) -> (Vec<Field>, bool) {
    let (mut found, mut all) = (Vec::new(), true);
    for id in ids {
        match id.and_then(|id| w.get(id)) {
            Some(item)
                if (in_variant || matches!(item.visibility, Visibility::Public)) && !is_hidden(item) =>
            {
                if let ItemEnum::StructField(ty) = &item.inner {
                    found.push(Field {
                        id: item.id,
                        name: item.name.clone().unwrap_or_default(),
                        ty: r.ty(ty),
                    });
                }
            }
            _ => all = false,
        }
    }
    (found, all)
}

/// Literals, destructuring and access of a struct's or variant's fields.
#[expect(clippy::too_many_arguments, reason = "a struct and a variant differ in all of them")]
fn build_and_take_apart(
    w: &mut Writer<'_>,
    path: &str,
    id: Id,
    scope: &Scope,
    ty: &str,
    name: &str,
    found: &[Field],
    all: bool,
    tuple: bool,
    refutable: bool,
) {
    let rule = &rules::CONSTRUCTION;
    let otherwise = if refutable { " else { return }" } else { "" };
    let binds: Vec<String> =
        found.iter().enumerate().map(|(index, field)| format!("{}: f{index}", ident(&field.name))).collect();
    if all {
        let inputs: Option<Vec<String>> = found
            .iter()
            .enumerate()
            .map(|(index, field)| Some(format!("f{index}: {}", field.ty.as_ref()?)))
            .collect();
        let literal = inputs.as_ref().map(|inputs| {
            scope.function(
                &inputs.join(", "),
                &format!(" -> {ty}"),
                &format!("{name} {{ {} }}", binds.join(", ")),
            )
        });
        w.push(path, id, rule, "build", literal.into_iter().collect());
        let pattern = format!("let {name} {{ {} }} = x{otherwise};", binds.join(", "));
        w.push(path, id, rule, "take apart", vec![scope.function(&format!("x: &{ty}"), "", &pattern)]);
        if tuple {
            let values: Vec<String> = (0..found.len()).map(|index| format!("f{index}")).collect();
            if let Some(inputs) = &inputs {
                let built = format!("{name}({})", values.join(", "));
                w.push(
                    path,
                    id,
                    rule,
                    "build by calling",
                    vec![scope.function(&inputs.join(", "), &format!(" -> {ty}"), &built)],
                );
            }
            let pattern = format!("let {name}({}) = x{otherwise};", values.join(", "));
            w.push(path, id, rule, "take apart", vec![scope.function(&format!("x: &{ty}"), "", &pattern)]);
        }
    } else if !found.is_empty() {
        let pattern = format!("let {name} {{ {}, .. }} = x{otherwise};", binds.join(", "));
        w.push(
            path,
            id,
            rule,
            "match its public fields",
            vec![scope.function(&format!("x: &{ty}"), "", &pattern)],
        );
    }
    let _ = tuple;
}

fn access(w: &mut Writer<'_>, path: &str, scope: &Scope, ty: &str, found: &[Field], unsafe_: bool) {
    let wrap = |body: String| if unsafe_ { format!("unsafe {{ {body} }}") } else { body };
    for field in found {
        let (item, name) = (format!("{path}::{}", field.name), ident(&field.name));
        let Some(of) = &field.ty else {
            w.push(
                &item,
                field.id,
                &rules::FIELD,
                "read",
                vec![scope.function(&format!("x: &{ty}"), "", &format!("let _ = &x.{name};"))],
            );
            continue;
        };
        let read = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ {ty}"),
            &format!(" -> &'x__ {of}"),
            &wrap(format!("&x.{name}")),
        );
        w.push(&item, field.id, &rules::FIELD, "read", vec![read]);
        let write = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ mut {ty}"),
            &format!(" -> &'x__ mut {of}"),
            &wrap(format!("&mut x.{name}")),
        );
        w.push(&item, field.id, &rules::FIELD, "write", vec![write]);
        let take = scope.function(&format!("x: {ty}"), &format!(" -> {of}"), &wrap(format!("x.{name}")));
        w.maybe(&item, field.id, &rules::FIELD, "move out", vec![take]);
    }
}

/// A struct.
pub(super) fn structure(w: &mut Writer<'_>, path: &str, item: &Item, of: &Struct) {
    w.inherent(path, &of.impls);
    let Some((scope, ty)) = named(w, path, item, &of.generics) else { return };
    let mut r = w.renderer();
    r.self_type = Some(ty.clone());
    let name = w.names.local(path);
    let pattern = scope.function(&format!("x: &{ty}"), "", &format!("let {name} {{ .. }} = x;"));
    w.push(path, item.id, &rules::CONSTRUCTION, "match as a struct", vec![pattern]);
    let closed = !is_non_exhaustive(item);
    match &of.kind {
        StructKind::Unit => {
            if closed {
                w.push(
                    path,
                    item.id,
                    &rules::CONSTRUCTION,
                    "build",
                    vec![scope.function("", &format!(" -> {ty}"), &name)],
                );
                w.push(
                    path,
                    item.id,
                    &rules::CONSTRUCTION,
                    "take apart",
                    vec![scope.function(&format!("x: {ty}"), "", &format!("let {name} = x;"))],
                );
            }
        }
        StructKind::Tuple(ids) => {
            let (found, all) = fields(w, &r, ids.iter().copied(), false);
            build_and_take_apart(w, path, item.id, &scope, &ty, &name, &found, all && closed, true, false);
            access(w, path, &scope, &ty, &found, false);
        }
        StructKind::Plain { fields: ids, has_stripped_fields } => {
            let (found, all) = fields(w, &r, ids.iter().copied().map(Some), false);
            build_and_take_apart(
                w,
                path,
                item.id,
                &scope,
                &ty,
                &name,
                &found,
                all && !has_stripped_fields && closed,
                false,
                false,
            );
            access(w, path, &scope, &ty, &found, false);
        }
    }
}

/// A union.
pub(super) fn union(w: &mut Writer<'_>, path: &str, item: &Item, of: &Union) {
    w.inherent(path, &of.impls);
    let Some((scope, ty)) = named(w, path, item, &of.generics) else { return };
    let r = w.renderer();
    let name = w.names.local(path);
    let (found, _) = fields(w, &r, of.fields.iter().copied().map(Some), false);
    for field in &found {
        let Some(of) = &field.ty else { continue };
        let built = scope.function(
            &format!("f: {of}"),
            &format!(" -> {ty}"),
            &format!("{name} {{ {}: f }}", ident(&field.name)),
        );
        w.push(&format!("{path}::{}", field.name), field.id, &rules::CONSTRUCTION, "build", vec![built]);
    }
    access(w, path, &scope, &ty, &found, true);
}

/// An enum.
pub(super) fn enumeration(w: &mut Writer<'_>, path: &str, item: &Item, of: &Enum) {
    w.inherent(path, &of.impls);
    let Some((scope, ty)) = named(w, path, item, &of.generics) else { return };
    let name = w.names.local(path);
    let mut arms = Vec::new();
    let mut complete = !of.has_stripped_variants && !is_non_exhaustive(item);
    let variants: Vec<(&Item, &Variant)> = of
        .variants
        .iter()
        .filter_map(|id| w.get(*id))
        .filter_map(|item| match &item.inner {
            ItemEnum::Variant(variant) => Some((item, variant)),
            _ => None,
        })
        .collect();
    let alone = variants.len() == 1 && complete;
    let mut r = w.renderer();
    r.self_type = Some(ty.clone());
    let mut castable = !variants.is_empty();
    for (variant_item, variant) in &variants {
        if is_hidden(variant_item) {
            complete = false;
            continue;
        }
        let short = variant_item.name.clone().unwrap_or_default();
        let (full, member) = (format!("{name}::{}", ident(&short)), format!("{path}::{short}"));
        arms.push(format!("{full} {{ .. }} => {{}}"));
        let closed = !is_non_exhaustive(variant_item);
        w.push(
            &member,
            variant_item.id,
            &rules::REMOVED,
            "match",
            vec![scope.function(&format!("x: &{ty}"), "", &format!("if let {full} {{ .. }} = x {{}}"))],
        );
        match &variant.kind {
            VariantKind::Plain if closed => {
                w.push(
                    &member,
                    variant_item.id,
                    &rules::CONSTRUCTION,
                    "build",
                    vec![scope.function("", &format!(" -> {ty}"), &full)],
                );
                w.push(
                    &member,
                    variant_item.id,
                    &rules::CONSTRUCTION,
                    "match",
                    vec![scope.function(&format!("x: &{ty}"), "", &format!("if let {full} = x {{}}"))],
                );
            }
            VariantKind::Plain => {}
            VariantKind::Tuple(ids) => {
                castable = false;
                let (found, all) = fields(w, &r, ids.iter().copied(), true);
                build_and_take_apart(
                    w,
                    &member,
                    variant_item.id,
                    &scope,
                    &ty,
                    &full,
                    &found,
                    all && closed,
                    true,
                    !alone,
                );
                bindings(w, &member, &scope, &ty, &full, &found);
            }
            VariantKind::Struct { fields: ids, has_stripped_fields } => {
                castable = false;
                let (found, all) = fields(w, &r, ids.iter().copied().map(Some), true);
                build_and_take_apart(
                    w,
                    &member,
                    variant_item.id,
                    &scope,
                    &ty,
                    &full,
                    &found,
                    all && closed && !has_stripped_fields,
                    false,
                    !alone,
                );
                bindings(w, &member, &scope, &ty, &full, &found);
            }
        }
    }
    if complete {
        let body = format!("match *x {{ {} }}", arms.join(", "));
        w.push(
            path,
            item.id,
            &rules::CONSTRUCTION,
            "match all variants",
            vec![scope.function(&format!("x: &{ty}"), "", &body)],
        );
    }
    if castable {
        w.maybe(
            path,
            item.id,
            &rules::DISCRIMINANT,
            "cast to a number",
            vec![scope.function(&format!("x: {ty}"), "", "let _ = x as i128;")],
        );
        if scope.names.is_empty() {
            discriminants(w, path, &name, &variants, is_non_exhaustive(item));
        }
    }
}

/// Each field of a variant as its type.
fn bindings(w: &mut Writer<'_>, member: &str, scope: &Scope, ty: &str, full: &str, found: &[Field]) {
    for field in found {
        let Some(of) = &field.ty else { continue };
        let body = format!("if let {full} {{ {}: f, .. }} = x {{ let _: &{of} = f; }}", ident(&field.name));
        w.push(
            &format!("{member}::{}", field.name),
            field.id,
            &rules::FIELD,
            "read",
            vec![scope.function(&format!("x: &{ty}"), "", &body)],
        );
    }
}

/// What each variant is as a number: stated, or one more than the one before.
///
/// Which number an unmarked variant of a `#[non_exhaustive]` enum has is open, as are its variants.
fn discriminants(w: &mut Writer<'_>, path: &str, name: &str, variants: &[(&Item, &Variant)], open: bool) {
    let mut next = Some(0i128);
    for (item, variant) in variants {
        let value = match &variant.discriminant {
            Some(stated) => stated.value.parse::<i128>().ok(),
            None => next,
        };
        next = value.and_then(|value| value.checked_add(1));
        let told = variant.discriminant.is_some() || !open;
        if let Some(value) = value.filter(|_| told && !is_hidden(item)) {
            let short = item.name.clone().unwrap_or_default();
            let code = format!("const _: () = assert!({name}::{} as i128 == {value});", ident(&short));
            w.maybe(
                &format!("{path}::{short}"),
                item.id,
                &rules::DISCRIMINANT,
                "have its number",
                vec![code],
            );
        }
    }
}

/// A type alias: the same type as what it stands for.
pub(super) fn alias(w: &mut Writer<'_>, path: &str, item: &Item, of: &TypeAlias) {
    let r = w.renderer();
    let name = w.names.local(path);
    let ways = (|| {
        let (scope, target) = (Scope::of(&r, &of.generics)?, r.ty(&of.type_)?);
        let ty = format!("{name}{}", scope.args());
        // Bounds on aliases are not checked, so the target may need some that are not written.
        Some(vec![scope.function(&format!("x: *const {ty}"), &format!(" -> *const {target}"), "x")])
    })();
    w.push(path, item.id, &rules::GENERICS, "be the type it stands for", ways.unwrap_or_default());
    let short = arguments(&of.generics, false);
    if short.len() < arguments(&of.generics, true).len() {
        let used = if short.is_empty() { name } else { format!("{name}<{}>", short.join(", ")) };
        if let Some(scope) = Scope::of(&w.renderer(), &of.generics) {
            w.push(
                path,
                item.id,
                &rules::GENERICS,
                "name without defaulted arguments",
                vec![scope.function(&format!("x: *const {used}"), "", "")],
            );
        }
    }
}

/// A constant: a value of its type, in constants, and in patterns where it can stand there.
pub(super) fn constant(w: &mut Writer<'_>, path: &str, item: &Item, ty: &Type) {
    let (name, ty) = (w.names.local(path), w.renderer().ty(ty));
    let typed = ty.as_ref().map(|ty| format!("const _: {ty} = {name};"));
    w.push(path, item.id, &rules::VALUE, "use in constants", typed.into_iter().collect());
    if let Some(ty) = ty {
        w.maybe(
            path,
            item.id,
            &rules::VALUE,
            "match",
            vec![format!("fn w__(x: {ty}) {{ match x {{ {name} => {{}}, _ => {{}} }} }}")],
        );
    }
}

/// A static: a place of its type.
pub(super) fn static_(w: &mut Writer<'_>, path: &str, item: &Item, of: &Static) {
    let (name, ty) = (w.names.local(path), w.renderer().ty(&of.type_));
    let Some(ty) = ty else {
        w.push(path, item.id, &rules::VALUE, "read", vec![]);
        return;
    };
    let code = if of.is_mutable {
        format!("fn w__() -> *mut {ty} {{ unsafe {{ &raw mut {name} }} }}")
    } else if of.is_unsafe {
        format!("fn w__() -> &'static {ty} {{ unsafe {{ &{name} }} }}")
    } else {
        format!("fn w__() -> &'static {ty} {{ &{name} }}")
    };
    w.push(path, item.id, &rules::VALUE, "read", vec![code]);
}

/// An associated constant of an inherent implementation.
pub(super) fn inherent_constant(w: &mut Writer<'_>, path: &str, item: &Item, ty: &Type, of: &Impl) {
    let mut r = w.renderer();
    let name = ident(item.name.as_deref().unwrap_or_default());
    let ways = (|| {
        r.name_anonymous("i");
        let self_type = r.ty(&of.for_)?;
        let mut scope = Scope::of(&r, &of.generics)?;
        scope.lifetimes.extend(r.take_anonymous());
        r.self_type = Some(self_type.clone());
        Some(vec![format!(
            "const {}",
            scope.function("", &format!(" -> {}", r.ty(ty)?), &format!("<{self_type}>::{name}"))
        )])
    })();
    w.push(path, item.id, &rules::VALUE, "use in constants", ways.unwrap_or_default());
    if let Some(self_type) = w.renderer().ty(&of.for_).filter(|_| of.generics.params.is_empty()) {
        let path_ =
            format!("fn w__(x: {self_type}) {{ match x {{ <{self_type}>::{name} => {{}}, _ => {{}} }} }}");
        w.maybe(path, item.id, &rules::VALUE, "match", vec![path_]);
    }
}
