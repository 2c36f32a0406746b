//! Archives that were generated, odd ones among them: what this tool accepts, every reader that
//! people use unpacks to the same files.
//!
//! `RELEASE_GATES_ARCHIVES` says how many of each kind are made.

#![expect(clippy::unwrap_used, reason = "a generator that fails fails its test")]

mod readers;
mod tars;
mod zips;

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use cargo_sign::archive::{Limits, walk_named};

/// Files of an archive: their paths and bytes.
type Files = BTreeMap<String, Vec<u8>>;

/// How many archives of each kind are made where nothing else is asked for.
const COUNT: usize = 600;
/// At least this part of them has to be accepted, or the readers compare nothing.
const LEAST_ACCEPTED: usize = 5;

/// Numbers that are the same in every run (xorshift64*).
struct Chance(u64);

impl Chance {
    fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16
    }

    fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next()).unwrap() % end
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        let count = self.below(most + 1);
        (0..count).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// What this tool says of an archive; `None` where it refuses it.
fn accepted(name: &str, bytes: &[u8]) -> Option<Files> {
    let mut files = Files::new();
    let limits = Limits {
        bytes: 1 << 20,
        members: 100,
    };
    let walked = walk_named(
        &mut Cursor::new(bytes),
        name,
        limits,
        &mut |member, reader| {
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes)?;
            files.insert(member.path.clone(), bytes);
            Ok(())
        },
    );
    walked.ok().map(|()| files)
}

/// An archive that was accepted, and lies in a file.
struct Accepted {
    path: PathBuf,
    files: Files,
    /// What is odd about it.
    oddities: String,
}

fn compare(ending: &str, make: fn(&mut Chance) -> (Vec<u8>, String)) {
    let count =
        std::env::var("RELEASE_GATES_ARCHIVES").map_or(COUNT, |count| count.parse().unwrap());
    let place = tempfile::tempdir().unwrap();
    let mut archives = Vec::new();
    for number in 0..count {
        let (bytes, oddities) = make(&mut Chance::new(number as u64 + 1));
        let name = format!("{number}{ending}");
        if let Some(files) = accepted(&name, &bytes) {
            let path = place.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            archives.push(Accepted {
                path,
                files,
                oddities,
            });
        }
    }
    assert!(
        archives.len() * LEAST_ACCEPTED >= count,
        "only {} of {count} were accepted",
        archives.len()
    );

    let mut differences = Vec::new();
    for (reader, unpack) in readers::of(ending) {
        let out = place.path().join(reader);
        for (archive, unpacked) in archives.iter().zip(unpack(&archives, &out)) {
            if let Some(what) = difference(&archive.files, &unpacked) {
                let Accepted { path, oddities, .. } = archive;
                let name = path.file_name().unwrap().display();
                differences.push(format!("{reader}, {name} ({oddities}): {what}"));
            }
        }
        std::fs::remove_dir_all(&out).unwrap();
    }
    assert!(
        differences.is_empty(),
        "{} differences over {} accepted of {count}:\n{}",
        differences.len(),
        archives.len(),
        differences.join("\n")
    );
}

/// How a reader's files differ from ours.
fn difference(files: &Files, unpacked: &Result<Files, String>) -> Option<String> {
    let unpacked = match unpacked {
        Ok(unpacked) => unpacked,
        Err(why) => return Some(format!("it refuses what is accepted here: {why}")),
    };
    let names = files.keys().chain(unpacked.keys());
    names
        .filter(|name| files.get(*name) != unpacked.get(*name))
        .map(|name| format!("`{}` is another file", name.escape_debug()))
        .next()
}

/// Every file below a folder.
fn files_in(folder: &Path) -> Files {
    let found = release_gate::fs::walk(folder).unwrap().into_iter();
    found
        .map(|file| {
            let name = file.relative.to_str().unwrap_or("not UTF-8").to_owned();
            let bytes = if file.is_regular {
                std::fs::read(&file.path).unwrap()
            } else {
                b"no file".to_vec()
            };
            (name, bytes)
        })
        .collect()
}

#[test]
fn readers_of_tar_agree_with_what_is_accepted() {
    compare(".tar.gz", tars::make);
}

#[test]
fn readers_of_zip_agree_with_what_is_accepted() {
    compare(".zip", zips::make);
}
