//! The commands that verify a download.

use std::fmt::Write as _;

use release_gate::ReportData;
use release_gate::facts::report::buildinfo::BuildInfo;
use release_gate::process::shell_word;
use release_gate::text::{markup, visible};

use super::folder::Folder;

/// Commands for anyone who downloads. They name the programs, not cargo: cargo heeds the configuration
/// of the folder it is called in, which came with the download.
pub(crate) fn verification(out: &mut String, folder: &Folder) {
    if folder.archives.is_empty() {
        return;
    }

    out.push_str(
        "<h3>Verify</h3>\n<p>In the folder of the download, with the maintainers' public key one folder above, so that nothing downloaded takes its place:</p>\n\
         <pre tabindex=\"0\" role=\"group\" aria-label=\"Commands that verify the download\">",
    );
    list_commands(out, folder);
    let unusual = archive_commands(out, &folder.archives);
    out.push_str("</pre>\n");
    for archive in unusual {
        let _ = writeln!(
            out,
            "<p class=\"not-judged\">No command is given for <code>{}</code>: its name has characters that cannot be seen.</p>",
            markup(archive)
        );
    }

    let rebuilt = folder.said(BuildInfo::NAME);
    if let Some(commit) = rebuilt.and_then(|said| said.subject.commit.as_ref()) {
        let _ = writeln!(
            out,
            "<p>In a clone of the source, whether it gives these bytes:</p>\n\
             <pre tabindex=\"0\" role=\"group\" aria-label=\"Commands that build the release again\">git checkout {commit}\n\
             cargo-repro rebuild --buildinfo ../download/{}</pre>",
            BuildInfo::FILE
        );
    }
}

/// The commands for the list of digests.
fn list_commands(out: &mut String, folder: &Folder) {
    let package = folder
        .subject()
        .and_then(|subject| subject.package.as_deref());
    if let Some(namespace) = package.and_then(|package| word(&format!("release@{package}"))) {
        let _ = writeln!(
            out,
            "ssh-keygen -Y verify -f ../maintainer.ed25519.allowed_signers -I maintainer -n {} -s checksums.txt.sshsig &lt; checksums.txt",
            markup(&namespace)
        );
    }
    out.push_str("sha256sum -c --strict --ignore-missing checksums.txt\n");
}

/// The commands for each archive. Returns the archives that no command can name.
fn archive_commands<'a>(out: &mut String, archives: &'a [String]) -> Vec<&'a String> {
    let mut unusual = Vec::new();
    for archive in archives {
        let (Some(name), Some(signature)) = (word(archive), word(&format!("{archive}.sig"))) else {
            unusual.push(archive);
            continue;
        };
        let name = markup(&name);
        let _ = writeln!(
            out,
            "cargo-sign verify --key ../maintainer.ed25519.pub {name}"
        );
        let _ = writeln!(
            out,
            "minisign -Vm {name} -x {} -p ../maintainer.ed25519.pub",
            markup(&signature)
        );
    }
    unusual
}

/// A word of a command, quoted. `None`: anyone who copies it would not type what is shown, so there is
/// no command.
fn word(name: &str) -> Option<String> {
    // Not an option of the program it is given to.
    let name = if name.starts_with('-') {
        format!("./{name}")
    } else {
        name.to_owned()
    };
    shell_word(&name).filter(|word| visible(word) == *word)
}
