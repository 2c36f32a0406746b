//! Secret keys: the only place that holds them. They are wiped when dropped, and never printed.
//!
//! A key comes from a file in OpenSSH's or minisign's format (encrypted or not), a PKCS#8 PEM file,
//! an SSH agent that keeps it, or the environment variable `RELEASE_GATES_SIGNING_KEY` (base64 of
//! the 32-byte seed, or the text of a key file). Children never see the variable: every one
//! starts with a cleared environment.

mod agent;
mod minisign;
mod place;
mod secret;

#[cfg(unix)]
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
#[cfg(unix)]
use std::sync::OnceLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::DecodePrivateKey as _;
use release_gate::public_key::{PublicKey, key_id};
use release_gate::{Error, Result};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{Kdf, LineEnding, PrivateKey};
use zeroize::Zeroizing;

use self::agent::AgentKey;
pub use self::place::refuse_open_place;
use self::secret::Holder;
pub use self::secret::Secret;

/// Environment variable that may hold the signing key.
pub const ENV: &str = "RELEASE_GATES_SIGNING_KEY";
/// Longest passphrase, in bytes.
const MAX_PASSPHRASE: u64 = 4096;
/// Largest key file read, in bytes.
const MAX_LEN: u64 = 64 * 1024;

/// The descriptors that the caller gave this process.
#[cfg(unix)]
static INHERITED: OnceLock<BTreeSet<u32>> = OnceLock::new();

/// The descriptors that are open now.
#[cfg(unix)]
fn open_descriptors() -> BTreeSet<u32> {
    let entries = std::fs::read_dir("/dev/fd").into_iter().flatten().flatten();
    let numbers: BTreeSet<u32> = entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    // The one that listed them is closed by now.
    let is_open = |number: &u32| std::fs::metadata(format!("/dev/fd/{number}")).is_ok();
    numbers.into_iter().filter(is_open).collect()
}

/// Whether a descriptor came from the caller. One that this process opened itself, such as the pipe
/// of a child, never ends.
#[cfg(unix)]
fn is_inherited(number: u32) -> bool {
    INHERITED.get_or_init(open_descriptors).contains(&number)
}

/// Other systems have no descriptors of this kind: the file is not found.
#[cfg(not(unix))]
fn is_inherited(_: u32) -> bool {
    true
}

/// Keeps this process's secrets from the programs it starts, and from what is left of it when it
/// crashes: descriptors end with this program, and on Linux the kernel shows memory, environment
/// and descriptors to nobody else (root apart; `PR_SET_DUMPABLE`, prctl(2)). Called once, before
/// anything else.
pub fn close_to_others() {
    #[cfg(unix)]
    {
        // The one named by --passphrase-fd among them.
        close_fds::set_fds_cloexec(3, &[]);
        INHERITED.get_or_init(open_descriptors);
        let none = rustix::process::Rlimit {
            current: Some(0),
            maximum: Some(0),
        };
        // A limit that cannot be lowered leaves things as they are with any other program.
        let _ = rustix::process::setrlimit(rustix::process::Resource::Core, none);
    }
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}

/// Where a passphrase comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Passphrase {
    /// There is none.
    None,
    /// A line read from this file descriptor.
    Descriptor(u32),
    /// Asked for at the terminal.
    Ask,
}

/// Most rounds of bcrypt that an OpenSSH key may ask for; `ssh-keygen` uses 16 or 24 unless it is
/// told otherwise.
const MAX_ROUNDS: u32 = 1024;

/// Makes a new key from the system's randomness.
///
/// # Errors
/// The system gives none.
pub fn generate() -> Result<Secret> {
    let mut seed = Zeroizing::new([0; 32]);
    getrandom::fill(&mut *seed).map_err(|error| {
        Error::judge("the system gives no random numbers").with_source(error.to_string())
    })?;
    Ok(Secret::new(SigningKey::from_bytes(&seed)))
}

