//! The verification guide that `cargo relnotes docs` writes, followed literally: its blocks of
//! commands, in a folder that holds what users download and nothing else, without the suite.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::{Path, PathBuf};

use release_gates_tests::{TestEnv, fixtures, required};

/// Blocks of `sh` in a Markdown file.
fn blocks(text: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "```sh" {
            blocks.push(
                lines
                    .by_ref()
                    .take_while(|line| *line != "```")
                    .map(|line| format!("{line}\n"))
                    .collect(),
            );
        }
    }
    blocks
}

/// Where the source of the project is said to live.
const SOURCE: &str = "https://example.org/demo";

/// A release, its guide, and the commands in it.
struct Guide {
    env: TestEnv,
    /// What is published.
    folder: PathBuf,
    list: String,
    text: String,
    /// Blocks of commands of stock tools.
    stock: Vec<String>,
}

impl Guide {
    fn new() -> Self {
        let env = TestEnv::new();
        let dir = project(&env);
        release(&env, &dir, "release");

        Self::of(env, dir.join("target/release-gates/demo-0.1.1/release"))
    }

    /// The guide of the release in this folder.
    fn of(env: TestEnv, folder: PathBuf) -> Self {
        let list = std::fs::read_to_string(folder.join("checksums.txt")).unwrap();
        let text = std::fs::read_to_string(folder.join("SECURITY.md")).unwrap();
        // What is for those who have the suite is checked by itself.
        let (suite, stock): (Vec<String>, Vec<String>) = blocks(&text)
            .into_iter()
            .partition(|block| block.starts_with("cargo"));
        assert!(suite.len() >= 3 && stock.len() >= 5, "{text}");
        let stock = stock
            .into_iter()
            .filter(|block| !block.starts_with("minisign") || required("minisign"))
            .collect();
        Self {
            env,
            folder,
            list,
            text,
            stock,
        }
    }

    /// The first archive.
    fn archive(&self) -> &str {
        let mut names = self.list.lines().filter_map(|line| line.split("  ").nth(1));
        names.find(|name| name.ends_with(".gz")).unwrap()
    }

    /// What is published, as somebody downloads it: the listed files, their signatures, and the
    /// provenance.
    fn download(&self, name: &str) -> PathBuf {
        download(&self.env, &self.folder, &self.list, name)
    }
}

/// A project whose public key is committed, as the documentation tells maintainers.
fn project(env: &TestEnv) -> PathBuf {
    let made = env.run(
        env.path(),
        "cargo-sign",
        ["keygen", "--no-passphrase", "--out", "release.key"],
    );
    assert_eq!(made.code, 0, "{made:#?}");

    let public = std::fs::read_to_string(env.path().join("release.key.pub")).unwrap();
    let keys = [
        ("release-keys/a-spare.pub", SPARE),
        ("release-keys/maintainer.ed25519.pub", &public),
    ];
    let [before @ .., last] = fixtures::DEMO else {
        panic!("the project has versions")
    };
    let files = [last.files, &keys].concat();
    let last = fixtures::Step {
        files: &files,
        ..*last
    };
    env.project("demo", &[before, &[last]].concat())
}

/// Makes a release by the key of this name.
fn release(env: &TestEnv, dir: &Path, key: &str) {
    let key = env.path().join(format!("{key}.key")).display().to_string();
    for (tool, args) in [
        ("cargo-repro", &["build"][..]),
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-sign", &["pack", "--key", &key]),
        (
            "cargo-sign",
            &["attest", "--key", &key, "--source-uri", SOURCE],
        ),
        ("cargo-relnotes", &["docs"]),
        // Again, so that the guide is a part of the release it describes; nothing else changes by
        // that.
        ("cargo-sign", &["pack", "--key", &key]),
        (
            "cargo-sign",
            &["attest", "--key", &key, "--source-uri", SOURCE],
        ),
        ("cargo-sign", &["verify"]),
    ] {
        let ran = env.run(dir, tool, [args, &["--offline"]].concat());
        assert_eq!(ran.code, 0, "{tool} {args:?}: {ran:#?}");
    }
}

#[test]
fn the_guide_is_right() {
    let guide = Guide::new();
    assert!(
        guide.text.contains("ssh-keygen -Y verify") && guide.text.contains("openssl pkeyutl"),
        "{}",
        guide.text
    );

    let good = guide.download("good");
    for block in &guide.stock {
        let (code, said) = sh(&guide.env, &good, block);
        assert_eq!(code, 0, "{block}{said}");
    }
    // The fingerprint that is shown is the one that is named.
    let (_, shown) = sh(&guide.env, &good, "ssh-keygen -lf ../allowed_signers");
    let fingerprint = shown.split_whitespace().nth(1).unwrap();
    assert!(guide.text.contains(fingerprint), "{shown}");

    assert_suite_commands_verify(&guide, &good);
    assert_changes_are_noticed(&guide);
}

