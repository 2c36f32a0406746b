//! rustdoc's JSON, through one tolerant reader for all formats from 54 on.
//!
//! From 57 to 61 the format only gained optional fields; 54 to 56 lack `ExternalCrate.path`, which
//! is filled in. Ids differ between runs: nothing is ever compared by id across two files.

use rustdoc_types::Crate;
use serde::Deserialize;

/// Oldest format read.
pub const OLDEST: u32 = 54;
/// Newest format known; newer ones are refused, since their meaning is not known.
pub const NEWEST: u32 = 61;

/// Why a file is not used.
#[derive(Debug, thiserror::Error)]
pub enum RustdocError {
    /// No JSON, or not rustdoc's.
    #[error("it is not rustdoc JSON")]
    Malformed(#[from] serde_json::Error),
    /// A format that is not known.
    #[error("it has format {0}, and {OLDEST} to {NEWEST} are known")]
    Format(u32),
}

#[derive(Deserialize)]
struct Head {
    format_version: u32,
}

/// Reads a file.
///
/// # Errors
/// It is not rustdoc JSON of a known format.
pub fn parse(bytes: &[u8]) -> Result<Crate, RustdocError> {
    let head: Head = deep(bytes)?;
    if !(OLDEST..=NEWEST).contains(&head.format_version) {
        return Err(RustdocError::Format(head.format_version));
    }
    if head.format_version >= 57 {
        return Ok(deep(bytes)?);
    }
    let mut value: serde_json::Value = deep(bytes)?;
    if let Some(crates) = value["external_crates"].as_object_mut() {
        for krate in crates.values_mut() {
            krate["path"] = "".into();
        }
    }
    Ok(serde_json::from_value(value)?)
}

/// Real crates nest deeper than serde_json's default limit; a thread with a large stack makes room.
fn deep<T: for<'de> Deserialize<'de> + Send>(bytes: &[u8]) -> Result<T, serde_json::Error> {
    let read = || {
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        reader.disable_recursion_limit();
        let value = T::deserialize(&mut reader)?;
        reader.end().map(|()| value)
    };
    // A file that nests deeper than this is no crate's: reading it would overflow any stack.
    if nesting(bytes) > 4_000 {
        return Err(serde::de::Error::custom("it nests too deeply"));
    }
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new()
            .stack_size(256 << 20)
            .spawn_scoped(scope, read);
        match thread.map(std::thread::ScopedJoinHandle::join) {
            Ok(Ok(result)) => result,
            _ => Err(serde::de::Error::custom(
                "it cannot be read in the memory there is",
            )),
        }
    })
}

/// How deeply brackets nest, outside of strings.
fn nesting(bytes: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for byte in bytes {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (true, b'"') => in_string = false,
            (false, b'"') => in_string = true,
            (false, b'{' | b'[') => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            (false, b'}' | b']') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_refused() {
        assert!(matches!(parse(b"{}"), Err(RustdocError::Malformed(_))));
        assert!(matches!(
            parse(b"{\"format_version\": 40}"),
            Err(RustdocError::Format(40))
        ));
        assert!(matches!(
            parse(b"{\"format_version\": 99}"),
            Err(RustdocError::Format(99))
        ));
        assert!(matches!(
            parse(b"{\"format_version\": 60}"),
            Err(RustdocError::Malformed(_))
        ));
        let deep = format!(
            "{}\"format_version\": 60{}",
            "{\"a\":".repeat(100_000),
            "}".repeat(100_000)
        );
        assert!(parse(deep.as_bytes()).is_err());
    }
}
