//! What a download brings along besides the release: configuration, projects, keys, folders laid
//! out like one's own.

use std::path::Path;

use release_gate::process::{Finished, Runner, Step};

use crate::fixture::*;

const OTHER: [u8; 32] = [0x5b; 32];

/// Somebody in a folder, who knows the project's key.
struct User {
    home: tempfile::TempDir,
}

impl User {
    fn new() -> Self {
        let user = Self {
            home: tempfile::tempdir().unwrap(),
        };
        std::fs::write(
            user.home.path().join("m.pub"),
            public(SEED).minisign("test"),
        )
        .unwrap();
        user
    }

    fn key(&self) -> String {
        self.home.path().join("m.pub").display().to_string()
    }

    fn run(&self, dir: &Path, args: &[&str]) -> Finished {
        let step = Step::new(env!("CARGO_BIN_EXE_cargo-sign"))
            .current_dir(dir)
            .env("CARGO_NET_OFFLINE", "true")
            .env("RELEASE_GATES_STATE_DIR", self.home.path().join("state"));
        Runner::new()
            .run(step.args(["verify", "--message-format", "json"]).args(args))
            .unwrap()
    }

    fn verify(&self, dir: &Path, args: &[&str]) -> (i32, Vec<String>) {
        verdict(&self.run(dir, args))
    }

    fn remembers(&self) -> bool {
        self.home.path().join("state/demo.json").exists()
    }
}

fn downloaded(release: &Release) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    lay_out(dir.path(), &release.published());
    dir
}

fn refused(rule: &str) -> (i32, Vec<String>) {
    (100, vec![rule.to_owned()])
}

