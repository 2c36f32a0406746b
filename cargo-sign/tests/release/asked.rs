//! A stranger asks "is this demo 1.0.0?" of what was downloaded, and a second person is asked to
//! sign: what is believed, and what is left behind where it is not.

use std::path::Path;

use crate::fixture::*;

fn refused(rule: &str) -> (i32, Vec<String>) {
    (100, vec![rule.to_owned()])
}

/// A download: everything that is published, or the files whose names are wanted.
fn download(release: &Release, wanted: impl Fn(&str) -> bool) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let files: Vec<_> = release
        .published()
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    lay_out(dir.path(), &files);
    dir
}

fn verify(release: &Release, path: &Path, more: &[&str]) -> (i32, Vec<String>) {
    let key = release.key("m.pub").display().to_string();
    let path = path.display().to_string();
    let args = ["verify", "--message-format", "json", "--key", &key, &path];
    verdict(&release.sign(&[&args[..], more].concat()))
}

#[test]
fn what_was_signed_is_compared_with_what_was_asked() {
    let release = Release::new();
    let all = download(&release, |_| true);
    let archive = all.path().join(release.archive());
    for path in [all.path(), &archive] {
        for fine in [
            &["--expect", "demo@1.0.0"][..],
            &["-p", "demo"],
            &["-p", "path+file:///somewhere#demo@1.0.0"],
            &["--expect-tag", "v1.0.0", "--expect-target", TARGET],
        ] {
            assert_eq!(verify(&release, path, fine), (0, vec![]), "{fine:?}");
        }
        for (asked, rule) in [
            (&["--expect", "other"][..], "project-mismatch"),
            (&["-p", "other@1.0.0"], "project-mismatch"),
            (&["--expect", "demo@1.1.0"], "version-mismatch"),
            (&["--expect-tag", "demo-v1.1.0"], "version-mismatch"),
            (&["--expect-target", "wasm32-wasip1"], "target-mismatch"),
            (&["--expect-tag", "stable"], "not-judged-identity"),
        ] {
            let (code, rules) = verify(&release, path, asked);
            assert_eq!(code, 100, "{asked:?}");
            assert!(
                rules.iter().all(|found| found == rule),
                "{asked:?}: {rules:?}"
            );
        }
        for usage in [
            &["--workspace"][..],
            &["--target", TARGET],
            &["--all-features"],
            &["--expect", "demo@1.0"],
            &["--expect", "demo", "-p", "demo"],
            &["-p", "no/name"],
        ] {
            assert_eq!(verify(&release, path, usage).0, 2, "{usage:?}");
        }
    }
}

#[test]
fn one_archive_beside_the_signed_list_is_enough() {
    let release = Release::new();
    let archive = release.archive();
    let part = download(&release, |name| {
        name == archive || name.starts_with("checksums.txt")
    });
    let file = part.path().join(&archive);
    let expect = ["--expect", "demo@1.0.0"];
    assert_eq!(verify(&release, &file, &expect), (0, vec![]));
    let into = part.path().with_extension("out");
    let extract = ["--extract", into.to_str().unwrap()];
    assert_eq!(verify(&release, &file, &extract), (0, vec![]));
    assert!(into.is_dir());
    std::fs::remove_dir_all(into).unwrap();

    assert_eq!(verify(&release, part.path(), &["--ignore-missing"]).0, 0);
    assert_eq!(
        verify(&release, part.path(), &[]).0,
        100,
        "the rest is missing"
    );
    let weighs = ["--ignore-missing", "--deny", "not-judged-missing"];
    assert_eq!(verify(&release, part.path(), &weighs).0, 100);

    let mut bytes = std::fs::read(&file).unwrap();
    bytes[100] ^= 1;
    std::fs::write(&file, bytes).unwrap();
    assert_eq!(verify(&release, &file, &[]), refused("digest-mismatch"));
    std::fs::remove_file(part.path().join("checksums.txt.sig")).unwrap();
    assert_eq!(verify(&release, &file, &[]).0, 100);
}

#[test]
fn a_refusal_by_level_comes_before_anything_is_done() {
    let release = Release::new();
    std::fs::write(release.dir.path().join("README.md"), "changed\n").unwrap();
    let attest = ["attest", "--source-uri", "https://example.org/demo"];
    release.must(release_gate::process::Step::new("git").args(["checkout", "-q", "README.md"]));
    assert!(release.sign(&attest).is_success());
    let dir = download(&release, |_| true);
    let into = dir.path().with_extension("out");
    let state = release.dir.path().join("state");
    let extract = ["--extract", into.to_str().unwrap(), "--deny", "not-covered"];
    assert_eq!(
        verify(&release, dir.path(), &extract),
        refused("not-covered")
    );
    assert!(!into.exists() && !state.exists());

    // Nor does a level make up for what does not hold.
    let archive = dir.path().join(release.archive());
    std::fs::write(&archive, "evil").unwrap();
    let allow = [
        "--extract",
        into.to_str().unwrap(),
        "--allow",
        "digest-mismatch",
    ];
    let (code, rules) = verify(&release, dir.path(), &allow);
    assert!(
        code == 100 && rules.contains(&"extract-refused".to_owned()),
        "{rules:?}"
    );
    assert!(!into.exists());
}

