//! Serial numbers that are made from content.

use uuid::Uuid;

/// A name-based UUID (RFC 9562, version 5) of a document's content: the same content, the same
/// number.
pub fn uuid_of(content: &[u8]) -> Uuid {
    // The namespace is itself derived from a name, once and for all.
    let namespace = Uuid::new_v5(&Uuid::NAMESPACE_URL, b"https://release-gates.invalid/sbom");
    Uuid::new_v5(&namespace, content)
}
