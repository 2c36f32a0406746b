//! What a configuration of git-cliff says, in the words of this tool.
//!
//! Must never: take something over by half in silence. Whatever has no equal here is in
//! [`Taken::left_out`].

use regex::Regex;
use toml::{Table, Value};

/// A section, or changes that have no line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TakenSection {
    /// Its id.
    pub id: String,
    /// Its heading; `None` for changes without a line.
    pub title: Option<String>,
    /// What its changes are found by: `pattern`, `body`, `footer` or `author`, and a regular
    /// expression. `None` for a section that single commits are put into.
    pub found_by: Option<(&'static str, String)>,
}

/// What was taken over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Names of release tags.
    pub tag_patterns: Vec<String>,
    /// Where links lead.
    pub repository: Option<String>,
    /// Folders that belong to the package too.
    pub paths: Vec<String>,
    /// Ids and headings in the order in which they are printed, where that is another one than
    /// that in which they are looked at.
    pub order: Vec<(String, String)>,
    /// Sections and skipped changes, the first that fits counts.
    pub sections: Vec<TakenSection>,
    /// Single commits, each with the section it is put into; without one, it has no line.
    pub commits: Vec<(String, Option<String>)>,
    /// Replacements in messages: a regular expression, and what stands in its place.
    pub rewrites: Vec<(String, String)>,
    /// What has no equal here, and what to do instead.
    pub left_out: Vec<String>,
}

/// Keys that mean nothing here and lose nothing: this tool always does so, or never needs to.
const QUIET: &[&str] = &[
    "conventional_commits",
    "split_commits",
    "protect_breaking_commits",
    "topo_order",
    "topo_order_commits",
    "sort_commits",
    "trim",
    "render_always",
    "output",
    "recurse_submodules",
    "require_conventional",
    "fail_on_unmatched_commit",
    "use_branch_tags",
    "filter_unconventional",
];

/// Takes over what a configuration says.
pub fn take_over(config: &Table) -> Taken {
    let mut taken = Taken::default();
    for (key, value) in config
        .get("changelog")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        match key.as_str() {
            "header" | "body" | "footer" => {}
            "postprocessors" if is_empty_list(value) => {}
            key if QUIET.contains(&key) => {}
            key => taken.left_out.push(format!("[changelog] {key}")),
        }
    }
    if has_text(config, "changelog", "body") {
        taken.left_out.push(
            "[changelog] body: templates are minijinja here; `--template git-cliff` looks like git-cliff's own"
                .to_owned(),
        );
    }
    for (key, value) in config
        .get("git")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        take_git_key(&mut taken, key, value);
    }
    for (key, value) in config
        .get("remote")
        .and_then(Value::as_table)
        .into_iter()
        .flatten()
    {
        match remote_address(key, value) {
            Some(address) => taken.repository = Some(address),
            None => taken.left_out.push(format!("[remote] {key}")),
        }
    }
    taken.order = printed_order(config);
    if config.contains_key("bump") {
        taken
            .left_out
            .push("[bump]: raising the version is your commit; `bump-too-small` says which step is needed".to_owned());
    }
    taken
}

/// The groups in the order in which git-cliff's templates print them: sorted by what the
/// configuration calls them, comments that people number them with included. Empty where the
/// parsers stand in that order anyway, or the template does not sort.
fn printed_order(config: &Table) -> Vec<(String, String)> {
    let body = config.get("changelog").and_then(|table| table.get("body"));
    let body = body.and_then(Value::as_str).unwrap_or_default();
    let parsers = config
        .get("git")
        .and_then(|table| table.get("commit_parsers"));
    let looked_at: Vec<&str> = parsers
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|parser| parser.get("group")?.as_str())
        .collect();
    let mut printed = looked_at.clone();
    printed.sort_unstable();
    let is_sorted = body.trim().is_empty() || body.contains("group_by(attribute=\"group\")");
    if printed == looked_at || !is_sorted {
        return Vec::new();
    }

    let mut order: Vec<(String, String)> = Vec::new();
    for title in printed.into_iter().map(plain_title) {
        let id = id_of(&title);
        let is_new = order.iter().all(|(other, _)| *other != id);
        if is_new && !title.is_empty() {
            order.push((id, title));
        }
    }
    order
}

