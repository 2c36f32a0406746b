//! A temporary place to build in, and the conditions that hold there.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use release_gate::error::JudgeExt;
use release_gate::process::{Finished, ProcessError, Runner, Step};
use release_gate::{Error, Result};

use super::abilities::Abilities;
use super::cargo_config::CargoConfig;
use super::conditions::Conditions;
use super::cross::CrossLinker;
use super::downloads;
use super::entrance::{Entrance, is_below_temporary};
use super::export::{Exported, Histories, Source};
use super::guard::{Guard, View};
use super::history::History;
use super::identity;
use super::interposer;
use super::pins::Pins;
use super::toolchain::Toolchain;
use super::variables::handed_on;
use crate::tools::{self, SandboxSpec};

/// One place.
#[derive(Debug)]
pub(crate) struct Sandbox {
    pub(crate) conditions: Conditions,
    pub(crate) abilities: Abilities,
    pub(crate) root: PathBuf,
    /// Where builds see `root`: another folder if the path is pinned.
    pub(crate) seen: PathBuf,
    pub(crate) source: PathBuf,
    /// The project's own folder, of which `source` is an export.
    repository: PathBuf,
    pub(crate) workspace: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) cargo_home: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) tools: PathBuf,
    pub(crate) records: PathBuf,
    pub(crate) scripts: PathBuf,
    pub(crate) log: PathBuf,
    /// Where the interposer writes down which programs were started.
    pub(crate) started: PathBuf,
    /// Linkers that configuration names by their path.
    linkers: Vec<PathBuf>,
    /// What links other systems' targets.
    pub(super) cross_linkers: Vec<CrossLinker>,
    pub(super) temporary: PathBuf,
    pub(super) epoch: i64,
    /// When the session began, seconds since 1970: what is younger was made by builds.
    pub(super) begun: u64,
    pub(super) commit: String,
    pub(super) toolchain: Toolchain,
    pub(super) extra_env: Vec<(String, std::ffi::OsString)>,
    pub(super) pins: Pins,
    /// What the project's own configuration says.
    pub(crate) cargo_config: CargoConfig,
    pub(super) compared: bool,
    pub(super) guard: Option<Rc<Guard>>,
}

/// What every place is made with.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) runner: &'a Runner,
    pub(crate) source: &'a Source,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) abilities: &'a Abilities,
    /// When the session began, seconds since 1970.
    pub(crate) begun: u64,
    /// Variables of the caller that are handed on by configuration.
    pub(crate) pass_env: &'a [String],
    pub(crate) pins: &'a Pins,
    /// Linkers that configuration names by their path.
    pub(crate) linkers: &'a [PathBuf],
    pub(crate) cross_linkers: &'a [CrossLinker],
    /// Keeps others' code from the caller's files.
    pub(crate) guard: Option<&'a Rc<Guard>>,
    /// Whether builds are compared: then conditions are varied and questions written down.
    pub(crate) compared: bool,
}

fn cannot_make_place() -> String {
    "cannot make the sandbox".to_owned()
}

fn make_folder(root: &Path, name: &str) -> Result<PathBuf> {
    let path = root.join(name);
    std::fs::create_dir_all(&path).or_judge(cannot_make_place)?;
    Ok(path)
}

