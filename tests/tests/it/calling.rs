//! How the five are called: both forms, every shared flag, help, version, completions, man pages,
//! usage errors.

use release_gates_tests::{TOOLS, TestEnv, fixtures, program};

/// Every shared flag of the contract, with a value where it takes one.
const SHARED: &[(&str, Option<&str>)] = &[
    ("--manifest-path", Some("Cargo.toml")),
    ("--package", Some("demo")),
    ("--workspace", None),
    ("--exclude", Some("demo")),
    ("--features", Some("a")),
    ("--all-features", None),
    ("--no-default-features", None),
    ("--target", Some("x86_64-unknown-linux-gnu")),
    ("--locked", None),
    ("--offline", None),
    ("--frozen", None),
    ("--color", Some("never")),
    ("--quiet", None),
    ("--verbose", None),
    ("--artifact-dir", Some("out")),
    ("--config", Some("release-gates.toml")),
    ("--message-format", Some("json")),
    ("--deny", Some("RULE")),
    ("--warn", Some("RULE")),
    ("--allow", Some("RULE")),
    ("--explain", Some("RULE")),
    ("--dry-run", None),
];

/// Flags that say what is built, which these tools never do.
const OF_BUILDS: &[&str] = &[
    "--features",
    "--all-features",
    "--no-default-features",
    "--target",
];

/// A call of each tool that builds nothing, to which flags of builds mean nothing.
const BUILD_NOTHING: &[(&str, &[&str])] = &[("cargo-relnotes", &[]), ("cargo-sign", &["pack"])];

fn builds(tool: &str) -> bool {
    BUILD_NOTHING.iter().all(|(other, _)| *other != tool)
}

#[test]
fn every_tool_takes_every_shared_flag() {
    let env = TestEnv::new();
    for (tool, _) in TOOLS {
        let help = env.run(env.path(), tool, ["--help"]);
        assert_eq!(help.code, 0, "{help:#?}");
        let meant = SHARED
            .iter()
            .filter(|(flag, _)| builds(tool) || !OF_BUILDS.contains(flag));
        for (flag, value) in meant {
            let shown = [" ", "\n", "..."]
                .iter()
                .any(|after| help.stdout.contains(&format!("{flag}{after}")));
            assert!(shown, "`{tool} --help` does not show {flag}");
            // A flag clap does not know ends with 2 and says so; a known one gets past that,
            // whatever comes then.
            let mut args = vec![(*flag).to_owned()];
            args.extend(value.map(str::to_owned));
            let ran = env.run(env.path(), tool, args);
            assert!(
                !ran.stderr.contains("unexpected argument"),
                "{tool} {flag}: {ran:#?}"
            );
        }
        let shorts = ["-p", "-F", "-q", "-v"].into_iter();
        for short in shorts.filter(|short| builds(tool) || *short != "-F") {
            assert!(
                help.stdout.contains(&format!("{short}, ")),
                "`{tool} --help` does not show {short}"
            );
        }
    }
}

#[test]
fn a_flag_that_means_nothing_is_refused_and_not_shown() {
    let env = TestEnv::new();
    let dir = env.project("demo", fixtures::DEMO);
    for (tool, call) in BUILD_NOTHING {
        let help = env.run(env.path(), tool, ["--help"]);
        for (flag, value) in SHARED.iter().filter(|(flag, _)| OF_BUILDS.contains(flag)) {
            assert!(!help.stdout.contains(&format!("{flag} ")), "{help:#?}");
            let value = value.iter().copied();
            let args: Vec<&str> = call.iter().copied().chain([*flag]).chain(value).collect();
            let ran = env.run(&dir, tool, &args);
            assert!(
                ran.code == 2 && ran.stderr.contains("means nothing"),
                "{tool} {args:?}: {ran:#?}"
            );
        }
    }
}

#[test]
fn both_ways_of_calling_are_the_same() {
    let env = TestEnv::new();
    for (tool, subcommand) in TOOLS {
        for args in [
            vec!["--help"],
            vec!["-V"],
            vec!["--no-such-flag"],
            vec!["--explain"],
        ] {
            let direct = env.run(env.path(), tool, &args);
            let by_cargo = env.run(env.path(), tool, [&[subcommand], &args[..]].concat());
            assert_eq!(
                (direct.code, &direct.stdout, &direct.stderr),
                (by_cargo.code, &by_cargo.stdout, &by_cargo.stderr)
            );
        }
    }
}

