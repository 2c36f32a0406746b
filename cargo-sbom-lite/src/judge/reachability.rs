//! Is the function an advisory names in the program at all?
//!
//! "Not linked" is a statement that leaves the house, so it is made only where absence is proved:
//!
//! 1. Every unit was compiled with complete debug information, and every artifact was looked into
//!    (the caller sees to both).
//! 2. Debug information has a compilation unit of the package's library, under the library's own
//!    name. Without one, the names that are looked for could not have been there.
//! 3. Each function the advisory names is written in the package's sources as a plain function: not
//!    as a macro, not with the linkage of C, not as a type, not re-exported from elsewhere.
//! 4. No name in any program, however it is spelt, is that of the function.
//!
//! A name that occurs may still never be called: that is "unknown", never "affected".

use std::collections::BTreeSet;

use release_gate::facts::report::vulns::{Linkage, Reachability};

use crate::model::program::{Functions, PackageCode, Written};

/// How many names are shown as evidence.
const SHOWN: usize = 5;

/// Looks the functions of an advisory (canonical paths, crate first) up among those of programs.
/// `code` is what is known of the package; without it nothing can be proved absent.
pub fn judge_reachability(
    functions: &[String],
    program: Option<&Functions>,
    code: Option<&PackageCode>,
) -> Reachability {
    if functions.is_empty() {
        return Reachability::unknown("the advisory names no function");
    }
    let Some(program) = program else {
        return Reachability::unknown("there is no program with debug information to look into");
    };
    let library = code.map(|code| code.library.as_str());
    let linked = occurrences(functions, library, &program.symbols);
    if !linked.is_empty() {
        return Reachability {
            result: Linkage::Linked,
            evidence: linked,
        };
    }
    let inlined = occurrences(functions, library, &program.debug_only);
    if !inlined.is_empty() {
        return Reachability::unknown(format!(
            "only debug information names {}: inlined, or dropped",
            inlined.join(", ")
        ));
    }
    match doubt(functions, program, code) {
        Some(why) => Reachability::unknown(why),
        None => Reachability {
            result: Linkage::NotLinked,
            evidence: vec![format!(
                "none of {} occurs in the program",
                functions.join(", ")
            )],
        },
    }
}

/// Names of a program that may be one of the functions. Paths in advisories leave out generics and
/// name types by their public path; so any function of that crate with that name counts.
fn occurrences(
    functions: &[String],
    library: Option<&str>,
    names: &BTreeSet<String>,
) -> Vec<String> {
    let mut found = BTreeSet::new();
    for function in functions {
        let Some(last) = last_name(function) else {
            continue;
        };
        let first = function.split("::").next().unwrap_or_default();
        for name in names {
            let mut has_crate = false;
            let mut has_name = false;
            for word in name.split(|c: char| !c.is_alphanumeric() && c != '_') {
                has_crate |= word == first || Some(word) == library;
                has_name |= word == last;
            }
            if has_crate && has_name {
                found.insert(name.clone());
            }
        }
    }
    found.into_iter().take(SHOWN).collect()
}

/// Why absence is not proved; `None` where it is.
fn doubt(functions: &[String], program: &Functions, code: Option<&PackageCode>) -> Option<String> {
    let Some(code) = code else {
        return Some("what the package's sources look like is not known".to_owned());
    };
    if code.is_native {
        return Some("the package links a native library, of which nothing is known".to_owned());
    }
    if !program.crates.contains(&code.library) {
        return Some(format!(
            "debug information has no unit of the library `{}`, so its names could not be there",
            code.library
        ));
    }
    for function in functions {
        let Some(last) = last_name(function) else {
            return Some(format!("`{function}` is no plain function"));
        };
        let written = code.functions.iter().find(|(name, _)| name == last);
        let why = match written.map(|(_, written)| *written) {
            Some(Written::Plain) => None,
            Some(Written::Macro) => Some("is a macro, which leaves no name in a program"),
            Some(Written::Foreign) => Some("has the linkage of C"),
            Some(Written::Nowhere) | None => {
                Some("is not written in the package's sources: it comes from elsewhere")
            }
        };
        if let Some(why) = why {
            return Some(format!("`{function}` {why}"));
        }
        if program.bare.contains(last) {
            return Some(format!(
                "something in the program is called `{last}`: it may be `{function}`"
            ));
        }
    }
    None
}

