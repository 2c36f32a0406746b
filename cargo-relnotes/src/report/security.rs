//! SECURITY.md: where to report, which keys to trust, and how to verify what was really shipped.
//!
//! Must never: describe a signature or statement that is not there.

use super::document::{Document, DocumentError, Part};
use crate::model::release::Release;
use crate::read::shipped::Shipped;

/// Renders the document.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(release: &Release, shipped: &Shipped, contact: Option<&str>) -> Result<String, DocumentError> {
    let mut document = Document::new();
    document.heading(1, &[Part::Text(&format!("Security of {}", release.package))]);
    document.heading(2, &[Part::Text("Reporting a vulnerability")]);
    let contact = contact
        .map_or("FILL-IN: an address or link (`security-contact` in the configuration)", |contact| contact);
    document.paragraph(&[Part::Text("Please report it in private, not in an issue: "), Part::Text(contact)]);
    document.paragraph(&[Part::Text("Say which version, what an attacker can do, and how to see it. You get an answer, a date for the repair, and your name in the advisory if you like.")]);
    document.heading(2, &[Part::Text("Supported versions")]);
    // What cargo takes for compatible with it.
    let version = &release.version;
    let line = match (version.major, version.minor) {
        (0, 0) => version.to_string(),
        (0, minor) => format!("0.{minor}.x"),
        (major, _) => format!("{major}.x"),
    };
    document.paragraph(&[Part::Text(&format!(
        "Repairs are made for the newest release, {version}, and reach those who use {line}."
    ))]);
    keys(&mut document, shipped);
    verification(&mut document, release, shipped);
    document.finish()
}

fn keys(document: &mut Document, shipped: &Shipped) {
    document.heading(2, &[Part::Text("Keys")]);
    if shipped.keys.is_empty() {
        document.paragraph(&[Part::Text("The project publishes no signing key: releases can be checked for damage, not for who made them.")]);
        return;
    }
    document.paragraph(&[Part::Text("Compare a fingerprint with one from another source (an earlier release, the maintainers) before you trust it.")]);
    for key in &shipped.keys {
        document.item(0, &[Part::Code(&key.path), Part::Text(": "), Part::Code(&key.fingerprint)]);
    }
}

fn verification(document: &mut Document, release: &Release, shipped: &Shipped) {
    document.heading(2, &[Part::Text("Verifying a release")]);
    let archive = shipped.downloads.iter().find(|download| download.target.is_some());
    let Some(example) = archive.or(shipped.downloads.first()) else {
        document.paragraph(&[Part::Text(
            "No archives were packed for this release; verify its source by its commit:",
        )]);
        document.code_block("sh", &format!("git rev-parse HEAD   # {}", release.to));
        return;
    };
    document
        .paragraph(&[Part::Text("Nothing was damaged: every file has the digest that checksums.txt says.")]);
    document.code_block("sh", "sha256sum --check --strict --ignore-missing checksums.txt");
    let key = shipped.keys.first();
    match key {
        Some(key) if example.signed => {
            document.paragraph(&[Part::Text("It was made by us, with this suite or with minisign:")]);
            let file = &example.name;
            let commands = format!("cargo sign verify --key {} {file}\nminisign -V -p {} -x {file}.sig -m {file}", key.path, key.path);
            document.code_block("sh", &commands);
            document.paragraph(&[Part::Text("Or without any file of ours but the archive and its signature:")]);
            document.code_block("sh", &format!("minisign -V -P {} -x {file}.sig -m {file}", key.line));
        }
        _ => document.paragraph(&[Part::Text("The archives of this release are not signed (or the key is not published): a digest does not say who made a file.")]),
    }
    if let (Some(key), true) = (key, shipped.checksums_signed) {
        document
            .paragraph(&[Part::Text("The list of digests is signed too, which covers every file at once:")]);
        document
            .code_block("sh", &format!("minisign -V -p {} -x checksums.txt.sig -m checksums.txt", key.path));
    }
    if let Some(signers) = &shipped.allowed_signers {
        document.paragraph(&[Part::Text("OpenSSH alone can check the list, by a second signature:")]);
        document.code_block(
            "sh",
            &format!(
                "ssh-keygen -Y verify -f {signers} -I maintainer -n release@{} -s checksums.txt.sshsig < checksums.txt",
                release.package
            ),
        );
    }
    if shipped.provenance {
        document.paragraph(&[Part::Text(
            "It was built from this source: the provenance statement names commit and builder.",
        )]);
        let source = release.repository.as_deref().unwrap_or("SOURCE_URI");
        let pinned = key.map(|key| format!(" --key {}", key.path)).unwrap_or_default();
        document.code_block(
            "sh",
            &format!(
                "cargo sign verify{pinned} --provenance provenance.intoto.jsonl --source-uri {source} {}",
                example.name
            ),
        );
    }
    if shipped.buildinfo {
        document
            .paragraph(&[Part::Text("Build it yourself and compare: buildinfo.json says how it was built.")]);
        document.code_block("sh", "cargo repro rebuild --buildinfo buildinfo.json --artifacts .");
    }
}
