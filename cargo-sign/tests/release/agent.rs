//! Keys that an SSH agent holds: OpenSSH's own, and agents that lie.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixListener;
use std::path::Path;

use release_gate::process::{Runner, Step};

use crate::fixture::*;

/// OpenSSH's agent, until the test ends.
struct Agent {
    process: String,
    socket: String,
}

impl Agent {
    /// With the key of a seed, if it takes one, and one that cannot be used.
    fn start(dir: &Path, seed: [u8; 32]) -> Option<Self> {
        stock(dir, "ssh-agent", &["-h"], Vec::new())?;
        let socket = dir.join("s").display().to_string();
        let ran = Runner::new()
            .run(Step::new("ssh-agent").args(["-s", "-a", &socket]))
            .unwrap();
        let text = String::from_utf8(ran.stdout).unwrap();
        let process = text
            .split("SSH_AGENT_PID=")
            .nth(1)
            .unwrap()
            .split(';')
            .next()
            .unwrap()
            .to_owned();

        let agent = Self { process, socket };
        let bytes = ed25519_dalek::SigningKey::from_bytes(&seed).to_keypair_bytes();
        let pair = ssh_key::private::Ed25519Keypair::from_bytes(&bytes).unwrap();
        let key =
            ssh_key::PrivateKey::new(ssh_key::private::KeypairData::Ed25519(pair), "m").unwrap();
        let ecdsa = dir.join("ecdsa").display().to_string();
        assert_eq!(
            stock(
                dir,
                "ssh-keygen",
                &["-q", "-t", "ecdsa", "-N", "", "-f", &ecdsa],
                Vec::new()
            ),
            Some(true)
        );

        agent.add(std::fs::read(&ecdsa).unwrap());
        agent.add(
            key.to_openssh(ssh_key::LineEnding::LF)
                .unwrap()
                .as_bytes()
                .to_vec(),
        );

        Some(agent)
    }

    fn add(&self, key: Vec<u8>) {
        let step = Step::new("ssh-add")
            .env("SSH_AUTH_SOCK", &self.socket)
            .args(["-q", "-"])
            .stdin(key);
        assert!(Runner::new().run(step).unwrap().is_success());
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let step = Step::new("ssh-agent")
            .env("SSH_AUTH_SOCK", &self.socket)
            .env("SSH_AGENT_PID", &self.process);
        let _ = Runner::new().run(step.arg("-k"));
    }
}

#[test]
fn a_key_that_an_agent_holds_signs_like_one_in_a_file() {
    let dir = tempfile::Builder::new().prefix("a").tempdir().unwrap();
    let Some(agent) = Agent::start(dir.path(), SEED) else {
        return;
    };
    let by_file = Release::new();
    let by_agent = Release::unpacked("1.0.0", SEED, &[]);
    let key = format!("ssh-agent:{}", public(SEED).fingerprint());
    // Another seed in the environment: what signs is the agent's key.
    let run =
        |args: &[&str]| by_agent.sign_with(args, [1; 32], &[("SSH_AUTH_SOCK", &agent.socket)]);
    let packed = run(&["pack", "--zip", "--zst", "--key", &key]);
    assert!(packed.is_success(), "{}", packed.stderr_text());
    // Ed25519 is deterministic: the same release, byte by byte.
    assert_eq!(by_agent.published(), by_file.published());
    let attested = run(&[
        "attest",
        "--vsa",
        "--source-uri",
        "https://example.org/demo",
        "--key",
        &key,
    ]);
    assert!(attested.is_success(), "{}", attested.stderr_text());
    let folder = by_agent.released();
    assert!(folder.join("vsa.intoto.jsonl").is_file());
    let trusted = by_agent.key("m.pub").display().to_string();
    assert!(run(&["verify", "--key", &trusted]).is_success());
    assert_ne!(
        stock(
            &folder,
            "minisign",
            &[
                "-V",
                "-p",
                &trusted,
                "-m",
                "checksums.txt",
                "-x",
                "checksums.txt.sig"
            ],
            Vec::new()
        ),
        Some(false)
    );
    let begun = run(&["keys", "init", "--key", &key, "--name", "m"]);
    assert!(begun.is_success(), "{}", begun.stderr_text());

    for (name, says) in [
        (
            "ssh-agent:SHA256:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
            "ssh-add -l",
        ),
        ("ssh-agent:", "ssh-add -l"),
    ] {
        let ran = run(&["pack", "--key", name]);
        assert_eq!(ran.status.code(), Some(2), "{name}");
        assert!(ran.stderr_text().contains(says), "{}", ran.stderr_text());
    }
    let exported = run(&[
        "keygen",
        "--import",
        &key,
        "--no-passphrase",
        "--out",
        "keys/copy",
    ]);
    assert_eq!(
        exported.status.code(),
        Some(2),
        "{}",
        exported.stderr_text()
    );
    assert!(!by_agent.key("copy").exists());
    // Locked, it refuses; gone, it does not answer; without one, that is said.
    let nothing = |env: &[(&str, &str)], code: i32| {
        let ran = by_agent.sign_with(&["sign", "keys/m.pem", "--key", &key], SEED, env);
        assert_eq!(ran.status.code(), Some(code), "{}", ran.stderr_text());
        assert!(
            ran.stderr_text().contains("SSH agent"),
            "{}",
            ran.stderr_text()
        );
        assert!(!by_agent.key("m.pem.sig").exists());
    };
    nothing(&[("SSH_AUTH_SOCK", "/nonexistent")], 101);
    nothing(&[("SSH_AUTH_SOCK", "")], 2);
    drop(agent);
    nothing(
        &[("SSH_AUTH_SOCK", &dir.path().join("s").display().to_string())],
        101,
    );
}

