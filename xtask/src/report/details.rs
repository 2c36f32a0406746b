//! What the page shows of each package: API changes, advisories, dependencies, sizes, how to
//! verify.
//!
//! Everything comes from reports and documents that somebody may have tampered with: it is escaped,
//! quoted and bounded here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use release_gate::Status;
use release_gate::process::shell_word;
use release_gate::report::render::{markup, visible};
use serde_json::Value;

use super::read::{Fact, Folder};

/// How deep the tree of dependencies is shown.
const DEEPEST: usize = 64;

/// A string of a report, for the page.
pub(crate) fn text(value: &Value) -> String {
    markup(value.as_str().unwrap_or_default())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(crate) fn changes(out: &mut String, folder: &Folder) {
    let Some(data) = folder.usable("compat").map(|compat| &compat.data) else {
        return;
    };
    if !data["required_bump"].is_string() {
        return; // there is no public API
    }
    let _ = writeln!(
        out,
        "<h3>Public API</h3>\n<p>Needs <b>{}</b>, declares <b>{}</b>.</p>",
        text(&data["required_bump"]),
        text(&data["declared_bump"])
    );
    for change in items(&data["changes"]) {
        let _ = write!(
            out,
            "<details><summary><span class=\"tag\">{}</span> <code>{}</code> {}</summary>",
            text(&change["bump"]),
            text(&change["item"]),
            text(&change["message"])
        );
        for (name, side) in [("was", "before"), ("is", "after")] {
            if change[side].as_str().is_some_and(|text| !text.is_empty()) {
                let _ = write!(out, "<p>{name}: <code>{}</code></p>", text(&change[side]));
            }
        }
        let witness = change["witness"]["program"]
            .as_str()
            .and_then(|name| folder.witnesses.get(name));
        if let Some(witness) = witness {
            let _ = write!(
                out,
                "<pre tabindex=\"0\" role=\"group\" aria-label=\"Program that shows the change of {}\">{}</pre>",
                text(&change["item"]),
                markup(witness)
            );
        }
        out.push_str("</details>\n");
    }
}

/// Every advisory, whether the tree below has a place for it or not.
pub(crate) fn advisories(out: &mut String, folder: &Folder) {
    out.push_str("<h3>Advisories</h3>\n");
    let audit = match folder.fact("vulns") {
        Fact::Missing => {
            out.push_str("<p class=\"not-run\">Not audited for vulnerabilities.</p>\n");
            return;
        }
        Fact::Refused(reason) => {
            let _ = writeln!(
                out,
                "<p class=\"not-judged\">Not judged: {}.</p>",
                markup(reason)
            );
            return;
        }
        Fact::Usable(audit) => audit,
    };
    let mut hits = items(&audit.data["advisories"]).peekable();
    match audit.status {
        Status::Pass | Status::Fail if hits.peek().is_none() => {
            out.push_str("<p>No advisory applies.</p>\n")
        }
        Status::Pass | Status::Fail => {}
        Status::Skipped => {
            out.push_str("<p class=\"nothing-to-judge\">The audit had nothing to judge.</p>\n");
        }
        Status::Error | Status::Unsupported => {
            out.push_str("<p class=\"not-judged\">The audit could not judge.</p>\n");
        }
    }
    if hits.peek().is_none() {
        return;
    }
    out.push_str("<table><caption>What the advisory database says of the packages</caption><thead><tr><th scope=\"col\">advisory</th><th scope=\"col\">package</th><th scope=\"col\">severity</th><th scope=\"col\">patched</th><th scope=\"col\">comes by</th></tr></thead><tbody>\n");
    for hit in hits {
        let list = |value: &Value, between: &str| {
            items(value)
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(between)
        };
        let ignored = hit["ignored"]
            .as_str()
            .map(|reason| format!(" (ignored: {reason})"));
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td><code>{} {}</code></td><td>{} {}{}</td><td>{}</td><td>{}</td></tr>",
            text(&hit["id"]),
            text(&hit["package"]),
            text(&hit["version"]),
            text(&hit["kind"]),
            text(&hit["severity"]),
            markup(&ignored.unwrap_or_default()),
            markup(&list(&hit["patched"], ", ")),
            markup(&list(&hit["path"], " → "))
        );
    }
    out.push_str("</tbody></table>\n");
}

