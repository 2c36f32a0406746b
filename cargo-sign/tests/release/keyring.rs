//! Keys: rotated, retired, revoked, remembered.

use std::path::{Path, PathBuf};

use base64::Engine as _;

use crate::fixture::*;

const OTHER: [u8; 32] = [0x5b; 32];
const THIRD: [u8; 32] = [0x5c; 32];

/// Someone who downloads releases, with a memory of their own.
struct User {
    dir: tempfile::TempDir,
    through: Release,
}

impl User {
    fn new() -> Self {
        let user = Self {
            dir: tempfile::tempdir().unwrap(),
            through: Release::new(),
        };
        for (name, seed) in [("m.pub", SEED), ("other.pub", OTHER), ("third.pub", THIRD)] {
            std::fs::write(user.dir.path().join(name), public(seed).minisign("test")).unwrap();
        }
        user
    }

    fn path(&self, name: &str) -> String {
        self.dir.path().join(name).display().to_string()
    }

    /// A folder of its own for what is published.
    fn download(&self, name: &str, release: &Release) -> PathBuf {
        let dir = self.dir.path().join(name);
        std::fs::create_dir(&dir).unwrap();
        lay_out(&dir, &release.published());
        dir
    }

    fn verify(&self, args: &[&str], what: &Path) -> (i32, Vec<String>) {
        let state = self.path("state");
        let what = what.display().to_string();
        let args = [&["verify", "--message-format", "json"], args, &[&what]].concat();
        verdict(
            &self
                .through
                .sign_with(&args, SEED, &[("RELEASE_GATES_STATE_DIR", &state)]),
        )
    }
}

fn refused(rules: &[&str]) -> (i32, Vec<String>) {
    (100, rules.iter().map(|rule| (*rule).to_owned()).collect())
}

fn fine() -> (i32, Vec<String>) {
    (0, Vec::new())
}

fn keys(release: &Release, seed: [u8; 32], args: &[&str]) -> i32 {
    let ran = release.sign_with(&[&["keys"], args].concat(), seed, &[]);
    ran.status.code().unwrap()
}

/// Puts the public keys where the project's own tests have them.
fn with_keys(version: &str, seed: [u8; 32]) -> Release {
    let release = Release::of(version, seed);
    for (name, seed) in [("m.pub", SEED), ("other.pub", OTHER), ("third.pub", THIRD)] {
        std::fs::write(release.key(name), public(seed).minisign("test")).unwrap();
    }
    release
}

#[test]
fn a_replay_is_refused_and_a_key_in_the_download_is_not_trusted() {
    let user = User::new();
    let (old, new) = (Release::of("1.0.0", SEED), Release::of("1.10.0", SEED));
    let (old, new) = (user.download("old", &old), user.download("new", &new));
    let key = user.path("m.pub");
    assert_eq!(user.verify(&[], &old).0, 101, "no key is known yet");
    assert_eq!(user.verify(&["--key", &key], &old), fine());
    assert_eq!(user.verify(&["--key", &key], &new), fine());
    // From here on the key is known without being named, and 1.10.0 is the least that is accepted.
    assert_eq!(user.verify(&[], &new), fine());
    assert_eq!(user.verify(&[], &old), refused(&["rollback"]));
    assert_eq!(
        user.verify(&["--key", &key], &old.join("checksums.txt")),
        refused(&["rollback"])
    );
    let archive = old.join(format!("demo-1.0.0-{TARGET}.tar.gz"));
    assert_eq!(
        user.verify(&["--key", &key], &archive),
        refused(&["rollback"])
    );
    assert_eq!(
        user.verify(&["--key", &key, "--allow-rollback"], &old),
        fine()
    );
    assert_eq!(
        user.verify(&[], &old),
        refused(&["rollback"]),
        "going back once lowers nothing"
    );

    // Another key, out of nowhere: for the person at the terminal to judge.
    let stranger = user.download("stranger", &Release::of("1.11.0", OTHER));
    assert_eq!(user.verify(&[], &stranger).0, 100);
    assert_eq!(
        user.verify(&["--key", &user.path("other.pub")], &stranger),
        (0, vec!["key-changed".to_owned()])
    );
    // Naming it judged that call: no later one trusts it.
    assert_eq!(user.verify(&[], &stranger).0, 100);
    assert_eq!(user.verify(&[], &new), fine());
    assert_eq!(
        user.verify(&["--key", &user.path("other.pub")], &stranger)
            .1,
        ["key-changed"]
    );

    // A key that lies in the download is not trusted, whether it is found or named.
    let fresh = User::new();
    let download = fresh.download("new", &Release::of("1.10.0", OTHER));
    let archive = download.join(format!("demo-1.10.0-{TARGET}.tar.gz"));
    let inside = download.join("evil.pub");
    std::fs::write(&inside, public(OTHER).minisign("evil")).unwrap();
    assert_eq!(fresh.verify(&[], &archive), refused(&["key-unpinned"]));
    let named = fresh.verify(&["--key", inside.to_str().unwrap()], &download);
    assert_eq!(named, refused(&["file-unlisted", "key-unpinned"]));
    // Beside a single file lies what people put there: anyone who names a key there says that it is
    // one.
    assert_eq!(
        User::new().verify(&["--key", inside.to_str().unwrap()], &archive),
        fine()
    );
    assert_eq!(fresh.verify(&["--key", "SHA256:nothing"], &archive).0, 101);
    // Its fingerprint, which came another way, makes it one that is trusted.
    assert_eq!(
        fresh.verify(&["--key", &public(OTHER).fingerprint()], &archive),
        fine()
    );
    std::fs::remove_file(&inside).unwrap();
    assert_eq!(fresh.verify(&[], &download), fine());
    let state = fresh.dir.path().join("state/demo.json");
    std::fs::write(&state, "{}").unwrap();
    assert_eq!(
        fresh.verify(&[], &download).0,
        101,
        "a damaged memory is no empty one"
    );
    let forget = ["keys", "forget", "demo"];
    let ran = fresh.through.sign_with(
        &forget,
        SEED,
        &[("RELEASE_GATES_STATE_DIR", &fresh.path("state"))],
    );
    assert!(ran.is_success() && !state.exists());
}

