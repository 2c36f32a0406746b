//! Words of people: from the commit into the notes, and never written over.

use crate::fixture::{Repo, rules};

#[test]
fn committed_words_reach_a_fresh_clone() {
    let mut repo = Repo::released();
    let words = repo.root.join("release-notes");
    std::fs::create_dir_all(&words).unwrap();
    std::fs::write(words.join("0.2.0.md"), "This one is *faster*.\n").unwrap();
    std::fs::write(
        repo.root.join("MIGRATION.md"),
        "# Migrating\n\n## drop it\n\nCall `z` instead.\n",
    )
    .unwrap();

    repo.commit("feat!: drop it");
    let clone = repo.dir.path().join("clone");
    repo.git(&["clone", "--quiet", ".", clone.to_str().unwrap()]);
    let finished = repo.run_with(&clone, &[], &[]);
    assert_eq!(
        finished.status.code(),
        Some(0),
        "{}",
        finished.stderr_text()
    );

    let folder = clone.join("target/release-gates/demo-0.2.0");
    let notes = std::fs::read_to_string(folder.join("RELEASE_NOTES.md")).unwrap();
    assert!(notes.contains("This one is *faster*."), "{notes}");
    let guide = std::fs::read_to_string(folder.join("MIGRATION.md")).unwrap();
    assert!(
        guide.contains("Call `z` instead.") && !guide.contains("FILL-IN"),
        "{guide}"
    );

    assert_eq!(
        repo.run_with(&clone, &["check"], &[]).status.code(),
        Some(0)
    );
}

#[test]
fn a_committed_advisory_replaces_its_skeleton() {
    let mut repo = Repo::released();
    repo.commit("fix(security): check the length (CVE-2026-12345)");
    repo.report(&[], 0);
    assert!(rules(&repo.report(&["check"], 100)).contains(&"placeholder-left"));
    assert_eq!(repo.run(&["prepare"]).status.code(), Some(0));
    let folder = repo.root.join("advisories");
    for name in ["RUSTSEC-0000-0000-1.md", "RUSTSEC-0000-0000-1.osv.json"] {
        let text = std::fs::read_to_string(folder.join(name)).unwrap();
        assert!(text.contains("CVE-2026-12345"), "{text}");
        std::fs::write(folder.join(name), text.replace("FILL-IN", "known")).unwrap();
    }
    repo.commit("docs: the advisory");
    repo.report(&[], 0);
    repo.report(&["check"], 0);
    // Nothing is written over.
    std::fs::write(folder.join("RUSTSEC-0000-0000-1.md"), "mine").unwrap();
    repo.run(&["prepare"]);
    assert_eq!(
        std::fs::read_to_string(folder.join("RUSTSEC-0000-0000-1.md")).unwrap(),
        "mine"
    );
}

#[test]
fn documents_are_never_written_over_words_of_people() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    let file = repo.root.join("SECURITY.md");
    std::fs::write(&file, "# Security\n\nWrite to us.\n").unwrap();
    let refused = repo.run(&["docs", "--out", "."]);
    assert_eq!(refused.status.code(), Some(101));
    assert!(
        refused.stderr_text().contains("- Write to us."),
        "{}",
        refused.stderr_text()
    );
    assert!(!repo.root.join("INSTALL.md").exists(), "all or nothing");
    std::fs::remove_file(&file).unwrap();
    assert_eq!(repo.run(&["docs", "--out", "."]).status.code(), Some(0));
    assert_eq!(
        repo.run(&["docs", "--out", "."]).status.code(),
        Some(0),
        "our own are replaced"
    );
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("private", "secret")).unwrap();
    assert_eq!(repo.run(&["docs", "--out", "."]).status.code(), Some(101));
}

#[test]
fn tags_that_history_lost_are_said_and_not_told_again() {
    let mut repo = Repo::released();
    repo.commit("feat: one");
    repo.git(&["tag", "v0.2.0"]);

    // The release commit is made again, as a rebase does.
    repo.git(&[
        "commit",
        "--quiet",
        "--amend",
        "--allow-empty",
        "--message",
        "feat: one (again)",
    ]);

    repo.manifest("0.3.0", "");
    repo.commit("feat: two");
    let report = repo.report(&[], 0);
    assert!(
        rules(&report).contains(&"predecessor-ambiguous"),
        "{report:#}"
    );

    assert_eq!(report["data"]["range"]["lost_tags"][0], "v0.2.0");

    // A version below a release that is an ancestor is refused.
    repo.git(&["tag", "v0.3.0"]);
    repo.manifest("0.2.5", "");
    repo.commit("feat: three");
    let report = repo.report(&[], 100);
    assert!(rules(&report).contains(&"range-tag-mismatch"), "{report:#}");
}

#[test]
fn flags_that_mean_nothing_are_refused() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    for args in [
        &["--accounting", "check"][..],
        &["rollback", "--phase", "final"],
        &["docs", "--phase", "final"],
        &["--features", "x"],
        &["--target", "x86_64-unknown-linux-gnu"],
    ] {
        assert_eq!(repo.run(args).status.code(), Some(2), "{args:?}");
    }
}
