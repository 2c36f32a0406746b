//! What the configurations of cargo-deny (`deny.toml`) and cargo-audit (`.cargo/audit.toml`) say.
//!
//! What has no counterpart here is kept by its name, so that nobody believes it was taken over.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use release_gate::{Error, Result};
use toml::{Table, Value};

/// A policy of other tools.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct OtherPolicy {
    /// Licences that are allowed.
    pub allow: BTreeSet<String>,
    /// Licences that are denied.
    pub deny: BTreeSet<String>,
    /// Licences that are allowed for one package: its name, and their ids.
    pub exceptions: Vec<(String, BTreeSet<String>)>,
    /// What a person read a package's licence to be: its name, and an SPDX expression.
    pub clarified: Vec<(String, String)>,
    /// Advisory id to reason; `None` where none is given.
    pub ignore: BTreeMap<String, Option<String>>,
    /// From which severity on a vulnerability counts.
    pub fail_on: Option<String>,
    /// Where the advisory database is fetched from.
    pub db_url: Option<String>,
    /// Rules of this tool, and the level they are to have.
    pub rules: BTreeMap<&'static str, &'static str>,
    /// The files that were read.
    pub from: Vec<&'static str>,
    /// Keys that have no counterpart, with their file.
    pub left: BTreeSet<String>,
}

/// RustSec's own database, which is the default of everybody.
const DEFAULT_DATABASE: &str = "https://github.com/rustsec/advisory-db";

/// Reads both files of a workspace, as far as they are there.
///
/// # Errors
/// One of them cannot be read.
pub fn read_policies(root: &Path) -> Result<OtherPolicy> {
    let mut policy = OtherPolicy::default();
    for file in ["deny.toml", ".deny.toml", ".cargo/deny.toml"] {
        if let Some(table) = read_table(root, file)? {
            policy.take_deny(file, &table);
            policy.from.push(file);
            break;
        }
    }
    if let Some(table) = read_table(root, AUDIT_FILE)? {
        policy.take_audit(&table);
        policy.from.push(AUDIT_FILE);
    }
    Ok(policy)
}

const AUDIT_FILE: &str = ".cargo/audit.toml";

fn read_table(root: &Path, name: &str) -> Result<Option<Table>> {
    let text = match std::fs::read_to_string(root.join(name)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(name, error.to_string())),
    };
    text.parse::<Table>()
        .map(Some)
        .map_err(|error| unreadable(name, error.to_string()))
}

fn unreadable(name: &str, why: String) -> Error {
    Error::judge(format!("`{name}` cannot be read"))
        .with_source(why)
        .with_help("correct it, or move it away")
}

impl OtherPolicy {
    fn take_deny(&mut self, file: &str, table: &Table) {
        for (section, value) in table {
            match (section.as_str(), value) {
                ("licenses", Value::Table(licenses)) => self.take_licenses(file, licenses),
                ("advisories", Value::Table(advisories)) => {
                    self.take_advisories(file, advisories);
                }
                _ => self.leave(file, section),
            }
        }
    }

    fn take_licenses(&mut self, file: &str, licenses: &Table) {
        for (key, value) in licenses {
            match key.as_str() {
                "allow" => self.allow.extend(texts_of(value)),
                "deny" => self.deny.extend(texts_of(value)),
                "exceptions" => {
                    for exception in items_of(value) {
                        if let Some(name) = crate_of(exception) {
                            let ids = exception.get("allow").map(texts_of).unwrap_or_default();
                            self.exceptions.push((name, ids.into_iter().collect()));
                        }
                    }
                }
                "clarify" => {
                    for clarified in items_of(value) {
                        let expression = clarified.get("expression").and_then(Value::as_str);
                        if let (Some(name), Some(expression)) = (crate_of(clarified), expression) {
                            self.clarified.push((name, expression.to_owned()));
                        }
                    }
                }
                // Own code that is not published is left out here, too.
                "private" if ignores_own_code(value) => {}
                "version" | "confidence-threshold" => {}
                _ => self.leave(file, &format!("licenses.{key}")),
            }
        }
    }

