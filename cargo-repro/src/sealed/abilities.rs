//! What this machine lets sealed builds do, found out by trying.

use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};

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
pub(super) const SET_HOST: &str = "echo \"$1\" > /proc/sys/kernel/hostname";
