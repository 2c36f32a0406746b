//! A throw-away place to build in, and the conditions that hold there.

use std::path::{Path, PathBuf};
use std::time::Duration;

use release_gate::error::JudgeExt;
use release_gate::process::{Finished, ProcessError, Runner, Step};
use release_gate::{Error, Result};

use super::export::{Exported, Histories, Source};
use super::history::History;
use super::pins::Pins;
use super::toolchain::Toolchain;
use crate::tools::{self, PlaceSpec};

/// Everything about a place that must not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Conditions {
    /// Name of the place's folder, of another length each.
    pub(crate) folder: &'static str,
    pub(crate) user: &'static str,
    pub(crate) locale: &'static str,
    pub(crate) time_zone: &'static str,
    pub(crate) umask: &'static str,
    pub(crate) host: &'static str,
    pub(crate) jobs: usize,
    /// Seconds by which the clock is ahead.
    pub(crate) clock: u64,
    /// 1 ascending, 2 descending.
    pub(crate) order: u8,
    /// How much younger than the commit the sources are.
    pub(crate) file_times: Duration,
    pub(crate) shell: &'static str,
    pub(crate) history: History,
    /// Number of processors programs see; 0 for the machine's.
    pub(crate) processors: usize,
    /// Whether this is build B.
    pub(crate) second: bool,
}

impl Conditions {
    /// Build A, and every release build.
    pub(crate) fn first(jobs: usize) -> Self {
        Self {
            folder: "a",
            user: "builder",
            locale: "C.UTF-8",
            time_zone: "UTC",
            umask: "022",
            host: "first-machine",
            jobs,
            clock: 0,
            order: 1,
            file_times: Duration::ZERO,
            shell: "/bin/sh",
            history: History::Whole,
            processors: 0,
            second: false,
        }
    }

    /// Build B: all that can be is different.
    pub(crate) fn second(jobs: usize) -> Self {
        Self {
            folder: "b-in-another-folder/with-a-longer-name",
            user: "somebody-else",
            locale: "fr_CH.UTF-8",
            time_zone: "Pacific/Kiritimati",
            umask: "027",
            host: "the-second-machine",
            jobs: jobs + 1,
            clock: 400 * 86_400 + 4_242,
            order: 2,
            file_times: Duration::from_secs(3 * 86_400 + 17),
            shell: "/bin/bash",
            history: History::Shallow,
            processors: std::thread::available_parallelism().map_or(1, usize::from) + 1,
            second: true,
        }
    }
}

/// What the machine lets one do.
#[derive(Debug, Clone)]
pub(crate) struct Abilities {
    /// Network and host name in namespaces of their own.
    pub(crate) namespaces: Result<(), String>,
    /// The interposer's library.
    pub(crate) interposer: Result<PathBuf, String>,
}

impl Abilities {
    /// Tries.
    pub(crate) fn find(runner: &Runner, folder: &Path) -> Self {
        let namespaces = if cfg!(target_os = "linux") {
            let step =
                Step::new("unshare").args(["--map-root-user", "--net", "--uts", "sh", "-c", SET_HOST, "x"]);
            match runner.run(step.arg("probe")) {
                Ok(finished) if finished.is_success() => Ok(()),
                Ok(_) => Err("the system does not allow user namespaces".to_owned()),
                Err(_) => Err("the program `unshare` is not here".to_owned()),
            }
        } else {
            Err("namespaces need Linux".to_owned())
        };
        Self { namespaces, interposer: super::interposer::compile(runner, folder) }
    }
}

/// Sets the host name in a namespace; `$1` is the name.
const SET_HOST: &str = "echo \"$1\" > /proc/sys/kernel/hostname";

/// One place.
#[derive(Debug)]
pub(crate) struct Place {
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
    temporary: PathBuf,
    epoch: i64,
    commit: String,
    toolchain: Toolchain,
    extra_env: Vec<(String, std::ffi::OsString)>,
    pins: Pins,
    compared: bool,
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
    /// Whether builds are compared: then conditions are varied and questions written down.
    pub(crate) compared: bool,
}

