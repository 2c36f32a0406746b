//! Types that take more lifetimes than they did: whatever names them without fails, and says
//! nothing of what it was to show.

use rustdoc_types::{GenericParamDefKind, Generics, Id, ItemEnum};

use super::group::{code_path, mentions};
use super::members::Members;
use crate::model::declaration::generics_of;
use crate::program::Assertion;
use crate::prove::Rejected;

/// rustc's codes for a name with too few lifetimes.
const TOO_FEW: [&str; 3] = ["E0106", "E0107", "E0726"];

/// A type or trait with more lifetimes, and else the same parameters.
#[derive(Debug, Clone)]
pub struct Reshaped {
    /// The item, by its path below the crate's root.
    pub item: String,
    /// The item in the old description.
    pub id: Id,
    /// Its path in programs.
    path: String,
    /// How many more.
    more: usize,
}

/// All such items.
pub fn with_more_lifetimes(lib: &str, old: &Members<'_>, new: &Members<'_>) -> Vec<Reshaped> {
    old.iter()
        .filter_map(|(item, member)| {
            let before = counted(type_generics(&member.item.inner)?);
            let now = counted(type_generics(&new.get(item)?.item.inner)?);
            let more = now.0.checked_sub(before.0).filter(|more| *more > 0)?;
            (before.1 == now.1).then(|| Reshaped {
                item: item.clone(),
                id: member.item.id,
                path: code_path(lib, item),
                more,
            })
        })
        .collect()
}

/// The parameters of a type or trait. A call infers the lifetimes of a function, so those do not count.
fn type_generics(inner: &ItemEnum) -> Option<&Generics> {
    match inner {
        ItemEnum::Function(_) => None,
        _ => generics_of(inner),
    }
}

/// How many lifetimes, and how many other parameters.
fn counted(generics: &Generics) -> (usize, usize) {
    let lifetimes = generics
        .params
        .iter()
        .filter(|param| matches!(param.kind, GenericParamDefKind::Lifetime { .. }))
        .count();
    (lifetimes, generics.params.len() - lifetimes)
}

impl Reshaped {
    /// Whether a line fails because it names the item with too few lifetimes.
    pub fn is_why(&self, line: &Rejected<'_>) -> bool {
        is_too_few(line) && mentions(line.line.code(), &self.path)
    }

    /// The same line with the lifetimes filled in.
    pub fn filled(&self, assertion: &Assertion, code: &str) -> Assertion {
        let lifetimes = vec!["'static"; self.more].join(", ");
        let mut parts = code.split(self.path.as_str());
        let mut text = parts.next().unwrap_or_default().to_owned();
        for rest in parts {
            text.push_str(&self.path);
            if rest.starts_with(|c: char| c.is_alphanumeric() || c == '_') {
                text.push_str(rest);
                continue;
            }
            match ["::<", "<"].iter().find(|open| rest.starts_with(**open)) {
                Some(open) => {
                    let rest = rest.get(open.len()..).unwrap_or_default();
                    text.push_str(&format!("{open}{lifetimes}, {rest}"));
                }
                None => text.push_str(&format!("<{lifetimes}>{rest}")),
            }
        }
        Assertion {
            ways: vec![text],
            ..assertion.clone()
        }
    }
}

/// Whether a line fails for a name with too few lifetimes.
pub fn is_too_few(line: &Rejected<'_>) -> bool {
    TOO_FEW.contains(&line.rejection.code.as_str())
}
