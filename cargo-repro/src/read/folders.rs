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

    fn is_folder(&self) -> bool {
        matches!(self, Self::Folder | Self::EmptyFolder)
    }
}

/// What two entries of one name are.
fn both_words(x: &Entry, y: &Entry) -> String {
    format!("{} and {}", x.words(), y.words())
}

/// Adds that two folders differ in a member.
fn add_place(found: &mut Difference, member: &str, note: String, bytes: u64) {
    found.identical = false;
    found.places.push(Region {
        member: Some(member.to_owned()),
        bytes,
        note,
        ..Region::default()
    });
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
        match (in_a.get(name), in_b.get(name)) {
            // What is in it is listed.
            (Some(Entry::Folder), None) | (None, Some(Entry::Folder)) => {}
            (Some(one), None) => {
                let note = format!("only the first has it, {}", one.words());
                add_place(&mut found, &shown, note, one.size());
            }
            (None, Some(one)) => {
                let note = format!("only the second has it, {}", one.words());
                add_place(&mut found, &shown, note, one.size());
            }
            (Some(Entry::Special), Some(Entry::Special)) => {
                return Err(Error::judge(format!(
                    "`{shown}` is a pipe, socket or device in both folders"
                ))
                .with_help("remove it from both: nobody knows where it ends"));
            }
            (Some(x @ Entry::File { mode, .. }), Some(y @ Entry::File { mode: other, .. })) => {
                if mode != other {
                    add_place(&mut found, &shown, both_words(x, y), 1);
                }
                content(&mut found, &shown, &a.join(name), &b.join(name))?;
            }
            // An empty folder beside a full one: what fills that is listed.
            (Some(x), Some(y)) if x.is_folder() && y.is_folder() => {}
            (Some(x), Some(y)) if x != y => {
                add_place(&mut found, &shown, both_words(x, y), 1);
            }
            _ => {}
        }
    }
    found
        .places
        .sort_by_key(|place| (place.derived, std::cmp::Reverse(place.bytes)));
    Ok(found)
}

/// The bytes of what is a file; of anything else none.
fn bytes_of_entry(path: &Path, entry: Option<&Entry>) -> Result<Vec<u8>> {
    match entry {
        Some(Entry::File { .. }) => read_file(path),
        _ => Ok(Vec::new()),
    }
}

/// A map of two folders, a stripe for each file that one has or both have with other bytes.
///
/// # Errors
/// A file cannot be read.
pub(crate) fn folder_stripes(a: &Path, b: &Path) -> Result<Vec<Stripe>> {
    let in_a = list(a)?;
    let in_b = list(b)?;
    let mut names: Vec<&PathBuf> = in_a.keys().chain(in_b.keys()).collect();
    names.sort();
    names.dedup();

    let mut stripes = Vec::new();
    for name in names {
        let x = bytes_of_entry(&a.join(name), in_a.get(name))?;
        let y = bytes_of_entry(&b.join(name), in_b.get(name))?;
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

fn unreadable_path(path: &Path) -> String {
    format!("cannot read `{}`", path.display())
}

/// The whole of a file.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let metadata = path.metadata().or_judge(|| unreadable_path(path))?;
    let kind = metadata.file_type();
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
    std::fs::read(path).or_judge(|| unreadable_path(path))
}

/// What an entry of a folder is that is no folder itself.
fn read_entry(path: &Path, kind: std::fs::FileType) -> std::io::Result<Entry> {
    Ok(if kind.is_symlink() {
        Entry::Link(std::fs::read_link(path)?)
    } else if kind.is_file() {
        let metadata = path.symlink_metadata()?;
        Entry::File {
            size: metadata.len(),
            mode: compared_mode(&metadata),
        }
    } else {
        Entry::Special
    })
}

/// All that lies below a folder.
fn list(dir: &Path) -> Result<BTreeMap<PathBuf, Entry>> {
    let mut found = BTreeMap::new();
    let mut open = vec![dir.to_owned()];
    while let Some(folder) = open.pop() {
        let mut empty = true;
        for entry in std::fs::read_dir(&folder).or_judge(|| unreadable_path(&folder))? {
            empty = false;
            let entry = entry.or_judge(|| unreadable_path(&folder))?;
            let path = entry.path();
            let kind = entry.file_type().or_judge(|| unreadable_path(&folder))?;
            if kind.is_dir() {
                open.push(path);
                continue;
            }

            let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
            let entry = read_entry(&path, kind).or_judge(|| unreadable_path(&folder))?;
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
fn compared_mode(metadata: &std::fs::Metadata) -> u32 {
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
        for (name, mode) in [("run", 0o755), ("read", 0o600)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(a.join(name), permissions).unwrap();
        }
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
