//! Is the function an advisory names in the program at all?
//!
//! Only ever "not linked" when no function of that name exists in the whole program, inlined ones
//! included: a name that occurs may still never be called, and a name that does not occur cannot
//! be.

use std::collections::BTreeSet;

use crate::model::program::Functions;
use crate::model::vulnerability::{Linkage, Reachability};

/// Looks the functions of an advisory (canonical paths, crate first) up among those of a program.
pub fn judge_reachability(functions: &[String], program: Option<&Functions>) -> Reachability {
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
            result: Linkage::Linked,
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
        result: Linkage::NotLinked,
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
        let ask =
            |function: &str| judge_reachability(&[function.to_owned()], Some(&program)).result;
        assert_eq!(ask("time::at"), Linkage::NotLinked);
        assert_eq!(ask("time::now"), Linkage::Linked);
        assert_eq!(ask("time::clock::now"), Linkage::Linked);
        assert_eq!(ask("other::now"), Linkage::NotLinked);
        assert_eq!(ask("time::inlined"), Linkage::Unknown);
        assert_eq!(
            judge_reachability(&[], Some(&program)).result,
            Linkage::Unknown
        );
        assert_eq!(
            judge_reachability(&["time::at".to_owned()], None).result,
            Linkage::Unknown
        );
    }
}
