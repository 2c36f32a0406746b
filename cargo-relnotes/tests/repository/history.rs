//! Ranges, accounting and text.

use crate::fixture::{Repo, rules};

#[test]
fn a_draft_accounts_for_every_commit() {
    let mut repo = Repo::released();
    repo.commit("feat(cli)!: read `Vec<T>` (#12)\n\nBREAKING CHANGE: call `read` <twice>");
    repo.commit("fix: thing\n\nCo-authored-by: Bob Builder <bob@secret.example>");
    repo.commit("Revert \"fix: thing\"");
    let report = repo.report(&[], 0);
    let counted: u64 = repo
        .git(&["rev-list", "--count", "v0.1.0..HEAD"])
        .parse()
        .unwrap();

    assert_eq!(report["data"]["sums"]["total"], counted);
    assert_eq!(report["data"]["sums"]["cancelled"], 2);
    assert_eq!(report["data"]["range"]["from"], "v0.1.0");
    assert_eq!(report["baseline"]["version"], "0.1.0");
    assert_eq!(rules(&report), ["facts-missing"]);
    let notes = repo.notes();
    assert!(notes.contains("- **cli**: read `Vec<T>` (#12, "), "{notes}");
    assert!(notes.contains("  - call `read` \\<twice>"), "{notes}");
    assert!(
        notes.contains("- Bob Builder (1 commit, for the first time)"),
        "{notes}"
    );

    assert!(
        !notes.contains("secret.example") && !report.to_string().contains("secret.example"),
        "no address is ever shown"
    );

    assert!(repo.artifact("MIGRATION.md").is_file());
}

#[test]
fn a_first_release_says_so() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "not-a-version"]);
    let finished = repo.run(&[]);
    assert_eq!(finished.status.code(), Some(0));
    assert!(
        String::from_utf8_lossy(&finished.stdout)
            .contains("First release: 1 commit, all of the history.")
    );
    assert!(
        finished
            .stderr_text()
            .contains("no earlier release of demo is tagged")
    );
}

#[test]
fn history_that_was_cut_off_is_refused() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    let clone = repo.dir.path().join("shallow");
    let url = format!("file://{}", repo.root.display());
    repo.git(&[
        "clone",
        "--quiet",
        "--depth",
        "1",
        &url,
        clone.to_str().unwrap(),
    ]);

    let finished = repo.run_with(&clone, &[], &[]);
    assert_eq!(finished.status.code(), Some(101));
    assert!(String::from_utf8_lossy(&finished.stdout).contains("git fetch --unshallow --tags"));

    for call in ["rollback", "docs"] {
        let finished = repo.run_with(&clone, &[call], &[]);
        assert_eq!(finished.status.code(), Some(101), "{call}");
        assert!(
            finished
                .stderr_text()
                .contains("git fetch --unshallow --tags")
        );
    }
}

#[test]
fn contents_that_were_left_out_are_not_absent() {
    let mut repo = Repo::new();
    repo.manifest("0.1.0", "rust-version = \"1.60\"\n");
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1.0"]);
    repo.manifest("0.2.0", "rust-version = \"1.70\"\n");
    repo.commit("feat: x");
    repo.git(&["config", "uploadpack.allowFilter", "true"]);
    let clone = repo.dir.path().join("partial");
    let url = format!("file://{}", repo.root.display());
    repo.git(&[
        "clone",
        "--quiet",
        "--filter=blob:none",
        &url,
        clone.to_str().unwrap(),
    ]);
    let finished = repo.run_with(&clone, &[], &[]);
    assert_eq!(
        finished.status.code(),
        Some(101),
        "{}",
        finished.stderr_text()
    );
    assert!(
        finished
            .stderr_text()
            .contains("git fetch --refetch --no-filter"),
        "{}",
        finished.stderr_text()
    );
}

