use std::path::Path;

use super::repository::*;
use super::*;
use crate::error::Error;
use crate::process::{Runner, Step};

/// A repository in a temporary folder, with a fixed identity, clock and configuration.
struct Repo {
    dir: tempfile::TempDir,
    runner: Runner,
}

impl Repo {
    fn new() -> Self {
        let repo = Self {
            dir: tempfile::tempdir().unwrap(),
            runner: Runner::new(),
        };
        repo.git(&["init", "--quiet", "--initial-branch=main"]);
        repo
    }

    fn git(&self, args: &[&str]) {
        git_in(self.dir.path(), args);
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.dir.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    fn commit(&self, message: &str) -> CommitId {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.open().head().unwrap().unwrap()
    }

    fn open(&self) -> Git {
        Git::discover(self.dir.path(), &self.runner)
            .unwrap()
            .unwrap()
    }
}

fn git_in(dir: &Path, args: &[&str]) {
    let mut step = Step::new("git")
        .current_dir(dir)
        .args(["-c", "protocol.file.allow=always"])
        .args(args);
    for (name, value) in [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_AUTHOR_NAME", "A"),
        ("GIT_AUTHOR_EMAIL", "a@example.org"),
        ("GIT_AUTHOR_DATE", "1700000000 +0100"),
        ("GIT_COMMITTER_NAME", "C"),
        ("GIT_COMMITTER_EMAIL", "c@example.org"),
        ("GIT_COMMITTER_DATE", "1700000000 +0100"),
    ] {
        step = step.env(name, value);
    }
    Runner::new().run(step).unwrap().success().unwrap();
}

#[test]
fn a_folder_without_repository_is_none() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Git::discover(dir.path(), &Runner::new()).unwrap().is_none());
}

#[test]
fn an_unborn_branch_has_no_head() {
    assert_eq!(Repo::new().open().head().unwrap(), None);
}

#[test]
fn revisions_resolve_and_unknown_ones_are_named() {
    let repo = Repo::new();
    let first = repo.commit("first");
    repo.git(&["tag", "-a", "-m", "release", "v1.0.0"]);
    let git = repo.open();
    assert_eq!(
        git.resolve("v1.0.0").unwrap(),
        first,
        "an annotated tag is peeled"
    );
    assert_eq!(git.commit_time(&first).unwrap(), 1_700_000_000);
    for bad in ["v2.0.0", "--output=x", "-h", "HEAD:nothing", ""] {
        assert!(
            matches!(git.resolve(bad), Err(GitError::UnknownRevision { .. })),
            "{bad}"
        );
    }
}

#[test]
fn tags_lead_to_commits() {
    let repo = Repo::new();
    let first = repo.commit("first");
    repo.git(&["tag", "light"]);
    repo.git(&["tag", "-a", "-m", "x", "v1.0.0"]);
    repo.git(&["tag", "a-tree", "HEAD^{tree}"]);
    let tags = repo.open().tags().unwrap();
    let seen: Vec<_> = tags
        .iter()
        .map(|tag| (tag.name.as_str(), tag.annotated, &tag.commit))
        .collect();
    assert_eq!(seen, [("light", false, &first), ("v1.0.0", true, &first)]);
}

#[test]
fn dirt_is_seen_and_ignored_files_are_not() {
    let repo = Repo::new();
    repo.write(".gitignore", "target\n");
    repo.write("a", "1");
    repo.commit("first");
    let git = repo.open();
    repo.write("target/x", "");
    assert!(!git.is_dirty().unwrap());
    repo.write("b", "");
    assert!(git.is_dirty().unwrap());
}

#[test]
fn files_at_a_commit() {
    let repo = Repo::new();
    repo.write("dir/a", "one");
    let first = repo.commit("first");
    repo.write("dir/a", "two");
    repo.commit("second");
    let git = repo.open();
    assert_eq!(
        git.show(&first, "dir/a").unwrap().as_deref(),
        Some(&b"one"[..])
    );
    assert_eq!(git.show(&first, "dir").unwrap(), None);
    assert_eq!(git.show(&first, "missing").unwrap(), None);
}

