//! What all commands about releases start from.

use cargo_metadata::Package;
use release_gate::advisories::{self, Advisories};
use release_gate::artifacts::PackageArtifacts;
use release_gate::cli::Context;
use release_gate::git::Git;
use release_gate::{Error, Finding, Report, Result, Status};
use release_gate_facts::Coverage;

use super::args::RangeArgs;
use crate::compose::release::{Request, Sources, compose_release};
use crate::compose::target::{Target, find_target};
use crate::judge;
use crate::model::config::Config;
use crate::model::release::Release;
use crate::rules;
use crate::tool::TOOL;

/// What all commands about releases start from.
pub(super) struct Session {
    pub(super) git: Git,
    pub(super) config: Config,
    required: Vec<String>,
    pub(super) request: Request,
    advisories: Option<Advisories>,
    pub(super) packages: Vec<Package>,
}

/// What was not looked at, for the line behind the verdict.
pub(super) fn not_compared(release: &Release) -> &'static str {
    let later = release.range.before().is_some();
    if later && release.vulnerabilities.compared.is_err() {
        ", advisories of both releases not compared"
    } else {
        ""
    }
}

/// One package's release.
pub(super) struct Composed {
    pub(super) target: Target,
    pub(super) folder: PackageArtifacts,
    pub(super) release: Release,
}

impl Session {
    pub(super) fn open(cx: &mut Context, args: &RangeArgs) -> Result<Self> {
        let must_be_locked = cx.args().is_locked();
        let project = cx.project()?;
        let git = project.repository()?.clone();
        if must_be_locked && project.lock_sha256.is_none() {
            return Err(
                Error::judge("Cargo.lock is missing, and --locked was given").with_help(
                    "run `cargo generate-lockfile` and commit Cargo.lock, or leave --locked out",
                ),
            );
        }

        let packages: Vec<Package> = project.selected().cloned().collect();
        if packages.len() > 1 && args.since.is_some() {
            return Err(Error::usage(
                "--since names the tag of one package, and several are selected",
            )
            .with_help("choose one with -p"));
        }

        let config: Config = cx.config()?;
        let required = config.required()?;
        let advisories = advisories::locate(args.db.as_deref())?
            .map(|path| Advisories::open(&path, &cx.runner))
            .transpose()?;
        let request = Request {
            since: args.since.clone(),
            to: args.to.clone(),
            phase: args.phase.map(Into::into).unwrap_or_default(),
        };

        Ok(Self {
            git,
            config,
            required,
            request,
            advisories,
            packages,
        })
    }

    /// A report that refuses a clone whose history was cut off.
    pub(super) fn refuse_shallow(
        &self,
        cx: &mut Context,
        name: &str,
        package: &Package,
    ) -> Result<Option<Report>> {
        let Some(finding) = judge::release::shallow(self.git.is_shallow()?) else {
            return Ok(None);
        };
        let subject = cx.project()?.subject(package);
        let mut coverage = Coverage::of(0);
        coverage.not_judged(
            &rules::NOT_JUDGED_HISTORY,
            "commits since the previous release",
            1,
            "history was cut off",
        );
        Ok(Some(
            Report::new(name, &TOOL, subject)
                .coverage(coverage)
                .findings([finding])
                .status(Status::Error),
        ))
    }

    /// An error for calls that make no report.
    pub(super) fn need_history(&self) -> Result<()> {
        match judge::release::shallow(self.git.is_shallow()?) {
            Some(finding) => {
                Err(Error::judge(finding.message).with_help(finding.help.unwrap_or_default()))
            }
            None => Ok(()),
        }
    }

    pub(super) fn compose(&self, cx: &mut Context, package: &Package) -> Result<Composed> {
        let target = find_target(
            cx.project()?,
            package,
            &self.config,
            self.request.to.as_deref(),
        )?;

        let folder = cx.package_artifacts(&target.package, &target.version.to_string())?;
        cx.terminal.status(
            "Reading",
            format!("history of {} {}", target.package, target.version),
        );

        // Beside the artifact folder, which holds what is released.
        let cache = cx.project()?.target_dir.join("release-gates-cache/people");
        let cache = (!cx.args().dry_run).then_some(cache);
        let sources = Sources {
            git: &self.git,
            folder: &folder,
            advisories: self.advisories.as_ref(),
            cache: cache.as_deref(),
        };

        let release = compose_release(&sources, &target, &self.config, &self.request)?;

        Ok(Composed {
            target,
            folder,
            release,
        })
    }

    /// What holds whenever a release is looked at.
    pub(super) fn judge(&self, release: &Release) -> (Vec<Finding>, Option<Status>) {
        judge::release::judge(release, &self.required)
    }
}