impl Sandbox {
    /// Makes a place below `base`.
    ///
    /// # Errors
    /// The sources cannot be exported, or the disk cannot be written to.
    pub(crate) fn make(
        plan: &Plan<'_>,
        base: &Path,
        conditions: Conditions,
    ) -> Result<(Self, Exported)> {
        let conditions = plan.pins.hold(conditions);
        let root = base.join(conditions.folder);
        let seen = if plan.pins.has("path") {
            fixed_root()?
        } else {
            root.clone()
        };

        let source = make_folder(&root, "source")?;
        let aside = root.join("git");
        let other = match conditions.history {
            History::Whole => History::Shallow,
            History::Shallow => History::Whole,
        };

        let histories = Histories {
            own: conditions.history,
            other: Some((other, aside.as_path())),
        };

        let exported = plan.source.export(&source, &conditions, &histories)?;
        let workspace = source.join(&plan.source.workspace);
        let cargo_config = CargoConfig::read(&workspace, &source)?;
        if cargo_config.names_compiler() {
            return Err(Error::judge(
                "`build.rustc` of the cargo configuration names a compiler, and sealed builds use the toolchain's",
            )
            .with_help("name it in rust-toolchain.toml, or start this with RUSTC"));
        }

        let mut sandbox = Self {
            workspace,
            cargo_config,
            target: make_folder(&root, "target")?,
            cargo_home: make_folder(&root, "cargo-home")?,
            home: make_folder(&root, "home")?,
            tools: make_folder(&root, "tools")?,
            records: make_folder(&root, "records")?,
            scripts: make_folder(&root, "scripts")?,
            temporary: make_folder(&root, "tmp")?,
            log: root.join("interposer.log"),
            started: root.join("started.log"),
            linkers: plan.linkers.to_vec(),
            cross_linkers: plan.cross_linkers.to_vec(),
            abilities: plan.abilities.clone(),
            epoch: plan.source.epoch,
            begun: plan.begun,
            commit: plan.source.commit.to_string(),
            toolchain: plan.toolchain.clone(),
            // A stranger's configuration has no say in what of the caller's environment is handed
            // on.
            extra_env: match plan.guard {
                Some(guard) => guard.environment.clone(),
                None => handed_on(plan.pass_env),
            },
            guard: plan.guard.cloned(),
            pins: plan.pins.clone(),
            compared: plan.compared,
            repository: real_path(plan.source.repository()),
            seen,
            root,
            source,
            conditions,
        };

        downloads::share(
            plan.guard.map(|guard| guard.cargo_home()).as_deref(),
            &sandbox.cargo_home,
        )?;

        sandbox.fill_tools()?;
        if let Err(why) = sandbox.try_interposer(plan.runner) {
            sandbox.abilities.interposer = Err(why);
        }
        plan.pins.check(&sandbox.abilities)?;

        Ok((sandbox, exported))
    }

    /// Looks whether the interposer works here and not only compiles: programs are started that say
    /// what they see.
    ///
    /// # Errors
    /// Why it does not, for the report.
    fn try_interposer(&self, runner: &Runner) -> Result<(), String> {
        self.abilities.interposer.clone()?;
        let folder = self.temporary.join("tried");
        let asked = "mkdir \"$1\" && : > \"$1/a\" && : > \"$1/b\" && date +%s && ls -U \"$1\"";
        let step = Step::new("sh").args(["-c", asked, "tried"]);
        let mut step = self
            .enter(step.arg(self.inside(&folder)))
            .env_clear()
            .current_dir(&self.workspace);
        for (name, value) in self.environment() {
            step = step.env(name, value);
        }
        let finished = runner.run(step.env("CARGO_PKG_NAME", "tried"));
        let _ = std::fs::remove_dir_all(&folder);
        let saw = std::fs::read(&self.started).is_ok_and(|bytes| !bytes.is_empty());
        let _ = std::fs::remove_file(&self.started);
        let _ = std::fs::remove_file(&self.log);

        let finished = finished
            .ok()
            .filter(Finished::is_success)
            .ok_or("no program can be started in the sandbox")?;
        if !saw {
            return Err(
                "the interposer is not loaded in the sandbox: its path holds a space or colon, or the system does not allow it"
                    .to_owned(),
            );
        }
        let said = String::from_utf8_lossy(&finished.stdout).into_owned();
        let mut lines = said.lines();
        let clock = lines.next().and_then(|line| line.parse::<u64>().ok());
        let files: Vec<&str> = lines.collect();
        self.is_as_told(clock, &files)
            .then_some(())
            .ok_or_else(|| "programs do not see what the interposer is told".to_owned())
    }

    /// Whether programs see the clock and the order of files that the conditions say.
    fn is_as_told(&self, clock: Option<u64>, files: &[&str]) -> bool {
        if !self.compared {
            return true;
        }
        let clock_is = self.pins("time")
            || clock.is_some_and(|clock| clock + 60 > self.begun + self.conditions.clock);
        let order: &[&str] = match self.conditions.order {
            2 => &["b", "a"],
            _ => &["a", "b"],
        };
        clock_is && files == order
    }

    /// Puts this program among the tools under another's name.
    fn put_itself(&self, own_file: &Path, name: &str) -> Result<()> {
        let file = self
            .tools
            .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
        #[cfg(unix)]
        let made = std::os::unix::fs::symlink(own_file, &file);
        #[cfg(not(unix))]
        let made = std::fs::copy(own_file, &file).map(drop);
        made.or_judge(cannot_make_place)
    }

