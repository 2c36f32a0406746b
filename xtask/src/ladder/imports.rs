//! What each file of a package imports from the package itself.
//!
//! Imports are `use` declarations and paths in code that begin with `crate`, `self` or `super`.
//! Code under `#[cfg(test)]` does not count. A name that a module only re-exports is followed to
//! the file that defines it, so that a facade is no detour.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::error::JudgeExt;
use release_gate::fs::{WalkedFile, walk};
use syn::visit::{self, Visit};

/// One source file.
#[derive(Debug)]
pub(super) struct SourceFile {
    /// Its path below `src`.
    relative: PathBuf,
    /// Its module path: empty for `lib.rs`.
    module: Vec<String>,
    /// The files of the package that it imports.
    pub(super) imports: Vec<Import>,
}

/// An import of another file.
#[derive(Debug)]
pub(super) struct Import {
    /// The file's index.
    pub(super) file: usize,
    /// The path, for messages.
    pub(super) path: String,
}

impl SourceFile {
    /// The module right below the crate, `lib` for the crate itself.
    pub(super) fn top_module(&self) -> &str {
        self.module.first().map_or("lib", String::as_str)
    }

    /// The path for messages.
    pub(super) fn shown(&self, package: &str) -> String {
        format!("{package}/src/{}", self.relative.display())
    }
}

/// A file as it was parsed.
struct Parsed {
    relative: PathBuf,
    module: Vec<String>,
    /// Absolute paths (without `crate`) of what it names.
    named: BTreeSet<Vec<String>>,
    /// Names it declares with `use`, and the absolute paths behind them.
    aliases: BTreeMap<String, Vec<String>>,
}

/// Reads all files below a package's `src`, but for programs (`main.rs`, `bin/`).
pub(super) fn read_package(sources: &Path) -> Result<Vec<SourceFile>> {
    let files = walk(sources).or_judge(|| format!("cannot read `{}`", sources.display()))?;
    let files: Vec<WalkedFile> = files
        .into_iter()
        .filter(|file| is_library_source(&file.relative))
        .collect();
    let modules: BTreeSet<Vec<String>> = files
        .iter()
        .map(|file| module_path(&file.relative))
        .collect();

    let parsed = files
        .iter()
        .map(|file| parse(&file.path, &file.relative, &modules))
        .collect::<Result<_>>()?;
    Ok(resolve(parsed))
}

fn is_library_source(relative: &Path) -> bool {
    let is_rust = relative.extension().is_some_and(|ending| ending == "rs");
    let is_program = relative == Path::new("main.rs") || relative.starts_with("bin");
    let is_test = relative.file_stem().is_some_and(|stem| stem == "tests");
    is_rust && !is_program && !is_test
}

fn parse(path: &Path, relative: &Path, modules: &BTreeSet<Vec<String>>) -> Result<Parsed> {
    let shown = || format!("cannot read `{}`", path.display());
    let text = std::fs::read_to_string(path).or_judge(shown)?;
    let syntax = syn::parse_file(&text).or_judge(shown)?;

    let module = module_path(relative);
    let mut collector = Collector {
        here: module.clone(),
        modules,
        named: BTreeSet::new(),
        aliases: BTreeMap::new(),
    };
    collector.visit_file(&syntax);

    Ok(Parsed {
        relative: relative.to_owned(),
        module,
        named: collector.named,
        aliases: collector.aliases,
    })
}

/// `judge/mod.rs` and `judge.rs` are `judge`; `judge/audit.rs` is `judge::audit`.
fn module_path(relative: &Path) -> Vec<String> {
    let mut parts: Vec<String> = relative
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let is_index = parts
        .last()
        .is_some_and(|last| last == "mod" || last == "lib");
    if is_index {
        parts.pop();
    }
    parts
}

/// Collects the paths that a file names.
struct Collector<'m> {
    /// The module that is visited.
    here: Vec<String>,
    /// All modules of the package that are files.
    modules: &'m BTreeSet<Vec<String>>,
    named: BTreeSet<Vec<String>>,
    aliases: BTreeMap<String, Vec<String>>,
}

