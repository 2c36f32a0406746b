//! Facts, check, changelog, templates and documents.

use crate::fixture::{Repo, rules};

#[test]
fn a_final_release_needs_every_fact() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    let report = repo.report(&["--phase", "final"], 101);
    assert_eq!(report["status"], "error");
    assert_eq!(rules(&report).len(), 5);
    repo.facts(None);
    let report = repo.report(&["--phase", "final"], 0);
    assert!(rules(&report).is_empty(), "{report}");
    assert!(repo.notes().contains(&"a".repeat(64)));
    // Facts of another commit are stale, whatever they say.
    repo.facts(Some(&"d".repeat(40)));
    let report = repo.report(&["--phase", "final"], 101);
    assert!(rules(&report).contains(&"facts-stale"));
    assert!(repo.notes().contains("Vulnerabilities: not judged"));
    // So is a comparison with another release than the one before.
    repo.facts(None);
    let file = repo.artifact("compat.json");
    for (version, stale) in [("0.1.0", false), ("0.2.0-rc.1", true)] {
        let baseline = format!(
            "\"baseline\":{{\"kind\":\"git\",\"name\":\"x\",\"version\":\"{version}\",\"commit\":null}}"
        );
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen("\"baseline\":null", &baseline, 1)).unwrap();
        let report = repo.report(&["--phase", "final"], if stale { 101 } else { 0 });
        assert_eq!(rules(&report).contains(&"facts-stale"), stale, "{version}");
        repo.facts(None);
    }
    // So is a status that is no verdict, and a schema nobody knows.
    repo.facts(None);
    for (from, to) in [("\"pass\"", "\"error\""), ("/v1", "/v9"), ("{", "")] {
        repo.facts(None);
        let file = repo.artifact("vulns.json");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
        assert_eq!(
            rules(&repo.report(&["--phase", "final"], 101)),
            ["facts-error"]
        );
    }
}

#[test]
fn notes_are_checked_and_prose_is_kept() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    repo.facts(None);
    repo.report(&["--phase", "final"], 0);
    assert!(rules(&repo.report(&["check", "--phase", "final"], 0)).is_empty());
    let file = repo.artifact("RELEASE_NOTES.md");
    let mark = "your own words below this line -->\n";
    std::fs::write(
        &file,
        repo.notes()
            .replace(mark, &format!("{mark}\nA *fine* release.\n")),
    )
    .unwrap();

    assert!(rules(&repo.report(&["check", "--phase", "final"], 0)).is_empty());
    repo.report(&["--phase", "final"], 0);
    assert!(repo.notes().contains("A *fine* release."), "prose survives");
    std::fs::write(&file, repo.notes().replace("## Features", "## Fixtures")).unwrap();
    let report = repo.report(&["check", "--phase", "final"], 100);
    assert!(rules(&report).contains(&"notes-edited"), "{report}");

    // A commit more, and the notes are about something else.
    repo.report(&["--phase", "final"], 0);
    repo.commit("feat: y");
    repo.facts(None);
    assert!(
        rules(&repo.report(&["check", "--phase", "final"], 100)).contains(&"range-tag-mismatch")
    );
}

#[test]
fn hand_written_notes_are_checked_for_what_matters() {
    let mut repo = Repo::new();
    repo.commit("feat: begin");
    repo.git(&["tag", "v0.1.0"]);
    repo.manifest("0.2.0", "rust-version = \"1.60\"\n");
    repo.commit("feat!: drop the old parser");
    let file = repo.root.join("target/CHANGES.md");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(
        &file,
        "# Changes\n\n## 0.2.0\n\n### Changed\n\n- faster\n\n## 0.1.0\n\n- drop the old parser, Rust 1.60\n",
    )
    .unwrap();
    let path = file.to_str().unwrap();
    let report = repo.report(&["check", "--notes", path], 100);
    assert_eq!(
        rules(&report),
        ["facts-missing", "breaking-unlisted", "msrv-unlisted"]
    );
    std::fs::write(
        &file,
        "# Changes\n\n## 0.2.0\n\n### Changed\n\n- Drop the old parser; needs Rust 1.60\n",
    )
    .unwrap();
    repo.report(&["check", "--notes", path], 0);
    assert_eq!(
        repo.run(&["check", "--notes", "nowhere.md"]).status.code(),
        Some(101)
    );
    assert_eq!(
        repo.run(&["check"]).status.code(),
        Some(101),
        "no notes are no pass"
    );
}