#[test]
fn the_same_bytes_everywhere() {
    let mut repo = Repo::released();
    repo.commit("feat: größer");
    let one = repo.run_with(
        &repo.root,
        &["--message-format", "json"],
        &[("TZ", "UTC"), ("LC_ALL", "C")],
    );
    let notes = repo.notes();
    let other = repo.dir.path().join("elsewhere");
    repo.git(&[
        "clone",
        "--quiet",
        repo.root.to_str().unwrap(),
        other.to_str().unwrap(),
    ]);
    let two = repo.run_with(
        &other,
        &["--message-format", "json"],
        &[
            ("TZ", "Pacific/Kiritimati"),
            ("LC_ALL", "de_DE.UTF-8"),
            ("LANGUAGE", "de"),
        ],
    );
    assert_eq!(
        String::from_utf8_lossy(&one.stdout),
        String::from_utf8_lossy(&two.stdout)
    );
    assert_eq!(
        notes,
        std::fs::read_to_string(other.join("target/release-gates/demo-0.2.0/RELEASE_NOTES.md"))
            .unwrap()
    );
    assert!(!String::from_utf8_lossy(&one.stdout).contains(repo.dir.path().to_str().unwrap()));
    // The date is SOURCE_DATE_EPOCH's where it is set.
    let dated = repo.run_with(&repo.root, &[], &[("SOURCE_DATE_EPOCH", "86400")]);
    assert!(String::from_utf8_lossy(&dated.stdout).contains("# demo 0.2.0 (1970-01-02)"));
}

#[test]
fn hostile_messages_come_through_as_text() {
    let mut repo = Repo::released();
    repo.commit("feat: <script>alert(1)</script> [x](javascript:y) @everyone \u{202e}\u{1b}[31m");
    repo.commit("fix: caf~ is not UTF-8");
    repo.rewrite_head(b"caf~", b"caf\xe9");
    repo.commit(&format!("fix: {}", "long ".repeat(200_000)));
    repo.commit("");
    repo.commit("feat: crlf\r\n\r\nbody\r\n");
    let report = repo.report(&[], 0);
    assert_eq!(report["data"]["sums"]["total"], 6);
    let notes = repo.notes();
    assert!(
        !notes.replace("\\<", "").contains("<s")
            && !notes.replace("\\<", "").contains("</")
            && !notes.contains("[x](javascript")
            && !notes.contains("@everyone")
    );

    assert!(
        !notes
            .chars()
            .any(|c| c == '\u{202e}' || c == '\u{1b}' || c == '\r')
    );

    assert!(notes.contains("caf\u{fffd} is not UTF-8") && notes.len() < 10_000);
    assert!(
        rules(&repo.report(&["check"], 0))
            .iter()
            .all(|rule| *rule == "facts-missing")
    );
}

#[test]
fn lines_of_history_and_tags_that_moved() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1.0"]);
    repo.git(&["checkout", "--quiet", "-b", "lts"]);
    repo.manifest("0.1.1", "");
    repo.commit("fix: backport");
    repo.git(&["tag", "-a", "-m", "x", "v0.1.1"]);
    repo.git(&["checkout", "--quiet", "main"]);
    repo.manifest("0.2.0", "");
    repo.commit("feat: onwards");
    // 0.1.1 is higher than 0.1.0 and on another line.
    assert_eq!(repo.report(&[], 0)["data"]["range"]["from"], "v0.1.0");
    assert_eq!(
        repo.report(&["--to", "v0.1.1"], 0)["data"]["range"]["from"],
        "v0.1.0"
    );
    assert_eq!(
        repo.report(&["--since", "v0.1.1"], 0)["data"]["range"]["commits"],
        1
    );
    // The version is tagged on another line.
    repo.git(&["tag", "v0.2.0", "lts"]);
    assert!(rules(&repo.report(&[], 100)).contains(&"range-tag-mismatch"));
    repo.git(&["tag", "--force", "v0.2.0", "HEAD"]);
    assert_eq!(repo.report(&[], 0)["data"]["range"]["named"], "tagged");
    // Past the release: nothing says what this will be called.
    repo.commit("feat: later");
    let report = repo.report(&[], 0);
    assert_eq!(
        (rules(&report)[0], report["data"]["range"]["from"].as_str()),
        ("range-tag-mismatch", Some("v0.2.0"))
    );
    repo.report(&["--phase", "final"], 101);
}

