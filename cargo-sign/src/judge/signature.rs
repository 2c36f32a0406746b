//! Minisign signatures: one of a file, those by further keys, and whether several signatures of one
//! release say the same.

use std::collections::BTreeSet;

use release_gate::public_key::hex;
use release_gate::{Finding, Rule};

use super::keys::Keys;
use super::verdict::{Judged, Signed, shown};
use crate::format::minisign::{MinisignSignature, Prehash};
use crate::model::comment::TrustedComment;
use crate::rules;

const GET_AGAIN: &str = "get the signature again from where the release was published";

/// Checks the signature of a file that was hashed. `name` is the file's own name, which the
/// signature has to bind.
pub(crate) fn check_signature(
    signature: Option<&[u8]>,
    prehash: &Prehash,
    name: &str,
    keys: &Keys,
) -> Judged<Signed> {
    let signed = match verify(signature, prehash, name, keys) {
        Ok(signed) => signed,
        Err(finding) => return Judged::refused(*finding),
    };

    if let Some(finding) = misplaced(&signed, name, keys) {
        return Judged::refused(finding);
    }
    Judged {
        findings: remarks(&signed.1, name),
        found: Some(signed),
    }
}

/// The signature of a file by a known key, whatever the file is called.
fn verify(
    signature: Option<&[u8]>,
    prehash: &Prehash,
    name: &str,
    keys: &Keys,
) -> Result<Signed, Box<Finding>> {
    let Some(bytes) = signature else {
        let help = "get the `.sig` from where the release was published; `--bytes-only` judges a `.minisig` of minisign's";
        let text = format!("`{}` is not signed", shown(name));
        return Err(refusal(&rules::SIGNATURE_MISSING, text, name, help));
    };
    let parsed = MinisignSignature::parse(bytes).map_err(|error| {
        let text = format!("`{}`: {error}", shown(name));
        refusal(error.rule(), text, name, GET_AGAIN)
    })?;

    let key = keys.by_id(&parsed.key_id).ok_or_else(|| {
        let text = format!(
            "`{}` was signed by the key {}, which is none of those given",
            shown(name),
            hex(&parsed.key_id)
        );
        let help = "check which key the project publishes; where it has a new one, `--keyring` names the keyring that says so";
        refusal(&rules::KEY_MISMATCH, text, name, help)
    })?;
    parsed.verify(&key.key, &key.id, prehash).map_err(|error| {
        let text = format!("`{}`: {error}", shown(name));
        refusal(
            error.rule(),
            text,
            name,
            "do not use the file; get it again",
        )
    })?;

    let comment: TrustedComment = parsed.trusted_comment.parse().map_err(|_| {
        let text = format!(
            "the signature of `{}` does not bind file, project, version and commit",
            shown(name)
        );
        let help = "another tool made it: `cargo-sign verify --bytes-only` and `minisign -V` judge the bytes alone; its maker binds the rest with `cargo sign sign`";
        refusal(&rules::COMMENT_MALFORMED, text, name, help)
    })?;
    // Nothing signs the first line, yet people read it: it says what the trusted comment says, or
    // the file was edited.
    if parsed.untrusted_comment != comment.untrusted() {
        let text = format!(
            "the untrusted comment of the signature of `{}` was changed",
            shown(name)
        );
        return Err(refusal(&rules::SIGNATURE_MALFORMED, text, name, GET_AGAIN));
    }
    Ok((key.key, comment))
}

/// Why a genuine signature does not vouch for a file of this name, by this key, in this version.
fn misplaced((key, comment): &Signed, name: &str, keys: &Keys) -> Option<Finding> {
    if comment.file != name {
        let text = format!(
            "the signature of `{}` was made for `{}`",
            shown(name),
            shown(&comment.file)
        );
        let help = "one file is being served as another; do not use it";
        return Some(*refusal(&rules::FILE_MISMATCH, text, name, help));
    }
    let (rule, why) = keys.refuses(key, &comment.project, &comment.version)?;
    let text = format!("`{}`: {why}", shown(name));
    let help = "do not use it; get a release signed by a key in use";
    Some(*refusal(rule, text, name, help))
}