/// The one process that reads objects is never a line ahead or behind.
#[cfg(unix)]
#[test]
fn objects_are_those_that_were_asked_for() {
    let repo = Repo::new();
    repo.write("a", "one\nblob 3\n");
    repo.write("dir/b c", "");
    repo.write("odd\nname", "odd");
    repo.write("ends\r", "with a return");
    let commit = repo.commit("first");
    let git = repo.open();
    let name = |path: &str| format!("{commit}:{path}");
    let text = |object: Option<Object>| {
        object.map(|object| String::from_utf8_lossy(&object.bytes).into_owned())
    };

    let names = [
        name("a"),
        name("missing blob 3"),
        name("dir/b c"),
        name("odd\nname"),
        name("ends\r"),
        name("ends"),
        name("a\0"),
        name("no\nname"),
        "0".repeat(40),
        name("a"),
    ];
    let found = git.objects(&names).unwrap();
    let found: Vec<_> = found.into_iter().map(text).collect();
    let one = Some("one\nblob 3\n".to_owned());
    let odd = [Some("odd".to_owned()), Some("with a return".to_owned())];
    let [odd, ending] = odd;
    assert_eq!(
        found,
        [
            one.clone(),
            None,
            Some(String::new()),
            odd,
            ending,
            None,
            None,
            None,
            None,
            one
        ]
    );

    // A commit that is made later is seen by the process that runs.
    repo.write("later", "later");
    let later = repo.commit("second");
    assert_eq!(
        git.show(&later, "later").unwrap().as_deref(),
        Some(&b"later"[..])
    );
    assert_eq!(git.show(&commit, "later").unwrap(), None);

    // All of them but the first through one process.
    drop(git);
    let readers = repo.runner.records();
    let readers = readers
        .iter()
        .filter(|record| record.argv.ends_with(&["--batch".to_owned()]));
    assert_eq!(readers.count(), 1);
}

#[test]
fn folders_at_a_commit() {
    let repo = Repo::new();
    repo.write("dir/a", "one");
    repo.write("dir/sub/b", "two");
    let commit = repo.commit("first");
    let git = repo.open();
    let names = |path: &str| {
        git.folder(&commit, path).unwrap().map(|entries| {
            entries
                .iter()
                .map(|entry| {
                    (
                        String::from_utf8_lossy(&entry.name).into_owned(),
                        entry.is_file(),
                    )
                })
                .collect::<Vec<_>>()
        })
    };
    let inside = Some(vec![("a".to_owned(), true), ("sub".to_owned(), false)]);
    assert_eq!(names("dir"), inside);
    assert_eq!(names("dir/"), inside);
    assert_eq!(names(""), Some(vec![("dir".to_owned(), false)]));
    assert_eq!(names("dir/a"), None);
    assert_eq!(names("missing"), None);
}

/// Damage ends the process that reads; the next question is answered by a new one.
#[cfg(unix)]
#[test]
fn a_damaged_object_is_an_error_and_the_next_one_is_read() {
    let repo = Repo::new();
    // So long that its beginning can be read where its end is damaged.
    let numbers: Vec<String> = (0..20_000).map(|number| number.to_string()).collect();
    repo.write("a", &numbers.join(" "));
    repo.write("b", "two");
    let commit = repo.commit("first");
    let git = repo.open();
    let names = [format!("{commit}:a"), format!("{commit}:b")];
    let found = git.objects(&names[..1]).unwrap();
    let id = found[0].as_ref().unwrap().id.clone();

    let file = repo
        .dir
        .path()
        .join(".git/objects")
        .join(&id[..2])
        .join(&id[2..]);
    let mut permissions = file.metadata().unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(&file, permissions).unwrap();
    let mut bytes = std::fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&file, bytes).unwrap();

    assert!(repo.open().objects(&names).is_err());
    let other = repo.open();
    assert!(other.objects(&names[..1]).is_err());
    assert!(other.show(&commit, "a").is_err());
    assert!(other.objects(&names[1..]).unwrap()[0].is_some());
}

