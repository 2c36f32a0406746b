//! `cargo relnotes docs`: INSTALL.md and SECURITY.md.

use std::path::Path;

use release_gate::cli::{Context, Outcome};
use release_gate::error::JudgeExt;
use release_gate::fs::write_atomic;
use release_gate::{Error, Result};

use super::args::RangeArgs;
use super::session::{Composed, Session};
use crate::model::generated::{is_ours, with_mark};
use crate::read::shipped;
use crate::report::difference::difference;
use crate::report::security::Policy;
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
                release_gate_facts::files::INSTALL,
                install::render(&release.about, &shipped, &bins, is_published(package))?,
            ),
            (
                "SECURITY.md",
                security::render(
                    &release.about,
                    &shipped,
                    Policy {
                        contact: session.config.security_contact.as_deref(),
                        supported: session.config.security_policy.as_deref(),
                    },
                )?,
            ),
        ];
        if session.config.security_contact.is_none() {
            let say = "SECURITY.md says FILL-IN where a vulnerability is to be reported: set `security-contact` under [relnotes] in release-gates.toml";
            cx.terminal.warn(say);
        }
        if let Some(dir) = out {
            refuse_foreign(dir, &files)?;
        }
        for (name, text) in files {
            match out {
                None => folder.write(name, text.as_bytes())?,
                Some(dir) if cx.args().dry_run => cx.terminal.status(
                    "Dry run",
                    format!("{} would be written", dir.join(name).display()),
                ),
                Some(dir) => write_atomic(&dir.join(name), with_mark(&text).as_bytes())?,
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

/// Refuses to write over what people wrote. Nothing is written where one of the files is theirs.
fn refuse_foreign(dir: &Path, files: &[(&str, String)]) -> Result<()> {
    for (name, text) in files {
        let path = dir.join(name);
        let there = match std::fs::read_to_string(&path) {
            Ok(there) => there,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                return Err(error).or_judge(|| format!("cannot read `{}`", path.display()));
            }
        };
        if !is_ours(&there) {
            return Err(Error::judge(format!(
                "`{}` holds words of people, and nothing was written over them",
                path.display()
            ))
            .with_help(format!(
                "take over by hand what you want of it; without `--out`, {name} is written to the artifact folder. What would change:\n{}",
                difference(&there, &with_mark(text))
            )));
        }
    }
    Ok(())
}

/// Whether the package may be published to crates.io.
fn is_published(package: &cargo_metadata::Package) -> bool {
    package
        .publish
        .as_ref()
        .is_none_or(|registries| registries.iter().any(|name| name == "crates-io"))
}
