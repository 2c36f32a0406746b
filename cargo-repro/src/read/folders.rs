//! How two folders differ: by what they hold, where links lead, what can be run, and what files
//! say.
//!
//! Links are never followed, and what is neither file, folder nor link is compared with nothing: it
//! may never end.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use release_gate::error::JudgeExt;
use release_gate::facts::report::diff::{Difference, Region};
use release_gate::{Error, Result};

use crate::diff::explain;
use crate::diff::map::{Stripe, stripe};

/// What lies under a name.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Entry {
    /// Its size and mode, of which only the bits that a release carries count.
    File {
        size: u64,
        mode: u32,
    },
    Link(PathBuf),
    EmptyFolder,
    /// A folder with something in it, which is listed itself.
    Folder,
    /// A pipe, socket or device.
    Special,
}

impl Entry {
    fn words(&self) -> String {
        match self {
            Self::File { mode: 0, .. } => "a file".to_owned(),
            Self::File { mode, .. } => format!("a file of mode {mode:o}"),
            Self::Link(to) => format!("a link to `{}`", to.to_string_lossy().replace('\\', "/")),
            Self::EmptyFolder => "an empty folder".to_owned(),
            Self::Folder => "a folder".to_owned(),
            Self::Special => "a pipe, socket or device".to_owned(),
        }
    }

    fn size(&self) -> u64 {
        match self {
            Self::File { size, .. } => *size,
            _ => 0,
        }
    }
}

/// Compares two folders.
///
/// # Errors
/// Something in them cannot be read, or both have a pipe, socket or device of one name.
pub(crate) fn compare_folders(a: &Path, b: &Path) -> Result<Difference> {
    let (in_a, in_b) = (list(a)?, list(b)?);
    let mut found = Difference {
        identical: true,
        format: "folder".to_owned(),
        ..Difference::default()
    };
    let mut names: Vec<&PathBuf> = in_a.keys().chain(in_b.keys()).collect();
    names.sort();
    names.dedup();
    for name in names {
        let shown = name.to_string_lossy().replace('\\', "/");
        let mut differ = |note: String, bytes: u64| {
            found.identical = false;
            found.places.push(Region {
                member: Some(shown.clone()),
                bytes,
                note,
                ..Region::default()
            });
        };
        match (in_a.get(name), in_b.get(name)) {
            // What is in it is listed.
            (Some(Entry::Folder), None) | (None, Some(Entry::Folder)) => {}
            (Some(one), None) => differ(
                format!("only the first has it, {}", one.words()),
                one.size(),
            ),
            (None, Some(one)) => differ(
                format!("only the second has it, {}", one.words()),
                one.size(),
            ),
            (Some(Entry::Special), Some(Entry::Special)) => {
                return Err(Error::judge(format!(
                    "`{shown}` is a pipe, socket or device in both folders"
                ))
                .with_help("remove it from both: nobody knows where it ends"));
            }
            (Some(x @ Entry::File { mode, .. }), Some(y @ Entry::File { mode: other, .. })) => {
                if mode != other {
                    differ(format!("{} and {}", x.words(), y.words()), 1);
                }
                content(&mut found, &shown, &a.join(name), &b.join(name))?;
            }
            (Some(x), Some(y)) if x != y => {
                // An empty folder beside a full one: what fills that is listed.
                let folder = |entry: &Entry| matches!(entry, Entry::Folder | Entry::EmptyFolder);
                if !(folder(x) && folder(y)) {
                    differ(format!("{} and {}", x.words(), y.words()), 1);
                }
            }
            _ => {}
        }
    }
    found
        .places
        .sort_by_key(|place| (place.derived, std::cmp::Reverse(place.bytes)));
    Ok(found)
}

/// A map of two folders, a stripe for each file that one has or both have with other bytes.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn folder_stripes(a: &Path, b: &Path) -> Result<Vec<Stripe>> {
    let in_a = list(a)?;
    let in_b = list(b)?;
    let is_file = |entry: Option<&Entry>| matches!(entry, Some(Entry::File { .. }));
    let mut names: Vec<&PathBuf> = in_a.keys().chain(in_b.keys()).collect();
    names.sort();
    names.dedup();

    let mut stripes = Vec::new();
    for name in names {
        let bytes = |folder: &Path, entry: Option<&Entry>| match is_file(entry) {
            true => read_file(&folder.join(name)),
            false => Ok(Vec::new()),
        };
        let (x, y) = (bytes(a, in_a.get(name))?, bytes(b, in_b.get(name))?);
        if x != y {
            let shown = name.to_string_lossy().replace('\\', "/");
            stripes.push(stripe(&shown, &x, &y, false));
        }
    }
    Ok(stripes)
}

/// Two files of one name.
fn content(found: &mut Difference, shown: &str, a: &Path, b: &Path) -> Result<()> {
    let inner = explain(&read_file(a)?, &read_file(b)?);
    found.size[0] += inner.size[0];
    found.size[1] += inner.size[1];
    found.identical &= inner.identical;
    for mut place in inner.places {
        place.member = Some(
            place
                .member
                .map_or_else(|| shown.to_owned(), |member| format!("{shown}/{member}")),
        );
        found.places.push(place);
    }
    found.only_a.extend(inner.only_a.into_iter().take(3));
    found.only_b.extend(inner.only_b.into_iter().take(3));
    Ok(())
}

