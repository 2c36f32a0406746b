//! What was built, and what fills it.

use std::fmt::Write as _;

use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::text::markup;

use super::folder::Folder;
use super::size::Share;

/// The artifacts with their sizes and digests.
pub(crate) fn sizes(out: &mut String, folder: &Folder) {
    let Some(build) = &folder.build else {
        return;
    };
    let largest = build.artifacts.iter().map(|artifact| artifact.size).max();
    let Some(largest) = largest.filter(|size| *size > 0) else {
        return;
    };

    list(out, build, largest);
    for (path, shares) in &folder.sizes {
        fill(out, path, shares);
    }
}

fn list(out: &mut String, build: &BuildInfo, largest: u64) {
    out.push_str("<h3>Artifacts</h3>\n<div class=\"wide\"><table><caption>What was built, with the digests of buildinfo.json</caption><thead><tr><th scope=\"col\">file</th><th scope=\"col\">size</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n");
    for artifact in &build.artifacts {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td><code>{}</code></td></tr>",
            markup(&artifact.path),
            bar(artifact.size, largest),
            artifact.sha256
        );
    }
    out.push_str("</tbody></table></div>\n");
}

fn fill(out: &mut String, path: &str, shares: &[Share]) {
    let largest = shares.iter().map(|share| share.size).max().unwrap_or(0);
    let _ = write!(
        out,
        "<details><summary>What fills <code>{}</code></summary><table><caption>Bytes of code and data by the crate they come from</caption><thead><tr><th scope=\"col\">crate or section</th><th scope=\"col\">size</th></tr></thead><tbody>",
        markup(path)
    );
    for share in shares {
        let _ = writeln!(
            out,
            "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td></tr>",
            markup(&share.name),
            bar(share.size, largest)
        );
    }
    out.push_str("</tbody></table></details>\n");
}

/// A size in words, and as a bar.
fn bar(size: u64, largest: u64) -> String {
    format!(
        "{} KiB<div class=\"bar\" aria-hidden=\"true\" style=\"width:{}%\"></div>",
        size.div_ceil(1024),
        percent(size, largest)
    )
}

/// How long a bar is, in percent of the longest. A report may claim any size.
fn percent(size: u64, largest: u64) -> u128 {
    (u128::from(size) * 100)
        .checked_div(u128::from(largest))
        .unwrap_or(0)
        .min(100)
}
