//! The report of `diff --html`: one static page, without scripts and without anything from
//! elsewhere. Pure.
//!
//! Names, symbols and strings come from the files and are hostile until escaped.

use std::fmt::Write as _;

use release_gate::facts::report::diff::Difference;
use release_gate::report::render::markup;

use super::map::Stripe;

/// Width of the drawn map, in units of the drawing.
const WIDTH: usize = 960;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --cause: #d2331f; --derived: #b58a1c; --soft: #8883; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .25rem .6rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code { font: 13px ui-monospace, monospace; overflow-wrap: anywhere; } h1 code { font-size: 1.2rem; }
td:first-child:not(.number), td.number + td:not(:last-child) { min-width: 7rem; }
@media (min-width: 40rem) { th.map { width: 65%; } }
tr.derived { opacity: .6; } svg { display: block; width: 100%; height: 18px; background: var(--soft); }
.cause rect { fill: var(--cause); } .derived rect { fill: var(--derived); }
";

/// The page.
pub(crate) fn page(names: [&str; 2], found: &Difference, map: &[Stripe]) -> String {
    let mut text = String::new();
    let [a, b] = names.map(markup);
    let verdict = if found.identical {
        "The two are the same bytes."
    } else {
        "The two differ."
    };
    let _ = write!(
        text,
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{a} and {b}</title>\n<style>{STYLE}</style>\n<h1><code>{a}</code> and <code>{b}</code></h1>\n\
         <p>{verdict} Format: {}. Sizes: {} and {} bytes.</p>\n",
        markup(&found.format),
        found.size[0],
        found.size[1]
    );
    let _ = writeln!(
        text,
        "<h2>Map</h2>\n<p>Each row is a section or member from its start to its end; the taller a mark, the more of that stretch differs. \
         Red causes, yellow is computed from the rest.</p>\n<table>\n<tr><th>Part<th>Bytes<th class=\"map\">Where it differs"
    );
    for stripe in map {
        let size = if stripe.size[0] == stripe.size[1] {
            stripe.size[0].to_string()
        } else {
            format!("{} → {}", stripe.size[0], stripe.size[1])
        };
        let _ = writeln!(
            text,
            "<tr><td><code>{}</code><td class=\"number\">{size}<td>{}",
            markup(&stripe.name),
            drawing(stripe)
        );
    }
    text.push_str("</table>\n");
    places(&mut text, found);
    for (side, strings) in [("first", &found.only_a), ("second", &found.only_b)] {
        if !strings.is_empty() {
            let _ = writeln!(text, "<h2>Text only the {side} has</h2>\n<table>");
            for string in strings {
                let _ = writeln!(text, "<tr><td><code>{}</code>", markup(string));
            }
            text.push_str("</table>\n");
        }
    }
    text.push_str("</html>\n");
    text
}

fn places(text: &mut String, found: &Difference) {
    if found.places.is_empty() {
        return;
    }
    text.push_str(
        "<h2>Places, causes before consequences</h2>\n<table>\n<tr><th>Bytes<th>Region<th>Crate<th>What\n",
    );
    for place in &found.places {
        let class = if place.derived {
            " class=\"derived\""
        } else {
            ""
        };
        let parts: Vec<String> = [&place.member, &place.section, &place.symbol]
            .into_iter()
            .flatten()
            .map(|part| markup(part))
            .collect();
        let derived = if place.derived {
            "computed from the rest; "
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "<tr{class}><td class=\"number\">{}<td><code>{}</code><td>{}<td>{derived}{}",
            place.bytes,
            parts.join(" · "),
            markup(place.krate.as_deref().unwrap_or("")),
            markup(&place.note)
        );
    }

    text.push_str("</table>\n");
}

/// The marks of one stripe; stretches that are the same draw nothing.
fn drawing(stripe: &Stripe) -> String {
    let class = if stripe.derived { "derived" } else { "cause" };
    let cells = stripe.cells.len().max(1);
    let width = stripe.size[0].max(stripe.size[1]).div_ceil(cells as u64);
    let mut text = format!(
        "<svg class=\"{class}\" viewBox=\"0 0 {WIDTH} 18\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{} of {cells} stretches differ\">",
        stripe.cells.iter().filter(|cell| **cell > 0).count()
    );

    for (at, level) in stripe
        .cells
        .iter()
        .enumerate()
        .filter(|(_, level)| **level > 0)
    {
        let (x, end) = (at * WIDTH / cells, (at + 1) * WIDTH / cells);
        let height = usize::from(*level) * 2;
        let from = at as u64 * width;
        let _ = write!(
            text,
            "<rect x=\"{x}\" y=\"{}\" width=\"{}\" height=\"{height}\"><title>{from:#x} to {:#x}: {level} of 9 parts differ</title></rect>",
            18 - height,
            (end - x).max(2),
            from + width
        );
    }

    text.push_str("</svg>");

    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{explain, map};

    #[test]
    fn the_page_is_static_and_escapes_what_the_files_say() {
        let a = b"\0/x/<script>alert(1)</script>\0\xff".as_slice();
        let b = b"\0/y/<script>alert(2)</script>\0\xfe".as_slice();
        let page = page(["<a>", "b\"\u{202e}"], &explain(a, b), &map::stripes(a, b));
        assert!(
            !page.contains("<script") && !page.contains("http://") && !page.contains("https://"),
            "{page}"
        );
        assert!(
            page.contains("&lt;script&gt;alert(1)")
                && page.contains("&lt;a&gt;")
                && page.contains("<rect"),
            "{page}"
        );
        assert_eq!(
            page.matches("<table>").count(),
            page.matches("</table>").count()
        );
    }
}
