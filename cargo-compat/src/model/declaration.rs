//! Declarations as people read them: one line per item, names as their author spelled them.

use rustdoc_types::{
    Crate, Function, Generics, Id, Impl, Item, ItemEnum, MacroKind, StructKind, Trait, Variant,
    VariantKind, Visibility,
};

use super::render::{Renderer, angle, header};

/// The declaration of an item; an empty text if it is not in the crate.
pub fn declaration(krate: &Crate, id: Id) -> String {
    krate
        .index
        .get(&id)
        .and_then(|item| declare(krate, item))
        .unwrap_or_default()
}

/// The parameters of an item, where its sort has any.
pub fn generics_of(inner: &ItemEnum) -> Option<&Generics> {
    match inner {
        ItemEnum::Function(of) => Some(&of.generics),
        ItemEnum::Struct(of) => Some(&of.generics),
        ItemEnum::Enum(of) => Some(&of.generics),
        ItemEnum::Union(of) => Some(&of.generics),
        ItemEnum::Trait(of) => Some(&of.generics),
        ItemEnum::TypeAlias(of) => Some(&of.generics),
        _ => None,
    }
}

fn declare(krate: &Crate, item: &Item) -> Option<String> {
    let r = Renderer::people();
    let name = item.name.clone().unwrap_or_default();
    let public = public_word(&item.visibility);

    Some(match &item.inner {
        ItemEnum::Module(_) => format!("{public}mod {name}"),
        ItemEnum::Function(of) => format!("{public}{}", function(&r, &name, of)?),
        ItemEnum::Struct(of) => {
            let body = match &of.kind {
                StructKind::Unit => ";".to_owned(),
                StructKind::Tuple(fields) => format!("{};", tuple(krate, fields)),
                StructKind::Plain {
                    fields,
                    has_stripped_fields,
                } => plain(krate, fields, *has_stripped_fields),
            };
            let clause = r.where_clause(&of.generics)?;
            format!(
                "{public}struct {name}{}{clause}{body}",
                parameters(&r, &of.generics)?
            )
        }
        ItemEnum::Union(of) => format!(
            "{public}union {name}{}{}{}",
            parameters(&r, &of.generics)?,
            r.where_clause(&of.generics)?,
            plain(krate, &of.fields, of.has_stripped_fields)
        ),
        ItemEnum::Enum(of) => {
            let variants: Vec<String> = of
                .variants
                .iter()
                .map(|id| declaration(krate, *id))
                .collect();
            format!(
                "{public}enum {name}{}{} {{ {} }}",
                parameters(&r, &of.generics)?,
                r.where_clause(&of.generics)?,
                variants.join(", ")
            )
        }
        ItemEnum::Variant(of) => format!("{name}{}", variant(krate, of)),
        ItemEnum::StructField(ty) => format!("{public}{name}: {}", r.ty(ty)?),
        ItemEnum::Trait(of) => format!("{public}{}", trait_head(&r, &name, of)?),
        ItemEnum::Impl(of) => impl_head(&r, of)?,
        ItemEnum::TypeAlias(of) => format!(
            "{public}type {name}{} = {}",
            parameters(&r, &of.generics)?,
            r.ty(&of.type_)?
        ),
        other => return declare_value(&r, &name, public, other),
    })
}

/// Constants, statics, associated items and macros.
fn declare_value(r: &Renderer<'_>, name: &str, public: &str, inner: &ItemEnum) -> Option<String> {
    Some(match inner {
        ItemEnum::Constant { type_, .. } => format!("{public}const {name}: {}", r.ty(type_)?),
        ItemEnum::Static(of) => {
            let mutable = if of.is_mutable { "mut " } else { "" };
            format!("{public}static {mutable}{name}: {}", r.ty(&of.type_)?)
        }
        ItemEnum::AssocConst { type_, value, .. } => {
            let provided = if value.is_some() { " = …" } else { "" };
            format!("const {name}: {}{provided}", r.ty(type_)?)
        }
        ItemEnum::AssocType {
            generics,
            bounds,
            type_,
            ..
        } => {
            let mut text = format!("type {name}{}", angle(&r.params(generics)?));
            if !bounds.is_empty() {
                text.push_str(&format!(": {}", r.bounds(bounds)?));
            }
            if let Some(ty) = type_ {
                text.push_str(&format!(" = {}", r.ty(ty)?));
            }
            text
        }
        ItemEnum::Macro(_) => format!("macro_rules! {name}"),
        ItemEnum::ProcMacro(of) => match of.kind {
            MacroKind::Bang => format!("macro {name}!"),
            MacroKind::Attr => format!("macro #[{name}]"),
            MacroKind::Derive => format!("macro #[derive({name})]"),
        },
        _ => name.to_owned(),
    })
}

