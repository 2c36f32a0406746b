//! What people read: every link leads somewhere, and every command line is one that its gate
//! understands.

#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use release_gates_tests::{TOOLS, TestEnv, fixtures, repository};

/// What one page holds.
#[derive(Debug, Default)]
struct Page {
    anchors: BTreeSet<String>,
    links: Vec<(usize, String)>,
    commands: Vec<(usize, String)>,
    settings: Vec<(usize, String)>,
}

/// Every Markdown file of the repository, by its path there.
fn pages() -> BTreeMap<PathBuf, Page> {
    let root = repository();
    let mut found = BTreeMap::new();
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                // What git does not keep, and what fixtures hold, is nobody's reading.
                if !["target", "fixtures", "node_modules"].contains(&&*name)
                    && !name.starts_with('.')
                {
                    folders.push(path);
                }
            } else if path.extension().is_some_and(|ext| ext == "md") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.insert(path.strip_prefix(&root).unwrap().to_owned(), read(&text));
            }
        }
    }
    found
}

/// Takes a page apart.
fn read(text: &str) -> Page {
    let mut page = Page::default();
    let mut heading: Option<String> = None;
    let mut block: Option<String> = None;
    let options = Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES;
    for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
        let line = text[..range.start].matches('\n').count() + 1;
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => {
                let slug = slug(&heading.take().unwrap());
                let numbered = (1..).map(|number| format!("{slug}-{number}"));
                let free = std::iter::once(slug.clone()).chain(numbered);
                let anchor = free
                    .into_iter()
                    .find(|slug| !page.anchors.contains(slug))
                    .unwrap();
                page.anchors.insert(anchor);
            }
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                page.links.push((line, dest_url.into_string()));
            }
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(language))) => {
                block = Some(language.into_string())
            }
            Event::End(TagEnd::CodeBlock) => block = None,
            Event::Text(text) => match (&mut heading, block.as_deref()) {
                (Some(heading), _) => heading.push_str(&text),
                (None, Some("toml")) => page.settings.push((line, text.into_string())),
                (None, Some(language @ ("console" | "sh"))) => {
                    let lines = text.lines().filter_map(|text| match language {
                        "console" => text.strip_prefix("$ "),
                        _ => Some(text),
                    });
                    page.commands
                        .extend(lines.map(|text| (line, text.to_owned())));
                }
                _ => {}
            },
            Event::Code(code) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&code);
                }
                page.commands.push((line, code.into_string()));
            }
            _ => {}
        }
    }

    page
}

/// The anchor that forges give a heading.
fn slug(heading: &str) -> String {
    let kept = heading
        .trim()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -_".contains(*c));
    kept.flat_map(char::to_lowercase)
        .map(|c| if c == ' ' { '-' } else { c })
        .collect()
}

/// Where a link of a page leads, in the repository; nothing for what lies elsewhere.
fn target(page: &Path, link: &str) -> Option<(PathBuf, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link
        .split_once('#')
        .map_or((link, None), |(path, anchor)| (path, Some(anchor)));
    let mut to = if path.is_empty() {
        page.to_owned()
    } else {
        page.parent().unwrap().to_owned()
    };
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => assert!(to.pop(), "{link} leads out of the repository"),
            Component::Normal(name) => to.push(name),
            _ => {}
        }
    }
    Some((to, anchor.map(str::to_owned)))
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    let (mut counted, mut broken) = (0, Vec::new());
    for (path, page) in &pages {
        for (line, link) in &page.links {
            let Some((to, anchor)) = target(path, link) else {
                continue;
            };
            counted += 1;
            let there = repository().join(&to).exists();
            let anchored = anchor.as_ref().is_none_or(|anchor| {
                pages
                    .get(&to)
                    .is_some_and(|page| page.anchors.contains(anchor))
            });
            if !there || !anchored {
                broken.push(format!("{}:{line}: {link}", path.display()));
            }
        }
    }

    assert!(counted > 100, "{counted}");
    assert!(
        broken.is_empty(),
        "these lead nowhere:\n{}",
        broken.join("\n")
    );
}