#[test]
fn a_changelog_gets_its_section_once() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    let file = repo.root.join("CHANGELOG.md");
    let before = "# Changelog\n\n## [Unreleased]\n\n## [0.1.0] - 2023-11-14\n\n- begin\n";
    std::fs::write(&file, before).unwrap();
    repo.run(&["--changelog", "--dry-run"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), before);
    repo.run(&["--changelog"]);
    let first = std::fs::read_to_string(&file).unwrap();
    assert!(
        first.starts_with(
            "# Changelog\n\n## [Unreleased]\n\n<!-- relnotes: begin 0.2.0 -->\n## [0.2.0] - "
        ),
        "{first}"
    );

    assert!(
        first.ends_with("<!-- relnotes: end 0.2.0 -->\n\n## [0.1.0] - 2023-11-14\n\n- begin\n"),
        "{first}"
    );

    repo.run(&["--changelog"]);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap(),
        first,
        "a second run changes nothing"
    );

    let mark = "your own words below this line -->\n";
    std::fs::write(&file, first.replace(mark, &format!("{mark}\nMine.\n"))).unwrap();
    repo.run(&["--changelog"]);
    assert!(
        std::fs::read_to_string(&file)
            .unwrap()
            .contains("\nMine.\n")
    );

    // Above the links at the end, and what people wrote under “Unreleased” goes along.
    std::fs::write(
        &file,
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- by hand\n\n[Unreleased]: https://example.com\n",
    )
    .unwrap();

    let finished = repo.run(&["--changelog"]);
    assert_eq!(finished.status.code(), Some(0));
    let text = std::fs::read_to_string(&file).unwrap();
    let moved = text.find("- by hand").unwrap();
    assert!(
        moved > text.find("## [0.2.0]").unwrap() && text.contains("### Added (from the commits)"),
        "{text}"
    );

    assert!(
        text.ends_with("<!-- relnotes: end 0.2.0 -->\n\n[Unreleased]: https://example.com\n"),
        "{text}"
    );

    // Two headings of one version: nothing is touched.
    let twice = format!("{before}\n## 0.2.0\n\n## [0.2.0]\n");
    std::fs::write(&file, &twice).unwrap();
    assert_eq!(repo.run(&["--changelog"]).status.code(), Some(101));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), twice);

    // A section written by hand stays as it is; CRLF stays CRLF.
    let by_hand = format!("{before}\n## 0.2.0\n\nmine\n");
    std::fs::write(&file, &by_hand).unwrap();
    repo.run(&["--changelog"]);
    assert_eq!(std::fs::read_to_string(&file).unwrap(), by_hand);
    std::fs::write(&file, before.replace('\n', "\r\n")).unwrap();
    repo.run(&["--changelog"]);
    let crlf = std::fs::read_to_string(&file).unwrap();
    assert_eq!(crlf.matches('\n').count(), crlf.matches("\r\n").count());
}

#[test]
fn what_is_asked_for_wrongly() {
    let mut repo = Repo::new();
    assert_eq!(repo.run(&[]).status.code(), Some(101), "no commit yet");
    repo.commit("feat: x");
    let finished = repo.run(&["--to", "no-such"]);
    assert_eq!(finished.status.code(), Some(101));
    assert!(
        finished.stderr_text().contains("git tag"),
        "{}",
        finished.stderr_text()
    );

    std::fs::write(repo.root.join("t.j2"), "ok\n{{ nothing }}\n").unwrap();
    let finished = repo.run(&["--template", "t.j2"]);
    assert_eq!(finished.status.code(), Some(2));
    assert!(
        finished.stderr_text().contains("`t.j2` line 2"),
        "{}",
        finished.stderr_text()
    );

    std::fs::write(repo.root.join("t.j2"), "# {{ package }} {{ version }}\n{% for s in sections %}{% for e in s.entries %}- {{ e.text }}\n{% endfor %}{% endfor %}").unwrap();
    let finished = repo.run(&["--template", "t.j2", "-q"]);
    assert_eq!(
        finished.status.code(),
        Some(0),
        "{}",
        finished.stderr_text()
    );

    let notes = std::fs::read_to_string(
        repo.root
            .join("target/release-gates/demo-0.1.0/RELEASE_NOTES.md"),
    )
    .unwrap();

    assert_eq!(notes, "# demo 0.1.0\n- x\n");
    let outside = repo.dir.path().join("plain");
    std::fs::create_dir_all(outside.join("src")).unwrap();
    std::fs::copy(repo.root.join("Cargo.toml"), outside.join("Cargo.toml")).unwrap();
    std::fs::write(outside.join("src/lib.rs"), "").unwrap();
    let finished = repo.run_with(&outside, &[], &[]);
    assert_eq!(finished.status.code(), Some(101));
    assert!(
        finished.stderr_text().contains("git repository"),
        "{}",
        finished.stderr_text()
    );
}