/// The text of a key file in OpenSSH's format, encrypted (bcrypt, AES-256-CTR) where there is a
/// passphrase.
///
/// # Errors
/// The passphrase cannot be read, or the encoder failed.
pub fn to_openssh(
    key: &Secret,
    comment: &str,
    passphrase: Passphrase,
) -> Result<Zeroizing<String>> {
    let Holder::Here(key) = &key.holder else {
        return Err(Error::usage("an SSH agent does not give its keys away"));
    };
    let wrong = |error: ssh_key::Error| {
        Error::judge("the key cannot be written").with_source(error.to_string())
    };
    let pair =
        Ed25519Keypair::from_bytes(&Zeroizing::new(key.to_keypair_bytes())).map_err(wrong)?;
    let private = PrivateKey::new(KeypairData::Ed25519(pair), comment).map_err(wrong)?;
    let private = match read_passphrase(passphrase, true)? {
        Some(phrase) => private
            .encrypt(&mut ssh_key::rand_core::OsRng, phrase.as_bytes())
            .map_err(wrong)?,
        None => private,
    };
    private.to_openssh(LineEnding::LF).map_err(wrong)
}

/// The signing key: from a file where one is named, else from the environment.
///
/// # Errors
/// There is none, or it cannot be read; the message never holds any part of it.
pub fn load(file: Option<&Path>, passphrase: Passphrase) -> Result<Secret> {
    if let Some(fingerprint) = file
        .and_then(Path::to_str)
        .and_then(|name| name.strip_prefix(agent::PREFIX))
    {
        let key = AgentKey::find(fingerprint)?;
        return Ok(Secret {
            id: key_id(&key.key),
            holder: Holder::Agent(key),
        });
    }

    if let Some(path) = file {
        let text = read_file(path)?;
        if !is_encrypted(&text) {
            refuse_open_place(path)?;
        }
        let secret = parse(&text, passphrase)
            .map_err(|why| why.of(&format!("the signing key `{}`", path.display())))?;
        // The public half as `keygen` left it there: a key that was imported keeps its id.
        let beside = with_suffix(path, ".pub");
        let text = std::fs::metadata(&beside)
            .ok()
            .filter(|file| file.len() <= MAX_LEN);
        let text = text.and_then(|_| std::fs::read_to_string(&beside).ok());
        let public = text.and_then(|text| PublicKey::parse(&text).ok());
        return Ok(secret.published_among(&public));
    }

    let Some(value) = std::env::var_os(ENV).filter(|value| !value.is_empty()) else {
        return Err(Error::usage("there is no signing key").with_help(format!(
            "name one with --key, or set {ENV}; `cargo sign keygen` makes one"
        )));
    };

    let value = Zeroizing::new(
        value
            .into_string()
            .map_err(|_| Error::judge(format!("{ENV} is not UTF-8")))?,
    );

    parse(&value, passphrase).map_err(|why| why.of(&format!("the key in {ENV}")))
}

/// The file beside a key file: `release.key` and `.pub` are `release.key.pub`.
pub fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

const HELP: &str = "keys are read as OpenSSH, minisign or PKCS#8 files, or as base64 of the 32-byte seed; Ed25519 only";

fn read_file(path: &Path) -> Result<Zeroizing<String>> {
    let wrong = |error| {
        Error::judge(format!("cannot read the signing key `{}`", path.display())).with_source(error)
    };
    let file = match File::open(path) {
        // What was given instead of a file's name is not printed.
        Err(_)
            if path.to_str().is_some_and(|text| {
                parse(text, Passphrase::None).is_ok() || text.contains("-----BEGIN")
            }) =>
        {
            return Err(
                Error::usage("--key names a file, and was given a secret key").with_help(format!(
                    "others may have seen it: make a new one; a key that is not a file goes into {ENV}"
                )),
            );
        }
        opened => opened.map_err(wrong)?,
    };

    let metadata = file.metadata().map_err(wrong)?;
    #[cfg(unix)]
    if std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o077 != 0 {
        return Err(Error::judge(format!(
            "the signing key `{}` can be read by others",
            path.display()
        ))
        .with_help(format!(
            "run `chmod 600 {}`, and make a new key if it lay there for long",
            path.display()
        )));
    }

    if metadata.len() > MAX_LEN {
        return Err(Error::judge(format!(
            "`{}` is too large for a key",
            path.display()
        )));
    }

    let mut text = Zeroizing::new(String::new());
    file.take(MAX_LEN)
        .read_to_string(&mut text)
        .map_err(wrong)?;

    Ok(text)
}