    fn take_advisories(&mut self, file: &str, advisories: &Table) {
        for (key, value) in advisories {
            match key.as_str() {
                "ignore" => self.take_ignores(value),
                "db-urls" => {
                    self.take_database(texts_of(value).into_iter().next());
                    if texts_of(value).len() > 1 {
                        self.leave(file, "advisories.db-urls (all but the first)");
                    }
                }
                "yanked" | "unmaintained" | "unsound" | "notice" => {
                    if !self.take_level(key, value) {
                        self.leave(file, &format!("advisories.{key}"));
                    }
                }
                // Vulnerabilities always count.
                "vulnerability" if value.as_str() == Some("deny") => {}
                // How it fetches.
                "version" | "git-fetch-with-cli" => {}
                _ => self.leave(file, &format!("advisories.{key}")),
            }
        }
    }

    fn take_audit(&mut self, table: &Table) {
        for (section, value) in table {
            let Some(values) = value.as_table() else {
                self.leave(AUDIT_FILE, section);
                continue;
            };
            for (key, value) in values {
                match (section.as_str(), key.as_str()) {
                    ("advisories", "ignore") => self.take_ignores(value),
                    ("advisories", "severity_threshold") => self.take_threshold(value),
                    ("database", "url") => self.take_database(value.as_str().map(str::to_owned)),
                    ("output", "deny") => {
                        for word in texts_of(value) {
                            if !self.take_denied(&word) {
                                self.leave(AUDIT_FILE, &format!("output.deny `{word}`"));
                            }
                        }
                    }
                    // How it fetches and prints, or what is the default here.
                    ("database", "fetch" | "stale")
                    | ("output", "format" | "quiet" | "show_tree")
                    | ("yanked", "update_index") => {}
                    ("yanked", "enabled") => {
                        if value.as_bool() != Some(true) {
                            self.rules.entry("yanked").or_insert("allow");
                        }
                    }
                    _ => self.leave(AUDIT_FILE, &format!("{section}.{key}")),
                }
            }
        }
    }

    /// Ids, or tables with an id and a reason. What cargo-deny ignores by a crate's name has no id.
    fn take_ignores(&mut self, list: &Value) {
        if !list.is_array() {
            self.left
                .insert("the list of ignores, which is none".to_owned());
        }
        for ignore in items_of(list) {
            let id = ignore
                .as_str()
                .or_else(|| ignore.get("id").and_then(Value::as_str));
            let Some(id) = id else {
                let name = crate_of(ignore).unwrap_or_default();
                self.left.insert(format!("the ignore of yanked `{name}`"));
                continue;
            };
            let reason = ignore.get("reason").and_then(Value::as_str);
            self.ignore
                .entry(id.to_owned())
                .or_insert(reason.map(str::to_owned));
        }
    }

    fn take_database(&mut self, url: Option<String>) {
        let is_own = |url: &String| url.trim_end_matches('/') != DEFAULT_DATABASE;
        self.db_url = self.db_url.take().or(url.filter(is_own));
    }

    fn take_threshold(&mut self, value: &Value) {
        self.fail_on = match value.as_str() {
            Some(word @ ("low" | "medium" | "high" | "critical")) => Some(word.to_owned()),
            _ => Some("low".to_owned()),
        };
    }

    /// A level of cargo-deny, of the words of its first or second version; `false` where it means
    /// something that is not said by a level.
    fn take_level(&mut self, key: &str, value: &Value) -> bool {
        let rule = match key {
            "yanked" => "yanked",
            "unmaintained" => "unmaintained",
            "unsound" => "unsound",
            _ => "notice",
        };
        let level = match value.as_str() {
            Some("deny" | "all") => "deny",
            Some("warn") => "warn",
            Some("allow" | "none") => "allow",
            _ => return false,
        };
        self.rules.insert(rule, level);
        true
    }

    fn take_denied(&mut self, word: &str) -> bool {
        let rules: &[&str] = match word {
            "warnings" => &["yanked", "unmaintained", "unsound", "notice"],
            "yanked" => &["yanked"],
            "unmaintained" => &["unmaintained"],
            "unsound" => &["unsound"],
            "notice" => &["notice"],
            _ => return false,
        };
        self.rules.extend(rules.iter().map(|rule| (*rule, "deny")));
        true
    }