/// The whole of a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let failed = || format!("cannot read `{}`", path.display());
    let kind = path.metadata().or_judge(failed)?.file_type();
    // Nobody may write to a named pipe, and devices have no end.
    if !kind.is_file()
        && !kind.is_dir()
        && !path.starts_with("/dev/fd")
        && !path.starts_with("/proc")
    {
        return Err(Error::judge(format!(
            "`{}` is neither a file nor a folder",
            path.display()
        ))
        .with_help("compare what it holds: write that to a file first"));
    }
    std::fs::read(path).or_judge(failed)
}

/// All that lies below a folder.
fn list(dir: &Path) -> Result<BTreeMap<PathBuf, Entry>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let failed = || format!("cannot read `{}`", folder.display());
        let mut empty = true;
        for entry in std::fs::read_dir(&folder).or_judge(failed)? {
            empty = false;
            let entry = entry.or_judge(failed)?;
            let (path, kind) = (entry.path(), entry.file_type().or_judge(failed)?);
            let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            if kind.is_dir() {
                open.push(path);
                continue;
            }
            let entry = if kind.is_symlink() {
                Entry::Link(std::fs::read_link(&path).or_judge(failed)?)
            } else if kind.is_file() {
                let metadata = entry.metadata().or_judge(failed)?;
                Entry::File {
                    size: metadata.len(),
                    mode: mode(&metadata),
                }
            } else {
                Entry::Special
            };
            found.insert(name, entry);
        }
        if folder != dir {
            let name = folder.strip_prefix(dir).unwrap_or(&folder).to_owned();
            found.insert(
                name,
                if empty {
                    Entry::EmptyFolder
                } else {
                    Entry::Folder
                },
            );
        }
    }

    Ok(found)
}

/// Whether a file can be run, and as whom; who else may read or write it is the umask's.
fn mode(metadata: &std::fs::Metadata) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = metadata.permissions().mode();
        (mode & 0o6000) | if mode & 0o111 == 0 { 0 } else { 0o111 }
    }
    #[cfg(not(unix))]
    {
        let _ = metadata;
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(dir: &Path, files: &[(&str, &str)]) {
        for (name, text) in files {
            let path = dir.join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
    }

    fn notes(found: &Difference) -> Vec<String> {
        found
            .places
            .iter()
            .map(|place| {
                format!(
                    "{}: {}",
                    place.member.as_deref().unwrap_or_default(),
                    place.note
                )
            })
            .collect()
    }

    #[test]
    fn what_one_side_lacks_is_named_whichever_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        write(
            &a,
            &[
                ("same", "x"),
                ("only", "long text"),
                ("sub/only", "y"),
                ("kind/file", "z"),
            ],
        );
        write(&b, &[("same", "x"), ("kind", "z")]);
        std::fs::create_dir(b.join("empty")).unwrap();
        let found = compare_folders(&a, &b).unwrap();
        assert!(!found.identical);
        assert_eq!(
            notes(&found),
            [
                "only: only the first has it, a file",
                "kind: a folder and a file",
                "kind/file: only the first has it, a file",
                "sub/only: only the first has it, a file",
                "empty: only the second has it, an empty folder",
            ]
        );
        let back = compare_folders(&b, &a).unwrap();
        assert_eq!(back.places.len(), found.places.len());
        for folder in [&a, &b] {
            let same = compare_folders(folder, folder).unwrap();
            assert!(same.identical && same.places.is_empty());
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed_and_modes_count_where_a_release_carries_them() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        let files = [("run", "x"), ("read", "x"), ("file", "x")];
        write(&a, &files);
        write(&b, &files);
        let mode = |path: PathBuf, mode| {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(a.join("run"), 0o755);
        mode(a.join("read"), 0o600);
        for (folder, to) in [(&a, "loop"), (&b, "nowhere")] {
            symlink("loop", folder.join("loop")).unwrap();
            symlink(to, folder.join("link")).unwrap();
        }

        std::fs::remove_file(b.join("file")).unwrap();
        symlink("read", b.join("file")).unwrap();
        assert_eq!(
            notes(&compare_folders(&a, &b).unwrap()),
            [
                "file: a file and a link to `read`",
                "link: a link to `loop` and a link to `nowhere`",
                "run: a file of mode 111 and a file",
            ]
        );
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_has_no_end_is_not_read() {
        let dir = tempfile::tempdir().unwrap();
        let (a, b) = (dir.path().join("a"), dir.path().join("b"));
        write(&a, &[("x", "x")]);
        write(&b, &[("x", "x")]);
        let _listens = std::os::unix::net::UnixListener::bind(a.join("socket")).unwrap();
        assert_eq!(
            notes(&compare_folders(&a, &b).unwrap()),
            ["socket: only the first has it, a pipe, socket or device"]
        );
        let _listens = std::os::unix::net::UnixListener::bind(b.join("socket")).unwrap();
        assert!(
            compare_folders(&a, &b)
                .unwrap_err()
                .chain()
                .contains("`socket` is a pipe")
        );
        assert!(
            read_file(&a.join("socket"))
                .unwrap_err()
                .chain()
                .contains("neither a file nor a folder")
        );
        assert!(read_file(Path::new("/dev/zero")).is_err());
    }
}
