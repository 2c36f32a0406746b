//! Rotations from end to end, as users with stock tools see them.

use std::path::Path;

use release_gate::process::Step;

use super::fixture::*;

/// Numbers that are the same in every run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(11);
        usize::try_from(self.0 >> 33).unwrap() % end
    }
}

/// What a user has: a download, and the committed files of the tag it was made from.
struct User {
    download: tempfile::TempDir,
    keys: tempfile::TempDir,
}

impl User {
    fn of(release: &Release) -> Self {
        let user = Self {
            download: tempfile::tempdir().unwrap(),
            keys: tempfile::tempdir().unwrap(),
        };
        lay_out(user.download.path(), &release.published());
        for name in ["pub", "allowed_signers", "pem"] {
            let committed = format!("release-keys/maintainer.ed25519.{name}");
            std::fs::copy(
                release.dir.path().join(committed),
                user.keys.path().join(name),
            )
            .unwrap();
        }
        user
    }

    /// What the stock tools say of this download with somebody's committed files.
    fn stock_tools(&self, keys: &Path) -> [Option<bool>; 3] {
        let dir = self.download.path();
        let list = std::fs::read(dir.join("checksums.txt")).unwrap();
        let key = |name: &str| keys.join(name).display().to_string();
        let ssh = format!(
            "-Y verify -f {} -I maintainer -n release@demo -s checksums.txt.sshsig",
            key("allowed_signers")
        );

        let openssl = format!(
            "pkeyutl -verify -pubin -inkey {} -rawin -in checksums.txt -sigfile checksums.txt.ed25519",
            key("pem")
        );

        let minisign = format!(
            "-V -q -p {} -m checksums.txt -x checksums.txt.sig",
            key("pub")
        );

        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let run = |program: &str, line: &str, stdin: Vec<u8>| {
            let words = words(line);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            stock(dir, program, &words, stdin)
        };

        [
            run("ssh-keygen", &ssh, list),
            run("openssl", &openssl, Vec::new()),
            run("minisign", &minisign, Vec::new()),
        ]
    }
}

fn all_say(said: [Option<bool>; 3], expected: bool) -> bool {
    said.into_iter()
        .all(|said| said.is_none_or(|said| said == expected))
}

fn keys(release: &Release, seed: [u8; 32], args: &[&str]) {
    let ran = release.sign_with(&[&["keys"], args].concat(), seed, &[]);
    assert!(ran.is_success(), "{args:?}: {}", ran.stderr_text());
}

fn pack(release: &Release, seed: [u8; 32]) -> (i32, Vec<String>) {
    let args = ["pack", "--emit", "raw", "--message-format", "json"];
    verdict(&release.sign_with(&args, seed, &[]))
}

/// A project with a committed key in all its forms, a keyring, and its first release.
fn first_release(seed: [u8; 32]) -> Release {
    let release = Release::unpacked("1.0.0", seed, &[]);
    let committed = release.dir.path().join("release-keys");
    std::fs::create_dir(&committed).unwrap();
    let key = public(seed);
    let write = |ending: &str, text: String| {
        std::fs::write(committed.join(format!("maintainer.ed25519.{ending}")), text).unwrap();
    };
    write("pub", key.minisign("key"));
    write("allowed_signers", key.allowed_signers("maintainer"));
    write("pem", key.pem().unwrap());
    keys(&release, seed, &["init", "--name", "key-0"]);
    release.commit("chore: keys");
    release.build();
    assert_eq!(pack(&release, seed).0, 0);
    release
}

