//! `cargo sbom-lite init`: a policy from what is there.

use std::collections::BTreeSet;

use release_gate::facts::report::licenses::LicenseText;
use release_gate::project::Project;
use release_gate::{Context, Error, Outcome, Result, time};
use spdx::Expression;
use toml::{Table, Value};

use super::audit::settings::today;
use super::shared::{inventories_of, whole_workspace, write_whole};
use crate::judge::licenses::judged_components;
use crate::model::config::Config;
use crate::model::inventory::{Component, Inventory};
use crate::model::license::License;
use crate::read::licenses::{Recognizer, license_file};
use crate::read::policies::{OtherPolicy, read_policies};

/// How long an ignore that was taken over holds, in days: it is looked at again.
const IGNORE_DAYS: i64 = 180;

/// The file that is written.
const FILE: &str = "release-gates.toml";

/// The reason of what another tool's configuration gives none for.
const NO_REASON: &str = "taken over from another tool: say why";

pub(crate) fn run(cx: &mut Context) -> Result<Outcome> {
    cx.project()?;
    let config: Config = cx.config()?;
    let project = cx
        .loaded_project()
        .ok_or_else(|| Error::judge("the project was not loaded"))?;
    let mut other = read_policies(&project.root)?;
    let packages = whole_workspace(cx, project);
    let (inventories, _) = inventories_of(cx, project, &packages, &config.mirrors)?;
    let texts = license_files(project);
    if other.allow.is_empty() {
        other.allow = inventories.iter().flat_map(ids_of).collect();
    }
    let exceptions = exceptions_of(&mut other, &inventories, &texts);
    let until = time::iso_date(today()? + IGNORE_DAYS * 86_400);
    let text = policy_text(&other, &exceptions, &until);

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

fn license_files(project: &Project) -> Vec<LicenseText> {
    let recognizer = Recognizer::new();
    let packages = project.metadata.packages.iter();
    packages
        .filter_map(|package| license_file(package, &recognizer))
        .collect()
}

/// Every licence that would have to be allowed for what is built today: of alternatives the first.
fn ids_of(inventory: &Inventory) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for component in judged_components(inventory) {
        let Some(expression) = expression_of(component) else {
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

fn expression_of(component: &Component) -> Option<Expression> {
    Expression::parse(component.license.expression()?).ok()
}

/// A decision about one package, as the configuration has it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Exception {
    package: String,
    license: String,
    sha256: Option<String>,
}

/// The exceptions and clarifications of cargo-deny for what is built today. What they are about and
/// what they would have to allow is checked; what does not fit is left, by name.
fn exceptions_of(
    other: &mut OtherPolicy,
    inventories: &[Inventory],
    texts: &[LicenseText],
) -> BTreeSet<Exception> {
    let mut found = BTreeSet::new();
    let exceptions = std::mem::take(&mut other.exceptions);
    for (name, ids) in &exceptions {
        let is_allowed = |id: &str| ids.contains(id) || other.allow.contains(id);
        let read = ids.iter().next().map(String::as_str).unwrap_or_default();
        let added = add_exceptions(&mut found, (name, read), (inventories, texts), |stated| {
            stated.is_none_or(|expression| expression.evaluate(|req| is_allowed(&req.to_string())))
        });
        if !added {
            other.left.insert(format!("the exception for `{name}`"));
        }
    }

    let clarified = std::mem::take(&mut other.clarified);
    for (name, read) in &clarified {
        let is_allowed = Expression::parse(read).is_ok_and(|expression| {
            expression.evaluate(|req| other.allow.contains(&req.to_string()))
        });
        let added =
            is_allowed && add_exceptions(&mut found, (name, read), (inventories, texts), |_| true);
        if !added {
            other.left.insert(format!("the clarification of `{name}`"));
        }
    }

    found
}

/// Adds an exception for every package of a name whose stated licence fits; `false` where there is
/// none. A package that states none gets the licence that a person read.
fn add_exceptions(
    found: &mut BTreeSet<Exception>,
    (name, read): (&str, &str),
    (inventories, texts): (&[Inventory], &[LicenseText]),
    fits: impl Fn(Option<&Expression>) -> bool,
) -> bool {
    let mut is_found = false;
    let components = inventories.iter().flat_map(judged_components);
    for component in components.filter(|component| component.name == name) {
        if !fits(expression_of(component).as_ref()) {
            continue;
        }
        let (license, sha256) = match &component.license {
            License::Expression(text) | License::Invalid(text) => (text.clone(), None),
            License::Missing => (read.to_owned(), None),
            License::File(_) => {
                let text = texts
                    .iter()
                    .find(|text| text.package == name && text.version == component.version);
                let digest = text.and_then(|text| text.sha256);
                (read.to_owned(), digest.map(|digest| digest.to_string()))
            }
        };
        is_found = true;
        found.insert(Exception {
            package: name.to_owned(),
            license,
            sha256,
        });
    }

    is_found
}

fn policy_text(other: &OtherPolicy, exceptions: &BTreeSet<Exception>, until: &str) -> String {
    let mut text = String::new();
    if !other.from.is_empty() {
        text.push_str(&format!(
            "# Taken over from {}.\n",
            other.from.join(" and ")
        ));
    }

    for left in &other.left {
        text.push_str(&format!("# Not taken over: {left}.\n"));
    }
    text.push_str("[sbom-lite]\n");
    let fail_on = other.fail_on.as_deref().unwrap_or("high");
    text.push_str(&format!("fail-on = {}\n", Value::from(fail_on)));
    if let Some(url) = &other.db_url {
        text.push_str(&format!("db-url = {}\n", Value::from(url.as_str())));
    }
    if !other.rules.is_empty() {
        text.push_str("\n[sbom-lite.rules]\n");
        for (rule, level) in &other.rules {
            text.push_str(&format!("{rule} = \"{level}\"\n"));
        }
    }

    text.push_str("\n[sbom-lite.licenses]\n");
    text.push_str(&format!("allow = {}\n", list_text(&other.allow)));
    if !other.deny.is_empty() {
        text.push_str(&format!("deny = {}\n", list_text(&other.deny)));
    }
    for exception in exceptions {
        let mut table = Table::new();
        table.insert("package".to_owned(), exception.package.as_str().into());
        table.insert("license".to_owned(), exception.license.as_str().into());
        table.insert("reason".to_owned(), NO_REASON.into());
        if let Some(sha256) = &exception.sha256 {
            table.insert("sha256".to_owned(), sha256.as_str().into());
        }
        text.push_str(&format!("\n[[sbom-lite.licenses.exceptions]]\n{table}"));
    }

    for (id, reason) in &other.ignore {
        let mut table = Table::new();
        table.insert("id".to_owned(), id.as_str().into());
        let reason = reason.as_deref().unwrap_or(NO_REASON);
        table.insert("reason".to_owned(), reason.into());
        table.insert("until".to_owned(), until.into());
        text.push_str(&format!("\n[[sbom-lite.ignore]]\n{table}"));
    }

    text
}

fn list_text(ids: &BTreeSet<String>) -> String {
    let items: Vec<String> = ids
        .iter()
        .map(|id| format!("    {},\n", Value::from(id.as_str())))
        .collect();
    format!("[\n{}]", items.concat())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn component(name: &str, license: License) -> (String, Component) {
        let component = Component::for_tests(name, license);
        (component.purl(), component)
    }

    #[test]
    fn policies_of_other_tools_become_one_that_is_read() {
        let stated = |text: &str| License::Expression(text.to_owned());
        let inventory = Inventory {
            main: Component::for_tests("app", stated("MIT")),
            components: BTreeMap::from([
                component("webpki-roots", stated("MPL-2.0")),
                component("ring", License::File("LICENSE".to_owned())),
                component("other", stated("GPL-3.0-only")),
            ]),
            approximate: false,
        };
        let digest = "00".repeat(32);
        let texts = [LicenseText {
            package: "ring".to_owned(),
            version: "1.0.0".to_owned(),
            file: "LICENSE".to_owned(),
            sha256: digest.parse().ok(),
            license: None,
        }];
        let ids = |list: &[&str]| list.iter().map(|id| (*id).to_owned()).collect();
        let mut policy = OtherPolicy {
            allow: ids(&["MIT", "ISC"]),
            exceptions: vec![
                ("webpki-roots".to_owned(), ids(&["MPL-2.0"])),
                ("other".to_owned(), ids(&["MPL-2.0"])),
                ("gone".to_owned(), ids(&["MPL-2.0"])),
            ],
            clarified: vec![("ring".to_owned(), "MIT AND ISC".to_owned())],
            ignore: BTreeMap::from([("RUSTSEC-2024-0001".to_owned(), Some("a \"b\"".to_owned()))]),
            rules: BTreeMap::from([("yanked", "deny")]),
            fail_on: Some("medium".to_owned()),
            from: vec!["deny.toml"],
            ..OtherPolicy::default()
        };
        let exceptions = exceptions_of(&mut policy, &[inventory], &texts);
        let left: Vec<&str> = policy.left.iter().map(String::as_str).collect();
        assert_eq!(
            left,
            ["the exception for `gone`", "the exception for `other`"]
        );

        let text = policy_text(&policy, &exceptions, "2030-12-31");
        let mut table: Table = text.parse().unwrap();
        let mut own = table.remove("sbom-lite").unwrap();
        assert_eq!(own["rules"]["yanked"].as_str(), Some("deny"));
        own.as_table_mut().unwrap().remove("rules");
        let config: Config = own.try_into().unwrap();
        let read: Vec<(&str, &str, bool)> = config
            .licenses
            .exceptions
            .iter()
            .map(|one| {
                let has_digest = one.sha256.is_some();
                (one.package.as_str(), one.license.as_str(), has_digest)
            })
            .collect();
        assert_eq!(
            read,
            [
                ("ring", "MIT AND ISC", true),
                ("webpki-roots", "MPL-2.0", false)
            ]
        );
        assert_eq!(config.ignore[0].reason, "a \"b\"");
        assert_eq!(
            config.fail_on,
            Some(crate::model::config::Threshold::Medium)
        );
    }
}
