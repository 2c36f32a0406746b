//! From argv to exit code: the same for every gate.

use std::ffi::OsString;
use std::process::ExitCode;

use anstream::ColorChoice;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, Id};
use serde::Serialize;

use super::context::Context;
use super::gate::{Gate, Outcome};
use super::generate;
use super::short_help::with_short_help;
use crate::args::{Color, Generate, MessageFormat, SharedArgs};
use crate::error::{Error, ErrorKind, Result};
use crate::folders::Folders;
use crate::json::to_canonical_vec;
use crate::report::{Envelope, Report, Status, join, render};
use crate::rule::{self, Levels, Requested};
use crate::terminal::{Terminal, Verbosity};
use crate::{exit, interrupt};

/// The whole of a gate's `main`.
pub fn main<G: Gate>() -> ExitCode {
    ExitCode::from(run::<G>(std::env::args_os().collect()))
}

/// Runs a gate with these arguments (the first is the program's name) and returns its exit code.
pub fn run<G: Gate>(as_given: Vec<OsString>) -> u8 {
    let args = without_subcommand(&as_given, G::TOOL.subcommand);
    let flags = flags_before_dashes(&args);
    let color = early_color(flags.iter().copied());
    let wants_version = flags.iter().any(|flag| matches!(*flag, "--version" | "-V"));
    let command = command::<G>(color, wants_version);

    if let Some(code) = answer_early_request::<G>(&flags, color, &command) {
        return code;
    }
    match parse::<G>(command, &args, &as_given) {
        Ok((gate, matches)) => execute(gate, &matches, color),
        Err(error) => {
            // Nobody is left to tell when the stream is closed.
            let _ = error.print();
            if error.use_stderr() {
                exit::USAGE
            } else {
                exit::PASS
            }
        }
    }
}

/// `cargo compat …` starts `cargo-compat compat …`: the arguments as if the program had been
/// called by hand.
fn without_subcommand(as_given: &[OsString], subcommand: &str) -> Vec<OsString> {
    let mut args = as_given.to_vec();
    if args.get(1).is_some_and(|arg| arg == subcommand) {
        args.remove(1);
    }
    args
}

/// The arguments up to `--`, as far as they are text.
fn flags_before_dashes(args: &[OsString]) -> Vec<&str> {
    args.iter()
        .skip(1)
        .take_while(|arg| *arg != "--")
        .filter_map(|arg| arg.to_str())
        .collect()
}

/// Answers `--explain` and `--generate`, which need no valid call around them: `cargo sign
/// --explain RULE` works without a subcommand.
fn answer_early_request<G: Gate>(
    flags: &[&str],
    color: Option<Color>,
    command: &Command,
) -> Option<u8> {
    let terminal = Terminal::new(choice(color), Verbosity::Normal);
    let (flag, value) = early_request(flags.iter().copied())?;

    if flag == "--explain" {
        let text = rule::explain(G::TOOL.rules, value).map(String::into_bytes);
        return Some(finish_text(&terminal, text));
    }
    let what = <Generate as clap::ValueEnum>::from_str(value, true).ok()?;
    let document = generate::generate::<G>(what, command.clone());
    Some(finish_text(&terminal, document))
}

/// Parses the arguments; where they make no sense, as they were given: `cargo-sign sign FILE`,
/// called by hand, means the gate's own command of that name.
fn parse<G: Gate>(
    command: Command,
    args: &[OsString],
    as_given: &[OsString],
) -> Result<(G, ArgMatches), clap::Error> {
    parse_args(command.clone(), args).or_else(|error| match parse_args(command, as_given) {
        Ok(parsed) if error.use_stderr() && args != as_given => Ok(parsed),
        _ => Err(error),
    })
}

fn parse_args<G: Gate>(
    command: Command,
    args: &[OsString],
) -> Result<(G, ArgMatches), clap::Error> {
    let matches = command.try_get_matches_from(args)?;
    let gate = G::from_arg_matches(&matches)?;
    Ok((gate, matches))
}

