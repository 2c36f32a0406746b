//! What `-h` shows of a command line: a screen. `--help` has the whole texts.

use clap::builder::StyledStr;
use clap::{Arg, Command};

/// The columns that a flag's text has in `-h` before it goes on below.
const LINE: usize = 60;

/// The examples that `-h` shows. A program with commands has more in the help of each.
const EXAMPLES: usize = 3;
const EXAMPLES_BESIDE_COMMANDS: usize = 2;

/// The command and all below it, with a short form of every text that is longer than a line.
pub(super) fn with_short_help(command: Command) -> Command {
    let ids: Vec<_> = command
        .get_arguments()
        .map(|arg| arg.get_id().clone())
        .collect();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();

    let mut command = ids
        .into_iter()
        .fold(command, |command, id| command.mut_arg(id, shortened));
    if let Some(examples) = command.get_after_help().map(StyledStr::to_string) {
        let count = if names.is_empty() {
            EXAMPLES
        } else {
            EXAMPLES_BESIDE_COMMANDS
        };
        let few = first_examples(&examples, count);
        command = command.after_help(few).after_long_help(examples);
    }
    names.into_iter().fold(command, |command, name| {
        command.mut_subcommand(name, with_short_help)
    })
}

/// A flag whose whole text is its long help.
fn shortened(arg: Arg) -> Arg {
    let (Some(text), None) = (arg.get_help(), arg.get_long_help()) else {
        return arg;
    };
    let text = text.to_string();
    let short = short(&text);
    if short == text {
        return arg;
    }
    arg.help(short).long_help(text)
}

/// What a text says before it goes into details: without its `[default: …]`, and if that is longer
/// than a line, up to the first `;` or `:` that follows a few words.
fn short(text: &str) -> String {
    let text = text.split(" [default").next().unwrap_or(text);
    if text.chars().count() <= LINE {
        return text.to_owned();
    }
    let ends = [": ", "; ", ". "]
        .into_iter()
        .flat_map(|end| text.match_indices(end));
    let cuts = ends.map(|(at, _)| &text[..at]);
    let said = cuts.filter(|said| said.split(' ').count() >= 3);
    said.min_by_key(|said| said.len())
        .unwrap_or(text)
        .to_owned()
}

/// The first few of the examples below a heading. What says more about one stands below it.
fn first_examples(text: &str, limit: usize) -> String {
    let is_example = |line: &str| line.starts_with("  cargo");
    let mut count = 0;
    let lines = text.lines().take_while(|line| {
        count += usize::from(is_example(line));
        count <= limit
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_where_it_goes_into_details() {
        let cases = [
            ("Cargo profile [default: release]", "Cargo profile"),
            (
                "Also publish this file: an installer, a package, completions; it is listed",
                "Also publish this file",
            ),
            (
                "Baseline: a git revision, a published version, a folder, or a rustdoc JSON file",
                "Baseline: a git revision, a published version, a folder, or a rustdoc JSON file",
            ),
            ("Audit this file; short", "Audit this file; short"),
        ];
        for (text, expected) in cases {
            assert_eq!(short(text), expected);
        }
    }

    #[test]
    fn three_examples_are_enough() {
        let text = "Examples:\n  cargo a\n  cargo b\n      more\n  cargo c\n  cargo d";
        assert_eq!(
            first_examples(text, 3),
            "Examples:\n  cargo a\n  cargo b\n      more\n  cargo c"
        );
    }
}