fn take_git_key(taken: &mut Taken, key: &str, value: &Value) {
    match (key, value) {
        ("commit_parsers", Value::Array(parsers)) => {
            for parser in parsers.iter().filter_map(Value::as_table) {
                take_parser(taken, parser);
            }
        }
        ("commit_preprocessors", Value::Array(preprocessors)) => {
            for preprocessor in preprocessors.iter().filter_map(Value::as_table) {
                take_preprocessor(taken, preprocessor);
            }
        }
        ("link_parsers", Value::Array(parsers)) => {
            let links = parsers.iter().filter_map(|one| one.get("href")?.as_str());
            if !links.clone().all(is_link_to_number) {
                taken.left_out.push(
                    "[git] link_parsers: links lead to commits, issues and requests".to_owned(),
                );
            }
        }
        ("tag_pattern", Value::String(pattern)) => match literal_prefix(pattern) {
            Some(prefix) if matches!(prefix.as_str(), "" | "v") => {}
            Some(prefix) => taken.tag_patterns.push(format!("{prefix}{{version}}")),
            None => taken.left_out.push(format!(
                "[git] tag_pattern = {pattern:?}: set `tag-patterns`"
            )),
        },
        ("include_paths" | "include_path", Value::Array(paths)) => {
            let folders = paths
                .iter()
                .filter_map(Value::as_str)
                .map(|path| path.trim_end_matches(['*', '/']).to_owned());
            taken.paths.extend(folders.filter(|path| !path.is_empty()));
        }
        ("filter_commits", Value::Boolean(true)) => taken.left_out.push(
            "[git] filter_commits: what nothing knows is listed under “Other changes”".to_owned(),
        ),
        ("filter_commits", _) => {}
        (key, value) if QUIET.contains(&key) || is_empty_list(value) => {}
        (key, _) => taken.left_out.push(format!("[git] {key}")),
    }
}

