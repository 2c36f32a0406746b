//! One side of the comparison, built: its public API as rustdoc sees it, and its compiled metadata.

use std::collections::BTreeMap;
use std::path::PathBuf;

use cargo_metadata::{Metadata, Package};
use rustdoc_types::Crate;
use semver::Version;

use crate::model::names::Hints;
use crate::model::surface::ForeignGlob;

/// A side that was built.
#[derive(Debug)]
pub struct Side {
    /// The package.
    pub package: Package,
    /// Its workspace and dependencies.
    pub metadata: Metadata,
    /// Its public API.
    pub api: Crate,
    /// Name of the library as programs use it.
    pub lib_name: String,
    /// Whether Rust programs can use it: a C library has symbols only.
    pub is_rust: bool,
    /// The library's metadata (or the macro's shared object).
    pub artifact: PathBuf,
    /// Folders with the metadata of its dependencies.
    pub deps_dirs: Vec<PathBuf>,
    /// The crates of its graph, by file name of their metadata.
    pub crates: BTreeMap<String, Dependency>,
    /// What its globs over other crates bring.
    pub globbed: Vec<Globbed>,
    /// What only its sources say.
    pub hints: Hints,
    /// Root of its workspace, which source paths are relative to.
    pub root: PathBuf,
    /// What of the caller's environment its build got; empty: nothing.
    pub environment: String,
}

/// A glob over another crate, with that crate's description.
#[derive(Debug)]
pub struct Globbed {
    /// The glob.
    pub glob: ForeignGlob,
    /// The other crate; `None` if it could not be described.
    pub api: Option<Crate>,
}

/// A compiled dependency.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// Its metadata, or the shared object of a macro crate.
    pub file: PathBuf,
    /// Its library's name.
    pub lib: String,
    /// Its package.
    pub package: String,
    /// The package's version.
    pub version: Version,
    /// cargo's id of the package.
    pub id: String,
    /// Its manifest, where it is a package on this machine and no published one.
    pub source: Option<PathBuf>,
}