/// Twenty rotations. In each, the steps whose order is free come in a random one; after each, stock
/// tools accept the release with the files of its own tag and with no others, whoever trusts the
/// first key alone is led to the newest, and the key that was replaced signs nothing new.
#[test]
fn twenty_rotations_in_random_order() {
    let mut chance = Chance(2026);
    let mut old = [100; 32];
    let mut release = first_release(old);
    let first_key = release.dir.path().join("keys/first.pub");
    std::fs::write(&first_key, public(old).minisign("first")).unwrap();
    let first_key = first_key.display().to_string();
    let mut before = User::of(&release);

    for round in 1..=20_u8 {
        let new = [100 + round; 32];
        let name = format!("key-{round}");
        let old_name = format!("key-{}", round - 1);
        let last = release.version.clone();
        let public_half = format!("keys/{name}.pub");
        let text = public(new).minisign(&name);
        std::fs::write(release.dir.path().join(&public_half), text).unwrap();
        let rotate = |release: &Release| {
            let args = [
                "rotate",
                "--old",
                &old_name,
                "--name",
                &name,
                "--last-version",
                &last,
            ];
            keys(release, old, &[&args[..], &[&public_half]].concat());
        };
        let version = format!("1.{round}.0");
        match chance.below(3) {
            0 => {
                rotate(&release);
                keys(&release, new, &["sign"]);
                release.raise(&version);
            }
            1 => {
                release.raise(&version);
                release.commit("chore: version");
                rotate(&release);
                keys(&release, new, &["sign"]);
            }
            _ => {
                rotate(&release);
                release.commit("chore: rotated");
                release.raise(&version);
                keys(&release, new, &["sign"]);
            }
        }
        if chance.below(4) == 0 {
            let args = [
                "revoke",
                "--reason",
                "lost",
                "--last-good-version",
                &last,
                &old_name,
            ];
            keys(&release, new, &args);
        }
        release.commit("chore: next release");
        release.build();

        assert_ne!(pack(&release, old).0, 0, "{old_name} signs nothing new");
        assert_eq!(pack(&release, new), (0, vec!["gate-silent".to_owned()]));
        let now = User::of(&release);
        assert!(all_say(now.stock_tools(now.keys.path()), true), "{version}");
        assert!(all_say(now.stock_tools(before.keys.path()), false));
        assert!(all_say(before.stock_tools(now.keys.path()), false));
        assert!(all_say(before.stock_tools(before.keys.path()), true));
        let download = now.download.path().display().to_string();
        let verify = ["verify", "--key", &first_key, "--expect", "demo", &download];
        let verified = release.sign(&verify);
        assert!(verified.is_success(), "{}", verified.stderr_text());
        before = now;
        old = new;
    }
}

/// `ssh-keygen` obeys what narrows a key in a file of several; here such a file is refused.
#[test]
fn narrowed_keys_of_a_file_are_obeyed_or_refused() {
    let release = first_release([7; 32]);
    let user = User::of(&release);
    let [key, other] = [[7; 32], [8; 32]].map(|seed| public(seed).allowed_signers("maintainer"));
    let narrowed = |option: &str| key.replace("maintainer ", &format!("maintainer {option} "));
    let day_before = "valid-before=\"20200101\"";
    let day_after = "valid-after=\"20200101\"";
    let namespace = "namespaces=\"release@demo\"";
    for (lines, stock_says, ours) in [
        (format!("{other}{key}"), true, 0),
        (format!("{other}{}", narrowed(day_after)), true, 101),
        (format!("{other}{}", narrowed(day_before)), false, 101),
        (format!("{}{other}", narrowed(namespace)), true, 101),
        (
            format!("{}{other}", narrowed("namespaces=\"git\"")),
            false,
            101,
        ),
        (other.clone(), false, 100),
    ] {
        let path = user.keys.path().join("allowed_signers");
        std::fs::write(&path, &lines).unwrap();
        let [ssh, ..] = user.stock_tools(user.keys.path());
        assert!(ssh.is_none_or(|said| said == stock_says), "{lines}");
        let download = user.download.path().display().to_string();
        let args = ["verify", "--key", path.to_str().unwrap(), &download];
        assert_eq!(release.sign(&args).status.code(), Some(ours), "{lines}");
    }
}

/// Of two calls that change the keyring at once neither is lost.
#[test]
fn two_changes_at_once_are_both_kept() {
    let release = first_release([7; 32]);
    for number in 1..=4_u8 {
        let path = release.dir.path().join(format!("keys/{number}.pub"));
        std::fs::write(path, public([number; 32]).minisign("key")).unwrap();
    }

    std::thread::scope(|scope| {
        for number in 1..=4_u8 {
            let release = &release;
            scope.spawn(move || {
                let (name, file) = (format!("member-{number}"), format!("keys/{number}.pub"));
                keys(release, [7; 32], &["add", "--name", &name, &file]);
            });
        }
    });

    let listed = release.sign(&["keys", "--message-format", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&listed.stdout).unwrap();
    let names = report["data"]["keys"].as_array().unwrap();
    assert_eq!((names.len(), &report["data"]["version"]), (5, &5.into()));
    let status = release.must(Step::new("git").args(["status", "--porcelain"]));
    let changed = String::from_utf8(status.stdout).unwrap();
    assert_eq!(
        changed,
        " M release-keys/keyring.json\n M release-keys/maintainer.ed25519.allowed_signers\n"
    );
}
