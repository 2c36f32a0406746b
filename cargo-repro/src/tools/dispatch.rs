//! Which tool this process was started as.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use super::spec::{SPEC, TOOLS_ENV, WRAPPER};
use super::{cc, rustc};

/// Does the work of a tool if that is what this process was started as.
pub(crate) fn dispatch() -> Option<ExitCode> {
    let tools = PathBuf::from(std::env::var_os(TOOLS_ENV)?);
    let mut args = std::env::args_os();
    let name = PathBuf::from(args.next()?);
    let name = name.file_stem()?.to_str()?.to_owned();
    let args: Vec<OsString> = args.collect();
    if name != WRAPPER && !cc::is_compiler(&name) {
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
