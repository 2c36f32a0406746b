//! INSTALL.md: one command for each way, and how to check what was downloaded before it is run.
//!
//! Must never: show a command that skips the check, or an address nobody gave.

use super::document::{Document, DocumentError, Part};
use crate::model::release::Release;
use crate::read::shipped::Shipped;

/// Renders the document.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(release: &Release, shipped: &Shipped, has_binary: bool) -> Result<String, DocumentError> {
    let mut document = Document::new();
    let (name, version) = (&release.package, release.version.to_string());
    let tag = release.tag.clone().unwrap_or_else(|| format!("v{version}"));
    document.heading(1, &[Part::Text(&format!("Installing {name} {version}"))]);
    if !shipped.downloads.is_empty() {
        document.heading(2, &[Part::Text("From the release archives")]);
        document.paragraph(&[Part::Text("Each command downloads an archive, checks its SHA-256 digest and unpacks it only if it is the right one.")]);
        let base = release.repository.as_ref().map(|base| format!("{base}/releases/download/{tag}"));
        for download in shipped.downloads.iter().filter(|download| download.target.is_some()) {
            document.heading(3, &[Part::Text(download.target.as_deref().unwrap_or_default())]);
            document
                .code_block("sh", &one_liner(base.as_deref(), &download.name, &download.sha256.to_string()));
        }
        document.paragraph(&[Part::Text("All files at once, in the folder they were downloaded to:")]);
        document.code_block("sh", "sha256sum --check --strict --ignore-missing checksums.txt");
        document.paragraph(&[Part::Text(
            "A digest says that a download is whole. SECURITY.md says how to check who made it.",
        )]);
    }
    document.heading(2, &[Part::Text("From source")]);
    match (&release.repository, has_binary) {
        (Some(base), true) => {
            document.paragraph(&[Part::Text("With the dependencies the release was tested with:")]);
            document.code_block("sh", &format!("cargo install --locked --git {base} --tag {tag} {name}"));
            document.paragraph(&[Part::Text("In a checkout:")]);
            document.code_block(
                "sh",
                &format!(
                    "git clone --branch {tag} {base}\ncargo install --locked --path PATH_OF_THE_PACKAGE"
                ),
            );
        }
        (None, true) => {
            document.paragraph(&[Part::Text(
                "In a checkout, with the dependencies the release was tested with:",
            )]);
            document.code_block("sh", &format!("git checkout {tag}\ncargo install --locked --path ."));
        }
        (_, false) => {
            document.paragraph(&[Part::Text("As a dependency, in Cargo.toml:")]);
            document.code_block("toml", &format!("[dependencies]\n{name} = \"{version}\""));
        }
    }
    document.paragraph(&[
        Part::Text("The source of this release is commit "),
        Part::Code(release.to.as_str()),
        Part::Text("."),
    ]);
    document.finish()
}

/// Download, check, unpack: each step only if the one before succeeded.
fn one_liner(base: Option<&str>, file: &str, digest: &str) -> String {
    let fetch = base
        .map(|base| format!("curl --proto '=https' --fail --location --remote-name {base}/{file} \\\n  && "))
        .unwrap_or_default();
    let check = if file.ends_with(".zip") {
        format!("echo '{digest}  {file}' | sha256sum --check --strict \\\n  && unzip {file}")
    } else {
        format!("echo '{digest}  {file}' | sha256sum --check --strict \\\n  && tar -xzf {file}")
    };
    let note = if base.is_none() { "# in the folder the archive was downloaded to\n" } else { "" };
    format!("{note}{fetch}{check}")
}