    fn fill_tools(&self) -> Result<()> {
        if let Ok(library) = &self.abilities.interposer {
            std::fs::copy(library, self.root.join(interposer::LIBRARY))
                .and_then(|_| interposer::tell(&self.root, &self.interposer_settings()))
                .or_judge(cannot_make_place)?;
        }

        let own_file = std::env::current_exe()
            .or_judge(|| "cannot find this program's own file".to_owned())?;
        self.put_itself(&own_file, tools::WRAPPER)?;
        if cfg!(unix) {
            let path = std::env::var_os("PATH").unwrap_or_default();
            let entries = std::env::split_paths(&path)
                .filter_map(|dir| std::fs::read_dir(dir).ok())
                .flatten()
                .flatten();
            let names: std::collections::BTreeSet<String> = entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .filter(|name| tools::is_compiler(name))
                .collect();
            names
                .iter()
                .try_for_each(|name| self.put_itself(&own_file, name))?;
        }

        for linker in &self.cross_linkers {
            if let Some(script) = linker.script() {
                self.put_script(&linker.script_name(), &script)?;
            }
        }

        let spec = SandboxSpec {
            records: self.inside(&self.records),
            remap: self.remaps(),
            chain: self.chained_wrapper(),
            rustc: self.toolchain.rustc.clone(),
        };

        let bytes =
            serde_json::to_vec(&spec).or_judge(|| "cannot describe the sandbox".to_owned())?;

        std::fs::write(self.tools.join(tools::SPEC), bytes).or_judge(cannot_make_place)
    }

