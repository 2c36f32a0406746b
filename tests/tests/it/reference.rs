//! What pages list is what the programs know: the variables that are read, the messages that are
//! explained.

#![expect(
    clippy::unwrap_used,
    reason = "a file that cannot be read fails its test"
)]

use std::collections::BTreeSet;
use std::path::Path;

use release_gate::fs::walk;
use release_gates_tests::repository;

/// Variables that the gates set for the builds that they start, and those of the tests.
const NOT_FOR_USERS: &[&str] = &["RELEASE_GATES_BUILD_COMMIT", "RELEASE_GATES_VARIATION"];

/// The sources of the gates and of what they share, one text.
fn sources() -> String {
    let root = repository();
    let folders = [
        "release-gate/src",
        "cargo-compat/src",
        "cargo-relnotes/src",
        "cargo-repro/src",
        "cargo-sbom-lite/src",
        "cargo-sign/src",
    ];
    let mut text = String::new();
    for folder in folders {
        let folder = root.join(folder);
        for file in walk(&folder).unwrap() {
            text.push_str(&std::fs::read_to_string(folder.join(&file.relative)).unwrap());
        }
    }
    text
}

fn page(name: &str) -> String {
    std::fs::read_to_string(repository().join("docs").join(name)).unwrap()
}

/// Names that begin like the suite's own variables, without the prefix alone.
fn variables(text: &str) -> BTreeSet<String> {
    const PREFIX: &str = "RELEASE_GATES_";
    let is_part = |c: &char| c.is_ascii_uppercase() || *c == '_';
    text.match_indices(PREFIX)
        .map(|(start, _)| text[start..].chars().take_while(is_part).collect())
        .filter(|name: &String| name != PREFIX)
        .collect()
}

#[test]
fn every_variable_that_is_read_is_on_the_page() {
    let read = variables(&sources());
    let listed = variables(&page("environment.md"));

    let missing: Vec<_> = read
        .difference(&listed)
        .filter(|name| !NOT_FOR_USERS.contains(&name.as_str()))
        .collect();
    assert!(
        missing.is_empty(),
        "not in docs/environment.md: {missing:?}"
    );
    assert!(read.len() >= 6, "{read:?}");

    let templates = std::fs::read_to_string(repository().join("templates/gitlab.yml")).unwrap();
    let known: BTreeSet<_> = read.union(&variables(&templates)).cloned().collect();
    let unknown: Vec<_> = listed.difference(&known).collect();
    assert!(unknown.is_empty(), "nothing reads {unknown:?}");
}

#[test]
fn every_message_that_is_explained_is_one_of_the_gates() {
    let sources = sources();
    let text = page("troubleshooting.md");
    let mut explained = 0;
    for heading in text.lines().filter_map(|line| line.strip_prefix("### `")) {
        let message = heading.trim_matches('`').trim();
        explained += 1;
        for part in message.split('…').map(str::trim) {
            assert!(sources.contains(part), "no gate says `{part}`: {heading}");
        }
    }
    assert!(explained >= 10, "{explained}");
}

#[test]
fn every_page_of_the_guide_is_on_its_map() {
    let root = repository().join("docs");
    for file in walk(&root).unwrap() {
        let path: &Path = &file.relative;
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let is_page = path.extension().is_some_and(|ending| ending == "md");
        if !is_page || ["README.md", "SUMMARY.md"].contains(&name.as_str()) {
            continue;
        }
        // A page of a folder is on the page about the folder's subject, all others are on the map.
        let folder = path.parent().unwrap().to_string_lossy().into_owned();
        let links = match folder.as_str() {
            "" => page("README.md") + &page("migrating/README.md"),
            "migrating" => page("migrating/README.md").replace('(', "(migrating/"),
            "cli" | "rules" | "walks" => page("README.md"),
            subject => page(&format!("{subject}.md")),
        };
        let target = format!("({})", path.display());
        assert!(
            links.contains(&target),
            "no link leads to docs/{}",
            path.display()
        );
    }
}
