//! Uploads to a server of the test's own, and the canaries: secrets that appear nowhere.

use std::io::{Seek as _, Write as _};

use base64::Engine as _;
use cargo_sign::model::presigned::Presigned;
use cargo_sign::transfer::{self, Put, TransferError};
use release_gate::process::{Finished, Runner, Step};

use crate::fixture::*;
use crate::server::{Act, Server};

const CANARY: &str = "CanaryOfTheUrl0123456789";

/// One release and where it goes.
struct Upload {
    release: Release,
    server: Server,
    environment: Vec<(String, String)>,
}

impl Upload {
    fn new() -> Self {
        Self::to(Server::start())
    }

    fn to(server: Server) -> Self {
        let upload = Self {
            release: Release::new(),
            server,
            environment: Vec::new(),
        };

        std::fs::write(upload.release.key("ca.pem"), &upload.server.authority).unwrap();
        let variable = |name: &str| {
            let plain = |c: char| {
                if c.is_ascii_alphanumeric() {
                    c.to_ascii_uppercase()
                } else {
                    '_'
                }
            };
            format!(
                "RELEASE_GATES_UPLOAD_URL_{}",
                name.chars().map(plain).collect::<String>()
            )
        };

        let query =
            format!("X-Amz-SignedHeaders=host%3Bx-amz-checksum-sha256&X-Amz-Signature={CANARY}");
        let files = upload.release.published();
        let environment = files
            .iter()
            .map(|(name, _)| (variable(name), upload.server.url(name, &query)))
            .collect();

        Self {
            environment,
            ..upload
        }
    }

    fn run_with(&self, args: &[&str], environment: &[(&str, &str)]) -> Finished {
        let (public, ca) = (self.release.key("m.pub"), self.release.key("ca.pem"));
        let (public, ca) = (public.display().to_string(), ca.display().to_string());
        let shared = [
            "upload",
            "--key",
            &public,
            "--cacert",
            &ca,
            "--retry-delay",
            "0",
        ];
        let ran = self
            .release
            .sign_with(&[&shared, args].concat(), SEED, environment);
        for text in [&ran.stdout, &ran.stderr] {
            let text = String::from_utf8_lossy(text).to_lowercase();
            assert!(!text.contains(&CANARY.to_lowercase()), "{text}");
        }
        ran
    }

    fn run(&self, args: &[&str]) -> Finished {
        let environment: Vec<_> = self
            .environment
            .iter()
            .map(|(name, url)| (&**name, &**url))
            .collect();
        self.run_with(args, &environment)
    }
}

#[test]
fn a_server_that_signed_its_own_certificate_is_told_from_a_broken_one() {
    let said = Upload::to(Server::self_signed())
        .run(&["--retry", "0"])
        .stderr_text();
    assert!(
        said.contains("signed itself") && !said.contains("CaUsedAsEndEntity"),
        "{said}"
    );
}

