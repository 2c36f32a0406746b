//! Whether an archive is what its name and its signature say: its buildinfo and its SBOM are of
//! that project and version, built for that target, and the programs in it are those that were
//! built.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufReader, Read};

use release_gate::digest::Sha256Digest;
use release_gate::report::Envelope;
use release_gate::{Finding, Rule, Status};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use super::{Verdict, shown};
use crate::model::comment::TrustedComment;
use crate::rules;

/// What was found in an archive, and what the signature inside it says.
#[derive(Debug)]
pub(super) struct Inside<'a> {
    /// The archive's name.
    pub(super) name: &'a str,
    /// The folder in it.
    pub(super) folder: &'a str,
    /// What the signature inside says.
    pub(super) comment: &'a TrustedComment,
    /// The members, by their names in the folder.
    pub(super) digests: &'a BTreeMap<String, Sha256Digest>,
}

/// A built file, as buildinfo names it.
#[derive(Debug, Deserialize)]
struct Artifact {
    target: String,
    path: String,
    sha256: Sha256Digest,
}

impl Inside<'_> {
    fn refuse(&self, verdict: &mut Verdict, rule: &Rule, text: String) {
        verdict.refuse(
            Finding::new(rule, text)
                .evidence("file", self.name.to_owned())
                .help("do not use it; get it again from where it was published"),
        );
    }

    /// What follows project and version in the name; `None` where they are not what it begins with.
    fn target(&self) -> Option<&str> {
        let release = format!("{}-{}", self.comment.project, self.comment.version);
        let rest = self.folder.strip_prefix(&release)?;
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_prefix('-')
        }
    }

    /// The name has to be that of the project and version that were signed.
    pub(super) fn check_name(&self, verdict: &mut Verdict) {
        if self.target().is_none() {
            self.other_version(verdict);
        }
    }

    fn other_version(&self, verdict: &mut Verdict) {
        let TrustedComment {
            project, version, ..
        } = self.comment;
        let text = format!(
            "`{}` is signed as {} {}",
            shown(self.name),
            shown(project),
            shown(version)
        );
        self.refuse(verdict, &rules::VERSION_MISMATCH, text);
    }

    /// Project, version and commit are those that were signed, the build passed, and it is of what
    /// is packed.
    pub(super) fn check_buildinfo(&self, verdict: &mut Verdict, buildinfo: &Envelope) {
        let (subject, name) = (&buildinfo.subject, shown(self.name));
        let commit = subject
            .commit
            .as_ref()
            .map_or_else(|| "none".to_owned(), ToString::to_string);
        let none = String::new();
        let said = [
            (
                &rules::PROJECT_MISMATCH,
                "project",
                subject.package.as_ref().unwrap_or(&none),
                &self.comment.project,
            ),
            (
                &rules::VERSION_MISMATCH,
                "version",
                subject.version.as_ref().unwrap_or(&none),
                &self.comment.version,
            ),
            (
                &rules::COMMIT_MISMATCH,
                "commit",
                &commit,
                &self.comment.commit,
            ),
        ];
        for (rule, what, a, b) in said {
            if a != b {
                let (a, b) = (shown(a), shown(b));
                let text =
                    format!("buildinfo.json in `{name}` is of {what} {a} and the signature of {b}");
                self.refuse(verdict, rule, text);
            }
        }
        if subject.dirty && !self.comment.dirty {
            let text = format!(
                "buildinfo.json in `{name}` is of uncommitted changes, which the signature says nothing of"
            );
            self.refuse(verdict, &rules::COMMIT_MISMATCH, text);
        }
        if buildinfo.status != Status::Pass {
            let text = format!(
                "buildinfo.json in `{name}` says `{}`",
                buildinfo.status.as_str()
            );
            self.refuse(verdict, &rules::GATE_FAILED, text);
        }
        // A buildinfo without the key is of another program; one whose list is empty had nothing to
        // pack.
        let Some(artifacts) = buildinfo
            .data
            .get("artifacts")
            .filter(|list| !list.is_null())
        else {
            return;
        };
        match Vec::<Artifact>::deserialize(artifacts) {
            Ok(artifacts) => self.check_artifacts(verdict, &artifacts),
            Err(error) => {
                let text = format!("buildinfo.json in `{name}` names no artifacts: {error}");
                self.refuse(verdict, &rules::BUILDINFO_MALFORMED, text);
            }
        }
    }

    /// The archive is named after the target it was built for, and holds what was built for it.
    fn check_artifacts(&self, verdict: &mut Verdict, artifacts: &[Artifact]) {
        let targets: BTreeSet<&str> = artifacts.iter().map(|artifact| &*artifact.target).collect();
        let Some(named) = self.target() else { return };
        let target = match (named, targets.first()) {
            (_, None) => return,
            // An archive that names none, of one target.
            ("", Some(only)) if targets.len() == 1 => only,
            ("", Some(_)) => return,
            (named, Some(_)) if targets.contains(named) => named,
            (named, Some(_)) => {
                // `1.0.0-rc.1-TARGET` is another version than `1.0.0-TARGET`.
                if targets
                    .iter()
                    .any(|target| named.ends_with(&format!("-{target}")))
                {
                    return self.other_version(verdict);
                }
                let built: Vec<_> = targets.iter().map(|target| shown(target)).collect();
                let text = format!("`{}` was built for {}", shown(self.name), built.join(", "));
                return self.refuse(verdict, &rules::TARGET_MISMATCH, text);
            }
        };
        for artifact in artifacts
            .iter()
            .filter(|artifact| artifact.target == target)
        {
            let file = artifact.path.rsplit('/').next().unwrap_or(&artifact.path);
            let (name, file_shown) = (shown(self.name), shown(file));
            match self.digests.get(file) {
                Some(digest) if *digest == artifact.sha256 => {}
                Some(_) => {
                    let text = format!("`{file_shown}` in `{name}` is not the one that was built");
                    self.refuse(verdict, &rules::DIGEST_MISMATCH, text);
                }
                None => {
                    let text =
                        format!("`{name}` does not hold `{file_shown}`, which was built for it");
                    self.refuse(verdict, &rules::SET_MISMATCH, text);
                }
            }
        }
    }

    /// The SBOM is of the project and version that were signed, where it says of which it is.
    pub(super) fn check_sbom(&self, verdict: &mut Verdict, sbom: &Sbom) {
        let name = shown(self.name);
        let component = match sbom {
            Sbom::Of(component) => component,
            Sbom::Malformed(why) => {
                let text = format!("SBOM.json in `{name}`: {}", shown(why));
                return self.refuse(verdict, &rules::SBOM_MALFORMED, text);
            }
        };
        for (rule, what, a, b) in [
            (
                &rules::PROJECT_MISMATCH,
                "project",
                &component.name,
                &self.comment.project,
            ),
            (
                &rules::VERSION_MISMATCH,
                "version",
                &component.version,
                &self.comment.version,
            ),
        ] {
            if let Some(a) = a.as_ref().filter(|a| *a != b) {
                let (a, b) = (shown(a), shown(b));
                self.refuse(
                    verdict,
                    rule,
                    format!("SBOM.json in `{name}` is of {what} {a} and the signature of {b}"),
                );
            }
        }
    }
}

