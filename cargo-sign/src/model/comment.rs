//! The trusted comment: what a signature binds beside the bytes.
//!
//! `timestamp:N⇥file:NAME⇥hashed⇥project:P⇥version:V⇥commit:C`, for a release made from uncommitted
//! changes `⇥dirty`, and for one that was packed although another gate refused it
//! `⇥despite-refusals`. In this order, each part once; a project is named as crates.io has them
//! named, a version is a semantic one: what is compared with what was seen before has to be
//! comparable. The time is the release's `SOURCE_DATE_EPOCH`, not a clock's, so that signing
//! is deterministic.

use std::fmt;
use std::str::FromStr;

/// What a signature says about its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustedComment {
    /// Seconds since 1970.
    pub timestamp: i64,
    /// Name of the file.
    pub file: String,
    /// Project (package) name.
    pub project: String,
    /// Version.
    pub version: String,
    /// Full commit id, or `none`.
    pub commit: String,
    /// Whether the release was made from uncommitted changes.
    pub dirty: bool,
    /// Whether another gate refused the release that was packed all the same.
    pub refused: bool,
}

/// Whether a project may have this name: what crates.io allows.
pub fn is_project(name: &str) -> bool {
    (1..=64).contains(&name.len()) && name.chars().all(is_of_a_name)
}

fn is_of_a_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '-' || c == '_'
}

/// Whether this is a semantic version, spelt as Cargo spells it.
fn is_version(text: &str) -> bool {
    semver::Version::parse(text).is_ok_and(|version| version.to_string() == text)
}

impl TrustedComment {
    /// The untrusted comment that goes with it.
    pub fn untrusted(&self) -> String {
        format!("signature of {} {}", self.project, self.version)
    }
}

/// The text is not a trusted comment of this grammar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the trusted comment is not `timestamp: file: hashed project: version: commit:`")]
pub struct CommentError;

impl fmt::Display for TrustedComment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            timestamp,
            file,
            project,
            version,
            commit,
            dirty,
            refused,
        } = self;
        write!(
            f,
            "timestamp:{timestamp}\tfile:{file}\thashed\tproject:{project}\tversion:{version}\tcommit:{commit}"
        )?;
        if *dirty {
            f.write_str("\tdirty")?;
        }
        if *refused {
            f.write_str("\tdespite-refusals")
        } else {
            Ok(())
        }
    }
}

impl FromStr for TrustedComment {
    type Err = CommentError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts: Vec<&str> = text.split('\t').collect();
        let (parts, refused) = match &parts[..] {
            [parts @ .., "despite-refusals"] => (parts, true),
            parts => (parts, false),
        };

        let (parts, dirty) = match parts {
            [parts @ .., "dirty"] => (parts, true),
            parts => (parts, false),
        };

        let [timestamp, file, "hashed", project, version, commit] = parts else {
            return Err(CommentError);
        };

        let comment = Self {
            timestamp: value_of(timestamp, "timestamp")?
                .parse()
                .map_err(|_| CommentError)?,
            file: value_of(file, "file")?,
            project: value_of(project, "project")?,
            version: value_of(version, "version")?,
            commit: value_of(commit, "commit")?,
            dirty,
            refused,
        };

        if !is_project(&comment.project) || !is_version(&comment.version) {
            return Err(CommentError);
        }

        // One spelling: `+5` and `05` are numbers too.
        if comment.to_string() == text {
            Ok(comment)
        } else {
            Err(CommentError)
        }
    }
}

/// The value of `name:value`.
fn value_of(part: &str, name: &str) -> Result<String, CommentError> {
    let value = part
        .strip_prefix(name)
        .and_then(|rest| rest.strip_prefix(':'))
        .ok_or(CommentError)?;
    if value.is_empty() || value.chars().any(char::is_control) {
        return Err(CommentError);
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_spelling() {
        let text = "timestamp:5\tfile:a.tar.gz\thashed\tproject:a\tversion:1.0.0\tcommit:none";
        assert_eq!(text.parse::<TrustedComment>().unwrap().to_string(), text);
        for (more, dirty, refused) in [
            ("\tdirty", true, false),
            ("\tdespite-refusals", false, true),
            ("\tdirty\tdespite-refusals", true, true),
        ] {
            let comment: TrustedComment = format!("{text}{more}").parse().unwrap();
            assert_eq!((comment.dirty, comment.refused), (dirty, refused));
        }

        for odd in [
            text.replace("timestamp:5", "timestamp:05"),
            text.replace('\t', " "),
            text.replace("\thashed", ""),
            format!("{text}\tmore:1"),
            text.replace("project:a\tversion:1.0.0", "version:1.0.0\tproject:a"),
            text.replace("commit:none", "commit:"),
            format!("{text}\tdespite-refusals\tdirty"),
            text.replace("project:a", "project:de.mo x"),
            text.replace("project:a", "project:../a"),
            text.replace("project:a", &format!("project:{}", "a".repeat(65))),
            text.replace("1.0.0", "not a version"),
            text.replace("1.0.0", "1.0"),
            text.replace("1.0.0", "01.0.0"),
            text.replace("1.0.0", "v1.0.0"),
        ] {
            assert!(odd.parse::<TrustedComment>().is_err(), "{odd:?}");
        }
    }
}
