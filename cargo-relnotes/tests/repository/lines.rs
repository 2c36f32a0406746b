//! Which line a commit, a merge or a squash becomes, on histories as forges make them.

use serde_json::Value;

use crate::fixture::{Repo, rules};

/// The lines of a section, by its id.
fn lines<'a>(report: &'a Value, section: &str) -> Vec<&'a str> {
    report["data"]["sections"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["id"] == section)
        .flat_map(|one| one["lines"].as_array().unwrap())
        .map(|line| line["text"].as_str().unwrap())
        .collect()
}

/// Makes a branch with these commits and merges it with a message.
fn merge(repo: &mut Repo, message: &str, steps: &[&str]) {
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    for step in steps {
        repo.commit(step);
    }
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&["merge", "--quiet", "--no-ff", "--message", message, "topic"]);
    repo.git(&["branch", "--quiet", "--delete", "--force", "topic"]);
}

#[test]
fn a_merge_with_words_of_its_own_is_the_line() {
    let mut repo = Repo::released();
    for (message, steps) in [
        ("feat: add a cache (#1)", ["wip", "feat: a step"]),
        ("Add retries (#2)", ["wip", "more"]),
        (
            "Merge pull request 'Add a pager' (#3) from a/x into main",
            ["wip", "more"],
        ),
        (
            "Merged in topic (pull request #4)\n\nAdd colours",
            ["wip", "more"],
        ),
        ("Merged PR 5: feat: add themes", ["wip", "more"]),
        (
            "Merge branch 'topic' into 'main'\n\nAdd sounds\n\nSee merge request a/b!6",
            ["wip", "more"],
        ),
        ("docs: explain (#7)", ["Add words", "more"]),
    ] {
        merge(&mut repo, message, &steps);
    }
    let report = repo.report(&[], 0);
    assert_eq!(
        lines(&report, "features"),
        [
            "add a cache",
            "Add retries",
            "Add a pager",
            "Add colours",
            "add themes",
            "Add sounds"
        ]
    );
    assert!(lines(&report, "other").is_empty(), "{report:#}");
    let pulls: Vec<u64> = report["data"]["sections"][0]["lines"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| line["pulls"][0].as_u64().unwrap())
        .collect();
    assert_eq!(pulls, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn steps_of_a_squash_are_no_lines_and_breaks_are() {
    let mut repo = Repo::released();
    repo.commit(
        "feat: all of it (#1)\n\n* feat: a step\n\n* fix: clippy\n\n* fix!: drop the flag\n",
    );
    repo.commit("Squashed commit of the following:\n\ncommit 140e7e40273399cde9e78f6954e00aa0f9661de5\nAuthor: R <r@x>\n\n    feat: a card\n    \n    BREAKING CHANGE: old cards are refused\n");
    let report = repo.report(&[], 0);
    assert_eq!(lines(&report, "features"), ["all of it"]);
    assert_eq!(lines(&report, "fixes"), [""; 0]);
    assert_eq!(lines(&report, "breaking"), ["drop the flag", "a card"]);
    assert!(repo.notes().contains("  - old cards are refused"));
}

#[test]
fn words_of_a_break_keep_their_lists_and_code() {
    let mut repo = Repo::released();
    repo.commit("feat!: rename add\n\nBREAKING CHANGE: call sum instead:\n\n```diff\n- add(1, 2)\n+ sum(1, 2)\n```\n\n- one\n- two");
    repo.report(&[], 0);
    let guide = std::fs::read_to_string(repo.artifact("MIGRATION.md")).unwrap();
    assert!(
        guide.contains("```diff\n- add(1, 2)\n+ sum(1, 2)\n```") && guide.contains("- one\n- two"),
        "{guide}"
    );
    assert!(repo.notes().contains("    ```diff\n    - add(1, 2)\n"));
}

#[test]
fn a_project_has_sections_and_corrections_of_its_own() {
    let mut repo = Repo::released();
    repo.commit("feat: typo here");
    let wrong = repo.git(&["rev-parse", "HEAD"]);
    repo.commit("feat: nobody's business\n\nChangelog: skip");
    repo.commit("ui: nicer buttons");
    repo.commit("fix: a thing");
    std::fs::write(
        repo.root.join("release-gates.toml"),
        format!(
            "[[relnotes.section]]\nid = \"ui\"\ntitle = \"Look and feel\"\nscopes = [\"ui\"]\n\n[[relnotes.section]]\nid = \"features\"\ntitle = \"New\"\n\n[[relnotes.commit]]\nid = \"{}\"\ntext = \"feat: the right words\"\n",
            &wrong[..10]
        ),
    )
    .unwrap();
    repo.commit("chore: configure");
    let report = repo.report(&[], 0);
    assert_eq!(lines(&report, "ui"), ["nicer buttons"]);
    assert_eq!(lines(&report, "features"), ["the right words"]);
    let notes = repo.notes();
    let at = |title: &str| notes.find(title).unwrap();
    assert!(at("## Look and feel") < at("## New") && at("## New") < at("## Fixes"));
}

#[test]
fn notes_of_other_tools_are_understood() {
    let mut repo = Repo::released();
    repo.commit("feat!: drop the old parser");
    repo.commit("fix: a crash");
    for (text, code, rule) in [
        (
            "## [0.2.0]\n\n### 🚀 Features\n\n- [**breaking**] Drop the old parser\n\n### 🐛 Bug Fixes\n\n- A crash\n",
            0,
            None,
        ),
        (
            "\u{feff}## Demo v0.2\n\n### Changed\n\n- dropped the old parser\n\n## Demo v0.1\n\nTODO lists are shown\n",
            0,
            Some("breaking-unlisted"),
        ),
        (
            "## 0.2.0\n\nStable.\n\n## 0.2.0-rc.1\n\n### Breaking\n\n- drop the old parser\n",
            0,
            None,
        ),
        ("## 0.2.0\n\n## 0.1.0\n\n- x\n", 100, Some("section-empty")),
        ("", 100, Some("section-empty")),
        (
            "## 0.2.0 - 1999-01-01\n\n### Breaking\n\n- drop the old parser\n",
            100,
            Some("claim-false"),
        ),
    ] {
        std::fs::write(repo.root.join("n.md"), text).unwrap();
        let report = repo.report(&["check", "--notes", "n.md"], code);
        if let Some(rule) = rule {
            assert!(rules(&report).contains(&rule), "{text}: {report:#}");
        }
    }
}

#[test]
fn pull_requests_without_a_line_are_named_together() {
    let mut repo = Repo::released();
    repo.commit("feat: new (#1)");
    repo.commit("docs: explain it (#2)");
    repo.commit("test: try it (#3)");
    merge(&mut repo, "refactor: move it (#4)", &["wip", "docs: words"]);
    repo.commit("ci: faster");
    repo.commit("docs: more of the new thing (#1)");
    repo.commit("chore(deps): bump elsewhere from 1.0.0 to 1.0.1 (#5)");
    repo.commit("chore: secret (#6)\n\nChangelog: skip");
    repo.report(&[], 0);
    let notes = repo.notes();
    let also = notes.split("## Also in this release\n\n").nth(1).unwrap();
    let also = also.split("\n\n").next().unwrap();
    assert_eq!(
        also,
        "- Documentation: #2\n- Tests: #3\n- Refactoring: #4\n- Upkeep: #5"
    );

    // What the project itself hides, or asks not to name, is not named.
    let config = "[relnotes.sections]\ndocs = \"hide\"\n";
    std::fs::write(repo.root.join("release-gates.toml"), config).unwrap();
    repo.report(&[], 0);
    assert!(!repo.notes().contains("Documentation: "));
    std::fs::write(
        repo.root.join("release-gates.toml"),
        "[relnotes]\nupkeep = false\n",
    )
    .unwrap();
    repo.report(&[], 0);
    assert!(!repo.notes().contains("Also in this release"));
}

#[test]
fn a_section_of_ones_own_has_merges_and_several_scopes() {
    let mut repo = Repo::released();
    let config = "[[relnotes.section]]\nid = \"ui\"\ntitle = \"Look\"\npaths = [\"ui\"]\n\n[[relnotes.section]]\nid = \"ui\"\nscopes = [\"ui\"]\n";
    std::fs::write(repo.root.join("release-gates.toml"), config).unwrap();
    repo.commit("chore: configuration");
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    std::fs::create_dir_all(repo.root.join("ui")).unwrap();
    std::fs::write(repo.root.join("ui/theme"), "dark").unwrap();
    repo.commit("wip");
    repo.git(&["checkout", "--quiet", "main"]);
    let message = "feat: themes (#4)";
    repo.git(&["merge", "--quiet", "--no-ff", "--message", message, "topic"]);
    repo.commit("fix(cli,ui): colours");
    repo.commit("fix(cli): flags");
    let report = repo.report(&[], 0);
    assert_eq!(lines(&report, "ui"), ["themes", "colours"]);
    assert_eq!(lines(&report, "fixes"), ["flags"]);
}
