//! `docs/tutorial.md` and `docs/walks/`, taken exactly as written: the commands of a page are run in
//! order in one shell, and have to print what the page shows.
//!
//! - A `sh` block is run as it stands; it succeeds and prints nothing.
//! - In a `console` block, `$ ` begins a command; the lines below it are its output, standard
//!   output and standard error together.
//! - A command succeeds, unless the next one is `echo $?`, whose output is compared as any other.
//! - `…` stands for any text within a line; alone on a line, for any number of lines.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "a fixture that cannot be made fails its test"
)]

use std::fmt::Write as _;

use release_gates_tests::{TestEnv, as_ada, path_with_programs, repository, required};

/// One command, or a whole `sh` block.
#[derive(Debug)]
struct Command {
    line: usize,
    text: String,
    output: Vec<String>,
}

/// The commands of a page, in order.
fn commands(page: &str) -> Vec<Command> {
    let mut found: Vec<Command> = Vec::new();
    let mut lines = page
        .lines()
        .enumerate()
        .map(|(index, line)| (index + 1, line));

    while let Some((line, text)) = lines.next() {
        let language = text.trim_start_matches('`');
        let fence = &text[..text.len() - language.len()];
        if fence.len() < 3 {
            continue;
        }
        let block: Vec<(usize, &str)> = lines
            .by_ref()
            .take_while(|(_, text)| *text != fence)
            .collect();
        match language {
            "sh" => {
                let text: Vec<&str> = block.iter().map(|(_, text)| *text).collect();
                found.push(Command {
                    line,
                    text: text.join("\n"),
                    output: Vec::new(),
                });
            }
            "console" => {
                for (line, text) in block {
                    match text.strip_prefix("$ ") {
                        Some(text) => {
                            found.push(Command {
                                line,
                                text: text.to_owned(),
                                output: Vec::new(),
                            });
                        }
                        None => found.last_mut().unwrap().output.push(text.to_owned()),
                    }
                }
            }
            _ => {}
        }
    }

    found
}

/// Whether a line is what the page shows. Runs of spaces count as one: columns are as wide as what
/// stands in them.
fn line_fits(shown: &str, printed: &str) -> bool {
    let squeeze = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (shown, printed) = (squeeze(shown), squeeze(printed));
    let mut parts = shown.split('…');
    let Some(mut rest) = parts.next().and_then(|first| printed.strip_prefix(first)) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// Whether an output is what the page shows.
fn fits(shown: &[&str], printed: &[&str]) -> bool {
    match shown {
        [] => printed.is_empty(),
        ["…", rest @ ..] => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        [line, rest @ ..] => printed
            .split_first()
            .is_some_and(|(first, after)| line_fits(line, first) && fits(rest, after)),
    }
}

#[test]
fn an_output_is_compared_line_by_line() {
    assert!(fits(&["a … c", "…", "z"], &["a b c", "d", "e", "z"]));
    assert!(fits(&["…", "z"], &["z"]));
    assert!(
        !fits(&["a"], &["a", "b"]) && !fits(&["a", "b"], &["a"]) && !fits(&["a … c"], &["a b d"])
    );
    assert!(!fits(&["a", "…", "z"], &["a", "b"]) && !line_fits("a … b … b", "a x b"));
    let page = "$ no\n\n```console\n$ one\n1\n\n$ two\n```\n```text\n$ no\n```\n````sh\nthree\n```\nfour\n````\n";
    let found: Vec<_> = commands(page)
        .into_iter()
        .map(|command| (command.line, command.text))
        .collect();
    assert_eq!(
        found,
        [
            (4, "one".to_owned()),
            (7, "two".to_owned()),
            (12, "three\n```\nfour".to_owned())
        ]
    );
}

/// Runs a page's commands and compares what they print.
fn follow(path: &str, at_least: usize) {
    let page = std::fs::read_to_string(repository().join(path)).unwrap();
    let mut commands = commands(&page);
    assert!(commands.len() >= at_least, "{}", commands.len());
    let env = TestEnv::new();
    if !required("ssh-keygen") {
        commands.retain(|command| !command.text.starts_with("ssh-keygen "));
    }

    // One shell for all, so that `cd`, `export` and `$?` are what they are for a reader.
    let mut script = String::from("exec </dev/null\n");
    for (index, Command { text, .. }) in commands.iter().enumerate() {
        writeln!(
            script,
            "(exit ${{code:-0}})\n{{ {text}\n}} >'{}/{index}.out' 2>&1",
            env.path().display()
        )
        .unwrap();
        writeln!(
            script,
            "code=$?; echo $code >'{}/{index}.code'",
            env.path().display()
        )
        .unwrap();
    }
    let work = env.path().join("work");
    std::fs::create_dir(&work).unwrap();
    let mut step = env
        .step("sh")
        .current_dir(&work)
        .args(["-c", &script])
        .env("PATH", path_with_programs());
    // Nothing of the machine's caches; ls sorts by bytes.
    step = step
        .env("CARGO_HOME", env.path().join("cargo-home"))
        .env("LC_ALL", "C");
    step = step
        .env("GIT_CONFIG_COUNT", "1")
        .env("GIT_CONFIG_KEY_0", "init.defaultBranch");
    step = step.env("GIT_CONFIG_VALUE_0", "main");
    let ran = env.run_step(as_ada(step, 0));

    let mut others = Vec::new();
    for (index, command) in commands.iter().enumerate() {
        let file = |kind: &str| std::fs::read_to_string(env.path().join(format!("{index}.{kind}")));
        let at = format!("{path}:{}: `{}`", command.line, command.text);
        let printed =
            file("out").unwrap_or_else(|error| panic!("{at} was not run: {error}\n{ran:#?}"));
        let code =
            file("code").unwrap_or_else(|error| panic!("{at} did not end: {error}\n{ran:#?}"));
        let asked = commands
            .get(index + 1)
            .is_some_and(|next| next.text == "echo $?");
        if !asked && code.trim() != "0" {
            others.push(format!("{at} ended with {}:\n{printed}", code.trim()));
        }
        // Without the echo's own code: a command that fails must not be shown as if it passed.
        if asked && code.trim() == "0" {
            others.push(format!("{at} passed:\n{printed}"));
        }
        let shown = command.output.join("\n");
        let (shown, printed) = (shown.trim_end(), printed.trim_end());
        let lines = |text| str::lines(text).collect::<Vec<_>>();
        if !fits(&lines(shown), &lines(printed)) {
            others.push(format!(
                "{at}\n-- the page shows\n{shown}\n-- it printed\n{printed}"
            ));
        }
    }
    assert!(others.is_empty(), "{}", others.join("\n\n"));
}

#[test]
fn the_tutorial_is_true() {
    follow("docs/tutorial.md", 41);
}

#[test]
fn a_program_is_released_as_the_walk_says() {
    follow("docs/walks/program.md", 11);
}

#[test]
fn thirty_packages_are_judged_as_the_walk_says() {
    follow("docs/walks/workspace.md", 8);
}

#[test]
fn a_pull_request_is_judged_as_the_walk_says() {
    follow("docs/walks/pull-request.md", 8);
}

#[test]
fn a_download_is_audited_as_the_walk_says() {
    follow("docs/walks/auditor.md", 11);
}

/// A walk that no test follows would not stay true.
#[test]
fn every_walk_is_followed() {
    let source = include_str!("tutorial.rs");
    for page in std::fs::read_dir(repository().join("docs/walks")).unwrap() {
        let name = page.unwrap().file_name().into_string().unwrap();
        assert!(
            source.contains(&format!("follow(\"docs/walks/{name}\"")),
            "{name}"
        );
    }
}
