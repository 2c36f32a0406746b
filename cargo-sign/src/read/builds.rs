//! What is packed: the builds of one or several machines, each a folder with its `buildinfo.json`,
//! its SBOM and its artifacts.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use release_gate::digest::sha256_bytes;
use release_gate::git::{CommitId, Git};
use release_gate::{Error, Result, Status, Subject};
use release_gate_facts::files::{BUILDINFO, INNER_SBOM, SBOM_CYCLONEDX_JSON};

use crate::archive::pack::Input;
use crate::model::build::{BuildError, BuildRecord, BuiltFile};

/// What one machine built.
#[derive(Debug)]
pub(crate) struct Build {
    dir: PathBuf,
    /// Its `buildinfo.json`.
    pub bytes: Vec<u8>,
    /// Its artifacts by target triple.
    pub by_target: BTreeMap<String, Vec<BuiltFile>>,
    first: bool,
}

/// The builds in these folders, or the one in `own`. They have to be of one commit and lock file
/// and of different targets.
pub(crate) fn builds(named: &[PathBuf], own: &Path, subject: &Subject) -> Result<Vec<Build>> {
    let own = [own.to_owned()];
    let mut found: Vec<Build> = Vec::new();
    for dir in if named.is_empty() { &own } else { named } {
        let (bytes, build) = read_build(dir)?;
        if let Some(why) = build.subject.stale_against(subject) {
            return Err(
                Error::judge(format!("`{}` was {why}", dir.join(BUILDINFO).display()))
                    .with_help("run `cargo repro build` again"),
            );
        }
        let by_target = by_target(&build)?;
        for earlier in &found {
            if let Some(target) = by_target
                .keys()
                .find(|target| earlier.by_target.contains_key(*target))
            {
                return Err(Error::usage(format!(
                    "`{}` and `{}` both hold a build for {target}",
                    earlier.dir.display(),
                    dir.display()
                ))
                .with_help("`cargo repro compare` on their buildinfo.json tells whether they agree; pack one of them"));
            }
        }
        found.push(Build {
            dir: dir.clone(),
            bytes,
            by_target,
            first: found.is_empty(),
        });
    }

    Ok(found)
}

impl Build {
    /// The name under which its buildinfo is published beside the archives.
    pub(crate) fn published_as(&self) -> String {
        match self.by_target.keys().next() {
            Some(target) if !self.first => format!("buildinfo-{target}.json"),
            _ => BUILDINFO.to_owned(),
        }
    }

    /// An artifact, which has to be the one that was built.
    pub(crate) fn read(&self, artifact: &BuiltFile) -> Result<Input> {
        let path = self.dir.join(&artifact.path);
        let bytes = std::fs::read(&path).map_err(|error| {
            Error::judge(format!("cannot read the artifact `{}`", artifact.path))
                .with_source(error)
                .with_help("run `cargo repro build` again")
        })?;

        if sha256_bytes(&bytes) != artifact.sha256 {
            return Err(Error::judge(format!(
                "the artifact `{}` is not the one that was built",
                artifact.path
            ))
            .with_help("run `cargo repro build` again"));
        }

        let name = artifact.file_name().to_owned();

        let library = [".rlib", ".a", ".lib", ".wasm", ".rmeta", ".d", ".pdb"]
            .iter()
            .any(|suffix| name.ends_with(suffix));

        Ok(Input {
            path: name,
            bytes,
            executable: !library,
        })
    }

    /// Leaves out targets for which nothing but a Rust library was built: no other build can link
    /// it.
    pub(crate) fn leave_out_libraries(&mut self) {
        self.by_target
            .retain(|_, files| !files.iter().all(BuiltFile::is_rust_library));
    }

    /// Whether nothing was built that anyone could start, or link from another language.
    pub(crate) fn is_library_only(&self) -> bool {
        self.by_target
            .values()
            .flatten()
            .all(BuiltFile::is_rust_library)
    }

    /// What is built in, as CycloneDX.
    pub(crate) fn sbom(&self) -> Result<Vec<u8>> {
        let path = self.dir.join(SBOM_CYCLONEDX_JSON);
        std::fs::read(&path).map_err(|error| {
            Error::judge(format!("cannot read `{}`", path.display()))
                .with_source(error)
                .with_help("run `cargo sbom-lite` first")
        })
    }

