//! The page: verdicts, API changes, dependencies, sizes, how to verify.
//!
//! A static file: no script, no request to anywhere. Everything in it comes from reports and documents of the gates and is escaped here.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use release_gate::report::render::markup;
use release_gate::{Finding, Level};
use serde_json::Value;

use super::{Folder, Line};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}\
table{border-collapse:collapse;width:100%}caption{text-align:left;padding:.3rem .6rem;color:#555}th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}\
code,pre{font-family:ui-monospace,monospace;font-size:.9em}pre{background:#f3f3f3;padding:.6rem;overflow:auto}\
.not-run,.failed,.not-judged{color:#a30000;font-weight:bold}.deny{border-color:#a30000}td,th,code{overflow-wrap:anywhere}.passed{color:#0a5c1e;font-weight:bold}.nothing-to-judge{color:#6b4e00;font-weight:bold}\
.bar{background:#2f5d9b;height:1rem;min-width:2px}.tag{border:1px solid #767676;border-radius:.3rem;padding:0 .3rem;font-size:.85em}\
ul{padding-left:1.2rem}summary{cursor:pointer}\
@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}pre{background:#262626}th,td{border-color:#444}caption{color:#aaa}a{color:#8ab4f8}\
.passed{color:#7bd88f}.not-run,.failed,.not-judged{color:#ff8a80}.nothing-to-judge{color:#e6c07b}.bar{background:#6d9eeb}}";

/// The page.
pub(crate) fn render(title: &str, lines: &[Line], folders: &[Folder]) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{0}</title><style>{STYLE}</style></head><body><main>\n<h1>{0}</h1>\n",
        markup(title)
    );
    overall(&mut out, lines, folders);
    verdicts(&mut out, lines);
    for folder in folders {
        let _ = writeln!(out, "<h2>{}</h2>", markup(&folder.title));
        changes(&mut out, folder);
        dependencies(&mut out, folder);
        sizes(&mut out, folder);
        verification(&mut out, folder);
    }
    out.push_str("</main></body></html>\n");
    out
}

fn text(value: &Value) -> String {
    markup(value.as_str().unwrap_or_default())
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The one sentence that most readers want, and what was judged.
fn overall(out: &mut String, lines: &[Line], folders: &[Folder]) {
    let open: Vec<&str> = lines
        .iter()
        .filter(|line| !matches!(line.word, "passed" | "nothing to judge"))
        .map(|line| line.name.as_str())
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let _ = match open.is_empty() {
        true => writeln!(out, "<p><span class=\"passed\">Every gate passed.</span></p>"),
        false => writeln!(
            out,
            "<p><span class=\"failed\">Not every gate passed</span>: {}.</p>",
            markup(&open.join(", "))
        ),
    };
    let told: BTreeSet<String> = folders
        .iter()
        .filter_map(|folder| folder.buildinfo.as_ref())
        .map(|info| {
            let rustc = &info["data"]["toolchain"]["rustc"]["version"][0];
            let dirty = if info["subject"]["dirty"] == true { ", with uncommitted changes" } else { "" };
            format!(
                "Commit <code>{}</code>{dirty}, built with {}.",
                text(&info["subject"]["commit"]),
                text(rustc)
            )
        })
        .collect();
    for line in told {
        let _ = writeln!(out, "<p>{line}</p>");
    }
}

/// A line a gate, a column a package.
fn verdicts(out: &mut String, lines: &[Line]) {
    let mut packages: Vec<&str> = Vec::new();
    let mut gates: Vec<&str> = Vec::new();
    for line in lines {
        for (list, name) in [(&mut packages, &*line.package), (&mut gates, &*line.name)] {
            if !list.contains(&name) {
                list.push(name);
            }
        }
    }
    out.push_str("<h2>Verdicts</h2>\n<table><caption>What each gate says of each package</caption><thead><tr><th scope=\"col\">gate</th>");
    for package in &packages {
        let _ = write!(out, "<th scope=\"col\">{}</th>", markup(package));
    }
    out.push_str("<th scope=\"col\">findings</th></tr></thead><tbody>\n");
    for gate in gates {
        let of_gate = || lines.iter().filter(|line| line.name == gate);
        let _ = write!(out, "<tr><th scope=\"row\">{}</th>", markup(gate));
        for package in &packages {
            let Some(line) = of_gate().find(|line| line.package == *package) else {
                out.push_str("<td><span class=\"not-run\">not run</span></td>");
                continue;
            };
            let seconds = line.seconds.map(|seconds| format!(" {seconds:.1} s")).unwrap_or_default();
            let class = line.word.replace(' ', "-");
            let _ = write!(out, "<td><span class=\"{class}\">{}</span>{seconds}</td>", markup(line.word));
        }
        out.push_str("<td>");
        findings(out, of_gate().flat_map(|line| &line.findings));
        out.push_str("</td></tr>\n");
    }
    out.push_str("</tbody></table>\n");
}

/// What weighs, once: several packages may have the same to say.
fn findings<'a>(out: &mut String, all: impl Iterator<Item = &'a Finding>) {
    let mut said = BTreeSet::new();
    let told = all.filter(|finding| finding.level != Level::Note);
    let told: Vec<&Finding> =
        told.filter(|finding| said.insert((&finding.rule, &finding.message, &finding.help))).collect();
    if told.is_empty() {
        return;
    }
    out.push_str("<ul>");
    for finding in told {
        let help = finding.help.as_deref().map(|help| format!("<br>{}", markup(help))).unwrap_or_default();
        let (rule, message) = (markup(&finding.rule), markup(&finding.message));
        let level = if finding.level == Level::Deny { "error" } else { "warning" };
        let _ = write!(out, "<li><b>{level}</b> <code>{rule}</code> {message}{help}</li>");
    }
    out.push_str("</ul>");
}

fn changes(out: &mut String, folder: &Folder) {
    let Some(data) = folder.compat.as_ref().map(|compat| &compat["data"]) else { return };
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
        let witness = change["witness"]["program"].as_str().and_then(|name| folder.witnesses.get(name));
        if let Some(witness) = witness {
            let _ = write!(out, "<pre tabindex=\"0\">{}</pre>", markup(witness));
        }
        out.push_str("</details>\n");
    }
}

/// The tree of what is shipped; what was shown before is named and not opened again.
fn dependencies(out: &mut String, folder: &Folder) {
    let Some(sbom) = &folder.sbom else { return };
    let components: BTreeMap<&str, &Value> = items(&sbom["components"])
        .filter_map(|component| Some((component["bom-ref"].as_str()?, component)))
        .collect();
    let needs: BTreeMap<&str, Vec<&str>> = items(&sbom["dependencies"])
        .filter_map(|entry| {
            Some((entry["ref"].as_str()?, items(&entry["dependsOn"]).filter_map(Value::as_str).collect()))
        })
        .collect();
    let mut advisories: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for hit in folder.vulns.iter().flat_map(|vulns| items(&vulns["data"]["advisories"])) {
        if let (Some(package), Some(version), Some(id)) =
            (hit["package"].as_str(), hit["version"].as_str(), hit["id"].as_str())
        {
            advisories.entry((package, version)).or_default().push(id);
        }
    }
    let tree = Tree { components, needs, advisories };
    let Some(main) = sbom["metadata"]["component"]["bom-ref"].as_str() else { return };
    out.push_str("<h3>Dependencies</h3>\n");
    out.push_str(match folder.vulns.as_ref().map(|vulns| (&vulns["status"], tree.advisories.is_empty())) {
        None => "<p class=\"not-run\">Not audited for vulnerabilities.</p>\n",
        Some((status, _)) if status == "error" => "<p class=\"not-judged\">The audit could not judge.</p>\n",
        Some((_, true)) => "<p>No advisory applies.</p>\n",
        Some((_, false)) => "<p>Advisories are shown in red.</p>\n",
    });
    let mut seen = BTreeSet::new();
    tree.list(out, main, &mut seen, 0);
}

struct Tree<'a> {
    components: BTreeMap<&'a str, &'a Value>,
    needs: BTreeMap<&'a str, Vec<&'a str>>,
    advisories: BTreeMap<(&'a str, &'a str), Vec<&'a str>>,
}

impl<'a> Tree<'a> {
    /// Whether something below has an advisory: what is red is never folded away.
    fn leads_to_advisory(&self, of: &'a str, seen: &mut BTreeSet<&'a str>) -> bool {
        self.needs.get(of).into_iter().flatten().any(|need| {
            let key = self.components.get(need).map(|component| {
                (
                    component["name"].as_str().unwrap_or_default(),
                    component["version"].as_str().unwrap_or_default(),
                )
            });
            seen.insert(need)
                && (key.is_some_and(|key| self.advisories.contains_key(&key))
                    || self.leads_to_advisory(need, seen))
        })
    }

    fn list(&self, out: &mut String, of: &str, seen: &mut BTreeSet<&'a str>, depth: usize) {
        let Some(needs) = self.needs.get(of).filter(|needs| !needs.is_empty() && depth < 64) else { return };
        out.push_str("<ul>\n");
        for need in needs {
            let Some(component) = self.components.get(need) else { continue };
            let license = items(&component["licenses"])
                .find_map(|choice| choice["expression"].as_str().or(choice["license"]["name"].as_str()))
                .unwrap_or("no licence stated");
            let key = (
                component["name"].as_str().unwrap_or_default(),
                component["version"].as_str().unwrap_or_default(),
            );
            let mut label = format!("<code>{} {}</code> {}", markup(key.0), markup(key.1), markup(license));
            if component["scope"] == "excluded" {
                label.push_str(" <span class=\"tag\">build time</span>");
            }
            for id in self.advisories.get(&key).into_iter().flatten() {
                let _ = write!(label, " <span class=\"tag failed\">{}</span>", markup(id));
            }
            let first = seen.insert(need);
            let has_more = self.needs.get(need).is_some_and(|more| !more.is_empty());
            if first && has_more {
                let open = if self.leads_to_advisory(need, &mut BTreeSet::new()) { " open" } else { "" };
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

fn sizes(out: &mut String, folder: &Folder) {
    let Some(data) = folder.buildinfo.as_ref().map(|info| &info["data"]) else { return };
    let artifacts: Vec<(String, u64, String)> = items(&data["artifacts"])
        .map(|artifact| {
            (text(&artifact["path"]), artifact["size"].as_u64().unwrap_or(0), text(&artifact["sha256"]))
        })
        .collect();
    let Some(largest) = artifacts.iter().map(|(_, size, _)| *size).max().filter(|size| *size > 0) else {
        return;
    };
    out.push_str("<h3>Artifacts</h3>\n<table><caption>What was built, with the digests of buildinfo.json</caption><thead><tr><th scope=\"col\">file</th><th scope=\"col\">size</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
    for (path, size, digest) in artifacts {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{path}</th><td>{} KiB<div class=\"bar\" aria-hidden=\"true\" style=\"width:{}%\"></div></td><td><code>{digest}</code></td></tr>",
            size.div_ceil(1024),
            size * 100 / largest
        );
    }
    out.push_str("</tbody></table>\n");
    for (path, shares) in &folder.sizes {
        let largest = shares.iter().map(|share| share.size).max().unwrap_or(1).max(1);
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
                share.size.saturating_mul(100) / largest
            );
        }
        out.push_str("</tbody></table></details>\n");
    }
}

fn verification(out: &mut String, folder: &Folder) {
    if folder.archives.is_empty() {
        return;
    }
    out.push_str(
        "<h3>Verify</h3>\n<p>In the folder of the download, with the maintainers' public key:</p>\n<pre tabindex=\"0\">",
    );
    let package = folder.buildinfo.as_ref().map(|info| text(&info["subject"]["package"])).unwrap_or_default();
    let _ = writeln!(
        out,
        "ssh-keygen -Y verify -f maintainer.ed25519.allowed_signers -I maintainer -n release@{package} -s checksums.txt.sshsig &lt; checksums.txt\n\
         sha256sum -c --strict --ignore-missing checksums.txt"
    );
    for archive in &folder.archives {
        let _ = writeln!(out, "cargo sign verify --key maintainer.ed25519.pub {}", markup(archive));
        let _ = writeln!(out, "minisign -Vm {0} -x {0}.sig -p maintainer.ed25519.pub", markup(archive));
    }
    out.push_str("</pre>\n");
    if let Some(commit) = folder.buildinfo.as_ref().map(|info| &info["subject"]["commit"]) {
        let _ = writeln!(
            out,
            "<p>In a clone of the source, whether it gives these bytes:</p>\n<pre tabindex=\"0\">git checkout {}\n\
             cargo repro rebuild --buildinfo ../download/buildinfo.json</pre>",
            text(commit)
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::size::Share;
    use super::*;

    #[test]
    fn nothing_of_a_report_becomes_markup() {
        let hostile = "<script>alert(1)</script>\u{202e}\"'&";
        let sbom = serde_json::json!({
            "metadata": { "component": { "bom-ref": "m" } },
            "components": [{ "bom-ref": "a", "name": hostile, "version": hostile, "licenses": [{ "expression": hostile }] }],
            "dependencies": [{ "ref": "m", "dependsOn": ["a"] }, { "ref": "a", "dependsOn": ["a", "m"] }],
        });
        let compat = serde_json::json!({ "data": {
            "required_bump": hostile, "declared_bump": hostile,
            "changes": [{ "bump": hostile, "item": hostile, "message": hostile, "before": hostile, "after": hostile, "witness": { "program": "w" } }],
        }});
        let folder = Folder {
            title: hostile.to_owned(),
            sbom: Some(sbom),
            compat: Some(compat),
            buildinfo: Some(
                serde_json::json!({ "data": { "artifacts": [{ "path": hostile, "size": 1, "sha256": hostile }] } }),
            ),
            witnesses: BTreeMap::from([("w".to_owned(), hostile.to_owned())]),
            archives: vec![hostile.to_owned()],
            sizes: BTreeMap::from([(
                hostile.to_owned(),
                vec![Share { name: hostile.to_owned(), size: u64::MAX }],
            )]),
            ..Folder::default()
        };
        let page = render(
            hostile,
            &[Line {
                name: hostile.to_owned(),
                package: hostile.to_owned(),
                word: "passed",
                seconds: Some(1.0),
                findings: Vec::new(),
            }],
            &[folder],
        );
        assert!(!page.contains("<script") && !page.contains('\u{202e}'), "{page}");
        // Each place shows it, escaped.
        assert!(page.matches("&lt;script&gt;").count() >= 15, "{page}");
    }
}
