//! The repository of a sealed place: its commit with the objects of the user's repository, whole or
//! as a shallow clone has it.
//!
//! Build scripts ask git for tags and commits, and machines know different histories. Nothing is
//! copied and the user's repository is only read.

use std::path::{Path, PathBuf};

use release_gate::Result;
use release_gate::error::JudgeExt;
use release_gate::git::{CommitId, Git, bytes_to_path};
use release_gate::process::Step;

/// How much of the history is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum History {
    /// What the user's repository has, tags included.
    Whole,
    /// The commit alone, without tags.
    Shallow,
}

pub(super) fn cannot_make_repository() -> String {
    "cannot make the sandbox's repository".to_owned()
}

/// Where git keeps a part of a repository, which work trees share.
fn path_of_part(git: &Git, part: &str) -> Result<PathBuf> {
    let out = git.plumbing(["rev-parse", "--git-path", part])?;
    Ok(git
        .root()
        .join(bytes_to_path(out.strip_suffix(b"\n").unwrap_or(&out))))
}

/// Writes a file of the place's `.git`.
fn write_part(dest: &Path, name: &str, text: &str) -> Result<()> {
    let path = dest.join(".git").join(name);
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).or_judge(cannot_make_repository)?;
    }
    std::fs::write(path, text).or_judge(cannot_make_repository)
}

/// Makes `dest/.git`, with an index that fits the files there.
///
/// # Errors
/// git failed, or the disk cannot be written to.
pub(crate) fn make(git: &Git, commit: &CommitId, dest: &Path, history: History) -> Result<()> {
    let objects = path_of_part(git, "objects")?
        .canonicalize()
        .or_judge(cannot_make_repository)?;

    let format = git.plumbing(["rev-parse", "--show-object-format"])?;
    let format = String::from_utf8_lossy(&format).trim().to_owned();
    git.run(inside(git, dest).args([
        "init",
        "--quiet",
        "--template=",
        &format!("--object-format={format}"),
    ]))?
    .success()?;

    write_part(
        dest,
        "objects/info/alternates",
        &format!("{}\n", objects.display()),
    )?;

    match history {
        History::Whole => {
            let tags = git.plumbing([
                "for-each-ref",
                "--format=%(objectname) %(refname)",
                "refs/tags",
            ])?;
            write_part(dest, "packed-refs", &String::from_utf8_lossy(&tags))?;
            if let Ok(cut) = std::fs::read_to_string(path_of_part(git, "shallow")?) {
                write_part(dest, "shallow", &cut)?;
            }
        }
        History::Shallow => {
            write_part(dest, "shallow", &format!("{commit}\n"))?;
            // git shortens ids by the number of objects it knows, and the objects are the whole
            // repository's here.
            git.run(inside(git, dest).args(["config", "core.abbrev", "7"]))?
                .success()?;
        }
    }

    write_part(dest, "HEAD", &format!("{commit}\n"))?;
    git.run(inside(git, dest).args(["read-tree", "HEAD"]))?
        .success()?;

    refresh(git, dest)
}

/// Notes the files' present times in the index, so that unchanged files count as such.
///
/// # Errors
/// git cannot be started.
pub(crate) fn refresh(git: &Git, dest: &Path) -> Result<()> {
    // Exit code 1: there are changes, which is for the project to say.
    git.run(inside(git, dest).args(["update-index", "-q", "--refresh"]))?;
    Ok(())
}

/// A step in the place's own repository, whatever lies around it.
fn inside(git: &Git, dest: &Path) -> Step {
    git.step()
        .env("GIT_DIR", dest.join(".git"))
        .env("GIT_WORK_TREE", dest)
        .arg("-C")
        .arg(dest)
}
