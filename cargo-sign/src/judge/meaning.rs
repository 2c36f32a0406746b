//! Whether an archive is what its name and its signature say: its buildinfo and its SBOM are of
//! that project and version, built for that target, and the programs in it are those that were
//! built.

use std::collections::{BTreeMap, BTreeSet};

use release_gate::digest::Sha256Digest;
use release_gate::{Finding, Rule, Status, Subject};

use super::verdict::shown;
use crate::model::build::{BuildRecord, BuiltFile};
use crate::model::comment::TrustedComment;
use crate::read::members::Sbom;
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

impl Inside<'_> {
    fn refusal(&self, rule: &Rule, text: String) -> Finding {
        Finding::new(rule, text)
            .evidence("file", self.name.to_owned())
            .help("do not use it; get it again from where it was published")
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
    pub(super) fn check_name(&self) -> Vec<Finding> {
        match self.target() {
            Some(_) => Vec::new(),
            None => vec![self.other_version()],
        }
    }

    fn other_version(&self) -> Finding {
        let text = format!(
            "`{}` is signed as {} {}",
            shown(self.name),
            shown(&self.comment.project),
            shown(&self.comment.version)
        );
        self.refusal(&rules::VERSION_MISMATCH, text)
    }

    /// Project, version and commit are those that were signed, the build passed, and it is of what
    /// is packed.
    pub(super) fn check_build(&self, build: &BuildRecord) -> Vec<Finding> {
        let mut findings = self.check_subject(&build.subject);
        if build.status != Status::Pass {
            findings.push(self.unfinished(build.status));
        }
        findings.extend(self.check_artifacts(&build.artifacts));
        findings
    }

    /// The refusal of a build that did not pass.
    pub(super) fn unfinished(&self, status: Status) -> Finding {
        let text = format!(
            "buildinfo.json in `{}` says `{}`",
            shown(self.name),
            status.as_str()
        );
        self.refusal(&rules::GATE_FAILED, text)
    }

    /// Whether a buildinfo is of the project, version and commit that were signed.
    fn check_subject(&self, subject: &Subject) -> Vec<Finding> {
        let name = shown(self.name);
        let commit = subject
            .commit
            .as_ref()
            .map_or_else(|| "none".to_owned(), ToString::to_string);

        let package = subject.package.as_deref().unwrap_or_default();
        let version = subject.version.as_deref().unwrap_or_default();
        let said = [
            (
                &rules::PROJECT_MISMATCH,
                "project",
                package,
                &self.comment.project,
            ),
            (
                &rules::VERSION_MISMATCH,
                "version",
                version,
                &self.comment.version,
            ),
            (
                &rules::COMMIT_MISMATCH,
                "commit",
                &commit,
                &self.comment.commit,
            ),
        ];

        let mut findings = Vec::new();
        for (rule, what, built, signed) in said {
            if built != signed {
                let text = format!(
                    "buildinfo.json in `{name}` is of {what} {} and the signature of {}",
                    shown(built),
                    shown(signed)
                );
                findings.push(self.refusal(rule, text));
            }
        }

        if subject.dirty && !self.comment.dirty {
            let text = format!(
                "buildinfo.json in `{name}` is of uncommitted changes, which the signature says nothing of"
            );
            findings.push(self.refusal(&rules::COMMIT_MISMATCH, text));
        }

        findings
    }

    /// The archive is named after the target it was built for, and holds what was built for it.
    fn check_artifacts(&self, artifacts: &[BuiltFile]) -> Vec<Finding> {
        let target = match self.built_for(artifacts) {
            Ok(Some(target)) => target,
            Ok(None) => return Vec::new(),
            Err(finding) => return vec![*finding],
        };
        let built: Vec<&BuiltFile> = artifacts
            .iter()
            .filter(|artifact| artifact.target == target)
            .collect();
        // The Rust library beside a program is left out, and judged where it is there.
        let has_more = !built.iter().all(|artifact| artifact.is_rust_library());
        built
            .into_iter()
            .filter(|artifact| !(has_more && artifact.is_rust_library() && !self.holds(artifact)))
            .filter_map(|artifact| self.check_artifact(artifact))
            .collect()
    }

    /// The target an archive was built for: the one in its name, else the only one there is.
    fn built_for<'b>(&self, artifacts: &'b [BuiltFile]) -> Result<Option<&'b str>, Box<Finding>> {
        let targets: BTreeSet<&str> = artifacts.iter().map(|artifact| &*artifact.target).collect();
        let Some(named) = self.target() else {
            return Ok(None);
        };
        if targets.is_empty() {
            return Ok(None);
        }
        if named.is_empty() {
            // An archive that names none, of one target.
            return Ok(targets.first().copied().filter(|_| targets.len() == 1));
        }
        if let Some(target) = targets.get(named) {
            return Ok(Some(target));
        }

        // `1.0.0-rc.1-TARGET` is another version than `1.0.0-TARGET`.
        let other_version = targets
            .iter()
            .any(|target| named.ends_with(&format!("-{target}")));
        if other_version {
            return Err(Box::new(self.other_version()));
        }
        let built: Vec<_> = targets.iter().map(|target| shown(target)).collect();
        let text = format!("`{}` was built for {}", shown(self.name), built.join(", "));
        Err(Box::new(self.refusal(&rules::TARGET_MISMATCH, text)))
    }

    /// Whether the archive has a file of this name.
    fn holds(&self, artifact: &BuiltFile) -> bool {
        self.digests.contains_key(artifact.file_name())
    }

    /// Whether a built file is in the archive as it was built.
    fn check_artifact(&self, artifact: &BuiltFile) -> Option<Finding> {
        let file = artifact.file_name();
        let name = shown(self.name);
        match self.digests.get(file) {
            Some(digest) if *digest == artifact.sha256 => None,
            Some(_) => {
                let text = format!(
                    "`{}` in `{name}` is not the one that was built",
                    shown(file)
                );
                Some(self.refusal(&rules::DIGEST_MISMATCH, text))
            }
            None => {
                let text = format!(
                    "`{name}` does not hold `{}`, which was built for it",
                    shown(file)
                );
                Some(self.refusal(&rules::SET_MISMATCH, text))
            }
        }
    }

    /// The SBOM is of the project and version that were signed, where it says of which it is.
    pub(super) fn check_sbom(&self, sbom: &Sbom) -> Vec<Finding> {
        let name = shown(self.name);
        let component = match sbom {
            Sbom::Of(component) => component,
            Sbom::Malformed(why) => {
                let text = format!("SBOM.json in `{name}`: {}", shown(why));
                return vec![self.refusal(&rules::SBOM_MALFORMED, text)];
            }
        };

        let said = [
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
        ];

        said.into_iter()
            .filter_map(|(rule, what, found, signed)| {
                let found = found.as_ref().filter(|found| *found != signed)?;
                let text = format!(
                    "SBOM.json in `{name}` is of {what} {} and the signature of {}",
                    shown(found),
                    shown(signed)
                );
                Some(self.refusal(rule, text))
            })
            .collect()
    }
}
