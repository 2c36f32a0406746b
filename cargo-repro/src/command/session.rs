//! What `check`, `build` and `rebuild` share: from the project to a finished sealed build.

use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use cargo_metadata::Package;
use release_gate::error::JudgeExt;
use release_gate::{Context, Coverage, Error, Finding, Result};

use super::args::BuildArgs;
use crate::attribute::switches::{Switch, copied_target, copy_target};
use crate::model::config::{Config, Targets};
use crate::rules;
use crate::sealed::abilities::Abilities;
use crate::sealed::built::Built;
use crate::sealed::conditions::Conditions;
use crate::sealed::cross::{ALL, CrossLinker, find_linkers};
use crate::sealed::export::{Exported, Source};
use crate::sealed::fetch::fetch;
use crate::sealed::guard::Guard;
use crate::sealed::inputs::Inputs;
use crate::sealed::leftovers::ThrowAway;
use crate::sealed::machine::{self, Unseen};
use crate::sealed::outcome;
use crate::sealed::pins::Pins;
use crate::sealed::processor::Watch;
use crate::sealed::sandbox::{Plan, Sandbox};
use crate::sealed::toolchain::Toolchain;

/// Everything known before the first build.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) config: Config,
    pub(crate) source: Source,
    pub(crate) toolchain: Toolchain,
    pub(crate) abilities: Abilities,
    pub(crate) targets: Vec<String>,
    pub(crate) profile: String,
    pub(crate) jobs: usize,
    pub(crate) pins: Pins,
    /// Linkers that configuration names by their path.
    linkers: Vec<PathBuf>,
    cross_linkers: Vec<CrossLinker>,
    guard: Option<Rc<Guard>>,
    compared: bool,
    fetched: std::cell::Cell<bool>,
    /// Settings of the machine that builds do not see.
    unseen: Vec<Unseen>,
    /// Seconds since 1970.
    begun: u64,
    keep: bool,
    base: Option<ThrowAway>,
}

fn cannot_copy_target() -> String {
    "cannot copy the target folder".to_owned()
}

impl Session {
    /// Looks at the project and the machine.
    ///
    /// # Errors
    /// The project cannot be built from a commit, or a target is not installed.
    pub(crate) fn start(cx: &mut Context, args: &BuildArgs) -> Result<Self> {
        Self::new(cx, args, None)
    }

    /// A release build, whose inputs are published; of others' code under guard. It sees the real
    /// clock and the real order of files: only comparisons vary them.
    ///
    /// # Errors
    /// As [`start`](Self::start).
    pub(crate) fn release(
        cx: &mut Context,
        args: &BuildArgs,
        guard: Option<Rc<Guard>>,
    ) -> Result<Self> {
        let mut session = Self::new(cx, args, guard)?;
        session.compared = false;
        Ok(session)
    }

    fn new(cx: &mut Context, args: &BuildArgs, guard: Option<Rc<Guard>>) -> Result<Self> {
        cx.project()?;
        let config: Config = cx.config()?;
        let project = cx.project()?;
        let (source, root) = (Source::of(project, args.allow_dirty)?, project.root.clone());
        let unseen = machine::unseen(source.repository(), &config.pass_env)?;
        for setting in &unseen {
            cx.terminal.warn(format!(
                "{} is set and sealed builds do not see it; what a build needs belongs in `{}` of .cargo/config.toml",
                setting.what, setting.instead
            ));
        }

        let (targets, cross) = asked_targets(cx, args, &config);
        let toolchain = Toolchain::find(&cx.runner, &root)?;
        require_standard_libraries(&toolchain, &targets)?;

        // Where the project names a linker, none has to be found.
        let foreign: Vec<String> = targets
            .iter()
            .filter(|target| **target != toolchain.host)
            .filter(|target| {
                let configured = config.target.get(*target);
                configured.is_none_or(|target| target.linker.is_none())
            })
            .cloned()
            .collect();

        let cross_linkers = if cross {
            find_linkers(&foreign)?
        } else {
            Vec::new()
        };

        let base = ThrowAway::make("repro")?;
        let abilities = Abilities::find(&cx.runner, base.path(), &toolchain.own_linker());
        let jobs = args
            .jobs
            .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
            .max(1);

        let profile = args
            .profile
            .clone()
            .or_else(|| config.profile.clone())
            .unwrap_or_else(|| "release".to_owned());

        let pins = Pins::new(&config.pin)?;
        pins.check(&abilities)?;
        let fetched = std::cell::Cell::new(false);
        let linkers = config
            .target
            .values()
            .filter_map(|target| target.linker.as_deref())
            .map(PathBuf::from)
            .filter(|linker| linker.is_absolute())
            .collect();

        Ok(Self {
            pins,
            linkers,
            cross_linkers,
            compared: true,
            guard,
            config,
            source,
            toolchain,
            abilities,
            targets,
            profile,
            jobs,
            fetched,
            unseen,
            begun: now_in_seconds(),
            keep: args.keep,
            base: Some(base),
        })
    }

