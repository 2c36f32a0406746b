//! The audit log: JSON Lines, each entry carrying the hash of the line before it.
//!
//! It records what ran, when and how it ended; it is volatile by nature and lies beside, never in,
//! what is released. An edit, removal or reordering of any line but the last breaks the chain; the
//! last line is pinned by anyone who records [`AuditLog::head`] (the signed provenance does).

use serde::{Deserialize, Serialize};

use crate::digest::{Sha256Digest, sha256_bytes};
use crate::error::{Error, Result};
use crate::json::to_canonical_line;
use crate::process::StepRecord;

/// The `prev` of the first entry.
const GENESIS: [u8; 32] = [0; 32];

/// One line of the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The command line.
    pub argv: Vec<String>,
    /// Names of the environment variables the program saw.
    pub env: Vec<String>,
    /// Exit code; `null` when a signal ended it.
    pub exit_code: Option<i32>,
    /// Start, in milliseconds since 1970.
    pub started_ms: u64,
    /// Duration in milliseconds.
    pub elapsed_ms: u64,
    /// Digest of what the program printed; of what it wrote, where the step is a gate's own.
    pub log_sha256: Sha256Digest,
    /// Position in the log, from 0.
    pub seq: u64,
    /// SHA-256 of the line before, newline included; zeros on the first line.
    pub prev: Sha256Digest,
}

/// A log being written.
#[derive(Debug, Clone)]
pub struct AuditLog {
    lines: Vec<u8>,
    seq: u64,
    head: Sha256Digest,
}

impl Default for AuditLog {
    fn default() -> Self {
        Self {
            lines: Vec::new(),
            seq: 0,
            head: Sha256Digest::from_bytes(GENESIS),
        }
    }
}

impl AuditLog {
    /// An empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Continues a log that exists, after checking its chain.
    ///
    /// # Errors
    /// The first line that breaks the chain.
    pub fn resume(bytes: &[u8]) -> Result<Self, ChainError> {
        let entries = verify(bytes)?;
        let head = bytes
            .split_inclusive(|byte| *byte == b'\n')
            .next_back()
            .map_or(Self::default().head, sha256_bytes);
        Ok(Self {
            lines: bytes.to_vec(),
            seq: entries.len() as u64,
            head,
        })
    }

    /// Appends what a runner recorded.
    ///
    /// # Errors
    /// Only if the record cannot be JSON, which would be a defect.
    pub fn append(&mut self, record: &StepRecord) -> Result<()> {
        let started = record
            .started
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        let entry = Entry {
            argv: record.argv.clone(),
            env: record.env.clone(),
            exit_code: record.exit_code,
            started_ms: u64::try_from(started.as_millis()).unwrap_or(u64::MAX),
            elapsed_ms: u64::try_from(record.elapsed.as_millis()).unwrap_or(u64::MAX),
            log_sha256: record.log_sha256,
            seq: self.seq,
            prev: self.head,
        };
        let line = to_canonical_line(&entry)
            .map_err(|error| Error::judge("cannot write the audit log").with_source(error))?;
        self.head = sha256_bytes(&line);
        self.seq += 1;
        self.lines.extend_from_slice(&line);
        Ok(())
    }

    /// The digest of the last line, which pins the whole log.
    pub fn head(&self) -> Sha256Digest {
        self.head
    }

    /// The log as it is written to disk.
    pub fn as_bytes(&self) -> &[u8] {
        &self.lines
    }
}

/// Where and how a log's chain is broken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// A line is no entry.
    #[error("line {line} of the audit log is not an entry: {why}")]
    Malformed {
        /// Counted from 1.
        line: usize,
        /// What the JSON reader said.
        why: String,
    },
    /// A line does not carry the hash of the line before it, or the wrong position.
    #[error(
        "line {line} of the audit log does not continue the line before it: an entry was edited, removed or moved"
    )]
    Broken {
        /// Counted from 1.
        line: usize,
    },
    /// The last line has no newline: the log was cut off.
    #[error("the audit log is cut off in line {line}")]
    Truncated {
        /// Counted from 1.
        line: usize,
    },
}

/// Checks every link of a log and returns its entries.
///
/// # Errors
/// The first line that does not fit.
pub fn verify(bytes: &[u8]) -> Result<Vec<Entry>, ChainError> {
    let mut prev = Sha256Digest::from_bytes(GENESIS);
    let mut entries = Vec::new();
    for (index, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let number = index + 1;
        if line.last() != Some(&b'\n') {
            return Err(ChainError::Truncated { line: number });
        }
        let entry: Entry = serde_json::from_slice(line).map_err(|error| ChainError::Malformed {
            line: number,
            why: error.to_string(),
        })?;
        if entry.prev != prev || entry.seq != index as u64 {
            return Err(ChainError::Broken { line: number });
        }
        prev = sha256_bytes(line);
        entries.push(entry);
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(count: u64) -> AuditLog {
        let mut log = AuditLog::new();
        for n in 0..count {
            log.append(&StepRecord {
                argv: vec!["cargo".into(), n.to_string()],
                env: vec!["PATH".into()],
                exit_code: Some(0),
                started: std::time::UNIX_EPOCH,
                elapsed: std::time::Duration::from_millis(n),
                log_sha256: sha256_bytes(b""),
            })
            .unwrap();
        }
        log
    }

    #[test]
    fn a_log_verifies_and_resumes() {
        let first = log(3);
        assert_eq!(verify(first.as_bytes()).unwrap().len(), 3);
        let resumed = AuditLog::resume(first.as_bytes()).unwrap();
        assert_eq!(resumed.head(), first.head());
        assert_eq!(
            AuditLog::resume(b"").unwrap().head(),
            AuditLog::new().head()
        );
    }

    #[test]
    fn every_edit_removal_and_swap_is_found() {
        let bytes = log(4).as_bytes().to_vec();
        let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
        for removed in 0..3 {
            let rest: Vec<u8> = lines
                .iter()
                .enumerate()
                .filter(|(n, _)| *n != removed)
                .flat_map(|(_, l)| l.to_vec())
                .collect();
            assert_eq!(verify(&rest), Err(ChainError::Broken { line: removed + 1 }));
        }

        let swapped = [lines[0], lines[2], lines[1], lines[3]].concat();
        assert_eq!(verify(&swapped), Err(ChainError::Broken { line: 2 }));
        let edited = String::from_utf8(bytes.clone()).unwrap().replacen(
            "\"cargo\",\"1\"",
            "\"cargo\",\"9\"",
            1,
        );

        assert_eq!(
            verify(edited.as_bytes()),
            Err(ChainError::Broken { line: 3 })
        );

        assert_eq!(
            verify(&bytes[..bytes.len() - 1]),
            Err(ChainError::Truncated { line: 4 })
        );

        // The last line is pinned by the head alone.
        assert_ne!(
            AuditLog::resume(&[lines[0], lines[1], lines[2]].concat())
                .unwrap()
                .head(),
            log(4).head()
        );
    }
}