impl Place {
    /// Makes a place below `base`.
    ///
    /// # Errors
    /// The sources cannot be exported, or the disk cannot be written to.
    pub(crate) fn make(plan: &Plan<'_>, base: &Path, conditions: Conditions) -> Result<(Self, Exported)> {
        let conditions = plan.pins.hold(conditions);
        let root = base.join(conditions.folder);
        let seen = if plan.pins.has("path") { fixed_root()? } else { root.clone() };
        let dir = |name: &str| -> Result<PathBuf> {
            let path = root.join(name);
            std::fs::create_dir_all(&path).or_judge(|| "cannot make the sealed place".to_owned())?;
            Ok(path)
        };
        let source = dir("source")?;
        let aside = root.join("git");
        let other = match conditions.history {
            History::Whole => History::Shallow,
            History::Shallow => History::Whole,
        };
        let histories = Histories { own: conditions.history, other: Some((other, aside.as_path())) };
        let exported = plan.source.export(&source, conditions.file_times, &histories)?;
        let place = Self {
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
            extra_env: handed_on(plan.pass_env),
            pins: plan.pins.clone(),
            compared: plan.compared,
            seen,
            root,
            source,
            conditions,
        };
        place.fill_cargo_home()?;
        place.fill_tools()?;
        Ok((place, exported))
    }