/// Reads a key; errors say why and hold nothing of it.
/// Why a key cannot be used; never any part of it.
#[derive(Debug)]
struct Unusable {
    why: String,
    help: Vec<String>,
}

impl Unusable {
    /// The error about this key.
    fn of(self, key: &str) -> Error {
        let error = Error::judge(format!("{key} cannot be used: {}", self.why));
        if self.help.is_empty() {
            return error.with_help(HELP);
        }
        self.help.into_iter().fold(error, Error::with_help)
    }
}

impl<T: Into<String>> From<T> for Unusable {
    fn from(why: T) -> Self {
        Self {
            why: why.into(),
            help: Vec::new(),
        }
    }
}

/// Whether a passphrase protects a key file, as far as its form is known.
fn is_encrypted(text: &str) -> bool {
    let text = text.trim();
    match minisign::Sealed::parse(text) {
        Some(sealed) => sealed.is_ok_and(|sealed| sealed.is_encrypted()),
        None => PrivateKey::from_openssh(text).is_ok_and(|key| key.is_encrypted()),
    }
}

fn parse(text: &str, passphrase: Passphrase) -> std::result::Result<Secret, Unusable> {
    let text = text.trim();
    let phrase = |passphrase| {
        read_passphrase(passphrase, false).map_err(|error| Unusable {
            why: error.chain(),
            help: error.help().to_vec(),
        })
    };

    if let Some(sealed) = minisign::Sealed::parse(text) {
        let sealed = sealed?;
        // rsign2's keys without a password are encrypted with an empty one.
        let phrase = if sealed.is_encrypted() {
            phrase(passphrase)?
        } else {
            None
        };
        return Ok(sealed.open(phrase.unwrap_or_default().as_bytes())?);
    }

    if text.starts_with("-----BEGIN OPENSSH PRIVATE KEY-----") {
        let key =
            PrivateKey::from_openssh(text).map_err(|_| "it is not an OpenSSH key".to_owned())?;
        let key = if key.is_encrypted() {
            if matches!(key.kdf(), Kdf::Bcrypt { rounds, .. } if *rounds > MAX_ROUNDS) {
                return Err(format!("it asks for more than {MAX_ROUNDS} rounds of bcrypt").into());
            }
            let asked = if passphrase == Passphrase::None {
                Passphrase::Ask
            } else {
                passphrase
            };
            let phrase = phrase(asked)?.ok_or("it is encrypted and there is no passphrase")?;
            key.decrypt(phrase.as_bytes())
                .map_err(|_| "the passphrase is wrong".to_owned())?
        } else {
            key
        };
        let KeypairData::Ed25519(pair) = key.key_data() else {
            return Err("it is not an Ed25519 key".into());
        };
        return Ok(from_seed(&Zeroizing::new(pair.private.to_bytes())));
    }

    if text.starts_with("-----BEGIN PRIVATE KEY-----") {
        return SigningKey::from_pkcs8_pem(text)
            .map(Secret::new)
            .map_err(|_| "it is not an Ed25519 key in PKCS#8 form".into());
    }

    if text.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
        let way = "`openssl pkey -in FILE` writes it plain, and `cargo sign keygen --import` encrypts that again";
        return Err(format!("encrypted PKCS#8 is not read: {way}").into());
    }

    let bytes = Zeroizing::new(
        STANDARD
            .decode(text)
            .map_err(|_| "it is in none of the known forms".to_owned())?,
    );

    let seed: &[u8; 32] = bytes[..]
        .try_into()
        .map_err(|_| "it has not 32 bytes".to_owned())?;

    Ok(from_seed(seed))
}

fn from_seed(seed: &[u8; 32]) -> Secret {
    Secret::new(SigningKey::from_bytes(seed))
}

