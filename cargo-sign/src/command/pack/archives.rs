//! The archives of a release: one a target, and in which forms.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::PathBuf;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::{sha256_bytes, sha256_file};
use release_gate::fs::AtomicFile;
use release_gate::git::{CommitId, Git};
use release_gate::project::{Package, Project};
use release_gate::{Error, Result, Subject};
use release_gate_facts::files::INNER_SIGNATURE;
use release_gate_facts::report::pack::PackedArchive;

use crate::archive::pack::{Input, tar_gz, zip};
use crate::command::signing::signature;
use crate::format::checksums::{self, List};
use crate::format::minisign::Prehash;
use crate::key::Secret;
use crate::model::build::BuiltFile;
use crate::model::companion::{LIST, published};
use crate::model::release::Release;
use crate::read::builds::Build;

/// Further forms of each archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Forms {
    /// A zip also where it is not Windows.
    pub(super) zip: bool,
    /// A `.tar.zst` too.
    #[cfg(feature = "zstd")]
    pub(super) zst: bool,
}

/// Where licences and the like come from.
#[derive(Debug)]
pub(super) struct Source<'a> {
    package: PathBuf,
    workspace: PathBuf,
    /// What the release is of, where that is a clean commit.
    committed: Option<(&'a Git, &'a CommitId)>,
}

impl<'a> Source<'a> {
    pub(super) fn of(project: &'a Project, package: &Package, subject: &'a Subject) -> Self {
        let package = package
            .manifest_path
            .parent()
            .map(|dir| dir.as_std_path().to_owned())
            .unwrap_or_default();
        Self {
            package,
            workspace: project.root.clone(),
            committed: project
                .git
                .as_ref()
                .zip(subject.commit.as_ref())
                .filter(|_| !subject.dirty),
        }
    }
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) archives: Vec<PackedArchive>,
    /// The buildinfo of each build, by the name it is published under.
    pub(super) infos: BTreeMap<String, Vec<u8>>,
    /// Documents that lie beside the source and are not part of the commit.
    pub(super) left_out: BTreeSet<String>,
}

/// Packs builds into archives.
#[derive(Debug)]
pub(super) struct Packer<'a> {
    pub(super) key: &'a Secret,
    pub(super) release: &'a Release,
    pub(super) source: Source<'a>,
    /// Files that every archive holds besides, such as completions.
    pub(super) added: Vec<Input>,
    pub(super) forms: Forms,
}

impl Packer<'_> {
    /// Writes the archives of every build, one or more a target.
    ///
    /// # Errors
    /// Something cannot be read, signed or written.
    pub(super) fn pack(&self, folder: &mut PackageArtifacts, builds: &[Build]) -> Result<Written> {
        let mut written = Written::default();
        for build in builds {
            for (target, artifacts) in &build.by_target {
                let (archives, left_out) = self.pack_target(folder, build, target, artifacts)?;
                written.archives.extend(archives);
                written.left_out.extend(left_out);
            }
            if !build.by_target.is_empty() {
                written
                    .infos
                    .insert(build.published_as(), build.bytes.clone());
            }
        }
        Ok(written)
    }

    /// Packs what one build made for one target; returns the archives, and which documents were
    /// left out.
    fn pack_target(
        &self,
        folder: &mut PackageArtifacts,
        build: &Build,
        target: &str,
        artifacts: &[BuiltFile],
    ) -> Result<(Vec<PackedArchive>, BTreeSet<String>)> {
        let stem = format!("{}-{}-{target}", self.release.project, self.release.version);
        let source = &self.source;
        let (mut files, left_out) =
            build.common_files(&source.package, &source.workspace, source.committed)?;
        files.extend(self.added.iter().cloned());
        for artifact in artifacts {
            files.push(build.read(artifact)?);
        }
        let files = self.with_list(&stem, files)?;
        let archives = self.write_forms(folder, target, &stem, &files)?;
        Ok((archives, left_out))
    }

    /// Writes the same files in every form that is asked for.
    fn write_forms(
        &self,
        folder: &mut PackageArtifacts,
        target: &str,
        stem: &str,
        files: &[Input],
    ) -> Result<Vec<PackedArchive>> {
        let epoch = self.release.epoch;
        let windows = target.contains("windows");
        let mut archives = Vec::new();
        if !windows {
            let name = format!("{stem}.tar.gz");
            archives.push(write(folder, &name, target, |out| {
                tar_gz(out, stem, epoch, files)
            })?);
        }

        #[cfg(feature = "zstd")]
        if self.forms.zst {
            let name = format!("{stem}.tar.zst");
            archives.push(write(folder, &name, target, |out| {
                crate::archive::pack::tar_zst(out, stem, epoch, files)
            })?);
        }

        if windows || self.forms.zip {
            let name = format!("{stem}.zip");
            // The zip writer goes back to fill in sizes, so it writes to memory first.
            archives.push(write(folder, &name, target, |out| {
                let mut buffer = std::io::Cursor::new(Vec::new());
                zip(&mut buffer, stem, epoch, files)?;
                out.write_all(&buffer.into_inner())
            })?);
        }

        Ok(archives)
    }

    /// Adds the list over all files, and the signature of that.
    fn with_list(&self, stem: &str, mut files: Vec<Input>) -> Result<Vec<Input>> {
        let mut list = List::new();
        for file in &files {
            let twice = list.insert(file.path.clone(), sha256_bytes(&file.bytes));
            if twice.is_some() {
                return Err(Error::judge(format!(
                    "two files of `{stem}` would be named `{}`",
                    file.path
                )));
            }
        }

        let text = checksums::render(&list);
        let prehash = Prehash::of(text.as_bytes());
        let name = format!("{stem}/{LIST}");
        let signed = signature(self.key, self.release, &name, &prehash)?;
        for (path, bytes) in [
            (LIST, text.into_bytes()),
            (INNER_SIGNATURE, signed.into_bytes()),
        ] {
            files.push(Input {
                path: path.to_owned(),
                bytes,
                executable: false,
            });
        }
        Ok(files)
    }
}

/// Writes one archive, whole or not at all.
fn write(
    folder: &mut PackageArtifacts,
    name: &str,
    target: &str,
    make: impl FnOnce(&mut AtomicFile) -> std::io::Result<()>,
) -> Result<PackedArchive> {
    let published = published(name);
    let path = folder.path(&published);
    let mut file = AtomicFile::create(&path)?;
    make(&mut file).map_err(|error| {
        Error::judge(format!("cannot write `{}`", path.display())).with_source(error)
    })?;
    file.commit()?;

    folder.record(&published)?;
    let (sha256, size) = sha256_file(&path)
        .map_err(|error| Error::judge(format!("cannot read `{name}`")).with_source(error))?;
    Ok(PackedArchive {
        name: name.to_owned(),
        target: target.to_owned(),
        sha256,
        size,
    })
}
