//! The verification guide that `cargo relnotes docs` writes, followed literally: its blocks of
//! commands, in a folder that holds what users download and nothing else, without the suite.

#![cfg(unix)]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::path::Path;

use release_gates_tests::{TestEnv, fixtures, has};

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

#[test]
fn the_guide_is_right() {
    let env = TestEnv::new();
    // The public key is committed, as the documentation tells maintainers.
    let made = env.run(
        env.path(),
        "cargo-sign",
        ["keygen", "--no-passphrase", "--out", "release.key"],
    );
    assert_eq!(made.code, 0, "{made:#?}");
    let public = std::fs::read_to_string(env.path().join("release.key.pub")).unwrap();
    let files = [
        ("release-keys/a-spare.pub", SPARE),
        ("release-keys/maintainer.ed25519.pub", &public),
    ];
    let [before @ .., last] = fixtures::DEMO else {
        panic!("the project has versions")
    };
    let files = [last.files, &files].concat();
    let dir = env.project(
        "demo",
        &[
            before,
            &[fixtures::Step {
                files: &files,
                ..*last
            }],
        ]
        .concat(),
    );
    let key = env.path().join("release.key").display().to_string();
    let source = "https://example.org/demo";
    for (tool, args) in [
        ("cargo-repro", &["build"][..]),
        ("cargo-sbom-lite", &["generate"]),
        ("cargo-sign", &["pack", "--key", &key]),
        (
            "cargo-sign",
            &["attest", "--key", &key, "--source-uri", source],
        ),
        ("cargo-relnotes", &["docs"]),
        // Again, so that the guide is a part of the release it describes; nothing else changes by
        // that.
        ("cargo-sign", &["pack", "--key", &key]),
        (
            "cargo-sign",
            &["attest", "--key", &key, "--source-uri", source],
        ),
        ("cargo-sign", &["verify"]),
    ] {
        let ran = env.run(&dir, tool, [args, &["--offline"]].concat());
        assert_eq!(ran.code, 0, "{tool} {args:?}: {ran:#?}");
    }
    let folder = dir.join("target/release-gates/demo-0.1.1");
    let list = std::fs::read_to_string(folder.join("checksums.txt")).unwrap();
    let guide = std::fs::read_to_string(folder.join("SECURITY.md")).unwrap();
    let archive = list
        .lines()
        .find_map(|line| line.split("  ").nth(1).filter(|name| name.ends_with(".gz")));
    let archive = archive.unwrap();
    assert!(
        guide.contains("ssh-keygen -Y verify") && guide.contains("openssl pkeyutl"),
        "{guide}"
    );

    let good = download(&env, &folder, &list, "good");
    // What is for those who have the suite is checked below.
    let (suite, stock): (Vec<String>, Vec<String>) = blocks(&guide)
        .into_iter()
        .partition(|block| block.starts_with("cargo"));
    assert!(suite.len() >= 3 && stock.len() >= 5, "{guide}");
    let stock: Vec<String> = stock
        .into_iter()
        .filter(|block| !block.starts_with("minisign") || has("minisign"))
        .collect();
    for block in &stock {
        let (code, said) = sh(&env, &good, block);
        assert_eq!(code, 0, "{block}{said}");
    }
    // The fingerprint that is shown is the one that is named.
    let (_, shown) = sh(&env, &good, "ssh-keygen -lf ../allowed_signers");
    let fingerprint = shown.split_whitespace().nth(1).unwrap();
    assert!(guide.contains(fingerprint), "{shown}");

    // What the suite's own commands say.
    for line in guide
        .lines()
        .filter(|line| line.starts_with("cargo-sign verify"))
    {
        let line = line.replace("SOURCE_URI", source);
        let args: Vec<&str> = line.split(' ').skip(1).collect();
        let verified = env.run(&good, "cargo-sign", args);
        assert!(
            verified.code == 0 && verified.stdout.contains("OK  "),
            "{line}: {verified:#?}"
        );
    }

    // Each of them notices that something was changed.
    for (file, commands) in [
        (archive, &["ssh-keygen -Y", "openssl pkeyutl"][..]),
        ("checksums.txt", &["ssh-keygen -Y"]),
        ("checksums.txt.sshsig", &["ssh-keygen -Y"]),
    ] {
        let bad = download(&env, &folder, &list, &format!("bad-{file}"));
        let mut bytes = std::fs::read(bad.join(file)).unwrap();
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
        std::fs::write(bad.join(file), bytes).unwrap();
        let refused: Vec<_> = stock
            .iter()
            .filter(|block| sh(&env, &bad, block).0 != 0)
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
fn download(env: &TestEnv, folder: &Path, list: &str, name: &str) -> std::path::PathBuf {
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