/// Does what a valid call asks for.
fn execute<G: Gate>(gate: G, matches: &ArgMatches, color: Option<Color>) -> u8 {
    let shared = gate.shared_of_call();
    let verbosity = match (shared.quiet, shared.verbose) {
        (true, _) => Verbosity::Quiet,
        (false, 0) => Verbosity::Normal,
        (false, _) => Verbosity::Verbose,
    };
    let terminal = Terminal::new(choice(color), verbosity);
    let needed = gate.needs_dependencies();
    let mut cx = Context::new(G::TOOL, shared, terminal).needing_dependencies(needed);

    interrupt::install();
    let on_error = OnError {
        report_name: gate.report_name(),
        whole_workspace: gate.judges_workspace(),
    };
    let heed = gate.heeds_found_levels() || cx.args().config.is_some();
    let result = refuse_unused_flags::<G>(matches)
        .and_then(|()| check_early(&mut cx, matches))
        .and_then(|()| gate.execute(&mut cx));
    conclude(&mut cx, matches, on_error, heed, result)
}

/// Where an error is reported.
#[derive(Debug, Clone, Copy)]
struct OnError {
    /// The report that the call would have made.
    report_name: Option<&'static str>,
    /// Whether all members of the workspace have one.
    whole_workspace: bool,
}

/// Finds misspelled rules before hours of work are done.
fn check_early(cx: &mut Context, matches: &ArgMatches) -> Result<()> {
    let mut levels = Levels::default();
    levels_from_flags(cx, matches, &mut levels)?;
    cx.set_levels(levels);
    Ok(())
}

/// The gate's clap tree as it is parsed, documented and completed.
pub(super) fn command<G: Gate>(color: Option<Color>, long_version: bool) -> Command {
    let tool = G::TOOL;
    let shared: Vec<Arg> = SharedArgs::augment_args(Command::new("shared"))
        .get_arguments()
        .cloned()
        .collect();

    let mut command = G::command()
        .name(tool.name)
        .bin_name(format!("cargo {}", tool.subcommand))
        .styles(clap_cargo::style::CLAP_STYLING)
        .color(match color {
            Some(Color::Always) => clap::ColorChoice::Always,
            Some(Color::Never) => clap::ColorChoice::Never,
            Some(Color::Auto) | None => clap::ColorChoice::Auto,
        })
        .version(if long_version {
            tool.long_version()
                .trim_end()
                .trim_start_matches(tool.name)
                .trim_start()
                .to_owned()
        } else {
            tool.version.to_owned()
        });

    let subcommands: Vec<String> = command
        .get_subcommands()
        .map(|subcommand| subcommand.get_name().to_owned())
        .collect();

    let unused = G::unused_flags("");
    for arg in &shared {
        let hidden = arg.is_hide_set() || unused.contains(&arg.get_id().as_str());
        command = command.mut_arg(arg.get_id(), |arg| {
            let rare = is_rare(&arg);
            arg.global(true).hide(hidden).hide_short_help(rare)
        });
    }

    command = with_own_heading(command, &shared);
    let examples = command.get_after_help().map(ToString::to_string);
    let examples = examples.unwrap_or_default();
    // The gate's own flags for all its subcommands, behind which the shared ones stand.
    let own = command.get_arguments().filter(|arg| {
        arg.is_global_set() && shared.iter().all(|other| other.get_id() != arg.get_id())
    });
    let handed_on: Vec<Arg> = own.cloned().chain(shared.iter().cloned()).collect();
    for name in subcommands {
        let unused = G::unused_flags(&name);
        let examples = examples_of(&examples, &format!("{} {name}", tool.subcommand));
        command = command.mut_subcommand(name, |subcommand| {
            let subcommand = with_own_heading(subcommand, &shared);
            let subcommand = with_handed_on(subcommand, &handed_on, unused);
            match examples {
                Some(examples) if subcommand.get_after_help().is_none() => {
                    subcommand.after_help(examples)
                }
                _ => subcommand,
            }
        });
    }

    with_short_help(command)
}

/// Those of a gate's examples that call this subcommand.
fn examples_of(examples: &str, call: &str) -> Option<String> {
    let is_call = |line: &str| {
        ["cargo ", "cargo-"].iter().any(|start| {
            let rest = line.trim_start().strip_prefix(start);
            let rest = rest.and_then(|rest| rest.strip_prefix(call));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        })
    };
    let mut found = Vec::new();
    let mut is_inside = false;
    for line in examples.lines() {
        // What says more about an example stands below it, further to the right.
        let goes_on = line.starts_with("     ");
        is_inside = is_call(line) || (is_inside && goes_on);
        if is_inside {
            found.push(line);
        }
    }
    (!found.is_empty()).then(|| format!("Examples:\n{}", found.join("\n")))
}

