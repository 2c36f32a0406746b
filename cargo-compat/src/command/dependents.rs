//! Users' own code as the judge: dependents that compile with the old library are compiled with the
//! new one.
//!
//! What does not compile with the old library either shows nothing, and is left out of the judgement
//! in so many words.

use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Package};
use release_gate::facts::report::compat::CompatDependent;
use release_gate::{Bump, Error, Result};

use super::call::{Call, OldSources};
use super::gathered::Gathered;
use crate::model::change::Change;
use crate::model::dependent::Dependent;
use crate::model::gap::LeftOut;
use crate::read::cargo::workspace_member;
use crate::read::dependent_build::{Compilation, Compiled};
use crate::read::dependent_tree::{DependentTree, Judged, PlacedSide, Places};
use crate::rules;

/// The dependents that a call names, else those of the configuration; and the folder that their
/// paths start from.
///
/// # Errors
/// The configuration names what cannot be one.
pub(super) fn named_dependents(call: &Call<'_>) -> Result<(Vec<Dependent>, PathBuf)> {
    if !call.args.dependents.is_empty() {
        return Ok((call.args.dependents.clone(), PathBuf::from(".")));
    }
    let named: std::result::Result<Vec<Dependent>, String> = call
        .config
        .dependents
        .iter()
        .map(|text| text.parse())
        .collect();
    let named = named.map_err(|why| Error::usage(format!("`dependents` of `[compat]`: {why}")))?;
    Ok((named, call.project.root.clone()))
}

/// Says of every dependent that it was not compiled.
///
/// # Errors
/// As [`named_dependents`].
pub(super) fn leave_out_dependents(
    call: &Call<'_>,
    gathered: &mut Gathered,
    why: &str,
) -> Result<()> {
    if !named_dependents(call)?.0.is_empty() {
        gathered.judged.leave_out(LeftOut {
            rule: &rules::NOT_JUDGED_DEPENDENT,
            what: "dependents".to_owned(),
            why: why.to_owned(),
        });
    }
    Ok(())
}

/// Compiles every dependent against both sides.
///
/// # Errors
/// One cannot be had or read, or cargo cannot be started.
pub(super) fn judge_dependents(
    call: &Call<'_>,
    (old, new): (&OldSources, &Package),
    gathered: &mut Gathered,
) -> Result<()> {
    let (dependents, base) = named_dependents(call)?;
    if dependents.is_empty() {
        return Ok(());
    }
    let old_member = workspace_member(&old.metadata, "old", &new.name)?;
    let new_member = workspace_member(&call.new.metadata, "new", &new.name)?;
    let judged = Judged {
        package: new.name.to_string(),
        old: PlacedSide::of("old", &old.metadata, old_member),
        new: PlacedSide::of("new", &call.new.metadata, new_member),
    };

    let folder = call.target_dir().join("dependents");
    let sources = folder.join("sources");
    let asked = Asked {
        call,
        judged: &judged,
        target_dir: &folder.join("target"),
    };
    for dependent in &dependents {
        let tree = DependentTree::fetch(
            call.cx,
            dependent,
            &judged,
            Places {
                sources: &sources,
                base: &base,
                skipped: &call.project.target_dir,
            },
        )?;
        if tree.packages.is_empty() {
            gathered.judged.leave_out(asked.left_out(
                &shown(dependent),
                format!("no member of it depends on `{}`", new.name),
            ));
        }
        for package in &tree.packages {
            asked.judge(&tree, package, gathered)?;
        }
    }
    Ok(())
}

fn shown(dependent: &Dependent) -> String {
    match dependent {
        Dependent::Published { name, .. } => name.clone(),
        Dependent::Folder(path) => {
            let last = path.file_name().unwrap_or(path.as_os_str());
            last.to_string_lossy().into_owned()
        }
    }
}

