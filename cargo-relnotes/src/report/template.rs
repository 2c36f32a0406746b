//! Notes in a layout of the user's own: a minijinja template.
//!
//! Must never: let a value act as markup. Every string a template prints is escaped by the same
//! function as the default layout; there is no `safe` filter, undefined names are errors, and a
//! template cannot run for ever.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, ValueKind};
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use release_gate::Error;
use release_gate::digest::sha256_bytes;
use release_gate::time::iso_date;
use serde_json::json;

use super::accounting;
use super::data::{hit_data, report_data};
use super::keep_a_changelog::grouped;
use super::markdown::{code, escape};
use super::notes::opening;
use crate::model::account::Entry;
use crate::model::links::Links;
use crate::model::note::Block;
use crate::model::prose::{PROSE_BEGIN, PROSE_END};
use crate::model::release::Release;
use crate::model::sections::{Layout, Section};
use crate::model::untrusted::Untrusted;

/// Instructions a template may use: far more than notes of a thousand commits need.
const FUEL: u64 = 50_000_000;

/// A template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// How errors call it.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// Layouts that come with this tool, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("git-cliff", include_str!("../../templates/git-cliff.md.j2")),
    (
        "keep-a-changelog",
        include_str!("../../templates/keep-a-changelog.md.j2"),
    ),
];

/// The layout of a name, where it is one that comes with this tool.
pub fn built_in(name: &str) -> Option<Source> {
    let (name, text) = BUILT_IN.iter().find(|(other, _)| *other == name)?;
    Some(Source {
        name: (*name).to_owned(),
        text: (*text).to_owned(),
    })
}

/// Names of the layouts that come with this tool.
pub fn built_in_names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|(name, _)| *name).collect()
}

/// Renders a release with a template.
///
/// # Errors
/// A usage error that names the template and the line.
pub fn render(source: &Source, release: &Release) -> Result<String, Error> {
    fill_template(source, &template_names(release))
}

fn fill_template(source: &Source, context: &serde_json::Value) -> Result<String, Error> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    if let Ok(syntax) = SyntaxConfig::builder()
        .trim_blocks(true)
        .lstrip_blocks(true)
        .build()
    {
        environment.set_syntax(syntax);
    }
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.remove_filter("safe");
    environment.remove_filter("escape");
    environment.remove_filter("e");

    // What `code` returns was made by us and is printed as it is.
    environment.add_filter("code", |value: String| {
        Value::from_safe_string(code(&value))
    });

    environment.add_filter("upper_first", |value: Value| {
        let text = upper_first(value.as_str().unwrap_or_default());
        if value.is_safe() {
            Value::from_safe_string(text)
        } else {
            Value::from(text)
        }
    });

    // What people wrote into a fragment is Markdown.
    environment.add_filter("words", |entry: Value| {
        let field = |name: &str| entry.get_attr(name).unwrap_or_default();
        match field("fragment").as_str() {
            Some(fragment) => Value::from_safe_string(fragment.replace('\n', "\n  ")),
            None => field("text"),
        }
    });

    environment.add_filter("address", |value: Option<String>| {
        let address = value.as_deref().and_then(plain_address);
        Value::from_safe_string(address.unwrap_or_default().to_owned())
    });

    environment.add_filter("link", |text: String, address: Option<String>| {
        let words = escape(&Untrusted::new(&text));
        Value::from_safe_string(match address.as_deref().and_then(plain_address) {
            Some(address) => format!("[{words}]({address})"),
            None => words,
        })
    });

    environment.set_formatter(|out, _state, value| {
        let text = match value.kind() {
            ValueKind::String if value.is_safe() => value.to_string(),
            ValueKind::None => String::new(),
            _ => escape(&Untrusted::new(&value.to_string())),
        };
        out.write_str(&text).map_err(minijinja::Error::from)
    });

    let name = source.name.as_str();
    environment
        .add_template(&source.name, &source.text)
        .map_err(|error| template_error(name, &error))?;
    let template = environment
        .get_template(&source.name)
        .map_err(|error| template_error(name, &error))?;
    let text = template
        .render(Serde(context))
        .map_err(|error| template_error(name, &error))?;

    Ok(format!("{}\n", text.trim_end()))
}

/// The text with its first letter in upper case.
fn upper_first(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string());
    first.unwrap_or_default() + chars.as_str()
}

/// An address that means nothing to Markdown: what links of the project are made of.
fn plain_address(address: &str) -> Option<&str> {
    (address.starts_with("https://") && address.chars().all(is_plain_in_address)).then_some(address)
}

fn is_plain_in_address(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-._~/:%+@".contains(c)
}

/// An error of a template, with its line.
fn template_error(name: &str, error: &minijinja::Error) -> Error {
    let line = error
        .line()
        .map(|line| format!(" line {line}"))
        .unwrap_or_default();
    let detail = error
        .detail()
        .map(|detail| format!(": {detail}"))
        .unwrap_or_default();
    Error::usage(format!(
        "the template `{name}`{line} has an error: {}{detail}",
        error.kind()
    ))
    .with_help("the names a template may use are listed in docs/relnotes.md")
}

/// Pull requests, as templates see them.
fn pull_names(pulls: &[u64], links: Option<&Links>) -> Vec<serde_json::Value> {
    pulls
        .iter()
        .map(|number| json!({ "number": number, "address": links.and_then(|links| links.pull(*number)) }))
        .collect()
}

/// A line, as templates see it.
fn entry_names(entry: &Entry, links: Option<&Links>) -> serde_json::Value {
    let pulls = pull_names(&entry.pulls, links);
    json!({
        "breaking": entry.section == Section::Breaking,
        "scope": entry.scope.as_ref().map(Untrusted::visible),
        "text": entry.text.visible(),
        "fragment": entry.fragment,
        "pull": entry.pulls.first(),
        "pulls": pulls,
        "closes": entry.closes,
        "notes": entry.breaking.iter().map(Block::words).collect::<Vec<_>>(),
        "advisories": entry.advisories,
        "commits": entry.commits.iter().map(|commit| commit.short()).collect::<Vec<_>>(),
    })
}

