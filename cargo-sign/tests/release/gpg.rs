//! Tags and commits signed with GPG by git itself, and keys that have expired, were revoked, or are
//! nobody's.

use std::path::{Path, PathBuf};

use release_gate::process::{Runner, Step};

use crate::fixture::*;

/// A home of gpg's with keys to sign with; its agent ends with it.
struct Signer {
    home: tempfile::TempDir,
}

impl Signer {
    /// `None`, said loudly, where the machine has no gpg.
    fn new() -> Option<Self> {
        let home = tempfile::Builder::new().prefix("g").tempdir().unwrap();
        stock(home.path(), "gpg", &["--version"], Vec::new())?;
        Some(Self { home })
    }

    fn gpg(&self, args: &[&str]) -> String {
        let step = Step::new("gpg").env("GNUPGHOME", self.home.path());
        let fixed = [
            "--batch",
            "--no-tty",
            "--pinentry-mode",
            "loopback",
            "--passphrase",
            "",
        ];
        let ran = Runner::new().run(step.args(fixed).args(args)).unwrap();
        assert!(ran.is_success(), "{}", ran.stderr_text());
        String::from_utf8_lossy(&ran.stdout).into_owned()
    }

    /// Makes a key and exports its public half; returns its fingerprint and the file.
    fn key(&self, user: &str, into: &Path) -> (String, PathBuf) {
        self.gpg(&["--quick-generate-key", user, "ed25519", "sign"]);
        let listed = self.gpg(&["--with-colons", "--list-keys", user]);
        let fingerprint = listed
            .lines()
            .find_map(|line| line.strip_prefix("fpr:::::::::"))
            .unwrap();
        let fingerprint = fingerprint.trim_end_matches(':').to_owned();
        let path = into.join(format!("{}.asc", user.split(' ').next().unwrap()));
        std::fs::write(&path, self.gpg(&["--armor", "--export", &fingerprint])).unwrap();
        (fingerprint, path)
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        let step = Step::new("gpgconf")
            .env("GNUPGHOME", self.home.path())
            .args(["--kill", "all"]);
        let _ = Runner::new().run(step);
    }
}

