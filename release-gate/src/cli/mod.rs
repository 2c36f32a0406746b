//! How every gate is called: the shared flags, and the driver from argv to exit code.

mod args;
mod driver;
mod generate;

use std::path::PathBuf;

use serde::de::DeserializeOwned;

pub use self::args::{MessageFormat, SharedArgs};
pub use self::driver::{main, run};
use crate::artifacts::{ArtifactDir, PackageArtifacts};
use crate::config::Config;
use crate::error::Result;
use crate::process::{Runner, Step};
use crate::project::Project;
use crate::report::Report;
use crate::rule::{Level, Levels, Requested, Rule};
use crate::terminal::Terminal;
use crate::tool::Tool;

/// A gate's command line, and what it does.
pub trait Gate: clap::Parser {
    /// Which tool this is.
    const TOOL: Tool;

    /// The shared flags, flattened into the gate's own.
    fn shared(&self) -> &SharedArgs;

    /// Name of the report this call makes: what is written (and printed) should the call end with
    /// an error. `None` for calls that make none.
    fn report_name(&self) -> Option<&'static str> {
        Some(Self::TOOL.subcommand)
    }

    /// Whether a configuration that nobody named sets the levels of rules: the one found in the
    /// current folder, in one above it, or in the manifest's metadata. `false` for calls that
    /// judge what others sent, where it may have come along: levels are then set by the command
    /// line and `--config` alone.
    fn heeds_found_levels(&self) -> bool {
        true
    }

    /// JSON Schemas of the gate's reports, by report name: see [`crate::report::schema`].
    fn schemas() -> Vec<(&'static str, schemars::Schema)> {
        Vec::new()
    }

    /// Does what was asked for.
    ///
    /// # Errors
    /// Whatever keeps the gate from a verdict; the driver reports it and never takes it for a pass.
    fn execute(self, cx: &mut Context) -> Result<Outcome>;
}

/// What a call ended with.
#[derive(Debug)]
pub enum Outcome {
    /// Verdicts, one a package; the driver applies levels, writes and prints them and sets the exit
    /// code.
    Reports(Vec<Report>),
    /// Done, with nothing to judge (a key was made, a file was written).
    Done,
}

impl From<Report> for Outcome {
    fn from(report: Report) -> Self {
        Self::Reports(vec![report])
    }
}

/// What a gate works with: the terminal, the project, the artifact folder, the configuration, and
/// the runner of programs.
#[derive(Debug)]
pub struct Context {
    /// The one way to print.
    pub terminal: Terminal,
    /// The one way to start programs.
    pub runner: Runner,
    tool: Tool,
    args: SharedArgs,
    project: Option<Project>,
    config: Option<Config>,
    /// What the command line asks for.
    levels: Levels,
}

impl Context {
    /// A context for these flags.
    pub fn new(tool: Tool, args: SharedArgs, terminal: Terminal) -> Self {
        Self {
            terminal,
            runner: Runner::new(),
            tool,
            args,
            project: None,
            config: None,
            levels: Levels::default(),
        }
    }

    /// The tool that is running.
    pub fn tool(&self) -> &Tool {
        &self.tool
    }

    /// The shared flags.
    pub fn args(&self) -> &SharedArgs {
        &self.args
    }

    /// The project, asked for once.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn project(&mut self) -> Result<&Project> {
        self.project_through(|step| step)
    }

    /// As [`project`](Self::project); the first call decides how cargo is started for it.
    ///
    /// # Errors
    /// As [`Project::load`].
    pub fn project_through(&mut self, prepare: impl FnOnce(Step) -> Step) -> Result<&Project> {
        if self.project.is_none() {
            let project = Project::load_through(&self.args, &self.runner, prepare)?;
            if project.dirty {
                self.terminal
                    .warn("there are uncommitted changes, and whatever is written about this commit says so");
            }
            self.project = Some(project);
        }
        self.loaded_project()
            .ok_or_else(|| crate::Error::judge("the project was not loaded"))
    }

    /// The project, if it was asked for before.
    pub fn loaded_project(&self) -> Option<&Project> {
        self.project.as_ref()
    }

    /// The level a rule has by command line and configuration, for what must not be done, or be
    /// written, where it denies. Before the project is known the manifests' metadata does not
    /// count.
    ///
    /// # Errors
    /// As [`Config::find`] and [`Config::levels`].
    pub fn level(&self, rule: &Rule) -> Result<Level> {
        let mut levels = Levels::default();
        let (rules, table) = (self.tool.rules, self.tool.subcommand);
        match &self.config {
            Some(config) => config.levels(table, rules, &mut levels)?,
            None => self.find_config()?.levels(table, rules, &mut levels)?,
        }
        Ok(
            match self
                .levels
                .requested(rule.id)
                .or_else(|| levels.requested(rule.id))
            {
                Some(Requested::Deny) => Level::Deny,
                Some(Requested::Warn) => Level::Warn,
                Some(Requested::Allow) => Level::Note,
                None => rule.level,
            },
        )
    }

    /// The artifact folder: `--artifact-dir`, else `release-gates` in the project's target folder.
    ///
    /// # Errors
    /// Without the flag: as [`Project::load`].
    pub fn artifacts(&mut self) -> Result<ArtifactDir> {
        let root: PathBuf = match &self.args.artifact_dir {
            Some(dir) => dir.clone(),
            None => self.project()?.target_dir.join("release-gates"),
        };
        Ok(ArtifactDir::new(root, &self.tool))
    }

    /// The artifact folder of one package.
    ///
    /// # Errors
    /// As [`artifacts`](Self::artifacts).
    pub fn package_artifacts(&mut self, name: &str, version: &str) -> Result<PackageArtifacts> {
        Ok(self.artifacts()?.for_package(name, version))
    }

    /// This tool's table of the configuration; its default where there is none. Load the project
    /// first if the call is about one, so that the manifests' metadata counts too.
    ///
    /// # Errors
    /// A usage error that names the file and the key.
    pub fn config<T: DeserializeOwned + Default>(&mut self) -> Result<T> {
        let table = self.tool.subcommand;
        self.configuration()?.table(table)
    }

    /// The whole configuration, looked for once.
    ///
    /// # Errors
    /// As [`Config::find`].
    pub fn configuration(&mut self) -> Result<&Config> {
        if self.config.is_none() {
            let config = self.find_config()?;
            self.config = Some(config);
        }
        self.config
            .as_ref()
            .ok_or_else(|| crate::Error::usage("the configuration was not found"))
    }

    fn find_config(&self) -> Result<Config> {
        let explicit = self.args.config.as_deref();
        match &self.project {
            Some(project) => {
                let single = project.single().ok().map(|package| &package.metadata);
                let metadata: Vec<_> = single
                    .into_iter()
                    .chain([&project.metadata.workspace_metadata])
                    .collect();
                Config::find(explicit, Some(&project.root), &metadata)
            }
            None => Config::find(explicit, self.args.config_root().as_deref(), &[]),
        }
    }
}
