//! Where every commit went, for people.

use release_gate_facts::report::relnotes::Sums;

use crate::model::account::{Accounting, Bucket};

/// The accounting as a sentence.
pub fn sentence(sums: &Sums) -> String {
    let mut parts = vec![format!("{} listed", sums.listed)];
    let hidden: u64 = sums.hidden.values().sum();
    let rules: Vec<String> = sums
        .hidden
        .iter()
        .map(|(rule, number)| format!("{rule} {number}"))
        .collect();

    let merges = if sums.merge == 1 { "merge" } else { "merges" };
    let hidden_by = format!("hidden ({})", rules.join(", "));
    let others = [
        (sums.folded, "folded into other lines"),
        (sums.merge, merges),
        (sums.cancelled, "cancelled by reverts of this release"),
        (hidden, hidden_by.as_str()),
    ];

    for (number, what) in others {
        if number > 0 {
            parts.push(format!("{number} {what}"));
        }
    }

    format!(
        "All {} of the range: {}.",
        release_gate::text::counted(sums.total, "commit", "commits"),
        parts.join(", ")
    )
}

/// One line a commit: where it went.
pub fn by_commit(accounting: &Accounting) -> String {
    let mut text = String::from("\nwhere every commit went, newest first:\n");
    for (commit, subject, bucket) in &accounting.buckets {
        let place = match bucket {
            Bucket::Listed { section } => {
                format!("listed in {}", accounting.layout.title(*section))
            }
            Bucket::Folded { into: Some(into) } => format!("folded into {}", into.short()),
            Bucket::Folded { into: None } => "folded into the dependency table".to_owned(),
            Bucket::Merge => "merge".to_owned(),
            Bucket::Cancelled { with } => {
                format!(
                    "cancelled with {}",
                    with.iter()
                        .map(|other| other.short().to_owned())
                        .collect::<Vec<_>>()
                        .join(", ")
                )
            }
            Bucket::Hidden { rule } => format!("hidden by {rule}"),
        };
        text.push_str(&format!(
            "  {}  {place}: {}\n",
            commit.short(),
            subject.visible()
        ));
    }

    text.push_str(&format!("{}\n", sentence(&accounting.sums())));

    text
}
