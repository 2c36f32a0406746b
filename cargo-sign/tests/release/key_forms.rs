//! Secret keys in every form that is read, and what is made of them.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::EncodePrivateKey as _;
use release_gate::process::{Finished, Runner, Step};

use crate::fixture::*;

/// Seed 0, 1, … 31 and id `minisign`, as minisign writes it without a passphrase (`-W`) and with
/// one: see `key/minisign.rs`.
const PLAIN: &str = "untrusted comment: minisign encrypted secret key\nRWQAAEIyAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAbWluaXNpZ24AAQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHwOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
const LOCKED: &str = "untrusted comment: minisign encrypted secret key\nRWRTY0IyBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcAgAAAAAAAAAAAAAEAAAAADVOZTwXCRfcZ+6BGees4VgO9T7KswqZnI6bCTHtg3RTbpV3itT21e+Fli1FLLoJBfrAo7HDxbtIAYRLe/vtmiR7Aug3UeouvyF3KRynziUmfkqsiOE01mj52y0SAh0FVDEp0k3VNf3Y=\n";
const PASSPHRASE: &str = "correct horse";
/// What minisign published of it.
const PUBLIC: &str = "RWRtaW5pc2lnbgOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";

fn seed() -> [u8; 32] {
    std::array::from_fn(|at| u8::try_from(at).unwrap())
}

/// Runs the program with passphrases on the descriptors 3 and 4, and without a key in the
/// environment.
fn sign(release: &Release, args: &[&str]) -> Finished {
    let root = release.dir.path();
    std::fs::write(root.join("keys/phrase"), format!("{PASSPHRASE}\n")).unwrap();
    std::fs::write(root.join("keys/new-phrase"), "another one\n").unwrap();
    let step = Step::new("sh")
        .args([
            "-c",
            "exec \"$0\" \"$@\" 3< keys/phrase 4< keys/new-phrase",
            env!("CARGO_BIN_EXE_cargo-sign"),
        ])
        .args(args)
        .current_dir(root)
        .env("CARGO_NET_OFFLINE", "true")
        .env("RELEASE_GATES_STATE_DIR", root.join("state"));
    Runner::new().run(step).unwrap()
}

fn secret(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
}

/// The signature of `keys/note` holds for a verifier that knows the id.
fn verifies(release: &Release, public: &str) -> bool {
    let read = |name: &str| std::fs::read(release.key(name)).unwrap();
    let public = minisign_verify::PublicKey::from_base64(public).unwrap();
    let signature =
        minisign_verify::Signature::decode(&String::from_utf8(read("note.sig")).unwrap()).unwrap();
    public.verify(&read("note"), &signature, false).is_ok()
}

