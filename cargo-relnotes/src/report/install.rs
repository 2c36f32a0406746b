//! INSTALL.md: one command for each way, and how to check what was downloaded before it is run.
//!
//! Must never: show a command that skips the check, or an address nobody gave.

use super::document::{Document, DocumentError, Part};
use super::words::{SUMS, verify_command};
use crate::model::links::Links;
use crate::model::release::About;
use crate::model::shipped::{Download, Shipped};

/// Renders the document; `bins` are the programs the package installs.
///
/// # Errors
/// A defect: the document does not read back as it was put in.
pub fn render(
    about: &About,
    shipped: &Shipped,
    bins: &[String],
    is_published: bool,
) -> Result<String, DocumentError> {
    let mut document = Document::new();
    let tag = usual_tag(about);
    let name = &about.package;
    document.heading(
        1,
        &[Part::Text(&format!("Installing {name} {}", about.version))],
    );

    let archives: Vec<(&Download, &String)> = shipped
        .downloads
        .iter()
        .filter_map(|download| Some((download, download.target.as_ref()?)))
        .collect();

    if !archives.is_empty() {
        let base = about.links.as_ref().and_then(|links| links.downloads(&tag));
        from_archives(&mut document, &archives, base.as_deref(), bins);
        if let (Some((example, _)), true) = (archives.first(), shipped.checksums_signed) {
            with_suite(&mut document, about, &example.name);
        }
    }

    if is_published && !bins.is_empty() {
        from_registry(&mut document, about);
    }
    from_source(&mut document, about, &tag, !bins.is_empty());

    document.finish()
}

fn from_archives(
    document: &mut Document,
    archives: &[(&Download, &String)],
    base: Option<&str>,
    bins: &[String],
) {
    document.heading(2, &[Part::Text("From the release archives")]);
    document.paragraph(&[Part::Text(
        if base.is_some() {
            "Each command downloads an archive, checks its SHA-256 digest, and unpacks and installs it only if it is the right one."
        } else {
            "Download an archive first. Each command checks its SHA-256 digest, and unpacks and installs it only if it is the right one."
        },
    )]);

    for (download, target) in archives {
        document.heading(3, &[Part::Text(target)]);
        let digest = download.sha256.to_string();
        if target.contains("windows") {
            document.code_block(
                "powershell",
                &powershell_steps(base, &download.name, &digest),
            );
        } else {
            document.code_block(
                "sh",
                &shell_steps(base, &download.name, &digest, target, bins),
            );
        }
    }

    document.paragraph(&[Part::Text(
        "All files at once, in the folder they were downloaded to:",
    )]);
    document.code_block("sh", SUMS);
    document.paragraph(&[Part::Text(
        "A digest says that a download is whole. SECURITY.md says how to check who made it.",
    )]);
}

/// The list of a release vouches for each of its archives.
fn with_suite(document: &mut Document, about: &About, archive: &str) {
    document.paragraph(&[
        Part::Text("With this suite, which also checks that it is this release; the list and its signature lie beside the archive, and "),
        Part::Code("../release.pub"),
        Part::Text(" is the key that SECURITY.md gives:"),
    ]);
    let command = verify_command(about, "../release.pub", archive);
    document.code_block("sh", &command);
}

fn from_registry(document: &mut Document, about: &About) {
    document.heading(2, &[Part::Text("From crates.io")]);
    document.paragraph(&[Part::Text(
        "Built on your machine, with the dependencies the release was tested with:",
    )]);
    document.code_block(
        "sh",
        &format!("cargo install --locked {}@{}", about.package, about.version),
    );
}

fn from_source(document: &mut Document, about: &About, tag: &str, has_programs: bool) {
    let name = &about.package;
    document.heading(2, &[Part::Text("From source")]);
    match (about.links.as_ref().map(Links::base), has_programs) {
        (Some(base), true) => {
            document.paragraph(&[Part::Text(
                "With the dependencies the release was tested with:",
            )]);
            document.code_block(
                "sh",
                &format!("cargo install --locked --git {base} --tag {tag} {name}"),
            );
        }
        (None, true) => {
            document.paragraph(&[Part::Text(
                "In a checkout, with the dependencies the release was tested with:",
            )]);
            document.code_block(
                "sh",
                &format!("git checkout {tag}\ncargo install --locked --path ."),
            );
        }
        (_, false) => {
            document.paragraph(&[Part::Text("As a dependency, in Cargo.toml:")]);
            document.code_block(
                "toml",
                &format!("[dependencies]\n{name} = \"{}\"", about.version),
            );
        }
    }

    document.paragraph(&[
        Part::Text("The source of this release is commit "),
        Part::Code(about.commit.as_str()),
        Part::Text("."),
    ]);
}

/// What means nothing to a shell.
fn is_plain_in_command(c: char) -> bool {
    c.is_ascii_alphanumeric() || "._+-/@".contains(c)
}

/// The tag of the release, where it can be a part of a command; the usual name for it otherwise.
fn usual_tag(about: &About) -> String {
    about
        .tag
        .clone()
        .filter(|tag| tag.chars().all(is_plain_in_command))
        .unwrap_or_else(|| format!("v{}", about.version))
}

/// Download, check, unpack, install: each step only if the one before succeeded.
fn shell_steps(
    base: Option<&str>,
    file: &str,
    digest: &str,
    target: &str,
    bins: &[String],
) -> String {
    // What each system has: macOS comes without sha256sum.
    let check = if target.contains("apple") {
        "shasum -a 256 --check"
    } else {
        "sha256sum --check --strict"
    };

    let unpack = if file.ends_with(".zip") {
        "unzip"
    } else {
        "tar -xzf"
    };

    let folder = file
        .trim_end_matches(".zip")
        .trim_end_matches(".tgz")
        .trim_end_matches(".tar.gz");

    let mut steps = Vec::new();
    if let Some(base) = base {
        steps.push(format!(
            "curl --proto '=https' --fail --location --remote-name {base}/{file}"
        ));
    }

    steps.push(format!("echo '{digest}  {file}' | {check}"));
    steps.push(format!("{unpack} {file}"));
    if !bins.is_empty() {
        let files: Vec<String> = bins.iter().map(|bin| format!("{folder}/{bin}")).collect();
        steps.push("mkdir -p ~/.local/bin".to_owned());
        steps.push(format!("cp {} ~/.local/bin/", files.join(" ")));
    }

    let note = if base.is_none() {
        "# in the folder the archive was downloaded to\n"
    } else {
        ""
    };

    format!("{note}{}", steps.join(" \\\n  && "))
}

/// The same where there is no shell of Unix.
fn powershell_steps(base: Option<&str>, file: &str, digest: &str) -> String {
    let mut lines = vec!["$ErrorActionPreference = 'Stop'".to_owned()];
    match base {
        Some(base) => lines.push(format!(
            "Invoke-WebRequest -Uri '{base}/{file}' -OutFile '{file}'"
        )),
        None => lines.insert(
            0,
            "# in the folder the archive was downloaded to".to_owned(),
        ),
    }
    lines.push(format!(
        "if ((Get-FileHash -Algorithm SHA256 '{file}').Hash -ne '{digest}') {{ throw '{file} is not what was released' }}"
    ));
    lines.push(if file.ends_with(".zip") {
        format!("Expand-Archive '{file}' -DestinationPath .")
    } else {
        format!("tar -xzf '{file}'")
    });
    lines.join("\n")
}