/// Each release on a branch that never comes back: what one of them holds is not told by the next.
#[test]
fn releases_on_branches_of_their_own_are_left_out() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1.0"]);
    for (version, feature) in [("0.1.1", "one"), ("0.1.2", "two"), ("0.2.0", "three")] {
        repo.git(&["checkout", "--quiet", "main"]);
        repo.commit(&format!("feat: the feature {feature}"));
        repo.git(&["checkout", "--quiet", "-b", &format!("release-{version}")]);
        repo.manifest(version, "");
        repo.commit(&format!("chore: release {version}"));
        repo.git(&["tag", &format!("v{version}")]);
    }

    let report = repo.report(&[], 0);
    let range = &report["data"]["range"];
    assert_eq!(range["from"], "v0.1.2");
    assert_eq!(range["commits"], 2);
    assert_eq!(rules(&report)[0], "predecessor-ambiguous");
    let notes = repo.notes();
    assert!(notes.contains("feature three") && !notes.contains("feature two"));
    assert!(!notes.contains("feature one"));

    // Whoever names a start gets what is behind it.
    let report = repo.report(&["--since", "v0.1.0"], 0);
    assert_eq!(report["data"]["range"]["commits"], 4);

    // All of history says the same.
    let all = repo.dir.path().join("all.md");
    let ran = repo.run(&["changelog", "--all", "-o", all.to_str().unwrap()]);
    assert_eq!(ran.status.code(), Some(0));
    let all = std::fs::read_to_string(all).unwrap();
    assert_eq!(all.matches("feature one").count(), 1);
    assert_eq!(all.matches("feature two").count(), 1);
}

#[test]
fn tags_with_other_joints_are_named_with_the_key_that_reads_them() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0_1_0"]);
    repo.manifest("0.2.0", "");
    repo.commit("feat: more");
    let report = repo.report(&[], 0);
    let findings = report["findings"].as_array().unwrap();
    let named = findings
        .iter()
        .find(|one| one["evidence"]["pattern"] == "v{major}_{minor}_{patch}");
    assert_eq!(named.unwrap()["rule"], "predecessor-ambiguous");

    let settings = |pattern: &str| {
        let text = format!("[relnotes]\ntag-patterns = [\"{pattern}\"]\n");
        std::fs::write(repo.root.join("release-gates.toml"), text).unwrap();
    };
    settings("v{major}_{minor}_{patch}");
    assert_eq!(repo.report(&[], 0)["data"]["range"]["from"], "v0_1_0");
    settings("v1");
    repo.report(&[], 2);
}

#[test]
fn commits_of_other_packages_are_hidden_by_name() {
    let mut repo = Repo::new();
    let member = |name: &str| {
        let folder = repo.root.join(name);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/lib.rs"), "//! Nothing.\n").unwrap();
        std::fs::write(
            folder.join("Cargo.toml"),
            format!("[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\n"),
        )
        .unwrap();
    };

    member("one");
    member("two");
    std::fs::write(
        repo.root.join("Cargo.toml"),
        "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\n",
    )
    .unwrap();

    std::fs::remove_file(repo.root.join("Cargo.lock")).unwrap();
    repo.commit("feat: begin");
    repo.git(&["tag", "one-v0.9.0"]);
    repo.git(&["tag", "v9.9.9"]);
    std::fs::write(repo.root.join("one/src/lib.rs"), "//! One.\n").unwrap();
    repo.commit("feat: in one");
    std::fs::write(repo.root.join("two/src/lib.rs"), "//! Two.\n").unwrap();
    repo.commit("feat: in two");
    let report = repo.report(&["-p", "one"], 0);
    assert_eq!(
        report["data"]["range"]["from"], "one-v0.9.0",
        "plain tags belong to somebody else"
    );

    assert_eq!(report["data"]["sums"]["hidden"]["outside-package"], 1);
    assert_eq!(report["data"]["sums"]["total"], 2);

    // Where the notes of each package lie.
    let said = repo.run(&["--workspace"]).stderr_text();
    for name in ["one", "two"] {
        let file = format!("{name}-1.0.0/RELEASE_NOTES.md");
        assert!(said.lines().any(|line| line.ends_with(&file)), "{said}");
    }
}

