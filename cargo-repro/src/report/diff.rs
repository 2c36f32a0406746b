//! What `diff` tells people.

use release_gate::facts::report::diff::{Difference, Region};

/// A name or text of a file as a terminal may see it.
pub(crate) fn plain(text: &str) -> String {
    release_gate::report::render::visible(text).replace(['\n', '\t'], "\u{fffd}")
}

/// The regions and strings, causes before consequences.
pub(crate) fn table(found: &Difference) -> String {
    let mut text = String::new();
    for place in found.places.iter().take(30) {
        let parts: Vec<&str> = [&place.member, &place.section, &place.symbol]
            .into_iter()
            .flatten()
            .map(String::as_str)
            .collect();
        let krate = place
            .krate
            .as_ref()
            .map_or(String::new(), |name| format!(" [{name}]"));
        let derived = if place.derived { " (derived)" } else { "" };
        let note = notes(place);
        let line = plain(&format!("{}{krate}{derived}{note}", parts.join("  ")));
        text.push_str(&format!("  {:>10} bytes  {line}\n", place.bytes));
    }

    if found.places.len() > 30 {
        text.push_str(&format!("  and {} more places\n", found.places.len() - 30));
    }
    for (side, strings) in [("first", &found.only_a), ("second", &found.only_b)] {
        for string in strings.iter().take(5) {
            let short: String = string.chars().take(120).collect();
            text.push_str(&format!("  only the {side} has the text `{short}`\n"));
        }
    }

    text
}

/// Where in it, what is there, and what it is, in words.
fn notes(region: &Region) -> String {
    let mut parts = Vec::new();
    if let Some(offset) = region.offset {
        parts.push(format!("at {offset:#x}"));
    }
    if let Some([a, b]) = &region.values {
        parts.push(format!("{a} and {b}"));
    }
    if !region.note.is_empty() {
        parts.push(region.note.clone());
    }
    if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    }
}
