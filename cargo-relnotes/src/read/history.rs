//! Commits of a range, through git plumbing with NUL between fields.
//!
//! Must never: guess what is in a range. git walks `predecessor..release`; a clone whose history
//! was cut off is refused by the caller before anything is asked here.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use release_gate::git::{CommitId, Git, GitError};
use release_gate::process::Step;

use super::blobs;
use super::people_cache::PeopleCache;
use crate::model::changed::{Change, ChangedFiles};
use crate::model::commit::{Commit, Identity};
use crate::model::folders::Folders;
use crate::model::people::EarlierPeople;
use crate::model::pulls;
use crate::model::range::{Ancestry, Span};

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

/// Fields of one commit, in this order, each ended by NUL: one that is empty, where a commit begins;
/// id, parents, author, address, committer time, message. The files it changed follow.
const FORMAT: &str = "--format=%x00%H%x00%P%x00%aN%x00%aE%x00%ct%x00%B";

/// Arguments that name a range.
fn range_args(span: &Span) -> Vec<String> {
    let mut args = vec![span.to.to_string()];
    args.extend(span.also.iter().map(ToString::to_string));
    args.extend(span.without.iter().map(|commit| format!("^{commit}")));
    args
}

/// What is asked about the commits of a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The positions of parents; without it, they are there only where a merge is one of a pull
    /// request.
    pub parents: bool,
    /// The files each commit changed, which costs git as much as the rest.
    pub files: bool,
}

/// The commits of a range, children before parents.
///
/// # Errors
/// git failed or its answer is odd.
pub fn commits(git: &Git, span: &Span) -> Result<Vec<Commit>, HistoryError> {
    let asked = Asked {
        parents: false,
        files: false,
    };
    Ok(log(git, span, asked)?.0)
}

/// The commits of a range, children before parents, and the files they changed: one walk.
///
/// # Errors
/// git failed or its answer is odd.
pub fn log(
    git: &Git,
    span: &Span,
    asked: Asked,
) -> Result<(Vec<Commit>, ChangedFiles), HistoryError> {
    let mut step = with_mailmap(git, &span.to)
        .args(["-c", "log.showRoot=true", "-c", "diff.relative=false"])
        .args(["log", "-z", "--date-order", "--no-notes", "--no-decorate"])
        .args(["--encoding=UTF-8", FORMAT]);
    if asked.files {
        step = step.args(["--name-status", "--no-renames", "--ignore-submodules=none"]);
    }
    let step = step
        .arg("--end-of-options")
        .args(range_args(span))
        .arg("--");
    let log = git.run(step)?.success().map_err(GitError::from)?.stdout;
    parse_log(&log, asked.parents)
}

/// A git step that takes people's names from the mailmap of a commit: neither the work tree's,
/// which may have been edited, nor one of the machine's configuration.
fn with_mailmap(git: &Git, commit: &CommitId) -> Step {
    git.step()
        .arg("--git-dir")
        .arg(git.git_dir())
        .arg("--bare")
        .args(["-c", "mailmap.file=", "-c"])
        .arg(format!("mailmap.blob={commit}:.mailmap"))
}

/// The commits a merge brought: reachable from it and not from its first parent, itself included.
///
/// # Errors
/// git failed.
pub fn brought(git: &Git, merge: &CommitId) -> Result<BTreeSet<CommitId>, HistoryError> {
    let range = [merge.to_string(), format!("^{merge}^1")];
    let bytes = git.plumbing(
        ["rev-list", "--end-of-options"]
            .map(str::to_owned)
            .into_iter()
            .chain(range),
    )?;
    Ok(String::from_utf8_lossy(&bytes)
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect())
}

fn odd(bytes: &[u8]) -> HistoryError {
    HistoryError::Log {
        near: String::from_utf8_lossy(bytes).chars().take(60).collect(),
    }
}

