//! Fragments: files in which people write what their change means to users, one a change.
//!
//! The forms are those of towncrier (`12.added.md`), changesets and knope (a front matter with
//! packages and steps), and a file with words alone.
//!
//! Must never: drop one. A category nobody knows is that of other changes.

use std::collections::BTreeMap;

use release_gate::git::CommitId;

use super::sections::{Layout, Section};

/// What somebody wrote about a change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fragment {
    /// Where it belongs.
    pub section: Section,
    /// Markdown, as it was written.
    pub text: String,
    /// The pull request (or issue) in its name.
    pub pull: Option<u64>,
}

/// Fragments by the commit that added them.
pub type Fragments = BTreeMap<CommitId, Vec<Fragment>>;

/// Whether a file of this name is a fragment, not a remark or a template for them.
pub fn is_fragment(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.ends_with(".md")
        && !lower.starts_with(['_', '.'])
        && !lower.starts_with("readme")
        && !lower.starts_with("template")
}

/// Reads a fragment; `None` where it says nothing, or is about other packages alone.
pub fn read(name: &str, text: &str, package: &str, layout: &Layout) -> Option<Fragment> {
    let text = text.replace("\r\n", "\n");
    let (fields, body) = front_matter(text.trim_start_matches('\u{feff}'));
    let mut section = None;
    let mut pull = None;
    let mut others = false;
    for (key, value) in fields {
        match key.as_str() {
            "kind" | "category" | "type" | "section" => section = section_of(&value, layout),
            "pr" | "pull" | "issue" => pull = value.trim_start_matches('#').parse().ok(),
            name => match (section_of_step(&value), name == package) {
                (Some(step), true) => section = Some(step),
                (Some(_), false) => others = true,
                (None, _) => {}
            },
        }
    }
    let body = body.trim();
    if body.is_empty() || (others && section.is_none()) {
        return None;
    }

    let mut parts = name.trim_end_matches(".md").split('.');
    let number = parts.next().unwrap_or_default();
    let named = parts.find_map(|part| section_of(part, layout));
    Some(Fragment {
        section: section.or(named).unwrap_or(Section::Other),
        text: without_title(body),
        pull: pull.or_else(|| number.trim_start_matches('#').parse().ok()),
    })
}

/// The fields of a front matter, and what stands below it.
fn front_matter(text: &str) -> (Vec<(String, String)>, &str) {
    let Some((head, body)) = text.strip_prefix("---\n").and_then(|rest| {
        rest.split_once("\n---")
            .or_else(|| Some(("", rest.strip_prefix("---")?)))
    }) else {
        return (Vec::new(), text);
    };
    let quotes = ['"', '\'', ' '];
    let fields = head.lines().filter_map(|line| {
        let (key, value) = line.split_once(':')?;
        let field = (key.trim_matches(quotes), value.trim_matches(quotes));
        Some((field.0.to_owned(), field.1.to_owned()))
    });
    (fields.collect(), body)
}

/// The section a step stands for: changesets say how far a version has to move.
fn section_of_step(step: &str) -> Option<Section> {
    match step.to_lowercase().as_str() {
        "major" => Some(Section::Breaking),
        "minor" => Some(Section::Features),
        "patch" => Some(Section::Fixes),
        "none" => Some(Section::Other),
        _ => None,
    }
}

/// A title above the words (`# Title`) is a line like any other.
fn without_title(body: &str) -> String {
    match body.split_once('\n') {
        Some((title, rest)) if title.starts_with("# ") => {
            format!("{}\n\n{}", title[2..].trim(), rest.trim())
        }
        None if body.starts_with("# ") => body[2..].trim().to_owned(),
        _ => body.to_owned(),
    }
}

/// The section a word stands for: an id or title of the project's, a category of Keep a Changelog,
/// GitLab or towncrier.
pub(super) fn section_of(word: &str, layout: &Layout) -> Option<Section> {
    let lower = word.to_lowercase();
    let own = layout.order().iter().copied().find(|section| {
        layout.id(*section) == lower || layout.title(*section).to_lowercase() == lower
    });
    own.or(match lower.as_str() {
        "added" | "add" | "feature" | "feat" | "new" => Some(Section::Features),
        "fixed" | "fix" | "bugfix" | "bug" => Some(Section::Fixes),
        "security" => Some(Section::Security),
        "deprecated" | "deprecation" | "deprecate" => Some(Section::Deprecated),
        "performance" | "perf" => Some(Section::Performance),
        "removed" | "removal" | "breaking" => Some(Section::Breaking),
        "changed" | "change" | "other" | "misc" | "doc" | "docs" | "internal" => {
            Some(Section::Other)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(name: &str, text: &str) -> Option<(Section, String, Option<u64>)> {
        let fragment = read(name, text, "demo", &Layout::default())?;
        Some((fragment.section, fragment.text, fragment.pull))
    }

    #[test]
    fn forms_of_other_tools() {
        let plain = |section, text: &str, pull| Some((section, text.to_owned(), pull));
        assert_eq!(
            of("12.added.md", "A pager.\n"),
            plain(Section::Features, "A pager.", Some(12))
        );

        assert_eq!(
            of("+x.bugfix.1.md", "No crash."),
            plain(Section::Fixes, "No crash.", None)
        );

        assert_eq!(
            of(
                "brave-cats-sing.md",
                "---\n\"demo\": minor\nother: patch\n---\n\n# Pager\n\nAt last.\n"
            ),
            plain(Section::Features, "Pager\n\nAt last.", None)
        );

        assert_eq!(of("x.md", "---\nother: major\n---\n\nText\n"), None);
        assert_eq!(of("x.md", "---\n---\n"), None);
        assert_eq!(
            of("words.md", "Words."),
            plain(Section::Other, "Words.", None)
        );

        assert!(!is_fragment("README.md") && !is_fragment("12.added.txt") && is_fragment("a.md"));
    }

    proptest! {
        #[test]
        fn nothing_panics(name in any::<String>(), text in any::<String>(), soup in "(-{0,4}|\n|a: b|# ){0,12}") {
            let _ = of(&name, &text);
            let _ = of("a.md", &soup);
        }
    }
}