/// What every dependent is asked.
struct Asked<'a> {
    call: &'a Call<'a>,
    judged: &'a Judged,
    target_dir: &'a Path,
}

impl Asked<'_> {
    fn judge(
        &self,
        tree: &DependentTree,
        package: &Package,
        gathered: &mut Gathered,
    ) -> Result<()> {
        let name = format!("{} {}", package.name, package.version);
        if let Some(why) = self.asks_for_another(package) {
            gathered.judged.leave_out(self.left_out(&name, why));
            return Ok(());
        }
        let why = match self.compile(tree, package, &self.judged.old)? {
            Compiled::Yes => {
                return self.judge_with_new(tree, package, gathered);
            }
            Compiled::Unused => format!(
                "`{}` is no part of it: only its own tests use it, or nothing does",
                self.judged.package
            ),
            Compiled::TooLong => "compiling it with the old library takes too long".to_owned(),
            Compiled::No(errors) => format!(
                "it does not compile with the old library either: {}",
                errors.first().map_or("", String::as_str)
            ),
        };
        gathered.judged.leave_out(self.left_out(&name, why));
        Ok(())
    }

    fn judge_with_new(
        &self,
        tree: &DependentTree,
        package: &Package,
        gathered: &mut Gathered,
    ) -> Result<()> {
        let name = format!("{} {}", package.name, package.version);
        let compiled = self.compile(tree, package, &self.judged.new)?;
        if compiled == Compiled::TooLong {
            let why = "compiling it with the new library takes too long".to_owned();
            gathered.judged.leave_out(self.left_out(&name, why));
            return Ok(());
        }

        let judged = &mut gathered.judged;
        judged.uses += 1;
        judged.harness.dependents.push(CompatDependent {
            name: package.name.to_string(),
            version: package.version.to_string(),
            compiles: compiled == Compiled::Yes,
        });
        match compiled {
            Compiled::No(errors) => judged.changes.push(self.broken(package, &errors)),
            // With the old library it was a part.
            Compiled::Unused => judged.changes.push(self.broken(
                package,
                &["its requirements no longer take this crate".to_owned()],
            )),
            _ => {}
        }
        Ok(())
    }

    fn compile(
        &self,
        tree: &DependentTree,
        package: &Package,
        side: &PlacedSide,
    ) -> Result<Compiled> {
        let doing = format!(
            "{} {} with the {} `{}`",
            package.name, package.version, side.name, self.judged.package
        );
        self.call.cx.terminal.status("Compiling", doing);
        let compilation = Compilation {
            judged: self.judged,
            target_dir: self.target_dir,
            env: self.call.env,
        };
        compilation.compile(self.call.cx, tree, package, side)
    }

    /// Whether a package names the judged crate in versions alone that neither side has.
    fn asks_for_another(&self, package: &Package) -> Option<String> {
        if self.judged.used_by(package).is_some() {
            return None;
        }
        let Judged {
            package: name,
            old,
            new,
        } = self.judged;
        let named = package.dependencies.iter().find(|dependency| {
            dependency.name == *name && dependency.kind != DependencyKind::Development
        })?;
        Some(format!(
            "it asks for `{name}` {}, which takes neither {} nor {}",
            named.req, old.version, new.version
        ))
    }

    fn left_out(&self, name: &str, why: String) -> LeftOut {
        LeftOut {
            rule: &rules::NOT_JUDGED_DEPENDENT,
            what: format!("dependent {name}"),
            why,
        }
    }

    fn broken(&self, package: &Package, errors: &[String]) -> Change {
        let message = format!(
            "`{}` {} compiles with {} {} and not with the new side: {}",
            package.name,
            package.version,
            self.judged.package,
            self.judged.old.version,
            errors.first().map_or("", String::as_str)
        );
        let item = format!("dependent {}", package.name);
        let mut change = Change::unproved(&rules::DEPENDENT, item, Bump::Major, message);
        change.after = errors.join("\n");
        change
    }
}