#[cfg(unix)]
#[test]
fn every_form_of_a_secret_key_signs() {
    let release = Release::unpacked("1.0.0", seed(), &[]);
    std::fs::write(release.key("note"), "hello\n").unwrap();
    let key = SigningKey::from_bytes(&seed());
    let ours = public(seed()).base64();
    let pkcs8 = key
        .to_pkcs8_pem(ed25519_dalek::pkcs8::spki::der::pem::LineEnding::LF)
        .unwrap();
    let made = sign(
        &release,
        &["keygen", "--out", "keys/made", "--passphrase-fd", "3"],
    );

    assert!(made.is_success(), "{}", made.stderr_text());
    let made = std::fs::read_to_string(release.key("made.pub"))
        .unwrap()
        .lines()
        .nth(1)
        .unwrap()
        .to_owned();

    let forms: [(&str, Option<&str>, &str); 6] = [
        ("seed", Some(&STANDARD.encode(seed())), &ours),
        ("pkcs8", Some(pkcs8.as_str()), &ours),
        ("minisign", Some(PLAIN), PUBLIC),
        ("minisign-locked", Some(LOCKED), PUBLIC),
        (
            "minisign-copied",
            Some(&PLAIN.replace('\n', "\r\n")),
            PUBLIC,
        ),
        ("made", None, &made),
    ];

    for (name, text, public) in forms {
        let path = release.key(name);
        if let Some(text) = text {
            secret(&path, text);
        }
        let argv = [
            "sign",
            "--key",
            path.to_str().unwrap(),
            "--passphrase-fd",
            "3",
            "keys/note",
        ];
        let ran = sign(&release, &argv);
        assert!(ran.is_success(), "{name}: {}", ran.stderr_text());
        assert!(verifies(&release, public), "{name}");
        // Anyone who else may read it may have read it.
        for mode in [0o640, 0o604, 0o660, 0o644] {
            std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(mode))
                .unwrap();
            let ran = sign(&release, &argv);
            assert!(
                ran.status.code() == Some(101) && ran.stderr_text().contains("chmod 600"),
                "{name}"
            );
        }
        // The same from the environment, where a file would be of no use.
        if let Some(text) = text.filter(|_| name != "minisign-locked") {
            let ran = release.sign_with(
                &["sign", "keys/note"],
                [1; 32],
                &[("RELEASE_GATES_SIGNING_KEY", text)],
            );
            assert!(
                ran.is_success() && verifies(&release, public),
                "{name}: {}",
                ran.stderr_text()
            );
        }
    }

    let wrong = [
        "sign",
        "--key",
        "keys/minisign-locked",
        "--passphrase-fd",
        "4",
        "keys/note",
    ];

    secret(&release.key("minisign-locked"), LOCKED);
    let ran = sign(&release, &wrong);
    assert!(
        ran.status.code() == Some(101) && ran.stderr_text().contains("the passphrase is wrong")
    );

    for (name, text, why) in [
        (
            "rsa",
            "-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
            "none of the known forms",
        ),
        (
            "locked",
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "openssl pkey",
        ),
        (
            "public",
            &format!("untrusted comment: x\n{PUBLIC}\n"),
            "none of the known forms",
        ),
        ("short", &STANDARD.encode([1; 31]), "32 bytes"),
        ("empty", "", "32 bytes"),
    ] {
        secret(&release.key(name), text);
        let ran = sign(
            &release,
            &["sign", "--key", &format!("keys/{name}"), "keys/note"],
        );
        assert!(
            ran.status.code() == Some(101) && ran.stderr_text().contains(why),
            "{name}: {}",
            ran.stderr_text()
        );
    }
}

/// A key that is taken over keeps the id under which everybody knows it.
#[cfg(unix)]
/// Who mistakes --key for the place of the secret itself does not find it in a log, too.
#[test]
fn a_secret_given_as_a_file_name_is_not_printed() {
    let release = Release::new();
    let note = release.key("note");
    std::fs::write(&note, "signed\n").unwrap();
    let seed = STANDARD.encode([0x77; 32]);
    let ran = release.sign(&["sign", "--key", &seed, &note.display().to_string()]);
    assert_eq!(ran.status.code(), Some(2), "{}", ran.stderr_text());
    assert!(
        !ran.stderr_text().contains(&seed[..8]),
        "{}",
        ran.stderr_text()
    );
}