/// Whether a shared flag stands in `--help` and not in `-h`, which fits on a screen.
fn is_rare(arg: &Arg) -> bool {
    const RARE: &[&str] = &["exclude", "features", "all_features", "no_default_features"];
    arg.is_hide_short_help_set() || RARE.contains(&arg.get_id().as_str())
}

/// Puts the gate's own flags below `Options`. Clap's derive hands the last heading of the shared
/// flags on to whatever is flattened behind them.
fn with_own_heading(mut command: Command, shared: &[Arg]) -> Command {
    let leaked: Vec<Id> = command
        .get_arguments()
        .filter(|arg| shared.iter().all(|other| other.get_id() != arg.get_id()))
        .filter(|arg| arg.get_help_heading() == Some("Feature Selection"))
        .map(|arg| arg.get_id().clone())
        .collect();
    for id in leaked {
        command = command.mut_arg(id, |arg| arg.help_heading(None::<&'static str>));
    }
    command
}

/// A subcommand with the flags that all have, of which those that mean nothing to it are hidden.
/// Clap would add them by itself, all of them in sight.
fn with_handed_on(mut subcommand: Command, handed_on: &[Arg], unused: &[&str]) -> Command {
    for arg in handed_on {
        let id = arg.get_id();
        let is_its_own = subcommand.get_arguments().any(|own| own.get_id() == id);
        if is_its_own {
            continue;
        }
        let hidden = arg.is_hide_set() || unused.contains(&id.as_str());
        let arg = arg.clone().hide_short_help(is_rare(arg));
        subcommand = subcommand.arg(arg.global(true).hide(hidden));
    }
    subcommand
}

/// Refuses shared flags that mean nothing to the call: a flag must not be without effect in
/// silence. What the environment sets is for all calls, and stays without effect here.
fn refuse_unused_flags<G: Gate>(matches: &ArgMatches) -> Result<()> {
    let (name, matches) = match matches.subcommand() {
        Some((name, inner)) => (name, deepest(inner)),
        None => ("", matches),
    };
    let given = G::unused_flags(name).iter().find(|id| {
        let source = matches
            .try_contains_id(id)
            .ok()
            .and_then(|_| matches.value_source(id));
        source == Some(ValueSource::CommandLine)
    });
    let Some(id) = given else {
        return Ok(());
    };

    let flag = id.replace('_', "-");
    let call = format!("cargo {} {name}", G::TOOL.subcommand);
    Err(
        Error::usage(format!("`--{flag}` means nothing to `{}`", call.trim_end()))
            .with_help("leave it out"),
    )
}

/// The matches of the innermost subcommand.
fn deepest(mut matches: &ArgMatches) -> &ArgMatches {
    while let Some((_, inner)) = matches.subcommand() {
        matches = inner;
    }
    matches
}

/// Colours decide how help and usage errors look, so they are known before arguments are parsed:
/// `--color`, else `CARGO_TERM_COLOR`.
fn early_color<'a>(args: impl Iterator<Item = &'a str>) -> Option<Color> {
    let mut found = std::env::var("CARGO_TERM_COLOR").ok();
    let mut args = args.peekable();
    while let Some(arg) = args.next() {
        if let Some(value) = arg.strip_prefix("--color=") {
            found = Some(value.to_owned());
        } else if arg == "--color" {
            found = args.peek().map(|value| (*value).to_owned()).or(found);
        }
    }
    <Color as clap::ValueEnum>::from_str(&found?, true).ok()
}

fn choice(color: Option<Color>) -> ColorChoice {
    match color {
        Some(Color::Always) => ColorChoice::Always,
        Some(Color::Never) => ColorChoice::Never,
        Some(Color::Auto) | None => ColorChoice::Auto,
    }
}

fn early_request<'a>(args: impl Iterator<Item = &'a str>) -> Option<(&'static str, &'a str)> {
    let mut args = args;
    while let Some(arg) = args.next() {
        for flag in ["--explain", "--generate"] {
            if arg == flag {
                let value = args.next().filter(|value| !value.starts_with('-'));
                // Without a rule, all of them.
                let all = (flag == "--explain").then_some("list");
                return value.or(all).map(|value| (flag, value));
            }
            if let Some(value) = arg
                .strip_prefix(flag)
                .and_then(|rest| rest.strip_prefix('='))
            {
                return Some((flag, value));
            }
        }
    }
    None
}

