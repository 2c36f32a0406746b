//! Security tokens: an SSH agent whose key signs as a token's does, with flags and a counter, and what is
//! judged of it.

use std::io::{Read as _, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey};
use release_gate::digest::sha256_bytes;

use super::fixture::*;

const KIND: &[u8] = b"sk-ssh-ed25519@openssh.com";
const APPLICATION: &[u8] = b"ssh:";

fn string(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap();
    [&length.to_be_bytes()[..], bytes].concat()
}

/// The public half, as OpenSSH writes it into a key (PROTOCOL.u2f).
fn public_blob(key: &SigningKey) -> Vec<u8> {
    let bytes = key.verifying_key().to_bytes();
    [string(KIND), string(&bytes), string(APPLICATION)].concat()
}

fn public_line(key: &SigningKey) -> String {
    let kind = std::str::from_utf8(KIND).unwrap();
    format!("{kind} {} token\n", STANDARD.encode(public_blob(key)))
}

/// What a token signs: the digests of application and message, that somebody touched it, and how often
/// it signed.
fn signature(key: &SigningKey, message: &[u8]) -> Vec<u8> {
    let (flags, counter) = ([1], 7_u32.to_be_bytes());
    let signed = [
        &sha256_bytes(APPLICATION).as_bytes()[..],
        &flags,
        &counter,
        sha256_bytes(message).as_bytes(),
    ]
    .concat();
    let raw = key.sign(&signed).to_bytes();
    [string(KIND), string(&raw), flags.to_vec(), counter.to_vec()].concat()
}

/// An agent that holds the key of a token.
fn agent(folder: &Path, key: SigningKey) -> String {
    let path = folder.join("agent.sock");
    let listener = UnixListener::bind(&path).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &key);
        }
    });
    path.display().to_string()
}

fn serve(mut stream: UnixStream, key: &SigningKey) {
    loop {
        let mut length = [0; 4];
        if stream.read_exact(&mut length).is_err() {
            return;
        }
        let mut request = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
        stream.read_exact(&mut request).unwrap();
        let answer = match request[0] {
            // SSH_AGENTC_REQUEST_IDENTITIES
            11 => [
                vec![12],
                1_u32.to_be_bytes().to_vec(),
                string(&public_blob(key)),
                string(b"token"),
            ]
            .concat(),
            // SSH_AGENTC_SIGN_REQUEST: key, data, flags
            13 => {
                let rest = &request[1 + string(&public_blob(key)).len()..];
                let size = u32::from_be_bytes(rest[..4].try_into().unwrap());
                let data = &rest[4..4 + usize::try_from(size).unwrap()];
                [vec![14], string(&signature(key, data))].concat()
            }
            _ => vec![5],
        };
        stream.write_all(&string(&answer)).unwrap();
    }
}

#[test]
fn a_token_signs_the_list_too() {
    if !release_gates_tests::required("ssh-keygen") {
        return;
    }
    let key = SigningKey::from_bytes(&[3; 32]);
    let release = Release::unpacked("1.0.0", SEED, &[]);
    let beside = tempfile::tempdir().unwrap();
    let path = beside.path().join("token.pub");
    std::fs::write(&path, public_line(&key)).unwrap();
    let token = path.display().to_string();
    let socket = agent(beside.path(), key.clone());
    let env = [("SSH_AUTH_SOCK", socket.as_str())];

    // Nobody has it plugged in.
    let absent = [("SSH_AUTH_SOCK", "/nowhere")];
    let ran = release.sign_with(&["pack", "--token", &token], SEED, &absent);
    assert_eq!(ran.status.code(), Some(101), "{}", ran.stderr_text());
    let list = release.released().join("checksums.txt");
    assert!(
        !list.exists(),
        "what was asked for is not there, and no release either"
    );
    let packed = release.sign_with(&["pack", "--token", &token], SEED, &env);
    assert!(packed.is_success(), "{}", packed.stderr_text());

    // A stock tool accepts it.
    let download = tempfile::tempdir().unwrap();
    lay_out(download.path(), &release.published());
    let signers = beside.path().join("signers");
    std::fs::write(&signers, format!("maintainer {}", public_line(&key))).unwrap();
    let list = std::fs::read(download.path().join("checksums.txt")).unwrap();
    let signers = signers.display().to_string();
    let stock_args = [
        "-Y",
        "verify",
        "-f",
        &signers,
        "-I",
        "maintainer",
        "-n",
        "release@demo",
        "-s",
        "checksums.txt.token.sshsig",
    ];
    assert_ne!(
        stock(download.path(), "ssh-keygen", &stock_args, list),
        Some(false)
    );

    let folder = download.path().display().to_string();
    let public = release.key("m.pub").display().to_string();
    let judge = |more: &[&str]| {
        let first = ["verify", "--message-format", "json", "--key", &public];
        let ran = release.sign(&[&first[..], more, &[folder.as_str()]].concat());
        let (code, mut rules) = verdict(&ran);
        rules.retain(|rule| rule != "not-covered");
        (code, rules)
    };
    assert_eq!(judge(&["--token", &token]), (0, vec![]));
    // Nobody asked for it: that is said.
    assert_eq!(judge(&[]), (0, vec!["not-judged-evidence".to_owned()]));

    // Another token, a damaged signature, one of another list, and none at all.
    let refused = (100, vec!["token-signature-invalid".to_owned()]);
    let other = beside.path().join("other.pub");
    std::fs::write(&other, public_line(&SigningKey::from_bytes(&[4; 32]))).unwrap();
    assert_eq!(judge(&["--token", &other.display().to_string()]), refused);
    let file = download.path().join("checksums.txt.token.sshsig");
    let good = std::fs::read(&file).unwrap();
    let mut bad = good.clone();
    bad[200] = if bad[200] == b'A' { b'B' } else { b'A' };
    std::fs::write(&file, bad).unwrap();
    assert_eq!(judge(&["--token", &token]), refused);
    let own = std::fs::read(download.path().join("checksums.txt.sshsig")).unwrap();
    std::fs::write(&file, own).unwrap();
    assert_eq!(judge(&["--token", &token]), refused);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(judge(&["--token", &token]), refused);
    std::fs::write(&file, good).unwrap();

    // Packed again without it, it is gone.
    assert!(release.sign(&["pack"]).is_success());
    assert!(
        !release
            .released()
            .join("checksums.txt.token.sshsig")
            .exists()
    );
}