impl Collector<'_> {
    /// The absolute path of one that begins with `crate`, `self` or `super`; `None` for all others.
    fn absolute(&self, segments: &[String]) -> Option<Vec<String>> {
        let mut base = match segments.first()?.as_str() {
            "crate" => Vec::new(),
            "self" | "super" => self.here.clone(),
            _ => return None,
        };
        let mut rest = segments;
        if rest[0] != "super" {
            rest = &rest[1..];
        }
        while rest.first().is_some_and(|segment| segment == "super") {
            base.pop();
            rest = &rest[1..];
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn collect_use(&mut self, tree: &syn::UseTree, prefix: &[String]) {
        let mut path = prefix.to_vec();
        match tree {
            syn::UseTree::Path(tree) => {
                path.push(tree.ident.to_string());
                self.collect_use(&tree.tree, &path);
            }
            syn::UseTree::Name(tree) => {
                let name = tree.ident.to_string();
                if name == "self" {
                    let name = path.last().cloned().unwrap_or_default();
                    self.add_use(name, &path);
                } else {
                    path.push(name.clone());
                    self.add_use(name, &path);
                }
            }
            syn::UseTree::Rename(tree) => {
                if tree.ident != "self" {
                    path.push(tree.ident.to_string());
                }
                self.add_use(tree.rename.to_string(), &path);
            }
            syn::UseTree::Glob(_) => self.add_use("*".to_owned(), &path),
            syn::UseTree::Group(tree) => {
                for item in &tree.items {
                    self.collect_use(item, prefix);
                }
            }
        }
    }

    fn add_use(&mut self, name: String, path: &[String]) {
        let absolute = self
            .absolute(path)
            .or_else(|| self.child_path(path))
            // A name of another crate.
            .unwrap_or_else(|| path.to_vec());
        let is_of_package = self.absolute(path).is_some() || self.child_path(path).is_some();
        if is_of_package {
            self.named.insert(absolute.clone());
        }
        self.aliases.insert(name, absolute);
    }

    /// The absolute path of `child::name`, where `child` is a module below the one that is visited.
    fn child_path(&self, path: &[String]) -> Option<Vec<String>> {
        let mut child = self.here.clone();
        child.push(path.first()?.clone());
        if !self.modules.contains(&child) {
            return None;
        }
        child.extend(path[1..].iter().cloned());
        Some(child)
    }
}

/// Whether an item is compiled for tests only.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute
                .parse_args::<syn::Ident>()
                .is_ok_and(|condition| condition == "test")
    })
}

impl<'ast> Visit<'ast> for Collector<'_> {
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if is_for_tests(&item.attrs) {
            return;
        }
        self.here.push(item.ident.to_string());
        visit::visit_item_mod(self, item);
        self.here.pop();
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if !is_for_tests(&item.attrs) {
            self.collect_use(&item.tree, &[]);
        }
    }

    fn visit_vis_restricted(&mut self, _: &'ast syn::VisRestricted) {
        // `pub(in crate::model)` says who may see an item and imports nothing.
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Vec<String> = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        // A lone `self` is the receiver of a method.
        if segments.len() > 1
            && let Some(absolute) = self.absolute(&segments)
        {
            self.named.insert(absolute);
        }
        visit::visit_path(self, path);
    }
}

/// How many re-exports are followed; more are a circle of them.
const MAX_REEXPORTS: usize = 8;

fn resolve(parsed: Vec<Parsed>) -> Vec<SourceFile> {
    let by_module: BTreeMap<&[String], usize> = parsed
        .iter()
        .enumerate()
        .map(|(index, file)| (file.module.as_slice(), index))
        .collect();
    let resolved: Vec<Vec<Import>> = parsed
        .iter()
        .enumerate()
        .map(|(index, file)| imports_of(file, index, &parsed, &by_module))
        .collect();

    parsed
        .into_iter()
        .zip(resolved)
        .map(|(file, imports)| SourceFile {
            relative: file.relative,
            module: file.module,
            imports,
        })
        .collect()
}

fn imports_of(
    file: &Parsed,
    index: usize,
    parsed: &[Parsed],
    by_module: &BTreeMap<&[String], usize>,
) -> Vec<Import> {
    let mut imports = BTreeMap::new();
    for path in &file.named {
        if let Some(target) = defining_file(path, parsed, by_module)
            && target != index
        {
            imports.entry(target).or_insert_with(|| path.join("::"));
        }
    }
    imports
        .into_iter()
        .map(|(file, path)| Import { file, path })
        .collect()
}

/// The file that defines what a path names, re-exports followed. `None` for paths of other crates.
fn defining_file(
    path: &[String],
    parsed: &[Parsed],
    by_module: &BTreeMap<&[String], usize>,
) -> Option<usize> {
    let mut path = path.to_vec();
    for _ in 0..MAX_REEXPORTS {
        let depth = (0..=path.len())
            .rev()
            .find(|depth| by_module.contains_key(&path[..*depth]))?;
        let index = by_module[&path[..depth]];
        let Some(name) = path.get(depth) else {
            return Some(index);
        };
        match parsed[index].aliases.get(name) {
            Some(alias) if !is_of_package(alias, by_module) => return None,
            Some(alias) if alias.as_slice() != path => {
                let rest = path.split_off(depth + 1);
                path = alias.iter().cloned().chain(rest).collect();
            }
            // The crate's root is no import: it names what belongs to other crates.
            _ if depth == 0 => return root_file(name, index, parsed),
            _ => return Some(index),
        }
    }
    None
}

/// Whether a path leads into a module of the package.
fn is_of_package(path: &[String], by_module: &BTreeMap<&[String], usize>) -> bool {
    path.first()
        .is_some_and(|first| by_module.contains_key(std::slice::from_ref(first)))
}

/// `lib.rs`, if it may define the name. Names of other crates are no names of the root's.
fn root_file(name: &str, index: usize, parsed: &[Parsed]) -> Option<usize> {
    let looks_like_item = name.chars().next().is_some_and(char::is_uppercase);
    (looks_like_item && !parsed[index].aliases.contains_key(name)).then_some(index)
}
