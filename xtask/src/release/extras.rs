//! Completions and man pages, as the released program itself writes them.

use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::fs::write_atomic;
use release_gate::process::Step;

use crate::workspace::Workspace;

/// Asks a program for its man page and its completions, and writes them below a folder:
/// `man/NAME.1`, `completions/…` under the names that shells look for.
///
/// # Errors
/// The program does not answer, or the folder cannot be written.
pub(super) fn write_extras(
    workspace: &Workspace,
    program: &Path,
    name: &str,
    folder: &Path,
) -> Result<()> {
    for (what, file) in extra_files(name) {
        let step = Step::new(program).args(["--generate", what]);
        let finished = workspace.runner.run(step)?.success()?;
        write_atomic(&folder.join(file), &finished.stdout)?;
    }
    Ok(())
}

/// The word of `--generate`, and where its answer goes.
fn extra_files(name: &str) -> [(&'static str, PathBuf); 6] {
    let completions = Path::new("completions");
    [
        ("man", Path::new("man").join(format!("{name}.1"))),
        ("bash", completions.join(format!("{name}.bash"))),
        ("zsh", completions.join(format!("_{name}"))),
        ("fish", completions.join(format!("{name}.fish"))),
        ("elvish", completions.join(format!("{name}.elv"))),
        ("powershell", completions.join(format!("_{name}.ps1"))),
    ]
}
