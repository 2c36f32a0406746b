//! What a project starts with: a changelog of all of history, git-cliff's configuration, fragments,
//! layouts by name.

use crate::fixture::Repo;

fn read(repo: &Repo, path: &str) -> String {
    std::fs::read_to_string(repo.root.join(path)).unwrap()
}

#[test]
fn a_changelog_of_all_of_history() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1.0"]);
    repo.manifest("0.2.0", "");
    repo.commit("feat: one (#3)");
    repo.git(&["tag", "v0.2.0"]);
    // A release of another line, made later.
    repo.git(&["checkout", "--quiet", "-b", "old", "v0.1.0"]);
    repo.manifest("0.1.1", "");
    repo.commit("fix: only on the old line");
    repo.git(&["tag", "v0.1.1"]);
    repo.git(&["checkout", "--quiet", "main"]);
    repo.manifest("0.3.0", "");
    repo.commit("fix: two");

    assert_eq!(repo.run(&["changelog", "--all"]).status.code(), Some(0));
    let text = read(&repo, "CHANGELOG.md");
    let at = |words: &str| {
        text.find(words)
            .unwrap_or_else(|| panic!("{words} is not in {text}"))
    };
    assert!(at("## 0.3.0") < at("- two"), "{text}");
    assert!(at("- two") < at("## 0.2.0"), "{text}");
    assert!(at("## 0.2.0") < at("- one (#3"), "{text}");
    assert!(at("- one (#3") < at("## 0.1.1"), "{text}");
    assert!(at("## 0.1.1") < at("- only on the old line"), "{text}");
    assert!(at("- only on the old line") < at("## 0.1.0"), "{text}");
    assert_eq!(text.matches("- two").count(), 1);

    // The same again changes nothing; what people changed is not written over.
    assert_eq!(repo.run(&["changelog", "--all"]).status.code(), Some(0));
    std::fs::write(repo.root.join("CHANGELOG.md"), "# Mine\n").unwrap();
    assert_eq!(repo.run(&["changelog", "--all"]).status.code(), Some(101));
    assert_eq!(read(&repo, "CHANGELOG.md"), "# Mine\n");
}

#[test]
fn the_configuration_of_git_cliff_is_taken_over() {
    let mut repo = Repo::released();
    let cliff = "[git]\ncommit_parsers = [\n  { message = \"^feat\", group = \"<!-- 1 -->New stuff\" },\n  { message = \"^chore\", skip = true },\n]\nlimit_commits = 42\n";
    std::fs::write(repo.root.join("cliff.toml"), cliff).unwrap();
    repo.commit("feat: alpha");
    assert_eq!(repo.run(&["init"]).status.code(), Some(0));
    let config = read(&repo, "release-gates.toml");
    assert!(config.contains("# - [git] limit_commits"), "{config}");
    repo.commit("chore: configuration");
    let report = repo.report(&[], 0);
    assert_eq!(report["data"]["sections"][0]["title"], "New stuff");
    assert_eq!(
        report["data"]["sums"]["hidden"]["section-skipped"], 2,
        "{report:#}"
    );
    // A second time there is a table already.
    assert_eq!(repo.run(&["init"]).status.code(), Some(101));
    assert_eq!(read(&repo, "release-gates.toml"), config);
}