/// Takes git's answer apart.
fn parse_log(
    bytes: &[u8],
    parents_asked: bool,
) -> Result<(Vec<Commit>, ChangedFiles), HistoryError> {
    let text = String::from_utf8_lossy(bytes);
    let Some(text) = text.strip_suffix('\0') else {
        return if text.is_empty() {
            Ok(<_>::default())
        } else {
            Err(odd(bytes))
        };
    };

    let mut fields = text.split('\0').peekable();
    let mut commits: Vec<Commit> = Vec::new();
    let mut files = FileList::default();
    let mut lines: Vec<(&str, &str)> = Vec::new();
    let mut keeps_parents = parents_asked;
    let mut people: HashMap<(&str, &str), Arc<Identity>> = HashMap::new();
    while let Some(start) = fields.next() {
        if !start.is_empty() {
            return Err(odd(start.as_bytes()));
        }
        let mut next = || fields.next().ok_or_else(|| odd(bytes));
        let (id, parents, name) = (next()?, next()?, next()?);
        let (email, time, message) = (next()?, next()?, next()?);
        let merge = parents.contains(' ');
        keeps_parents |= merge && pulls::read(message).is_some();
        lines.push((id, parents));
        commits.push(Commit {
            inside: Box::default(),
            id: id.parse().map_err(|_| odd(id.as_bytes()))?,
            parents: parents.split_ascii_whitespace().count(),
            author: Arc::clone(
                people
                    .entry((name, email))
                    .or_insert_with(|| Arc::new(Identity::new(name, email))),
            ),
            time: time.parse().map_err(|_| odd(time.as_bytes()))?,
            message: if message.contains('\r') {
                message.replace("\r\n", "\n")
            } else {
                message.to_owned()
            },
            touches_package: true,
        });
        files.read(&mut fields)?;
    }

    if keeps_parents {
        let positions: HashMap<&str, u32> = (0_u32..)
            .zip(&lines)
            .map(|(position, (id, _))| (*id, position))
            .collect();
        for (commit, (_, parents)) in commits.iter_mut().zip(&lines) {
            commit.inside = parents
                .split_ascii_whitespace()
                .map(|parent| positions.get(parent).copied().unwrap_or(u32::MAX))
                .collect();
        }
    }

    Ok((commits, files.changed))
}

/// Files as they are read from git's answer.
#[derive(Default)]
struct FileList<'a> {
    changed: ChangedFiles,
    positions: HashMap<&'a str, u32>,
}

impl<'a> FileList<'a> {
    /// The files of one commit: a letter and a path each, a line break before the first of them, up
    /// to the empty field where the next commit begins.
    fn read(
        &mut self,
        fields: &mut std::iter::Peekable<std::str::Split<'a, char>>,
    ) -> Result<(), HistoryError> {
        let mut changes: Vec<Change> = Vec::new();
        while let Some(kind) = fields.next_if(|field| !field.is_empty()) {
            let kind = match changes.is_empty() {
                true => kind
                    .strip_prefix('\n')
                    .ok_or_else(|| odd(kind.as_bytes()))?,
                false => kind,
            };
            let path = fields.next().ok_or_else(|| odd(kind.as_bytes()))?;
            let known = self.changed.paths.len();
            let position = match self.positions.get(path) {
                Some(position) => *position,
                None => {
                    let position = u32::try_from(known).map_err(|_| odd(path.as_bytes()))?;
                    self.changed.paths.push(path.to_owned());
                    self.positions.insert(path, position);
                    position
                }
            };
            changes.push(Change {
                path: position,
                is_new: kind == "A",
            });
        }
        self.changed.by_commit.push(changes.into());
        Ok(())
    }
}

/// How many commits `git rev-list` counts in a range: the number every accounting is held to.
///
/// # Errors
/// git failed or its answer is not a number.
pub fn count(git: &Git, span: &Span) -> Result<usize, HistoryError> {
    let args = ["rev-list", "--count", "--end-of-options"].map(str::to_owned);
    let bytes = git.plumbing(args.into_iter().chain(range_args(span)))?;
    let text = String::from_utf8_lossy(&bytes);
    text.trim().parse().map_err(|_| HistoryError::Log {
        near: text.chars().take(60).collect(),
    })
}