#[test]
fn keys_are_rotated_retired_and_revoked_for_users_who_know_only_the_first() {
    let user = User::new();
    let first = with_keys("1.0.0", SEED);
    let (m, other, third) = ["m.pub", "other.pub", "third.pub"]
        .map(|name| first.key(name).display().to_string())
        .into();
    let ring = first.dir.path().join("release-keys/keyring.json");
    assert_eq!(
        keys(&first, SEED, &["add", "--name", "other", &other]),
        2,
        "there is no keyring yet"
    );
    assert_eq!(keys(&first, SEED, &["init", "--dry-run"]), 0);
    assert!(!ring.exists());
    assert_eq!(keys(&first, SEED, &["init"]), 0);
    assert_eq!(keys(&first, SEED, &["init"]), 2);
    assert_eq!(
        keys(&first, SEED, &["add", "--name", "again", &m]),
        2,
        "the same key under another name"
    );
    assert_eq!(
        keys(&first, OTHER, &["add", "--name", "other", &other]),
        2,
        "a stranger"
    );
    let rotate = [
        "rotate",
        "--old",
        "maintainer",
        "--last-version",
        "1.0.0",
        "--name",
        "other",
        &other,
    ];
    assert_eq!(keys(&first, SEED, &rotate), 0);
    assert_eq!(keys(&first, OTHER, &["add", "--name", "third", &third]), 0);
    let rotated = std::fs::read(&ring).unwrap();
    let listed = first.sign(&["keys"]);
    assert!(listed.is_success());
    let text = String::from_utf8(listed.stdout).unwrap();
    for seed in [SEED, OTHER, THIRD] {
        assert!(text.contains(&public(seed).fingerprint()), "{text}");
    }
    assert!(text.contains("retired, good until 1.0.0"), "{text}");

    // The keyring travels with the release and is listed in it.
    let anchor = public(SEED).minisign("the first key");
    let anchor = anchor.as_bytes();
    let publish = |version: &str, seed: [u8; 32], ring: &[u8]| {
        let release = Release::unpacked(
            version,
            seed,
            &[
                ("release-keys/keyring.json", ring),
                ("release-keys/maintainer.ed25519.pub", anchor),
            ],
        );
        (release.sign(&["pack", "--zip"]), release)
    };
    let key = user.path("m.pub");
    let (packed, release) = publish("1.1.0", OTHER, &rotated);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let new = user.download("new", &release);
    assert!(
        std::fs::read_to_string(new.join("checksums.txt"))
            .unwrap()
            .contains("  keyring.json\n")
    );
    assert_eq!(user.verify(&["--key", &key], &new), fine());
    // The old key signs a new release: anyone who packs it is told, and anyone who downloads it.
    let (packed, release) = publish("1.2.0", SEED, &rotated);
    assert_eq!(packed.status.code(), Some(100));
    assert!(!release.released().exists(), "nothing is left behind");
    let late = user.download("late", &Release::of("1.2.0", SEED));
    let outcome = user.verify(&["--key", &key], &late);
    assert_eq!(outcome.0, 100);
    assert!(
        outcome.1.iter().all(|rule| rule == "key-retired"),
        "{outcome:?}"
    );

    // Revoked by the third key; who knows only the first learns of it by the next release.
    let revoke = [
        "revoke",
        "--reason",
        "stolen",
        "--last-good-version",
        "1.1.0",
        "other",
    ];
    assert_eq!(keys(&first, THIRD, &revoke), 0);
    let revoked = std::fs::read(&ring).unwrap();
    let (packed, release) = publish("1.3.0", THIRD, &revoked);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    let mended = user.download("mended", &release);
    assert_eq!(user.verify(&["--key", &key], &mended), fine());
    // The thief signs with the revoked key and the keyring from before, from inside it, or with
    // none.
    let (_, release) = publish("1.4.0", OTHER, &rotated);
    let theft = user.download("theft", &release);
    let outcome = user.verify(&[], &theft);
    assert_eq!(outcome.0, 100);
    assert_eq!(outcome.1[0], "keyring-rollback");
    assert!(
        outcome.1[1..].iter().all(|rule| rule == "key-revoked"),
        "{outcome:?}"
    );
    let archive = theft.join(format!("demo-1.4.0-{TARGET}.tar.gz"));
    for named in [&[][..], &["--key", &user.path("other.pub")]] {
        let (code, rules) = user.verify(named, &archive);
        assert!(
            code == 100 && rules.iter().all(|rule| rule == "key-revoked"),
            "what was learnt is kept"
        );
    }
    let ring_path = theft.join("keyring.json").display().to_string();
    let fresh = User::new();
    assert_eq!(
        fresh.verify(&["--key", &key, "--keyring", &ring_path], &archive),
        fine(),
        "nobody has told this user"
    );

    // A keyring nobody trusted ever signed, one that forks, one that is cut.
    let stranger = with_keys("1.5.0", OTHER);
    assert_eq!(keys(&stranger, OTHER, &["init"]), 0);
    assert_eq!(keys(&stranger, OTHER, &["add", "--name", "m", &m]), 0);
    let evil = stranger
        .dir
        .path()
        .join("release-keys/keyring.json")
        .display()
        .to_string();
    let judged =
        |user: &User, ring: &str| user.verify(&["--key", &key, "--keyring", ring], &mended);
    assert_eq!(judged(&user, &evil), refused(&["keyring-fork"]));
    let outcome = judged(&User::new(), &evil);
    assert!(
        outcome.0 == 100 && outcome.1[0] == "keyring-untrusted",
        "{outcome:?}"
    );
    let cut = user.path("cut.json");
    std::fs::write(&cut, &revoked[..revoked.len() - 1]).unwrap();
    assert_eq!(judged(&user, &cut), refused(&["keyring-malformed"]));
    let changed = String::from_utf8(revoked)
        .unwrap()
        .replace("\"stolen\"", "\"loaned\"");
    std::fs::write(&cut, changed).unwrap();
    assert_eq!(judged(&user, &cut), refused(&["keyring-invalid"]));
    assert_eq!(judged(&user, &user.path("none.json")).0, 101);
}

