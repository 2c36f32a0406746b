//! Structs, enums and unions: built, taken apart, read, written, matched and cast.

use rustdoc_types::{
    Enum, Id, Item, ItemEnum, Struct, StructKind, Union, Variant, VariantKind, Visibility,
};

use super::assertion::Use;
use super::bodies::ANY;
use super::generics::write_named;
use super::scope::NamedType;
use super::writer::Writer;
use crate::model::ident::ident;
use crate::model::render::Renderer;
use crate::model::surface::{is_hidden, is_non_exhaustive};

/// A field that users see.
struct Field {
    id: Id,
    name: String,
    ty: Option<String>,
}

/// Fields of a struct or variant.
struct Fields {
    seen: Vec<Field>,
    /// Whether there are no others.
    complete: bool,
}

impl Fields {
    /// Fields of a variant are as public as it is.
    fn of(
        w: &Writer<'_>,
        r: &Renderer<'_>,
        ids: impl Iterator<Item = Option<Id>>,
        in_variant: bool,
    ) -> Self {
        let mut fields = Self {
            seen: Vec::new(),
            complete: true,
        };
        for id in ids {
            match id.and_then(|id| w.item(id)) {
                Some(item)
                    if (in_variant || matches!(item.visibility, Visibility::Public))
                        && !is_hidden(item) =>
                {
                    if let ItemEnum::StructField(ty) = &item.inner {
                        fields.seen.push(Field {
                            id: item.id,
                            name: item.name.clone().unwrap_or_default(),
                            ty: r.ty(ty),
                        });
                    }
                }
                _ => fields.complete = false,
            }
        }
        fields
    }

    /// `a: f0, b: f1`.
    fn bindings(&self) -> String {
        let binds: Vec<String> = self
            .seen
            .iter()
            .enumerate()
            .map(|(index, field)| format!("{}: f{index}", ident(&field.name)))
            .collect();
        binds.join(", ")
    }

    /// `f0: u8, f1: u16`. `None` if a type cannot be named.
    fn inputs(&self) -> Option<String> {
        let inputs: Option<Vec<String>> = self
            .seen
            .iter()
            .enumerate()
            .map(|(index, field)| Some(format!("f{index}: {}", field.ty.as_ref()?)))
            .collect();
        inputs.map(|inputs| inputs.join(", "))
    }

    /// `a: any__::<u8>(), b: any__::<_>()`: what cannot be named is inferred.
    fn made_from_nothing(&self) -> String {
        let values: Vec<String> = self
            .seen
            .iter()
            .map(|field| {
                let ty = field.ty.as_deref().unwrap_or("_");
                format!("{}: any__::<{ty}>()", ident(&field.name))
            })
            .collect();
        values.join(", ")
    }

    /// `f0, f1`.
    fn values(&self) -> String {
        let values: Vec<String> = (0..self.seen.len())
            .map(|index| format!("f{index}"))
            .collect();
        values.join(", ")
    }
}

/// A struct or a variant: what is built and taken apart.
struct Shape<'t> {
    path: &'t str,
    id: Id,
    of: &'t NamedType,
    /// The constructor, `::k::S` or `::k::E::V`.
    constructor: String,
    fields: Fields,
    /// Whether it is built like a call.
    tuple: bool,
    /// Whether a pattern of it may fail.
    refutable: bool,
}