/// The sections that have lines, as templates see them.
fn section_names(
    layout: &Layout,
    entries_of: &dyn Fn(Section) -> Vec<serde_json::Value>,
) -> Vec<serde_json::Value> {
    let sections = layout.order().iter().copied();
    sections
        .map(|section| (section, entries_of(section)))
        .filter(|(_, entries)| !entries.is_empty())
        .map(|(section, entries)| {
            let title = layout.title(section);
            json!({
                "id": layout.id(section),
                "title": title,
                "is_usual": title == section.usual_title(),
                "entries": entries,
            })
        })
        .collect()
}

/// The names a template may use.
fn template_names(release: &Release) -> serde_json::Value {
    let Release {
        about,
        range,
        changes,
        vulnerabilities,
        evidence,
        ..
    } = release;
    let data = report_data(release, sha256_bytes(b""));
    let before = range.before();
    let layout = &changes.accounting.layout;
    let links = about.links.as_ref();
    let entries_of = |wanted: &dyn Fn(&Entry) -> bool| {
        let own = changes
            .accounting
            .entries
            .iter()
            .filter(|entry| wanted(entry));
        own.map(|entry| entry_names(entry, links))
            .collect::<Vec<_>>()
    };
    let sections = section_names(layout, &|section| {
        entries_of(&|entry| entry.section == section)
    });
    let by_type = section_names(layout, &|section| {
        entries_of(&|entry| entry.kind == section)
    });
    let groups: Vec<_> = grouped(changes)
        .into_iter()
        .map(|(title, own)| {
            let entries: Vec<_> = own
                .into_iter()
                .map(|entry| entry_names(entry, links))
                .collect();
            json!({ "title": title, "entries": entries })
        })
        .collect();
    json!({
        "package": about.package,
        "version": about.version.to_string(),
        "date": iso_date(about.time),
        "tag": about.tag,
        "commit": about.commit,
        "previous": before.map(|before| json!({ "tag": before.tag, "version": before.version.to_string(), "commit": before.commit, "date": iso_date(before.time) })),
        "phase": about.phase,
        "release_type": range.release_type,
        "opening": opening(about, range),
        "repository": about.links.as_ref().map(Links::base),
        "sections": sections,
        "by_type": by_type,
        "keep_a_changelog": groups,
        "upkeep": changes.accounting.upkeep.iter().map(|(kind, pulls)| json!({ "title": kind.title(), "pulls": pull_names(pulls, links) })).collect::<Vec<_>>(),
        "compare": release.chapter().compare_address(),
        "breaking": changes.breaking.iter().map(|item| json!({
            "source": item.source,
            "entry": item.entry.as_ref().map(|entry| entry_names(entry, links)),
            "items": item.changes.iter().map(|change| json!({ "item": change.item, "rule": change.rule, "before": change.before, "after": change.after })).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "manifest": data.manifest,
        "dependencies": data.dependencies,
        "vulnerabilities": data.vulnerabilities,
        "known_issues": vulnerabilities.standing.iter().map(|(standing, hit)| json!({ "standing": standing.id(), "advisory": hit_data(hit) })).collect::<Vec<_>>(),
        "contributors": changes.contributors.iter().map(|person| json!({ "name": person.name.visible(), "handle": person.handle, "commits": person.commits, "first": person.first })).collect::<Vec<_>>(),
        "gaps": evidence.facts.gaps().iter().map(|gap| json!({ "file": gap.file, "gap": gap.kind, "why": gap.why })).collect::<Vec<_>>(),
        "artifacts": evidence.facts.buildinfo.usable().map(|info| info.data.artifacts.iter().map(|artifact| json!({
            "name": artifact.name, "target": artifact.target, "sha256": artifact.sha256, "size": artifact.size,
        })).collect::<Vec<_>>()).unwrap_or_default(),
        "accounting": accounting::sentence(&changes.accounting.sums()),
        "prose_begin": PROSE_BEGIN,
        "prose_end": PROSE_END,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say(text: &str, value: &str) -> Result<String, String> {
        let source = Source {
            name: "notes.md.j2".into(),
            text: text.to_owned(),
        };
        fill_template(&source, &json!({ "text": value, "number": 3 }))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn every_value_is_escaped() {
        assert_eq!(
            say("# {{ text }}", "<b> @x [l](u)").unwrap(),
            "# \\<b> @\u{200b}x \\[l\\](u)\n"
        );
        assert_eq!(
            say("{{ text|upper }} {{ number }}", "<b>").unwrap(),
            "\\<B> 3\n"
        );
        assert_eq!(say("{{ text|code }}", "a`b").unwrap(), "``a`b``\n");
        assert!(
            say("{{ text|safe }}", "<b>").is_err(),
            "there is no way around it"
        );
        assert!(say("{{ text ~ '<i>' }}", "<b>").unwrap().contains("\\<i>"));
    }

    #[test]
    fn errors_name_template_and_line() {
        let error = say("one\ntwo {{ missing }}", "").unwrap_err();
        assert!(error.contains("`notes.md.j2` line 2"), "{error}");
        let error = say("{% for x in %}", "").unwrap_err();
        assert!(error.contains("line 1"), "{error}");
    }

    #[test]
    fn a_template_cannot_run_for_ever() {
        let text =
            "{% for a in range(10000) %}{% for b in range(10000) %}{{ b }}{% endfor %}{% endfor %}";
        assert!(say(text, "").is_err());
    }
}