#[cfg(unix)]
#[test]
fn a_checkout_is_what_was_committed() {
    let repo = Repo::new();
    // Export attributes, filters and line-ending rules would change what `git archive` or a plain
    // checkout writes.
    repo.write(
        ".gitattributes",
        "hidden export-ignore\nsubst export-subst\nfiltered filter=evil\n*.txt text eol=crlf\n",
    );
    repo.write("hidden", "h");
    repo.write("subst", "$Format:%H$");
    repo.write("filtered", "f");
    repo.write(
        "lfs",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n",
    );
    std::os::unix::fs::symlink("hidden", repo.dir.path().join("link")).unwrap();
    let first = repo.commit("first");
    repo.git(&["config", "filter.evil.smudge", "touch evil-was-here; cat"]);
    repo.git(&["config", "filter.evil.required", "true"]);
    repo.write("hidden", "changed, uncommitted");

    let dest = tempfile::tempdir().unwrap();
    let folder = dest.path().join("out with space");
    let checkout = repo.open().checkout(&first, &folder).unwrap();
    assert_eq!(std::fs::read_to_string(folder.join("hidden")).unwrap(), "h");
    assert_eq!(
        std::fs::read_to_string(folder.join("subst")).unwrap(),
        "$Format:%H$"
    );
    assert_eq!(
        std::fs::read_to_string(folder.join("filtered")).unwrap(),
        "f"
    );
    assert_eq!(
        std::fs::read_link(folder.join("link")).unwrap(),
        Path::new("hidden")
    );
    assert!(!folder.join(".git").exists());
    assert!(
        !folder.join("evil-was-here").exists() && !repo.dir.path().join("evil-was-here").exists()
    );
    assert_eq!(checkout.lfs_pointers, [Path::new("lfs")]);
    let modified = std::fs::metadata(folder.join("hidden"))
        .unwrap()
        .modified()
        .unwrap();
    assert_eq!(
        modified
            .duration_since(std::time::SystemTime::UNIX_EPOCH)
            .unwrap()
            .as_secs(),
        1_700_000_000
    );
    assert_eq!(
        std::fs::read_to_string(repo.dir.path().join("hidden")).unwrap(),
        "changed, uncommitted"
    );
}

/// A repository with a submodule `inner`, whose files are older than the index says, so that git
/// looks into them.
fn with_submodule(attributes: &[u8]) -> Repo {
    let inner = Repo::new();
    inner.write("lib.rs", "text");
    std::fs::write(inner.dir.path().join(".gitattributes"), attributes).unwrap();
    inner.commit("inner");
    let outer = Repo::new();
    let url = inner.dir.path().to_str().unwrap().to_owned();
    outer.git(&["submodule", "--quiet", "add", &url, "inner"]);
    outer.commit("with submodule");
    make_old(&outer.dir.path().join("inner/lib.rs"));
    outer
}

fn make_old(path: &Path) {
    let file = std::fs::File::options().append(true).open(path).unwrap();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1);
    file.set_modified(long_ago).unwrap();
}

/// A configuration with a filter that leaves a file where it ran.
fn filter_that_tells(name: &[u8], ran: &Path) -> Vec<u8> {
    let ran = ran.to_str().unwrap();
    let program = format!("\"]\n\tclean = \"touch {ran}; cat\"\n\tsmudge = \"touch {ran}; cat\"\n");
    [b"[filter \"", name, program.as_bytes()].concat()
}

