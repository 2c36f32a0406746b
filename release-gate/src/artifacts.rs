//! The artifact folder, where the gates meet: `<target-dir>/release-gates/<package>-<version>/`.
//!
//! Every file is written whole or not at all. `manifest.json` is written last and lists what is
//! there with its digest, so that a reader can tell a complete folder from one whose writer was
//! killed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub use release_gate_facts::files::{MANIFEST, RELEASE_FOLDER};
pub use release_gate_facts::manifest::{Manifest, ManifestFile};
use release_gate_facts::{Fact, ReportData, Subject};

use crate::audit::AuditLog;
use crate::digest::{Sha256Digest, sha256_bytes, sha256_file};
use crate::error::{Error, JudgeExt, Result};
use crate::fs::{remove_unfinished, write_atomic};
use crate::json::to_canonical_vec;
use crate::report::{Envelope, Report};
use crate::tool::Tool;

/// The artifact folder of a project.
#[derive(Debug, Clone)]
pub struct ArtifactDir {
    root: PathBuf,
    tool: String,
}

impl ArtifactDir {
    /// The folder at `root` (need not exist yet), written to by `tool`.
    pub fn new(root: impl Into<PathBuf>, tool: &Tool) -> Self {
        Self {
            root: root.into(),
            tool: format!("{} {}", tool.name, tool.version),
        }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of one package. Names and versions may come from a file somebody else made:
    /// whatever they hold, it is a folder right in this one. What cargo allows in neither is
    /// `_` there.
    pub fn for_package(&self, name: &str, version: &str) -> PackageArtifacts {
        // With the dash between them it is neither `.` nor `..`.
        PackageArtifacts {
            dir: self
                .root
                .join(format!("{}-{}", plain_name(name), plain_name(version))),
            tool: self.tool.clone(),
            written: BTreeMap::new(),
        }
    }
}

/// Text as part of a folder's name: what cargo allows in neither names nor versions is `_`.
fn plain_name(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.+".contains(c);
    text.chars()
        .map(|c| if is_plain(c) { c } else { '_' })
        .collect()
}

/// The folder of one package of one version.
#[derive(Debug)]
pub struct PackageArtifacts {
    dir: PathBuf,
    tool: String,
    written: BTreeMap<String, ManifestFile>,
}

impl PackageArtifacts {
    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Where a file of this name is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Writes a file, whole or not at all, and notes it for the manifest.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        write_atomic(&self.path(name), bytes)?;
        self.note(name, sha256_bytes(bytes), bytes.len() as u64, None);
        Ok(())
    }

