//! What a published crate holds beside what its commit is packed to.

use std::collections::BTreeSet;

use release_gate::facts::report::published_crate::CrateData;
use release_gate::lock::Lock;
use release_gate::{Coverage, Finding};

use super::normalized::{self, Meant};
use crate::diff::archive::Member;
use crate::read::package::VCS_INFO;
use crate::rules;

/// What the lock file is called in the list of files that say the same where it was not published.
const LOCK_LEFT_OUT: &str = "Cargo.lock (not published)";

/// Behind the name of a file, in that list, whose permission to be run is another one.
const MODE: &str = " (permissions)";

/// What a commit is packed to, and the lock file it holds.
#[derive(Debug)]
pub(crate) struct Packed {
    pub(crate) members: Vec<Member>,
    /// `None` where none is committed.
    pub(crate) committed_lock: Option<Lock>,
}

/// Lays the files over each other and adds what it finds to the data.
pub(crate) fn compare(data: &mut CrateData, published: &[Member], packed: &Packed) {
    let files: BTreeSet<&str> = published
        .iter()
        .map(|member| member.name.as_str())
        .collect();
    for member in published {
        if !member.header.ends_with("regular file") {
            data.different
                .push(format!("{} (no regular file)", member.name));
            continue;
        }
        let other = packed
            .members
            .iter()
            .find(|other| other.name == member.name);
        match other {
            Some(other) if other.bytes == member.bytes => {
                data.same += 1;
                if can_be_run(member) != can_be_run(other) {
                    data.normalized.push(format!("{}{MODE}", member.name));
                }
            }
            _ if member.name == VCS_INFO => {}
            Some(other) if member.name == "Cargo.toml" => {
                let (same, changed) = normalized::manifest(&member.bytes, &other.bytes, &files);
                add(data, &member.name, same, &changed);
            }
            other if member.name == "Cargo.lock" => {
                let changed = changed_lock(member, other, packed);
                add(data, &member.name, changed.is_empty(), &changed);
            }
            Some(_) => data.different.push(member.name.clone()),
            None => data
                .different
                .push(format!("{} (not in the commit)", member.name)),
        }
    }

    for member in &packed.members {
        match member.name.as_str() {
            name if files.contains(name) || name == VCS_INFO => {}
            // Cargo before 1.84 published it for programs only, and can be told not to.
            "Cargo.lock" => data.normalized.push(LOCK_LEFT_OUT.to_owned()),
            name => data.different.push(format!("{name} (not published)")),
        }
    }
}

/// Whether a packed file is one that can be run.
fn can_be_run(member: &Member) -> bool {
    member
        .header
        .strip_prefix("mode ")
        .and_then(|rest| rest.split(' ').next())
        .and_then(|mode| u32::from_str_radix(mode, 8).ok())
        .is_some_and(|mode| mode & 0o100 != 0)
}

fn add(data: &mut CrateData, name: &str, same: bool, changed: &[String]) {
    if same {
        data.normalized.push(name.to_owned());
    }
    data.different
        .extend(changed.iter().map(|what| format!("{name} ({what})")));
}

fn changed_lock(member: &Member, other: Option<&Member>, packed: &Packed) -> Vec<String> {
    let resolved = other
        .and_then(|other| std::str::from_utf8(&other.bytes).ok())
        .and_then(|text| Lock::parse(text, "Cargo.lock").ok())
        .unwrap_or_default();
    let meant = Meant {
        packed: &resolved,
        committed: packed.committed_lock.as_ref(),
    };
    normalized::lock(&member.bytes, meant)
}

/// What the comparison says.
pub(crate) fn findings(data: &CrateData) -> Vec<Finding> {
    let different = data.different.iter().map(|name| {
        Finding::new(
            &rules::CRATE_DIFFERS,
            format!("`{name}` is not what the commit holds"),
        )
    });

    let normalized = data.normalized.iter().map(|name| {
        let text = match name.as_str() {
            "Cargo.lock" => {
                "`Cargo.lock` was resolved at another time; every package both have is the same"
                    .to_owned()
            }
            LOCK_LEFT_OUT => {
                "`Cargo.lock` was not published: cargo before 1.84 did not for libraries".to_owned()
            }
            name if name.ends_with(MODE) => {
                let name = name.trim_end_matches(MODE);
                format!("`{name}` has another permission to be run than in the commit: systems without such permissions pack so")
            }
            _ => format!("`{name}` was written by another version of cargo; it says the same"),
        };
        Finding::new(&rules::CRATE_NORMALIZED, text)
    });

    different.chain(normalized).collect()
}

/// What was looked at: the files; and which versions of dependencies were meant, where the commit
/// does not say.
pub(crate) fn coverage(data: &CrateData, packed: &Packed) -> Coverage {
    let files = usize::try_from(data.same).unwrap_or(usize::MAX);
    let mut coverage = Coverage::of(files + data.different.len() + data.normalized.len());
    if packed.committed_lock.is_none() {
        coverage.not_judged(
            &rules::NOT_JUDGED_LOCK,
            "versions in `Cargo.lock`",
            1,
            "the commit holds no lock file, so which versions were meant is not known",
        );
    }
    coverage
}
