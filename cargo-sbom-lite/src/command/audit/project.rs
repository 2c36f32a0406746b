//! The project itself.

use release_gate::{Context, Error, Result};

use super::reachability::look_inside;
use super::settings::{Audit, Audited};
use crate::command::shared::{host_triple, inventory_of};
use crate::judge::fix;
use crate::judge::matching::{Build, find_hits};
use crate::model::vulnerability::Scope;
use crate::read::lock;

/// Each selected package: what Cargo.lock names, judged by what the package's build units are.
pub(super) fn audit_project(
    cx: &mut Context,
    audit: &Audit,
    reachability: bool,
) -> Result<Vec<Audited>> {
    let project = cx.project()?;
    let text = lock::read_text(&project.root.join("Cargo.lock"))?;
    let packages = lock::locked_packages(&lock::parse_lock(&text, "Cargo.lock")?, &text);
    let requirements = fix::requirements_of(&project.metadata);
    let selected: Vec<_> = project.selected().cloned().collect();
    let targets = vec![host_triple(cx)?];

    let mut all = Vec::new();
    for package in selected {
        let project = cx
            .loaded_project()
            .ok_or_else(|| Error::judge("the project was not loaded"))?;
        let subject = project.subject(&package);
        let (inventory, findings) = inventory_of(cx, project, &package)?;
        let build = Build {
            inventory: Some(&inventory),
            targets: &targets,
            requirements: Some(&requirements),
        };
        let mut hits = find_hits(&packages, &audit.advisories, build);
        if reachability && hits.iter().any(|hit| hit.scope == Scope::Artifact) {
            look_inside(cx, &package, &mut hits)?;
        }
        all.push(Audited {
            subject: Some(subject),
            product: inventory.main.purl(),
            packages: packages.clone(),
            hits,
            findings,
            ..Audited::default()
        });
    }
    Ok(all)
}