#[test]
fn an_imported_key_stays_the_key_it_was() {
    let committed: (&str, &[u8]) = (
        "release-keys/maintainer.ed25519.pub",
        &format!("untrusted comment: x\n{PUBLIC}\n").into_bytes(),
    );

    let release = Release::unpacked("1.0.0", seed(), &[committed]);
    std::fs::write(release.key("note"), "hello\n").unwrap();
    for (name, text, more) in [
        ("plain", PLAIN, &[][..]),
        ("locked", LOCKED, &["--import-passphrase-fd", "3"]),
        ("seed", &STANDARD.encode(seed()), &[]),
    ] {
        let (from, to) = (format!("keys/{name}.minisign"), format!("keys/{name}.key"));
        secret(&release.dir.path().join(&from), text);
        let argv = [
            &[
                "keygen",
                "--import",
                &from,
                "--out",
                &to,
                "--passphrase-fd",
                "4",
            ],
            more,
        ]
        .concat();
        let ran = sign(&release, &argv);
        assert!(ran.is_success(), "{name}: {}", ran.stderr_text());
        let written = std::fs::read_to_string(release.dir.path().join(&to)).unwrap();
        assert!(
            written.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----"),
            "encrypted, in OpenSSH's format"
        );
        let public = std::fs::read_to_string(release.key(&format!("{name}.key.pub"))).unwrap();
        assert_eq!(public.lines().nth(1) == Some(PUBLIC), name != "seed");
        let refused = sign(
            &release,
            &["sign", "--key", &to, "--passphrase-fd", "3", "keys/note"],
        );
        assert_eq!(refused.status.code(), Some(101), "the old passphrase");
        let signed = sign(
            &release,
            &["sign", "--key", &to, "--passphrase-fd", "4", "keys/note"],
        );
        // The seed alone has no id: there the committed public key says it.
        assert!(signed.is_success(), "{}", signed.stderr_text());
        assert!(verifies(&release, PUBLIC), "{name}");
        let mode = std::fs::metadata(release.dir.path().join(&to))
            .unwrap()
            .permissions();
        assert_eq!(
            std::os::unix::fs::PermissionsExt::mode(&mode) & 0o777,
            0o600
        );
        assert_eq!(
            sign(&release, &argv).status.code(),
            Some(2),
            "no key is overwritten"
        );
    }

    let ran = release.sign(&["pack", "--emit", "signify"]);
    assert!(ran.is_success(), "{}", ran.stderr_text());
    let archive = std::fs::read(release.released().join(release.archive())).unwrap();
    let signature = release
        .released()
        .join(format!("{}.sig", release.archive()));
    let signature = minisign_verify::Signature::from_file(signature).unwrap();
    minisign_verify::PublicKey::from_base64(PUBLIC)
        .unwrap()
        .verify(&archive, &signature, false)
        .unwrap();

    assert!(release.sign(&["verify"]).is_success());

    // ssh-keygen reads what was written, and sees the same key.
    let signers = std::fs::read_to_string(release.key("plain.key.allowed_signers")).unwrap();
    let step = Step::new("ssh-keygen").current_dir(release.key("")).args([
        "-y",
        "-P",
        "another one",
        "-f",
        "plain.key",
    ]);

    if stock(
        &release.key(""),
        "ssh-keygen",
        &["-l", "-f", "plain.key.allowed_signers"],
        Vec::new(),
    )
    .is_some()
    {
        let shown =
            String::from_utf8(Runner::new().run(step).unwrap().success().unwrap().stdout).unwrap();
        let key = shown.split_whitespace().nth(1).unwrap();
        assert!(signers.contains(key), "{signers} {shown}");
    }
}

/// In CI there is no terminal: the help says how a passphrase is given there.
#[test]
fn without_a_terminal_the_help_names_the_descriptor() {
    if !release_gates_tests::required("setsid") {
        return;
    }
    let release = Release::unpacked("1.0.0", seed(), &[]);
    let path = release.key("locked");
    secret(&path, LOCKED);
    std::fs::write(release.key("note"), "hello\n").unwrap();
    let step = Step::new("setsid")
        .args(["--wait", env!("CARGO_BIN_EXE_cargo-sign"), "sign", "--key"])
        .arg(&path)
        .arg("keys/note")
        .current_dir(release.dir.path())
        .env("CARGO_NET_OFFLINE", "true");
    let ran = Runner::new().run(step).unwrap();
    assert_eq!(ran.status.code(), Some(101));
    let said = ran.stderr_text();
    assert!(
        said.contains("help: give --passphrase-fd N, or --no-passphrase"),
        "{said}"
    );
}