#[test]
fn a_release_is_uploaded_once_and_the_list_last() {
    let upload = Upload::new();
    let dry = upload.run(&["--dry-run"]);
    assert!(dry.is_success(), "{}", dry.stderr_text());
    let curl = String::from_utf8(dry.stdout).unwrap();
    let line = "curl --fail --proto '=https' --retry 5 --upload-file 'target/release-gates/demo-1.0.0/release/checksums.txt' \"$RELEASE_GATES_UPLOAD_URL_CHECKSUMS_TXT\"\n";
    assert!(curl.contains(line), "{curl}");
    assert!(
        curl.contains(&format!(
            "to {}/bucket/checksums.txt\n",
            upload.server.address
        )),
        "{curl}"
    );
    assert!(
        upload.server.received().is_empty(),
        "a dry run sends nothing"
    );

    // 500 and then 200; a cut connection; another MD5; another SHA-256; an answer that is not HTTP.
    upload.server.then(&[
        Act::Refuse(500),
        Act::Store,
        Act::Cut(100),
        Act::Store,
        Act::OtherTag,
        Act::OtherSum,
        Act::Nonsense,
        Act::Refuse(503),
    ]);
    let ran = upload.run(&["-v"]);
    assert!(ran.is_success(), "{}", ran.stderr_text());
    let received = upload.server.received();
    let published = upload.release.published();
    assert_eq!(received.len(), published.len() + 6);
    let kept: Vec<_> = received.iter().filter(|request| request.stored).collect();
    for (name, bytes) in &published {
        let request = kept
            .iter()
            .rfind(|request| request.target.contains(&format!("/{name}?").to_lowercase()));
        let request = request.unwrap_or_else(|| panic!("{name} is missing"));
        assert_eq!(&request.body, bytes);
        let sum = base64::engine::general_purpose::STANDARD.encode(request.sha256().as_bytes());
        assert!(
            request
                .headers
                .contains(&format!("x-amz-checksum-sha256: {}", sum.to_lowercase()))
        );
        assert!(
            request.headers.starts_with("put ") && !request.headers.contains("transfer-encoding")
        );
    }
    assert!(
        kept.last().unwrap().target.contains("/checksums.txt?"),
        "the list comes last"
    );

    let ran = upload.run(&[]);
    assert!(
        ran.is_success() && upload.server.received().is_empty(),
        "nothing is uploaded twice"
    );
    let ran = upload.run(&["--again", "checksums.txt"]);
    assert!(ran.is_success() && upload.server.received().len() == 1);
    assert_eq!(upload.run(&["no-such-file"]).status.code(), Some(2));
    assert_eq!(
        upload.run_with(&[], &[]).status.code(),
        Some(2),
        "no URL is set"
    );

    // The folder still verifies with what upload keeps there.
    let public = upload.release.key("m.pub").display().to_string();
    assert!(
        upload
            .release
            .sign(&["verify", "--key", &public])
            .is_success()
    );
}

#[test]
fn what_failed_is_tried_again_only_where_that_can_help_and_later_runs_go_on() {
    let upload = Upload::new();
    upload.server.then(&[Act::Store, Act::Refuse(403)]);
    let ran = upload.run(&[]);
    assert_eq!(ran.status.code(), Some(101));
    assert!(
        ran.stderr_text().contains("403 (AccessDenied)"),
        "{}",
        ran.stderr_text()
    );
    assert_eq!(
        upload.server.received().len(),
        2,
        "what is refused is not sent again"
    );
    let ran = upload.run(&[]);
    assert!(ran.is_success(), "{}", ran.stderr_text());
    assert_eq!(
        upload.server.received().len(),
        upload.release.published().len() - 1,
        "the first was there already"
    );

    upload.server.then(&[Act::Redirect]);
    let ran = upload.run(&["--again"]);
    assert!(
        ran.status.code() == Some(101) && ran.stderr_text().contains("307"),
        "{}",
        ran.stderr_text()
    );
    assert_eq!(upload.server.received().len(), 1);
    upload.server.then(&[Act::OtherSum; 3]);
    let ran = upload.run(&["--again", "--retry", "2"]);
    assert!(ran.status.code() == Some(101) && ran.stderr_text().contains("something else"));
    assert_eq!(upload.server.received().len(), 3);
}

#[test]
fn nothing_is_sent_in_the_clear_to_strangers_or_before_it_verifies() {
    let upload = Upload::new();
    let list = "RELEASE_GATES_UPLOAD_URL_CHECKSUMS_TXT";
    let plain = format!(
        "http://{}/bucket/checksums.txt?{CANARY}",
        upload.server.address
    );

    let user = format!(
        "https://{CANARY}@{}/bucket/checksums.txt",
        upload.server.address
    );

    for url in [&plain, &user] {
        let ran = upload.run_with(&["checksums.txt"], &[(list, url)]);
        assert_eq!(ran.status.code(), Some(2), "{}", ran.stderr_text());
        assert_eq!(
            upload
                .run_with(&["--dry-run", "checksums.txt"], &[(list, url)])
                .status
                .code(),
            Some(2)
        );
    }

    // A server whose certificate nobody vouches for gets nothing.
    let other = Server::start();
    let url = other.url("checksums.txt", CANARY);
    let ran = upload.run_with(&["checksums.txt"], &[(list, &url)]);
    assert_eq!(ran.status.code(), Some(101));
    assert!(
        ran.stderr_text().contains("not secure"),
        "{}",
        ran.stderr_text()
    );

    // A host without a listener.
    let gone = format!("https://127.0.0.1:9/a?{CANARY}");
    assert_eq!(
        upload
            .run_with(&["checksums.txt", "--retry", "1"], &[(list, &gone)])
            .status
            .code(),
        Some(101)
    );

    // What does not hold is not published.
    let archive = upload.release.released().join(upload.release.archive());
    let mut bytes = std::fs::read(&archive).unwrap();
    bytes[40] ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    assert_eq!(upload.run(&["checksums.txt"]).status.code(), Some(100));
    assert!(upload.server.received().is_empty() && other.received().is_empty());
}