/// Takes over one parser. git-cliff asks whether any of its expressions fits, so each becomes a way
/// to the section of its own.
fn take_parser(taken: &mut Taken, parser: &Table) {
    let text = |key: &str| parser.get(key).and_then(Value::as_str);
    let said = parser.to_string().trim().replace('\n', ", ");
    let is_skipped = parser.get("skip").and_then(Value::as_bool) == Some(true);
    let group = text("group")
        .map(plain_title)
        .filter(|title| !title.is_empty());
    if !is_skipped && group.as_deref().is_some_and(|group| group.contains('$')) {
        taken.left_out.push(format!(
            "a parser whose group is made from what it matches: {said}"
        ));
        return;
    }
    let (id, title) = match (is_skipped, group) {
        (true, _) => ("skipped".to_owned(), None),
        (false, Some(title)) => (id_of(&title), Some(title)),
        (false, None) => {
            taken
                .left_out
                .push(format!("a parser without a group: {said}"));
            return;
        }
    };

    let mut found_by: Vec<(&'static str, &str)> = Vec::new();
    for (key, ours) in [
        ("message", "pattern"),
        ("body", "body"),
        ("footer", "footer"),
    ] {
        found_by.extend(text(key).map(|pattern| (ours, pattern)));
    }
    match (text("field"), text("pattern")) {
        (Some("message"), Some(pattern)) => found_by.push(("pattern", pattern)),
        (Some("body"), Some(pattern)) => found_by.push(("body", pattern)),
        (Some("author.name"), Some(pattern)) => found_by.push(("author", pattern)),
        (None, None) => {}
        _ => taken
            .left_out
            .push(format!("a parser for a field that is not read: {said}")),
    }
    if parser.contains_key("scope") || parser.contains_key("default_scope") {
        taken.left_out.push(format!(
            "the scope that a parser sets (scopes are those of the commits): {said}"
        ));
    }

    let section = |found_by: Option<(&'static str, String)>| TakenSection {
        id: id.clone(),
        title: title.clone(),
        found_by,
    };
    if let Some(commit) = text("sha") {
        let is_new = taken.sections.iter().all(|one| one.id != id);
        if !is_skipped && is_new {
            taken.sections.push(section(None));
        }
        let into = (!is_skipped).then(|| id.clone());
        taken.commits.push((commit.to_owned(), into));
    }
    for (key, pattern) in found_by {
        match Regex::new(pattern) {
            Ok(_) => taken
                .sections
                .push(section(Some((key, pattern.to_owned())))),
            Err(_) => taken.left_out.push(format!(
                "a parser whose {key} is not a regular expression: {said}"
            )),
        }
    }
}

/// Takes over what git-cliff replaces in messages before it reads them.
fn take_preprocessor(taken: &mut Taken, preprocessor: &Table) {
    let text = |key: &str| preprocessor.get(key).and_then(Value::as_str);
    let said = preprocessor.to_string().trim().replace('\n', ", ");
    match (text("pattern"), text("replace")) {
        (Some(_), Some(replace)) if is_link_to_number(replace) => {}
        (Some(pattern), Some(replace)) if Regex::new(pattern).is_ok() && !is_link(replace) => {
            taken
                .rewrites
                .push((pattern.to_owned(), replace.to_owned()));
        }
        _ => taken
            .left_out
            .push(format!("a preprocessor of messages: {said}")),
    }
}

fn is_link(replace: &str) -> bool {
    replace.contains("](") || replace.contains("://")
}

/// Whether a replacement makes a link to an issue or a pull request of a number that it found. This
/// tool makes those by itself.
fn is_link_to_number(replace: &str) -> bool {
    const PLACES: &[&str] = &[
        "/issues/$",
        "/pull/$",
        "/pulls/$",
        "/merge_requests/$",
        "/pull-requests/$",
    ];
    is_link(replace) && PLACES.iter().any(|place| replace.contains(place))
}

/// A heading without the comments by which git-cliff's users set the order.
fn plain_title(group: &str) -> String {
    let mut text = group.to_owned();
    while let (Some(start), Some(end)) = (text.find("<!--"), text.find("-->")) {
        if end < start {
            break;
        }
        text.replace_range(start..end + 3, "");
    }
    text.trim().to_owned()
}

/// The id of a section: that of a usual one where the heading says so.
fn id_of(title: &str) -> String {
    let words: Vec<String> = title
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    let joined = words.join("-");
    let usual = match joined.as_str() {
        "feature" | "features" | "added" => "features",
        "bug-fixes" | "bug-fix" | "fixes" | "fixed" => "fixes",
        "performance" => "performance",
        "security" => "security",
        "deprecated" => "deprecated",
        "dependencies" => "dependencies",
        "other" | "other-changes" => "other",
        _ => {
            return if joined.is_empty() {
                "section".to_owned()
            } else {
                joined
            };
        }
    };
    usual.to_owned()
}

/// What tags begin with, before the version: `demo-v[0-9].*`.
fn literal_prefix(pattern: &str) -> Option<String> {
    let plain = pattern.trim_start_matches('^');
    let end = plain
        .find(|c: char| {
            !(c.is_alphanumeric() || matches!(c, '-' | '_' | '/' | '@')) || c.is_ascii_digit()
        })
        .unwrap_or(plain.len());
    let (prefix, rest) = plain.split_at(end);
    // `v?` makes the letter before it optional.
    let prefix = if rest.starts_with('?') {
        &prefix[..prefix.len().saturating_sub(1)]
    } else {
        prefix
    };
    let rest = rest.trim_start_matches('?');
    let begins_version = ["[0-9]", "\\d", "(\\d", "([0-9]", ".*", "*"]
        .iter()
        .any(|mark| rest.starts_with(mark));
    begins_version.then(|| prefix.to_owned())
}

fn remote_address(forge: &str, value: &Value) -> Option<String> {
    let host = match forge {
        "github" => "github.com",
        "gitlab" => "gitlab.com",
        "gitea" => "codeberg.org",
        "bitbucket" => "bitbucket.org",
        _ => return None,
    };
    let text = |key: &str| value.get(key)?.as_str();
    Some(format!(
        "https://{host}/{}/{}",
        text("owner")?,
        text("repo")?
    ))
}

fn has_text(config: &Table, table: &str, key: &str) -> bool {
    let value = config.get(table).and_then(|table| table.get(key));
    value
        .and_then(Value::as_str)
        .is_some_and(|text| !text.trim().is_empty())
}

fn is_empty_list(value: &Value) -> bool {
    value.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsers_become_sections() {
        let config: Table = r#"
            [changelog]
            body = "x"
            [git]
            tag_pattern = "demo-v[0-9].*"
            commit_parsers = [
              { message = "^feat", group = "<!-- 0 -->🚀 New stuff" },
              { message = "^fix", group = "Bug Fixes" },
              { message = "^chore\\(release\\)", skip = true },
              { sha = "0123456789", skip = true },
              { message = ".*security", body = ".*security", group = "Security" },
              { footer = "^changelog: ?ignore", skip = true },
              { field = "author.name", pattern = "bot$", group = "Robots", scope = "x" },
              { sha = "abcdef0123", group = "Notable" },
              { message = '^fix\((.*)\)', group = "Fix (${1})" },
              { field = "github.username", pattern = "x", group = "X" },
            ]
            commit_preprocessors = [
              { pattern = '#(\d+)', replace = "[#$1](https://github.com/o/r/issues/$1)" },
              { pattern = "^PROJ-[0-9]+: ", replace = "" },
              { pattern = ".*", replace_command = "typos" },
            ]
            [remote.github]
            owner = "me"
            repo = "demo"
        "#
        .parse()
        .unwrap();
        let taken = take_over(&config);
        let sections: Vec<_> = taken
            .sections
            .iter()
            .map(|section| {
                let found_by = section.found_by.as_ref().map(|(key, _)| *key);
                (section.id.as_str(), section.title.as_deref(), found_by)
            })
            .collect();
        assert_eq!(
            sections,
            [
                ("new-stuff", Some("🚀 New stuff"), Some("pattern")),
                ("fixes", Some("Bug Fixes"), Some("pattern")),
                ("skipped", None, Some("pattern")),
                ("security", Some("Security"), Some("pattern")),
                ("security", Some("Security"), Some("body")),
                ("skipped", None, Some("footer")),
                ("robots", Some("Robots"), Some("author")),
                ("notable", Some("Notable"), None),
            ]
        );
        assert_eq!(
            taken.rewrites,
            [("^PROJ-[0-9]+: ".to_owned(), String::new())]
        );
        assert_eq!(taken.tag_patterns, ["demo-v{version}"]);
        assert_eq!(
            taken.repository.as_deref(),
            Some("https://github.com/me/demo")
        );
        let commit = |id: &str, into: Option<&str>| (id.to_owned(), into.map(str::to_owned));
        assert_eq!(
            taken.commits,
            [
                commit("0123456789", None),
                commit("abcdef0123", Some("notable"))
            ]
        );
        // The template, a scope that is set, a group that is made, a field, and a command.
        assert_eq!(taken.left_out.len(), 5, "{:?}", taken.left_out);
    }

    #[test]
    fn groups_keep_the_order_in_which_they_are_printed() {
        let order = |body: &str| {
            let config: Table = format!(
                r#"
                changelog.body = '{body}'
                [git]
                commit_parsers = [
                  {{ message = "^fix.*security", group = "<!-- 2 -->Security" }},
                  {{ message = "^fix", group = "<!-- 1 -->Bugs" }},
                  {{ message = "^feat", group = "<!-- 0 -->New" }},
                  {{ message = "^add", group = "<!-- 0 -->New" }},
                ]"#
            )
            .parse()
            .unwrap();
            let taken = take_over(&config);
            let titles = taken.order.into_iter().map(|(_, title)| title);
            titles.collect::<Vec<_>>()
        };
        let sorted = ["New", "Bugs", "Security"];
        assert_eq!(order(""), sorted);
        let body = "{% for group, commits in commits | group_by(attribute=\"group\") %}";
        assert_eq!(order(body), sorted);
        // What a template of another kind prints is not known.
        assert!(order("{% for commit in commits %}").is_empty());
    }

    #[test]
    fn tags_of_every_form() {
        for (pattern, prefix) in [
            ("v[0-9].*", Some("v")),
            ("^v?\\d+", Some("")),
            ("release/[0-9]*", Some("release/")),
            ("(a|b)", None),
        ] {
            assert_eq!(literal_prefix(pattern).as_deref(), prefix, "{pattern}");
        }
    }
}