/// The arguments of a command line of documentation: what is optional is there, and what follows
/// the call is not.
fn arguments(command: &str) -> Option<(usize, Vec<String>)> {
    let rest = command
        .strip_prefix("cargo ")
        .or_else(|| command.strip_prefix("cargo-"))?;
    let (tool, rest) = rest.split_once(' ').unwrap_or((rest, ""));
    let tool = TOOLS
        .iter()
        .position(|(_, subcommand)| *subcommand == tool)?;
    let mut quoted = false;
    let words = rest.split(|c| {
        quoted ^= c == '"';
        c == ' ' && !quoted
    });
    let ends = |word: &&str| !["|", "||", "&&", ";", ">", "<", "#", "…", "..."].contains(word);
    let words = words.filter(|word| !word.is_empty()).take_while(ends);
    // `N` stands for a number.
    let plain = |word: &str| match word.trim_matches(['[', ']', '"', '\'']) {
        "N" => "1".to_owned(),
        word => word.to_owned(),
    };
    Some((tool, words.map(plain).collect()))
}

#[test]
fn every_command_line_is_understood() {
    let env = TestEnv::new();
    let mut calls: BTreeMap<(usize, Vec<String>), Vec<String>> = BTreeMap::new();
    for (path, page) in pages() {
        for (line, command) in page.commands {
            if let Some(call) = arguments(command.trim()) {
                calls
                    .entry(call)
                    .or_default()
                    .push(format!("{}:{line}: `{command}`", path.display()));
            }
        }
    }

    assert!(calls.len() > 60, "{}", calls.len());
    let mut wrong = Vec::new();
    for ((tool, args), places) in calls {
        // Help comes after the line was read: a subcommand or flag that is none, or a value that is
        // none of its flag's, ends with 2.
        let (program, subcommand) = TOOLS[tool];
        let args = [subcommand]
            .into_iter()
            .chain(args.iter().map(String::as_str))
            .chain(["--help"]);
        let ran = env.run(env.path(), program, args);
        if ran.code != 0 {
            wrong.push(format!("{}\n{}", places.join("\n"), ran.stderr));
        }
    }

    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A table of a tool with a key that is none, or without one that is needed, ends with 2.
#[test]
fn every_setting_is_understood() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    // A file that a setting names has to be committed.
    std::fs::write(dir.join("PEOPLE"), "@ada Ada <ada@example.org>\n").unwrap();
    env.git(&dir, 1, &["add", "PEOPLE"]);
    env.git(&dir, 1, &["commit", "--quiet", "-m", "docs: people"]);

    // Calls that read the configuration and build nothing.
    let calls: [&[&str]; 5] = [
        &["fix", "--dry-run"],
        &["pins"],
        &["keys"],
        &[],
        &["--dry-run"],
    ];

    let config = env.path().join("release-gates.toml");
    let (mut counted, mut wrong) = (0, Vec::new());
    for (path, page) in pages() {
        for (line, text) in page.settings {
            for ((program, table), call) in TOOLS.into_iter().zip(calls) {
                let begins = |line: &str| {
                    let name = line.trim_start_matches('[');
                    name.len() < line.len()
                        && name.starts_with(table)
                        && !name[table.len()..].starts_with('-')
                };
                if !text.lines().any(begins) {
                    continue;
                }
                counted += 1;
                std::fs::write(&config, &text).unwrap();
                let args = call
                    .iter()
                    .copied()
                    .chain(["--config", config.to_str().unwrap()]);
                let ran = env.run(&dir, program, args);
                if ran.code == 2 {
                    wrong.push(format!("{}:{line}: {}", path.display(), ran.stderr));
                }
            }
        }
    }

    assert!(counted >= 10, "{counted}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pages_are_taken_apart() {
    let page = read(
        "# A `b` c: d\n[x](y.md#z) `cargo sign [keys]`\n\n# A b c d\n\n```console\n$ cargo compat\nout\n```\n",
    );
    assert_eq!(
        page.anchors.into_iter().collect::<Vec<_>>(),
        ["a-b-c-d", "a-b-c-d-1"]
    );

    assert_eq!(page.links, [(2, "y.md#z".to_owned())]);
    assert_eq!(page.commands.last().unwrap().1, "cargo compat");
    let words = |line| arguments(line).unwrap().1;
    assert_eq!(
        words("cargo sign verify [--key PUB]… FILE # why"),
        ["verify", "--key", "PUB]…", "FILE"]
    );

    assert_eq!(
        words("cargo sign keys revoke --reason \"a b\" c && d"),
        ["keys", "revoke", "--reason", "a b", "c"]
    );

    assert!(arguments("cargo test").is_none() && arguments("cargo signature").is_none());
    assert_eq!(
        target(Path::new("a/b.md"), "../c.md#d"),
        Some(("c.md".into(), Some("d".to_owned())))
    );
}
