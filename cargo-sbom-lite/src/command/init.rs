//! `cargo sbom-lite init`: a policy from what is there.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use release_gate::project::Project;
use release_gate::{Context, Error, Outcome, Result, time};
use spdx::Expression;
use toml::Table;

use super::audit::settings::today;
use super::shared::{inventories_of, whole_workspace, write_whole};
use crate::judge::licenses::judged_components;
use crate::model::config::Config;
use crate::model::inventory::Inventory;

/// How long an ignore that was taken over holds, in days: it is looked at again.
const IGNORE_DAYS: i64 = 180;

/// The file that is written.
const FILE: &str = "release-gates.toml";

/// What other tools' configurations say.
#[derive(Debug, Default, PartialEq, Eq)]
struct TakenOver {
    allow: BTreeSet<String>,
    deny: BTreeSet<String>,
    /// Advisory id to reason.
    ignore: BTreeMap<String, String>,
    /// The files that were read.
    from: Vec<&'static str>,
}

pub(crate) fn run(cx: &mut Context) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let taken = read_others(&project.root)?;
    let allow = if taken.allow.is_empty() {
        licenses_in_use(cx, project, &config)?
    } else {
        taken.allow.clone()
    };
    let until = time::iso_date(today()? + IGNORE_DAYS * 86_400);
    let text = policy_text(&taken, &allow, &until);

    let path = project.root.join(FILE);
    if path.exists() {
        cx.terminal
            .stdout(text.as_bytes())
            .map_err(|error| Error::judge("cannot write to standard output").with_source(error))?;
        cx.terminal.warn(format!(
            "{FILE} is there already and was left alone; copy into it what is printed"
        ));
        return Ok(Outcome::Done);
    }
    write_whole(cx, &path, text.as_bytes())?;
    Ok(Outcome::Done)
}

/// Every licence that would have to be allowed for what is built today: of alternatives the first.
fn licenses_in_use(cx: &Context, project: &Project, config: &Config) -> Result<BTreeSet<String>> {
    let packages = whole_workspace(cx, project);
    let (inventories, _) = inventories_of(cx, project, &packages, &config.mirrors)?;
    let mut ids = BTreeSet::new();
    for inventory in &inventories {
        ids.extend(ids_of(inventory));
    }
    Ok(ids)
}

fn ids_of(inventory: &Inventory) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for component in judged_components(inventory) {
        let Some(expression) = component
            .license
            .expression()
            .and_then(|text| Expression::parse(text).ok())
        else {
            continue;
        };
        for requirement in expression.requirements() {
            let id = requirement.req.to_string();
            ids.insert(id.clone());
            // One alternative is enough; the shortest list is the one to begin with.
            if expression.evaluate(|other| ids.contains(&other.to_string())) {
                break;
            }
        }
    }
    ids
}

/// What `deny.toml` and `.cargo/audit.toml` say, for those who come from there.
fn read_others(root: &Path) -> Result<TakenOver> {
    let mut taken = TakenOver::default();
    if let Some(table) = read_table(root, "deny.toml")? {
        take_deny(&mut taken, &table);
        taken.from.push("deny.toml");
    }
    if let Some(table) = read_table(root, ".cargo/audit.toml")? {
        take_ignores(&mut taken, &table);
        taken.from.push(".cargo/audit.toml");
    }
    Ok(taken)
}

fn read_table(root: &Path, name: &str) -> Result<Option<Table>> {
    let Ok(text) = std::fs::read_to_string(root.join(name)) else {
        return Ok(None);
    };
    text.parse::<Table>().map(Some).map_err(|error| {
        Error::judge(format!("`{name}` cannot be read"))
            .with_source(error)
            .with_help("correct it, or move it away")
    })
}

fn take_deny(taken: &mut TakenOver, table: &Table) {
    let licenses = table.get("licenses").and_then(toml::Value::as_table);
    for (key, list) in [("allow", &mut taken.allow), ("deny", &mut taken.deny)] {
        let ids = licenses
            .and_then(|licenses| licenses.get(key))
            .and_then(toml::Value::as_array);
        list.extend(
            ids.into_iter()
                .flatten()
                .filter_map(|id| id.as_str().map(str::to_owned)),
        );
    }
    take_ignores(taken, table);
}

/// `advisories.ignore`: ids, or tables with an id and a reason.
fn take_ignores(taken: &mut TakenOver, table: &Table) {
    let ignores = table
        .get("advisories")
        .and_then(|advisories| advisories.get("ignore"))
        .and_then(toml::Value::as_array);
    for ignore in ignores.into_iter().flatten() {
        let id = ignore
            .as_str()
            .or_else(|| ignore.get("id").and_then(toml::Value::as_str));
        let reason = ignore.get("reason").and_then(toml::Value::as_str);
        if let Some(id) = id {
            taken.ignore.insert(
                id.to_owned(),
                reason
                    .unwrap_or("taken over from another tool: say why")
                    .to_owned(),
            );
        }
    }
}

fn policy_text(taken: &TakenOver, allow: &BTreeSet<String>, until: &str) -> String {
    let mut text = String::new();
    if !taken.from.is_empty() {
        text.push_str(&format!(
            "# Taken over from {}.\n",
            taken.from.join(" and ")
        ));
    }
    text.push_str("[sbom-lite]\nfail-on = \"high\"\n\n[sbom-lite.licenses]\n");
    text.push_str(&format!("allow = {}\n", list_text(allow)));
    if !taken.deny.is_empty() {
        text.push_str(&format!("deny = {}\n", list_text(&taken.deny)));
    }
    for (id, reason) in &taken.ignore {
        let reason = toml::Value::from(reason.as_str());
        text.push_str(&format!(
            "\n[[sbom-lite.ignore]]\nid = \"{id}\"\nreason = {reason}\nuntil = \"{until}\"\n"
        ));
    }
    text
}

fn list_text(ids: &BTreeSet<String>) -> String {
    let items: Vec<String> = ids.iter().map(|id| format!("    \"{id}\",\n")).collect();
    format!("[\n{}]", items.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_other_tools_are_taken_over() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".cargo")).unwrap();
        std::fs::write(
            dir.path().join("deny.toml"),
            "[licenses]\nallow = [\"MIT\"]\n[advisories]\nignore = [\"RUSTSEC-2024-0001\", { id = \"RUSTSEC-2024-0002\", reason = \"read\" }]\n",
        )
        .unwrap();
        std::fs::write(
            dir.path().join(".cargo/audit.toml"),
            "[advisories]\nignore = [\"RUSTSEC-2024-0003\"]\n",
        )
        .unwrap();
        let taken = read_others(dir.path()).unwrap();
        assert_eq!(taken.ignore.len(), 3);
        assert_eq!(taken.ignore["RUSTSEC-2024-0002"], "read");
        let text = policy_text(&taken, &taken.allow, "2030-12-31");
        let table: Table = text.parse().unwrap();
        let config: Config = table["sbom-lite"].clone().try_into().unwrap();
        assert_eq!(config.licenses.allow, ["MIT"]);
        assert_eq!(config.ignore.len(), 3);
    }
}
