//! The mark in a generated document, by which a later run knows it as its own.
//!
//! Must never: take words of people for ours. A document that was changed no longer has the digest
//! in its mark.

use release_gate::digest::sha256_bytes;

/// What the mark begins with.
const BEGIN: &str = "<!-- relnotes: generated, ";

/// Puts the mark at the end of a document.
pub fn with_mark(text: &str) -> String {
    let body = text.trim_end();
    format!("{body}\n\n{BEGIN}{} -->\n", digest_of(body))
}

/// Whether a document is as it was generated, or says nothing.
pub fn is_ours(text: &str) -> bool {
    let text = text.replace("\r\n", "\n");
    if text.trim().is_empty() {
        return true;
    }
    let Some((body, mark)) = text.rsplit_once(BEGIN) else {
        return false;
    };
    mark.trim_end() == format!("{} -->", digest_of(body.trim_end()))
}

fn digest_of(body: &str) -> String {
    let digest = sha256_bytes(body.as_bytes()).to_string();
    digest[..16].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_changed_is_theirs() {
        let marked = with_mark("# Security\n\nText.\n");
        assert!(is_ours(&marked) && is_ours(&marked.replace('\n', "\r\n")) && is_ours("\n"));
        assert!(!is_ours(&marked.replace("Text", "More text")));
        assert!(!is_ours("# Security\n"));
    }
}