fn finish_text(terminal: &Terminal, text: Result<Vec<u8>>) -> u8 {
    let printed = text.and_then(|bytes| {
        terminal
            .stdout(&bytes)
            .map_err(|error| Error::judge("cannot write to standard output").with_source(error))
    });
    match printed {
        Ok(()) => exit::PASS,
        Err(error) => {
            terminal.error(&error);
            error.exit_code()
        }
    }
}

/// Applies levels, writes reports, prints them, and settles the exit code.
fn conclude(
    cx: &mut Context,
    matches: &ArgMatches,
    on_error: OnError,
    heed: bool,
    result: Result<Outcome>,
) -> u8 {
    let outcome = result.and_then(|outcome| {
        interrupt::check()?;
        match outcome {
            Outcome::Done => Ok(Vec::new()),
            Outcome::Reports(reports) => settle(cx, matches, heed, reports),
        }
    });

    let mut reports = match outcome {
        Ok(reports) => reports,
        Err(error) => return conclude_error(cx, on_error, &error),
    };

    if let Err(error) = keep(cx, &reports) {
        return conclude_error(cx, on_error, &error);
    }
    let status = reports
        .iter()
        .map(|report| report.envelope.status)
        .reduce(Status::worse);

    reports.retain(|report| report.printed);
    if let Err(error) = print(cx, &mut reports) {
        cx.terminal.error(&error);
        return error.exit_code();
    }

    status.map_or(exit::PASS, Status::exit_code)
}

/// `heed`: the configuration sets levels too; see [`Gate::heeds_found_levels`].
fn settle(
    cx: &mut Context,
    matches: &ArgMatches,
    heed: bool,
    mut reports: Vec<Report>,
) -> Result<Vec<Report>> {
    let mut levels = Levels::default();
    let (rules, table) = (cx.tool().rules, cx.tool().subcommand);
    if heed {
        cx.configuration()?.levels(table, rules, &mut levels)?;
    }
    levels_from_flags(cx, matches, &mut levels)?;
    let folders = folders(cx);
    for report in &mut reports {
        report.hide_folders(&folders);
        report.settle(&levels);
    }
    Ok(reports)
}

/// The folders that errors may name: around the project, where it could be loaded, else around the
/// repository of the current folder.
fn folders(cx: &Context) -> Folders {
    if let Some(project) = cx.loaded_project() {
        return Folders::around(&project.root);
    }
    let here = std::env::current_dir().unwrap_or_default();
    let top = here.ancestors().find(|folder| folder.join(".git").exists());
    Folders::around(top.unwrap_or(&here))
}

/// `--deny`, `--warn` and `--allow` in the order in which they were given; the last word wins.
fn levels_from_flags(cx: &Context, matches: &ArgMatches, levels: &mut Levels) -> Result<()> {
    let matches = deepest(matches);
    let mut wishes = Vec::new();
    for (flag, requested) in [
        ("deny", Requested::Deny),
        ("warn", Requested::Warn),
        ("allow", Requested::Allow),
    ] {
        let values = matches.get_many::<String>(flag).into_iter().flatten();
        let indices = matches.indices_of(flag).into_iter().flatten();
        wishes.extend(
            indices
                .zip(values)
                .map(|(index, id)| (index, id.clone(), requested)),
        );
    }
    wishes.sort_by_key(|(index, ..)| *index);
    wishes
        .into_iter()
        .try_for_each(|(_, id, requested)| levels.set(cx.tool().rules, &id, requested))
}

/// Writes the reports that are kept, each into its package's folder, the manifest last.
fn keep(cx: &mut Context, reports: &[Report]) -> Result<()> {
    for report in reports.iter().filter(|report| report.keep) {
        let subject = &report.envelope.subject;
        let (Some(package), Some(version)) = (&subject.package, &subject.version) else {
            continue;
        };
        let mut folder = cx.package_artifacts(package, version)?;
        folder.write_report(report)?;
        folder.finish()?;
    }
    Ok(())
}