#[test]
fn evidence_beside_a_release_is_judged_or_refused() {
    let release = Release::new();
    for (name, text) in [
        ("provenance.intoto.jsonl", "{}\n"),
        ("vsa.intoto.jsonl", "{}\n"),
        ("install.sh.intoto.jsonl", "#!/bin/sh\n"),
        ("evil.sigstore.json", "{}"),
    ] {
        let dir = download(&release, |_| true);
        std::fs::write(dir.path().join(name), text).unwrap();
        assert_eq!(verify(&release, dir.path(), &[]).0, 100, "{name}");
    }
    let dir = download(&release, |_| true);
    let attest = ["attest", "--source-uri", "https://example.org/demo"];
    assert!(release.sign(&attest).is_success());
    let provenance = release.released().join("provenance.intoto.jsonl");
    std::fs::copy(&provenance, dir.path().join("provenance.intoto.jsonl")).unwrap();
    assert_eq!(verify(&release, dir.path(), &[]).0, 0);
}

#[test]
fn the_second_of_two_signs_only_what_holds() {
    let release = Release::new();
    let other = [9; 32];
    std::fs::write(release.key("other.pub"), public(other).minisign("c")).unwrap();
    let other_pub = release.key("other.pub").display().to_string();
    for args in [
        &["keys", "init"][..],
        &["keys", "add", "--name", "other", &other_pub],
        &["keys", "threshold", "2"],
    ] {
        assert!(release.sign(args).is_success(), "{args:?}");
    }
    release.commit("chore: two have to sign");
    let info = release.folder().join("buildinfo.json");
    let text = std::fs::read_to_string(&info).unwrap();
    let mut build: serde_json::Value = serde_json::from_str(&text).unwrap();
    let head = release.must(release_gate::process::Step::new("git").args(["rev-parse", "HEAD"]));
    build["subject"]["commit"] = String::from_utf8(head.stdout).unwrap().trim().into();
    std::fs::write(&info, build.to_string()).unwrap();
    let packed = release.sign(&["pack"]);
    assert!(packed.is_success(), "{}", packed.stderr_text());

    let list = release.released().join("checksums.txt");
    let sign = || {
        let name = list.display().to_string();
        verdict(&release.sign_with(&["sign", "--message-format", "json", &name], other, &[]))
    };
    let first = std::fs::read(release.released().join("checksums.txt.sig")).unwrap();
    let count = || std::fs::read_dir(release.released()).unwrap().count();
    let before = count();
    let whole = std::fs::read_to_string(&list).unwrap();
    let archive = release.released().join(release.archive());
    let bytes = std::fs::read(&archive).unwrap();

    // A line more, and an archive that is not the one that was listed.
    std::fs::write(&list, format!("{whole}{}  zz\n", "0".repeat(64))).unwrap();
    assert_eq!(sign().0, 100);
    std::fs::write(&list, &whole).unwrap();
    std::fs::write(&archive, "evil").unwrap();
    assert_eq!(sign().0, 100);
    std::fs::write(&archive, bytes).unwrap();
    assert_eq!(count(), before, "nothing is left behind");
    let kept = std::fs::read(release.released().join("checksums.txt.sig")).unwrap();
    assert_eq!(kept, first, "the first signature stays");

    assert_eq!(sign().0, 0);
    assert_eq!(count(), before + 1);
    assert_eq!(verify(&release, &release.released(), &[]).0, 0);
}

#[test]
fn secrets_do_not_land_in_a_work_tree() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let home = tempfile::tempdir().unwrap();
    let home_text = home.path().display().to_string();
    let env = [("HOME", home_text.as_str()), ("XDG_CONFIG_HOME", "")];
    let keygen = |more: &[&str]| {
        let args = [&["keygen", "--no-passphrase"][..], more].concat();
        release.sign_with(&args, SEED, &env).status.code()
    };
    assert_eq!(keygen(&["--out", "release.key"]), Some(2));
    assert!(!release.dir.path().join("release.key").exists());
    assert_eq!(keygen(&["--init"]), Some(0));
    assert!(
        home.path()
            .join(".config/release-gates/release.key")
            .is_file()
    );
    let committed = release
        .dir
        .path()
        .join("release-keys/maintainer.ed25519.pub");
    assert!(committed.is_file());
    assert_eq!(keygen(&["--init"]), Some(2), "nothing is overwritten");

    // A key that is part of the commit signs nothing.
    let key = home.path().join(".config/release-gates/release.key");
    std::fs::copy(key, release.dir.path().join("release.key")).unwrap();
    release.commit("chore: oh no");
    for args in [
        &["pack", "--key", "release.key"][..],
        &["sign", "--key", "release.key", "README.md"],
        &["keys", "init", "--key", "release.key"],
    ] {
        let ran = release.sign(args);
        assert_eq!(ran.status.code(), Some(101), "{args:?}");
        assert!(ran.stderr_text().contains("part of the repository"));
    }
}

