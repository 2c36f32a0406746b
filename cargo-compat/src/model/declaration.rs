//! Declarations as people read them: one line per item, names as their author spelled them.

use rustdoc_types::{Crate, Id, Item, ItemEnum, StructKind, VariantKind, Visibility};

use super::render::{Renderer, angle, header};

/// The declaration of an item; an empty text if it is not in the crate.
pub fn declaration(krate: &Crate, id: Id) -> String {
    krate
        .index
        .get(&id)
        .and_then(|item| declare(krate, item))
        .unwrap_or_default()
}

fn declare(krate: &Crate, item: &Item) -> Option<String> {
    let r = Renderer::people();
    let name = item.name.clone().unwrap_or_default();
    let public = if matches!(item.visibility, Visibility::Public) {
        "pub "
    } else {
        ""
    };
    Some(match &item.inner {
        ItemEnum::Module(_) => format!("{public}mod {name}"),
        ItemEnum::Function(function) => {
            let mut inputs = Vec::new();
            for (name, ty) in &function.sig.inputs {
                let ty = unwrapped(r.ty(ty)?);
                inputs.push(match (name.as_str(), ty.as_str()) {
                    ("self", "Self") => "self".to_owned(),
                    ("self", "&Self") => "&self".to_owned(),
                    ("self", "&mut Self") => "&mut self".to_owned(),
                    (name, ty) => format!("{name}: {ty}"),
                });
            }
            if function.sig.is_c_variadic {
                inputs.push("...".to_owned());
            }
            let output = match &function.sig.output {
                Some(ty) => format!(" -> {}", unwrapped(r.ty(ty)?)),
                None => String::new(),
            };
            let generics = angle(&r.declared(&function.generics, true)?);
            let clause = r.where_clause(&function.generics)?;
            format!(
                "{public}{}fn {name}{generics}({}){output}{clause}",
                header(&function.header, false),
                inputs.join(", ")
            )
        }
        ItemEnum::Struct(of) => {
            let generics = angle(&r.declared(&of.generics, true)?);
            let clause = r.where_clause(&of.generics)?;
            let body = match &of.kind {
                StructKind::Unit => ";".to_owned(),
                StructKind::Tuple(fields) => format!("{};", tuple(krate, fields)),
                StructKind::Plain {
                    fields,
                    has_stripped_fields,
                } => plain(krate, fields, *has_stripped_fields),
            };
            format!("{public}struct {name}{generics}{clause}{body}")
        }
        ItemEnum::Union(of) => {
            let generics = angle(&r.declared(&of.generics, true)?);
            format!(
                "{public}union {name}{generics}{}{}",
                r.where_clause(&of.generics)?,
                plain(krate, &of.fields, of.has_stripped_fields)
            )
        }
        ItemEnum::Enum(of) => {
            let variants: Vec<String> = of
                .variants
                .iter()
                .map(|id| declaration(krate, *id))
                .collect();
            let generics = angle(&r.declared(&of.generics, true)?);
            format!(
                "{public}enum {name}{generics}{} {{ {} }}",
                r.where_clause(&of.generics)?,
                variants.join(", ")
            )
        }
        ItemEnum::Variant(variant) => {
            let body = match &variant.kind {
                VariantKind::Plain => String::new(),
                VariantKind::Tuple(fields) => tuple(krate, fields),
                VariantKind::Struct {
                    fields,
                    has_stripped_fields,
                } => plain(krate, fields, *has_stripped_fields),
            };
            let value = variant
                .discriminant
                .as_ref()
                .map_or(String::new(), |value| format!(" = {}", value.value));
            format!("{name}{body}{value}")
        }
        ItemEnum::StructField(ty) => format!("{public}{name}: {}", r.ty(ty)?),
        ItemEnum::Trait(of) => {
            let mut bounds = r.bounds(&of.bounds)?;
            if !bounds.is_empty() {
                bounds.insert_str(0, ": ");
            }
            let words = format!(
                "{}{}",
                if of.is_unsafe { "unsafe " } else { "" },
                if of.is_auto { "auto " } else { "" }
            );
            format!(
                "{public}{words}trait {name}{}{bounds}{}",
                angle(&r.declared(&of.generics, true)?),
                r.where_clause(&of.generics)?
            )
        }
        ItemEnum::Impl(of) => {
            let generics = angle(&r.params(&of.generics)?);
            let not = if of.is_negative { "!" } else { "" };
            let of_trait = match &of.trait_ {
                Some(path) => format!("{not}{} for ", r.path(path)?),
                None => String::new(),
            };
            format!(
                "impl{generics} {of_trait}{}{}",
                r.ty(&of.for_)?,
                r.where_clause(&of.generics)?
            )
        }
        ItemEnum::TypeAlias(of) => {
            format!(
                "{public}type {name}{} = {}",
                angle(&r.declared(&of.generics, true)?),
                r.ty(&of.type_)?
            )
        }
        ItemEnum::Constant { type_, .. } => format!("{public}const {name}: {}", r.ty(type_)?),
        ItemEnum::Static(of) => {
            format!(
                "{public}static {}{name}: {}",
                if of.is_mutable { "mut " } else { "" },
                r.ty(&of.type_)?
            )
        }
        ItemEnum::AssocConst { type_, value, .. } => {
            format!(
                "const {name}: {}{}",
                r.ty(type_)?,
                if value.is_some() { " = …" } else { "" }
            )
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
            rustdoc_types::MacroKind::Bang => format!("macro {name}!"),
            rustdoc_types::MacroKind::Attr => format!("macro #[{name}]"),
            rustdoc_types::MacroKind::Derive => format!("macro #[derive({name})]"),
        },
        _ => name,
    })
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
                    let public = if matches!(visibility, Visibility::Public) {
                        "pub "
                    } else {
                        ""
                    };
                    format!("{public}{}", Renderer::people().ty(ty).unwrap_or_default())
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
