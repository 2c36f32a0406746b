//! What `check` tells people.

use release_gate::facts::report::repro::{Cause, ReproData};
use release_gate::terminal::bad;

use super::artifacts::row;

/// How many artifacts and causes are shown.
const ARTIFACTS: usize = 12;
const CAUSES: usize = 4;

/// The table for people; what both builds had otherwise only for those who want to know it all.
pub(crate) fn table(data: &ReproData, shown: &[&str], verbose: bool) -> String {
    let mut text: String = data.artifacts.iter().take(ARTIFACTS).map(row).collect();
    if data.artifacts.len() > ARTIFACTS {
        let more = data.artifacts.len() - ARTIFACTS;
        text.push_str(&format!("  and {more} more\n"));
    }
    for cause in data.causes.iter().take(CAUSES) {
        text.push_str(&cause_lines(cause));
    }
    if data.causes.len() > CAUSES {
        let more = data.causes.len() - CAUSES;
        text.push_str(&format!("  and {more} more causes, below\n"));
    }
    if verbose {
        text.push_str(&format!("  varied: {}\n", data.varied.join(", ")));
    }
    for (what, why) in &data.not_varied {
        if shown.contains(&what.as_str()) {
            text.push_str(&format!("  not varied: {what} ({why})\n"));
        }
    }
    text
}

/// What to change first, then what shows it.
fn cause_lines(cause: &Cause) -> String {
    let place = match &cause.source {
        Some(source) => format!("{source} of {}", cause.package),
        None => cause.package.clone(),
    };
    let parts: Vec<&str> = [&cause.section, &cause.symbol]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let shown_in = if parts.is_empty() {
        String::new()
    } else {
        format!(" ({})", parts.join(", "))
    };

    let mut text = format!(
        "  {} {place}: {}, {}{shown_in}\n",
        bad("cause"),
        cause.unit.as_str(),
        cause.variation.as_str()
    );
    for line in cause.evidence.iter().take(3) {
        text.push_str(&format!("    {line}\n"));
    }
    text
}
