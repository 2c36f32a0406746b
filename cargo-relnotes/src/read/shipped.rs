//! What was packed and signed for a release, as far as the documents tell users how to check it.
//!
//! Must never: verify anything. It reads names and digests so that the documents match what is
//! really there.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use release_gate::artifacts::{PackageArtifacts, RELEASE_FOLDER};
use release_gate::git::{CommitId, Git};
use release_gate::public_key::PublicKey;
use release_gate::{Error, Result};

use super::blobs;
use crate::model::release::About;
use crate::model::shipped::{Download, Key, Shipped};

/// Looks into the artifact folder and the project's key folder.
///
/// # Errors
/// `checksums.txt` is there and is none.
pub fn gather(folder: &PackageArtifacts, keys: &Path, about: &About) -> Result<Shipped> {
    let mut shipped = Shipped {
        keys: public_keys(keys),
        ..Shipped::default()
    };

    // Archives lie in the folder of what is published; of releases before there was one, beside it
    // or in another one.
    let mut places = vec![format!("{RELEASE_FOLDER}/"), String::new()];
    let below = std::fs::read_dir(folder.dir())
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir());

    let mut names: Vec<String> = below
        .map(|entry| format!("{}/", entry.file_name().to_string_lossy()))
        .collect();
    names.sort();
    places.extend(names);
    let exists = |name: String| folder.path(&name).is_file();
    shipped.provenance = places
        .iter()
        .any(|place| exists(format!("{place}provenance.intoto.jsonl")));
    shipped.buildinfo = places
        .iter()
        .any(|place| exists(format!("{place}buildinfo.json")));
    for place in &places {
        let Some(bytes) = folder.read(&format!("{place}checksums.txt"))? else {
            continue;
        };
        let text = String::from_utf8_lossy(&bytes);
        if is_of_build(&text) {
            continue;
        }
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let parsed = line
                .split_once([' ', '\t'])
                .and_then(|(digest, name)| Some((digest.parse().ok()?, name)));
            let (sha256, name) = parsed.ok_or_else(|| {
                Error::judge(format!(
                    "`{place}checksums.txt` in the artifact folder has a line that is none: `{}`",
                    line.escape_debug()
                ))
                .with_help("make it again with `cargo sign pack`")
            })?;
            let name = name.trim_start_matches([' ', '*']).to_owned();
            // The name becomes a part of commands people copy.
            if name.starts_with('-')
                || !name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
            {
                return Err(Error::judge(format!(
                    "`{place}checksums.txt` names a file that cannot be a part of a command: `{}`",
                    name.escape_debug()
                ))
                .with_help("release files under names of letters, digits and `._+-`"));
            }
            let target = target_of(&name, about);
            let signed = exists(format!("{place}{name}.sig"));
            shipped.downloads.push(Download {
                name,
                sha256,
                target,
                signed,
            });
        }
        let signature = folder.read(&format!("{place}checksums.txt.sig"))?;
        shipped.checksums_signed = signature.is_some();
        shipped.sshsig = exists(format!("{place}checksums.txt.sshsig"));
        let by = signature.and_then(|bytes| signed_by(&String::from_utf8_lossy(&bytes)));
        let signer = shipped.keys.iter().find(|key| by == Some(key.id));
        shipped.signer = signer.or(shipped.keys.first()).cloned();
        break;
    }

    shipped.downloads.sort_by(|a, b| a.name.cmp(&b.name));

    Ok(shipped)
}

/// Whether a list is the one `cargo repro build` leaves, of programs in `artifacts/`, which nobody
/// downloads: nothing was packed yet.
fn is_of_build(list: &str) -> bool {
    let mut names = list
        .lines()
        .filter_map(|line| line.split_once("  "))
        .map(|(_, name)| name)
        .peekable();
    names.peek().is_some() && names.all(|name| name.starts_with("artifacts/"))
}

