//! `cargo sign attest`: SLSA provenance of a packed release, from its buildinfo.

mod args;
mod released;
mod statement;
mod summary;

use std::path::Path;

use release_gate::artifacts::PackageArtifacts;
use release_gate::digest::sha256_bytes;
use release_gate::git::CommitId;
use release_gate::{Context, Error, Outcome, Report, Result, Status, Subject};
use release_gate_facts::report::attest::AttestData;
use release_gate_facts::{Coverage, ReportData as _};

pub(crate) use self::args::AttestArgs;
use self::released::{Attesting, Released, unwritable};
use self::statement::{Gathered, read_builds};
use self::summary::{record_bundle, write_summary};
use super::signing::refuse_tracked_key;
use super::trust;
use crate::format::checksums::{self, List};
use crate::format::dsse;
use crate::inspect::{Evidence, check_directory, check_provenance};
use crate::judge::keys::Keys;
use crate::judge::listing::Extent;
use crate::judge::provenance::{Expected, LOG};
use crate::judge::verdict::Verdict;
use crate::keyless;
use crate::model::build::BuildRecord;
use crate::model::companion::{BUNDLE, LIST, PROVENANCE, SUMMARY, published};
use crate::model::config::Config;
use crate::model::provenance::{LEVEL, describe};
use crate::read::builds::read_build;
use crate::tool::TOOL;

pub(crate) fn run(cx: &mut Context, args: &AttestArgs) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let root = cx.artifacts()?;
    cx.project()?;
    let cx = &*cx;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    refuse_tracked_key(project, args.key.key.as_deref())?;
    let committed = trust::of_project(project, &config)?;
    let signing = args.key.load()?;
    let keys = committed.unwrap_or_else(|| Keys::new(vec![signing.public()], true));
    let reports = project.selected().map(|package| {
        let folder = root.for_package(&package.name, &package.version.to_string());
        let attesting = Attesting {
            cx,
            project,
            package,
            signing: &signing,
            keys: &keys,
            args,
        };
        attesting.attest(folder)
    });

    Ok(Outcome::Reports(reports.collect::<Result<Vec<_>>>()?))
}