/// A project with a key of its own.
fn add_project(dir: &Path, seed: [u8; 32]) {
    let files = [
        (
            "Cargo.toml",
            "[package]\nname = \"demo\"\nversion = \"1.0.0\"\nedition = \"2024\"\n".to_owned(),
        ),
        ("src/lib.rs", String::new()),
        (
            "release-keys/maintainer.ed25519.pub",
            public(seed).minisign("theirs"),
        ),
    ];
    for (name, text) in files {
        let path = dir.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

#[test]
fn configuration_that_is_found_allows_nothing() {
    let (user, release) = (User::new(), Release::new());
    let (around, key) = (tempfile::tempdir().unwrap(), user.key());
    let dir = around.path().join("download");
    std::fs::create_dir(&dir).unwrap();
    lay_out(&dir, &release.published());
    let archive = release.archive();
    let signature = dir.join(format!("{archive}.sig"));
    let other = Release::of("1.0.0", OTHER);
    std::fs::copy(other.released().join(format!("{archive}.sig")), &signature).unwrap();
    let rules = "[sign.rules]\nkey-mismatch = \"allow\"\nsignature-invalid = \"allow\"\nfile-unlisted = \"allow\"\n";
    for place in [
        around.path().join("release-gates.toml"),
        dir.join("release-gates.toml"),
    ] {
        std::fs::write(&place, rules).unwrap();
        assert_eq!(
            user.verify(&dir, &["--key", &key, &archive]),
            refused("key-mismatch")
        );
        assert_eq!(user.verify(&dir, &["--key", &key, "."]).0, 100);
        std::fs::remove_file(&place).unwrap();
    }

    // One that cannot be read neither.
    std::fs::write(around.path().join("release-gates.toml"), "[evil]").unwrap();
    assert_eq!(
        user.verify(&dir, &["--key", &key, &archive]),
        refused("key-mismatch")
    );

    // What the user allows is allowed, and yet nothing passes of which nothing held.
    let named = user.home.path().join("mine.toml").display().to_string();
    std::fs::write(&named, rules).unwrap();
    for allow in [["--config", &named], ["--allow", "key-mismatch"]] {
        assert_eq!(
            user.verify(&dir, &[&allow[..], &["--key", &key, &archive]].concat())
                .0,
            101
        );
    }

    std::fs::copy(
        release.released().join(format!("{archive}.sig")),
        &signature,
    )
    .unwrap();

    std::fs::write(dir.join("mine"), "").unwrap();
    assert_eq!(
        user.verify(&dir, &["--key", &key, "."]),
        refused("file-unlisted")
    );

    assert_eq!(
        user.verify(&dir, &["--config", &named, "--key", &key, "."])
            .0,
        0
    );
}

#[test]
fn source_that_is_judged_sets_no_levels() {
    let rules = b"[sign.rules]\ntag-unsigned = \"allow\"\ncommit-unsigned = \"allow\"\n";
    let release = Release::unpacked("1.0.0", SEED, &[("release-gates.toml", rules)]);
    release.must(Step::new("git").args(["tag", "v1.0.0"]));
    let key = release.key("m.pub").display().to_string();
    let verify = |more: &[&str]| {
        verdict(
            &release.sign(
                &[
                    &["verify-source", "--message-format", "json", "--key", &key][..],
                    more,
                ]
                .concat(),
            ),
        )
    };
    assert_eq!(verify(&[]).0, 100);
    assert_eq!(verify(&["--config", "release-gates.toml"]).0, 0);
}

#[test]
fn a_project_in_the_download_or_around_it_is_not_trusted() {
    let release = Release::of("1.0.0", OTHER);
    let archive = release.archive();
    let around = tempfile::tempdir().unwrap();
    let dir = around.path().join("download");
    std::fs::create_dir(&dir).unwrap();
    for name in [archive.clone(), format!("{archive}.sig")] {
        std::fs::copy(release.released().join(&name), dir.join(&name)).unwrap();
    }

    for place in [&dir, &around.path().to_owned()] {
        let user = User::new();
        add_project(place, OTHER);
        assert_eq!(user.verify(&dir, &[&archive]).0, 101, "no key is known");
        assert!(!user.remembers());
        // Anyone who means the project says so.
        let manifest = place.join("Cargo.toml").display().to_string();
        assert_eq!(
            user.verify(&dir, &["--manifest-path", &manifest, &archive]),
            (0, vec![])
        );
        assert!(user.remembers());
        // What was trusted before comes first.
        let user = User::new();
        let genuine = downloaded(&Release::new());
        assert_eq!(
            user.verify(genuine.path(), &["--key", &user.key(), "."]),
            (0, vec![])
        );
        assert_eq!(user.verify(&dir, &[&archive]).0, 100);
        assert_eq!(
            user.verify(&dir, &["--manifest-path", &manifest, &archive])
                .0,
            100
        );
        std::fs::remove_file(place.join("Cargo.toml")).unwrap();
    }
}

/// cargo obeys `.cargo/config.toml` of the current folder, which names programs.
#[cfg(unix)]
#[test]
fn files_are_verified_without_cargo() {
    let (user, dir) = (User::new(), downloaded(&Release::new()));
    let (dir, started) = (dir.path(), user.home.path().join("started"));
    add_project(dir, OTHER);
    let script = dir.join("rustc");
    std::fs::write(
        &script,
        format!("#!/bin/sh\necho >> '{}'\nexit 1\n", started.display()),
    )
    .unwrap();

    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::create_dir(dir.join(".cargo")).unwrap();
    std::fs::write(
        dir.join(".cargo/config.toml"),
        format!("[build]\nrustc = '{}'\n", script.display()),
    )
    .unwrap();

    std::fs::write(dir.join("manifest.json"), "{}").unwrap();
    let archive = format!("demo-1.0.0-{TARGET}.tar.gz");

    for args in [
        &[".", "--key", &user.key()][..],
        &[&archive],
        &["--key", &user.key(), &archive],
        &["."],
    ] {
        user.run(dir, args);
        assert!(!started.exists(), "{args:?}");
    }
}

#[test]
fn a_download_laid_out_like_the_artifact_folder_is_a_download() {
    let (user, release) = (User::new(), Release::new());
    let around = tempfile::tempdir().unwrap();
    let dir = around.path().join("target/release-gates/demo-1.0.0");
    std::fs::create_dir_all(&dir).unwrap();
    add_project(around.path(), SEED);
    lay_out(&dir, &release.published());
    let folder = dir.display().to_string();
    let newer = downloaded(&Release::of("1.1.0", SEED));
    assert_eq!(
        user.verify(newer.path(), &["--key", &user.key(), "."]),
        (0, vec![])
    );

    assert_eq!(user.verify(around.path(), &[&folder]), refused("rollback"));
    std::fs::write(dir.join("evil"), "evil").unwrap();
    std::fs::write(
        dir.join("manifest.json"),
        std::fs::read_to_string(release.folder().join("manifest.json"))
            .unwrap()
            .replace("checksums.txt\"", "evil\""),
    )
    .unwrap();

    let (code, rules) = user.verify(around.path(), &["--allow-rollback", &folder]);
    assert_eq!((code, rules), (100, vec!["file-unlisted".to_owned(); 2]));
}

#[test]
fn a_key_in_the_release_is_not_trusted_however_the_release_is_named() {
    let (user, dir) = (User::new(), downloaded(&Release::of("1.0.0", OTHER)));
    let dir = dir.path();
    std::fs::write(dir.join("k.pub"), public(OTHER).minisign("theirs")).unwrap();
    assert_eq!(
        user.verify(dir, &["--key", "k.pub", "checksums.txt"]),
        refused("key-unpinned")
    );
    assert!(!user.remembers());
    // What is not a key of ours is passed over, not fatal.
    std::fs::write(
        dir.join("a.pub"),
        "ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAAAgQC7 somebody\n",
    )
    .unwrap();
    let fingerprint = public(OTHER).fingerprint();
    let ran = user.run(dir, &["--key", &fingerprint, "checksums.txt"]);
    assert_eq!(verdict(&ran), (0, vec![]));
    assert!(ran.stderr_text().contains("a.pub"), "{}", ran.stderr_text());
}

#[cfg(unix)]
#[test]
fn names_do_not_reach_the_terminal_raw() {
    let (user, dir) = (User::new(), tempfile::tempdir().unwrap());
    let name = "a\nOK  demo\u{1b}[2J.txt";
    std::fs::write(dir.path().join(name), "").unwrap();
    for path in [name, "none\n\u{1b}[2J"] {
        let said = user
            .run(dir.path(), &["--key", &user.key(), path])
            .stderr_text();
        assert!(
            !said.contains("\nOK") && !said.contains('\u{1b}') && !said.contains("none\n"),
            "{said}"
        );
    }
}

/// Whatever is named as a key or a trusted root: a file without an end is not read to it.
#[cfg(unix)]
#[test]
fn what_is_named_is_read_within_bounds() {
    let (user, dir) = (User::new(), downloaded(&Release::new()));
    let ran = user.run(dir.path(), &["--key", "/dev/zero", "."]);
    assert_eq!(ran.status.code(), Some(101));
    assert!(
        ran.stderr_text().contains("longer than any key"),
        "{}",
        ran.stderr_text()
    );
    std::fs::write(
        user.home.path().join("ec.pub"),
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY= somebody\n",
    )
    .unwrap();
    let other = user.home.path().join("ec.pub").display().to_string();
    let ran = user.run(dir.path(), &["--key", &other, "."]);
    assert!(
        ran.status.code() == Some(101) && ran.stderr_text().contains("ECDSA"),
        "{}",
        ran.stderr_text()
    );
}

/// A report that says there was nothing to pack, beside what was packed.
#[test]
fn what_was_packed_is_judged_whatever_the_report_says() {
    let release = Release::new();
    let key = release.key("m.pub").display().to_string();
    let report = release.folder().join("pack.json");
    let text = std::fs::read_to_string(&report).unwrap();
    std::fs::write(
        &report,
        text.replace("\"status\": \"pass\"", "\"status\": \"skipped\""),
    )
    .unwrap();
    assert_ne!(std::fs::read_to_string(&report).unwrap(), text);
    std::fs::remove_file(release.released().join("checksums.txt.sig")).unwrap();
    assert_eq!(
        release.sign(&["verify", "--key", &key]).status.code(),
        Some(100)
    );
    std::fs::remove_file(release.released().join("checksums.txt")).unwrap();
    assert_eq!(
        release.sign(&["verify", "--key", &key]).status.code(),
        Some(100)
    );
}

#[test]
fn only_what_held_is_extracted_and_through_no_link() {
    let release = Release::new();
    let (key, folder) = (
        release.key("m.pub").display().to_string(),
        format!("demo-1.0.0-{TARGET}"),
    );
    // The zip of an earlier call is not part of the release any more, and would still verify by
    // itself: it is taken away.
    let stranger = release.released().join("demo-1.0.00.zip");
    std::fs::write(&stranger, "").unwrap();
    assert!(release.sign(&["pack"]).is_success());
    for gone in [".zip", ".zip.sig", ".tar.zst", ".tar.zst.sig"] {
        assert!(
            !release.released().join(format!("{folder}{gone}")).exists(),
            "{gone}"
        );
    }
    assert!(stranger.is_file(), "only its own");
    std::fs::remove_file(stranger).unwrap();
    let late = release.sign_with(&["pack"], SEED, &[("SOURCE_DATE_EPOCH", "8589934592")]);
    assert_eq!(late.status.code(), Some(2), "{}", late.stderr_text());
    assert!(
        late.stderr_text().contains("SOURCE_DATE_EPOCH"),
        "{}",
        late.stderr_text()
    );
    let into = tempfile::tempdir().unwrap();
    let to = |name: &str| into.path().join(name).display().to_string();
    let ran = release.sign(&["verify", "--key", &key, "--extract", &to("own")]);
    assert!(ran.is_success(), "{}", ran.stderr_text());
    assert!(
        into.path()
            .join("own")
            .join(&folder)
            .join("SIGNATURE")
            .is_file()
    );
    assert!(!ran.stderr_text().contains(".zip"), "{}", ran.stderr_text());

    // By the list, the archives it names; of what is none, nothing, and that is said.
    let (user, download) = (User::new(), tempfile::tempdir().unwrap());
    let published = release.published();
    let ours = |name: &str| !name.contains(".z") && name != "verify.json";
    let fresh: Vec<_> = published
        .into_iter()
        .filter(|(name, _)| ours(name))
        .collect();
    lay_out(download.path(), &fresh);
    let extract = |to: &str, what: &str| {
        user.verify(
            download.path(),
            &["--key", &user.key(), "--extract", to, what],
        )
    };
    assert_eq!(extract(&to("listed"), "checksums.txt"), (0, vec![]));
    assert!(
        into.path()
            .join("listed")
            .join(&folder)
            .join("SIGNATURE")
            .is_file()
    );
    let sbom = release
        .released()
        .join("sbom.cdx.json")
        .display()
        .to_string();
    assert!(release.sign(&["sign", &sbom]).is_success());
    std::fs::copy(
        format!("{sbom}.sig"),
        download.path().join("sbom.cdx.json.sig"),
    )
    .unwrap();
    assert_eq!(extract(&to("none"), "sbom.cdx.json").0, 2);

    #[cfg(unix)]
    for link in [folder.clone(), format!("{folder}/LICENSE")] {
        let (target, elsewhere) = (into.path().join("linked"), into.path().join("elsewhere"));
        std::fs::create_dir(&elsewhere).unwrap();
        std::fs::create_dir_all(target.join(&link).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&elsewhere, target.join(&link)).unwrap();
        for what in [".", &format!("{folder}.tar.gz")] {
            assert_eq!(
                extract(&to("linked"), what),
                (101, vec!["not-judged".into()]),
                "{link} {what}"
            );
        }
        assert_eq!(std::fs::read_dir(&elsewhere).unwrap().count(), 0);
        assert!(
            !target.join(&folder).join("buildinfo.json").exists(),
            "nothing is written at all"
        );
        std::fs::remove_dir_all(target).unwrap();
        std::fs::remove_dir(elsewhere).unwrap();
    }
}