/// A rotation: the documents of the next release name the new key, and those of the last one still
/// hold for it.
#[test]
fn after_a_rotation_each_guide_is_right_for_its_release() {
    let before = Guide::new();
    let old_download = before.download("old");
    let Guide {
        env,
        folder,
        text: old_text,
        stock: old_commands,
        ..
    } = before;
    let dir = folder.ancestors().nth(4).unwrap().to_owned();
    let call = |args: &[&str]| {
        let ran = env.run(&dir, "cargo-sign", args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:#?}");
    };
    call(&["keygen", "--no-passphrase", "--out", "../carol.key"]);
    call(&["keys", "init", "--key", "../release.key", "--name", "alice"]);
    let rotate = "keys rotate --key ../release.key --old alice --name carol --last-version 0.1.1 ../carol.key.pub";
    call(&rotate.split(' ').collect::<Vec<_>>());
    call(&["keys", "sign", "--key", "../carol.key"]);
    for file in ["Cargo.toml", "Cargo.lock"] {
        let path = dir.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        let raised = text.replace("version = \"0.1.1\"", "version = \"0.1.2\"");
        assert_ne!(raised, text);
        std::fs::write(&path, raised).unwrap();
    }
    env.git(&dir, 9, &["add", "."]);
    env.git(
        &dir,
        9,
        &["commit", "-qm", "chore: carol signs from 0.1.2 on"],
    );
    release(&env, &dir, "carol");

    let new = Guide::of(env, dir.join("target/release-gates/demo-0.1.2/release"));
    assert_ne!(new.text, old_text);
    let install = std::fs::read_to_string(new.folder.join("INSTALL.md")).unwrap();
    for (key, is_named) in [("release", false), ("carol", true)] {
        let public = new.env.path().join(format!("{key}.key.pub"));
        let public = std::fs::read_to_string(public).unwrap();
        let base64 = public.lines().nth(1).unwrap();
        assert_eq!(new.text.contains(base64), is_named, "{key}: {}", new.text);
        assert!(is_named || !install.contains(base64), "{key}: {install}");
    }
    let new_download = new.download("new");
    for (download, commands, other) in [
        (&new_download, &new.stock, &old_commands),
        (&old_download, &old_commands, &new.stock),
    ] {
        for block in commands {
            let (code, said) = sh(&new.env, download, block);
            assert_eq!(code, 0, "{block}{said}");
        }
        // By the other release's guide something is refused.
        let refused = other
            .iter()
            .any(|block| sh(&new.env, download, block).0 != 0);
        assert!(refused, "{}", download.display());
    }
    assert_suite_commands_verify(&new, &new_download);
}

/// What the suite's own commands say.
#[track_caller]
fn assert_suite_commands_verify(guide: &Guide, good: &Path) {
    let lines = guide.text.lines();
    for line in lines.filter(|line| line.starts_with("cargo-sign verify")) {
        let line = line.replace("SOURCE_URI", SOURCE);
        let args: Vec<&str> = line.split(' ').skip(1).collect();
        let verified = guide.env.run(good, "cargo-sign", args);
        assert!(
            verified.code == 0 && verified.stdout.contains("OK  "),
            "{line}: {verified:#?}"
        );
    }
}

/// Each of the stock tools notices that something was changed.
#[track_caller]
fn assert_changes_are_noticed(guide: &Guide) {
    for (file, commands) in [
        (guide.archive(), &["ssh-keygen -Y", "openssl pkeyutl"][..]),
        ("checksums.txt", &["ssh-keygen -Y"]),
        ("checksums.txt.sshsig", &["ssh-keygen -Y"]),
    ] {
        let bad = guide.download(&format!("bad-{file}"));
        let mut bytes = std::fs::read(bad.join(file)).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        std::fs::write(bad.join(file), bytes).unwrap();

        let refused: Vec<_> = guide
            .stock
            .iter()
            .filter(|block| sh(&guide.env, &bad, block).0 != 0)
            .collect();
        for command in commands {
            assert!(
                refused.iter().any(|block| block.contains(command)),
                "{file}: {command}: {refused:?}"
            );
        }
    }
}

/// Another of the project's keys, first by name: not the one that signed.
const SPARE: &str =
    "untrusted comment: spare\nRWRtaW5pc2lnbgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4\n";

/// What is published: the listed files, their signatures, and the provenance.
fn download(env: &TestEnv, folder: &Path, list: &str, name: &str) -> PathBuf {
    let to = env.path().join("downloads").join(name);
    std::fs::create_dir_all(&to).unwrap();
    let listed = list.lines().filter_map(|line| line.split("  ").nth(1));
    for file in listed.chain(["checksums.txt", "provenance.intoto.jsonl"]) {
        for suffix in ["", ".sig", ".sshsig"] {
            let file = format!("{file}{suffix}");
            if folder.join(&file).is_file() {
                std::fs::copy(folder.join(&file), to.join(&file)).unwrap();
            }
        }
    }
    to
}

fn sh(env: &TestEnv, dir: &Path, line: &str) -> (i32, String) {
    let ran = env.run_step(env.step("sh").current_dir(dir).args(["-c", line]));
    (ran.code, format!("{}{}", ran.stdout, ran.stderr))
}