#[test]
fn a_tag_must_say_what_the_manifest_says() {
    let mut repo = Repo::released();
    repo.git(&["tag", "v0.2.0"]);
    repo.commit("feat: x");

    // The version was forgotten: the tag says 0.3.0, the manifest 0.2.0.
    repo.git(&["tag", "v0.3.0"]);
    let report = repo.report(&["--to", "v0.3.0"], 100);
    assert_eq!(rules(&report)[0], "range-tag-mismatch");
    assert!(
        report["findings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("whose manifest says 0.2.0")
    );

    // A tag of the same version somewhere else.
    let mut repo = Repo::released();
    repo.git(&["tag", "v0.2.0"]);
    repo.git(&["tag", "0.2.0", "HEAD~1"]);
    assert!(rules(&repo.report(&[], 0)).contains(&"predecessor-ambiguous"));

    // A version nobody committed is not a release.
    repo.manifest("0.3.0", "");
    assert!(rules(&repo.report(&["--phase", "final"], 101)).contains(&"range-tag-mismatch"));
    repo.commit("feat: y");
    assert!(!rules(&repo.report(&["--phase", "final"], 101)).contains(&"range-tag-mismatch"));
}

#[test]
fn a_release_without_a_tag_is_said() {
    let mut repo = Repo::released();
    repo.manifest("0.3.0", "");
    repo.commit("feat: x");
    let report = repo.report(&[], 0);
    assert_eq!(rules(&report), ["predecessor-ambiguous", "facts-missing"]);
    assert_eq!(report["findings"][0]["evidence"]["version"], "0.2.0");
    // The same where no tag came along with the clone.
    repo.git(&["tag", "-d", "v0.1.0"]);
    let report = repo.report(&[], 0);
    assert!(
        report["findings"][0]["message"]
            .as_str()
            .unwrap()
            .contains("no lower release is tagged")
    );
    repo.git(&["tag", "v0.1.0", "HEAD~2"]);
    repo.git(&["tag", "v0.2.0", "HEAD~1"]);
    assert_eq!(rules(&repo.report(&[], 0)), ["facts-missing"]);
}

#[test]
fn a_step_from_a_plain_revision_is_judged() {
    let mut repo = Repo::new();
    repo.manifest("1.0.0", "");
    repo.commit("feat: begin");
    repo.git(&["tag", "v1.0.0"]);
    repo.commit("feat!: drop it");
    repo.manifest("1.0.1", "");
    repo.commit("chore: raise the version");
    for since in ["HEAD~2", "v1.0.0"] {
        assert!(
            rules(&repo.report(&["--since", since], 100)).contains(&"bump-too-small"),
            "{since}"
        );
    }
    // Notes that go backwards are no notes.
    repo.git(&["tag", "v2.0.0"]);
    assert!(
        rules(&repo.report(&["--since", "v2.0.0", "--to", "HEAD"], 100))
            .contains(&"range-tag-mismatch")
    );
}

#[test]
fn a_merge_that_was_taken_back_takes_its_commits_along() {
    let mut repo = Repo::released();
    repo.git(&["checkout", "--quiet", "-b", "topic"]);
    std::fs::write(repo.root.join("x"), "x").unwrap();
    repo.commit("feat: reverted thing");
    repo.git(&["checkout", "--quiet", "main"]);
    repo.commit("feat: kept thing");
    repo.git(&["merge", "--quiet", "--no-ff", "-m", "Merge topic", "topic"]);
    repo.git(&["revert", "--no-edit", "-m", "1", "HEAD"]);
    let report = repo.report(&[], 0);
    assert_eq!(report["data"]["sums"]["cancelled"], 3);
    let notes = repo.notes();
    assert!(
        notes.contains("kept thing") && !notes.contains("reverted thing"),
        "{notes}"
    );
}

#[test]
fn people_are_those_of_the_commit() {
    let mut repo = Repo::released();
    std::fs::write(
        repo.root.join(".mailmap"),
        "Real Name <real@secret.example> <ann@secret.example>\n",
    )
    .unwrap();
    repo.commit("feat: x\n\nCo-authored-by: Ann Author <ann@secret.example>");
    repo.report(&[], 0);
    assert!(
        repo.notes().contains("- Real Name (2 commits)"),
        "{}",
        repo.notes()
    );
    std::fs::write(
        repo.root.join(".mailmap"),
        "Somebody Else <x@y.z> <ann@secret.example>\n",
    )
    .unwrap();
    repo.report(&[], 0);
    assert!(!repo.notes().contains("Somebody"));
}

#[test]
fn messages_with_nul_are_not_lost() {
    let mut repo = Repo::released();
    repo.commit("feat: before~after");
    repo.rewrite_head(b"before~after", b"before\0after");
    repo.commit("fix: next");
    let report = repo.report(&[], 0);
    assert_eq!(report["data"]["sums"]["total"], 3);
    assert_eq!(report["data"]["range"]["commits"], 3);
    assert!(repo.notes().contains("before"));
}

#[test]
fn a_commit_to_the_workspaces_manifest_is_everybodys() {
    let mut repo = Repo::new();
    for name in ["one", "two"] {
        let folder = repo.root.join(name);
        std::fs::create_dir_all(folder.join("src")).unwrap();
        std::fs::write(folder.join("src/lib.rs"), "").unwrap();
        let text = format!(
            "[package]\nname = \"{name}\"\nversion = \"1.0.0\"\nedition = \"2021\"\nrust-version.workspace = true\n"
        );
        std::fs::write(folder.join("Cargo.toml"), text).unwrap();
    }
    let workspace = |rust: &str| {
        let text = format!(
            "[workspace]\nmembers = [\"one\", \"two\"]\nresolver = \"2\"\npackage.rust-version = \"{rust}\"\n"
        );
        std::fs::write(repo.root.join("Cargo.toml"), text).unwrap();
    };
    workspace("1.70");
    std::fs::remove_file(repo.root.join("Cargo.lock")).unwrap();
    workspace("1.70");
    let raised = repo.root.join("Cargo.toml");
    repo.commit("feat: begin");
    repo.git(&["tag", "one-v0.9.0"]);
    let text = std::fs::read_to_string(&raised)
        .unwrap()
        .replace("1.70", "1.85");
    std::fs::write(&raised, &text).unwrap();
    repo.commit("feat!: raise the Rust version");
    std::fs::write(&raised, format!("{text}# two\n")).unwrap();
    std::fs::write(repo.root.join("two/src/lib.rs"), "//! Two.\n").unwrap();
    repo.commit("feat: in two");
    let report = repo.report(&["-p", "one"], 0);
    assert_eq!(
        report["data"]["breaking"][0]["text"],
        "raise the Rust version"
    );
    assert_eq!(report["data"]["sums"]["hidden"]["outside-package"], 1);
    assert_eq!(report["data"]["manifest"]["rust_version"]["after"], "1.85");
}

#[test]
fn a_package_that_moved_keeps_its_history() {
    let mut repo = Repo::new();
    repo.manifest("1.0.0", "rust-version = \"1.60\"\n");
    repo.commit("feat: begin");
    repo.git(&["tag", "v1.0.0"]);
    std::fs::write(repo.root.join("src/lib.rs"), "//! Something.\n").unwrap();
    repo.commit("fix: before the move");
    std::fs::create_dir_all(repo.root.join("crates/demo")).unwrap();
    std::fs::create_dir_all(repo.root.join("crates/other/src")).unwrap();
    repo.git(&["mv", "src", "crates/demo/src"]);
    let text = std::fs::read_to_string(repo.root.join("Cargo.toml")).unwrap();
    let moved = text.replace("1.0.0", "1.1.0").replace("1.60", "1.70");
    std::fs::write(repo.root.join("crates/demo/Cargo.toml"), &moved).unwrap();
    std::fs::write(
        repo.root.join("crates/other/Cargo.toml"),
        moved.replace("demo", "other"),
    )
    .unwrap();
    std::fs::write(repo.root.join("crates/other/src/lib.rs"), "").unwrap();
    std::fs::write(
        repo.root.join("Cargo.toml"),
        "[workspace]\nmembers = [\"crates/*\"]\nresolver = \"2\"\n",
    )
    .unwrap();
    std::fs::remove_file(repo.root.join("Cargo.lock")).unwrap();
    repo.commit("refactor: move");
    std::fs::write(repo.root.join("crates/other/src/lib.rs"), "//! Other.\n").unwrap();
    repo.commit("feat: in other");
    let report = repo.report(&["-p", "demo"], 0);
    assert_eq!(report["data"]["manifest"]["rust_version"]["before"], "1.60");
    assert_eq!(report["data"]["sums"]["hidden"]["outside-package"], 1);
    assert_eq!(report["data"]["sums"]["listed"], 1, "{report}");
    // Tags that name the package came later: plain ones count where the manifest had their version.
    repo.git(&["tag", "v7.0.0", "HEAD~1"]);
    repo.git(&["tag", "demo-v1.1.0-rc.1", "HEAD~1"]);
    let report = repo.report(&["-p", "demo"], 0);
    assert_eq!(report["data"]["range"]["from"], "v1.0.0");
    // The old tag, where it lay at the top.
    let report = repo.report(&["-p", "demo", "--to", "v1.0.0"], 0);
    assert_eq!(report["subject"]["version"], "1.0.0");
}

#[test]
fn a_release_of_another_line_that_holds_commits_of_this_one_is_said_and_left_out() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1.0"]);
    repo.commit("feat: told before");

    // The release is made on a branch of its own, and main never has its version.
    repo.git(&["checkout", "--quiet", "-b", "release"]);
    repo.manifest("0.1.1", "");
    repo.commit("chore: release 0.1.1");
    repo.git(&["tag", "v0.1.1"]);
    repo.git(&["checkout", "--quiet", "main"]);
    repo.manifest("0.2.0", "");
    repo.commit("feat: new");

    let report = repo.report(&[], 0);
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "predecessor-ambiguous");
    assert_eq!(finding["evidence"]["tag"], "v0.1.1", "{finding:#}");
    assert_eq!(report["data"]["range"]["from"], "v0.1.1");
    assert!(!repo.notes().contains("told before"));

    // Whoever names a start is not asked.
    let report = repo.report(&["--since", "v0.1.0"], 0);
    assert!(!rules(&report).contains(&"predecessor-ambiguous"));
    assert!(repo.notes().contains("told before"));
}

#[test]
fn tags_with_two_numbers_are_releases_where_the_manifest_had_that_version() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1"]);
    repo.commit("feat: between");
    // A tag that moves along with patches is none.
    repo.manifest("0.1.1", "");
    repo.commit("chore: release");
    repo.git(&["tag", "v0.1.1"]);
    repo.manifest("0.2.0", "");
    repo.commit("feat: new");
    let report = repo.report(&[], 0);
    assert_eq!(report["data"]["range"]["from"], "v0.1.1");
    let report = repo.report(&["--to", "v0.1.1"], 0);
    assert_eq!(report["data"]["range"]["from"], "v0.1", "{report:#}");
    assert!(!rules(&report).contains(&"predecessor-ambiguous"));
}
