//! What this executable is when a sealed build calls it: RUSTC_WRAPPER, or a C compiler's stand-in.
//!
//! Both only add path remaps and write down what was called; they must never change what is
//! compiled otherwise, and must not print. Which one is meant is decided by the name it is called
//! by, and only inside a sealed build ([`TOOLS_ENV`]).

mod cc;
mod rustc;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use serde::{Deserialize, Serialize};

pub(crate) use cc::is_compiler;

/// Names the folder of the sealed place's tools; also the mark of being inside one.
pub(crate) const TOOLS_ENV: &str = "CARGO_REPRO_TOOLS";
/// The name under which this executable is RUSTC_WRAPPER.
pub(crate) const WRAPPER: &str = "release-gates-rustc";
/// What the tools need to know, a file in the tools' folder.
pub(crate) const SPEC: &str = "place.json";

/// What the tools of a sealed place need to know.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PlaceSpec {
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

/// Does the work of a tool if that is what this process was started as.
pub(crate) fn dispatch() -> Option<ExitCode> {
    let tools = PathBuf::from(std::env::var_os(TOOLS_ENV)?);
    let mut args = std::env::args_os();
    let name = PathBuf::from(args.next()?);
    let name = name.file_stem()?.to_str()?.to_owned();
    let args: Vec<OsString> = args.collect();
    if name != WRAPPER && !is_compiler(&name) {
        return None;
    }
    let spec = std::fs::read(tools.join(SPEC))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let Some(spec) = spec else {
        return Some(ExitCode::from(release_gate::exit::ERROR));
    };
    Some(if name == WRAPPER {
        rustc::run(&spec, args)
    } else {
        cc::run(&spec, &tools, &name, args)
    })
}

/// Becomes another program, with this process's environment, descriptors (cargo's jobserver) and
/// standard streams.
fn become_program(program: &Path, args: impl IntoIterator<Item = OsString>) -> ExitCode {
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