#[test]
fn other_files_are_published_and_listed() {
    let release = Release::new();
    let installer = release.dir.path().join("target/install.sh");
    std::fs::write(&installer, "#!/bin/sh\n").unwrap();
    let name = installer.display().to_string();
    let packed = release.sign(&["pack", "--include", &name]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let list = std::fs::read_to_string(release.released().join("checksums.txt")).unwrap();
    assert!(list.contains("  install.sh\n"), "{list}");
    assert_eq!(verify(&release, &release.released(), &[]).0, 0);

    // Names that mean something else are refused before anything is written, in any case of their
    // letters; so is what is no file.
    let before = release.published();
    let folder = release.dir.path().join("target");
    for taken in [
        "checksums.txt",
        "CHECKSUMS.txt",
        "checksums.txt.token.sshsig",
        "checksums.txt.sigstore.json",
        "keyring.json",
        "demo-1.0.0.crate",
        "demo-9.9.9.deb",
        "Install.md",
    ] {
        let path = folder.join(taken);
        std::fs::write(&path, "").unwrap();
        let path = path.display().to_string();
        let ran = release.sign(&["pack", "--include", &name, "--include", &path]);
        assert_eq!(ran.status.code(), Some(2), "{taken}: {}", ran.stderr_text());
    }
    let twice = ["pack", "--include", &name, "--include", &name];
    assert_eq!(release.sign(&twice).status.code(), Some(2));
    let folder = folder.display().to_string();
    assert_eq!(
        release.sign(&["pack", "--include", &folder]).status.code(),
        Some(2)
    );
    assert!(release.published() == before, "nothing was written");
}

/// Completions and man pages are no build's artifacts, and users expect them in the archive.
#[test]
fn what_is_added_is_in_every_archive_and_signed_with_it() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let added = release.dir.path().join("target/added");
    std::fs::create_dir_all(added.join("completions")).unwrap();
    std::fs::write(added.join("completions/demo.bash"), "complete demo\n").unwrap();
    std::fs::write(added.join("demo.1"), ".TH demo 1\n").unwrap();
    let name = added.display().to_string();
    let packed = release.sign(&["pack", "--zip", "--add", &name]);
    assert!(packed.is_success(), "{}", packed.stderr_text());

    let archive = release.released().join(release.archive());
    let zip = archive.to_str().unwrap().replace(".tar.gz", ".zip");
    for archive in [archive.to_str().unwrap(), &zip] {
        let into = tempfile::tempdir().unwrap();
        let into = into.path().join("out");
        let extract = ["--extract", into.to_str().unwrap()];
        assert_eq!(verify(&release, Path::new(archive), &extract).0, 0);
        let folder = std::fs::read_dir(&into).unwrap().next().unwrap().unwrap();
        let page = std::fs::read_to_string(folder.path().join("demo.1"));
        assert_eq!(page.unwrap(), ".TH demo 1\n", "{archive}");
        let completion = folder.path().join("completions/demo.bash");
        assert!(completion.is_file(), "{archive}");
    }

    // A name that is taken, a link, a folder without a file, and one that is missing.
    std::fs::write(added.join("buildinfo.json"), "{}").unwrap();
    assert_eq!(
        release.sign(&["pack", "--add", &name]).status.code(),
        Some(101)
    );
    std::fs::remove_file(added.join("buildinfo.json")).unwrap();
    let empty = added.join("empty");
    std::fs::create_dir(&empty).unwrap();
    let empty = empty.display().to_string();
    assert_eq!(
        release.sign(&["pack", "--add", &empty]).status.code(),
        Some(2)
    );
    let missing = added.join("missing").display().to_string();
    assert_eq!(
        release.sign(&["pack", "--add", &missing]).status.code(),
        Some(101)
    );
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink("/etc/passwd", added.join("link")).unwrap();
        assert_eq!(
            release.sign(&["pack", "--add", &name]).status.code(),
            Some(2)
        );
    }
}

