//! `cargo xtask book`: the guide as a book with search, made by mdBook.
//!
//! Pages of docs/ link to files elsewhere in the repository. So the sources of the book are laid out
//! as the repository is, in a folder of their own that holds the pages and the files that they link
//! to, and no link is rewritten. `docs/SUMMARY.md` is the table of contents.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{Event, Options, Parser, Tag};
use release_gate::error::JudgeExt as _;
use release_gate::fs::{copy_atomic, walk, write_atomic};
use release_gate::process::Step;
use release_gate::{Error, Result, exit};

use crate::workspace::{Workspace, absolute};

/// The table of contents, whose links start from its own folder.
const SUMMARY: &str = "docs/SUMMARY.md";

/// The settings of mdBook.
const SETTINGS: &str = "docs/book.toml";

/// Build the guide as a book with search (needs mdbook)
#[derive(Debug, clap::Args)]
pub(crate) struct BookArgs {
    /// Folder for the book; its pages are in `html/` there
    #[arg(long, value_name = "DIR", default_value = "target/book")]
    out: PathBuf,
}

/// Lays the sources out and calls mdBook.
///
/// # Errors
/// The table of contents is not whole, a link leads nowhere, or mdBook is missing or fails.
pub(crate) fn run(workspace: &Workspace, args: &BookArgs) -> Result<u8> {
    let out = absolute(&args.out)?;
    lay_out(&workspace.root, &out)?;

    let step = Step::new("mdbook").arg("build").arg(&out);
    let finished = workspace.runner.run(step).map_err(|error| {
        Error::from(error).with_help("`cargo install --locked mdbook` installs it; 0.5 or newer")
    })?;
    finished.success()?;
    workspace
        .terminal
        .status("Wrote", "the book; its first page is `html/index.html`");
    Ok(exit::PASS)
}

/// Checks that every page of docs/ is in the table of contents, that every entry is a page, and that
/// pages link to files only.
///
/// # Errors
/// Something is missing; all of it is named.
pub(crate) fn check(root: &Path) -> Result<()> {
    sources(root).map(drop)
}

/// The pages of the book and the files that they link to, once it is whole.
fn sources(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let listed = chapters(root)?;
    let mut problems = Vec::new();

    let files = walk(&root.join("docs")).or_judge(|| "cannot read `docs`".to_owned())?;
    let files = files.into_iter();
    for page in files.map(|file| Path::new("docs").join(file.relative)) {
        let is_page = page.extension().is_some_and(|ending| ending == "md");
        if is_page && page != Path::new(SUMMARY) && !listed.contains(&page) {
            problems.push(format!("  {}: it is not in {SUMMARY}", page.display()));
        }
    }
    for page in listed.iter().filter(|page| !root.join(page).is_file()) {
        problems.push(format!("  {SUMMARY}: there is no {}", page.display()));
    }

    let linked = linked_files(root, &listed)?;
    for (file, page) in &linked {
        let is_page = file.extension().is_some_and(|ending| ending == "md");
        if !root.join(file).is_file() {
            let (page, file) = (page.display(), file.display());
            problems.push(format!("  {page}: {file} is no file"));
        } else if is_page && !listed.contains(file) {
            let (page, file) = (page.display(), file.display());
            problems.push(format!("  {page}: {file} is not in {SUMMARY}"));
        }
    }

    if problems.is_empty() {
        return Ok(listed.into_iter().chain(linked.into_keys()).collect());
    }
    let problems = problems.join("\n");
    Err(Error::judge(format!("the book is not whole:\n{problems}"))
        .with_help("add the page to docs/SUMMARY.md, or let the link name a file"))
}