impl Shape<'_> {
    /// Literals and patterns.
    fn write(&self, w: &mut Writer<'_>) {
        let otherwise = if self.refutable {
            " else { return }"
        } else {
            ""
        };
        if self.fields.complete {
            self.write_complete(w, otherwise);
        } else if !self.fields.seen.is_empty() {
            let pattern = format!(
                "let {} {{ {}, .. }} = x{otherwise};",
                self.constructor,
                self.fields.bindings()
            );
            self.take(w, Use::MatchPublicFields, &pattern);
        }
    }

    fn write_complete(&self, w: &mut Writer<'_>, otherwise: &str) {
        let (name, binds) = (&self.constructor, self.fields.bindings());
        let NamedType { scope, ty, .. } = self.of;
        let inputs = self.fields.inputs();
        let output = format!(" -> {ty}");
        let literal = match &inputs {
            Some(inputs) => scope.function(inputs, &output, &format!("{name} {{ {binds} }}")),
            None => {
                let body = format!("{ANY} {name} {{ {} }}", self.fields.made_from_nothing());
                scope.function("", &output, &body)
            }
        };
        w.add(self.path, self.id, Use::Build, vec![literal]);
        let pattern = format!("let {name} {{ {binds} }} = x{otherwise};");
        self.take(w, Use::TakeApart, &pattern);

        if self.tuple {
            let values = self.fields.values();
            if let Some(inputs) = &inputs {
                let built = scope.function(inputs, &output, &format!("{name}({values})"));
                w.add(self.path, self.id, Use::BuildByCall, vec![built]);
            }
            let pattern = format!("let {name}({values}) = x{otherwise};");
            self.take(w, Use::TakeApart, &pattern);
        }
    }

    fn take(&self, w: &mut Writer<'_>, done: Use, pattern: &str) {
        let NamedType { scope, ty, .. } = self.of;
        let way = scope.function(&format!("x: &{ty}"), "", pattern);
        w.add(self.path, self.id, done, vec![way]);
    }
}

/// Each field read, written and moved out; those of a union only in `unsafe` code.
fn write_access(w: &mut Writer<'_>, path: &str, of: &NamedType, fields: &Fields, is_unsafe: bool) {
    let NamedType { scope, ty, .. } = of;
    for field in &fields.seen {
        let item = format!("{path}::{}", field.name);
        let name = ident(&field.name);
        let Some(of) = &field.ty else {
            let body = in_unsafe(is_unsafe, format!("let _ = &x.{name};"));
            let way = scope.function(&format!("x: &{ty}"), "", &body);
            w.add(&item, field.id, Use::ReadField, vec![way]);
            continue;
        };
        let read = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ {ty}"),
            &format!(" -> &'x__ {of}"),
            &in_unsafe(is_unsafe, format!("&x.{name}")),
        );
        w.add(&item, field.id, Use::ReadField, vec![read]);
        let write = scope.function_with(
            &["'x__"],
            &format!("x: &'x__ mut {ty}"),
            &format!(" -> &'x__ mut {of}"),
            &in_unsafe(is_unsafe, format!("&mut x.{name}")),
        );
        w.add(&item, field.id, Use::WriteField, vec![write]);
        let take = scope.function(
            &format!("x: {ty}"),
            &format!(" -> {of}"),
            &in_unsafe(is_unsafe, format!("x.{name}")),
        );
        w.add(&item, field.id, Use::MoveOutField, vec![take]);
    }
}

fn in_unsafe(is_unsafe: bool, body: String) -> String {
    if is_unsafe {
        format!("unsafe {{ {body} }}")
    } else {
        body
    }
}