    /// Notes a file that was put there by other means (a build, a large copy) for the manifest.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn record(&mut self, name: &str) -> Result<()> {
        let (digest, size) = sha256_file(&self.path(name))
            .or_judge(|| format!("cannot read `{}`", self.path(name).display()))?;
        self.note(name, digest, size, None);
        Ok(())
    }

    /// Writes a report under its own name.
    ///
    /// # Errors
    /// It has no canonical form, or the folder cannot be written to.
    pub fn write_report(&mut self, report: &Report) -> Result<()> {
        let bytes = to_canonical_vec(&report.envelope)
            .or_judge(|| format!("cannot write the report `{}`", report.name))?;
        let name = format!("{}.json", report.name);
        write_atomic(&self.path(&name), &bytes)?;
        self.note(
            &name,
            sha256_bytes(&bytes),
            bytes.len() as u64,
            Some(report.envelope.schema.clone()),
        );
        Ok(())
    }

    fn note(&mut self, name: &str, sha256: Sha256Digest, size: u64, schema: Option<String>) {
        let file = ManifestFile {
            path: name.to_owned(),
            sha256,
            size,
            schema,
            tool: self.tool.clone(),
        };
        self.written.insert(name.to_owned(), file);
    }

    /// The folder of what is published. Nothing else lies in it.
    pub fn release_dir(&self) -> PathBuf {
        self.dir.join(RELEASE_FOLDER)
    }

    /// A report of another gate about `judged`, as far as it can be relied on.
    pub fn read_fact<Data: ReportData>(&self, judged: &Subject) -> Fact<Envelope<Data>> {
        match self.read(Data::FILE) {
            Ok(bytes) => Fact::<Envelope<Data>>::read_about(bytes.as_deref(), judged),
            Err(error) => Fact::Error(error.chain()),
        }
    }

    /// The bytes of a file, or `None` where there is none.
    ///
    /// # Errors
    /// It is there and cannot be read.
    pub fn read(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match std::fs::read(self.path(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(
                Error::judge(format!("cannot read `{}`", self.path(name).display()))
                    .with_source(error),
            ),
        }
    }

    /// The audit log of that name, to be continued; an empty one where there is none yet.
    ///
    /// # Errors
    /// It was changed after it was written, or cannot be read.
    pub fn resume_log(&self, name: &str) -> Result<AuditLog> {
        let Some(bytes) = self.read(name)? else {
            return Ok(AuditLog::new());
        };
        AuditLog::resume(&bytes).map_err(|error| {
            Error::judge(format!("`{name}` was changed after it was written"))
                .with_source(error)
                .with_help("keep it as evidence, and build into another --artifact-dir")
        })
    }

    /// A lock on the folder itself, held until it is dropped or the process ends in whatever way.
    /// `None` where folders cannot be locked (Windows): the manifest is an index, and what it
    /// lacks is not lost.
    fn lock(&self) -> Option<std::fs::File> {
        let folder = std::fs::File::open(&self.dir).ok()?;
        folder.lock().ok().map(|()| folder)
    }

    /// Writes the manifest: what was there before, less what is gone or what this tool wrote and
    /// others changed, and what was written now. What another tool noted stays as it was noted,
    /// so that anyone who relies on it still sees that it was changed. Calls that end at the
    /// same time wait for each other, so that none takes another's entries out.
    ///
    /// # Errors
    /// The folder cannot be written to.
    pub fn finish(mut self) -> Result<()> {
        if self.written.is_empty() {
            return Ok(());
        }
        let _lock = self.lock();
        let before = self
            .read(MANIFEST)?
            .and_then(|bytes| serde_json::from_slice::<Manifest>(&bytes).ok());
        for file in before.into_iter().flat_map(|manifest| manifest.files) {
            // The old index is only a hint: of this tool's files, what it says is kept where the
            // file still is what it says.
            let inside = Path::new(&file.path)
                .components()
                .all(|part| matches!(part, std::path::Component::Normal(_)));
            if inside
                && !self.written.contains_key(&file.path)
                && sha256_file(&self.path(&file.path))
                    .is_ok_and(|(d, _)| d == file.sha256 || file.tool != self.tool)
            {
                self.written.insert(file.path.clone(), file);
            }
        }

        let manifest = Manifest::new(self.written.into_values().collect());
        let bytes =
            to_canonical_vec(&manifest).or_judge(|| "cannot write the manifest".to_owned())?;
        write_atomic(&self.dir.join(MANIFEST), &bytes)?;
        remove_unfinished(&self.dir);

        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOOL: Tool = Tool {
        name: "cargo-x",
        subcommand: "x",
        version: "0.1.0",
        rules: &[],
    };

    #[test]
    fn a_log_is_continued_and_one_that_was_changed_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let mut folder = ArtifactDir::new(dir.path(), &TOOL).for_package("demo", "1.0.0");
        let mut log = folder.resume_log("log.jsonl").unwrap();
        let runner = crate::process::Runner::new();
        runner
            .run(crate::process::Step::new("rustc").arg("--version"))
            .unwrap();
        runner
            .records()
            .iter()
            .for_each(|record| log.append(record).unwrap());
        folder.write("log.jsonl", log.as_bytes()).unwrap();
        assert_eq!(folder.resume_log("log.jsonl").unwrap().head(), log.head());
        let changed = String::from_utf8(log.as_bytes().to_vec())
            .unwrap()
            .replace("--version", "--help");
        folder
            .write("log.jsonl", (changed.clone() + &changed).as_bytes())
            .unwrap();
        assert!(folder.resume_log("log.jsonl").is_err());
    }

    fn manifest(dir: &Path) -> Vec<String> {
        let bytes = std::fs::read(dir.join(MANIFEST)).unwrap();
        serde_json::from_slice::<Manifest>(&bytes)
            .unwrap()
            .files
            .into_iter()
            .map(|file| file.path)
            .collect()
    }

    #[test]
    fn no_name_leads_out_of_the_folder() {
        let root = ArtifactDir::new("facts", &TOOL);
        let dir = |name: &str, version: &str| root.for_package(name, version).dir().to_owned();
        assert_eq!(
            dir("a_b-c", "1.0.0-rc.1+x"),
            Path::new("facts/a_b-c-1.0.0-rc.1+x")
        );

        for (name, version) in [
            ("../../victim", "1"),
            ("/victim", "1"),
            ("a", "1/../../victim"),
            ("..", ".."),
            ("", ""),
            ("a\\b", "C:\\x"),
            ("a\0b", "1\n2"),
        ] {
            let dir = dir(name, version);
            assert_eq!(dir.parent(), Some(Path::new("facts")), "{}", dir.display());
            let name = dir.file_name().unwrap().to_str().unwrap();
            assert!(
                name.chars()
                    .all(|c| c.is_alphanumeric() || "-_.+".contains(c)),
                "{name}"
            );
        }
    }

    #[test]
    fn the_manifest_lists_what_is_there_across_runs() {
        let dir = tempfile::tempdir().unwrap();
        let root = ArtifactDir::new(dir.path(), &TOOL);
        let mut first = root.for_package("demo", "1.0.0");
        first.write("a.txt", b"a").unwrap();
        first.write("b/c.txt", b"c").unwrap();
        let folder = first.dir().to_owned();
        first.finish().unwrap();
        assert_eq!(manifest(&folder), ["a.txt", "b/c.txt"]);

        std::fs::write(folder.join("a.txt"), b"changed by somebody").unwrap();
        let mut second = root.for_package("demo", "1.0.0");
        second
            .write_report(&Report::new("x", &TOOL, Subject::default()))
            .unwrap();
        second.finish().unwrap();
        assert_eq!(manifest(&folder), ["b/c.txt", "x.json"]);

        // What another tool wrote and somebody changed stays noted as it was written, however often
        // this one ends.
        let other = Tool {
            name: "cargo-y",
            ..TOOL
        };
        let mut theirs = ArtifactDir::new(dir.path(), &other).for_package("demo", "1.0.0");
        theirs.write("d.txt", b"d").unwrap();
        theirs.write("e.txt", b"e").unwrap();
        theirs.finish().unwrap();
        std::fs::write(folder.join("d.txt"), b"changed by somebody").unwrap();
        std::fs::remove_file(folder.join("e.txt")).unwrap();
        for _ in 0..2 {
            let mut again = root.for_package("demo", "1.0.0");
            again.write("b/c.txt", b"c").unwrap();
            again.finish().unwrap();
            assert_eq!(manifest(&folder), ["b/c.txt", "d.txt", "x.json"]);
        }
        let bytes = std::fs::read(folder.join(MANIFEST)).unwrap();
        let files = serde_json::from_slice::<Manifest>(&bytes).unwrap().files;
        assert_eq!(
            files
                .iter()
                .find(|file| file.path == "d.txt")
                .unwrap()
                .sha256,
            sha256_bytes(b"d")
        );
    }
}