/// Writes the sources of the book, and nothing else, into a folder.
fn lay_out(root: &Path, out: &Path) -> Result<()> {
    let files = sources(root)?;
    let copies = out.join("src");
    if copies.exists() {
        std::fs::remove_dir_all(&copies)
            .or_judge(|| "cannot remove the old sources of the book".to_owned())?;
    }

    for file in &files {
        copy_atomic(&root.join(file), &copies.join(file))?;
    }
    let summary = with_links_from_the_top(&read(root, Path::new(SUMMARY))?)?;
    write_atomic(&copies.join("SUMMARY.md"), summary.as_bytes())?;
    copy_atomic(&root.join(SETTINGS), &out.join("book.toml"))?;
    Ok(())
}

/// The pages of the table of contents, by their path in the repository.
fn chapters(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let summary = read(root, Path::new(SUMMARY))?;
    let links = links(&summary);
    links
        .map(|link| file_of(Path::new(SUMMARY), &link))
        .collect()
}

/// What pages link to in the repository, each with a page that does so.
fn linked_files(root: &Path, pages: &BTreeSet<PathBuf>) -> Result<BTreeMap<PathBuf, PathBuf>> {
    let mut files = BTreeMap::new();
    for page in pages.iter().filter(|page| root.join(page).is_file()) {
        let text = read(root, page)?;
        let inside = links(&text).filter(|link| !is_elsewhere(link));
        for link in inside {
            files.insert(file_of(page, &link)?, page.clone());
        }
    }
    Ok(files)
}

fn read(root: &Path, path: &Path) -> Result<String> {
    std::fs::read_to_string(root.join(path))
        .or_judge(|| format!("cannot read `{}`", path.display()))
}

/// Where the links and pictures of a page lead, as they are written.
fn links(text: &str) -> impl Iterator<Item = String> {
    let events = Parser::new_ext(text, Options::ENABLE_TABLES);
    events.filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.into_string())
        }
        _ => None,
    })
}

fn is_elsewhere(link: &str) -> bool {
    link.contains("://") || link.starts_with("mailto:")
}

/// The file that a link of a page names, by its path in the repository.
fn file_of(page: &Path, link: &str) -> Result<PathBuf> {
    let path = link.split('#').next().unwrap_or(link);
    if path.is_empty() {
        return Ok(page.to_owned());
    }
    let mut file = page.parent().unwrap_or(page).to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::Normal(name) => file.push(name),
            Component::ParentDir if file.pop() => {}
            Component::CurDir => {}
            _ => {
                let page = page.display();
                return Err(Error::judge(format!(
                    "{page}: `{link}` leads out of the repository"
                )));
            }
        }
    }
    Ok(file)
}

