//! A dependent compiled against one side.

use std::path::Path;
use std::time::Duration;

use cargo_metadata::diagnostic::{Diagnostic, DiagnosticLevel};
use cargo_metadata::{CompilerMessage, Message, Package};
use release_gate::process::Step;
use release_gate::text::one_line;
use release_gate::{Context, Result};

use super::dependent_tree::{DependentTree, Judged, PlacedSide};
use super::environment::PassedEnv;
use super::wrapper;
use crate::model::written_manifest::key_of;

/// A dependent that has not been compiled by then shows nothing.
const PATIENCE: Duration = Duration::from_secs(3_600);
/// How many of rustc's errors are repeated.
const ERRORS: usize = 3;

/// What came of compiling a dependent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compiled {
    /// It compiles, with the judged crate in it.
    Yes,
    /// It compiles, and the judged crate is no part of it.
    Unused,
    /// It does not; what cargo and rustc say, the first error first.
    No(Vec<String>),
    /// It was ended because it took too long.
    TooLong,
}

/// What is the same for every compilation of dependents.
#[derive(Debug, Clone, Copy)]
pub struct Compilation<'a> {
    /// The judged crate.
    pub judged: &'a Judged,
    /// Where to build.
    pub target_dir: &'a Path,
    /// The caller's variables that builds get.
    pub env: &'a PassedEnv,
}

impl Compilation<'_> {
    /// Compiles a package of a dependent against one side.
    ///
    /// # Errors
    /// A manifest cannot be written, or cargo cannot be started.
    pub fn compile(
        &self,
        cx: &Context,
        tree: &DependentTree,
        package: &Package,
        side: &PlacedSide,
    ) -> Result<Compiled> {
        let manifest = tree.place(package, self.judged, side)?;
        let folder = manifest.parent().unwrap_or(&manifest);
        let mut step = Step::cargo()
            .inherit_network_env()
            .env("CARGO_TARGET_DIR", self.target_dir)
            .env("CARGO_INCREMENTAL", "0")
            .current_dir(folder)
            .timeout(PATIENCE)
            .args(["check", "--message-format", "json", "--manifest-path"])
            .arg(&manifest)
            .args(self.features_that_use(package));

        // Lints of the dependent are its authors' affair: only errors count.
        if let Ok(this) = std::env::current_exe() {
            step = step
                .env("RUSTC_WRAPPER", this.into_os_string())
                .env(wrapper::LIBRARY, wrapper::NO_LIBRARY);
        }
        for triple in &cx.args().target {
            step = step.args(["--target", triple]);
        }
        if cx.args().is_offline() {
            step = step.arg("--offline");
        }

        let finished = cx.runner.run(self.env.apply(step))?;
        if finished.timed_out {
            return Ok(Compiled::TooLong);
        }
        let messages = Messages::read(&finished.stdout, &self.judged.package, side);
        if finished.is_success() {
            return Ok(if messages.uses_side {
                Compiled::Yes
            } else {
                Compiled::Unused
            });
        }
        if messages.errors.is_empty() {
            return Ok(Compiled::No(vec![one_line(&finished.stderr_text())]));
        }
        Ok(Compiled::No(messages.errors))
    }

    /// The feature by which a package uses the judged crate, where the default ones may not.
    fn features_that_use(&self, package: &Package) -> Vec<String> {
        let Some(dependency) = self.judged.used_by(package).filter(|used| used.optional) else {
            return Vec::new();
        };
        let key = key_of(dependency);
        let turns_on = |values: &[String]| {
            values.iter().any(|value| {
                let value = value.strip_prefix("dep:").unwrap_or(value);
                value.split('/').next() == Some(key)
            })
        };

        let own = package.features.contains_key(key).then_some(key);
        let other = package
            .features
            .iter()
            .find(|(_, values)| turns_on(values))
            .map(|(name, _)| name.as_str());
        own.or(other)
            .map(|name| vec!["--features".to_owned(), name.to_owned()])
            .unwrap_or_default()
    }
}

/// What cargo's messages say.
#[derive(Default)]
struct Messages {
    errors: Vec<String>,
    uses_side: bool,
}

impl Messages {
    fn read(stdout: &[u8], judged: &str, side: &PlacedSide) -> Self {
        let mut found = Self::default();
        for line in stdout.split(|byte| *byte == b'\n') {
            match serde_json::from_slice(line) {
                Ok(Message::CompilerArtifact(artifact)) => {
                    found.uses_side |= side.holds(judged, artifact.target.src_path.as_std_path());
                }
                Ok(Message::CompilerMessage(message))
                    if matches!(
                        message.message.level,
                        DiagnosticLevel::Error | DiagnosticLevel::Ice
                    ) && found.errors.len() < ERRORS =>
                {
                    found.errors.extend(error_line(&message));
                }
                _ => {}
            }
        }
        found
    }
}

/// An error with its place: `src/main.rs:12: error[E0061]: …`. `None`: it counts the others.
fn error_line(message: &CompilerMessage) -> Option<String> {
    let Diagnostic {
        message: said,
        code,
        spans,
        ..
    } = &message.message;
    if code.is_none() && said.starts_with("aborting due to") {
        return None;
    }
    let code = code
        .as_ref()
        .map_or(String::new(), |code| format!("[{}]", code.code));
    let place = spans
        .iter()
        .find(|span| span.is_primary && Path::new(&span.file_name).is_relative())
        .map_or(format!("{}: ", message.target.name), |span| {
            format!("{}:{}: ", span.file_name, span.line_start)
        });
    Some(format!("{place}error{code}: {said}"))
}