#[test]
fn large_files_are_streamed_after_the_server_agreed() {
    let server = Server::start();
    let client = transfer::client(Some(server.authority.as_bytes())).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let bytes = noise(3 << 20);
    file.write_all(&bytes).unwrap();
    let (size, sha256) = (
        bytes.len() as u64,
        release_gate::digest::sha256_bytes(&bytes),
    );
    let url = server.url("large", CANARY);
    let url = Presigned::parse(zeroize::Zeroizing::new(url)).unwrap();
    let mut put = |act: Act, sha256| {
        server.then(&[act]);
        let mut seen = 0;
        let result = transfer::put(
            &client,
            &mut Put {
                url: &url,
                file: &mut file,
                size,
                sha256,
            },
            &mut |sent| seen = sent,
        );
        (result, seen, server.received())
    };
    let (result, seen, received) = put(Act::Store, sha256);
    result.unwrap();
    assert_eq!((seen, received[0].sha256()), (size, sha256));
    assert!(received[0].headers.contains("expect: 100-continue"));
    let (result, seen, received) = put(Act::Refuse(403), sha256);
    assert!(
        matches!(result, Err(TransferError::Status { status: 403, .. })),
        "{result:?}"
    );
    assert!(
        seen < size && received[0].body.is_empty(),
        "nothing was sent to a server that had refused"
    );
    let (result, ..) = put(Act::Cut(1 << 20), sha256);
    assert!(result.is_err_and(|error| error.transient()));
    // The file is not the one that was verified.
    let (result, ..) = put(Act::Store, release_gate::digest::sha256_bytes(b"other"));
    assert!(matches!(result, Err(TransferError::Changed)), "{result:?}");
    file.seek(std::io::SeekFrom::Start(0)).unwrap();
    file.set_len(1 << 20).unwrap();
    let mut short = Put {
        url: &url,
        file: &mut file,
        size,
        sha256,
    };
    assert!(transfer::put(&client, &mut short, &mut |_| {}).is_err());
}

