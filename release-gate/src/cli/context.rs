//! What a gate works with.

use std::path::PathBuf;

use serde::de::DeserializeOwned;

use crate::args::SharedArgs;
use crate::artifacts::{ArtifactDir, PackageArtifacts};
use crate::config::Config;
use crate::error::Result;
use crate::process::{Runner, Step};
use crate::project::Project;
use crate::report::{Report, Status};
use crate::rule::{Level, Levels, Requested, Rule};
use crate::terminal::Terminal;
use crate::tool::Tool;

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
    needs_dependencies: bool,
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
            needs_dependencies: true,
            config: None,
            levels: Levels::default(),
        }
    }

    /// The same context, for a call that needs the project's dependencies or does not; see
    /// [`Gate::needs_dependencies`](super::Gate::needs_dependencies).
    #[must_use]
    pub fn needing_dependencies(mut self, needed: bool) -> Self {
        self.needs_dependencies = needed;
        self
    }

    /// Sets what the command line asks for.
    pub(super) fn set_levels(&mut self, levels: Levels) {
        self.levels = levels;
    }

    /// Prints no more steps and notes: people were told already.
    pub(super) fn silence(&mut self) {
        self.args.quiet = true;
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
            let (args, runner) = (&self.args, &self.runner);
            let loaded = if self.needs_dependencies {
                Project::load_with_dependencies(args, runner, prepare)
            } else {
                Project::load(args, runner, prepare)
            };
            let project = match loaded {
                Ok(project) => project,
                Err(failure) => {
                    // Reports about the error still name the packages they are about.
                    self.project = failure.workspace.map(|workspace| *workspace);
                    return Err(failure.error);
                }
            };
            if project.dirty {
                self.terminal
                    .warn("the working tree has uncommitted changes; reports are marked as dirty");
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

    /// The status a report would end with, for what must be done only where it passes: unpacking,
    /// remembering, printing `OK`. `heed`: the configuration that is found sets levels too; see
    /// [`Gate::heeds_found_levels`](super::Gate::heeds_found_levels).
    ///
    /// # Errors
    /// As [`Config::find`] and [`Config::levels`].
    pub fn settled_status(&self, report: &Report, heed: bool) -> Result<Status> {
        let mut levels = Levels::default();
        if heed || self.args.config.is_some() {
            let (rules, table) = (self.tool.rules, self.tool.subcommand);
            match &self.config {
                Some(config) => config.levels(table, rules, &mut levels)?,
                None => self.find_config()?.levels(table, rules, &mut levels)?,
            }
        }
        levels.extend(&self.levels);
        let mut settled = report.clone();
        settled.settle(&levels);
        Ok(settled.envelope.status)
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

    /// Says where the artifact folder is, unless the command line does: cargo is then not asked for
    /// it.
    pub fn place_artifacts(&mut self, root: PathBuf) {
        self.args.artifact_dir.get_or_insert(root);
    }

    /// The artifact folder, where it is known without asking cargo.
    pub(super) fn known_artifacts(&self) -> Option<ArtifactDir> {
        let root = match (&self.args.artifact_dir, &self.project) {
            (Some(dir), _) => dir.clone(),
            (None, Some(project)) => project.target_dir.join("release-gates"),
            (None, None) => return None,
        };
        Some(ArtifactDir::new(root, &self.tool))
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
