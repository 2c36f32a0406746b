//! The tree of what is shipped, from the SBOM, with the advisories that apply.
//!
//! The SBOM may come from anywhere: it may name what it does not describe, form circles, and be
//! deeper than any stack. Each component is opened once, and the tree is cut at a depth.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use release_gate::text::markup;

use super::folder::Folder;
use super::sbom::{Component, Sbom};

/// How deep the tree of dependencies is shown.
const DEEPEST: usize = 64;

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

    let tree = Tree::new(sbom, advisories(folder));
    out.push_str("<h3>Dependencies</h3>\n");
    if !tree.advisories.is_empty() {
        out.push_str("<p>What has an advisory is marked with its id.</p>\n");
    }
    let mut seen = BTreeSet::new();
    tree.list(out, &sbom.main().reference, &mut seen, 0);
    tree.list_unseen(out, &seen);
}

/// Name and version of a package.
type Key<'a> = (&'a str, &'a str);

/// Ids of the advisories about each package.
fn advisories(folder: &Folder) -> BTreeMap<Key<'_>, Vec<&str>> {
    let mut advisories: BTreeMap<Key<'_>, Vec<&str>> = BTreeMap::new();
    for hit in folder.audit.iter().flat_map(|audit| &audit.advisories) {
        let ids = advisories.entry((&hit.package, &hit.version)).or_default();
        ids.push(&hit.id);
    }
    advisories
}

struct Tree<'a> {
    components: BTreeMap<&'a str, &'a Component>,
    needs: BTreeMap<&'a str, Vec<&'a str>>,
    advisories: BTreeMap<Key<'a>, Vec<&'a str>>,
    /// What something with an advisory lies below: it is never folded away.
    open: BTreeSet<&'a str>,
}

fn key(component: &Component) -> Key<'_> {
    (&component.name, &component.version)
}

impl<'a> Tree<'a> {
    fn new(sbom: &'a Sbom, advisories: BTreeMap<Key<'a>, Vec<&'a str>>) -> Self {
        let needs = sbom.needs();
        let components: BTreeMap<&str, &Component> = sbom
            .components
            .iter()
            .map(|component| (component.reference.as_str(), component))
            .collect();
        let hit = components
            .iter()
            .filter(|(_, component)| advisories.contains_key(&key(component)))
            .map(|(of, _)| *of);
        let open = users(&needs, hit.collect());

        Self {
            components,
            needs,
            advisories,
            open,
        }
    }

    fn label(&self, component: &Component) -> String {
        let license = component.license().unwrap_or("no licence stated");
        let key = key(component);
        let mut label = format!(
            "<code>{} {}</code> {}",
            markup(key.0),
            markup(key.1),
            markup(license)
        );
        if component.is_build_time() {
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

    /// The list of what `of` needs, with the lists below it.
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
            self.item(out, need, seen, depth);
        }
        out.push_str("</ul>\n");
    }

    fn item(&self, out: &mut String, need: &'a str, seen: &mut BTreeSet<&'a str>, depth: usize) {
        let is_first = seen.insert(need);
        let Some(component) = self.components.get(need) else {
            let _ = writeln!(
                out,
                "<li><code>{}</code> is not described in the SBOM</li>",
                markup(need)
            );
            return;
        };

        let label = self.label(component);
        let has_more = self.needs.get(need).is_some_and(|more| !more.is_empty());
        if is_first && has_more {
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

    /// What the SBOM describes and the tree did not show.
    fn list_unseen(&self, out: &mut String, seen: &BTreeSet<&str>) {
        let unseen: Vec<&Component> = self
            .components
            .iter()
            .filter(|(of, _)| !seen.contains(*of))
            .map(|(_, component)| *component)
            .collect();
        if unseen.is_empty() {
            return;
        }

        let _ = writeln!(
            out,
            "<details><summary>{} not in the tree: nothing shown needs them, or they are deeper than {DEEPEST} levels</summary><ul>",
            unseen.len()
        );
        for component in unseen {
            let _ = writeln!(out, "<li>{}</li>", self.label(component));
        }
        out.push_str("</ul></details>\n");
    }
}

/// All that leads to these components.
fn users<'a>(
    needs: &BTreeMap<&'a str, Vec<&'a str>>,
    components: Vec<&'a str>,
) -> BTreeSet<&'a str> {
    let mut users: BTreeMap<&str, Vec<&'a str>> = BTreeMap::new();
    for (user, needs) in needs {
        for need in needs {
            users.entry(need).or_default().push(user);
        }
    }

    let mut found = BTreeSet::new();
    let mut next = components;
    while let Some(of) = next.pop() {
        let of_this = users.get(of).into_iter().flatten();
        next.extend(of_this.filter(|user| found.insert(**user)));
    }
    found
}
