//! SECURITY.md: where to report, which keys to trust, and how to verify what was really shipped.
//!
//! Must never: describe a signature or statement that is not there.

use super::document::{Document, DocumentError, Part};
use super::words::{SUMS, verify_command};
use crate::model::links::Links;
use crate::model::release::About;
use crate::model::shipped::{Download, Key, Shipped};

/// What the maintainers say about reports and repairs. Nothing is promised in their name.
#[derive(Debug, Clone, Copy, Default)]
pub struct Policy<'a> {
    /// Where to report a vulnerability.
    pub contact: Option<&'a str>,
    /// Which versions are repaired.
    pub supported: Option<&'a str>,
}

/// Renders the document.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(
    about: &About,
    shipped: &Shipped,
    policy: Policy<'_>,
) -> Result<String, DocumentError> {
    let mut document = Document::new();
    document.heading(1, &[Part::Text(&format!("Security of {}", about.package))]);
    document.heading(2, &[Part::Text("Reporting a vulnerability")]);
    let contact = policy.contact.map_or(
        "FILL-IN: an address or link (`security-contact` in the configuration)",
        |contact| contact,
    );
    document.paragraph(&[
        Part::Text("Please report it in private, not in an issue: "),
        Part::Text(contact),
    ]);
    document.paragraph(&[Part::Text(
        "Say which version, what an attacker can do, and how to see it.",
    )]);
    if let Some(supported) = policy.supported {
        document.heading(2, &[Part::Text("Supported versions")]);
        document.paragraph(&[Part::Text(supported)]);
    }
    write_keys(&mut document, shipped);
    write_verification(&mut document, about, shipped);
    document.finish()
}

fn write_keys(document: &mut Document, shipped: &Shipped) {
    document.heading(2, &[Part::Text("Keys")]);
    if shipped.keys.is_empty() {
        document.paragraph(&[Part::Text("The project publishes no signing key: releases can be checked for damage, not for who made them.")]);
        return;
    }
    document.paragraph(&[Part::Text("Compare a fingerprint with one from another source (an earlier release, the maintainers) before you trust it.")]);
    for key in &shipped.keys {
        document.item(
            0,
            &[
                Part::Code(&key.path),
                Part::Text(": "),
                Part::Code(&key.fingerprint),
            ],
        );
    }
}

fn write_verification(document: &mut Document, about: &About, shipped: &Shipped) {
    document.heading(2, &[Part::Text("Verifying a release")]);
    let archive = shipped
        .downloads
        .iter()
        .find(|download| download.target.is_some());
    let Some(example) = archive.or(shipped.downloads.first()) else {
        document.paragraph(&[Part::Text(
            "No archives were packed for this release; verify its source by its commit:",
        )]);
        document.code_block("sh", &format!("git rev-parse HEAD   # {}", about.commit));
        return;
    };
    document.paragraph(&[Part::Text(
        "Put the files of the release into one folder, and run the commands there; what they make themselves goes beside that folder.",
    )]);

    let signed = example.signed || shipped.checksums_signed;
    match shipped.signer.as_ref().filter(|_| signed) {
        Some(key) => {
            write_signer(document, &about.package, key);
            signed_list(document, &about.package, shipped);
            if example.signed {
                signed_archive(document, about, &example.name);
            }
            if shipped.provenance {
                write_provenance(document, about, example);
            }
        }
        None => {
            document.paragraph(&[Part::Text("The archives of this release are not signed (or the key is not published): a digest does not say who made a file. Nothing was damaged where every file has the digest that checksums.txt says:")]);
            document.code_block("sh", SUMS);
        }
    }
    if shipped.buildinfo {
        write_rebuild(document, about);
    }
}

/// The key in the three forms its verifiers read.
fn write_signer(document: &mut Document, package: &str, key: &Key) {
    let Key { line, ssh, pem, .. } = key;
    document.paragraph(&[
        Part::Text("The key that signed it, as minisign, OpenSSH and openssl read it. The fingerprint that is shown has to be one you trust, "),
        Part::Code(&key.fingerprint),
        Part::Text(" here:"),
    ]);
    let commands = [
        format!("printf '%s\\n' 'untrusted comment: {package}' '{line}' > ../release.pub"),
        format!("echo 'maintainer {ssh}' > ../allowed_signers"),
        format!(
            "printf '%s\\n' '-----BEGIN PUBLIC KEY-----' '{pem}' '-----END PUBLIC KEY-----' > ../release.pem"
        ),
        "ssh-keygen -lf ../allowed_signers".to_owned(),
    ];
    document.code_block("sh", &commands.join("\n"));
}

/// One signature over the digests of all files.
fn signed_list(document: &mut Document, package: &str, shipped: &Shipped) {
    if shipped.sshsig {
        document.paragraph(&[Part::Text(
            "With what every system has: the list is ours, and every file is the one it lists.",
        )]);
        let ssh = format!(
            "ssh-keygen -Y verify -f ../allowed_signers -I maintainer -n release@{package} -s checksums.txt.sshsig < checksums.txt"
        );
        document.code_block("sh", &format!("{ssh} &&\n{SUMS}"));
    }
    if shipped.checksums_signed {
        document.paragraph(&[Part::Text("With minisign, the same:")]);
        let minisign = "minisign -V -p ../release.pub -x checksums.txt.sig -m checksums.txt";
        document.code_block("sh", &format!("{minisign} &&\n{SUMS}"));
    }
}

fn signed_archive(document: &mut Document, about: &About, file: &str) {
    document.paragraph(&[Part::Text(
        "One archive alone, with minisign or with openssl:",
    )]);
    document.code_block(
        "sh",
        &format!("minisign -V -p ../release.pub -x {file}.sig -m {file}"),
    );
    let openssl = [
        format!("sed -n 2p {file}.sig | base64 -d | tail -c 64 > ../raw.sig"),
        format!("openssl dgst -blake2b512 -binary -out ../hash {file}"),
        "openssl pkeyutl -verify -pubin -inkey ../release.pem -rawin -in ../hash -sigfile ../raw.sig"
            .to_owned(),
    ];
    document.code_block("sh", &openssl.join(" &&\n"));
    document.paragraph(&[Part::Text(
        "With this suite, which also checks that it was signed as this file of this version, and what is inside:",
    )]);
    document.code_block("sh", &verify_command(about, "../release.pub", file));
}

fn write_provenance(document: &mut Document, about: &About, example: &Download) {
    let repository = about.links.as_ref().map(Links::base);
    document.paragraph(&[Part::Text(
        "It was built from this source: the provenance statement names commit and builder.",
    )]);
    if repository.is_none() {
        document.paragraph(&[
            Part::Code("SOURCE_URI"),
            Part::Text(" stands for where you know the source to live:"),
        ]);
    }
    let source = repository.unwrap_or("SOURCE_URI");
    document.code_block(
        "sh",
        &format!(
            "{} --provenance provenance.intoto.jsonl --source-uri {source}",
            verify_command(about, "../release.pub", &example.name)
        ),
    );
}

fn write_rebuild(document: &mut Document, about: &About) {
    document.paragraph(&[
        Part::Text("Build it yourself and compare: buildinfo.json says how it was built. In a checkout of the commit "),
        Part::Code(about.commit.as_str()),
        Part::Text(", with DOWNLOAD for the folder of the release:"),
    ]);
    document.code_block(
        "sh",
        "cargo repro rebuild --buildinfo DOWNLOAD/buildinfo.json --artifacts DOWNLOAD",
    );
}