#[test]
fn documents_and_rollback() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    let text = String::from_utf8(repo.run(&["rollback"]).stdout).unwrap();
    assert!(
        text.contains("cargo yank demo@0.2.0") && text.contains("--precise 0.1.0"),
        "{text}"
    );

    assert_eq!(repo.run(&["docs"]).status.code(), Some(0));
    let security = std::fs::read_to_string(repo.artifact("SECURITY.md")).unwrap();
    assert!(
        security.contains("FILL-IN") && security.contains("publishes no signing key"),
        "nothing is described that is not there"
    );

    // With archives and signatures, exactly those are described.
    let digest = "b".repeat(64);
    std::fs::write(
        repo.artifact("checksums.txt"),
        format!("{digest}  demo-0.2.0-x86_64-unknown-linux-gnu.tar.gz\n"),
    )
    .unwrap();

    std::fs::write(
        repo.artifact("demo-0.2.0-x86_64-unknown-linux-gnu.tar.gz.sig"),
        "x",
    )
    .unwrap();

    std::fs::write(repo.artifact("checksums.txt.sshsig"), "x").unwrap();
    std::fs::create_dir_all(repo.root.join("release-keys")).unwrap();
    std::fs::write(
        repo.root.join("release-keys/maintainer.ed25519.pub"),
        "untrusted comment: x\nRWQHBwcHBwcHB9damAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n",
    )
    .unwrap();

    repo.run(&["docs"]);
    let install = std::fs::read_to_string(repo.artifact("INSTALL.md")).unwrap();
    assert!(
        install.contains(&format!(
            "echo '{digest}  demo-0.2.0-x86_64-unknown-linux-gnu.tar.gz' | sha256sum --check --strict"
        )),
        "{install}"
    );

    let security = std::fs::read_to_string(repo.artifact("SECURITY.md")).unwrap();
    assert!(
        security.contains("SHA256:")
            && security.contains(
                "minisign -V -p ../release.pub -x demo-0.2.0-x86_64-unknown-linux-gnu.tar.gz.sig"
            )
            && security.contains(
                "ssh-keygen -Y verify -f ../allowed_signers -I maintainer -n release@demo"
            ),
        "{security}"
    );

    assert!(
        !security.contains("provenance") && !security.contains("repro rebuild"),
        "only what is there: {security}"
    );

    // What is asked for is this release and no other.
    std::fs::write(repo.artifact("checksums.txt.sig"), "x").unwrap();
    repo.run(&["docs"]);
    let verify = "cargo-sign verify --key ../release.pub --expect demo@0.2.0 demo-0.2.0-x86_64-unknown-linux-gnu.tar.gz\n";
    for name in ["INSTALL.md", "SECURITY.md"] {
        let text = std::fs::read_to_string(repo.artifact(name)).unwrap();
        assert!(text.contains(verify), "{text}");
    }

    // A name that would act in a shell is refused.
    std::fs::write(
        repo.artifact("checksums.txt"),
        format!("{digest}  demo-0.2.0-x;id.tar.gz\n"),
    )
    .unwrap();

    assert_eq!(repo.run(&["docs"]).status.code(), Some(101));
}

