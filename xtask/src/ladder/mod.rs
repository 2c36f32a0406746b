//! The ladder: in every package, imports go one way.
//!
//! ARCHITECTURE.md lists the modules of each package in order. A module may import those before it
//! and itself, and no two files may import each other, directly or by a detour. [`imports`] reads
//! what each file imports; [`circles`] finds files that import each other; this module compares
//! both with the table.

mod circles;
mod imports;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::{Error, Result};

use self::imports::{Import, SourceFile};

/// The heading above the table in ARCHITECTURE.md.
const HEADING: &str = "## The ladder";

/// The order of one package's modules.
#[derive(Debug, PartialEq, Eq)]
struct Ladder {
    package: String,
    modules: Vec<String>,
}

/// Checks every package that the table names.
///
/// # Errors
/// An import that goes the other way, a circle of imports, a module that the table does not name,
/// or sources that cannot be read. All of them are named.
pub(crate) fn check(root: &Path) -> Result<()> {
    let page = root.join("ARCHITECTURE.md");
    let text =
        std::fs::read_to_string(&page).or_judge(|| format!("cannot read `{}`", page.display()))?;
    let ladders = parse_table(&text);
    if ladders.is_empty() {
        return Err(Error::judge(format!(
            "ARCHITECTURE.md has no table below `{HEADING}`"
        )));
    }

    let mut problems = Vec::new();
    for ladder in &ladders {
        let sources = package_sources(root, &ladder.package);
        let files = imports::read_package(&sources)?;
        problems.extend(package_problems(ladder, &files));
    }

    if problems.is_empty() {
        return Ok(());
    }
    Err(Error::judge(format!(
        "imports go the wrong way:\n{}",
        problems.join("\n")
    ))
    .with_help(
        "move what is shared towards the beginning of the row in ARCHITECTURE.md, \"The ladder\"",
    ))
}

/// Where a package's sources are.
fn package_sources(root: &Path, package: &str) -> PathBuf {
    let folder = match package {
        "release-gate-facts" => root.join("release-gate/facts"),
        package => root.join(package),
    };
    folder.join("src")
}

/// The rows below the heading: `` | `package` | `module module …` | ``.
fn parse_table(page: &str) -> Vec<Ladder> {
    let section = page.split(HEADING).nth(1).unwrap_or_default();
    let section = section.split("\n## ").next().unwrap_or_default();
    section.lines().filter_map(parse_row).collect()
}

fn parse_row(line: &str) -> Option<Ladder> {
    let mut cells = line.trim().strip_prefix('|')?.split('|').map(str::trim);
    let package = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    let modules = cells.next()?.strip_prefix('`')?.strip_suffix('`')?;
    Some(Ladder {
        package: package.to_owned(),
        modules: modules.split_whitespace().map(str::to_owned).collect(),
    })
}

/// What is wrong in one package.
fn package_problems(ladder: &Ladder, files: &[SourceFile]) -> Vec<String> {
    let ranks: BTreeMap<&str, usize> = ladder
        .modules
        .iter()
        .enumerate()
        .map(|(rank, name)| (name.as_str(), rank))
        .collect();
    let mut problems = Vec::new();

    for file in files {
        let module = file.top_module();
        let Some(rank) = ranks.get(module) else {
            problems.push(format!(
                "  {}: the row of `{}` does not name `{module}`",
                file.shown(&ladder.package),
                ladder.package
            ));
            continue;
        };
        for import in &file.imports {
            let goes_up = ranks
                .get(files[import.file].top_module())
                .is_some_and(|other| other > rank);
            if goes_up {
                problems.push(wrong_way(&ladder.package, file, import, files));
            }
        }
    }

    for circle in circles::find(files) {
        let names: Vec<String> = circle
            .iter()
            .map(|index| files[*index].shown(&ladder.package))
            .collect();
        problems.push(format!("  a circle: {}", names.join(", ")));
    }
    problems
}

fn wrong_way(package: &str, file: &SourceFile, import: &Import, files: &[SourceFile]) -> String {
    format!(
        "  {}: `{}` comes later, by `{}`",
        file.shown(package),
        files[import.file].top_module(),
        import.path
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const LADDER: &str = "\
# Architecture

## The ladder

| package | modules |
|---|---|
| `demo` | `tool model judge command lib` |

## Next
| `other` | `x` |
";

    /// A package of these files, by path below `src`.
    fn problems(sources: &[(&str, &str)]) -> Vec<String> {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in sources {
            let path = dir.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        let ladder = &parse_table(LADDER)[0];
        package_problems(ladder, &imports::read_package(dir.path()).unwrap())
    }

    #[test]
    fn only_rows_of_the_section_are_read() {
        let ladders = parse_table(LADDER);
        assert_eq!(ladders.len(), 1);
        assert_eq!(ladders[0].package, "demo");
        assert_eq!(ladders[0].modules.len(), 5);
    }

    #[test]
    fn imports_towards_the_beginning_are_fine() {
        let found = problems(&[
            ("lib.rs", "mod model; mod judge; pub use judge::verdict;"),
            ("model.rs", "pub struct Model;"),
            (
                "judge.rs",
                "use crate::model::Model; pub fn verdict(_: Model) {}",
            ),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn an_import_the_other_way_is_named() {
        for text in [
            "use crate::judge::verdict;",
            "use crate::{judge::{verdict, other}};",
            "fn f() { crate::judge::verdict() }",
            "fn f(_: &crate::judge::Verdict) {}",
            "mod inner { use super::super::judge::verdict; }",
        ] {
            let found = problems(&[("model.rs", text), ("judge.rs", "")]);
            assert_eq!(found.len(), 1, "{text}: {found:?}");
            assert!(found[0].contains("`judge` comes later"), "{found:?}");
        }
    }

    #[test]
    fn tests_may_import_what_they_like() {
        let text = "#[cfg(test)] mod tests { use crate::judge::verdict; }";
        let found = problems(&[("model.rs", text), ("judge.rs", "")]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn a_reexport_is_followed_to_the_file_it_names() {
        let found = problems(&[
            ("model/mod.rs", "mod a; mod b; pub use self::a::A;"),
            ("model/a.rs", "pub struct A;"),
            ("model/b.rs", "use super::A;"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }

    #[test]
    fn files_that_import_each_other_are_a_circle() {
        let found = problems(&[
            ("model/mod.rs", "mod a; mod b; mod c;"),
            ("model/a.rs", "use super::b::B; pub struct A;"),
            ("model/b.rs", "use crate::model::c::C; pub struct B;"),
            ("model/c.rs", "use super::a::A; pub struct C;"),
        ]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(
            found[0].contains("a circle: demo/src/model/a.rs"),
            "{found:?}"
        );
    }

    #[test]
    fn a_module_that_the_table_does_not_name_is_told() {
        let found = problems(&[("novel.rs", "")]);
        assert!(found[0].contains("does not name `novel`"), "{found:?}");
    }
}