fn append(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = std::fs::File::options().append(true).open(path).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn no_filter_of_a_submodule_is_started() {
    let outer = with_submodule(b"* filter=odd\n");
    let ran = outer.dir.path().join(".git/ran");
    let config = outer.dir.path().join(".git/modules/inner/config");
    append(&config, &filter_that_tells(b"odd", &ran));

    assert!(!outer.open().is_dirty().unwrap());
    let head = outer.open().head().unwrap().unwrap();
    let dest = tempfile::tempdir().unwrap();
    outer.open().checkout(&head, dest.path()).unwrap();
    assert!(!ran.exists());

    // What was changed there is seen all the same.
    outer.write("inner/lib.rs", "other");
    assert!(outer.open().is_dirty().unwrap());
    assert!(outer.open().has_tracked_changes().unwrap());
}

#[test]
fn a_submodule_that_is_not_initialized_holds_nothing() {
    let outer = with_submodule(b"");
    outer.git(&["submodule", "--quiet", "deinit", "--force", "inner"]);
    assert!(!outer.open().is_dirty().unwrap());
    outer.write("inner/lib.rs", "from elsewhere");
    assert!(outer.open().is_dirty().unwrap());
}

#[test]
fn a_submodule_whose_files_lie_elsewhere_counts_as_changed() {
    let outer = with_submodule(b"");
    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(elsewhere.path().join("lib.rs"), "text").unwrap();
    std::fs::write(elsewhere.path().join(".gitattributes"), "").unwrap();
    let inner = outer.dir.path().join("inner");
    let place = elsewhere.path().to_str().unwrap();
    git_in(&inner, &["config", "core.worktree", place]);
    outer.write("inner/lib.rs", "other");
    assert!(outer.open().is_dirty().unwrap());
}

#[cfg(unix)]
#[test]
fn no_filter_is_started_whose_name_is_not_utf8() {
    let repo = Repo::new();
    let ran = repo.dir.path().join(".git/ran");
    repo.write("file", "text");
    std::fs::write(repo.dir.path().join(".gitattributes"), b"* filter=\xff\n").unwrap();
    let head = repo.commit("first");
    append(
        &repo.dir.path().join(".git/config"),
        &filter_that_tells(b"\xff", &ran),
    );
    make_old(&repo.dir.path().join("file"));

    assert!(!repo.open().is_dirty().unwrap());
    let dest = tempfile::tempdir().unwrap();
    repo.open().checkout(&head, dest.path()).unwrap();
    assert!(!ran.exists());
}

#[test]
fn submodules_come_along_at_the_commit_that_is_named() {
    let inner = Repo::new();
    inner.write("lib.rs", "old");
    inner.commit("inner");
    let outer = Repo::new();
    let url = inner.dir.path().to_str().unwrap().to_owned();
    outer.git(&[
        "submodule",
        "--quiet",
        "add",
        "--name",
        "odd name",
        &url,
        "deps/inner",
    ]);
    let first = outer.commit("with submodule");
    inner.write("lib.rs", "new");
    inner.commit("inner 2");
    git_in(
        &outer.dir.path().join("deps/inner"),
        &["pull", "--quiet", "origin", "main"],
    );
    outer.commit("submodule moved");

    let dest = tempfile::tempdir().unwrap();
    let checkout = outer.open().checkout(&first, dest.path()).unwrap();
    assert_eq!(
        std::fs::read_to_string(dest.path().join("deps/inner/lib.rs")).unwrap(),
        "old"
    );
    assert_eq!(checkout.submodules.len(), 1);

    // Without the submodule's clone the error names it.
    std::fs::remove_dir_all(outer.dir.path().join("deps")).unwrap();
    std::fs::remove_dir_all(outer.dir.path().join(".git/modules")).unwrap();
    let dest = tempfile::tempdir().unwrap();
    let error = outer.open().checkout(&first, dest.path()).unwrap_err();
    assert!(matches!(&error, GitError::Submodule { path, .. } if path == Path::new("deps/inner")));
    assert!(Error::from(error).help()[0].contains("submodule update"));
}