    /// What keeps others' code from the caller's files.
    pub(crate) fn guard(&self) -> Option<&Guard> {
        self.guard.as_deref()
    }

    /// Makes a place and the first time downloads what the lock file names.
    ///
    /// # Errors
    /// As [`Sandbox::make`] and [`fetch`].
    pub(crate) fn sandbox(
        &self,
        cx: &Context,
        conditions: Conditions,
    ) -> Result<(Sandbox, Exported)> {
        let base = self
            .base
            .as_ref()
            .map(ThrowAway::path)
            .ok_or_else(|| Error::judge("the temporary folder is gone"))?;

        let base = base.canonicalize().unwrap_or_else(|_| base.to_owned());
        let plan = Plan {
            runner: &cx.runner,
            source: &self.source,
            toolchain: &self.toolchain,
            abilities: &self.abilities,
            begun: self.begun,
            pass_env: &self.config.pass_env,
            pins: &self.pins,
            linkers: &self.linkers,
            cross_linkers: &self.cross_linkers,
            guard: self.guard.as_ref(),
            compared: self.compared,
        };

        let fetched = self.fetched.replace(true);
        let (sandbox, exported) = Sandbox::make(&plan, &base, conditions.clone())?;
        if fetched {
            return Ok((sandbox, exported));
        }
        cx.terminal.detail("Fetching", "the locked dependencies");
        let spinner = cx.terminal.spinner("Fetching");
        fetch(
            &cx.runner,
            &sandbox,
            self.guard.as_deref(),
            &self.targets,
            cx.args().is_offline(),
        )?;

        drop(spinner);

        // The first download may have made folders of CARGO_HOME that were not there to be shared.
        std::fs::remove_dir_all(&sandbox.root)
            .map_err(|error| Error::judge("cannot remake the sandbox").with_source(error))?;

        Sandbox::make(&plan, &base, conditions)
    }

    /// One sealed build.
    ///
    /// # Errors
    /// It fails, with the build's own words.
    pub(crate) fn build(&self, cx: &Context, conditions: Conditions, label: &str) -> Result<Built> {
        let jobs = self.pins.hold(conditions.clone()).jobs;
        let (sandbox, exported) = self.sandbox(cx, conditions)?;

        // Before the build: what it writes there is no source.
        let inputs = if self.compared {
            None
        } else {
            Some(Inputs::of(&sandbox)?)
        };

        cx.terminal
            .status("Running", format!("{label} in a sandbox"));
        let spinner = cx.terminal.spinner("Running");
        let watch = Watch::start();
        let args = self.cargo_args(cx, &sandbox, jobs)?;
        let finished = sandbox.cargo(&cx.runner, &args, |line| spinner.message(line.trim()))?;
        drop(spinner);
        let cost = watch.time();
        cx.terminal.detail(
            "Built",
            format!("{label} in {} ms of processor time", cost.as_millis()),
        );

        if !finished.is_success() {
            let text = sandbox.neutral(&finished.stderr_text());
            self.finish(cx);
            return Err(failure(label, &text));
        }

        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let build = outcome::read(
            &sandbox,
            project,
            &self.targets,
            &self.profile,
            &finished.stdout,
        )?;

        Ok(Built {
            sandbox,
            build,
            exported,
            inputs,
            cost,
        })
    }