/// Reads a passphrase; asks twice for a new one.
fn read_passphrase(from: Passphrase, new: bool) -> Result<Option<Zeroizing<String>>> {
    match from {
        Passphrase::None => Ok(None),
        Passphrase::Descriptor(number) => {
            if !is_inherited(number) {
                return Err(Error::usage(format!(
                    "there is no passphrase: file descriptor {number} is not open"
                ))
                .with_help(format!("give it a file: `{number}<FILE`")));
            }
            let path = format!("/dev/fd/{number}");
            let wrong = |error| {
                Error::usage(format!(
                    "cannot read the passphrase from file descriptor {number}"
                ))
                .with_source(error)
            };
            let mut text = Zeroizing::new(String::new());
            File::open(&path)
                .and_then(|file| file.take(MAX_PASSPHRASE + 1).read_to_string(&mut text))
                .map_err(wrong)?;
            let line = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
            if line.len() as u64 > MAX_PASSPHRASE {
                let text = format!(
                    "the passphrase in file descriptor {number} is longer than {MAX_PASSPHRASE} bytes"
                );
                return Err(Error::usage(text).with_help("choose a shorter one"));
            }
            if line.is_empty() {
                return Err(Error::usage(format!(
                    "file descriptor {number} holds no passphrase"
                )));
            }
            Ok(Some(line))
        }
        Passphrase::Ask => {
            let ask = |prompt: &str| {
                rpassword::prompt_password(prompt)
                    .map(Zeroizing::new)
                    .map_err(|error| {
                        Error::usage("there is no terminal to ask for a passphrase")
                            .with_source(error)
                            .with_help("give --passphrase-fd N, or --no-passphrase")
                    })
            };
            let first = ask("passphrase: ")?;
            if new && *ask("passphrase, once more: ")? != *first {
                return Err(Error::usage("the two passphrases differ"));
            }
            if first.is_empty() {
                return Err(Error::usage("the passphrase is empty")
                    .with_help("give --no-passphrase if that is meant"));
            }
            Ok(Some(first))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Secret {
        pub(super) fn here(&self) -> &SigningKey {
            let Holder::Here(key) = &self.holder else {
                panic!("an agent holds it")
            };
            key
        }
    }

    #[test]
    fn a_key_file_reads_back() {
        let key = generate().unwrap();
        let text = to_openssh(&key, "c", Passphrase::None).unwrap();
        assert_eq!(
            parse(&text, Passphrase::None).unwrap().here().to_bytes(),
            key.here().to_bytes()
        );
        assert_eq!(
            parse(&STANDARD.encode(key.here().to_bytes()), Passphrase::None)
                .unwrap()
                .here()
                .to_bytes(),
            key.here().to_bytes()
        );
    }

    #[test]
    fn what_a_key_file_asks_for_is_limited() {
        let key = generate().unwrap();
        let pair = Ed25519Keypair::from_bytes(&key.here().to_keypair_bytes()).unwrap();
        let private = PrivateKey::new(KeypairData::Ed25519(pair), "c").unwrap();
        let kdf = Kdf::Bcrypt {
            salt: vec![7; 16],
            rounds: 1,
        };

        let locked = private
            .encrypt_with(ssh_key::Cipher::Aes256Ctr, kdf, 7, b"x")
            .unwrap();
        let text = locked.to_openssh(LineEnding::LF).unwrap();
        let body: String = text.lines().filter(|line| !line.starts_with('-')).collect();
        let mut blob = STANDARD.decode(body).unwrap();
        let at = blob
            .windows(24)
            .position(|window| window == [&[0, 0, 0, 16][..], &[7; 16], &[0, 0, 0, 1]].concat());
        let at = at.unwrap() + 20;
        blob[at..at + 4].copy_from_slice(&u32::MAX.to_be_bytes());
        let lines: Vec<String> = STANDARD
            .encode(blob)
            .as_bytes()
            .chunks(70)
            .map(|line| String::from_utf8(line.to_vec()).unwrap())
            .collect();

        let hostile = format!(
            "-----BEGIN OPENSSH PRIVATE KEY-----\n{}\n-----END OPENSSH PRIVATE KEY-----\n",
            lines.join("\n")
        );

        assert!(
            parse(&hostile, Passphrase::Descriptor(999))
                .unwrap_err()
                .why
                .contains("rounds of bcrypt")
        );
    }

    #[test]
    fn errors_hold_nothing_of_the_key() {
        let secret = STANDARD.encode([42; 31]);
        let error = parse(&secret, Passphrase::None).unwrap_err().why;
        assert!(!error.contains(&secret[..8]), "{error}");
        let broken = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0c2VjcmV0\n-----END OPENSSH PRIVATE KEY-----";
        assert!(
            !parse(broken, Passphrase::None)
                .unwrap_err()
                .why
                .contains("c2Vj")
        );
    }
}
