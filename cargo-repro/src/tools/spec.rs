//! What the tools of a sealed build are told, and how they become the program they stand for.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

/// Names the folder of the sealed place's tools; also the mark of being inside one.
pub(crate) const TOOLS_ENV: &str = "CARGO_REPRO_TOOLS";
/// The name under which this executable is RUSTC_WRAPPER.
pub(crate) const WRAPPER: &str = "release-gates-rustc";
/// What the tools need to know, a file in the tools' folder.
pub(crate) const SPEC: &str = "place.json";

/// What the tools of a sealed place need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SandboxSpec {
    /// Where calls are written down.
    pub(crate) records: PathBuf,
    /// Folders of this place and what they are called in every output; a later one wins over an
    /// earlier one.
    pub(crate) remap: Vec<(PathBuf, String)>,
    /// The project's own RUSTC_WRAPPER, called in between.
    pub(crate) chain: Option<PathBuf>,
    /// The compiler, which a workspace wrapper of the project's own comes before.
    pub(crate) rustc: PathBuf,
}

/// Becomes another program, with this process's environment, descriptors (cargo's jobserver) and
/// standard streams.
pub(super) fn become_program(program: &Path, args: impl IntoIterator<Item = OsString>) -> ExitCode {
    #[expect(
        clippy::disallowed_methods,
        reason = "the sealed build's environment was cleared when it was started; this stands in for one of its programs"
    )]
    let mut command = Command::new(program);
    command.args(args);
    #[cfg(unix)]
    {
        let _error = std::os::unix::process::CommandExt::exec(&mut command);
        ExitCode::from(127)
    }

    #[cfg(not(unix))]
    {
        match command.status() {
            Ok(status) => ExitCode::from(
                status
                    .code()
                    .and_then(|code| u8::try_from(code).ok())
                    .unwrap_or(1),
            ),
            Err(_) => ExitCode::from(127),
        }
    }
}