    /// Builds again what a switch changes, in a copy of the target folder.
    ///
    /// # Errors
    /// The folder cannot be copied, or cargo cannot be started.
    pub(crate) fn build_again(&self, cx: &Context, built: &Built, switch: &Switch) -> Result<()> {
        let sandbox = &built.sandbox;
        let target = copied_target(sandbox);
        if target.exists() {
            std::fs::remove_dir_all(&target).or_judge(cannot_copy_target)?;
        }
        copy_target(&sandbox.target, &target).or_judge(cannot_copy_target)?;

        let args = self.cargo_args(cx, sandbox, sandbox.conditions.jobs)?;
        let variable = (switch.name.as_str(), switch.value.as_str());
        // That it fails is no error: then the switch mends nothing.
        sandbox.cargo_again(&cx.runner, &args, &target, variable)?;
        Ok(())
    }

    /// Arguments of the release build in a sandbox.
    fn cargo_args(&self, cx: &Context, sandbox: &Sandbox, jobs: usize) -> Result<Vec<String>> {
        let mut args: Vec<String> = [
            "build",
            "--locked",
            "--offline",
            "--message-format",
            "json-render-diagnostics",
        ]
        .map(str::to_owned)
        .into();

        args.extend([
            "--profile".to_owned(),
            self.profile.clone(),
            "--jobs".to_owned(),
            jobs.to_string(),
        ]);

        args.extend(self.selection(cx, |package| sandbox.package_id(package))?);
        args.extend(
            self.targets
                .iter()
                .flat_map(|target| ["--target".to_owned(), target.clone()]),
        );

        for (target, config) in &self.config.target {
            if let Some(linker) = &config.linker {
                args.extend([
                    "--config".to_owned(),
                    format!("target.{target}.linker={linker:?}"),
                ]);
            }
        }

        Ok(args)
    }

    /// The arguments that are published: all but those that say where and how fast.
    pub(crate) fn published_args(&self, cx: &Context) -> Result<Vec<String>> {
        let mut args = vec![
            "build".to_owned(),
            "--locked".to_owned(),
            "--profile".to_owned(),
            self.profile.clone(),
        ];
        args.extend(self.selection(cx, |_| None)?);
        args.extend(
            self.targets
                .iter()
                .flat_map(|target| ["--target".to_owned(), target.clone()]),
        );
        Ok(args)
    }

    /// Packages and features as cargo's arguments. What has no id in the place that is asked about
    /// is called by its name and version.
    fn selection(
        &self,
        cx: &Context,
        id_of: impl Fn(&Package) -> Option<String>,
    ) -> Result<Vec<String>> {
        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let mut args: Vec<String> = project
            .selected()
            .flat_map(|package| {
                let id = id_of(package)
                    .unwrap_or_else(|| format!("{}@{}", package.name, package.version));
                ["-p".to_owned(), id]
            })
            .collect();
        args.extend(cx.args().feature_args());
        Ok(args)
    }

    /// Findings about what was built rather than how it came out.
    pub(crate) fn remarks(&self, exported: &Exported) -> Vec<Finding> {
        let mut findings = Vec::new();
        if self.source.dirty {
            findings.push(
                Finding::new(
                    &rules::DIRTY,
                    "the work tree was built, with its uncommitted changes",
                )
                .help("commit them before a release"),
            );
        }

        if exported.lock_added {
            findings.push(
                Finding::new(
                    &rules::LOCK_NOT_COMMITTED,
                    "the commit holds no Cargo.lock; the work tree's was used",
                )
                .help("commit Cargo.lock"),
            );
        }

        for path in &exported.lfs_pointers {
            let path = path.to_string_lossy().replace('\\', "/");
            findings.push(
                Finding::new(
                    &rules::LFS_POINTER,
                    format!("`{path}` is a pointer to a large file"),
                )
                .at(path, None),
            );
        }

        findings
    }

