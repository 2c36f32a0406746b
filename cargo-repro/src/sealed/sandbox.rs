//! A throw-away place to build in, and the conditions that hold there.

use std::path::{Path, PathBuf};
use std::rc::Rc;

use release_gate::Result;
use release_gate::error::JudgeExt;
use release_gate::process::{Finished, ProcessError, Runner, Step};

use super::abilities::{Abilities, SET_HOST};
use super::conditions::Conditions;
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
    pub(crate) workspace: PathBuf,
    pub(crate) target: PathBuf,
    pub(crate) cargo_home: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) tools: PathBuf,
    pub(crate) records: PathBuf,
    pub(crate) scripts: PathBuf,
    pub(crate) log: PathBuf,
    pub(super) temporary: PathBuf,
    pub(super) epoch: i64,
    pub(super) commit: String,
    pub(super) toolchain: Toolchain,
    pub(super) extra_env: Vec<(String, std::ffi::OsString)>,
    pins: Pins,
    pub(super) compared: bool,
    pub(super) guard: Option<Rc<Guard>>,
}

/// What every place is made with.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) source: &'a Source,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) abilities: &'a Abilities,
    /// Variables of the caller that are handed on by configuration.
    pub(crate) pass_env: &'a [String],
    pub(crate) pins: &'a Pins,
    /// Keeps others' code from the caller's files.
    pub(crate) guard: Option<&'a Rc<Guard>>,
    /// Whether builds are compared: then conditions are varied and questions written down.
    pub(crate) compared: bool,
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
        let dir = |name: &str| -> Result<PathBuf> {
            let path = root.join(name);
            std::fs::create_dir_all(&path)
                .or_judge(|| "cannot make the sealed place".to_owned())?;
            Ok(path)
        };
        let source = dir("source")?;
        let aside = root.join("git");
        let other = match conditions.history {
            History::Whole => History::Shallow,
            History::Shallow => History::Whole,
        };
        let histories = Histories {
            own: conditions.history,
            other: Some((other, aside.as_path())),
        };
        let exported = plan
            .source
            .export(&source, conditions.file_times, &histories)?;
        let sandbox = Self {
            workspace: source.join(&plan.source.workspace),
            target: dir("target")?,
            cargo_home: dir("cargo-home")?,
            home: dir("home")?,
            tools: dir("tools")?,
            records: dir("records")?,
            scripts: dir("scripts")?,
            temporary: dir("tmp")?,
            log: root.join("interposer.log"),
            abilities: plan.abilities.clone(),
            epoch: plan.source.epoch,
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
            seen,
            root,
            source,
            conditions,
        };
        super::downloads::share(
            plan.guard.map(|guard| guard.cargo_home()).as_deref(),
            &sandbox.cargo_home,
        )?;
        sandbox.fill_tools()?;
        Ok((sandbox, exported))
    }

    fn fill_tools(&self) -> Result<()> {
        if let Ok(library) = &self.abilities.interposer {
            std::fs::copy(library, self.root.join(interposer::LIBRARY))
                .and_then(|_| interposer::tell(&self.root, &self.told()))
                .or_judge(|| "cannot make the sealed place".to_owned())?;
        }
        let me = std::env::current_exe()
            .or_judge(|| "cannot find this program's own file".to_owned())?;
        let put = |name: &str| -> Result<()> {
            let file = self
                .tools
                .join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
            #[cfg(unix)]
            let made = std::os::unix::fs::symlink(&me, &file);
            #[cfg(not(unix))]
            let made = std::fs::copy(&me, &file).map(drop);
            made.or_judge(|| "cannot make the sealed place".to_owned())
        };
        put(tools::WRAPPER)?;
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
            names.iter().try_for_each(|name| put(name))?;
        }
        let spec = SandboxSpec {
            records: self.inside(&self.records),
            remap: self.remaps(),
            chain: self.chained_wrapper(),
            rustc: self.toolchain.rustc.clone(),
        };
        let bytes =
            serde_json::to_vec(&spec).or_judge(|| "cannot describe the sealed place".to_owned())?;
        std::fs::write(self.tools.join(tools::SPEC), bytes)
            .or_judge(|| "cannot make the sealed place".to_owned())
    }

    /// Folders of the place and what outputs call them.
    fn remaps(&self) -> Vec<(PathBuf, String)> {
        let commit = self
            .toolchain
            .facts
            .rustc
            .version
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
        let wrapper = super::cargo_config::rustc_wrapper(&self.workspace, &self.source)?;
        let cache = ["sccache", "ccache", "cachepot", "kache"]
            .iter()
            .any(|name| wrapper.file_stem().is_some_and(|stem| stem == *name));
        (!cache).then(|| self.inside(&wrapper))
    }

    /// Targets the project's own configuration or a variable that is handed on names.
    pub(super) fn configured_targets(&self) -> Vec<String> {
        let mut targets = super::cargo_config::targets(&self.workspace, &self.source);
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

    /// Text of a build with the paths it saw as they are from here.
    pub(crate) fn outside(&self, text: &str) -> String {
        if self.seen == self.root {
            return text.to_owned();
        }
        text.replace(&*self.seen.to_string_lossy(), &self.root.to_string_lossy())
    }

    /// The commit's time, seconds since 1970.
    pub(crate) fn epoch(&self) -> i64 {
        self.epoch
    }

    /// Puts the history that was laid aside in the other's stead; whether there is one.
    pub(crate) fn swap_history(&self) -> bool {
        let (own, other, between) = (
            self.source.join(".git"),
            self.root.join("git"),
            self.root.join("git-between"),
        );
        other.is_dir()
            && std::fs::rename(&own, &between).is_ok()
            && std::fs::rename(&other, &own).is_ok()
            && std::fs::rename(&between, &other).is_ok()
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

    /// Runs cargo in this place, without network, and hands its progress on.
    ///
    /// # Errors
    /// Cargo cannot be started; that it failed is in the result.
    pub(crate) fn cargo(
        &self,
        runner: &Runner,
        args: &[String],
        network_namespace: bool,
        on_line: impl FnMut(&str) + Send,
    ) -> Result<Finished, ProcessError> {
        let cargo = &self.toolchain.cargo;
        let step = if cfg!(unix) {
            let prefix = [("addresses", "setarch -R "), ("threads", "taskset -c 0 ")];
            let prefix: String = prefix
                .iter()
                .filter(|(pin, _)| self.pins(pin))
                .map(|(_, words)| *words)
                .collect();
            let inside = |inside: bool| {
                let user =
                    identity::before(&self.abilities.users, self.conditions.identity, inside);
                format!("umask {}; exec {user}{prefix}\"$@\"", self.conditions.umask)
            };
            if let Some(guard) = self.guard.as_ref().filter(|guard| guard.namespaces.is_ok()) {
                let view = View {
                    project: None,
                    read: alternates(&self.source.join(".git/objects"))
                        .into_iter()
                        .chain([guard.cargo_home()])
                        .chain(super::downloads::replaced_sources())
                        .collect(),
                    write: vec![(self.root.clone(), self.seen.clone())],
                    network: false,
                };
                let start = self.inside(&self.workspace);
                let words = guard.words(&view, &start, self.conditions.host, &inside(true));
                Step::new(cargo).through("unshare", words)
            } else if self.abilities.namespaces.is_ok() && network_namespace {
                let mount = if self.seen == self.root {
                    ""
                } else {
                    "mount --bind \"$2\" \"$3\" && cd \"$4\" || exit 125; "
                };
                let inside = format!("{SET_HOST}; {mount}shift 4; {}", inside(true));
                Step::new("unshare")
                    .args([
                        "--map-root-user",
                        "--net",
                        "--uts",
                        "--mount",
                        "sh",
                        "-c",
                        &inside,
                        "sealed",
                    ])
                    .arg(self.conditions.host)
                    .arg(&self.root)
                    .arg(&self.seen)
                    .arg(self.inside(&self.workspace))
                    .arg(cargo)
            } else {
                Step::new("sh")
                    .args(["-c", &inside(false), "sealed"])
                    .arg(cargo)
            }
        } else {
            Step::new(cargo)
        };
        let mut step = step.env_clear().current_dir(&self.workspace).args(args);
        for (name, value) in self.environment() {
            step = step.env(name, value);
        }
        runner.run_with(step, on_line)
    }
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
