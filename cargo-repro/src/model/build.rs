//! The facts of one sealed build.

use std::collections::BTreeMap;
use std::path::PathBuf;

use release_gate::digest::Sha256Digest;
use release_gate::facts::report::repro::UnitKind;

use super::call::Call;

/// One compiled unit with the digests of what it left, by suffix (`rlib`, `rmeta`, empty for an
/// executable).
#[derive(Debug, Clone, Default)]
pub(crate) struct Unit {
    pub(crate) call: Call,
    pub(crate) outputs: BTreeMap<String, Sha256Digest>,
    /// Files it read, from its dependency list, below its place's folders.
    pub(crate) reads: Vec<PathBuf>,
    /// Those of them that are sources of the repository, by relative path, as they were when the
    /// build ended.
    pub(crate) sources: BTreeMap<PathBuf, Sha256Digest>,
}

impl ScriptRun {
    /// What it hands to the build scripts of packages that depend on its own, through `links`.
    pub(crate) fn metadata(&self) -> impl Iterator<Item = &str> {
        self.statements.iter().filter_map(|line| {
            let rest = line
                .strip_prefix("cargo::")
                .or_else(|| line.strip_prefix("cargo:"))?;
            if let Some(pair) = rest.strip_prefix("metadata=") {
                return Some(pair);
            }
            let (key, _) = rest.split_once('=')?;
            (line.starts_with("cargo:")
                && !line.starts_with("cargo::")
                && !key.starts_with("rustc-"))
            .then_some(rest)
        })
    }

    /// Whether it hands out its OUT_DIR: then anyone who depends on it may read any file there.
    pub(crate) fn hands_out_folder(&self) -> bool {
        self.metadata().any(|pair| pair.contains("<target>"))
    }
}

impl Unit {
    /// The stem that `--extern` paths of its users end with.
    pub(crate) fn stem(&self) -> String {
        format!("{}{}", self.call.crate_name, self.call.extra_filename)
    }

    /// The word reports use for it.
    pub(crate) fn kind(&self) -> UnitKind {
        match &self.call {
            call if call.is_build_script() => UnitKind::BuildScript,
            call if call.is_proc_macro() => UnitKind::ProcMacro,
            call if call.crate_types == ["bin"] => UnitKind::Bin,
            _ => UnitKind::Lib,
        }
    }
}

/// One run of a build script.
#[derive(Debug, Clone, Default)]
pub(crate) struct ScriptRun {
    pub(crate) package: String,
    pub(crate) version: String,
    pub(crate) out_dir: PathBuf,
    /// What it told cargo that reaches the compiler, the place's folders replaced by names, in its
    /// order.
    pub(crate) statements: Vec<String>,
    /// Files it left in OUT_DIR, by relative path.
    pub(crate) files: BTreeMap<String, Sha256Digest>,
}

/// A file that would be released.
#[derive(Debug, Clone)]
pub(crate) struct Artifact {
    pub(crate) package: String,
    /// File name.
    pub(crate) name: String,
    pub(crate) kind: ArtifactKind,
    pub(crate) target: String,
    pub(crate) path: PathBuf,
    pub(crate) sha256: Sha256Digest,
}

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ArtifactKind {
    Bin,
    /// A library for other languages: cdylib or staticlib.
    Foreign,
    /// A library for Rust, or a proc macro.
    Rust,
}

/// Everything one build left.
#[derive(Debug, Clone, Default)]
pub(crate) struct Build {
    pub(crate) units: Vec<Unit>,
    pub(crate) scripts: Vec<ScriptRun>,
    pub(crate) artifacts: Vec<Artifact>,
}