#[test]
fn notes_from_other_facts_are_outdated() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    repo.report(&[], 0);
    repo.facts(None);

    // A draft that says “not judged” five times does not pass for the release.
    let report = repo.report(&["check", "--phase", "final"], 100);
    assert_eq!(rules(&report), ["notes-outdated"; 6]);
    repo.report(&["--phase", "final"], 0);
    assert!(rules(&repo.report(&["check", "--phase", "final"], 0)).is_empty());
    let file = repo.artifact("repro.json");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(
        &file,
        text.replace("\"identical\":true", "\"identical\":false"),
    )
    .unwrap();

    assert_eq!(
        rules(&repo.report(&["check", "--phase", "final"], 100)),
        ["notes-outdated"]
    );

    // Notes whose record is gone are not taken for hand-written ones.
    repo.facts(None);
    std::fs::remove_file(repo.artifact("relnotes.json")).unwrap();
    assert!(rules(&repo.report(&["check", "--phase", "final"], 100)).contains(&"notes-edited"));
}

#[test]
fn a_changelog_without_the_section_does_not_pass() {
    let mut repo = Repo::released();
    repo.commit("feat: x");
    let file = repo.root.join("CHANGELOG.md");
    let path = file.to_str().unwrap();
    std::fs::write(&file, "# Changelog\n\n## 0.1.0\n\n### Added\n\n- x\n").unwrap();
    assert_eq!(
        rules(&repo.report(&["check", "--notes", path], 100)),
        ["facts-missing", "section-missing"]
    );

    // In a draft, what is not released yet is this release.
    std::fs::write(
        &file,
        "# Changelog\n\n## [Unreleased]\n\n### Added\n\n- x\n\n## 0.1.0\n\n### Added\n\n- x\n",
    )
    .unwrap();

    assert_eq!(
        rules(&repo.report(&["check", "--notes", path], 0)),
        ["facts-missing"]
    );

    repo.commit("docs: changelog");
    repo.facts(None);
    assert_eq!(
        rules(&repo.report(&["check", "--phase", "final", "--notes", path], 100)),
        ["section-missing"]
    );

    std::fs::write(&file, b"caf\xe9").unwrap();
    assert_eq!(
        repo.run(&["check", "--notes", path]).status.code(),
        Some(101)
    );
}

#[test]
fn what_people_wrote_is_never_lost() {
    let mut repo = Repo::released();
    repo.commit("feat!: drop it");
    repo.report(&[], 0);
    let guide = repo.artifact("MIGRATION.md");
    let text = std::fs::read_to_string(&guide).unwrap();
    std::fs::write(
        &guide,
        text.replace("FILL-IN: what to do instead.", "Call `z`."),
    )
    .unwrap();
    repo.commit("feat!: drop another");
    repo.report(&[], 0);
    let text = std::fs::read_to_string(&guide).unwrap();
    assert!(
        text.contains("Call `z`.") && text.matches("FILL-IN").count() == 1,
        "{text}"
    );
    // A template without a place for the words.
    let notes = repo
        .notes()
        .replace("below this line -->\n", "below this line -->\n\nMine.\n");
    std::fs::write(repo.artifact("RELEASE_NOTES.md"), &notes).unwrap();
    std::fs::write(repo.root.join("t.j2"), "# {{ package }}\n").unwrap();
    let finished = repo.run(&["--template", "t.j2"]);
    assert_eq!(
        finished.status.code(),
        Some(2),
        "{}",
        finished.stderr_text()
    );
    assert_eq!(repo.notes(), notes);
    std::fs::write(
        repo.root.join("t.j2"),
        "<!-- {{ prose_begin }} -->\n<!-- {{ prose_end }} -->\n",
    )
    .unwrap();
    assert_eq!(repo.run(&["--template", "t.j2"]).status.code(), Some(0));
    assert!(repo.notes().contains("\nMine.\n"));
    // A released section is not replaced by what came after it.
    repo.git(&["tag", "v0.2.0"]);
    repo.run(&["--changelog"]);
    let changelog = std::fs::read_to_string(repo.root.join("CHANGELOG.md")).unwrap();
    repo.commit("feat: later");
    let finished = repo.run(&["--changelog"]);
    assert_eq!(finished.status.code(), Some(101));
    assert_eq!(
        std::fs::read_to_string(repo.root.join("CHANGELOG.md")).unwrap(),
        changelog
    );
}