fn print(cx: &Context, reports: &mut [Report]) -> Result<()> {
    if reports.is_empty() {
        return Ok(());
    }
    let quiet = cx.args().quiet;
    let verbosity = cx.terminal.verbosity();
    let width = cx.terminal.width();
    let human = if reports.len() > 1 && verbosity != Verbosity::Verbose {
        render::human_list(reports, width, &|report| report_place(cx, report))
    } else {
        reports
            .iter()
            .map(|report| render::human(report, verbosity, width))
            .collect::<Vec<_>>()
            .join(if quiet { "" } else { "\n" })
    };
    if cx.args().message_format == MessageFormat::Human {
        return cx.terminal.result(&human).map_err(cannot_print);
    }
    if !quiet {
        cx.terminal.people(&human);
    }
    let bytes = machine_output(cx, reports)?;
    cx.terminal.stdout(&bytes).map_err(cannot_print)
}

/// Where a report lies, as a path below the current folder where it is below it.
fn report_place(cx: &Context, report: &Report) -> Option<String> {
    let subject = &report.envelope.subject;
    let package = subject.package.as_deref()?;
    let version = subject.version.as_deref()?;
    let folder = cx.known_artifacts()?.for_package(package, version);
    let path = folder.path(&format!("{}.json", report.name));

    let here = std::env::current_dir().ok()?;
    let shown = path.strip_prefix(here).unwrap_or(&path);
    report.keep.then(|| shown.display().to_string())
}

fn cannot_print(error: std::io::Error) -> Error {
    Error::judge("cannot write to standard output").with_source(error)
}

/// The reports in the format that was asked for.
fn machine_output(cx: &Context, reports: &[Report]) -> Result<Vec<u8>> {
    let envelopes: Vec<&Envelope> = reports.iter().map(|report| &report.envelope).collect();

    match cx.args().message_format {
        MessageFormat::Human => Ok(Vec::new()),
        MessageFormat::Json if reports.len() > 1 => canonical(&join(cx.tool(), reports)),
        MessageFormat::Json => canonical(&envelopes.first()),
        MessageFormat::Sarif => canonical(&render::sarif(cx.tool(), &envelopes)),
        MessageFormat::Junit => Ok(render::junit(&envelopes).into_bytes()),
        MessageFormat::Github => Ok(envelopes
            .iter()
            .map(|envelope| render::github(envelope))
            .collect::<String>()
            .into_bytes()),
    }
}

fn canonical(value: &impl Serialize) -> Result<Vec<u8>> {
    to_canonical_vec(value)
        .map_err(|error| Error::judge("cannot print the report").with_source(error))
}

/// An error is reported in the format asked for, and replaces what an earlier run may have left in
/// the artifact folder: a stale "pass" must not be found there.
fn conclude_error(cx: &mut Context, on_error: OnError, error: &Error) -> u8 {
    cx.terminal.error(error);
    let tool = *cx.tool();
    let report_name = on_error.report_name;
    let name = report_name.unwrap_or(tool.subcommand);
    let mut reports: Vec<Report> = match cx.loaded_project() {
        Some(project) => {
            let packages: Vec<_> = if on_error.whole_workspace {
                project.metadata.workspace_packages()
            } else {
                project.selected().collect()
            };
            packages
                .into_iter()
                .map(|package| Report::not_judged(name, &tool, project.subject(package), error))
                .collect()
        }
        None => vec![Report::not_judged(
            name,
            &tool,
            crate::Subject::default(),
            error,
        )],
    };

    let folders = folders(cx);
    reports
        .iter_mut()
        .for_each(|report| report.hide_folders(&folders));
    if report_name.is_some()
        && error.kind() == ErrorKind::Judge
        && let Err(second) = keep(cx, &reports)
        // The first error is the one to act on, unless it is this one.
        && second.chain() != error.chain()
    {
        cx.terminal
            .detail("Skipping", format!("the error report: {}", second.chain()));
    }

    if cx.args().message_format != MessageFormat::Human {
        cx.silence(); // people were told above
        if let Err(second) = print(cx, &mut reports) {
            cx.terminal.error(&second);
        }
    }

    error.exit_code()
}