/// Arguments that name folders and files exactly, less others.
fn pathspecs(inside: &[String], outside: &[String]) -> Vec<String> {
    let wanted = inside.iter().map(|folder| {
        if folder.is_empty() {
            ":(top)".to_owned()
        } else {
            format!(":(top,literal){folder}")
        }
    });
    let unwanted = outside
        .iter()
        .map(|folder| format!(":(top,exclude,literal){folder}"));
    wanted.chain(unwanted).collect()
}

/// What can be reached from some commits and not from another: a commit that is not among it is a
/// part of the other one's history. One walk answers for all of them, and where nothing is newer it
/// is none.
///
/// # Errors
/// git failed.
pub fn outside(
    git: &Git,
    commits: &[&CommitId],
    of: &CommitId,
) -> Result<BTreeSet<CommitId>, HistoryError> {
    let mut input: String = commits.iter().map(|commit| format!("{commit}\n")).collect();
    input.push_str(&format!("^{of}\n"));
    let step = git.step().args(["rev-list", "--stdin"]).stdin(input);
    let bytes = git.run(step)?.success().map_err(GitError::from)?.stdout;
    Ok(String::from_utf8_lossy(&bytes)
        .lines()
        .filter_map(|line| line.parse().ok())
        .collect())
}

/// Everybody who wrote a commit, or a part of one, in these histories that touches the package,
/// after the mailmap of `to`. What is remembered in `folder` is not walked again.
///
/// # Errors
/// git failed.
pub fn earlier_people(
    git: &Git,
    histories: &[CommitId],
    folders: &Folders,
    to: &CommitId,
    folder: Option<&Path>,
) -> Result<EarlierPeople, HistoryError> {
    let paths = if folders.is_everything() {
        Vec::new()
    } else {
        pathspecs(&folders.inside, &folders.outside)
    };

    let Some(folder) = folder.filter(|folder| !is_committed(git, folder)) else {
        return walk_people(git, histories, &paths, to);
    };
    let mailmap = blobs::read(git, &[format!("{to}:.mailmap")])?;
    let mailmap = mailmap.into_iter().flatten().next();
    let mailmap = mailmap.map(|blob| blob.id).unwrap_or_default();
    let cache = PeopleCache::new(folder, &paths, &mailmap);
    if let Some(people) = cache.read(histories) {
        return Ok(people);
    }
    let nearest = histories
        .first()
        .and_then(|newest| cache.nearest(git, newest));
    let people = match nearest {
        Some((commit, mut people)) => {
            let mut range: Vec<String> = histories.iter().map(ToString::to_string).collect();
            range.push(format!("^{commit}"));
            people.add(&walk_range(git, &range, &paths, to)?);
            people
        }
        None => walk_people(git, histories, &paths, to)?,
    };

    cache.write(histories, &people);

    Ok(people)
}

/// Whether the repository itself brings something in this folder: nobody's memory but its own.
fn is_committed(git: &Git, folder: &Path) -> bool {
    let Ok(inside) = folder.strip_prefix(git.root()) else {
        return false;
    };
    let path = format!(":(top,literal){}", inside.to_string_lossy());
    let step = git
        .step()
        .env("GIT_LITERAL_PATHSPECS", "0")
        .args(["ls-files", "--cached", "--", &path]);
    let listed = git.run(step).and_then(|done| Ok(done.success()?.stdout));
    listed.map_or(true, |names| !names.is_empty())
}

fn walk_people(
    git: &Git,
    histories: &[CommitId],
    paths: &[String],
    to: &CommitId,
) -> Result<EarlierPeople, HistoryError> {
    let range: Vec<String> = histories.iter().map(ToString::to_string).collect();
    walk_range(git, &range, paths, to)
}