/// The tree of what is shipped; what was shown before is named and not opened again.
pub(crate) fn dependencies(out: &mut String, folder: &Folder) {
    let sbom = match &folder.sbom {
        None => return,
        Some(Err(reason)) => {
            let _ = writeln!(
                out,
                "<h3>Dependencies</h3>\n<p class=\"not-judged\">Not judged: {}.</p>",
                markup(reason)
            );
            return;
        }
        Some(Ok(sbom)) => sbom,
    };
    let components: BTreeMap<&str, &Value> = items(&sbom["components"])
        .filter_map(|component| Some((component["bom-ref"].as_str()?, component)))
        .collect();
    let needs: BTreeMap<&str, Vec<&str>> = items(&sbom["dependencies"])
        .filter_map(|entry| {
            Some((
                entry["ref"].as_str()?,
                items(&entry["dependsOn"])
                    .filter_map(Value::as_str)
                    .collect(),
            ))
        })
        .collect();
    let mut advisories: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for hit in folder
        .usable("vulns")
        .iter()
        .flat_map(|vulns| items(&vulns.data["advisories"]))
    {
        if let (Some(package), Some(version), Some(id)) = (
            hit["package"].as_str(),
            hit["version"].as_str(),
            hit["id"].as_str(),
        ) {
            advisories.entry((package, version)).or_default().push(id);
        }
    }
    let tree = Tree::new(components, needs, advisories);
    out.push_str("<h3>Dependencies</h3>\n");
    if !tree.advisories.is_empty() {
        out.push_str("<p>What has an advisory is marked with its id.</p>\n");
    }
    let mut seen = BTreeSet::new();
    if let Some(main) = sbom["metadata"]["component"]["bom-ref"].as_str() {
        tree.list(out, main, &mut seen, 0);
    }
    let unseen: Vec<&&Value> = tree
        .components
        .iter()
        .filter(|(of, _)| !seen.contains(*of))
        .map(|(_, component)| component)
        .collect();
    if !unseen.is_empty() {
        let _ = writeln!(
            out,
            "<details><summary>{} not in the tree: nothing shown needs them, or they are deeper than {DEEPEST} levels</summary><ul>",
            unseen.len()
        );
        for component in unseen {
            let _ = writeln!(out, "<li>{}</li>", tree.label(component));
        }
        out.push_str("</ul></details>\n");
    }
}

struct Tree<'a> {
    components: BTreeMap<&'a str, &'a Value>,
    needs: BTreeMap<&'a str, Vec<&'a str>>,
    advisories: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
    /// What something with an advisory lies below: it is never folded away.
    open: BTreeSet<&'a str>,
}

/// Name and version.
fn key(component: &Value) -> (&str, &str) {
    (
        component["name"].as_str().unwrap_or_default(),
        component["version"].as_str().unwrap_or_default(),
    )
}

impl<'a> Tree<'a> {
    fn new(
        components: BTreeMap<&'a str, &'a Value>,
        needs: BTreeMap<&'a str, Vec<&'a str>>,
        advisories: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
    ) -> Self {
        let mut users: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
        for (user, needs) in &needs {
            for need in needs {
                users.entry(need).or_default().push(user);
            }
        }
        let hit = |component: &Value| advisories.contains_key(&key(component));
        let mut next: Vec<&str> = components
            .iter()
            .filter(|(_, component)| hit(component))
            .map(|(of, _)| *of)
            .collect();
        let mut open = BTreeSet::new();
        while let Some(of) = next.pop() {
            next.extend(
                users
                    .get(of)
                    .into_iter()
                    .flatten()
                    .filter(|user| open.insert(**user)),
            );
        }
        Self {
            components,
            needs,
            advisories,
            open,
        }
    }

    fn label(&self, component: &Value) -> String {
        let license = items(&component["licenses"])
            .find_map(|choice| {
                choice["expression"]
                    .as_str()
                    .or(choice["license"]["name"].as_str())
            })
            .unwrap_or("no licence stated");
        let key = key(component);
        let mut label = format!(
            "<code>{} {}</code> {}",
            markup(key.0),
            markup(key.1),
            markup(license)
        );
        if component["scope"] == "excluded" {
            label.push_str(" <span class=\"tag\">build time</span>");
        }
        for id in self.advisories.get(&key).into_iter().flatten() {
            let _ = write!(
                label,
                " <span class=\"tag failed\">advisory {}</span>",
                markup(id)
            );
        }
        label
    }

    fn list(&self, out: &mut String, of: &str, seen: &mut BTreeSet<&'a str>, depth: usize) {
        let Some(needs) = self.needs.get(of).filter(|needs| !needs.is_empty()) else {
            return;
        };
        if depth == DEEPEST {
            let _ = writeln!(
                out,
                "<p>The tree is cut here: {} more below.</p>",
                needs.len()
            );
            return;
        }
        out.push_str("<ul>\n");
        for need in needs {
            let first = seen.insert(need);
            let Some(component) = self.components.get(need) else {
                let _ = writeln!(
                    out,
                    "<li><code>{}</code> is not described in the SBOM</li>",
                    markup(need)
                );
                continue;
            };
            let label = self.label(component);
            let has_more = self.needs.get(need).is_some_and(|more| !more.is_empty());
            if first && has_more {
                let open = if self.open.contains(need) {
                    " open"
                } else {
                    ""
                };
                let _ = write!(out, "<li><details{open}><summary>{label}</summary>");
                self.list(out, need, seen, depth + 1);
                out.push_str("</details></li>\n");
            } else {
                let again = if has_more { " (see above)" } else { "" };
                let _ = writeln!(out, "<li>{label}{again}</li>");
            }
        }
        out.push_str("</ul>\n");
    }
}

