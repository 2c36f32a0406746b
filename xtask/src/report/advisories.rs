//! What the advisory database says of a package's dependencies.

use std::fmt::Write as _;

use release_gate::ReportData;
use release_gate::Status;
use release_gate::facts::report::vulns::{Hit, VulnsData};
use release_gate::text::markup;

use super::folder::{Folder, Reading};

/// The table's head.
const HEAD: &str = "<div class=\"wide\"><table><caption>What the advisory database says of the packages</caption><thead><tr>\
<th scope=\"col\">advisory</th><th scope=\"col\">package</th><th scope=\"col\">severity</th>\
<th scope=\"col\">patched</th><th scope=\"col\">comes by</th></tr></thead><tbody>\n";

/// Every advisory, whether the tree of dependencies has a place for it or not.
pub(crate) fn advisories(out: &mut String, folder: &Folder) {
    out.push_str("<h3>Advisories</h3>\n");
    let status = match folder.reading(VulnsData::NAME) {
        Reading::Missing => {
            out.push_str("<p class=\"not-run\">Not audited for vulnerabilities.</p>\n");
            return;
        }
        Reading::Refused(reason) => {
            let _ = writeln!(
                out,
                "<p class=\"not-judged\">Not judged: {}.</p>",
                markup(reason)
            );
            return;
        }
        Reading::Said(said) => said.status,
    };

    let hits = folder
        .audit
        .as_ref()
        .map(|audit| audit.advisories.as_slice());
    let hits = hits.unwrap_or_default();
    match status {
        Status::Pass | Status::Fail if hits.is_empty() => {
            out.push_str("<p>No advisory applies.</p>\n");
        }
        Status::Pass | Status::Fail => {}
        Status::Skipped => {
            out.push_str("<p class=\"nothing-to-judge\">The audit had nothing to judge.</p>\n");
        }
        Status::Error | Status::Unsupported => {
            out.push_str("<p class=\"not-judged\">The audit could not judge.</p>\n");
        }
    }
    if hits.is_empty() {
        return;
    }

    out.push_str(HEAD);
    for hit in hits {
        show(out, hit);
    }
    out.push_str("</tbody></table></div>\n");
}

fn show(out: &mut String, hit: &Hit) {
    let waiver = hit.ignored.as_ref();
    let waiver = waiver.map(|waiver| format!(" (ignored: {})", markup(&waiver.reason)));
    let _ = writeln!(
        out,
        "<tr><th scope=\"row\">{}</th><td><code>{} {}</code></td><td>{} {}{}</td><td>{}</td><td>{}</td></tr>",
        linked(hit),
        markup(&hit.package),
        markup(&hit.version),
        hit.kind.as_str(),
        hit.severity.as_str(),
        waiver.unwrap_or_default(),
        markup(&hit.patched.join(", ")),
        markup(&hit.path.join(" → "))
    );
}

/// The advisory's id, as a link where the report says where to read more.
fn linked(hit: &Hit) -> String {
    let id = markup(&hit.id);
    let url = hit.url.as_ref().filter(|url| url.starts_with("https://"));
    match url {
        Some(url) => format!("<a href=\"{}\">{id}</a>", markup(url)),
        None => id,
    }
}