fn walk_range(
    git: &Git,
    range: &[String],
    paths: &[String],
    to: &CommitId,
) -> Result<EarlierPeople, HistoryError> {
    let step = with_mailmap(git, to)
        .args(["log", "-z", "--no-notes", "--encoding=UTF-8", PEOPLE])
        .arg("--end-of-options")
        .args(range)
        .arg("--")
        .args(paths)
        .env("GIT_LITERAL_PATHSPECS", "0");
    let log = git.run(step)?.success().map_err(GitError::from)?.stdout;
    let text = String::from_utf8_lossy(&log);

    let mut authors: BTreeSet<&str> = BTreeSet::new();
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for record in text.split_terminator('\0') {
        let mut lines = record.lines();
        let parents = lines.next().unwrap_or_default();
        authors.extend(lines.next());
        // Who took part in what a merge brought is named there, too.
        if !parents.contains(' ') {
            named.extend(lines.map(str::trim).filter(|line| !line.is_empty()));
        }
    }

    let mut known = EarlierPeople::default();
    let authors: Vec<Identity> = authors.into_iter().map(identity_of).collect();
    known.extend(&authors);
    let named: Vec<Identity> = named.into_iter().map(identity_of).collect();
    known.extend(&mailmapped(git, &named, to)?);
    Ok(known)
}

/// One commit: its parents, its author, and everybody its trailers name, a line each.
const PEOPLE: &str = "--format=%P%n%aN <%aE>%n%(trailers:key=Co-authored-by,valueonly)";

/// `Name <address>`, or a name alone.
fn identity_of(text: &str) -> Identity {
    match text.rsplit_once('<') {
        Some((name, rest)) => Identity::new(name, rest.trim().trim_end_matches('>')),
        None => Identity::new(text, ""),
    }
}

/// Passes people through the mailmap of `to`.
///
/// # Errors
/// git could not be run.
pub fn mailmapped(
    git: &Git,
    people: &[Identity],
    to: &CommitId,
) -> Result<Vec<Identity>, HistoryError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let input: String = people
        .iter()
        .map(|person| person.for_mailmap().replace(['\n', '\0'], " ") + "\n")
        .collect();
    let finished = git.run(
        with_mailmap(git, to)
            .args(["check-mailmap", "--stdin"])
            .stdin(input),
    )?;
    let text = String::from_utf8_lossy(&finished.stdout);
    let mapped: Vec<Identity> = text.lines().map(identity_of).collect();
    // An entry git does not understand must not cost us the names.
    Ok(if finished.is_success() && mapped.len() == people.len() {
        mapped
    } else {
        people.to_vec()
    })
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
        let record = [
            "",
            &*id,
            &format!("{id} {id}"),
            "Jané",
            "J@e.com",
            "12345",
            "subject\r\n\r\nbody",
            "",
        ]
        .join("\0");

        let (commits, files) = parse_log(record.as_bytes(), false).unwrap();
        assert_eq!(
            (
                commits[0].parents,
                commits[0].time,
                commits[0].message.as_str()
            ),
            (2, 12345, "subject\n\nbody")
        );
        assert!(files.by_commit[0].is_empty());

        assert!(parse_log(b"", true).unwrap().0.is_empty());
        assert!(parse_log(b"garbage", true).is_err());
        assert!(parse_log(b"garbage\0", true).is_err());
    }

    #[test]
    fn files_stand_behind_the_commit_that_changed_them() {
        let id = "a".repeat(40);
        let commit = |message: &str| format!("\0{id}\0\0A\0a@e.com\012345\0{message}\0");
        let text = [
            &commit("one"),
            "\nA\0\nodd\0M\0b c\0",
            &commit(""),
            &commit("three"),
            "\nM\0b c\0",
        ]
        .concat();

        let (commits, files) = parse_log(text.as_bytes(), false).unwrap();
        let messages: Vec<&str> = commits.iter().map(|one| one.message.as_str()).collect();
        assert_eq!(messages, ["one", "", "three"]);
        assert_eq!(files.paths, ["\nodd", "b c"]);
        let changes: Vec<Vec<(u32, bool)>> = files
            .by_commit
            .iter()
            .map(|changes| changes.iter().map(|one| (one.path, one.is_new)).collect())
            .collect();
        assert_eq!(
            changes,
            [vec![(0, true), (1, false)], Vec::new(), vec![(1, false)]]
        );

        // A letter without a path, and one where a commit should begin.
        for cut in ["\nA\0", "A\0b\0"] {
            assert!(parse_log((commit("one") + cut).as_bytes(), false).is_err());
        }
    }
}