impl Attesting<'_> {
    fn attest(&self, folder: PackageArtifacts) -> Result<Report> {
        let subject = self.project.subject(self.package);
        let epoch = self.project.epoch()?.unwrap_or(0);
        let commit = clean_commit(&subject)?;
        let repository = self.repository()?;
        self.check_tag(&commit)?;
        let info = read_own_build(folder.dir(), &subject)?;
        if info.artifacts.is_empty() && folder.read(&published(LIST))?.is_none() {
            return Ok(Report::new(AttestData::NAME, &TOOL, subject)
                .status(Status::Skipped)
                .summary("the build has no artifact to attest")
                .print_only());
        }

        // What does not verify is not attested.
        let verdict = check_directory(&folder.release_dir(), self.keys, Extent::Listed)?;
        let judged = judged_report(subject.clone(), &verdict, verdict.judged());
        if !self.passes(&verdict, &judged)? {
            return Ok(judged);
        }
        let released = Released {
            list: read_list(&folder)?,
            subject,
            commit,
            repository,
            epoch,
        };
        match &self.args.provenance {
            Some(bundle) => self.attest_bundle(folder, released, bundle, verdict),
            None => self.attest_build(folder, released, info, verdict),
        }
    }

    /// Where the source lives.
    fn repository(&self) -> Result<String> {
        self.args
            .source_uri
            .clone()
            .or_else(|| self.package.repository.clone())
            .ok_or_else(|| {
                Error::usage("where the source lives is not known")
                    .with_help("name it with --source-uri, or set `repository` in Cargo.toml")
            })
    }

    /// Whether the tag that was named names what is checked out.
    fn check_tag(&self, commit: &CommitId) -> Result<()> {
        let Some(tag) = &self.args.source_tag else {
            return Ok(());
        };
        let repository = self.project.repository()?;
        let tagged = repository.resolve(&format!("refs/tags/{tag}"))?;
        if tagged == *commit {
            return Ok(());
        }
        Err(Error::judge(format!(
            "the tag `{tag}` names {}, not {}",
            tagged.short(),
            commit.short()
        ))
        .with_help("check out the tag, then build and pack again"))
    }

    /// Says that a Sigstore bundle about the release was verified.
    fn attest_bundle(
        &self,
        folder: PackageArtifacts,
        released: Released,
        bundle: &Path,
        verdict: Verdict,
    ) -> Result<Report> {
        let subject = released.subject.clone();
        let verdict = record_bundle(self, folder, &released, bundle, verdict)?;
        let summary = verdict.builds.first().map_or_else(String::new, |build| {
            format!("{SUMMARY}: {}", describe(build))
        });
        let data = self.data(&released, &[BUNDLE, SUMMARY]);
        Ok(Report::with_data(&TOOL, subject, &data)
            .coverage(verdict.judged())
            .findings(verdict.findings)
            .summary(summary)
            .print_only())
    }

    /// Says how the release was built.
    fn attest_build(
        &self,
        mut folder: PackageArtifacts,
        released: Released,
        info: BuildRecord,
        mut verdict: Verdict,
    ) -> Result<Report> {
        let gathered = Gathered {
            builds: read_builds(&folder, &released, info)?,
            log: folder.read(LOG)?,
        };
        let coverage = gathered.coverage(&verdict);
        let judged = judged_report(released.subject.clone(), &verdict, coverage);
        if !self.passes(&verdict, &judged)? {
            return Ok(judged);
        }
        let statement = gathered.statement(self, &released)?;
        let payload = statement::encode(&statement)?;
        let envelope = self
            .signing
            .with(|key| dsse::sign(key, &payload))?
            .map_err(unwritable)?;
        let bundle = self.sign_keyless(&payload)?;
        folder.write(&published(PROVENANCE), &envelope)?;

        // Judged as a user would, with the committed key.
        let expected = Expected {
            source_uri: released.repository.clone(),
            source_tag: self.args.source_tag.clone(),
            ..Expected::default()
        };
        let evidence = Evidence {
            path: folder.path(&published(PROVENANCE)),
            log: folder.path(LOG),
        };
        check_provenance(&mut verdict, &evidence, &expected, self.keys)?;
        let mut written = vec![PROVENANCE];
        if self.args.vsa && verdict.holds() {
            write_summary(self, &mut folder, &released, &envelope, &mut verdict)?;
            // Of the summary that was here before: this one is not about it.
            remove_if_there(&folder.path(&published(BUNDLE)))?;
            written.push(SUMMARY);
        }
        match &bundle {
            Some(bundle) => {
                // A summary that was here before is about another bundle.
                remove_if_there(&folder.path(&published(SUMMARY)))?;
                folder.write(&published(BUNDLE), bundle)?;
                written.push(BUNDLE);
            }
            // One that was here before, and no summary is about, is of other provenance.
            None if !self.args.vsa && folder.read(&published(SUMMARY))?.is_none() => {
                remove_if_there(&folder.path(&published(BUNDLE)))?;
            }
            None => {}
        }
        folder.finish()?;
        let summary = format!(
            "{}: {} files, {LEVEL}",
            written.join(", "),
            released.list.len()
        );
        let data = self.data(&released, &written);
        Ok(Report::with_data(&TOOL, released.subject, &data)
            .coverage(gathered.coverage(&verdict))
            .findings(verdict.findings)
            .summary(summary)
            .print_only())
    }

    /// The bundle of a statement by the platform's identity, where one was asked for.
    fn sign_keyless(&self, statement: &[u8]) -> Result<Option<Vec<u8>>> {
        if !self.args.keyless {
            return Ok(None);
        }
        keyless::check_possible(self.cx)?;
        self.cx
            .terminal
            .status("Signing", "by the platform's identity");
        keyless::sign_statement(statement, self.args.signing_config.as_deref()).map(Some)
    }

    /// Whether everything held, and no level that was asked for makes a refusal of it.
    fn passes(&self, verdict: &Verdict, judged: &Report) -> Result<bool> {
        Ok(verdict.holds() && self.cx.settled_status(judged, true)? == Status::Pass)
    }

    fn data(&self, released: &Released, documents: &[&str]) -> AttestData {
        AttestData {
            documents: documents.iter().map(ToString::to_string).collect(),
            files: u64::try_from(released.list.len()).unwrap_or(u64::MAX),
            source: released.repository.clone(),
            tag: self.args.source_tag.clone(),
        }
    }
}

/// What was found before anything was written.
fn judged_report(subject: Subject, verdict: &Verdict, coverage: Coverage) -> Report {
    Report::new(AttestData::NAME, &TOOL, subject)
        .coverage(coverage)
        .findings(verdict.findings.iter().cloned())
        .print_only()
}

/// The commit, where nothing was changed since.
fn clean_commit(subject: &Subject) -> Result<CommitId> {
    subject
        .commit
        .clone()
        .filter(|_| !subject.dirty)
        .ok_or_else(|| {
            Error::judge("only a release of a clean commit can be attested")
                .with_help("commit, then build and pack again")
        })
}

/// The build in the artifact folder, which has to be of what is checked out.
fn read_own_build(dir: &Path, subject: &Subject) -> Result<BuildRecord> {
    let (_, build) = read_build(dir)?;
    if let Some(why) = build.subject.stale_against(subject) {
        return Err(Error::judge(format!("`buildinfo.json` was {why}"))
            .with_help("run `cargo repro build` again"));
    }
    Ok(build)
}

/// The list, and the list itself in it.
fn read_list(folder: &PackageArtifacts) -> Result<List> {
    let bytes = folder.read(&published(LIST))?.unwrap_or_default();
    let mut list = checksums::parse(&bytes)
        .map_err(|error| Error::judge("`checksums.txt` cannot be relied on").with_source(error))?;
    list.insert(LIST.to_owned(), sha256_bytes(&bytes));
    Ok(list)
}

fn remove_if_there(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(Error::judge(format!("cannot remove `{}`", path.display())).with_source(error))
        }
        _ => Ok(()),
    }
}