/// Seed, passphrase and the URL's query: in no output, file, child's arguments or child's
/// environment.
#[cfg(unix)]
#[test]
fn secrets_appear_nowhere() {
    use std::os::unix::fs::PermissionsExt;

    const PHRASE: &str = "CanaryOfThePassphrase42";
    const NEW_PHRASE: &str = "CanaryOfTheNextPassphrase43";
    let upload = Upload::new();
    let (root, keys) = (
        upload.release.dir.path(),
        upload.release.dir.path().join("keys"),
    );
    std::fs::write(keys.join("phrase"), format!("{PHRASE}\n")).unwrap();
    std::fs::write(keys.join("new-phrase"), format!("{NEW_PHRASE}\n")).unwrap();
    std::fs::write(keys.join("note"), "signed\n").unwrap();
    // The same key as minisign keeps it without a passphrase.
    let halves = [
        &b"Ed\0\0B2"[..],
        &[0; 48],
        b"an oldid",
        &SEED,
        public(SEED).key.as_bytes(),
        &[0; 32],
    ]
    .concat();
    let minisign = base64::engine::general_purpose::STANDARD.encode(halves);
    std::fs::write(
        keys.join("minisign"),
        format!("untrusted comment: x\n{minisign}\n"),
    )
    .unwrap();
    std::fs::set_permissions(keys.join("minisign"), PermissionsExt::from_mode(0o600)).unwrap();
    std::fs::write(keys.join("other.pub"), public([0x5b; 32]).minisign("other")).unwrap();
    // Programs that note what they are called with, and go on as the real ones.
    let (bin, notes) = (root.join("target/bin"), root.join("target/notes"));
    std::fs::create_dir_all(&bin).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    for program in ["git", "cargo", "rustc"] {
        let real = std::env::split_paths(&path)
            .map(|dir| dir.join(program))
            .find(|path| path.is_file())
            .unwrap();
        let script = format!(
            "#!/bin/sh\n{{ echo \"$0 $*\"; env; cat /proc/$PPID/cmdline /dev/fd/3 /dev/fd/4; [ \"$(id -u)\" = 0 ] || cat /proc/$PPID/environ; }} \
             >> '{}' 2> /dev/null\nexec '{}' \"$@\"\n",
            notes.display(),
            real.display()
        );
        std::fs::write(bin.join(program), script).unwrap();
        std::fs::set_permissions(bin.join(program), PermissionsExt::from_mode(0o755)).unwrap();
    }
    let path =
        std::env::join_paths(std::iter::once(bin).chain(std::env::split_paths(&path))).unwrap();
    let seed = base64::engine::general_purpose::STANDARD.encode(SEED);
    let hex: String = SEED.iter().map(|byte| format!("{byte:02x}")).collect();
    let secrets = [
        &seed[..seed.len() - 4],
        &hex,
        PHRASE,
        NEW_PHRASE,
        CANARY,
        &CANARY.to_lowercase(),
    ];
    let clean = |bytes: &[u8], what: &str| {
        for secret in secrets
            .iter()
            .map(|secret| secret.as_bytes())
            .chain([&SEED[..]])
        {
            assert!(
                !bytes.windows(secret.len()).any(|window| window == secret),
                "{what} holds a secret"
            );
        }
    };
    let mut ran = 0;
    let mut run = |args: &[&str], key: Option<&str>, expected: i32| {
        let script = "exec \"$0\" \"$@\" 3< keys/phrase 4< keys/new-phrase";
        let mut step = Step::new("sh")
            .args(["-c", script, env!("CARGO_BIN_EXE_cargo-sign")])
            .args(args)
            .args(["-v"])
            .current_dir(root)
            .env("PATH", &path)
            .env("CARGO_NET_OFFLINE", "true")
            .env("RELEASE_GATES_STATE_DIR", root.join("target/state"));
        if let Some(key) = key {
            step = step.env("RELEASE_GATES_SIGNING_KEY", key);
        }
        step = upload
            .environment
            .iter()
            .fold(step, |step, (name, url)| step.env(name, url));
        let finished = Runner::new().run(step).unwrap();
        assert_eq!(
            finished.status.code(),
            Some(expected),
            "{args:?}: {}",
            finished.stderr_text()
        );
        clean(&finished.stdout, &format!("stdout of {args:?}"));
        clean(&finished.stderr, &format!("stderr of {args:?}"));
        ran += 1;
    };
    let public = "keys/m.pub";
    let from_env = Some(&*seed);
    run(
        &["keygen", "--out", "keys/locked.key", "--passphrase-fd", "3"],
        None,
        0,
    );
    run(
        &[
            "sign",
            "--key",
            "keys/locked.key",
            "--passphrase-fd",
            "3",
            "keys/note",
        ],
        None,
        0,
    );
    run(
        &[
            "sign",
            "--key",
            "keys/locked.key",
            "--passphrase-fd",
            "9",
            "keys/note",
        ],
        None,
        101,
    );
    let import = [
        "keygen",
        "--import",
        "keys/locked.key",
        "--out",
        "keys/again.key",
    ];
    let phrases = ["--import-passphrase-fd", "3", "--passphrase-fd", "4"];
    run(&[&import[..], &phrases].concat(), None, 0);
    run(
        &[
            &import[..4],
            &["keys/wrong.key"],
            &["--import-passphrase-fd", "4", "--passphrase-fd", "3"],
        ]
        .concat(),
        None,
        101,
    );
    run(
        &[
            "keygen",
            "--import",
            "keys/minisign",
            "--out",
            "keys/taken.key",
            "--passphrase-fd",
            "4",
        ],
        None,
        0,
    );
    run(&["sign", "--key", "keys/minisign", "keys/note"], None, 0);
    run(
        &[
            "sign",
            "--key",
            "keys/taken.key",
            "--passphrase-fd",
            "3",
            "keys/note",
        ],
        None,
        101,
    );
    run(&["sign", "keys/note"], Some(&minisign), 0);
    run(&["sign", "keys/note"], Some(&minisign[4..]), 101);
    run(&["pack", "--zip"], from_env, 0);
    run(&["pack", "--message-format", "json"], from_env, 0);
    run(&["sign", "keys/note"], from_env, 0);
    run(&["sign", "keys/note"], Some(&seed[..seed.len() - 4]), 101);
    run(&["sign", "keys/note"], Some(&hex), 101);
    run(&["keys", "init"], from_env, 0);
    run(&["keys"], from_env, 0);
    run(
        &["keys", "add", "--name", "other", "keys/other.pub"],
        from_env,
        0,
    );
    run(&["keys", "threshold", "2"], from_env, 0);
    run(
        &["keys", "retire", "--last-version", "1.0.0", "other"],
        from_env,
        2,
    );
    run(&["keys", "sign"], from_env, 0);
    run(&["keys", "forget", "demo"], from_env, 0);
    // The keyring asks for two keys now, and only one signed.
    run(&["verify", "--key", public], from_env, 100);
    run(&["verify-source", "--key", public], from_env, 101);
    std::fs::remove_file(root.join("release-keys/keyring.json")).unwrap();
    run(&["pack", "--emit", "signify,raw"], from_env, 0);
    run(
        &[
            "attest",
            "--vsa",
            "--source-uri",
            "https://example.org/demo",
        ],
        from_env,
        0,
    );
    let ca = "keys/ca.pem";
    let to_server = [
        "upload",
        "--key",
        public,
        "--cacert",
        ca,
        "--retry-delay",
        "0",
        "--source-uri",
        "https://example.org/demo",
    ];
    run(
        &[&to_server[..], &["--dry-run", "checksums.txt"]].concat(),
        from_env,
        0,
    );
    upload.server.then(&[Act::Refuse(500), Act::Refuse(403)]);
    run(
        &[&to_server[..], &["checksums.txt"]].concat(),
        from_env,
        101,
    );
    upload.server.then(&[Act::Redirect]);
    run(
        &[&to_server[..], &["checksums.txt"]].concat(),
        from_env,
        101,
    );
    run(
        &[
            &to_server[..],
            &["checksums.txt", "--message-format", "json"],
        ]
        .concat(),
        from_env,
        0,
    );
    run(
        &[
            "upload",
            "--key",
            public,
            "--source-uri",
            "https://example.org/demo",
            "--retry",
            "0",
            "checksums.txt",
            "--again",
        ],
        from_env,
        101,
    );
    assert!(ran > 30);
    let noted = std::fs::read(&notes).unwrap();
    assert!(
        noted.windows(4).any(|word| word == b"git "),
        "the programs were called"
    );
    clean(&noted, "a child's arguments or environment");
    let mut files = 0;
    let mut walk = vec![root.to_owned()];
    while let Some(dir) = walk.pop() {
        for entry in std::fs::read_dir(dir).unwrap().flatten() {
            let path = entry.path();
            if path.is_dir() {
                walk.push(path);
            } else if !["keys/phrase", "keys/new-phrase", "keys/minisign"]
                .iter()
                .any(|name| path.ends_with(name))
            {
                clean(&std::fs::read(&path).unwrap(), &path.display().to_string());
                files += 1;
            }
        }
    }
    assert!(files > 30, "{files} files");
}