/// `cargo` itself finds them on PATH and passes the subcommand.
#[test]
fn cargo_finds_them_on_the_path() {
    let env = TestEnv::new();
    let bin = program("cargo-compat");
    let path = std::env::join_paths(
        std::iter::once(bin.parent().unwrap().to_owned())
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    )
    .unwrap();
    for (tool, subcommand) in TOOLS {
        let ran = env.run_step(
            env.step("cargo")
                .env("PATH", &path)
                .args([subcommand, "--version"])
                .current_dir(env.path()),
        );
        assert_eq!(ran.code, 0, "{ran:#?}");
        assert!(ran.stdout.starts_with(&format!("{tool} ")), "{ran:#?}");
    }
}

#[test]
fn version_has_commit_and_digest_of_the_program() {
    let env = TestEnv::new();
    for (tool, _) in TOOLS {
        let ran = env.run(env.path(), tool, ["--version"]);
        let lines: Vec<&str> = ran.stdout.lines().collect();
        assert_eq!(lines.len(), 3, "{ran:#?}");
        assert_eq!(lines[0], format!("{tool} {}", env!("CARGO_PKG_VERSION")));
        assert!(lines[1].starts_with("commit: "));
        let (digest, _) = release_gate::digest::sha256_file(&program(tool)).unwrap();
        assert_eq!(lines[2], format!("sha256: {digest}"));
    }
}

#[test]
fn help_has_examples() {
    let env = TestEnv::new();
    for (tool, subcommand) in TOOLS {
        let help = env.run(env.path(), tool, ["--help"]).stdout;
        assert!(
            help.contains("Examples:") && help.contains(&format!("  cargo {subcommand}")),
            "{help}"
        );
    }
}

#[test]
fn completions_and_man_pages_come_from_the_same_tree() {
    let env = TestEnv::new();
    for (tool, _) in TOOLS {
        for what in ["bash", "elvish", "fish", "powershell", "zsh", "man"] {
            let ran = env.run(env.path(), tool, ["--generate", what]);
            assert_eq!(ran.code, 0, "{ran:#?}");
            let text = ran.stdout.replace("\\-", "-");
            assert!(
                text.contains("message-format"),
                "{tool} --generate {what} lacks a shared flag"
            );
        }
    }
}

#[test]
fn every_rule_explains_itself() {
    let env = TestEnv::new();
    for (tool, _) in TOOLS {
        let list = env.run(env.path(), tool, ["--explain"]);
        assert_eq!(list.code, 0, "{list:#?}");
        assert!(
            list.stdout.starts_with("These fail a release:\n"),
            "{list:#?}"
        );
        let rules = list
            .stdout
            .lines()
            .filter_map(|line| line.strip_prefix("  "));
        let ids: Vec<&str> = rules.filter_map(|line| line.split(' ').next()).collect();
        assert!(ids.len() > 10, "{tool}: {ids:?}");
        for id in ids {
            let ran = env.run(env.path(), tool, ["--explain", id]);
            assert_eq!(ran.code, 0, "{ran:#?}");
            assert!(
                ran.stdout.starts_with(&format!("{id}: ")) && ran.stdout.lines().count() >= 4,
                "{ran:#?}"
            );
        }
    }
}

#[test]
fn wrong_usage_ends_with_two_and_names_the_next_step() {
    let env = TestEnv::new();
    let dir = env.project("demo", &fixtures::DEMO[..1]);
    for (tool, subcommand) in TOOLS {
        let unknown_flag = env.run(&dir, tool, ["--no-such-flag"]);
        assert_eq!(unknown_flag.code, 2, "{unknown_flag:#?}");
        let unknown_rule = env.run(&dir, tool, ["--explain", "no-such-rule"]);
        assert_eq!(unknown_rule.code, 2, "{unknown_rule:#?}");
        let call: &[&str] = match subcommand {
            "sign" => &["pack"],
            _ => &[],
        };
        for (args, word) in [
            (vec!["--deny", "no-such-rule"], "no-such-rule"),
            (vec!["--package", "dmeo"], "did you mean `demo`"),
            (vec!["--config", "missing.toml"], "missing.toml"),
        ] {
            let ran = env.run(&dir, tool, [call, &args[..]].concat());
            assert_eq!(ran.code, 2, "{tool} {args:?}: {ran:#?}");
            assert!(ran.stderr.contains(word), "{tool} {args:?}: {ran:#?}");
        }
        let config = format!("[{subcommand}]\nno-such-key = 1\n");
        std::fs::write(dir.join("release-gates.toml"), config).unwrap();
        let ran = env.run(&dir, tool, call);
        assert_eq!(ran.code, 2, "{tool}: {ran:#?}");
        assert!(ran.stderr.contains("no-such-key"), "{tool}: {ran:#?}");
        std::fs::remove_file(dir.join("release-gates.toml")).unwrap();
    }
}