/// The last name of a path, if it can be a function's: no generics, and not spelt like a type.
pub fn last_name(function: &str) -> Option<&str> {
    let last = function.rsplit("::").next().unwrap_or_default();
    let is_word = !last.is_empty() && last.chars().all(|c| c.is_alphanumeric() || c == '_');
    let is_type = last.chars().next().is_some_and(char::is_uppercase);
    (is_word && !is_type).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> BTreeSet<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    fn program() -> Functions {
        Functions {
            symbols: names(&["<time::Tm as core::fmt::Debug>::fmt", "time::now"]),
            debug_only: names(&["time::sys::inlined"]),
            bare: names(&["now", "inlined", "elsewhere"]),
            crates: names(&["time", "app"]),
        }
    }

    fn code(name: &str, written: Written) -> PackageCode {
        PackageCode {
            library: "time".to_owned(),
            is_native: false,
            functions: vec![(name.to_owned(), written)],
        }
    }

    fn ask(function: &str, code: Option<&PackageCode>) -> Linkage {
        judge_reachability(&[function.to_owned()], Some(&program()), code).result
    }

    #[test]
    fn a_name_that_occurs_nowhere_is_not_linked() {
        assert_eq!(
            ask("time::at", Some(&code("at", Written::Plain))),
            Linkage::NotLinked
        );
        assert_eq!(ask("time::now", None), Linkage::Linked);
        assert_eq!(ask("time::clock::now", None), Linkage::Linked);
        assert_eq!(ask("time::inlined", None), Linkage::Unknown);
        assert_eq!(
            judge_reachability(&[], Some(&program()), None).result,
            Linkage::Unknown
        );
        assert_eq!(
            judge_reachability(&["time::at".to_owned()], None, None).result,
            Linkage::Unknown
        );
    }

    #[test]
    fn absence_is_concluded_only_where_it_is_proved() {
        let plain = code("at", Written::Plain);
        for (function, code) in [
            // Nothing is known of the package.
            ("time::at", None),
            // Macros, the linkage of C, re-exports.
            ("time::at", Some(code("at", Written::Macro))),
            ("time::at", Some(code("at", Written::Foreign))),
            ("time::at", Some(code("at", Written::Nowhere))),
            // Types and traits are no functions.
            ("time::Tm", Some(code("Tm", Written::Plain))),
            (
                "time::ToSql<Timestamp,Mysql>",
                Some(code("ToSql", Written::Plain)),
            ),
            // Something is called so, wherever it comes from.
            ("time::elsewhere", Some(code("elsewhere", Written::Plain))),
            // The library has another name, or no debug information.
            (
                "time::at",
                Some(PackageCode {
                    library: "other".to_owned(),
                    ..plain.clone()
                }),
            ),
            // Native code has no names that could be looked up.
            (
                "time::at",
                Some(PackageCode {
                    is_native: true,
                    ..plain.clone()
                }),
            ),
        ] {
            assert_eq!(
                ask(function, code.as_ref()),
                Linkage::Unknown,
                "{function} {code:?}"
            );
        }
    }

    #[test]
    fn the_library_counts_by_its_own_name() {
        // kamadak-exif's library is called `exif`.
        let program = Functions {
            symbols: names(&["exif::reader::Reader::read_from_container"]),
            ..Functions::default()
        };
        let code = PackageCode {
            library: "exif".to_owned(),
            is_native: false,
            functions: Vec::new(),
        };
        let function = "kamadak_exif::Reader::read_from_container".to_owned();
        assert_eq!(
            judge_reachability(&[function], Some(&program), Some(&code)).result,
            Linkage::Linked
        );
    }
}