#[test]
fn a_threshold_is_met_by_different_keys_only() {
    let release = with_keys("1.0.0", SEED);
    let (other, ring) = (
        release.key("other.pub").display().to_string(),
        release.dir.path().join("release-keys/keyring.json"),
    );
    for (seed, args) in [
        (SEED, &["init"][..]),
        (SEED, &["add", "--name", "other", &other]),
        (SEED, &["threshold", "2"]),
    ] {
        assert_eq!(keys(&release, seed, args), 0, "{args:?}");
    }
    let before = std::fs::read(&ring).unwrap();
    assert_eq!(
        keys(&release, SEED, &["threshold", "3"]),
        2,
        "there are only two keys"
    );
    assert_eq!(keys(&release, SEED, &["threshold", "1"]), 0);
    let list = |release: &Release| verdict(&release.sign(&["keys", "--message-format", "json"]));
    assert_eq!(list(&release), refused(&["keyring-threshold"]));
    assert_eq!(keys(&release, SEED, &["sign"]), 0);
    assert_eq!(
        list(&release),
        refused(&["keyring-threshold"]),
        "the same key again"
    );
    assert_eq!(
        keys(&release, SEED, &["threshold", "2"]),
        2,
        "nothing follows before it is complete"
    );
    assert_eq!(keys(&release, THIRD, &["sign"]), 2, "a stranger");
    assert_eq!(keys(&release, OTHER, &["sign"]), 0);
    assert_eq!(list(&release), fine());
    assert_ne!(std::fs::read(&ring).unwrap(), before);
    // Base64 of the seed is nowhere in what is committed.
    let text = std::fs::read_to_string(&ring).unwrap();
    let seed = base64::engine::general_purpose::STANDARD.encode(SEED);
    assert!(!text.contains(&seed[..20]));
}
