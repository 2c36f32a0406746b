//! What an archive may hold, and why one is refused. Pure.

use std::collections::BTreeMap;
use std::io::{self, Read};

use release_gate::Rule;

use crate::model::path::{self, PathError, folded};
use crate::rules;

/// Endings of archives that are judged.
const ENDINGS: [&str; 3] = [".tar.gz", ".tar.zst", ".zip"];

/// The folder that an archive of this name has to hold; `None` where the name is no archive's.
pub fn stem(name: &str) -> Option<&str> {
    ENDINGS.iter().find_map(|ending| name.strip_suffix(ending))
}

/// Whether a name is that of an archive this tool judges.
pub fn is_archive(name: &str) -> bool {
    stem(name).is_some()
}

/// How much an archive may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of all members together.
    pub bytes: u64,
    /// Number of members.
    pub members: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            bytes: 8 << 30,
            members: 100_000,
        }
    }
}

/// A regular file of an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Path, checked.
    pub path: String,
    /// Size in bytes.
    pub size: u64,
    /// Whether it is to be executable.
    pub executable: bool,
}

/// Why an archive is refused.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Not an archive of a known kind.
    #[error("it is not a `.tar.gz`, `.tar.zst` or `.zip` archive")]
    Format,
    /// It ends early.
    #[error("it ends early: {0}")]
    Truncated(&'static str),
    /// There is something behind its end.
    #[error("there is data behind its end")]
    Trailing,
    /// Headers contradict themselves or each other.
    #[error("a header contradicts itself: {0}")]
    Header(&'static str),
    /// Something other than files and folders.
    #[error("`{0}` is neither a file nor a folder")]
    EntryType(String),
    /// Permissions beyond reading, writing and running.
    #[error("`{0}` is to run as another user, or is sticky")]
    Mode(String),
    /// A name that leads elsewhere.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A name twice.
    #[error(
        "`{0}` occurs twice, or differs from another name only by case or by how its letters are composed"
    )]
    Duplicate(String),
    /// Too much.
    #[error("it holds more than {0}")]
    TooLarge(String),
    /// Reading failed for a reason outside the archive.
    #[error("it cannot be read")]
    Io(#[from] io::Error),
}

impl ArchiveError {
    /// The reason code; `None` where the archive is not to blame.
    pub fn rule(&self) -> Option<&'static Rule> {
        Some(match self {
            Self::Format => &rules::ARCHIVE_FORMAT,
            Self::Truncated(_) => &rules::ARCHIVE_TRUNCATED,
            Self::Trailing => &rules::ARCHIVE_TRAILING,
            Self::Header(_) => &rules::ARCHIVE_HEADER,
            Self::EntryType(_) => &rules::ARCHIVE_ENTRY_TYPE,
            Self::Mode(_) => &rules::ARCHIVE_MODE,
            Self::Path(_) => &rules::ARCHIVE_UNSAFE_PATH,
            Self::Duplicate(_) => &rules::ARCHIVE_DUPLICATE,
            Self::TooLarge(_) => &rules::ARCHIVE_TOO_LARGE,
            Self::Io(_) => return None,
        })
    }
}

/// Called for each member with a reader of exactly its bytes; what is not read is skipped.
pub type Visitor<'a> = dyn FnMut(&Member, &mut dyn Read) -> io::Result<()> + 'a;

/// Fills the buffer as far as there is something to read.
pub(super) fn read_up_to(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Refuses set-user-id, set-group-id and sticky bits: anyone who unpacks as root would install them.
pub(super) fn check_mode(name: &str, mode: u64) -> Result<(), ArchiveError> {
    if mode & 0o7000 == 0 {
        Ok(())
    } else {
        Err(ArchiveError::Mode(name.escape_debug().to_string()))
    }
}

/// How many bytes the names of all members may have together: they are kept in memory.
pub(super) const MAX_NAMES: usize = 6 << 20;

/// Names and sizes seen so far.
#[derive(Debug)]
pub(super) struct Seen {
    limits: Limits,
    bytes: u64,
    name_bytes: usize,
    /// Folded names, and whether each is a file.
    pub(super) names: BTreeMap<String, bool>,
}

impl Seen {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            bytes: 0,
            name_bytes: 0,
            names: BTreeMap::new(),
        }
    }

    /// Checks a name against all before it, and adds the size. Folders may be named more than once
    /// by their members.
    pub(super) fn admit(
        &mut self,
        name: &str,
        size: u64,
        is_file: bool,
    ) -> Result<(), ArchiveError> {
        path::check(name)?;
        if self.names.len() >= self.limits.members {
            return Err(ArchiveError::TooLarge(format!(
                "{} members",
                self.limits.members
            )));
        }

        self.name_bytes += name.len();
        if self.name_bytes > MAX_NAMES {
            return Err(ArchiveError::TooLarge(format!(
                "{MAX_NAMES} bytes of names"
            )));
        }

        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > self.limits.bytes {
            return Err(ArchiveError::TooLarge(format!(
                "{} bytes",
                self.limits.bytes
            )));
        }

        let folded = folded(name);

        // A file below a file: one of the two could not be written.
        let below_a_file = folded
            .match_indices('/')
            .any(|(at, _)| self.names.get(&folded[..at]) == Some(&true));

        let below = format!("{folded}/");
        let above_a_file = is_file
            && self
                .names
                .range(below.clone()..)
                .next()
                .is_some_and(|(next, _)| next.starts_with(&below));

        if below_a_file || above_a_file || self.names.contains_key(&folded) {
            return Err(ArchiveError::Duplicate(name.to_owned()));
        }
        self.names.insert(folded, is_file);

        Ok(())
    }
}