#[test]
fn source_may_be_signed_with_gpg() {
    let Some(signer) = Signer::new() else { return };
    let release = Release::new();
    let keys = release.dir.path().join("keys");
    let (fingerprint, file) = signer.key("maintainer <m@example.org>", &keys);
    let (stranger, stranger_file) = signer.key("stranger <s@example.org>", &keys);
    let past = ["--faked-system-time", "20200101T000000!"];
    // Made in 2020 for a day; what it signs then is signed with a key that has expired since.
    signer.gpg(
        &[
            &past[..],
            &[
                "--quick-generate-key",
                "expired <e@example.org>",
                "ed25519",
                "sign",
                "1d",
            ],
        ]
        .concat(),
    );
    let expired_file = keys.join("expired.asc");
    std::fs::write(
        &expired_file,
        signer.gpg(&["--armor", "--export", "e@example.org"]),
    )
    .unwrap();
    let program = keys.join("gpg-2020");
    std::fs::write(
        &program,
        format!("#!/bin/sh\nexec gpg {} \"$@\"\n", past.join(" ")),
    )
    .unwrap();
    std::fs::set_permissions(
        &program,
        std::os::unix::fs::PermissionsExt::from_mode(0o755),
    )
    .unwrap();

    let sign_as = |key: &str, program: &str| {
        for args in [
            &["commit", "-q", "--amend", "-S", "-m", "feat: first"][..],
            &["tag", "-f", "-s", "-m", "one", "v1.0.0"],
        ] {
            let (key, program) = (
                format!("user.signingKey={key}"),
                format!("gpg.program={program}"),
            );
            let fixed = [
                "-c",
                "user.name=t",
                "-c",
                "user.email=t@example.org",
                "-c",
                &key,
                "-c",
                &program,
            ];
            release.must(
                Step::new("git")
                    .env("GNUPGHOME", signer.home.path())
                    .args(fixed)
                    .args(args),
            );
        }
    };
    let run = |more: &[&str], env: &[(&str, &str)]| {
        let args = [&["verify-source", "--message-format", "json"][..], more].concat();
        release.sign_with(&args, release.seed, env)
    };
    let source = |ran: &release_gate::process::Finished| {
        let (code, mut rules) = verdict(ran);
        // Said where the keys lie in the checkout, and are not committed.
        rules.retain(|rule| !["dirty-source", "source-key-unpinned"].contains(&rule.as_str()));
        (code, rules)
    };
    let verify = |more: &[&str]| source(&run(more, &[]));
    let path = |path: &Path| path.display().to_string();
    let unsigned = || {
        (
            100,
            vec!["tag-unsigned".to_owned(), "commit-unsigned".to_owned()],
        )
    };

    sign_as(&fingerprint, "gpg");
    let ours = path(&file);
    assert_eq!(verify(&["--gpg-key", &ours]), (0, vec![]));
    assert_eq!(
        verify(&["--gpg-key", &ours, "--gpg-key", &path(&stranger_file)]),
        (0, vec![])
    );
    assert_eq!(verify(&["--gpg-key", &path(&stranger_file)]), unsigned());
    assert_eq!(
        verify(&["--key", &path(&release.key("m.pub"))]),
        unsigned(),
        "a GPG signature and no GPG key"
    );
    assert_eq!(
        verify(&["--gpg-key", &ours, "--gpg-key", &fingerprint.to_lowercase()]),
        (0, vec![])
    );
    // The keys at hand are not all trusted: only those named are.
    let both = [
        "--gpg-key",
        &ours,
        "--gpg-key",
        &path(&stranger_file),
        "--gpg-key",
        &stranger,
    ];
    assert_eq!(verify(&both), unsigned());
    assert_eq!(
        verify(&["--gpg-key", &ours, "--gpg-key", &stranger]).0,
        101,
        "no file holds it"
    );
    assert_eq!(verify(&["--gpg-key", &path(&program)]).0, 101, "no key");
    assert_eq!(verify(&["--gpg-key", "keys/missing.asc"]).0, 101);
    // A keyring of the user's is not looked at.
    let user = signer.home.path().display().to_string();
    let theirs = run(
        &["--gpg-key", &path(&stranger_file)],
        &[("GNUPGHOME", &user), ("HOME", &user)],
    );
    assert_eq!(source(&theirs), unsigned());
    // Committed keys are the default.
    let committed = release.dir.path().join("release-keys");
    std::fs::create_dir(&committed).unwrap();
    std::fs::copy(&file, committed.join("maintainer.asc")).unwrap();
    std::fs::write(
        release.dir.path().join(".git/info/exclude"),
        "/release-keys\n",
    )
    .unwrap();
    assert_eq!(verify(&[]), (0, vec![]));
    assert_eq!(verify(&["--gpg-key", &fingerprint]), (0, vec![]));

    // `git verify-tag` calls it good under any name.
    release.must(Step::new("git").args(["update-ref", "refs/tags/v2.0.0", "refs/tags/v1.0.0"]));
    assert_eq!(
        verify(&["v2.0.0"]),
        (
            100,
            vec!["tag-renamed".to_owned(), "version-mismatch".to_owned()]
        )
    );
    release.must(Step::new("git").args(["tag", "-d", "v2.0.0"]));
    // Without gpg nothing can be judged.
    let bare = tempfile::tempdir().unwrap();
    let search = std::env::var_os("PATH").unwrap();
    for program in ["git", "cargo", "rustc"] {
        let found = std::env::split_paths(&search)
            .map(|dir| dir.join(program))
            .find(|path| path.is_file())
            .unwrap();
        std::os::unix::fs::symlink(found, bare.path().join(program)).unwrap();
    }
    let without = run(&[], &[("PATH", bare.path().to_str().unwrap())]);
    assert_eq!(
        without.status.code(),
        Some(101),
        "{}",
        without.stderr_text()
    );
    assert!(
        without.stderr_text().contains("gpg"),
        "{}",
        without.stderr_text()
    );

    // The signed bytes, changed.
    let object = release
        .must(Step::new("git").args(["cat-file", "tag", "v1.0.0"]))
        .stdout;
    let object = String::from_utf8(object).unwrap();
    for (from, to) in [
        ("\none\n", "\ntwo\n"),
        ("tagger t", "tagger u"),
        ("-----END", "\n-----END"),
        ("SIGNATURE-----\n\n", "SIGNATURE-----\nVersion: x\n\n"),
    ] {
        let changed = object.replacen(from, to, 1);
        assert_ne!(changed, object);
        let id = release
            .must(
                Step::new("git")
                    .args(["hash-object", "-t", "tag", "-w", "--stdin"])
                    .stdin(changed),
            )
            .stdout;
        let id = String::from_utf8(id).unwrap();
        release.must(Step::new("git").args(["update-ref", "refs/tags/v1.0.0", id.trim()]));
        let fine = from.starts_with("-----END") || from.starts_with("SIGNATURE");
        let (code, rules) = verify(&[]);
        // Blank lines and headers of the armour are not signed and say nothing.
        assert!(
            rules == ["tag-unsigned"] || fine && code == 0,
            "{from}: {rules:?}"
        );
    }
    let twice = format!("{object}{}", &object[object.find("-----BEGIN").unwrap()..]);
    let id = release
        .must(
            Step::new("git")
                .args(["hash-object", "-t", "tag", "-w", "--stdin"])
                .stdin(twice),
        )
        .stdout;
    release.must(Step::new("git").args([
        "update-ref",
        "refs/tags/v1.0.0",
        String::from_utf8(id).unwrap().trim(),
    ]));
    assert_eq!(
        verify(&[]),
        (100, vec!["tag-unsigned".to_owned()]),
        "two signatures"
    );

    sign_as("e@example.org", &path(&program));
    let expired = run(&["--gpg-key", &path(&expired_file)], &[]);
    assert_eq!(source(&expired), unsigned());
    assert!(
        expired.stderr_text().contains("has expired"),
        "{}",
        expired.stderr_text()
    );

    // Revoked: the certificate gpg wrote when it made the key, without the colon that keeps it from
    // being used by mistake.
    sign_as(&fingerprint, "gpg");
    assert_eq!(verify(&[]), (0, vec![]));
    let certificate = signer
        .home
        .path()
        .join(format!("openpgp-revocs.d/{fingerprint}.rev"));
    let revocation = std::fs::read_to_string(certificate)
        .unwrap()
        .replace(":-----BEGIN", "-----BEGIN");
    std::fs::write(keys.join("revocation"), revocation).unwrap();
    signer.gpg(&["--import", &path(&keys.join("revocation"))]);
    std::fs::write(
        committed.join("maintainer.asc"),
        signer.gpg(&["--armor", "--export", &fingerprint]),
    )
    .unwrap();
    let revoked = run(&[], &[]);
    assert_eq!(source(&revoked), unsigned());
    assert!(
        revoked.stderr_text().contains("was revoked"),
        "{}",
        revoked.stderr_text()
    );
}
