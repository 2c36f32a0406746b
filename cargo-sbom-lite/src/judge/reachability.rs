//! Is the function an advisory names in the program at all?
//!
//! Only ever "not linked" when no function of that name exists in the whole program, inlined ones
//! included: a name that occurs may still never be called, and a name that does not occur cannot
//! be.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::model::program::Functions;

/// What is known about the functions an advisory names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reachability {
    /// `linked`, `not-linked` or `unknown`.
    pub result: String,
    /// The functions that were found, or why nothing is known.
    pub evidence: Vec<String>,
}

impl Reachability {
    /// Nothing is known, and why.
    pub fn unknown(why: &str) -> Self {
        Self {
            result: "unknown".to_owned(),
            evidence: vec![why.to_owned()],
        }
    }
}

/// Looks the functions of an advisory (canonical paths, crate first) up among those of a program.
pub fn reachability(functions: &[String], program: Option<&Functions>) -> Reachability {
    if functions.is_empty() {
        return Reachability::unknown("the advisory names no function");
    }
    let Some(program) = program else {
        return Reachability::unknown("there is no program with debug information to look into");
    };
    let occurring = |names: &BTreeSet<String>| {
        let mut found = BTreeSet::new();
        for function in functions {
            let parts: Vec<&str> = function.split("::").collect();
            let (Some(krate), Some(last)) = (parts.first(), parts.last()) else {
                continue;
            };
            // Paths in advisories leave out generics and name types by their public path; so any
            // function of that crate with that name counts.
            for name in names {
                let words: Vec<&str> = name
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .collect();
                if words.contains(krate) && words.contains(last) {
                    found.insert(name.clone());
                }
            }
        }
        found.into_iter().take(5).collect::<Vec<_>>()
    };
    let (symbols, debug_only) = (occurring(&program.symbols), occurring(&program.debug_only));
    if !symbols.is_empty() {
        return Reachability {
            result: "linked".to_owned(),
            evidence: symbols,
        };
    }
    if !debug_only.is_empty() {
        let why = format!(
            "only debug information names {}: inlined, or dropped",
            debug_only.join(", ")
        );
        return Reachability::unknown(&why);
    }
    Reachability {
        result: "not-linked".to_owned(),
        evidence: vec![format!(
            "none of {} occurs in the program",
            functions.join(", ")
        )],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_occurs_nowhere_is_not_linked() {
        let names = |list: &[&str]| list.iter().map(|name| (*name).to_owned()).collect();
        let program = Functions {
            symbols: names(&["<time::Tm as core::fmt::Debug>::fmt", "time::now"]),
            debug_only: names(&["time::sys::inlined"]),
        };
        let ask = |function: &str| reachability(&[function.to_owned()], Some(&program)).result;
        assert_eq!(ask("time::at"), "not-linked");
        assert_eq!(ask("time::now"), "linked");
        assert_eq!(ask("time::clock::now"), "linked");
        assert_eq!(ask("other::now"), "not-linked");
        assert_eq!(ask("time::inlined"), "unknown");
        assert_eq!(reachability(&[], Some(&program)).result, "unknown");
        assert_eq!(
            reachability(&["time::at".to_owned()], None).result,
            "unknown"
        );
    }
}