/// What this program cannot do, or a key that is not there, is said before anything is written.
#[test]
fn what_cannot_sign_leaves_nothing_behind() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let absent = ["pack", "--token", "keys/absent"];
    assert_eq!(release.sign(&absent).status.code(), Some(2));
    #[cfg(not(feature = "keyless"))]
    assert_eq!(release.sign(&["pack", "--keyless"]).status.code(), Some(2));
    assert!(!release.released().exists());
}

/// Source is judged by git alone, and what lies in the work tree has to be what was signed.
#[test]
fn a_checkout_is_judged_before_any_of_its_programs_run() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    if !release_gates_tests::required("ssh-keygen") {
        return;
    }
    let git = |args: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let key = release.key("ssh").display().to_string();
        let signing = format!("user.signingkey={key}");
        let ssh = ["-c", "gpg.format=ssh", "-c", &signing];
        let step = release_gate::process::Step::new("git");
        release.must(step.args(identity).args(ssh).args(args))
    };
    let keygen = ["-q", "-t", "ecdsa", "-N", "", "-f", "keys/ssh"];
    release.must(release_gate::process::Step::new("ssh-keygen").args(keygen));
    let canary = release.dir.path().join("target/canary");
    std::fs::create_dir_all(canary.parent().unwrap()).unwrap();
    std::fs::write(release.dir.path().join(".gitattributes"), "* filter=evil\n").unwrap();
    git(&["add", "."]);
    git(&["commit", "-q", "-S", "--amend", "-m", "feat: first"]);
    let message = "release\n\n-----BEGIN PGP SIGNATURE-----\nquoted\n";
    git(&["tag", "-s", "-m", message, "v1.0.0"]);
    let touch = format!("touch {}", canary.display());
    for key in ["filter.evil.clean", "filter.evil.process", "core.fsmonitor"] {
        git(&["config", key, &touch]);
    }
    let source = release.dir.path().join("src/lib.rs");
    let text = std::fs::read_to_string(&source).unwrap();
    std::fs::write(&source, &text).unwrap();

    let key = release.key("ssh.pub").display().to_string();
    let verify = || {
        let args = ["verify-source", "--message-format", "json", "--key", &key];
        verdict(&release.sign(&args))
    };
    assert_eq!(verify(), (0, vec![]));
    assert!(
        !canary.exists(),
        "no program of the clone's configuration ran"
    );

    std::fs::write(&source, format!("{text}// changed\n")).unwrap();
    assert_eq!(verify(), refused("dirty-source"));
    std::fs::write(&source, text).unwrap();
    let exclude = release.dir.path().join(".git/info/exclude");
    std::fs::write(exclude, ".cargo\n").unwrap();
    std::fs::create_dir(release.dir.path().join(".cargo")).unwrap();
    std::fs::write(release.dir.path().join(".cargo/config.toml"), "[build]\n").unwrap();
    assert_eq!(verify(), refused("dirty-source"));
    assert!(!canary.exists());
}

/// What other tools sign and list is judged as bytes, and said to be no more.
#[test]
fn bytes_of_other_makers_are_judged_loudly() {
    use cargo_sign::format::minisign::{MinisignSignature, Prehash};
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let dir = tempfile::tempdir().unwrap();
    let digest = |bytes: &[u8]| release_gate::digest::sha256_bytes(bytes);
    let list = format!(
        "{} *z.bin\n{}  a.bin\n{}  other\n",
        digest(b"z"),
        digest(b"a"),
        digest(b"o")
    );
    let key = ed25519_dalek::SigningKey::from_bytes(&SEED);
    let signature = MinisignSignature::sign(&key, &Prehash::of(list.as_bytes()), "timestamp:1");
    let files: [(&str, &[u8]); 3] = [
        ("sha256.sum", list.as_bytes()),
        ("z.bin", b"z"),
        ("a.bin", b"a"),
    ];
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    let text = signature.render("signature from minisign secret key");
    std::fs::write(dir.path().join("sha256.sum.minisig"), text).unwrap();

    let path = dir.path().join("sha256.sum");
    let bytes_only = ["--bytes-only"];
    let loud = (0, vec!["bytes-only".to_owned()]);
    assert_eq!(verify(&release, &path, &bytes_only), loud);
    assert_eq!(
        verify(&release, &path, &[]).0,
        100,
        "it means nothing to us"
    );
    for usage in [
        &["--expect", "demo"][..],
        &["-p", "demo"],
        &["--extract", "x"],
    ] {
        assert_eq!(
            verify(&release, &path, &[&bytes_only, usage].concat()).0,
            2,
            "{usage:?}"
        );
    }
    std::fs::write(dir.path().join("a.bin"), "evil").unwrap();
    let (code, rules) = verify(&release, &path, &bytes_only);
    assert!(
        code == 100 && rules.contains(&"digest-mismatch".to_owned()),
        "{rules:?}"
    );
}
