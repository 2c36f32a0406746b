//! The environment of sealed builds: a known few variables, and what the conditions and pins say.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::cross::{CrossTool, ZIG_CACHE};
use super::interposer;
use super::sandbox::Sandbox;
use super::variables::without_secrets;
use crate::tools;

/// Variables of a build, by name.
#[derive(Debug, Default)]
struct Variables(Vec<(String, OsString)>);

impl Variables {
    fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.0.push((name.to_owned(), value.as_ref().to_owned()));
    }
}

impl Sandbox {
    /// The environment of a build, as names and values; everything else is cleared.
    pub(crate) fn environment(&self) -> Vec<(String, OsString)> {
        let c = &self.conditions;
        let user_path = std::env::var_os("PATH").unwrap_or_default();
        let path = [self.inside(&self.tools), self.toolchain.bin.clone()]
            .into_iter()
            .chain(std::env::split_paths(&user_path).filter(|dir| {
                self.guard
                    .as_ref()
                    .is_none_or(|guard| guard.namespaces.is_err() || guard.shows(dir))
            }));
        let wrapper = self.inside(&self.tools).join(format!(
            "{}{}",
            tools::WRAPPER,
            std::env::consts::EXE_SUFFIX
        ));

        let mut env = Variables::default();
        env.set(
            "PATH",
            std::env::join_paths(path).unwrap_or(user_path.clone()),
        );
        // Nothing in it may matter, and its name is no machine's.
        match self.pins("environment") {
            true => env.set("HOME", "/nonexistent"),
            false => env.set("HOME", self.inside(&self.home)),
        }

        env.set("CARGO_HOME", self.inside(&self.cargo_home));
        env.set("CARGO_TARGET_DIR", self.inside(&self.target));
        // Intermediate files may be configured to lie elsewhere, where both builds would write.
        env.set("CARGO_BUILD_BUILD_DIR", self.inside(&self.target));
        env.set("CARGO_INCREMENTAL", "0");
        env.set("CARGO_TERM_COLOR", "never");
        env.set("RUSTC", &self.toolchain.rustc);
        env.set("RUSTC_WRAPPER", &wrapper);
        env.set("SOURCE_DATE_EPOCH", self.epoch.to_string());
        env.set("RELEASE_GATES_COMMIT", &self.commit);
        env.set("TMPDIR", self.inside(&self.temporary));
        env.set("USER", c.user);
        env.set("LOGNAME", c.user);
        env.set("LANG", &c.locale);
        env.set("LC_ALL", &c.locale);
        env.set("TZ", c.time_zone);
        env.set("SHELL", c.shell);
        env.set("HOSTNAME", c.host);
        env.set("TERM", c.terminal);
        env.set("ZERO_AR_DATE", "1");
        env.set(tools::TOOLS_ENV, self.inside(&self.tools));
        if c.second && !self.pins("environment") {
            env.set("RELEASE_GATES_VARIATION", "B");
            // As continuous integration sets them.
            for (name, value) in CONTINUOUS_INTEGRATION {
                env.set(name, value);
            }
        }

        if self.abilities.interposer.is_ok() {
            env.set(
                "LD_PRELOAD",
                self.inside(&self.root).join(interposer::LIBRARY),
            );
        }
        for name in WINDOWS {
            if let Some(value) = std::env::var_os(name).filter(|_| cfg!(windows)) {
                env.set(name, &value);
            }
        }

        let mut env = env.0;
        env.extend(self.cross_environment());
        env.extend(std::env::vars_os().filter_map(|(name, value)| {
            let starts = ["CARGO_SOURCE_", "CARGO_REGISTRIES_", "CARGO_REGISTRY_"];
            name.to_str()
                .filter(|name| starts.iter().any(|start| name.starts_with(start)))?;
            let value = without_secrets(&name, &value)?;
            Some((name.into_string().ok()?, value))
        }));
        env.extend(self.extra_env.iter().cloned());
        env
    }

    /// What tells cargo, and build scripts that compile C, about other systems' linkers.
    fn cross_environment(&self) -> Vec<(String, OsString)> {
        let mut env = Vec::new();
        for linker in &self.cross_linkers {
            let part = linker.variable_part();
            let program: OsString = match linker.tool {
                CrossTool::Compiler(name) => name.into(),
                CrossTool::Zig(_) => {
                    let script = self.inside(&self.tools).join(linker.script_name());
                    env.push((
                        format!("CC_{}", part.to_lowercase()),
                        script.clone().into_os_string(),
                    ));
                    script.into_os_string()
                }
            };
            env.push((format!("CARGO_TARGET_{part}_LINKER"), program));
        }
        if !self.cross_linkers.is_empty() {
            for name in ["ZIG_GLOBAL_CACHE_DIR", "ZIG_LOCAL_CACHE_DIR"] {
                env.push((name.to_owned(), ZIG_CACHE.into()));
            }
        }
        env
    }

