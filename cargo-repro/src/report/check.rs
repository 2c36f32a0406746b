//! What `check` tells people.

use release_gate::facts::report::repro::ReproData;

/// The table for people; of what was not varied only what is `shown`.
pub(crate) fn table(data: &ReproData, shown: &[&str]) -> String {
    let mut text = String::new();
    for artifact in data.artifacts.iter().take(12) {
        let word = if artifact.identical {
            "identical"
        } else {
            "DIFFERS  "
        };
        let digest = artifact.sha256[0]
            .map(|digest| digest.to_string())
            .unwrap_or_default();
        text.push_str(&format!(
            "  {word}  {}  {}  {}\n",
            digest.get(..16).unwrap_or(""),
            artifact.name,
            artifact.target
        ));
    }
    for cause in data.causes.iter().take(4) {
        text.push_str(&format!(
            "  cause: {} of {}, {}",
            cause.unit.as_str(),
            cause.package,
            cause.variation.as_str()
        ));
        let sandbox = [&cause.source, &cause.section, &cause.symbol]
            .into_iter()
            .flatten()
            .cloned()
            .collect::<Vec<_>>()
            .join(", ");
        text.push_str(&if sandbox.is_empty() {
            "\n".to_owned()
        } else {
            format!(" ({sandbox})\n")
        });
        for line in cause.evidence.iter().take(3) {
            text.push_str(&format!("    {line}\n"));
        }
    }
    text.push_str(&format!("  varied: {}\n", data.varied.join(", ")));
    for (what, why) in &data.not_varied {
        if !shown.contains(&what.as_str()) {
            continue;
        }
        text.push_str(&format!("  not varied: {what} ({why})\n"));
    }
    text
}
