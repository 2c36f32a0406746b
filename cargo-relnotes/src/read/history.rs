//! Commits of a range, through git plumbing with NUL between fields.
//!
//! Must never: guess what is in a range. git walks `predecessor..release`; a clone whose history was cut off is
//! refused by the caller before anything is asked here.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use release_gate::git::{CommitId, Git, GitError};

use crate::model::commit::{Commit, Identity};
use crate::model::range::Ancestry;

/// Why history could not be read.
#[derive(Debug, thiserror::Error)]
pub enum HistoryError {
    /// git failed.
    #[error(transparent)]
    Git(#[from] GitError),
    /// git's answer is not of the form asked for.
    #[error("git gave a log that cannot be read near `{near}`")]
    Log {
        /// The beginning of what was odd.
        near: String,
    },
}

impl From<HistoryError> for release_gate::Error {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Git(error) => error.into(),
            log @ HistoryError::Log { .. } => {
                Self::judge(log.to_string()).with_help("check the repository with `git fsck`")
            }
        }
    }
}

/// Fields of one commit, in this order, each ended by NUL: id, parents, author, address, committer time, message.
const FORMAT: &str = "--format=%H%x00%P%x00%aN%x00%aE%x00%ct%x00%B";

/// Arguments that name a range.
fn range(from: Option<&CommitId>, to: &CommitId) -> Vec<String> {
    let mut args = vec![to.to_string()];
    args.extend(from.map(|from| format!("^{from}")));
    args
}

/// The commits of `from..to` (all of `to` without `from`), children before parents.
///
/// # Errors
/// git failed or its answer is odd.
pub fn commits(git: &Git, from: Option<&CommitId>, to: &CommitId) -> Result<Vec<Commit>, HistoryError> {
    let flags = ["log", "-z", "--date-order", "--no-notes", "--no-decorate", "--encoding=UTF-8", FORMAT];
    let args = flags.map(str::to_owned).into_iter().chain(["--end-of-options".to_owned()]);
    parse(&git.plumbing(args.chain(range(from, to)).chain(["--".to_owned()]))?)
}

/// Takes git's answer apart.
fn parse(bytes: &[u8]) -> Result<Vec<Commit>, HistoryError> {
    let odd =
        |bytes: &[u8]| HistoryError::Log { near: String::from_utf8_lossy(bytes).chars().take(60).collect() };
    let text = String::from_utf8_lossy(bytes);
    let Some(text) = text.strip_suffix('\0') else {
        return if text.is_empty() { Ok(Vec::new()) } else { Err(odd(bytes)) };
    };
    let mut fields = text.split('\0');
    let mut commits = Vec::new();
    let mut people: HashMap<(&str, &str), Arc<Identity>> = HashMap::new();
    while let Some(id) = fields.next() {
        let mut next = || fields.next().ok_or_else(|| odd(id.as_bytes()));
        let (parents, name, email, time, message) = (next()?, next()?, next()?, next()?, next()?);
        commits.push(Commit {
            id: id.parse().map_err(|_| odd(id.as_bytes()))?,
            parents: parents.split_ascii_whitespace().count(),
            author: Arc::clone(
                people.entry((name, email)).or_insert_with(|| Arc::new(Identity::new(name, email))),
            ),
            time: time.parse().map_err(|_| odd(time.as_bytes()))?,
            message: if message.contains('\r') { message.replace("\r\n", "\n") } else { message.to_owned() },
            touches_package: true,
        });
    }
    Ok(commits)
}

/// How many commits `git rev-list` counts in `from..to`: the number every accounting is held to.
///
/// # Errors
/// git failed or its answer is no number.
pub fn count(git: &Git, from: Option<&CommitId>, to: &CommitId) -> Result<usize, HistoryError> {
    let args = ["rev-list", "--count", "--end-of-options"].map(str::to_owned);
    let bytes = git.plumbing(args.into_iter().chain(range(from, to)))?;
    let text = String::from_utf8_lossy(&bytes);
    text.trim().parse().map_err(|_| HistoryError::Log { near: text.chars().take(60).collect() })
}

/// Folders that belong to a package, and folders below them that belong to others; relative to the top folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folders {
    /// Inside; an empty name is the top folder, an empty list the whole repository.
    pub inside: Vec<String>,
    /// Outside again.
    pub outside: Vec<String>,
}