/// What an SBOM is of.
#[derive(Debug)]
pub(super) enum Sbom {
    /// It is no CycloneDX document.
    Malformed(String),
    /// The component it is about.
    Of(Component),
}

/// The component an SBOM is about, as far as it says so.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Component {
    name: Option<String>,
    version: Option<String>,
}

impl Sbom {
    /// Reads and hashes one, of which nothing but its subject is kept: its size does not matter.
    ///
    /// # Errors
    /// Reading failed.
    pub(super) fn read(reader: &mut dyn Read) -> io::Result<(Self, Sha256Digest)> {
        #[derive(Deserialize)]
        struct Document {
            metadata: Option<Metadata>,
        }
        #[derive(Deserialize)]
        struct Metadata {
            component: Option<Component>,
        }
        let mut hashed = Hashed {
            inner: reader,
            sha: Sha256::new(),
        };
        let read = serde_json::from_reader::<_, Document>(BufReader::new(&mut hashed));
        io::copy(&mut hashed, &mut io::sink())?;
        let sbom = match read {
            Ok(document) => Self::Of(
                document
                    .metadata
                    .and_then(|metadata| metadata.component)
                    .unwrap_or_default(),
            ),
            Err(error) if error.is_io() => return Err(error.into()),
            Err(error) => Self::Malformed(error.to_string()),
        };
        Ok((sbom, Sha256Digest::from_bytes(hashed.sha.finalize().into())))
    }
}

struct Hashed<'a> {
    inner: &'a mut dyn Read,
    sha: Sha256,
}

impl Read for Hashed<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.sha.update(&buffer[..read]);
        Ok(read)
    }
}