#[test]
fn a_removed_feature_is_a_break() {
    let mut repo = Repo::new();
    repo.manifest("1.0.0", "[features]\nlegacy = []\n_private = []\n");
    repo.commit("feat: begin");
    repo.git(&["tag", "v1.0.0"]);
    repo.manifest("1.1.0", "[features]\n_private = []\n");
    repo.commit("feat: tidy up");
    let report = repo.report(&[], 100);
    assert_eq!(rules(&report), ["bump-too-small", "facts-missing"]);
    assert_eq!(report["data"]["manifest"]["features_removed"][0], "legacy");
    repo.manifest("1.1.0", "[features]\nlegacy = []\n");
    repo.commit("fix: bring it back");
    repo.report(&[], 0);
}

#[test]
fn a_broken_lockfile_is_said() {
    let mut repo = Repo::released();
    let lock = repo.root.join("Cargo.lock");
    let good = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, "[[package]]\nname = 3\n").unwrap();
    repo.commit("feat: x");
    repo.git(&["tag", "v0.2.0"]);
    // cargo itself stops at a broken lockfile of the work tree.
    std::fs::write(&lock, good).unwrap();
    let report = repo.report(&["--to", "v0.2.0"], 0);
    assert_eq!(rules(&report), ["facts-missing", "facts-error"]);
    assert!(
        repo.notes()
            .contains("dependencies and advisories not compared ("),
        "{}",
        repo.notes()
    );
    repo.report(&["--to", "v0.2.0", "--phase", "final"], 101);
    // Lockfiles of old formats are read: the first one, with its `[root]`.
    let old = "[root]\nname = \"demo\"\nversion = \"0.2.0\"\ndependencies = [\n \"tar 0.4.0 (registry+https://github.com/rust-lang/crates.io-index)\",\n]\n\n[[package]]\nname = \"tar\"\nversion = \"0.4.0\"\nsource = \"registry+https://github.com/rust-lang/crates.io-index\"\n\n[metadata]\n\"checksum tar 0.4.0 (registry+https://github.com/rust-lang/crates.io-index)\" = \"0f8a2d3d1f6a5a5ab0ba1d8a8d3a1a6fa6fe2f1c5f2d7d5bd8a6e8c6a5c4b3a2\"\n";
    repo.git(&["tag", "-d", "v0.2.0"]);
    std::fs::write(&lock, old).unwrap();
    repo.commit("feat: y");
    repo.git(&["tag", "v0.2.0"]);
    repo.manifest("0.2.0", "");
    let report = repo.report(&["--to", "v0.2.0"], 0);
    assert_eq!(report["data"]["dependencies"]["added"][0]["name"], "tar");
}

#[test]
fn notes_name_the_key_and_how_to_check() {
    let mut repo = Repo::released();
    std::fs::create_dir_all(repo.root.join("release-keys")).unwrap();
    let key = "untrusted comment: x\nRWQHBwcHBwcHB9damAGCsQq31Uv+08lkBzoO4XLz2qYjJa8CGmj3B1Ea\n";
    std::fs::write(repo.root.join("release-keys/maintainer.ed25519.pub"), key).unwrap();
    repo.commit("feat: x");
    repo.report(&[], 0);
    let notes = repo.notes();
    assert!(
        notes.contains("`release-keys/maintainer.ed25519.pub` with fingerprint `SHA256:")
            && notes.contains(
                "cargo-sign verify --key release-keys/maintainer.ed25519.pub --expect demo@0.2.0 "
            ),
        "{notes}"
    );
}

#[test]
fn long_notes_are_shortened_and_say_so() {
    let mut repo = Repo::released();
    let message: String = (0..4000)
        .map(|n| format!("* fix: a repair of something that was wrong, number {n}\n"))
        .collect();
    repo.commit(&format!("Much\n\n{message}"));
    repo.report(&[], 0);
    let notes = repo.notes();
    assert!(notes.chars().count() < 125_000 && notes.contains("3000 more (all in relnotes.json)"));
    assert!(
        rules(&repo.report(&["check"], 0))
            .iter()
            .all(|rule| *rule == "facts-missing")
    );
}
