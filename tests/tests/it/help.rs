//! What `-h` shows: a screen that begins with the call's own flags, and nothing that means nothing
//! to it.

use release_gates_tests::{TOOLS, TestEnv};

/// The lines that `-h` may have.
const LINES: usize = 40;

/// Every call that has a help of its own, the program's name first.
fn calls(env: &TestEnv) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    // As cargo calls them: `cargo-sign sign` alone might mean the command of that name.
    let start = |(tool, name): (&str, &str)| vec![tool.to_owned(), name.to_owned()];
    let mut open = TOOLS.map(start).to_vec();
    while let Some(call) = open.pop() {
        for name in subcommands(&help(env, &call, "-h")) {
            let mut inner = call.clone();
            inner.push(name);
            open.push(inner);
        }
        found.push(call);
    }
    found.sort();
    found
}

fn help(env: &TestEnv, call: &[String], flag: &str) -> String {
    let args = call.iter().skip(1).map(String::as_str).chain([flag]);
    let ran = env.run(env.path(), &call[0], args);
    assert_eq!(ran.code, 0, "{call:?}: {ran:#?}");
    ran.stdout
}

/// The names below `Commands:`.
fn subcommands(help: &str) -> Vec<String> {
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    // A description that goes on below its name is indented further.
    let names = lines.filter_map(|line| {
        line.strip_prefix("  ")
            .filter(|rest| !rest.starts_with(' '))
    });
    let names = names.filter_map(|line| line.split_whitespace().next());
    names
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

/// The flags that a help shows, by their long names.
fn flags(help: &str) -> Vec<&str> {
    let long = help.lines().filter_map(|line| {
        let line = line.trim_start();
        let start = line.strip_prefix("--").or_else(|| {
            let rest = line.strip_prefix('-')?;
            rest.split_once(", --").map(|(_, rest)| rest)
        })?;
        start.split([' ', '.', '[', '=']).next()
    });
    long.collect()
}

#[test]
fn short_help_is_a_screen_with_an_example() {
    let env = TestEnv::new();
    let mut problems = Vec::new();
    let calls = calls(&env);
    assert!(calls.len() > 35, "{calls:?}");
    for call in &calls {
        let name = call.join(" ");
        let short = help(&env, call, "-h");
        let count = short.lines().count();
        if std::env::var_os("SHOW").is_some() {
            eprintln!("| `{name}` | {count} |");
        }
        if count > LINES {
            problems.push(format!("{name}: {count} lines\n{short}"));
        }
        if !short.contains("\nExamples:\n") {
            problems.push(format!("{name}: no example"));
        }
        // Shared flags have headings; a call's own flags come before them.
        let own = short.find("\nOptions:").unwrap_or(usize::MAX);
        let shared = short.find("\nCommon Options:").unwrap();
        if own > shared {
            problems.push(format!("{name}: its own flags do not come first\n{short}"));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

/// What a call shows, it takes: a flag that means nothing to it is refused, so it is not shown.
#[test]
fn help_shows_no_flag_that_is_refused() {
    let env = TestEnv::new();
    let mut refused = Vec::new();
    for call in calls(&env) {
        for flag in flags(&help(&env, &call, "--help")) {
            let long = format!("--{flag}");
            if ["help", "version", "explain", "generate"].contains(&flag) {
                continue;
            }
            let args = call
                .iter()
                .skip(1)
                .map(String::as_str)
                .chain([long.as_str()]);
            let mut ran = env.run(env.path(), &call[0], args.clone());
            if ran.stderr.contains("a value is required") {
                ran = env.run(env.path(), &call[0], args.chain(["x"]));
            }
            if ran.stderr.contains("means nothing") {
                refused.push(format!("{} {long}", call.join(" ")));
            }
        }
    }
    assert!(refused.is_empty(), "{refused:#?}");
}