    fn leave(&mut self, file: &str, what: &str) {
        let what: String = what.chars().filter(|c| !c.is_control()).collect();
        self.left.insert(format!("`{what}` of {file}"));
    }
}

/// Whether `licenses.private` says what is the rule here: own code that is never published is left
/// out, and nothing else.
fn ignores_own_code(value: &Value) -> bool {
    let is_alone = value.as_table().is_some_and(|table| table.len() == 1);
    is_alone && value.get("ignore").and_then(Value::as_bool) == Some(true)
}

fn items_of(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn texts_of(value: &Value) -> Vec<String> {
    items_of(value)
        .iter()
        .filter_map(|item| item.as_str().map(str::to_owned))
        .collect()
}

/// The crate that a table is about: `crate = "name@1.0"`, or `name = "name"`.
fn crate_of(table: &Value) -> Option<String> {
    let named = table.get("crate").or_else(|| table.get("name"))?.as_str()?;
    let name = named.split(['@', ':', '=']).next().unwrap_or_default();
    (!name.is_empty()).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_counterpart_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(".cargo")).unwrap();
        std::fs::write(
            dir.path().join("deny.toml"),
            r#"
[graph]
targets = ["x86_64-unknown-linux-gnu"]
[licenses]
version = 2
allow = ["MIT"]
private = { ignore = false }
exceptions = [{ allow = ["MPL-2.0"], crate = "webpki-roots@1" }, { allow = ["ISC"], name = "untrusted" }]
[[licenses.clarify]]
crate = "ring"
expression = "MIT AND ISC"
license-files = [{ path = "LICENSE", hash = 0xbd0eed23 }]
[advisories]
vulnerability = "warn"
yanked = "deny"
unmaintained = "workspace"
db-urls = ["https://git.example.org/db", "https://other.example.org"]
ignore = ["RUSTSEC-2024-0001", { id = "RUSTSEC-2024-0002", reason = "read" }, { crate = "a@1.0.0", reason = "no" }]
[bans]
multiple-versions = "warn"
"#,
        )
        .unwrap();
        std::fs::write(
            dir.path().join(AUDIT_FILE),
            "ignored = 1\n[yanked]\nenabled = false\n[advisories]\ninformational_warnings = [\"unsound\"]\nignore = [\"RUSTSEC-2024-0003\"]\nseverity_threshold = \"medium\"\n[output]\ndeny = [\"unsound\"]\n[target]\nos = \"linux\"\n",
        )
        .unwrap();

        let policy = read_policies(dir.path()).unwrap();
        assert_eq!(policy.ignore.len(), 3);
        assert_eq!(policy.ignore["RUSTSEC-2024-0002"].as_deref(), Some("read"));
        assert_eq!(policy.exceptions[0].0, "webpki-roots");
        assert_eq!(policy.exceptions[1].0, "untrusted");
        assert_eq!(
            policy.clarified,
            [("ring".to_owned(), "MIT AND ISC".to_owned())]
        );
        assert_eq!(policy.fail_on.as_deref(), Some("medium"));
        assert_eq!(policy.db_url.as_deref(), Some("https://git.example.org/db"));
        assert_eq!(
            policy.rules,
            BTreeMap::from([("unsound", "deny"), ("yanked", "deny")])
        );
        let left: Vec<&str> = policy.left.iter().map(String::as_str).collect();
        assert_eq!(
            left,
            [
                "`advisories.db-urls (all but the first)` of deny.toml",
                "`advisories.informational_warnings` of .cargo/audit.toml",
                "`advisories.unmaintained` of deny.toml",
                "`advisories.vulnerability` of deny.toml",
                "`bans` of deny.toml",
                "`graph` of deny.toml",
                "`ignored` of .cargo/audit.toml",
                "`licenses.private` of deny.toml",
                "`target.os` of .cargo/audit.toml",
                "the ignore of yanked `a`",
            ]
        );
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("deny.toml"), "[licenses").unwrap();
        assert!(read_policies(dir.path()).is_err());
    }
}
