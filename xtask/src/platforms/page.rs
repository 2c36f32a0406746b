//! The table of `docs/platforms.md`: program, system, how it was tried. Pure.

/// Between these lines stands what the task writes.
const BEGIN: &str = "<!-- written by `cargo xtask platforms --write` -->";
const END: &str = "<!-- end -->";

/// The head of the table.
const HEAD: &str = "| program | target | how it was tried |\n|---|---|---|\n";

/// One program on one system.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Row {
    pub(super) program: String,
    pub(super) target: String,
    pub(super) tried: String,
}

/// The rows that stand in the page. `None`: the page has no place for them.
pub(super) fn rows(page: &str) -> Option<Vec<Row>> {
    let (_, rest) = page.split_once(BEGIN)?;
    let (table, _) = rest.split_once(END)?;
    let lines = table.lines().filter_map(|line| line.strip_prefix("| `"));
    Some(lines.filter_map(row).collect())
}

/// One line of the table, without its beginning.
fn row(line: &str) -> Option<Row> {
    let (program, rest) = line.split_once("` | `")?;
    let (target, rest) = rest.split_once("` | ")?;
    let tried = rest.strip_suffix(" |")?;
    Some(Row {
        program: program.to_owned(),
        target: target.to_owned(),
        tried: tried.to_owned(),
    })
}

/// The page with other rows: these, and those of the page that are of other programs and targets.
pub(super) fn with_rows(page: &str, new: &[Row]) -> Option<String> {
    let mut all: Vec<Row> = rows(page)?
        .into_iter()
        .filter(|old| !new.iter().any(|row| is_of_the_same(row, old)))
        .chain(new.iter().cloned())
        .collect();
    all.sort();

    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    let mut table = String::from(HEAD);
    for row in all {
        let Row {
            program,
            target,
            tried,
        } = row;
        table.push_str(&format!("| `{program}` | `{target}` | {tried} |\n"));
    }
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

/// What the page says otherwise than what was just tried, a line each.
pub(super) fn differences(page: &[Row], tried: &[Row]) -> Vec<String> {
    let mut lines = Vec::new();
    for row in tried {
        let said = page.iter().find(|said| is_of_the_same(said, row));
        let said = said.map_or("nothing", |said| said.tried.as_str());
        if said != row.tried {
            lines.push(format!(
                "{} for {}: the page says `{said}`, and here it is `{}`",
                row.program, row.target, row.tried
            ));
        }
    }
    lines
}

fn is_of_the_same(a: &Row, b: &Row) -> bool {
    a.program == b.program && a.target == b.target
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(program: &str, target: &str, tried: &str) -> Row {
        Row {
            program: program.to_owned(),
            target: target.to_owned(),
            tried: tried.to_owned(),
        }
    }

    #[test]
    fn rows_are_replaced_and_others_kept() {
        let page = format!("# Platforms\n\n{BEGIN}\n{END}\n\nMore.\n");
        let first = with_rows(&page, &[row("b", "t", "linked"), row("a", "t", "linked")]).unwrap();
        let second = with_rows(&first, &[row("a", "t", "started")]).unwrap();
        assert_eq!(
            rows(&second).unwrap(),
            [row("a", "t", "started"), row("b", "t", "linked")]
        );
        assert!(second.starts_with("# Platforms\n") && second.ends_with("\n\nMore.\n"));
        assert_eq!(with_rows("# Platforms\n", &[]), None);
    }

    #[test]
    fn a_page_that_says_otherwise_is_named() {
        let page = [row("a", "t", "started")];
        assert!(differences(&page, &page).is_empty());
        assert_eq!(differences(&page, &[row("a", "t", "linked")]).len(), 1);
        assert_eq!(differences(&page, &[row("b", "t", "linked")]).len(), 1);
    }
}
