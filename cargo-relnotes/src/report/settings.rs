//! `[relnotes]` of `release-gates.toml`, written from what was taken over.

use toml::{Table, Value};

use crate::model::cliff::{Taken, TakenSection};

/// The table, with what could not be taken over as remarks.
pub fn settings(taken: &Taken) -> String {
    let mut text = String::from("[relnotes]\n");
    for (key, list) in [
        ("tag-patterns", &taken.tag_patterns),
        ("paths", &taken.paths),
    ] {
        if !list.is_empty() {
            let list: Vec<Value> = list.iter().cloned().map(Value::String).collect();
            text.push_str(&line(key, Value::Array(list)));
        }
    }

    if let Some(repository) = &taken.repository {
        text.push_str(&line("repository", repository.as_str().into()));
    }
    for (id, title) in &taken.order {
        text.push_str("\n[[relnotes.section]]\n");
        text.push_str(&line("id", id.as_str().into()));
        text.push_str(&line("title", title.as_str().into()));
    }
    for section in &taken.sections {
        text.push_str(&section_table(section));
    }
    for (id, section) in &taken.commits {
        text.push_str("\n[[relnotes.commit]]\n");
        text.push_str(&line("id", id.as_str().into()));
        match section {
            Some(section) => text.push_str(&line("section", section.as_str().into())),
            None => text.push_str(&line("skip", true.into())),
        }
    }
    for (pattern, replace) in &taken.rewrites {
        text.push_str("\n[[relnotes.rewrite]]\n");
        text.push_str(&line("pattern", pattern.as_str().into()));
        text.push_str(&line("replace", replace.as_str().into()));
    }

    if !taken.left_out.is_empty() {
        text.push_str("\n# Not taken over:\n");
        for what in &taken.left_out {
            text.push_str(&format!("# - {}\n", what.replace(['\n', '\r'], " ")));
        }
    }

    text
}

fn section_table(section: &TakenSection) -> String {
    let mut text = String::from("\n[[relnotes.section]]\n");
    text.push_str(&line("id", section.id.as_str().into()));
    match &section.title {
        Some(title) => text.push_str(&line("title", title.as_str().into())),
        None => text.push_str(&line("skip", true.into())),
    }
    if let Some((key, pattern)) = &section.found_by {
        text.push_str(&line(key, pattern.as_str().into()));
    }
    text
}

/// `key = value`, as TOML spells it.
fn line(key: &str, value: Value) -> String {
    Table::from_iter([(key.to_owned(), value)]).to_string()
}
