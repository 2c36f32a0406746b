//! What would change in a file, line by line.
//!
//! Must never: let a line of the file act on a terminal.

use release_gate::text::visible;

/// The longest difference that is printed.
const MOST_LINES: usize = 60;

/// Files with more lines than this are not compared line by line.
const MOST_COMPARED: usize = 2_000;

/// Lines that would go (`-`) and come (`+`), in their order.
pub(crate) fn difference(before: &str, after: &str) -> String {
    let old: Vec<&str> = before.lines().collect();
    let new: Vec<&str> = after.lines().collect();
    let changes = if old.len().max(new.len()) > MOST_COMPARED {
        let gone = old.iter().map(|line| ('-', *line));
        gone.chain(new.iter().map(|line| ('+', *line))).collect()
    } else {
        changed_lines(&old, &new)
    };

    let mut text = String::new();
    for (mark, line) in changes.iter().take(MOST_LINES) {
        text.push_str(format!("{mark} {}", visible(line)).trim_end());
        text.push('\n');
    }
    if let Some(more) = changes
        .len()
        .checked_sub(MOST_LINES)
        .filter(|more| *more > 0)
    {
        text.push_str(&format!("… and {more} more lines\n"));
    }
    text.trim_end().to_owned()
}

/// What is left after a longest common subsequence of lines is taken out.
fn changed_lines<'a>(old: &[&'a str], new: &[&'a str]) -> Vec<(char, &'a str)> {
    let width = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * width];
    for at in (0..old.len()).rev() {
        for other in (0..new.len()).rev() {
            common[at * width + other] = if old[at] == new[other] {
                common[(at + 1) * width + other + 1] + 1
            } else {
                common[(at + 1) * width + other].max(common[at * width + other + 1])
            };
        }
    }

    let mut changes = Vec::new();
    let mut at = 0;
    let mut other = 0;
    while at < old.len() || other < new.len() {
        let is_same = at < old.len() && other < new.len() && old[at] == new[other];
        let goes = at < old.len()
            && (other == new.len()
                || common[(at + 1) * width + other] >= common[at * width + other + 1]);
        if is_same {
            at += 1;
            other += 1;
        } else if goes {
            changes.push(('-', old[at]));
            at += 1;
        } else {
            changes.push(('+', new[other]));
            other += 1;
        }
    }
    changes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_said() {
        let before = "# Security\n\nWrite to me.\nSame.\n";
        let after = "# Security\n\nWrite to FILL-IN.\nSame.\nMore.\n";
        assert_eq!(
            difference(before, after),
            "- Write to me.\n+ Write to FILL-IN.\n+ More."
        );
        assert_eq!(difference("a\n", "a\n"), "");
        assert!(!difference("\u{1b}[2J\n", "").contains('\u{1b}'));
        assert!(difference(&"x\n".repeat(100), "").ends_with("… and 40 more lines"));
    }
}
