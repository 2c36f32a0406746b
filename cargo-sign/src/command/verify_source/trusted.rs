//! Whose signatures of source count.

use release_gate::git::{CommitId, Git};
use release_gate::public_key::PublicKey;
use release_gate::{Finding, Result};
use semver::Version;

use crate::format::git_object::{self, ObjectFormat, Signed};
use crate::format::sshsig;
use crate::gpg::Keyring;
use crate::judge::keys::Keys;
use crate::rules;
use crate::ssh_keygen::OtherKeys;

/// The namespace of signatures in git.
const GIT: &str = "git";

/// The keys that may sign source.
pub(super) struct Trusted {
    pub(super) keys: Keys,
    pub(super) gpg: Keyring,
    /// SSH keys that `ssh-keygen` judges: RSA, ECDSA, security tokens.
    pub(super) other: OtherKeys,
    /// Keys came with what they are to vouch for.
    pub(super) unpinned: bool,
}

/// The key whose signature counts; else why it does not, as the end of a sentence.
pub(super) type Signer = std::result::Result<String, String>;

impl Trusted {
    /// Who signed a commit.
    ///
    /// # Errors
    /// git, gpg or ssh-keygen cannot be started.
    pub(super) fn commit(
        &self,
        git: &Git,
        id: &str,
        project: &str,
        version: &Version,
    ) -> Result<Signer> {
        let object = git.plumbing(["cat-file", "commit", id])?;
        let signed = git_object::commit(&object, ObjectFormat::of(id));
        self.signer(signed, project, version)
    }

    fn signer(&self, signed: Option<Signed>, project: &str, version: &Version) -> Result<Signer> {
        let Some((payload, signature)) = signed else {
            return Ok(Err(String::new()));
        };
        if git_object::is_gpg(&signature) {
            if self.gpg.is_empty() {
                return Ok(Err(
                    ": it has a GPG signature, and no GPG key is trusted".to_owned()
                ));
            }
            return Ok(self
                .gpg
                .verify(&payload, &signature)?
                .map_err(|error| format!(": {error}")));
        }

        // Whether a key may vouch is judged by the release, never by the time a commit gives
        // itself.
        let vouches = self.keys.keys.iter().find(|key| {
            self.keys
                .refuses(&key.key, project, &version.to_string())
                .is_none()
                && sshsig::verify(&signature, key, "git", &payload).is_ok()
        });
        if let Some(key) = vouches {
            return Ok(Ok(key.fingerprint()));
        }
        Ok(self
            .other
            .verify(GIT, &payload, &signature)?
            .ok_or_else(String::new))
    }

    /// Who signed a tag, and what is wrong with it: it has to be an annotated tag of the commit
    /// itself, signed under its own name.
    ///
    /// # Errors
    /// git, gpg or ssh-keygen cannot be started.
    pub(super) fn tag(
        &self,
        git: &Git,
        name: &str,
        commit: &CommitId,
        (project, version): (&str, &Version),
    ) -> Result<(Option<String>, Vec<Finding>)> {
        let reference = format!("refs/tags/{name}");
        let kind = git.plumbing(["cat-file", "-t", &reference])?;
        if kind.trim_ascii() != b"tag" {
            let text = format!("the tag `{name}` is lightweight: nothing signs it");
            let finding = Finding::new(&rules::TAG_UNSIGNED, text);
            return Ok((None, vec![finding.help("make it with `git tag -s`")]));
        }

        let object = git.plumbing(["cat-file", "tag", &reference])?;
        let signer = self.signer(git_object::tag(&object), project, version)?;
        let mut findings = Vec::new();
        if let Err(why) = &signer {
            let text = format!("the tag `{name}` is not signed by a trusted key{why}");
            let help = "sign it: `git tag -s`, with gpg.format=ssh or a GPG key that is named";
            findings.push(Finding::new(&rules::TAG_UNSIGNED, text).help(help));
        }
        if git_object::header(&object, "tag") != Some(name) {
            let text = format!("the tag `{name}` was made under another name");
            let help = "an old tag is being shown as another version; fetch the tags again from a source you trust";
            findings.push(Finding::new(&rules::TAG_RENAMED, text).help(help));
        }
        if git_object::header(&object, "object") != Some(commit.as_str()) {
            let text = format!("the tag `{name}` is of another tag");
            findings.push(Finding::new(&rules::TAG_UNSIGNED, text).help("tag the commit itself"));
        }
        Ok((signer.ok(), findings))
    }
}

/// Who signed, or that nobody did who is trusted.
pub(super) fn signed_by(signers: &[String]) -> String {
    if signers.is_empty() {
        "not signed by a trusted key".to_owned()
    } else {
        format!("signed by {}", signers.join(", "))
    }
}

/// Keys of which nothing is known but that they sign source.
pub(super) fn only(keys: Vec<PublicKey>) -> Keys {
    Keys::new(keys, true)
}