/// A struct.
pub(super) fn write_struct(w: &mut Writer<'_>, path: &str, item: &Item, of: &Struct) {
    let Some(named) = write_named(w, path, item, &of.generics) else {
        return;
    };
    let NamedType { scope, name, ty } = &named;
    let pattern = scope.function(
        &format!("x: &{ty}"),
        "",
        &format!("let {name} {{ .. }} = x;"),
    );
    w.add(path, item.id, Use::MatchStruct, vec![pattern]);

    let mut r = w.renderer();
    r.self_type = Some(ty.clone());
    let closed = !is_non_exhaustive(item);
    let (mut fields, tuple) = match &of.kind {
        StructKind::Unit => {
            if closed {
                let built = scope.function("", &format!(" -> {ty}"), name);
                w.add(path, item.id, Use::Build, vec![built]);
                let taken = scope.function(&format!("x: {ty}"), "", &format!("let {name} = x;"));
                w.add(path, item.id, Use::TakeApart, vec![taken]);
            }
            return;
        }
        StructKind::Tuple(ids) => (Fields::of(w, &r, ids.iter().copied(), false), true),
        StructKind::Plain {
            fields: ids,
            has_stripped_fields,
        } => {
            let mut fields = Fields::of(w, &r, ids.iter().copied().map(Some), false);
            fields.complete &= !has_stripped_fields;
            (fields, false)
        }
    };
    fields.complete &= closed;
    let shape = Shape {
        path,
        id: item.id,
        of: &named,
        constructor: name.clone(),
        fields,
        tuple,
        refutable: false,
    };
    shape.write(w);
    write_access(w, path, &named, &shape.fields, false);
}

/// A union.
pub(super) fn write_union(w: &mut Writer<'_>, path: &str, item: &Item, of: &Union) {
    let Some(named) = write_named(w, path, item, &of.generics) else {
        return;
    };
    let NamedType { scope, name, ty } = &named;
    let fields = Fields::of(w, &w.renderer(), of.fields.iter().copied().map(Some), false);
    for field in &fields.seen {
        let Some(of) = &field.ty else { continue };
        let built = scope.function(
            &format!("f: {of}"),
            &format!(" -> {ty}"),
            &format!("{name} {{ {}: f }}", ident(&field.name)),
        );
        let member = format!("{path}::{}", field.name);
        w.add(&member, field.id, Use::Build, vec![built]);
    }
    write_access(w, path, &named, &fields, true);
}

/// An enum.
pub(super) fn write_enum(w: &mut Writer<'_>, path: &str, item: &Item, of: &Enum) {
    let Some(named) = write_named(w, path, item, &of.generics) else {
        return;
    };
    let variants: Vec<(&Item, &Variant)> = of
        .variants
        .iter()
        .filter_map(|id| w.item(*id))
        .filter_map(|item| match &item.inner {
            ItemEnum::Variant(variant) => Some((item, variant)),
            _ => None,
        })
        .collect();
    let closed = !of.has_stripped_variants && !is_non_exhaustive(item);
    let alone = variants.len() == 1 && closed;
    let mut arms = Vec::new();
    for (variant_item, variant) in &variants {
        if is_hidden(variant_item) {
            continue;
        }
        let constructor = write_variant(w, path, &named, (variant_item, variant), alone);
        arms.push(format!("{constructor} {{ .. }} => {{}}"));
    }

    let NamedType { scope, ty, .. } = &named;
    if closed && arms.len() == variants.len() {
        let body = format!("match *x {{ {} }}", arms.join(", "));
        let way = scope.function(&format!("x: &{ty}"), "", &body);
        w.add(path, item.id, Use::MatchEveryVariant, vec![way]);
    }
    let plain = variants
        .iter()
        .all(|(item, variant)| is_hidden(item) || matches!(variant.kind, VariantKind::Plain));
    if plain && !variants.is_empty() {
        let way = scope.function(&format!("x: {ty}"), "", "let _ = x as i128;");
        w.add(path, item.id, Use::CastToNumber, vec![way]);
        if scope.names.is_empty() {
            write_numbers(w, path, &named.name, &variants, is_non_exhaustive(item));
        }
    }
}