impl Folders {
    /// Whether everything in the repository belongs to the package.
    pub fn is_everything(&self) -> bool {
        self.outside.is_empty() && self.inside.iter().all(String::is_empty)
    }
}

/// Marks the commits that touch a package's folders. Merges are left alone: they have a bucket of their own.
///
/// # Errors
/// git failed.
pub fn mark_touching(
    git: &Git,
    from: Option<&CommitId>,
    to: &CommitId,
    folders: &Folders,
    commits: &mut [Commit],
) -> Result<(), HistoryError> {
    if folders.is_everything() || commits.is_empty() {
        return Ok(());
    }
    // The folders are quoted by `literal`; only `top` and `exclude` act.
    let mut step = git.step().env("GIT_LITERAL_PATHSPECS", "0");
    step = step.args(["rev-list", "--no-merges", "--full-history", "--end-of-options"]);
    step = step.args(range(from, to)).arg("--");
    for folder in &folders.inside {
        step =
            step.arg(if folder.is_empty() { ":(top)".to_owned() } else { format!(":(top,literal){folder}") });
    }
    step = step.args(folders.outside.iter().map(|folder| format!(":(top,exclude,literal){folder}")));
    let bytes = git.run(step)?.success().map_err(GitError::from)?.stdout;
    let text = String::from_utf8_lossy(&bytes);
    let touching: BTreeSet<&str> = text.lines().collect();
    for commit in commits {
        commit.touches_package = touching.contains(commit.id.as_str());
    }
    Ok(())
}

/// Everybody who wrote a commit reachable from `commit`, after the mailmap: keys of [`Identity::key`].
///
/// # Errors
/// git failed.
pub fn known_authors(git: &Git, commit: &CommitId) -> Result<BTreeSet<String>, HistoryError> {
    let args = ["log", "-z", "--no-notes", "--format=%aN%x00%aE", "--end-of-options", commit.as_str(), "--"];
    let bytes = git.plumbing(args)?;
    let text = String::from_utf8_lossy(&bytes);
    let mut fields = text.split('\0');
    let mut known = BTreeSet::new();
    let mut last = None;
    while let (Some(name), Some(email)) = (fields.next(), fields.next()) {
        // Runs of one author are common; most commits cost one comparison.
        if last != Some((name, email)) {
            known.insert(Identity::new(name, email).key());
            last = Some((name, email));
        }
    }
    Ok(known)
}

/// Passes people through the mailmap.
///
/// # Errors
/// git could not be run.
pub fn mailmapped(git: &Git, people: &[Identity]) -> Result<Vec<Identity>, HistoryError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let input: String =
        people.iter().map(|person| person.for_mailmap().replace(['\n', '\0'], " ") + "\n").collect();
    let finished = git.run(git.step().args(["check-mailmap", "--stdin"]).stdin(input))?;
    let text = String::from_utf8_lossy(&finished.stdout);
    let mapped: Vec<Identity> = text
        .lines()
        .map(|line| match line.rsplit_once('<') {
            Some((name, rest)) => Identity::new(name, rest.trim_end_matches('>')),
            None => Identity::new(line, ""),
        })
        .collect();
    // An entry git does not understand must not cost us the names.
    Ok(if finished.is_success() && mapped.len() == people.len() { mapped } else { people.to_vec() })
}

impl Ancestry for Git {
    type Error = GitError;

    fn is_ancestor(&self, ancestor: &CommitId, descendant: &CommitId) -> Result<bool, GitError> {
        Self::is_ancestor(self, ancestor, descendant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_taken_apart() {
        let id = "a".repeat(40);
        let record =
            [&*id, &format!("{id} {id}"), "Jané", "J@e.com", "12345", "subject\r\n\r\nbody", ""].join("\0");
        let commits = parse(record.as_bytes()).unwrap();
        assert_eq!(
            (commits[0].parents, commits[0].time, commits[0].message.as_str()),
            (2, 12345, "subject\n\nbody")
        );
        assert!(parse(b"").unwrap().is_empty());
        assert!(parse(b"garbage").is_err());
        assert!(parse(b"garbage\0").is_err());
    }
}