/// How long a bar is, in percent of the longest. A report may claim any size.
fn percent(size: u64, largest: u64) -> u128 {
    (u128::from(size) * 100)
        .checked_div(u128::from(largest))
        .unwrap_or(0)
        .min(100)
}

pub(crate) fn sizes(out: &mut String, folder: &Folder) {
    let Some(data) = folder.usable("buildinfo").map(|info| &info.data) else {
        return;
    };
    let artifacts: Vec<(String, u64, String)> = items(&data["artifacts"])
        .map(|artifact| {
            (
                text(&artifact["path"]),
                artifact["size"].as_u64().unwrap_or(0),
                text(&artifact["sha256"]),
            )
        })
        .collect();
    let Some(largest) = artifacts
        .iter()
        .map(|(_, size, _)| *size)
        .max()
        .filter(|size| *size > 0)
    else {
        return;
    };
    out.push_str("<h3>Artifacts</h3>\n<table><caption>What was built, with the digests of buildinfo.json</caption><thead><tr><th scope=\"col\">file</th><th scope=\"col\">size</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
    for (path, size, digest) in artifacts {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{path}</th><td>{} KiB<div class=\"bar\" aria-hidden=\"true\" style=\"width:{}%\"></div></td><td><code>{digest}</code></td></tr>",
            size.div_ceil(1024),
            percent(size, largest)
        );
    }
    out.push_str("</tbody></table>\n");
    for (path, shares) in &folder.sizes {
        let largest = shares.iter().map(|share| share.size).max().unwrap_or(0);
        let _ = write!(
            out,
            "<details><summary>What fills <code>{}</code></summary><table><caption>Bytes of code and data by the crate they come from</caption><thead><tr><th scope=\"col\">crate or section</th><th scope=\"col\">size</th></tr></thead><tbody>",
            markup(path)
        );
        for share in shares {
            let _ = writeln!(
                out,
                "<tr><th scope=\"row\"><code>{}</code></th><td>{} KiB<div class=\"bar\" aria-hidden=\"true\" style=\"width:{}%\"></div></td></tr>",
                markup(&share.name),
                share.size.div_ceil(1024),
                percent(share.size, largest)
            );
        }
        out.push_str("</tbody></table></details>\n");
    }
}

/// A word of a command, quoted. `None`: whoever copies it would not type what is shown, so there is
/// no command.
fn word(name: &str) -> Option<String> {
    // Not an option of the program it is given to.
    let name = if name.starts_with('-') {
        format!("./{name}")
    } else {
        name.to_owned()
    };
    shell_word(&name).filter(|word| visible(word) == *word)
}

/// Commands for whoever downloads. They name the programs, not cargo: cargo heeds the configuration
/// of the folder it is called in, which came with the download.
pub(crate) fn verification(out: &mut String, folder: &Folder) {
    if folder.archives.is_empty() {
        return;
    }
    out.push_str(
        "<h3>Verify</h3>\n<p>In the folder of the download, with the maintainers' public key one folder above, so that nothing downloaded takes its place:</p>\n\
         <pre tabindex=\"0\" role=\"group\" aria-label=\"Commands that verify the download\">",
    );
    let subject = folder.subject();
    let package = subject.and_then(|subject| subject.package.as_deref());
    if let Some(namespace) = package.and_then(|package| word(&format!("release@{package}"))) {
        let _ = writeln!(
            out,
            "ssh-keygen -Y verify -f ../maintainer.ed25519.allowed_signers -I maintainer -n {} -s checksums.txt.sshsig &lt; checksums.txt",
            markup(&namespace)
        );
    }
    out.push_str("sha256sum -c --strict --ignore-missing checksums.txt\n");
    let mut unusual = Vec::new();
    for archive in &folder.archives {
        let (Some(name), Some(signature)) = (word(archive), word(&format!("{archive}.sig"))) else {
            unusual.push(archive);
            continue;
        };
        let (name, signature) = (markup(&name), markup(&signature));
        let _ = writeln!(
            out,
            "cargo-sign verify --key ../maintainer.ed25519.pub {name}"
        );
        let _ = writeln!(
            out,
            "minisign -Vm {name} -x {signature} -p ../maintainer.ed25519.pub"
        );
    }
    out.push_str("</pre>\n");
    for archive in unusual {
        let _ = writeln!(
            out,
            "<p class=\"not-judged\">No command is given for <code>{}</code>: its name has characters that cannot be seen.</p>",
            markup(archive)
        );
    }
    let rebuilt = folder
        .usable("buildinfo")
        .and_then(|info| info.subject.commit.as_ref());
    if let Some(commit) = rebuilt {
        let _ = writeln!(
            out,
            "<p>In a clone of the source, whether it gives these bytes:</p>\n\
             <pre tabindex=\"0\" role=\"group\" aria-label=\"Commands that build the release again\">git checkout {commit}\n\
             cargo-repro rebuild --buildinfo ../download/buildinfo.json</pre>"
        );
    }
}