/// A variant; returns its constructor.
fn write_variant(
    w: &mut Writer<'_>,
    path: &str,
    named: &NamedType,
    (item, variant): (&Item, &Variant),
    alone: bool,
) -> String {
    let NamedType { scope, name, ty } = named;
    let short = item.name.clone().unwrap_or_default();
    let constructor = format!("{name}::{}", ident(&short));
    let member = format!("{path}::{short}");
    let matched = scope.function(
        &format!("x: &{ty}"),
        "",
        &format!("if let {constructor} {{ .. }} = x {{}}"),
    );
    w.add(&member, item.id, Use::MatchVariant, vec![matched]);
    let import = format!("use {constructor} as _;");
    w.add(&member, item.id, Use::ImportVariant, vec![import]);

    let closed = !is_non_exhaustive(item);
    let mut r = w.renderer();
    r.self_type = Some(ty.clone());
    let (mut fields, tuple) = match &variant.kind {
        VariantKind::Plain => {
            if closed {
                write_plain_variant(w, &member, item.id, named, &constructor);
            }
            return constructor;
        }
        VariantKind::Tuple(ids) => (Fields::of(w, &r, ids.iter().copied(), true), true),
        VariantKind::Struct {
            fields: ids,
            has_stripped_fields,
        } => {
            let mut fields = Fields::of(w, &r, ids.iter().copied().map(Some), true);
            fields.complete &= !has_stripped_fields;
            (fields, false)
        }
    };
    fields.complete &= closed;
    let shape = Shape {
        path: &member,
        id: item.id,
        of: named,
        constructor: constructor.clone(),
        fields,
        tuple,
        refutable: !alone,
    };
    shape.write(w);
    write_bindings(w, &shape);
    constructor
}

fn write_plain_variant(
    w: &mut Writer<'_>,
    member: &str,
    id: Id,
    NamedType { scope, ty, .. }: &NamedType,
    constructor: &str,
) {
    let built = scope.function("", &format!(" -> {ty}"), constructor);
    w.add(member, id, Use::Build, vec![built]);
    let matched = scope.function(
        &format!("x: &{ty}"),
        "",
        &format!("if let {constructor} = x {{}}"),
    );
    w.add(member, id, Use::MatchUnitVariant, vec![matched]);
}

/// Each field of a variant as its type.
fn write_bindings(w: &mut Writer<'_>, shape: &Shape<'_>) {
    let NamedType { scope, ty, .. } = shape.of;
    for field in &shape.fields.seen {
        let Some(of) = &field.ty else { continue };
        let body = format!(
            "if let {} {{ {}: f, .. }} = x {{ let _: &{of} = f; }}",
            shape.constructor,
            ident(&field.name)
        );
        let way = scope.function(&format!("x: &{ty}"), "", &body);
        let member = format!("{}::{}", shape.path, field.name);
        w.add(&member, field.id, Use::ReadField, vec![way]);
    }
}

/// What each variant is as a number: stated, or one more than the one before.
///
/// Which number an unmarked variant of a `#[non_exhaustive]` enum has is open, as are its variants.
fn write_numbers(
    w: &mut Writer<'_>,
    path: &str,
    name: &str,
    variants: &[(&Item, &Variant)],
    open: bool,
) {
    let mut next = Some(0i128);
    for (item, variant) in variants {
        let value = match &variant.discriminant {
            Some(stated) => stated.value.parse::<i128>().ok(),
            None => next,
        };
        next = value.and_then(|value| value.checked_add(1));
        let fixed = variant.discriminant.is_some() || !open;
        if let Some(value) = value.filter(|_| fixed && !is_hidden(item)) {
            let short = item.name.as_deref().unwrap_or_default();
            let code = format!(
                "const _: () = assert!({name}::{} as i128 == {value});",
                ident(short)
            );
            let member = format!("{path}::{short}");
            w.add(&member, item.id, Use::HaveNumber, vec![code]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_bound_in_their_order() {
        let field = |name: &str| Field {
            id: Id(0),
            name: name.to_owned(),
            ty: Some("u8".to_owned()),
        };
        let fields = Fields {
            seen: vec![field("type"), field("0")],
            complete: true,
        };
        assert_eq!(fields.bindings(), "r#type: f0, 0: f1");
        assert_eq!(fields.inputs().as_deref(), Some("f0: u8, f1: u8"));
        assert_eq!(fields.values(), "f0, f1");
    }
}