    /// What of the machine has no say in what is built, as coverage: it was not judged.
    pub(crate) fn add_unseen(&self, coverage: &mut Coverage) {
        for setting in &self.unseen {
            coverage.not_judged(
                &rules::NOT_JUDGED_MACHINE_SETTING,
                &setting.what,
                1,
                format!(
                    "sealed builds do not see it; what a build needs belongs in `{}` of .cargo/config.toml",
                    setting.instead
                ),
            );
        }
    }

    /// Says where the places are if they are to be kept.
    pub(crate) fn finish(&self, cx: &Context) {
        if self.keep
            && let Some(base) = &self.base
        {
            cx.terminal.note(format!(
                "the sandboxes are kept in {}",
                base.path().display()
            ));
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.keep
            && let Some(base) = self.base.take()
        {
            base.keep();
        }
    }
}

/// Whether the toolchain has the standard library of every target.
fn require_standard_libraries(toolchain: &Toolchain, targets: &[String]) -> Result<()> {
    let libraries = toolchain.sysroot.join("lib/rustlib");
    let missing = targets.iter().find(|target| {
        !target.ends_with(".json")
            && libraries.is_dir()
            && !libraries.join(target).join("lib").is_dir()
    });
    match missing {
        None => Ok(()),
        Some(target) => Err(Error::judge(format!(
            "the standard library for `{target}` is not installed"
        ))
        .with_help(format!("run `rustup target add {target}`"))),
    }
}

/// The targets to build for, and whether linkers for them are to be found: as the command line says,
/// else what is rebuilt, else the configuration.
fn asked_targets(cx: &Context, args: &BuildArgs, config: &Config) -> (Vec<String>, bool) {
    let mut targets = cx.args().target.clone();
    let mut cross = args.cross;
    if targets.is_empty() && !args.targets.is_empty() {
        targets.clone_from(&args.targets);
        cross = true;
    }
    if targets.is_empty() {
        match &config.targets {
            Some(Targets::All) => {
                targets = ALL.iter().map(|target| (*target).to_owned()).collect();
                cross = true;
            }
            Some(Targets::These(these)) => targets.clone_from(these),
            None => {}
        }
    }
    targets.dedup();
    (targets, cross)
}

/// The present, a moment ago: files' times come from a clock that ticks a little later.
fn now_in_seconds() -> u64 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.map_or(0, |now| now.as_secs().saturating_sub(1))
}

/// A failed build, with the next step where the failure is a known one.
fn failure(label: &str, text: &str) -> Error {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with("Compiling "))
        .collect();
    let tail = lines[lines.len().saturating_sub(30)..].join("\n");
    let error = Error::judge(format!("{label} failed:\n{tail}"));
    let network = [
        "Could not resolve host",
        "failed to lookup address",
        "Network is unreachable",
        "dns error",
        "Connection refused",
    ];
    let script = text.lines().find_map(|line| {
        line.split("failed to run custom build command for `")
            .nth(1)?
            .split('`')
            .next()
    });
    if network.iter().any(|word| text.contains(word)) {
        return error.with_help(format!(
            "{} needs the network, and sealed builds have none: put what it downloads into the repository",
            script.map_or_else(|| "the build".to_owned(), |name| format!("the build script of `{name}`"))
        ));
    }
    if text.contains("linker `") && text.contains("not found") {
        return error.with_help(
            "install the linker, or name it: `[repro.target.<triple>] linker = \"aarch64-linux-gnu-gcc\"`",
        );
    }
    if text.contains("--offline") {
        return error.with_help("a dependency was not downloaded; it is not in Cargo.lock");
    }
    error
}