    /// Downloads are shared with the user's CARGO_HOME, unpacked sources are not: their paths differ in every place.
    fn fill_cargo_home(&self) -> Result<()> {
        let Some(user) = user_cargo_home() else { return Ok(()) };
        for folder in ["registry/index", "registry/cache", "git/db"] {
            let (from, to) = (user.join(folder), self.cargo_home.join(folder));
            if !from.is_dir() {
                continue;
            }
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent).or_judge(|| "cannot make the sealed place".to_owned())?;
            }
            #[cfg(unix)]
            std::os::unix::fs::symlink(&from, &to).or_judge(|| "cannot make the sealed place".to_owned())?;
            #[cfg(windows)]
            std::os::windows::fs::symlink_dir(&from, &to)
                .or_judge(|| "cannot make the sealed place".to_owned())?;
        }
        let config =
            ["config.toml", "config"].iter().find_map(|name| std::fs::read_to_string(user.join(name)).ok());
        if let Some(table) = config.and_then(|text| text.parse::<toml::Table>().ok()) {
            let text = toml::to_string(&sealed_config(table)).unwrap_or_default();
            std::fs::write(self.cargo_home.join("config.toml"), text)
                .or_judge(|| "cannot make the sealed place".to_owned())?;
        }
        Ok(())
    }

    fn fill_tools(&self) -> Result<()> {
        let me = std::env::current_exe().or_judge(|| "cannot find this program's own file".to_owned())?;
        let put = |name: &str| -> Result<()> {
            let file = self.tools.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
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
        let spec = PlaceSpec {
            records: self.inside(&self.records),
            remap: self.remaps(),
            chain: self.chained_wrapper(),
        };
        let bytes = serde_json::to_vec(&spec).or_judge(|| "cannot describe the sealed place".to_owned())?;
        std::fs::write(self.tools.join(tools::SPEC), bytes)
            .or_judge(|| "cannot make the sealed place".to_owned())
    }

    /// Folders of the place and what outputs call them.
    fn remaps(&self) -> Vec<(PathBuf, String)> {
        let commit =
            self.toolchain.facts.rustc.version.iter().find_map(|line| line.strip_prefix("commit-hash: "));
        let std_source = self.toolchain.sysroot.join("lib/rustlib/src/rust");
        let mut remaps: Vec<(PathBuf, String)> = vec![(self.seen.clone(), "/place".into())];
        remaps.extend(commit.map(|hash| (std_source, format!("/rustc/{hash}"))));
        remaps.push((self.inside(&self.cargo_home), "/cargo".into()));
        remaps.push((self.inside(&self.target), "/target".into()));
        remaps.push((self.inside(&self.source), "/source".into()));
        remaps
    }

    /// `build.rustc-wrapper` of the project's own configuration; caches are left out, since they hide differences.
    fn chained_wrapper(&self) -> Option<PathBuf> {
        let text = std::fs::read_to_string(self.workspace.join(".cargo/config.toml")).ok()?;
        let table: toml::Table = text.parse().ok()?;
        let wrapper = table.get("build")?.get("rustc-wrapper")?.as_str()?;
        let name = Path::new(wrapper).file_stem()?.to_str()?;
        if matches!(name, "sccache" | "ccache" | "cachepot" | "kache") {
            return None;
        }
        // As cargo reads it: relative to the folder that holds `.cargo`, where it has a separator.
        Some(if wrapper.contains('/') { self.inside(&self.workspace.join(wrapper)) } else { wrapper.into() })
    }

    /// Whether something is held still by configuration.
    pub(crate) fn pins(&self, word: &str) -> bool {
        self.pins.has(word)
    }

    /// A path of this place as builds see it.
    fn inside(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.root).map_or_else(|_| path.to_owned(), |rest| self.seen.join(rest))
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
        let (own, other, between) =
            (self.source.join(".git"), self.root.join("git"), self.root.join("git-between"));
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

    /// The environment of a build, as names and values; everything else is cleared.
    pub(crate) fn environment(&self) -> Vec<(String, std::ffi::OsString)> {
        let c = &self.conditions;
        let user_path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.inside(&self.tools), self.toolchain.bin.clone()]
            .into_iter()
            .chain(std::env::split_paths(&user_path));
        let wrapper =
            self.inside(&self.tools).join(format!("{}{}", tools::WRAPPER, std::env::consts::EXE_SUFFIX));
        let mut env: Vec<(String, std::ffi::OsString)> = Vec::new();
        let mut set = |name: &str, value: &dyn AsRef<std::ffi::OsStr>| {
            env.push((name.to_owned(), value.as_ref().to_owned()))
        };
        set("PATH", &std::env::join_paths(path).unwrap_or(user_path.clone()));
        // Nothing in it may matter, and its name is no machine's.
        match self.pins("environment") {
            true => set("HOME", &"/nonexistent"),
            false => set("HOME", &self.inside(&self.home)),
        }
        set("CARGO_HOME", &self.inside(&self.cargo_home));
        set("CARGO_TARGET_DIR", &self.inside(&self.target));
        set("CARGO_INCREMENTAL", &"0");
        set("CARGO_TERM_COLOR", &"never");
        set("RUSTC", &self.toolchain.rustc);
        set("RUSTC_WRAPPER", &wrapper);
        set("SOURCE_DATE_EPOCH", &self.epoch.to_string());
        set("RELEASE_GATES_COMMIT", &self.commit);
        set("TMPDIR", &self.inside(&self.temporary));
        set("USER", &c.user);
        set("LOGNAME", &c.user);
        set("LANG", &c.locale);
        set("LC_ALL", &c.locale);
        set("TZ", &c.time_zone);
        set("SHELL", &c.shell);
        set("HOSTNAME", &c.host);
        set("ZERO_AR_DATE", &"1");
        set(tools::TOOLS_ENV, &self.inside(&self.tools));
        if c.second && !self.pins("environment") {
            set("RELEASE_GATES_VARIATION", &"B");
        }
        if let Ok(library) = &self.abilities.interposer {
            set("LD_PRELOAD", library);
            let held = |word: &str| self.compared || self.pins(word);
            if held("time") {
                set("REPRO_CLOCK", &c.clock.to_string());
            }
            if held("file-order") {
                set("REPRO_ORDER", &c.order.to_string());
            }
            if held("host") {
                set("REPRO_HOST", &c.host);
            }
            if held("jobs") {
                set("REPRO_PROCESSORS", &c.processors.to_string());
            }
            if self.pins("time") {
                set("REPRO_FREEZE", &self.epoch.max(1).to_string());
            }
            if self.pins("entropy") {
                set("REPRO_SEED", &"1");
            }
            if self.pins("process") {
                set("REPRO_PROCESS", &"4242");
            }
            if self.compared {
                set("REPRO_LOG", &self.inside(&self.log));
                set("REPRO_SCRIPTS", &self.inside(&self.scripts));
            }
        }
        for name in WINDOWS {
            if let Some(value) = std::env::var_os(name).filter(|_| cfg!(windows)) {
                set(name, &value);
            }
        }
        env.extend(std::env::vars_os().filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            let registry = ["CARGO_SOURCE_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_"]
                .iter()
                .any(|start| name.starts_with(start));
            (registry && !name.contains("TOKEN")).then_some((name, value))
        }));
        env.extend(self.extra_env.iter().cloned());
        env
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
            let prefix: String =
                prefix.iter().filter(|(pin, _)| self.pins(pin)).map(|(_, words)| *words).collect();
            let inside = format!("umask {}; exec {prefix}\"$@\"", self.conditions.umask);
            if self.abilities.namespaces.is_ok() && network_namespace {
                let mount = if self.seen == self.root {
                    ""
                } else {
                    "mount --bind \"$2\" \"$3\" && cd \"$4\" || exit 125; "
                };
                let inside = format!("{SET_HOST}; {mount}shift 4; {inside}");
                Step::new("unshare")
                    .args(["--map-root-user", "--net", "--uts", "--mount", "sh", "-c", &inside, "sealed"])
                    .arg(self.conditions.host)
                    .arg(&self.root)
                    .arg(&self.seen)
                    .arg(self.inside(&self.workspace))
                    .arg(cargo)
            } else {
                Step::new("sh").args(["-c", &inside, "sealed"]).arg(cargo)
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

/// The folder under which builds of a pinned path see their place: an empty one, the same on every machine.
fn fixed_root() -> Result<PathBuf> {
    let path = PathBuf::from("/tmp/release-gates-sealed");
    std::fs::create_dir_all(&path)
        .or_judge(|| format!("cannot make `{}`, where a pinned path is seen", path.display()))?;
    Ok(path)
}

/// Without these Windows cannot start programs or link.
const WINDOWS: &[&str] = &[
    "SystemRoot",
    "SystemDrive",
    "ComSpec",
    "PATHEXT",
    "ProgramData",
    "ProgramFiles",
    "ProgramFiles(x86)",
    "TEMP",
    "TMP",
    "USERPROFILE",
    "LOCALAPPDATA",
    "APPDATA",
];

fn handed_on(names: &[String]) -> Vec<(String, std::ffi::OsString)> {
    names.iter().filter_map(|name| Some((name.clone(), std::env::var_os(name)?))).collect()
}

/// The user's CARGO_HOME.
pub(crate) fn user_cargo_home() -> Option<PathBuf> {
    std::env::var_os("CARGO_HOME").filter(|path| !path.is_empty()).map(PathBuf::from).or_else(|| {
        let home = std::env::var_os(if cfg!(windows) { "USERPROFILE" } else { "HOME" })?;
        Some(PathBuf::from(home).join(".cargo"))
    })
}

/// What of the user's own cargo configuration holds in a sealed place: where registries are, and which linker a target needs.
/// Flags, wrappers, profiles and tokens do not.
fn sealed_config(table: toml::Table) -> toml::Table {
    let mut kept = toml::Table::new();
    for (name, mut value) in table {
        if let Some(inner) = value.as_table_mut() {
            match name.as_str() {
                "source" | "http" | "net" => {}
                "registries" => {
                    for (_, registry) in inner.iter_mut() {
                        if let Some(registry) = registry.as_table_mut() {
                            registry.retain(|key, _| matches!(key, "index" | "protocol"));
                        }
                    }
                }
                "registry" => inner.retain(|key, _| key == "default"),
                "target" => {
                    for (_, target) in inner.iter_mut() {
                        if let Some(target) = target.as_table_mut() {
                            target.retain(|key, _| matches!(key, "linker" | "runner"));
                        }
                    }
                }
                _ => continue,
            }
            kept.insert(name, value);
        }
    }
    kept
}

/// Downloads the dependencies the lock file names, with the user's CARGO_HOME and network.
///
/// # Errors
/// The lock file does not fit the manifests, or a dependency cannot be had.
pub(crate) fn fetch(runner: &Runner, place: &Place, targets: &[String], offline: bool) -> Result<()> {
    let mut step = Step::new(&place.toolchain.cargo)
        .inherit_network_env()
        .env("RUSTC", &place.toolchain.rustc)
        .env("CARGO_TERM_COLOR", "never")
        .current_dir(&place.workspace)
        .args(["fetch", "--locked"]);
    for target in targets {
        step = step.args(["--target", target]);
    }
    if offline {
        step = step.arg("--offline");
    }
    let finished = runner.run(step)?;
    if finished.is_success() {
        return Ok(());
    }
    let text = finished.stderr_text();
    let help = if text.contains("--locked") {
        "run `cargo update --workspace` (or any cargo command without --locked), commit Cargo.lock"
    } else if offline {
        "the dependency was never downloaded to this machine: run once without --offline"
    } else {
        "check the network, and that no locked version was removed from its registry"
    };
    Err(Error::judge(format!("the locked dependencies cannot be had: {}", text.trim())).with_help(help))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_flags_and_wrappers_stay_outside() {
        let text = "[build]\nrustc-wrapper='sccache'\nrustflags=['-g']\n[registries.x]\nindex='i'\ntoken='secret'\n\
                    [target.a]\nlinker='l'\nrustflags=['-g']\n[registry]\ntoken='secret'\n[source.y]\ndirectory='v'\n";
        let kept = toml::to_string(&sealed_config(text.parse().unwrap())).unwrap();
        assert!(!kept.contains("secret") && !kept.contains("-g") && !kept.contains("sccache"), "{kept}");
        assert!(kept.contains("linker") && kept.contains("index") && kept.contains("directory"), "{kept}");
    }

    #[test]
    fn the_second_place_differs_in_everything() {
        let (a, b) = (Conditions::first(2), Conditions::second(2));
        assert!(a.folder.len() != b.folder.len());
        for (x, y) in [
            (a.user, b.user),
            (a.locale, b.locale),
            (a.time_zone, b.time_zone),
            (a.umask, b.umask),
            (a.host, b.host),
        ] {
            assert_ne!(x, y);
        }
        assert!(a.jobs != b.jobs && a.clock != b.clock && a.order != b.order && a.file_times != b.file_times);
    }
}