/// The table of contents with links that start from the top of the repository.
fn with_links_from_the_top(summary: &str) -> Result<String> {
    let mut text = String::new();
    for line in summary.lines() {
        match line.split_once("](") {
            Some((before, link)) => {
                let file = file_of(Path::new(SUMMARY), link.trim_end_matches(')'))?;
                // Links are written with `/` on every system.
                let names: Vec<_> = file.iter().map(|name| name.to_string_lossy()).collect();
                text.push_str(&format!("{before}]({})\n", names.join("/")));
            }
            None => text.push_str(&format!("{line}\n")),
        }
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use release_gates_tests::required;

    use super::*;

    fn repository() -> PathBuf {
        Workspace::new().root
    }

    /// A repository of these files.
    fn fixture(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for (path, text) in files {
            write_atomic(&root.path().join(path), text.as_bytes()).unwrap();
        }
        root
    }

    #[test]
    fn every_page_is_in_the_table_of_contents() {
        let whole = [
            (SUMMARY, "# Summary\n\n- [A](a.md)\n- [Map](../MAP.md)\n"),
            ("docs/a.md", "[map](../MAP.md#here) [b](b/x.json)"),
            ("docs/b/x.json", "{}"),
            ("MAP.md", "[a](docs/a.md) [web](https://example.org/x.md)"),
        ];
        check(fixture(&whole).path()).unwrap();

        let extra = [
            ("docs/b/new.md", "# New"),
            (
                "docs/a.md",
                "[gone](gone.md) [folder](b) [other](../OTHER.md)",
            ),
            ("OTHER.md", "# Other"),
            (SUMMARY, "- [A](a.md)\n- [None](none.md)\n"),
        ];
        let root = fixture(&[&whole[..], &extra].concat());
        let told = check(root.path()).unwrap_err().to_string();
        let expected = [
            "docs/b/new.md: it is not in docs/SUMMARY.md",
            "docs/SUMMARY.md: there is no docs/none.md",
            "docs/a.md: docs/gone.md is no file",
            "docs/a.md: docs/b is no file",
            "docs/a.md: OTHER.md is not in docs/SUMMARY.md",
        ];
        for line in expected {
            assert!(told.contains(line), "{line}: {told}");
        }
        assert_eq!(told.lines().count(), 1 + expected.len(), "{told}");
    }

    #[test]
    fn a_link_does_not_lead_out_of_the_repository() {
        let page = Path::new("docs/a.md");
        assert_eq!(file_of(page, "#b").unwrap(), page);
        assert_eq!(file_of(page, "../x/y.md#b").unwrap(), Path::new("x/y.md"));
        file_of(page, "../../x.md").unwrap_err();
    }

    #[test]
    fn the_book_of_this_repository_is_whole() {
        check(&repository()).unwrap();
    }

    #[test]
    fn mdbook_builds_the_book_and_every_link_in_it_leads_somewhere() {
        let out = tempfile::tempdir().unwrap();
        lay_out(&repository(), out.path()).unwrap();
        assert!(
            out.path()
                .join("src/docs/schemas/compat.schema.json")
                .is_file()
        );
        if !required("mdbook") {
            return;
        }

        let workspace = Workspace::new();
        let step = Step::new("mdbook").arg("build").arg(out.path());
        workspace.runner.run(step).unwrap().success().unwrap();
        let html = out.path().join("html");
        let files = walk(&html).unwrap();
        let is_index = |name: &str| name.starts_with("searchindex");
        assert!(
            files
                .iter()
                .any(|file| is_index(&file.relative.to_string_lossy()))
        );

        let (counted, broken) = links_of_html(&html);
        assert!(counted > 1_000, "{counted}");
        assert!(
            broken.is_empty(),
            "these lead nowhere:\n{}",
            broken.join("\n")
        );
    }

    /// How many links lead into the book, and which of them lead nowhere.
    fn links_of_html(html: &Path) -> (usize, Vec<String>) {
        let mut pages = BTreeMap::new();
        for file in walk(html).unwrap() {
            if file
                .relative
                .extension()
                .is_some_and(|ending| ending == "html")
            {
                let text = std::fs::read_to_string(&file.path).unwrap();
                pages.insert(file.relative, text);
            }
        }

        let (mut counted, mut broken) = (0, Vec::new());
        for (page, text) in &pages {
            // The page for missing addresses is shown under any of them.
            if page == Path::new("404.html") {
                continue;
            }
            for link in quoted_after(text, " href=\"").filter(|link| !is_elsewhere(link)) {
                counted += 1;
                let file = file_of(page, &link).unwrap();
                let is_there = match link.split_once('#') {
                    Some((_, "")) | None => html.join(&file).is_file(),
                    Some((_, anchor)) => pages
                        .get(&file)
                        .is_some_and(|text| text.contains(&format!("id=\"{anchor}\""))),
                };
                if !is_there {
                    broken.push(format!("  {}: {link}", page.display()));
                }
            }
        }
        (counted, broken)
    }

    /// What stands between this mark and the next quotation mark, each time.
    fn quoted_after<'a>(text: &'a str, mark: &'a str) -> impl Iterator<Item = String> + 'a {
        let rest = text.split(mark).skip(1);
        rest.filter_map(|rest| rest.split('"').next().map(str::to_owned))
    }
}