    /// A program of the sandbox that is a few lines of shell.
    fn put_script(&self, name: &str, text: &str) -> Result<()> {
        let path = self.tools.join(name);
        std::fs::write(&path, text).or_judge(cannot_make_place)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755))
                .or_judge(cannot_make_place)?;
        }
        Ok(())
    }

    /// Folders of the place and what outputs call them.
    fn remaps(&self) -> Vec<(PathBuf, String)> {
        let commit = self
            .toolchain
            .rustc_version
            .iter()
            .find_map(|line| line.strip_prefix("commit-hash: "));
        let std_source = self.toolchain.sysroot.join("lib/rustlib/src/rust");
        let mut remaps: Vec<(PathBuf, String)> = vec![(self.seen.clone(), "/place".into())];
        remaps.extend(commit.map(|hash| (std_source, format!("/rustc/{hash}"))));
        remaps.push((self.inside(&self.cargo_home), "/cargo".into()));
        remaps.push((self.inside(&self.target), "/target".into()));
        remaps.push((self.inside(&self.source), "/source".into()));
        remaps
    }

    /// `build.rustc-wrapper` of the project's own configuration; caches are left out, since they
    /// hide differences.
    fn chained_wrapper(&self) -> Option<PathBuf> {
        let wrapper = self.cargo_config.rustc_wrapper()?;
        let cache = ["sccache", "ccache", "cachepot", "kache"]
            .iter()
            .any(|name| wrapper.file_stem().is_some_and(|stem| stem == *name));
        (!cache).then(|| self.inside(&wrapper))
    }

    /// Targets the project's own configuration or a variable that is handed on names.
    pub(super) fn configured_targets(&self) -> Vec<String> {
        let mut targets = self.cargo_config.targets();
        let handed = self
            .extra_env
            .iter()
            .filter(|(name, _)| name == "CARGO_BUILD_TARGET");
        targets.extend(handed.map(|(_, value)| value.to_string_lossy().into_owned()));
        targets
    }

    /// Whether something is held still by configuration.
    pub(crate) fn pins(&self, word: &str) -> bool {
        self.pins.has(word)
    }

    /// A path of this place as builds see it.
    pub(super) fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root)
            .map_or_else(|_| path.to_owned(), |rest| self.seen.join(rest))
    }

    /// The id of a package of the project in this place, by which cargo is asked for it: a name and a
    /// version may stand for a dependency, too. `None` where cargo would take the path for a pattern.
    pub(crate) fn package_id(&self, package: &cargo_metadata::Package) -> Option<String> {
        let manifest = package.manifest_path.as_std_path().canonicalize().ok()?;
        let folder = manifest.parent()?.strip_prefix(&self.repository).ok()?;
        let path = self.inside(&self.source.join(folder));
        package_id(&path, &package.name, &package.version.to_string())
    }

    /// Text of a build with the paths it saw as they are from here.
    pub(crate) fn outside(&self, text: &str) -> String {
        if self.seen == self.root {
            return text.to_owned();
        }
        text.replace(&*self.seen.to_string_lossy(), &self.root.to_string_lossy())
    }

    /// Where the clock of trials stands, seconds since 1970: not before the commit, nor before the
    /// build that made what trials see.
    pub(crate) fn standstill(&self) -> u64 {
        u64::try_from(self.epoch)
            .unwrap_or_default()
            .max(self.begun)
    }

    /// When the session began, seconds since 1970.
    pub(crate) fn begun(&self) -> u64 {
        self.begun
    }

    /// The commit's time, seconds since 1970.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Puts the history that was laid aside in the other's stead; whether there is one.
    pub(crate) fn swap_history(&self) -> bool {
        let own = self.source.join(".git");
        let other = self.root.join("git");
        let between = self.root.join("git-between");
        other.is_dir()
            && std::fs::rename(&own, &between).is_ok()
            && std::fs::rename(&other, &own).is_ok()
            && std::fs::rename(&between, &other).is_ok()
    }

    /// Takes the repository away; whether there was one.
    pub(crate) fn hide_repository(&self) -> bool {
        std::fs::rename(self.source.join(".git"), self.root.join("git-hidden")).is_ok()
    }

    /// Puts the repository back.
    pub(crate) fn show_repository(&self) {
        let _ = std::fs::rename(self.root.join("git-hidden"), self.source.join(".git"));
    }

    /// Text with this place's folders replaced by names that are the same in every place.
    pub(crate) fn neutral(&self, text: &str) -> String {
        let mut text = self.outside(text);
        for (path, name) in [
            (&self.cargo_home, "<cargo-home>"),
            (&self.target, "<target>"),
            (&self.source, "<source>"),
            (&self.home, "<home>"),
            (&self.temporary, "<tmp>"),
            (&self.root, "<place>"),
        ] {
            text = text.replace(&*path.to_string_lossy(), name);
        }
        text
    }

    /// Runs cargo in this sandbox, without network, and hands its progress on.
    ///
    /// # Errors
    /// Cargo cannot be started; that it failed is in the result.
    pub(crate) fn cargo(
        &self,
        runner: &Runner,
        args: &[String],
        on_line: impl FnMut(&str) + Send,
    ) -> Result<Finished, ProcessError> {
        runner.run_with(self.cargo_step(args), on_line)
    }

    /// As [`cargo`](Self::cargo), with another target folder of this sandbox and a variable more.
    ///
    /// # Errors
    /// Cargo cannot be started.
    pub(crate) fn cargo_again(
        &self,
        runner: &Runner,
        args: &[String],
        target: &Path,
        (name, value): (&str, &str),
    ) -> Result<Finished, ProcessError> {
        let target = self.inside(target);
        let step = self
            .cargo_step(args)
            .env("CARGO_TARGET_DIR", &target)
            .env("CARGO_BUILD_BUILD_DIR", &target)
            .env(name, value);
        runner.run(step)
    }

    fn cargo_step(&self, args: &[String]) -> Step {
        let mut step = self
            .enter(Step::new(&self.toolchain.cargo).args(args))
            .env_clear()
            .current_dir(&self.workspace);
        for (name, value) in self.environment() {
            step = step.env(name, value);
        }
        step
    }

    /// A program that runs in this sandbox, in the workspace.
    fn enter(&self, step: Step) -> Step {
        if !cfg!(unix) {
            return step;
        }
        let prefix: String = [("addresses", "setarch -R "), ("threads", "taskset -c 0 ")]
            .iter()
            .filter(|(pin, _)| self.pins(pin))
            .map(|(_, words)| *words)
            .collect();
        let identity = self.conditions.identity;
        let umask = self.conditions.umask;
        let start = self.inside(&self.workspace);

        let namespaces = self.abilities.isolations.namespaces.is_ok();
        let guard = self.guard.as_ref().filter(|guard| guard.namespaces.is_ok());
        let user = identity::before(
            &self.abilities.users,
            identity,
            namespaces || guard.is_some(),
        );
        let inside = format!("umask {umask}; {user}{prefix}\"$@\"");
        if let Some(guard) = guard {
            let words = guard.words(
                &self.guarded_view(guard),
                &start,
                self.conditions.host,
                &inside,
            );
            return step.through("unshare", words);
        }
        if !namespaces {
            let inside = format!("umask {umask}; exec {user}{prefix}\"$@\"");
            return step.through("sh", ["-c", &inside, "sealed"]);
        }
        let entrance = Entrance {
            isolations: &self.abilities.isolations,
            host: self.conditions.host,
            mounts: self.mounts(),
            start: &start,
            inside: &inside,
            last_process: self.conditions.last_process,
        };
        entrance.through(step)
    }

    /// What others' code sees under guard.
    fn guarded_view(&self, guard: &Guard) -> View {
        View {
            project: None,
            read: alternates(&self.source.join(".git/objects"))
                .into_iter()
                .chain([guard.cargo_home()])
                .chain(downloads::replaced_sources())
                .collect(),
            write: vec![(self.root.clone(), self.seen.clone())],
            network: false,
        }
    }

    /// What is seen of the folders that everybody writes to, and where: the sandbox itself, and what
    /// programs and downloads lie there.
    pub(crate) fn mounts(&self) -> Vec<(PathBuf, PathBuf)> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        let others = alternates(&self.source.join(".git/objects"))
            .into_iter()
            .chain(downloads::user_cargo_home())
            .chain(downloads::replaced_sources())
            .chain(self.cargo_config.source_folders())
            .chain(std::env::split_paths(&path))
            .chain(std::env::current_exe().ok())
            .chain(self.linkers.iter().cloned())
            .chain([self.toolchain.sysroot.clone()]);

        let mut mounts = vec![(self.root.clone(), self.seen.clone())];
        mounts.extend(
            others
                .filter(|path| is_below_temporary(path))
                .map(|path| (path.clone(), path)),
        );
        mounts
    }
}