    /// Whether a variable was handed on to builds by configuration.
    pub(crate) fn hands_on(&self, name: &str) -> bool {
        self.extra_env.iter().any(|(given, _)| given == name)
    }
}

impl Sandbox {
    /// Whether what a pin is about is up to this place.
    fn decides(&self, pin: &str) -> bool {
        self.compared || self.pins(pin)
    }

    /// The text of a path as builds see it.
    fn text_inside(&self, path: &Path) -> String {
        self.inside(path).to_string_lossy().into_owned()
    }

    /// What the interposer is told in this sandbox: what it varies where builds are compared, what
    /// is pinned, and where it writes down what it saw.
    pub(super) fn interposer_settings(&self) -> Vec<(&'static str, String)> {
        let c = &self.conditions;
        let all = [
            (true, "REPRO_STARTED", self.text_inside(&self.started)),
            (self.decides("time"), "REPRO_CLOCK", c.clock.to_string()),
            (
                self.decides("file-order"),
                "REPRO_ORDER",
                c.order.to_string(),
            ),
            (self.decides("host"), "REPRO_HOST", c.host.to_owned()),
            (
                self.decides("jobs"),
                "REPRO_PROCESSORS",
                c.processors.to_string(),
            ),
            (
                c.kernel.is_some() && self.decides("kernel"),
                "REPRO_KERNEL",
                c.kernel.unwrap_or_default().to_owned(),
            ),
            (
                c.processor.is_some() && self.decides("processor"),
                "REPRO_PROCESSOR",
                c.processor.unwrap_or_default().to_owned(),
            ),
            (true, "REPRO_BEGUN", self.begun.to_string()),
            (
                self.compared && c.clock > 0,
                "REPRO_NEW",
                c.clock.to_string(),
            ),
            (
                self.pins("time") || self.pins("file-time"),
                "REPRO_NEW_AT",
                self.epoch.max(1).to_string(),
            ),
            (
                self.pins("time"),
                "REPRO_FREEZE",
                self.epoch.max(1).to_string(),
            ),
            (self.pins("entropy"), "REPRO_SEED", "1".to_owned()),
            (self.pins("process"), "REPRO_PROCESS", "4242".to_owned()),
            (self.compared, "REPRO_LOG", self.text_inside(&self.log)),
            (
                self.compared,
                "REPRO_SCRIPTS",
                self.text_inside(&self.scripts),
            ),
        ];
        all.into_iter()
            .filter(|(is_told, ..)| *is_told)
            .map(|(_, name, value)| (name, value))
            .collect()
    }
}

/// A commit that no repository has.
const ELSEWHERE: &str = "4242424242424242424242424242424242424242";

/// What continuous integration tells builds: that it is there, and the numbers of a run.
const CONTINUOUS_INTEGRATION: &[(&str, &str)] = &[
    ("CI", "true"),
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_RUN_ID", "4242424242"),
    ("GITHUB_RUN_NUMBER", "4242"),
    ("GITHUB_RUN_ATTEMPT", "2"),
    ("GITHUB_SHA", ELSEWHERE),
    ("GITHUB_REF", "refs/heads/elsewhere"),
    ("GITHUB_REF_NAME", "elsewhere"),
    ("GITHUB_HEAD_REF", "elsewhere"),
    ("GITHUB_ACTOR", "somebody-else"),
    ("GITHUB_REPOSITORY", "somebody-else/elsewhere"),
    ("RUNNER_NAME", "the-second-machine"),
    ("RUNNER_OS", "Elsewhere"),
    ("GITLAB_CI", "true"),
    ("CI_COMMIT_SHA", ELSEWHERE),
    ("CI_COMMIT_SHORT_SHA", "4242424242"),
    ("CI_COMMIT_REF_NAME", "elsewhere"),
    ("CI_COMMIT_TAG", "v42.42.42"),
    ("CI_PIPELINE_ID", "4242"),
    ("CI_PIPELINE_IID", "4242"),
    ("CI_JOB_ID", "4242"),
    ("BUILD_NUMBER", "4242"),
    ("BUILD_ID", "4242"),
    ("BUILD_TAG", "elsewhere-4242"),
    ("GIT_COMMIT", ELSEWHERE),
    ("BUILD_SOURCEVERSION", ELSEWHERE),
    ("BUILD_BUILDID", "4242"),
    ("BUILD_BUILDNUMBER", "4242"),
    ("CIRCLE_SHA1", ELSEWHERE),
    ("CIRCLE_BUILD_NUM", "4242"),
    ("BUILDKITE_COMMIT", ELSEWHERE),
    ("BUILDKITE_BUILD_NUMBER", "4242"),
    ("TRAVIS_COMMIT", ELSEWHERE),
    ("TRAVIS_BUILD_NUMBER", "4242"),
    ("DRONE_BUILD_NUMBER", "4242"),
];

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