#[test]
fn the_configuration_of_git_cliff_may_stand_in_the_manifest() {
    let mut repo = Repo::released();
    repo.commit("feat: alpha");
    assert_eq!(repo.run(&["init"]).status.code(), Some(2));
    let cliff = "[package.metadata.git-cliff.git]\ncommit_parsers = [\n  { message = \"^fix\", group = \"Mended\" },\n  { message = \"^feat\", group = \"Made\" },\n]\n";
    repo.manifest("0.2.0", cliff);
    repo.commit("fix: beta");
    assert_eq!(repo.run(&["init"]).status.code(), Some(0));
    repo.commit("chore: configuration");

    // As git-cliff prints them: sorted by their names.
    let report = repo.report(&[], 0);
    let titles: Vec<&str> = report["data"]["sections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|section| section["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Made", "Mended"]);
}

/// Bodies, footers, authors and replacements: what git-cliff looks at beside the subject.
#[test]
fn parsers_over_bodies_footers_and_authors_of_git_cliff_are_taken_over() {
    let mut repo = Repo::released();
    let cliff = r#"
[git]
commit_preprocessors = [{ pattern = "^PROJ-[0-9]+ ", replace = "" }]
commit_parsers = [
  { footer = "^[Cc]hangelog: ?ignore", skip = true },
  { body = "(?i)security", group = "Safety" },
  { field = "author.name", pattern = "^Ann", message = "^docs", group = "By Ann" },
]
"#;
    std::fs::write(repo.root.join("cliff.toml"), cliff).unwrap();
    assert_eq!(repo.run(&["init"]).status.code(), Some(0));
    let written = read(&repo, "release-gates.toml");
    assert!(!written.contains("Not taken over"), "{written}");

    repo.commit("fix: what nobody needs to know\n\nChangelog: ignore");
    repo.commit("fix: a check of lengths\n\nThis is about security.\n\nReviewed-by: B");
    repo.commit("PROJ-12 feat: one with a number before it");
    repo.report(&[], 0);
    let notes = repo.notes();
    assert!(!notes.contains("nobody needs"), "{notes}");
    let safety = notes.find("### Safety").or(notes.find("## Safety"));
    let line = notes.find("a check of lengths").unwrap();
    assert!(safety.is_some_and(|at| at < line), "{notes}");
    assert!(notes.contains("By Ann"), "{notes}");
    assert!(!notes.contains("PROJ-12"), "{notes}");

    std::fs::write(
        repo.root.join("release-gates.toml"),
        "[[relnotes.rewrite]]\npattern = \"(\"\nreplace = \"\"\n",
    )
    .unwrap();
    repo.report(&[], 2);
}

#[test]
fn fragments_stand_for_their_commits() {
    let mut repo = Repo::released();
    std::fs::create_dir_all(repo.root.join("changes")).unwrap();
    let fragment = "A pager, **at last**:\n\n- with colours\n";
    std::fs::write(repo.root.join("changes/12.added.md"), fragment).unwrap();
    std::fs::write(repo.root.join("changes/README.md"), "How to.\n").unwrap();
    repo.commit("wip: raw words");
    repo.commit("fix: other");
    // The release's own commit may take fragments away.
    std::fs::remove_file(repo.root.join("changes/12.added.md")).unwrap();
    repo.commit("chore: release");
    repo.report(&[], 0);
    let notes = repo.notes();
    assert!(
        notes.contains("- A pager, **at last**: (#12, ") && notes.contains("\n  - with colours"),
        "{notes}"
    );
    assert!(
        !notes.contains("raw words") && !notes.contains("How to"),
        "{notes}"
    );
}

#[test]
fn layouts_that_come_with_the_tool() {
    let mut repo = Repo::released();
    repo.commit("feat(cli)!: rewrite <it> (#7)");
    repo.commit("fix: a crash");
    repo.report(&["--template", "git-cliff"], 0);
    let notes = repo.notes();
    assert!(
        notes.contains("### 🚀 Features\n\n- *(cli)* [**breaking**] Rewrite \\<it> (#7)"),
        "{notes}"
    );
    assert!(notes.contains("### 🐛 Bug Fixes\n\n- A crash"), "{notes}");
    repo.report(&["--template", "keep-a-changelog"], 0);
    let notes = repo.notes();
    assert!(
        notes.contains("### Changed\n\n- **Breaking:** **cli**: rewrite"),
        "{notes}"
    );
    assert_eq!(repo.run(&["--template", "nothing"]).status.code(), Some(2));
}

#[test]
fn issues_are_closed_by_the_line_their_commits_fold_into() {
    let mut repo = Repo::released();
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    repo.commit("wip\n\nFixes #40");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.git(&[
        "merge",
        "--quiet",
        "--no-ff",
        "-m",
        "feat: a cache (#41)",
        "topic",
    ]);
    repo.report(&[], 0);
    let notes = repo.notes();
    assert!(notes.contains("- a cache (#41, closes #40, "), "{notes}");
}

#[test]
fn all_of_history_is_not_all_packages() {
    let mut repo = Repo::new();
    let root = "[workspace]\nresolver = \"2\"\nmembers = [\"one\", \"two\"]\n";
    std::fs::write(repo.root.join("Cargo.toml"), root).unwrap();
    std::fs::remove_file(repo.root.join("Cargo.lock")).unwrap();
    for (name, version) in [("one", "0.1.0"), ("two", "0.2.0")] {
        let folder = repo.root.join(name);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/lib.rs"), "").unwrap();
        let manifest =
            format!("[package]\nname = \"{name}\"\nversion = \"{version}\"\nedition = \"2021\"\n");
        std::fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    }
    repo.commit("feat: begin");
    assert_eq!(
        repo.run(&["changelog", "--all", "-p", "one"]).status.code(),
        Some(0)
    );
    assert!(repo.root.join("one/CHANGELOG.md").is_file());
    assert!(!repo.root.join("two/CHANGELOG.md").exists());

    // One file for both names the package in each heading.
    let args = ["changelog", "--all", "--workspace", "--output", "ALL.md"];
    assert_eq!(repo.run(&args).status.code(), Some(0));
    let text = read(&repo, "ALL.md");
    assert!(
        text.contains("## one 0.1.0 - ") && text.contains("## two 0.2.0 - "),
        "{text}"
    );
}
