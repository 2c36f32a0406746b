//! The command line, and the order in which things are read, judged and written.

use clap::Parser;
use release_gate::cli::{Context, Gate, Outcome, SharedArgs};
use release_gate::digest::sha256_bytes;
use release_gate::{Error, Report, Result, Tool};

use crate::compose::{self, Request};
use crate::config::Config;
use crate::judge;
use crate::model::release::{Phase, RelnotesData};
use crate::report::notes;

/// Release notes that agree with the facts.
#[derive(Debug, Parser)]
#[command(
    about = "Release notes that agree with the facts",
    after_help = "Examples:\n  cargo relnotes                       notes since the release before, as a draft\n  cargo relnotes --phase final         the same with every fact required\n  cargo relnotes --to v1.2.0           notes of a release that exists\n  cargo relnotes --since v1.0.0        notes since another tag"
)]
pub struct Cli {
    #[command(flatten)]
    shared: SharedArgs,
    #[command(flatten)]
    range: RangeArgs,
    /// Print where every commit of the range went
    #[arg(long)]
    accounting: bool,
}

/// Which release.
#[derive(Debug, Clone, clap::Args)]
pub struct RangeArgs {
    /// Tag (or revision) to start from [default: the highest lower version that is an ancestor]
    #[arg(long, value_name = "TAG")]
    since: Option<String>,
    /// Revision that is released [default: HEAD]
    #[arg(long, value_name = "REV")]
    to: Option<String>,
    /// For the release pull request, or for the release itself
    #[arg(long, value_enum, default_value_t, value_name = "PHASE")]
    phase: Phase,
}

impl Gate for Cli {
    const TOOL: Tool = crate::TOOL;

    fn shared(&self) -> &SharedArgs {
        &self.shared
    }

    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        vec![("relnotes", release_gate::report::schema::<RelnotesData>("relnotes"))]
    }

    fn execute(self, cx: &mut Context) -> Result<Outcome> {
        let packages: Vec<cargo_metadata::Package> = cx.project()?.selected().cloned().collect();
        let config: Config = cx.config()?;
        let required = config.required()?;
        let several = packages.len() > 1;
        if several
            && (self.range.since.is_some() || self.range.to.is_some())
            && config.tag_patterns.is_empty()
            && self.range.since.is_some()
        {
            return Err(Error::usage("--since names the tag of one package, and several are selected")
                .with_help("choose one with -p"));
        }
        let request =
            Request { since: self.range.since.clone(), to: self.range.to.clone(), phase: self.range.phase };
        let mut reports = Vec::new();
        for package in &packages {
            reports.push(self.generate(cx, package, &config, &request, &required)?);
        }
        Ok(Outcome::Reports(reports))
    }
}

impl Cli {
    fn generate(
        &self,
        cx: &mut Context,
        package: &cargo_metadata::Package,
        config: &Config,
        request: &Request,
        required: &[String],
    ) -> Result<Report> {
        let project = cx.project()?;
        let git = project.repository()?.clone();
        let target = compose::target(project, package, config, request.to.as_deref())?;
        let version = target.version.to_string();
        let mut folder = cx.package_artifacts(&target.package, &version)?;
        cx.terminal.status("Reading", format!("history of {} {version}", target.package));
        let release = compose::release(&git, &target, config, request, &folder)?;
        if release.predecessor.release.is_none() {
            cx.terminal.note(format!("no earlier release of {} is tagged: these are the notes of a first release, over all of its history", target.package));
        }
        let fresh = notes::render(&release)?;
        let before = folder.read("RELEASE_NOTES.md")?;
        let prose =
            before.as_deref().and_then(|bytes| std::str::from_utf8(bytes).ok()).and_then(notes::prose);
        let text = notes::with_prose(&fresh, prose);
        let digest = sha256_bytes(notes::generated_part(&text).as_bytes());
        folder.write("RELEASE_NOTES.md", text.as_bytes())?;
        folder.finish()?;
        let (findings, status) = judge::release::judge(&release, required);
        let mut human = text;
        if self.accounting {
            human.push_str(&accounting(&release));
        }
        let mut report = Report::new("relnotes", &crate::TOOL, target.subject.clone())
            .findings(findings)
            .data(&release.data(digest))
            .human(human);
        if let Some(baseline) = compose::baseline(&release) {
            report = report.baseline(baseline);
        }
        if let Some(status) = status {
            report = report.status(status);
        }
        Ok(report.summary(summary(&release)))
    }
}

fn summary(release: &crate::model::release::Release) -> String {
    let from = release
        .predecessor
        .release
        .as_ref()
        .map_or_else(|| "the beginning".to_owned(), |before| before.tag.clone());
    format!(
        "{} since {from}, {} lines",
        notes::count(release.counted, "commit"),
        release.accounting.entries.len()
    )
}

/// One line a commit: where it went.
fn accounting(release: &crate::model::release::Release) -> String {
    use crate::model::account::Bucket;
    let mut text = String::from("\nwhere every commit went, newest first:\n");
    for (commit, subject, bucket) in &release.accounting.buckets {
        let place = match bucket {
            Bucket::Listed { section } => format!("listed in {}", section.title()),
            Bucket::Folded { into: Some(into) } => format!("folded into {}", into.short()),
            Bucket::Folded { into: None } => "folded into the dependency table".to_owned(),
            Bucket::Merge => "merge".to_owned(),
            Bucket::Cancelled { with } => {
                format!(
                    "cancelled with {}",
                    with.iter().map(|other| other.short().to_owned()).collect::<Vec<_>>().join(", ")
                )
            }
            Bucket::Hidden { rule } => format!("hidden by {rule}"),
        };
        text.push_str(&format!("  {}  {place}: {}\n", commit.short(), subject.visible()));
    }
    text
}
