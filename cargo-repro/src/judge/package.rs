//! What a published crate holds beside what its commit is packed to.

use release_gate::Finding;

use super::normalized;
use crate::diff::archive::Member;
use crate::read::package::VCS_INFO;
use crate::rules;
use release_gate::facts::report::published_crate::CrateData;

/// Lays the files over each other and adds what it finds to the data.
pub(crate) fn compare(data: &mut CrateData, published: &[Member], packed: &[Member]) {
    for member in published {
        if !member.header.ends_with("type Regular") {
            data.different
                .push(format!("{} (no regular file)", member.name));
            continue;
        }
        let other = packed.iter().find(|other| other.name == member.name);
        compare_member(data, member, other);
    }

    let not_published = packed.iter().filter(|member| {
        member.name != VCS_INFO && !published.iter().any(|other| other.name == member.name)
    });
    data.different
        .extend(not_published.map(|member| format!("{} (not published)", member.name)));
}

fn compare_member(data: &mut CrateData, member: &Member, other: Option<&Member>) {
    match other {
        Some(other) if other.bytes == member.bytes => data.same += 1,
        _ if member.name == VCS_INFO => {}
        Some(other) if member.name == "Cargo.toml" => {
            let (kept, changed) = normalized::manifest(&member.bytes, &other.bytes);
            data.normalized.extend(kept.then(|| member.name.clone()));
            data.different
                .extend(changed.into_iter().map(|key| format!("Cargo.toml ({key})")));
        }
        other if member.name == "Cargo.lock" => {
            let theirs = other
                .map(|other| other.bytes.as_slice())
                .unwrap_or_default();
            let changed = normalized::lock(&member.bytes, theirs);
            data.normalized
                .extend(changed.is_empty().then(|| member.name.clone()));
            data.different.extend(
                changed
                    .into_iter()
                    .map(|name| format!("Cargo.lock ({name})")),
            );
        }
        Some(_) => data.different.push(member.name.clone()),
        None => data
            .different
            .push(format!("{} (not in the commit)", member.name)),
    }
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
            _ => format!("`{name}` was written by another version of cargo; it says the same"),
        };
        Finding::new(&rules::CRATE_NORMALIZED, text)
    });
    different.chain(normalized).collect()
}