/// What a signature says that its reader should know.
fn remarks(comment: &TrustedComment, name: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if comment.dirty {
        let text = format!("`{}` was made from uncommitted changes", shown(name));
        let help = "commit, then build and sign again";
        findings.push(*refusal(&rules::DIRTY_SOURCE, text, name, help));
    }
    if comment.refused {
        let text = format!(
            "`{}` was packed although another gate refused the release",
            shown(name)
        );
        let help = "ask the project what was refused, and why it was released all the same";
        findings.push(*refusal(&rules::DESPITE_REFUSALS, text, name, help));
    }
    findings
}

fn refusal(rule: &Rule, text: String, name: &str, help: &str) -> Box<Finding> {
    Box::new(
        Finding::new(rule, text)
            .evidence("file", name.to_owned())
            .help(help),
    )
}

/// The signature of a file by a further key, as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Further {
    /// The key id in its name.
    pub(crate) id: String,
    /// What it holds.
    pub(crate) bytes: Option<Vec<u8>>,
}

/// Checks the signatures of a file by further keys: each has to hold and to say the same as the
/// first. Returns the keys that signed.
pub(crate) fn check_further(
    further: &[Further],
    prehash: &Prehash,
    name: &str,
    keys: &Keys,
    first: Option<&Signed>,
) -> Judged<BTreeSet<[u8; 32]>> {
    let mut signers: BTreeSet<_> = first.iter().map(|(key, _)| key.to_bytes()).collect();
    let mut findings = Vec::new();

    for Further { id, bytes } in further {
        let judged = check_signature(bytes.as_deref(), prehash, name, keys);
        let file = format!("{name}.{id}.sig");
        findings.extend(
            judged
                .findings
                .into_iter()
                .map(|finding| finding.evidence("signature", file.clone())),
        );
        let Some((key, comment)) = judged.found else {
            continue;
        };
        if made_by(bytes.as_deref()).as_ref() != Some(id) {
            let text = format!(
                "`{}.{id}.sig` is named after another key than the one that made it",
                shown(name)
            );
            let help = "get it under its own name";
            findings.push(Finding::new(&rules::KEY_MISMATCH, text).help(help));
            continue;
        }
        if let Some((_, first)) = first {
            findings.extend(check_same(first, &comment, name));
        }
        signers.insert(key.to_bytes());
    }

    Judged {
        found: Some(signers),
        findings,
    }
}

/// The id of the key that a signature says made it.
fn made_by(bytes: Option<&[u8]>) -> Option<String> {
    let parsed = MinisignSignature::parse(bytes?).ok()?;
    Some(hex(&parsed.key_id))
}

/// Whether as many different keys signed as the keyring asks for.
pub(crate) fn check_quorum(
    name: &str,
    comment: &TrustedComment,
    signers: &BTreeSet<[u8; 32]>,
    keys: &Keys,
) -> Option<Finding> {
    let (have, need) = keys.quorum(&comment.version, signers);
    if have >= need as usize {
        return None;
    }
    let text = format!(
        "`{}` is signed by {have} of the {need} different keys it needs",
        shown(name)
    );
    let help = format!(
        "get `{0}.<key id>.sig` too, or have it made with `cargo sign sign {0}` by another key",
        shown(name)
    );
    let finding = Finding::new(&rules::RELEASE_THRESHOLD, text).evidence("file", name.to_owned());
    Some(finding.help(help))
}

/// Two signatures of one release have to say the same.
pub(crate) fn check_same(
    outer: &TrustedComment,
    inner: &TrustedComment,
    name: &str,
) -> Vec<Finding> {
    let said = [
        (
            &rules::PROJECT_MISMATCH,
            "project",
            &outer.project,
            &inner.project,
        ),
        (
            &rules::VERSION_MISMATCH,
            "version",
            &outer.version,
            &inner.version,
        ),
        (
            &rules::COMMIT_MISMATCH,
            "commit",
            &outer.commit,
            &inner.commit,
        ),
    ];

    said.into_iter()
        .filter(|(_, _, outer, inner)| outer != inner)
        .map(|(rule, what, outer, inner)| {
            let text = format!(
                "the signatures of `{}` name two {what}s: {} and {}",
                shown(name),
                shown(outer),
                shown(inner)
            );
            let help = "parts of two releases were put together; do not use it";
            *refusal(rule, text, name, help)
        })
        .collect()
}