    /// Licences, README, buildinfo and SBOM; and which documents lie there and are not part of what
    /// was committed.
    pub(crate) fn common_files(
        &self,
        package: &Path,
        workspace: &Path,
        committed: Option<(&Git, &CommitId)>,
    ) -> Result<(Vec<Input>, BTreeSet<String>)> {
        let sbom = self.sbom()?;
        let mut files = BTreeMap::from([
            (BUILDINFO.to_owned(), self.bytes.clone()),
            (INNER_SBOM.to_owned(), sbom),
        ]);

        let mut left_out = BTreeSet::new();
        let root = committed.map_or(workspace, |(git, _)| git.root());

        // The package's own files win over the workspace's.
        for dir in [workspace, package] {
            let entries = std::fs::read_dir(dir).map_err(|error| {
                Error::judge(format!("cannot read `{}`", dir.display())).with_source(error)
            })?;
            for entry in entries.flatten() {
                let Ok(name) = entry.file_name().into_string() else {
                    continue;
                };
                let upper = name.to_uppercase();
                let wanted = [
                    "LICENSE",
                    "LICENCE",
                    "COPYING",
                    "NOTICE",
                    "COPYRIGHT",
                    "README",
                ]
                .iter()
                .any(|prefix| upper.starts_with(prefix));
                if !wanted || crate::model::path::check(&name).is_err() {
                    continue;
                }
                let wrong =
                    |error| Error::judge(format!("cannot read `{name}`")).with_source(error);
                // A link counts as what it leads to, which may be anywhere on this machine.
                let Ok(path) = entry.path().canonicalize() else {
                    continue;
                };
                if !std::fs::metadata(&path).is_ok_and(|metadata| metadata.is_file()) {
                    continue;
                }
                if is_part_of(
                    root,
                    committed,
                    &[dir.canonicalize().map_err(wrong)?.join(&name), path.clone()],
                )? {
                    files.insert(name.clone(), std::fs::read(&path).map_err(wrong)?);
                } else {
                    left_out.insert(name);
                }
            }
        }

        let files = files
            .into_iter()
            .map(|(path, bytes)| Input {
                path,
                bytes,
                executable: false,
            })
            .collect();

        Ok((files, left_out))
    }
}

/// Whether all these files lie below `root` and, where it is known which commit is packed, are part
/// of it.
fn is_part_of(
    root: &Path,
    committed: Option<(&Git, &CommitId)>,
    paths: &[PathBuf],
) -> Result<bool> {
    let Ok(root) = root.canonicalize() else {
        return Ok(false);
    };
    for path in paths {
        let Ok(inside) = path.strip_prefix(&root) else {
            return Ok(false);
        };
        let Some((git, commit)) = committed else {
            continue;
        };
        let parts: Option<Vec<_>> = inside.iter().map(|part| part.to_str()).collect();
        let Some(parts) = parts else { return Ok(false) };
        if git.show(commit, &parts.join("/"))?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A build's `buildinfo.json`, which has to say that the build passed.
///
/// # Errors
/// It is not there, is of another shape, or says that the build did not pass.
pub(crate) fn read_build(dir: &Path) -> Result<(Vec<u8>, BuildRecord)> {
    let path = dir.join(BUILDINFO);
    let bytes = std::fs::read(&path).map_err(|error| {
        Error::judge(format!("cannot read `{}`", path.display()))
            .with_source(error)
            .with_help("run `cargo repro build` first, or name the folder with --artifacts")
    })?;
    let build = parse_build(&bytes, BUILDINFO)?;
    Ok((bytes, build))
}

/// Reads a build that has to have passed. `name`: what its file is called.
///
/// # Errors
/// It is of another shape, or says that the build did not pass.
pub(crate) fn parse_build(bytes: &[u8], name: &str) -> Result<BuildRecord> {
    let build = BuildRecord::parse(bytes).map_err(|error| match error {
        BuildError::Shape(_) => Error::judge(format!("`{name}` cannot be relied on"))
            .with_source(error)
            .with_help("run `cargo repro build` again"),
        BuildError::Unfinished { .. } => unfinished(name, &error),
    })?;
    if build.status == Status::Pass {
        return Ok(build);
    }
    let why = build
        .findings
        .first()
        .map(|finding| format!(": {}", finding.message));
    let error = BuildError::Unfinished {
        status: build.status,
        why: why.unwrap_or_default(),
    };
    Err(unfinished(name, &error))
}

fn unfinished(name: &str, error: &BuildError) -> Error {
    let what = error.to_string();
    let says = what.strip_prefix("it ").unwrap_or(&what);
    Error::judge(format!("`{name}` {says}"))
        .with_help("fix the build, then run `cargo repro build` again")
}

/// The artifacts by target; paths have to stay inside the folder.
fn by_target(build: &BuildRecord) -> Result<BTreeMap<String, Vec<BuiltFile>>> {
    let mut by_target: BTreeMap<String, Vec<BuiltFile>> = BTreeMap::new();
    for artifact in &build.artifacts {
        for name in [&artifact.path, &artifact.target] {
            crate::model::path::check(name).map_err(|error| {
                Error::judge("`buildinfo.json` names an artifact that cannot be packed")
                    .with_source(error)
            })?;
        }
        by_target
            .entry(artifact.target.clone())
            .or_default()
            .push(artifact.clone());
    }
    by_target.values_mut().for_each(leave_out_own_library);
    Ok(by_target)
}

/// The Rust library beside a program is of use to nobody who downloads the program.
fn leave_out_own_library(files: &mut Vec<BuiltFile>) {
    if !files.iter().all(BuiltFile::is_rust_library) {
        files.retain(|file| !file.is_rust_library());
    }
}