/// An agent that answers every request with the next of these bytes.
fn liar(dir: &Path, replies: Vec<Vec<u8>>) -> String {
    let path = dir.join("liar");
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for reply in replies {
            let (mut stream, _) = listener.accept().unwrap();
            let mut length = [0; 4];
            stream.read_exact(&mut length).unwrap();
            let mut request = vec![0; u32::from_be_bytes(length) as usize];
            stream.read_exact(&mut request).unwrap();
            // It may have been hung up on.
            let _ = stream.write_all(&reply);
        }
    });
    path.display().to_string()
}

#[test]
fn an_agent_that_lies_makes_no_signature() {
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let dir = tempfile::Builder::new().prefix("a").tempdir().unwrap();
    let text = |bytes: &[u8]| [&u32::try_from(bytes.len()).unwrap().to_be_bytes(), bytes].concat();
    let framed = |kind: u8, body: &[u8]| text(&[&[kind], body].concat());
    let own = public(SEED);
    let list = framed(
        12,
        &[&[0, 0, 0, 1][..], &text(&own.ssh_blob()), &text(b"m")].concat(),
    );
    let signed = |kind: &[u8], bytes: &[u8]| framed(14, &text(&[text(kind), text(bytes)].concat()));
    let sign = |replies: Vec<Vec<u8>>| {
        let socket = liar(dir.path(), replies);
        let key = format!("ssh-agent:{}", own.fingerprint());
        let ran = release.sign_with(
            &["sign", "keys/m.pem", "--key", &key],
            [1; 32],
            &[("SSH_AUTH_SOCK", &socket)],
        );
        assert!(!release.key("m.pem.sig").exists());
        assert!(ran.stderr_text().contains("agent"), "{}", ran.stderr_text());
        ran.status.code().unwrap()
    };
    for (what, reply) in [
        ("refusal", framed(5, b"")),
        ("a signature by nobody", signed(b"ssh-ed25519", &[0; 64])),
        ("a signature of something else", {
            let key = ed25519_dalek::SigningKey::from_bytes(&SEED);
            signed(
                b"ssh-ed25519",
                &ed25519_dalek::Signer::sign(&key, b"other").to_bytes(),
            )
        }),
        (
            "a token's signature",
            signed(b"sk-ssh-ed25519@openssh.com", &[1; 64]),
        ),
        ("another kind", framed(12, b"")),
        ("nothing", Vec::new()),
        ("no body", text(b"")),
        ("more than is read", vec![0xff; 64]),
        ("less than announced", framed(14, &[0; 60])[..20].to_vec()),
    ] {
        assert_eq!(sign(vec![list.clone(), reply]), 101, "{what}");
    }
    for (what, reply, code) in [
        ("no keys", framed(12, &[0; 4]), 2),
        ("keys without end", framed(12, &[0xff; 4]), 101),
        ("nothing", Vec::new(), 101),
        ("a refusal", framed(5, b""), 101),
    ] {
        assert_eq!(sign(vec![reply]), code, "{what}");
    }
}
