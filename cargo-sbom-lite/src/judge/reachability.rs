//! Is the function an advisory names in the program at all?
//!
//! "Not linked" is a statement that leaves the house, so it is made only where absence is proved:
//!
//! 1. Every unit was compiled with complete debug information and without optimisation, since an
//!    optimiser may inline a function without a trace; and every artifact was looked into (the
//!    caller sees to all of it).
//! 2. The package's library occurs in the program under its own name, which need not be that of the
//!    package. Where it does not, the names that are looked for could not have been there.
//! 3. Each function the advisory names is written in the package's sources as a plain function: not
//!    as a macro, not with the linkage of C, not inlined always, not as a type, not re-exported
//!    from elsewhere.
//! 4. No symbol of any program, whatever crate it is of, is called like the function. (Names in
//!    debug information do not count here: they are those of all that was compiled, reached or
//!    not.)
//!
//! A name that occurs may still never be called: that is never taken for a call.

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

    let Some(code) = code else {
        return not_traceable(functions, program);
    };

    match doubt(functions, program, code) {
        Some(why) => Reachability::unknown(why),
        None => Reachability {
            result: Linkage::NotLinked,
            evidence: vec![format!(
                "none of {} has a symbol in the program, compiled without optimisation",
                functions.join(", ")
            )],
        },
    }
}

/// What is said of a program that was compiled by somebody: nothing is proved absent.
fn not_traceable(functions: &[String], program: &Functions) -> Reachability {
    let inlined = occurrences(functions, None, &program.debug_only);
    if inlined.is_empty() {
        return Reachability::unknown(
            "how the program was compiled is not known, so its names may be incomplete",
        );
    }
    Reachability::unknown(format!(
        "only debug information names {}: inlined, or dropped",
        inlined.join(", ")
    ))
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
            for word in words_of(name) {
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
fn doubt(functions: &[String], program: &Functions, code: &PackageCode) -> Option<String> {
    if code.is_native {
        return Some("the package links a native library, of which nothing is known".to_owned());
    }
    let has_library = program.crates.contains(&code.library)
        || program
            .symbols
            .iter()
            .any(|name| words_of(name).any(|word| word == code.library));
    if !has_library {
        return Some(format!(
            "nothing in the program is of the library `{}`, so its names could not be there",
            code.library
        ));
    }
    functions
        .iter()
        .find_map(|function| doubt_about(function, program, code))
}

fn doubt_about(function: &str, program: &Functions, code: &PackageCode) -> Option<String> {
    let Some(last) = last_name(function) else {
        return Some(format!("`{function}` is not a plain function"));
    };
    let written = code.functions.iter().find(|(name, _)| name == last);
    let why = match written.map(|(_, written)| *written) {
        Some(Written::Plain) => None,
        Some(Written::Inlined) => Some("is always inlined, which leaves no symbol"),
        Some(Written::Macro) => Some("is a macro, which leaves no name in a program"),
        Some(Written::Foreign) => Some("has the linkage of C"),
        Some(Written::Alias) => Some("is another name of something, which has a symbol of its own"),
        Some(Written::Nowhere) | None => {
            Some("is not written in the package's sources: it comes from elsewhere")
        }
    };

    if let Some(why) = why {
        return Some(format!("`{function}` {why}"));
    }
    let is_called_so = program.bare.contains(last)
        || program
            .symbols
            .iter()
            .any(|name| words_of(name).any(|word| word == last));

    is_called_so
        .then(|| format!("something in the program is called `{last}`: it may be `{function}`"))
}

/// The words of a demangled name.
fn words_of(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_alphanumeric() && c != '_')
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
            symbols: names(&[
                "<time::Tm as core::fmt::Debug>::fmt",
                "time::now",
                "other::elsewhere",
            ]),
            debug_only: names(&["time::sys::inlined", "time::at"]),
            bare: names(&["unmangled"]),
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
            // Macros, the linkage of C, what is inlined always, re-exports.
            ("time::at", Some(code("at", Written::Inlined))),
            ("time::at", Some(code("at", Written::Macro))),
            ("time::at", Some(code("at", Written::Foreign))),
            ("time::at", Some(code("at", Written::Alias))),
            ("time::at", Some(code("at", Written::Nowhere))),
            // Types and traits are no functions.
            ("time::Tm", Some(code("Tm", Written::Plain))),
            (
                "time::ToSql<Timestamp,Mysql>",
                Some(code("ToSql", Written::Plain)),
            ),
            // Something is called so, wherever it comes from.
            ("time::elsewhere", Some(code("elsewhere", Written::Plain))),
            ("time::unmangled", Some(code("unmangled", Written::Plain))),
            // The library has another name, or is not in the program at all.
            (
                "time::at",
                Some(PackageCode {
                    library: "quite".to_owned(),
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