fn public_word(visibility: &Visibility) -> &'static str {
    if matches!(visibility, Visibility::Public) {
        "pub "
    } else {
        ""
    }
}

/// `<'a, T: Bound = Default>`.
fn parameters(r: &Renderer<'_>, generics: &Generics) -> Option<String> {
    Some(angle(&r.declared(generics, true)?))
}

fn function(r: &Renderer<'_>, name: &str, of: &Function) -> Option<String> {
    let mut inputs = Vec::new();
    for (name, ty) in &of.sig.inputs {
        let ty = unwrapped(r.ty(ty)?);
        inputs.push(match (name.as_str(), ty.as_str()) {
            ("self", "Self") => "self".to_owned(),
            ("self", "&Self") => "&self".to_owned(),
            ("self", "&mut Self") => "&mut self".to_owned(),
            (name, ty) => format!("{name}: {ty}"),
        });
    }

    if of.sig.is_c_variadic {
        inputs.push("...".to_owned());
    }
    let output = match &of.sig.output {
        Some(ty) => format!(" -> {}", unwrapped(r.ty(ty)?)),
        None => String::new(),
    };

    Some(format!(
        "{}fn {name}{}({}){output}{}",
        header(&of.header, false),
        parameters(r, &of.generics)?,
        inputs.join(", "),
        r.where_clause(&of.generics)?
    ))
}

fn variant(krate: &Crate, of: &Variant) -> String {
    let body = match &of.kind {
        VariantKind::Plain => String::new(),
        VariantKind::Tuple(fields) => tuple(krate, fields),
        VariantKind::Struct {
            fields,
            has_stripped_fields,
        } => plain(krate, fields, *has_stripped_fields),
    };
    match &of.discriminant {
        Some(value) => format!("{body} = {}", value.value),
        None => body,
    }
}

fn trait_head(r: &Renderer<'_>, name: &str, of: &Trait) -> Option<String> {
    let mut bounds = r.bounds(&of.bounds)?;
    if !bounds.is_empty() {
        bounds.insert_str(0, ": ");
    }
    let is_unsafe = if of.is_unsafe { "unsafe " } else { "" };
    let is_auto = if of.is_auto { "auto " } else { "" };
    Some(format!(
        "{is_unsafe}{is_auto}trait {name}{}{bounds}{}",
        parameters(r, &of.generics)?,
        r.where_clause(&of.generics)?
    ))
}

fn impl_head(r: &Renderer<'_>, of: &Impl) -> Option<String> {
    let not = if of.is_negative { "!" } else { "" };
    let of_trait = match &of.trait_ {
        Some(path) => format!("{not}{} for ", r.path(path)?),
        None => String::new(),
    };
    Some(format!(
        "impl{} {of_trait}{}{}",
        angle(&r.params(&of.generics)?),
        r.ty(&of.for_)?,
        r.where_clause(&of.generics)?
    ))
}

/// `impl Trait` at the outermost level needs no parentheses.
fn unwrapped(text: String) -> String {
    match text
        .strip_prefix("(impl ")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        Some(rest) if !rest.contains("(impl ") => format!("impl {rest}"),
        _ => text,
    }
}

fn tuple(krate: &Crate, fields: &[Option<Id>]) -> String {
    let parts: Vec<String> = fields
        .iter()
        .map(|field| {
            match field
                .and_then(|id| krate.index.get(&id))
                .map(|item| (&item.inner, &item.visibility))
            {
                Some((ItemEnum::StructField(ty), visibility)) => {
                    let ty = Renderer::people().ty(ty).unwrap_or_default();
                    format!("{}{ty}", public_word(visibility))
                }
                _ => "_".to_owned(),
            }
        })
        .collect();
    format!("({})", parts.join(", "))
}

fn plain(krate: &Crate, fields: &[Id], stripped: bool) -> String {
    let mut parts: Vec<String> = fields.iter().map(|id| declaration(krate, *id)).collect();
    if stripped {
        parts.push("..".to_owned());
    }
    if parts.is_empty() {
        " {}".to_owned()
    } else {
        format!(" {{ {} }}", parts.join(", "))
    }
}
