//! `cargo relnotes docs`: INSTALL.md and SECURITY.md.

use std::path::Path;

use release_gate::Result;
use release_gate::cli::{Context, Outcome};
use release_gate::fs::write_atomic;

use super::args::RangeArgs;
use super::session::{Composed, Session};
use crate::read::shipped;
use crate::report::{install, security};

/// Writes both files for every selected package.
///
/// # Errors
/// The release cannot be composed, or a file cannot be written.
pub fn run(cx: &mut Context, range: &RangeArgs, out: Option<&Path>) -> Result<Outcome> {
    let session = Session::open(cx, range)?;
    session.need_history()?;
    let root = cx.project()?.root.clone();
    for package in &session.packages {
        let bins = package.targets.iter().filter(|target| target.is_bin());
        let bins: Vec<String> = bins.map(|target| target.name.clone()).collect();
        let Composed {
            mut folder,
            release,
            ..
        } = session.compose(cx, package)?;
        let shipped = shipped::gather(&folder, &root.join("release-keys"), &release.about)?;
        let files = [
            (
                "INSTALL.md",
                install::render(&release.about, &shipped, &bins)?,
            ),
            (
                "SECURITY.md",
                security::render(
                    &release.about,
                    &shipped,
                    session.config.security_contact.as_deref(),
                )?,
            ),
        ];
        if session.config.security_contact.is_none() {
            let say = "SECURITY.md says FILL-IN where a vulnerability is to be reported: set `security-contact` under [relnotes] in release-gates.toml";
            cx.terminal.warn(say);
        }
        for (name, text) in files {
            match out {
                None => folder.write(name, text.as_bytes())?,
                Some(dir) if cx.args().dry_run => cx.terminal.status(
                    "Dry run",
                    format!("{} would be written", dir.join(name).display()),
                ),
                Some(dir) => write_atomic(&dir.join(name), text.as_bytes())?,
            }
            cx.terminal.status(
                "Writing",
                format!(
                    "{name} of {} {}",
                    release.about.package, release.about.version
                ),
            );
        }
        folder.finish()?;
    }
    Ok(Outcome::Done)
}