/// A path without links, as far as that can be told.
fn real_path(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// A package id as cargo writes it; `None` where the path holds what cargo takes for a pattern.
fn package_id(path: &Path, name: &str, version: &str) -> Option<String> {
    let path = path.to_str()?.replace('\\', "/");
    if path.contains(['*', '?', '[', ']']) {
        return None;
    }

    // Cargo's reader of URLs escapes the rest by itself.
    let mut escaped = String::new();
    for letter in path.chars() {
        match letter {
            '%' | '#' | '\t' | '\n' | '\r' => {
                escaped.push_str(&format!("%{:02X}", u32::from(letter)));
            }
            _ => escaped.push(letter),
        }
    }
    let root = if escaped.starts_with('/') { "" } else { "/" };
    Some(format!("path+file://{root}{escaped}#{name}@{version}"))
}

/// The folder under which builds of a pinned path see their place: an empty one, the same on every
/// machine.
fn fixed_root() -> Result<PathBuf> {
    let path = PathBuf::from("/tmp/release-gates-sealed");
    std::fs::create_dir_all(&path).or_judge(|| {
        format!(
            "cannot make `{}`, where a pinned path is seen",
            path.display()
        )
    })?;
    Ok(path)
}

/// Folders of objects a repository borrows from, and those these borrow from.
fn alternates(objects: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = Vec::new();
    let mut open = vec![objects.to_owned()];
    while let Some(dir) = open.pop() {
        let text = std::fs::read_to_string(dir.join("info/alternates")).unwrap_or_default();
        for path in text.lines().map(|line| dir.join(line)) {
            if !found.contains(&path) && found.len() < 8 {
                found.push(path.clone());
                open.push(path);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_asked_for_by_what_no_dependency_is_called() {
        for (path, id) in [
            (
                "/a b/50%/c#",
                Some("path+file:///a b/50%25/c%23#demo@1.0.0"),
            ),
            ("C:\\demo", Some("path+file:///C:/demo#demo@1.0.0")),
            ("/a[1]", None),
        ] {
            let found = package_id(Path::new(path), "demo", "1.0.0");
            assert_eq!(found.as_deref(), id, "{path}");
        }
    }
}
