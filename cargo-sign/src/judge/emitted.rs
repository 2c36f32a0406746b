//! The list's signatures in other formats: for ssh-keygen, signify and openssl. Whatever is there
//! has to hold.

use release_gate::public_key::PublicKey;
use release_gate::{Finding, Rule};

use super::keys::Keys;
use super::verdict::Signed;
use crate::format::{checksums, raw, signify, sshsig};
use crate::model::companion::{RAW, SIGNIFY, SSHSIG};
use crate::rules;

/// The list's signatures in other formats, as they were read; `None` where there is none.
#[derive(Debug, Default)]
pub(crate) struct Emitted {
    pub(crate) sshsig: Option<Vec<u8>>,
    pub(crate) raw: Option<Vec<u8>>,
    pub(crate) signify: Option<Vec<u8>>,
}

/// The list, and what its first signature says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SignedList<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) list: &'a checksums::List,
    pub(crate) signed: &'a Signed,
}

/// Checks each of them by the key of `checksums.txt.sig`.
pub(crate) fn check_emitted(emitted: &Emitted, of: SignedList<'_>, keys: &Keys) -> Vec<Finding> {
    let (key, comment) = of.signed;
    let public = PublicKey::new(*key);
    let mut findings = Vec::new();

    if let Some(armoured) = &emitted.sshsig {
        let namespace = sshsig::namespace(&comment.project);
        if let Err(error) = sshsig::verify(armoured, &public, &namespace, of.bytes) {
            findings.push(refusal(&rules::SSHSIG_INVALID, SSHSIG, &error));
        }
    }
    if let Some(signature) = &emitted.raw
        && let Err(error) = raw::verify(signature, key, of.bytes)
    {
        findings.push(refusal(&rules::RAW_SIGNATURE_INVALID, RAW, &error));
    }
    if let Some(text) = &emitted.signify {
        // By whichever id the key is published.
        let same_key = keys.keys.iter().filter(|known| known.key == *key);
        let checked = same_key.map(|key| signify::verify(text, key, of.list, &comment.untrusted()));
        if let Some(Err(error)) = checked.reduce(Result::or) {
            findings.push(refusal(&rules::SIGNIFY_INVALID, SIGNIFY, &error));
        }
    }
    findings
}

fn refusal(rule: &Rule, name: &str, error: &dyn std::fmt::Display) -> Finding {
    Finding::new(rule, format!("{name}: {error}"))
        .help("get it again from where the release was published")
}