/// `x86_64-unknown-linux-gnu` of `demo-1.0.0-x86_64-unknown-linux-gnu.tar.gz`.
fn target_of(name: &str, about: &About) -> Option<String> {
    let rest = name.strip_prefix(&format!("{}-{}-", about.package, about.version))?;
    let stem = [".tar.gz", ".tar.xz", ".tgz", ".zip"]
        .iter()
        .find_map(|end| rest.strip_suffix(end))?;
    Some(stem.to_owned())
}

/// Which key made a minisign signature.
fn signed_by(signature: &str) -> Option<[u8; 8]> {
    let body = STANDARD.decode(signature.lines().nth(1)?).ok()?;
    body.get(2..10)?.try_into().ok()
}

fn public_keys(folder: &Path) -> Vec<Key> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    files.sort();
    let keys = files
        .into_iter()
        .filter(|path| path.extension().is_some_and(|end| end == "pub"))
        .filter_map(|path| {
            let text = std::fs::read_to_string(&path).ok()?;
            let name = path.file_name()?.to_string_lossy().into_owned();
            public_key(&text, format!("release-keys/{name}"))
        });
    keys.collect()
}

/// The public keys a commit holds in its folder of keys.
///
/// # Errors
/// git failed.
pub fn keys_at(git: &Git, commit: &CommitId, workspace: &str) -> Result<Vec<Key>> {
    let folder = super::manifest::join(workspace, "release-keys");
    let listed: Vec<String> = blobs::names_in(git, commit, &folder)?
        .into_iter()
        .filter(|name| name.ends_with(".pub"))
        .collect();
    let names: Vec<String> = listed
        .iter()
        .map(|name| format!("{commit}:{folder}/{name}"))
        .collect();

    let blobs = blobs::read(git, &names)?;
    let keys = listed.into_iter().zip(blobs).filter_map(|(name, blob)| {
        public_key(
            &String::from_utf8_lossy(&blob?.bytes),
            format!("release-keys/{name}"),
        )
    });

    Ok(keys.collect())
}

/// A key in any of the forms the suite reads; `None` for what is none.
fn public_key(text: &str, path: String) -> Option<Key> {
    let key = PublicKey::parse(text).ok()?;
    let pem = key.pem().ok()?;
    let body: Vec<&str> = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    Some(Key {
        path,
        fingerprint: key.fingerprint(),
        line: key.base64(),
        ssh: key.allowed_signers("").trim().to_owned(),
        pem: body.concat(),
        id: key.id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_builds_own_list_is_no_release() {
        let digest = "0".repeat(64);
        assert!(is_of_build(&format!(
            "{digest}  artifacts/x86_64-unknown-linux-gnu/demo\n"
        )));
        assert!(!is_of_build(&format!(
            "{digest}  artifacts/demo\n{digest}  demo.tar.gz\n"
        )));
        assert!(!is_of_build(""));
    }

    #[test]
    fn fingerprints_are_those_of_openssh() {
        // A key of RFC 8032, section 7.1.
        let bytes = [
            0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64,
            0x07, 0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68,
            0xf7, 0x07, 0x51, 0x1a_u8,
        ];

        let bare = STANDARD.encode(bytes);
        let minisign = STANDARD.encode([b"Ed".as_slice(), &[7; 8], &bytes].concat());
        let read = |text: &str| public_key(text, String::new());
        let key = read(&bare).unwrap();
        let same = read(&format!("untrusted comment: x\n{minisign}\n")).unwrap();
        assert_eq!(
            (&same.fingerprint, &same.ssh, &same.pem),
            (&key.fingerprint, &key.ssh, &key.pem)
        );

        assert_eq!(same.line, minisign);
        assert!(key.ssh.starts_with("ssh-ed25519 ") && !key.pem.contains('-'));
        assert_eq!(
            (same.id, key.fingerprint.len()),
            ([7; 8], "SHA256:".len() + 43)
        );

        assert!(read("garbage").is_none() && read("").is_none());
        let signature = STANDARD.encode([b"ED".as_slice(), &[7; 8], &[0; 64]].concat());
        assert_eq!(
            signed_by(&format!(
                "untrusted comment: x\n{signature}\ntrusted comment: y\n"
            )),
            Some([7; 8])
        );

        assert_eq!(signed_by("x"), None);
    }
}
